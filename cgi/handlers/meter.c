/* One meter: its page, its curve, its log. */
#include <string.h>

#include "cgi/handlers/handlers.h"
#include "cgi/handlers/meter.h"
#include "cgi/handlers/park.h"
#include "cgi/shape.h"
#include "core/base/clock.h"
#include "core/flow/command.h"
#include "core/rules/alarm.h"
#include "core/rules/approval.h"
#include "core/rules/command_result.h"
#include "core/store/hold_list.h"
#include "core/store/meter_detail.h"
#include "core/store/meter_tables.h"
#include "core/store/reading_list.h"
#include "core/store/row.h"

#define RANGE_MAX_MS (INT64_C(400) * 86400 * 1000)
#define LOG_SKIP_MAX 10000

SHAPE(named, "Named", struct named_row, F_ID(struct named_row, id, NEEDED),
      F_WORDS(struct named_row, code, NEEDED), F_WORDS(struct named_row, name, NEEDED));

SHAPE(meter_line, "MeterLine", struct meter_line, F_ID(struct meter_line, id, NEEDED),
      F_WORDS(struct meter_line, code, NEEDED), F_WORDS(struct meter_line, name, NEEDED),
      F_BOOL(struct meter_line, read_only, NEEDED));

#define LIVE(member) F_NUMBER(struct meter_live, member, NULLABLE)
SHAPE(meter_live, "MeterLive", struct meter_live, LIVE(voltage_a_mv), LIVE(voltage_b_mv),
      LIVE(voltage_c_mv), LIVE(current_a_ma), LIVE(current_b_ma), LIVE(current_c_ma),
      LIVE(power_a_w), LIVE(power_b_w), LIVE(power_c_w), LIVE(power_w), LIVE(reactive_var),
      LIVE(power_factor_milli), LIVE(energy_wh), LIVE(energy_sharp_wh), LIVE(energy_peak_wh),
      LIVE(energy_flat_wh), LIVE(energy_valley_wh), LIVE(max_demand_w),
      F_WORDS(struct meter_live, max_demand_at_text, NEEDED), LIVE(status_bits),
      F_BOOL(struct meter_live, fault, NEEDED), F_BOOL(struct meter_live, over_limit, NEEDED),
      F_BOOL(struct meter_live, arrears, NEEDED), F_BOOL(struct meter_live, alarm1, NEEDED),
      F_BOOL(struct meter_live, alarm2, NEEDED), F_BOOL(struct meter_live, fee_control, NEEDED),
      F_BOOL(struct meter_live, load_control, NEEDED),
      F_BOOL(struct meter_live, time_control, NEEDED), LIVE(load_trip_count),
      LIVE(load_trip_allowed), F_TIME(struct meter_live, meter_clock_at, NULLABLE));

#define PARAMETER(member) F_NUMBER(struct meter_parameters, member, NULLABLE)
SHAPE(meter_parameters, "MeterParameters", struct meter_parameters,
      F_TIME(struct meter_parameters, read_at, NEEDED), PARAMETER(price_sharp_e4),
      PARAMETER(price_peak_e4), PARAMETER(price_flat_e4), PARAMETER(price_valley_e4),
      F_WORDS(struct meter_parameters, rate_now, NULLABLE), PARAMETER(price_now_e4),
      F_TIME(struct meter_parameters, tables_read_at, NULLABLE), PARAMETER(alarm1_fen),
      PARAMETER(alarm2_fen), PARAMETER(overdraft_fen),
      F_BOOL(struct meter_parameters, fee_control_enabled, NEEDED), PARAMETER(run_word),
      F_BOOL(struct meter_parameters, encrypted, NEEDED));

SHAPE(meter_errors, "MeterErrors", struct meter_errors,
      F_NUMBER(struct meter_errors, timeouts, NEEDED), F_NUMBER(struct meter_errors, crc, NEEDED),
      F_NUMBER(struct meter_errors, foreign, NEEDED), F_NUMBER(struct meter_errors, late, NEEDED),
      F_NUMBER(struct meter_errors, exceptions, NEEDED));

static const char *const kinds[] = {"trip", "close", "keep_on", "release", "read", NULL};

struct action {
    const char *kind;
    bool offered;
    const char *why_not;
    bool needs_second_person;
    bool needs_unit_number;
    bool proven;
};

SHAPE(action, "Action", struct action, F_ENUM(struct action, kind, NEEDED, kinds),
      F_BOOL(struct action, offered, NEEDED), F_WORDS(struct action, why_not, NULLABLE),
      F_BOOL(struct action, needs_second_person, NEEDED),
      F_BOOL(struct action, needs_unit_number, NEEDED), F_BOOL(struct action, proven, NEEDED));

static const char *const billing_modes[] = {"meter", "platform", NULL};
static const char *const maturities[] = {"experimental", "accepted", NULL};

SHAPE(meter_detail, "MeterFacts", struct meter_detail,
      F_EMBED(struct meter_detail, row, &shape_meter_row),
      F_WORDS(struct meter_detail, serial_number, NEEDED),
      F_WORDS(struct meter_detail, model_code, NEEDED),
      F_WORDS(struct meter_detail, model_name, NEEDED),
      F_ENUM(struct meter_detail, maturity, NEEDED, maturities),
      F_WORDS(struct meter_detail, capabilities, NEEDED),
      F_NUMBER(struct meter_detail, address, NEEDED),
      F_OBJECT(struct meter_detail, line, NEEDED, &shape_meter_line),
      F_OBJECT(struct meter_detail, gateway, NEEDED, &shape_named),
      F_WORDS(struct meter_detail, room, NEEDED), F_WORDS(struct meter_detail, building, NEEDED),
      F_WORDS(struct meter_detail, floor, NEEDED), F_NUMBER(struct meter_detail, ct_ratio, NEEDED),
      F_NUMBER(struct meter_detail, pt_ratio, NEEDED),
      F_BOOL(struct meter_detail, external_control, NEEDED),
      F_NUMBER(struct meter_detail, epoch, NEEDED),
      F_ENUM(struct meter_detail, billing_mode, NEEDED, billing_modes),
      F_OBJECT(struct meter_detail, live, NULLABLE, &shape_meter_live),
      F_OBJECT(struct meter_detail, parameters, NULLABLE, &shape_meter_parameters),
      F_OBJECT(struct meter_detail, errors, NEEDED, &shape_meter_errors));

struct meter_page {
    struct meter_detail detail;
    struct shape_list actions;
    const struct lock_out_view *lock_out;
};

SHAPE(meter_page, "Meter", struct meter_page,
      F_EMBED(struct meter_page, detail, &shape_meter_detail),
      F_LIST(struct meter_page, actions, &shape_action),
      F_OBJECT(struct meter_page, lock_out, NULLABLE, &shape_lock_out));

static enum rc add_actions(struct request *request, struct meter_page *page)
{
    struct command_offer offers[COMMAND_KIND__MAX];
    TRY(command_offers(request->db, request->arena, page->detail.row.supply_id, offers));
    struct action *actions = arena_take_array(request->arena, ARRAY_LEN(offers), sizeof *actions);
    if (actions == NULL) {
        return RC_MEMORY;
    }
    for (size_t i = 0; i < ARRAY_LEN(offers); i++) {
        actions[i] = (struct action){
            .kind = command_kind_name(offers[i].kind),
            .offered = offers[i].offered,
            .why_not = offers[i].offered ? NULL : offers[i].why_not,
            .needs_second_person = offers[i].needs_second_person,
            .needs_unit_number = offers[i].needs_unit_number,
            .proven = offers[i].proven,
        };
    }
    page->actions = (struct shape_list){.items = actions, .count = ARRAY_LEN(offers)};
    return RC_OK;
}

enum rc handle_meter_show(struct request *request)
{
    struct meter_list_question question = park_question(request);
    struct meter_page page = {0};
    TRY(meter_detail_get(request->db, request->arena, &question, request->ids[0], &page.detail));
    TRY(add_actions(request, &page));
    struct lock_out_view lock_out;
    enum rc rc =
        lock_out_list_active(request->db, request->arena, page.detail.row.supply_id, &lock_out);
    if (rc == RC_OK) {
        page.lock_out = &lock_out;
    } else if (rc != RC_NOT_FOUND) {
        return rc;
    }
    return request_reply(request, 200, &page);
}

/* ---- the curve */

struct readings_input {
    int64_t from;
    int64_t to;
    int64_t step_s;
};

SHAPE(readings_input, "ReadingsQuery", struct readings_input,
      F_TIME(struct readings_input, from, NEEDED), F_TIME(struct readings_input, to, NEEDED),
      F_INT(struct readings_input, step_s, OPTIONAL, 60, 86400));

SHAPE(reading_point, "ReadingPoint", struct reading_point, F_TIME(struct reading_point, at, NEEDED),
      F_NUMBER(struct reading_point, power_w, NULLABLE),
      F_NUMBER(struct reading_point, balance_fen, NULLABLE),
      F_NUMBER(struct reading_point, energy_wh, NULLABLE),
      F_WORDS(struct reading_point, relay, NEEDED));

struct band_item {
    int64_t from_minute;
    int64_t to_minute;
    const char *rate;
};

SHAPE(band_item, "RateBand", struct band_item, F_NUMBER(struct band_item, from_minute, NEEDED),
      F_NUMBER(struct band_item, to_minute, NEEDED), F_WORDS(struct band_item, rate, NEEDED));

SHAPE(readings, "Readings", struct readings_reply,
      F_LIST(struct readings_reply, items, &shape_reading_point),
      F_NUMBER(struct readings_reply, step_s, NEEDED),
      F_LIST(struct readings_reply, rate_bands, &shape_band_item));

enum rc meter_add_bands(struct request *request, int64_t meter_id, int64_t at_ms,
                        struct shape_list *list)
{
    struct rate_table table;
    struct clock_parts local = park_local_time(request, at_ms);
    enum rc rc = meter_tables_get(request->db, request->arena, meter_id, &table);
    if (rc == RC_NOT_FOUND || rc == RC_INVALID || local.month == 0) {
        return RC_OK;
    }
    TRY(rc);
    struct rate_band bands[RATE_BANDS_MAX];
    size_t count = rate_table_bands(&table, local.month, local.day, bands);
    struct band_item *items = arena_take_array(request->arena, count, sizeof *items);
    if (items == NULL) {
        return RC_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        items[i] = (struct band_item){.from_minute = bands[i].from_minute,
                                      .to_minute = bands[i].to_minute,
                                      .rate = rate_name(bands[i].rate)};
    }
    *list = (struct shape_list){items, count};
    return RC_OK;
}

enum rc handle_meter_readings(struct request *request)
{
    const struct readings_input *input = request->input;
    struct meter_list_question question = park_question(request);
    struct reading_question ask = {
        .meter_id = request->ids[0],
        .from_ms = input->from,
        .to_ms = input->to,
        .step_s = input->step_s == SHAPE_NULL ? 900 : input->step_s,
    };
    if (ask.to_ms <= ask.from_ms || ask.to_ms - ask.from_ms > RANGE_MAX_MS) {
        return request_refuse(request, RC_INVALID, "invalid_field", "to",
                              "to must lie after from, at most 400 days");
    }
    struct meter_row row;
    TRY(meter_list_one(request->db, request->arena, &question, request->ids[0], &row));
    struct reading_point *points = NULL;
    size_t count = 0;
    enum rc rc = reading_list(request->db, request->arena, &ask, &points, &count);
    if (rc == RC_TOO_LARGE) {
        return request_refuse(request, RC_INVALID, "invalid_field", "step_s",
                              "too many points: choose a longer step or a shorter time");
    }
    TRY(rc);
    struct readings_reply reply = {.items = {points, count}, .step_s = ask.step_s};
    TRY(meter_add_bands(request, request->ids[0], ask.from_ms, &reply.rate_bands));
    return request_reply(request, 200, &reply);
}

/* ---- the meters that hung there */

SHAPE(meter_life, "MeterLife", struct meter_life, F_NUMBER(struct meter_life, epoch, NEEDED),
      F_ID(struct meter_life, meter_id, NEEDED), F_WORDS(struct meter_life, number, NEEDED),
      F_WORDS(struct meter_life, serial_number, NEEDED),
      F_TIME(struct meter_life, opened_at, NEEDED), F_TIME(struct meter_life, closed_at, NULLABLE),
      F_NUMBER(struct meter_life, open_energy_wh, NEEDED),
      F_NUMBER(struct meter_life, end_energy_wh, NULLABLE),
      F_NUMBER(struct meter_life, used_wh, NULLABLE),
      F_NUMBER(struct meter_life, open_balance_fen, NEEDED),
      F_NUMBER(struct meter_life, close_balance_fen, NULLABLE),
      F_NUMBER(struct meter_life, open_count, NEEDED),
      F_NUMBER(struct meter_life, close_count, NULLABLE),
      F_BOOL(struct meter_life, close_typed, NEEDED), F_ID(struct meter_life, swap_id, NULLABLE));

struct meter_lives_reply {
    struct shape_list items;
};

SHAPE(meter_lives, "MeterLives", struct meter_lives_reply,
      F_LIST(struct meter_lives_reply, items, &shape_meter_life));

enum rc handle_meter_lives(struct request *request)
{
    struct meter_list_question question = park_question(request);
    struct meter_lives_reply reply = {0};
    struct meter_life *lives = NULL;
    struct meter_row row;
    TRY(meter_list_one(request->db, request->arena, &question, request->ids[0], &row));
    TRY(meter_lives(request->db, request->arena, request->ids[0], &lives, &reply.items.count));
    reply.items.items = lives;
    return request_reply(request, 200, &reply);
}

/* ---- the log */

struct log_input {
    const char *cursor;
    int64_t limit;
};

SHAPE(log_input, "LogQuery", struct log_input, F_TEXT(struct log_input, cursor, OPTIONAL, 1, 40),
      F_INT(struct log_input, limit, OPTIONAL, 1, PAGE_LIMIT_MAX));

struct log_item {
    int64_t at;
    const char *kind;
    const char *title;
    const char *title_en;
    const char *actor_name;
    const char *state;
    const char *reason;
    const char *detail;
    int64_t command_id;
};

SHAPE(log_item, "LogItem", struct log_item, F_TIME(struct log_item, at, NEEDED),
      F_WORDS(struct log_item, kind, NEEDED), F_WORDS(struct log_item, title, NEEDED),
      F_WORDS(struct log_item, title_en, NEEDED), F_WORDS(struct log_item, actor_name, NEEDED),
      F_WORDS(struct log_item, state, NEEDED), F_WORDS(struct log_item, reason, NEEDED),
      F_WORDS(struct log_item, detail, NEEDED), F_ID(struct log_item, command_id, NULLABLE));

struct log_reply {
    struct shape_list items;
    const char *next_cursor;
};

SHAPE(meter_log, "MeterLog", struct log_reply, F_LIST(struct log_reply, items, &shape_log_item),
      F_WORDS(struct log_reply, next_cursor, NULLABLE));

/* Titles of orders and lock-outs; alarms and approvals have theirs in their tables. */
static const struct {
    const char *code;
    const char *zh;
    const char *en;
} titles[] = {
    {"trip", "分闸", "Trip"},
    {"close", "合闸", "Close"},
    {"keep_on", "保电", "Keep on"},
    {"release", "恢复预付费", "Release to prepaid"},
    {"read", "立即抄读", "Read now"},
    {"lock_out", "检修锁定", "Lock-out"},
    {"lift", "解除锁定", "Lock-out lifted"},
};

static void set_title(const char *kind, const char *code, struct log_item *item)
{
    enum alarm_kind alarm = ALARM__MAX;
    enum approval_kind approval = APPROVAL__MAX;
    item->title = code;
    item->title_en = code;
    if (strcmp(kind, "alarm") == 0 && alarm_find(code, &alarm) == RC_OK) {
        item->title = alarm_title_zh(alarm);
        item->title_en = alarm_title_en(alarm);
        return;
    }
    if (strcmp(kind, "approval") == 0 && approval_find(code, &approval) == RC_OK) {
        item->title = approval_title_zh(approval);
        item->title_en = approval_title_en(approval);
        return;
    }
    for (size_t i = 0; i < ARRAY_LEN(titles); i++) {
        if (strcmp(titles[i].code, code) == 0) {
            item->title = titles[i].zh;
            item->title_en = titles[i].en;
        }
    }
}

/* A cursor is the time of the last row shown, and how many rows of that time were shown:
 * "1795410000000.2". */
static enum rc read_cursor(struct request *request, const char *cursor, int64_t *ret_before_ms,
                           int64_t *ret_skip)
{
    *ret_before_ms = 0;
    *ret_skip = 0;
    if (cursor == NULL) {
        return RC_OK;
    }
    size_t dot = strcspn(cursor, ".");
    if (cursor[dot] != '.' ||
        text_parse_int(cursor, dot, 1, SHAPE_ID_MAX, ret_before_ms) != RC_OK ||
        text_parse_int(cursor + dot + 1, strlen(cursor + dot + 1), 0, LOG_SKIP_MAX, ret_skip) !=
            RC_OK) {
        return request_refuse(request, RC_INVALID, "invalid_field", "cursor",
                              "cursor must be a next_cursor of this list");
    }
    return RC_OK;
}

static const char *make_cursor(struct arena *arena, const struct meter_log_row *rows, size_t count,
                               int64_t before_ms, int64_t skip)
{
    int64_t last_ms = rows[count - 1].at;
    int64_t shown = last_ms == before_ms ? skip : 0;
    for (size_t i = 0; i < count; i++) {
        shown += rows[i].at == last_ms ? 1 : 0;
    }
    return arena_printf(arena, "%lld.%lld", (long long)last_ms, (long long)shown);
}

enum rc handle_meter_log(struct request *request)
{
    const struct log_input *input = request->input;
    struct meter_list_question question = park_question(request);
    struct meter_row meter;
    TRY(meter_list_one(request->db, request->arena, &question, request->ids[0], &meter));
    size_t limit = park_limit(input->limit);
    int64_t before_ms = 0;
    int64_t skip = 0;
    TRY(read_cursor(request, input->cursor, &before_ms, &skip));
    struct meter_log_row *rows = NULL;
    size_t count = 0;
    TRY(meter_log(request->db, request->arena, meter.id, before_ms, skip, limit, &rows, &count));
    bool more = count > limit;
    count = more ? limit : count;
    struct log_item *items = arena_take_array(request->arena, count + 1, sizeof *items);
    if (items == NULL) {
        return RC_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        bool of_command = strcmp(rows[i].kind, "command") == 0;
        items[i] = (struct log_item){
            .at = rows[i].at,
            .kind = rows[i].kind,
            .actor_name = rows[i].actor_name,
            .state = rows[i].state,
            .reason = rows[i].reason,
            .detail = of_command ? command_result_zh(rows[i].detail) : rows[i].detail,
            .command_id = rows[i].command_id,
        };
        set_title(rows[i].kind, rows[i].code, &items[i]);
    }
    struct log_reply reply = {.items = {items, count}};
    if (more) {
        reply.next_cursor = make_cursor(request->arena, rows, count, before_ms, skip);
    }
    return request_reply(request, 200, &reply);
}
