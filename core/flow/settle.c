#include "core/flow/settle.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/flow/number.h"
#include "core/flow/step.h"
#include "core/rules/money.h"
#include "core/store/alarm.h"
#include "core/store/delivery.h"
#include "core/store/ledger.h"
#include "core/store/payment.h"
#include "core/store/purchase.h"
#include "core/store/settle_order.h"
#include "core/store/supply.h"

struct settling {
    struct db *db;
    struct arena *arena;
    const struct actor *actor;
    const struct settle_fact *fact;
    struct settle_answer *answer;
    int64_t now_ms;
    struct settle_order order;
};

static const char *source_name(enum settle_source source)
{
    static const char *const names[] = {"notice", "query", "bill", "counter"};
    return names[source];
}

static enum rc check_fact(const struct settle_fact *fact)
{
    bool texts = strlen(fact->provider_transaction) <= PAYMENT_TRANSACTION_MAX &&
                 strlen(fact->order_number) <= PAYMENT_TRANSACTION_MAX &&
                 fact->channel[0] != '\0' && strlen(fact->currency) == 3;
    bool amount = !fact->paid || (fact->amount_fen > 0 && fact->amount_fen <= MONEY_MAX_FEN);
    bool named = !fact->paid || fact->provider_transaction[0] != '\0';
    return texts && amount && named ? RC_OK : RC_INVALID;
}

/* Locks in the order that all share: supply here; payment and purchase by the updates that move
   them, or by lock_unmoved. */
static enum rc find(struct settling *settling)
{
    const struct settle_fact *fact = settling->fact;
    struct settle_order *order = &settling->order;
    TRY(settle_orders_read(settling->db, settling->arena, fact->order_number, fact->channel,
                           fact->merchant, fact->paid ? fact->provider_transaction : NULL, order));
    if (!order->found) {
        return RC_OK;
    }
    if (strcmp(order->payment.channel, fact->channel) != 0 ||
        strcmp(order->payment.merchant, fact->merchant) != 0) {
        order->found = false; /* another channel's number: no order of this one */
        return RC_OK;
    }
    return order->payment.supply_id == 0 ? RC_OK
                                         : supply_lock(settling->db, order->payment.supply_id);
}

/* Where a verdict moves not both of them, they are held as they were read all the same. */
static enum rc lock_unmoved(const struct settling *settling)
{
    return settling->order.found
               ? settle_orders_lock(settling->db, settling->arena, &settling->order)
               : RC_OK;
}

static enum settle_verdict judge(struct settling *settling)
{
    const struct settle_fact *fact = settling->fact;
    const struct settle_order *order = &settling->order;
    const struct payment_event_seen *seen = &order->event;
    struct settle_facts facts = {
        .paid = fact->paid,
        .amount_fen = fact->amount_fen,
        .currency_fits = strcmp(fact->currency, SETTLE_CURRENCY) == 0,
        .transaction_known = order->event_found,
        .payment_found = order->found,
        .payment_amount_fen = order->payment.amount_fen,
        .state = order->payment.state,
    };
    if (order->event_found) {
        /* Money in suspense has a row of its own, so the order they named is compared, not ours. */
        facts.transaction_same =
            seen->payment_id != 0 && strcmp(seen->order_number, fact->order_number) == 0 &&
            seen->amount_fen == fact->amount_fen && strcmp(seen->currency, fact->currency) == 0;
        settling->answer->payment_id = facts.transaction_same ? seen->payment_id : 0;
    }
    return settle_guard(&facts);
}

static enum rc write_event(const struct settling *settling, int64_t payment_id,
                           enum settle_verdict verdict)
{
    const struct settle_fact *fact = settling->fact;
    struct payment_event event = {
        .payment_id = payment_id,
        .source = source_name(fact->source),
        .channel = fact->channel,
        .merchant = fact->merchant,
        .provider_transaction = fact->provider_transaction,
        .order_number = fact->order_number,
        .paid = fact->paid,
        .amount_fen = fact->amount_fen,
        .currency = fact->currency,
        .verified = true,
        .verdict = settle_verdict_code(verdict),
        .body_sha256 = fact->body_sha256,
        .occurred_at_ms = fact->occurred_at_ms,
    };
    return payment_events_insert(settling->db, &event);
}

static enum rc post(const struct settling *settling, enum ledger_posting posting,
                    const char *object_kind, int64_t object_id, int64_t supply_id)
{
    struct ledger_entry entry = {
        .posting = posting,
        .object_kind = object_kind,
        .object_id = object_id,
        .supply_id = supply_id,
        .channel = settling->fact->channel,
        .amount_fen = settling->fact->amount_fen,
        .at_ms = settling->now_ms,
    };
    return ledger_post(settling->db, settling->arena, &entry);
}

static enum rc audit(const struct settling *settling, int64_t payment_id, const char *result)
{
    const char *after = arena_printf(
        settling->arena,
        "{\"channel\":\"%s\",\"amount_fen\":%lld,\"purchase_id\":%lld,\"verdict\":\"%s\"}",
        settling->fact->channel, (long long)settling->fact->amount_fen,
        (long long)settling->answer->purchase_id, result);
    if (after == NULL) {
        return RC_MEMORY;
    }
    return step_audit(settling->db, settling->actor, AUDIT_ACTION_PAYMENT_SETTLE, "payment",
                      payment_id, settling->fact->order_number, "", "", after);
}

/* The purchase gets its money: into the meter by a delivery, or onto the platform account. */
static enum rc fund(struct settling *settling, bool deliver)
{
    struct purchase *purchase = &settling->order.purchase;
    TRY(purchases_set_paid(settling->db, purchase->id, purchase->state, settling->now_ms));
    TRY(post(settling, POSTING_PAYMENT_SETTLED, "payment", settling->order.payment.id,
             purchase->supply_id));
    if (settling->order.mode_turned) { /* the supply's mode changed since it was ordered */
        TRY(purchases_set_mode(settling->db, purchase->id, purchase->platform_mode));
    }
    if (deliver) {
        struct delivery_row delivery = {.purchase_id = purchase->id,
                                        .supply_id = purchase->supply_id,
                                        .epoch = purchase->epoch,
                                        .meter_id = purchase->meter_id,
                                        .amount_fen = purchase->amount_fen};
        TRY(deliveries_insert(settling->db, &delivery, &settling->answer->delivery_id));
        settling->answer->shard = purchase->shard;
        return RC_OK;
    }
    TRY(purchases_set_ended(settling->db, purchase->id, PURCHASE_PAID, PURCHASE_CREDITED,
                            settling->now_ms));
    return post(settling, POSTING_PAYMENT_CREDITED, "purchase", purchase->id, purchase->supply_id);
}

static enum rc settle_it(struct settling *settling)
{
    const struct purchase *purchase = &settling->order.purchase;
    struct destination_facts facts = {.account_open = purchase->account_open,
                                      .purchase = purchase->state,
                                      .reopen_late = settling->order.reopen_late,
                                      .platform_mode = purchase->platform_mode};
    enum settle_destination destination = settle_destination(&facts);
    bool deliver = destination == DESTINATION_DELIVER;
    bool funds = deliver || destination == DESTINATION_CREDIT;
    enum disposition disposition = deliver ? DISPOSITION_PENDING
                                   : funds ? DISPOSITION_CREDITED
                                           : DISPOSITION_SUSPENSE;
    const char *code = settle_destination_code(destination);
    settling->answer->destination = destination;
    settling->answer->payment_id = settling->order.payment.id;
    settling->answer->purchase_id = purchase->id;
    TRY(funds ? RC_OK : lock_unmoved(settling));
    TRY(payments_set_settled(settling->db, settling->order.payment.id,
                             settling->order.payment.state, disposition, funds ? "" : code,
                             settling->fact->provider_transaction, settling->now_ms));
    TRY(write_event(settling, settling->order.payment.id, SETTLE_OK));
    TRY(funds ? fund(settling, deliver)
              : post(settling, POSTING_PAYMENT_SUSPENSE, "payment", settling->order.payment.id, 0));
    if (!funds) {
        TRY(alarm_open(settling->db, ALARM_PAYMENT_SUSPENSE, "payment", settling->order.payment.id,
                       code));
    }
    return audit(settling, settling->order.payment.id, code);
}

/* Real money that no order of ours may have: a row of its own, with what really came. */
static enum rc book_suspense(struct settling *settling, enum settle_verdict verdict)
{
    const char *reason = verdict == SETTLE_NO_ORDER       ? "no_order"
                         : verdict == SETTLE_WRONG_AMOUNT ? "wrong_amount"
                                                          : "paid_twice";
    char number[NUMBER_BYTES];
    TRY(number_make('S', settling->now_ms, number));
    struct payment payment = {
        .order_number = number,
        .channel = settling->fact->channel,
        .merchant = settling->fact->merchant,
        .amount_fen = settling->fact->amount_fen,
        .currency = settling->fact->currency,
        .suspense_reason = reason,
    };
    int64_t id = 0;
    TRY(payments_insert_suspense(settling->db, &payment, settling->fact->provider_transaction,
                                 settling->now_ms, &id));
    settling->answer->payment_id = id;
    TRY(write_event(settling, id, verdict));
    TRY(post(settling, POSTING_PAYMENT_SUSPENSE, "payment", id, 0));
    TRY(alarm_open(settling->db, ALARM_PAYMENT_SUSPENSE, "payment", id, reason));
    return audit(settling, id, reason);
}

/* The transaction is known with other figures, or the currency is foreign: a person looks. */
static enum rc tell(struct settling *settling, enum settle_verdict verdict)
{
    int64_t payment_id = settling->order.found ? settling->order.payment.id : 0;
    TRY(write_event(settling, payment_id, verdict));
    TRY(alarm_open(settling->db, ALARM_PAYMENT_CONFLICT, "payment", payment_id,
                   settling->fact->order_number));
    return audit(settling, payment_id, settle_verdict_code(verdict));
}

enum rc settle_payment(struct db *db, struct arena *arena, const struct actor *actor,
                       const struct settle_fact *fact, struct settle_answer *ret_answer)
{
    assert(db_in_transaction(db) && actor != NULL && fact != NULL);
    struct settle_answer answer = {0};
    struct settling settling = {.db = db,
                                .arena = arena,
                                .actor = actor,
                                .fact = fact,
                                .answer = &answer,
                                .now_ms = clock_now_ms()};
    TRY(check_fact(fact));
    TRY(find(&settling));
    answer.verdict = judge(&settling);
    TRY(answer.verdict == SETTLE_OK ? RC_OK : lock_unmoved(&settling));
    switch (answer.verdict) {
    case SETTLE_NOT_PAID:
        TRY(write_event(&settling, settling.order.found ? settling.order.payment.id : 0,
                        SETTLE_NOT_PAID));
        break;
    case SETTLE_EXISTS: /* money in suspense is no purchase's, whatever order it named */
        answer.purchase_id =
            answer.payment_id == settling.order.payment.id ? settling.order.payment.purchase_id : 0;
        break;
    case SETTLE_CONFLICT:
    case SETTLE_WRONG_CURRENCY:
        TRY(tell(&settling, answer.verdict));
        break;
    case SETTLE_NO_ORDER:
    case SETTLE_WRONG_AMOUNT:
    case SETTLE_ILLEGAL_MOVE:
        TRY(book_suspense(&settling, answer.verdict));
        break;
    case SETTLE_OK:
        TRY(settle_it(&settling));
        break;
    case SETTLE_VERDICT__MAX:
        return RC_INTERNAL;
    }
    *ret_answer = answer;
    return RC_OK;
}
