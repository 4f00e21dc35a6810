/*
 * The calendar of a tariff: which rate is in force when, and when billing periods begin. Pure: the
 * caller gives the site's offsets from UTC (from the system's time zone data), day-light saving
 * included.
 *
 *   local time = UTC + offset in force;  offsets are whole minutes
 *   date       -> season (the last one that began, year around)
 *   date       -> day type (a named date first, else its weekday)
 *   season, day type -> table of slots by minute of the local day -> rate
 *
 * A clock that is put back repeats its slots, one put forward skips them. A local moment that does
 * not exist, or exists twice, is the first instant at which the local clock shows it or more.
 */
#ifndef PW_RULES_CALENDAR_H
#define PW_RULES_CALENDAR_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/rc.h"

#define CALENDAR_OFFSETS_MAX 64
#define CALENDAR_SLOTS_MAX 24
#define CALENDAR_TABLES_MAX 16
#define CALENDAR_SEASONS_MAX 12
#define CALENDAR_DAY_TYPES_MAX 4
#define CALENDAR_DATES_MAX 128
#define CALENDAR_FIRST_MS INT64_C(946684800000)   /* 2000-01-01: nothing is charged before */
#define CALENDAR_LAST_MS INT64_C(253370764800000) /* 9999-01-01 */

/* 尖 峰 平 谷 深谷. */
enum rate { RATE_SHARP, RATE_PEAK, RATE_FLAT, RATE_VALLEY, RATE_DEEP_VALLEY, RATE__MAX };

struct calendar_offset {
    int64_t from_at_ms;
    int offset_minutes; /* -720 .. 840 */
};

/* Rising moments; the first row holds before its moment too. */
struct calendar_zone {
    int count; /* 1 .. CALENDAR_OFFSETS_MAX */
    struct calendar_offset rows[CALENDAR_OFFSETS_MAX];
};

struct calendar_slot {
    int minute; /* of the local day, 0 .. 1439; the first slot of a table begins at 0 */
    enum rate rate;
};

struct calendar_table {
    int count; /* 1 .. CALENDAR_SLOTS_MAX */
    struct calendar_slot slots[CALENDAR_SLOTS_MAX];
};

struct calendar_season {
    int month, day;                    /* first day */
    int table[CALENDAR_DAY_TYPES_MAX]; /* by day type */
};

struct calendar_date {
    int year, month, day;
    int day_type;
};

struct calendar {
    int table_count;  /* 1 .. CALENDAR_TABLES_MAX */
    int season_count; /* 1 .. CALENDAR_SEASONS_MAX, rising by date */
    int date_count;   /* 0 .. CALENDAR_DATES_MAX, rising */
    struct calendar_table tables[CALENDAR_TABLES_MAX];
    struct calendar_season seasons[CALENDAR_SEASONS_MAX];
    struct calendar_date dates[CALENDAR_DATES_MAX]; /* holidays, make-up workdays */
    int weekday_type[7];                            /* 0 = Sunday */
};

/* Why a calendar or zone is not taken; which row it is stays in ret_row. */
enum calendar_fault {
    CALENDAR_FINE,
    CALENDAR_ZONE,      /* no offset, an offset out of range, or moments that do not rise */
    CALENDAR_NO_TABLE,  /* no table, or too many */
    CALENDAR_NO_SLOT,   /* a table without slots, or with too many */
    CALENDAR_MIDNIGHT,  /* a table whose first slot is not at 00:00 */
    CALENDAR_SLOTS,     /* slots that do not rise, or lie outside the day */
    CALENDAR_RATE,      /* a slot of a rate that is none */
    CALENDAR_NO_SEASON, /* no season, or too many */
    CALENDAR_SEASON,    /* a season's first day is none, or seasons do not rise */
    CALENDAR_TABLE,     /* a season points to a table that is not there */
    CALENDAR_DAY_TYPE,  /* a weekday or date of a day type that is none */
    CALENDAR_DATE,      /* a date that is none, too many, or dates that do not rise */
    CALENDAR_FAULT__MAX
};

enum calendar_fault calendar_zone_check(const struct calendar_zone *zone, int *ret_row) MUST_CHECK;
enum calendar_fault calendar_check(const struct calendar *calendar, int *ret_row) MUST_CHECK;
/* "slots". Never NULL. */
const char *calendar_fault_code(enum calendar_fault fault);
/* "sharp", "peak", "flat", "valley", "deep_valley". Never NULL. */
const char *rate_name(enum rate rate);
enum rc rate_find(const char *name, enum rate *ret_rate) MUST_CHECK;

/* Local time as if it were UTC, so that clock_utc_parts reads it. */
int64_t calendar_local_ms(const struct calendar_zone *zone, int64_t at_ms);
/* The first instant at which the local clock shows local_ms or more. */
int64_t calendar_utc_ms(const struct calendar_zone *zone, int64_t local_ms);
/* Rate in force at a moment. The calendar was checked. */
enum rate calendar_rate_at(const struct calendar *calendar, const struct calendar_zone *zone,
                           int64_t at_ms);
/* The first moment in (at_ms, until_ms) at which another rate is in force; until_ms if none. */
int64_t calendar_next_rate(const struct calendar *calendar, const struct calendar_zone *zone,
                           int64_t at_ms, int64_t until_ms);
/* True if both give the same rate at every local minute of every date. */
bool calendar_equal(const struct calendar *a, const struct calendar *b);
/* True if some slot of some reachable or unreachable table has the rate. */
bool calendar_uses(const struct calendar *calendar, enum rate rate);

/* Billing periods begin at local midnight of a day: each month, or each year in one month. */
enum calendar_every { EVERY_MONTH, EVERY_YEAR };
struct calendar_period {
    enum calendar_every every;
    int month; /* 1 .. 12, of a yearly period */
    int day;   /* 1 .. 28 */
};

/* True if day and month are in range (the month of a monthly period is not looked at). */
bool calendar_period_valid(const struct calendar_period *period);
/* Start of the period that holds the moment, and of the next one. */
int64_t calendar_period_start(const struct calendar_period *period,
                              const struct calendar_zone *zone, int64_t at_ms);
int64_t calendar_period_next(const struct calendar_period *period, const struct calendar_zone *zone,
                             int64_t at_ms);

#endif
