#include "core/rules/calendar.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "core/base/clock.h"

#define MINUTE_MS INT64_C(60000)
#define DAY_MINUTES 1440

static const char *const rate_names[RATE__MAX] = {
    [RATE_SHARP] = "sharp",
    [RATE_PEAK] = "peak",
    [RATE_FLAT] = "flat",
    [RATE_VALLEY] = "valley",
    [RATE_DEEP_VALLEY] = "deep_valley",
};

const char *rate_name(enum rate rate)
{
    assert(rate >= 0 && rate < RATE__MAX);
    return rate_names[rate];
}

enum rc rate_find(const char *name, enum rate *ret_rate)
{
    assert(name != NULL && ret_rate != NULL);
    for (int i = 0; i < RATE__MAX; i++) {
        if (strcmp(rate_names[i], name) == 0) {
            *ret_rate = (enum rate)i;
            return RC_OK;
        }
    }
    return RC_NOT_FOUND;
}

/* Row of the zone that is in force. */
static int zone_row(const struct calendar_zone *zone, int64_t at_ms)
{
    int row = 0;
    while (row + 1 < zone->count && zone->rows[row + 1].from_at_ms <= at_ms) {
        row++;
    }
    return row;
}

static int64_t offset_ms(const struct calendar_zone *zone, int row)
{
    return zone->rows[row].offset_minutes * MINUTE_MS;
}

/* End of a row's time: where the next one begins. */
static int64_t row_end_ms(const struct calendar_zone *zone, int row)
{
    return row + 1 < zone->count ? zone->rows[row + 1].from_at_ms : INT64_MAX;
}

int64_t calendar_local_ms(const struct calendar_zone *zone, int64_t at_ms)
{
    assert(zone != NULL && at_ms >= CALENDAR_FIRST_MS && at_ms <= CALENDAR_LAST_MS);
    return at_ms + offset_ms(zone, zone_row(zone, at_ms));
}

int64_t calendar_utc_ms(const struct calendar_zone *zone, int64_t local_ms)
{
    assert(zone != NULL);
    int row = 0;
    int64_t at_ms = local_ms - offset_ms(zone, 0);
    while (at_ms >= row_end_ms(zone, row)) {
        row++;
        at_ms = local_ms - offset_ms(zone, row);
        if (at_ms < zone->rows[row].from_at_ms) {
            at_ms = zone->rows[row].from_at_ms; /* the clock was put forward over it */
        }
    }
    return at_ms;
}

static int day_type_of(const struct calendar *calendar, const struct clock_parts *parts)
{
    for (int i = 0; i < calendar->date_count; i++) {
        const struct calendar_date *date = &calendar->dates[i];
        if (date->year == parts->year && date->month == parts->month && date->day == parts->day) {
            return date->day_type;
        }
    }
    return calendar->weekday_type[parts->weekday];
}

static const struct calendar_table *table_of(const struct calendar *calendar, int month, int day,
                                             int day_type)
{
    int season = calendar->season_count - 1; /* until the first begins, the last one goes on */
    for (int i = 0; i < calendar->season_count; i++) {
        const struct calendar_season *row = &calendar->seasons[i];
        if (row->month < month || (row->month == month && row->day <= day)) {
            season = i;
        }
    }
    return &calendar->tables[calendar->seasons[season].table[day_type]];
}

static int slot_at(const struct calendar_table *table, int minute)
{
    int slot = 0;
    while (slot + 1 < table->count && table->slots[slot + 1].minute <= minute) {
        slot++;
    }
    return slot;
}

/* The slot in force at a local moment, and the local moment at which it ends. */
static enum rate slot_of(const struct calendar *calendar, int64_t local_ms, int64_t *ret_end_ms)
{
    struct clock_parts parts = clock_utc_parts(local_ms);
    int day_type = day_type_of(calendar, &parts);
    const struct calendar_table *table = table_of(calendar, parts.month, parts.day, day_type);
    int minute = parts.hour * 60 + parts.minute;
    int slot = slot_at(table, minute);
    int end = slot + 1 < table->count ? table->slots[slot + 1].minute : DAY_MINUTES;
    *ret_end_ms = local_ms - local_ms % MINUTE_MS + (end - minute) * MINUTE_MS;
    return table->slots[slot].rate;
}

enum rate calendar_rate_at(const struct calendar *calendar, const struct calendar_zone *zone,
                           int64_t at_ms)
{
    assert(calendar != NULL);
    int64_t end_ms = 0;
    return slot_of(calendar, calendar_local_ms(zone, at_ms), &end_ms);
}

int64_t calendar_next_rate(const struct calendar *calendar, const struct calendar_zone *zone,
                           int64_t at_ms, int64_t until_ms)
{
    assert(calendar != NULL && zone != NULL);
    enum rate rate = calendar_rate_at(calendar, zone, at_ms);
    while (at_ms < until_ms) {
        int row = zone_row(zone, at_ms);
        int64_t local_end_ms = 0;
        enum rate now = slot_of(calendar, at_ms + offset_ms(zone, row), &local_end_ms);
        if (now != rate) {
            return at_ms;
        }
        int64_t end_ms = local_end_ms - offset_ms(zone, row);
        int64_t zone_end_ms = row_end_ms(zone, row);
        at_ms = end_ms < zone_end_ms ? end_ms : zone_end_ms;
    }
    return until_ms;
}

static bool same_slots(const struct calendar_table *a, const struct calendar_table *b)
{
    for (int i = 0; i < a->count; i++) {
        if (b->slots[slot_at(b, a->slots[i].minute)].rate != a->slots[i].rate) {
            return false;
        }
    }
    for (int i = 0; i < b->count; i++) {
        if (a->slots[slot_at(a, b->slots[i].minute)].rate != b->slots[i].rate) {
            return false;
        }
    }
    return true;
}

static bool same_date(const struct calendar *a, const struct calendar *b,
                      const struct clock_parts *parts)
{
    return same_slots(table_of(a, parts->month, parts->day, day_type_of(a, parts)),
                      table_of(b, parts->month, parts->day, day_type_of(b, parts)));
}

static bool same_named_dates(const struct calendar *a, const struct calendar *b)
{
    for (int i = 0; i < a->date_count; i++) {
        struct clock_parts parts = {
            .year = a->dates[i].year, .month = a->dates[i].month, .day = a->dates[i].day};
        parts = clock_utc_parts(clock_from_utc_parts(&parts)); /* for its weekday */
        if (!same_date(a, b, &parts)) {
            return false;
        }
    }
    return true;
}

bool calendar_equal(const struct calendar *a, const struct calendar *b)
{
    assert(a != NULL && b != NULL);
    for (int month = 1; month <= 12; month++) {
        for (int day = 1; day <= 31; day++) {
            for (int weekday = 0; weekday < 7; weekday++) {
                /* Year 0 is named by no date; a day that no month has does no harm. */
                struct clock_parts parts = {.month = month, .day = day, .weekday = weekday};
                if (!same_date(a, b, &parts)) {
                    return false;
                }
            }
        }
    }
    return same_named_dates(a, b) && same_named_dates(b, a);
}

bool calendar_uses(const struct calendar *calendar, enum rate rate)
{
    assert(calendar != NULL);
    for (int i = 0; i < calendar->table_count; i++) {
        for (int j = 0; j < calendar->tables[i].count; j++) {
            if (calendar->tables[i].slots[j].rate == rate) {
                return true;
            }
        }
    }
    return false;
}
