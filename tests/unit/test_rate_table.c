/* The rate tables of a meter, worked by hand: bands of a date, rate at a minute, every refusal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/rules/rate_table.h"

#define NO INT64_MIN

/* Valley by night, two peaks, sharp from 19:00 to 21:00; in July and August table 2. */
static const uint8_t zones[RATE_TABLE_ZONES_BYTES] = {1, 1, 1, 2, 1, 7, 1, 1, 9, 0, 0, 0};
static const uint8_t day_1[] = {4, 0, 0,  3, 0, 8,  2, 30, 10, 3, 0, 12,
                                2, 0, 18, 1, 0, 19, 3, 0,  21, 4, 0, 23};
static const uint8_t day_2[] = {3, 0, 6, 1, 15, 14, 4, 59, 23};

static struct rate_table_bytes good(void)
{
    struct rate_table_bytes bytes = {.parts = RATE_TABLE_ALL};
    memcpy(bytes.zones, zones, sizeof(zones));
    memcpy(bytes.days[0], day_1, sizeof(day_1));
    memcpy(bytes.days[1], day_2, sizeof(day_2));
    return bytes;
}

static struct rate_table decoded(const struct rate_table_bytes *bytes)
{
    struct rate_table table;
    assert_int_equal(rate_table_decode(bytes, &table), RC_OK);
    return table;
}

static void assert_bands(const struct rate_table *table, int month, int day,
                         const struct rate_band *wanted, size_t count)
{
    struct rate_band bands[RATE_BANDS_MAX];
    assert_int_equal(rate_table_bands(table, month, day, bands), count);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(bands[i].from_minute, wanted[i].from_minute);
        assert_int_equal(bands[i].to_minute, wanted[i].to_minute);
        assert_int_equal(bands[i].rate, wanted[i].rate);
        for (int minute = bands[i].from_minute; minute < bands[i].to_minute; minute++) {
            assert_int_equal(rate_table_rate(table, month, day, minute), bands[i].rate);
        }
    }
}

static void bands_of_a_day(void **state)
{
    (void)state;
    struct rate_table_bytes bytes = good();
    struct rate_table table = decoded(&bytes);
    const struct rate_band winter[] = {
        {0, 480, RATE_VALLEY},   {480, 630, RATE_FLAT},     {630, 720, RATE_PEAK},
        {720, 1080, RATE_FLAT},  {1080, 1140, RATE_PEAK},   {1140, 1260, RATE_SHARP},
        {1260, 1380, RATE_FLAT}, {1380, 1440, RATE_VALLEY},
    };
    /* no entry at midnight: the last one, from 23:59, holds until 06:00 */
    const struct rate_band summer[] = {{0, 360, RATE_VALLEY},
                                       {360, 855, RATE_FLAT},
                                       {855, 1439, RATE_SHARP},
                                       {1439, 1440, RATE_VALLEY}};
    assert_bands(&table, 1, 1, winter, ARRAY_LEN(winter));
    assert_bands(&table, 6, 30, winter, ARRAY_LEN(winter));
    assert_bands(&table, 7, 1, summer, ARRAY_LEN(summer));
    assert_bands(&table, 8, 31, summer, ARRAY_LEN(summer));
    assert_bands(&table, 9, 1, winter, ARRAY_LEN(winter));
    assert_bands(&table, 12, 31, winter, ARRAY_LEN(winter));
}

/* Before the first zone of the year the last one of the year before holds. */
static void zones_go_around_the_year(void **state)
{
    (void)state;
    static const uint8_t around[] = {1, 1, 4, 2, 15, 10, 0, 0, 0, 0, 0, 0};
    struct rate_table_bytes bytes = good();
    memcpy(bytes.zones, around, sizeof(around));
    struct rate_table table = decoded(&bytes);
    assert_int_equal(rate_table_rate(&table, 3, 31, 600), RATE_FLAT); /* table 2 */
    assert_int_equal(rate_table_rate(&table, 4, 1, 0), RATE_VALLEY);
    assert_int_equal(rate_table_rate(&table, 4, 1, 640), RATE_PEAK);
    assert_int_equal(rate_table_rate(&table, 10, 14, 640), RATE_PEAK);
    assert_int_equal(rate_table_rate(&table, 10, 15, 640), RATE_FLAT);
    assert_int_equal(rate_table_rate(&table, 2, 29, 1439), RATE_VALLEY);
}

static void one_rate_all_day_and_fourteen(void **state)
{
    (void)state;
    struct rate_table_bytes bytes = good();
    struct rate_band bands[RATE_BANDS_MAX];
    memset(bytes.days[0], 0, sizeof(bytes.days[0]));
    bytes.days[0][0] = 5; /* deep valley, from 07:00: around the clock */
    bytes.days[0][2] = 7;
    struct rate_table table = decoded(&bytes);
    assert_int_equal(rate_table_bands(&table, 1, 1, bands), 1);
    assert_int_equal(bands[0].to_minute, 1440);
    assert_int_equal(bands[0].rate, RATE_DEEP_VALLEY);
    for (int i = 0; i < RATE_TABLE_SLOTS_MAX; i++) { /* 01:00, 02:00 .. 14:00, in turn */
        bytes.days[0][i * 3] = (uint8_t)(1 + i % 2);
        bytes.days[0][i * 3 + 2] = (uint8_t)(1 + i);
    }
    table = decoded(&bytes);
    assert_int_equal(rate_table_bands(&table, 1, 1, bands), RATE_BANDS_MAX);
    assert_int_equal(bands[0].rate, RATE_PEAK); /* of the 14th, 14:00 */
    assert_int_equal(bands[14].from_minute, 840);
}

/* A list may be filled up with its last entry, and what no zone uses is not looked at. */
static void what_is_let_pass(void **state)
{
    (void)state;
    struct rate_table_bytes bytes = good();
    for (size_t i = 8; i < RATE_TABLE_SLOTS_MAX; i++) {
        memcpy(bytes.days[0] + i * 3, day_1 + 21, 3);
    }
    memcpy(bytes.zones + 9, zones + 6, 3);
    struct rate_table table = decoded(&bytes);
    assert_int_equal(table.days[0].count, 8);
    assert_int_equal(table.zone_count, 3);
    bytes = good();
    memset(bytes.zones + 3, 0, 9);
    memset(bytes.days[1], 0xFF, sizeof(bytes.days[1]));
    table = decoded(&bytes);
    assert_int_equal(table.zone_count, 1);
    assert_int_equal(table.days[1].count, 0);
}

struct mistake {
    int part; /* 0 zones, 1 day table 1, 2 day table 2 */
    int at;   /* byte */
    uint8_t value;
};

static void broken_tables_are_refused(void **state)
{
    (void)state;
    static const struct mistake mistakes[] = {
        {1, 3, 6},                          /* a rate that is none */
        {1, 3, 255}, {1, 4, 60},            /* minute 60 */
        {1, 5, 24},                         /* hour 24: minute 1440 */
        {1, 5, 11},                         /* 11:00 before 10:30: not sorted */
        {1, 5, 0},                          /* begins together with the one before */
        {1, 0, 0},                          /* an entry behind the end */
        {1, 9, 0},   {2, 3, 9},             /* the table of the summer alone */
        {2, 8, 13},  {2, 0, 0},  {0, 0, 0}, /* no zone at first, others behind */
        {0, 3, 3},                          /* table 3 */
        {0, 4, 32},  {0, 4, 0},  {0, 5, 13}, {0, 5, 0}, {0, 5, 9}, /* together with the third */
        {0, 5, 11},                                                /* not sorted */
    };
    struct rate_table table;
    memset(&table, 0x5A, sizeof(table));
    for (size_t i = 0; i < ARRAY_LEN(mistakes); i++) {
        struct rate_table_bytes bytes = good();
        uint8_t *part = mistakes[i].part == 0 ? bytes.zones : bytes.days[mistakes[i].part - 1];
        part[mistakes[i].at] = mistakes[i].value;
        if (rate_table_decode(&bytes, &table) != RC_INVALID) {
            fail_msg("mistake %zu was taken", i);
        }
    }
    struct rate_table_bytes bytes = good();
    memset(bytes.zones, 0, sizeof(bytes.zones));
    assert_int_equal(rate_table_decode(&bytes, &table), RC_INVALID);
    bytes = good();
    memset(bytes.days[0], 0, sizeof(bytes.days[0]));
    assert_int_equal(rate_table_decode(&bytes, &table), RC_INVALID);
    bytes = good();
    memset(bytes.days[1], 0xFF, sizeof(bytes.days[1]));
    assert_int_equal(rate_table_decode(&bytes, &table), RC_INVALID);
    bytes = good();
    bytes.zones[4] = 31; /* 31 June */
    bytes.zones[5] = 6;
    assert_int_equal(rate_table_decode(&bytes, &table), RC_INVALID);
    for (unsigned parts = 0; parts < RATE_TABLE_ALL; parts++) {
        bytes = good();
        bytes.parts = (uint8_t)parts;
        assert_int_equal(rate_table_decode(&bytes, &table), RC_NOT_FOUND);
    }
    assert_int_equal(table.zone_count, 0x5A5A5A5A); /* untouched by every refusal */
}

static void as_a_calendar(void **state)
{
    (void)state;
    static const uint8_t second_only[] = {2, 1, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0};
    static struct calendar calendar;
    struct rate_table_bytes bytes = good();
    struct rate_table table = decoded(&bytes);
    int row = -1;
    rate_table_calendar(&table, &calendar);
    assert_int_equal(calendar_check(&calendar, &row), CALENDAR_FINE);
    assert_int_equal(calendar.table_count, 2);
    assert_int_equal(calendar.season_count, 3);
    assert_int_equal(calendar.tables[0].count, 8);
    assert_int_equal(calendar.tables[1].count, 4); /* with midnight */
    assert_int_equal(calendar.tables[1].slots[0].rate, RATE_VALLEY);
    assert_int_equal(calendar.seasons[1].month, 7);
    assert_int_equal(calendar.seasons[1].table[3], 1);
    assert_int_equal(calendar.seasons[2].table[0], 0);
    memcpy(bytes.zones, second_only, sizeof(second_only));
    table = decoded(&bytes);
    rate_table_calendar(&table, &calendar);
    assert_int_equal(calendar_check(&calendar, &row), CALENDAR_FINE);
    assert_int_equal(calendar.table_count, 1);
}

static void price_of_a_rate(void **state)
{
    (void)state;
    const int64_t all[4] = {12000, 10000, 8000, 4000};
    const int64_t flat[4] = {NO, NO, 8650, NO};
    const int64_t without_flat[4] = {12000, NO, NO, 4000};
    const int64_t none[4] = {NO, NO, NO, NO};
    assert_int_equal(rate_table_price_e4(all, RATE_SHARP), 12000);
    assert_int_equal(rate_table_price_e4(all, RATE_VALLEY), 4000);
    assert_int_equal(rate_table_price_e4(all, RATE_DEEP_VALLEY), 8000);
    assert_int_equal(rate_table_price_e4(all, RATE__MAX), 8000);
    assert_int_equal(rate_table_price_e4(flat, RATE_PEAK), 8650);
    assert_int_equal(rate_table_price_e4(without_flat, RATE__MAX), 4000);
    assert_true(rate_table_price_e4(none, RATE_PEAK) == NO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bands_of_a_day),
        cmocka_unit_test(zones_go_around_the_year),
        cmocka_unit_test(one_rate_all_day_and_fourteen),
        cmocka_unit_test(what_is_let_pass),
        cmocka_unit_test(broken_tables_are_refused),
        cmocka_unit_test(as_a_calendar),
        cmocka_unit_test(price_of_a_rate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
