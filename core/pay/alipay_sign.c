/* Signing requests, and opening answers on the exact text that was received. */
#include <assert.h>
#include <string.h>

#include "core/pay/alipay_own.h"

enum rc alipay_sign(const struct pay_merchant *merchant, struct arena *arena, struct form *form)
{
    CLEANUP(text_release) struct text message;
    text_init(&message, ALIPAY_MESSAGE_MAX);
    form_sort(form);
    form_add_raw(form, false, &message);
    TRY(text_result(&message));
    const char *sign = NULL;
    TRY(rsa_sign(merchant->private_key, message.bytes, message.len, arena, &sign));
    form_add(form, "sign", sign);
    return RC_OK;
}

enum rc alipay_form(const struct pay_merchant *merchant, struct arena *arena, const char *method,
                    const char *biz_content, const char *notify_url, const char *return_url,
                    int64_t now_ms, struct form *ret_form)
{
    const struct alipay *alipay = alipay_of(merchant);
    char now[PAY_TIME_MAX];
    struct form form = {.count = 0};
    const char *timestamp =
        arena_copy_string(arena, pay_time_write(ALIPAY_TIME_PATTERN, now_ms, now));
    if (timestamp == NULL) {
        return RC_MEMORY;
    }
    form_add(&form, "app_id", alipay->app_id);
    form_add(&form, "method", method);
    form_add(&form, "format", "JSON");
    form_add(&form, "charset", "utf-8");
    form_add(&form, "sign_type", "RSA2");
    form_add(&form, "timestamp", timestamp);
    form_add(&form, "version", "1.0");
    form_add(&form, "notify_url", notify_url);
    form_add(&form, "return_url", return_url);
    form_add(&form, "app_cert_sn", alipay->app_sn);
    form_add(&form, "alipay_root_cert_sn", alipay->root_sn);
    form_add(&form, "biz_content", biz_content);
    TRY(alipay_sign(merchant, arena, &form));
    *ret_form = form;
    return RC_OK;
}

enum rc alipay_request(const struct pay_merchant *merchant, struct arena *arena,
                       const struct form *form, struct http_request *ret_request)
{
    struct http_request request = {.method = "POST"};
    struct form address = {.count = 0};
    struct form content = {.count = 0};
    struct text url;
    struct text body;
    for (size_t i = 0; i < form->count; i++) {
        bool inner = strcmp(form->fields[i].name, "biz_content") == 0;
        form_add(inner ? &content : &address, form->fields[i].name, form->fields[i].value);
    }
    text_init(&url, ALIPAY_MESSAGE_MAX);
    text_printf(&url, "%s?", merchant->base_url);
    form_add_encoded(&address, &url);
    TRY(pay_text_take(&url, arena, &request.url));
    text_init(&body, ALIPAY_MESSAGE_MAX);
    form_add_encoded(&content, &body);
    request.body_len = body.len;
    TRY(pay_text_take(&body, arena, &request.body));
    http_header_add(&request, "Content-Type", "application/x-www-form-urlencoded;charset=utf-8");
    http_header_add(&request, "Accept", "application/json");
    http_header_add(&request, "User-Agent", "paywatt");
    *ret_request = request;
    return RC_OK;
}

static size_t blanks(const char *json, size_t len, size_t at)
{
    while (at < len && strchr(" \t\r\n", json[at]) != NULL) {
        at++;
    }
    return at;
}

/* Behind the JSON string that begins at `at`. */
static size_t string_end(const char *json, size_t len, size_t at)
{
    for (at++; at < len && json[at] != '"'; at++) {
        at += json[at] == '\\' ? 1 : 0;
    }
    return at < len ? at + 1 : len;
}

/* Behind the value that begins at `at`: its matching brace, or the comma or brace that follows. */
static size_t value_end(const char *json, size_t len, size_t at)
{
    int depth = 0;
    while (at < len) {
        char c = json[at];
        if (c == '"') {
            at = string_end(json, len, at);
            if (depth == 0) {
                return at;
            }
            continue;
        }
        if (depth == 0 && (c == ',' || c == '}')) {
            return at;
        }
        depth += c == '{' || c == '[' ? 1 : 0;
        if ((c == '}' || c == ']') && --depth == 0) {
            return at + 1;
        }
        at++;
    }
    return len;
}

enum rc alipay_node_find(const char *json, size_t len, const char *key, const char **ret_node,
                         size_t *ret_len)
{
    size_t key_len = strlen(key);
    size_t at = blanks(json, len, 0);
    if (at >= len || json[at] != '{') {
        return RC_NOT_FOUND;
    }
    for (at = blanks(json, len, at + 1); at < len && json[at] == '"';
         at = blanks(json, len, at + 1)) {
        size_t name = at + 1;
        at = string_end(json, len, at);
        size_t name_len = at > name ? at - 1 - name : 0;
        at = blanks(json, len, at);
        if (at >= len || json[at] != ':') {
            return RC_NOT_FOUND;
        }
        size_t value = blanks(json, len, at + 1);
        at = value_end(json, len, value);
        if (name_len == key_len && memcmp(json + name, key, key_len) == 0) {
            *ret_node = json + value;
            *ret_len = at - value;
            return RC_OK;
        }
        at = blanks(json, len, at); /* the comma, or the end */
    }
    return RC_NOT_FOUND;
}

/* The official Java SDK's second try: their gateway once signed before it wrote "/" as "\/". The
   two texts are the same JSON. */
static enum rc verify_unescaped(const struct alipay *alipay, struct arena *arena, const char *node,
                                size_t len, const char *sign)
{
    char *plain = arena_take(arena, len + 1);
    size_t used = 0;
    if (plain == NULL) {
        return RC_MEMORY;
    }
    for (size_t i = 0; i < len; i++) {
        if (node[i] == '\\' && i + 1 < len && node[i + 1] == '/') {
            continue;
        }
        plain[used++] = node[i];
    }
    return used == len ? RC_INVALID : rsa_verify(alipay->public_key, plain, used, sign);
}

static enum rc node_open(const struct alipay *alipay, struct arena *arena, const char *node,
                         size_t len, const struct json_object *whole, struct json_object **ret_json,
                         enum pay_refusal *ret_refusal)
{
    const char *sign = NULL;
    const char *sn = "";
    if (json_get_text(whole, "sign", 1, 1024, &sign) != RC_OK) {
        *ret_refusal = PAY_REFUSED_UNSIGNED;
        return RC_OK;
    }
    enum rc rc = json_get_text(whole, "alipay_cert_sn", 0, 64, &sn);
    if (alipay->alipay_sn[0] != '\0' && (rc != RC_OK || strcmp(sn, alipay->alipay_sn) != 0)) {
        *ret_refusal = PAY_REFUSED_KEY; /* they changed their certificate: fetch the new one */
        return RC_OK;
    }
    rc = rsa_verify(alipay->public_key, node, len, sign);
    if (rc == RC_INVALID) {
        rc = verify_unescaped(alipay, arena, node, len, sign);
    }
    if (rc == RC_INVALID) {
        *ret_refusal = PAY_REFUSED_SIGNATURE;
        return RC_OK;
    }
    TRY(rc);
    rc = json_parse_unique(node, len, ALIPAY_JSON_DEPTH, ret_json);
    if (rc != RC_OK && rc != RC_MEMORY) {
        *ret_refusal = PAY_REFUSED_MALFORMED;
        return RC_OK;
    }
    return rc;
}

enum rc alipay_answer_open(const struct alipay *alipay, struct arena *arena, const char *method,
                           const struct http_answer *answer, struct json_object **ret_json,
                           enum pay_refusal *ret_refusal)
{
    CLEANUP(json_release) struct json_object *whole = NULL;
    char key[100] = "";
    const char *node = NULL;
    size_t len = 0;
    enum rc rc = answer->status == 200
                     ? json_parse_unique(answer->body, answer->body_len, ALIPAY_JSON_DEPTH, &whole)
                     : RC_INVALID;
    if (rc != RC_OK) {
        *ret_refusal = rc == RC_CONFLICT ? PAY_REFUSED_TWICE : PAY_REFUSED_MALFORMED;
        return rc == RC_MEMORY ? rc : RC_OK;
    }
    text_copy(key, sizeof(key), method);
    for (char *at = key; *at != '\0'; at++) {
        *at = *at == '.' ? '_' : *at;
    }
    assert(strlen(key) + strlen("_response") < sizeof(key));
    memcpy(key + strlen(key), "_response", strlen("_response") + 1);
    rc = alipay_node_find(answer->body, answer->body_len, key, &node, &len);
    if (rc != RC_OK) {
        rc = alipay_node_find(answer->body, answer->body_len, "error_response", &node, &len);
    }
    if (rc != RC_OK || len == 0 || node[0] != '{') {
        *ret_refusal = PAY_REFUSED_MALFORMED;
        return RC_OK;
    }
    return node_open(alipay, arena, node, len, whole, ret_json, ret_refusal);
}
