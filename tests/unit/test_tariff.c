/* Tariffs: what is taken, which version, step and period holds, and how a meter compares. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/clock.h"
#include "core/rules/money.h"
#include "core/rules/tariff.h"

static const struct calendar_zone china = {.count = 1, .rows = {{0, 480}}};

/* Valley at night, peak by day. */
static const struct calendar day_and_night = {
    .table_count = 1,
    .tables = {{3, {{0, RATE_VALLEY}, {480, RATE_PEAK}, {1320, RATE_VALLEY}}}},
    .season_count = 1,
    .seasons = {{1, 1, {0, 0, 0, 0}}},
};

static int64_t utc(const char *text)
{
    int64_t at_ms = 0;
    assert_int_equal(clock_parse_rfc3339(text, strlen(text), &at_ms), RC_OK);
    return at_ms;
}

static struct tariff_version single(const char *from, int64_t price_e4)
{
    struct tariff_version version = {.valid_from_at_ms = utc(from),
                                     .kind = TARIFF_SINGLE,
                                     .period = {EVERY_MONTH, 0, 1},
                                     .step_count = 1};
    version.price_e4[0][RATE_FLAT] = price_e4;
    return version;
}

static struct tariff_version steps(const char *from)
{
    struct tariff_version version = single(from, 5000);
    version.kind = TARIFF_STEPS;
    version.step_count = 3;
    version.step_from_wh[1] = 200000;
    version.step_from_wh[2] = 400000;
    version.price_e4[1][RATE_FLAT] = 5500;
    version.price_e4[2][RATE_FLAT] = 8000;
    return version;
}

static struct tariff_version rates(const char *from)
{
    struct tariff_version version = single(from, 7000);
    version.kind = TARIFF_RATES;
    version.calendar = &day_and_night;
    version.price_e4[0][RATE_PEAK] = 10000;
    version.price_e4[0][RATE_VALLEY] = 4000;
    return version;
}

static struct tariff_version steps_rates(const char *from)
{
    struct tariff_version version = rates(from);
    version.kind = TARIFF_STEPS_RATES;
    version.step_count = 2;
    version.step_from_wh[1] = 100000;
    int64_t base[RATE__MAX] = {12000, 10000, 7000, 4000, 2000};
    int64_t more[TARIFF_STEPS_MAX] = {0, 500};
    assert_int_equal(tariff_set_surcharges(&version, base, more), RC_OK);
    return version;
}

#define EXPECT(fault, want_row, start, ...)                                                        \
    do {                                                                                           \
        struct tariff_version v = start("2026-01-01T00:00:00+08:00");                              \
        __VA_ARGS__;                                                                               \
        int row = -5;                                                                              \
        assert_int_equal(tariff_version_check(&v, &row), TARIFF_##fault);                          \
        assert_int_equal(row, want_row);                                                           \
    } while (0)

static void test_version_check(void **context)
{
    (void)context;
    EXPECT(FINE, -5, steps, (void)v);
    EXPECT(FINE, -5, rates, (void)v);
    EXPECT(FINE, -5, steps_rates, (void)v);
    EXPECT(BAD_KIND, 0, steps, v.kind = TARIFF_KIND__MAX);
    EXPECT(BAD_KIND, 0, steps, v.kind = (enum tariff_kind) - 1);
    EXPECT(BAD_MOMENT, 0, steps, v.valid_from_at_ms = CALENDAR_FIRST_MS - 1);
    EXPECT(FINE, -5, steps, v.valid_from_at_ms = CALENDAR_FIRST_MS);
    EXPECT(FINE, -5, steps, v.valid_from_at_ms = CALENDAR_LAST_MS);
    EXPECT(BAD_MOMENT, 0, steps, v.valid_from_at_ms = CALENDAR_LAST_MS + 1);
    EXPECT(BAD_PERIOD, 0, steps, v.period.day = 29);
    EXPECT(BAD_STEPS, 0, steps, v.step_count = 0);
    EXPECT(BAD_STEPS, 0, steps, v.step_count = TARIFF_STEPS_MAX + 1);
    EXPECT(BAD_STEPS, 0, steps, v.step_from_wh[0] = 1);
    EXPECT(BAD_STEPS, 2, steps, v.step_from_wh[2] = 200000);
    EXPECT(FINE, -5, steps, v.step_from_wh[2] = 200001);
    EXPECT(BAD_STEPS, 1, steps, v.step_from_wh[1] = 0);
    EXPECT(FINE, -5, steps, v.step_from_wh[2] = ENERGY_MAX_WH);
    EXPECT(BAD_STEPS, 2, steps, v.step_from_wh[2] = ENERGY_MAX_WH + 1);
    EXPECT(FINE, -5, steps, v.step_count = 1);
    EXPECT(BAD_STEPS, 0, rates, v.step_count = 2; v.step_from_wh[1] = 5);
    EXPECT(BAD_PRICE, 2, steps, v.price_e4[2][RATE_FLAT] = -1);
    EXPECT(BAD_PRICE, 1, steps, v.price_e4[1][RATE_DEEP_VALLEY] = PRICE_MAX_E4 + 1);
    EXPECT(FINE, -5, steps, v.price_e4[1][RATE_FLAT] = PRICE_MAX_E4);
    EXPECT(FINE, -5, steps, v.price_e4[0][RATE_FLAT] = 0);
    EXPECT(BAD_PRICE, 0, steps, v.price_e4[0][RATE_SHARP] = -1);
    EXPECT(FINE, -5, steps, v.price_e4[3][RATE_SHARP] = -1); /* beyond the steps */
    EXPECT(BAD_CALENDAR, 0, steps, v.calendar = &day_and_night);
    EXPECT(BAD_CALENDAR, 0, rates, v.calendar = NULL);
    struct calendar broken = day_and_night;
    broken.tables[0].slots[0].minute = 3;
    EXPECT(BAD_CALENDAR, 0, rates, v.calendar = &broken);
    /* The most steps that there may be. */
    struct tariff_version most = steps("2026-01-01T00:00:00+08:00");
    most.step_count = TARIFF_STEPS_MAX;
    for (int i = 0; i < TARIFF_STEPS_MAX; i++) {
        most.step_from_wh[i] = i * 10;
    }
    int row = 0;
    assert_int_equal(tariff_version_check(&most, &row), TARIFF_FINE);
}

static void test_check(void **context)
{
    (void)context;
    struct tariff_version versions[3] = {single("2026-01-01T00:00:00+08:00", 8000),
                                         rates("2026-03-01T00:00:00+08:00"),
                                         steps("2026-05-01T00:00:00+08:00")};
    struct tariff tariff = {.version_count = 3, .versions = versions, .zone = &china};
    int row = -5;
    assert_int_equal(tariff_check(&tariff, &row), TARIFF_FINE);
    assert_int_equal(row, -5);
    versions[2].valid_from_at_ms = versions[1].valid_from_at_ms;
    assert_int_equal(tariff_check(&tariff, &row), TARIFF_BAD_MOMENT);
    assert_int_equal(row, 2);
    versions[2].valid_from_at_ms = versions[1].valid_from_at_ms + 1;
    assert_int_equal(tariff_check(&tariff, &row), TARIFF_FINE);
    versions[1].step_count = 0;
    assert_int_equal(tariff_check(&tariff, &row), TARIFF_BAD_STEPS);
    assert_int_equal(row, 1);
    versions[1].step_count = 1;
    versions[1].valid_from_at_ms = versions[0].valid_from_at_ms;
    assert_int_equal(tariff_check(&tariff, &row), TARIFF_BAD_MOMENT);
    assert_int_equal(row, 1);
    tariff.version_count = 1;
    assert_int_equal(tariff_check(&tariff, &row), TARIFF_FINE);
    versions[0].step_count = 2;
    assert_int_equal(tariff_check(&tariff, &row), TARIFF_BAD_STEPS);
    assert_int_equal(row, 0);
    tariff.version_count = 0;
    assert_int_equal(tariff_check(&tariff, &row), TARIFF_BAD_VERSIONS);
    tariff.version_count = TARIFF_VERSIONS_MAX + 1;
    assert_int_equal(tariff_check(&tariff, &row), TARIFF_BAD_VERSIONS);
    struct calendar_zone nowhere = {.count = 0};
    tariff.zone = &nowhere;
    assert_int_equal(tariff_check(&tariff, &row), TARIFF_BAD_ZONE);
    struct tariff_version many[TARIFF_VERSIONS_MAX];
    for (int i = 0; i < TARIFF_VERSIONS_MAX; i++) {
        many[i] = single("2026-01-01T00:00:00Z", 1);
        many[i].valid_from_at_ms += i;
    }
    tariff =
        (struct tariff){.version_count = TARIFF_VERSIONS_MAX, .versions = many, .zone = &china};
    assert_int_equal(tariff_check(&tariff, &row), TARIFF_FINE);
}

static void test_surcharges(void **context)
{
    (void)context;
    struct tariff_version version = steps_rates("2026-01-01T00:00:00+08:00");
    assert_int_equal(version.price_e4[0][RATE_PEAK], 10000);
    assert_int_equal(version.price_e4[1][RATE_PEAK], 10500);
    assert_int_equal(version.price_e4[1][RATE_DEEP_VALLEY], 2500);
    assert_int_equal(version.price_e4[2][RATE_PEAK], 0);
    assert_true(tariff_is_separable(&version));
    struct tariff_version before = version;
    int64_t base[RATE__MAX] = {PRICE_MAX_E4, 1, 1, 1, 1};
    int64_t more[TARIFF_STEPS_MAX] = {0, 1};
    assert_int_equal(tariff_set_surcharges(&version, base, more), RC_INVALID);
    base[RATE_SHARP] = INT64_MAX;
    assert_int_equal(tariff_set_surcharges(&version, base, more), RC_INVALID);
    more[0] = 1;
    assert_int_equal(tariff_set_surcharges(&version, base, more), RC_INVALID);
    more[0] = 0;
    base[RATE_SHARP] = 5;
    more[1] = -2;
    assert_int_equal(tariff_set_surcharges(&version, base, more), RC_INVALID);
    assert_memory_equal(&version, &before, sizeof(version)); /* untouched */
    more[1] = -1;                                            /* a step may be cheaper */
    assert_int_equal(tariff_set_surcharges(&version, base, more), RC_OK);
    assert_int_equal(version.price_e4[1][RATE_PEAK], 0);
    base[RATE_SHARP] = PRICE_MAX_E4;
    more[1] = 0;
    assert_int_equal(tariff_set_surcharges(&version, base, more), RC_OK);
    version.price_e4[1][RATE_DEEP_VALLEY]++;
    assert_false(tariff_is_separable(&version));
    version.price_e4[1][RATE_DEEP_VALLEY]--;
    version.price_e4[1][RATE_SHARP]--;
    assert_false(tariff_is_separable(&version));
    version.step_count = 1;
    assert_true(tariff_is_separable(&version));
}

static void test_lookups(void **context)
{
    (void)context;
    struct tariff_version versions[2] = {steps("2026-01-01T00:00:00+08:00"),
                                         rates("2026-03-01T00:00:00+08:00")};
    struct tariff tariff = {.version_count = 2, .versions = versions, .zone = &china};
    int index = 9;
    assert_int_equal(tariff_version_at(&tariff, versions[0].valid_from_at_ms - 1, &index),
                     RC_NOT_FOUND);
    assert_int_equal(index, 9);
    assert_int_equal(tariff_version_at(&tariff, versions[0].valid_from_at_ms, &index), RC_OK);
    assert_int_equal(index, 0);
    assert_int_equal(tariff_version_at(&tariff, versions[1].valid_from_at_ms - 1, &index), RC_OK);
    assert_int_equal(index, 0);
    assert_int_equal(tariff_version_at(&tariff, versions[1].valid_from_at_ms, &index), RC_OK);
    assert_int_equal(index, 1);
    assert_int_equal(tariff_step_of(&versions[0], 0), 0);
    assert_int_equal(tariff_step_of(&versions[0], 199999), 0);
    assert_int_equal(tariff_step_of(&versions[0], 200000), 1);
    assert_int_equal(tariff_step_of(&versions[0], 399999), 1);
    assert_int_equal(tariff_step_of(&versions[0], 400000), 2);
    assert_int_equal(tariff_step_of(&versions[0], INT64_MAX), 2);
    assert_int_equal(tariff_price_e4(&versions[0], 1, RATE_SHARP), 5500); /* no rates: one column */
    assert_int_equal(tariff_price_e4(&versions[1], 0, RATE_PEAK), 10000);
    assert_int_equal(tariff_price_e4(&versions[1], 0, RATE_FLAT), 7000);
    int64_t noon = utc("2026-03-10T12:00:00+08:00");
    assert_int_equal(tariff_rate_at(&tariff, &versions[0], noon), RATE_FLAT);
    assert_int_equal(tariff_rate_at(&tariff, &versions[1], noon), RATE_PEAK);
}

static void expect_period(const struct tariff *tariff, const char *at, const char *want)
{
    int64_t start_ms = 0;
    assert_int_equal(tariff_period_start(tariff, utc(at), &start_ms), RC_OK);
    assert_int_equal(start_ms, utc(want));
}

static void test_periods(void **context)
{
    (void)context;
    struct tariff_version versions[4] = {
        single("2026-01-10T00:00:00+08:00", 1), single("2026-03-10T00:00:00+08:00", 2),
        single("2026-05-10T00:00:00+08:00", 3), single("2026-07-10T00:00:00+08:00", 4)};
    versions[2].period = (struct calendar_period){EVERY_YEAR, 1, 1};
    versions[3].period = (struct calendar_period){EVERY_YEAR, 1, 1};
    struct tariff tariff = {.version_count = 4, .versions = versions, .zone = &china};
    int64_t start_ms = 7;
    assert_int_equal(tariff_period_start(&tariff, utc("2026-01-09T00:00:00+08:00"), &start_ms),
                     RC_NOT_FOUND);
    assert_int_equal(start_ms, 7);
    /* the first version: its period may have begun before it */
    expect_period(&tariff, "2026-01-20T00:00:00+08:00", "2026-01-01T00:00:00+08:00");
    expect_period(&tariff, "2026-02-20T00:00:00+08:00", "2026-02-01T00:00:00+08:00");
    /* a new price in the middle of a month does not begin a period */
    expect_period(&tariff, "2026-03-20T00:00:00+08:00", "2026-03-01T00:00:00+08:00");
    /* yearly steps from here: the period begins with the version */
    expect_period(&tariff, "2026-05-09T23:59:59+08:00", "2026-05-01T00:00:00+08:00");
    expect_period(&tariff, "2026-05-10T00:00:00+08:00", "2026-05-10T00:00:00+08:00");
    expect_period(&tariff, "2026-12-31T23:00:00+08:00", "2026-05-10T00:00:00+08:00");
    expect_period(&tariff, "2027-01-01T00:00:00+08:00", "2027-01-01T00:00:00+08:00");
    versions[3].period.month = 3;
    expect_period(&tariff, "2026-07-11T00:00:00+08:00", "2026-07-10T00:00:00+08:00");
    versions[3].period.month = 1;
    versions[3].period.day = 2;
    expect_period(&tariff, "2026-07-11T00:00:00+08:00", "2026-07-10T00:00:00+08:00");
    /* the month of a monthly period means nothing */
    versions[1].period.month = 9;
    expect_period(&tariff, "2026-03-20T00:00:00+08:00", "2026-03-01T00:00:00+08:00");
}

/* The second version already counts otherwise. */
static void test_period_of_second_version(void **context)
{
    (void)context;
    struct tariff_version versions[2] = {single("2026-01-10T00:00:00+08:00", 1),
                                         single("2026-03-10T00:00:00+08:00", 2)};
    versions[1].period.day = 5;
    struct tariff tariff = {.version_count = 2, .versions = versions, .zone = &china};
    expect_period(&tariff, "2026-03-20T00:00:00+08:00", "2026-03-10T00:00:00+08:00");
    expect_period(&tariff, "2026-04-04T00:00:00+08:00", "2026-03-10T00:00:00+08:00");
    expect_period(&tariff, "2026-04-05T00:00:00+08:00", "2026-04-05T00:00:00+08:00");
}

static void expect_boundary(const struct tariff *tariff, bool changes, const char *at,
                            const char *until, const char *want)
{
    assert_int_equal(tariff_next_boundary(tariff, changes, utc(at), utc(until)), utc(want));
}

static void test_boundaries(void **context)
{
    (void)context;
    struct tariff_version versions[2] = {single("2026-01-10T00:00:00+08:00", 1),
                                         rates("2026-03-10T12:00:00+08:00")};
    struct tariff tariff = {.version_count = 2, .versions = versions, .zone = &china};
    expect_boundary(&tariff, true, "2026-01-20T00:00:00+08:00", "2026-12-01T00:00:00+08:00",
                    "2026-02-01T00:00:00+08:00");
    expect_boundary(&tariff, true, "2026-02-01T00:00:00+08:00", "2026-02-15T00:00:00+08:00",
                    "2026-02-15T00:00:00+08:00");
    expect_boundary(&tariff, true, "2026-03-05T00:00:00+08:00", "2026-12-01T00:00:00+08:00",
                    "2026-03-10T12:00:00+08:00");
    expect_boundary(&tariff, true, "2026-03-10T12:00:00+08:00", "2026-12-01T00:00:00+08:00",
                    "2026-03-10T22:00:00+08:00");
    expect_boundary(&tariff, false, "2026-03-10T12:00:00+08:00", "2026-12-01T00:00:00+08:00",
                    "2026-04-01T00:00:00+08:00");
    expect_boundary(&tariff, true, "2026-03-31T23:00:00+08:00", "2026-12-01T00:00:00+08:00",
                    "2026-04-01T00:00:00+08:00");
    tariff.version_count = 1;
    expect_boundary(&tariff, true, "2026-03-05T00:00:00+08:00", "2026-12-01T00:00:00+08:00",
                    "2026-04-01T00:00:00+08:00");
}

static void test_meter(void **context)
{
    (void)context;
    const char *from = "2026-01-01T00:00:00+08:00";
    struct calendar same = day_and_night;
    struct calendar other = day_and_night;
    other.tables[0].slots[1].minute = 540;
    int64_t prices[RATE__MAX] = {1, 10000, 2, 4000, 3}; /* only peak and valley are in use */
    struct tariff_version version = rates(from);
    assert_int_equal(tariff_meter_compare(&version, &same, prices), TARIFF_METER_SAME);
    assert_true(tariff_registers_usable(&version, TARIFF_METER_SAME));
    assert_true(tariff_registers_usable(&version, TARIFF_METER_PRICES));
    assert_false(tariff_registers_usable(&version, TARIFF_METER_TIMES));
    prices[RATE_VALLEY] = 4001;
    assert_int_equal(tariff_meter_compare(&version, &same, prices), TARIFF_METER_PRICES);
    prices[RATE_VALLEY] = 4000;
    prices[RATE_PEAK] = 9999;
    assert_int_equal(tariff_meter_compare(&version, &same, prices), TARIFF_METER_PRICES);
    prices[RATE_PEAK] = 10000;
    assert_int_equal(tariff_meter_compare(&version, &other, prices), TARIFF_METER_TIMES);
    assert_int_equal(tariff_meter_compare(&version, NULL, prices), TARIFF_METER_TIMES);

    struct calendar sharp = day_and_night;
    sharp.tables[0].slots[1].rate = RATE_SHARP;
    version.calendar = &sharp;
    version.price_e4[0][RATE_SHARP] = 12000;
    assert_int_equal(tariff_meter_compare(&version, &sharp, prices), TARIFF_METER_PRICES);
    prices[RATE_SHARP] = 12000;
    assert_int_equal(tariff_meter_compare(&version, &sharp, prices), TARIFF_METER_SAME);

    version = steps_rates(from);
    assert_int_equal(tariff_meter_compare(&version, &same, prices), TARIFF_METER_STEPS);
    assert_int_equal(tariff_meter_compare(&version, &other, prices), TARIFF_METER_STEPS_TIMES);
    assert_true(tariff_registers_usable(&version, TARIFF_METER_STEPS));
    assert_false(tariff_registers_usable(&version, TARIFF_METER_STEPS_TIMES));
    version.price_e4[1][RATE_PEAK]++;
    assert_false(tariff_registers_usable(&version, TARIFF_METER_STEPS));

    version = steps(from);
    assert_int_equal(tariff_meter_compare(&version, NULL, prices), TARIFF_METER_STEPS);
    assert_false(tariff_registers_usable(&version, TARIFF_METER_STEPS)); /* the total will do */

    version = single(from, 8000);
    int64_t one[RATE__MAX] = {8000, 8000, 8000, 8000, 0};
    assert_int_equal(tariff_meter_compare(&version, NULL, one), TARIFF_METER_SAME);
    assert_false(tariff_registers_usable(&version, TARIFF_METER_SAME));
    one[RATE_SHARP] = 7999;
    assert_int_equal(tariff_meter_compare(&version, NULL, one), TARIFF_METER_PRICES);
    assert_int_equal(tariff_meter_compare(&version, &same, one),
                     TARIFF_METER_SAME); /* never used */
    one[RATE_PEAK] = 7999;
    assert_int_equal(tariff_meter_compare(&version, &same, one), TARIFF_METER_PRICES);
}

static void test_names(void **context)
{
    (void)context;
    static const char *const names[] = {"single", "rates", "steps", "steps_rates"};
    for (int i = 0; i < TARIFF_KIND__MAX; i++) {
        enum tariff_kind kind = TARIFF_KIND__MAX;
        assert_string_equal(tariff_kind_name((enum tariff_kind)i), names[i]);
        assert_int_equal(tariff_kind_find(names[i], &kind), RC_OK);
        assert_int_equal(kind, i);
        assert_int_equal(tariff_kind_has_rates(kind), i == 1 || i == 3);
        assert_int_equal(tariff_kind_has_steps(kind), i == 2 || i == 3);
    }
    enum tariff_kind kind = TARIFF_STEPS;
    assert_int_equal(tariff_kind_find("flat", &kind), RC_NOT_FOUND);
    assert_int_equal(kind, TARIFF_STEPS);
    static const char *const faults[] = {"fine",         "bad_kind",  "bad_moment",
                                         "bad_period",   "bad_steps", "bad_price",
                                         "bad_calendar", "bad_zone",  "bad_versions"};
    assert_int_equal(ARRAY_LEN(faults), TARIFF_FAULT__MAX);
    for (int i = 0; i < TARIFF_FAULT__MAX; i++) {
        assert_string_equal(tariff_fault_code((enum tariff_fault)i), faults[i]);
    }
    static const char *const meters[] = {"same", "prices", "times", "steps", "steps_times"};
    assert_int_equal(ARRAY_LEN(meters), TARIFF_METER__MAX);
    for (int i = 0; i < TARIFF_METER__MAX; i++) {
        assert_string_equal(tariff_meter_code((enum tariff_meter)i), meters[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_version_check), cmocka_unit_test(test_check),
        cmocka_unit_test(test_surcharges),    cmocka_unit_test(test_lookups),
        cmocka_unit_test(test_periods),       cmocka_unit_test(test_period_of_second_version),
        cmocka_unit_test(test_boundaries),    cmocka_unit_test(test_meter),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
