#include "core/flow/power.h"

#include <assert.h>

#include "core/base/clock.h"
#include "core/flow/step.h"

enum rc power_scan(struct db *db, struct arena *arena, int32_t shard, size_t max,
                   struct power_watch **ret_watches, size_t *ret_count)
{
    return power_watches(db, arena, shard, max, ret_watches, ret_count);
}

enum rc power_note(struct db *db, int64_t supply_id, int64_t epoch, int64_t at_ms)
{
    return power_set(db, supply_id, epoch, at_ms, 0);
}

enum rc power_confirm(struct db *db, struct arena *arena, const struct actor *actor,
                      int64_t purchase_id, struct command_refusal *ret_refusal)
{
    assert(db_in_transaction(db) && actor->kind == ACTOR_USER);
    *ret_refusal = (struct command_refusal){.code = "", .field = ""};
    struct power_row row;
    TRY(power_get(db, arena, purchase_id, &row));
    TRY(supply_lock(db, row.supply_id)); /* what was read is still so, or RC_RETRY */
    switch (power_guard(&row.facts)) {
    case POWER_KNOWN:
        return RC_OK;
    case POWER_NOT_IN_METER:
        return step_refuse(RC_CONFLICT, "wrong_state", "state", ret_refusal);
    case POWER_BY_READING:
        return step_refuse(RC_REFUSED, "seen_by_meter", "", ret_refusal);
    case POWER_BY_PERSON:
        break;
    case POWER_VERDICT__MAX:
        return RC_INTERNAL;
    }
    TRY(power_set(db, row.supply_id, row.epoch, clock_now_ms(), actor->id));
    return step_audit(db, actor, AUDIT_ACTION_PURCHASE_POWER, "purchase", purchase_id, row.number,
                      "", "", "");
}
