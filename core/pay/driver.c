#include "core/pay/driver.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/crypto.h"
#include "core/rules/money.h"

#define CHINA_MS (INT64_C(8) * 3600 * 1000)

void pay_problem(struct pay_opening *opening, enum config_key key, const char *format, ...)
{
    char sentence[300];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(sentence, sizeof(sentence), format, args);
    va_end(args);
    text_printf(opening->problems, "[%s] %s %s\n", config_section(key), config_name(key), sentence);
    opening->broken = true;
}

bool pay_is_set(const struct pay_opening *opening, enum config_key key)
{
    return config_text(opening->config, key)[0] != '\0';
}

const char *pay_setting(struct pay_opening *opening, enum config_key key)
{
    const char *text = config_text(opening->config, key);
    if (text[0] == '\0') {
        pay_problem(opening, key, "is missing");
        return "";
    }
    const char *copy = arena_copy_string(opening->arena, text);
    if (copy == NULL) {
        pay_problem(opening, key, "does not fit into memory");
        return "";
    }
    return copy;
}

struct rsa_key *pay_private_key(struct pay_opening *opening, enum config_key key)
{
    const char *path = pay_setting(opening, key);
    const char *why = NULL;
    char bytes[SECRET_FILE_MAX + 1];
    size_t len = 0;
    struct rsa_key *found = NULL;
    if (path[0] == '\0') {
        return NULL;
    }
    if (secret_read(path, bytes, sizeof(bytes), &len, &why) != RC_OK) {
        pay_problem(opening, key, "cannot be used: %s (%s)", why, path);
        return NULL;
    }
    if (rsa_private_load(bytes, len, &found) != RC_OK) {
        pay_problem(opening, key, "holds no RSA private key of 2048 bits or more (%s)", path);
        found = NULL;
    }
    crypto_wipe(bytes, sizeof(bytes));
    return found;
}

static void file_close(FILE **file)
{
    if (*file != NULL) {
        (void)fclose(*file);
    }
}

const char *pay_file(struct pay_opening *opening, enum config_key key, size_t *ret_len)
{
    const char *path = pay_setting(opening, key);
    if (path[0] == '\0') {
        return NULL;
    }
    CLEANUP(file_close) FILE *file = fopen(path, "re");
    char *bytes = arena_take(opening->arena, PAY_FILE_BYTES_MAX + 1);
    if (file == NULL || bytes == NULL) {
        pay_problem(opening, key, "cannot be read: %s (%s)", strerror(errno), path);
        return NULL;
    }
    size_t len = fread(bytes, 1, PAY_FILE_BYTES_MAX + 1, file);
    if (ferror(file) || len == 0 || len > PAY_FILE_BYTES_MAX) {
        pay_problem(opening, key, "is empty, too long or cannot be read (%s)", path);
        return NULL;
    }
    *ret_len = len;
    return bytes;
}

struct rsa_key *pay_public_key(struct pay_opening *opening, enum config_key key)
{
    size_t len = 0;
    const char *bytes = pay_file(opening, key, &len);
    struct rsa_key *found = NULL;
    if (bytes != NULL && rsa_public_load(bytes, len, &found) != RC_OK) {
        pay_problem(opening, key, "holds no RSA public key of 2048 bits or more");
    }
    return found;
}

struct certificate *pay_certificate(struct pay_opening *opening, enum config_key key)
{
    size_t len = 0;
    const char *bytes = pay_file(opening, key, &len);
    struct certificate *found = NULL;
    if (bytes != NULL && certificate_load(bytes, len, &found) != RC_OK) {
        pay_problem(opening, key, "holds no certificate");
    }
    return found;
}

/* How many of the same letter stand at `at`. */
static size_t run(const char *at)
{
    size_t len = 1;
    while (at[len] == at[0]) {
        len++;
    }
    return len;
}

static int *part_of(char letter, struct clock_parts *parts)
{
    switch (letter) {
    case 'Y':
        return &parts->year;
    case 'M':
        return &parts->month;
    case 'D':
        return &parts->day;
    case 'h':
        return &parts->hour;
    case 'm':
        return &parts->minute;
    case 's':
        return &parts->second;
    default:
        return NULL;
    }
}

char *pay_time_write(const char *pattern, int64_t at_ms, char out[PAY_TIME_MAX])
{
    struct clock_parts parts = clock_utc_parts(at_ms + CHINA_MS);
    size_t used = 0;
    for (const char *at = pattern; *at != '\0';) {
        const int *part = part_of(*at, &parts);
        size_t digits = part == NULL ? 1 : run(at);
        assert(used + digits < PAY_TIME_MAX);
        if (part == NULL) {
            out[used] = *at;
        } else {
            (void)snprintf(out + used, PAY_TIME_MAX - used, "%0*d", (int)digits, *part);
        }
        used += digits;
        at += digits;
    }
    out[used] = '\0';
    return out;
}

enum rc pay_time_read(const char *pattern, const char *text, int64_t *ret_at_ms)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    struct clock_parts parts = {.year = 2000, .month = 1, .day = 1};
    for (const char *at = pattern; *at != '\0';) {
        int *part = part_of(*at, &parts);
        size_t digits = part == NULL ? 1 : run(at);
        int value = 0;
        for (size_t i = 0; i < digits; i++, text++) {
            bool fits = part == NULL ? *text == *at : *text >= '0' && *text <= '9';
            if (!fits) {
                return RC_INVALID;
            }
            value = part == NULL ? 0 : value * 10 + (*text - '0');
        }
        if (part != NULL) {
            *part = value;
        }
        at += digits;
    }
    bool leap = (parts.year % 4 == 0 && parts.year % 100 != 0) || parts.year % 400 == 0;
    if (parts.year < 2000 || parts.month < 1 || parts.month > 12 || parts.day < 1 ||
        parts.day > days[parts.month - 1] + (leap && parts.month == 2 ? 1 : 0) || parts.hour > 23 ||
        parts.minute > 59 || parts.second > 59) {
        return RC_INVALID;
    }
    *ret_at_ms = clock_from_utc_parts(&parts) - CHINA_MS;
    return RC_OK;
}

enum rc pay_fen_read(const char *text, int64_t *ret_fen)
{
    /* Fixed-width fields bring leading zeros. */
    while (text[0] == '0' && text[1] != '\0') {
        text++;
    }
    return text_parse_int(text, strlen(text), 1, MONEY_MAX_FEN, ret_fen);
}

enum rc pay_yuan_read(const char *text, int64_t *ret_fen)
{
    enum money_refusal refusal = money_parse_yuan(text, strlen(text), 1, MONEY_MAX_FEN, ret_fen);
    return refusal == MONEY_FINE ? RC_OK : RC_INVALID;
}

const char *pay_yuan_write(struct arena *arena, int64_t fen)
{
    assert(fen > 0);
    return arena_printf(arena, "%lld.%02d", (long long)(fen / 100), (int)(fen % 100));
}

struct pay_fact pay_fact_empty(void)
{
    return (struct pay_fact){.order_number = "",
                             .provider_transaction = "",
                             .refund_number = "",
                             .provider_refund = "",
                             .currency = "",
                             .merchant_id = "",
                             .app_id = ""};
}

const char *pay_copy(struct arena *arena, const char *s, size_t max)
{
    return arena_copy_string(arena, s == NULL || strlen(s) > max ? "" : s);
}

enum rc pay_text_take(struct text *text, struct arena *arena, const char **ret_text)
{
    enum rc rc = text_result(text);
    const char *copy = rc == RC_OK ? arena_copy(arena, text_string(text), text->len) : NULL;
    text_release(text);
    if (rc == RC_OK && copy == NULL) {
        rc = RC_MEMORY;
    }
    if (rc == RC_OK) {
        *ret_text = copy;
    }
    return rc;
}

size_t pay_origin_len(const char *url)
{
    size_t scheme = strncmp(url, "https://", 8) == 0 ? 8 : strncmp(url, "http://", 7) == 0 ? 7 : 0;
    if (scheme == 0) {
        return 0;
    }
    size_t host = strspn(url + scheme, "0123456789abcdefghijklmnopqrstuvwxyz"
                                       "ABCDEFGHIJKLMNOPQRSTUVWXYZ.-:[]");
    char next = url[scheme + host];
    return host == 0 || (next != '\0' && strchr("/?#", next) == NULL) ? 0 : scheme + host;
}

enum rc pay_nonce(char *out, size_t n)
{
    uint8_t bytes[32];
    assert(n <= sizeof(bytes));
    TRY(crypto_random(bytes, n));
    for (size_t i = 0; i < n; i++) {
        out[i] = "0123456789ABCDEF"[bytes[i] & 15];
    }
    out[n] = '\0';
    return RC_OK;
}
