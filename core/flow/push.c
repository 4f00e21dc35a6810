#include "core/flow/push.h"

#include <assert.h>
#include <string.h>

#include "core/flow/mode_change.h"
#include "core/flow/push_own.h"
#include "core/flow/step.h"
#include "core/store/alarm.h"
#include "core/store/delivery.h"
#include "core/store/push_tariff.h"

static const struct actor poller = {.kind = ACTOR_SYSTEM, .name = "poller", .role = "", .ip = ""};

struct asking {
    const struct actor *actor;
    const struct push_item *items;
    size_t count;
    int64_t due_at_ms;
    int64_t approval_id;
    const char *reason;
    int64_t batch_id;
};

static enum rc add_item(struct db *db, struct arena *arena, const struct asking *asking,
                        const struct push_item *item)
{
    struct supply supply;
    struct text json CLEANUP(text_release);
    text_init(&json, PUSH_JSON_MAX);
    push_add_json(&json, &item->wanted);
    TRY(text_result(&json));
    TRY(supply_lock(db, item->supply_id));
    TRY(supply_get(db, arena, item->supply_id, &supply));
    int64_t id = 0;
    return pushes_add(db, asking->batch_id, supply.id, supply.epoch, supply.meter_id,
                      text_string(&json), false, &id); /* push_scan supersedes, at its moment */
}

static enum rc ask_work(struct db *db, void *context)
{
    struct asking *asking = context;
    CLEANUP(arena_release) struct arena arena;
    arena_init(&arena, (size_t)16 << 20);
    int64_t maker_id = asking->actor->kind == ACTOR_USER ? asking->actor->id : 0;
    TRY(pushes_add_batch(db, asking->reason, maker_id, asking->approval_id, asking->due_at_ms,
                         &asking->batch_id));
    for (size_t i = 0; i < asking->count; i++) {
        TRY(add_item(db, &arena, asking, &asking->items[i]));
    }
    const char *after = arena_printf(&arena, "{\"meters\":%zu}", asking->count);
    return after == NULL ? RC_MEMORY
                         : step_audit(db, asking->actor, AUDIT_ACTION_PUSH_ASK, "push_batch",
                                      asking->batch_id, "", asking->reason, "", after);
}

enum rc push_ask(struct db *db, const struct actor *actor, const struct push_item *items,
                 size_t count, int64_t due_at_ms, int64_t approval_id, const char *reason,
                 int64_t *ret_batch_id, struct command_refusal *ret_refusal)
{
    *ret_refusal = (struct command_refusal){.code = "", .field = ""};
    TRY(step_check_reason(reason, "reason", ret_refusal));
    if (count == 0 || count > PUSH_BATCH_MAX) {
        return step_refuse(RC_INVALID, "invalid_field", "items", ret_refusal);
    }
    struct asking asking = {.actor = actor,
                            .items = items,
                            .count = count,
                            .due_at_ms = due_at_ms,
                            .approval_id = approval_id,
                            .reason = reason};
    TRY(step_run(db, ask_work, &asking));
    *ret_batch_id = asking.batch_id;
    return RC_OK;
}

/* ---- the poller */

static bool overtaken(const struct push_look *older, const struct push_look *newer)
{
    if (older->wanted.has_fee_control) {
        return false; /* somebody waits for that one */
    }
    return (older->by_tariff && newer->by_tariff) || push_covers(&newer->wanted, &older->wanted);
}

static enum rc supersede_work(struct db *db, void *context)
{
    const struct push_look *look = context;
    CLEANUP(arena_release) struct arena arena;
    struct supply supply;
    arena_init(&arena, STEP_ARENA_BYTES);
    TRY(supply_lock(db, look->supply_id));
    TRY(supply_get(db, &arena, look->supply_id, &supply));
    TRY(push_supersede(db, look->id));
    const char *after = arena_printf(&arena, "{\"push_id\":%lld}", (long long)look->id);
    return after == NULL ? RC_MEMORY
                         : step_audit(db, &poller, AUDIT_ACTION_PUSH_SUPERSEDE, "supply",
                                      look->supply_id, supply_label(&supply), "", "", after);
}

/* Where the supply's older push stands in the list; count: none. */
static size_t older_of(const struct push_look *looks, size_t count, int64_t supply_id)
{
    size_t at = 0;
    while (at < count && looks[at].supply_id != supply_id) {
        at++;
    }
    return at;
}

enum rc push_scan(struct db *db, struct arena *arena, int32_t shard, size_t max,
                  struct push_look **ret_looks, size_t *ret_count)
{
    struct push_look *looks = NULL;
    size_t count = 0;
    size_t kept = 0;
    TRY(pushes_of_shard(db, arena, shard, max, &looks, &count));
    for (size_t i = 0; i < count; i++) {
        size_t older = older_of(looks, kept, looks[i].supply_id);
        if (older == kept) {
            looks[kept++] = looks[i];
        } else if (overtaken(&looks[older], &looks[i])) {
            enum rc rc = db_transact(db, supersede_work, &looks[older]);
            if (rc != RC_OK && rc != RC_CONFLICT) {
                return rc;
            }
            looks[older] = looks[i];
        }
    }
    *ret_looks = looks;
    *ret_count = kept;
    return RC_OK;
}

struct marking {
    int64_t id;
    const char *serial_number;
    enum rc answer;
};

static enum rc load(struct db *db, struct arena *arena, int64_t id, struct push_look *look,
                    struct supply *supply)
{
    const char *state = "";
    TRY(pushes_get(db, arena, id, look, &state));
    TRY(supply_lock(db, look->supply_id));
    TRY(supply_get(db, arena, look->supply_id, supply));
    return strcmp(state, "pending") == 0 || strcmp(state, "writing") == 0 ? RC_OK : RC_CONFLICT;
}

static enum rc end(struct db *db, struct arena *arena, const struct push_look *look,
                   const struct supply *supply, bool confirmed, const char *code)
{
    TRY(pushes_set_ended(db, look->id, confirmed, code));
    TRY(mode_change_pushed(db, arena, look->id, confirmed, code));
    if (look->wanted.has_fee_control && !look->wanted.fee_control && supply->platform_mode) {
        TRY(confirmed
                ? alarm_close(db, ALARM_PLATFORM_FEE_CONTROL, "supply", look->supply_id)
                : alarm_open(db, ALARM_PLATFORM_FEE_CONTROL, "supply", look->supply_id, code));
    }
    const char *after = arena_printf(arena, "{\"push_id\":%lld,\"code\":\"%s\",\"writes\":%lld}",
                                     (long long)look->id, code, (long long)look->writes);
    enum audit_action action = confirmed ? AUDIT_ACTION_PUSH_CONFIRM : AUDIT_ACTION_PUSH_REFUSE;
    return after == NULL ? RC_MEMORY
                         : step_audit(db, &poller, action, "supply", look->supply_id,
                                      supply_label(supply), "", "", after);
}

/* Why this push never goes into this meter; "" when it may. */
static const char *refusal_of(const struct push_look *look, const struct supply *supply,
                              const char *serial_number)
{
    if (look->epoch != supply->epoch || look->meter_id != supply->meter_id) {
        return "wrong_epoch";
    }
    if (strcmp(serial_number, supply->serial_number) != 0) {
        return "serial_mismatch";
    }
    if (!push_is_offered(supply)) {
        return "not_offered";
    }
    if (look->wanted.has_fee_control && look->wanted.fee_control == supply->platform_mode) {
        return "wrong_mode"; /* it was changed since this was asked for: charged twice, or never */
    }
    return look->writes >= PUSH_WRITES_MAX ? "meter_refuses" : "";
}

static enum rc mark_work(struct db *db, void *context)
{
    struct marking *marking = context;
    CLEANUP(arena_release) struct arena arena;
    struct push_look look;
    struct supply supply;
    bool writable = false;
    bool taken = false;
    arena_init(&arena, STEP_ARENA_BYTES);
    TRY(load(db, &arena, marking->id, &look, &supply));
    TRY(supply_line_hold(db, &arena, supply.line_id, &writable));
    TRY(deliveries_slot_taken(db, &arena, look.supply_id, 0, &taken));
    marking->answer = RC_REFUSED;
    if (!writable || taken || supply.frozen) {
        return RC_OK; /* prices do not change under a delivery whose cost of use is counted */
    }
    const char *code = refusal_of(&look, &supply, marking->serial_number);
    if (code[0] != '\0') {
        return end(db, &arena, &look, &supply, false, code);
    }
    marking->answer = RC_OK;
    return pushes_set_writing(db, look.id);
}

enum rc push_mark_written(struct db *db, int64_t push_id, const char *serial_number)
{
    struct marking marking = {.id = push_id, .serial_number = serial_number};
    TRY(db_transact(db, mark_work, &marking));
    return marking.answer;
}

static enum rc confirm_work(struct db *db, void *context)
{
    const struct marking *marking = context;
    CLEANUP(arena_release) struct arena arena;
    struct push_look look;
    struct supply supply;
    arena_init(&arena, STEP_ARENA_BYTES);
    TRY(load(db, &arena, marking->id, &look, &supply));
    return end(db, &arena, &look, &supply, true, "");
}

enum rc push_confirm(struct db *db, int64_t push_id)
{
    struct marking marking = {.id = push_id};
    return db_transact(db, confirm_work, &marking);
}
