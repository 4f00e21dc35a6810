/*
 * Answers. A good one (2xx) is signed, also when it is empty; an error is not, so it may only say
 * what costs nobody money when it is wrong: ask again, or look.
 */
#include <assert.h>
#include <string.h>

#include "core/pay/wechat_own.h"

#define PREPAY_MS (INT64_C(2) * 3600 * 1000)
#define H5_MS (INT64_C(5) * 60 * 1000)

enum rc wechat_error_code(struct arena *arena, const struct http_answer *answer,
                          const char **ret_code)
{
    CLEANUP(json_release) struct json_object *json = NULL;
    const char *code = "";
    enum rc rc = json_parse(answer->body, answer->body_len, WECHAT_JSON_DEPTH, &json);
    if (rc == RC_OK && json_get_text(json, "code", 1, 64, &code) != RC_OK) {
        code = "";
    }
    const char *copy = arena_copy_string(arena, code);
    if (rc == RC_MEMORY || copy == NULL) {
        return RC_MEMORY;
    }
    *ret_code = copy;
    return RC_OK;
}

static bool begins(const char *code, const char *with)
{
    return strncmp(code, with, strlen(with)) == 0;
}

/* An error in the words of the provider; written with and without the underscore in its papers. */
static enum pay_outcome error_outcome(enum pay_op op, int status, const char *code)
{
    if (status == 429 || status >= 500 || begins(code, "SYSTEM_ERROR") ||
        begins(code, "SYSTEMERROR") || begins(code, "FREQUENCY_LIMIT") ||
        begins(code, "BANK_ERROR") || code[0] == '\0') {
        return PAY_UNKNOWN;
    }
    if (begins(code, "ORDERPAID") || begins(code, "ORDER_PAID") || begins(code, "ORDER_CLOSED") ||
        begins(code, "ORDERCLOSED") || begins(code, "ORDERREVERSED")) {
        return PAY_QUERY_NOW;
    }
    if (begins(code, "ORDER_NOT_EXIST") || begins(code, "ORDERNOTEXIST") ||
        begins(code, "RESOURCE_NOT_EXIST")) {
        return op == PAY_REFUND ? PAY_REFUSED : PAY_NOT_FOUND;
    }
    return op == PAY_QUERY || op == PAY_REFUND_QUERY ? PAY_UNKNOWN : PAY_REFUSED;
}

/* What JSAPI hands to the page, signed with our key: the page cannot be given another order. */
static enum rc client_fields(const struct pay_merchant *merchant, struct arena *arena,
                             const char *prepay_id, int64_t now_ms, struct form *fields)
{
    char nonce[WECHAT_NONCE_CHARACTERS + 1];
    TRY(pay_nonce(nonce, WECHAT_NONCE_CHARACTERS));
    const struct wechat *wechat = wechat_of(merchant);
    const char *timestamp = arena_printf(arena, "%lld", (long long)(now_ms / 1000));
    const char *package = arena_printf(arena, "prepay_id=%s", prepay_id);
    const char *nonce_copy = arena_copy_string(arena, nonce);
    if (timestamp == NULL || package == NULL || nonce_copy == NULL) {
        return RC_MEMORY;
    }
    const char *message =
        arena_printf(arena, "%s\n%s\n%s\n%s\n", wechat->app_id, timestamp, nonce, package);
    const char *signature = NULL;
    if (message == NULL) {
        return RC_MEMORY;
    }
    TRY(rsa_sign(merchant->private_key, message, strlen(message), arena, &signature));
    form_add(fields, "appId", wechat->app_id);
    form_add(fields, "timeStamp", timestamp);
    form_add(fields, "nonceStr", nonce_copy);
    form_add(fields, "package", package);
    form_add(fields, "signType", "RSA");
    form_add(fields, "paySign", signature);
    return RC_OK;
}

/* h5_url, and the one parameter that may be appended to it. */
static enum rc h5_address(struct arena *arena, const struct pay_ask *ask, const char *h5_url,
                          const char **ret_url)
{
    struct text url;
    text_init(&url, 4096);
    text_add_string(&url, h5_url);
    if (ask->return_url != NULL) {
        text_add_string(&url, strchr(h5_url, '?') == NULL ? "?redirect_url=" : "&redirect_url=");
        form_encode(&url, ask->return_url);
    }
    return pay_text_take(&url, arena, ret_url);
}

static enum rc create_read(const struct pay_merchant *merchant, struct arena *arena,
                           const struct pay_ask *ask, const struct json_object *json,
                           int64_t now_ms, struct pay_answer *answer)
{
    const char *text = NULL;
    struct pay_offer *offer = &answer->offer;
    enum rc rc = RC_OK;
    if (ask->scene == PAY_SCENE_IN_APP && json_get_text(json, "prepay_id", 1, 64, &text) == RC_OK) {
        offer->hand = PAY_HAND_CLIENT;
        offer->expires_at_ms = now_ms + PREPAY_MS;
        rc = client_fields(merchant, arena, text, now_ms, &offer->fields);
    } else if (ask->scene == PAY_SCENE_PHONE &&
               json_get_text(json, "h5_url", 8, 1024, &text) == RC_OK && pay_origin_len(text) > 0) {
        offer->hand = PAY_HAND_URL;
        offer->expires_at_ms = now_ms + H5_MS;
        rc = h5_address(arena, ask, text, &offer->text);
    } else if (json_get_text(json, "code_url", 1, 512, &text) == RC_OK) {
        offer->hand = PAY_HAND_QR;
        offer->expires_at_ms = now_ms + PREPAY_MS;
        offer->text = arena_copy_string(arena, text);
        rc = offer->text == NULL ? RC_MEMORY : RC_OK;
    } else {
        answer->refusal = PAY_REFUSED_MALFORMED;
    }
    answer->outcome = PAY_ACCEPTED;
    return rc;
}

/* An answer about another order is no answer. */
static void trade_compare(const struct pay_ask *ask, struct pay_answer *answer)
{
    const struct pay_fact *fact = &answer->fact;
    bool refund = fact->kind == PAY_KIND_REFUND;
    if (answer->refusal == PAY_FINE &&
        (strcmp(fact->order_number, ask->order_number) != 0 ||
         (refund && strcmp(fact->refund_number, ask->refund_number) != 0))) {
        answer->refusal = PAY_REFUSED_ORDER;
    } else if (answer->refusal == PAY_FINE && refund && fact->amount_fen != ask->refund_fen) {
        answer->refusal = PAY_REFUSED_AMOUNT;
    }
    answer->outcome = fact->outcome;
}

static enum rc good_read(const struct pay_merchant *merchant, struct arena *arena,
                         const struct pay_ask *ask, const struct json_object *json, int64_t now_ms,
                         struct pay_answer *answer)
{
    const struct wechat *wechat = wechat_of(merchant);
    if (ask->op == PAY_CREATE) {
        return create_read(merchant, arena, ask, json, now_ms, answer);
    }
    if (ask->op == PAY_QUERY) {
        TRY(wechat_trade_read(wechat, arena, json, &answer->fact, &answer->refusal));
    } else {
        TRY(wechat_refund_read(wechat, arena, json, &answer->fact, &answer->refusal));
    }
    trade_compare(ask, answer);
    return RC_OK;
}

enum rc wechat_read(const struct pay_merchant *merchant, struct arena *arena,
                    const struct pay_ask *ask, const struct http_answer *answer, int64_t now_ms,
                    struct pay_answer *ret_answer)
{
    if (answer->status < 200 || answer->status > 299) {
        TRY(wechat_error_code(arena, answer, &ret_answer->code));
        ret_answer->outcome = error_outcome(ask->op, answer->status, ret_answer->code);
        return RC_OK;
    }
    TRY(wechat_verify(wechat_of(merchant), answer->headers, answer->header_count, answer->body,
                      answer->body_len, now_ms, &ret_answer->refusal));
    if (ret_answer->refusal != PAY_FINE) {
        return RC_OK;
    }
    if (ask->op == PAY_CLOSE) {
        ret_answer->outcome = answer->status == 204 ? PAY_CLOSED : PAY_UNKNOWN;
        return RC_OK;
    }
    CLEANUP(json_release) struct json_object *json = NULL;
    enum rc rc = json_parse_unique(answer->body, answer->body_len, WECHAT_JSON_DEPTH, &json);
    if (rc == RC_MEMORY) {
        return rc;
    }
    if (rc != RC_OK || !json_is_object(json)) {
        ret_answer->refusal = rc == RC_CONFLICT ? PAY_REFUSED_TWICE : PAY_REFUSED_MALFORMED;
        return RC_OK;
    }
    return good_read(merchant, arena, ask, json, now_ms, ret_answer);
}
