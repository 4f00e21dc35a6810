/* The cashier: what a payer would see in the provider's app, as plain pages without scripts. */
#include <stdio.h>
#include <string.h>

#include "core/base/clock.h"
#include "sim/pay/providers.h"

#define ROWS_SHOWN 100

static const char style[] =
    "<meta name=viewport content='width=device-width,initial-scale=1'><style>"
    "body{font:16px/1.5 system-ui,sans-serif;margin:0 auto;padding:16px;max-width:44rem;"
    "color:#1a1a1a;background:#f6f7f9}main{background:#fff;border:1px solid #d8dde3;"
    "border-radius:8px;padding:16px}h1{font-size:1.1rem;margin:0 0 8px}"
    ".sum{font-size:2.2rem;font-weight:600;margin:8px 0}table{border-collapse:collapse;width:100%}"
    "td,th{padding:6px 8px 6px 0;text-align:left;border-bottom:1px solid #e6e9ee;"
    "overflow-wrap:anywhere}button{font:inherit;width:100%;padding:12px;margin:6px 0;"
    "border:1px solid #9aa5b1;border-radius:6px;background:#fff}"
    "button.first{background:#0b57d0;border-color:#0b57d0;color:#fff}input{font:inherit;"
    "padding:10px;width:9rem}a{color:#0b57d0}small{color:#55606b}.note{background:#e8f1ff;"
    "padding:8px 12px;border-radius:6px}</style>";

/* Chinese and English beside each other. */
static const char *const provider_titles[] = {"微信支付 WeChat Pay", "支付宝 Alipay",
                                              "银联 UnionPay"};
static const char *const state_titles[] = {"待支付 to be paid", "已支付 paid", "已关闭 closed"};

static void begin(struct web_reply *reply, const char *title)
{
    reply->status = 200;
    reply->type = "text/html; charset=utf-8";
    text_add_string(&reply->head, "Content-Security-Policy: default-src 'none'; "
                                  "style-src 'unsafe-inline'\r\n");
    text_printf(&reply->body,
                "<!doctype html><html lang=zh-CN><meta charset=utf-8>"
                "<title>%s</title>%s<main><h1>%s</h1>",
                title, style, title);
}

static void end(const struct sandbox *sandbox, struct web_reply *reply)
{
    text_printf(&reply->body,
                "</main><p><small>沙箱收银台，不动真钱。Sandbox cashier: no real money. "
                "<a href=http://127.0.0.1:%u/>全部订单 all orders</a></small></p></html>",
                sandbox->ports[PLACE_CASHIER]);
}

void cashier_redirect(struct sandbox *sandbox, const struct order *order, struct web_reply *reply)
{
    reply->status = 302;
    reply->type = NULL;
    text_clear(&reply->body);
    text_printf(&reply->head, "Location: http://127.0.0.1:%u/order/%s\r\n",
                sandbox->ports[order->provider], order->token);
}

static void list(struct sandbox *sandbox, struct web_reply *reply)
{
    char amount[32];
    begin(reply, "沙箱订单 Sandbox orders");
    text_add_string(&reply->body, "<table><tr><th>渠道 channel<th>订单 order<th>金额 amount"
                                  "<th>状态 state");
    size_t first = sandbox->order_count > ROWS_SHOWN ? sandbox->order_count - ROWS_SHOWN : 0;
    for (size_t i = sandbox->order_count; i > first; i--) {
        const struct order *order = sandbox->orders[i - 1];
        text_printf(&reply->body, "<tr><td>%s<td><a href=/order/%s>",
                    provider_titles[order->provider], order->token);
        html(&reply->body, order->number);
        text_printf(&reply->body, "</a><br><small>");
        html(&reply->body, order->subject);
        text_printf(&reply->body, "</small><td>¥%s<td>%s", yuan(order->amount_fen, amount),
                    state_titles[order_state(order)]);
    }
    text_add_string(&reply->body, "</table>");
    if (sandbox->order_count == 0) {
        text_add_string(&reply->body, "<p>还没有订单。No orders yet.</p>");
    }
    end(sandbox, reply);
}

static void button(struct web_reply *reply, const char *act, const char *label)
{
    text_printf(&reply->body, "<form method=post><button %s name=act value=%s>%s</button></form>",
                strcmp(act, "pay") == 0 ? "class=first" : "", act, label);
}

static void money(struct web_reply *reply, const struct order *order)
{
    char text[TIME_TEXT_MAX];
    char amount[32];
    for (int i = 0; i < order->payment_count; i++) {
        const struct payment *paid = &order->payments[i];
        text_printf(&reply->body, "<p>付款 payment ¥%s · %s · %s · %s</p>",
                    yuan(paid->amount_fen, amount), paid->transaction,
                    time_plain(paid->paid_at_ms, text),
                    paid->told    ? "商户已确认通知 notice accepted"
                    : paid->quiet ? "未发通知 no notice sent"
                                  : "通知未确认 notice not accepted yet");
    }
    for (int i = 0; i < order->refund_count; i++) {
        const struct refund *refund = &order->refunds[i];
        text_printf(&reply->body, "<p>退款 refund ¥%s · %s · %s</p>",
                    yuan(refund->amount_fen, amount), refund->id, refund_word(refund->state));
    }
}

/* UnionPay sends the browser back with a signed form, the others with a link. */
static void way_back(struct sandbox *sandbox, const struct web_request *request,
                     const struct order *order, struct web_reply *reply)
{
    struct notice notice = {
        .sandbox = sandbox, .order = (struct order *)(uintptr_t)order, .subject = ABOUT_PAYMENT};
    struct http_request back;
    struct form form;
    if (strncmp(order->return_url, "http", 4) != 0 || order->payment_count == 0) {
        return;
    }
    if (order->provider != UNIONPAY) {
        text_add_string(&reply->body, "<p><a href=\"");
        html(&reply->body, order->return_url);
        text_add_string(&reply->body, "\">返回商户 back to the merchant</a></p>");
        return;
    }
    if (unionpay_notice(sandbox, &notice, request->arena, &back) != RC_OK ||
        form_parse(request->arena, back.body, back.body_len, &form) != RC_OK) {
        return;
    }
    text_add_string(&reply->body, "<form method=post action=\"");
    html(&reply->body, order->return_url);
    text_add_string(&reply->body, "\">");
    for (size_t i = 0; i < form.count; i++) {
        text_printf(&reply->body, "<input type=hidden name=%s value=\"", form.fields[i].name);
        html(&reply->body, form.fields[i].value);
        text_add_string(&reply->body, "\">");
    }
    text_add_string(&reply->body, "<button>返回商户 back to the merchant</button></form>");
}

static void page(struct sandbox *sandbox, const struct web_request *request,
                 const struct order *order, const char *note, struct web_reply *reply)
{
    char amount[32];
    enum order_state state = order_state(order);
    begin(reply, provider_titles[order->provider]);
    if (note != NULL) {
        text_printf(&reply->body, "<p class=note role=status>%s</p>", note);
    }
    html(&reply->body, order->subject);
    text_printf(&reply->body, "<div class=sum>¥%s</div><p>%s · <small>%s</small></p>",
                yuan(order->amount_fen, amount), state_titles[state], order->number);
    money(reply, order);
    way_back(sandbox, request, order, reply);
    if (state == ORDER_OPEN) {
        button(reply, "pay", "付款 Pay");
        button(reply, "quiet", "付款但不发通知 Pay without a notice");
        button(reply, "many", "付款并同时发 16 份通知 Pay with 16 notices at once");
        text_printf(&reply->body,
                    "<form method=post><label>金额 amount ¥ <input name=amount value=%s "
                    "inputmode=decimal></label><button name=act value=amount>付错金额 Pay this "
                    "wrong amount</button></form>",
                    yuan(order->amount_fen + 1, amount));
        button(reply, "scan", "只打开，不付款 Open it without paying");
        button(reply, "close", "让订单关闭 Let the order close");
    } else if (state == ORDER_CLOSED) {
        button(reply, "late", "关闭后付款 Pay after close");
    } else {
        button(reply, "again", "再付一次 Pay a second time");
        button(reply, "resend", "重发通知 Send the notice again");
    }
    end(sandbox, reply);
}

/* What to say about an act; NULL: an unknown one. */
static const char *act_on(struct sandbox *sandbox, struct order *order, const struct form *form)
{
    struct pay_act act = {.amount_fen = 0};
    const char *word = form_text(form, "act");
    const char *why = NULL;
    if (strcmp(word, "scan") == 0) {
        order->scanned = true;
        journal_write(sandbox, order);
        return "已打开 opened";
    }
    if (strcmp(word, "close") == 0) {
        return order_close(sandbox, order) == RC_OK ? "已关闭 closed" : "已支付 it is paid";
    }
    if (strcmp(word, "resend") == 0) {
        return order->payment_count > 0 &&
                       notice_send(sandbox, order, ABOUT_PAYMENT, order->payment_count - 1,
                                   FLAVOR_FINE, true, -1) == RC_OK
                   ? "已重发 sent again"
                   : "没有可发的通知 nothing to send";
    }
    act.quiet = strcmp(word, "quiet") == 0;
    act.again = strcmp(word, "again") == 0;
    act.late = strcmp(word, "late") == 0;
    act.notices = strcmp(word, "many") == 0 ? 16 : 1;
    if (strcmp(word, "amount") == 0 &&
        (yuan_read(form_text(form, "amount"), &act.amount_fen) != RC_OK || act.amount_fen < 1)) {
        return "金额不对 not an amount";
    }
    return order_pay(sandbox, order, &act, &why) == RC_OK ? "付款成功 paid" : why;
}

void cashier_serve(struct sandbox *sandbox, const struct web_request *request,
                   struct web_reply *reply)
{
    struct form form = {.count = 0};
    if (strcmp(request->path, "/") == 0) {
        list(sandbox, reply);
        return;
    }
    struct order *order = strncmp(request->path, "/order/", 7) == 0
                              ? order_of_token(sandbox, request->path + 7)
                              : NULL;
    if (order == NULL) {
        return; /* 404 */
    }
    const char *note = NULL;
    if (strcmp(request->method, "POST") == 0) {
        if (form_parse(request->arena, request->body, request->body_len, &form) != RC_OK) {
            reply->status = 400;
            return;
        }
        note = act_on(sandbox, order, &form);
    }
    page(sandbox, request, order, note, reply);
}
