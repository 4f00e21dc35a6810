#include "core/flow/freeze.h"

#include <assert.h>
#include <string.h>

#include "core/flow/step.h"
#include "core/store/alarm.h"

static enum rc check_serial(const struct supply_freeze_state *state,
                            struct command_refusal *ret_refusal)
{
    if (strcmp(state->reason, "serial_mismatch") != 0) {
        return RC_OK;
    }
    if (state->read_at_ms <= state->frozen_at_ms) {
        return step_refuse(RC_REFUSED, "stale", "", ret_refusal);
    }
    if (strcmp(state->serial_number_read, state->serial_number) != 0) {
        return step_refuse(RC_REFUSED, "serial_mismatch", "", ret_refusal);
    }
    return RC_OK;
}

enum rc freeze_end(struct db *db, struct arena *arena, const struct actor *actor, int64_t supply_id,
                   const char *reason, const char *unit_number, struct command_refusal *ret_refusal)
{
    assert(db_in_transaction(db));
    *ret_refusal = (struct command_refusal){.code = "", .field = ""};
    TRY(step_check_reason(reason, "reason", ret_refusal));
    TRY(supply_lock(db, supply_id));
    struct supply supply;
    TRY(supply_get(db, arena, supply_id, &supply));
    if (!supply.frozen) {
        return step_refuse(RC_CONFLICT, "conflict", "", ret_refusal);
    }
    TRY(step_check_label(&supply, unit_number, ret_refusal));
    struct supply_freeze_state state;
    TRY(supply_freeze_get(db, arena, supply_id, &state));
    TRY(check_serial(&state, ret_refusal));
    TRY(supply_unfreeze(db, supply_id));
    TRY(alarm_close(db, ALARM_SERIAL_MISMATCH, "supply", supply_id));
    TRY(alarm_close(db, ALARM_COUNT_MISMATCH, "supply", supply_id));
    const char *was = step_json_string(arena, state.detail);
    const char *before =
        was == NULL ? NULL
                    : arena_printf(arena, "{\"frozen\":\"%s\",\"detail\":%s}", state.reason, was);
    if (before == NULL) {
        return RC_MEMORY;
    }
    return step_audit(db, actor, AUDIT_ACTION_SUPPLY_UNFREEZE, "supply", supply_id,
                      supply_label(&supply), reason, before, "");
}
