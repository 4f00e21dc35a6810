/*
 * What the three providers' servers share: their times (China, UTC+8 without summer time), yuan,
 * random names, sealing, small archives. Written from the fact sheet, not from the drivers.
 */
#ifndef PW_SIM_PAY_TOOLS_H
#define PW_SIM_PAY_TOOLS_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/form.h"
#include "core/base/rc.h"
#include "core/base/text.h"

#define TIME_TEXT_MAX 48 /* bytes of every time below, NUL included */

/* "2026-11-23T15:04:05+08:00". Returns out. */
char *time_rfc3339(int64_t at_ms, char out[TIME_TEXT_MAX]);
/* "2026-11-23 15:04:05" */
char *time_plain(int64_t at_ms, char out[TIME_TEXT_MAX]);
/* "20261123150405" */
char *time_compact(int64_t at_ms, char out[TIME_TEXT_MAX]);
/* Reads the plain and the compact form. RC_INVALID. */
enum rc time_read_plain(const char *text, int64_t *ret_at_ms) MUST_CHECK;
enum rc time_read_compact(const char *text, int64_t *ret_at_ms) MUST_CHECK;
/* Days since 1970-01-01 of the civil day of China; with 1 h added it is the clearing day. */
int64_t day_of(int64_t at_ms);

/* "12.34", "-0.05" into out. Returns out. */
char *yuan(int64_t fen, char out[32]);
/* Reads such an amount, at most two decimals. RC_INVALID. */
enum rc yuan_read(const char *text, int64_t *ret_fen) MUST_CHECK;

/* len random lower case hex digits and a NUL. */
void random_name(char *out, size_t len);
/* len random decimal digits and a NUL, the first not 0. */
void random_digits(char *out, size_t len);

/* AES-256-GCM: base64 of ciphertext and tag. RC_INTERNAL, or what the text says. */
enum rc seal_gcm(const char *key, const char *nonce, const char *associated, const char *plain,
                 size_t len, struct text *out) MUST_CHECK;
/* "k=v&..." of a form sorted by name, without the names in `without` ("sign,sign_type"). */
void sign_string(struct form *form, const char *without, bool keep_empty, struct text *out);
/* The text in GBK. RC_INVALID: it has characters that GBK lacks. */
enum rc to_gbk(const char *utf8, size_t len, struct text *out) MUST_CHECK;
/* An archive of files that are stored, not packed (names as bytes). */
struct zip_file {
    const char *name;
    const char *bytes;
    size_t len;
};
void zip_write(const struct zip_file *files, size_t count, struct text *out);
/* zlib-deflates bytes and appends their base64. RC_MEMORY. */
enum rc deflate_base64(const char *bytes, size_t len, struct text *out) MUST_CHECK;
/* Appends text as HTML. */
void html(struct text *out, const char *text);
/* Appends ,"name":"text" */
void member_text(struct text *out, const char *name, const char *text);
/* Appends ,"name":number */
void member_int(struct text *out, const char *name, int64_t value);

#endif
