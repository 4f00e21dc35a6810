/* Signing, checking, and the form of their answers. */
#include <assert.h>
#include <string.h>
#include <strings.h>

#include "core/base/crypto.h"
#include "core/pay/unionpay_own.h"

#define OWNER_PART 2
#define OWNER "中国银联股份有限公司"
#define OWNER_TEST "00040000:SIGN"

static bool is_blank(const char *value)
{
    return value[strspn(value, " \t\r\n")] == '\0';
}

/* The text that is signed: hex of the first hash. */
static enum rc digest_of(const struct form *form, char ret_hex[CRYPTO_HASH_HEX_BYTES])
{
    CLEANUP(text_release) struct text message;
    struct form signed_part = {.count = 0};
    uint8_t hash[CRYPTO_HASH_BYTES];
    for (size_t i = 0; i < form->count; i++) {
        const struct form_field *field = &form->fields[i];
        if (strcmp(field->name, "signature") != 0 && !is_blank(field->value)) {
            signed_part.fields[signed_part.count++] = *field;
        }
    }
    text_init(&message, 2 * (size_t)PAY_BILL_BYTES_MAX); /* a file stands in a field */
    form_sort(&signed_part);
    form_add_raw(&signed_part, false, &message);
    TRY(text_result(&message));
    crypto_sha256(text_string(&message), message.len, hash);
    (void)crypto_hex(hash, sizeof(hash), ret_hex);
    return RC_OK;
}

enum rc unionpay_sign(const struct pay_merchant *merchant, struct arena *arena, struct form *form)
{
    char hex[CRYPTO_HASH_HEX_BYTES];
    const char *signature = NULL;
    form_add(form, "certId", unionpay_of(merchant)->certificate_id);
    TRY(digest_of(form, hex));
    TRY(rsa_sign(merchant->private_key, hex, strlen(hex), arena, &signature));
    form_add(form, "signature", signature);
    return RC_OK;
}

/* Its common name has parts with @ between them; the third one names the company. */
static bool owner_fits(const struct unionpay *unionpay, const struct certificate *leaf)
{
    char name[RSA_NAME_MAX];
    if (certificate_common_name(leaf, name) != RC_OK) {
        return false;
    }
    char *part = name;
    for (int i = 0; i < OWNER_PART; i++) {
        part = strchr(part, '@');
        if (part == NULL) {
            return false;
        }
        part++;
    }
    part[strcspn(part, "@")] = '\0';
    return strcmp(part, OWNER) == 0 ||
           (unionpay->test_certificates && strcmp(part, OWNER_TEST) == 0);
}

/* The key of the message's certificate, once that is believed; else a refusal. */
static enum rc key_of(const struct unionpay *unionpay, const char *pem, int64_t now_ms,
                      struct rsa_key **ret_key, enum pay_refusal *ret_refusal)
{
    CLEANUP(certificate_free) struct certificate *leaf = NULL;
    enum rc rc = certificate_load(pem, strlen(pem), &leaf);
    if (rc == RC_OK) {
        rc = certificate_chain_verify(leaf, unionpay->middle, unionpay->root, now_ms,
                                      unionpay->test_certificates);
    }
    if (rc == RC_OK) {
        rc = owner_fits(unionpay, leaf) ? certificate_key(leaf, ret_key) : RC_INVALID;
    }
    if (rc == RC_INVALID) {
        *ret_refusal = PAY_REFUSED_CERTIFICATE;
        return RC_OK;
    }
    return rc;
}

enum rc unionpay_verify(const struct unionpay *unionpay, const struct form *form, int64_t now_ms,
                        enum pay_refusal *ret_refusal)
{
    const char *signature = form_text(form, "signature");
    const char *pem = form_text(form, "signPubKeyCert");
    const char *encoding = form_text(form, "encoding");
    CLEANUP(rsa_free) struct rsa_key *key = NULL;
    char hex[CRYPTO_HASH_HEX_BYTES];
    if (signature[0] == '\0' || pem[0] == '\0') {
        *ret_refusal = PAY_REFUSED_UNSIGNED;
        return RC_OK;
    }
    if (strcmp(form_text(form, "version"), "5.1.0") != 0 ||
        strcmp(form_text(form, "signMethod"), "01") != 0 ||
        (encoding[0] != '\0' && strcasecmp(encoding, "UTF-8") != 0)) {
        *ret_refusal = PAY_REFUSED_ALGORITHM;
        return RC_OK;
    }
    TRY(key_of(unionpay, pem, now_ms, &key, ret_refusal));
    if (*ret_refusal != PAY_FINE) {
        return RC_OK;
    }
    TRY(digest_of(form, hex));
    enum rc rc = rsa_verify(key, hex, strlen(hex), signature);
    if (rc == RC_INVALID) {
        *ret_refusal = PAY_REFUSED_SIGNATURE;
        return RC_OK;
    }
    return rc;
}

/* Behind the value that begins at `at`: its &, or the end. */
static size_t value_end(const char *text, size_t len, size_t at)
{
    char opens = '\0';
    char closes = '\0';
    int depth = 0;
    for (; at < len; at++) {
        char c = text[at];
        if (depth > 0) {
            depth += c == opens ? 1 : c == closes ? -1 : 0;
        } else if (c == '{' || c == '[') {
            opens = c;
            closes = c == '{' ? '}' : ']';
            depth = 1;
        } else if (c == '&') {
            return at;
        }
    }
    return len;
}

enum rc unionpay_parse(struct arena *arena, const char *bytes, size_t len, struct form *ret_form)
{
    struct form form = {.count = 0};
    while (len > 0 && strchr(" \t\r\n", bytes[len - 1]) != NULL) {
        len--;
    }
    if (len >= 2 && bytes[0] == '{' && bytes[len - 1] == '}') {
        bytes++;
        len -= 2;
    }
    if (!text_is_utf8(bytes, len)) {
        return RC_INVALID;
    }
    char *text = arena_copy(arena, bytes, len);
    if (text == NULL) {
        return RC_MEMORY;
    }
    for (size_t at = 0; at < len;) {
        char *equals = memchr(text + at, '=', len - at);
        if (equals == NULL || equals == text + at) {
            return RC_INVALID;
        }
        size_t value = (size_t)(equals - text) + 1;
        size_t end = value_end(text, len, value);
        *equals = '\0';
        text[end] = '\0'; /* the copy has a NUL of its own behind it */
        if (form_get(&form, text + at) != NULL) {
            return RC_CONFLICT;
        }
        if (form.count == FORM_FIELDS_MAX) {
            return RC_TOO_LARGE;
        }
        form.fields[form.count++] = (struct form_field){text + at, text + value};
        at = end + 1;
    }
    *ret_form = form;
    return RC_OK;
}
