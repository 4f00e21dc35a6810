#include "core/flow/refund.h"

#include <assert.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/flow/approval.h"
#include "core/flow/delivery.h"
#include "core/flow/number.h"
#include "core/flow/refund_own.h"
#include "core/flow/step.h"
#include "core/rules/money.h"
#include "core/store/alarm.h"
#include "core/store/ledger.h"
#include "core/store/payment.h"
#include "core/store/purchase.h"
#include "core/store/refund.h"
#include "core/store/returned_money.h"

enum rc refund_hold(struct db *db, struct arena *arena, int64_t payment_id,
                    struct refund_held *held)
{
    *held = (struct refund_held){0};
    TRY(payments_get(db, arena, payment_id, &held->payment));
    if (held->payment.supply_id != 0) {
        TRY(supply_lock(db, held->payment.supply_id));
    }
    TRY(payments_lock(db, arena, payment_id, &held->payment));
    if (held->payment.purchase_id == 0) {
        return RC_OK;
    }
    enum rc rc = deliveries_of_purchase(db, arena, held->payment.purchase_id, &held->delivery);
    held->delivers = rc == RC_OK;
    return rc == RC_NOT_FOUND ? RC_OK : rc;
}

enum rc refund_fits(struct db *db, struct arena *arena, const struct refund_held *held,
                    int64_t supply_id, int64_t amount_fen, struct command_refusal *ret_refusal)
{
    int64_t taken_fen = 0;
    bool asked = false;
    if (held->payment.supply_id != supply_id || held->payment.state != PAYMENT_SETTLED) {
        return step_refuse(RC_REFUSED, "wrong_supply", "payment_id", ret_refusal);
    }
    TRY(refunds_of_payment(db, arena, held->payment.id, &taken_fen, &asked));
    return amount_fen <= held->payment.amount_fen - taken_fen
               ? RC_OK
               : step_refuse(RC_REFUSED, "exceeds_payment", "payment_id", ret_refusal);
}

/* Never left, or can never come: pending, hold and manual without a count are cancelled when the
   second person agrees. */
static bool never_left(const struct refund_held *held)
{
    return held->delivers && held->delivery.purchase_count == 0 &&
           !delivery_state_is_final(held->delivery.state);
}

static bool is_out(const struct refund_held *held)
{
    return held->payment.disposition == DISPOSITION_SUSPENSE ||
           (held->payment.disposition == DISPOSITION_PENDING && held->delivers &&
            (never_left(held) || delivery_frees_payment(held->delivery.state)));
}

static enum rc check(struct db *db, struct arena *arena, const struct refund_held *held,
                     int64_t maker_id, int64_t checker_id, struct command_refusal *ret_refusal)
{
    struct refund_facts facts = {
        .state = held->payment.state,
        .payment_amount_fen = held->payment.amount_fen,
        .amount_fen = held->payment.amount_fen,
        .money_is_out = is_out(held),
        .maker_id = maker_id,
        .checker_id = checker_id,
    };
    bool asked = false;
    TRY(refunds_of_payment(db, arena, held->payment.id, &facts.refunded_fen, &asked));
    bool asks = checker_id == 0; /* nobody agreed yet */
    if (asks && asked) {
        return step_refuse(RC_CONFLICT, "conflict", "payment_id", ret_refusal);
    }
    enum refund_verdict verdict = refund_guard(&facts);
    if (verdict == REFUND_OK || (asks && verdict == REFUND_SAME_PERSON)) {
        return RC_OK;
    }
    return step_refuse(RC_REFUSED, refund_verdict_code(verdict), "payment_id", ret_refusal);
}

static enum rc ask(struct db *db, struct arena *arena, const struct actor *actor,
                   const struct payment *payment, const char *reason, int64_t *ret_approval_id,
                   struct command_refusal *ret_refusal)
{
    char amount[MONEY_TEXT_MAX];
    (void)money_format(payment->amount_fen, amount);
    const char *supply = payment->supply_id == 0
                             ? "null"
                             : arena_printf(arena, "%lld", (long long)payment->supply_id);
    if (supply == NULL) {
        return RC_MEMORY;
    }
    struct approval_request request = {
        .kind = APPROVAL_REFUND,
        .object_kind = "payment",
        .object_id = payment->id,
        .object_label = payment->order_number,
        .payload = arena_printf(
            arena,
            "{\"act\":\"refund\",\"payment_id\":%lld,\"supply_id\":%s,"
            "\"summary_zh\":\"退费 %s 元(订单 %s,尚未写入电表)。通过后不再下发,款项退回原付款渠道,"
            "不可撤销\",\"summary_en\":\"Refund %s yuan of order %s, which is not in the meter. If"
            " approved it will not be delivered and goes back to the payer's channel; this cannot"
            " be undone\"}",
            (long long)payment->id, supply, amount, payment->order_number, amount,
            payment->order_number),
        .reason = reason,
        .expires_after_ms = REFUND_APPROVAL_EXPIRY_MS,
    };
    return approval_request(db, arena, actor, &request, ret_approval_id, ret_refusal);
}

enum rc refund_request(struct db *db, struct arena *arena, const struct actor *actor,
                       int64_t payment_id, const char *reason, int64_t *ret_approval_id,
                       struct command_refusal *ret_refusal)
{
    assert(db_in_transaction(db));
    struct refund_held held;
    char number[NUMBER_BYTES];
    int64_t id = 0;
    *ret_refusal = (struct command_refusal){.code = "", .field = ""};
    TRY(step_check_reason(reason, "reason", ret_refusal));
    TRY(refund_hold(db, arena, payment_id, &held));
    TRY(check(db, arena, &held, actor->id, 0, ret_refusal));
    TRY(ask(db, arena, actor, &held.payment, reason, ret_approval_id, ret_refusal));
    TRY(number_make('R', clock_now_ms(), number));
    bool suspense = held.payment.disposition == DISPOSITION_SUSPENSE;
    struct refund refund = {
        .number = number,
        .payment_id = payment_id,
        .source = suspense ? "suspense" : "undelivered",
        .amount_fen = held.payment.amount_fen,
        .reason = reason,
        .maker_id = actor->id,
        .approval_id = *ret_approval_id,
    };
    return refunds_insert(db, &refund, &id);
}

/* The payment only says where it goes: what hangs on it is another matter. */
static enum rc check_returned(struct db *db, struct arena *arena, const struct refund *refund,
                              const struct refund_held *held, struct command_refusal *ret_refusal)
{
    struct returned_money money;
    TRY(returned_money_get(db, arena, refund->returned_id, &money));
    if (!money.waits || refund->state != REFUND_ASKED) {
        return step_refuse(RC_REFUSED, "wrong_state", "payment_id", ret_refusal);
    }
    return refund_fits(db, arena, held, money.supply_id, refund->amount_fen, ret_refusal);
}

enum rc refund_carry(struct db *db, struct arena *arena, const struct actor *maker,
                     int64_t checker_id, int64_t approval_id, struct command_refusal *ret_refusal)
{
    assert(db_in_transaction(db) && checker_id != 0 && checker_id != maker->id);
    int64_t id = 0;
    struct refund refund;
    struct refund_held held;
    TRY(refunds_of_approval(db, arena, approval_id, &id));
    TRY(refunds_get(db, arena, id, &refund));
    TRY(refund_hold(db, arena, refund.payment_id, &held));
    TRY(refunds_lock(db, arena, id, &refund));
    if (strcmp(refund.source, "returned") == 0) {
        TRY(check_returned(db, arena, &refund, &held, ret_refusal));
    } else {
        TRY(check(db, arena, &held, maker->id, checker_id, ret_refusal));
    }
    if (refund.returned_id == 0 && never_left(&held)) {
        TRY(delivery_cancel(db, maker, held.delivery.id, refund.reason, ret_refusal));
    }
    TRY(refunds_set_approved(db, id, checker_id));
    return step_audit(db, maker, AUDIT_ACTION_REFUND_APPROVE, "payment", refund.payment_id,
                      refund.number, refund.reason, "", "");
}

enum rc refund_post(struct db *db, struct arena *arena, enum ledger_posting posting,
                    const struct refund *refund, const struct payment *payment, int64_t supply_id)
{
    struct ledger_entry entry = {.posting = posting,
                                 .object_kind = "refund",
                                 .object_id = refund->id,
                                 .supply_id = supply_id,
                                 .channel = payment->channel,
                                 .amount_fen = refund->amount_fen,
                                 .at_ms = clock_now_ms()};
    return ledger_post(db, arena, &entry);
}

enum rc refund_promise(struct db *db, struct arena *arena, const struct refund *refund,
                       const struct refund_held *held)
{
    const struct payment *payment = &held->payment;
    TRY(refunds_move(db, refund->id, refund->state, REFUND_SUBMITTED));
    if (strcmp(refund->source, "adjustment") == 0) {
        struct adjustment_done done;
        TRY(adjustment_asks_done(db, arena, refund->adjustment_id, &done));
        return refund_post(db, arena, POSTING_ADJUSTMENT_REFUNDED, refund, payment, done.supply_id);
    }
    if (strcmp(refund->source, "returned") == 0) {
        TRY(returned_money_set_refunded(db, refund->returned_id));
        return refund_post(db, arena, POSTING_ADJUSTMENT_REFUNDED, refund, payment,
                           payment->supply_id);
    }
    if (strcmp(refund->source, "close") == 0) {
        return refund_post(db, arena, POSTING_CLOSE_REFUNDED, refund, payment, 0);
    }
    TRY(payments_set_disposition(db, payment->id, payment->disposition, DISPOSITION_REFUNDED));
    if (strcmp(refund->source, "suspense") == 0) {
        TRY(alarm_close(db, ALARM_PAYMENT_SUSPENSE, "payment", payment->id));
        return refund_post(db, arena, POSTING_REFUND_SUSPENSE, refund, payment, 0);
    }
    TRY(purchases_set_ended(db, payment->purchase_id, PURCHASE_PAID, PURCHASE_REFUNDED,
                            clock_now_ms()));
    return refund_post(db, arena, POSTING_REFUND_UNDELIVERED, refund, payment, payment->supply_id);
}

bool refund_at_counter(const char *channel)
{
    return strcmp(channel, "cash") == 0 || strcmp(channel, "card") == 0 ||
           strcmp(channel, "transfer") == 0;
}

enum rc refund_pay(struct db *db, struct arena *arena, const struct actor *actor, int64_t refund_id,
                   struct command_refusal *ret_refusal)
{
    assert(db_in_transaction(db));
    struct refund refund;
    struct refund_held held;
    *ret_refusal = (struct command_refusal){.code = "", .field = ""};
    TRY(refunds_get(db, arena, refund_id, &refund));
    TRY(refund_hold(db, arena, refund.payment_id, &held));
    TRY(refunds_lock(db, arena, refund_id, &refund));
    if (refund.state != REFUND_APPROVED) {
        return step_refuse(RC_REFUSED, "wrong_state", "state", ret_refusal);
    }
    if (!refund_at_counter(held.payment.channel)) {
        return step_refuse(RC_REFUSED, "not_at_counter", "channel", ret_refusal);
    }
    TRY(refund_promise(db, arena, &refund, &held));
    TRY(refunds_move(db, refund.id, REFUND_SUBMITTED, REFUND_SUCCEEDED));
    TRY(refund_post(db, arena, POSTING_REFUND_PAID, &refund, &held.payment, 0));
    const char *after = arena_printf(arena, "{\"refund_id\":%lld,\"amount_fen\":%lld}",
                                     (long long)refund.id, (long long)refund.amount_fen);
    if (after == NULL) {
        return RC_MEMORY;
    }
    return step_audit(db, actor, AUDIT_ACTION_REFUND_PAY, "payment", refund.payment_id,
                      refund.number, refund.reason, "", after);
}

enum rc refund_of_adjustment(struct db *db, struct arena *arena, const struct actor *actor,
                             int64_t adjustment_id, int64_t payment_id, int64_t *ret_refund_id,
                             struct command_refusal *ret_refusal)
{
    assert(db_in_transaction(db));
    struct adjustment_done done;
    struct refund_held held;
    int64_t taken_fen = 0;
    int64_t held_fen = 0;
    bool promised = false;
    bool asked = false;
    char number[NUMBER_BYTES];
    *ret_refusal = (struct command_refusal){.code = "", .field = ""};
    TRY(adjustment_asks_done(db, arena, adjustment_id, &done));
    TRY(refund_hold(db, arena, payment_id, &held));
    if (held.payment.supply_id != done.supply_id || held.payment.state != PAYMENT_SETTLED) {
        return step_refuse(RC_REFUSED, "wrong_supply", "payment_id", ret_refusal);
    }
    TRY(refunds_of_adjustment(db, arena, adjustment_id, &promised));
    if (promised) {
        return step_refuse(RC_CONFLICT, "conflict", "", ret_refusal);
    }
    TRY(refunds_of_payment(db, arena, payment_id, &taken_fen, &asked));
    TRY(ledger_balance(db, arena, LEDGER_ADJUSTMENT_CLEARING, done.supply_id, "", &held_fen));
    if (done.left_fen <= 0 || done.left_fen > held.payment.amount_fen - taken_fen ||
        done.left_fen > -held_fen) {
        return step_refuse(RC_REFUSED, "exceeds_payment", "payment_id", ret_refusal);
    }
    TRY(number_make('R', clock_now_ms(), number));
    struct refund refund = {.number = number,
                            .payment_id = payment_id,
                            .source = "adjustment",
                            .adjustment_id = adjustment_id,
                            .amount_fen = done.left_fen,
                            .reason = "adjustment",
                            .maker_id = done.maker_id,
                            .checker_id = done.checker_id,
                            .approval_id = done.approval_id};
    TRY(refunds_insert(db, &refund, ret_refund_id));
    return step_audit(db, actor, AUDIT_ACTION_REFUND_APPROVE, "payment", payment_id, number, "", "",
                      "");
}
