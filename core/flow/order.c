#include "core/flow/order.h"

#include <assert.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/flow/number.h"
#include "core/flow/sell_own.h"
#include "core/flow/step.h"
#include "core/store/alarm.h"
#include "core/store/purchase.h"

/* ---- ordering */

static bool has_word(const char *list, const char *word)
{
    size_t len = strlen(word);
    for (const char *at = list; at != NULL && *at != '\0';) {
        size_t part = strcspn(at, ",");
        if (part == len && memcmp(at, word, len) == 0) {
            return true;
        }
        at += part + (at[part] == ',');
    }
    return false;
}

/* The provider's account that can be paid so now. */
static enum rc find_channel(struct db *db, struct arena *arena, const struct order_request *request,
                            int64_t now_ms, const struct pay_channel **ret_channel,
                            struct command_refusal *ret_refusal)
{
    struct pay_channel *channels = NULL;
    size_t count = 0;
    TRY(pay_channels_list(db, arena, &channels, &count));
    for (size_t i = 0; i < count; i++) {
        const struct pay_channel *channel = &channels[i];
        bool named =
            request->merchant[0] == '\0' || strcmp(request->merchant, channel->merchant) == 0;
        if (!named || strcmp(channel->channel, request->channel) != 0 ||
            !has_word(channel->scenes, request->scene)) {
            continue;
        }
        if (!channel->up || now_ms - channel->checked_at_ms > ORDER_CHANNEL_FRESH_MS) {
            return step_refuse(RC_REFUSED, "provider_unavailable", "channel", ret_refusal);
        }
        *ret_channel = channel;
        return RC_OK;
    }
    return step_refuse(RC_REFUSED, "provider_not_offered", "channel", ret_refusal);
}

static enum rc write_order(struct db *db, struct arena *arena, const struct actor *actor,
                           const struct order_request *request, const struct sale_quote *quote,
                           const char *merchant, int64_t *ret_purchase_id, int64_t *ret_payment_id)
{
    const char *shown = NULL;
    char number[NUMBER_BYTES];
    int64_t now_ms = clock_now_ms();
    TRY(sale_quote_json(arena, quote, &shown));
    TRY(number_make('P', now_ms, number));
    struct payment payment = {.order_number = number,
                              .channel = request->channel,
                              .merchant = merchant,
                              .amount_fen = request->amount_fen,
                              .currency = SETTLE_CURRENCY,
                              .state = PAYMENT_CREATING,
                              .suspense_reason = ""};
    struct order_details details = {.scene = request->scene,
                                    .client_ip = request->client_ip,
                                    .open_id_sealed = request->open_id_sealed,
                                    .open_id_sealed_len = request->open_id_sealed_len,
                                    .token_hash = request->token_hash,
                                    .expires_at_ms = now_ms + ORDER_LIFE_MS};
    int64_t payment_id = 0;
    TRY(sale_write_order(db, actor, quote, shown, &payment, &payment_id));
    TRY(orders_set_details(db, payment_id, &details, now_ms));
    TRY(step_audit(db, actor, AUDIT_ACTION_PURCHASE_ORDER, "purchase", payment.purchase_id, number,
                   "", "", ""));
    *ret_purchase_id = payment.purchase_id;
    *ret_payment_id = payment_id;
    return RC_OK;
}

enum rc order_create(struct db *db, struct arena *arena, const struct actor *actor,
                     const struct order_request *request, int64_t *ret_purchase_id,
                     int64_t *ret_payment_id, struct command_refusal *ret_refusal)
{
    assert(db_in_transaction(db));
    assert(request->open_id_sealed_len <= ORDER_OPEN_ID_SEALED_MAX);
    struct sale_quote quote;
    const struct pay_channel *channel = NULL;
    *ret_refusal = (struct command_refusal){.code = "", .field = ""};
    TRY(sale_judge(db, arena, request->supply_id, request->amount_fen, &quote, ret_refusal));
    if (quote.facts.account_id != request->account_id) {
        return step_refuse(RC_REFUSED, "wrong_account", "supply_id", ret_refusal);
    }
    TRY(sale_allow(&quote, request->seen, ret_refusal));
    TRY(find_channel(db, arena, request, clock_now_ms(), &channel, ret_refusal));
    TRY(sale_price(db, arena, request->amount_fen, &quote));
    return write_order(db, arena, actor, request, &quote, channel->merchant, ret_purchase_id,
                       ret_payment_id);
}

enum rc order_close_ask(struct db *db, const struct actor *actor, int64_t payment_id)
{
    assert(db_in_transaction(db));
    TRY(orders_ask_close(db, payment_id, clock_now_ms()));
    return step_audit(db, actor, AUDIT_ACTION_PURCHASE_CALL_OFF, "payment", payment_id, "", "", "",
                      "");
}

/* ---- what jobs hears */

struct hearing {
    int64_t payment_id;
    const char *text;
    enum payment_state to;
    int64_t due_at_ms;
};

static enum rc offered(struct db *db, void *context)
{
    const struct hearing *hearing = context;
    return orders_set_offered(db, hearing->payment_id, hearing->text, hearing->due_at_ms);
}

enum rc order_offered(struct db *db, int64_t payment_id, const char *offer, int64_t due_at_ms)
{
    assert(strlen(offer) <= ORDER_OFFER_BYTES_MAX);
    struct hearing hearing = {.payment_id = payment_id, .text = offer, .due_at_ms = due_at_ms};
    return step_run(db, offered, &hearing);
}

/* Another payment may have paid the same purchase: then it is not open any more and stays. */
static enum rc ended(struct db *db, void *context)
{
    const struct hearing *hearing = context;
    struct payment payment;
    CLEANUP(arena_release) struct arena arena;
    arena_init(&arena, STEP_ARENA_BYTES);
    TRY(payments_lock(db, &arena, hearing->payment_id, &payment));
    TRY(orders_set_ended(db, hearing->payment_id, hearing->to, hearing->text, hearing->due_at_ms));
    enum rc rc = purchases_set_ended(db, payment.purchase_id, PURCHASE_OPEN, PURCHASE_CANCELLED,
                                     clock_now_ms());
    return rc == RC_CONFLICT ? RC_OK : rc;
}

enum rc order_ended(struct db *db, int64_t payment_id, enum payment_state to, const char *code,
                    int64_t due_at_ms)
{
    assert(strlen(code) <= ORDER_FAIL_CODE_MAX);
    struct hearing hearing = {
        .payment_id = payment_id, .text = code, .to = to, .due_at_ms = due_at_ms};
    return step_run(db, ended, &hearing);
}

static enum rc odd(struct db *db, void *context)
{
    const struct hearing *hearing = context;
    return alarm_open(db, ALARM_PAYMENT_CONFLICT, "payment", hearing->payment_id, hearing->text);
}

enum rc order_odd(struct db *db, int64_t payment_id, const char *code)
{
    struct hearing hearing = {.payment_id = payment_id, .text = code};
    return step_run(db, odd, &hearing);
}
