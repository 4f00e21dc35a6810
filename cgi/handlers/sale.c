/* The counter: supplies to choose from, what an amount would get, and the sale. */
#include <string.h>

#include "cgi/handlers/handlers.h"
#include "cgi/handlers/money.h"
#include "cgi/handlers/park.h"
#include "cgi/shape.h"
#include "core/base/clock.h"
#include "core/flow/sell.h"
#include "core/rules/money.h"
#include "core/store/account_list.h"
#include "core/store/purchase_list.h"

struct supply_list_input {
    const char *query;
    bool free;
    int64_t limit;
};

SHAPE(supply_list_input, "SupplyQuery", struct supply_list_input,
      F_TEXT(struct supply_list_input, query, OPTIONAL, 1, 40),
      F_BOOL(struct supply_list_input, free, OPTIONAL),
      F_INT(struct supply_list_input, limit, OPTIONAL, 1, PAGE_LIMIT_MAX));

struct supplies_reply {
    struct shape_list items;
};

SHAPE(supplies, "Supplies", struct supplies_reply,
      F_LIST(struct supplies_reply, items, &shape_account_supply));

enum rc handle_supply_list(struct request *request)
{
    const struct supply_list_input *input = request->input;
    struct supply_question question = {
        .words = input->query == NULL ? "" : input->query,
        .free_only = input->free,
        .stale_before_ms = clock_now_ms() - command_stale_ms(),
        .limit = park_limit(input->limit),
    };
    struct supplies_reply reply = {0};
    struct account_supply_view *views = NULL;
    TRY(supply_choice(request->db, request->arena, &question, &views, &reply.items.count));
    reply.items.items = views;
    return request_reply(request, 200, &reply);
}

/* ---- quote */

SHAPE(quote_line, "QuoteLine", struct sale_quote_line,
      F_NUMBER(struct sale_quote_line, step, NEEDED), F_WORDS(struct sale_quote_line, rate, NEEDED),
      F_NUMBER(struct sale_quote_line, price_e4, NEEDED),
      F_NUMBER(struct sale_quote_line, energy_wh, NEEDED));

struct quote_view {
    int64_t supply_id;
    int64_t account_id;
    const char *account_name;
    const char *account_number;
    int64_t epoch;
    const char *unit_number;
    const char *meter_number;
    const char *shop_name;
    int64_t amount_fen;
    bool allowed;
    const char *why_not;
    struct shape_list warnings;
    struct shape_list must_confirm;
    int64_t room_fen;
    int64_t min_fen;
    int64_t balance_fen;
    int64_t balance_at;
    bool stale;
    int64_t on_its_way_fen;
    int64_t debt_fen;
    int64_t usable_fen;
    int64_t balance_after_fen;
    int64_t energy_wh;
    struct shape_list lines;
    const char *priced_by;
    const char *tariff_name;
};

static const char *const priced_by[] = {"tariff", "meter", "unknown", NULL};

SHAPE(quote, "Quote", struct quote_view, F_ID(struct quote_view, supply_id, NEEDED),
      F_ID(struct quote_view, account_id, NEEDED), F_WORDS(struct quote_view, account_name, NEEDED),
      F_WORDS(struct quote_view, account_number, NEEDED), F_ID(struct quote_view, epoch, NEEDED),
      F_WORDS(struct quote_view, unit_number, NEEDED),
      F_WORDS(struct quote_view, meter_number, NEEDED),
      F_WORDS(struct quote_view, shop_name, NEEDED),
      F_NUMBER(struct quote_view, amount_fen, NEEDED), F_BOOL(struct quote_view, allowed, NEEDED),
      F_WORDS(struct quote_view, why_not, NEEDED), F_TEXTS(struct quote_view, warnings, NEEDED, 8),
      F_TEXTS(struct quote_view, must_confirm, NEEDED, 8),
      F_NUMBER(struct quote_view, room_fen, NEEDED), F_NUMBER(struct quote_view, min_fen, NEEDED),
      F_NUMBER(struct quote_view, balance_fen, NULLABLE),
      F_TIME(struct quote_view, balance_at, NULLABLE), F_BOOL(struct quote_view, stale, NEEDED),
      F_NUMBER(struct quote_view, on_its_way_fen, NEEDED),
      F_NUMBER(struct quote_view, debt_fen, NEEDED),
      F_NUMBER(struct quote_view, usable_fen, NEEDED),
      F_NUMBER(struct quote_view, balance_after_fen, NULLABLE),
      F_NUMBER(struct quote_view, energy_wh, NULLABLE),
      F_LIST(struct quote_view, lines, &shape_quote_line),
      F_ENUM(struct quote_view, priced_by, NEEDED, priced_by),
      F_WORDS(struct quote_view, tariff_name, NULLABLE));

struct quote_input {
    int64_t amount_fen;
};

SHAPE(quote_input, "QuoteQuery", struct quote_input,
      F_INT(struct quote_input, amount_fen, NEEDED, 1, MONEY_MAX_FEN));

static enum rc fill_quote(struct request *request, int64_t amount_fen,
                          const struct sale_quote *quote, struct quote_view *view)
{
    *view = (struct quote_view){
        .supply_id = quote->facts.supply_id,
        .account_id = quote->facts.account_id,
        .account_name = quote->facts.account_name,
        .account_number = quote->facts.account_number,
        .epoch = quote->facts.epoch,
        .unit_number = quote->facts.unit_number,
        .meter_number = quote->facts.meter_number,
        .shop_name = quote->facts.shop_name,
        .amount_fen = amount_fen,
        .allowed = quote->verdict == PURCHASE_OK,
        .why_not = sale_why_not(quote),
        .room_fen = quote->room_fen,
        .min_fen = quote->facts.min_fen,
        .balance_fen = quote->facts.balance_fen,
        .balance_at = quote->facts.taken_at_ms,
        .stale = quote->stale,
        .on_its_way_fen = quote->facts.on_its_way_fen,
        .debt_fen = quote->debt_fen,
        .usable_fen = quote->usable_fen,
        .balance_after_fen = quote->balance_after_fen,
        .energy_wh = quote->energy_wh,
        .lines = {.items = quote->lines, .count = quote->line_count},
        .priced_by = quote->priced_by,
        .tariff_name = quote->tariff_name,
    };
    TRY(money_name_warnings(request->arena, quote->warnings, &view->warnings));
    return money_name_warnings(request->arena, quote->warnings & SALE_WARNINGS_TO_CONFIRM,
                               &view->must_confirm);
}

enum rc handle_quote_show(struct request *request)
{
    const struct quote_input *input = request->input;
    struct command_refusal refusal = {.code = "", .field = ""};
    struct sale_quote quote;
    struct quote_view view;
    enum rc rc = sale_quote(request->db, request->arena, request->ids[0], input->amount_fen, &quote,
                            &refusal);
    TRY(money_refuse(request, rc, &refusal));
    TRY(fill_quote(request, input->amount_fen, &quote, &view));
    return request_reply(request, 200, &view);
}

/* ---- sale */

struct sale_input {
    int64_t account_id;
    int64_t epoch;
    int64_t amount_fen;
    const char *channel;
    const char *reference;
    struct shape_list warnings_seen;
};

SHAPE(sale_input, "SaleRequest", struct sale_input, F_ID(struct sale_input, account_id, NEEDED),
      F_INT(struct sale_input, epoch, NEEDED, 1, INT32_MAX),
      F_INT(struct sale_input, amount_fen, NEEDED, 1, MONEY_MAX_FEN),
      F_ENUM(struct sale_input, channel, NEEDED, money_channels),
      F_TEXT(struct sale_input, reference, OPTIONAL, 0, 64),
      F_TEXTS(struct sale_input, warnings_seen, OPTIONAL, 8));

enum rc handle_sale_create(struct request *request)
{
    const struct sale_input *input = request->input;
    struct command_refusal refusal = {.code = "", .field = ""};
    struct settle_answer answer = {0};
    struct counter_sale sale = {
        .supply_id = request->ids[0],
        .account_id = input->account_id,
        .epoch = input->epoch,
        .amount_fen = input->amount_fen,
        .channel = input->channel,
        .reference = input->reference == NULL ? "" : input->reference,
    };
    TRY(money_read_warnings(request, &input->warnings_seen, &sale.seen));
    enum rc rc =
        sale_at_counter(request->db, request->arena, &request->actor, &sale, &answer, &refusal);
    TRY(money_refuse(request, rc, &refusal));
    struct purchase_view view;
    TRY(purchase_list_one(request->db, request->arena, answer.purchase_id, &view));
    if (answer.delivery_id != 0) {
        park_wake_after_commit(request, answer.shard);
    }
    return request_reply(request, 201, &view);
}
