#include "sim/pay/tools.h"

#include <assert.h>
#include <iconv.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "core/base/clock.h"
#include "core/base/crypto.h"

#define CHINA_MS (8 * 3600 * (int64_t)1000)
#define DAY_MS (24 * 3600 * (int64_t)1000)

static char *time_text(int64_t at_ms, const char *format, char out[TIME_TEXT_MAX])
{
    struct clock_parts p = clock_utc_parts(at_ms + CHINA_MS);
    (void)snprintf(out, TIME_TEXT_MAX, "%04d%s%02d%s%02d%s%02d%s%02d%s%02d", p.year,
                   format[0] == 'c' ? "" : "-", p.month, format[0] == 'c' ? "" : "-", p.day,
                   format[0] == 'c'   ? ""
                   : format[0] == 'r' ? "T"
                                      : " ",
                   p.hour, format[0] == 'c' ? "" : ":", p.minute, format[0] == 'c' ? "" : ":",
                   p.second);
    return out;
}

char *time_rfc3339(int64_t at_ms, char out[TIME_TEXT_MAX])
{
    (void)time_text(at_ms, "r", out);
    text_copy(out + strlen(out), TIME_TEXT_MAX - strlen(out), "+08:00");
    return out;
}

char *time_plain(int64_t at_ms, char out[TIME_TEXT_MAX])
{
    return time_text(at_ms, "p", out);
}

char *time_compact(int64_t at_ms, char out[TIME_TEXT_MAX])
{
    return time_text(at_ms, "c", out);
}

enum rc time_read_plain(const char *text, int64_t *ret_at_ms)
{
    int64_t at_ms = 0;
    if (strlen(text) != 19 || clock_parse_datetime(text, 19, &at_ms) != RC_OK) {
        return RC_INVALID;
    }
    *ret_at_ms = at_ms - CHINA_MS;
    return RC_OK;
}

enum rc time_read_compact(const char *text, int64_t *ret_at_ms)
{
    char plain[32];
    if (strlen(text) != 14 || strspn(text, "0123456789") != 14) {
        return RC_INVALID;
    }
    (void)snprintf(plain, sizeof(plain), "%.4s-%.2s-%.2s %.2s:%.2s:%.2s", text, text + 4, text + 6,
                   text + 8, text + 10, text + 12);
    return time_read_plain(plain, ret_at_ms);
}

int64_t day_of(int64_t at_ms)
{
    return (at_ms + CHINA_MS) / DAY_MS;
}

char *yuan(int64_t fen, char out[32])
{
    int64_t whole = fen < 0 ? -fen : fen;
    (void)snprintf(out, 32, "%s%lld.%02lld", fen < 0 ? "-" : "", (long long)(whole / 100),
                   (long long)(whole % 100));
    return out;
}

enum rc yuan_read(const char *text, int64_t *ret_fen)
{
    return text_parse_decimal(text, strlen(text), 2, ret_fen);
}

void random_name(char *out, size_t len)
{
    uint8_t bytes[64];
    assert(len <= 2 * sizeof(bytes) - 1);
    char hex[2 * sizeof(bytes) + 1];
    enum rc rc = crypto_random(bytes, sizeof(bytes));
    assert(rc == RC_OK);
    memcpy(out, crypto_hex(bytes, sizeof(bytes), hex), len);
    out[len] = '\0';
}

void random_digits(char *out, size_t len)
{
    uint8_t bytes[64];
    assert(len >= 1 && len <= sizeof(bytes));
    enum rc rc = crypto_random(bytes, sizeof(bytes));
    assert(rc == RC_OK);
    for (size_t i = 0; i < len; i++) {
        out[i] = (char)('0' + bytes[i] % 10);
    }
    out[0] = out[0] == '0' ? '4' : out[0];
    out[len] = '\0';
}

enum rc seal_gcm(const char *key, const char *nonce, const char *associated, const char *plain,
                 size_t len, struct text *out)
{
    assert(strlen(key) == 32 && strlen(nonce) == CRYPTO_GCM_NONCE_BYTES && len < (1u << 24));
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    unsigned char *sealed = malloc(len + 16);
    char *text = malloc(CRYPTO_BASE64_BYTES(len + 16));
    int part = 0;
    int total = 0;
    bool made =
        context != NULL && sealed != NULL && text != NULL &&
        EVP_EncryptInit_ex(context, EVP_aes_256_gcm(), NULL, (const unsigned char *)key,
                           (const unsigned char *)nonce) == 1 &&
        EVP_EncryptUpdate(context, NULL, &part, (const unsigned char *)associated,
                          (int)strlen(associated)) == 1 &&
        EVP_EncryptUpdate(context, sealed, &total, (const unsigned char *)plain, (int)len) == 1 &&
        EVP_EncryptFinal_ex(context, sealed + total, &part) == 1 &&
        EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_GET_TAG, 16, sealed + total) == 1;
    if (made) {
        text_add_string(out, crypto_base64(sealed, len + 16, text));
    }
    EVP_CIPHER_CTX_free(context);
    free(sealed);
    free(text);
    return made ? text_result(out) : RC_INTERNAL;
}

static bool is_listed(const char *list, const char *name)
{
    size_t len = strlen(name);
    for (const char *at = strstr(list, name); at != NULL; at = strstr(at + 1, name)) {
        if ((at == list || at[-1] == ',') && (at[len] == ',' || at[len] == '\0')) {
            return true;
        }
    }
    return false;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct form_field *)a)->name, ((const struct form_field *)b)->name);
}

void sign_string(struct form *form, const char *without, bool keep_empty, struct text *out)
{
    qsort(form->fields, form->count, sizeof(form->fields[0]), by_name);
    bool first = true;
    for (size_t i = 0; i < form->count; i++) {
        const struct form_field *field = &form->fields[i];
        bool empty = field->value[strspn(field->value, " ")] == '\0';
        if (is_listed(without, field->name) || (empty && !keep_empty)) {
            continue;
        }
        text_printf(out, "%s%s=", first ? "" : "&", field->name);
        text_add_string(out, field->value);
        first = false;
    }
}

enum rc to_gbk(const char *utf8, size_t len, struct text *out)
{
    iconv_t change = iconv_open("GBK", "UTF-8");
    if (change == (iconv_t)-1) {
        return RC_INTERNAL;
    }
    char *in = (char *)(uintptr_t)utf8;
    size_t in_left = len;
    size_t failed = 0;
    while (in_left > 0 && failed != (size_t)-1) {
        char piece[4096];
        char *to = piece;
        size_t to_left = sizeof(piece);
        failed = iconv(change, &in, &in_left, &to, &to_left);
        text_add(out, piece, sizeof(piece) - to_left);
        if (failed == (size_t)-1 && to_left < 8) { /* the piece was full */
            failed = 0;
        }
    }
    (void)iconv_close(change);
    return failed == (size_t)-1 ? RC_INVALID : text_result(out);
}

static void little(struct text *out, uint64_t value, int bytes)
{
    for (int i = 0; i < bytes; i++) {
        text_add_char(out, (char)(value >> (8 * i) & 0xff));
    }
}

/* The fields that a file's own head and its entry in the directory share (APPNOTE 4.4). */
static void zip_fields(struct text *out, const struct zip_file *file)
{
    uLong sum = crc32(crc32(0, NULL, 0), (const Bytef *)file->bytes, (uInt)file->len);
    little(out, 20, 2);                       /* version needed */
    little(out, 0, 2);                        /* flags: names are not UTF-8 */
    little(out, 0, 2);                        /* stored */
    little(out, 0, 2);                        /* time */
    little(out, (46 << 9) | (1 << 5) | 1, 2); /* date */
    little(out, sum, 4);
    little(out, file->len, 4);
    little(out, file->len, 4);
    little(out, strlen(file->name), 2);
    little(out, 0, 2); /* extra */
}

void zip_write(const struct zip_file *files, size_t count, struct text *out)
{
    size_t at[8];
    assert(count <= 8);
    size_t start = out->len;
    for (size_t i = 0; i < count; i++) {
        at[i] = out->len - start;
        little(out, 0x04034b50, 4);
        zip_fields(out, &files[i]);
        text_add_string(out, files[i].name);
        text_add(out, files[i].bytes, files[i].len);
    }
    size_t directory = out->len - start;
    for (size_t i = 0; i < count; i++) {
        little(out, 0x02014b50, 4);
        little(out, 20, 2); /* made by */
        zip_fields(out, &files[i]);
        little(out, 0, 2 + 2 + 2); /* comment, disk, inside */
        little(out, 0, 4);         /* outside */
        little(out, at[i], 4);
        text_add_string(out, files[i].name);
    }
    size_t directory_len = out->len - start - directory;
    little(out, 0x06054b50, 4);
    little(out, 0, 4);
    little(out, count, 2);
    little(out, count, 2);
    little(out, directory_len, 4);
    little(out, directory, 4);
    little(out, 0, 2);
}

enum rc deflate_base64(const char *bytes, size_t len, struct text *out)
{
    uLongf packed_len = compressBound((uLong)len);
    Bytef *packed = malloc(packed_len);
    char *text = malloc(CRYPTO_BASE64_BYTES(packed_len));
    bool made = packed != NULL && text != NULL &&
                compress(packed, &packed_len, (const Bytef *)bytes, (uLong)len) == Z_OK;
    if (made) {
        text_add_string(out, crypto_base64(packed, packed_len, text));
    }
    free(packed);
    free(text);
    return made ? text_result(out) : RC_MEMORY;
}

void html(struct text *out, const char *text)
{
    for (const char *at = text; *at != '\0'; at++) {
        switch (*at) {
        case '<':
            text_add_string(out, "&lt;");
            break;
        case '&':
            text_add_string(out, "&amp;");
            break;
        case '"':
            text_add_string(out, "&quot;");
            break;
        default:
            text_add_char(out, *at);
        }
    }
}

void member_text(struct text *out, const char *name, const char *text)
{
    text_printf(out, ",\"%s\":", name);
    text_add_json_string(out, text, strlen(text));
}

void member_int(struct text *out, const char *name, int64_t value)
{
    text_printf(out, ",\"%s\":%lld", name, (long long)value);
}
