/* UnionPay: back-end notices and the settlement file. */
#include <stdio.h>
#include <string.h>

#include "core/base/clock.h"
#include "sim/pay/providers.h"

#define BODY_MAX (256 * 1024)
#define OVERSIZED_BYTES 100000
#define FILE_MAX (16u << 20)
#define HOUR_MS (3600 * (int64_t)1000)

static void add_time(struct form *form, struct arena *arena, const char *name, int64_t at_ms,
                     int from, int len)
{
    char time[TIME_TEXT_MAX];
    (void)time_compact(at_ms, time);
    form_add(form, name, arena_copy(arena, time + from, (size_t)len));
}

static void fill(struct sandbox *sandbox, const struct notice *notice, struct arena *arena,
                 struct form *form)
{
    const struct order *order = notice->order;
    const struct refund *refund =
        notice->subject == ABOUT_REFUND ? &order->refunds[notice->index] : NULL;
    const struct payment *paid = &order->payments[refund == NULL ? notice->index : refund->payment];
    int64_t at_ms = refund == NULL ? paid->paid_at_ms : refund->ended_at_ms;
    int64_t fen = refund == NULL ? paid->amount_fen : refund->amount_fen;
    const char *amount =
        arena_printf(arena, "%lld", (long long)fen + (notice->flavor == FLAVOR_AMOUNT ? 1 : 0));
    const char *currency = notice->flavor == FLAVOR_CURRENCY ? "840" : "156";
    const char *id = refund == NULL ? paid->transaction : refund->id;
    bool fine = refund == NULL || refund->state == REFUND_SUCCESS;
    form_add(form, "version", notice->flavor == FLAVOR_ALGORITHM ? "5.0.0" : "5.1.0");
    form_add(form, "encoding", "UTF-8");
    form_add(form, "signMethod", "01");
    form_add(form, "txnType", refund == NULL ? "01" : refund->type);
    form_add(form, "txnSubType", refund == NULL ? "01" : "00");
    form_add(form, "bizType", "000201");
    form_add(form, "accessType", "0");
    form_add(form, "merId",
             notice->flavor == FLAVOR_MERCHANT || notice->flavor == FLAVOR_APP
                 ? "777290058110099"
                 : sandbox->keys.unionpay_merchant_id);
    form_add(form, "orderId",
             notice->flavor == FLAVOR_ORDER ? "SANDBOX0UNKNOWN0ORDER"
             : refund == NULL               ? order->number
                                            : refund->number);
    form_add(form, "txnTime", refund == NULL ? order->time : refund->time);
    form_add(form, "txnAmt", amount);
    form_add(form, "currencyCode", currency);
    form_add(form, "settleAmt", amount);
    form_add(form, "settleCurrencyCode", currency);
    form_add(form, "queryId", id);
    form_add(form, "traceNo", arena_copy(arena, id + 14, 6));
    form_add(form, "origQryId", refund == NULL ? "" : paid->transaction);
    form_add(form, "accNo", refund == NULL ? order->payer : "");
    form_add(form, "reqReserved", refund == NULL ? order->attach : "");
    form_add(form, "respCode", fine ? "00" : "61");
    form_add(form, "respMsg", fine ? "成功[0000000]" : "退款失败");
    add_time(form, arena, "traceTime", at_ms, 4, 10);
    add_time(form, arena, "settleDate", at_ms + HOUR_MS, 4, 4);
}

enum rc unionpay_notice(struct sandbox *sandbox, const struct notice *notice, struct arena *arena,
                        struct http_request *ret_request)
{
    struct form form = {.count = 0};
    struct text text;
    fill(sandbox, notice, arena, &form);
    TRY(unionpay_sign(sandbox, arena, &form,
                      notice->flavor == FLAVOR_SIGNATURE || notice->flavor == FLAVOR_KEY));
    if (notice->flavor == FLAVOR_UNSIGNED) {
        for (size_t i = 0; i < form.count; i++) {
            if (strcmp(form.fields[i].name, "signature") == 0) {
                form.fields[i] = form.fields[--form.count];
                break;
            }
        }
    }
    text_init(&text, BODY_MAX);
    form_add_encoded(&form, &text);
    for (int i = 0; notice->flavor == FLAVOR_OVERSIZED && i < OVERSIZED_BYTES; i++) {
        text_add_string(&text, i == 0 ? "&reserved=0" : "0");
    }
    size_t len = notice->flavor == FLAVOR_TRUNCATED ? text.len / 2 : text.len;
    enum rc rc = text_result(&text);
    const char *body = rc == RC_OK ? arena_copy(arena, text_string(&text), len) : NULL;
    text_release(&text);
    if (body == NULL) {
        return rc == RC_OK ? RC_MEMORY : rc;
    }
    const char *url = notice->subject == ABOUT_REFUND
                          ? notice->order->refunds[notice->index].notify_url
                          : notice->order->notify_url;
    *ret_request =
        (struct http_request){.method = "POST", .url = url, .body = body, .body_len = len};
    http_header_add(ret_request, "Content-Type", "application/x-www-form-urlencoded;charset=UTF-8");
    http_header_add(ret_request, "User-Agent", "UnionPay/1.0 APIGateway");
    return RC_OK;
}

/* Fixed width in bytes, one blank between fields: the widths of a ZM line. */
static const uint8_t zm_widths[] = {3,  11, 11, 6,  10, 19, 12, 4,  2,  21, 2,  32, 2,  6,
                                    10, 13, 13, 4,  15, 2,  2,  6,  2,  4,  32, 1,  21, 15,
                                    1,  15, 32, 13, 13, 8,  32, 13, 13, 12, 2,  1,  32, 98};

static void zm_line(const char *const *values, struct text *out)
{
    for (size_t i = 0; i < ARRAY_LEN(zm_widths); i++) {
        const char *value = values[i] == NULL ? "" : values[i];
        text_printf(out, "%s%-*.*s", i > 0 ? " " : "", (int)zm_widths[i], (int)zm_widths[i], value);
    }
    text_add_string(out, "\r\n");
}

/* A line of a payment, or of one of its refunds. */
static void zm_row(const struct sandbox *sandbox, const struct order *order,
                   const struct payment *paid, const struct refund *refund, struct text *out)
{
    const char *values[ARRAY_LEN(zm_widths)] = {NULL};
    char time[TIME_TEXT_MAX];
    char amount[24];
    char fee[24];
    char settle[24];
    char trace[8];
    int64_t fen = refund == NULL ? paid->amount_fen : refund->amount_fen;
    int64_t fee_fen = refund == NULL ? paid->fee_fen : refund->fee_fen;
    const char *id = refund == NULL ? paid->transaction : refund->id;
    (void)time_compact(refund == NULL ? paid->paid_at_ms : refund->ended_at_ms, time);
    (void)snprintf(amount, sizeof(amount), "%012lld", (long long)fen);
    (void)snprintf(fee, sizeof(fee), "%c%012lld", refund == NULL ? 'D' : 'C', (long long)fee_fen);
    (void)snprintf(settle, sizeof(settle), "%c%012lld", refund == NULL ? 'C' : 'D',
                   (long long)(fen - fee_fen));
    (void)snprintf(trace, sizeof(trace), "%.6s", id + 14);
    values[0] = refund == NULL ? "S22" : strcmp(refund->type, "31") == 0 ? "S32" : "S30";
    values[1] = "48021000";
    values[2] = "00049992";
    values[3] = trace;
    values[4] = time + 4;
    values[5] = order->payer;
    values[6] = amount;
    values[7] = "4900";
    values[8] = "08";
    values[9] = id;
    values[11] = refund == NULL ? order->number : refund->number;
    values[12] = "01";
    values[15] = fee;
    values[16] = settle;
    values[19] = refund == NULL ? "01" : refund->type;
    values[20] = refund == NULL ? "01" : "00";
    values[21] = "000201";
    values[26] = refund == NULL ? NULL : paid->transaction;
    values[27] = sandbox->keys.unionpay_merchant_id;
    values[40] = refund == NULL ? NULL : order->number;
    zm_line(values, out);
}

/* True if a time belongs to the clearing day MMDD: 23:00 to 23:00. */
static bool settles_on(int64_t at_ms, const char *date)
{
    char time[TIME_TEXT_MAX];
    return strncmp(time_compact(at_ms + HOUR_MS, time) + 4, date, 4) == 0;
}

enum rc unionpay_file(struct sandbox *sandbox, const char *date, struct text *out, char name[64])
{
    struct text zm;
    struct text zip;
    char zm_name[64];
    char zme_name[64];
    char year[TIME_TEXT_MAX];
    if (strlen(date) != 4 || strspn(date, "0123456789") != 4 ||
        (!sandbox->bills_of_today && settles_on(clock_now_ms(), date))) {
        return RC_NOT_FOUND;
    }
    text_init(&zm, FILE_MAX);
    text_init(&zip, FILE_MAX);
    for (size_t i = 0; i < sandbox->order_count; i++) {
        const struct order *order = sandbox->orders[i];
        for (int k = 0; order->provider == UNIONPAY && k < order->payment_count; k++) {
            if (settles_on(order->payments[k].paid_at_ms, date)) {
                zm_row(sandbox, order, &order->payments[k], NULL, &zm);
            }
        }
        for (int k = 0; order->provider == UNIONPAY && k < order->refund_count; k++) {
            const struct refund *refund = &order->refunds[k];
            if (refund->state == REFUND_SUCCESS && settles_on(refund->ended_at_ms, date)) {
                zm_row(sandbox, order, &order->payments[refund->payment], refund, &zm);
            }
        }
    }
    (void)time_compact(clock_now_ms(), year);
    const char *merchant = sandbox->keys.unionpay_merchant_id;
    (void)snprintf(zm_name, sizeof(zm_name), "INN%.2s%s88ZM_%.15s", year + 2, date, merchant);
    (void)snprintf(zme_name, sizeof(zme_name), "INN%.2s%s88ZME_%.15s", year + 2, date, merchant);
    (void)snprintf(name, 64, "%.15s_%.4s%s.zip", merchant, year, date);
    const struct zip_file files[] = {{zm_name, text_string(&zm), zm.len}, {zme_name, "", 0}};
    enum rc rc = zm.len == 0 ? RC_NOT_FOUND : text_result(&zm);
    if (rc == RC_OK) {
        zip_write(files, 2, &zip);
        rc = deflate_base64(text_string(&zip), zip.len, out);
    }
    text_release(&zm);
    text_release(&zip);
    return rc;
}
