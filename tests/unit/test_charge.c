/* Charges by hand-made figures; the random half is tests/reference. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/clock.h"
#include "core/rules/charge.h"
#include "core/rules/money.h"

static const struct calendar_zone china = {.count = 1, .rows = {{0, 480}}};

/* Valley to 08:00, peak to 20:00, valley. */
static const struct calendar day_and_night = {
    .table_count = 1,
    .tables = {{3, {{0, RATE_VALLEY}, {480, RATE_PEAK}, {1200, RATE_VALLEY}}}},
    .season_count = 1,
    .seasons = {{1, 1, {0, 0, 0, 0}}},
};

static struct tariff_version versions[2];
static struct tariff tariff;

static int64_t utc(const char *text)
{
    int64_t at_ms = 0;
    assert_int_equal(clock_parse_rfc3339(text, strlen(text), &at_ms), RC_OK);
    return at_ms;
}

/* One version from 2026-01-01: 0.50, above 200 kWh a month 0.55, above 400 kWh 0.80. */
static int set_up(void **context)
{
    (void)context;
    memset(versions, 0, sizeof(versions));
    versions[0] = (struct tariff_version){.valid_from_at_ms = utc("2026-01-01T00:00:00+08:00"),
                                          .kind = TARIFF_STEPS,
                                          .period = {EVERY_MONTH, 0, 1},
                                          .step_count = 3,
                                          .step_from_wh = {0, 200000, 400000}};
    versions[0].price_e4[0][RATE_FLAT] = 5000;
    versions[0].price_e4[1][RATE_FLAT] = 5500;
    versions[0].price_e4[2][RATE_FLAT] = 8000;
    tariff = (struct tariff){.version_count = 1, .versions = versions, .zone = &china};
    return 0;
}

static void with_rates(void)
{
    versions[0].kind = TARIFF_RATES;
    versions[0].step_count = 1;
    versions[0].calendar = &day_and_night;
    int64_t prices[RATE__MAX] = {12000, 10000, 7500, 4000, 2000};
    memcpy(versions[0].price_e4[0], prices, sizeof(prices));
}

static void with_steps_and_rates(void)
{
    with_rates();
    versions[0].kind = TARIFF_STEPS_RATES;
    versions[0].step_count = 2;
    versions[0].step_from_wh[1] = 100000;
    int64_t base[RATE__MAX] = {12000, 10000, 7500, 4000, 2000};
    int64_t more[TARIFF_STEPS_MAX] = {0, 500};
    assert_int_equal(tariff_set_surcharges(&versions[0], base, more), RC_OK);
}

static struct charge_point point(const char *at, int64_t total_wh)
{
    return (struct charge_point){.at_ms = utc(at), .total_wh = total_wh};
}

static int64_t charge(struct charge_state *state, const char *at, int64_t from_wh,
                      const char *until, int64_t to_wh)
{
    struct charge_point from = point(at, from_wh);
    struct charge_point to = point(until, to_wh);
    int64_t fen = -1;
    assert_int_equal(charge_interval(&tariff, CHARGE_BY_TIME, state, &from, &to, NULL, state, &fen),
                     RC_OK);
    return fen;
}

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
        cmocka_unit_test_setup(test_steps, set_up),
        cmocka_unit_test_setup(test_period_boundary, set_up),
        cmocka_unit_test_setup(test_rates, set_up),
        cmocka_unit_test_setup(test_price_change, set_up),
        cmocka_unit_test_setup(test_registers, set_up),
        cmocka_unit_test_setup(test_registers_refused, set_up),
        cmocka_unit_test_setup(test_refusals, set_up),
        cmocka_unit_test_setup(test_advance_needs_the_boundary, set_up),
        cmocka_unit_test_setup(test_overflow, set_up),
        cmocka_unit_test_setup(test_bill, set_up),
        cmocka_unit_test_setup(test_bill_carries_rests, set_up),
        cmocka_unit_test_setup(test_falling_steps, set_up),
        cmocka_unit_test_setup(test_quote, set_up),
        cmocka_unit_test_setup(test_quote_free, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
