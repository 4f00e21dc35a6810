#include "core/base/text.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/failpoint.h"

#define TEXT_BYTES_FIRST ((size_t)256)

void text_init(struct text *text, size_t limit_bytes)
{
    assert(text != NULL);
    assert(limit_bytes > 0 && limit_bytes <= SIZE_MAX / 4);
    *text = (struct text){.limit_bytes = limit_bytes};
}

void text_release(struct text *text)
{
    assert(text != NULL);
    free(text->bytes);
    text->bytes = NULL;
    text->len = 0;
    text->size_bytes = 0;
}

void text_clear(struct text *text)
{
    assert(text != NULL);
    text->len = 0;
    text->failed = RC_OK;
    if (text->bytes != NULL) {
        text->bytes[0] = '\0';
    }
}

static void fail(struct text *text, enum rc rc)
{
    text_release(text);
    text->failed = rc;
}

/* Makes room for len more bytes and the NUL; false once failed. */
static bool reserve(struct text *text, size_t len)
{
    assert(text != NULL && text->limit_bytes > 0);
    if (text->failed != RC_OK) {
        return false;
    }
    if (len > text->limit_bytes - text->len) {
        fail(text, RC_TOO_LARGE);
        return false;
    }
    size_t need_bytes = text->len + len + 1;
    if (need_bytes <= text->size_bytes) {
        return true;
    }
    size_t size_bytes = text->size_bytes == 0 ? TEXT_BYTES_FIRST : text->size_bytes * 2;
    while (size_bytes < need_bytes) {
        size_bytes *= 2;
    }
    char *bytes = FAILPOINT_CODE("memory") != 0 ? NULL : realloc(text->bytes, size_bytes);
    if (bytes == NULL) {
        fail(text, RC_MEMORY);
        return false;
    }
    text->bytes = bytes;
    text->size_bytes = size_bytes;
    return true;
}

void text_add(struct text *text, const char *bytes, size_t len)
{
    assert(bytes != NULL || len == 0);
    if (!reserve(text, len)) {
        return;
    }
    if (len > 0) {
        memcpy(text->bytes + text->len, bytes, len);
    }
    text->len += len;
    text->bytes[text->len] = '\0';
}

void text_add_string(struct text *text, const char *s)
{
    assert(s != NULL);
    text_add(text, s, strlen(s));
}

void text_add_char(struct text *text, char c)
{
    text_add(text, &c, 1);
}

void text_add_int(struct text *text, int64_t value)
{
    char digits[24];
    char *at = digits + sizeof(digits);
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    do {
        *--at = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    if (value < 0) {
        *--at = '-';
    }
    text_add(text, at, (size_t)(digits + sizeof(digits) - at));
}

void text_printf(struct text *text, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    va_list again;
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (len < 0) {
        fail(text, RC_MEMORY);
    } else if (reserve(text, (size_t)len)) {
        (void)vsnprintf(text->bytes + text->len, (size_t)len + 1, format, again);
        text->len += (size_t)len;
    }
    va_end(again);
}

/* Length of the well-formed UTF-8 character at s (1 .. 4), or 0. */
static size_t utf8_length(const unsigned char *s, size_t len)
{
    if (s[0] == 0) {
        return 0;
    }
    if (s[0] < 0x80) {
        return 1;
    }
    size_t need = s[0] >= 0xF0 ? 4 : s[0] >= 0xE0 ? 3 : 2;
    if (s[0] < 0xC2 || s[0] > 0xF4 || len < need) {
        return 0;
    }
    unsigned char low = s[0] == 0xE0 ? 0xA0 : s[0] == 0xF0 ? 0x90 : 0x80;
    unsigned char high = s[0] == 0xED ? 0x9F : s[0] == 0xF4 ? 0x8F : 0xBF;
    if (s[1] < low || s[1] > high) {
        return 0;
    }
    for (size_t i = 2; i < need; i++) {
        if ((s[i] & 0xC0) != 0x80) {
            return 0;
        }
    }
    return need;
}

bool text_is_utf8(const char *bytes, size_t len)
{
    const unsigned char *s = (const unsigned char *)bytes;
    size_t at = 0;
    while (at < len) {
        size_t step = utf8_length(s + at, len - at);
        if (step == 0) {
            return false;
        }
        at += step;
    }
    return true;
}

size_t text_characters(const char *bytes, size_t len)
{
    size_t count = 0;
    for (size_t i = 0; i < len; i++) {
        count += ((unsigned char)bytes[i] & 0xC0) != 0x80;
    }
    return count;
}

static void add_json_escape(struct text *text, unsigned char c)
{
    static const char *const short_forms[128] = {
        ['"'] = "\\\"", ['\\'] = "\\\\", ['\n'] = "\\n", ['\r'] = "\\r",
        ['\t'] = "\\t", ['\b'] = "\\b",  ['\f'] = "\\f",
    };
    if (short_forms[c] != NULL) {
        text_add_string(text, short_forms[c]);
    } else {
        text_printf(text, "\\u%04x", c);
    }
}

void text_add_json_string(struct text *text, const char *s, size_t len)
{
    assert(s != NULL || len == 0);
    text_add_char(text, '"');
    size_t plain = 0; /* start of the run not yet appended */
    for (size_t at = 0; at < len;) {
        unsigned char c = (unsigned char)s[at];
        if (c >= 0x20 && c < 0x80 && c != '"' && c != '\\' && c != 0x7F) {
            at++;
            continue;
        }
        size_t step = c < 0x80 ? 0 : utf8_length((const unsigned char *)s + at, len - at);
        if (step > 0) {
            at += step;
            continue;
        }
        text_add(text, s + plain, at - plain);
        if (c < 0x80) {
            add_json_escape(text, c);
        } else {
            text_add_string(text, "\xEF\xBF\xBD");
        }
        plain = ++at;
    }
    text_add(text, len == 0 ? "" : s + plain, len - plain);
    text_add_char(text, '"');
}

enum rc text_result(const struct text *text)
{
    return text->failed;
}

const char *text_string(const struct text *text)
{
    return text->bytes == NULL ? "" : text->bytes;
}

enum rc text_parse_int(const char *bytes, size_t len, int64_t min, int64_t max, int64_t *ret_value)
{
    assert(bytes != NULL && ret_value != NULL && min <= max);
    size_t at = len > 0 && bytes[0] == '-' ? 1 : 0;
    if (at == len || len - at > 19 || (bytes[at] == '0' && len - at > 1)) {
        return RC_INVALID;
    }
    int64_t value = 0;
    for (; at < len; at++) {
        int digit = bytes[at] - '0';
        if (digit < 0 || digit > 9 || __builtin_mul_overflow(value, 10, &value) ||
            __builtin_sub_overflow(value, digit, &value)) {
            return RC_INVALID;
        }
    }
    /* Built up negative, because INT64_MIN has no positive twin. */
    if (bytes[0] != '-' && __builtin_sub_overflow(INT64_C(0), value, &value)) {
        return RC_INVALID;
    }
    if (value < min || value > max) {
        return RC_INVALID;
    }
    *ret_value = value;
    return RC_OK;
}

enum rc text_parse_decimal(const char *bytes, size_t len, int decimals, int64_t *ret_scaled)
{
    assert(bytes != NULL && ret_scaled != NULL && decimals >= 0 && decimals <= 9);
    const char *dot = memchr(bytes, '.', len);
    size_t whole_len = dot == NULL ? len : (size_t)(dot - bytes);
    size_t fraction_len = dot == NULL ? 0 : len - whole_len - 1;
    if ((dot != NULL && fraction_len == 0) || fraction_len > (size_t)decimals || whole_len > 19) {
        return RC_INVALID;
    }
    int64_t value = 0;
    TRY(text_parse_int(bytes, whole_len, INT64_MIN + 1, INT64_MAX, &value));
    bool negative = bytes[0] == '-';
    for (int i = 0; i < decimals; i++) {
        int digit = (size_t)i < fraction_len ? dot[1 + i] - '0' : 0;
        if (digit < 0 || digit > 9 || __builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, negative ? -digit : digit, &value)) {
            return RC_INVALID;
        }
    }
    *ret_scaled = value;
    return RC_OK;
}

void text_copy(char *out, size_t size, const char *s)
{
    assert(out != NULL && size > 0 && s != NULL);
    size_t len = strlen(s);
    if (len >= size) {
        len = size - 1;
        while (len > 0 && ((unsigned char)s[len] & 0xC0) == 0x80) {
            len--;
        }
    }
    memcpy(out, s, len);
    out[len] = '\0';
}

bool text_equal_constant_time(const char *a, const char *b, size_t len)
{
    unsigned char difference = 0;
    for (size_t i = 0; i < len; i++) {
        difference |= (unsigned char)(a[i] ^ b[i]);
    }
    return difference == 0;
}
