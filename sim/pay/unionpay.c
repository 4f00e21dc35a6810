/* UnionPay 5.1.0: the browser's form, queries, refunds and undos, settlement files. */
#include <stdio.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/crypto.h"
#include "sim/pay/providers.h"

#define STRING_MAX (256 * 1024)
#define HOUR_MS (3600 * (int64_t)1000)
#define CLOCK_WINDOW_MS (24 * HOUR_MS)

struct call {
    struct sandbox *sandbox;
    const struct web_request *request;
    struct web_reply *reply;
    struct form form; /* what came */
    struct form out;  /* what goes */
};

/* SHA-256 of the string in hex, which is then signed with SHA-256: hashed twice. */
static enum rc digest(struct form *form, char hex[CRYPTO_HASH_HEX_BYTES])
{
    struct text string;
    uint8_t sum[CRYPTO_HASH_BYTES];
    text_init(&string, STRING_MAX);
    sign_string(form, "signature", false, &string);
    enum rc rc = text_result(&string);
    if (rc == RC_OK) {
        crypto_sha256(text_string(&string), string.len, sum);
        (void)crypto_hex(sum, sizeof(sum), hex);
    }
    text_release(&string);
    return rc;
}

enum rc unionpay_sign(struct sandbox *sandbox, struct arena *arena, struct form *form, bool forged)
{
    char hex[CRYPTO_HASH_HEX_BYTES];
    const char *signature = NULL;
    form_add(form, "signPubKeyCert", sandbox->keys.unionpay_certificate_pem);
    TRY(digest(form, hex));
    TRY(rsa_sign(forged ? sandbox->keys.stranger : sandbox->keys.unionpay_key, hex, strlen(hex),
                 arena, &signature));
    form_add(form, "signature", signature);
    return RC_OK;
}

static const char *in(const struct call *call, const char *name)
{
    return form_text(&call->form, name);
}

static void out(struct call *call, const char *name, const char *value)
{
    form_add(&call->out, name, value);
}

static void out_time(struct call *call, const char *name, int64_t at_ms, int from, int len)
{
    char time[TIME_TEXT_MAX];
    (void)time_compact(at_ms, time);
    out(call, name, arena_copy(call->request->arena, time + from, (size_t)len));
}

/* Repeats what was asked, adds the code, signs. Values are not URL-encoded in an answer. */
static void answer(struct call *call, const char *code, const char *message)
{
    static const char *const same[] = {
        "version", "encoding", "signMethod", "txnType", "txnSubType",   "bizType",   "accessType",
        "merId",   "orderId",  "txnTime",    "txnAmt",  "currencyCode", "origQryId", "reqReserved"};
    for (size_t i = 0; i < ARRAY_LEN(same); i++) {
        if (form_get(&call->out, same[i]) == NULL) {
            out(call, same[i], in(call, same[i]));
        }
    }
    out(call, "respCode", code);
    out(call, "respMsg", message);
    call->reply->type = "text/html;charset=UTF-8";
    if (unionpay_sign(call->sandbox, call->request->arena, &call->out,
                      fault_forged(call->sandbox, UNIONPAY)) != RC_OK) {
        call->reply->status = 500;
        return;
    }
    call->reply->status = 200;
    for (size_t i = 0; i < call->out.count; i++) {
        text_printf(&call->reply->body, "%s%s=", i > 0 ? "&" : "", call->out.fields[i].name);
        text_add_string(&call->reply->body, call->out.fields[i].value);
    }
}

/* NULL when the request is our merchant's; else the message of code 11 or so. */
static const char *refusal(struct call *call, const char **ret_code)
{
    const struct keyring *keys = &call->sandbox->keys;
    char hex[CRYPTO_HASH_HEX_BYTES];
    int64_t at_ms = 0;
    *ret_code = "10";
    if (strcmp(in(call, "version"), "5.1.0") != 0 || strcmp(in(call, "signMethod"), "01") != 0 ||
        strcasecmp(in(call, "encoding"), "UTF-8") != 0) {
        return "报文格式错误[version]";
    }
    *ret_code = "11";
    if (strcmp(in(call, "certId"), keys->unionpay_merchant_cert_id) != 0 ||
        digest(&call->form, hex) != RC_OK ||
        rsa_verify(keys->unionpay_merchant, hex, strlen(hex), in(call, "signature")) != RC_OK) {
        return "验证签名失败[9100004]";
    }
    *ret_code = "10";
    if (strcmp(in(call, "merId"), keys->unionpay_merchant_id) != 0 ||
        strcmp(in(call, "accessType"), "0") != 0) {
        return "商户号不存在[merId]";
    }
    if (time_read_compact(in(call, "txnTime"), &at_ms) != RC_OK) {
        return "报文格式错误[txnTime]";
    }
    return NULL;
}

static bool number_fits(const char *number)
{
    size_t len = strlen(number);
    return len >= 8 && len <= 40 &&
           strspn(number, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") == len;
}

static enum rc amount_read(const struct call *call, int64_t *ret_fen)
{
    const char *text = in(call, "txnAmt");
    return strlen(text) > 12 ? RC_INVALID
                             : text_parse_int(text, strlen(text), 1, 999999999999, ret_fen);
}

/* NULL, or the field that is wrong. */
static const char *draft_why(const struct call *call, struct order *draft)
{
    int64_t at_ms = 0;
    const char *channel = in(call, "channelType");
    const char *timeout = in(call, "payTimeout");
    if (!number_fits(in(call, "orderId"))) {
        return "报文格式错误[orderId]";
    }
    if (amount_read(call, &draft->amount_fen) != RC_OK ||
        strcmp(in(call, "currencyCode"), "156") != 0) {
        return "报文格式错误[txnAmt]";
    }
    if (strcmp(in(call, "txnSubType"), "01") != 0 || strcmp(in(call, "bizType"), "000201") != 0 ||
        (strcmp(channel, "07") != 0 && strcmp(channel, "08") != 0)) {
        return "报文格式错误[bizType]";
    }
    if (strncmp(in(call, "backUrl"), "http", 4) != 0) {
        return "报文格式错误[backUrl]";
    }
    enum rc rc = time_read_compact(in(call, "txnTime"), &at_ms);
    int64_t off_ms = draft->created_at_ms - at_ms;
    if (rc != RC_OK || off_ms > CLOCK_WINDOW_MS || off_ms < -CLOCK_WINDOW_MS) {
        return "报文格式错误[txnTime]";
    }
    draft->expires_at_ms = draft->created_at_ms + HOUR_MS;
    if (timeout[0] != '\0' && time_read_compact(timeout, &draft->expires_at_ms) != RC_OK) {
        return "报文格式错误[payTimeout]";
    }
    return NULL;
}

/* What the browser's form opens: the cashier, or a page with the error. */
static void front(struct call *call)
{
    struct order draft = {
        .provider = UNIONPAY, .entrance = BY_FRONT, .created_at_ms = clock_now_ms()};
    const char *why = draft_why(call, &draft);
    const char *code = "10";
    text_copy(draft.number, sizeof(draft.number), in(call, "orderId"));
    text_copy(draft.time, sizeof(draft.time), in(call, "txnTime"));
    text_copy(draft.subject, sizeof(draft.subject), in(call, "riskRateInfo"));
    text_copy(draft.attach, sizeof(draft.attach), in(call, "reqReserved"));
    text_copy(draft.notify_url, sizeof(draft.notify_url), in(call, "backUrl"));
    text_copy(draft.return_url, sizeof(draft.return_url), in(call, "frontUrl"));
    text_copy(draft.app, sizeof(draft.app), in(call, "merId"));
    text_copy(draft.payer, sizeof(draft.payer), "6216***********0018");
    struct order *order = order_find(call->sandbox, UNIONPAY, draft.number, NULL);
    if (why == NULL && order == NULL) {
        why = order_add(call->sandbox, &draft, &order) == RC_OK ? NULL : "系统繁忙";
        if (why == NULL) {
            order->scanned = true;
            journal_write(call->sandbox, order);
        }
    } else if (why == NULL &&
               (strcmp(order->time, draft.time) != 0 || order->amount_fen != draft.amount_fen ||
                order_state(order) != ORDER_OPEN)) {
        code = "12";
        why = "重复交易[orderId]";
    }
    if (why == NULL) {
        cashier_redirect(call->sandbox, order, call->reply);
        return;
    }
    call->reply->status = 200;
    call->reply->type = "text/html;charset=UTF-8";
    text_printf(&call->reply->body,
                "<!doctype html><meta charset=utf-8><title>UnionPay</title>"
                "<p>respCode=%s</p><p>",
                code);
    html(&call->reply->body, why);
    text_add_string(&call->reply->body, "</p>");
}

/* Members that a paid trade, or a refund that ended, has. */
static void out_settled(struct call *call, int64_t at_ms, int64_t fen, const char *query_id)
{
    struct arena *arena = call->request->arena;
    out_time(call, "settleDate", at_ms + HOUR_MS, 4, 4);
    out_time(call, "traceTime", at_ms, 4, 10);
    out(call, "traceNo", arena_copy(arena, query_id + 14, 6));
    out(call, "settleAmt", arena_printf(arena, "%lld", (long long)fen));
    out(call, "txnAmt", arena_printf(arena, "%lld", (long long)fen));
    out(call, "settleCurrencyCode", "156");
    out(call, "currencyCode", "156");
}

static void query_refund(struct call *call, const struct order *order, const struct refund *refund)
{
    bool fine = refund->state == REFUND_SUCCESS;
    out(call, "txnType", refund->type);
    out(call, "txnSubType", "00");
    out(call, "queryId", refund->id);
    out(call, "origQryId", order->payments[refund->payment].transaction);
    out_settled(call, refund->ended_at_ms > 0 ? refund->ended_at_ms : refund->begun_at_ms,
                refund->amount_fen, refund->id);
    out(call, "origRespCode", fine ? "00" : refund->state == REFUND_PROCESSING ? "05" : "61");
    out(call, "origRespMsg", fine ? "成功[0000000]" : "处理中或失败");
    answer(call, "00", "成功[0000000]");
}

static void query(struct call *call)
{
    const char *number = in(call, "orderId");
    struct order *order = order_find(call->sandbox, UNIONPAY, number, in(call, "txnTime"));
    struct order *refunded = NULL;
    const struct refund *refund = refund_find(call->sandbox, UNIONPAY, number, &refunded);
    if (order == NULL && refund != NULL && strcmp(refund->time, in(call, "txnTime")) == 0) {
        query_refund(call, refunded, refund);
        return;
    }
    if (order == NULL) {
        answer(call, "34", "查无此交易[2600000]");
        return;
    }
    out(call, "txnType", "01");
    out(call, "txnSubType", "01");
    if (order->payment_count == 0) {
        bool open = order_state(order) == ORDER_OPEN;
        out(call, "txnAmt",
            arena_printf(call->request->arena, "%lld", (long long)order->amount_fen));
        out(call, "currencyCode", "156");
        out(call, "origRespCode", open ? "05" : "35");
        out(call, "origRespMsg", open ? "交易已受理，请稍后查询交易结果" : "订单已超时");
        answer(call, "00", "成功[0000000]");
        return;
    }
    const struct payment *paid = &order->payments[0];
    out(call, "queryId", paid->transaction);
    out(call, "payCardType", "01");
    out(call, "accNo", order->payer);
    out_settled(call, paid->paid_at_ms, paid->amount_fen, paid->transaction);
    out(call, "origRespCode", "00");
    out(call, "origRespMsg", "成功[0000000]");
    answer(call, "00", "成功[0000000]");
}

/* 04 gives back any part, 31 the whole within the clearing day. */
static void back(struct call *call)
{
    struct refund draft = {.payment = 0};
    struct order *other = NULL;
    bool undo = strcmp(in(call, "txnType"), "31") == 0;
    struct order *order =
        order_of_transaction(call->sandbox, UNIONPAY, in(call, "origQryId"), &draft.payment);
    text_copy(draft.number, sizeof(draft.number), in(call, "orderId"));
    text_copy(draft.time, sizeof(draft.time), in(call, "txnTime"));
    text_copy(draft.type, sizeof(draft.type), in(call, "txnType"));
    text_copy(draft.notify_url, sizeof(draft.notify_url), in(call, "backUrl"));
    if (!number_fits(draft.number) || amount_read(call, &draft.amount_fen) != RC_OK) {
        answer(call, "10", "报文格式错误");
        return;
    }
    if (refund_find(call->sandbox, UNIONPAY, draft.number, &other) != NULL ||
        order_find(call->sandbox, UNIONPAY, draft.number, NULL) != NULL) {
        answer(call, "12", "重复交易[orderId]");
        return;
    }
    if (order == NULL) {
        answer(call, "34", "查无此交易[2600000]");
        return;
    }
    const struct payment *paid = &order->payments[draft.payment];
    if (undo && (draft.amount_fen != paid->amount_fen ||
                 day_of(paid->paid_at_ms + HOUR_MS) != day_of(clock_now_ms() + HOUR_MS))) {
        answer(call, "35", "原交易状态不正确");
        return;
    }
    struct refund *made = NULL;
    enum rc rc = refund_begin(call->sandbox, order, &draft, call->sandbox->refund_ms, &made);
    if (rc == RC_REFUSED) {
        answer(call, "61", "输入的金额超限");
    } else if (rc != RC_OK) {
        answer(call, "02", "系统未开放或暂时关闭，请稍后再试");
    } else {
        out(call, "queryId", made->id);
        answer(call, "00", "成功[0000000]"); /* accepted */
    }
}

static void file(struct call *call)
{
    struct text content;
    char name[64];
    text_init(&content, WEB_ANSWER_MAX);
    enum rc rc = unionpay_file(call->sandbox, in(call, "settleDate"), &content, name);
    out(call, "settleDate", in(call, "settleDate"));
    out(call, "fileType", in(call, "fileType"));
    if (rc == RC_NOT_FOUND) {
        answer(call, "98", "文件不存在");
    } else if (rc != RC_OK) {
        answer(call, "10", "报文格式错误[settleDate]");
    } else {
        out(call, "fileName", arena_copy_string(call->request->arena, name));
        out(call, "fileContent", arena_copy(call->request->arena, content.bytes, content.len));
        answer(call, "00", "成功[0000000]");
    }
    text_release(&content);
}

static void serve(struct sandbox *sandbox, const struct web_request *request,
                  struct web_reply *reply)
{
    struct call call = {.sandbox = sandbox, .request = request, .reply = reply};
    const char *code = "10";
    bool browser = strcmp(request->path, "/gateway/api/frontTransReq.do") == 0;
    sandbox->requests[UNIONPAY]++;
    const char *why =
        strcmp(request->method, "POST") == 0 &&
                form_parse(request->arena, request->body, request->body_len, &call.form) == RC_OK
            ? refusal(&call, &code)
            : "报文格式错误";
    const char *type = in(&call, "txnType");
    if (why != NULL) {
        sandbox->refused[UNIONPAY]++;
        answer(&call, code, why);
    } else if (browser && strcmp(type, "01") == 0) {
        front(&call);
    } else if (strcmp(request->path, "/gateway/api/queryTrans.do") == 0 &&
               strcmp(type, "00") == 0) {
        query(&call);
    } else if (strcmp(request->path, "/gateway/api/backTransReq.do") == 0 &&
               (strcmp(type, "04") == 0 || strcmp(type, "31") == 0)) {
        back(&call);
    } else if (strncmp(request->path, "/file", 5) == 0 && strcmp(type, "76") == 0 &&
               strcmp(in(&call, "bizType"), "000000") == 0) {
        file(&call);
    } else {
        answer(&call, "01", "交易类型不支持[txnType]");
    }
}

static const char *op(const struct web_request *request)
{
    return strstr(request->path, "frontTransReq") != NULL ? "page"
           : strstr(request->path, "queryTrans") != NULL  ? "query"
           : strncmp(request->path, "/file", 5) == 0      ? "bill"
                                                          : "refund";
}

static bool accepted(const struct http_answer *answer_of)
{
    return answer_of->status == 200 || answer_of->status == 302;
}

static const int64_t ladder_s[] = {60, 60, 120, 60, 0}; /* at 0, 1, 2, 4, 5 minutes */

const struct provider_row unionpay_row = {.serve = serve,
                                          .op = op,
                                          .notice = unionpay_notice,
                                          .accepted = accepted,
                                          .ladder_s = ladder_s};
