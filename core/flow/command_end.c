/* How an order ends: by what the meter proved, by a person, or because nobody took it in time. */
#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/flow/command.h"
#include "core/flow/command_own.h"
#include "core/flow/step.h"
#include "core/store/alarm.h"
#include "core/store/keep_on.h"

#define RESULT_CODE_MAX 32 /* bytes, as in the table */

struct ending {
    int64_t command_id;
    const char *instance;
    const struct command_result *result;
};

static const struct actor poller_actor = {
    .kind = ACTOR_SYSTEM, .name = "poller", .role = "", .ip = ""};

/* Another meter answers at this address: nothing more is written to the supply until a person has
 * looked. */
static enum rc freeze_on_mismatch(struct command_own *own, const char *serial_number_read)
{
    if (serial_number_read[0] == '\0' || own->supply.frozen ||
        strcmp(serial_number_read, own->supply.serial_number) == 0) {
        return RC_OK;
    }
    const char *detail =
        arena_printf(&own->arena, "%s, %.24s", own->supply.serial_number, serial_number_read);
    const char *read = step_json_string(&own->arena, serial_number_read);
    if (detail == NULL || read == NULL) {
        return RC_MEMORY;
    }
    const char *after = arena_printf(&own->arena, "{\"serial_number\":\"%s\",\"read\":%s}",
                                     own->supply.serial_number, read);
    if (after == NULL) {
        return RC_MEMORY;
    }
    TRY(supply_freeze(own->db, own->row.supply_id, "serial_mismatch", detail));
    TRY(alarm_open(own->db, ALARM_SERIAL_MISMATCH, "supply", own->row.supply_id, detail));
    return step_audit(own->db, &poller_actor, AUDIT_ACTION_SUPPLY_FREEZE, "supply",
                      own->row.supply_id, supply_label(&own->supply), "serial_mismatch", "", after);
}

/* Keep-on rows follow what was proved. A keep-on that may or may not be in the meter runs out at
   once: its end looks at the meter and releases it if need be. */
static enum rc settle_keep_on(struct command_own *own, enum command_state to)
{
    bool was_sent = own->row.state == COMMAND_SENT || own->row.state == COMMAND_UNKNOWN;
    if (own->row.kind == COMMAND_KEEP_ON) {
        return was_sent && to == COMMAND_REFUSED ? keep_ons_run_out(own->db, own->row.id) : RC_OK;
    }
    if (own->row.kind == COMMAND_READ || to != COMMAND_CONFIRMED) {
        return RC_OK;
    }
    bool ended = false;
    TRY(keep_ons_end(own->db, own->row.supply_id, &ended));
    if (!ended) {
        return RC_OK;
    }
    TRY(alarm_close(own->db, ALARM_KEEP_ON_STUCK, "supply", own->row.supply_id));
    return step_audit(own->db, &poller_actor, AUDIT_ACTION_KEEP_ON_END, "supply",
                      own->row.supply_id, supply_label(&own->supply), own->row.reason, "", "");
}

static enum rc end(struct command_own *own, const struct ending *ending)
{
    const struct command_result *result = ending->result;
    bool mine = strcmp(own->row.taken_by, ending->instance) == 0;
    if (own->row.state == COMMAND_TAKEN && !mine) {
        return RC_CONFLICT;
    }
    if (result->state == COMMAND_PENDING) {
        return own->row.state == COMMAND_TAKEN ? commands_set_pending(own->db, own->row.id)
                                               : RC_CONFLICT;
    }
    TRY(command_own_end(own, result->state, result->result_code, result->evidence_json));
    if (result->serial_number_read[0] != '\0') { /* before a freeze: that one wants a later read */
        TRY(supply_note_serial(own->db, own->row.meter_id, result->serial_number_read,
                               clock_now_ms()));
    }
    TRY(freeze_on_mismatch(own, result->serial_number_read));
    return settle_keep_on(own, result->state);
}

static enum rc end_work(struct db *db, void *context)
{
    const struct ending *ending = context;
    CLEANUP(command_own_release) struct command_own own;
    command_own_init(&own, db);
    TRY(command_own_load(&own, ending->command_id));
    return end(&own, ending);
}

enum rc command_end(struct db *db, int64_t command_id, const char *instance,
                    const struct command_result *result)
{
    assert(strlen(result->result_code) <= RESULT_CODE_MAX);
    struct ending ending = {.command_id = command_id, .instance = instance, .result = result};
    return db_transact(db, end_work, &ending);
}

struct cancelling {
    const struct actor *actor;
    int64_t command_id;
    const char *reason;
};

static enum rc cancel_work(struct db *db, void *context)
{
    const struct cancelling *cancelling = context;
    CLEANUP(command_own_release) struct command_own own;
    command_own_init(&own, db);
    TRY(command_own_load(&own, cancelling->command_id));
    /* A lock-out's trip goes with its lock-out, never alone. */
    if (own.row.state != COMMAND_PENDING || own.row.origin == ORIGIN_LOCK_OUT) {
        return RC_CONFLICT;
    }
    TRY(commands_set_ended(db, own.row.id, COMMAND_PENDING, COMMAND_CANCELLED, "", ""));
    const char *after = arena_printf(&own.arena, "{\"command_id\":%lld,\"kind\":\"%s\"}",
                                     (long long)own.row.id, command_kind_name(own.row.kind));
    if (after == NULL) {
        return RC_MEMORY;
    }
    return step_audit(db, cancelling->actor, AUDIT_ACTION_COMMAND_CANCEL, "supply",
                      own.row.supply_id, supply_label(&own.supply), cancelling->reason, "", after);
}

enum rc command_cancel(struct db *db, const struct actor *actor, int64_t command_id,
                       const char *reason)
{
    struct command_refusal refusal;
    TRY(step_check_reason(reason, "reason", &refusal));
    struct cancelling cancelling = {.actor = actor, .command_id = command_id, .reason = reason};
    return step_run(db, cancel_work, &cancelling);
}

static enum rc expire_work(struct db *db, void *context)
{
    const int64_t *command_id = context;
    CLEANUP(command_own_release) struct command_own own;
    command_own_init(&own, db);
    TRY(command_own_load(&own, *command_id));
    if (own.row.state != COMMAND_PENDING || clock_now_ms() < own.row.expires_at_ms) {
        return RC_OK;
    }
    return command_own_end(&own, COMMAND_EXPIRED, "expired", "");
}

enum rc command_expire_due(struct db *db, size_t max, size_t *ret_count)
{
    CLEANUP(arena_release) struct arena arena;
    arena_init(&arena, STEP_ARENA_BYTES);
    int64_t *ids = NULL;
    size_t count = 0;
    TRY(commands_due(db, &arena, max, &ids, &count));
    for (size_t i = 0; i < count; i++) {
        TRY(db_transact(db, expire_work, &ids[i]));
    }
    *ret_count = count;
    return RC_OK;
}
