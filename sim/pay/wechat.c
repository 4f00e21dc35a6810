/* WeChat Pay APIv3: requests verified, orders, queries, refunds; answers signed. */
#include <stdio.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/crypto.h"
#include "core/base/json.h"
#include "sim/pay/providers.h"

#define SCHEME "WECHATPAY2-SHA256-RSA2048 "
#define CLOCK_WINDOW_S 300
#define OUT_TRADE_NO "/v3/pay/transactions/out-trade-no/"
#define REFUNDS "/v3/refund/domestic/refunds"
#define WEEK_MS (7 * 86400 * (int64_t)1000)

struct call {
    struct sandbox *sandbox;
    const struct web_request *request;
    struct web_reply *reply;
    const struct json_object *json; /* body of a POST */
};

void wechat_error(struct web_reply *reply, int status, const char *code, const char *message)
{
    reply->status = status;
    reply->type = "application/json; charset=utf-8";
    text_clear(&reply->body);
    text_printf(&reply->body, "{\"code\":\"%s\"", code);
    member_text(&reply->body, "message", message);
    text_add_char(&reply->body, '}');
}

/* The value of key="value" in an Authorization header, copied. */
static bool part(const char *header, const char *key, char *out, size_t size)
{
    char start[40];
    int len = snprintf(start, sizeof(start), "%s=\"", key);
    const char *at = header;
    while ((at = strstr(at, start)) != NULL && at != header && at[-1] != ',' && at[-1] != ' ') {
        at++;
    }
    const char *end = at == NULL ? NULL : strchr(at + len, '"');
    if (end == NULL || (size_t)(end - at - len) >= size) {
        return false;
    }
    memcpy(out, at + len, (size_t)(end - at - len));
    out[end - at - len] = '\0';
    return true;
}

/* True if the request is our merchant's; else the error is in the reply. */
static bool verify(struct call *call)
{
    const struct keyring *keys = &call->sandbox->keys;
    const char *header = web_header(call->request, "Authorization");
    char mchid[40];
    char serial[64];
    char nonce[64];
    char stamp[24];
    char signature[1400];
    int64_t at_s = 0;
    if (web_header(call->request, "Accept") == NULL ||
        web_header(call->request, "User-Agent") == NULL) {
        wechat_error(call->reply, 400, "PARAM_ERROR", "Http头缺少Accept或User-Agent");
        return false;
    }
    if (header == NULL || strncmp(header, SCHEME, strlen(SCHEME)) != 0 ||
        !part(header, "mchid", mchid, sizeof(mchid)) ||
        !part(header, "serial_no", serial, sizeof(serial)) ||
        !part(header, "nonce_str", nonce, sizeof(nonce)) ||
        !part(header, "timestamp", stamp, sizeof(stamp)) ||
        !part(header, "signature", signature, sizeof(signature)) ||
        text_parse_int(stamp, strlen(stamp), 0, INT32_MAX * (int64_t)4, &at_s) != RC_OK) {
        wechat_error(call->reply, 401, "SIGN_ERROR", "Authorization不合法");
        return false;
    }
    int64_t off_s = clock_now_ms() / 1000 - at_s;
    struct text message;
    text_init(&message, 2 * WEB_BODY_MAX);
    text_printf(&message, "%s\n%s\n%s\n%s\n", call->request->method, call->request->target, stamp,
                nonce);
    text_add(&message, call->request->body, call->request->body_len);
    text_add_char(&message, '\n');
    bool late = off_s > CLOCK_WINDOW_S || off_s < -CLOCK_WINDOW_S;
    bool known =
        strcmp(mchid, keys->wechat_mchid) == 0 && strcmp(serial, keys->wechat_merchant_serial) == 0;
    bool signed_by_it = known && rsa_verify(keys->wechat_merchant, text_string(&message),
                                            message.len, signature) == RC_OK;
    text_release(&message);
    if (late || !signed_by_it) {
        wechat_error(call->reply, 401, "SIGN_ERROR",
                     late     ? "时间戳已过期"
                     : !known ? "商户证书序列号有误"
                              : "签名错误，请检查后再试");
    }
    return !late && signed_by_it;
}

void wechat_sign_reply(struct sandbox *sandbox, const struct web_request *request,
                       struct web_reply *reply)
{
    const struct keyring *keys = &sandbox->keys;
    const char *asked = web_header(request, "Wechatpay-Serial");
    bool by_key = asked != NULL && strcmp(asked, keys->wechat_public_key_id) == 0;
    const struct rsa_key *key = fault_forged(sandbox, WECHAT) ? keys->stranger
                                : by_key                      ? keys->wechat_key
                                                              : keys->wechat_certificate_key;
    char nonce[33];
    random_name(nonce, 32);
    long long now_s = clock_now_ms() / 1000;
    const char *body = text_string(&reply->body);
    struct text message;
    const char *signature = "";
    text_init(&message, WEB_ANSWER_MAX);
    text_printf(&message, "%lld\n%s\n", now_s, nonce);
    text_add(&message, body, reply->body.len);
    text_add_char(&message, '\n');
    if (rsa_sign(key, text_string(&message), message.len, request->arena, &signature) == RC_OK) {
        text_printf(&reply->head,
                    "Wechatpay-Nonce: %s\r\nWechatpay-Signature: %s\r\n"
                    "Wechatpay-Timestamp: %lld\r\nWechatpay-Serial: %s\r\n"
                    "Wechatpay-Signature-Type: WECHATPAY2-SHA256-RSA2048\r\nRequest-ID: %s\r\n",
                    nonce, signature, now_s,
                    by_key ? keys->wechat_public_key_id : keys->wechat_certificate_serial, nonce);
    }
    text_release(&message);
}

static void answer_begin(struct call *call)
{
    call->reply->status = 200;
    call->reply->type = "application/json; charset=utf-8";
    text_clear(&call->reply->body);
}

static const char *trade_type(const struct order *order)
{
    return order->entrance == BY_H5 ? "MWEB" : order->entrance == BY_JSAPI ? "JSAPI" : "NATIVE";
}

/* What an order says of its client: QR text, address, prepay_id. */
static void answer_offer(struct call *call, const struct order *order)
{
    answer_begin(call);
    unsigned port = call->sandbox->ports[WECHAT];
    if (order->entrance == BY_NATIVE) {
        text_printf(&call->reply->body, "{\"code_url\":\"weixin://wxpay/bizpayurl?pr=%s\"}",
                    order->token);
    } else if (order->entrance == BY_H5) {
        text_printf(&call->reply->body,
                    "{\"h5_url\":\"http://127.0.0.1:%u/cgi-bin/mmpayweb-bin/checkmweb?"
                    "prepay_id=wx%s&package=%.10s\"}",
                    port, order->token, order->token);
    } else {
        text_printf(&call->reply->body, "{\"prepay_id\":\"wx%s\"}", order->token);
    }
    wechat_sign_reply(call->sandbox, call->request, call->reply);
}

static bool number_fits(const char *number)
{
    size_t len = strlen(number);
    return len >= 6 && len <= 32 &&
           strspn(number, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_-|*") ==
               len;
}

static bool notify_fits(const char *url)
{
    bool scheme = strncmp(url, "https://", 8) == 0 || strncmp(url, "http://", 7) == 0;
    return scheme && strpbrk(url, "?#") == NULL;
}

/* What is special to an entrance: the payer's address, the openid. */
static const char *entrance_why(const struct call *call, struct order *draft)
{
    const struct json_object *part_of = NULL;
    const struct json_object *h5 = NULL;
    const char *text = "";
    if (draft->entrance == BY_JSAPI) {
        if (json_get_object(call->json, "payer", &part_of) != RC_OK ||
            json_get_text(part_of, "openid", 1, 64, &text) != RC_OK) {
            return "payer.openid";
        }
        text_copy(draft->payer, sizeof(draft->payer), text);
    } else if (draft->entrance == BY_H5) {
        if (json_get_object(call->json, "scene_info", &part_of) != RC_OK ||
            json_get_text(part_of, "payer_client_ip", 1, 45, &text) != RC_OK ||
            (call->sandbox->refuse_loopback && strcmp(text, "127.0.0.1") == 0)) {
            return "scene_info.payer_client_ip";
        }
        if (json_get_object(part_of, "h5_info", &h5) != RC_OK ||
            json_get_text(h5, "type", 1, 32, &text) != RC_OK ||
            (strcmp(text, "Wap") != 0 && strcmp(text, "iOS") != 0 &&
             strcmp(text, "Android") != 0)) {
            return "scene_info.h5_info.type";
        }
    }
    return NULL;
}

/* Fills the draft from the body; NULL, or the field that is wrong. */
static const char *draft_why(const struct call *call, struct order *draft)
{
    const struct keyring *keys = &call->sandbox->keys;
    const struct json_object *amount = NULL;
    const char *text = "";
    if (json_get_text(call->json, "appid", 1, 32, &text) != RC_OK ||
        strcmp(text, keys->wechat_app_id) != 0) {
        return "appid";
    }
    text_copy(draft->app, sizeof(draft->app), text);
    if (json_get_text(call->json, "mchid", 1, 32, &text) != RC_OK ||
        strcmp(text, keys->wechat_mchid) != 0) {
        return "mchid";
    }
    if (json_get_text(call->json, "description", 1, 381, &text) != RC_OK ||
        text_characters(text, strlen(text)) > 127) {
        return "description";
    }
    text_copy(draft->subject, sizeof(draft->subject), text);
    if (json_get_text(call->json, "out_trade_no", 6, 32, &text) != RC_OK || !number_fits(text)) {
        return "out_trade_no";
    }
    text_copy(draft->number, sizeof(draft->number), text);
    if (json_get_text(call->json, "notify_url", 8, 255, &text) != RC_OK || !notify_fits(text)) {
        return "notify_url";
    }
    text_copy(draft->notify_url, sizeof(draft->notify_url), text);
    if (json_get_text(call->json, "attach", 0, 384, &text) == RC_OK) {
        text_copy(draft->attach, sizeof(draft->attach), text);
    }
    draft->expires_at_ms = draft->created_at_ms + WEEK_MS;
    if (json_has(call->json, "time_expire") &&
        (json_get_text(call->json, "time_expire", 1, 64, &text) != RC_OK ||
         clock_parse_rfc3339(text, strlen(text), &draft->expires_at_ms) != RC_OK ||
         draft->expires_at_ms <= draft->created_at_ms)) {
        return "time_expire";
    }
    if (json_get_object(call->json, "amount", &amount) != RC_OK ||
        json_get_int(amount, "total", 1, 1000000000000, &draft->amount_fen) != RC_OK) {
        return "amount.total";
    }
    if (json_has(amount, "currency") &&
        (json_get_text(amount, "currency", 3, 3, &text) != RC_OK || strcmp(text, "CNY") != 0)) {
        return "amount.currency";
    }
    return entrance_why(call, draft);
}

static void create(struct call *call, enum entrance entrance)
{
    struct order draft = {
        .provider = WECHAT, .entrance = entrance, .created_at_ms = clock_now_ms()};
    const char *why = draft_why(call, &draft);
    uint8_t sum[CRYPTO_HASH_BYTES];
    if (why != NULL) {
        char message[128];
        (void)snprintf(message, sizeof(message), "参数错误：%s", why);
        wechat_error(call->reply, 400, "PARAM_ERROR", message);
        return;
    }
    if (draft.payer[0] == '\0') {
        text_copy(draft.payer, sizeof(draft.payer), call->sandbox->openid);
    }
    crypto_sha256(call->request->body, call->request->body_len, sum);
    (void)crypto_hex(sum, sizeof(sum), draft.print);
    struct order *order = order_find(call->sandbox, WECHAT, draft.number, NULL);
    if (order == NULL) {
        if (order_add(call->sandbox, &draft, &order) != RC_OK) {
            wechat_error(call->reply, 500, "SYSTEM_ERROR", "系统异常，请用相同参数重新调用");
            return;
        }
        journal_write(call->sandbox, order);
    } else if (order_state(order) == ORDER_PAID) {
        wechat_error(call->reply, 400, "ORDERPAID", "该订单已支付");
        return;
    } else if (order_state(order) == ORDER_CLOSED) {
        wechat_error(call->reply, 400, "ORDER_CLOSED", "该订单已失效，请重新下单");
        return;
    } else if (order->entrance != entrance || strcmp(order->print, draft.print) != 0) {
        wechat_error(call->reply, 400, "INVALID_REQUEST", "请求重入时，参数与首次请求时不一致");
        return;
    }
    answer_offer(call, order);
}

void wechat_transaction_json(struct sandbox *sandbox, const struct order *order, int payment,
                             enum flavor flavor, struct text *out)
{
    enum order_state state = order_state(order);
    char at[TIME_TEXT_MAX];
    const char *word = state == ORDER_OPEN                                           ? "NOTPAY"
                       : state == ORDER_CLOSED                                       ? "CLOSED"
                       : flavor == FLAVORS && order_refunded_fen(order, payment) > 0 ? "REFUND"
                                                                                     : "SUCCESS";
    text_add_string(out, "{\"mchid\":");
    const char *mchid = flavor == FLAVOR_MERCHANT ? "1900000109" : sandbox->keys.wechat_mchid;
    text_add_json_string(out, mchid, strlen(mchid));
    member_text(out, "appid", flavor == FLAVOR_APP ? "wx0000000000000001" : order->app);
    member_text(out, "out_trade_no",
                flavor == FLAVOR_ORDER ? "SANDBOX0UNKNOWN0ORDER" : order->number);
    member_text(out, "trade_type", trade_type(order));
    member_text(out, "trade_state", word);
    member_text(out, "trade_state_desc",
                state == ORDER_OPEN     ? "订单未支付"
                : state == ORDER_CLOSED ? "订单已关闭"
                                        : "支付成功");
    member_text(out, "attach", order->attach);
    int64_t total_fen = order->amount_fen;
    if (state == ORDER_PAID) {
        const struct payment *paid = &order->payments[payment];
        total_fen = paid->amount_fen;
        member_text(out, "transaction_id", paid->transaction);
        member_text(out, "bank_type", "OTHERS");
        member_text(out, "success_time", time_rfc3339(paid->paid_at_ms, at));
        text_add_string(out, ",\"payer\":{\"openid\":");
        text_add_json_string(out, order->payer, strlen(order->payer));
        text_add_char(out, '}');
    }
    total_fen += flavor == FLAVOR_AMOUNT ? 1 : 0;
    const char *currency = flavor == FLAVOR_CURRENCY ? "USD" : "CNY";
    text_printf(out,
                ",\"amount\":{\"total\":%lld,\"payer_total\":%lld,\"currency\":\"%s\","
                "\"payer_currency\":\"%s\"}}",
                (long long)total_fen, (long long)total_fen, currency, currency);
}

static void query(struct call *call, struct order *order, int payment)
{
    char mchid[80];
    (void)snprintf(mchid, sizeof(mchid), "mchid=%s", call->sandbox->keys.wechat_mchid);
    if (strcmp(call->request->query, mchid) != 0) {
        wechat_error(call->reply, 400, "PARAM_ERROR", "参数错误：mchid");
        return;
    }
    if (order == NULL) {
        wechat_error(call->reply, 404, "ORDER_NOT_EXIST", "订单不存在");
        return;
    }
    answer_begin(call);
    wechat_transaction_json(call->sandbox, order, payment, FLAVORS, &call->reply->body);
    wechat_sign_reply(call->sandbox, call->request, call->reply);
}

static void close_order(struct call *call, struct order *order)
{
    const char *mchid = "";
    if (json_get_text(call->json, "mchid", 1, 32, &mchid) != RC_OK ||
        strcmp(mchid, call->sandbox->keys.wechat_mchid) != 0) {
        wechat_error(call->reply, 400, "PARAM_ERROR", "参数错误：mchid");
    } else if (order == NULL) {
        wechat_error(call->reply, 404, "ORDER_NOT_EXIST", "订单不存在");
    } else if (order_close(call->sandbox, order) != RC_OK) {
        wechat_error(call->reply, 400, "ORDER_PAID", "订单已支付");
    } else {
        call->reply->status = 204;
        call->reply->type = NULL;
        text_clear(&call->reply->body);
        wechat_sign_reply(call->sandbox, call->request, call->reply);
    }
}

void wechat_refund_json(const struct order *order, const struct refund *refund, bool notice,
                        enum flavor flavor, struct text *out)
{
    static const char *const words[] = {"PROCESSING", "SUCCESS", "CLOSED", "ABNORMAL"};
    const struct payment *paid = &order->payments[refund->payment];
    char at[TIME_TEXT_MAX];
    text_add_string(out, "{\"refund_id\":");
    text_add_json_string(out, refund->id, strlen(refund->id));
    member_text(out, "out_refund_no", refund->number);
    member_text(out, "transaction_id", paid->transaction);
    member_text(out, "out_trade_no",
                flavor == FLAVOR_ORDER ? "SANDBOX0UNKNOWN0ORDER" : order->number);
    member_text(out, "user_received_account", "支付用户零钱");
    member_text(out, notice ? "refund_status" : "status", words[refund->state]);
    if (!notice) {
        member_text(out, "channel", "ORIGINAL");
        member_text(out, "funds_account", "AVAILABLE");
        member_text(out, "create_time", time_rfc3339(refund->begun_at_ms, at));
    }
    if (refund->state == REFUND_SUCCESS) {
        member_text(out, "success_time", time_rfc3339(refund->ended_at_ms, at));
    }
    long long fen = refund->amount_fen + (flavor == FLAVOR_AMOUNT ? 1 : 0);
    long long total_fen = paid->amount_fen;
    text_printf(out,
                ",\"amount\":{\"total\":%lld,\"refund\":%lld,\"payer_total\":%lld,"
                "\"payer_refund\":%lld",
                total_fen, fen, total_fen, fen);
    if (!notice) {
        text_printf(out,
                    ",\"settlement_refund\":%lld,\"settlement_total\":%lld,\"discount_refund\":0,"
                    "\"currency\":\"CNY\"",
                    fen, total_fen);
    }
    text_add_string(out, "}}");
}

static void answer_refund(struct call *call, const struct order *order, const struct refund *refund)
{
    answer_begin(call);
    wechat_refund_json(order, refund, false, FLAVOR_FINE, &call->reply->body);
    wechat_sign_reply(call->sandbox, call->request, call->reply);
}

/* The payment that a refund names; NULL with the error in the reply. */
static struct order *refund_order(struct call *call, struct refund *draft, int64_t *total_fen)
{
    const struct json_object *amount = NULL;
    struct order *order = NULL;
    const char *text = "";
    if (json_get_text(call->json, "out_refund_no", 1, 64, &text) != RC_OK ||
        json_get_object(call->json, "amount", &amount) != RC_OK ||
        json_get_int(amount, "refund", 1, 1000000000000, &draft->amount_fen) != RC_OK ||
        json_get_int(amount, "total", 1, 1000000000000, total_fen) != RC_OK) {
        wechat_error(call->reply, 400, "PARAM_ERROR", "参数错误");
        return NULL;
    }
    text_copy(draft->number, sizeof(draft->number), text);
    if (json_get_text(call->json, "notify_url", 8, 255, &text) == RC_OK && notify_fits(text)) {
        text_copy(draft->notify_url, sizeof(draft->notify_url), text);
    }
    if (json_get_text(call->json, "transaction_id", 1, 32, &text) == RC_OK) {
        order = order_of_transaction(call->sandbox, WECHAT, text, &draft->payment);
    } else if (json_get_text(call->json, "out_trade_no", 6, 32, &text) == RC_OK) {
        order = order_find(call->sandbox, WECHAT, text, NULL);
    }
    if (order == NULL) {
        wechat_error(call->reply, 404, "RESOURCE_NOT_EXISTS", "订单不存在");
    } else if (order->payment_count == 0) {
        wechat_error(call->reply, 400, "INVALID_REQUEST", "订单未支付");
        order = NULL;
    }
    return order;
}

static void refund(struct call *call)
{
    struct refund draft = {.payment = 0};
    int64_t total_fen = 0;
    struct order *order = refund_order(call, &draft, &total_fen);
    struct order *other = NULL;
    if (order == NULL) {
        return;
    }
    struct refund *made = refund_find(call->sandbox, WECHAT, draft.number, &other);
    if (made != NULL) {
        if (other != order || made->amount_fen != draft.amount_fen) {
            wechat_error(call->reply, 400, "INVALID_REQUEST", "退款单号已被使用");
            return;
        }
        answer_refund(call, order, made);
        return;
    }
    if (total_fen != order->payments[draft.payment].amount_fen) {
        wechat_error(call->reply, 400, "INVALID_REQUEST", "订单金额或退款金额与之前请求不一致");
        return;
    }
    enum rc rc = refund_begin(call->sandbox, order, &draft, call->sandbox->refund_ms, &made);
    if (rc == RC_REFUSED) {
        wechat_error(call->reply, 403, "NOT_ENOUGH", "退款金额大于可退金额");
    } else if (rc != RC_OK) {
        wechat_error(call->reply, 500, "SYSTEM_ERROR", "接口返回错误");
    } else {
        answer_refund(call, order, made);
    }
}

/* GET /v3/certificates: the one platform certificate, sealed with the APIv3 key. */
static void certificates(struct call *call)
{
    const struct keyring *keys = &call->sandbox->keys;
    char nonce[13];
    char from[TIME_TEXT_MAX];
    char to[TIME_TEXT_MAX];
    random_name(nonce, 12);
    answer_begin(call);
    struct text *out = &call->reply->body;
    int64_t now_ms = clock_now_ms();
    text_printf(out,
                "{\"data\":[{\"serial_no\":\"%s\",\"effective_time\":\"%s\",\"expire_time\":\"%s\","
                "\"encrypt_certificate\":{\"algorithm\":\"AEAD_AES_256_GCM\",\"nonce\":\"%s\","
                "\"associated_data\":\"certificate\",\"ciphertext\":\"",
                keys->wechat_certificate_serial, time_rfc3339(now_ms - WEEK_MS, from),
                time_rfc3339(now_ms + 52 * WEEK_MS, to), nonce);
    if (seal_gcm(keys->wechat_api_key, nonce, "certificate", keys->wechat_certificate_pem,
                 strlen(keys->wechat_certificate_pem), out) != RC_OK) {
        wechat_error(call->reply, 500, "SYSTEM_ERROR", "系统错误");
        return;
    }
    text_add_string(out, "\"}}]}");
    wechat_sign_reply(call->sandbox, call->request, call->reply);
}

static void get(struct call *call)
{
    const char *path = call->request->path;
    struct order *order = NULL;
    int payment = 0;
    if (strncmp(path, OUT_TRADE_NO, strlen(OUT_TRADE_NO)) == 0) {
        query(call, order_find(call->sandbox, WECHAT, path + strlen(OUT_TRADE_NO), NULL), 0);
    } else if (strncmp(path, "/v3/pay/transactions/id/", 24) == 0) {
        order = order_of_transaction(call->sandbox, WECHAT, path + 24, &payment);
        query(call, order, payment);
    } else if (strncmp(path, REFUNDS "/", strlen(REFUNDS) + 1) == 0) {
        const struct refund *made =
            refund_find(call->sandbox, WECHAT, path + strlen(REFUNDS) + 1, &order);
        if (made == NULL) {
            wechat_error(call->reply, 404, "RESOURCE_NOT_EXISTS", "退款单不存在");
        } else {
            answer_refund(call, order, made);
        }
    } else if (strcmp(path, "/v3/certificates") == 0) {
        certificates(call);
    } else if (strcmp(path, "/v3/bill/tradebill") == 0) {
        wechat_bill(call->sandbox, call->request, call->reply);
    } else if (strcmp(path, "/v3/billdownload/file") == 0) {
        wechat_bill_file(call->sandbox, call->request, call->reply);
    } else {
        wechat_error(call->reply, 404, "NOT_FOUND", "找不到资源");
    }
}

static void post(struct call *call)
{
    const char *path = call->request->path;
    char number[NUMBER_MAX];
    size_t len = strlen(path);
    if (strcmp(path, "/v3/pay/transactions/native") == 0) {
        create(call, BY_NATIVE);
    } else if (strcmp(path, "/v3/pay/transactions/h5") == 0) {
        create(call, BY_H5);
    } else if (strcmp(path, "/v3/pay/transactions/jsapi") == 0) {
        create(call, BY_JSAPI);
    } else if (strcmp(path, REFUNDS) == 0) {
        refund(call);
    } else if (strncmp(path, OUT_TRADE_NO, strlen(OUT_TRADE_NO)) == 0 &&
               len > strlen(OUT_TRADE_NO) + 6 && strcmp(path + len - 6, "/close") == 0) {
        text_copy(number, sizeof(number), path + strlen(OUT_TRADE_NO));
        number[strcspn(number, "/")] = '\0';
        close_order(call, order_find(call->sandbox, WECHAT, number, NULL));
    } else {
        wechat_error(call->reply, 404, "NOT_FOUND", "找不到资源");
    }
}

static void serve(struct sandbox *sandbox, const struct web_request *request,
                  struct web_reply *reply)
{
    struct call call = {.sandbox = sandbox, .request = request, .reply = reply};
    CLEANUP(json_release) struct json_object *json = NULL;
    if (strncmp(request->path, "/v3/", 4) != 0) {
        wechat_pages(sandbox, request, reply);
        return;
    }
    sandbox->requests[WECHAT]++;
    if (!verify(&call)) {
        sandbox->refused[WECHAT]++;
        return;
    }
    if (strcmp(request->method, "GET") == 0) {
        get(&call);
    } else if (strcmp(request->method, "POST") != 0 ||
               json_parse_unique(request->body, request->body_len, 8, &json) != RC_OK) {
        wechat_error(reply, 400, "PARAM_ERROR", "请求体不是合法的JSON");
    } else {
        call.json = json;
        post(&call);
    }
}

static const char *op(const struct web_request *request)
{
    const char *path = request->path;
    bool posted = strcmp(request->method, "POST") == 0;
    if (strncmp(path, REFUNDS, strlen(REFUNDS)) == 0) {
        return posted ? "refund" : "refund_query";
    }
    if (strncmp(path, "/v3/pay/", 8) == 0) {
        return !posted ? "query" : strstr(path, "/close") != NULL ? "close" : "create";
    }
    return strncmp(path, "/v3/bill", 8) == 0 ? "bill"
           : strncmp(path, "/v3/", 4) == 0   ? "certificates"
           : strncmp(path, "/sns/", 5) == 0  ? "openid"
                                             : "page";
}

static bool accepted(const struct http_answer *answer)
{
    return answer->status == 200 || answer->status == 204;
}

static const int64_t ladder_s[] = {15,   15,   30,    180,   600,   1200,  1800,  1800,
                                   1800, 3600, 10800, 10800, 10800, 21600, 21600, 0};

const struct provider_row wechat_row = {
    .serve = serve, .op = op, .notice = wechat_notice, .accepted = accepted, .ladder_s = ladder_s};
