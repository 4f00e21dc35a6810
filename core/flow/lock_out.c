#include "core/flow/lock_out.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "core/flow/approval.h"
#include "core/flow/step.h"
#include "core/rules/permission.h"
#include "core/store/alarm.h"
#include "core/store/command.h"
#include "core/store/lock_out.h"

#define LIFT_APPROVAL_EXPIRY_MS (INT64_C(24) * 3600 * 1000)

static enum rc ask_to_create(struct db *db, struct arena *arena, const struct actor *actor,
                             const struct lock_out_request *request, const struct supply *supply,
                             struct lock_out_answer *ret_answer,
                             struct command_refusal *ret_refusal)
{
    const char *reason = step_json_string(arena, request->reason);
    const char *unit = step_json_string(arena, request->unit_number);
    if (reason == NULL || unit == NULL) {
        return RC_MEMORY;
    }
    struct approval_request ask = {
        .kind = APPROVAL_TRIP_PROTECTED,
        .object_kind = "supply",
        .object_id = supply->id,
        .object_label = supply_label(supply),
        .payload = arena_printf(
            arena, "{\"act\":\"lock_out\",\"supply_id\":%lld,\"reason\":%s,\"unit_number\":%s}",
            (long long)supply->id, reason, unit),
        .reason = request->reason,
        .expires_after_ms = COMMAND_APPROVAL_EXPIRY_MS,
    };
    int64_t approval_id = 0;
    TRY(approval_request(db, arena, actor, &ask, &approval_id, ret_refusal));
    *ret_answer = (struct lock_out_answer){.approval_id = approval_id, .shard = supply->shard};
    return RC_OK;
}

static enum rc lock_and_trip(struct db *db, struct arena *arena, const struct actor *actor,
                             const struct lock_out_request *request, const struct supply *supply,
                             struct lock_out_answer *ret_answer,
                             struct command_refusal *ret_refusal)
{
    int64_t id = 0;
    TRY(lock_outs_insert(db, supply->id, actor->id, request->reason, request->approval_id, &id));
    const char *after = arena_printf(arena, "{\"lock_out_id\":%lld}", (long long)id);
    if (after == NULL) {
        return RC_MEMORY;
    }
    TRY(step_audit(db, actor, AUDIT_ACTION_LOCK_OUT_CREATE, "supply", supply->id,
                   supply_label(supply), request->reason, "", after));
    struct command_request trip = {
        .supply_id = supply->id,
        .kind = COMMAND_TRIP,
        .origin = ORIGIN_LOCK_OUT,
        .reason = request->reason,
        .unit_number = request->unit_number,
        .lock_out_id = id,
        .approval_id = request->approval_id,
    };
    struct command_answer answer = {0};
    TRY(command_request(db, arena, actor, &trip, &answer, ret_refusal));
    assert(answer.command_id != 0);
    *ret_answer = (struct lock_out_answer){
        .lock_out_id = id, .command_id = answer.command_id, .shard = answer.shard};
    return RC_OK;
}

enum rc lock_out_create(struct db *db, struct arena *arena, const struct actor *actor,
                        const struct lock_out_request *request, struct lock_out_answer *ret_answer,
                        struct command_refusal *ret_refusal)
{
    assert(db_in_transaction(db) && actor->kind == ACTOR_USER);
    *ret_refusal = (struct command_refusal){.code = "", .field = ""};
    TRY(step_check_reason(request->reason, "reason", ret_refusal));
    TRY(supply_lock(db, request->supply_id));
    struct supply supply;
    TRY(supply_get(db, arena, request->supply_id, &supply));
    if (supply.locked_out) {
        return step_refuse(RC_REFUSED, "locked_out", "", ret_refusal);
    }
    TRY(step_guard(&supply, COMMAND_TRIP, ORIGIN_LOCK_OUT, ret_refusal));
    if (request->approval_id == 0) {
        TRY(step_check_label(&supply, request->unit_number, ret_refusal));
        if (supply.protected_supply) {
            return ask_to_create(db, arena, actor, request, &supply, ret_answer, ret_refusal);
        }
    }
    return lock_and_trip(db, arena, actor, request, &supply, ret_answer, ret_refusal);
}

/* A trip of the lock-out that no poller took would cut power after the work is over. */
static enum rc cancel_trip(struct db *db, struct arena *arena, const struct lock_out_row *row)
{
    struct command_row *open = NULL;
    size_t count = 0;
    TRY(commands_open(db, arena, row->supply_id, &open, &count));
    for (size_t i = 0; i < count; i++) {
        if (open[i].lock_out_id == row->id && open[i].state == COMMAND_PENDING) {
            TRY(commands_set_ended(db, open[i].id, COMMAND_PENDING, COMMAND_CANCELLED,
                                   "lock_out_lifted", ""));
        }
    }
    return RC_OK;
}

static enum rc lift(struct db *db, struct arena *arena, const struct actor *actor,
                    const struct lock_out_row *row, const char *reason, int64_t approval_id)
{
    struct supply supply;
    TRY(supply_get(db, arena, row->supply_id, &supply));
    TRY(lock_outs_set_lifted(db, row->id, actor->id, reason, approval_id));
    TRY(cancel_trip(db, arena, row));
    TRY(alarm_close(db, ALARM_LOCK_OUT_NOT_PROVED, "supply", row->supply_id));
    const char *before =
        arena_printf(arena, "{\"lock_out_id\":%lld,\"holder_id\":%lld,\"approval_id\":%lld}",
                     (long long)row->id, (long long)row->holder_id, (long long)approval_id);
    if (before == NULL) {
        return RC_MEMORY;
    }
    return step_audit(db, actor, AUDIT_ACTION_LOCK_OUT_LIFT, "supply", row->supply_id,
                      supply_label(&supply), reason, before, "");
}

/* Reads the lock-out and takes the lock of its supply; RC_CONFLICT when it is over. */
static enum rc hold(struct db *db, struct arena *arena, int64_t lock_out_id,
                    struct lock_out_row *ret_row, struct command_refusal *ret_refusal)
{
    assert(db_in_transaction(db));
    struct lock_out_row row;
    TRY(lock_outs_get(db, arena, lock_out_id, &row));
    TRY(supply_lock(db, row.supply_id));
    TRY(lock_outs_get(db, arena, lock_out_id, &row));
    if (!row.active) {
        return step_refuse(RC_CONFLICT, "conflict", "", ret_refusal);
    }
    *ret_row = row;
    return RC_OK;
}

static enum rc ask_to_lift(struct db *db, struct arena *arena, const struct actor *actor,
                           const struct lock_out_row *row, const char *reason,
                           int64_t *ret_approval_id, struct command_refusal *ret_refusal)
{
    struct supply supply;
    TRY(supply_get(db, arena, row->supply_id, &supply));
    struct approval_request ask = {
        .kind = APPROVAL_LIFT_LOCK_OUT,
        .object_kind = "lock_out",
        .object_id = row->id,
        .object_label = supply_label(&supply),
        .payload = arena_printf(
            arena, "{\"act\":\"lift\",\"lock_out_id\":%lld,\"supply_id\":%lld,\"holder_id\":%lld}",
            (long long)row->id, (long long)row->supply_id, (long long)row->holder_id),
        .reason = reason,
        .expires_after_ms = LIFT_APPROVAL_EXPIRY_MS,
    };
    return approval_request(db, arena, actor, &ask, ret_approval_id, ret_refusal);
}

enum rc lock_out_lift(struct db *db, struct arena *arena, const struct actor *actor,
                      int64_t lock_out_id, const char *reason, int64_t *ret_approval_id,
                      struct command_refusal *ret_refusal)
{
    *ret_refusal = (struct command_refusal){.code = "", .field = ""};
    TRY(step_check_reason(reason, "reason", ret_refusal));
    struct lock_out_row row;
    TRY(hold(db, arena, lock_out_id, &row, ret_refusal));
    if (actor->kind == ACTOR_USER && actor->id == row.holder_id) {
        TRY(lift(db, arena, actor, &row, reason, 0));
        *ret_approval_id = 0;
        return RC_OK;
    }
    enum role role = ROLE__MAX;
    if (actor->kind != ACTOR_USER || role_find(actor->role, &role) != RC_OK ||
        !permission_granted(role, PERMISSION_LOCK_OUT_OVERRIDE)) {
        return step_refuse(RC_FORBIDDEN, "forbidden", "", ret_refusal);
    }
    return ask_to_lift(db, arena, actor, &row, reason, ret_approval_id, ret_refusal);
}

enum rc lock_out_lift_approved(struct db *db, struct arena *arena, const struct actor *maker,
                               int64_t lock_out_id, const char *reason, int64_t approval_id,
                               struct command_refusal *ret_refusal)
{
    assert(approval_id != 0);
    struct lock_out_row row;
    TRY(hold(db, arena, lock_out_id, &row, ret_refusal));
    return lift(db, arena, maker, &row, reason, approval_id);
}
