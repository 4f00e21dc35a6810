#include "core/flow/keep_on.h"

#include <string.h>

#include "core/base/clock.h"
#include "core/flow/step.h"
#include "core/store/alarm.h"
#include "core/store/command.h"
#include "core/store/keep_on.h"

#define READING_AFTER_MS                                                                           \
    10000 /* a reading so long after the frame shows what the meter made of it */

enum rc keep_on_due(struct db *db, struct arena *arena, size_t max, int64_t **ret_ids,
                    size_t *ret_count)
{
    return keep_ons_due(db, arena, max, ret_ids, ret_count);
}

struct keep_on_ending {
    struct arena *arena;
    int64_t keep_on_id;
    struct command_answer answer;
    struct command_refusal refusal;
    int64_t supply_id;
    const char *label;
};

static const struct actor jobs_actor = {.kind = ACTOR_SYSTEM, .name = "jobs", .role = "", .ip = ""};

static enum rc release_under_way(struct db *db, struct arena *arena, int64_t supply_id,
                                 bool *ret_under_way)
{
    struct command_row *open = NULL;
    size_t count = 0;
    TRY(commands_open(db, arena, supply_id, &open, &count));
    bool under_way = false;
    for (size_t i = 0; i < count; i++) {
        under_way = under_way || command_kind_writes(open[i].kind);
    }
    *ret_under_way = under_way;
    return RC_OK;
}

static enum rc end_row(struct db *db, const struct supply *supply)
{
    bool ended = false;
    TRY(keep_ons_end(db, supply->id, &ended));
    TRY(alarm_close(db, ALARM_KEEP_ON_STUCK, "supply", supply->id));
    return step_audit(db, &jobs_actor, AUDIT_ACTION_KEEP_ON_END, "supply", supply->id,
                      supply_label(supply), "", "", "");
}

static enum rc end_work(struct db *db, void *context)
{
    struct keep_on_ending *ending = context;
    struct keep_on_row row;
    struct supply supply;
    bool under_way = false;
    ending->answer = (struct command_answer){0};
    TRY(keep_ons_get(db, ending->arena, ending->keep_on_id, &row));
    TRY(supply_lock(db, row.supply_id));
    TRY(keep_ons_get(db, ending->arena, ending->keep_on_id, &row));
    if (!row.active || clock_now_ms() < row.until_at_ms) {
        return RC_OK;
    }
    TRY(supply_get(db, ending->arena, row.supply_id, &supply));
    ending->supply_id = row.supply_id;
    ending->label = supply_label(&supply);
    TRY(release_under_way(db, ending->arena, row.supply_id, &under_way));
    if (under_way) {
        return RC_OK;
    }
    bool seen = supply.ever_read && supply.taken_at_ms > row.since_at_ms + READING_AFTER_MS;
    if (seen && (supply.forced == FORCED_NONE || supply.forced == FORCED_TRIP)) {
        return end_row(db, &supply);
    }
    struct command_request release = {
        .supply_id = row.supply_id,
        .kind = COMMAND_RELEASE,
        .origin = ORIGIN_KEEP_ON_END,
        .reason = "保电到期",
        .unit_number = "",
    };
    return command_request(db, ending->arena, &jobs_actor, &release, &ending->answer,
                           &ending->refusal);
}

enum rc keep_on_order_end(struct db *db, struct arena *arena, int64_t keep_on_id,
                          struct command_answer *ret_answer)
{
    struct keep_on_ending ending = {.arena = arena, .keep_on_id = keep_on_id, .label = ""};
    enum rc rc = db_transact(db, end_work, &ending);
    if (rc == RC_REFUSED) {
        TRY(alarm_open(db, ALARM_KEEP_ON_STUCK, "supply", ending.supply_id, ending.refusal.code));
    }
    if (rc == RC_OK) {
        *ret_answer = ending.answer;
    }
    return rc;
}
