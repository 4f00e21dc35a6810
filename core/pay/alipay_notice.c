/*
 * Notices. Every pair but sign and sign_type is signed, empty ones too, unlike in requests;
 * sign_type itself is not, so it is pinned. A partial refund comes as TRADE_SUCCESS to the same
 * address: what carries the marks of a refund never credits anything.
 */
#include <assert.h>
#include <string.h>
#include <strings.h>

#include "core/pay/alipay_own.h"

static enum rc signature_check(const struct alipay *alipay, const struct form *form,
                               enum pay_refusal *ret_refusal)
{
    const char *sign = form_text(form, "sign");
    const char *type = form_get(form, "sign_type");
    struct form signed_part = {.count = 0};
    CLEANUP(text_release) struct text message;
    text_init(&message, 2 * (size_t)PAY_NOTICE_BYTES_MAX);
    if (sign[0] == '\0') {
        *ret_refusal = PAY_REFUSED_UNSIGNED;
        return RC_OK;
    }
    if (type != NULL && strcmp(type, "RSA2") != 0) {
        *ret_refusal = PAY_REFUSED_ALGORITHM;
        return RC_OK;
    }
    for (size_t i = 0; i < form->count; i++) {
        const char *name = form->fields[i].name;
        if (strcmp(name, "sign") != 0 && strcmp(name, "sign_type") != 0) {
            signed_part.fields[signed_part.count++] = form->fields[i];
        }
    }
    form_sort(&signed_part);
    form_add_raw(&signed_part, true, &message);
    TRY(text_result(&message));
    enum rc rc = rsa_verify(alipay->public_key, text_string(&message), message.len, sign);
    if (rc == RC_INVALID) {
        *ret_refusal = PAY_REFUSED_SIGNATURE;
        return RC_OK;
    }
    return rc;
}

/* gmt_payment, gmt_refund, ...: fractions are dropped. 0 when not said. */
static int64_t time_of(const struct form *form, const char *name)
{
    int64_t at_ms = 0;
    return pay_time_read(ALIPAY_TIME_PATTERN, form_text(form, name), &at_ms) == RC_OK ? at_ms : 0;
}

static void refund_fields(const struct form *form, struct pay_notice *notice)
{
    struct pay_fact *fact = &notice->fact;
    fact->kind = PAY_KIND_REFUND;
    fact->outcome = PAY_REFUNDED;
    fact->refund_number = form_text(form, "out_biz_no");
    fact->occurred_at_ms = time_of(form, "gmt_refund");
    fact->amount_is_sum = true;
    if (pay_yuan_read(form_text(form, "refund_fee"), &fact->amount_fen) != RC_OK) {
        notice->refusal = PAY_REFUSED_AMOUNT;
    }
}

static void payment_fields(const struct form *form, struct pay_notice *notice)
{
    struct pay_fact *fact = &notice->fact;
    const char *status = form_text(form, "trade_status");
    bool paid = strcmp(status, "TRADE_SUCCESS") == 0 || strcmp(status, "TRADE_FINISHED") == 0;
    fact->kind = PAY_KIND_PAY;
    fact->outcome = paid                                    ? PAY_PAID
                    : strcmp(status, "TRADE_CLOSED") == 0   ? PAY_CLOSED
                    : strcmp(status, "WAIT_BUYER_PAY") == 0 ? PAY_UNPAID
                                                            : PAY_UNKNOWN;
    fact->occurred_at_ms = time_of(form, fact->outcome == PAY_CLOSED ? "gmt_close" : "gmt_payment");
    if (fact->outcome == PAY_UNKNOWN) {
        notice->refusal = PAY_REFUSED_KIND;
    } else if (pay_yuan_read(form_text(form, "total_amount"), &fact->amount_fen) != RC_OK) {
        notice->refusal = PAY_REFUSED_AMOUNT;
    }
}

enum rc alipay_notice_fields(const struct alipay *alipay, struct arena *arena,
                             const struct form *form, struct pay_notice *notice)
{
    (void)arena;
    struct pay_fact *fact = &notice->fact;
    const char *currency = form_text(form, "trans_currency");
    bool refund = form_text(form, "refund_fee")[0] != '\0' ||
                  form_text(form, "gmt_refund")[0] != '\0' ||
                  form_text(form, "out_biz_no")[0] != '\0';
    fact->order_number = form_text(form, "out_trade_no");
    fact->provider_transaction = form_text(form, "trade_no");
    fact->merchant_id = alipay->seller_id;
    fact->app_id = alipay->app_id;
    fact->currency = "CNY"; /* the only one there is; a foreign one would be named */
    if (strcmp(form_text(form, "notify_type"), "trade_status_sync") != 0) {
        notice->refusal = PAY_REFUSED_KIND;
    } else if (strcmp(form_text(form, "app_id"), alipay->app_id) != 0) {
        notice->refusal = PAY_REFUSED_APP;
    } else if (strcmp(form_text(form, "seller_id"), alipay->seller_id) != 0) {
        notice->refusal = PAY_REFUSED_MERCHANT;
    } else if (fact->order_number[0] == '\0' || strlen(fact->order_number) > 64 ||
               fact->provider_transaction[0] == '\0' || strlen(fact->provider_transaction) > 64) {
        notice->refusal = PAY_REFUSED_ORDER;
    } else if (currency[0] != '\0' && strcmp(currency, "CNY") != 0) {
        notice->refusal = PAY_REFUSED_CURRENCY;
    } else if (refund) {
        refund_fields(form, notice);
    } else {
        payment_fields(form, notice);
    }
    return RC_OK;
}

enum rc alipay_notice(const struct pay_merchant *merchant, struct arena *arena,
                      const struct pay_notice_bytes *bytes, int64_t now_ms,
                      struct pay_notice *ret_notice)
{
    (void)now_ms; /* resends run for 25 hours with the old time: a window would drop real ones */
    const struct alipay *alipay = alipay_of(merchant);
    struct form form = {.count = 0};
    enum rc rc = form_parse(arena, bytes->body, bytes->body_len, &form);
    if (rc == RC_MEMORY) {
        return rc;
    }
    if (rc != RC_OK || strcasecmp(form_text(&form, "charset"), "utf-8") != 0) {
        ret_notice->refusal = rc == RC_CONFLICT ? PAY_REFUSED_TWICE : PAY_REFUSED_MALFORMED;
        return RC_OK;
    }
    TRY(signature_check(alipay, &form, &ret_notice->refusal));
    if (ret_notice->refusal != PAY_FINE) {
        return RC_OK;
    }
    return alipay_notice_fields(alipay, arena, &form, ret_notice);
}
