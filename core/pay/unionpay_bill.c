/*
 * Settlement file: fileContent = base64(zlib(ZIP)) with INN..ZM_.. (detail) and INN..ZME_.. (errors
 * and adjustments). Lines have fixed widths in bytes with one byte between fields; text is GBK, the
 * fields read here are ASCII. Dates have no year: the file's own decides.
 */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "core/base/crypto.h"
#include "core/pay/unionpay_own.h"
#include "core/rules/money.h"

/* Widths of the official example, up to the last field that is needed; older files are the same
   there. Fields are numbered from 1 as in the papers. */
static const int zm_widths[] = {3,  11, 11, 6,  10, 19, 12, 4,  2,  21, 2,  32, 2,  6,
                                10, 13, 13, 4,  15, 2,  2,  6,  2,  4,  32, 1,  21, 15,
                                1,  15, 32, 13, 13, 8,  32, 13, 13, 12, 2,  1,  32};
static const int zme_widths[] = {3, 11, 11, 6, 10, 19, 12};

enum zm_field {
    ZM_TIME = 5,
    ZM_AMOUNT = 7,
    ZM_QUERY_ID = 10,
    ZM_ORDER = 12,
    ZM_FEE = 16,
    ZM_TYPE = 20,
    ZM_ORIGINAL_QUERY_ID = 27,
    ZM_MERCHANT = 28,
    ZM_ORIGINAL_ORDER = 41,
};

/* A field of a line without the blanks around it, in the arena; NULL: not in the line, not ASCII,
   no memory. */
static const char *field(struct arena *arena, const int *widths, int number, const char *line,
                         size_t len)
{
    size_t at = 0;
    for (int i = 1; i < number; i++) {
        at += (size_t)widths[i - 1] + 1;
    }
    size_t width = (size_t)widths[number - 1];
    if (at + width > len) {
        return NULL;
    }
    while (width > 0 && line[at] == ' ') {
        at++;
        width--;
    }
    while (width > 0 && line[at + width - 1] == ' ') {
        width--;
    }
    for (size_t i = 0; i < width; i++) {
        if (line[at + i] <= ' ' || line[at + i] > '~') {
            return NULL;
        }
    }
    return arena_copy(arena, line + at, width);
}

/* X and 12 digits: D is taken from us, C is given. */
static bool signed_amount(const char *text, int64_t *ret_fen)
{
    int64_t fen = 0;
    if (text == NULL || strlen(text) != 13 || (text[0] != 'C' && text[0] != 'D')) {
        return false;
    }
    for (int i = 1; i < 13; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return false;
        }
        fen = fen * 10 + (text[i] - '0');
    }
    *ret_fen = text[0] == 'D' ? fen : -fen;
    return true;
}

/* MMDDhhmmss: a day behind the file's own was in the year before. */
static bool time_read(const char *text, const struct pay_bill *bill, int64_t *ret_at_ms)
{
    char whole[PAY_TIME_MAX];
    char day[8];
    if (text == NULL || strlen(text) != 10) {
        return false;
    }
    (void)snprintf(day, sizeof(day), "%02d%02d", bill->month % 100, bill->day % 100);
    int year = strncmp(text, day, 4) > 0 ? bill->year - 1 : bill->year;
    (void)snprintf(whole, sizeof(whole), "%04d%s", year % 10000, text);
    return pay_time_read(UNIONPAY_TIME_PATTERN, whole, ret_at_ms) == RC_OK;
}

enum rc unionpay_bill_line(const struct unionpay *unionpay, struct arena *arena, const char *line,
                           size_t len, struct pay_bill *bill)
{
    const char *amount = field(arena, zm_widths, ZM_AMOUNT, line, len);
    const char *type = field(arena, zm_widths, ZM_TYPE, line, len);
    const char *order = field(arena, zm_widths, ZM_ORDER, line, len);
    const char *query_id = field(arena, zm_widths, ZM_QUERY_ID, line, len);
    const char *original_id = field(arena, zm_widths, ZM_ORIGINAL_QUERY_ID, line, len);
    const char *merchant = field(arena, zm_widths, ZM_MERCHANT, line, len);
    const char *original = field(arena, zm_widths, ZM_ORIGINAL_ORDER, line, len);
    struct pay_bill_row read = {.fee_fen = 0};
    if (amount == NULL || type == NULL || order == NULL || query_id == NULL ||
        original_id == NULL || merchant == NULL || strcmp(merchant, unionpay->merchant_id) != 0 ||
        pay_fen_read(amount, &read.amount_fen) != RC_OK ||
        !signed_amount(field(arena, zm_widths, ZM_FEE, line, len), &read.fee_fen) ||
        !time_read(field(arena, zm_widths, ZM_TIME, line, len), bill, &read.occurred_at_ms)) {
        return RC_INVALID;
    }
    bool paid = strcmp(type, "01") == 0;
    bool refund = strcmp(type, "04") == 0 || strcmp(type, "31") == 0;
    read.kind = paid ? PAY_KIND_PAY : refund ? PAY_KIND_REFUND : PAY_KIND_ADJUSTMENT;
    read.order_number = !refund ? order : original == NULL ? "" : original;
    read.provider_transaction = refund ? original_id : query_id;
    read.refund_number = refund ? order : "";
    enum rc rc = RC_OK;
    struct pay_bill_row *row = pay_bill_row_add(bill, arena, &rc);
    if (row != NULL) {
        *row = read;
    }
    return rc;
}

static enum rc adjustment_line(struct arena *arena, const char *line, size_t len,
                               struct pay_bill *bill)
{
    const char *amount = field(arena, zme_widths, ZM_AMOUNT, line, len);
    int64_t amount_fen = 0;
    int64_t at_ms = 0;
    enum rc rc = RC_OK;
    if (amount == NULL || pay_fen_read(amount, &amount_fen) != RC_OK ||
        !time_read(field(arena, zme_widths, ZM_TIME, line, len), bill, &at_ms)) {
        return RC_INVALID;
    }
    struct pay_bill_row *row = pay_bill_row_add(bill, arena, &rc);
    if (row != NULL) {
        row->kind = PAY_KIND_ADJUSTMENT;
        row->amount_fen = amount_fen;
        row->occurred_at_ms = at_ms;
    }
    return rc;
}

static enum rc entry_rows(const struct unionpay *unionpay, struct arena *arena,
                          const struct pay_zip_entry *entry, struct pay_bill *bill)
{
    bool adjustments = strstr(entry->name, "ZME_") != NULL;
    if (!adjustments && strstr(entry->name, "ZM_") == NULL) {
        return RC_OK; /* sums and fees of the day */
    }
    for (size_t at = 0; at < entry->len;) {
        const char *line = entry->bytes + at;
        const char *end = memchr(line, '\n', entry->len - at);
        size_t len = end == NULL ? entry->len - at : (size_t)(end - line);
        at += len + 1;
        while (len > 0 && line[len - 1] == '\r') {
            len--;
        }
        if (len > 0) {
            TRY(adjustments ? adjustment_line(arena, line, len, bill)
                            : unionpay_bill_line(unionpay, arena, line, len, bill));
        }
    }
    return RC_OK;
}

enum rc unionpay_bill_rows(const struct unionpay *unionpay, struct arena *arena,
                           const char *content, struct pay_bill *bill)
{
    size_t text_len = strlen(content);
    uint8_t *packed = arena_take(arena, text_len + 1);
    const char *archive = NULL;
    size_t packed_len = 0;
    size_t archive_len = 0;
    struct pay_zip_entry entries[PAY_ZIP_ENTRIES_MAX];
    size_t count = 0;
    if (packed == NULL) {
        return RC_MEMORY;
    }
    enum rc rc = crypto_unbase64(content, text_len, packed, text_len, &packed_len);
    if (rc == RC_OK) {
        rc = pay_inflate(arena, (const char *)packed, packed_len, &archive, &archive_len);
    }
    if (rc == RC_OK) {
        rc = pay_zip_read(arena, archive, archive_len, entries, &count);
    }
    for (size_t i = 0; rc == RC_OK && i < count; i++) {
        rc = entry_rows(unionpay, arena, &entries[i], bill);
    }
    if (rc == RC_MEMORY) {
        return rc;
    }
    if (rc != RC_OK) {
        return pay_bill_refuse(bill, rc == RC_TOO_LARGE ? PAY_REFUSED_SIZE : PAY_REFUSED_MALFORMED,
                               bill->code);
    }
    bill->state = PAY_BILL_READY;
    return RC_OK;
}
