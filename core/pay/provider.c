#include "core/pay/provider.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "core/pay/driver.h"

#define PAY_ARENA_BYTES ((size_t)4 << 20)

/* The table: one row a provider. */
static const struct pay_driver *const drivers[] = {
    [PAY_WECHAT] = &pay_driver_wechat,
    [PAY_ALIPAY] = &pay_driver_alipay,
    [PAY_UNIONPAY] = &pay_driver_unionpay,
};
_Static_assert(ARRAY_LEN(drivers) == PAY_PROVIDER__MAX, "one row a provider");

struct pay {
    struct arena arena;
    struct pay_merchant *merchants[PAY_PROVIDER__MAX]; /* NULL: not offered */
};

static const char *const outcome_codes[] = {
    [PAY_UNKNOWN] = "unknown",
    [PAY_ACCEPTED] = "accepted",
    [PAY_UNPAID] = "unpaid",
    [PAY_PAID] = "paid",
    [PAY_PAID_THEN_REFUNDED] = "paid_then_refunded",
    [PAY_CLOSED] = "closed",
    [PAY_FAILED] = "failed",
    [PAY_NOT_FOUND] = "not_found",
    [PAY_QUERY_NOW] = "query_now",
    [PAY_REFUSED] = "refused",
    [PAY_REFUNDING] = "refunding",
    [PAY_REFUNDED] = "refunded",
    [PAY_REFUND_CLOSED] = "refund_closed",
    [PAY_REFUND_ABNORMAL] = "refund_abnormal",
};
_Static_assert(ARRAY_LEN(outcome_codes) == PAY_OUTCOME__MAX, "one word an outcome");

static const char *const refusal_codes[] = {
    [PAY_FINE] = "fine",
    [PAY_REFUSED_METHOD] = "method",
    [PAY_REFUSED_SIZE] = "size",
    [PAY_REFUSED_UNSIGNED] = "unsigned",
    [PAY_REFUSED_MALFORMED] = "malformed",
    [PAY_REFUSED_TWICE] = "named_twice",
    [PAY_REFUSED_ALGORITHM] = "algorithm",
    [PAY_REFUSED_KEY] = "unknown_key",
    [PAY_REFUSED_CERTIFICATE] = "certificate",
    [PAY_REFUSED_STALE] = "stale",
    [PAY_REFUSED_SIGNATURE] = "signature",
    [PAY_REFUSED_DECRYPT] = "decrypt",
    [PAY_REFUSED_KIND] = "kind",
    [PAY_REFUSED_MERCHANT] = "merchant",
    [PAY_REFUSED_APP] = "app",
    [PAY_REFUSED_ORDER] = "order",
    [PAY_REFUSED_CURRENCY] = "currency",
    [PAY_REFUSED_AMOUNT] = "amount",
};
_Static_assert(ARRAY_LEN(refusal_codes) == PAY_REFUSAL__MAX, "one word a refusal");

const char *pay_provider_name(enum pay_provider provider)
{
    assert(provider < PAY_PROVIDER__MAX);
    return drivers[provider]->name;
}

const char *pay_outcome_code(enum pay_outcome outcome)
{
    assert(outcome < PAY_OUTCOME__MAX);
    return outcome_codes[outcome];
}

const char *pay_refusal_code(enum pay_refusal refusal)
{
    assert(refusal < PAY_REFUSAL__MAX);
    return refusal_codes[refusal];
}

static bool is_alphanumeric(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

bool pay_order_number_is_valid(const char *number)
{
    size_t len = number == NULL ? 0 : strnlen(number, PAY_ORDER_NUMBER_MAX + 1);
    if (len < PAY_ORDER_NUMBER_MIN || len > PAY_ORDER_NUMBER_MAX) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        if (!is_alphanumeric(number[i])) {
            return false;
        }
    }
    return true;
}

static bool key_is_valid(const char *key)
{
    for (const char *at = key; *at != '\0'; at++) {
        if (!is_alphanumeric(*at) && *at != '-') {
            return false;
        }
    }
    return key[0] != '\0';
}

static enum rc merchant_open(struct pay_opening *opening, const struct pay_driver *driver,
                             struct pay_merchant **ret_merchant)
{
    struct pay_merchant *merchant = arena_take(opening->arena, sizeof(*merchant));
    if (merchant == NULL) {
        return RC_MEMORY;
    }
    *ret_merchant = merchant; /* also when it breaks: pay_close frees its keys */
    merchant->driver = driver;
    merchant->key = pay_setting(opening, driver->merchant);
    merchant->base_url = pay_setting(opening, driver->base_url);
    const char *public_url = pay_setting(opening, CONFIG_pay_public_url);
    if (!key_is_valid(merchant->key)) {
        pay_problem(opening, driver->merchant, "may hold letters, digits and - only");
    }
    if (pay_origin_len(merchant->base_url) == 0) {
        pay_problem(opening, driver->base_url, "must begin with https:// or http:// and a host");
    }
    size_t len = strlen(public_url);
    if (len > 0 && pay_origin_len(public_url) != len) {
        pay_problem(opening, CONFIG_pay_public_url, "must be https://HOST or https://HOST:PORT");
    }
    struct text url;
    text_init(&url, PAY_PATH_MAX - 1);
    text_printf(&url, "%s/notify/%s/%s", public_url, driver->name, merchant->key);
    text_copy(merchant->notice_url, sizeof(merchant->notice_url), text_string(&url));
    text_add_string(&url, "/refund");
    text_copy(merchant->refund_notice_url, sizeof(merchant->refund_notice_url), text_string(&url));
    text_release(&url);
    return driver->open(opening, merchant);
}

enum rc pay_open(const struct config *config, int64_t now_ms, struct text *problems,
                 struct pay **ret_pay)
{
    assert(config != NULL && problems != NULL && ret_pay != NULL);
    CLEANUP(pay_close) struct pay *pay = calloc(1, sizeof(*pay));
    if (pay == NULL) {
        return RC_MEMORY;
    }
    arena_init(&pay->arena, PAY_ARENA_BYTES);
    struct pay_opening opening = {
        .config = config, .arena = &pay->arena, .problems = problems, .now_ms = now_ms};
    for (int i = 0; i < PAY_PROVIDER__MAX; i++) {
        bool wanted = false;
        for (size_t k = 0; k < drivers[i]->set_by_count; k++) {
            wanted = wanted || pay_is_set(&opening, drivers[i]->set_by[k]);
        }
        if (wanted) {
            TRY(merchant_open(&opening, drivers[i], &pay->merchants[i]));
        }
    }
    if (opening.broken) {
        return RC_INVALID;
    }
    *ret_pay = pay;
    pay = NULL;
    return RC_OK;
}

void pay_close(struct pay **pay)
{
    assert(pay != NULL);
    struct pay *gone = *pay;
    if (gone == NULL) {
        return;
    }
    for (int i = 0; i < PAY_PROVIDER__MAX; i++) {
        if (gone->merchants[i] != NULL) {
            rsa_free(&gone->merchants[i]->private_key);
            gone->merchants[i]->driver->close(gone->merchants[i]);
        }
    }
    arena_release(&gone->arena);
    free(gone);
    *pay = NULL;
}

enum rc pay_refresh(struct pay *pay, int64_t now_ms)
{
    assert(pay != NULL);
    for (int i = 0; i < PAY_PROVIDER__MAX; i++) {
        if (pay->merchants[i] != NULL && drivers[i]->refresh != NULL) {
            TRY(drivers[i]->refresh(pay->merchants[i], now_ms));
        }
    }
    return RC_OK;
}

const struct pay_merchant *pay_merchant_of(const struct pay *pay, enum pay_provider provider)
{
    assert(pay != NULL && provider < PAY_PROVIDER__MAX);
    return pay->merchants[provider];
}

const struct pay_merchant *pay_merchant_find(const struct pay *pay, const char *provider,
                                             const char *key)
{
    assert(pay != NULL && provider != NULL && key != NULL);
    for (int i = 0; i < PAY_PROVIDER__MAX; i++) {
        if (strcmp(drivers[i]->name, provider) == 0) {
            const struct pay_merchant *found = pay->merchants[i];
            return found != NULL && strcmp(found->key, key) == 0 ? found : NULL;
        }
    }
    return NULL;
}

enum pay_provider pay_merchant_provider(const struct pay_merchant *merchant)
{
    assert(merchant != NULL);
    return merchant->driver->provider;
}

const char *pay_merchant_key(const struct pay_merchant *merchant)
{
    assert(merchant != NULL);
    return merchant->key;
}

bool pay_merchant_offers(const struct pay_merchant *merchant, enum pay_scene scene)
{
    assert(merchant != NULL && scene < PAY_SCENE__MAX);
    return merchant->scenes[scene];
}

/* Bounds that hold for every provider; a driver relies on them. */
static bool ask_is_valid(const struct pay_merchant *merchant, const struct pay_ask *ask)
{
    bool refund = ask->op == PAY_REFUND || ask->op == PAY_REFUND_QUERY;
    if (!pay_order_number_is_valid(ask->order_number) || ask->amount_fen <= 0 ||
        ask->amount_fen > INT64_C(10000000000) || ask->created_at_ms <= 0) {
        return false;
    }
    if (ask->provider_transaction != NULL && strlen(ask->provider_transaction) > 64) {
        return false;
    }
    if (refund && (!pay_order_number_is_valid(ask->refund_number) || ask->refund_fen <= 0 ||
                   ask->refund_fen > ask->amount_fen || ask->refund_at_ms <= 0 ||
                   (ask->reason != NULL && strlen(ask->reason) > 80))) {
        return false;
    }
    if (ask->op != PAY_CREATE) {
        return true;
    }
    size_t len = ask->subject == NULL ? 0 : strlen(ask->subject);
    return len > 0 && len <= PAY_SUBJECT_MAX && strpbrk(ask->subject, "/=&,{}[]\r\n") == NULL &&
           text_is_utf8(ask->subject, len) && ask->scene < PAY_SCENE__MAX &&
           merchant->scenes[ask->scene] && ask->expires_at_ms > ask->created_at_ms &&
           (ask->return_url == NULL ||
            (strlen(ask->return_url) <= 200 && pay_origin_len(ask->return_url) > 0));
}

enum rc pay_ask(const struct pay_merchant *merchant, struct arena *arena, const struct pay_ask *ask,
                int64_t now_ms, struct pay_call *ret_call)
{
    assert(merchant != NULL && arena != NULL && ask != NULL && ret_call != NULL);
    assert(ask->op < PAY_OP__MAX);
    if (!ask_is_valid(merchant, ask)) {
        return RC_INVALID;
    }
    struct pay_call call = {.needed = true};
    TRY(merchant->driver->ask(merchant, arena, ask, now_ms, &call));
    *ret_call = call;
    return RC_OK;
}

enum rc pay_read(const struct pay_merchant *merchant, struct arena *arena,
                 const struct pay_ask *ask, const struct http_answer *answer, int64_t now_ms,
                 struct pay_answer *ret_answer)
{
    assert(merchant != NULL && arena != NULL && ask != NULL && answer != NULL &&
           ret_answer != NULL && ask->op < PAY_OP__MAX);
    struct pay_answer read = {
        .outcome = PAY_UNKNOWN, .code = "", .offer = {.text = ""}, .fact = pay_fact_empty()};
    TRY(merchant->driver->read(merchant, arena, ask, answer, now_ms, &read));
    if (read.refusal != PAY_FINE) {
        /* What is not believed proves nothing, whatever was read before it broke. */
        read.outcome = PAY_UNKNOWN;
        read.fact = pay_fact_empty();
    }
    *ret_answer = read;
    return RC_OK;
}

enum rc pay_notice_read(const struct pay_merchant *merchant, struct arena *arena,
                        const struct pay_notice_bytes *bytes, int64_t now_ms,
                        struct pay_notice *ret_notice)
{
    assert(merchant != NULL && arena != NULL && bytes != NULL && ret_notice != NULL);
    struct pay_notice notice = {.fact = pay_fact_empty()};
    if (bytes->method == NULL || strcmp(bytes->method, "POST") != 0) {
        notice.refusal = PAY_REFUSED_METHOD;
    } else if (bytes->body_len == 0 || bytes->body_len > PAY_NOTICE_BYTES_MAX) {
        notice.refusal = PAY_REFUSED_SIZE;
    } else {
        TRY(merchant->driver->notice(merchant, arena, bytes, now_ms, &notice));
    }
    if (notice.refusal != PAY_FINE) {
        notice.fact = pay_fact_empty();
    }
    *ret_notice = notice;
    return RC_OK;
}

struct pay_reply pay_reply(enum pay_provider provider, enum pay_reply_kind kind)
{
    assert(provider < PAY_PROVIDER__MAX);
    const struct pay_driver *driver = drivers[provider];
    return kind == PAY_REPLY_SUCCESS   ? driver->success
           : kind == PAY_REPLY_REFUSED ? driver->refused
                                       : driver->failed;
}

enum rc pay_bill_ask(const struct pay_merchant *merchant, struct arena *arena, int year, int month,
                     int day, int64_t now_ms, struct pay_bill *ret_bill)
{
    assert(merchant != NULL && arena != NULL && ret_bill != NULL);
    assert(year >= 2000 && year <= 9999 && month >= 1 && month <= 12 && day >= 1 && day <= 31);
    struct pay_bill bill = {.code = "", .year = year, .month = month, .day = day};
    TRY(merchant->driver->bill_ask(merchant, arena, now_ms, &bill));
    *ret_bill = bill;
    return RC_OK;
}

enum rc pay_bill_read(const struct pay_merchant *merchant, struct arena *arena,
                      const struct http_answer *answer, int64_t now_ms, struct pay_bill *bill)
{
    assert(merchant != NULL && arena != NULL && answer != NULL && bill != NULL);
    assert(bill->state == PAY_BILL_CALL);
    return merchant->driver->bill_read(merchant, arena, answer, now_ms, bill);
}
