/* Bills and quotes by hand-made figures. */
#include "tests/unit/charge_fixture.h"

/* The lines of a bill add up to the charge, over steps, prices and months, whatever each rounds to.
 */
static void test_bill(void **context)
{
    (void)context;
    static struct charge_bill bill;
    struct charge_state state = {0};
    int64_t fen = charge(&state, "2026-03-10T00:00:00+08:00", 0, "2026-03-11T00:00:00+08:00", 11);
    assert_int_equal(fen, 1); /* 0.55 fen */
    versions[1] = versions[0];
    versions[1].valid_from_at_ms = utc("2026-03-20T00:00:00+08:00");
    versions[1].price_e4[0][RATE_FLAT] = 5001;
    tariff.version_count = 2;
    charge_bill_open(&bill, &state);
    static const struct {
        const char *at;
        int64_t wh;
    } rows[] = {
        {"2026-03-11T00:00:00+08:00", 11},     {"2026-03-12T00:00:00+08:00", 20},
        {"2026-03-13T00:00:00+08:00", 29},     {"2026-03-25T13:00:00+08:00", 150003},
        {"2026-03-28T00:00:00+08:00", 203333}, {"2026-04-03T00:00:00+08:00", 212345},
        {"2026-05-02T00:00:00+08:00", 300001},
    };
    int64_t sum_fen = 0;
    for (size_t i = 1; i < ARRAY_LEN(rows); i++) {
        struct charge_point from = point(rows[i - 1].at, rows[i - 1].wh);
        struct charge_point to = point(rows[i].at, rows[i].wh);
        assert_int_equal(
            charge_interval(&tariff, CHARGE_BY_TIME, &state, &from, &to, &bill, &state, &fen),
            RC_OK);
        sum_fen += fen;
    }
    assert_int_equal(charge_bill_close(&bill), sum_fen);
    int64_t lines_fen = 0;
    int64_t lines_wh = 0;
    for (int i = 0; i < bill.count; i++) {
        lines_fen += bill.lines[i].fen;
        lines_wh += bill.lines[i].energy_wh;
        assert_int_equal(bill.lines[i].cost_e5, bill.lines[i].energy_wh * bill.lines[i].price_e4);
    }
    assert_int_equal(lines_fen, sum_fen);
    assert_int_equal(lines_wh, 300001 - 11);
    /* March: old price, new price, new price above 200 kWh; April; May */
    assert_int_equal(bill.count, 5);
    assert_int_equal(bill.lines[0].version, 0);
    assert_int_equal(bill.lines[1].version, 1);
    assert_int_equal(bill.lines[1].price_e4, 5001);
    assert_int_equal(bill.lines[2].step, 1);
    assert_int_equal(bill.lines[3].period_start_at_ms, utc("2026-04-01T00:00:00+08:00"));
    assert_int_equal(bill.lines[4].period_start_at_ms, utc("2026-05-01T00:00:00+08:00"));
    /* a bill that begins with a new period owes nothing to the old one's rest */
    struct charge_state rest = {
        .period_start_at_ms = utc("2026-05-01T00:00:00+08:00"), .period_wh = 100, .cost_e5 = 49999};
    charge_bill_open(&bill, &rest);
    assert_int_equal(charge_bill_close(&bill), 0);
    struct charge_point from = point("2026-06-01T00:00:00+08:00", 0);
    struct charge_point to = point("2026-06-02T00:00:00+08:00", 9);
    assert_int_equal(
        charge_interval(&tariff, CHARGE_BY_TIME, &rest, &from, &to, &bill, &rest, &fen), RC_OK);
    assert_int_equal(fen, 0); /* 0.45009 fen */
    assert_int_equal(charge_bill_close(&bill), fen);
}

/* What a line gets depends on the parts of a fen before it, back to the beginning of its period. */
static void test_bill_carries_rests(void **context)
{
    (void)context;
    static struct charge_bill bill;
    struct charge_state state = {0};
    assert_int_equal(charge(&state, "2026-03-02T00:00:00+08:00", 0, "2026-03-03T00:00:00+08:00", 9),
                     0); /* 0.45 fen */
    charge_bill_open(&bill, &state);
    struct charge_point from = point("2026-03-03T00:00:00+08:00", 9);
    struct charge_point to = point("2026-03-04T00:00:00+08:00", 10);
    int64_t fen = 0;
    assert_int_equal(
        charge_interval(&tariff, CHARGE_BY_TIME, &state, &from, &to, &bill, &state, &fen), RC_OK);
    assert_int_equal(fen, 1); /* 0.05 more */
    assert_int_equal(charge_bill_close(&bill), 1);
    /* April: 0.45 at the first step, then 0.055 at the second */
    versions[0].step_from_wh[1] = 9;
    from = point("2026-04-02T00:00:00+08:00", 10);
    to = point("2026-04-03T00:00:00+08:00", 20);
    assert_int_equal(
        charge_interval(&tariff, CHARGE_BY_TIME, &state, &from, &to, &bill, &state, &fen), RC_OK);
    assert_int_equal(fen, 1);
    assert_int_equal(charge_bill_close(&bill), 2);
    assert_int_equal(bill.lines[1].fen, 0);
    assert_int_equal(bill.lines[2].fen, 1);
    /* May: a hair below half a fen */
    versions[0].price_e4[0][RATE_FLAT] = 49999;
    from = point("2026-05-02T00:00:00+08:00", 20);
    to = point("2026-05-03T00:00:00+08:00", 21);
    assert_int_equal(
        charge_interval(&tariff, CHARGE_BY_TIME, &state, &from, &to, &bill, &state, &fen), RC_OK);
    assert_int_equal(fen, 0);
    assert_int_equal(charge_bill_close(&bill), 2);
}

static void test_quote(void **context)
{
    (void)context;
    struct charge_quote quote;
    /* 100.00 with 190 kWh used: 10 at 0.50, then 0.55 */
    charge_quote(&versions[0], RATE_FLAT, 190000, 10000, 500, &quote);
    assert_int_equal(quote.debt_fen, 0);
    assert_int_equal(quote.usable_fen, 10000);
    assert_int_equal(quote.count, 2);
    assert_int_equal(quote.lines[0].step, 0);
    assert_int_equal(quote.lines[0].price_e4, 5000);
    assert_int_equal(quote.lines[0].energy_wh, 10000);
    assert_int_equal(quote.lines[1].step, 1);
    assert_int_equal(quote.lines[1].energy_wh, 172727); /* 95.00 / 0.55, rounded down */
    assert_int_equal(quote.energy_wh, 182727);
    assert_false(quote.unlimited);
    /* through all three */
    charge_quote(&versions[0], RATE_FLAT, 0, 100000, 0, &quote);
    assert_int_equal(quote.count, 3);
    assert_int_equal(quote.lines[0].energy_wh, 200000);
    assert_int_equal(quote.lines[1].energy_wh, 200000);
    assert_int_equal(quote.lines[2].energy_wh, 987500);
    /* exactly to the step */
    charge_quote(&versions[0], RATE_FLAT, 0, 10000, 0, &quote);
    assert_int_equal(quote.count, 1);
    assert_int_equal(quote.energy_wh, 200000);
    charge_quote(&versions[0], RATE_FLAT, 0, 10001, 0, &quote);
    assert_int_equal(quote.count, 2);
    assert_int_equal(quote.energy_wh, 200000 + 18);
    /* a debt is taken first */
    charge_quote(&versions[0], RATE_FLAT, 0, 5000, -2000, &quote);
    assert_int_equal(quote.debt_fen, 2000);
    assert_int_equal(quote.usable_fen, 3000);
    assert_int_equal(quote.energy_wh, 60000);
    charge_quote(&versions[0], RATE_FLAT, 0, 5000, -5000, &quote);
    assert_int_equal(quote.debt_fen, 5000);
    assert_int_equal(quote.usable_fen, 0);
    assert_int_equal(quote.count, 0);
    assert_int_equal(quote.energy_wh, 0);
    charge_quote(&versions[0], RATE_FLAT, 0, 5000, -9000, &quote);
    assert_int_equal(quote.debt_fen, 5000);
    assert_int_equal(quote.usable_fen, 0);
    charge_quote(&versions[0], RATE_FLAT, 0, 5000, -1, &quote);
    assert_int_equal(quote.debt_fen, 1);
    assert_int_equal(quote.usable_fen, 4999);
}

static void test_quote_free(void **context)
{
    (void)context;
    struct charge_quote quote;
    versions[0].price_e4[0][RATE_FLAT] = 0; /* a free allowance */
    charge_quote(&versions[0], RATE_FLAT, 150000, 5500, 0, &quote);
    assert_int_equal(quote.count, 2);
    assert_int_equal(quote.lines[0].energy_wh, 50000);
    assert_int_equal(quote.lines[1].energy_wh, 100000);
    assert_int_equal(quote.energy_wh, 150000);
    assert_false(quote.unlimited);
    versions[0].price_e4[2][RATE_FLAT] = 0; /* and free without end */
    charge_quote(&versions[0], RATE_FLAT, 390000, 5500, 0, &quote);
    assert_int_equal(quote.count, 2);
    assert_int_equal(quote.lines[0].energy_wh, 10000);
    assert_int_equal(quote.lines[1].energy_wh, 0);
    assert_int_equal(quote.energy_wh, 10000);
    assert_true(quote.unlimited);
    /* one hundred thousandth of a fen still buys something */
    versions[0].step_from_wh[1] = 3;
    versions[0].price_e4[0][RATE_FLAT] = 33333;
    versions[0].price_e4[1][RATE_FLAT] = 1;
    charge_quote(&versions[0], RATE_FLAT, 0, 1, 0, &quote);
    assert_int_equal(quote.count, 2);
    assert_int_equal(quote.lines[0].energy_wh, 3);
    assert_int_equal(quote.lines[1].energy_wh, 1);
    /* the most that can be asked */
    versions[0].price_e4[2][RATE_FLAT] = 1;
    charge_quote(&versions[0], RATE_FLAT, 400000, MONEY_MAX_FEN, 0, &quote);
    assert_int_equal(quote.energy_wh, ENERGY_MAX_WH); /* no more than a register shows */
    assert_false(quote.unlimited);
    with_rates();
    charge_quote(&versions[0], RATE_VALLEY, 0, 400, 0, &quote);
    assert_int_equal(quote.energy_wh, 10000);
    assert_int_equal(quote.count, 1);
    charge_quote(&versions[0], RATE_PEAK, 0, 400, -MONEY_MAX_FEN, &quote);
    assert_int_equal(quote.usable_fen, 0);
    charge_quote(&versions[0], RATE_PEAK, 0, 1, MONEY_MAX_FEN, &quote);
    assert_int_equal(quote.energy_wh, 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_bill, set_up),
        cmocka_unit_test_setup(test_bill_carries_rests, set_up),
        cmocka_unit_test_setup(test_quote, set_up),
        cmocka_unit_test_setup(test_quote_free, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
