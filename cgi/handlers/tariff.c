/* Tariffs: plans, versions, who is charged under which, a sample bill, meters with old prices. */
#include <string.h>

#include "cgi/handlers/handlers.h"
#include "cgi/handlers/hold.h"
#include "cgi/handlers/money.h"
#include "cgi/handlers/park.h"
#include "cgi/shape.h"
#include "core/flow/tariff.h"
#include "core/rules/money.h"
#include "core/store/row.h"
#include "core/store/tariff.h"

static const char *const kinds[] = {"single", "rates", "steps", "steps_rates", NULL};
static const char *const states[] = {"active", "retired", NULL};

SHAPE(tariff, "Tariff", struct tariff_row, F_ID(struct tariff_row, id, NEEDED),
      F_WORDS(struct tariff_row, code, NEEDED), F_WORDS(struct tariff_row, name, NEEDED),
      F_WORDS(struct tariff_row, name_en, NEEDED), F_ENUM(struct tariff_row, state, NEEDED, states),
      F_TIME(struct tariff_row, created_at, NEEDED),
      F_ENUM(struct tariff_row, kind, NULLABLE, kinds),
      F_TIME(struct tariff_row, valid_from_at, NULLABLE),
      F_TIME(struct tariff_row, next_from_at, NULLABLE),
      F_NUMBER(struct tariff_row, supplies, NEEDED));

SHAPE(tariff_version, "TariffVersion", struct tariff_version_row,
      F_ID(struct tariff_version_row, id, NEEDED),
      F_TIME(struct tariff_version_row, valid_from_at, NEEDED),
      F_ENUM(struct tariff_version_row, kind, NEEDED, kinds),
      F_JSON(struct tariff_version_row, body, NEEDED),
      F_WORDS(struct tariff_version_row, created_by_name, NEEDED),
      F_TIME(struct tariff_version_row, created_at, NEEDED));

struct tariffs_reply {
    struct shape_list items;
};

SHAPE(tariffs, "Tariffs", struct tariffs_reply, F_LIST(struct tariffs_reply, items, &shape_tariff));

struct tariff_page {
    struct tariff_row tariff;
    struct shape_list versions;
    const struct approval_item *approval; /* what was just asked for */
};

SHAPE(tariff_page, "TariffPage", struct tariff_page,
      F_EMBED(struct tariff_page, tariff, &shape_tariff),
      F_LIST(struct tariff_page, versions, &shape_tariff_version),
      F_OBJECT(struct tariff_page, approval, NULLABLE, &shape_approval));

enum rc handle_tariff_list(struct request *request)
{
    struct tariffs_reply reply = {0};
    struct tariff_row *rows = NULL;
    TRY(tariffs_list(request->db, request->arena, &rows, &reply.items.count));
    reply.items.items = rows;
    return request_reply(request, 200, &reply);
}

static enum rc show_page(struct request *request, int status, int64_t tariff_id,
                         int64_t approval_id)
{
    struct tariff_page page = {0};
    struct tariff_version_row *versions = NULL;
    struct approval_item approval;
    TRY(tariffs_get(request->db, request->arena, tariff_id, &page.tariff));
    TRY(tariff_versions_list(request->db, request->arena, tariff_id, &versions,
                             &page.versions.count));
    page.versions.items = versions;
    if (approval_id != 0) {
        TRY(hold_approval(request, approval_id, &approval));
        page.approval = &approval;
    }
    return request_reply(request, status, &page);
}

enum rc handle_tariff_show(struct request *request)
{
    return show_page(request, 200, request->ids[0], 0);
}

struct tariff_input {
    const char *code;
    const char *name;
    const char *name_en;
};

SHAPE(tariff_input, "TariffRequest", struct tariff_input,
      F_TEXT(struct tariff_input, code, NEEDED, 1, 32),
      F_TEXT(struct tariff_input, name, NEEDED, 1, 80),
      F_TEXT(struct tariff_input, name_en, OPTIONAL, 0, 80));

enum rc handle_tariff_create(struct request *request)
{
    const struct tariff_input *input = request->input;
    struct command_refusal refusal = {.code = "", .field = ""};
    int64_t id = 0;
    enum rc rc =
        tariff_create(request->db, request->arena, &request->actor, input->code, input->name,
                      input->name_en == NULL ? "" : input->name_en, &id, &refusal);
    TRY(money_refuse(request, rc, &refusal));
    return show_page(request, 201, id, 0);
}

struct tariff_version_input {
    int64_t valid_from_at;
    const char *kind;
    const char *body;
    const char *reason;
};

SHAPE(tariff_version_input, "TariffVersionRequest", struct tariff_version_input,
      F_TIME(struct tariff_version_input, valid_from_at, NEEDED),
      F_ENUM(struct tariff_version_input, kind, NEEDED, kinds),
      F_JSON(struct tariff_version_input, body, NEEDED),
      F_TEXT(struct tariff_version_input, reason, NEEDED, 1, COMMAND_REASON_MAX));

/* 201: it stands; 202: a second person must agree first. */
enum rc handle_tariff_version_create(struct request *request)
{
    const struct tariff_version_input *input = request->input;
    struct command_refusal refusal = {.code = "", .field = ""};
    int64_t approval_id = 0;
    struct tariff_version_request order = {
        .tariff_id = request->ids[0],
        .valid_from_at_ms = input->valid_from_at,
        .kind = input->kind,
        .body = input->body,
        .reason = input->reason,
    };
    enum rc rc = tariff_add_version(request->db, request->arena, &request->actor, &order,
                                    &approval_id, &refusal);
    TRY(money_refuse(request, rc, &refusal));
    return show_page(request, approval_id == 0 ? 201 : 202, request->ids[0], approval_id);
}

struct tariff_supplies_input {
    struct shape_list supply_ids;
    int64_t valid_from_at;
};

SHAPE(tariff_supplies_input, "TariffSupplies", struct tariff_supplies_input,
      F_INTS(struct tariff_supplies_input, supply_ids, NEEDED, TARIFF_ASSIGN_MAX),
      F_TIME(struct tariff_supplies_input, valid_from_at, OPTIONAL));

enum rc handle_tariff_assign(struct request *request)
{
    const struct tariff_supplies_input *input = request->input;
    struct command_refusal refusal = {.code = "", .field = ""};
    enum rc rc =
        tariff_assign(request->db, request->arena, &request->actor, request->ids[0],
                      input->supply_ids.items, input->supply_ids.count,
                      input->valid_from_at == SHAPE_NULL ? 0 : input->valid_from_at, &refusal);
    TRY(money_refuse(request, rc, &refusal));
    return show_page(request, 200, request->ids[0], 0);
}

/* ---- sample bill */

struct sample_input {
    const char *kind;
    const char *body;
    int64_t from_at;
    int64_t until_at;
    int64_t energy_wh;
};

SHAPE(sample_input, "SampleBillRequest", struct sample_input,
      F_ENUM(struct sample_input, kind, NEEDED, kinds), F_JSON(struct sample_input, body, NEEDED),
      F_TIME(struct sample_input, from_at, NEEDED), F_TIME(struct sample_input, until_at, NEEDED),
      F_INT(struct sample_input, energy_wh, NEEDED, 0, ENERGY_MAX_WH));

struct bill_line {
    int64_t period_start_at;
    bool surcharge;
    int64_t step;
    const char *rate;
    int64_t price_e4;
    int64_t energy_wh;
    int64_t amount_fen;
};

SHAPE(bill_line, "BillLine", struct bill_line, F_TIME(struct bill_line, period_start_at, NEEDED),
      F_BOOL(struct bill_line, surcharge, NEEDED), F_NUMBER(struct bill_line, step, NEEDED),
      F_WORDS(struct bill_line, rate, NEEDED), F_NUMBER(struct bill_line, price_e4, NEEDED),
      F_NUMBER(struct bill_line, energy_wh, NEEDED),
      F_NUMBER(struct bill_line, amount_fen, NEEDED));

struct sample_bill {
    struct shape_list lines;
    int64_t energy_wh;
    int64_t amount_fen;
};

SHAPE(sample_bill, "SampleBill", struct sample_bill,
      F_LIST(struct sample_bill, lines, &shape_bill_line),
      F_NUMBER(struct sample_bill, energy_wh, NEEDED),
      F_NUMBER(struct sample_bill, amount_fen, NEEDED));

enum rc handle_tariff_sample(struct request *request)
{
    const struct sample_input *input = request->input;
    struct command_refusal refusal = {.code = "", .field = ""};
    struct charge_bill *bill = NULL;
    struct sample_bill reply = {.energy_wh = input->energy_wh};
    enum rc rc =
        tariff_sample(request->db, request->arena, input->kind, input->body, input->from_at,
                      input->until_at, input->energy_wh, &bill, &reply.amount_fen, &refusal);
    TRY(money_refuse(request, rc, &refusal));
    struct bill_line *lines =
        arena_take_array(request->arena, (size_t)bill->count + 1, sizeof *lines);
    if (lines == NULL) {
        return RC_MEMORY;
    }
    for (int i = 0; i < bill->count; i++) {
        const struct charge_line *line = &bill->lines[i];
        lines[i] = (struct bill_line){.period_start_at = line->period_start_at_ms,
                                      .surcharge = line->kind == LINE_SURCHARGE,
                                      .step = line->step + 1,
                                      .rate = rate_name(line->rate),
                                      .price_e4 = line->price_e4,
                                      .energy_wh = line->energy_wh,
                                      .amount_fen = line->fen};
    }
    reply.lines = (struct shape_list){.items = lines, .count = (size_t)bill->count};
    return request_reply(request, 200, &reply);
}

/* ---- meters that still charge an old price */

static const char *const hows[] = {"prices", "times", "steps", "steps_times", "unknown", NULL};

SHAPE(old_price, "OldPrice", struct old_price, F_ID(struct old_price, supply_id, NEEDED),
      F_ID(struct old_price, meter_id, NEEDED), F_WORDS(struct old_price, unit_number, NEEDED),
      F_WORDS(struct old_price, meter_number, NEEDED), F_WORDS(struct old_price, shop_name, NEEDED),
      F_ID(struct old_price, tariff_id, NEEDED), F_WORDS(struct old_price, tariff_name, NEEDED),
      F_ENUM(struct old_price, how, NEEDED, hows), F_TIME(struct old_price, read_at, NULLABLE),
      F_NUMBER(struct old_price, meter_flat_e4, NULLABLE),
      F_NUMBER(struct old_price, tariff_flat_e4, NEEDED),
      F_TIME(struct old_price, valid_from_at, NEEDED),
      F_NUMBER(struct old_price, push_batch_id, NEEDED),
      F_WORDS(struct old_price, push_state, NEEDED), F_WORDS(struct old_price, push_code, NEEDED));

struct old_prices_reply {
    struct shape_list items;
};

SHAPE(old_prices, "OldPrices", struct old_prices_reply,
      F_LIST(struct old_prices_reply, items, &shape_old_price));

enum rc handle_old_price_list(struct request *request)
{
    struct old_prices_reply reply = {0};
    struct old_price *rows = NULL;
    TRY(tariff_old_prices(request->db, request->arena, &rows, &reply.items.count));
    reply.items.items = rows;
    return request_reply(request, 200, &reply);
}
