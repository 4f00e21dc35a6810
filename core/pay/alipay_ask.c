/* Requests and the reading of their answers. */
#include <assert.h>
#include <string.h>

#include "core/pay/alipay_own.h"

#define BODY_BYTES_MAX 4096
#define MINUTE_MS 60000
#define QR_MS (INT64_C(2) * 3600 * 1000)
#define TIMEOUT_MINUTES_MAX (15 * 24 * 60)

static const char *method_of(const struct pay_ask *ask)
{
    switch (ask->op) {
    case PAY_CREATE:
        return ask->scene == PAY_SCENE_QR      ? "alipay.trade.precreate"
               : ask->scene == PAY_SCENE_PHONE ? "alipay.trade.wap.pay"
                                               : "alipay.trade.page.pay";
    case PAY_QUERY:
        return "alipay.trade.query";
    case PAY_CLOSE:
        return "alipay.trade.close";
    case PAY_REFUND:
        return "alipay.trade.refund";
    case PAY_REFUND_QUERY:
        return "alipay.trade.fastpay.refund.query";
    case PAY_OP__MAX:
        break;
    }
    assert(!"an operation");
    return "";
}

static void member_text(struct text *body, const char *name, const char *value)
{
    bool first = body->len > 0 && body->bytes[body->len - 1] == '{';
    text_printf(body, "%s\"%s\":", first ? "" : ",", name);
    text_add_json_string(body, value, strlen(value));
}

static enum rc amount_text(struct arena *arena, struct text *body, const char *name, int64_t fen)
{
    const char *yuan = pay_yuan_write(arena, fen);
    if (yuan == NULL) {
        return RC_MEMORY;
    }
    member_text(body, name, yuan);
    return RC_OK;
}

/* A code is not a trade until it is scanned, so its life is a length; a page has an end. */
static void end_text(const struct pay_ask *ask, struct text *body)
{
    char end[PAY_TIME_MAX];
    int64_t minutes = (ask->expires_at_ms - ask->created_at_ms + MINUTE_MS - 1) / MINUTE_MS;
    minutes = minutes > TIMEOUT_MINUTES_MAX ? TIMEOUT_MINUTES_MAX : minutes;
    if (ask->scene == PAY_SCENE_QR) {
        text_printf(body, ",\"timeout_express\":\"%lldm\"", (long long)minutes);
    } else {
        member_text(body, "time_expire",
                    pay_time_write(ALIPAY_TIME_PATTERN, ask->expires_at_ms, end));
    }
}

static enum rc biz_content(struct arena *arena, const struct pay_ask *ask, const char **ret_text)
{
    struct text body;
    enum rc rc = RC_OK;
    text_init(&body, BODY_BYTES_MAX);
    text_add_char(&body, '{');
    member_text(&body, "out_trade_no", ask->order_number);
    if (ask->op == PAY_CREATE) {
        rc = amount_text(arena, &body, "total_amount", ask->amount_fen);
        member_text(&body, "subject", ask->subject);
        end_text(ask, &body);
        if (ask->scene == PAY_SCENE_PHONE) {
            member_text(&body, "product_code", "QUICK_WAP_WAY");
            member_text(&body, "quit_url", ask->return_url == NULL ? "" : ask->return_url);
        } else if (ask->scene == PAY_SCENE_PAGE) {
            member_text(&body, "product_code", "FAST_INSTANT_TRADE_PAY");
        }
    } else if (ask->op == PAY_REFUND || ask->op == PAY_REFUND_QUERY) {
        member_text(&body, "out_request_no", ask->refund_number);
        if (ask->op == PAY_REFUND) {
            rc = amount_text(arena, &body, "refund_amount", ask->refund_fen);
            if (ask->reason != NULL && ask->reason[0] != '\0') {
                member_text(&body, "refund_reason", ask->reason);
            }
        }
    }
    text_add_char(&body, '}');
    if (rc != RC_OK) {
        text_release(&body);
        return rc;
    }
    return pay_text_take(&body, arena, ret_text);
}

enum rc alipay_ask(const struct pay_merchant *merchant, struct arena *arena,
                   const struct pay_ask *ask, int64_t now_ms, struct pay_call *ret_call)
{
    const char *content = NULL;
    struct form form;
    bool page = ask->op == PAY_CREATE && ask->scene != PAY_SCENE_QR;
    TRY(biz_content(arena, ask, &content));
    TRY(alipay_form(merchant, arena, method_of(ask), content,
                    ask->op == PAY_CREATE ? merchant->notice_url : NULL,
                    page ? ask->return_url : NULL, now_ms, &form));
    ret_call->needed = !page;
    if (!page) {
        return alipay_request(merchant, arena, &form, &ret_call->request);
    }
    /* Nothing is asked of the provider: the signed address is opened by the browser. */
    struct text url;
    text_init(&url, ALIPAY_MESSAGE_MAX);
    text_printf(&url, "%s?", merchant->base_url);
    form_add_encoded(&form, &url);
    ret_call->offer.hand = PAY_HAND_URL;
    return pay_text_take(&url, arena, &ret_call->offer.text);
}

static const char *member(const struct json_object *json, const char *key)
{
    const char *text = "";
    return json_get_text(json, key, 0, 512, &text) == RC_OK ? text : "";
}

static bool ends(const char *code, const char *with)
{
    size_t len = strlen(code);
    size_t with_len = strlen(with);
    return len >= with_len && strcmp(code + len - with_len, with) == 0;
}

/* code other than 10000. */
static enum pay_outcome error_outcome(enum pay_op op, const char *code, const char *sub_code)
{
    if (strcmp(code, "40004") != 0) {
        /* 20000: nobody knows. 4000x: this request was not taken (key, signature, rights). */
        bool refused = strncmp(code, "4000", 4) == 0 && op != PAY_QUERY && op != PAY_REFUND_QUERY;
        return refused ? PAY_REFUSED : PAY_UNKNOWN;
    }
    if (ends(sub_code, "SYSTEM_ERROR") || sub_code[0] == '\0' ||
        strstr(sub_code, "unknow") != NULL) {
        return PAY_UNKNOWN;
    }
    if (ends(sub_code, "TRADE_NOT_EXIST")) {
        return op == PAY_REFUND ? PAY_REFUSED : PAY_NOT_FOUND;
    }
    if (ends(sub_code, "TRADE_HAS_SUCCESS") || ends(sub_code, "TRADE_HAS_CLOSE") ||
        (op == PAY_CLOSE &&
         (ends(sub_code, "TRADE_STATUS_ERROR") || ends(sub_code, "REASON_TRADE_STATUS_INVALID") ||
          ends(sub_code, "REASON_ILLEGAL_STATUS")))) {
        return PAY_QUERY_NOW;
    }
    return op == PAY_QUERY || op == PAY_REFUND_QUERY ? PAY_UNKNOWN : PAY_REFUSED;
}

static enum rc fact_read(const struct alipay *alipay, struct arena *arena,
                         const struct pay_ask *ask, const struct json_object *json,
                         struct pay_fact *fact)
{
    fact->order_number = arena_copy_string(arena, ask->order_number);
    fact->provider_transaction = pay_copy(arena, member(json, "trade_no"), 64);
    fact->merchant_id = alipay->seller_id;
    fact->app_id = alipay->app_id;
    fact->currency = "CNY";
    return fact->order_number == NULL || fact->provider_transaction == NULL ? RC_MEMORY : RC_OK;
}

static enum rc query_read(const struct alipay *alipay, struct arena *arena,
                          const struct pay_ask *ask, const struct json_object *json,
                          struct pay_answer *answer)
{
    const char *status = member(json, "trade_status");
    const char *currency = member(json, "trans_currency");
    struct pay_fact *fact = &answer->fact;
    int64_t at_ms = 0;
    TRY(fact_read(alipay, arena, ask, json, fact));
    if (strcmp(status, "WAIT_BUYER_PAY") == 0) {
        answer->outcome = PAY_UNPAID;
        return RC_OK;
    }
    if (strcmp(status, "TRADE_CLOSED") == 0) {
        answer->outcome = PAY_CLOSED; /* never paid, or all of it went back */
        return RC_OK;
    }
    if (strcmp(status, "TRADE_SUCCESS") != 0 && strcmp(status, "TRADE_FINISHED") != 0) {
        return RC_OK;
    }
    answer->outcome = PAY_PAID;
    fact->kind = PAY_KIND_PAY;
    fact->outcome = PAY_PAID;
    if (pay_time_read(ALIPAY_TIME_PATTERN, member(json, "send_pay_date"), &at_ms) == RC_OK) {
        fact->occurred_at_ms = at_ms;
    }
    if (currency[0] != '\0' && strcmp(currency, "CNY") != 0) {
        answer->refusal = PAY_REFUSED_CURRENCY;
    } else if (pay_yuan_read(member(json, "total_amount"), &fact->amount_fen) != RC_OK) {
        answer->refusal = PAY_REFUSED_AMOUNT;
    } else if (fact->provider_transaction[0] == '\0') {
        answer->refusal = PAY_REFUSED_ORDER;
    }
    return RC_OK;
}

/* A refund, or the question after one. 10000 alone proves neither. */
static enum rc refund_read(const struct alipay *alipay, struct arena *arena,
                           const struct pay_ask *ask, const struct json_object *json,
                           struct pay_answer *answer)
{
    struct pay_fact *fact = &answer->fact;
    int64_t fen = ask->refund_fen;
    int64_t at_ms = 0;
    bool asked = ask->op == PAY_REFUND_QUERY;
    bool moved = asked ? strcmp(member(json, "refund_status"), "REFUND_SUCCESS") == 0
                       : strcmp(member(json, "fund_change"), "Y") == 0;
    const char *at = member(json, "gmt_refund_pay");
    if (!moved) {
        /* Same number again: one number is one refund there. */
        answer->outcome = asked ? PAY_NOT_FOUND : PAY_REFUNDING;
        return RC_OK;
    }
    TRY(fact_read(alipay, arena, ask, json, fact));
    fact->kind = PAY_KIND_REFUND;
    fact->outcome = PAY_REFUNDED;
    fact->refund_number = arena_copy_string(arena, ask->refund_number);
    if (fact->refund_number == NULL) {
        return RC_MEMORY;
    }
    if (asked && strcmp(member(json, "out_request_no"), ask->refund_number) != 0) {
        answer->refusal = PAY_REFUSED_ORDER;
    } else if (asked && (pay_yuan_read(member(json, "refund_amount"), &fen) != RC_OK ||
                         fen != ask->refund_fen)) {
        answer->refusal = PAY_REFUSED_AMOUNT;
    }
    if (pay_time_read(ALIPAY_TIME_PATTERN, at, &at_ms) == RC_OK) {
        fact->occurred_at_ms = at_ms;
    }
    fact->amount_fen = fen;
    answer->outcome = PAY_REFUNDED;
    return RC_OK;
}

static enum rc good_read(const struct alipay *alipay, struct arena *arena,
                         const struct pay_ask *ask, const struct json_object *json, int64_t now_ms,
                         struct pay_answer *answer)
{
    const char *number = member(json, "out_trade_no");
    /* About a refund that it does not know the provider says 10000 and nothing else. */
    bool nothing = ask->op == PAY_REFUND_QUERY && !json_has(json, "refund_status");
    if (strcmp(number, ask->order_number) != 0 && !(nothing && number[0] == '\0')) {
        answer->refusal = PAY_REFUSED_ORDER;
        return RC_OK;
    }
    switch (ask->op) {
    case PAY_CREATE:
        answer->offer.hand = PAY_HAND_QR;
        answer->offer.expires_at_ms = now_ms + QR_MS;
        answer->offer.text = pay_copy(arena, member(json, "qr_code"), 512);
        if (answer->offer.text == NULL) {
            return RC_MEMORY;
        }
        answer->outcome = PAY_ACCEPTED;
        answer->refusal = answer->offer.text[0] == '\0' ? PAY_REFUSED_MALFORMED : PAY_FINE;
        return RC_OK;
    case PAY_QUERY:
        return query_read(alipay, arena, ask, json, answer);
    case PAY_CLOSE:
        answer->outcome = PAY_CLOSED;
        return RC_OK;
    case PAY_REFUND:
    case PAY_REFUND_QUERY:
        return refund_read(alipay, arena, ask, json, answer);
    case PAY_OP__MAX:
        break;
    }
    return RC_OK;
}

enum rc alipay_read(const struct pay_merchant *merchant, struct arena *arena,
                    const struct pay_ask *ask, const struct http_answer *answer, int64_t now_ms,
                    struct pay_answer *ret_answer)
{
    const struct alipay *alipay = alipay_of(merchant);
    CLEANUP(json_release) struct json_object *json = NULL;
    TRY(alipay_answer_open(alipay, arena, method_of(ask), answer, &json, &ret_answer->refusal));
    if (ret_answer->refusal != PAY_FINE) {
        return RC_OK;
    }
    const char *code = member(json, "code");
    const char *sub_code = member(json, "sub_code");
    ret_answer->code = pay_copy(arena, sub_code[0] == '\0' ? code : sub_code, 64);
    if (ret_answer->code == NULL) {
        return RC_MEMORY;
    }
    if (strcmp(code, "10000") == 0) {
        return good_read(alipay, arena, ask, json, now_ms, ret_answer);
    }
    ret_answer->outcome = error_outcome(ask->op, code, sub_code);
    return RC_OK;
}
