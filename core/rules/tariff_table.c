#include "core/rules/tariff_table.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

static const char *const codes[TABLE_MISFIT__MAX] = {
    [TABLE_FITS] = "fits",     [TABLE_DAY_TYPES] = "day_types", [TABLE_SEASONS] = "seasons",
    [TABLE_TABLES] = "tables", [TABLE_SLOTS] = "slots",
};

const char *table_misfit_code(enum table_misfit misfit)
{
    assert(misfit >= 0 && misfit < TABLE_MISFIT__MAX);
    return codes[misfit];
}

/* Number (from 0) of a table among those that the meter gets; METER_TABLES when there is no room.
 */
static int place_of(int table, int places[METER_TABLES], int *count)
{
    for (int i = 0; i < *count; i++) {
        if (places[i] == table) {
            return i;
        }
    }
    if (*count == METER_TABLES) {
        return METER_TABLES;
    }
    places[*count] = table;
    return (*count)++;
}

static enum table_misfit put_zones(const struct calendar *calendar, int type,
                                   struct meter_tables *tables, int places[METER_TABLES],
                                   int *count)
{
    if (calendar->season_count > METER_ZONES) {
        return TABLE_SEASONS;
    }
    for (int i = 0; i < calendar->season_count; i++) {
        const struct calendar_season *season = &calendar->seasons[i];
        int place = place_of(season->table[type], places, count);
        if (place == METER_TABLES) {
            return TABLE_TABLES;
        }
        tables->zones[3 * i] = (uint8_t)(place + 1);
        tables->zones[3 * i + 1] = (uint8_t)season->day;
        tables->zones[3 * i + 2] = (uint8_t)season->month;
    }
    return TABLE_FITS;
}

enum table_misfit meter_tables_encode(const struct calendar *calendar,
                                      struct meter_tables *ret_tables)
{
    assert(calendar != NULL && ret_tables != NULL);
    int type = calendar->weekday_type[0]; /* every day must be like a Sunday */
    struct calendar plain = *calendar;
    plain.date_count = 0;
    for (int i = 0; i < 7; i++) {
        plain.weekday_type[i] = type;
    }
    if (!calendar_equal(calendar, &plain)) {
        return TABLE_DAY_TYPES;
    }
    struct meter_tables tables = {{0}, {{0}}};
    int places[METER_TABLES] = {0};
    int count = 0;
    enum table_misfit misfit = put_zones(calendar, type, &tables, places, &count);
    if (misfit != TABLE_FITS) {
        return misfit;
    }
    for (int i = 0; i < count; i++) {
        const struct calendar_table *table = &calendar->tables[places[i]];
        if (table->count > METER_SLOTS) {
            return TABLE_SLOTS;
        }
        for (int j = 0; j < table->count; j++) {
            tables.days[i][3 * j] = (uint8_t)(table->slots[j].rate + 1);
            tables.days[i][3 * j + 1] = (uint8_t)(table->slots[j].minute % 60);
            tables.days[i][3 * j + 2] = (uint8_t)(table->slots[j].minute / 60);
        }
    }
    *ret_tables = tables;
    return TABLE_FITS;
}

/* Puts a slot in its place; a second one at the same minute takes the first one's. */
static void insert_slot(struct calendar_table *table, struct calendar_slot slot)
{
    int at = table->count;
    while (at > 0 && table->slots[at - 1].minute >= slot.minute) {
        at--;
    }
    if (at < table->count && table->slots[at].minute == slot.minute) {
        table->slots[at] = slot;
        return;
    }
    memmove(&table->slots[at + 1], &table->slots[at],
            (size_t)(table->count - at) * sizeof(table->slots[0]));
    table->slots[at] = slot;
    table->count++;
}

static enum rc decode_day(const uint8_t *bytes, struct calendar_table *table)
{
    for (int i = 0; i < METER_SLOTS; i++) {
        const uint8_t *slot = &bytes[(size_t)3 * (size_t)i];
        if (slot[0] == 0) {
            continue;
        }
        if (slot[0] > RATE__MAX || slot[1] > 59 || slot[2] > 23) {
            return RC_PROTOCOL;
        }
        insert_slot(table,
                    (struct calendar_slot){slot[2] * 60 + slot[1], (enum rate)(slot[0] - 1)});
    }
    if (table->count > 0 && table->slots[0].minute != 0) {
        insert_slot(table, (struct calendar_slot){0, table->slots[table->count - 1].rate});
    }
    return RC_OK;
}

static int season_key(const struct calendar_season *season)
{
    return season->month * 100 + season->day;
}

static void insert_season(struct calendar *calendar, struct calendar_season season)
{
    int at = calendar->season_count;
    while (at > 0 && season_key(&calendar->seasons[at - 1]) >= season_key(&season)) {
        at--;
    }
    if (at < calendar->season_count && season_key(&calendar->seasons[at]) == season_key(&season)) {
        calendar->seasons[at] = season;
        return;
    }
    memmove(&calendar->seasons[at + 1], &calendar->seasons[at],
            (size_t)(calendar->season_count - at) * sizeof(calendar->seasons[0]));
    calendar->seasons[at] = season;
    calendar->season_count++;
}

static enum rc decode_zones(const struct meter_tables *tables, struct calendar *calendar)
{
    for (int i = 0; i < METER_ZONES; i++) {
        const uint8_t *zone = &tables->zones[3 * i];
        if (zone[0] == 0) {
            continue;
        }
        if (zone[0] > METER_TABLES || calendar->tables[zone[0] - 1].count == 0) {
            return RC_PROTOCOL;
        }
        struct calendar_season season = {.month = zone[2], .day = zone[1]};
        for (int type = 0; type < CALENDAR_DAY_TYPES_MAX; type++) {
            season.table[type] = zone[0] - 1;
        }
        insert_season(calendar, season);
    }
    return RC_OK;
}

enum rc meter_tables_decode(const struct meter_tables *tables, struct calendar *ret_calendar)
{
    assert(tables != NULL && ret_calendar != NULL);
    struct calendar calendar = {.table_count = METER_TABLES};
    for (int i = 0; i < METER_TABLES; i++) {
        TRY(decode_day(tables->days[i], &calendar.tables[i]));
    }
    TRY(decode_zones(tables, &calendar));
    for (int i = 0; i < METER_TABLES; i++) {
        if (calendar.tables[i].count == 0) { /* an unused table is no fault, but must be one */
            calendar.tables[i] = (struct calendar_table){1, {{0, RATE_FLAT}}};
        }
    }
    int row = 0;
    if (calendar_check(&calendar, &row) != CALENDAR_FINE) {
        return RC_PROTOCOL;
    }
    *ret_calendar = calendar;
    return RC_OK;
}
