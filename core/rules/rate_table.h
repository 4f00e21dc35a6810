/*
 * The rate tables that a meter keeps: which of 尖峰平谷 is in force when. Pure: raw registers in, a
 * checked table out, and from it the bands of a date or the rate at a minute.
 *
 *   zones     4 entries [table, day, month]: from this date on, year around, that day table; a
 * table of 0 ends the list day table 14 entries [rate, minute, hour]: from this minute on, that
 * rate; a rate of 0 ends the list. Before the first entry the last one of the table holds.
 *
 * Entries rise. After its end a list holds nothing but empty entries or repetitions of its last
 * one. Rates: 1 sharp, 2 peak, 3 flat, 4 valley, 5 deep valley. Layout from public sources,
 * unverified on a meter.
 */
#ifndef PW_RULES_RATE_TABLE_H
#define PW_RULES_RATE_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/rc.h"
#include "core/rules/calendar.h"

#define RATE_TABLE_ENTRY_BYTES 3
#define RATE_TABLE_ZONES_MAX 4
#define RATE_TABLE_SLOTS_MAX 14
#define RATE_TABLE_DAYS 2
#define RATE_TABLE_ZONES_BYTES (RATE_TABLE_ZONES_MAX * RATE_TABLE_ENTRY_BYTES)
#define RATE_TABLE_DAY_BYTES (RATE_TABLE_SLOTS_MAX * RATE_TABLE_ENTRY_BYTES)
#define RATE_BANDS_MAX (RATE_TABLE_SLOTS_MAX + 1) /* the last slot may hold past midnight */
#define RATE_DAY_MINUTES 1440

/* What was read of the registers. A plain value. */
enum rate_table_part {
    RATE_TABLE_ZONES = 1,
    RATE_TABLE_DAY_1 = 2,
    RATE_TABLE_DAY_2 = 4,
    RATE_TABLE_ALL = 7
};
struct rate_table_bytes {
    uint8_t parts; /* set of enum rate_table_part that is held */
    uint8_t zones[RATE_TABLE_ZONES_BYTES];
    uint8_t days[RATE_TABLE_DAYS][RATE_TABLE_DAY_BYTES];
};

struct rate_table_zone {
    int month, day; /* first day */
    int table;      /* 0 .. RATE_TABLE_DAYS - 1 */
};
struct rate_table_day { /* rising minutes */
    int count;          /* 0: no zone uses this table, it was not looked at */
    struct calendar_slot slots[RATE_TABLE_SLOTS_MAX];
};
struct rate_table {
    int zone_count; /* 1 .. RATE_TABLE_ZONES_MAX, rising dates */
    struct rate_table_zone zones[RATE_TABLE_ZONES_MAX];
    struct rate_table_day days[RATE_TABLE_DAYS];
};

/* Minutes of the local day, [from, to). */
struct rate_band {
    int from_minute;
    int to_minute;
    enum rate rate;
};

/* RC_NOT_FOUND: parts are missing. RC_INVALID: entries that do not rise, two that begin together,
   a rate, table, date or time that is none, no zone, a used table without entries, or entries
   behind the end. */
enum rc rate_table_decode(const struct rate_table_bytes *bytes,
                          struct rate_table *ret_table) MUST_CHECK;
/* The bands of a date (month 1 .. 12, day 1 .. 31), from minute 0 to 1440 without gap; neighbours
   differ in rate. Returns how many, 1 .. RATE_BANDS_MAX. */
size_t rate_table_bands(const struct rate_table *table, int month, int day,
                        struct rate_band bands[RATE_BANDS_MAX]);
/* The rate at a minute (0 .. 1439) of a date. */
enum rate rate_table_rate(const struct rate_table *table, int month, int day, int minute);
/* The same as a calendar without day types and named dates, to be compared with a tariff's
   (tariff_meter_compare). */
void rate_table_calendar(const struct rate_table *table, struct calendar *ret_calendar);
/* Price of one kWh at this rate from the meter's four prices; INT64_MIN where a price is not known.
   A rate without a price of its own, and RATE__MAX (no table is known), cost the flat price, else
   the first known of peak, valley, sharp. INT64_MIN: no price is known. */
int64_t rate_table_price_e4(const int64_t price_e4[4], enum rate rate);

#endif
