#include "core/flow/refund_provider.h"

#include <assert.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/flow/number.h"
#include "core/flow/refund_own.h"
#include "core/flow/step.h"
#include "core/store/alarm.h"
#include "core/store/refund_provider.h"

#define AUTOMATIC_REASON "自动退款"

static enum rc audit(struct db *db, struct arena *arena, const struct actor *actor,
                     enum audit_action action, const struct refund *refund, const char *result)
{
    const char *after = arena_printf(
        arena, "{\"refund_id\":%lld,\"amount_fen\":%lld,\"automatic\":%s,\"result\":\"%s\"}",
        (long long)refund->id, (long long)refund->amount_fen, refund->automatic ? "true" : "false",
        result);
    if (after == NULL) {
        return RC_MEMORY;
    }
    return step_audit(db, actor, action, "payment", refund->payment_id, refund->number,
                      refund->reason, "", after);
}

enum rc refund_submit(struct db *db, struct arena *arena, const struct actor *actor,
                      int64_t refund_id)
{
    assert(db_in_transaction(db));
    struct refund refund;
    struct refund_held held;
    TRY(refunds_get(db, arena, refund_id, &refund));
    TRY(refund_hold(db, arena, refund.payment_id, &held));
    TRY(refunds_lock(db, arena, refund_id, &refund));
    if (refund.state != REFUND_APPROVED || refund_at_counter(held.payment.channel)) {
        return RC_CONFLICT;
    }
    TRY(refund_promise(db, arena, &refund, &held));
    return audit(db, arena, actor, AUDIT_ACTION_REFUND_PAY, &refund, "submitted");
}

enum rc refund_automatic(struct db *db, struct arena *arena, const struct actor *actor,
                         int64_t payment_id)
{
    assert(db_in_transaction(db));
    struct refund_held held;
    bool automatic = false;
    char number[NUMBER_BYTES];
    int64_t id = 0;
    TRY(refund_hold(db, arena, payment_id, &held));
    TRY(suspense_is_automatic(db, arena, payment_id, &automatic));
    if (!automatic || refund_at_counter(held.payment.channel)) {
        return RC_CONFLICT;
    }
    TRY(number_make('R', clock_now_ms(), number));
    struct refund refund = {.number = number,
                            .payment_id = payment_id,
                            .source = "suspense",
                            .amount_fen = held.payment.amount_fen,
                            .reason = AUTOMATIC_REASON,
                            .automatic = true};
    TRY(refunds_insert(db, &refund, &id));
    TRY(refunds_lock(db, arena, id, &refund));
    TRY(audit(db, arena, actor, AUDIT_ACTION_REFUND_APPROVE, &refund, "approved"));
    TRY(refund_promise(db, arena, &refund, &held));
    return audit(db, arena, actor, AUDIT_ACTION_REFUND_PAY, &refund, "submitted");
}

/* A sum says that this refund is among what went back if nothing else could make it so large. */
static enum rc amount_fits(struct db *db, struct arena *arena, const struct refund_fact *fact,
                           const struct refund *refund, bool *ret_fits)
{
    int64_t before_fen = 0;
    if (!fact->amount_is_sum) {
        *ret_fits = fact->amount_fen == refund->amount_fen;
        return RC_OK;
    }
    TRY(refunds_succeeded_fen(db, arena, refund->payment_id, &before_fen));
    *ret_fits = refund->state == REFUND_SUCCEEDED
                    ? fact->amount_fen >= refund->amount_fen
                    : fact->amount_fen >= before_fen + refund->amount_fen;
    return RC_OK;
}

static enum rc conflict(struct db *db, const struct refund_fact *fact, int64_t payment_id)
{
    return alarm_open(db, ALARM_PAYMENT_CONFLICT, "payment", payment_id, fact->refund_number);
}

/* The money went back: submitted -> succeeded, from wherever it stood. */
static enum rc succeed(struct db *db, struct arena *arena, const struct actor *actor,
                       const struct refund_fact *fact, struct refund *refund,
                       const struct refund_held *held)
{
    if (refund->state == REFUND_APPROVED) {
        TRY(refund_promise(db, arena, refund, held)); /* a restored database forgot it was sent */
    } else if (refund->state == REFUND_FAILED) {
        TRY(refunds_move(db, refund->id, REFUND_FAILED, REFUND_SUBMITTED));
    }
    TRY(refunds_move(db, refund->id, REFUND_SUBMITTED, REFUND_SUCCEEDED));
    TRY(refunds_set_told(db, refund->id, fact->provider_refund, ""));
    TRY(refund_post(db, arena, POSTING_REFUND_PAID, refund, &held->payment, 0));
    return audit(db, arena, actor, AUDIT_ACTION_REFUND_PAY, refund, "succeeded");
}

static enum rc fail(struct db *db, struct arena *arena, const struct actor *actor,
                    const struct refund_fact *fact, struct refund *refund)
{
    const char *code = strlen(fact->code) > REFUND_FAIL_CODE_MAX || fact->code[0] == '\0'
                           ? "refund_closed"
                           : fact->code;
    TRY(refunds_move(db, refund->id, REFUND_SUBMITTED, REFUND_FAILED));
    TRY(refunds_set_told(db, refund->id, fact->provider_refund, code));
    return audit(db, arena, actor, AUDIT_ACTION_REFUND_PAY, refund, "failed");
}

static enum rc take(struct db *db, struct arena *arena, const struct actor *actor,
                    const struct refund_fact *fact, struct refund *refund,
                    const struct refund_held *held, enum refund_taken *ret_taken)
{
    bool fits = true;
    const char *order_number = "";
    TRY(refunds_order_number(db, arena, refund->payment_id, &order_number));
    bool ours = strcmp(held->payment.channel, fact->channel) == 0 &&
                strcmp(held->payment.merchant, fact->merchant) == 0 &&
                (fact->order_number[0] == '\0' || strcmp(order_number, fact->order_number) == 0);
    TRY(fact->moved && ours ? amount_fits(db, arena, fact, refund, &fits) : RC_OK);
    bool open = refund->state == REFUND_APPROVED || refund->state == REFUND_SUBMITTED ||
                refund->state == REFUND_FAILED;
    bool known = refund->state == (fact->moved ? REFUND_SUCCEEDED : REFUND_FAILED);
    if (ours && fits && known) {
        *ret_taken = REFUND_TAKEN_BEFORE;
        return RC_OK;
    }
    if (!ours || !fits || !open || (!fact->moved && refund->state != REFUND_SUBMITTED)) {
        *ret_taken = REFUND_TAKEN_CONFLICT;
        return conflict(db, fact, refund->payment_id);
    }
    *ret_taken = REFUND_TAKEN;
    return fact->moved ? succeed(db, arena, actor, fact, refund, held)
                       : fail(db, arena, actor, fact, refund);
}

enum rc refund_hear(struct db *db, struct arena *arena, const struct actor *actor,
                    const struct refund_fact *fact, enum refund_taken *ret_taken)
{
    assert(db_in_transaction(db));
    struct refund refund;
    struct refund_held held;
    int64_t id = 0;
    enum rc rc = refunds_find(db, arena, fact->refund_number, &id);
    if (rc == RC_NOT_FOUND) {
        *ret_taken = REFUND_TAKEN_UNKNOWN;
        return conflict(db, fact, 0);
    }
    TRY(rc);
    TRY(refunds_get(db, arena, id, &refund));
    TRY(refund_hold(db, arena, refund.payment_id, &held));
    TRY(refunds_lock(db, arena, id, &refund));
    return take(db, arena, actor, fact, &refund, &held, ret_taken);
}
