#include "core/flow/returned_money.h"

#include <assert.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/flow/approval.h"
#include "core/flow/funded.h"
#include "core/flow/number.h"
#include "core/flow/refund.h"
#include "core/flow/refund_own.h"
#include "core/flow/step.h"
#include "core/rules/money.h"
#include "core/store/ledger.h"
#include "core/store/returned_money.h"
#include "core/store/supply.h"
#include "core/store/swap.h"

static const struct {
    const char *origin;
    enum ledger_posting undone;
} ends[] = {{"returned", POSTING_ADJUSTMENT_RETURN_UNDONE},
            {"correction", POSTING_CORRECTION_GIVEN_UNDONE},
            {"wrong_shop", POSTING_WRONG_SHOP_UNDONE},
            {"opening", POSTING_OPENING_CARD_UNDONE}};

enum rc called_off_end(struct db *db, struct arena *arena, int64_t purchase_id)
{
    assert(db_in_transaction(db));
    struct called_off purchase;
    TRY(called_off_get(db, arena, purchase_id, &purchase));
    for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
        if (strcmp(ends[i].origin, purchase.origin) != 0) {
            continue;
        }
        struct ledger_entry entry = {.posting = ends[i].undone,
                                     .object_kind = "purchase",
                                     .object_id = purchase_id,
                                     .supply_id = purchase.supply_id,
                                     .channel = "",
                                     .amount_fen = purchase.amount_fen,
                                     .at_ms = clock_now_ms()};
        TRY(purchases_set_ended(db, purchase_id, PURCHASE_PAID, PURCHASE_REFUNDED, entry.at_ms));
        TRY(ledger_post(db, arena, &entry));
        if (ends[i].undone != POSTING_ADJUSTMENT_RETURN_UNDONE) {
            return RC_OK;
        }
        TRY(returned_money_add(db, &purchase));
        return swaps_note_ended(db, purchase_id);
    }
    return RC_OK; /* its payment is refunded by people, or delivered by another purchase */
}

/* Under the supply's row lock, as everything that moves its money. */
static enum rc take(struct db *db, struct arena *arena, int64_t id, const char *reason,
                    struct returned_money *money, struct command_refusal *ret_refusal)
{
    assert(db_in_transaction(db));
    *ret_refusal = (struct command_refusal){.code = "", .field = ""};
    TRY(step_check_reason(reason, "reason", ret_refusal));
    TRY(returned_money_get(db, arena, id, money));
    TRY(supply_lock(db, money->supply_id));
    TRY(returned_money_get(db, arena, id, money));
    return money->waits && !money->promised ? RC_OK
                                            : step_refuse(RC_CONFLICT, "conflict", "", ret_refusal);
}

enum rc returned_money_deliver(struct db *db, struct arena *arena, const struct actor *actor,
                               int64_t id, const char *reason, struct settle_answer *ret_answer,
                               struct command_refusal *ret_refusal)
{
    struct returned_money money;
    struct sale_facts facts;
    struct settle_answer answer = {0};
    TRY(take(db, arena, id, reason, &money, ret_refusal));
    TRY(sale_facts_get(db, arena, money.supply_id, &facts));
    if (facts.account_id != money.account_id || strcmp(facts.account_state, "open") != 0) {
        return step_refuse(RC_REFUSED, "account_closed", "", ret_refusal);
    }
    if (!facts.epoch_live) {
        return step_refuse(RC_REFUSED, "no_epoch", "", ret_refusal);
    }
    struct purchase purchase = funded_purchase(&facts, "returned", money.amount_fen, 0);
    TRY(funded_buy(db, arena, actor, &purchase, POSTING_ADJUSTMENT_RETURNED, "",
                   &answer.delivery_id));
    TRY(returned_money_set_delivered(db, id, purchase.id));
    answer.purchase_id = purchase.id;
    answer.shard = facts.shard;
    const char *after =
        arena_printf(arena, "{\"returned_id\":%lld,\"purchase_id\":%lld,\"amount_fen\":%lld}",
                     (long long)id, (long long)purchase.id, (long long)money.amount_fen);
    TRY(after == NULL ? RC_MEMORY
                      : step_audit(db, actor, AUDIT_ACTION_PURCHASE_AGAIN, "supply",
                                   money.supply_id, money.unit_number, reason, "", after));
    *ret_answer = answer;
    return RC_OK;
}

static enum rc ask(struct db *db, struct arena *arena, const struct actor *actor,
                   const struct returned_money *money, const struct payment *payment,
                   const char *reason, int64_t *ret_approval_id,
                   struct command_refusal *ret_refusal)
{
    char amount[MONEY_TEXT_MAX];
    (void)money_format(money->amount_fen, amount);
    struct approval_request request = {
        .kind = APPROVAL_REFUND,
        .object_kind = "payment",
        .object_id = payment->id,
        .object_label = payment->order_number,
        .payload = arena_printf(
            arena,
            "{\"act\":\"refund\",\"payment_id\":%lld,\"supply_id\":%lld,"
            "\"summary_zh\":\"退费 %s 元(换表时从旧表取出、已撤销下发,按订单 %s 退回)。"
            "通过后不再下发,不可撤销\",\"summary_en\":\"Refund %s yuan that a meter swap took out"
            " and that is not delivered, on order %s. If approved it will not be delivered; this"
            " cannot be undone\"}",
            (long long)payment->id, (long long)money->supply_id, amount, payment->order_number,
            amount, payment->order_number),
        .reason = reason,
        .expires_after_ms = REFUND_APPROVAL_EXPIRY_MS,
    };
    return approval_request(db, arena, actor, &request, ret_approval_id, ret_refusal);
}

enum rc returned_money_refund(struct db *db, struct arena *arena, const struct actor *actor,
                              int64_t id, int64_t payment_id, const char *reason,
                              int64_t *ret_approval_id, struct command_refusal *ret_refusal)
{
    struct returned_money money;
    struct refund_held held;
    char number[NUMBER_BYTES];
    int64_t refund_id = 0;
    TRY(take(db, arena, id, reason, &money, ret_refusal));
    TRY(refund_hold(db, arena, payment_id, &held));
    TRY(refund_fits(db, arena, &held, money.supply_id, money.amount_fen, ret_refusal));
    TRY(ask(db, arena, actor, &money, &held.payment, reason, ret_approval_id, ret_refusal));
    TRY(number_make('R', clock_now_ms(), number));
    struct refund refund = {.number = number,
                            .payment_id = payment_id,
                            .source = "returned",
                            .returned_id = id,
                            .amount_fen = money.amount_fen,
                            .reason = reason,
                            .maker_id = actor->id,
                            .approval_id = *ret_approval_id};
    return refunds_insert(db, &refund, &refund_id);
}
