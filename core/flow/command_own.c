#include "core/flow/command_own.h"

#include <assert.h>
#include <stddef.h>

#include "core/flow/step.h"
#include "core/store/alarm.h"

void command_own_init(struct command_own *own, struct db *db)
{
    own->db = db;
    arena_init(&own->arena, STEP_ARENA_BYTES);
}

void command_own_release(struct command_own *own)
{
    arena_release(&own->arena);
}

enum rc command_own_load(struct command_own *own, int64_t command_id)
{
    assert(db_in_transaction(own->db));
    TRY(commands_get(own->db, &own->arena, command_id, &own->row));
    /* Every change of an order raises the version of its supply, so if the row read above is old by
       now the lock answers RC_RETRY. */
    TRY(supply_lock(own->db, own->row.supply_id));
    return supply_get(own->db, &own->arena, own->row.supply_id, &own->supply);
}

/* A lock-out whose trip is not proved is an alarm until it is, or until the lock-out is lifted. */
static enum rc tell_lock_out(struct command_own *own, enum command_state to)
{
    if (own->row.kind != COMMAND_TRIP || !own->supply.locked_out) {
        return RC_OK;
    }
    if (to == COMMAND_CONFIRMED) {
        return alarm_close(own->db, ALARM_LOCK_OUT_NOT_PROVED, "supply", own->row.supply_id);
    }
    if (own->row.origin != ORIGIN_LOCK_OUT) {
        return RC_OK;
    }
    return alarm_open(own->db, ALARM_LOCK_OUT_NOT_PROVED, "supply", own->row.supply_id,
                      supply_label(&own->supply));
}

static enum rc tell_unknown(struct command_own *own, enum command_state to)
{
    if (!command_kind_writes(own->row.kind)) {
        return RC_OK;
    }
    if (to == COMMAND_UNKNOWN) {
        return alarm_open(own->db, ALARM_COMMAND_UNKNOWN, "supply", own->row.supply_id,
                          supply_label(&own->supply));
    }
    if (to == COMMAND_CONFIRMED || own->row.state == COMMAND_UNKNOWN) {
        return alarm_close(own->db, ALARM_COMMAND_UNKNOWN, "supply", own->row.supply_id);
    }
    return RC_OK;
}

enum rc command_own_end(struct command_own *own, enum command_state to, const char *result_code,
                        const char *evidence_json)
{
    static const struct actor poller = {
        .kind = ACTOR_SYSTEM, .name = "poller", .role = "", .ip = ""};
    if (!command_move_allowed(own->row.state, to)) {
        return RC_CONFLICT;
    }
    TRY(commands_set_ended(own->db, own->row.id, own->row.state, to, result_code, evidence_json));
    TRY(tell_lock_out(own, to));
    TRY(tell_unknown(own, to));
    const char *after = arena_printf(
        &own->arena,
        "{\"command_id\":%lld,\"kind\":\"%s\",\"state\":\"%s\",\"result_code\":\"%s\"}",
        (long long)own->row.id, command_kind_name(own->row.kind), command_state_name(to),
        result_code);
    if (after == NULL) {
        return RC_MEMORY;
    }
    enum audit_action action = to == COMMAND_EXPIRED   ? AUDIT_ACTION_COMMAND_EXPIRE
                               : to == COMMAND_REFUSED ? AUDIT_ACTION_COMMAND_REFUSE
                                                       : AUDIT_ACTION_COMMAND_END;
    return step_audit(own->db, &poller, action, "supply", own->row.supply_id,
                      supply_label(&own->supply), own->row.reason, "", after);
}
