/* Orders, payments, refunds: the providers' books. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/clock.h"
#include "sim/pay/providers.h"

static const char *const provider_words[] = {"wechat", "alipay", "unionpay"};
static const char *const entrance_words[] = {"native", "h5", "jsapi", "qr", "wap", "page", "front"};
static const char *const refund_words[] = {"processing", "success", "closed", "abnormal"};
static const char *const flavor_words[] = {
#define FLAVOR(name, text) text,
#include "sim/pay/flavors.def"
#undef FLAVOR
};

const struct provider_row *provider_row(enum provider provider)
{
    return provider == WECHAT ? &wechat_row : provider == ALIPAY ? &alipay_row : &unionpay_row;
}

const char *provider_word(enum provider provider)
{
    return provider_words[provider];
}

const char *entrance_word(enum entrance entrance)
{
    return entrance_words[entrance];
}

const char *refund_word(enum refund_state state)
{
    return refund_words[state];
}

const char *flavor_word(enum flavor flavor)
{
    return flavor_words[flavor];
}

static size_t word_at(const char *const *words, size_t count, const char *word)
{
    size_t at = 0;
    while (at < count && strcmp(words[at], word) != 0) {
        at++;
    }
    return at;
}

enum provider provider_of(const char *word)
{
    return (enum provider)word_at(provider_words, ARRAY_LEN(provider_words), word);
}

enum entrance entrance_of(const char *word)
{
    return (enum entrance)word_at(entrance_words, ARRAY_LEN(entrance_words), word);
}

enum refund_state refund_state_of(const char *word)
{
    size_t at = word_at(refund_words, ARRAY_LEN(refund_words), word);
    return at == ARRAY_LEN(refund_words) ? REFUND_PROCESSING : (enum refund_state)at;
}

enum flavor flavor_of(const char *word)
{
    return (enum flavor)word_at(flavor_words, ARRAY_LEN(flavor_words), word);
}

/* FNV-1a over number and provider. */
static size_t bucket_of(enum provider provider, const char *number)
{
    uint32_t sum = 2166136261u ^ (uint32_t)provider;
    for (const char *at = number; *at != '\0'; at++) {
        sum = (sum ^ (unsigned char)*at) * 16777619u;
    }
    return sum % ORDER_BUCKETS;
}

enum rc order_add(struct sandbox *sandbox, const struct order *draft, struct order **ret_order)
{
    if (sandbox->order_count == ORDERS_MAX) {
        return RC_FULL;
    }
    if (sandbox->orders == NULL) {
        sandbox->orders = calloc(ORDERS_MAX, sizeof(struct order *));
    }
    struct order *order = sandbox->orders == NULL ? NULL : malloc(sizeof(*order));
    if (order == NULL) {
        return RC_MEMORY;
    }
    *order = *draft;
    if (order->token[0] == '\0') {
        random_name(order->token, 32);
    }
    size_t bucket = bucket_of(order->provider, order->number);
    order->next = sandbox->buckets[bucket];
    sandbox->buckets[bucket] = order;
    sandbox->orders[sandbox->order_count++] = order;
    *ret_order = order;
    return RC_OK;
}

struct order *order_find(const struct sandbox *sandbox, enum provider provider, const char *number,
                         const char *time)
{
    struct order *order = sandbox->buckets[bucket_of(provider, number)];
    while (order != NULL && (order->provider != provider || strcmp(order->number, number) != 0 ||
                             (time != NULL && strcmp(order->time, time) != 0))) {
        order = order->next;
    }
    return order;
}

struct order *order_of_token(const struct sandbox *sandbox, const char *token)
{
    for (size_t i = 0; i < sandbox->order_count; i++) {
        if (strcmp(sandbox->orders[i]->token, token) == 0) {
            return sandbox->orders[i];
        }
    }
    return NULL;
}

struct order *order_of_transaction(const struct sandbox *sandbox, enum provider provider,
                                   const char *transaction, int *ret_payment)
{
    for (size_t i = 0; i < sandbox->order_count; i++) {
        struct order *order = sandbox->orders[i];
        for (int k = 0; order->provider == provider && k < order->payment_count; k++) {
            if (strcmp(order->payments[k].transaction, transaction) == 0) {
                *ret_payment = k;
                return order;
            }
        }
    }
    return NULL;
}

struct refund *refund_find(const struct sandbox *sandbox, enum provider provider,
                           const char *number, struct order **ret_order)
{
    for (size_t i = 0; i < sandbox->order_count; i++) {
        struct order *order = sandbox->orders[i];
        for (int k = 0; order->provider == provider && k < order->refund_count; k++) {
            if (strcmp(order->refunds[k].number, number) == 0) {
                *ret_order = order;
                return &order->refunds[k];
            }
        }
    }
    return NULL;
}

enum order_state order_state(const struct order *order)
{
    if (order->payment_count > 0) {
        return ORDER_PAID;
    }
    bool over = order->expires_at_ms > 0 && order->expires_at_ms <= clock_now_ms();
    return order->closed_at_ms > 0 || over ? ORDER_CLOSED : ORDER_OPEN;
}

int64_t order_refunded_fen(const struct order *order, int payment)
{
    int64_t sum = 0;
    for (int i = 0; i < order->refund_count; i++) {
        const struct refund *refund = &order->refunds[i];
        if (refund->payment == payment && refund->state != REFUND_CLOSED) {
            sum += refund->amount_fen;
        }
    }
    return sum;
}

static int64_t fee_of(const struct sandbox *sandbox, enum provider provider, int64_t fen)
{
    return (fen * sandbox->fee_per_mille[provider] + 500) / 1000; /* half a fen up */
}

static void transaction_name(const struct order *order, int64_t now_ms,
                             char out[sizeof(((struct payment *)0)->transaction)])
{
    char time[TIME_TEXT_MAX];
    char tail[20];
    random_digits(tail, 14);
    (void)time_compact(now_ms, time);
    switch (order->provider) {
    case WECHAT: /* 28 digits */
        (void)snprintf(out, 40, "420000%.8s%s", time, tail);
        break;
    case ALIPAY: /* 28 digits */
        (void)snprintf(out, 40, "%.8s220014%s", time, tail);
        break;
    default: /* 21 digits */
        (void)snprintf(out, 40, "%.14s%.7s", time, tail);
        break;
    }
}

enum rc order_pay(struct sandbox *sandbox, struct order *order, const struct pay_act *act,
                  const char **ret_why)
{
    enum order_state state = order_state(order);
    *ret_why = state == ORDER_PAID && !act->again    ? "it is paid"
               : state == ORDER_CLOSED && !act->late ? "it is closed"
               : order->payment_count == ORDER_PAYMENTS_MAX
                   ? "it was paid as often as the books hold"
               : act->amount_fen < 0 || act->notices > 64 ? "amount or notices out of bounds"
                                                          : NULL;
    if (*ret_why != NULL) {
        return RC_REFUSED;
    }
    int64_t now_ms = clock_now_ms();
    int index = order->payment_count++;
    struct payment *payment = &order->payments[index];
    *payment =
        (struct payment){.amount_fen = act->amount_fen > 0 ? act->amount_fen : order->amount_fen,
                         .paid_at_ms = now_ms,
                         .quiet = act->quiet};
    payment->fee_fen = fee_of(sandbox, order->provider, payment->amount_fen);
    transaction_name(order, now_ms, payment->transaction);
    order->scanned = true;
    journal_write(sandbox, order);
    int count = act->quiet ? 0 : act->notices > 1 ? act->notices : 1;
    int batch = act->ticket != 0 && count > 0 ? batch_begin(sandbox, act->ticket, count) : -1;
    for (int i = 0; i < count; i++) {
        if (notice_send(sandbox, order, ABOUT_PAYMENT, index, FLAVOR_FINE, i > 0, batch) != RC_OK) {
            batch_less(sandbox, batch);
        }
    }
    return RC_OK;
}

enum rc order_close(struct sandbox *sandbox, struct order *order)
{
    if (order->payment_count > 0) {
        return RC_REFUSED;
    }
    if (order->closed_at_ms == 0) {
        order->closed_at_ms = clock_now_ms();
        journal_write(sandbox, order);
    }
    return RC_OK;
}

static void sweep_later(struct sandbox *sandbox, int64_t due_at_ms)
{
    int64_t wait_ms = due_at_ms - clock_now_ms();
    int64_t due_ns = loop_now_ns() + (wait_ms < 1 ? 1 : wait_ms) * 1000000;
    if (sandbox->sweep_timer.place == 0 || sandbox->sweep_timer.due_ns > due_ns) {
        loop_set(sandbox->loop, &sandbox->sweep_timer, due_ns);
    }
}

enum rc refund_begin(struct sandbox *sandbox, struct order *order, const struct refund *draft,
                     int64_t after_ms, struct refund **ret_refund)
{
    assert(draft->payment < order->payment_count && draft->amount_fen > 0);
    const struct payment *payment = &order->payments[draft->payment];
    if (order_refunded_fen(order, draft->payment) + draft->amount_fen > payment->amount_fen) {
        return RC_REFUSED;
    }
    if (order->refunds == NULL) {
        order->refunds = calloc(ORDER_REFUNDS_MAX, sizeof(struct refund));
    }
    if (order->refunds == NULL || order->refund_count == ORDER_REFUNDS_MAX) {
        return RC_FULL;
    }
    struct refund *refund = &order->refunds[order->refund_count++];
    *refund = *draft;
    refund->begun_at_ms = clock_now_ms();
    refund->due_at_ms = refund->begun_at_ms + after_ms;
    refund->fee_fen = fee_of(sandbox, order->provider, refund->amount_fen);
    char tail[24];
    char time[TIME_TEXT_MAX];
    random_digits(tail, 20);
    (void)time_compact(refund->begun_at_ms, time);
    if (order->provider == UNIONPAY) {
        (void)snprintf(refund->id, sizeof(refund->id), "%.14s%.7s", time, tail);
    } else {
        (void)snprintf(refund->id, sizeof(refund->id), "5030%.8s%.16s", time, tail);
    }
    journal_write(sandbox, order);
    if (after_ms <= 0) {
        refund_sweep(sandbox);
    } else {
        sweep_later(sandbox, refund->due_at_ms);
    }
    *ret_refund = refund;
    return RC_OK;
}

static void refund_end(struct sandbox *sandbox, struct order *order, int index, int64_t now_ms)
{
    struct refund *refund = &order->refunds[index];
    refund->state = sandbox->refund_outcome;
    if (refund->state == REFUND_PROCESSING) {
        return;
    }
    refund->ended_at_ms = now_ms;
    if (refund->state == REFUND_SUCCESS) {
        order->payments[refund->payment].refunded_fen += refund->amount_fen;
    }
    journal_write(sandbox, order);
    if (notice_send(sandbox, order, ABOUT_REFUND, index, FLAVOR_FINE, false, -1) != RC_OK) {
        refund->told = false; /* the books say it; only the notice is lost */
    }
}

void refund_sweep(struct sandbox *sandbox)
{
    int64_t now_ms = clock_now_ms();
    int64_t next_ms = 0;
    if (sandbox->refund_outcome == REFUND_PROCESSING) {
        return; /* they wait until the control says how they end */
    }
    for (size_t i = 0; i < sandbox->order_count; i++) {
        struct order *order = sandbox->orders[i];
        for (int k = 0; k < order->refund_count; k++) {
            const struct refund *refund = &order->refunds[k];
            if (refund->state != REFUND_PROCESSING) {
                continue;
            }
            if (refund->due_at_ms <= now_ms) {
                refund_end(sandbox, order, k, now_ms);
            } else if (next_ms == 0 || refund->due_at_ms < next_ms) {
                next_ms = refund->due_at_ms;
            }
        }
    }
    if (next_ms > 0) {
        sweep_later(sandbox, next_ms);
    }
}
