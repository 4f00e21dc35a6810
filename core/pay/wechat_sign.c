/* Signing requests; checking and decrypting what the provider sends. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "core/pay/wechat_own.h"

#define SCHEMA "WECHATPAY2-SHA256-RSA2048"
#define CIPHERTEXT_BYTES_MAX 65536

enum rc wechat_authorization(const struct pay_merchant *merchant, struct arena *arena,
                             const char *method, const char *path, const char *body,
                             int64_t timestamp_s, const char *nonce, const char **ret_header)
{
    const struct wechat *wechat = wechat_of(merchant);
    const char *message = arena_printf(arena, "%s\n%s\n%lld\n%s\n%s\n", method, path,
                                       (long long)timestamp_s, nonce, body);
    if (message == NULL) {
        return RC_MEMORY;
    }
    const char *signature = NULL;
    TRY(rsa_sign(merchant->private_key, message, strlen(message), arena, &signature));
    const char *header = arena_printf(
        arena,
        SCHEMA
        " mchid=\"%s\",nonce_str=\"%s\",timestamp=\"%lld\",serial_no=\"%s\",signature=\"%s\"",
        wechat->mchid, nonce, (long long)timestamp_s, wechat->serial, signature);
    if (header == NULL) {
        return RC_MEMORY;
    }
    *ret_header = header;
    return RC_OK;
}

enum rc wechat_request(const struct pay_merchant *merchant, struct arena *arena, const char *method,
                       const char *path, const char *body, int64_t now_ms,
                       struct http_request *ret_request)
{
    const struct wechat *wechat = wechat_of(merchant);
    char nonce[WECHAT_NONCE_CHARACTERS + 1];
    TRY(pay_nonce(nonce, WECHAT_NONCE_CHARACTERS));
    size_t base_len = strlen(merchant->base_url);
    while (base_len > 0 && merchant->base_url[base_len - 1] == '/') {
        base_len--;
    }
    struct http_request request = {.method = method, .body = body};
    request.body_len = body == NULL ? 0 : strlen(body);
    request.url = arena_printf(arena, "%.*s%s", (int)base_len, merchant->base_url, path);
    if (request.url == NULL) {
        return RC_MEMORY;
    }
    const char *authorization = NULL;
    TRY(wechat_authorization(merchant, arena, method, request.url + pay_origin_len(request.url),
                             body == NULL ? "" : body, now_ms / 1000, nonce, &authorization));
    http_header_add(&request, "Accept", "application/json");
    http_header_add(&request, "User-Agent", "paywatt");
    http_header_add(&request, "Authorization", authorization);
    if (body != NULL) {
        http_header_add(&request, "Content-Type", "application/json");
    }
    if (wechat->public_key_id[0] != '\0') {
        http_header_add(&request, "Wechatpay-Serial", wechat->public_key_id);
    }
    *ret_request = request;
    return RC_OK;
}

/* True if the header's clock, in seconds, is within the window of ours on either side. */
static bool clock_fits(const char *timestamp, int64_t now_ms)
{
    int64_t said_s = 0;
    if (text_parse_int(timestamp, strlen(timestamp), 0, INT64_C(99999999999), &said_s) != RC_OK) {
        return false;
    }
    int64_t apart_ms = (now_ms / 1000 - said_s) * 1000;
    return apart_ms < WECHAT_CLOCK_WINDOW_MS && apart_ms > -WECHAT_CLOCK_WINDOW_MS;
}

static enum rc signature_check(const struct wechat_key *key, const char *timestamp,
                               const char *nonce, const char *body, size_t body_len,
                               const char *signature)
{
    struct text message;
    text_init(&message, PAY_BILL_BYTES_MAX);
    text_printf(&message, "%s\n%s\n", timestamp, nonce);
    text_add(&message, body, body_len);
    text_add_char(&message, '\n');
    enum rc rc = text_result(&message);
    rc = rc == RC_OK ? rsa_verify(key->key, message.bytes, message.len, signature) : rc;
    text_release(&message);
    return rc;
}

enum rc wechat_verify(const struct wechat *wechat, const struct http_header *headers,
                      size_t header_count, const char *body, size_t body_len, int64_t now_ms,
                      enum pay_refusal *ret_refusal)
{
    const char *serial = http_header_get(headers, header_count, "Wechatpay-Serial");
    const char *timestamp = http_header_get(headers, header_count, "Wechatpay-Timestamp");
    const char *nonce = http_header_get(headers, header_count, "Wechatpay-Nonce");
    const char *signature = http_header_get(headers, header_count, "Wechatpay-Signature");
    const char *type = http_header_get(headers, header_count, "Wechatpay-Signature-Type");
    if (serial == NULL || timestamp == NULL || nonce == NULL || signature == NULL ||
        strlen(nonce) > 128 || strlen(timestamp) > 20) {
        *ret_refusal = PAY_REFUSED_UNSIGNED;
        return RC_OK;
    }
    if (type != NULL && strcmp(type, SCHEMA) != 0) {
        *ret_refusal = PAY_REFUSED_ALGORITHM;
        return RC_OK;
    }
    const struct wechat_key *key = wechat_key_find(wechat, serial, now_ms);
    if (key == NULL) {
        *ret_refusal = PAY_REFUSED_KEY;
        return RC_OK;
    }
    if (!clock_fits(timestamp, now_ms)) {
        *ret_refusal = PAY_REFUSED_STALE;
        return RC_OK;
    }
    enum rc rc = signature_check(key, timestamp, nonce, body, body_len, signature);
    if (rc == RC_MEMORY) {
        return rc;
    }
    *ret_refusal = rc == RC_OK ? PAY_FINE : PAY_REFUSED_SIGNATURE;
    return RC_OK;
}

enum rc wechat_decrypt(const struct wechat *wechat, struct arena *arena,
                       const struct json_object *resource, const char **ret_plain, size_t *ret_len)
{
    const char *algorithm = NULL;
    const char *nonce = NULL;
    const char *associated = "";
    const char *ciphertext = NULL;
    enum rc rc = json_get_text(resource, "associated_data", 0, 64, &associated);
    if ((rc != RC_OK && rc != RC_NOT_FOUND) ||
        json_get_text(resource, "algorithm", 1, 64, &algorithm) != RC_OK ||
        strcmp(algorithm, "AEAD_AES_256_GCM") != 0 ||
        json_get_text(resource, "nonce", CRYPTO_GCM_NONCE_BYTES, CRYPTO_GCM_NONCE_BYTES, &nonce) !=
            RC_OK ||
        json_get_text(resource, "ciphertext", 1, CIPHERTEXT_BYTES_MAX, &ciphertext) != RC_OK) {
        return RC_INVALID;
    }
    size_t text_len = strlen(ciphertext);
    size_t len = 0;
    uint8_t *sealed = arena_take(arena, text_len);
    char *plain = arena_take(arena, text_len + 1);
    if (sealed == NULL || plain == NULL) {
        return RC_MEMORY;
    }
    if (crypto_unbase64(ciphertext, text_len, sealed, text_len, &len) != RC_OK ||
        len < CRYPTO_GCM_TAG_BYTES) {
        return RC_INVALID;
    }
    TRY(crypto_gcm_open(wechat->api_key, (const uint8_t *)nonce, associated, strlen(associated),
                        sealed, len, plain));
    *ret_plain = plain;
    *ret_len = len - CRYPTO_GCM_TAG_BYTES;
    return RC_OK;
}
