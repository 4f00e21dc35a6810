/*
 * Text: a growing buffer that is born with its maximum, and strict readers of numbers and UTF-8.
 *
 * struct text owns its bytes (malloc). Past its limit, or out of memory, it turns failed: what it
 * held is freed, later appends do nothing, and text_result answers RC_TOO_LARGE or RC_MEMORY. So a
 * writer appends without looking and asks once at the end.
 */
#ifndef PW_BASE_TEXT_H
#define PW_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/rc.h"

struct text {
    char *bytes; /* NUL terminated once something was appended, else NULL */
    size_t len;
    size_t size_bytes;
    size_t limit_bytes;
    enum rc failed; /* RC_OK, RC_TOO_LARGE or RC_MEMORY */
};

/* Prepares an empty buffer that may hold at most limit_bytes (1 .. SIZE_MAX/4) of text. */
void text_init(struct text *text, size_t limit_bytes);
/* Frees the bytes. Usable with CLEANUP. */
void text_release(struct text *text);
/* Empties it, keeps its memory, forgets a failure. */
void text_clear(struct text *text);
/* Appends. */
void text_add(struct text *text, const char *bytes, size_t len);
void text_add_string(struct text *text, const char *s);
void text_add_char(struct text *text, char c);
void text_add_int(struct text *text, int64_t value);
void text_printf(struct text *text, const char *format, ...) PRINTF_LIKE(2, 3);
/* Appends s as a JSON string with its quotes; bytes that are not UTF-8 become U+FFFD. */
void text_add_json_string(struct text *text, const char *s, size_t len);
/* RC_OK, RC_TOO_LARGE or RC_MEMORY. */
enum rc text_result(const struct text *text) MUST_CHECK;
/* The text so far, never NULL. */
const char *text_string(const struct text *text);

/* True if the bytes are well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms, no NUL). */
bool text_is_utf8(const char *bytes, size_t len);
/* Count of code points of well-formed UTF-8. */
size_t text_characters(const char *bytes, size_t len);
/* Reads a whole decimal integer, optional minus, no spaces, no leading zeros beyond "0".
   RC_INVALID when it is not one or lies outside min .. max. */
enum rc text_parse_int(const char *bytes, size_t len, int64_t min, int64_t max,
                       int64_t *ret_value) MUST_CHECK;
/* Reads a decimal with at most `decimals` (0 .. 9) fraction digits into value * 10^decimals.
   RC_INVALID: not a decimal, too many digits, overflow. */
enum rc text_parse_decimal(const char *bytes, size_t len, int decimals,
                           int64_t *ret_scaled) MUST_CHECK;
/* Copies at most size-1 bytes of s, whole UTF-8 characters only, and ends with NUL. */
void text_copy(char *out, size_t size, const char *s);
/* Compares in constant time; lengths are public. */
bool text_equal_constant_time(const char *a, const char *b, size_t len);

#endif
