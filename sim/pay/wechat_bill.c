/* WeChat's trade bill of a day: where it lies, and the file. */
#include <stdio.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/crypto.h"
#include "core/base/gzip.h"
#include "sim/pay/providers.h"

#define BILL_MAX (24u << 20)
static const char header[] = "\xEF\xBB\xBF"
                             "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,"
                             "商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,"
                             "应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,"
                             "充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,"
                             "订单金额,申请退款金额,费率备注\r\n";
static const char totals[] = "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,"
                             "订单总金额,申请退款总金额\r\n";

enum wanted { WANTED_ALL, WANTED_SUCCESS, WANTED_REFUND };

struct sums {
    int64_t rows, paid_fen, refunded_fen, fee_fen;
};

/* In the file fees have five decimals. */
static void fee_text(int64_t fen, char out[32])
{
    char whole[32];
    (void)snprintf(out, 32, "%.20s000", yuan(fen, whole));
}

static void cell(struct text *out, const char *text)
{
    text_add_string(out, out->len > 0 && out->bytes[out->len - 1] != '\n' ? ",`" : "`");
    for (const char *at = text; *at != '\0'; at++) {
        text_add_char(out, strchr(",\r\n`", *at) != NULL ? ' ' : *at);
    }
}

/* A row of a payment, or of one of its refunds. */
static void row(const struct sandbox *sandbox, const struct order *order,
                const struct payment *payment, const struct refund *refund, struct text *out)
{
    char text[TIME_TEXT_MAX];
    char fee[32];
    static const char *const states[] = {"PROCESSING", "SUCCESS", "CLOSED", "CHANGE"};
    static const char *const types[] = {"NATIVE", "MWEB", "JSAPI"};
    cell(out, time_plain(refund == NULL ? payment->paid_at_ms : refund->ended_at_ms, text));
    cell(out, order->app);
    cell(out, sandbox->keys.wechat_mchid);
    cell(out, "0");
    cell(out, "");
    cell(out, payment->transaction);
    cell(out, order->number);
    cell(out, order->payer);
    cell(out, types[order->entrance]);
    cell(out, refund == NULL ? "SUCCESS" : "REFUND");
    cell(out, "OTHERS");
    cell(out, "CNY");
    cell(out, refund == NULL ? yuan(payment->amount_fen, text) : "0.00");
    cell(out, "0.00");
    cell(out, refund == NULL ? "0" : refund->id);
    cell(out, refund == NULL ? "0" : refund->number);
    cell(out, refund == NULL ? "0.00" : yuan(refund->amount_fen, text));
    cell(out, "0.00");
    cell(out, refund == NULL ? "" : "ORIGINAL");
    cell(out, refund == NULL ? "" : states[refund->state]);
    cell(out, order->subject);
    cell(out, order->attach);
    fee_text(refund == NULL ? payment->fee_fen : -refund->fee_fen, fee);
    cell(out, fee);
    (void)snprintf(text, sizeof(text), "%lld.%lld0%%",
                   (long long)(sandbox->fee_per_mille[WECHAT] / 10),
                   (long long)(sandbox->fee_per_mille[WECHAT] % 10));
    cell(out, text);
    cell(out, refund == NULL ? yuan(payment->amount_fen, text) : "0.00");
    cell(out, refund == NULL ? "0.00" : yuan(refund->amount_fen, text));
    cell(out, "");
    text_add_string(out, "\r\n");
}

static void order_rows(const struct sandbox *sandbox, const struct order *order, int64_t day,
                       enum wanted wanted, struct text *out, struct sums *sums)
{
    for (int i = 0; wanted != WANTED_REFUND && i < order->payment_count; i++) {
        const struct payment *payment = &order->payments[i];
        if (day_of(payment->paid_at_ms) == day) {
            row(sandbox, order, payment, NULL, out);
            sums->rows++;
            sums->paid_fen += payment->amount_fen;
            sums->fee_fen += payment->fee_fen;
        }
    }
    for (int i = 0; wanted != WANTED_SUCCESS && i < order->refund_count; i++) {
        const struct refund *refund = &order->refunds[i];
        if (refund->state == REFUND_SUCCESS && day_of(refund->ended_at_ms) == day) {
            row(sandbox, order, &order->payments[refund->payment], refund, out);
            sums->rows++;
            sums->refunded_fen += refund->amount_fen;
            sums->fee_fen -= refund->fee_fen;
        }
    }
}

/* RC_NOT_FOUND: nothing happened on that day. */
static enum rc bill_write(const struct sandbox *sandbox, int64_t day, enum wanted wanted,
                          struct text *out)
{
    struct sums sums = {.rows = 0};
    char text[32];
    text_add_string(out, header);
    for (size_t i = 0; i < sandbox->order_count; i++) {
        if (sandbox->orders[i]->provider == WECHAT) {
            order_rows(sandbox, sandbox->orders[i], day, wanted, out, &sums);
        }
    }
    text_add_string(out, totals);
    (void)snprintf(text, sizeof(text), "%lld", (long long)sums.rows);
    cell(out, text);
    cell(out, yuan(sums.paid_fen, text));
    cell(out, yuan(sums.refunded_fen, text));
    cell(out, "0.00");
    fee_text(sums.fee_fen, text);
    cell(out, text);
    cell(out, yuan(sums.paid_fen, text));
    cell(out, yuan(sums.refunded_fen, text));
    text_add_string(out, "\r\n");
    return sums.rows == 0 ? RC_NOT_FOUND : text_result(out);
}

static enum rc day_read(const char *date, int64_t *ret_day)
{
    char plain[32];
    int64_t at_ms = 0;
    (void)snprintf(plain, sizeof(plain), "%.10s 00:00:00", date);
    if (strlen(date) != 10 || time_read_plain(plain, &at_ms) != RC_OK) {
        return RC_INVALID;
    }
    *ret_day = day_of(at_ms);
    return RC_OK;
}

static enum wanted wanted_of(const char *type)
{
    return strcmp(type, "SUCCESS") == 0  ? WANTED_SUCCESS
           : strcmp(type, "REFUND") == 0 ? WANTED_REFUND
                                         : WANTED_ALL;
}

void wechat_bill(struct sandbox *sandbox, const struct web_request *request,
                 struct web_reply *reply)
{
    struct form query;
    int64_t day = 0;
    if (form_parse(request->arena, request->query, strlen(request->query), &query) != RC_OK ||
        day_read(form_text(&query, "bill_date"), &day) != RC_OK) {
        wechat_error(reply, 400, "PARAM_ERROR", "参数错误：bill_date");
        return;
    }
    int64_t now_ms = clock_now_ms();
    if (!sandbox->bills_of_today && day >= day_of(now_ms)) {
        wechat_error(reply, 400, "INVALID_REQUEST", "账单尚未生成，请T+1日10点后再获取");
        return;
    }
    const char *type = form_text(&query, "bill_type");
    struct text file;
    text_init(&file, BILL_MAX);
    enum rc rc = bill_write(sandbox, day, wanted_of(type), &file);
    if (rc != RC_OK) {
        text_release(&file);
        wechat_error(reply, rc == RC_NOT_FOUND ? 400 : 500,
                     rc == RC_NOT_FOUND ? "NO_STATEMENT_EXIST" : "SYSTEM_ERROR", "账单文件不存在");
        return;
    }
    uint8_t sum[CRYPTO_SHA1_BYTES];
    char hex[2 * CRYPTO_SHA1_BYTES + 1];
    crypto_sha1(file.bytes, file.len, sum);
    text_release(&file);
    reply->status = 200;
    reply->type = "application/json; charset=utf-8";
    text_printf(&reply->body,
                "{\"hash_type\":\"SHA1\",\"hash_value\":\"%s\",\"download_url\":"
                "\"http://127.0.0.1:%u/v3/billdownload/file?token=%lld-%s&tartype=%s\"}",
                crypto_hex(sum, sizeof(sum), hex), sandbox->ports[WECHAT], (long long)day,
                wanted_of(type) == WANTED_ALL ? "ALL" : type,
                strcmp(form_text(&query, "tar_type"), "GZIP") == 0 ? "gzip" : "plain");
    wechat_sign_reply(sandbox, request, reply);
}

/* The file itself is not signed. */
void wechat_bill_file(struct sandbox *sandbox, const struct web_request *request,
                      struct web_reply *reply)
{
    struct form query;
    struct text file;
    int64_t day = 0;
    if (form_parse(request->arena, request->query, strlen(request->query), &query) != RC_OK) {
        wechat_error(reply, 400, "PARAM_ERROR", "参数错误");
        return;
    }
    const char *token = form_text(&query, "token");
    const char *dash = strchr(token, '-');
    if (dash == NULL || text_parse_int(token, (size_t)(dash - token), 0, 100000, &day) != RC_OK) {
        wechat_error(reply, 400, "PARAM_ERROR", "参数错误：token");
        return;
    }
    text_init(&file, BILL_MAX);
    enum rc rc = bill_write(sandbox, day, wanted_of(dash + 1), &file);
    reply->status = 200;
    reply->type = "application/octet-stream";
    if (rc == RC_OK && strcmp(form_text(&query, "tartype"), "gzip") == 0) {
        rc = gzip_pack(file.bytes, file.len, &reply->body);
    } else if (rc == RC_OK) {
        text_add(&reply->body, file.bytes, file.len);
    }
    if (rc != RC_OK) {
        wechat_error(reply, 400, "NO_STATEMENT_EXIST", "账单文件不存在");
    }
    text_release(&file);
}
