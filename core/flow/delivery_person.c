/* What people do to a delivery: cancel, fence, decide. */
#include <assert.h>
#include <string.h>

#include "core/flow/delivery_own.h"
#include "core/flow/returned_money.h"
#include "core/flow/step.h"

struct acting {
    const struct actor *actor;
    int64_t delivery_id;
    const char *reason;
    enum delivery_decision decision;
    int64_t approval_id;
    struct command_refusal *refusal;
};

static enum rc conflict(const struct acting *acting)
{
    return step_refuse(RC_CONFLICT, "conflict", "", acting->refusal);
}

static enum rc audit(struct delivery_own *own, const struct acting *acting,
                     enum audit_action action, enum delivery_state to)
{
    const char *after = arena_printf(
        &own->arena, "{\"delivery_id\":%lld,\"count\":%lld,\"amount_fen\":%lld,\"state\":\"%s\"}",
        (long long)own->row.id, (long long)own->row.purchase_count, (long long)own->row.amount_fen,
        delivery_state_name(to));
    return after == NULL ? RC_MEMORY
                         : delivery_own_audit(own, acting->actor, action, acting->reason, after);
}

static enum rc run(struct db *db, db_work work, struct acting *acting)
{
    *acting->refusal = (struct command_refusal){.code = "", .field = ""};
    TRY(step_check_reason(acting->reason, "reason", acting->refusal));
    return step_run(db, work, acting);
}

static enum rc cancel_work(struct db *db, void *context)
{
    const struct acting *acting = context;
    CLEANUP(delivery_own_release) struct delivery_own own;
    delivery_own_init(&own, db);
    TRY(delivery_own_load(&own, acting->delivery_id));
    bool has_count = own.row.purchase_count != 0;
    if (has_count || !delivery_move_allowed(own.row.state, DELIVERY_CANCELLED, has_count)) {
        return conflict(acting);
    }
    TRY(deliveries_move(db, own.row.id, own.row.state, DELIVERY_CANCELLED, "", ""));
    TRY(called_off_end(db, &own.arena, own.row.purchase_id));
    TRY(delivery_own_close_alarms(&own));
    return audit(&own, acting, AUDIT_ACTION_DELIVERY_CANCEL, DELIVERY_CANCELLED);
}

enum rc delivery_cancel(struct db *db, const struct actor *actor, int64_t delivery_id,
                        const char *reason, struct command_refusal *ret_refusal)
{
    struct acting acting = {
        .actor = actor, .delivery_id = delivery_id, .reason = reason, .refusal = ret_refusal};
    return run(db, cancel_work, &acting);
}

static enum rc fence_work(struct db *db, void *context)
{
    const struct acting *acting = context;
    CLEANUP(delivery_own_release) struct delivery_own own;
    delivery_own_init(&own, db);
    TRY(delivery_own_load(&own, acting->delivery_id));
    bool has_count = own.row.purchase_count != 0;
    if (!has_count || !delivery_move_allowed(own.row.state, DELIVERY_FENCING, has_count)) {
        return conflict(acting);
    }
    /* Proven on a real meter or not at all: the setting for the simulator does not stand in. */
    enum capability_state zero =
        capability_state_of(own.supply.capabilities, CAPABILITY_ZERO_PURCHASE);
    if (zero != CAPABILITY_STATE_PROVEN) {
        return step_refuse(RC_REFUSED, "not_proven", "", acting->refusal);
    }
    TRY(deliveries_set_fencing(db, own.row.id, own.row.state, acting->actor->id));
    return audit(&own, acting, AUDIT_ACTION_DELIVERY_FENCE, DELIVERY_FENCING);
}

enum rc delivery_fence(struct db *db, const struct actor *actor, int64_t delivery_id,
                       const char *reason, struct command_refusal *ret_refusal)
{
    struct acting acting = {
        .actor = actor, .delivery_id = delivery_id, .reason = reason, .refusal = ret_refusal};
    return run(db, fence_work, &acting);
}

static enum rc decide_confirmed(struct delivery_own *own, const struct acting *acting)
{
    if (own->row.state != DELIVERY_MANUAL || own->row.purchase_count == 0 ||
        acting->approval_id == 0) {
        return conflict(acting);
    }
    struct delivery_proof_row proof = {.decided_by = acting->actor->id,
                                       .approval_id = acting->approval_id};
    TRY(deliveries_set_confirmed(own->db, own->row.id, DELIVERY_MANUAL, "", &proof));
    TRY(delivery_own_settle(own, 0));
    TRY(delivery_own_close_alarms(own));
    return audit(own, acting, AUDIT_ACTION_DELIVERY_DECIDE, DELIVERY_CONFIRMED);
}

static enum rc decide_resend(struct delivery_own *own, const struct acting *acting)
{
    bool has_count = own->row.purchase_count != 0;
    enum delivery_state to = has_count ? DELIVERY_SENDING : DELIVERY_PENDING;
    bool waits = own->row.state == DELIVERY_MANUAL || own->row.state == DELIVERY_HOLD;
    if (!waits) {
        return conflict(acting);
    }
    assert(delivery_move_allowed(own->row.state, to, has_count));
    if (own->supply.frozen) {
        return step_refuse(RC_REFUSED, "frozen_supply", "", acting->refusal);
    }
    TRY(deliveries_move(own->db, own->row.id, own->row.state, to, "",
                        has_count ? DELIVERY_ONCE_MORE : ""));
    TRY(delivery_own_close_alarms(own));
    return audit(own, acting, AUDIT_ACTION_DELIVERY_DECIDE, to);
}

static enum rc decide_work(struct db *db, void *context)
{
    const struct acting *acting = context;
    CLEANUP(delivery_own_release) struct delivery_own own;
    delivery_own_init(&own, db);
    TRY(delivery_own_load(&own, acting->delivery_id));
    return acting->decision == DELIVERY_DECIDE_CONFIRMED ? decide_confirmed(&own, acting)
                                                         : decide_resend(&own, acting);
}

enum rc delivery_decide(struct db *db, const struct actor *actor, int64_t delivery_id,
                        enum delivery_decision decision, int64_t approval_id, const char *reason,
                        struct command_refusal *ret_refusal)
{
    assert(decision == DELIVERY_DECIDE_CONFIRMED || decision == DELIVERY_DECIDE_RESEND);
    struct acting acting = {.actor = actor,
                            .delivery_id = delivery_id,
                            .reason = reason,
                            .decision = decision,
                            .approval_id = approval_id,
                            .refusal = ret_refusal};
    return run(db, decide_work, &acting);
}
