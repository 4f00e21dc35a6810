#include "core/rules/push.h"

#include <assert.h>
#include <string.h>

#include "core/base/json.h"
#include "core/rules/money.h"

static const enum point prices[PUSH_RATES] = {POINT_price_sharp, POINT_price_peak, POINT_price_flat,
                                              POINT_price_valley};
static const enum point alarms[2] = {POINT_alarm1, POINT_alarm2};
static const char *const day_keys[RATE_TABLE_DAYS] = {"day_1", "day_2"};
static const enum rate_table_part day_parts[RATE_TABLE_DAYS] = {RATE_TABLE_DAY_1, RATE_TABLE_DAY_2};

static int digit_of(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static enum rc parse_hex(const struct json_object *json, const char *key, uint8_t *bytes,
                         size_t len)
{
    const char *text = NULL;
    TRY(json_get_text(json, key, len * 2, len * 2, &text));
    for (size_t i = 0; i < len; i++) {
        int high = digit_of(text[i * 2]);
        int low = digit_of(text[i * 2 + 1]);
        if (high < 0 || low < 0) {
            return RC_INVALID;
        }
        bytes[i] = (uint8_t)(high << 4 | low);
    }
    return RC_OK;
}

static enum rc parse_numbers(const struct json_object *json, const char *key, size_t count,
                             int64_t max, int64_t *values)
{
    const struct json_object *list = NULL;
    TRY(json_get_array(json, key, count, &list));
    if (json_count(list) != count) {
        return RC_INVALID;
    }
    for (size_t i = 0; i < count; i++) {
        TRY(json_at_int(list, i, 0, max, &values[i]));
    }
    return RC_OK;
}

static enum rc parse_tables(const struct json_object *json, struct rate_table_bytes *tables)
{
    struct rate_table checked;
    if (json_has(json, "zones")) {
        TRY(parse_hex(json, "zones", tables->zones, sizeof(tables->zones)));
        tables->parts |= RATE_TABLE_ZONES;
    }
    for (size_t i = 0; i < RATE_TABLE_DAYS; i++) {
        if (json_has(json, day_keys[i])) {
            TRY(parse_hex(json, day_keys[i], tables->days[i], sizeof(tables->days[i])));
            tables->parts |= (uint8_t)day_parts[i];
        }
    }
    return tables->parts == RATE_TABLE_ALL ? rate_table_decode(tables, &checked) : RC_OK;
}

enum rc push_parse_json(const char *text, struct push_wanted *ret_wanted)
{
    assert(text != NULL && ret_wanted != NULL);
    CLEANUP(json_release) struct json_object *json = NULL;
    struct push_wanted wanted = {.has_prices = false};
    TRY(json_parse(text, strlen(text), 3, &json));
    wanted.has_prices = json_has(json, "price_e4");
    wanted.has_alarms = json_has(json, "alarm_fen");
    wanted.has_overdraft = json_has(json, "overdraft_fen");
    wanted.has_fee_control = json_has(json, "fee_control");
    if (wanted.has_prices) {
        TRY(parse_numbers(json, "price_e4", PUSH_RATES, PRICE_MAX_E4, wanted.price_e4));
    }
    if (wanted.has_alarms) {
        TRY(parse_numbers(json, "alarm_fen", 2, UINT32_MAX, wanted.alarm_fen));
    }
    if (wanted.has_fee_control) {
        TRY(json_get_bool(json, "fee_control", &wanted.fee_control));
    }
    if (wanted.has_overdraft) {
        TRY(json_get_int(json, "overdraft_fen", 0, INT32_MAX, &wanted.overdraft_fen));
    }
    TRY(parse_tables(json, &wanted.tables));
    if (!wanted.has_prices && !wanted.has_alarms && !wanted.has_overdraft &&
        !wanted.has_fee_control && wanted.tables.parts == 0) {
        return RC_INVALID;
    }
    *ret_wanted = wanted;
    return RC_OK;
}

bool push_covers(const struct push_wanted *newer, const struct push_wanted *older)
{
    assert(newer != NULL && older != NULL);
    return (newer->has_prices || !older->has_prices) && (newer->has_alarms || !older->has_alarms) &&
           (newer->has_overdraft || !older->has_overdraft) &&
           (newer->has_fee_control || !older->has_fee_control) &&
           (newer->tables.parts & older->tables.parts) == older->tables.parts;
}

static void add_key(struct text *json, const char *key)
{
    text_printf(json, "%s\"%s\":", json->len > 1 ? "," : "", key);
}

static void add_numbers(struct text *json, const char *key, const int64_t *values, size_t count)
{
    add_key(json, key);
    for (size_t i = 0; i < count; i++) {
        text_printf(json, "%s%lld", i == 0 ? "[" : ",", (long long)values[i]);
    }
    text_add_char(json, ']');
}

static void add_hex(struct text *json, const char *key, const uint8_t *bytes, size_t len)
{
    add_key(json, key);
    text_add_char(json, '"');
    for (size_t i = 0; i < len; i++) {
        text_printf(json, "%02x", bytes[i]);
    }
    text_add_char(json, '"');
}

void push_add_json(struct text *json, const struct push_wanted *wanted)
{
    assert(json != NULL && json->len == 0 && wanted != NULL);
    text_add_char(json, '{');
    if (wanted->has_prices) {
        add_numbers(json, "price_e4", wanted->price_e4, PUSH_RATES);
    }
    if (wanted->has_alarms) {
        add_numbers(json, "alarm_fen", wanted->alarm_fen, 2);
    }
    if (wanted->has_overdraft) {
        add_key(json, "overdraft_fen");
        text_add_int(json, wanted->overdraft_fen);
    }
    if (wanted->has_fee_control) {
        add_key(json, "fee_control");
        text_add_string(json, wanted->fee_control ? "true" : "false");
    }
    if ((wanted->tables.parts & RATE_TABLE_ZONES) != 0) {
        add_hex(json, "zones", wanted->tables.zones, sizeof(wanted->tables.zones));
    }
    for (size_t i = 0; i < RATE_TABLE_DAYS; i++) {
        if ((wanted->tables.parts & day_parts[i]) != 0) {
            add_hex(json, day_keys[i], wanted->tables.days[i], sizeof(wanted->tables.days[i]));
        }
    }
    text_add_char(json, '}');
}

static bool is_there(const struct reading *reading, enum point point, int64_t wanted)
{
    int64_t value = 0;
    return reading_get(reading, point, &value) && value == wanted;
}

bool push_stands(const struct push_wanted *wanted, const struct reading *reading,
                 const struct rate_table_bytes *tables)
{
    assert(wanted != NULL && reading != NULL && tables != NULL);
    bool stands = (tables->parts & wanted->tables.parts) == wanted->tables.parts;
    for (size_t i = 0; i < PUSH_RATES && wanted->has_prices; i++) {
        stands = stands && is_there(reading, prices[i], wanted->price_e4[i]);
    }
    for (size_t i = 0; i < 2 && wanted->has_alarms; i++) {
        stands = stands && is_there(reading, alarms[i], wanted->alarm_fen[i]);
    }
    if (wanted->has_overdraft) {
        stands = stands && is_there(reading, POINT_overdraft, wanted->overdraft_fen);
    }
    if (wanted->has_fee_control) {
        int64_t enabled = 0;
        bool read = reading_get(reading, POINT_fee_control_enabled, &enabled);
        stands = stands && read && (enabled != 0) == wanted->fee_control;
    }
    if ((wanted->tables.parts & RATE_TABLE_ZONES) != 0) {
        stands = stands && memcmp(wanted->tables.zones, tables->zones, sizeof(tables->zones)) == 0;
    }
    for (size_t i = 0; i < RATE_TABLE_DAYS; i++) {
        if ((wanted->tables.parts & day_parts[i]) != 0) {
            stands = stands &&
                     memcmp(wanted->tables.days[i], tables->days[i], sizeof(tables->days[i])) == 0;
        }
    }
    return stands;
}
