/* Requests: orders, query, close, refund, refund query. */
#include <assert.h>
#include <string.h>

#include "core/pay/wechat_own.h"

#define BODY_BYTES_MAX 4096
#define TIME_PATTERN "YYYY-MM-DDThh:mm:ss+08:00"

static void member_text(struct text *body, const char *name, const char *value)
{
    bool first = body->len > 0 && body->bytes[body->len - 1] == '{';
    text_printf(body, "%s\"%s\":", first ? "" : ",", name);
    text_add_json_string(body, value, strlen(value));
}

/* The order's own part: what the payer sees and where he stands. */
static enum rc create_body(const struct pay_merchant *merchant, const struct pay_ask *ask,
                           struct text *body)
{
    const struct wechat *wechat = wechat_of(merchant);
    char expires[PAY_TIME_MAX];
    text_add_char(body, '{');
    member_text(body, "appid", wechat->app_id);
    member_text(body, "mchid", wechat->mchid);
    member_text(body, "description", ask->subject);
    member_text(body, "out_trade_no", ask->order_number);
    /* From the stored order: a repeated request must be the same to the letter. */
    member_text(body, "time_expire", pay_time_write(TIME_PATTERN, ask->expires_at_ms, expires));
    member_text(body, "notify_url", merchant->notice_url);
    text_printf(body, ",\"amount\":{\"total\":%lld,\"currency\":\"CNY\"}",
                (long long)ask->amount_fen);
    if (ask->scene == PAY_SCENE_IN_APP) {
        if (ask->openid == NULL || ask->openid[0] == '\0' ||
            strlen(ask->openid) > WECHAT_OPENID_MAX) {
            return RC_INVALID;
        }
        text_add_string(body, ",\"payer\":{");
        member_text(body, "openid", ask->openid);
        text_add_char(body, '}');
    } else if (ask->scene == PAY_SCENE_PHONE) {
        if (ask->client_ip == NULL || ask->client_ip[0] == '\0' || strlen(ask->client_ip) > 45) {
            return RC_INVALID;
        }
        text_add_string(body, ",\"scene_info\":{");
        member_text(body, "payer_client_ip", ask->client_ip);
        text_add_string(body, ",\"h5_info\":{\"type\":\"Wap\"}}");
    }
    text_add_char(body, '}');
    return text_result(body);
}

static enum rc refund_body(const struct pay_merchant *merchant, const struct pay_ask *ask,
                           struct text *body)
{
    text_add_char(body, '{');
    if (ask->provider_transaction != NULL && ask->provider_transaction[0] != '\0') {
        member_text(body, "transaction_id", ask->provider_transaction);
    } else {
        member_text(body, "out_trade_no", ask->order_number);
    }
    member_text(body, "out_refund_no", ask->refund_number);
    if (ask->reason != NULL && ask->reason[0] != '\0') {
        member_text(body, "reason", ask->reason);
    }
    member_text(body, "notify_url", merchant->refund_notice_url);
    text_printf(body, ",\"amount\":{\"refund\":%lld,\"total\":%lld,\"currency\":\"CNY\"}}",
                (long long)ask->refund_fen, (long long)ask->amount_fen);
    return text_result(body);
}

static const char *create_path(enum pay_scene scene)
{
    return scene == PAY_SCENE_IN_APP  ? "/v3/pay/transactions/jsapi"
           : scene == PAY_SCENE_PHONE ? "/v3/pay/transactions/h5"
                                      : "/v3/pay/transactions/native";
}

/* Order and refund numbers are alphanumeric, so paths need no encoding. */
static enum rc parts(const struct pay_merchant *merchant, struct arena *arena,
                     const struct pay_ask *ask, const char **ret_path, struct text *body)
{
    const struct wechat *wechat = wechat_of(merchant);
    enum rc rc = RC_OK;
    switch (ask->op) {
    case PAY_CREATE:
        *ret_path = create_path(ask->scene);
        rc = create_body(merchant, ask, body);
        break;
    case PAY_QUERY:
        *ret_path = arena_printf(arena, "/v3/pay/transactions/out-trade-no/%s?mchid=%s",
                                 ask->order_number, wechat->mchid);
        break;
    case PAY_CLOSE:
        *ret_path =
            arena_printf(arena, "/v3/pay/transactions/out-trade-no/%s/close", ask->order_number);
        text_add_char(body, '{');
        member_text(body, "mchid", wechat->mchid);
        text_add_char(body, '}');
        rc = text_result(body);
        break;
    case PAY_REFUND:
        *ret_path = "/v3/refund/domestic/refunds";
        rc = refund_body(merchant, ask, body);
        break;
    case PAY_REFUND_QUERY:
        *ret_path = arena_printf(arena, "/v3/refund/domestic/refunds/%s", ask->refund_number);
        break;
    case PAY_OP__MAX:
        assert(!"an operation");
        break;
    }
    return rc == RC_OK && *ret_path == NULL ? RC_MEMORY : rc;
}

enum rc wechat_ask(const struct pay_merchant *merchant, struct arena *arena,
                   const struct pay_ask *ask, int64_t now_ms, struct pay_call *ret_call)
{
    CLEANUP(text_release) struct text body;
    const char *path = NULL;
    const char *sent = NULL;
    text_init(&body, BODY_BYTES_MAX);
    TRY(parts(merchant, arena, ask, &path, &body));
    if (body.len > 0) {
        sent = arena_copy(arena, text_string(&body), body.len);
        if (sent == NULL) {
            return RC_MEMORY;
        }
    }
    ret_call->needed = true;
    return wechat_request(merchant, arena, sent == NULL ? "GET" : "POST", path, sent, now_ms,
                          &ret_call->request);
}
