/* Rate tables of a meter: bytes to calendar and back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/rules/tariff_table.h"

static struct calendar park(void)
{
    return (struct calendar){
        .table_count = 3,
        .tables = {{4, {{0, RATE_VALLEY}, {480, RATE_PEAK}, {750, RATE_FLAT}, {1439, RATE_VALLEY}}},
                   {1, {{0, RATE_DEEP_VALLEY}}},
                   {1, {{0, RATE_SHARP}}}},
        .season_count = 3,
        .seasons = {{3, 1, {0, 2, 2, 2}}, {7, 15, {1, 2, 2, 2}}, {12, 31, {0, 2, 2, 2}}},
        .weekday_type = {0},
    };
}

static void test_encode(void **context)
{
    (void)context;
    struct calendar calendar = park();
    struct meter_tables tables;
    assert_int_equal(meter_tables_encode(&calendar, &tables), TABLE_FITS);
    static const uint8_t zones[METER_ZONES * 3] = {1, 1, 3, 2, 15, 7, 1, 31, 12, 0, 0, 0};
    assert_memory_equal(tables.zones, zones, sizeof(zones));
    static const uint8_t first[METER_SLOTS * 3] = {4, 0, 0, 2, 0, 8, 3, 30, 12, 4, 59, 23};
    assert_memory_equal(tables.days[0], first, sizeof(first));
    static const uint8_t second[METER_SLOTS * 3] = {5, 0, 0};
    assert_memory_equal(tables.days[1], second, sizeof(second));
    struct calendar back;
    assert_int_equal(meter_tables_decode(&tables, &back), RC_OK);
    assert_true(calendar_equal(&calendar, &back));
    assert_int_equal(back.season_count, 3);
    assert_int_equal(back.tables[0].count, 4);
}

static void expect_misfit(struct calendar calendar, enum table_misfit want)
{
    struct meter_tables tables;
    memset(&tables, 0x5A, sizeof(tables));
    struct meter_tables before = tables;
    assert_int_equal(meter_tables_encode(&calendar, &tables), want);
    if (want != TABLE_FITS) {
        assert_memory_equal(&tables, &before, sizeof(tables));
    }
}

static void test_misfits(void **context)
{
    (void)context;
    struct calendar calendar = park();
    calendar.weekday_type[6] = 1; /* Saturdays have times of their own */
    expect_misfit(calendar, TABLE_DAY_TYPES);
    for (int i = 0; i < 7; i++) {
        calendar.weekday_type[i] = 1; /* another type, but all days the same */
    }
    expect_misfit(calendar, TABLE_FITS);
    calendar = park();
    calendar.weekday_type[0] = 1; /* Sundays alone */
    expect_misfit(calendar, TABLE_DAY_TYPES);
    calendar = park();
    calendar.date_count = 1;
    calendar.dates[0] = (struct calendar_date){2026, 5, 1, 1};
    expect_misfit(calendar, TABLE_DAY_TYPES);
    calendar.dates[0].day_type = 0;
    expect_misfit(calendar, TABLE_FITS);
    calendar = park();
    calendar.season_count = 4;
    calendar.seasons[2] = (struct calendar_season){10, 1, {1, 2, 2, 2}};
    calendar.seasons[3] = (struct calendar_season){11, 1, {0, 2, 2, 2}};
    expect_misfit(calendar, TABLE_FITS);
    calendar.season_count = 5;
    calendar.seasons[4] = (struct calendar_season){12, 1, {1, 2, 2, 2}};
    expect_misfit(calendar, TABLE_SEASONS);
    calendar = park();
    calendar.seasons[2].table[0] = 2;
    expect_misfit(calendar, TABLE_TABLES);
    calendar = park();
    calendar.tables[1].count = METER_SLOTS;
    for (int i = 0; i < METER_SLOTS + 1; i++) {
        calendar.tables[1].slots[i] = (struct calendar_slot){i * 60, (enum rate)(i % 5)};
    }
    expect_misfit(calendar, TABLE_FITS);
    calendar.tables[1].count = METER_SLOTS + 1;
    expect_misfit(calendar, TABLE_SLOTS);
    calendar = park();
    calendar.tables[2].count = METER_SLOTS + 1; /* a table that no season uses */
    expect_misfit(calendar, TABLE_FITS);
    static const char *const codes[] = {"fits", "day_types", "seasons", "tables", "slots"};
    assert_int_equal(ARRAY_LEN(codes), TABLE_MISFIT__MAX);
    for (int i = 0; i < TABLE_MISFIT__MAX; i++) {
        assert_string_equal(table_misfit_code((enum table_misfit)i), codes[i]);
    }
}

static void test_decode_disorder(void **context)
{
    (void)context;
    /* Slots in any order, one said twice (the later one holds), none at midnight; zones too. */
    struct meter_tables tables = {
        .zones = {1, 1, 9, 2, 1, 2, 1, 1, 2, 0, 9, 9},
        .days = {{2, 0, 8, 0, 7, 7, 4, 0, 22, 1, 0, 8}, {3, 0, 0, 3, 0, 0}},
    };
    struct calendar calendar;
    assert_int_equal(meter_tables_decode(&tables, &calendar), RC_OK);
    assert_int_equal(calendar.tables[0].count, 3);
    assert_int_equal(calendar.tables[0].slots[0].minute, 0);
    assert_int_equal(calendar.tables[0].slots[0].rate, RATE_VALLEY); /* goes on over midnight */
    assert_int_equal(calendar.tables[0].slots[1].minute, 480);
    assert_int_equal(calendar.tables[0].slots[1].rate, RATE_SHARP);
    assert_int_equal(calendar.tables[0].slots[2].minute, 1320);
    assert_int_equal(calendar.tables[1].count, 1);
    assert_int_equal(calendar.season_count, 2);
    assert_int_equal(calendar.seasons[0].month, 2);
    assert_int_equal(calendar.seasons[0].day, 1);
    assert_int_equal(calendar.seasons[0].table[3], 0);
    assert_int_equal(calendar.seasons[1].month, 9);
    /* same month, days decide */
    tables = (struct meter_tables){.zones = {1, 20, 5, 2, 10, 5}, .days = {{1, 0, 0}, {2, 0, 0}}};
    assert_int_equal(meter_tables_decode(&tables, &calendar), RC_OK);
    assert_int_equal(calendar.seasons[0].day, 10);
    assert_int_equal(calendar.seasons[0].table[0], 1);
    assert_int_equal(calendar.seasons[1].day, 20);
}

#define BROKEN(...)                                                                                \
    do {                                                                                           \
        struct meter_tables t = {.zones = {1, 1, 3}, .days = {{4, 59, 23}}};                       \
        __VA_ARGS__;                                                                               \
        struct calendar untouched = {.table_count = 77};                                           \
        assert_int_equal(meter_tables_decode(&t, &untouched), RC_PROTOCOL);                        \
        assert_int_equal(untouched.table_count, 77);                                               \
    } while (0)

static void test_decode_broken(void **context)
{
    (void)context;
    struct meter_tables fine = {.zones = {1, 1, 3}, .days = {{5, 59, 23}}};
    struct calendar calendar;
    assert_int_equal(meter_tables_decode(&fine, &calendar), RC_OK); /* table 2 is not used */
    assert_int_equal(calendar.tables[0].count, 2);
    assert_int_equal(calendar.tables[0].slots[1].minute, 1439);
    BROKEN(t.zones[0] = 0); /* no zone at all */
    BROKEN(t.zones[0] = 3); /* no such table */
    BROKEN(t.zones[0] = 2); /* a table without slots */
    BROKEN(t.zones[3] = 2; t.zones[4] = 1; t.zones[5] = 5);
    BROKEN(t.zones[1] = 32); /* no such day */
    BROKEN(t.zones[1] = 0);
    BROKEN(t.zones[2] = 13); /* no such month */
    BROKEN(t.zones[2] = 0);
    BROKEN(t.days[0][0] = 6); /* no such rate */
    BROKEN(t.days[0][0] = 0); /* the only slot is none */
    BROKEN(t.days[0][1] = 60);
    BROKEN(t.days[0][1] = 60; t.days[0][2] = 3);
    BROKEN(t.days[0][1] = 0; t.days[0][2] = 24);
    BROKEN(t.days[1][0] = 1; t.days[1][1] = 60); /* table 2 is not used, but is nonsense */
    BROKEN(t.days[0][2] = 24);
    BROKEN(t.days[1][39] = 1; t.days[1][40] = 99); /* the last slot of the other table */
    /* peak from midnight, valley last: nothing goes on over midnight */
    fine = (struct meter_tables){.zones = {1, 1, 3}, .days = {{2, 0, 0, 4, 0, 22}}};
    assert_int_equal(meter_tables_decode(&fine, &calendar), RC_OK);
    assert_int_equal(calendar.tables[0].count, 2);
    assert_int_equal(calendar.tables[0].slots[0].rate, RATE_PEAK);
    /* table 2 alone in use */
    fine = (struct meter_tables){.zones = {2, 1, 3}, .days = {{0}, {1, 0, 0}}};
    assert_int_equal(meter_tables_decode(&fine, &calendar), RC_OK);
    assert_int_equal(calendar.seasons[0].table[0], 1);
    assert_int_equal(calendar.tables[0].count, 1);
    assert_int_equal(calendar.tables[1].slots[0].rate, RATE_SHARP);
    BROKEN(memset(&t, 0xFF, sizeof(t)));
    BROKEN(memset(&t, 0, sizeof(t)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_encode),
        cmocka_unit_test(test_misfits),
        cmocka_unit_test(test_decode_disorder),
        cmocka_unit_test(test_decode_broken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
