/* Requests, answers, notices. A close does not exist: an order ends by its payTimeout. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/pay/unionpay_own.h"

#define DAY_MS (INT64_C(24) * 3600 * 1000)

/* What every message has. Texts live in the arena or are static. */
static enum rc form_begin(const struct pay_merchant *merchant, struct arena *arena,
                          const char *type, const char *sub_type, const char *business,
                          const char *order_number, int64_t at_ms, struct form *form)
{
    char at[PAY_TIME_MAX];
    const char *time = arena_copy_string(arena, pay_time_write(UNIONPAY_TIME_PATTERN, at_ms, at));
    if (time == NULL) {
        return RC_MEMORY;
    }
    *form = (struct form){.count = 0};
    form_add(form, "version", "5.1.0");
    form_add(form, "encoding", "UTF-8");
    form_add(form, "signMethod", "01");
    form_add(form, "txnType", type);
    form_add(form, "txnSubType", sub_type);
    form_add(form, "bizType", business);
    form_add(form, "accessType", "0");
    form_add(form, "merId", unionpay_of(merchant)->merchant_id);
    form_add(form, "orderId", order_number);
    form_add(form, "txnTime", time);
    return RC_OK;
}

static enum rc amount_add(struct arena *arena, struct form *form, int64_t fen)
{
    const char *text = arena_printf(arena, "%lld", (long long)fen);
    if (text == NULL) {
        return RC_MEMORY;
    }
    form_add(form, "txnAmt", text);
    form_add(form, "currencyCode", "156");
    return RC_OK;
}

static enum rc create_form(const struct pay_merchant *merchant, struct arena *arena,
                           const struct pay_ask *ask, struct form *form)
{
    char end[PAY_TIME_MAX];
    if (ask->return_url == NULL) {
        return RC_INVALID; /* they insist on a page to come back to */
    }
    const char *timeout =
        arena_copy_string(arena, pay_time_write(UNIONPAY_TIME_PATTERN, ask->expires_at_ms, end));
    const char *risk = arena_printf(arena, "{commodityName=%s}", ask->subject);
    if (timeout == NULL || risk == NULL) {
        return RC_MEMORY;
    }
    TRY(form_begin(merchant, arena, "01", "01", "000201", ask->order_number, ask->created_at_ms,
                   form));
    TRY(amount_add(arena, form, ask->amount_fen));
    form_add(form, "channelType", ask->scene == PAY_SCENE_PHONE ? "08" : "07");
    form_add(form, "frontUrl", ask->return_url);
    form_add(form, "backUrl", merchant->notice_url);
    form_add(form, "payTimeout", timeout);
    form_add(form, "riskRateInfo", risk);
    return unionpay_sign(merchant, arena, form);
}

static enum rc refund_form(const struct pay_merchant *merchant, struct arena *arena,
                           const struct pay_ask *ask, struct form *form)
{
    if (ask->provider_transaction == NULL || ask->provider_transaction[0] == '\0' ||
        (ask->undo && ask->refund_fen != ask->amount_fen)) {
        return RC_INVALID; /* refunds hang on the queryId; an undo takes everything */
    }
    TRY(form_begin(merchant, arena, ask->undo ? "31" : "04", "00", "000201", ask->refund_number,
                   ask->refund_at_ms, form));
    TRY(amount_add(arena, form, ask->refund_fen));
    form_add(form, "channelType", "07");
    form_add(form, "origQryId", ask->provider_transaction);
    form_add(form, "backUrl", merchant->refund_notice_url);
    return unionpay_sign(merchant, arena, form);
}

static enum rc post(struct arena *arena, const char *base, const char *path,
                    const struct form *form, struct http_request *ret_request)
{
    struct http_request request = {.method = "POST"};
    struct text body;
    request.url = arena_printf(arena, "%s%s", base, path);
    if (request.url == NULL) {
        return RC_MEMORY;
    }
    text_init(&body, UNIONPAY_MESSAGE_MAX);
    form_add_encoded(form, &body);
    request.body_len = body.len;
    TRY(pay_text_take(&body, arena, &request.body));
    http_header_add(&request, "Content-Type", "application/x-www-form-urlencoded;charset=UTF-8");
    http_header_add(&request, "User-Agent", "paywatt");
    *ret_request = request;
    return RC_OK;
}

enum rc unionpay_ask(const struct pay_merchant *merchant, struct arena *arena,
                     const struct pay_ask *ask, int64_t now_ms, struct pay_call *ret_call)
{
    (void)now_ms;
    struct form form = {.count = 0};
    bool refund = ask->op == PAY_REFUND_QUERY;
    switch (ask->op) {
    case PAY_CREATE:
        TRY(create_form(merchant, arena, ask, &ret_call->offer.fields));
        ret_call->needed = false;
        ret_call->offer.hand = PAY_HAND_FORM;
        ret_call->offer.text = arena_printf(arena, "%sfrontTransReq.do", merchant->base_url);
        return ret_call->offer.text == NULL ? RC_MEMORY : RC_OK;
    case PAY_QUERY:
    case PAY_REFUND_QUERY:
        /* A trade is named by its number and its time; a refund is a trade of its own. */
        TRY(form_begin(merchant, arena, "00", "00", "000201",
                       refund ? ask->refund_number : ask->order_number,
                       refund ? ask->refund_at_ms : ask->created_at_ms, &form));
        TRY(unionpay_sign(merchant, arena, &form));
        return post(arena, merchant->base_url, "queryTrans.do", &form, &ret_call->request);
    case PAY_REFUND:
        TRY(refund_form(merchant, arena, ask, &form));
        return post(arena, merchant->base_url, "backTransReq.do", &form, &ret_call->request);
    case PAY_CLOSE:
    case PAY_OP__MAX:
        break;
    }
    return RC_REFUSED;
}

enum pay_outcome unionpay_outcome(const char *code, bool refund, bool query)
{
    if (strcmp(code, "00") == 0 || (query && strcmp(code, "A6") == 0)) {
        return refund ? PAY_REFUNDED : PAY_PAID;
    }
    if (code[0] == '\0' || strcmp(code, "A6") == 0 || strcmp(code, "03") == 0 ||
        strcmp(code, "04") == 0 || strcmp(code, "05") == 0) {
        return PAY_UNKNOWN;
    }
    /* 42 too: paid too late, UnionPay gives it back by itself. */
    return refund ? PAY_REFUND_CLOSED : PAY_FAILED;
}

/* When the money moved: MMDDhhmmss of traceTime, with the year of txnTime, or the next one for an
   order of the last minutes of a year. */
static int64_t time_of(const struct form *form)
{
    const char *trace = form_text(form, "traceTime");
    char text[PAY_TIME_MAX];
    int64_t order_ms = 0;
    int64_t trace_ms = 0;
    if (pay_time_read(UNIONPAY_TIME_PATTERN, form_text(form, "txnTime"), &order_ms) != RC_OK) {
        return 0;
    }
    for (int64_t later_ms = 0; later_ms <= DAY_MS; later_ms += DAY_MS) {
        char year[PAY_TIME_MAX];
        (void)pay_time_write("YYYY", order_ms + later_ms, year);
        int made = snprintf(text, sizeof(text), "%.4s%.10s", year, trace);
        if (made == 14 && pay_time_read(UNIONPAY_TIME_PATTERN, text, &trace_ms) == RC_OK &&
            trace_ms > order_ms - DAY_MS) {
            return trace_ms;
        }
    }
    return order_ms;
}

void unionpay_fact(const struct unionpay *unionpay, const struct form *form, bool refund,
                   const char *code, struct pay_fact *fact, enum pay_refusal *ret_refusal)
{
    const char *number = form_text(form, "orderId");
    const char *own = form_text(form, "queryId");
    fact->kind = refund ? PAY_KIND_REFUND : PAY_KIND_PAY;
    fact->order_number = refund ? "" : number;
    fact->refund_number = refund ? number : "";
    fact->provider_transaction = refund ? form_text(form, "origQryId") : own;
    fact->provider_refund = refund ? own : "";
    fact->merchant_id = unionpay->merchant_id;
    fact->currency = "CNY";
    fact->occurred_at_ms = time_of(form);
    bool moved = strcmp(code, "00") == 0 || strcmp(code, "A6") == 0;
    if (strcmp(form_text(form, "merId"), unionpay->merchant_id) != 0) {
        *ret_refusal = PAY_REFUSED_MERCHANT;
    } else if (number[0] == '\0' || strlen(number) > 40 || strlen(own) > 64 ||
               (moved && own[0] == '\0')) {
        *ret_refusal = PAY_REFUSED_ORDER;
    } else if (strcmp(form_text(form, "currencyCode"), "156") != 0) {
        *ret_refusal = PAY_REFUSED_CURRENCY;
    } else if (pay_fen_read(form_text(form, "txnAmt"), &fact->amount_fen) != RC_OK) {
        *ret_refusal = PAY_REFUSED_AMOUNT;
    }
}

enum rc unionpay_notice(const struct pay_merchant *merchant, struct arena *arena,
                        const struct pay_notice_bytes *bytes, int64_t now_ms,
                        struct pay_notice *ret_notice)
{
    const struct unionpay *unionpay = unionpay_of(merchant);
    struct form form = {.count = 0};
    enum rc rc = form_parse(arena, bytes->body, bytes->body_len, &form);
    if (rc == RC_MEMORY) {
        return rc;
    }
    if (rc != RC_OK) {
        ret_notice->refusal = rc == RC_CONFLICT ? PAY_REFUSED_TWICE : PAY_REFUSED_MALFORMED;
        return RC_OK;
    }
    TRY(unionpay_verify(unionpay, &form, now_ms, &ret_notice->refusal));
    if (ret_notice->refusal != PAY_FINE) {
        return RC_OK;
    }
    const char *type = form_text(&form, "txnType");
    const char *code = form_text(&form, "respCode");
    bool refund = strcmp(type, "04") == 0 || strcmp(type, "31") == 0;
    if (!refund && (strcmp(type, "01") != 0 || strcmp(form_text(&form, "txnSubType"), "01") != 0)) {
        ret_notice->refusal = PAY_REFUSED_KIND;
        return RC_OK;
    }
    unionpay_fact(unionpay, &form, refund, code, &ret_notice->fact, &ret_notice->refusal);
    ret_notice->fact.outcome = unionpay_outcome(code, refund, false);
    return RC_OK;
}

/* Their answer must be about what was asked: names of trades come back as they were sent. */
static bool answer_fits(const struct pay_merchant *merchant, const struct pay_ask *ask,
                        const struct form *form)
{
    bool refund = ask->op != PAY_QUERY;
    char at[PAY_TIME_MAX];
    pay_time_write(UNIONPAY_TIME_PATTERN, refund ? ask->refund_at_ms : ask->created_at_ms, at);
    return strcmp(form_text(form, "merId"), unionpay_of(merchant)->merchant_id) == 0 &&
           strcmp(form_text(form, "orderId"), refund ? ask->refund_number : ask->order_number) ==
               0 &&
           strcmp(form_text(form, "txnTime"), at) == 0;
}

static void query_read(const struct unionpay *unionpay, const struct pay_ask *ask,
                       const struct form *form, struct pay_answer *answer)
{
    bool refund = ask->op == PAY_REFUND_QUERY;
    const char *original = form_text(form, "origRespCode");
    if (strcmp(answer->code, "00") != 0) {
        answer->outcome = strcmp(answer->code, "34") == 0 ? PAY_NOT_FOUND : PAY_UNKNOWN;
        return;
    }
    answer->outcome = unionpay_outcome(original, refund, true);
    if (answer->outcome != PAY_PAID && answer->outcome != PAY_REFUNDED) {
        answer->code = original;
        return;
    }
    unionpay_fact(unionpay, form, refund, original, &answer->fact, &answer->refusal);
    answer->fact.outcome = answer->outcome;
    if (refund) {
        answer->fact.order_number = ask->order_number;
        if (answer->refusal == PAY_FINE && answer->fact.amount_fen != ask->refund_fen) {
            answer->refusal = PAY_REFUSED_AMOUNT;
        }
    }
}

/* 00 says accepted; whether money moved says the notice or a query. */
static enum pay_outcome refund_accepted(const char *code)
{
    enum pay_outcome outcome = unionpay_outcome(code, true, true);
    if (outcome == PAY_REFUNDED || strcmp(code, "03") == 0 || strcmp(code, "04") == 0 ||
        strcmp(code, "05") == 0) {
        return PAY_REFUNDING;
    }
    return strcmp(code, "12") == 0 ? PAY_QUERY_NOW
           : strcmp(code, "34") == 0 || strcmp(code, "37") == 0 || outcome == PAY_UNKNOWN
               ? PAY_UNKNOWN
               : PAY_REFUSED;
}

enum rc unionpay_read(const struct pay_merchant *merchant, struct arena *arena,
                      const struct pay_ask *ask, const struct http_answer *answer, int64_t now_ms,
                      struct pay_answer *ret_answer)
{
    const struct unionpay *unionpay = unionpay_of(merchant);
    struct form form = {.count = 0};
    if (answer->status != 200 || answer->body_len == 0 || answer->body_len > PAY_NOTICE_BYTES_MAX) {
        return RC_OK;
    }
    enum rc rc = unionpay_parse(arena, answer->body, answer->body_len, &form);
    if (rc == RC_MEMORY) {
        return rc;
    }
    if (rc != RC_OK) {
        ret_answer->refusal = rc == RC_CONFLICT ? PAY_REFUSED_TWICE : PAY_REFUSED_MALFORMED;
        return RC_OK;
    }
    TRY(unionpay_verify(unionpay, &form, now_ms, &ret_answer->refusal));
    if (ret_answer->refusal != PAY_FINE) {
        return RC_OK;
    }
    if (ask->op == PAY_CREATE || ask->op == PAY_CLOSE || !answer_fits(merchant, ask, &form)) {
        ret_answer->refusal = PAY_REFUSED_ORDER;
        return RC_OK;
    }
    ret_answer->code = form_text(&form, "respCode");
    if (ask->op == PAY_REFUND) {
        ret_answer->outcome = refund_accepted(ret_answer->code);
    } else {
        query_read(unionpay, ask, &form, ret_answer);
    }
    return RC_OK;
}

enum rc unionpay_bill_ask(const struct pay_merchant *merchant, struct arena *arena, int64_t now_ms,
                          struct pay_bill *bill)
{
    struct form form;
    const char *date = arena_printf(arena, "%02d%02d", bill->month, bill->day);
    if (date == NULL) {
        return RC_MEMORY;
    }
    TRY(form_begin(merchant, arena, "76", "01", "000000", "", now_ms, &form));
    form_add(&form, "settleDate", date);
    form_add(&form, "fileType", "00");
    TRY(unionpay_sign(merchant, arena, &form));
    TRY(post(arena, unionpay_of(merchant)->file_url, "", &form, &bill->request));
    bill->request.answer_max_bytes = PAY_BILL_BYTES_MAX;
    return RC_OK;
}

enum rc unionpay_bill_read(const struct pay_merchant *merchant, struct arena *arena,
                           const struct http_answer *answer, int64_t now_ms, struct pay_bill *bill)
{
    const struct unionpay *unionpay = unionpay_of(merchant);
    struct form form = {.count = 0};
    if (answer->status != 200 || answer->body_len > PAY_BILL_BYTES_MAX) {
        return pay_bill_refuse(bill, PAY_REFUSED_SIZE, "");
    }
    enum rc rc = unionpay_parse(arena, answer->body, answer->body_len, &form);
    if (rc == RC_OK) {
        rc = unionpay_verify(unionpay, &form, now_ms, &bill->refusal);
    } else if (rc != RC_MEMORY) {
        return pay_bill_refuse(bill, PAY_REFUSED_MALFORMED, "");
    }
    TRY(rc);
    if (bill->refusal != PAY_FINE) {
        return pay_bill_refuse(bill, bill->refusal, "");
    }
    bill->code = form_text(&form, "respCode");
    if (strcmp(form_text(&form, "merId"), unionpay->merchant_id) != 0) {
        return pay_bill_refuse(bill, PAY_REFUSED_MERCHANT, bill->code);
    }
    if (strcmp(bill->code, "98") == 0) { /* there is no such file */
        bill->state = PAY_BILL_NONE;
        return RC_OK;
    }
    if (strcmp(bill->code, "00") != 0) {
        return pay_bill_refuse(bill, PAY_FINE, bill->code);
    }
    return unionpay_bill_rows(unionpay, arena, form_text(&form, "fileContent"), bill);
}
