/*
 * Day bill: alipay.data.dataservice.bill.downloadurl.query names an address that lives 30 s; behind
 * it lies a ZIP with a detail and a summary in GBK. Values end in a tab, refunds and fees of
 * payments are negative, commas in 商品名称 are not quoted.
 */
#include <assert.h>
#include <string.h>
#include <strings.h>

#include "core/pay/alipay_own.h"

#define METHOD "alipay.data.dataservice.bill.downloadurl.query"
#define COLUMNS_MAX 48
#define END_MARK "业务明细列表结束"

enum column { TRANSACTION, ORDER, KIND, SUBJECT, ENDED, AMOUNT, REFUND_NUMBER, FEE, COLUMN__MAX };

static const char *const titles[] = {
    [TRANSACTION] = "支付宝交易号",
    [ORDER] = "商户订单号",
    [KIND] = "业务类型",
    [SUBJECT] = "商品名称",
    [ENDED] = "完成时间",
    [AMOUNT] = "订单金额（元）",
    [REFUND_NUMBER] = "退款批次号/请求号",
    [FEE] = "服务费（元）",
};
_Static_assert(ARRAY_LEN(titles) == COLUMN__MAX, "one title a column");

struct layout {
    size_t count; /* 0: no header seen */
    size_t at[COLUMN__MAX];
};

enum rc alipay_bill_ask(const struct pay_merchant *merchant, struct arena *arena, int64_t now_ms,
                        struct pay_bill *bill)
{
    struct form form;
    const char *content =
        arena_printf(arena, "{\"bill_type\":\"trade\",\"bill_date\":\"%04d-%02d-%02d\"}",
                     bill->year, bill->month, bill->day);
    if (content == NULL) {
        return RC_MEMORY;
    }
    TRY(alipay_form(merchant, arena, METHOD, content, NULL, NULL, now_ms, &form));
    return alipay_request(merchant, arena, &form, &bill->request);
}

/* The address comes from a verified answer; even so only to Alipay, or where we were told to ask.
 */
static bool address_is_theirs(const struct pay_merchant *merchant, const char *url)
{
    size_t len = pay_origin_len(url);
    size_t base_len = pay_origin_len(merchant->base_url);
    static const char *const hosts[] = {".alipay.com", ".alipaydev.com"};
    if (len == 0 || strpbrk(url, " \r\n") != NULL) {
        return false;
    }
    if (len == base_len && strncmp(url, merchant->base_url, len) == 0) {
        return true;
    }
    for (size_t i = 0; i < ARRAY_LEN(hosts); i++) {
        size_t host_len = strlen(hosts[i]);
        if (strncmp(url, "http", 4) == 0 && len > host_len + 8 &&
            strncasecmp(url + len - host_len, hosts[i], host_len) == 0) {
            return true;
        }
    }
    return false;
}

static enum rc address_read(const struct pay_merchant *merchant, struct arena *arena,
                            const struct http_answer *answer, struct pay_bill *bill)
{
    CLEANUP(json_release) struct json_object *json = NULL;
    const char *code = "";
    const char *sub_code = "";
    const char *url = "";
    TRY(alipay_answer_open(alipay_of(merchant), arena, METHOD, answer, &json, &bill->refusal));
    if (bill->refusal != PAY_FINE) {
        return pay_bill_refuse(bill, bill->refusal, "");
    }
    if (json_get_text(json, "code", 1, 16, &code) != RC_OK) {
        return pay_bill_refuse(bill, PAY_REFUSED_MALFORMED, "");
    }
    if (strcmp(code, "10000") != 0) {
        enum rc rc = json_get_text(json, "sub_code", 1, 64, &sub_code);
        bill->code = arena_copy_string(arena, rc == RC_OK ? sub_code : code);
        if (bill->code == NULL) {
            return RC_MEMORY;
        }
        bill->state =
            strcasestr(bill->code, "bill_not_exist") != NULL ? PAY_BILL_NONE : PAY_BILL_REFUSED;
        return RC_OK;
    }
    if (json_get_text(json, "bill_download_url", 8, 2048, &url) != RC_OK ||
        !address_is_theirs(merchant, url)) {
        return pay_bill_refuse(bill, PAY_REFUSED_MALFORMED, "bill_download_url");
    }
    bill->step = 1;
    bill->request = (struct http_request){.method = "GET",
                                          .url = arena_copy_string(arena, url),
                                          .answer_max_bytes = PAY_BILL_BYTES_MAX};
    http_header_add(&bill->request, "User-Agent", "paywatt");
    return bill->request.url == NULL ? RC_MEMORY : RC_OK;
}

static char *trim(char *value)
{
    value += strspn(value, " \t");
    size_t len = strlen(value);
    while (len > 0 && strchr(" \t\r", value[len - 1]) != NULL) {
        value[--len] = '\0';
    }
    return value;
}

/* Cuts in place at commas; COLUMNS_MAX + 1 when there are more. */
static size_t cut(char *line, char **values)
{
    size_t count = 0;
    for (char *at = line; at != NULL; count++) {
        char *end = strchr(at, ',');
        if (count == COLUMNS_MAX) {
            return COLUMNS_MAX + 1;
        }
        if (end != NULL) {
            *end++ = '\0';
        }
        values[count] = trim(at);
        at = end;
    }
    return count;
}

static void header_read(char *line, struct layout *layout)
{
    char *values[COLUMNS_MAX];
    size_t count = cut(line, values);
    struct layout found = {.count = count};
    for (size_t c = 0; c < COLUMN__MAX && count <= COLUMNS_MAX; c++) {
        size_t i = 0;
        while (i < count && strcmp(values[i], titles[c]) != 0) {
            i++;
        }
        if (i == count) {
            return; /* not the header of a detail */
        }
        found.at[c] = i;
    }
    if (count <= COLUMNS_MAX) {
        *layout = found;
    }
}

/* Commas within the subject shift what stands behind it: those columns are counted from the end. */
static const char *value(char **values, size_t count, const struct layout *layout,
                         enum column column)
{
    size_t at = layout->at[column];
    return values[at > layout->at[SUBJECT] ? at + (count - layout->count) : at];
}

static enum rc row_read(char *line, const struct layout *layout, struct arena *arena,
                        struct pay_bill *bill)
{
    char *values[COLUMNS_MAX];
    size_t count = cut(line, values);
    int64_t amount_fen = 0;
    int64_t fee_fen = 0;
    enum rc rc = RC_OK;
    if (count < layout->count || count > COLUMNS_MAX) {
        return RC_INVALID;
    }
    const char *kind = value(values, count, layout, KIND);
    bool paid = strcmp(kind, "交易") == 0;
    bool refund = strcmp(kind, "退款") == 0;
    if (!pay_decimal_read(value(values, count, layout, AMOUNT), 2, &amount_fen) ||
        !pay_decimal_read(value(values, count, layout, FEE), 5, &fee_fen) ||
        (paid && amount_fen <= 0) || (refund && amount_fen >= 0)) {
        return RC_INVALID;
    }
    struct pay_bill_row *row = pay_bill_row_add(bill, arena, &rc);
    if (row == NULL) {
        return rc;
    }
    row->kind = paid ? PAY_KIND_PAY : refund ? PAY_KIND_REFUND : PAY_KIND_ADJUSTMENT;
    row->order_number = value(values, count, layout, ORDER);
    row->provider_transaction = value(values, count, layout, TRANSACTION);
    row->refund_number = refund ? value(values, count, layout, REFUND_NUMBER) : "";
    row->amount_fen = amount_fen < 0 ? -amount_fen : amount_fen;
    row->fee_fen = -fee_fen;
    return pay_time_read(ALIPAY_TIME_PATTERN, value(values, count, layout, ENDED),
                         &row->occurred_at_ms);
}

/* One text file of the archive. *ret_detail: it was a detail, and whole. */
static enum rc entry_rows(struct arena *arena, const struct pay_zip_entry *entry,
                          struct pay_bill *bill, bool *ret_detail)
{
    const char *converted = NULL;
    size_t len = 0;
    struct layout layout = {.count = 0};
    bool whole = false;
    TRY(pay_gbk_read(arena, entry->bytes, entry->len, &converted, &len));
    char *text = arena_copy(arena, converted, len);
    if (text == NULL) {
        return RC_MEMORY;
    }
    for (char *line = text; line != NULL && *line != '\0' && !whole;) {
        char *next = strchr(line, '\n');
        if (next != NULL) {
            *next++ = '\0';
        }
        if (line[0] == '#') {
            whole = strstr(line, END_MARK) != NULL;
        } else if (layout.count == 0) {
            header_read(line, &layout);
        } else if (line[strspn(line, " \t\r")] != '\0') {
            TRY(row_read(line, &layout, arena, bill));
        }
        line = next;
    }
    if (layout.count > 0 && !whole) {
        return RC_INVALID; /* cut off */
    }
    *ret_detail = *ret_detail || layout.count > 0;
    return RC_OK;
}

enum rc alipay_bill_rows(struct arena *arena, const char *bytes, size_t len, struct pay_bill *bill)
{
    struct pay_zip_entry entries[PAY_ZIP_ENTRIES_MAX];
    size_t count = 0;
    bool detail = false;
    enum rc rc = pay_zip_read(arena, bytes, len, entries, &count);
    for (size_t i = 0; rc == RC_OK && i < count; i++) {
        rc = entry_rows(arena, &entries[i], bill, &detail);
    }
    if (rc == RC_MEMORY) {
        return rc;
    }
    if (rc != RC_OK || !detail) {
        return pay_bill_refuse(bill, rc == RC_TOO_LARGE ? PAY_REFUSED_SIZE : PAY_REFUSED_MALFORMED,
                               "");
    }
    bill->state = PAY_BILL_READY;
    return RC_OK;
}

enum rc alipay_bill_read(const struct pay_merchant *merchant, struct arena *arena,
                         const struct http_answer *answer, int64_t now_ms, struct pay_bill *bill)
{
    (void)now_ms;
    if (bill->step == 0) {
        return address_read(merchant, arena, answer, bill);
    }
    if (answer->status != 200 || answer->body_len > PAY_BILL_BYTES_MAX) {
        return pay_bill_refuse(bill, PAY_REFUSED_SIZE, "download");
    }
    return alipay_bill_rows(arena, answer->body, answer->body_len, bill);
}
