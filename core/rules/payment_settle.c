#include "core/rules/payment_settle.h"

#include <assert.h>
#include <stddef.h>

static const char *const verdict_codes[SETTLE_VERDICT__MAX] = {
    [SETTLE_NOT_PAID] = "not_paid",         [SETTLE_EXISTS] = "exists",
    [SETTLE_CONFLICT] = "conflict",         [SETTLE_NO_ORDER] = "no_order",
    [SETTLE_WRONG_AMOUNT] = "wrong_amount", [SETTLE_WRONG_CURRENCY] = "wrong_currency",
    [SETTLE_ILLEGAL_MOVE] = "illegal_move", [SETTLE_OK] = "settle",
};

static const char *const destination_codes[DESTINATION__MAX] = {
    [DESTINATION_SUSPENSE_CLOSED_ACCOUNT] = "closed_account",
    [DESTINATION_SUSPENSE_PAID_TWICE] = "paid_twice",
    [DESTINATION_SUSPENSE_LATE] = "late",
    [DESTINATION_CREDIT] = "credit",
    [DESTINATION_DELIVER] = "deliver",
};

static const char *const refund_codes[REFUND_VERDICT__MAX] = {
    [REFUND_NOT_SETTLED] = "not_settled",   [REFUND_NOT_POSITIVE] = "not_positive",
    [REFUND_EXCEEDS] = "exceeds_payment",   [REFUND_IN_THE_METER] = "in_the_meter",
    [REFUND_SAME_PERSON] = "second_person", [REFUND_OK] = "refund",
};

enum settle_verdict settle_guard(const struct settle_facts *facts)
{
    assert(facts != NULL);
    if (!facts->paid) {
        return SETTLE_NOT_PAID;
    }
    if (facts->transaction_known) {
        return facts->transaction_same ? SETTLE_EXISTS : SETTLE_CONFLICT;
    }
    if (!facts->payment_found) {
        return SETTLE_NO_ORDER;
    }
    if (facts->amount_fen != facts->payment_amount_fen) {
        return SETTLE_WRONG_AMOUNT;
    }
    if (!facts->currency_fits) {
        return SETTLE_WRONG_CURRENCY;
    }
    return payment_move_allowed(facts->state, PAYMENT_SETTLED) ? SETTLE_OK : SETTLE_ILLEGAL_MOVE;
}

const char *settle_verdict_code(enum settle_verdict verdict)
{
    assert(verdict >= 0 && verdict < SETTLE_VERDICT__MAX);
    return verdict_codes[verdict];
}

bool settle_is_suspense(enum settle_verdict verdict)
{
    assert(verdict >= 0 && verdict < SETTLE_VERDICT__MAX);
    return verdict == SETTLE_NO_ORDER || verdict == SETTLE_WRONG_AMOUNT ||
           verdict == SETTLE_ILLEGAL_MOVE;
}

enum settle_destination settle_destination(const struct destination_facts *facts)
{
    assert(facts != NULL);
    if (!facts->account_open) {
        return DESTINATION_SUSPENSE_CLOSED_ACCOUNT;
    }
    if (facts->purchase == PURCHASE_CANCELLED && !facts->reopen_late) {
        return DESTINATION_SUSPENSE_LATE;
    }
    if (!purchase_move_allowed(facts->purchase, PURCHASE_PAID)) {
        return DESTINATION_SUSPENSE_PAID_TWICE;
    }
    return facts->platform_mode ? DESTINATION_CREDIT : DESTINATION_DELIVER;
}

const char *settle_destination_code(enum settle_destination destination)
{
    assert(destination >= 0 && destination < DESTINATION__MAX);
    return destination_codes[destination];
}

enum refund_verdict refund_guard(const struct refund_facts *facts)
{
    assert(facts != NULL && facts->refunded_fen >= 0);
    if (facts->state != PAYMENT_SETTLED) {
        return REFUND_NOT_SETTLED;
    }
    if (facts->amount_fen <= 0) {
        return REFUND_NOT_POSITIVE;
    }
    if (facts->amount_fen > facts->payment_amount_fen - facts->refunded_fen) {
        return REFUND_EXCEEDS;
    }
    if (!facts->money_is_out) {
        return REFUND_IN_THE_METER;
    }
    if (facts->checker_id == 0 || facts->checker_id == facts->maker_id) {
        return REFUND_SAME_PERSON;
    }
    return REFUND_OK;
}

const char *refund_verdict_code(enum refund_verdict verdict)
{
    assert(verdict >= 0 && verdict < REFUND_VERDICT__MAX);
    return refund_codes[verdict];
}
