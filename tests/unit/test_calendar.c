/* Calendars: slots, seasons, day types, a clock that is put forward and back, billing periods. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/clock.h"
#include "core/rules/calendar.h"

#define HOUR_MS INT64_C(3600000)

static const struct calendar_zone china = {.count = 1, .rows = {{0, 480}}};
/* Berlin in 2026: forward on 03-29 and back on 10-25, both at 01:00 UTC. */
static struct calendar_zone berlin;

static int64_t utc(const char *text)
{
    int64_t at_ms = 0;
    assert_int_equal(clock_parse_rfc3339(text, strlen(text), &at_ms), RC_OK);
    return at_ms;
}

static int set_up(void **context)
{
    (void)context;
    berlin.count = 3;
    berlin.rows[0] = (struct calendar_offset){0, 60};
    berlin.rows[1] = (struct calendar_offset){utc("2026-03-29T01:00:00Z"), 120};
    berlin.rows[2] = (struct calendar_offset){utc("2026-10-25T01:00:00Z"), 60};
    return 0;
}

/* Workdays: valley to 08:00, peak to 12:00, flat to 22:00, valley. Rest days (type 1): flat, and on
   holidays (type 2) deep valley. Summer (from 07-01 to 08-31) has sharp instead of peak. */
static struct calendar park(void)
{
    return (struct calendar){
        .table_count = 4,
        .tables = {{4, {{0, RATE_VALLEY}, {480, RATE_PEAK}, {720, RATE_FLAT}, {1320, RATE_VALLEY}}},
                   {1, {{0, RATE_FLAT}}},
                   {1, {{0, RATE_DEEP_VALLEY}}},
                   {3, {{0, RATE_VALLEY}, {480, RATE_SHARP}, {720, RATE_FLAT}}}},
        .season_count = 2,
        .seasons = {{7, 1, {3, 1, 2, 1}}, {9, 1, {0, 1, 2, 1}}},
        .date_count = 2,
        .dates = {{2026, 5, 1, 2}, {2026, 5, 9, 0}}, /* a holiday, and a Saturday that works */
        .weekday_type = {1, 0, 0, 0, 0, 0, 1},
    };
}

static void test_local(void **context)
{
    (void)context;
    assert_int_equal(calendar_local_ms(&china, utc("2026-05-01T16:00:00Z")),
                     utc("2026-05-02T00:00:00Z"));
    assert_int_equal(calendar_local_ms(&berlin, utc("2026-03-29T00:59:59Z")),
                     utc("2026-03-29T01:59:59Z"));
    assert_int_equal(calendar_local_ms(&berlin, utc("2026-03-29T01:00:00Z")),
                     utc("2026-03-29T03:00:00Z"));
    assert_int_equal(calendar_local_ms(&berlin, utc("2026-10-25T01:00:00Z")),
                     utc("2026-10-25T02:00:00Z"));
    /* and back: the first instant at which the clock shows it or more */
    assert_int_equal(calendar_utc_ms(&china, utc("2026-05-02T00:00:00Z")),
                     utc("2026-05-01T16:00:00Z"));
    assert_int_equal(calendar_utc_ms(&berlin, utc("2026-03-29T01:59:00Z")),
                     utc("2026-03-29T00:59:00Z"));
    assert_int_equal(calendar_utc_ms(&berlin, utc("2026-03-29T02:00:00Z")),
                     utc("2026-03-29T01:00:00Z"));
    assert_int_equal(calendar_utc_ms(&berlin, utc("2026-03-29T02:30:00Z")), /* does not exist */
                     utc("2026-03-29T01:00:00Z"));
    assert_int_equal(calendar_utc_ms(&berlin, utc("2026-03-29T03:00:00Z")),
                     utc("2026-03-29T01:00:00Z"));
    assert_int_equal(calendar_utc_ms(&berlin, utc("2026-03-29T03:30:00Z")),
                     utc("2026-03-29T01:30:00Z"));
    assert_int_equal(calendar_utc_ms(&berlin, utc("2026-10-25T02:30:00Z")), /* exists twice */
                     utc("2026-10-25T00:30:00Z"));
    assert_int_equal(calendar_utc_ms(&berlin, utc("2026-10-25T03:00:00Z")),
                     utc("2026-10-25T02:00:00Z"));
}

static void expect_rate(const char *at, enum rate want)
{
    struct calendar calendar = park();
    enum rate got = calendar_rate_at(&calendar, &china, utc(at));
    if (got != want) {
        fail_msg("%s: %s, not %s", at, rate_name(got), rate_name(want));
    }
}

static void test_rates(void **context)
{
    (void)context;
    expect_rate("2026-04-08T00:00:00+08:00", RATE_VALLEY); /* a Wednesday */
    expect_rate("2026-04-08T07:59:59.999+08:00", RATE_VALLEY);
    expect_rate("2026-04-08T08:00:00+08:00", RATE_PEAK);
    expect_rate("2026-04-08T11:59:59.999+08:00", RATE_PEAK);
    expect_rate("2026-04-08T12:00:00+08:00", RATE_FLAT);
    expect_rate("2026-04-08T22:00:00+08:00", RATE_VALLEY);
    expect_rate("2026-04-08T23:59:59+08:00", RATE_VALLEY);
    expect_rate("2026-04-11T09:00:00+08:00", RATE_FLAT);        /* Saturday */
    expect_rate("2026-04-12T09:00:00+08:00", RATE_FLAT);        /* Sunday */
    expect_rate("2026-05-01T09:00:00+08:00", RATE_DEEP_VALLEY); /* holiday, a Friday */
    expect_rate("2027-05-01T09:00:00+08:00", RATE_FLAT);        /* another year: a Saturday */
    expect_rate("2026-06-01T09:00:00+08:00", RATE_PEAK);        /* same day, another month */
    expect_rate("2026-05-09T09:00:00+08:00", RATE_PEAK);        /* the Saturday that works */
    expect_rate("2026-05-08T09:00:00+08:00", RATE_PEAK);
    expect_rate("2026-06-30T09:00:00+08:00", RATE_PEAK);
    expect_rate("2026-07-01T09:00:00+08:00", RATE_SHARP);
    expect_rate("2026-08-31T09:00:00+08:00", RATE_SHARP);
    expect_rate("2026-09-01T09:00:00+08:00", RATE_PEAK);
    expect_rate("2026-01-05T09:00:00+08:00", RATE_PEAK); /* before the first season: the last one */
    expect_rate("2026-08-05T23:00:00+08:00", RATE_FLAT);
}

static void expect_next(const struct calendar_zone *zone, const char *at, const char *until,
                        const char *want)
{
    struct calendar calendar = park();
    assert_int_equal(calendar_next_rate(&calendar, zone, utc(at), utc(until)), utc(want));
}

static void test_next_rate(void **context)
{
    (void)context;
    expect_next(&china, "2026-04-08T08:00:00+08:00", "2026-04-20T00:00:00+08:00",
                "2026-04-08T12:00:00+08:00");
    expect_next(&china, "2026-04-08T11:59:59.999+08:00", "2026-04-20T00:00:00+08:00",
                "2026-04-08T12:00:00+08:00");
    /* valley to valley over midnight is no change */
    expect_next(&china, "2026-04-08T22:30:17+08:00", "2026-04-20T00:00:00+08:00",
                "2026-04-09T08:00:00+08:00");
    /* Friday's valley ends at midnight, then two flat days, then valley on Monday */
    expect_next(&china, "2026-04-10T22:00:00+08:00", "2026-04-20T00:00:00+08:00",
                "2026-04-11T00:00:00+08:00");
    expect_next(&china, "2026-04-11T00:00:00+08:00", "2026-04-20T00:00:00+08:00",
                "2026-04-13T00:00:00+08:00");
    expect_next(&china, "2026-04-11T00:00:00+08:00", "2026-04-12T00:00:00+08:00",
                "2026-04-12T00:00:00+08:00");
    expect_next(&china, "2026-04-08T08:00:00+08:00", "2026-04-08T12:00:00+08:00",
                "2026-04-08T12:00:00+08:00");
    /* 01:59 local is followed by 03:00: still valley, to 08:00 local of an hour less */
    expect_next(&berlin, "2026-03-30T00:00:00Z", "2026-04-20T00:00:00Z", "2026-03-30T06:00:00Z");
    expect_next(&berlin, "2026-03-27T00:00:00Z", "2026-04-20T00:00:00Z", "2026-03-27T07:00:00Z");
}

static void test_clock_changes_inside_a_slot(void **context)
{
    (void)context;
    /* A slot from 02:00 to 03:00 does not exist on 03-29 and exists twice on 10-25. */
    struct calendar calendar = {
        .table_count = 1,
        .tables = {{3, {{0, RATE_VALLEY}, {120, RATE_PEAK}, {180, RATE_FLAT}}}},
        .season_count = 1,
        .seasons = {{1, 1, {0, 0, 0, 0}}},
    };
    int64_t end = utc("2026-12-01T00:00:00Z");
    assert_int_equal(calendar_next_rate(&calendar, &berlin, utc("2026-03-29T00:00:00Z"), end),
                     utc("2026-03-29T01:00:00Z"));
    assert_int_equal(calendar_rate_at(&calendar, &berlin, utc("2026-03-29T01:00:00Z")), RATE_FLAT);
    assert_int_equal(calendar_rate_at(&calendar, &berlin, utc("2026-10-25T00:30:00Z")), RATE_PEAK);
    assert_int_equal(calendar_rate_at(&calendar, &berlin, utc("2026-10-25T01:30:00Z")), RATE_PEAK);
    assert_int_equal(calendar_next_rate(&calendar, &berlin, utc("2026-10-25T00:00:00Z"), end),
                     utc("2026-10-25T02:00:00Z"));
}

static void test_equal(void **context)
{
    (void)context;
    struct calendar a = park();
    struct calendar b = park();
    assert_true(calendar_equal(&a, &b));
    /* the same times said with more words */
    b.tables[1] = (struct calendar_table){2, {{0, RATE_FLAT}, {600, RATE_FLAT}}};
    b.season_count = 3;
    b.seasons[2] = b.seasons[1];
    b.seasons[2].month = 11;
    b.date_count = 3;
    b.dates[2] = (struct calendar_date){2026, 6, 6, 1}; /* a Saturday that rests anyway */
    assert_true(calendar_equal(&a, &b));
    assert_true(calendar_equal(&b, &a));
    b.dates[2] = (struct calendar_date){2026, 6, 5, 1}; /* a Friday */
    assert_false(calendar_equal(&a, &b));
    assert_false(calendar_equal(&b, &a));
    b = park();
    b.tables[0].slots[1].minute = 481;
    assert_false(calendar_equal(&a, &b));
    assert_false(calendar_equal(&b, &a));
    b = park();
    b.tables[0].count = 3; /* the last valley is missing */
    assert_false(calendar_equal(&a, &b));
    assert_false(calendar_equal(&b, &a));
    b = park();
    b.seasons[1].day = 2;
    assert_false(calendar_equal(&a, &b));
    b = park();
    b.seasons[1] = (struct calendar_season){12, 31, {0, 1, 2, 1}};
    a.seasons[1] = (struct calendar_season){12, 30, {0, 1, 2, 1}};
    assert_false(calendar_equal(&a, &b));
    a = park();
    a.seasons[0] = (struct calendar_season){1, 1, {3, 1, 2, 1}};
    b = a;
    b.seasons[0].day = 2;
    assert_false(calendar_equal(&a, &b));
    b = park();
    a = park();
    b.weekday_type[6] = 0;
    assert_false(calendar_equal(&a, &b));
    b = park();
    b.weekday_type[0] = 0;
    assert_false(calendar_equal(&a, &b));
    b = park();
    b.date_count = 1;
    assert_false(calendar_equal(&a, &b));
    assert_false(calendar_equal(&b, &a));
    b = park();
    b.dates[0] = (struct calendar_date){2026, 5, 2, 1}; /* rests anyway: only a names 05-01 */
    assert_false(calendar_equal(&a, &b));
    assert_false(calendar_equal(&b, &a));
}

/* One more slot, first or last, and nothing else that differs: seen from both sides. */
static void test_equal_slots(void **context)
{
    (void)context;
    struct calendar a = park();
    a.date_count = 0;
    struct calendar b = a;
    b.tables[0].count = 3;
    assert_false(calendar_equal(&a, &b));
    assert_false(calendar_equal(&b, &a));
    b = a;
    b.tables[0].slots[0].rate = RATE_FLAT;
    assert_false(calendar_equal(&a, &b));
    /* 12-31 alone differs */
    a.season_count = 2;
    a.seasons[0] = (struct calendar_season){1, 1, {0, 1, 2, 1}};
    a.seasons[1] = (struct calendar_season){12, 31, {3, 1, 2, 1}};
    b = a;
    b.season_count = 1;
    assert_false(calendar_equal(&a, &b));
    assert_false(calendar_equal(&b, &a));
}

static void test_uses(void **context)
{
    (void)context;
    struct calendar calendar = park();
    for (int i = 0; i < RATE__MAX; i++) {
        assert_true(calendar_uses(&calendar, (enum rate)i));
    }
    calendar.table_count = 3;
    assert_false(calendar_uses(&calendar, RATE_SHARP));
    calendar.tables[0].count = 3;
    assert_true(calendar_uses(&calendar, RATE_FLAT));
    calendar.table_count = 1;
    calendar.tables[0].count = 2;
    assert_false(calendar_uses(&calendar, RATE_FLAT));
    assert_true(calendar_uses(&calendar, RATE_PEAK));
}

static void expect_period(struct calendar_period period, const struct calendar_zone *zone,
                          const char *at, const char *start, const char *next)
{
    assert_true(calendar_period_valid(&period));
    assert_int_equal(calendar_period_start(&period, zone, utc(at)), utc(start));
    assert_int_equal(calendar_period_next(&period, zone, utc(at)), utc(next));
}

static void test_periods(void **context)
{
    (void)context;
    struct calendar_period month = {EVERY_MONTH, 0, 1};
    expect_period(month, &china, "2026-02-14T12:00:00+08:00", "2026-02-01T00:00:00+08:00",
                  "2026-03-01T00:00:00+08:00");
    expect_period(month, &china, "2026-02-01T00:00:00+08:00", "2026-02-01T00:00:00+08:00",
                  "2026-03-01T00:00:00+08:00");
    expect_period(month, &china, "2026-01-31T23:59:59.999+08:00", "2026-01-01T00:00:00+08:00",
                  "2026-02-01T00:00:00+08:00");
    expect_period(month, &china, "2026-12-31T12:00:00+08:00", "2026-12-01T00:00:00+08:00",
                  "2027-01-01T00:00:00+08:00");
    struct calendar_period late = {EVERY_MONTH, 0, 26};
    expect_period(late, &china, "2026-01-25T23:59:59+08:00", "2025-12-26T00:00:00+08:00",
                  "2026-01-26T00:00:00+08:00");
    expect_period(late, &china, "2026-01-26T00:00:00+08:00", "2026-01-26T00:00:00+08:00",
                  "2026-02-26T00:00:00+08:00");
    struct calendar_period year = {EVERY_YEAR, 1, 1};
    expect_period(year, &china, "2026-06-14T12:00:00+08:00", "2026-01-01T00:00:00+08:00",
                  "2027-01-01T00:00:00+08:00");
    expect_period(year, &china, "2026-12-31T23:59:59+08:00", "2026-01-01T00:00:00+08:00",
                  "2027-01-01T00:00:00+08:00");
    struct calendar_period summer = {EVERY_YEAR, 6, 15};
    expect_period(summer, &china, "2026-06-14T23:00:00+08:00", "2025-06-15T00:00:00+08:00",
                  "2026-06-15T00:00:00+08:00");
    expect_period(summer, &china, "2026-06-15T00:00:00+08:00", "2026-06-15T00:00:00+08:00",
                  "2027-06-15T00:00:00+08:00");
    expect_period(summer, &china, "2026-05-20T00:00:00+08:00", "2025-06-15T00:00:00+08:00",
                  "2026-06-15T00:00:00+08:00");
    expect_period(month, &berlin, "2026-04-10T00:00:00Z", "2026-03-31T22:00:00Z",
                  "2026-04-30T22:00:00Z");
}

/* A clock put back over midnight: the first of the month begins once, at its first midnight. */
static void test_period_begins_once(void **context)
{
    (void)context;
    struct calendar_zone zone = {.count = 2, .rows = {{0, 60}, {utc("2026-10-31T23:30:00Z"), 0}}};
    struct calendar_period month = {EVERY_MONTH, 0, 1};
    int64_t begin_ms =
        utc("2026-10-31T23:00:00Z"); /* 00:00 local, half an hour before 23:30 again */
    for (int64_t at_ms = begin_ms; at_ms < begin_ms + 3 * HOUR_MS; at_ms += 60000) {
        assert_int_equal(calendar_period_start(&month, &zone, at_ms), begin_ms);
        assert_int_equal(calendar_period_next(&month, &zone, at_ms), utc("2026-12-01T00:00:00Z"));
    }
    assert_int_equal(calendar_period_next(&month, &zone, begin_ms - 1), begin_ms);
    struct calendar_period year = {EVERY_YEAR, 11, 1};
    for (int64_t at_ms = begin_ms; at_ms < begin_ms + 3 * HOUR_MS; at_ms += 60000) {
        assert_int_equal(calendar_period_start(&year, &zone, at_ms), begin_ms);
    }
    assert_int_equal(calendar_period_next(&year, &zone, begin_ms - 1), begin_ms);
}

static void test_period_valid(void **context)
{
    (void)context;
    static const struct {
        struct calendar_period period;
        bool want;
    } rows[] = {
        {{EVERY_MONTH, 0, 1}, true},
        {{EVERY_MONTH, 0, 28}, true},
        {{EVERY_MONTH, 0, 29}, false},
        {{EVERY_MONTH, 0, 0}, false},
        {{EVERY_MONTH, 13, 1}, true},
        {{EVERY_YEAR, 1, 1}, true},
        {{EVERY_YEAR, 12, 28}, true},
        {{EVERY_YEAR, 0, 1}, false},
        {{EVERY_YEAR, 13, 1}, false},
        {{EVERY_YEAR, 6, 29}, false},
        {{(enum calendar_every)7, 1, 1}, false},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        assert_int_equal(calendar_period_valid(&rows[i].period), rows[i].want);
    }
}

static void expect_fault(struct calendar calendar, enum calendar_fault want, int want_row)
{
    int row = -5;
    assert_int_equal(calendar_check(&calendar, &row), want);
    assert_int_equal(row, want_row);
}

#define SPOIL(fault, row, ...)                                                                     \
    do {                                                                                           \
        struct calendar c = park();                                                                \
        __VA_ARGS__;                                                                               \
        expect_fault(c, CALENDAR_##fault, row);                                                    \
    } while (0)

static void test_check(void **context)
{
    (void)context;
    SPOIL(FINE, -5, (void)c);
    SPOIL(NO_TABLE, 0, c.table_count = 0);
    SPOIL(NO_TABLE, 0, c.table_count = CALENDAR_TABLES_MAX + 1);
    SPOIL(NO_SEASON, 0, c.season_count = 0);
    SPOIL(NO_SEASON, 0, c.season_count = CALENDAR_SEASONS_MAX + 1);
    SPOIL(DATE, 0, c.date_count = -1);
    SPOIL(DATE, 0, c.date_count = CALENDAR_DATES_MAX + 1);
    SPOIL(FINE, -5, c.date_count = 0);
    SPOIL(FINE, -5, c.date_count = 1);
    SPOIL(NO_SLOT, 2, c.tables[2].count = 0);
    SPOIL(NO_SLOT, 2, c.tables[2].count = CALENDAR_SLOTS_MAX + 1);
    SPOIL(MIDNIGHT, 3, c.tables[3].slots[0].minute = 1);
    SPOIL(SLOTS, 0, c.tables[0].slots[2].minute = 480);
    SPOIL(FINE, -5, c.tables[0].slots[2].minute = 481);
    SPOIL(SLOTS, 0, c.tables[0].slots[3].minute = 1440);
    SPOIL(FINE, -5, c.tables[0].slots[3].minute = 1439);
    SPOIL(SLOTS, 0, c.tables[0].slots[1].minute = 0);
    SPOIL(RATE, 1, c.tables[1].slots[0].rate = RATE__MAX);
    SPOIL(RATE, 1, c.tables[1].slots[0].rate = (enum rate) - 1);
    SPOIL(SEASON, 0, c.seasons[0].month = 0);
    SPOIL(SEASON, 1, c.seasons[1].month = 13);
    SPOIL(SEASON, 0, c.seasons[0].day = 0);
    SPOIL(SEASON, 1, c.seasons[1].day = 31); /* September has 30 */
    SPOIL(SEASON, 1, c.seasons[1].month = 6);
    SPOIL(SEASON, 1, c.seasons[1] = c.seasons[0]);
    SPOIL(FINE, -5, c.seasons[1] = c.seasons[0]; c.seasons[1].day = 2);
    SPOIL(FINE, -5, c.seasons[0].month = 2; c.seasons[0].day = 29);
    SPOIL(SEASON, 0, c.seasons[0].month = 2; c.seasons[0].day = 30);
    SPOIL(TABLE, 1, c.seasons[1].table[3] = 4);
    SPOIL(FINE, -5, c.seasons[1].table[3] = 0);
    SPOIL(TABLE, 0, c.seasons[0].table[0] = -1);
    SPOIL(DAY_TYPE, 6, c.weekday_type[6] = CALENDAR_DAY_TYPES_MAX);
    SPOIL(DAY_TYPE, 0, c.weekday_type[0] = -1);
    SPOIL(FINE, -5, c.weekday_type[0] = CALENDAR_DAY_TYPES_MAX - 1);
    SPOIL(DAY_TYPE, 1, c.dates[1].day_type = CALENDAR_DAY_TYPES_MAX);
    SPOIL(DATE, 0, c.dates[0].year = 1999);
    SPOIL(FINE, -5, c.dates[0].year = 2000);
    SPOIL(DATE, 1, c.dates[1].year = 9999);
    SPOIL(FINE, -5, c.dates[1].year = 9998);
    SPOIL(DATE, 1, c.dates[1].day = 32);
    SPOIL(DATE, 1, c.dates[1].day = 1);
    SPOIL(DATE, 1, c.dates[1].month = 4);
    SPOIL(DATE, 1, c.dates[1].year = 2025);
}

/* Each list with the fewest and with the most rows. */
static void test_counts(void **context)
{
    (void)context;
    struct calendar most = {.table_count = CALENDAR_TABLES_MAX,
                            .season_count = CALENDAR_SEASONS_MAX,
                            .date_count = CALENDAR_DATES_MAX};
    for (int i = 0; i < CALENDAR_TABLES_MAX; i++) {
        most.tables[i].count = CALENDAR_SLOTS_MAX;
        for (int j = 0; j < CALENDAR_SLOTS_MAX; j++) {
            most.tables[i].slots[j] = (struct calendar_slot){j * 60, RATE_FLAT};
        }
    }
    for (int i = 0; i < CALENDAR_SEASONS_MAX; i++) {
        most.seasons[i] = (struct calendar_season){i + 1, 1, {i, 0, 0, 15}};
    }
    for (int i = 0; i < CALENDAR_DATES_MAX; i++) {
        most.dates[i] = (struct calendar_date){2026 + i / 12, i % 12 + 1, 3, i % 4};
    }
    expect_fault(most, CALENDAR_FINE, -5);
    struct calendar least = {.table_count = 1, .season_count = 1};
    least.tables[0] = (struct calendar_table){1, {{0, RATE_FLAT}}};
    least.seasons[0] = (struct calendar_season){1, 1, {0, 0, 0, 0}};
    expect_fault(least, CALENDAR_FINE, -5);
    int row = 0;
    assert_int_equal(calendar_zone_check(&china, &row), CALENDAR_FINE);
}

static void test_leap_years(void **context)
{
    (void)context;
    static const struct {
        int year;
        bool leap;
    } rows[] = {{2000, true},  {2024, true},  {2026, false}, {2027, false},
                {2100, false}, {2200, false}, {2400, true}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct calendar calendar = park();
        calendar.date_count = 1;
        calendar.dates[0] = (struct calendar_date){rows[i].year, 2, 29, 0};
        int row = 0;
        assert_int_equal(calendar_check(&calendar, &row),
                         rows[i].leap ? CALENDAR_FINE : CALENDAR_DATE);
        calendar.dates[0].day = 28;
        assert_int_equal(calendar_check(&calendar, &row), CALENDAR_FINE);
    }
    static const int last[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    for (int month = 1; month <= 12; month++) {
        struct calendar calendar = park();
        calendar.date_count = 1;
        calendar.dates[0] = (struct calendar_date){2026, month, last[month - 1], 0};
        int row = 0;
        assert_int_equal(calendar_check(&calendar, &row), CALENDAR_FINE);
        calendar.dates[0].day++;
        assert_int_equal(calendar_check(&calendar, &row), CALENDAR_DATE);
    }
}

static void test_zone_check(void **context)
{
    (void)context;
    int row = -1;
    struct calendar_zone zone = berlin;
    assert_int_equal(calendar_zone_check(&zone, &row), CALENDAR_FINE);
    assert_int_equal(row, -1);
    zone.rows[2].from_at_ms = zone.rows[1].from_at_ms;
    assert_int_equal(calendar_zone_check(&zone, &row), CALENDAR_ZONE);
    assert_int_equal(row, 2);
    static const int offsets[] = {-721, -720, 840, 841};
    for (int i = 0; i < 4; i++) {
        zone = berlin;
        zone.rows[1].offset_minutes = offsets[i];
        assert_int_equal(calendar_zone_check(&zone, &row),
                         i == 0 || i == 3 ? CALENDAR_ZONE : CALENDAR_FINE);
    }
    assert_int_equal(row, 1);
    zone = berlin;
    zone.rows[0].offset_minutes = 841;
    assert_int_equal(calendar_zone_check(&zone, &row), CALENDAR_ZONE);
    assert_int_equal(row, 0);
    zone.count = 0;
    assert_int_equal(calendar_zone_check(&zone, &row), CALENDAR_ZONE);
    zone.count = CALENDAR_OFFSETS_MAX + 1;
    assert_int_equal(calendar_zone_check(&zone, &row), CALENDAR_ZONE);
    zone.count = CALENDAR_OFFSETS_MAX;
    for (int i = 0; i < CALENDAR_OFFSETS_MAX; i++) {
        zone.rows[i] = (struct calendar_offset){i, 60};
    }
    assert_int_equal(calendar_zone_check(&zone, &row), CALENDAR_FINE);
}

static void test_names(void **context)
{
    (void)context;
    static const char *const rates[] = {"sharp", "peak", "flat", "valley", "deep_valley"};
    for (int i = 0; i < RATE__MAX; i++) {
        assert_string_equal(rate_name((enum rate)i), rates[i]);
        enum rate rate = RATE__MAX;
        assert_int_equal(rate_find(rates[i], &rate), RC_OK);
        assert_int_equal(rate, i);
    }
    enum rate rate = RATE_PEAK;
    assert_int_equal(rate_find("Peak", &rate), RC_NOT_FOUND);
    assert_int_equal(rate, RATE_PEAK);
    static const char *const faults[] = {"fine",     "zone",  "no_table", "no_slot",
                                         "midnight", "slots", "rate",     "no_season",
                                         "season",   "table", "day_type", "date"};
    assert_int_equal(ARRAY_LEN(faults), CALENDAR_FAULT__MAX);
    for (int i = 0; i < CALENDAR_FAULT__MAX; i++) {
        assert_string_equal(calendar_fault_code((enum calendar_fault)i), faults[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_local),
        cmocka_unit_test(test_rates),
        cmocka_unit_test(test_next_rate),
        cmocka_unit_test(test_clock_changes_inside_a_slot),
        cmocka_unit_test(test_equal),
        cmocka_unit_test(test_equal_slots),
        cmocka_unit_test(test_uses),
        cmocka_unit_test(test_periods),
        cmocka_unit_test(test_period_begins_once),
        cmocka_unit_test(test_period_valid),
        cmocka_unit_test(test_check),
        cmocka_unit_test(test_counts),
        cmocka_unit_test(test_leap_years),
        cmocka_unit_test(test_zone_check),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
