/* The phone site: what was used, by day, month and year; the curve; one day to check by hand. */
#include <string.h>

#include "cgi/handlers/handlers.h"
#include "cgi/handlers/meter.h"
#include "cgi/handlers/park.h"
#include "cgi/handlers/tenant.h"
#include "cgi/shape.h"
#include "core/base/clock.h"
#include "core/store/reading_list.h"
#include "core/store/row.h"
#include "core/store/tenant_shop.h"
#include "core/store/tenant_usage.h"

#define DATE_CHARACTERS 10
#define CURVE_MAX_MS (INT64_C(26) * 3600 * 1000) /* one day of the site */
#define CURVE_STEP_S 900

static const char *const steps[] = {"day", "month", "year", NULL};

struct tenant_usage_input {
    int64_t supply_id;
    const char *step;
    const char *from;
    const char *to;
};
SHAPE(tenant_usage_input, "TenantUsageQuery", struct tenant_usage_input,
      F_ID(struct tenant_usage_input, supply_id, NEEDED),
      F_ENUM(struct tenant_usage_input, step, NEEDED, steps),
      F_TEXT(struct tenant_usage_input, from, NEEDED, DATE_CHARACTERS, DATE_CHARACTERS),
      F_TEXT(struct tenant_usage_input, to, NEEDED, DATE_CHARACTERS, DATE_CHARACTERS));

SHAPE(tenant_usage_row, "TenantUsageRow", struct tenant_usage,
      F_WORDS(struct tenant_usage, date, NEEDED),
      F_NUMBER(struct tenant_usage, energy_wh, NULLABLE),
      F_NUMBER(struct tenant_usage, energy_sharp_wh, NULLABLE),
      F_NUMBER(struct tenant_usage, energy_peak_wh, NULLABLE),
      F_NUMBER(struct tenant_usage, energy_flat_wh, NULLABLE),
      F_NUMBER(struct tenant_usage, energy_valley_wh, NULLABLE),
      F_NUMBER(struct tenant_usage, cost_fen, NULLABLE),
      F_BOOL(struct tenant_usage, estimated, NEEDED));

struct tenant_usage_reply {
    struct shape_list items;
    int64_t total_wh;
    int64_t total_fen;
};
SHAPE(tenant_usage, "TenantUsage", struct tenant_usage_reply,
      F_LIST(struct tenant_usage_reply, items, &shape_tenant_usage_row),
      F_NUMBER(struct tenant_usage_reply, total_wh, NEEDED),
      F_NUMBER(struct tenant_usage_reply, total_fen, NEEDED));

/* A day that there is: "2026-02-30" is none. */
static enum rc check_date(struct request *request, const char *date, const char *field)
{
    char moment[32];
    int64_t at_ms = 0;
    text_copy(moment, DATE_CHARACTERS + 1, date);
    text_copy(moment + DATE_CHARACTERS, sizeof moment - DATE_CHARACTERS, " 00:00:00.000");
    if (clock_parse_datetime(moment, strlen(moment), &at_ms) != RC_OK) {
        return request_refuse(
            request, RC_INVALID, "invalid_field", field,
            arena_printf(request->arena, "%s must be a day such as 2026-11-22", field));
    }
    return RC_OK;
}

/* The supply, of which the person must be a tenant: a payer sees no history. */
static enum rc find_shop(struct request *request, int64_t supply_id, struct tenant_shop *ret_shop)
{
    TRY(tenant_shop_find(request->db, request->arena, request->session.user_id, supply_id,
                         ret_shop));
    return strcmp(ret_shop->role, "tenant") == 0 ? RC_OK : RC_NOT_FOUND;
}

static enum usage_step step_of(const char *name)
{
    return strcmp(name, steps[USAGE_DAY]) == 0     ? USAGE_DAY
           : strcmp(name, steps[USAGE_MONTH]) == 0 ? USAGE_MONTH
                                                   : USAGE_YEAR;
}

enum rc handle_tenant_usage(struct request *request)
{
    const struct tenant_usage_input *input = request->input;
    struct tenant_shop shop;
    struct tenant_usage *rows = NULL;
    struct tenant_usage_reply reply = {0};
    TRY(check_date(request, input->from, "from"));
    TRY(check_date(request, input->to, "to"));
    TRY(find_shop(request, input->supply_id, &shop));
    TRY(tenant_usage_list(request->db, request->arena, shop.supply_id, shop.account_id,
                          step_of(input->step), input->from, input->to, &rows, &reply.items.count));
    for (size_t i = 0; i < reply.items.count; i++) {
        reply.total_wh += rows[i].energy_wh == ROW_NULL ? 0 : rows[i].energy_wh;
        reply.total_fen += rows[i].cost_fen == ROW_NULL ? 0 : rows[i].cost_fen;
    }
    reply.items.items = rows;
    return request_reply(request, 200, &reply);
}

/* ---- one day */

struct tenant_day_input {
    int64_t supply_id;
    const char *date;
};
SHAPE(tenant_day_input, "TenantDayQuery", struct tenant_day_input,
      F_ID(struct tenant_day_input, supply_id, NEEDED),
      F_TEXT(struct tenant_day_input, date, NEEDED, DATE_CHARACTERS, DATE_CHARACTERS));

SHAPE(tenant_day_row, "TenantDayStretch", struct tenant_day,
      F_NUMBER(struct tenant_day, opening_wh, NULLABLE),
      F_NUMBER(struct tenant_day, closing_wh, NULLABLE),
      F_NUMBER(struct tenant_day, opening_fen, NEEDED),
      F_NUMBER(struct tenant_day, paid_in_fen, NEEDED),
      F_NUMBER(struct tenant_day, used_fen, NEEDED),
      F_NUMBER(struct tenant_day, refunded_fen, NEEDED),
      F_NUMBER(struct tenant_day, corrected_fen, NEEDED),
      F_NUMBER(struct tenant_day, closing_fen, NEEDED),
      F_NUMBER(struct tenant_day, expected_fen, NULLABLE),
      F_WORDS(struct tenant_day, difference, NEEDED),
      F_NUMBER(struct tenant_day, difference_fen, NEEDED),
      F_BOOL(struct tenant_day, estimated, NEEDED), F_NUMBER(struct tenant_day, used_wh, NULLABLE),
      F_NUMBER(struct tenant_day, used_sharp_wh, NULLABLE),
      F_NUMBER(struct tenant_day, used_peak_wh, NULLABLE),
      F_NUMBER(struct tenant_day, used_flat_wh, NULLABLE),
      F_NUMBER(struct tenant_day, used_valley_wh, NULLABLE));

struct tenant_day_reply {
    struct shape_list items;
};
SHAPE(tenant_day, "TenantDay", struct tenant_day_reply,
      F_LIST(struct tenant_day_reply, items, &shape_tenant_day_row));

enum rc handle_tenant_day(struct request *request)
{
    const struct tenant_day_input *input = request->input;
    struct tenant_shop shop;
    struct tenant_day *rows = NULL;
    struct tenant_day_reply reply = {0};
    TRY(check_date(request, input->date, "date"));
    TRY(find_shop(request, input->supply_id, &shop));
    TRY(tenant_day_list(request->db, request->arena, shop.supply_id, shop.account_id, input->date,
                        &rows, &reply.items.count));
    reply.items.items = rows;
    return request_reply(request, 200, &reply);
}

/* ---- the curve */

struct tenant_curve_input {
    int64_t supply_id;
    int64_t from;
    int64_t to;
};
SHAPE(tenant_curve_input, "TenantCurveQuery", struct tenant_curve_input,
      F_ID(struct tenant_curve_input, supply_id, NEEDED),
      F_TIME(struct tenant_curve_input, from, NEEDED),
      F_TIME(struct tenant_curve_input, to, NEEDED));

enum rc handle_tenant_curve(struct request *request)
{
    const struct tenant_curve_input *input = request->input;
    struct tenant_shop shop;
    int64_t meter_id = 0;
    struct reading_question ask = {
        .from_ms = input->from, .to_ms = input->to, .step_s = CURVE_STEP_S};
    if (ask.to_ms <= ask.from_ms || ask.to_ms - ask.from_ms > CURVE_MAX_MS) {
        return request_refuse(request, RC_INVALID, "invalid_field", "to",
                              "to must lie after from, at most a day");
    }
    TRY(find_shop(request, input->supply_id, &shop));
    TRY(tenant_meter_of(request->db, request->arena, shop.supply_id, shop.account_id, &meter_id,
                        &ask.from_ms));
    ask.meter_id = meter_id;
    struct reading_point *points = NULL;
    struct readings_reply reply = {.step_s = ask.step_s};
    TRY(reading_list(request->db, request->arena, &ask, &points, &reply.items.count));
    reply.items.items = points;
    TRY(meter_add_bands(request, meter_id, input->from, &reply.rate_bands));
    return request_reply_shape(request, 200, &shape_readings, &reply);
}
