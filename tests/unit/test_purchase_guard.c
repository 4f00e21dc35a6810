/* Purchase and claim guards: every subset of what can be wrong, and each limit from both sides. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/rules/money.h"
#include "core/rules/purchase_guard.h"

static struct purchase_facts fine(void)
{
    return (struct purchase_facts){.account_open = true,
                                   .prepaid = true,
                                   .supply_fits = true,
                                   .amount_fen = 10000,
                                   .min_fen = 100,
                                   .max_fen = 500000,
                                   .hoard_fen = 200000,
                                   .balance_fen = 50000,
                                   .on_its_way_fen = 0};
}

static void test_purchase_limits(void **context)
{
    (void)context;
    struct purchase_facts facts = fine();
    static const struct {
        int64_t amount_fen;
        enum purchase_verdict want;
    } rows[] = {
        {INT64_MIN, PURCHASE_NOT_POSITIVE},
        {-1, PURCHASE_NOT_POSITIVE},
        {0, PURCHASE_NOT_POSITIVE},
        {1, PURCHASE_BELOW_MINIMUM},
        {99, PURCHASE_BELOW_MINIMUM},
        {100, PURCHASE_OK},
        {150000, PURCHASE_OK},
        {150001, PURCHASE_OVER_HOARD},
        {500000, PURCHASE_OVER_HOARD},
        {500001, PURCHASE_ABOVE_MAXIMUM},
        {INT64_MAX, PURCHASE_ABOVE_MAXIMUM},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        facts.amount_fen = rows[i].amount_fen;
        assert_int_equal(purchase_guard(&facts), rows[i].want);
    }
    facts = fine();
    facts.hoard_fen = 0;
    facts.amount_fen = 500000;
    assert_int_equal(purchase_guard(&facts), PURCHASE_OK);
    facts = fine();
    facts.on_its_way_fen = 140000;
    assert_int_equal(purchase_guard(&facts), PURCHASE_OK);
    facts.on_its_way_fen = 140001;
    assert_int_equal(purchase_guard(&facts), PURCHASE_OVER_HOARD);
}

static void test_room(void **context)
{
    (void)context;
    struct purchase_facts facts = fine();
    assert_int_equal(purchase_room_fen(&facts), 150000);
    facts.on_its_way_fen = 1;
    assert_int_equal(purchase_room_fen(&facts), 149999);
    facts.balance_fen = -400000; /* a debt makes room, up to the largest sale */
    assert_int_equal(purchase_room_fen(&facts), 500000);
    facts.balance_fen = 199899;
    assert_int_equal(purchase_room_fen(&facts), 100);
    facts.balance_fen = 199900; /* less than the smallest sale is no room */
    assert_int_equal(purchase_room_fen(&facts), 0);
    facts.balance_fen = 900000;
    assert_int_equal(purchase_room_fen(&facts), 0);
    facts.hoard_fen = 0;
    assert_int_equal(purchase_room_fen(&facts), 500000);
    facts.hoard_fen = 1;
    facts.balance_fen = -499999;
    facts.on_its_way_fen = 0;
    assert_int_equal(purchase_room_fen(&facts), 500000);
    facts.balance_fen = MONEY_MAX_FEN;
    assert_int_equal(purchase_room_fen(&facts), 0);
    facts.balance_fen = -MONEY_MAX_FEN;
    assert_int_equal(purchase_room_fen(&facts), 500000);
}

static void test_purchase_order(void **context)
{
    (void)context;
    for (unsigned defects = 0; defects < 1u << PURCHASE_OK; defects++) {
        struct purchase_facts facts = fine();
        facts.account_open = (defects & 1u << PURCHASE_ACCOUNT_CLOSED) == 0;
        facts.prepaid = (defects & 1u << PURCHASE_NOT_PREPAID) == 0;
        facts.supply_fits = (defects & 1u << PURCHASE_WRONG_SUPPLY) == 0;
        if ((defects & 1u << PURCHASE_OVER_HOARD) != 0) {
            facts.balance_fen = 195000;
        }
        if ((defects & 1u << PURCHASE_ABOVE_MAXIMUM) != 0) {
            facts.amount_fen = 500001;
        }
        if ((defects & 1u << PURCHASE_BELOW_MINIMUM) != 0) {
            facts.amount_fen = 50;
        }
        if ((defects & 1u << PURCHASE_NOT_POSITIVE) != 0) {
            facts.amount_fen = 0;
        }
        unsigned want = 0;
        while (want < PURCHASE_OK && (defects >> want & 1) == 0) {
            want++;
        }
        assert_int_equal(purchase_guard(&facts), want);
    }
    static const char *const codes[] = {
        "account_closed", "not_prepaid",   "wrong_supply", "not_positive",
        "below_minimum",  "above_maximum", "over_hoard",   "ok"};
    assert_int_equal(ARRAY_LEN(codes), PURCHASE_VERDICT__MAX);
    for (int i = 0; i < PURCHASE_VERDICT__MAX; i++) {
        assert_string_equal(purchase_verdict_code((enum purchase_verdict)i), codes[i]);
    }
}

static void test_warnings(void **context)
{
    (void)context;
    for (unsigned bits = 0; bits < 64; bits++) {
        struct purchase_facts facts = fine();
        facts.meter_silent = (bits & PURCHASE_WARN_SILENT) != 0;
        facts.balance_stale = (bits & PURCHASE_WARN_STALE) != 0;
        facts.frozen = (bits & PURCHASE_WARN_FROZEN) != 0;
        facts.read_only_line = (bits & PURCHASE_WARN_READ_ONLY) != 0;
        facts.by_hand = (bits & PURCHASE_WARN_BY_HAND) != 0;
        facts.on_its_way_fen = (bits & PURCHASE_WARN_ON_ITS_WAY) != 0 ? 1 : 0;
        assert_int_equal(purchase_warnings(&facts), bits);
        assert_int_equal(purchase_guard(&facts), PURCHASE_OK); /* they forbid nothing */
    }
    static const char *const codes[PURCHASE_WARNINGS] = {
        "silent", "stale", "frozen", "read_only", "close_by_hand", "on_its_way"};
    for (int bit = 0; bit < PURCHASE_WARNINGS; bit++) {
        assert_string_equal(purchase_warning_code(bit), codes[bit]);
    }
}

static void test_power(void **context)
{
    (void)context;
    for (int i = 0; i < PURCHASE_STATE__MAX; i++) {
        enum purchase_state state = (enum purchase_state)i;
        bool in = state == PURCHASE_DELIVERED || state == PURCHASE_CREDITED;
        struct power_facts facts = {.state = state};
        assert_int_equal(power_guard(&facts), in ? POWER_BY_READING : POWER_NOT_IN_METER);
        facts.by_hand = true;
        assert_int_equal(power_guard(&facts), in ? POWER_BY_PERSON : POWER_NOT_IN_METER);
        facts.known = true;
        assert_int_equal(power_guard(&facts), POWER_KNOWN);
        facts.by_hand = false;
        assert_int_equal(power_guard(&facts), POWER_KNOWN);
    }
}

static struct claim_facts claimable(void)
{
    return (struct claim_facts){.state = DELIVERY_PENDING,
                                .payment_settled = true,
                                .payment_amount_fen = 10000,
                                .amount_fen = 10000,
                                .ceiling_fen = 10000,
                                .epoch_fits = true,
                                .writable_line = true,
                                .offered = true,
                                .just_read = true,
                                .serial_fits = true,
                                .meter_count = 4,
                                .our_count = 5,
                                .balance_fen = 90000,
                                .hoard_fen = 100000};
}

static void test_claim_order(void **context)
{
    (void)context;
    for (unsigned defects = 0; defects < 1u << CLAIM_OK; defects++) {
        struct claim_facts facts = claimable();
#define BAD(verdict) ((defects >> CLAIM_##verdict & 1) != 0)
        facts.state = BAD(NOT_PENDING) ? DELIVERY_SENDING : DELIVERY_PENDING;
        facts.payment_settled = !BAD(NOT_PAID);
        facts.payment_amount_fen = BAD(WRONG_AMOUNT) ? 9999 : 10000;
        facts.ceiling_fen = BAD(ABOVE_CEILING) ? 9999 : 10000;
        facts.epoch_fits = !BAD(WRONG_EPOCH);
        facts.slot_taken = BAD(SLOT_TAKEN);
        facts.frozen = BAD(FROZEN);
        facts.restore_pending = BAD(RESTORE_CHECK);
        facts.writable_line = !BAD(READ_ONLY);
        facts.offered = !BAD(NOT_OFFERED);
        facts.just_read = !BAD(NOT_READ);
        facts.serial_fits = !BAD(SERIAL_MISMATCH);
        facts.our_count = BAD(COUNT_SPENT) ? 65536 : 5;
        facts.meter_count = facts.our_count - (BAD(COUNT_MISMATCH) ? 2 : 1);
        facts.balance_fen = BAD(OVER_HOARD) ? 90001 : 90000;
#undef BAD
        unsigned want = 0;
        while (want < CLAIM_OK && (defects >> want & 1) == 0) {
            want++;
        }
        assert_int_equal(claim_guard(&facts), want);
    }
}

static void test_claim_edges(void **context)
{
    (void)context;
    struct claim_facts facts = claimable();
    for (int64_t count = 0; count < 10; count++) {
        facts.meter_count = count;
        assert_int_equal(claim_guard(&facts), count == 4 ? CLAIM_OK : CLAIM_COUNT_MISMATCH);
    }
    facts.meter_count = 4 + 65536; /* a gap that 16 bits would hide */
    assert_int_equal(claim_guard(&facts), CLAIM_COUNT_MISMATCH);
    facts = claimable();
    facts.our_count = 65535;
    facts.meter_count = 65534;
    assert_int_equal(claim_guard(&facts), CLAIM_OK);
    facts = claimable();
    facts.our_count = 1; /* the first purchase of a new meter */
    facts.meter_count = 0;
    assert_int_equal(claim_guard(&facts), CLAIM_OK);
    facts = claimable();
    facts.has_count = true;
    assert_int_equal(claim_guard(&facts), CLAIM_NOT_PENDING);
    for (int i = 0; i < DELIVERY_STATE__MAX; i++) {
        facts = claimable();
        facts.state = (enum delivery_state)i;
        assert_int_equal(claim_guard(&facts), i == DELIVERY_PENDING ? CLAIM_OK : CLAIM_NOT_PENDING);
    }
    facts = claimable();
    facts.hoard_fen = 0;
    facts.balance_fen = 99999999;
    assert_int_equal(claim_guard(&facts), CLAIM_OK);
    facts = claimable();
    facts.hoard_fen = 1;
    facts.balance_fen = -9999;
    assert_int_equal(claim_guard(&facts), CLAIM_OK);
    facts.balance_fen = -9998;
    assert_int_equal(claim_guard(&facts), CLAIM_OVER_HOARD);
    facts = claimable();
    facts.amount_fen = 0;
    facts.payment_amount_fen = 0;
    assert_int_equal(claim_guard(&facts), CLAIM_WRONG_AMOUNT);
    facts.amount_fen = 1;
    facts.payment_amount_fen = 1;
    assert_int_equal(claim_guard(&facts), CLAIM_OK);
    facts.amount_fen = 9999;
    facts.payment_amount_fen = 10000;
    assert_int_equal(claim_guard(&facts), CLAIM_WRONG_AMOUNT);
}

static void test_claim_words(void **context)
{
    (void)context;
    static const struct {
        const char *code;
        enum claim_outcome outcome;
    } rows[] = {
        {"not_pending", CLAIM_WAITS},      {"not_paid", CLAIM_TO_PERSON},
        {"wrong_amount", CLAIM_TO_PERSON}, {"above_ceiling", CLAIM_TO_PERSON},
        {"wrong_epoch", CLAIM_TO_PERSON},  {"slot_taken", CLAIM_WAITS},
        {"frozen", CLAIM_WAITS},           {"restore_check", CLAIM_WAITS},
        {"read_only_line", CLAIM_WAITS},   {"not_offered", CLAIM_TO_PERSON},
        {"not_read", CLAIM_WAITS},         {"serial_mismatch", CLAIM_FREEZES},
        {"count_mismatch", CLAIM_FREEZES}, {"count_spent", CLAIM_TO_PERSON},
        {"over_hoard", CLAIM_HOLDS},       {"ok", CLAIM_GOES},
    };
    assert_int_equal(ARRAY_LEN(rows), CLAIM_VERDICT__MAX);
    for (int i = 0; i < CLAIM_VERDICT__MAX; i++) {
        assert_string_equal(claim_verdict_code((enum claim_verdict)i), rows[i].code);
        assert_int_equal(claim_outcome((enum claim_verdict)i), rows[i].outcome);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_purchase_limits), cmocka_unit_test(test_room),
        cmocka_unit_test(test_purchase_order),  cmocka_unit_test(test_warnings),
        cmocka_unit_test(test_power),           cmocka_unit_test(test_claim_order),
        cmocka_unit_test(test_claim_edges),     cmocka_unit_test(test_claim_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
