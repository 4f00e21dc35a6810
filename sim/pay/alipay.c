/* Alipay's gateway: requests verified, trades, refunds; answers signed over their very text. */
#include <stdio.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/crypto.h"
#include "core/base/json.h"
#include "sim/pay/providers.h"

#define MINUTE_MS (60 * (int64_t)1000)
#define NODE_MAX 65536
#define BILL_LIFE_MS (30 * (int64_t)1000)

struct call {
    struct sandbox *sandbox;
    const struct web_request *request;
    struct web_reply *reply;
    struct form form; /* address and body together */
    const struct json_object *json;
    const char *method;
    bool certificates;
};

/* {"<name>":<node>,"alipay_cert_sn":..,"sign":..}: the signature is over the node as it stands. */
static void answer(struct call *call, const char *name, const struct text *node)
{
    struct sandbox *sandbox = call->sandbox;
    const struct rsa_key *key =
        fault_forged(sandbox, ALIPAY) ? sandbox->keys.stranger : sandbox->keys.alipay_key;
    const char *sign = "";
    call->reply->status = 200;
    call->reply->type = "text/html;charset=utf-8"; /* as the real one says */
    if (rsa_sign(key, text_string(node), node->len, call->request->arena, &sign) != RC_OK) {
        call->reply->status = 500;
        return;
    }
    struct text *out = &call->reply->body;
    text_printf(out, "{\"%s\":", name);
    text_add(out, text_string(node), node->len);
    if (call->certificates) {
        text_printf(out, ",\"alipay_cert_sn\":\"%s\"", sandbox->keys.alipay_sn);
    }
    text_printf(out, ",\"sign\":\"%s\"}", sign);
}

static void answer_method(struct call *call, const struct text *node)
{
    char name[96];
    text_copy(name, sizeof(name) - 10, call->method);
    for (char *at = name; *at != '\0'; at++) {
        *at = *at == '.' ? '_' : *at;
    }
    (void)snprintf(name + strlen(name), 10, "_response");
    answer(call, name, node);
}

static void fine(struct text *node)
{
    text_add_string(node, "{\"code\":\"10000\",\"msg\":\"Success\"");
}

static void answer_fine(struct call *call, struct text *node)
{
    text_add_char(node, '}');
    answer_method(call, node);
    text_release(node);
}

static void answer_error(struct call *call, const char *code, const char *sub_code,
                         const char *sub_msg)
{
    struct text node;
    text_init(&node, NODE_MAX);
    text_printf(&node, "{\"code\":\"%s\",\"msg\":\"%s\",\"sub_code\":\"%s\"", code,
                strcmp(code, "40004") == 0   ? "Business Failed"
                : strcmp(code, "20000") == 0 ? "Service Currently Unavailable"
                                             : "Invalid Arguments",
                sub_code);
    member_text(&node, "sub_msg", sub_msg);
    text_add_char(&node, '}');
    if (strncmp(sub_code, "isv.", 4) == 0) {
        answer(call, "error_response", &node);
    } else {
        answer_method(call, &node);
    }
    text_release(&node);
}

/* Address and body as one form. */
static enum rc form_read(struct call *call)
{
    struct form body;
    TRY(form_parse(call->request->arena, call->request->query, strlen(call->request->query),
                   &call->form));
    TRY(form_parse(call->request->arena, call->request->body, call->request->body_len, &body));
    if (call->form.count + body.count > FORM_FIELDS_MAX) {
        return RC_TOO_LARGE;
    }
    for (size_t i = 0; i < body.count; i++) {
        if (form_get(&call->form, body.fields[i].name) != NULL) {
            return RC_CONFLICT;
        }
        form_add(&call->form, body.fields[i].name, body.fields[i].value);
    }
    return RC_OK;
}

/* NULL when the request is our merchant's; else the sub_code. */
static const char *refusal(struct call *call)
{
    const struct keyring *keys = &call->sandbox->keys;
    const struct form *form = &call->form;
    int64_t at_ms = 0;
    if (strcmp(form_text(form, "app_id"), keys->alipay_app_id) != 0) {
        return "isv.invalid-app-id";
    }
    if (strcmp(form_text(form, "sign_type"), "RSA2") != 0) {
        return "isv.invalid-signature-type";
    }
    if (strcasecmp(form_text(form, "charset"), "utf-8") != 0 ||
        strcmp(form_text(form, "version"), "1.0") != 0) {
        return "isv.invalid-charset";
    }
    if (time_read_plain(form_text(form, "timestamp"), &at_ms) != RC_OK) {
        return "isv.invalid-timestamp";
    }
    call->certificates = form_get(form, "app_cert_sn") != NULL;
    if (call->certificates &&
        (strcmp(form_text(form, "app_cert_sn"), keys->alipay_app_sn) != 0 ||
         strcmp(form_text(form, "alipay_root_cert_sn"), keys->alipay_root_sn) != 0)) {
        return "isv.app-cert-sn-not-match";
    }
    struct text string;
    text_init(&string, WEB_BODY_MAX);
    sign_string(&call->form, "sign", false, &string);
    enum rc rc = rsa_verify(keys->alipay_merchant, text_string(&string), string.len,
                            form_text(form, "sign"));
    text_release(&string);
    return rc == RC_OK ? NULL : "isv.invalid-signature";
}

static const char *text_of(const struct call *call, const char *key)
{
    const char *text = "";
    return json_get_text(call->json, key, 0, 512, &text) == RC_OK ? text : "";
}

static bool number_fits(const char *number)
{
    size_t len = strlen(number);
    return len >= 1 && len <= 64 &&
           strspn(number, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_") == len;
}

/* "15m", "2h", "1d". 0 when it is none. */
static int64_t span_ms(const char *text)
{
    size_t len = strlen(text);
    int64_t count = 0;
    if (len < 2 || text_parse_int(text, len - 1, 1, 21600, &count) != RC_OK) {
        return 0;
    }
    char unit = text[len - 1];
    int64_t minutes = unit == 'm' ? 1 : unit == 'h' ? 60 : unit == 'd' ? 1440 : 0;
    return count * minutes * MINUTE_MS;
}

/* NULL, or what is wrong. */
static const char *draft_why(struct call *call, struct order *draft)
{
    const char *subject = text_of(call, "subject");
    int64_t span = span_ms(text_of(call, "timeout_express"));
    bool by_page = draft->entrance != BY_QR;
    if (!number_fits(text_of(call, "out_trade_no"))) {
        return "out_trade_no";
    }
    if (yuan_read(text_of(call, "total_amount"), &draft->amount_fen) != RC_OK ||
        draft->amount_fen < 1 || draft->amount_fen > 10000000000) {
        return "total_amount";
    }
    if (subject[0] == '\0' || text_characters(subject, strlen(subject)) > 256 ||
        strpbrk(subject, "/=&") != NULL) {
        return "subject";
    }
    const char *product = draft->entrance == BY_WAP ? "QUICK_WAP_WAY" : "FAST_INSTANT_TRADE_PAY";
    if (by_page && strcmp(text_of(call, "product_code"), product) != 0) {
        return "product_code";
    }
    text_copy(draft->number, sizeof(draft->number), text_of(call, "out_trade_no"));
    text_copy(draft->subject, sizeof(draft->subject), subject);
    text_copy(draft->notify_url, sizeof(draft->notify_url), form_text(&call->form, "notify_url"));
    text_copy(draft->return_url, sizeof(draft->return_url), form_text(&call->form, "return_url"));
    text_copy(draft->attach, sizeof(draft->attach), text_of(call, "passback_params"));
    draft->expires_at_ms = draft->created_at_ms + (span > 0  ? span
                                                   : by_page ? 15 * 1440 * MINUTE_MS
                                                             : 180 * MINUTE_MS);
    if (text_of(call, "time_expire")[0] != '\0' &&
        (time_read_plain(text_of(call, "time_expire"), &draft->expires_at_ms) != RC_OK ||
         draft->expires_at_ms <= draft->created_at_ms)) {
        return "time_expire";
    }
    return NULL;
}

/* The order of a create request; NULL with the answer given. */
static struct order *create(struct call *call, enum entrance entrance)
{
    struct order draft = {
        .provider = ALIPAY, .entrance = entrance, .created_at_ms = clock_now_ms()};
    const char *why = draft_why(call, &draft);
    if (why != NULL) {
        answer_error(call, "40004", "ACQ.INVALID_PARAMETER", why);
        return NULL;
    }
    text_copy(draft.app, sizeof(draft.app), call->sandbox->keys.alipay_app_id);
    text_copy(draft.payer, sizeof(draft.payer), "2088102534368455");
    struct order *order = order_find(call->sandbox, ALIPAY, draft.number, NULL);
    if (order == NULL) {
        if (order_add(call->sandbox, &draft, &order) != RC_OK) {
            answer_error(call, "20000", "ACQ.SYSTEM_ERROR", "系统错误");
            return NULL;
        }
        journal_write(call->sandbox, order);
        return order;
    }
    const char *sub_code = order_state(order) == ORDER_PAID     ? "ACQ.TRADE_HAS_SUCCESS"
                           : order_state(order) == ORDER_CLOSED ? "ACQ.TRADE_HAS_CLOSE"
                           : order->amount_fen != draft.amount_fen || order->entrance != entrance
                               ? "ACQ.CONTEXT_INCONSISTENT"
                               : NULL;
    if (sub_code != NULL) {
        answer_error(call, "40004", sub_code, "交易信息被篡改或已结束");
        return NULL;
    }
    return order;
}

static void precreate(struct call *call)
{
    const struct order *order = create(call, BY_QR);
    if (order == NULL) {
        return;
    }
    struct text node;
    text_init(&node, NODE_MAX);
    fine(&node);
    member_text(&node, "out_trade_no", order->number);
    text_printf(&node, ",\"qr_code\":\"http://127.0.0.1:%u/qr/%s\"", call->sandbox->ports[ALIPAY],
                order->token);
    answer_fine(call, &node);
}

/* The trade that out_trade_no or trade_no names, if the payer ever opened it. */
static struct order *trade(struct call *call, int *payment)
{
    const char *number = text_of(call, "trade_no");
    *payment = 0;
    struct order *order =
        number[0] != '\0' ? order_of_transaction(call->sandbox, ALIPAY, number, payment)
                          : order_find(call->sandbox, ALIPAY, text_of(call, "out_trade_no"), NULL);
    if (order == NULL || !order->scanned) {
        answer_error(call, "40004", "ACQ.TRADE_NOT_EXIST", "交易不存在");
        return NULL;
    }
    return order;
}

static const char *status_of(const struct order *order, int payment)
{
    enum order_state state = order_state(order);
    bool all_back = state == ORDER_PAID &&
                    order->payments[payment].refunded_fen == order->payments[payment].amount_fen;
    return state == ORDER_OPEN                 ? "WAIT_BUYER_PAY"
           : state == ORDER_CLOSED || all_back ? "TRADE_CLOSED"
                                               : "TRADE_SUCCESS";
}

static void member_yuan(struct text *node, const char *name, int64_t fen)
{
    char text[32];
    member_text(node, name, yuan(fen, text));
}

static void query(struct call *call)
{
    int payment = 0;
    char at[TIME_TEXT_MAX];
    const struct order *order = trade(call, &payment);
    if (order == NULL) {
        return;
    }
    struct text node;
    text_init(&node, NODE_MAX);
    fine(&node);
    bool paid = order->payment_count > 0;
    member_text(&node, "buyer_logon_id", "san***@sandbox.test");
    member_text(&node, "buyer_user_id", order->payer);
    member_text(&node, "out_trade_no", order->number);
    member_yuan(&node, "total_amount",
                paid ? order->payments[payment].amount_fen : order->amount_fen);
    member_text(&node, "trade_status", status_of(order, payment));
    if (paid) {
        member_text(&node, "trade_no", order->payments[payment].transaction);
        member_yuan(&node, "buyer_pay_amount", order->payments[payment].amount_fen);
        member_yuan(&node, "receipt_amount", order->payments[payment].amount_fen);
        member_text(&node, "send_pay_date", time_plain(order->payments[payment].paid_at_ms, at));
    } else {
        (void)snprintf(at, sizeof(at), "%.28s", order->token);
        member_text(&node, "trade_no", at);
    }
    answer_fine(call, &node);
}

static void close_trade(struct call *call)
{
    int payment = 0;
    struct order *order = trade(call, &payment);
    if (order == NULL) {
        return;
    }
    if (order_state(order) != ORDER_OPEN || order_close(call->sandbox, order) != RC_OK) {
        answer_error(call, "40004", "ACQ.TRADE_STATUS_ERROR", "交易状态不合法");
        return;
    }
    enum rc told = notice_send(call->sandbox, order, ABOUT_CLOSE, 0, FLAVOR_FINE, false, -1);
    (void)told; /* a hint only */
    struct text node;
    text_init(&node, NODE_MAX);
    fine(&node);
    member_text(&node, "out_trade_no", order->number);
    answer_fine(call, &node);
}

static struct refund *refund_of(struct order *order, int payment, const char *number)
{
    for (int i = 0; i < order->refund_count; i++) {
        struct refund *refund = &order->refunds[i];
        if (refund->payment == payment && strcmp(refund->number, number) == 0) {
            return refund;
        }
    }
    return NULL;
}

static void answer_refund(struct call *call, const struct order *order, const struct refund *refund,
                          bool moved)
{
    const struct payment *paid = &order->payments[refund->payment];
    char at[TIME_TEXT_MAX];
    struct text node;
    text_init(&node, NODE_MAX);
    fine(&node);
    member_text(&node, "buyer_logon_id", "san***@sandbox.test");
    member_text(&node, "fund_change", moved ? "Y" : "N");
    if (moved) {
        member_text(&node, "gmt_refund_pay", time_plain(refund->ended_at_ms, at));
    }
    member_text(&node, "out_trade_no", order->number);
    member_yuan(&node, "refund_fee", paid->refunded_fen);
    member_text(&node, "trade_no", paid->transaction);
    answer_fine(call, &node);
}

static void refund(struct call *call)
{
    struct refund draft = {.payment = 0};
    struct order *order = trade(call, &draft.payment);
    if (order == NULL) {
        return;
    }
    if (order->payment_count == 0) {
        answer_error(call, "40004", "ACQ.TRADE_STATUS_ERROR", "交易状态不合法");
        return;
    }
    const struct payment *paid = &order->payments[draft.payment];
    if (yuan_read(text_of(call, "refund_amount"), &draft.amount_fen) != RC_OK ||
        draft.amount_fen < 1 || strlen(text_of(call, "out_request_no")) > 64 ||
        (text_of(call, "out_request_no")[0] == '\0' && draft.amount_fen != paid->amount_fen)) {
        answer_error(call, "40004", "ACQ.INVALID_PARAMETER", "参数无效");
        return;
    }
    const char *number = text_of(call, "out_request_no");
    text_copy(draft.number, sizeof(draft.number), number[0] == '\0' ? order->number : number);
    struct refund *made = refund_of(order, draft.payment, draft.number);
    if (made != NULL) { /* the same number is the same refund */
        if (made->amount_fen != draft.amount_fen) {
            answer_error(call, "40004", "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL", "退款金额不一致");
            return;
        }
        answer_refund(call, order, made, false);
        return;
    }
    enum rc rc = refund_begin(call->sandbox, order, &draft, 0, &made);
    if (rc == RC_REFUSED) {
        answer_error(call, "40004", "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL", "退款金额超限");
    } else if (rc != RC_OK) {
        answer_error(call, "20000", "ACQ.SYSTEM_ERROR", "系统错误");
    } else {
        answer_refund(call, order, made, made->state == REFUND_SUCCESS);
    }
}

static void refund_query(struct call *call)
{
    int payment = 0;
    struct order *order = trade(call, &payment);
    if (order == NULL) {
        return;
    }
    const struct refund *made = refund_of(order, payment, text_of(call, "out_request_no"));
    struct text node;
    text_init(&node, NODE_MAX);
    fine(&node);
    if (made != NULL && made->state == REFUND_SUCCESS) { /* else: 10000 and nothing more */
        member_text(&node, "out_request_no", made->number);
        member_text(&node, "out_trade_no", order->number);
        member_yuan(&node, "refund_amount", made->amount_fen);
        member_text(&node, "refund_status", "REFUND_SUCCESS");
        member_yuan(&node, "total_amount", order->payments[payment].amount_fen);
        member_text(&node, "trade_no", order->payments[payment].transaction);
    }
    answer_fine(call, &node);
}

static void bill(struct call *call)
{
    const char *date = text_of(call, "bill_date");
    char today[TIME_TEXT_MAX];
    int64_t now_ms = clock_now_ms();
    (void)time_plain(now_ms, today);
    today[10] = '\0';
    if (strcmp(text_of(call, "bill_type"), "trade") != 0 || strlen(date) != 10 ||
        (!call->sandbox->bills_of_today && strcmp(date, today) >= 0)) {
        answer_error(call, "40004", "invalid_arguments", "参数无效");
        return;
    }
    struct text file;
    text_init(&file, WEB_ANSWER_MAX);
    enum rc rc = alipay_bill_zip(call->sandbox, date, &file);
    text_release(&file);
    if (rc != RC_OK) {
        answer_error(call, "40004", "isp.bill_not_exist", "账单不存在");
        return;
    }
    struct text node;
    text_init(&node, NODE_MAX);
    fine(&node);
    text_printf(&node, ",\"bill_download_url\":\"http://127.0.0.1:%u/bill/%s/%lld\"",
                call->sandbox->ports[ALIPAY], date, (long long)(now_ms + BILL_LIFE_MS));
    answer_fine(call, &node);
}

static void pay_page(struct call *call, enum entrance entrance)
{
    const struct order *order = create(call, entrance);
    if (order != NULL) {
        cashier_redirect(call->sandbox, order, call->reply);
    }
}

static void dispatch(struct call *call)
{
    const char *method = call->method;
    if (strcmp(method, "alipay.trade.precreate") == 0) {
        precreate(call);
    } else if (strcmp(method, "alipay.trade.wap.pay") == 0) {
        pay_page(call, BY_WAP);
    } else if (strcmp(method, "alipay.trade.page.pay") == 0) {
        pay_page(call, BY_PAGE);
    } else if (strcmp(method, "alipay.trade.query") == 0) {
        query(call);
    } else if (strcmp(method, "alipay.trade.close") == 0) {
        close_trade(call);
    } else if (strcmp(method, "alipay.trade.refund") == 0) {
        refund(call);
    } else if (strcmp(method, "alipay.trade.fastpay.refund.query") == 0) {
        refund_query(call);
    } else if (strcmp(method, "alipay.data.dataservice.bill.downloadurl.query") == 0) {
        bill(call);
    } else {
        answer_error(call, "40002", "isv.invalid-method", "不存在的方法名");
    }
}

static void gateway(struct sandbox *sandbox, const struct web_request *request,
                    struct web_reply *reply)
{
    struct call call = {.sandbox = sandbox, .request = request, .reply = reply};
    CLEANUP(json_release) struct json_object *json = NULL;
    sandbox->requests[ALIPAY]++;
    call.method = "";
    const char *why = form_read(&call) == RC_OK ? refusal(&call) : "isv.invalid-parameter";
    if (why != NULL) {
        sandbox->refused[ALIPAY]++;
        answer_error(&call, "40002", why, "请检查请求参数与签名");
        return;
    }
    const char *content = form_text(&call.form, "biz_content");
    call.method = form_text(&call.form, "method");
    if (json_parse_unique(content, strlen(content), 8, &json) != RC_OK || !json_is_object(json)) {
        answer_error(&call, "40002", "isv.invalid-parameter", "biz_content");
        return;
    }
    call.json = json;
    dispatch(&call);
}

static void bill_file(struct sandbox *sandbox, const struct web_request *request,
                      struct web_reply *reply)
{
    char date[11];
    const char *until = request->path + 6 + 10;
    int64_t until_ms = 0;
    text_copy(date, sizeof(date), request->path + 6);
    if (strlen(request->path) < 18 || *until != '/' ||
        text_parse_int(until + 1, strlen(until + 1), 0, INT64_MAX, &until_ms) != RC_OK ||
        until_ms < clock_now_ms()) {
        reply->status = 403;
        text_add_string(&reply->body, "expired");
        return;
    }
    if (alipay_bill_zip(sandbox, date, &reply->body) == RC_OK) {
        reply->status = 200;
        reply->type = "application/zip";
    }
}

static void serve(struct sandbox *sandbox, const struct web_request *request,
                  struct web_reply *reply)
{
    if (strcmp(request->path, "/gateway.do") == 0) {
        gateway(sandbox, request, reply);
    } else if (strncmp(request->path, "/qr/", 4) == 0) { /* what a scan of the code opens */
        struct order *order = order_of_token(sandbox, request->path + 4);
        if (order != NULL && order->provider == ALIPAY) {
            order->scanned = true;
            journal_write(sandbox, order);
            cashier_redirect(sandbox, order, reply);
        }
    } else if (strncmp(request->path, "/bill/", 6) == 0) {
        bill_file(sandbox, request, reply);
    }
}

static const char *op(const struct web_request *request)
{
    static const struct {
        const char *method;
        const char *op;
    } ops[] = {{"method=alipay.trade.precreate", "create"},
               {"method=alipay.trade.query", "query"},
               {"method=alipay.trade.close", "close"},
               {"method=alipay.trade.refund", "refund"},
               {"method=alipay.trade.fastpay.refund.query", "refund_query"},
               {"method=alipay.data.", "bill"}};
    for (size_t i = 0; i < ARRAY_LEN(ops); i++) {
        if (strstr(request->query, ops[i].method) != NULL ||
            strstr(request->body, ops[i].method) != NULL) {
            return ops[i].op;
        }
    }
    return strncmp(request->path, "/bill/", 6) == 0 ? "bill" : "page";
}

static bool accepted(const struct http_answer *answer)
{
    return answer->status == 200 && answer->body_len == 7 &&
           memcmp(answer->body, "success", 7) == 0;
}

static const int64_t ladder_s[] = {240, 600, 600, 3600, 7200, 21600, 54000, 0};

const struct provider_row alipay_row = {
    .serve = serve, .op = op, .notice = alipay_notice, .accepted = accepted, .ladder_s = ladder_s};
