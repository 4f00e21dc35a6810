/*
 * Trade bill: GET /v3/bill/tradebill names an address and a SHA-1; the file behind it is not
 * signed, so its unpacked bytes must have that sum. CSV in UTF-8 with a byte order mark; each value
 * has a backtick before it, amounts are yuan, two lines of totals end it.
 */
#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "core/pay/wechat_own.h"

#define TIME_PATTERN "YYYY-MM-DD hh:mm:ss"
#define COLUMNS_MAX 48

enum column {
    TIME,
    TRANSACTION,
    ORDER,
    STATE,
    CURRENCY,
    REFUND_ID,
    REFUND_NUMBER,
    FEE,
    TOTAL,
    REFUND_ASKED,
    REFUND_PAID,
    COLUMN__MAX
};

static const char *const titles[] = {
    [TIME] = "交易时间",
    [TRANSACTION] = "微信订单号",
    [ORDER] = "商户订单号",
    [STATE] = "交易状态",
    [CURRENCY] = "货币种类",
    [REFUND_ID] = "微信退款单号",
    [REFUND_NUMBER] = "商户退款单号",
    [FEE] = "手续费",
    [TOTAL] = "订单金额",
    [REFUND_ASKED] = "申请退款金额",
    [REFUND_PAID] = "退款金额",
};
_Static_assert(ARRAY_LEN(titles) == COLUMN__MAX, "one title a column");

enum rc wechat_bill_ask(const struct pay_merchant *merchant, struct arena *arena, int64_t now_ms,
                        struct pay_bill *bill)
{
    const char *path = arena_printf(
        arena, "/v3/bill/tradebill?bill_date=%04d-%02d-%02d&bill_type=ALL&tar_type=GZIP",
        bill->year, bill->month, bill->day);
    if (path == NULL) {
        return RC_MEMORY;
    }
    return wechat_request(merchant, arena, "GET", path, NULL, now_ms, &bill->request);
}

/* Cuts the line into values in place. Separators are the commas with a backtick behind them; a
   header has none. Returns how many, COLUMNS_MAX + 1 when there are more. */
static size_t cut(char *line, char **values)
{
    bool quoted = line[0] == '`';
    const char *separator = quoted ? ",`" : ",";
    char *at = line + (quoted ? 1 : 0);
    size_t count = 0;
    while (at != NULL && count < COLUMNS_MAX) {
        char *end = strstr(at, separator);
        values[count++] = at;
        if (end != NULL) {
            *end = '\0';
            end += strlen(separator);
        }
        at = end;
    }
    return at == NULL ? count : COLUMNS_MAX + 1;
}

static enum rc row_read(char **values, const size_t at[COLUMN__MAX], struct arena *arena,
                        struct pay_bill *bill)
{
    bool paid = strcmp(values[at[STATE]], "SUCCESS") == 0;
    bool refund = strcmp(values[at[STATE]], "REFUND") == 0;
    int64_t amount_fen = 0;
    int64_t fee_fen = 0;
    if (!paid && !refund) {
        return RC_OK; /* REVOKED: no money */
    }
    const char *amount = values[at[paid ? TOTAL : REFUND_ASKED]];
    enum rc rc = RC_OK;
    /* A fee has up to five decimals. */
    if (strcmp(values[at[CURRENCY]], "CNY") != 0 || !pay_decimal_read(amount, 2, &amount_fen) ||
        amount_fen <= 0 || !pay_decimal_read(values[at[FEE]], 5, &fee_fen)) {
        return RC_INVALID;
    }
    struct pay_bill_row *row = pay_bill_row_add(bill, arena, &rc);
    if (row == NULL) {
        return rc;
    }
    row->kind = paid ? PAY_KIND_PAY : PAY_KIND_REFUND;
    row->order_number = values[at[ORDER]];
    row->provider_transaction = values[at[TRANSACTION]];
    row->refund_number = refund ? values[at[REFUND_NUMBER]] : "";
    row->amount_fen = amount_fen;
    row->fee_fen = fee_fen;
    return pay_time_read(TIME_PATTERN, values[at[TIME]], &row->occurred_at_ms);
}

static bool header_read(char *line, size_t *ret_count, size_t at[COLUMN__MAX])
{
    char *values[COLUMNS_MAX];
    size_t count = cut(line, values);
    *ret_count = count;
    for (size_t c = 0; c < COLUMN__MAX; c++) {
        at[c] = COLUMNS_MAX;
        for (size_t i = 0; i < count && count <= COLUMNS_MAX; i++) {
            if (strcmp(values[i], titles[c]) == 0) {
                at[c] = i;
            }
        }
    }
    if (at[REFUND_ASKED] == COLUMNS_MAX) {
        at[REFUND_ASKED] = at[REFUND_PAID]; /* older files */
    }
    for (size_t c = 0; c < COLUMN__MAX; c++) {
        if (at[c] == COLUMNS_MAX && c != REFUND_PAID) {
            return false;
        }
    }
    return true;
}

enum rc wechat_bill_rows(const struct wechat *wechat, struct arena *arena, const char *bytes,
                         size_t len, struct pay_bill *bill)
{
    (void)wechat;
    size_t at[COLUMN__MAX];
    size_t columns = 0;
    bool totals = false;
    bool mark = len >= 3 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0;
    size_t skip = mark ? 3 : 0;
    char *text = arena_copy(arena, bytes + skip, len - skip);
    if (text == NULL) {
        return RC_MEMORY;
    }
    if (!text_is_utf8(text, len - skip)) {
        return pay_bill_refuse(bill, PAY_REFUSED_MALFORMED, "");
    }
    for (char *line = text; line != NULL && *line != '\0' && !totals;) {
        char *next = strchr(line, '\n');
        char *values[COLUMNS_MAX];
        if (next != NULL) {
            *next++ = '\0';
        }
        line[strcspn(line, "\r")] = '\0';
        enum rc rc = RC_OK;
        if (columns == 0) {
            rc = header_read(line, &columns, at) ? RC_OK : RC_INVALID;
        } else if (line[0] == '`') {
            rc = cut(line, values) == columns ? row_read(values, at, arena, bill) : RC_INVALID;
        } else {
            totals = strncmp(line, "总交易单数", strlen("总交易单数")) == 0;
            rc = totals ? RC_OK : RC_INVALID;
        }
        if (rc == RC_MEMORY) {
            return rc;
        }
        if (rc != RC_OK) {
            return pay_bill_refuse(bill, PAY_REFUSED_MALFORMED, "");
        }
        line = next;
    }
    if (!totals) {
        return pay_bill_refuse(bill, PAY_REFUSED_MALFORMED, ""); /* cut off */
    }
    bill->state = PAY_BILL_READY;
    return RC_OK;
}

/* First answer: address and sum. The address is asked at our base_url, whatever host it names. */
static enum rc address_read(const struct pay_merchant *merchant, struct arena *arena,
                            const struct http_answer *answer, int64_t now_ms, struct pay_bill *bill)
{
    CLEANUP(json_release) struct json_object *json = NULL;
    const char *type = NULL;
    const char *hash = NULL;
    const char *url = NULL;
    TRY(wechat_verify(wechat_of(merchant), answer->headers, answer->header_count, answer->body,
                      answer->body_len, now_ms, &bill->refusal));
    if (bill->refusal != PAY_FINE) {
        return pay_bill_refuse(bill, bill->refusal, "");
    }
    if (json_parse_unique(answer->body, answer->body_len, WECHAT_JSON_DEPTH, &json) != RC_OK ||
        json_get_text(json, "hash_type", 1, 16, &type) != RC_OK || strcmp(type, "SHA1") != 0 ||
        json_get_text(json, "hash_value", 40, 40, &hash) != RC_OK ||
        json_get_text(json, "download_url", 8, 2048, &url) != RC_OK || pay_origin_len(url) == 0 ||
        url[pay_origin_len(url)] != '/' || strpbrk(url, " \r\n") != NULL) {
        return pay_bill_refuse(bill, PAY_REFUSED_MALFORMED, "");
    }
    bill->hash = arena_copy_string(arena, hash);
    const char *path = arena_copy_string(arena, url + pay_origin_len(url));
    if (bill->hash == NULL || path == NULL) {
        return RC_MEMORY;
    }
    bill->step = 1;
    TRY(wechat_request(merchant, arena, "GET", path, NULL, now_ms, &bill->request));
    bill->request.answer_max_bytes = PAY_BILL_BYTES_MAX;
    return RC_OK;
}

static enum rc file_read(const struct pay_merchant *merchant, struct arena *arena,
                         const struct http_answer *answer, struct pay_bill *bill)
{
    uint8_t sum[CRYPTO_SHA1_BYTES];
    char hex[2 * CRYPTO_SHA1_BYTES + 1];
    const char *bytes = answer->body;
    size_t len = answer->body_len;
    if (len > PAY_BILL_BYTES_MAX) {
        return pay_bill_refuse(bill, PAY_REFUSED_SIZE, "");
    }
    if (len >= 2 && memcmp(bytes, "\x1F\x8B", 2) == 0) {
        enum rc rc = pay_inflate(arena, answer->body, answer->body_len, &bytes, &len);
        if (rc == RC_MEMORY) {
            return rc;
        }
        if (rc != RC_OK) {
            return pay_bill_refuse(bill, PAY_REFUSED_MALFORMED, "");
        }
    }
    crypto_sha1(bytes, len, sum);
    if (strcasecmp(crypto_hex(sum, sizeof(sum), hex), bill->hash) != 0) {
        return pay_bill_refuse(bill, PAY_REFUSED_SIGNATURE, "hash");
    }
    return wechat_bill_rows(wechat_of(merchant), arena, bytes, len, bill);
}

enum rc wechat_bill_read(const struct pay_merchant *merchant, struct arena *arena,
                         const struct http_answer *answer, int64_t now_ms, struct pay_bill *bill)
{
    if (answer->status == 200) {
        return bill->step == 0 ? address_read(merchant, arena, answer, now_ms, bill)
                               : file_read(merchant, arena, answer, bill);
    }
    TRY(wechat_error_code(arena, answer, &bill->code));
    if (strcmp(bill->code, "NO_STATEMENT_EXIST") == 0) {
        bill->state = PAY_BILL_NONE;
        return RC_OK;
    }
    return pay_bill_refuse(bill, PAY_REFUSED_UNSIGNED, bill->code);
}
