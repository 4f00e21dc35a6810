#include "core/rules/rate_table.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

#define NO_PRICE INT64_MIN

struct entry { /* as it lies in the registers */
    int what;  /* table or rate */
    int low;   /* day or minute */
    int high;  /* month or hour */
};

static struct entry entry_at(const uint8_t *bytes, size_t index)
{
    const uint8_t *at = bytes + index * RATE_TABLE_ENTRY_BYTES;
    return (struct entry){at[0], at[1], at[2]};
}

/* How many entries a list has before its end; -1 when something else lies behind the end. */
static int list_length(const uint8_t *bytes, size_t size)
{
    size_t count = 0;
    while (count < size && entry_at(bytes, count).what != 0) {
        count++;
    }
    for (size_t i = count; i < size; i++) {
        if (entry_at(bytes, i).what != 0) {
            return -1;
        }
    }
    while (count > 1 &&
           memcmp(bytes + (count - 1) * RATE_TABLE_ENTRY_BYTES,
                  bytes + (count - 2) * RATE_TABLE_ENTRY_BYTES, RATE_TABLE_ENTRY_BYTES) == 0) {
        count--; /* filled up with its last entry */
    }
    return (int)count;
}

static bool is_date(int month, int day)
{
    static const int days[12] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return month >= 1 && month <= 12 && day >= 1 && day <= days[month - 1];
}

static int date_key(int month, int day)
{
    return month * 32 + day;
}

static enum rc decode_zones(const struct rate_table_bytes *bytes, struct rate_table *table)
{
    int count = list_length(bytes->zones, RATE_TABLE_ZONES_MAX);
    if (count < 1) {
        return RC_INVALID;
    }
    int before = 0;
    for (int i = 0; i < count; i++) {
        struct entry entry = entry_at(bytes->zones, (size_t)i);
        int key = date_key(entry.high, entry.low);
        if (entry.what > RATE_TABLE_DAYS || !is_date(entry.high, entry.low) || key <= before) {
            return RC_INVALID;
        }
        table->zones[i] =
            (struct rate_table_zone){.month = entry.high, .day = entry.low, entry.what - 1};
        before = key;
    }
    table->zone_count = count;
    return RC_OK;
}

static enum rc decode_day(const uint8_t *bytes, struct rate_table_day *day)
{
    int count = list_length(bytes, RATE_TABLE_SLOTS_MAX);
    if (count < 1) {
        return RC_INVALID;
    }
    int before = -1;
    for (int i = 0; i < count; i++) {
        struct entry entry = entry_at(bytes, (size_t)i);
        int minute = entry.high * 60 + entry.low;
        if (entry.what > RATE__MAX || entry.low > 59 || entry.high > 23 || minute <= before) {
            return RC_INVALID;
        }
        day->slots[i] = (struct calendar_slot){minute, (enum rate)(entry.what - 1)};
        before = minute;
    }
    day->count = count;
    return RC_OK;
}

enum rc rate_table_decode(const struct rate_table_bytes *bytes, struct rate_table *ret_table)
{
    assert(bytes != NULL && ret_table != NULL);
    struct rate_table table = {.zone_count = 0};
    if ((bytes->parts & RATE_TABLE_ALL) != RATE_TABLE_ALL) {
        return RC_NOT_FOUND;
    }
    TRY(decode_zones(bytes, &table));
    for (int i = 0; i < table.zone_count; i++) {
        int day = table.zones[i].table;
        if (table.days[day].count == 0) {
            TRY(decode_day(bytes->days[day], &table.days[day]));
        }
    }
    *ret_table = table;
    return RC_OK;
}

/* The zone that began last, year around. */
static const struct rate_table_day *day_of(const struct rate_table *table, int month, int day)
{
    assert(table != NULL && table->zone_count >= 1 && is_date(month, day));
    int found = table->zone_count - 1;
    for (int i = 0; i < table->zone_count; i++) {
        if (date_key(table->zones[i].month, table->zones[i].day) <= date_key(month, day)) {
            found = i;
        }
    }
    return &table->days[table->zones[found].table];
}

/* The slots of a day with one at minute 0 and without repetitions. */
static int whole_day(const struct rate_table_day *day, struct calendar_slot slots[RATE_BANDS_MAX])
{
    assert(day->count >= 1);
    int count = 0;
    if (day->slots[0].minute > 0) {
        slots[count++] = (struct calendar_slot){0, day->slots[day->count - 1].rate};
    }
    for (int i = 0; i < day->count; i++) {
        if (count == 0 || slots[count - 1].rate != day->slots[i].rate) {
            slots[count++] = day->slots[i];
        }
    }
    return count;
}

size_t rate_table_bands(const struct rate_table *table, int month, int day,
                        struct rate_band bands[RATE_BANDS_MAX])
{
    assert(bands != NULL);
    struct calendar_slot slots[RATE_BANDS_MAX];
    int count = whole_day(day_of(table, month, day), slots);
    for (int i = 0; i < count; i++) {
        int to_minute = i + 1 < count ? slots[i + 1].minute : RATE_DAY_MINUTES;
        bands[i] = (struct rate_band){slots[i].minute, to_minute, slots[i].rate};
    }
    return (size_t)count;
}

enum rate rate_table_rate(const struct rate_table *table, int month, int day, int minute)
{
    assert(minute >= 0 && minute < RATE_DAY_MINUTES);
    const struct rate_table_day *slots = day_of(table, month, day);
    enum rate rate = slots->slots[slots->count - 1].rate;
    for (int i = 0; i < slots->count && slots->slots[i].minute <= minute; i++) {
        rate = slots->slots[i].rate;
    }
    return rate;
}

void rate_table_calendar(const struct rate_table *table, struct calendar *ret_calendar)
{
    assert(table != NULL && ret_calendar != NULL && table->zone_count >= 1);
    memset(ret_calendar, 0, sizeof(*ret_calendar));
    int place[RATE_TABLE_DAYS] = {-1, -1};
    for (int i = 0; i < table->zone_count; i++) {
        const struct rate_table_zone *zone = &table->zones[i];
        if (place[zone->table] < 0) {
            place[zone->table] = ret_calendar->table_count++;
            struct calendar_table *into = &ret_calendar->tables[place[zone->table]];
            into->count = whole_day(&table->days[zone->table], into->slots);
        }
        struct calendar_season *season = &ret_calendar->seasons[i];
        *season = (struct calendar_season){.month = zone->month, .day = zone->day};
        for (int k = 0; k < CALENDAR_DAY_TYPES_MAX; k++) {
            season->table[k] = place[zone->table];
        }
    }
    ret_calendar->season_count = table->zone_count;
}

_Static_assert(CALENDAR_SLOTS_MAX >= RATE_BANDS_MAX, "a day fits");
_Static_assert(CALENDAR_SEASONS_MAX >= RATE_TABLE_ZONES_MAX, "zones fit");

int64_t rate_table_price_e4(const int64_t price_e4[4], enum rate rate)
{
    static const enum rate otherwise[] = {RATE_FLAT, RATE_PEAK, RATE_VALLEY, RATE_SHARP};
    assert(price_e4 != NULL);
    if (rate <= RATE_VALLEY && price_e4[rate] != NO_PRICE) {
        return price_e4[rate];
    }
    for (size_t i = 0; i < ARRAY_LEN(otherwise); i++) {
        if (price_e4[otherwise[i]] != NO_PRICE) {
            return price_e4[otherwise[i]];
        }
    }
    return NO_PRICE;
}
