/* WeChat: notices, and what a browser meets: H5 page, web authorisation. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/clock.h"
#include "sim/pay/providers.h"

#define PLAIN_MAX 16384
#define BODY_MAX (256 * 1024)
#define OVERSIZED_BYTES 100000
#define CODE_MS (5 * 60 * (int64_t)1000)

static void body_write(struct sandbox *sandbox, const struct notice *notice, struct text *body)
{
    const struct order *order = notice->order;
    const struct refund *refund =
        notice->subject == ABOUT_REFUND ? &order->refunds[notice->index] : NULL;
    const char *event = refund == NULL                    ? "TRANSACTION.SUCCESS"
                        : refund->state == REFUND_SUCCESS ? "REFUND.SUCCESS"
                        : refund->state == REFUND_CLOSED  ? "REFUND.CLOSED"
                                                          : "REFUND.ABNORMAL";
    const char *type = refund == NULL ? "transaction" : "refund";
    struct text plain;
    char at[TIME_TEXT_MAX];
    char nonce[13];
    random_name(nonce, 12);
    text_init(&plain, PLAIN_MAX);
    if (refund == NULL) {
        wechat_transaction_json(sandbox, order, notice->index, notice->flavor, &plain);
    } else {
        text_printf(&plain, "{\"mchid\":\"%s\",",
                    notice->flavor == FLAVOR_MERCHANT ? "1900000109" : sandbox->keys.wechat_mchid);
        struct text rest;
        text_init(&rest, PLAIN_MAX);
        wechat_refund_json(order, refund, true, notice->flavor, &rest);
        text_add_string(&plain, text_string(&rest) + 1); /* without its brace */
        text_release(&rest);
    }
    text_printf(body,
                "{\"id\":\"%.8s-%.4s-%.4s-%.4s-%.12s\",\"create_time\":\"%s\","
                "\"resource_type\":\"encrypt-resource\",\"event_type\":\"%s\","
                "\"summary\":\"%s\",\"resource\":{\"original_type\":\"%s\","
                "\"algorithm\":\"AEAD_AES_256_GCM\",\"ciphertext\":\"",
                notice->id, notice->id + 8, notice->id + 12, notice->id + 16, notice->id + 20,
                time_rfc3339(clock_now_ms(), at), event, refund == NULL ? "支付成功" : "退款结果",
                type);
    if (seal_gcm(sandbox->keys.wechat_api_key, nonce, type, text_string(&plain), plain.len, body) !=
        RC_OK) {
        text_clear(body);
    }
    text_printf(body, "\",\"associated_data\":\"%s\",\"nonce\":\"%s\"}}", type, nonce);
    for (int i = 0; notice->flavor == FLAVOR_OVERSIZED && i < OVERSIZED_BYTES; i++) {
        text_add_char(body, ' ');
    }
    text_release(&plain);
}

/* The signature of a notice over its body, by the flavor. */
static enum rc sign(struct sandbox *sandbox, const struct notice *notice, struct arena *arena,
                    const char *stamp, const char *nonce, const struct text *body,
                    const char **ret_signature)
{
    const struct keyring *keys = &sandbox->keys;
    const struct rsa_key *key = notice->flavor == FLAVOR_SIGNATURE ? keys->stranger
                                : sandbox->sign_by_certificate     ? keys->wechat_certificate_key
                                                                   : keys->wechat_key;
    struct text message;
    text_init(&message, 2 * BODY_MAX);
    text_printf(&message, "%s\n%s\n", stamp, nonce);
    text_add(&message, text_string(body), body->len);
    text_add_char(&message, '\n');
    enum rc rc = text_result(&message);
    rc = rc == RC_OK ? rsa_sign(key, text_string(&message), message.len, arena, ret_signature) : rc;
    text_release(&message);
    if (rc == RC_OK && notice->flavor == FLAVOR_PROBE) {
        *ret_signature = arena_printf(arena, "WECHATPAY/SIGNTEST/%s", *ret_signature);
        rc = *ret_signature == NULL ? RC_MEMORY : RC_OK;
    }
    return rc;
}

enum rc wechat_notice(struct sandbox *sandbox, const struct notice *notice, struct arena *arena,
                      struct http_request *ret_request)
{
    const struct keyring *keys = &sandbox->keys;
    struct text body;
    char *nonce = arena_take(arena, 33);
    int64_t now_s = clock_now_ms() / 1000 - (notice->flavor == FLAVOR_STALE ? 3600 : 0);
    const char *stamp = arena_printf(arena, "%lld", (long long)now_s);
    const char *signature = NULL;
    const char *url = notice->subject == ABOUT_REFUND
                          ? notice->order->refunds[notice->index].notify_url
                          : notice->order->notify_url;
    if (nonce == NULL || stamp == NULL) {
        return RC_MEMORY;
    }
    random_name(nonce, 32);
    text_init(&body, BODY_MAX);
    body_write(sandbox, notice, &body);
    enum rc rc = text_result(&body);
    rc = rc == RC_OK ? sign(sandbox, notice, arena, stamp, nonce, &body, &signature) : rc;
    size_t len = notice->flavor == FLAVOR_TRUNCATED ? body.len / 2 : body.len;
    const char *copy = arena_copy(arena, text_string(&body), len);
    text_release(&body);
    rc = rc == RC_OK && copy == NULL ? RC_MEMORY : rc;
    TRY(rc);
    *ret_request =
        (struct http_request){.method = "POST", .url = url, .body = copy, .body_len = len};
    http_header_add(ret_request, "Content-Type", "application/json");
    http_header_add(ret_request, "User-Agent", "Mozilla/4.0");
    http_header_add(ret_request, "Request-ID", notice->id);
    http_header_add(ret_request, "Wechatpay-Nonce", nonce);
    http_header_add(ret_request, "Wechatpay-Timestamp", stamp);
    http_header_add(ret_request, "Wechatpay-Serial",
                    notice->flavor == FLAVOR_KEY   ? "PUB_KEY_ID_0000000000000000000000000000"
                    : sandbox->sign_by_certificate ? keys->wechat_certificate_serial
                                                   : keys->wechat_public_key_id);
    http_header_add(ret_request, "Wechatpay-Signature-Type",
                    notice->flavor == FLAVOR_ALGORITHM ? "WECHATPAY2-SM2-WITH-SM3"
                                                       : "WECHATPAY2-SHA256-RSA2048");
    if (notice->flavor != FLAVOR_UNSIGNED) {
        http_header_add(ret_request, "Wechatpay-Signature", signature);
    }
    return RC_OK;
}

static void redirect(struct web_reply *reply, const char *url)
{
    reply->status = 302;
    reply->type = NULL;
    text_printf(&reply->head, "Location: %s\r\n", url);
}

/* h5_url: in a real phone the WeChat app opens here; redirect_url is the way back. */
static void h5(struct sandbox *sandbox, const struct form *query, struct web_reply *reply)
{
    const char *id = form_text(query, "prepay_id");
    struct order *order = strlen(id) == 34 ? order_of_token(sandbox, id + 2) : NULL;
    if (order == NULL || order->entrance != BY_H5) {
        reply->status = 404;
        return;
    }
    const char *back = form_text(query, "redirect_url");
    if (back[0] != '\0' && strpbrk(back, "\r\n") == NULL) {
        text_copy(order->return_url, sizeof(order->return_url), back);
        journal_write(sandbox, order);
    }
    cashier_redirect(sandbox, order, reply);
}

/* snsapi_base: nobody is asked, the browser goes back at once. */
static void authorize(struct sandbox *sandbox, const struct form *query, struct web_reply *reply)
{
    const char *back = form_text(query, "redirect_uri");
    if (strcmp(form_text(query, "appid"), sandbox->keys.wechat_app_id) != 0 ||
        strcmp(form_text(query, "response_type"), "code") != 0 ||
        strcmp(form_text(query, "scope"), "snsapi_base") != 0 || strncmp(back, "http", 4) != 0 ||
        strpbrk(back, "\r\n#") != NULL) {
        reply->status = 400;
        text_add_string(&reply->body, "redirect_uri参数错误");
        return;
    }
    struct openid_code *code = &sandbox->codes[sandbox->code_count++ % CODES_MAX];
    *code = (struct openid_code){.made_at_ms = clock_now_ms()};
    random_name(code->code, 32);
    struct text url;
    text_init(&url, WEB_HEAD_MAX);
    text_printf(&url, "%s%scode=%s&state=", back, strchr(back, '?') == NULL ? "?" : "&",
                code->code);
    form_encode(&url, form_text(query, "state"));
    redirect(reply, text_string(&url));
    text_release(&url);
}

static void access_token(struct sandbox *sandbox, const struct form *query, struct web_reply *reply)
{
    const char *text = form_text(query, "code");
    struct openid_code *found = NULL;
    for (size_t i = 0; i < CODES_MAX; i++) {
        if (text[0] != '\0' && strcmp(sandbox->codes[i].code, text) == 0) {
            found = &sandbox->codes[i];
        }
    }
    reply->status = 200;
    reply->type = "text/plain"; /* as the real one says */
    const char *why = NULL;
    int error = 0;
    if (strcmp(form_text(query, "appid"), sandbox->keys.wechat_app_id) != 0) {
        error = 40013, why = "invalid appid";
    } else if (strcmp(form_text(query, "secret"), sandbox->keys.wechat_app_secret) != 0) {
        error = 40125, why = "invalid appsecret";
    } else if (found == NULL || found->made_at_ms + CODE_MS < clock_now_ms()) {
        error = 40029, why = "invalid code";
    } else if (found->used) {
        error = 40163, why = "code been used";
    }
    if (why != NULL) {
        text_printf(&reply->body, "{\"errcode\":%d,\"errmsg\":\"%s\"}", error, why);
        return;
    }
    found->used = true;
    text_add_string(&reply->body, "{\"access_token\":\"SANDBOX\",\"expires_in\":7200,"
                                  "\"refresh_token\":\"SANDBOX\",\"openid\":");
    text_add_json_string(&reply->body, sandbox->openid, strlen(sandbox->openid));
    text_add_string(&reply->body, ",\"scope\":\"snsapi_base\"}");
}

void wechat_pages(struct sandbox *sandbox, const struct web_request *request,
                  struct web_reply *reply)
{
    struct form query;
    if (form_parse(request->arena, request->query, strlen(request->query), &query) != RC_OK) {
        reply->status = 400;
    } else if (strcmp(request->path, "/cgi-bin/mmpayweb-bin/checkmweb") == 0) {
        h5(sandbox, &query, reply);
    } else if (strcmp(request->path, "/connect/oauth2/authorize") == 0) {
        authorize(sandbox, &query, reply);
    } else if (strcmp(request->path, "/sns/oauth2/access_token") == 0) {
        access_token(sandbox, &query, reply);
    }
}
