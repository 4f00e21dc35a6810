/* Openid of a payer inside WeChat, and the platform certificates. */
#include <assert.h>
#include <string.h>

#include "core/pay/wechat_own.h"

#define ADDRESS_BYTES_MAX 2048

static bool is_plain(const char *s, size_t max)
{
    size_t len = s == NULL ? 0 : strlen(s);
    return len > 0 && len <= max &&
           strspn(s, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_") == len;
}

enum rc wechat_authorize_url(const struct pay_merchant *merchant, struct arena *arena,
                             const char *return_url, const char *state, const char **ret_url)
{
    assert(merchant != NULL && merchant->driver == &pay_driver_wechat);
    const struct wechat *wechat = wechat_of(merchant);
    if (wechat->app_secret[0] == '\0') {
        return RC_REFUSED;
    }
    if (!is_plain(state, WECHAT_STATE_MAX) || pay_origin_len(return_url) == 0) {
        return RC_INVALID;
    }
    struct text url;
    text_init(&url, ADDRESS_BYTES_MAX);
    text_printf(&url, "%s/connect/oauth2/authorize?appid=", wechat->authorize_url);
    form_encode(&url, wechat->app_id);
    text_add_string(&url, "&redirect_uri=");
    form_encode(&url, return_url);
    /* The order of these parameters is fixed by the provider. */
    text_printf(&url, "&response_type=code&scope=snsapi_base&state=%s#wechat_redirect", state);
    return pay_text_take(&url, arena, ret_url);
}

enum rc wechat_openid_ask(const struct pay_merchant *merchant, struct arena *arena,
                          const char *code, struct http_request *ret_request)
{
    assert(merchant != NULL && merchant->driver == &pay_driver_wechat);
    const struct wechat *wechat = wechat_of(merchant);
    if (wechat->app_secret[0] == '\0') {
        return RC_REFUSED;
    }
    if (!is_plain(code, WECHAT_CODE_MAX)) {
        return RC_INVALID;
    }
    struct http_request request = {.method = "GET", .secret_url = true};
    struct text url;
    text_init(&url, ADDRESS_BYTES_MAX);
    text_printf(&url, "%s/sns/oauth2/access_token?appid=", wechat->openid_url);
    form_encode(&url, wechat->app_id);
    text_add_string(&url, "&secret=");
    form_encode(&url, wechat->app_secret);
    text_printf(&url, "&code=%s&grant_type=authorization_code", code);
    TRY(pay_text_take(&url, arena, &request.url));
    http_header_add(&request, "Accept", "application/json");
    http_header_add(&request, "User-Agent", "paywatt");
    *ret_request = request;
    return RC_OK;
}

enum rc wechat_openid_read(struct arena *arena, const struct http_answer *answer,
                           struct wechat_openid *ret_openid)
{
    CLEANUP(json_release) struct json_object *json = NULL;
    struct wechat_openid read = {.openid = ""};
    const char *openid = NULL;
    if (answer->status != 200 ||
        json_parse_unique(answer->body, answer->body_len, WECHAT_JSON_DEPTH, &json) != RC_OK) {
        return RC_PROTOCOL;
    }
    bool failed = json_get_int(json, "errcode", 1, INT32_MAX, &read.error_code) == RC_OK;
    if (!failed && (json_get_text(json, "openid", 1, WECHAT_OPENID_MAX, &openid) != RC_OK ||
                    !is_plain(openid, WECHAT_OPENID_MAX))) {
        return RC_PROTOCOL;
    }
    if (!failed) {
        read.found = true;
        read.openid = arena_copy_string(arena, openid);
        if (read.openid == NULL) {
            return RC_MEMORY;
        }
    }
    *ret_openid = read;
    return RC_OK;
}

enum rc wechat_certificates_ask(const struct pay_merchant *merchant, struct arena *arena,
                                int64_t now_ms, struct http_request *ret_request)
{
    assert(merchant != NULL && merchant->driver == &pay_driver_wechat);
    return wechat_request(merchant, arena, "GET", "/v3/certificates", NULL, now_ms, ret_request);
}

/* One of data[]: decrypts, and holds it against the serial it claims. RC_INVALID. */
static enum rc certificate_read(const struct wechat *wechat, struct arena *arena,
                                const struct json_object *item, struct wechat_certificate *out)
{
    const struct json_object *sealed = NULL;
    const char *serial = NULL;
    const char *pem = NULL;
    size_t len = 0;
    char hex[RSA_SERIAL_MAX];
    char decimal[RSA_SERIAL_MAX];
    CLEANUP(certificate_free) struct certificate *certificate = NULL;
    if (json_get_text(item, "serial_no", 1, RSA_SERIAL_MAX - 1, &serial) != RC_OK ||
        json_get_object(item, "encrypt_certificate", &sealed) != RC_OK) {
        return RC_INVALID;
    }
    TRY(wechat_decrypt(wechat, arena, sealed, &pem, &len));
    TRY(certificate_load(pem, len, &certificate));
    TRY(certificate_serial(certificate, hex, decimal));
    if (strcmp(hex, serial) != 0 || strlen(pem) != len) {
        return RC_INVALID;
    }
    *out = (struct wechat_certificate){arena_copy_string(arena, hex), pem};
    return out->serial == NULL ? RC_MEMORY : RC_OK;
}

static enum rc list_read(const struct wechat *wechat, struct arena *arena,
                         const struct http_answer *answer, struct wechat_certificates *read)
{
    CLEANUP(json_release) struct json_object *json = NULL;
    const struct json_object *data = NULL;
    enum rc rc = json_parse_unique(answer->body, answer->body_len, WECHAT_JSON_DEPTH, &json);
    if (rc == RC_OK) {
        rc = json_get_array(json, "data", WECHAT_CERTIFICATES_MAX, &data);
    }
    for (size_t i = 0; rc == RC_OK && i < json_count(data); i++) {
        rc = certificate_read(wechat, arena, json_at(data, i), &read->list[i]);
        read->count = i + 1;
    }
    if (rc == RC_MEMORY) {
        return rc;
    }
    if (rc != RC_OK) {
        read->refusal = rc == RC_CONFLICT ? PAY_REFUSED_TWICE : PAY_REFUSED_DECRYPT;
        read->count = 0;
    }
    return RC_OK;
}

enum rc wechat_certificates_read(const struct pay_merchant *merchant, struct arena *arena,
                                 const struct http_answer *answer, int64_t now_ms,
                                 struct wechat_certificates *ret_certificates)
{
    const struct wechat *wechat = wechat_of(merchant);
    struct wechat_certificates read = {.code = ""};
    if (answer->status != 200) {
        TRY(wechat_error_code(arena, answer, &read.code));
        read.refusal = PAY_REFUSED_UNSIGNED;
        *ret_certificates = read;
        return RC_OK;
    }
    bool first = true; /* no platform certificate is held that could check the answer */
    for (size_t i = 0; i < wechat->key_count; i++) {
        const struct wechat_key *key = &wechat->keys[i];
        first =
            first && (key->certificate != NULL && !certificate_valid_at(key->certificate, now_ms));
    }
    if (!first) {
        TRY(wechat_verify(wechat, answer->headers, answer->header_count, answer->body,
                          answer->body_len, now_ms, &read.refusal));
    }
    if (read.refusal == PAY_FINE) {
        TRY(list_read(wechat, arena, answer, &read));
    }
    *ret_certificates = read;
    return RC_OK;
}
