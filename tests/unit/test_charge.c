/* Charges by hand-made figures; the random half is tests/reference. */
#include "tests/unit/charge_fixture.h"

static void test_steps(void **context)
{
    (void)context;
    struct charge_state state = {0};
    assert_int_equal(
        charge(&state, "2026-03-02T00:00:00+08:00", 1000000, "2026-03-03T00:00:00+08:00", 1199999),
        10000); /* 99.9995: 100.00 */
    assert_int_equal(state.period_wh, 199999);
    assert_int_equal(state.cost_e5, INT64_C(199999) * 5000);
    assert_int_equal(state.period_start_at_ms, utc("2026-03-01T00:00:00+08:00"));
    /* 1 Wh at 0.50, 1 Wh at 0.55: nothing is lost to rounding, the state is exact */
    assert_int_equal(
        charge(&state, "2026-03-03T00:00:00+08:00", 1199999, "2026-03-03T00:15:00+08:00", 1200001),
        0);
    assert_int_equal(state.cost_e5, INT64_C(200000) * 5000 + 5500);
    assert_int_equal(
        charge(&state, "2026-03-03T00:15:00+08:00", 1200001, "2026-03-20T00:00:00+08:00", 1500000),
        11000 + 8000);
    assert_int_equal(state.period_wh, 500000);
    /* April begins again at 0.50 */
    assert_int_equal(
        charge(&state, "2026-04-01T00:00:00+08:00", 1500000, "2026-04-02T00:00:00+08:00", 1600000),
        5000);
    assert_int_equal(state.cost_e5, INT64_C(100000) * 5000);
    assert_int_equal(state.period_wh, 100000);
    assert_int_equal(
        charge(&state, "2026-04-02T00:00:00+08:00", 1600000, "2026-04-03T00:00:00+08:00", 1600000),
        0);
}

static void test_period_boundary(void **context)
{
    (void)context;
    /* 400 kWh over two days with midnight of the first in the middle: 200 + 200 at 0.50 */
    struct charge_state state = {0};
    assert_int_equal(
        charge(&state, "2026-03-31T00:00:00+08:00", 0, "2026-04-02T00:00:00+08:00", 400000), 20000);
    assert_int_equal(state.period_wh, 200000);
    assert_int_equal(state.period_start_at_ms, utc("2026-04-01T00:00:00+08:00"));
}

static void test_rates(void **context)
{
    (void)context;
    with_rates();
    struct charge_state state = {0};
    /* 24 kWh in 24 h: 12 in the peak at 1.00, 12 in the valley at 0.40 */
    assert_int_equal(
        charge(&state, "2026-03-02T00:00:00+08:00", 0, "2026-03-03T00:00:00+08:00", 24000),
        1200 + 480);
    struct charge_point from = point("2026-03-03T00:00:00+08:00", 0);
    struct charge_point to = point("2026-03-04T00:00:00+08:00", 100);
    struct charge_point points[4];
    size_t count = 0;
    assert_int_equal(charge_split(&tariff, CHARGE_BY_TIME, &from, &to, points, 4, &count), RC_OK);
    assert_int_equal(count, 2);
    assert_int_equal(points[0].at_ms, utc("2026-03-03T08:00:00+08:00"));
    assert_int_equal(points[0].total_wh, 33); /* 33.3 */
    assert_int_equal(points[0].rate_wh[RATE_PEAK], 0);
    assert_true(points[0].estimated);
    assert_int_equal(points[1].at_ms, utc("2026-03-03T20:00:00+08:00"));
    assert_int_equal(points[1].total_wh, 83); /* 83.3 */
    assert_true(points[1].estimated);
    count = 77;
    assert_int_equal(charge_split(&tariff, CHARGE_BY_TIME, &from, &to, points, 2, &count), RC_OK);
    count = 77;
    assert_int_equal(charge_split(&tariff, CHARGE_BY_TIME, &from, &to, points, 1, &count),
                     RC_TOO_LARGE);
    assert_int_equal(count, 77);
    to = point("2026-03-03T08:00:00+08:00", 5);
    assert_int_equal(charge_split(&tariff, CHARGE_BY_TIME, &from, &to, points, 4, &count), RC_OK);
    assert_int_equal(count, 0); /* a reading at the boundary itself needs no estimate */
    to = point("2026-03-03T16:00:00+08:00", 5); /* 2.5 at 08:00: away from zero */
    assert_int_equal(charge_split(&tariff, CHARGE_BY_TIME, &from, &to, points, 4, &count), RC_OK);
    assert_int_equal(count, 1);
    assert_int_equal(points[0].total_wh, 3);
}

static void test_price_change(void **context)
{
    (void)context;
    versions[1] = versions[0];
    versions[1].valid_from_at_ms = utc("2026-03-11T00:00:00+08:00");
    versions[1].price_e4[1][RATE_FLAT] = 6000;
    tariff.version_count = 2;
    struct charge_state state = {0};
    /* 20 kWh a day from the 1st to the 21st; the 200th kWh is the price change itself */
    assert_int_equal(
        charge(&state, "2026-03-01T00:00:00+08:00", 0, "2026-03-21T00:00:00+08:00", 400000),
        10000 + 12000);
    assert_int_equal(state.period_wh, 400000); /* the period goes on */
    versions[1].period.day = 11;
    state = (struct charge_state){0};
    assert_int_equal(
        charge(&state, "2026-03-01T00:00:00+08:00", 0, "2026-03-21T00:00:00+08:00", 400000),
        10000 + 10000);
    assert_int_equal(state.period_wh, 200000); /* counted anew */
}

static struct charge_point registers(const char *at, int64_t peak_wh, int64_t valley_wh)
{
    struct charge_point made = point(at, 0);
    made.rate_wh[RATE_PEAK] = peak_wh;
    made.rate_wh[RATE_VALLEY] = valley_wh;
    return made;
}

static void test_registers(void **context)
{
    (void)context;
    with_steps_and_rates();
    static struct charge_bill bill;
    struct charge_state state = {0};
    struct charge_point from = registers("2026-03-02T00:00:00+08:00", 50000, 10000);
    struct charge_point to = registers("2026-03-05T00:00:00+08:00", 130000, 70000);
    int64_t fen = 0;
    charge_bill_open(&bill, &state);
    assert_int_equal(
        charge_interval(&tariff, CHARGE_BY_REGISTERS, &state, &from, &to, &bill, &state, &fen),
        RC_OK);
    /* 80 kWh at 1.00, 60 at 0.40, 40 of the 140 above the step at 0.05 more */
    assert_int_equal(fen, 8000 + 2400 + 200);
    assert_int_equal(state.period_wh, 140000);
    assert_int_equal(charge_bill_close(&bill), fen);
    assert_int_equal(bill.count, 3);
    assert_int_equal(bill.lines[0].kind, LINE_ENERGY);
    assert_int_equal(bill.lines[0].rate, RATE_PEAK);
    assert_int_equal(bill.lines[0].energy_wh, 80000);
    assert_int_equal(bill.lines[0].price_e4, 10000);
    assert_int_equal(bill.lines[0].fen, 8000);
    assert_int_equal(bill.lines[1].rate, RATE_VALLEY);
    assert_int_equal(bill.lines[1].fen, 2400);
    assert_int_equal(bill.lines[2].kind, LINE_SURCHARGE);
    assert_int_equal(bill.lines[2].step, 1);
    assert_int_equal(bill.lines[2].energy_wh, 40000);
    assert_int_equal(bill.lines[2].price_e4, 500);
    assert_int_equal(bill.lines[2].fen, 200);
    from = to;
    to.at_ms = utc("2026-03-06T00:00:00+08:00");
    to.rate_wh[RATE_SHARP] = 1000;
    assert_int_equal(
        charge_interval(&tariff, CHARGE_BY_REGISTERS, &state, &from, &to, NULL, &state, &fen),
        RC_OK);
    assert_int_equal(fen, 120 + 5);
    assert_int_equal(state.period_wh, 141000);
    /* rate changes are no boundaries, but the month is: every register is split there */
    from = registers("2026-03-31T12:00:00+08:00", 130000, 70000);
    to = registers("2026-04-01T12:00:00+08:00", 130101, 70050);
    struct charge_point points[4];
    size_t count = 0;
    assert_int_equal(charge_split(&tariff, CHARGE_BY_REGISTERS, &from, &to, points, 4, &count),
                     RC_OK);
    assert_int_equal(count, 1);
    assert_int_equal(points[0].rate_wh[RATE_PEAK], 130051); /* 50.5: away from zero */
    assert_int_equal(points[0].rate_wh[RATE_VALLEY], 70025);
    assert_int_equal(points[0].rate_wh[RATE_FLAT], 0);
    to.rate_wh[RATE_SHARP] = 10;
    to.rate_wh[RATE_DEEP_VALLEY] = 20;
    assert_int_equal(charge_split(&tariff, CHARGE_BY_REGISTERS, &from, &to, points, 4, &count),
                     RC_OK);
    assert_int_equal(points[0].rate_wh[RATE_SHARP], 5);
    assert_int_equal(points[0].rate_wh[RATE_DEEP_VALLEY], 10);
}

static void test_registers_refused(void **context)
{
    (void)context;
    struct charge_state state = {.period_wh = 5};
    struct charge_state out = {.period_wh = 77};
    struct charge_point from = registers("2026-03-02T00:00:00+08:00", 0, 0);
    struct charge_point to = registers("2026-03-03T00:00:00+08:00", 1, 1);
    int64_t fen = 99;
    assert_int_equal(
        charge_advance(&tariff, CHARGE_BY_REGISTERS, &state, &from, &to, NULL, &out, &fen),
        RC_REFUSED); /* no rates */
    with_steps_and_rates();
    versions[0].price_e4[1][RATE_PEAK]++;
    assert_int_equal(
        charge_interval(&tariff, CHARGE_BY_REGISTERS, &state, &from, &to, NULL, &out, &fen),
        RC_REFUSED); /* not separable */
    assert_int_equal(fen, 99);
    assert_int_equal(out.period_wh, 77);
    versions[0].price_e4[1][RATE_PEAK]--;
    assert_int_equal(
        charge_interval(&tariff, CHARGE_BY_REGISTERS, &state, &from, &to, NULL, &out, &fen), RC_OK);
    to.rate_wh[RATE_PEAK] = -1;
    assert_int_equal(
        charge_interval(&tariff, CHARGE_BY_REGISTERS, &state, &from, &to, NULL, &out, &fen),
        RC_INVALID);
    to.rate_wh[RATE_PEAK] = 0;
    from.rate_wh[RATE_SHARP] = 1;
    assert_int_equal(
        charge_interval(&tariff, CHARGE_BY_REGISTERS, &state, &from, &to, NULL, &out, &fen),
        RC_INVALID);
    from.rate_wh[RATE_SHARP] = 0;
    from.rate_wh[RATE_DEEP_VALLEY] = 1;
    assert_int_equal(
        charge_interval(&tariff, CHARGE_BY_REGISTERS, &state, &from, &to, NULL, &out, &fen),
        RC_INVALID);
    /* by time the rate registers are not looked at */
    assert_int_equal(charge_interval(&tariff, CHARGE_BY_TIME, &state, &from, &to, NULL, &out, &fen),
                     RC_OK);
}

static enum rc try(const char *at, int64_t from_wh, const char *until, int64_t to_wh)
{
    struct charge_state state = {0};
    struct charge_state out = {.period_wh = 77};
    struct charge_point from = point(at, from_wh);
    struct charge_point to = point(until, to_wh);
    struct charge_point points[4];
    size_t count = 55;
    int64_t fen = 99;
    enum rc rc = charge_interval(&tariff, CHARGE_BY_TIME, &state, &from, &to, NULL, &out, &fen);
    if (rc != RC_OK) {
        assert_int_equal(fen, 99);
        assert_int_equal(out.period_wh, 77);
        assert_int_equal(charge_split(&tariff, CHARGE_BY_TIME, &from, &to, points, 4, &count), rc);
        assert_int_equal(count, 55);
        assert_int_equal(
            charge_advance(&tariff, CHARGE_BY_TIME, &state, &from, &to, NULL, &out, &fen), rc);
    }
    return rc;
}

static void test_refusals(void **context)
{
    (void)context;
    const char *a = "2026-03-02T00:00:00+08:00";
    const char *b = "2026-03-03T00:00:00+08:00";
    assert_int_equal(try(a, 5, b, 5), RC_OK);
    assert_int_equal(try(a, 5, a, 5), RC_INVALID);
    assert_int_equal(try(b, 5, a, 5), RC_INVALID);
    assert_int_equal(try(a, 6, b, 5), RC_INVALID);
    assert_int_equal(try(a, -1, b, 5), RC_INVALID);
    assert_int_equal(try(a, 0, b, ENERGY_MAX_WH), RC_OK);
    assert_int_equal(try(a, 0, b, ENERGY_MAX_WH + 1), RC_INVALID);
    assert_int_equal(try("2025-12-31T00:00:00+08:00", 0, b, 5), RC_NOT_FOUND);
    assert_int_equal(try("1999-12-31T00:00:00Z", 0, "2000-01-31T00:00:00Z", 5), RC_INVALID);
    assert_int_equal(try("9998-12-31T00:00:00Z", 0, "9999-01-01T00:00:01Z", 5), RC_INVALID);
    assert_int_equal(try(a, 0, "2027-04-06T00:00:00+08:00", 5), RC_OK);
    assert_int_equal(try(a, 0, "2027-04-06T00:00:00.001+08:00", 5), RC_TOO_LARGE);
    versions[0].valid_from_at_ms = CALENDAR_FIRST_MS;
    assert_int_equal(try("2000-01-01T00:00:00Z", 0, "2000-01-02T00:00:00Z", 5), RC_OK);
    assert_int_equal(try("9998-12-31T00:00:00Z", 0, "9999-01-01T00:00:00Z", 5), RC_OK);
}

static void test_advance_needs_the_boundary(void **context)
{
    (void)context;
    struct charge_state state = {0};
    struct charge_point from = point("2026-03-31T00:00:00+08:00", 0);
    struct charge_point middle = point("2026-04-01T00:00:00+08:00", 5);
    struct charge_point to = point("2026-04-01T00:00:00.001+08:00", 10);
    int64_t fen = 99;
    assert_int_equal(
        charge_advance(&tariff, CHARGE_BY_TIME, &state, &from, &to, NULL, &state, &fen),
        RC_INVALID);
    assert_int_equal(fen, 99);
    assert_int_equal(
        charge_advance(&tariff, CHARGE_BY_TIME, &state, &from, &middle, NULL, &state, &fen), RC_OK);
    assert_int_equal(
        charge_advance(&tariff, CHARGE_BY_TIME, &state, &middle, &to, NULL, &state, &fen), RC_OK);
    with_rates(); /* by registers a rate change is none */
    from = registers("2026-03-02T00:00:00+08:00", 0, 0);
    to = registers("2026-03-03T00:00:00+08:00", 7, 7);
    assert_int_equal(
        charge_advance(&tariff, CHARGE_BY_TIME, &state, &from, &to, NULL, &state, &fen),
        RC_INVALID);
    assert_int_equal(
        charge_advance(&tariff, CHARGE_BY_REGISTERS, &state, &from, &to, NULL, &state, &fen),
        RC_OK);
}

static void test_overflow(void **context)
{
    (void)context;
    versions[0].price_e4[2][RATE_FLAT] = PRICE_MAX_E4;
    static struct charge_bill bill;
    struct charge_state state = {.period_start_at_ms = utc("2026-03-01T00:00:00+08:00"),
                                 .period_wh = 500000,
                                 .cost_e5 = INT64_MAX - 10};
    struct charge_state out = {.period_wh = 77};
    struct charge_point from = point("2026-03-02T00:00:00+08:00", 0);
    struct charge_point to = point("2026-03-03T00:00:00+08:00", ENERGY_MAX_WH);
    int64_t fen = 99;
    assert_int_equal(charge_advance(&tariff, CHARGE_BY_TIME, &state, &from, &to, NULL, &out, &fen),
                     RC_TOO_LARGE);
    state.cost_e5 = 0;
    state.period_wh = INT64_MAX - 10;
    assert_int_equal(charge_advance(&tariff, CHARGE_BY_TIME, &state, &from, &to, NULL, &out, &fen),
                     RC_TOO_LARGE);
    with_rates();
    state.period_wh = 0;
    state.cost_e5 = INT64_MAX - 10;
    from = registers("2026-03-02T00:00:00+08:00", 0, 0);
    to = registers("2026-03-03T00:00:00+08:00", 1000, 0);
    assert_int_equal(
        charge_advance(&tariff, CHARGE_BY_REGISTERS, &state, &from, &to, NULL, &out, &fen),
        RC_TOO_LARGE);
    assert_int_equal(fen, 99);
    assert_int_equal(out.period_wh, 77);
    /* a bill's line that overflows, and a bill that is full */
    state.cost_e5 = 0;
    charge_bill_open(&bill, &state);
    assert_int_equal(
        charge_advance(&tariff, CHARGE_BY_REGISTERS, &state, &from, &to, &bill, &out, &fen), RC_OK);
    bill.lines[0].energy_wh = INT64_MAX;
    assert_int_equal(
        charge_advance(&tariff, CHARGE_BY_REGISTERS, &out, &from, &to, &bill, &out, &fen),
        RC_TOO_LARGE);
    bill.lines[0].energy_wh = 0;
    bill.lines[0].cost_e5 = INT64_MAX;
    assert_int_equal(
        charge_advance(&tariff, CHARGE_BY_REGISTERS, &out, &from, &to, &bill, &out, &fen),
        RC_TOO_LARGE);
    bill.count = CHARGE_LINES_MAX;
    memset(bill.lines, 0, sizeof(bill.lines));
    assert_int_equal(
        charge_advance(&tariff, CHARGE_BY_REGISTERS, &state, &from, &to, &bill, &out, &fen),
        RC_TOO_LARGE);
    bill.count = CHARGE_LINES_MAX - 1;
    assert_int_equal(
        charge_advance(&tariff, CHARGE_BY_REGISTERS, &state, &from, &to, &bill, &out, &fen), RC_OK);
    assert_int_equal(bill.count, CHARGE_LINES_MAX);
}

static void test_falling_steps(void **context)
{
    (void)context;
    with_steps_and_rates();
    int64_t base[RATE__MAX] = {12000, 10000, 7500, 4000, 2000};
    int64_t more[TARIFF_STEPS_MAX] = {0, -500};
    assert_int_equal(tariff_set_surcharges(&versions[0], base, more), RC_OK);
    struct charge_state state = {0};
    struct charge_point from = registers("2026-03-02T00:00:00+08:00", 0, 0);
    struct charge_point to = registers("2026-03-05T00:00:00+08:00", 150000, 0);
    int64_t fen = 0;
    assert_int_equal(
        charge_interval(&tariff, CHARGE_BY_REGISTERS, &state, &from, &to, NULL, &state, &fen),
        RC_OK);
    assert_int_equal(fen, 15000 - 250);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_steps, set_up),
        cmocka_unit_test_setup(test_period_boundary, set_up),
        cmocka_unit_test_setup(test_rates, set_up),
        cmocka_unit_test_setup(test_price_change, set_up),
        cmocka_unit_test_setup(test_registers, set_up),
        cmocka_unit_test_setup(test_registers_refused, set_up),
        cmocka_unit_test_setup(test_refusals, set_up),
        cmocka_unit_test_setup(test_advance_needs_the_boundary, set_up),
        cmocka_unit_test_setup(test_overflow, set_up),
        cmocka_unit_test_setup(test_falling_steps, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
