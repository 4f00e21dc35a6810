/* Notices, and the payment and refund objects that notices and answers share. */
#include <assert.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/pay/wechat_own.h"

/* Text of a member, "" when missing. */
static const char *member(const struct json_object *json, const char *key)
{
    const char *text = "";
    return json_get_text(json, key, 0, 256, &text) == RC_OK ? text : "";
}

static bool copy(struct arena *arena, const struct json_object *json, const char *key,
                 const char **ret_text)
{
    *ret_text = pay_copy(arena, member(json, key), 64);
    return *ret_text != NULL;
}

/* amount.<key> in fen, and that the currency is ours. A refund notice has no currency. */
static enum pay_refusal amount_read(const struct json_object *json, const char *key,
                                    bool currency_needed, int64_t *ret_fen)
{
    const struct json_object *amount = NULL;
    if (json_get_object(json, "amount", &amount) != RC_OK) {
        return PAY_REFUSED_AMOUNT;
    }
    const char *currency = member(amount, "currency");
    if (strcmp(currency, "CNY") != 0 && (currency[0] != '\0' || currency_needed)) {
        return PAY_REFUSED_CURRENCY;
    }
    bool read = json_get_int(amount, key, 1, INT64_C(1000000000000), ret_fen) == RC_OK;
    return read ? PAY_FINE : PAY_REFUSED_AMOUNT;
}

static int64_t time_read(const struct json_object *json)
{
    const char *text = member(json, "success_time");
    int64_t at_ms = 0;
    return clock_parse_rfc3339(text, strlen(text), &at_ms) == RC_OK ? at_ms : 0;
}

enum rc wechat_trade_read(const struct wechat *wechat, struct arena *arena,
                          const struct json_object *trade, struct pay_fact *fact,
                          enum pay_refusal *ret_refusal)
{
    static const struct {
        const char *state;
        enum pay_outcome outcome;
    } states[] = {
        {"SUCCESS", PAY_PAID},    {"REFUND", PAY_PAID_THEN_REFUNDED},
        {"NOTPAY", PAY_UNPAID},   {"USERPAYING", PAY_UNPAID},
        {"CLOSED", PAY_CLOSED},   {"REVOKED", PAY_CLOSED},
        {"PAYERROR", PAY_FAILED},
    };
    const char *state = member(trade, "trade_state");
    fact->kind = PAY_KIND_PAY;
    fact->outcome = PAY_UNKNOWN;
    for (size_t i = 0; i < ARRAY_LEN(states); i++) {
        if (strcmp(states[i].state, state) == 0) {
            fact->outcome = states[i].outcome;
        }
    }
    fact->merchant_id = wechat->mchid;
    fact->app_id = wechat->app_id;
    fact->currency = "CNY";
    fact->occurred_at_ms = time_read(trade);
    if (!copy(arena, trade, "out_trade_no", &fact->order_number) ||
        !copy(arena, trade, "transaction_id", &fact->provider_transaction)) {
        return RC_MEMORY;
    }
    if (strcmp(member(trade, "mchid"), wechat->mchid) != 0) {
        *ret_refusal = PAY_REFUSED_MERCHANT;
    } else if (strcmp(member(trade, "appid"), wechat->app_id) != 0) {
        *ret_refusal = PAY_REFUSED_APP;
    } else if (fact->order_number[0] == '\0') {
        *ret_refusal = PAY_REFUSED_ORDER;
    } else if (fact->outcome == PAY_PAID || fact->outcome == PAY_PAID_THEN_REFUNDED) {
        *ret_refusal = amount_read(trade, "total", true, &fact->amount_fen);
        if (*ret_refusal == PAY_FINE && fact->provider_transaction[0] == '\0') {
            *ret_refusal = PAY_REFUSED_ORDER;
        }
    }
    return RC_OK;
}

enum rc wechat_refund_read(const struct wechat *wechat, struct arena *arena,
                           const struct json_object *refund, struct pay_fact *fact,
                           enum pay_refusal *ret_refusal)
{
    static const struct {
        const char *status;
        enum pay_outcome outcome;
    } states[] = {
        {"SUCCESS", PAY_REFUNDED},
        {"PROCESSING", PAY_REFUNDING},
        {"CLOSED", PAY_REFUND_CLOSED},
        {"ABNORMAL", PAY_REFUND_ABNORMAL},
    };
    /* A notice says refund_status, an answer says status. */
    const char *status =
        member(refund, json_has(refund, "refund_status") ? "refund_status" : "status");
    const char *mchid = member(refund, "mchid"); /* not in answers, which come from our request */
    fact->kind = PAY_KIND_REFUND;
    fact->outcome = PAY_UNKNOWN;
    for (size_t i = 0; i < ARRAY_LEN(states); i++) {
        if (strcmp(states[i].status, status) == 0) {
            fact->outcome = states[i].outcome;
        }
    }
    fact->merchant_id = wechat->mchid;
    fact->currency = "CNY";
    fact->occurred_at_ms = time_read(refund);
    if (!copy(arena, refund, "out_trade_no", &fact->order_number) ||
        !copy(arena, refund, "transaction_id", &fact->provider_transaction) ||
        !copy(arena, refund, "out_refund_no", &fact->refund_number) ||
        !copy(arena, refund, "refund_id", &fact->provider_refund)) {
        return RC_MEMORY;
    }
    if (mchid[0] != '\0' && strcmp(mchid, wechat->mchid) != 0) {
        *ret_refusal = PAY_REFUSED_MERCHANT;
    } else if (fact->order_number[0] == '\0' || fact->refund_number[0] == '\0') {
        *ret_refusal = PAY_REFUSED_ORDER;
    } else {
        *ret_refusal = amount_read(refund, "refund", false, &fact->amount_fen);
    }
    return RC_OK;
}

enum rc wechat_plain_read(const struct wechat *wechat, struct arena *arena, bool refund,
                          const char *plain, size_t len, struct pay_notice *notice)
{
    CLEANUP(json_release) struct json_object *json = NULL;
    enum rc rc = json_parse_unique(plain, len, WECHAT_JSON_DEPTH, &json);
    if (rc == RC_MEMORY) {
        return rc;
    }
    if (rc != RC_OK || !json_is_object(json)) {
        notice->refusal = rc == RC_CONFLICT ? PAY_REFUSED_TWICE : PAY_REFUSED_MALFORMED;
        return RC_OK;
    }
    if (refund) {
        TRY(wechat_refund_read(wechat, arena, json, &notice->fact, &notice->refusal));
        if (notice->refusal == PAY_FINE && member(json, "mchid")[0] == '\0') {
            notice->refusal = PAY_REFUSED_MERCHANT; /* a notice must name it */
        }
    } else {
        TRY(wechat_trade_read(wechat, arena, json, &notice->fact, &notice->refusal));
    }
    bool ended = refund ? notice->fact.outcome != PAY_UNKNOWN : notice->fact.outcome == PAY_PAID;
    if (notice->refusal == PAY_FINE && !ended) {
        notice->refusal = PAY_REFUSED_KIND;
    }
    return RC_OK;
}

/* Which of the two kinds an event is; false: neither. event_type alone does not say it, profit
   sharing has TRANSACTION.SUCCESS too. */
static bool kind_read(const struct json_object *json, const struct json_object *resource,
                      bool *ret_refund)
{
    const char *event = member(json, "event_type");
    const char *type = member(resource, "original_type");
    if (strcmp(event, "TRANSACTION.SUCCESS") == 0 && strcmp(type, "transaction") == 0) {
        *ret_refund = false;
        return true;
    }
    bool refund = strcmp(event, "REFUND.SUCCESS") == 0 || strcmp(event, "REFUND.CLOSED") == 0 ||
                  strcmp(event, "REFUND.ABNORMAL") == 0;
    *ret_refund = true;
    return refund && strcmp(type, "refund") == 0;
}

enum rc wechat_notice(const struct pay_merchant *merchant, struct arena *arena,
                      const struct pay_notice_bytes *bytes, int64_t now_ms,
                      struct pay_notice *ret_notice)
{
    const struct wechat *wechat = wechat_of(merchant);
    TRY(wechat_verify(wechat, bytes->headers, bytes->header_count, bytes->body, bytes->body_len,
                      now_ms, &ret_notice->refusal));
    if (ret_notice->refusal != PAY_FINE) {
        return RC_OK;
    }
    CLEANUP(json_release) struct json_object *json = NULL;
    const struct json_object *resource = NULL;
    enum rc rc = json_parse_unique(bytes->body, bytes->body_len, WECHAT_JSON_DEPTH, &json);
    if (rc == RC_MEMORY) {
        return rc;
    }
    if (rc != RC_OK || json_get_object(json, "resource", &resource) != RC_OK) {
        ret_notice->refusal = rc == RC_CONFLICT ? PAY_REFUSED_TWICE : PAY_REFUSED_MALFORMED;
        return RC_OK;
    }
    bool refund = false;
    if (!kind_read(json, resource, &refund)) {
        ret_notice->refusal = PAY_REFUSED_KIND;
        return RC_OK;
    }
    const char *plain = NULL;
    size_t len = 0;
    rc = wechat_decrypt(wechat, arena, resource, &plain, &len);
    if (rc == RC_MEMORY) {
        return rc;
    }
    if (rc != RC_OK) {
        ret_notice->refusal = PAY_REFUSED_DECRYPT;
        return RC_OK;
    }
    return wechat_plain_read(wechat, arena, refund, plain, len, ret_notice);
}
