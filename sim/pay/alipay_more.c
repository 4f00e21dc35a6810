/* Alipay: notices and the daily bill. */
#include <stdio.h>
#include <string.h>

#include "core/base/clock.h"
#include "sim/pay/providers.h"

#define BODY_MAX (256 * 1024)
#define OVERSIZED_BYTES 100000
#define SHEET_MAX (24u << 20)
static const char columns[] = "支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,"
                              "门店编号,门店名称,操作员,终端号,对方账户,订单金额（元）,"
                              "商家实收（元）,支付宝红包（元）,集分宝（元）,支付宝优惠（元）,"
                              "商家优惠（元）,券核销金额（元）,券名称,商家红包消费金额（元）,"
                              "卡消费金额（元）,退款批次号/请求号,服务费（元）,分润（元）,备注\r\n";

static void add(struct form *form, struct arena *arena, const char *name, const char *value)
{
    const char *copy = arena_copy_string(arena, value);
    form_add(form, name, copy == NULL ? "" : copy);
}

static void add_yuan(struct form *form, struct arena *arena, const char *name, int64_t fen)
{
    char text[32];
    add(form, arena, name, yuan(fen, text));
}

/* The members that tell a payment; of a refund or a close, what they add. */
static void add_money(const struct notice *notice, struct arena *arena, struct form *form)
{
    const struct order *order = notice->order;
    char at[TIME_TEXT_MAX];
    if (notice->subject == ABOUT_CLOSE) {
        add_yuan(form, arena, "total_amount", order->amount_fen);
        add(form, arena, "trade_status", "TRADE_CLOSED");
        add(form, arena, "trade_no", order->token);
        add(form, arena, "gmt_close", time_plain(order->closed_at_ms, at));
        return;
    }
    const struct refund *refund =
        notice->subject == ABOUT_REFUND ? &order->refunds[notice->index] : NULL;
    const struct payment *paid = &order->payments[refund == NULL ? notice->index : refund->payment];
    bool all_back = refund != NULL && paid->refunded_fen == paid->amount_fen;
    int64_t more_fen = notice->flavor == FLAVOR_AMOUNT ? 1 : 0;
    add(form, arena, "trade_status", all_back ? "TRADE_CLOSED" : "TRADE_SUCCESS");
    add(form, arena, "trade_no", paid->transaction);
    add_yuan(form, arena, "total_amount", paid->amount_fen + more_fen);
    add_yuan(form, arena, "receipt_amount", paid->amount_fen + more_fen);
    add_yuan(form, arena, "invoice_amount", paid->amount_fen + more_fen);
    add_yuan(form, arena, "buyer_pay_amount", paid->amount_fen + more_fen);
    add_yuan(form, arena, "point_amount", 0);
    add(form, arena, "gmt_payment", time_plain(paid->paid_at_ms, at));
    if (refund != NULL) {
        add_yuan(form, arena, "refund_fee", paid->refunded_fen);
        add(form, arena, "out_biz_no", refund->number);
        char whole[64];
        (void)snprintf(whole, sizeof(whole), "%.40s.000", time_plain(refund->ended_at_ms, at));
        add(form, arena, "gmt_refund", whole);
    }
    if (notice->flavor == FLAVOR_CURRENCY) {
        add(form, arena, "trans_currency", "USD");
    }
}

static void fill(struct sandbox *sandbox, const struct notice *notice, struct arena *arena,
                 struct form *form)
{
    const struct order *order = notice->order;
    char at[TIME_TEXT_MAX];
    int64_t now_ms = clock_now_ms() - (notice->flavor == FLAVOR_STALE ? 40 * 86400000LL : 0);
    const char *app = notice->flavor == FLAVOR_APP ? "2014060600000001" : order->app;
    add(form, arena, "notify_time", time_plain(now_ms, at));
    add(form, arena, "notify_type", "trade_status_sync");
    add(form, arena, "notify_id", notice->id);
    add(form, arena, "charset", "utf-8");
    add(form, arena, "version", "1.0");
    add(form, arena, "app_id", app);
    add(form, arena, "auth_app_id", app);
    add(form, arena, "out_trade_no",
        notice->flavor == FLAVOR_ORDER ? "SANDBOX0UNKNOWN0ORDER" : order->number);
    add(form, arena, "seller_id",
        notice->flavor == FLAVOR_MERCHANT ? "2088000000000001" : sandbox->keys.alipay_seller_id);
    add(form, arena, "seller_email", "seller@sandbox.test");
    add(form, arena, "buyer_id", order->payer);
    add(form, arena, "buyer_logon_id", "san***@sandbox.test");
    add(form, arena, "subject", order->subject);
    add(form, arena, "gmt_create", time_plain(order->created_at_ms, at));
    if (order->attach[0] != '\0') {
        add(form, arena, "passback_params", order->attach);
    }
    add_money(notice, arena, form);
}

enum rc alipay_notice(struct sandbox *sandbox, const struct notice *notice, struct arena *arena,
                      struct http_request *ret_request)
{
    struct form form = {.count = 0};
    struct text string;
    const char *sign = "";
    fill(sandbox, notice, arena, &form);
    text_init(&string, BODY_MAX);
    sign_string(&form, "", true, &string); /* neither sign nor sign_type is among them yet */
    const struct rsa_key *key = notice->flavor == FLAVOR_SIGNATURE || notice->flavor == FLAVOR_KEY
                                    ? sandbox->keys.stranger
                                    : sandbox->keys.alipay_key;
    enum rc rc = text_result(&string);
    rc = rc == RC_OK ? rsa_sign(key, text_string(&string), string.len, arena, &sign) : rc;
    form_add(&form, "sign_type", notice->flavor == FLAVOR_ALGORITHM ? "RSA" : "RSA2");
    if (notice->flavor != FLAVOR_UNSIGNED) {
        form_add(&form, "sign", notice->flavor == FLAVOR_PROBE ? "c2lnbg==" : sign);
    }
    text_clear(&string);
    form_add_encoded(&form, &string);
    for (int i = 0; notice->flavor == FLAVOR_OVERSIZED && i < OVERSIZED_BYTES; i++) {
        text_add_string(&string, i == 0 ? "&fund_bill_list=0" : "0");
    }
    size_t len = notice->flavor == FLAVOR_TRUNCATED ? string.len / 2 : string.len;
    rc = rc == RC_OK ? text_result(&string) : rc;
    const char *body = rc == RC_OK ? arena_copy(arena, text_string(&string), len) : NULL;
    text_release(&string);
    if (body == NULL) {
        return rc == RC_OK ? RC_MEMORY : rc;
    }
    *ret_request = (struct http_request){
        .method = "POST", .url = notice->order->notify_url, .body = body, .body_len = len};
    http_header_add(ret_request, "Content-Type",
                    "application/x-www-form-urlencoded; charset=utf-8");
    http_header_add(ret_request, "User-Agent", "Mozilla/4.0");
    return RC_OK;
}

struct sheet {
    struct text rows; /* UTF-8 */
    int64_t paid, refunded;
    int64_t paid_fen, refunded_fen;
};

static void row(const struct order *order, const struct payment *paid, const struct refund *refund,
                struct text *out)
{
    char made[TIME_TEXT_MAX];
    char ended[TIME_TEXT_MAX];
    char amount[32];
    char fee[32];
    (void)time_plain(order->created_at_ms, made);
    (void)time_plain(refund == NULL ? paid->paid_at_ms : refund->ended_at_ms, ended);
    (void)yuan(refund == NULL ? paid->amount_fen : -refund->amount_fen, amount);
    (void)yuan(refund == NULL ? -paid->fee_fen : refund->fee_fen, fee);
    char subject[sizeof(order->subject)];
    text_copy(subject, sizeof(subject), order->subject);
    for (char *at = subject; *at != '\0'; at++) {
        *at = strchr(",\r\n\t", *at) != NULL ? ' ' : *at;
    }
    text_printf(out,
                "%s\t,%s\t,%s,%s,%s,%s,\t,\t,\t,\t,san***@sandbox.test\t,%s,%s,0.00,0.00,0.00,"
                "0.00,0.00,\t,0.00,0.00,%s\t,%s,0.00,\r\n",
                paid->transaction, order->number, refund == NULL ? "交易" : "退款", subject, made,
                ended, amount, amount, refund == NULL ? "" : refund->number, fee);
}

static void order_rows(const struct order *order, const char *date, struct sheet *sheet)
{
    char at[TIME_TEXT_MAX];
    for (int i = 0; i < order->payment_count; i++) {
        const struct payment *paid = &order->payments[i];
        if (strncmp(time_plain(paid->paid_at_ms, at), date, 10) == 0) {
            row(order, paid, NULL, &sheet->rows);
            sheet->paid++;
            sheet->paid_fen += paid->amount_fen;
        }
    }
    for (int i = 0; i < order->refund_count; i++) {
        const struct refund *refund = &order->refunds[i];
        if (refund->state == REFUND_SUCCESS &&
            strncmp(time_plain(refund->ended_at_ms, at), date, 10) == 0) {
            row(order, &order->payments[refund->payment], refund, &sheet->rows);
            sheet->refunded++;
            sheet->refunded_fen += refund->amount_fen;
        }
    }
}

static void details_write(struct sandbox *sandbox, const char *date, const struct sheet *sheet,
                          struct text *out)
{
    char now[TIME_TEXT_MAX];
    char paid[32];
    char back[32];
    text_printf(out,
                "#支付宝业务明细查询\r\n#账号：[%s0156]\r\n#起始日期：[%s 00:00:00]   "
                "终止日期：[%s 23:59:59]\r\n"
                "#-----------------------------------------业务明细列表"
                "----------------------------------------\r\n%s",
                sandbox->keys.alipay_seller_id, date, date, columns);
    text_add(out, text_string(&sheet->rows), sheet->rows.len);
    text_printf(
        out,
        "#-----------------------------------------业务明细列表结束"
        "------------------------------------\r\n"
        "#交易合计：%lld笔，商家实收共%s元，商家优惠共0.00元\r\n"
        "#退款合计：%lld笔，商家实收退款共%s元，商家优惠退款共0.00元\r\n#导出时间：[%s]\r\n",
        (long long)sheet->paid, yuan(sheet->paid_fen, paid), (long long)sheet->refunded,
        yuan(-sheet->refunded_fen, back), time_plain(clock_now_ms(), now));
}

/* Names and contents in GBK, without the flag that says UTF-8. */
static enum rc zip_of(const char *stem, const struct text *details, const struct text *total,
                      struct text *out)
{
    struct text names[2];
    struct text sheets[2];
    enum rc rc = RC_OK;
    for (int i = 0; i < 2; i++) {
        struct text name;
        text_init(&name, 256);
        text_printf(&name, "%s_业务明细%s.csv", stem, i == 0 ? "" : "(汇总)");
        text_init(&names[i], 256);
        text_init(&sheets[i], SHEET_MAX);
        const struct text *sheet = i == 0 ? details : total;
        rc = rc == RC_OK ? to_gbk(text_string(&name), name.len, &names[i]) : rc;
        rc = rc == RC_OK ? to_gbk(text_string(sheet), sheet->len, &sheets[i]) : rc;
        text_release(&name);
    }
    if (rc == RC_OK) {
        struct zip_file files[2];
        for (int i = 0; i < 2; i++) {
            files[i] =
                (struct zip_file){text_string(&names[i]), text_string(&sheets[i]), sheets[i].len};
        }
        zip_write(files, 2, out);
        rc = text_result(out);
    }
    for (int i = 0; i < 2; i++) {
        text_release(&names[i]);
        text_release(&sheets[i]);
    }
    return rc;
}

enum rc alipay_bill_zip(struct sandbox *sandbox, const char *date, struct text *out)
{
    struct sheet sheet = {.paid = 0};
    text_init(&sheet.rows, SHEET_MAX);
    for (size_t i = 0; i < sandbox->order_count; i++) {
        if (sandbox->orders[i]->provider == ALIPAY) {
            order_rows(sandbox->orders[i], date, &sheet);
        }
    }
    enum rc rc = sheet.paid + sheet.refunded == 0 ? RC_NOT_FOUND : text_result(&sheet.rows);
    if (rc == RC_OK) {
        char stem[64];
        struct text details;
        struct text total;
        text_init(&details, SHEET_MAX);
        text_init(&total, SHEET_MAX);
        details_write(sandbox, date, &sheet, &details);
        text_add_string(&total, "#支付宝业务汇总查询\r\n");
        (void)snprintf(stem, sizeof(stem), "%.20s0156_%.4s%.2s%.2s", sandbox->keys.alipay_seller_id,
                       date, date + 5, date + 8);
        rc = text_result(&details);
        rc = rc == RC_OK ? zip_of(stem, &details, &total, out) : rc;
        text_release(&details);
        text_release(&total);
    }
    text_release(&sheet.rows);
    return rc;
}
