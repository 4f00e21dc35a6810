/* Gateways and lines: lists, one line with its meters and history, and making a line writable. */
#include "core/flow/line.h"
#include "cgi/handlers/handlers.h"
#include "cgi/handlers/park.h"
#include "cgi/shape.h"
#include "core/base/clock.h"
#include "core/store/gateway_list.h"
#include "core/store/line_list.h"

/* ---- gateways */

static const char *const gateway_states[] = {"ok", "silent", "never", NULL};

struct gateway_item {
    int64_t id;
    const char *code;
    const char *name;
    const char *host;
    const char *room;
    const char *state;
    int64_t since_at;
    struct shape_list lines;
};

SHAPE(gateway_item, "Gateway", struct gateway_item, F_ID(struct gateway_item, id, NEEDED),
      F_WORDS(struct gateway_item, code, NEEDED), F_WORDS(struct gateway_item, name, NEEDED),
      F_WORDS(struct gateway_item, host, NEEDED), F_WORDS(struct gateway_item, room, NEEDED),
      F_ENUM(struct gateway_item, state, NEEDED, gateway_states),
      F_TIME(struct gateway_item, since_at, NULLABLE),
      F_INTS(struct gateway_item, lines, NEEDED, LINES_MAX));

struct items_reply {
    struct shape_list items;
};

SHAPE(gateways, "Gateways", struct items_reply,
      F_LIST(struct items_reply, items, &shape_gateway_item));

enum rc handle_gateway_list(struct request *request)
{
    struct gateway_row *rows = NULL;
    size_t count = 0;
    TRY(gateways_list(request->db, request->arena, &rows, &count));
    struct gateway_item *items = arena_take_array(request->arena, count + 1, sizeof *items);
    if (items == NULL) {
        return RC_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        items[i] = (struct gateway_item){
            .id = rows[i].id,
            .code = rows[i].code,
            .name = rows[i].name,
            .host = rows[i].host,
            .room = rows[i].room,
            .state = rows[i].state,
            .since_at = rows[i].since_at,
            .lines = {rows[i].lines, rows[i].lines_count},
        };
    }
    struct items_reply reply = {.items = {items, count}};
    return request_reply(request, 200, &reply);
}

/* ---- lines */

static const char *const links[] = {"modbus_tcp", "rtu_over_tcp", "serial", NULL};
static const char *const line_states[] = {"ok", "degraded", "silent", "never", NULL};

/* A line without its meters: the list counts them, the page lists them, both under the name
 * `meters`. */
#define COUNTER(member) F_NUMBER(struct line_row, member, NEEDED)
SHAPE(line_facts, "LineFacts", struct line_row, F_ID(struct line_row, id, NEEDED),
      F_WORDS(struct line_row, code, NEEDED), F_WORDS(struct line_row, name, NEEDED),
      F_ID(struct line_row, gateway_id, NEEDED), F_ENUM(struct line_row, link, NEEDED, links),
      F_WORDS(struct line_row, address_text, NEEDED), COUNTER(baud),
      F_WORDS(struct line_row, parity, NEEDED), COUNTER(stop_bits), COUNTER(cycle_s),
      F_BOOL(struct line_row, read_only, NEEDED), F_BOOL(struct line_row, enabled, NEEDED),
      COUNTER(meters_silent), F_ENUM(struct line_row, state, NEEDED, line_states),
      F_NUMBER(struct line_row, cycle_ms, NULLABLE), F_NUMBER(struct line_row, bound_ms, NULLABLE),
      F_NUMBER(struct line_row, cycle_ratio_percent, NULLABLE), COUNTER(transactions),
      COUNTER(timeouts), COUNTER(crc_errors), COUNTER(foreign_frames), COUNTER(late_frames),
      COUNTER(exceptions), COUNTER(reconnects), COUNTER(commands_pending),
      F_TIME(struct line_row, heartbeat_at, NULLABLE));

struct line_item {
    struct line_row facts;
    int64_t meters;
};

SHAPE(line, "Line", struct line_item, F_EMBED(struct line_item, facts, &shape_line_facts),
      F_NUMBER(struct line_item, meters, NEEDED));

SHAPE(line_meter, "LineMeter", struct line_meter_row, F_ID(struct line_meter_row, meter_id, NEEDED),
      F_WORDS(struct line_meter_row, number, NEEDED),
      F_NUMBER(struct line_meter_row, address, NEEDED),
      F_WORDS(struct line_meter_row, unit_number, NEEDED),
      F_WORDS(struct line_meter_row, state, NEEDED),
      F_TIME(struct line_meter_row, taken_at, NULLABLE),
      F_TIME(struct line_meter_row, backoff_until_at, NULLABLE),
      F_NUMBER(struct line_meter_row, errors, NEEDED));

SHAPE(line_history, "LineHistory", struct line_history_row,
      F_TIME(struct line_history_row, at, NEEDED),
      F_NUMBER(struct line_history_row, cycle_ms, NULLABLE),
      F_NUMBER(struct line_history_row, bound_ms, NULLABLE),
      F_NUMBER(struct line_history_row, errors, NEEDED));

SHAPE(lines, "Lines", struct items_reply, F_LIST(struct items_reply, items, &shape_line));

struct line_page {
    struct line_row facts;
    struct shape_list meters;
    struct shape_list history;
};

SHAPE(line_page, "LinePage", struct line_page, F_EMBED(struct line_page, facts, &shape_line_facts),
      F_LIST(struct line_page, meters, &shape_line_meter),
      F_LIST(struct line_page, history, &shape_line_history));

enum rc handle_line_list(struct request *request)
{
    struct line_row *rows = NULL;
    size_t count = 0;
    TRY(lines_list(request->db, request->arena, 0, &rows, &count));
    struct line_item *items = arena_take_array(request->arena, count + 1, sizeof *items);
    if (items == NULL) {
        return RC_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        items[i] = (struct line_item){.facts = rows[i], .meters = rows[i].meters};
    }
    struct items_reply reply = {.items = {items, count}};
    return request_reply(request, 200, &reply);
}

static enum rc one_line(struct request *request, struct line_row *ret_row)
{
    struct line_row *rows = NULL;
    size_t count = 0;
    TRY(lines_list(request->db, request->arena, request->ids[0], &rows, &count));
    if (count == 0) {
        return RC_NOT_FOUND;
    }
    *ret_row = rows[0];
    return RC_OK;
}

/* The same word for each supply as on every other page. */
static enum rc set_states(struct request *request, struct line_meter_row *meters, size_t count)
{
    struct meter_list_question question = park_question(request);
    struct meter_row *rows = NULL;
    size_t rows_count = 0;
    TRY(meter_list(request->db, request->arena, &question, &rows, &rows_count));
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < rows_count; j++) {
            if (rows[j].id == meters[i].meter_id) {
                meters[i].state = rows[j].state;
                break;
            }
        }
    }
    return RC_OK;
}

enum rc handle_line_show(struct request *request)
{
    struct line_page page = {0};
    struct line_meter_row *meters = NULL;
    struct line_history_row *history = NULL;
    TRY(one_line(request, &page.facts));
    TRY(lines_meters(request->db, request->arena, page.facts.id, &meters, &page.meters.count));
    TRY(set_states(request, meters, page.meters.count));
    page.meters.items = meters;
    TRY(lines_history(request->db, request->arena, page.facts.id, &history, &page.history.count));
    page.history.items = history;
    return request_reply(request, 200, &page);
}

struct writable_input {
    bool writable;
    const char *reason;
};

SHAPE(writable_input, "LineWritable", struct writable_input,
      F_BOOL(struct writable_input, writable, NEEDED),
      F_TEXT(struct writable_input, reason, NEEDED, 1, COMMAND_REASON_MAX));

enum rc handle_line_set_writable(struct request *request)
{
    const struct writable_input *input = request->input;
    struct command_refusal refusal = {.code = "", .field = ""};
    enum rc rc = line_set_writable(request->db, request->arena, &request->actor, request->ids[0],
                                   input->writable, input->reason, &refusal);
    TRY(park_refuse(request, rc, &refusal));
    struct line_item item = {0};
    TRY(one_line(request, &item.facts));
    item.meters = item.facts.meters;
    return request_reply(request, 200, &item);
}
