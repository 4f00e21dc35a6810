/* The phone site: buying, and following one's money into the meter; with and without log-in. */
#include <string.h>

#include "cgi/handlers/handlers.h"
#include "cgi/handlers/money.h"
#include "cgi/handlers/park.h"
#include "cgi/handlers/tenant.h"
#include "cgi/route.h"
#include "cgi/shape.h"
#include "core/base/clock.h"
#include "core/flow/order.h"
#include "core/flow/sell.h"
#include "core/flow/sticker.h"
#include "core/rules/money.h"
#include "core/rules/query_ladder.h"
#include "core/store/row.h"
#include "core/store/tenant_purchase.h"
#include "core/store/tenant_shop.h"

#define LIST_LIMIT 20

extern const struct shape shape_quote_line;

static const char *const scenes[] = {"qr", "phone", "in_app", "page", NULL};
static const char *const states[] = {"creating", "open",      "closed",    "failed",
                                     "paid",     "writing",   "delivered", "credited",
                                     "held",     "refunding", "refunded",  NULL};

/* ---- ways of paying */

struct tenant_channel {
    const char *channel;
    const char *merchant;
    struct shape_list scenes;
    bool available;
};
SHAPE(tenant_channel, "TenantChannel", struct tenant_channel,
      F_WORDS(struct tenant_channel, channel, NEEDED),
      F_WORDS(struct tenant_channel, merchant, NEEDED),
      F_TEXTS(struct tenant_channel, scenes, NEEDED, 0),
      F_BOOL(struct tenant_channel, available, NEEDED));

struct tenant_channels {
    struct shape_list items;
};
SHAPE(tenant_channels, "TenantChannels", struct tenant_channels,
      F_LIST(struct tenant_channels, items, &shape_tenant_channel));

static enum rc split_scenes(struct arena *arena, const char *text, struct shape_list *ret_list)
{
    const char **words = arena_take_array(arena, ARRAY_LEN(scenes), sizeof *words);
    size_t count = 0;
    if (words == NULL) {
        return RC_MEMORY;
    }
    while (*text != '\0' && count < ARRAY_LEN(scenes)) {
        size_t len = strcspn(text, ",");
        words[count] = arena_copy(arena, text, len);
        if (words[count++] == NULL) {
            return RC_MEMORY;
        }
        text += len + (text[len] == ',');
    }
    *ret_list = (struct shape_list){.items = words, .count = count};
    return RC_OK;
}

static enum rc list_channels(struct request *request, struct shape_list *ret_list)
{
    struct pay_channel *channels = NULL;
    size_t count = 0;
    TRY(pay_channels_list(request->db, request->arena, &channels, &count));
    struct tenant_channel *views = arena_take_array(request->arena, count + 1, sizeof *views);
    if (views == NULL) {
        return RC_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        bool fresh = clock_now_ms() - channels[i].checked_at_ms <= ORDER_CHANNEL_FRESH_MS;
        views[i] = (struct tenant_channel){.channel = channels[i].channel,
                                           .merchant = channels[i].merchant,
                                           .available = channels[i].up && fresh};
        TRY(split_scenes(request->arena, channels[i].scenes, &views[i].scenes));
    }
    *ret_list = (struct shape_list){.items = views, .count = count};
    return RC_OK;
}

enum rc handle_tenant_channel_list(struct request *request)
{
    struct tenant_channels reply = {0};
    TRY(list_channels(request, &reply.items));
    return request_reply(request, 200, &reply);
}

/* ---- what an amount gets */

struct tenant_quote_input {
    int64_t supply_id;
    int64_t amount_fen;
};
SHAPE(tenant_quote_input, "TenantQuoteQuery", struct tenant_quote_input,
      F_ID(struct tenant_quote_input, supply_id, NEEDED),
      F_INT(struct tenant_quote_input, amount_fen, NEEDED, 1, MONEY_MAX_FEN));

struct tenant_quote {
    int64_t supply_id;
    int64_t account_id;
    int64_t amount_fen;
    bool allowed;
    const char *why_not;
    struct shape_list warnings;
    struct shape_list must_confirm;
    int64_t room_fen;
    int64_t min_fen;
    int64_t debt_fen;
    int64_t usable_fen;
    int64_t balance_after_fen;
    bool stale;
    int64_t energy_wh;
    struct shape_list lines;
};
SHAPE(tenant_quote, "TenantQuote", struct tenant_quote,
      F_ID(struct tenant_quote, supply_id, NEEDED), F_ID(struct tenant_quote, account_id, NEEDED),
      F_NUMBER(struct tenant_quote, amount_fen, NEEDED),
      F_BOOL(struct tenant_quote, allowed, NEEDED), F_WORDS(struct tenant_quote, why_not, NEEDED),
      F_TEXTS(struct tenant_quote, warnings, NEEDED, 8),
      F_TEXTS(struct tenant_quote, must_confirm, NEEDED, 8),
      F_NUMBER(struct tenant_quote, room_fen, NEEDED),
      F_NUMBER(struct tenant_quote, min_fen, NEEDED),
      F_NUMBER(struct tenant_quote, debt_fen, NULLABLE),
      F_NUMBER(struct tenant_quote, usable_fen, NULLABLE),
      F_NUMBER(struct tenant_quote, balance_after_fen, NULLABLE),
      F_BOOL(struct tenant_quote, stale, NEEDED),
      F_NUMBER(struct tenant_quote, energy_wh, NULLABLE),
      F_LIST(struct tenant_quote, lines, &shape_quote_line));

/* hidden: a payer without the right to see how the supply stands. */
static enum rc make_quote(struct request *request, int64_t supply_id, int64_t amount_fen,
                          bool hidden, struct tenant_quote *ret_view)
{
    struct command_refusal refusal = {.code = "", .field = ""};
    struct sale_quote *quote = arena_take(request->arena, sizeof *quote);
    if (quote == NULL) {
        return RC_MEMORY;
    }
    enum rc rc = sale_quote(request->db, request->arena, supply_id, amount_fen, quote, &refusal);
    TRY(money_refuse(request, rc, &refusal));
    bool allowed = quote->verdict == PURCHASE_OK;
    struct tenant_quote view = {
        .supply_id = supply_id,
        .account_id = quote->facts.account_id,
        .amount_fen = amount_fen,
        .allowed = allowed,
        .why_not = allowed ? "" : purchase_verdict_code(quote->verdict),
        .room_fen = quote->room_fen,
        .min_fen = quote->facts.min_fen,
        .debt_fen = hidden ? SHAPE_NULL : quote->debt_fen,
        .usable_fen = hidden ? SHAPE_NULL : quote->usable_fen,
        .balance_after_fen = hidden ? SHAPE_NULL : quote->balance_after_fen,
        .stale = quote->stale,
        .energy_wh = hidden ? SHAPE_NULL : quote->energy_wh,
        .lines = {.items = quote->lines, .count = hidden ? 0 : quote->line_count},
    };
    TRY(money_name_warnings(request->arena, quote->warnings, &view.warnings));
    TRY(money_name_warnings(request->arena, quote->warnings & SALE_WARNINGS_TO_CONFIRM,
                            &view.must_confirm));
    *ret_view = view;
    return RC_OK;
}

enum rc handle_tenant_quote(struct request *request)
{
    const struct tenant_quote_input *input = request->input;
    struct tenant_shop shop;
    struct tenant_quote view;
    TRY(tenant_shop_find(request->db, request->arena, request->session.user_id, input->supply_id,
                         &shop));
    TRY(make_quote(request, input->supply_id, input->amount_fen, strcmp(shop.role, "tenant") != 0,
                   &view));
    return request_reply(request, 200, &view);
}

/* ---- purchases */

SHAPE(tenant_purchase, "TenantPurchase", struct tenant_purchase,
      F_ID(struct tenant_purchase, id, NEEDED), F_WORDS(struct tenant_purchase, number, NEEDED),
      F_ID(struct tenant_purchase, supply_id, NEEDED),
      F_WORDS(struct tenant_purchase, unit_number, NEEDED),
      F_WORDS(struct tenant_purchase, shop_name, NEEDED),
      F_WORDS(struct tenant_purchase, meter_number, NEEDED),
      F_NUMBER(struct tenant_purchase, amount_fen, NEEDED),
      F_WORDS(struct tenant_purchase, channel, NEEDED),
      F_WORDS(struct tenant_purchase, scene, NEEDED),
      F_ENUM(struct tenant_purchase, state, NEEDED, states),
      F_WORDS(struct tenant_purchase, held_reason, NULLABLE),
      F_JSON(struct tenant_purchase, offer, NULLABLE),
      F_TIME(struct tenant_purchase, expires_at, NULLABLE),
      F_TIME(struct tenant_purchase, created_at, NEEDED),
      F_TIME(struct tenant_purchase, paid_at, NULLABLE),
      F_TIME(struct tenant_purchase, writing_at, NULLABLE),
      F_TIME(struct tenant_purchase, delivered_at, NULLABLE),
      F_TIME(struct tenant_purchase, power_at, NULLABLE),
      F_NUMBER(struct tenant_purchase, purchase_count, NULLABLE),
      F_TIME(struct tenant_purchase, changed_at, NEEDED));

struct tenant_order_input {
    int64_t supply_id;
    int64_t amount_fen;
    const char *channel;
    const char *merchant;
    const char *scene;
    struct shape_list warnings_seen;
};
SHAPE(tenant_order_input, "TenantOrder", struct tenant_order_input,
      F_ID(struct tenant_order_input, supply_id, NEEDED),
      F_INT(struct tenant_order_input, amount_fen, NEEDED, 1, MONEY_MAX_FEN),
      F_TEXT(struct tenant_order_input, channel, NEEDED, 1, 32),
      F_TEXT(struct tenant_order_input, merchant, OPTIONAL, 0, 32),
      F_ENUM(struct tenant_order_input, scene, NEEDED, scenes),
      F_TEXTS(struct tenant_order_input, warnings_seen, OPTIONAL, 8));

static enum rc order(struct request *request, const struct tenant_order_input *input,
                     int64_t supply_id, int64_t account_id, const uint8_t *token_hash,
                     int64_t *ret_purchase_id)
{
    struct command_refusal refusal = {.code = "", .field = ""};
    int64_t payment_id = 0;
    struct order_request wanted = {
        .supply_id = supply_id,
        .account_id = account_id,
        .amount_fen = input->amount_fen,
        .channel = input->channel,
        .merchant = input->merchant == NULL ? "" : input->merchant,
        .scene = input->scene,
        .client_ip = request->ip,
        .token_hash = token_hash,
    };
    TRY(money_read_warnings(request, &input->warnings_seen, &wanted.seen));
    enum rc rc = order_create(request->db, request->arena, &request->actor, &wanted,
                              ret_purchase_id, &payment_id, &refusal);
    TRY(money_refuse(request, rc, &refusal));
    tenant_wake_jobs_after_commit(request);
    return RC_OK;
}

enum rc handle_tenant_order_create(struct request *request)
{
    const struct tenant_order_input *input = request->input;
    struct tenant_shop shop;
    struct tenant_purchase view;
    int64_t purchase_id = 0;
    TRY(tenant_shop_find(request->db, request->arena, request->session.user_id, input->supply_id,
                         &shop));
    TRY(order(request, input, shop.supply_id, shop.account_id, NULL, &purchase_id));
    TRY(tenant_purchase_find(request->db, request->arena, request->session.user_id, purchase_id,
                             &view));
    return request_reply(request, 202, &view);
}

/* The page looks: the provider is asked sooner while it does. */
static enum rc look(struct request *request, const struct tenant_purchase *purchase)
{
    int64_t now_ms = clock_now_ms();
    if (strcmp(purchase->state, "open") == 0 && purchase->payment_id != ROW_NULL) {
        int64_t due_ms = query_ladder_next_ms(purchase->created_at, now_ms, now_ms);
        TRY(orders_note_page(request->db, purchase->payment_id, now_ms,
                             due_ms == 0 ? now_ms : due_ms));
    }
    return request_reply_shape(request, 200, &shape_tenant_purchase, purchase);
}

enum rc handle_tenant_purchase_show(struct request *request)
{
    struct tenant_purchase view;
    TRY(tenant_purchase_find(request->db, request->arena, request->session.user_id, request->ids[0],
                             &view));
    return look(request, &view);
}

struct tenant_purchase_list_input {
    int64_t supply_id;
    const char *cursor;
};
SHAPE(tenant_purchase_list_input, "TenantPurchaseQuery", struct tenant_purchase_list_input,
      F_ID(struct tenant_purchase_list_input, supply_id, NEEDED),
      F_TEXT(struct tenant_purchase_list_input, cursor, OPTIONAL, 1, 20));

struct tenant_purchases {
    struct shape_list items;
    const char *next_cursor;
};
SHAPE(tenant_purchases, "TenantPurchases", struct tenant_purchases,
      F_LIST(struct tenant_purchases, items, &shape_tenant_purchase),
      F_WORDS(struct tenant_purchases, next_cursor, NULLABLE));

enum rc handle_tenant_purchase_list(struct request *request)
{
    const struct tenant_purchase_list_input *input = request->input;
    struct tenant_shop shop;
    struct tenant_purchase *list = NULL;
    struct tenant_purchases reply = {0};
    int64_t before_id = 0;
    bool more = false;
    TRY(park_cursor(request, input->cursor, &before_id));
    TRY(tenant_shop_find(request->db, request->arena, request->session.user_id, input->supply_id,
                         &shop));
    TRY(tenant_purchase_list(request->db, request->arena, request->session.user_id,
                             input->supply_id, before_id, LIST_LIMIT, &list, &reply.items.count,
                             &more));
    reply.items.items = list;
    if (more) {
        reply.next_cursor =
            arena_printf(request->arena, "%lld", (long long)list[reply.items.count - 1].id);
    }
    return request_reply(request, 200, &reply);
}

enum rc handle_tenant_purchase_cancel(struct request *request)
{
    struct tenant_purchase view;
    TRY(tenant_purchase_find(request->db, request->arena, request->session.user_id, request->ids[0],
                             &view));
    if (view.payment_id == ROW_NULL) {
        return RC_CONFLICT;
    }
    TRY(order_close_ask(request->db, &request->actor, view.payment_id));
    tenant_wake_jobs_after_commit(request);
    TRY(tenant_purchase_find(request->db, request->arena, request->session.user_id, request->ids[0],
                             &view));
    return request_reply(request, 200, &view);
}

/* ---- without log-in: the sticker */

struct sticker_view {
    const char *unit_number;
    const char *shop_name;
    int64_t min_fen;
    int64_t room_fen;
    bool stale;
    struct shape_list channels;
};
SHAPE(sticker_view, "PaySticker", struct sticker_view,
      F_WORDS(struct sticker_view, unit_number, NEEDED),
      F_WORDS(struct sticker_view, shop_name, NEEDED),
      F_NUMBER(struct sticker_view, min_fen, NEEDED),
      F_NUMBER(struct sticker_view, room_fen, NEEDED), F_BOOL(struct sticker_view, stale, NEEDED),
      F_LIST(struct sticker_view, channels, &shape_tenant_channel));

struct sticker_order_input {
    int64_t amount_fen;
    const char *channel;
    const char *merchant;
    const char *scene;
    struct shape_list warnings_seen;
};
SHAPE(sticker_order_input, "PayStickerOrder", struct sticker_order_input,
      F_INT(struct sticker_order_input, amount_fen, NEEDED, 1, MONEY_MAX_FEN),
      F_TEXT(struct sticker_order_input, channel, NEEDED, 1, 32),
      F_TEXT(struct sticker_order_input, merchant, OPTIONAL, 0, 32),
      F_ENUM(struct sticker_order_input, scene, NEEDED, scenes),
      F_TEXTS(struct sticker_order_input, warnings_seen, OPTIONAL, 8));

struct sticker_ordered {
    const char *token;
    const struct tenant_purchase *purchase;
};
SHAPE(sticker_ordered, "PayStickerOrdered", struct sticker_ordered,
      F_WORDS(struct sticker_ordered, token, NEEDED),
      F_OBJECT(struct sticker_ordered, purchase, NEEDED, &shape_tenant_purchase));

static enum rc find_sticker(struct request *request, struct pay_sticker *ret_sticker)
{
    const char *code = route_word(request->route->path, request->path, request->arena);
    if (code == NULL) {
        return RC_MEMORY;
    }
    TRY(pay_stickers_find(request->db, request->arena, code, ret_sticker));
    return ret_sticker->account_id == 0 ? RC_NOT_FOUND : RC_OK;
}

enum rc handle_sticker_show(struct request *request)
{
    struct pay_sticker sticker;
    struct tenant_quote quote;
    TRY(find_sticker(request, &sticker));
    TRY(make_quote(request, sticker.supply_id, 1, true, &quote));
    struct sticker_view view = {.unit_number = sticker.unit_number,
                                .shop_name = sticker.shop_name,
                                .min_fen = quote.min_fen,
                                .room_fen = quote.room_fen,
                                .stale = quote.stale};
    TRY(list_channels(request, &view.channels));
    return request_reply(request, 200, &view);
}

/* The purchase as somebody sees it who only has the token: no meter, no count. */
static void hide(struct tenant_purchase *purchase)
{
    purchase->meter_number = "";
    purchase->purchase_count = SHAPE_NULL;
}

enum rc handle_sticker_order_create(struct request *request)
{
    const struct sticker_order_input *input = request->input;
    struct tenant_order_input wanted = {.amount_fen = input->amount_fen,
                                        .channel = input->channel,
                                        .merchant = input->merchant,
                                        .scene = input->scene,
                                        .warnings_seen = input->warnings_seen};
    struct pay_sticker sticker;
    struct tenant_purchase purchase;
    char token[STICKER_TOKEN_TEXT_BYTES];
    uint8_t hash[32];
    int64_t purchase_id = 0;
    TRY(find_sticker(request, &sticker));
    TRY(sticker_token_make(token, hash));
    TRY(order(request, &wanted, sticker.supply_id, sticker.account_id, hash, &purchase_id));
    TRY(tenant_purchase_of_token(request->db, request->arena, hash, &purchase));
    hide(&purchase);
    struct sticker_ordered reply = {.token = token, .purchase = &purchase};
    return request_reply(request, 202, &reply);
}

enum rc handle_sticker_purchase_show(struct request *request)
{
    const char *token = route_word(request->route->path, request->path, request->arena);
    struct tenant_purchase purchase;
    uint8_t hash[32];
    if (token == NULL) {
        return RC_MEMORY;
    }
    sticker_token_hash(token, hash);
    TRY(tenant_purchase_of_token(request->db, request->arena, hash, &purchase));
    hide(&purchase);
    return look(request, &purchase);
}

/* ---- staff: printing stickers */

SHAPE(sticker_row, "StickerRow", struct pay_sticker, F_ID(struct pay_sticker, supply_id, NEEDED),
      F_WORDS(struct pay_sticker, code, NEEDED), F_WORDS(struct pay_sticker, unit_number, NEEDED),
      F_WORDS(struct pay_sticker, shop_name, NEEDED),
      F_WORDS(struct pay_sticker, meter_number, NEEDED),
      F_TIME(struct pay_sticker, created_at, NEEDED));

struct stickers {
    const char *public_url; /* what a printed code begins with; "" while it is not set */
    struct shape_list items;
};
SHAPE(stickers, "Stickers", struct stickers, F_WORDS(struct stickers, public_url, NEEDED),
      F_LIST(struct stickers, items, &shape_sticker_row));

struct sticker_query {
    int64_t building_id;
};
SHAPE(sticker_query, "StickerQuery", struct sticker_query,
      F_ID(struct sticker_query, building_id, OPTIONAL));

struct sticker_make_input {
    struct shape_list supply_ids;
};
SHAPE(sticker_make_input, "StickerRequest", struct sticker_make_input,
      F_INTS(struct sticker_make_input, supply_ids, NEEDED, 500));

static enum rc reply_stickers(struct request *request, int status, int64_t building_id)
{
    struct pay_sticker *list = NULL;
    struct stickers reply = {.public_url = config_text(request->config, CONFIG_pay_public_url)};
    TRY(pay_stickers_list(request->db, request->arena, building_id, &list, &reply.items.count));
    reply.items.items = list;
    return request_reply(request, status, &reply);
}

enum rc handle_sticker_list(struct request *request)
{
    const struct sticker_query *query = request->input;
    return reply_stickers(request, 200, query->building_id == SHAPE_NULL ? 0 : query->building_id);
}

enum rc handle_sticker_make(struct request *request)
{
    const struct sticker_make_input *input = request->input;
    const int64_t *ids = input->supply_ids.items;
    for (size_t i = 0; i < input->supply_ids.count; i++) {
        char code[STICKER_CODE_CHARACTERS + 1];
        TRY(sticker_make(request->db, &request->actor, ids[i], code));
    }
    return reply_stickers(request, 201, 0);
}
