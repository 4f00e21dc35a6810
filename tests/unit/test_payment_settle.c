/* Settle, destination and refund guards: every subset of what can be wrong, the first one decides.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/rules/payment_settle.h"

static struct settle_facts fine(void)
{
    return (struct settle_facts){.paid = true,
                                 .amount_fen = 5000,
                                 .currency_fits = true,
                                 .payment_found = true,
                                 .payment_amount_fen = 5000,
                                 .state = PAYMENT_OPEN};
}

/* One bit a defect, in the written order. */
static void spoil(struct settle_facts *facts, unsigned defects)
{
    facts->paid = (defects & 1u << SETTLE_NOT_PAID) == 0;
    facts->transaction_known = (defects & (1u << SETTLE_EXISTS | 1u << SETTLE_CONFLICT)) != 0;
    facts->transaction_same = (defects & 1u << SETTLE_EXISTS) != 0;
    facts->payment_found = (defects & 1u << SETTLE_NO_ORDER) == 0;
    facts->amount_fen = (defects & 1u << SETTLE_WRONG_AMOUNT) == 0 ? 5000 : 4999;
    facts->currency_fits = (defects & 1u << SETTLE_WRONG_CURRENCY) == 0;
    facts->state = (defects & 1u << SETTLE_ILLEGAL_MOVE) == 0 ? PAYMENT_OPEN : PAYMENT_SETTLED;
}

static void test_settle_order(void **context)
{
    (void)context;
    for (unsigned defects = 0; defects < 1u << SETTLE_OK; defects++) {
        struct settle_facts facts = fine();
        spoil(&facts, defects);
        unsigned want = 0;
        while (want < SETTLE_OK && (defects >> want & 1) == 0) {
            want++;
        }
        assert_int_equal(settle_guard(&facts), want);
    }
}

static void test_settle_states(void **context)
{
    (void)context;
    for (int i = 0; i < PAYMENT_STATE__MAX; i++) {
        struct settle_facts facts = fine();
        facts.state = (enum payment_state)i;
        assert_int_equal(settle_guard(&facts),
                         i == PAYMENT_SETTLED ? SETTLE_ILLEGAL_MOVE : SETTLE_OK);
        facts.amount_fen = 5001;
        assert_int_equal(settle_guard(&facts), SETTLE_WRONG_AMOUNT);
    }
}

static void test_settle_words(void **context)
{
    (void)context;
    static const char *const codes[] = {"not_paid",     "exists",       "conflict",
                                        "no_order",     "wrong_amount", "wrong_currency",
                                        "illegal_move", "settle"};
    assert_int_equal(ARRAY_LEN(codes), SETTLE_VERDICT__MAX);
    for (int i = 0; i < SETTLE_VERDICT__MAX; i++) {
        assert_string_equal(settle_verdict_code((enum settle_verdict)i), codes[i]);
        assert_int_equal(settle_is_suspense((enum settle_verdict)i), i == SETTLE_NO_ORDER ||
                                                                         i == SETTLE_WRONG_AMOUNT ||
                                                                         i == SETTLE_ILLEGAL_MOVE);
    }
}

/* want: one letter per purchase state in enum order; c closed, t twice, l late, x credit, d
 * deliver. */
static void check_destination(bool open, bool reopen, bool platform, const char *want)
{
    for (int i = 0; i < PURCHASE_STATE__MAX; i++) {
        struct destination_facts facts = {.account_open = open,
                                          .purchase = (enum purchase_state)i,
                                          .reopen_late = reopen,
                                          .platform_mode = platform};
        static const char letters[DESTINATION__MAX] = {'c', 't', 'l', 'x', 'd'};
        assert_int_equal(letters[settle_destination(&facts)], want[i]);
    }
}

static void test_destination(void **context)
{
    (void)context;
    /*                                     OPDCRX */
    check_destination(true, false, false, "dttttl");
    check_destination(true, true, false, "dttttd");
    check_destination(true, false, true, "xttttl");
    check_destination(true, true, true, "xttttx");
    check_destination(false, false, false, "cccccc");
    check_destination(false, true, true, "cccccc");
    static const char *const codes[] = {"closed_account", "paid_twice", "late", "credit",
                                        "deliver"};
    assert_int_equal(ARRAY_LEN(codes), DESTINATION__MAX);
    for (int i = 0; i < DESTINATION__MAX; i++) {
        assert_string_equal(settle_destination_code((enum settle_destination)i), codes[i]);
    }
}

static struct refund_facts good_refund(void)
{
    return (struct refund_facts){.state = PAYMENT_SETTLED,
                                 .payment_amount_fen = 5000,
                                 .refunded_fen = 1000,
                                 .amount_fen = 4000,
                                 .money_is_out = true,
                                 .maker_id = 3,
                                 .checker_id = 4};
}

static void test_refund(void **context)
{
    (void)context;
    struct refund_facts facts = good_refund();
    assert_int_equal(refund_guard(&facts), REFUND_OK);
    facts.amount_fen = 1;
    assert_int_equal(refund_guard(&facts), REFUND_OK);
    facts.amount_fen = 4001;
    assert_int_equal(refund_guard(&facts), REFUND_EXCEEDS);
    facts.amount_fen = INT64_MAX;
    assert_int_equal(refund_guard(&facts), REFUND_EXCEEDS);
    facts.amount_fen = 0;
    assert_int_equal(refund_guard(&facts), REFUND_NOT_POSITIVE);
    facts.amount_fen = -1;
    assert_int_equal(refund_guard(&facts), REFUND_NOT_POSITIVE);
    for (int i = 0; i < PAYMENT_STATE__MAX; i++) {
        facts = good_refund();
        facts.state = (enum payment_state)i;
        assert_int_equal(refund_guard(&facts),
                         i == PAYMENT_SETTLED ? REFUND_OK : REFUND_NOT_SETTLED);
    }
    facts = good_refund();
    facts.money_is_out = false;
    assert_int_equal(refund_guard(&facts), REFUND_IN_THE_METER);
    facts = good_refund();
    facts.checker_id = 3;
    assert_int_equal(refund_guard(&facts), REFUND_SAME_PERSON);
    facts.checker_id = 0;
    assert_int_equal(refund_guard(&facts), REFUND_SAME_PERSON);
}

static void test_refund_order(void **context)
{
    (void)context;
    for (unsigned defects = 0; defects < 1u << REFUND_OK; defects++) {
        struct refund_facts facts = good_refund();
        facts.state = (defects & 1u << REFUND_NOT_SETTLED) == 0 ? PAYMENT_SETTLED : PAYMENT_OPEN;
        facts.refunded_fen = (defects & 1u << REFUND_EXCEEDS) == 0 ? 1000 : 5001;
        facts.amount_fen = (defects & 1u << REFUND_NOT_POSITIVE) == 0 ? 4000 : -5;
        facts.money_is_out = (defects & 1u << REFUND_IN_THE_METER) == 0;
        facts.checker_id = (defects & 1u << REFUND_SAME_PERSON) == 0 ? 4 : 3;
        unsigned want = 0;
        while (want < REFUND_OK && (defects >> want & 1) == 0) {
            want++;
        }
        assert_int_equal(refund_guard(&facts), want);
    }
    static const char *const codes[] = {"not_settled",  "not_positive",  "exceeds_payment",
                                        "in_the_meter", "second_person", "refund"};
    assert_int_equal(ARRAY_LEN(codes), REFUND_VERDICT__MAX);
    for (int i = 0; i < REFUND_VERDICT__MAX; i++) {
        assert_string_equal(refund_verdict_code((enum refund_verdict)i), codes[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_settle_order), cmocka_unit_test(test_settle_states),
        cmocka_unit_test(test_settle_words), cmocka_unit_test(test_destination),
        cmocka_unit_test(test_refund),       cmocka_unit_test(test_refund_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
