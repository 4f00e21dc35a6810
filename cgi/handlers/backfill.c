/* GET and POST /supplies/:id/backfill: purchases of a lost time that are in the meter already. */
#include <string.h>

#include "cgi/handlers/handlers.h"
#include "cgi/handlers/hold.h"
#include "cgi/handlers/money.h"
#include "cgi/handlers/park.h"
#include "cgi/shape.h"
#include "core/base/crypto.h"
#include "core/flow/backfill.h"
#include "core/rules/money.h"
#include "core/store/backfill.h"
#include "core/store/order.h"
#include "core/store/payment.h"
#include "core/store/purchase.h"
#include "core/store/row.h"

SHAPE(backfill_purchase, "BackfillPurchase", struct backfill_purchase,
      F_ID(struct backfill_purchase, purchase_id, NEEDED),
      F_WORDS(struct backfill_purchase, number, NEEDED),
      F_WORDS(struct backfill_purchase, channel, NEEDED),
      F_NUMBER(struct backfill_purchase, amount_fen, NEEDED),
      F_TIME(struct backfill_purchase, paid_at, NEEDED));
SHAPE(backfill_channel, "BackfillChannel", struct pay_channel,
      F_WORDS(struct pay_channel, channel, NEEDED), F_WORDS(struct pay_channel, merchant, NEEDED));

struct backfill_page {
    int64_t supply_id;
    const char *unit_number;
    const char *meter_number;
    const char *account_name;
    int64_t our_count;
    int64_t meter_count;
    int64_t our_balance_fen;
    int64_t meter_balance_fen;
    int64_t taken_at;
    int64_t least_fen;
    int64_t most_fen;
    struct shape_list purchases;
    struct shape_list channels;
};

SHAPE(backfill_page, "BackfillPage", struct backfill_page,
      F_ID(struct backfill_page, supply_id, NEEDED),
      F_WORDS(struct backfill_page, unit_number, NEEDED),
      F_WORDS(struct backfill_page, meter_number, NEEDED),
      F_WORDS(struct backfill_page, account_name, NEEDED),
      F_NUMBER(struct backfill_page, our_count, NEEDED),
      F_NUMBER(struct backfill_page, meter_count, NEEDED),
      F_NUMBER(struct backfill_page, our_balance_fen, NULLABLE),
      F_NUMBER(struct backfill_page, meter_balance_fen, NEEDED),
      F_TIME(struct backfill_page, taken_at, NEEDED),
      F_NUMBER(struct backfill_page, least_fen, NULLABLE),
      F_NUMBER(struct backfill_page, most_fen, NULLABLE),
      F_LIST(struct backfill_page, purchases, &shape_backfill_purchase),
      F_LIST(struct backfill_page, channels, &shape_backfill_channel));

enum rc handle_backfill_show(struct request *request)
{
    struct command_refusal refusal = {.code = "", .field = ""};
    struct backfill_look look;
    struct sale_facts facts;
    struct backfill_purchase *purchases = NULL;
    struct pay_channel *channels = NULL;
    enum rc rc = backfill_look(request->db, request->arena, request->ids[0], &look, &refusal);
    TRY(money_refuse(request, rc, &refusal));
    TRY(sale_facts_get(request->db, request->arena, request->ids[0], &facts));
    struct backfill_page page = {
        .supply_id = facts.supply_id,
        .unit_number = facts.unit_number,
        .meter_number = facts.meter_number,
        .account_name = facts.account_name,
        .our_count = look.our_count,
        .meter_count = look.meter_count,
        .our_balance_fen = look.our_balance_fen,
        .meter_balance_fen = look.meter_balance_fen,
        .taken_at = look.taken_at_ms,
        .least_fen = look.least_fen,
        .most_fen = look.most_fen,
    };
    TRY(backfill_purchases(request->db, request->arena, facts.supply_id, &purchases,
                           &page.purchases.count));
    TRY(pay_channels_list(request->db, request->arena, &channels, &page.channels.count));
    page.purchases.items = purchases;
    page.channels.items = channels;
    return request_reply(request, 200, &page);
}

struct item_input {
    int64_t purchase_id;
    int64_t amount_fen;
    const char *channel;
    const char *merchant;
    const char *transaction;
    const char *order_number;
};

SHAPE(backfill_item_input, "BackfillItem", struct item_input,
      F_ID(struct item_input, purchase_id, OPTIONAL),
      F_INT(struct item_input, amount_fen, OPTIONAL, 1, MONEY_MAX_FEN),
      F_TEXT(struct item_input, channel, OPTIONAL, 1, 32),
      F_TEXT(struct item_input, merchant, OPTIONAL, 1, 32),
      F_TEXT(struct item_input, transaction, OPTIONAL, 1, PAYMENT_TRANSACTION_MAX),
      F_TEXT(struct item_input, order_number, OPTIONAL, 1, 32));

struct backfill_input {
    struct shape_list items;
    const char *evidence_sha256;
    const char *reason;
};

SHAPE(backfill_input, "BackfillRequest", struct backfill_input,
      F_ITEMS(struct backfill_input, items, NEEDED, BACKFILL_ITEMS_MAX, &shape_backfill_item_input),
      F_TEXT(struct backfill_input, evidence_sha256, NEEDED, 64, 64),
      F_TEXT(struct backfill_input, reason, NEEDED, 1, COMMAND_REASON_MAX));

static const char *or_empty(const char *text)
{
    return text == NULL ? "" : text;
}

static void take_items(const struct shape_list *list, struct backfill_item *items)
{
    const struct item_input *inputs = list->items;
    for (size_t i = 0; i < list->count; i++) {
        items[i] = (struct backfill_item){
            .purchase_id = inputs[i].purchase_id == SHAPE_NULL ? 0 : inputs[i].purchase_id,
            .amount_fen = inputs[i].amount_fen == SHAPE_NULL ? 0 : inputs[i].amount_fen,
            .channel = or_empty(inputs[i].channel),
            .merchant = or_empty(inputs[i].merchant),
            .transaction = or_empty(inputs[i].transaction),
            .order_number = or_empty(inputs[i].order_number),
        };
    }
}

/* Names the difference: how much is missing, or too much, until the meter's balance is explained.
 */
static enum rc refuse_sum(struct request *request, const struct backfill_look *look)
{
    char least[MONEY_TEXT_MAX];
    char most[MONEY_TEXT_MAX];
    char entered[MONEY_TEXT_MAX];
    char difference[MONEY_TEXT_MAX];
    bool lacks = look->entered_fen < look->least_fen;
    (void)money_format(look->least_fen, least);
    (void)money_format(look->most_fen, most);
    (void)money_format(look->entered_fen, entered);
    (void)money_format(lacks ? look->least_fen - look->entered_fen
                             : look->entered_fen - look->most_fen,
                       difference);
    const char *sentence = arena_printf(
        request->arena,
        "the purchases sum to %s yuan, the meter's balance is explained by %s to %s: %s %s",
        entered, least, most, difference, lacks ? "is missing" : "is too much");
    return sentence == NULL ? RC_MEMORY
                            : request_refuse(request, RC_REFUSED, "wrong_sum", "items", sentence);
}

enum rc handle_backfill_create(struct request *request)
{
    const struct backfill_input *input = request->input;
    struct command_refusal refusal = {.code = "", .field = ""};
    uint8_t evidence[CRYPTO_HASH_BYTES];
    struct backfill_item items[BACKFILL_ITEMS_MAX];
    struct backfill_look look = {0};
    struct approval_item approval;
    int64_t approval_id = 0;
    if (crypto_unhex(input->evidence_sha256, strlen(input->evidence_sha256), evidence,
                     sizeof evidence) != RC_OK) {
        return request_refuse(request, RC_INVALID, "invalid_field", "evidence_sha256",
                              "evidence_sha256 must be 64 hex digits");
    }
    take_items(&input->items, items);
    struct backfill backfill = {.supply_id = request->ids[0],
                                .items = items,
                                .count = input->items.count,
                                .evidence_sha256 = evidence,
                                .reason = input->reason};
    enum rc rc = backfill_ask(request->db, request->arena, &request->actor, &backfill, &approval_id,
                              &look, &refusal);
    if (rc == RC_REFUSED && strcmp(refusal.code, "wrong_sum") == 0) {
        return refuse_sum(request, &look);
    }
    TRY(money_refuse(request, rc, &refusal));
    TRY(hold_approval(request, approval_id, &approval));
    return request_reply_shape(request, 202, &shape_approval, &approval);
}
