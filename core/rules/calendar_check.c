/* Which calendars are taken: said once here, so that the rest may trust them. */
#include "core/rules/calendar.h"

#include <assert.h>
#include <stddef.h>

static const char *const codes[CALENDAR_FAULT__MAX] = {
    [CALENDAR_FINE] = "fine",         [CALENDAR_ZONE] = "zone",
    [CALENDAR_NO_TABLE] = "no_table", [CALENDAR_NO_SLOT] = "no_slot",
    [CALENDAR_MIDNIGHT] = "midnight", [CALENDAR_SLOTS] = "slots",
    [CALENDAR_RATE] = "rate",         [CALENDAR_NO_SEASON] = "no_season",
    [CALENDAR_SEASON] = "season",     [CALENDAR_TABLE] = "table",
    [CALENDAR_DAY_TYPE] = "day_type", [CALENDAR_DATE] = "date",
};

const char *calendar_fault_code(enum calendar_fault fault)
{
    assert(fault >= 0 && fault < CALENDAR_FAULT__MAX);
    return codes[fault];
}

enum calendar_fault calendar_zone_check(const struct calendar_zone *zone, int *ret_row)
{
    assert(zone != NULL && ret_row != NULL);
    if (zone->count < 1 || zone->count > CALENDAR_OFFSETS_MAX) {
        return CALENDAR_ZONE;
    }
    for (int i = 0; i < zone->count; i++) {
        int offset = zone->rows[i].offset_minutes;
        bool rises = i == 0 || zone->rows[i].from_at_ms > zone->rows[i - 1].from_at_ms;
        if (offset < -720 || offset > 840 || !rises) {
            *ret_row = i;
            return CALENDAR_ZONE;
        }
    }
    return CALENDAR_FINE;
}

static enum calendar_fault check_table(const struct calendar_table *table)
{
    if (table->count < 1 || table->count > CALENDAR_SLOTS_MAX) {
        return CALENDAR_NO_SLOT;
    }
    if (table->slots[0].minute != 0) {
        return CALENDAR_MIDNIGHT;
    }
    for (int i = 0; i < table->count; i++) {
        const struct calendar_slot *slot = &table->slots[i];
        if (slot->minute > 1439 || (i > 0 && slot->minute <= table->slots[i - 1].minute)) {
            return CALENDAR_SLOTS;
        }
        if ((int)slot->rate < 0 || slot->rate >= RATE__MAX) {
            return CALENDAR_RATE;
        }
    }
    return CALENDAR_FINE;
}

static int days_in_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return month == 2 && leap ? 29 : days[month - 1];
}

static bool is_date(int year, int month, int day)
{
    return month >= 1 && month <= 12 && day >= 1 && day <= days_in_month(year, month);
}

static enum calendar_fault check_season(const struct calendar *calendar, int row)
{
    const struct calendar_season *season = &calendar->seasons[row];
    if (!is_date(2000, season->month, season->day)) { /* a leap year: 02-29 may be a first day */
        return CALENDAR_SEASON;
    }
    if (row > 0) {
        const struct calendar_season *before = season - 1;
        if (season->month * 100 + season->day <= before->month * 100 + before->day) {
            return CALENDAR_SEASON;
        }
    }
    for (int i = 0; i < CALENDAR_DAY_TYPES_MAX; i++) {
        if (season->table[i] < 0 || season->table[i] >= calendar->table_count) {
            return CALENDAR_TABLE;
        }
    }
    return CALENDAR_FINE;
}

static bool is_day_type(int day_type)
{
    return day_type >= 0 && day_type < CALENDAR_DAY_TYPES_MAX;
}

static int64_t date_key(const struct calendar_date *date)
{
    return date->year * INT64_C(10000) + date->month * 100 + date->day;
}

static enum calendar_fault check_date(const struct calendar *calendar, int row)
{
    const struct calendar_date *date = &calendar->dates[row];
    if (date->year < 2000 || date->year > 9998 || !is_date(date->year, date->month, date->day)) {
        return CALENDAR_DATE;
    }
    if (row > 0 && date_key(date) <= date_key(date - 1)) {
        return CALENDAR_DATE;
    }
    return is_day_type(date->day_type) ? CALENDAR_FINE : CALENDAR_DAY_TYPE;
}

static enum calendar_fault check_counts(const struct calendar *calendar)
{
    if (calendar->table_count < 1 || calendar->table_count > CALENDAR_TABLES_MAX) {
        return CALENDAR_NO_TABLE;
    }
    if (calendar->season_count < 1 || calendar->season_count > CALENDAR_SEASONS_MAX) {
        return CALENDAR_NO_SEASON;
    }
    if (calendar->date_count < 0 || calendar->date_count > CALENDAR_DATES_MAX) {
        return CALENDAR_DATE;
    }
    return CALENDAR_FINE;
}

enum calendar_fault calendar_check(const struct calendar *calendar, int *ret_row)
{
    assert(calendar != NULL && ret_row != NULL);
    enum calendar_fault fault = check_counts(calendar);
    int row = 0;
    if (fault == CALENDAR_FINE) {
        for (row = 0; row < calendar->table_count && fault == CALENDAR_FINE; row++) {
            fault = check_table(&calendar->tables[row]);
        }
    }
    if (fault == CALENDAR_FINE) {
        for (row = 0; row < calendar->season_count && fault == CALENDAR_FINE; row++) {
            fault = check_season(calendar, row);
        }
    }
    if (fault == CALENDAR_FINE) {
        for (row = 0; row < 7 && fault == CALENDAR_FINE; row++) {
            fault = is_day_type(calendar->weekday_type[row]) ? CALENDAR_FINE : CALENDAR_DAY_TYPE;
        }
    }
    if (fault == CALENDAR_FINE) {
        for (row = 0; row < calendar->date_count && fault == CALENDAR_FINE; row++) {
            fault = check_date(calendar, row);
        }
    }
    if (fault != CALENDAR_FINE) {
        *ret_row = row > 0 ? row - 1 : 0;
    }
    return fault;
}
