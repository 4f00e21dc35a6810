/* The control: POST /control, one JSON object in, one out. docs/simulator.md lists the ops. */
#include <stdio.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/json.h"
#include "sim/pay/providers.h"

#define DAY_MS (86400 * (int64_t)1000)

struct ask {
    struct sandbox *sandbox;
    const struct web_request *request;
    const struct json_object *json;
    struct web_reply *reply; /* members behind "ok":true */
    const char *error;
};

static const char *const fault_words[] = {"refuse", "hang",  "cut",   "lost",
                                          "slow",   "error", "forged"};

static const char *word(const struct ask *ask, const char *key)
{
    const char *text = "";
    return json_get_text(ask->json, key, 0, 512, &text) == RC_OK ? text : "";
}

static int64_t number(const struct ask *ask, const char *key, int64_t otherwise)
{
    int64_t value = 0;
    return json_get_int(ask->json, key, 0, INT64_MAX / 2000000, &value) == RC_OK ? value
                                                                                 : otherwise;
}

static bool yes(const struct ask *ask, const char *key, bool otherwise)
{
    bool value = false;
    return json_get_bool(ask->json, key, &value) == RC_OK ? value : otherwise;
}

/* The order that a request names: by number, or by what a payer has in hand. */
static struct order *order_asked(struct ask *ask)
{
    const char *offer = word(ask, "offer"); /* code_url, qr_code, h5_url, prepay_id */
    struct order *order = NULL;
    if (offer[0] != '\0') {
        for (size_t i = 0; i < ask->sandbox->order_count && order == NULL; i++) {
            order = strstr(offer, ask->sandbox->orders[i]->token) != NULL ? ask->sandbox->orders[i]
                                                                          : NULL;
        }
    } else {
        enum provider provider = provider_of(word(ask, "provider"));
        order = provider == PROVIDERS
                    ? NULL
                    : order_find(ask->sandbox, provider, word(ask, "number"), NULL);
    }
    ask->error = order == NULL ? "there is no such order" : NULL;
    return order;
}

static void put_order(struct ask *ask, const struct order *order)
{
    text_add_string(&ask->reply->body, ",\"order\":");
    journal_order(order, &ask->reply->body);
}

static void op_get(struct ask *ask)
{
    const struct order *order = order_asked(ask);
    if (order != NULL) {
        put_order(ask, order);
    }
}

/* Newest first. */
static void op_list(struct ask *ask)
{
    const struct sandbox *sandbox = ask->sandbox;
    enum provider only = provider_of(word(ask, "provider"));
    int64_t left = number(ask, "limit", 100);
    bool first = true;
    text_add_string(&ask->reply->body, ",\"orders\":[");
    for (size_t i = sandbox->order_count; i > 0 && left > 0; i--) {
        const struct order *order = sandbox->orders[i - 1];
        if (only == PROVIDERS || order->provider == only) {
            text_add_string(&ask->reply->body, first ? "" : ",");
            journal_order(order, &ask->reply->body);
            first = false;
            left--;
        }
    }
    text_add_char(&ask->reply->body, ']');
}

/* What really happened, as sums and order by order. */
static void op_truth(struct ask *ask)
{
    const struct sandbox *sandbox = ask->sandbox;
    struct text *out = &ask->reply->body;
    text_add_string(out, ",\"providers\":{");
    for (enum provider provider = WECHAT; provider < PROVIDERS; provider++) {
        int64_t count = 0, paid = 0, paid_fen = 0, refunded_fen = 0, fee_fen = 0;
        for (size_t i = 0; i < sandbox->order_count; i++) {
            const struct order *order = sandbox->orders[i];
            count += order->provider == provider ? 1 : 0;
            for (int k = 0; order->provider == provider && k < order->payment_count; k++) {
                paid++;
                paid_fen += order->payments[k].amount_fen;
                refunded_fen += order->payments[k].refunded_fen;
                fee_fen += order->payments[k].fee_fen;
            }
            for (int k = 0; order->provider == provider && k < order->refund_count; k++) {
                fee_fen -=
                    order->refunds[k].state == REFUND_SUCCESS ? order->refunds[k].fee_fen : 0;
            }
        }
        text_printf(out, "%s\"%s\":{\"orders\":%lld", provider > WECHAT ? "," : "",
                    provider_word(provider), (long long)count);
        member_int(out, "payments", paid);
        member_int(out, "paid_fen", paid_fen);
        member_int(out, "refunded_fen", refunded_fen);
        member_int(out, "fee_fen", fee_fen);
        member_int(out, "requests", sandbox->requests[provider]);
        member_int(out, "requests_refused", sandbox->refused[provider]);
        text_add_char(out, '}');
    }
    text_add_char(out, '}');
    member_int(out, "notices_waiting", (int64_t)sandbox->notice_count);
    member_int(out, "notices_sent", (int64_t)sandbox->sent_count);
}

static void op_pay(struct ask *ask)
{
    struct order *order = order_asked(ask);
    const char *why = NULL;
    bool wait = yes(ask, "wait", true);
    if (order == NULL) {
        return;
    }
    struct pay_act act = {.amount_fen = number(ask, "amount_fen", 0),
                          .again = yes(ask, "again", false),
                          .late = yes(ask, "late", false),
                          .quiet = yes(ask, "quiet", false),
                          .notices = (int)number(ask, "notices", 1),
                          .ticket = wait ? ask->request->ticket : 0};
    if (order_pay(ask->sandbox, order, &act, &why) != RC_OK) {
        ask->error = why;
        return;
    }
    if (wait && !act.quiet && order->notify_url[0] != '\0') {
        ask->reply->manner = WEB_DEFER; /* the answers of the notices */
        return;
    }
    put_order(ask, order);
}

static void op_close(struct ask *ask)
{
    struct order *order = order_asked(ask);
    if (order != NULL && order_close(ask->sandbox, order) != RC_OK) {
        ask->error = "it is paid";
    } else if (order != NULL) {
        put_order(ask, order);
    }
}

static void op_scan(struct ask *ask)
{
    struct order *order = order_asked(ask);
    if (order != NULL) {
        order->scanned = true;
        journal_write(ask->sandbox, order);
        put_order(ask, order);
    }
}

/* Sends a notice once more, or a wrong one; "count" at one instant. */
static void op_notice(struct ask *ask)
{
    struct order *order = order_asked(ask);
    enum flavor flavor = json_has(ask->json, "flavor") ? flavor_of(word(ask, "flavor")) : 0;
    bool refund = strcmp(word(ask, "about"), "refund") == 0;
    int64_t index = number(ask, "index", 0);
    int64_t count = number(ask, "count", 1);
    if (order == NULL) {
        return;
    }
    if (flavor == FLAVORS || count < 1 || count > 256 ||
        index >= (refund ? order->refund_count : order->payment_count)) {
        ask->error = "no such flavor, payment or refund";
        return;
    }
    int batch = batch_begin(ask->sandbox, ask->request->ticket, (int)count);
    ask->reply->manner = batch >= 0 ? WEB_DEFER : WEB_ANSWER;
    for (int64_t i = 0; i < count; i++) {
        if (notice_send(ask->sandbox, order, refund ? ABOUT_REFUND : ABOUT_PAYMENT, (int)index,
                        flavor, true, batch) != RC_OK) {
            batch_less(ask->sandbox, batch);
        }
    }
}

/* A refund that nobody asked for through the interface: by hand, in the provider's console. */
static void op_refund(struct ask *ask)
{
    struct order *order = order_asked(ask);
    struct refund *made = NULL;
    struct refund draft = {.payment = (int)number(ask, "index", 0),
                           .amount_fen = number(ask, "amount_fen", 0)};
    if (order == NULL) {
        return;
    }
    random_name(draft.number, 24);
    text_copy(draft.type, sizeof(draft.type), "04");
    char time[TIME_TEXT_MAX];
    text_copy(draft.time, sizeof(draft.time), time_compact(clock_now_ms(), time));
    if (draft.payment >= order->payment_count || draft.amount_fen < 1 ||
        refund_begin(ask->sandbox, order, &draft, 0, &made) != RC_OK) {
        ask->error = "no such payment, or not so much is left";
        return;
    }
    put_order(ask, order);
}

/* Moves an order into the past, for bills of other days. */
static void op_backdate(struct ask *ask)
{
    struct order *order = order_asked(ask);
    int64_t by_ms = number(ask, "ms", number(ask, "days", 1) * DAY_MS);
    if (order == NULL) {
        return;
    }
    order->created_at_ms -= by_ms;
    order->closed_at_ms -= order->closed_at_ms > 0 ? by_ms : 0;
    for (int i = 0; i < order->payment_count; i++) {
        order->payments[i].paid_at_ms -= by_ms;
    }
    for (int i = 0; i < order->refund_count; i++) {
        order->refunds[i].begun_at_ms -= by_ms;
        order->refunds[i].ended_at_ms -= order->refunds[i].ended_at_ms > 0 ? by_ms : 0;
    }
    journal_write(ask->sandbox, order);
    put_order(ask, order);
}

static void op_fault(struct ask *ask)
{
    struct sandbox *sandbox = ask->sandbox;
    enum provider provider = provider_of(word(ask, "provider"));
    size_t kind = 0;
    while (kind < ARRAY_LEN(fault_words) && strcmp(fault_words[kind], word(ask, "kind")) != 0) {
        kind++;
    }
    struct fault *free_one = NULL;
    for (size_t i = 0; i < FAULTS_MAX; i++) {
        free_one = sandbox->faults[i].id == 0 ? &sandbox->faults[i] : free_one;
    }
    if (provider == PROVIDERS || kind == ARRAY_LEN(fault_words) || free_one == NULL) {
        ask->error = "no such provider or kind, or too many faults";
        return;
    }
    *free_one = (struct fault){
        .id = ++sandbox->fault_last,
        .provider = provider,
        .kind = (enum fault_kind)kind,
        .delay_ms = number(ask, "delay_ms", kind == FAULT_HANG ? 30000 : 0),
        .left = strcmp(word(ask, "count"), "forever") == 0 ? -1 : number(ask, "count", 1)};
    text_copy(free_one->op, sizeof(free_one->op), word(ask, "operation"));
    if (kind == FAULT_REFUSE && web_refuse(sandbox->web, (int)provider, true) != RC_OK) {
        ask->error = "the port cannot be closed";
    }
    member_int(&ask->reply->body, "fault", free_one->id);
}

static void op_faults(struct ask *ask)
{
    bool first = true;
    text_add_string(&ask->reply->body, ",\"faults\":[");
    for (size_t i = 0; i < FAULTS_MAX; i++) {
        const struct fault *fault = &ask->sandbox->faults[i];
        if (fault->id != 0) {
            text_printf(&ask->reply->body,
                        "%s{\"fault\":%d,\"provider\":\"%s\",\"kind\":\"%s\",\"left\":%lld,"
                        "\"hits\":%lld}",
                        first ? "" : ",", fault->id, provider_word(fault->provider),
                        fault_words[fault->kind], (long long)fault->left, (long long)fault->hits);
            first = false;
        }
    }
    text_add_char(&ask->reply->body, ']');
}

static void op_clear(struct ask *ask)
{
    struct sandbox *sandbox = ask->sandbox;
    int64_t id = number(ask, "fault", 0);
    enum provider only = provider_of(word(ask, "provider"));
    int64_t cleared = 0;
    for (size_t i = 0; i < FAULTS_MAX; i++) {
        struct fault *fault = &sandbox->faults[i];
        if (fault->id == 0 || (id != 0 && fault->id != id) ||
            (only != PROVIDERS && fault->provider != only)) {
            continue;
        }
        if (fault->kind == FAULT_REFUSE &&
            web_refuse(sandbox->web, (int)fault->provider, false) != RC_OK) {
            ask->error = "the port is taken";
        }
        fault->id = 0;
        cleared++;
    }
    member_int(&ask->reply->body, "cleared", cleared);
}

static void op_set(struct ask *ask)
{
    struct sandbox *sandbox = ask->sandbox;
    enum provider only = provider_of(word(ask, "provider"));
    for (enum provider i = WECHAT; i < PROVIDERS; i++) {
        if (only == PROVIDERS || only == i) {
            sandbox->fee_per_mille[i] = number(ask, "fee_per_mille", sandbox->fee_per_mille[i]);
        }
    }
    int64_t speed = number(ask, "speed", sandbox->speed);
    sandbox->speed = speed < 1 ? 1 : speed > 100000 ? 100000 : speed;
    sandbox->refund_ms = number(ask, "refund_ms", sandbox->refund_ms);
    sandbox->bills_of_today = yes(ask, "bills_of_today", sandbox->bills_of_today);
    sandbox->refuse_loopback = yes(ask, "refuse_loopback", sandbox->refuse_loopback);
    sandbox->sign_by_certificate = yes(ask, "notices_by_certificate", sandbox->sign_by_certificate);
    if (word(ask, "openid")[0] != '\0') {
        text_copy(sandbox->openid, sizeof(sandbox->openid), word(ask, "openid"));
    }
    if (json_has(ask->json, "refund_outcome")) {
        sandbox->refund_outcome = refund_state_of(word(ask, "refund_outcome"));
        refund_sweep(sandbox);
    }
}

/* Tries that were sent, newest first. */
static void op_sent(struct ask *ask)
{
    static const char *const subjects[] = {"payment", "refund", "close"};
    const struct sandbox *sandbox = ask->sandbox;
    struct text *out = &ask->reply->body;
    uint64_t count = sandbox->sent_count < SENT_MAX ? sandbox->sent_count : SENT_MAX;
    const char *only = word(ask, "number");
    bool first = true;
    text_add_string(out, ",\"sent\":[");
    for (uint64_t i = 0; i < count; i++) {
        const struct sent *sent = &sandbox->sent[(sandbox->sent_count - 1 - i) % SENT_MAX];
        if (only[0] != '\0' && strcmp(only, sent->number) != 0) {
            continue;
        }
        text_printf(out, "%s{\"provider\":\"%s\",\"about\":\"%s\",\"flavor\":\"%s\"",
                    first ? "" : ",", provider_word(sent->provider), subjects[sent->subject],
                    flavor_word(sent->flavor));
        member_text(out, "number", sent->number);
        member_int(out, "at_ms", sent->at_ms);
        member_int(out, "try", sent->try);
        member_int(out, "status", sent->status);
        member_text(out, "body", sent->body);
        text_printf(out, ",\"accepted\":%s}", sent->accepted ? "true" : "false");
        first = false;
    }
    text_add_char(out, ']');
}

/* What the WeChat app does with getBrandWCPayRequest: checks paySign, then the payer pays. */
static void op_jsapi(struct ask *ask)
{
    const struct keyring *keys = &ask->sandbox->keys;
    const char *package = word(ask, "package");
    struct text message;
    text_init(&message, 4096);
    text_printf(&message, "%s\n%s\n%s\n%s\n", word(ask, "appId"), word(ask, "timeStamp"),
                word(ask, "nonceStr"), package);
    bool fine = strcmp(word(ask, "appId"), keys->wechat_app_id) == 0 &&
                strcmp(word(ask, "signType"), "RSA") == 0 &&
                strncmp(package, "prepay_id=wx", 12) == 0 &&
                rsa_verify(keys->wechat_merchant, text_string(&message), message.len,
                           word(ask, "paySign")) == RC_OK;
    text_release(&message);
    struct order *order = fine ? order_of_token(ask->sandbox, package + 12) : NULL;
    struct pay_act act = {.ticket = ask->request->ticket};
    ask->error = !fine                                          ? "paySign is not right"
                 : order == NULL || order->entrance != BY_JSAPI ? "there is no such prepay_id"
                                                                : NULL;
    if (ask->error == NULL && order_pay(ask->sandbox, order, &act, &ask->error) == RC_OK) {
        ask->reply->manner = WEB_DEFER;
    }
}

static const struct {
    const char *name;
    void (*run)(struct ask *ask);
} ops[] = {
    {"backdate", op_backdate}, {"clear", op_clear}, {"close", op_close},   {"fault", op_fault},
    {"faults", op_faults},     {"get", op_get},     {"jsapi", op_jsapi},   {"list", op_list},
    {"notice", op_notice},     {"pay", op_pay},     {"refund", op_refund}, {"scan", op_scan},
    {"sent", op_sent},         {"set", op_set},     {"truth", op_truth},
};

void control_serve(struct sandbox *sandbox, const struct web_request *request,
                   struct web_reply *reply)
{
    struct ask ask = {.sandbox = sandbox, .request = request, .reply = reply};
    CLEANUP(json_release) struct json_object *json = NULL;
    const char *type = web_header(request, "Content-Type");
    reply->status = 200;
    reply->type = "application/json";
    text_add_string(&reply->body, "{\"ok\":true");
    /* A page of another site cannot send this type without asking first. */
    if (type == NULL || strncmp(type, "application/json", 16) != 0) {
        ask.error = "Content-Type is not application/json";
    } else if (strcmp(request->method, "POST") != 0 ||
               json_parse_unique(request->body, request->body_len, 4, &json) != RC_OK ||
               !json_is_object(json)) {
        ask.error = "the request is not a JSON object";
    } else {
        ask.json = json;
        size_t at = 0;
        while (at < ARRAY_LEN(ops) && strcmp(ops[at].name, word(&ask, "op")) != 0) {
            at++;
        }
        if (at == ARRAY_LEN(ops)) {
            ask.error = "there is no such op";
        } else {
            ops[at].run(&ask);
        }
    }
    if (ask.error != NULL) {
        reply->status = 400;
        reply->manner = WEB_ANSWER;
        text_clear(&reply->body);
        text_add_string(&reply->body, "{\"ok\":false");
        member_text(&reply->body, "error", ask.error);
    }
    text_add_char(&reply->body, '}');
}
