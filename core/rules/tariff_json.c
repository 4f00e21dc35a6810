#include "core/rules/tariff_json.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/base/json.h"
#include "core/base/text.h"
#include "core/rules/money.h"

#define DEPTH 8

struct reader {
    struct arena *arena;
    char *where;
};

/* Names the field that is at fault. A missing field is an invalid body. */
static enum rc fail(struct reader *reader, enum rc rc, const char *format, ...) PRINTF_LIKE(3, 4);
static enum rc fail(struct reader *reader, enum rc rc, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)vsnprintf(reader->where, TARIFF_JSON_WHERE_MAX, format, args);
    va_end(args);
    return rc == RC_NOT_FOUND ? RC_INVALID : rc;
}

#define NEED(call, ...)                                                                            \
    do {                                                                                           \
        enum rc need_rc_ = (call);                                                                 \
        if (need_rc_ != RC_OK) {                                                                   \
            return fail(reader, need_rc_, __VA_ARGS__);                                            \
        }                                                                                          \
    } while (0)

static enum rc read_period(const struct json_object *body, struct calendar_period *period)
{
    const struct json_object *object = NULL;
    const char *every = NULL;
    int64_t month = 0;
    int64_t day = 0;
    TRY(json_get_object(body, "period", &object));
    TRY(json_get_text(object, "every", 1, 8, &every));
    TRY(json_get_int(object, "day", 1, 28, &day));
    *period = (struct calendar_period){.every = EVERY_MONTH, .day = (int)day};
    if (strcmp(every, "month") == 0) {
        return RC_OK;
    }
    if (strcmp(every, "year") != 0) {
        return RC_INVALID;
    }
    TRY(json_get_int(object, "month", 1, 12, &month));
    period->every = EVERY_YEAR;
    period->month = (int)month;
    return RC_OK;
}

/* Every rate has a price: its own, or that of flat. */
static enum rc read_prices(const struct json_object *object, int64_t price_e4[RATE__MAX])
{
    const struct json_object *prices = NULL;
    int64_t flat_e4 = 0;
    TRY(json_get_object(object, "prices_e4", &prices));
    TRY(json_get_int(prices, rate_name(RATE_FLAT), 0, PRICE_MAX_E4, &flat_e4));
    for (int rate = 0; rate < RATE__MAX; rate++) {
        const char *name = rate_name((enum rate)rate);
        price_e4[rate] = flat_e4;
        if (json_has(prices, name)) {
            TRY(json_get_int(prices, name, 0, PRICE_MAX_E4, &price_e4[rate]));
        }
    }
    return RC_OK;
}

static enum rc read_step(const struct json_object *step, int index,
                         const int64_t base_e4[RATE__MAX], struct tariff_version *version)
{
    int64_t surcharge_e4 = 0;
    TRY(json_get_int(step, "from_wh", 0, ENERGY_MAX_WH, &version->step_from_wh[index]));
    if (json_has(step, "prices_e4")) {
        return read_prices(step, version->price_e4[index]);
    }
    TRY(json_get_int(step, "surcharge_e4", -PRICE_MAX_E4, PRICE_MAX_E4, &surcharge_e4));
    for (int rate = 0; rate < RATE__MAX; rate++) {
        version->price_e4[index][rate] = base_e4[rate] + surcharge_e4;
    }
    return RC_OK;
}

static enum rc read_steps(struct reader *reader, const struct json_object *body,
                          struct tariff_version *version)
{
    int64_t base_e4[RATE__MAX] = {0};
    NEED(read_prices(body, base_e4), "prices_e4");
    if (!tariff_kind_has_steps(version->kind)) {
        version->step_count = 1;
        memcpy(version->price_e4[0], base_e4, sizeof(base_e4));
        return RC_OK;
    }
    const struct json_object *steps = NULL;
    NEED(json_get_array(body, "steps", TARIFF_STEPS_MAX, &steps), "steps");
    version->step_count = (int)json_count(steps);
    for (int i = 0; i < version->step_count; i++) {
        NEED(read_step(json_at(steps, (size_t)i), i, base_e4, version), "steps[%d]", i);
    }
    return RC_OK;
}

static enum rc read_table(const struct json_object *slots, struct calendar_table *table)
{
    if (!json_is_array(slots) || json_count(slots) > CALENDAR_SLOTS_MAX) {
        return RC_INVALID;
    }
    table->count = (int)json_count(slots);
    for (int i = 0; i < table->count; i++) {
        const struct json_object *pair = json_at(slots, (size_t)i);
        const char *rate = NULL;
        int64_t minute = 0;
        if (!json_is_array(pair) || json_count(pair) != 2) {
            return RC_INVALID;
        }
        TRY(json_at_int(pair, 0, 0, 1439, &minute));
        TRY(json_at_text(pair, 1, 1, 16, &rate));
        TRY(rate_find(rate, &table->slots[i].rate));
        table->slots[i].minute = (int)minute;
    }
    return RC_OK;
}

static enum rc read_number(const char *text, size_t len, int64_t *ret_number)
{
    int64_t number = 0;
    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return RC_INVALID;
        }
        number = number * 10 + (text[i] - '0');
    }
    *ret_number = number;
    return RC_OK;
}

/* "MM-DD": five bytes. */
static enum rc read_day(const char *text, int *ret_month, int *ret_day)
{
    int64_t month = 0;
    int64_t day = 0;
    if (text[2] != '-') {
        return RC_INVALID;
    }
    TRY(read_number(text, 2, &month));
    TRY(read_number(text + 3, 2, &day));
    *ret_month = (int)month;
    *ret_day = (int)day;
    return RC_OK;
}

static enum rc read_season(const struct json_object *object, struct calendar_season *season)
{
    const char *from = NULL;
    const struct json_object *tables = NULL;
    TRY(json_get_text(object, "from", 5, 5, &from));
    TRY(read_day(from, &season->month, &season->day));
    TRY(json_get_array(object, "tables", CALENDAR_DAY_TYPES_MAX, &tables));
    if (json_count(tables) != CALENDAR_DAY_TYPES_MAX) {
        return RC_INVALID;
    }
    for (size_t i = 0; i < CALENDAR_DAY_TYPES_MAX; i++) {
        int64_t table = 0;
        TRY(json_at_int(tables, i, 0, CALENDAR_TABLES_MAX - 1, &table));
        season->table[i] = (int)table;
    }
    return RC_OK;
}

static enum rc read_date(const struct json_object *object, struct calendar_date *date)
{
    const char *text = NULL;
    int64_t year = 0;
    int64_t type = 0;
    TRY(json_get_text(object, "date", 10, 10, &text));
    TRY(json_get_int(object, "type", 0, CALENDAR_DAY_TYPES_MAX - 1, &type));
    if (text[4] != '-') {
        return RC_INVALID;
    }
    TRY(read_number(text, 4, &year));
    TRY(read_day(text + 5, &date->month, &date->day));
    date->year = (int)year;
    date->day_type = (int)type;
    return RC_OK;
}

static enum rc read_weekdays(const struct json_object *object, struct calendar *calendar)
{
    const struct json_object *weekdays = NULL;
    TRY(json_get_array(object, "weekdays", 7, &weekdays));
    if (json_count(weekdays) != 7) {
        return RC_INVALID;
    }
    for (size_t i = 0; i < 7; i++) {
        int64_t type = 0;
        TRY(json_at_int(weekdays, i, 0, CALENDAR_DAY_TYPES_MAX - 1, &type));
        calendar->weekday_type[i] = (int)type;
    }
    return RC_OK;
}

static enum rc read_calendar(struct reader *reader, const struct json_object *object,
                             struct calendar *calendar)
{
    const struct json_object *rows = NULL;
    NEED(json_get_array(object, "tables", CALENDAR_TABLES_MAX, &rows), "calendar.tables");
    calendar->table_count = (int)json_count(rows);
    for (int i = 0; i < calendar->table_count; i++) {
        NEED(read_table(json_at(rows, (size_t)i), &calendar->tables[i]), "calendar.tables[%d]", i);
    }
    NEED(json_get_array(object, "seasons", CALENDAR_SEASONS_MAX, &rows), "calendar.seasons");
    calendar->season_count = (int)json_count(rows);
    for (int i = 0; i < calendar->season_count; i++) {
        NEED(read_season(json_at(rows, (size_t)i), &calendar->seasons[i]), "calendar.seasons[%d]",
             i);
    }
    NEED(read_weekdays(object, calendar), "calendar.weekdays");
    if (json_has(object, "dates")) {
        NEED(json_get_array(object, "dates", CALENDAR_DATES_MAX, &rows), "calendar.dates");
        calendar->date_count = (int)json_count(rows);
        for (int i = 0; i < calendar->date_count; i++) {
            NEED(read_date(json_at(rows, (size_t)i), &calendar->dates[i]), "calendar.dates[%d]", i);
        }
    }
    int row = 0;
    enum calendar_fault fault = calendar_check(calendar, &row);
    if (fault != CALENDAR_FINE) {
        return fail(reader, RC_INVALID, "calendar.%s[%d]", calendar_fault_code(fault), row);
    }
    return RC_OK;
}

static enum rc read_version(struct reader *reader, const struct json_object *body,
                            struct tariff_version *version)
{
    NEED(read_period(body, &version->period), "period");
    TRY(read_steps(reader, body, version));
    if (tariff_kind_has_rates(version->kind)) {
        const struct json_object *object = NULL;
        NEED(json_get_object(body, "calendar", &object), "calendar");
        struct calendar *calendar = arena_take(reader->arena, sizeof(*calendar));
        if (calendar == NULL) {
            return RC_MEMORY;
        }
        TRY(read_calendar(reader, object, calendar));
        version->calendar = calendar;
    }
    int row = 0;
    enum tariff_fault fault = tariff_version_check(version, &row);
    if (fault != TARIFF_FINE) {
        return fail(reader, RC_INVALID, "%s[%d]", tariff_fault_code(fault), row);
    }
    return RC_OK;
}

enum rc tariff_json_parse(const char *bytes, size_t len, enum tariff_kind kind,
                          int64_t valid_from_at_ms, struct arena *arena,
                          struct tariff_version *ret_version, char where[TARIFF_JSON_WHERE_MAX])
{
    assert(bytes != NULL && arena != NULL && ret_version != NULL && where != NULL);
    struct reader reader = {.arena = arena, .where = where};
    where[0] = '\0';
    if (len > TARIFF_JSON_BYTES_MAX) {
        return RC_TOO_LARGE;
    }
    CLEANUP(json_release) struct json_object *body = NULL;
    enum rc rc = json_parse(bytes, len, DEPTH, &body);
    if (rc != RC_OK) {
        return fail(&reader, rc, "body");
    }
    struct tariff_version version = {.kind = kind, .valid_from_at_ms = valid_from_at_ms};
    TRY(read_version(&reader, body, &version));
    *ret_version = version;
    return RC_OK;
}
