/* UnionPay: forms of notices, text of answers, certificates that come with them. */
#include "pay_fuzz.h"

#include "core/pay/unionpay_own.h"

static void facts(const struct unionpay *unionpay, const struct form *form)
{
    for (int refund = 0; refund < 2; refund++) {
        enum pay_refusal refusal = PAY_FINE;
        struct pay_fact fact = pay_fact_empty();
        const char *code = form_text(form, "respCode");
        unionpay_fact(unionpay, form, refund == 1, code, &fact, &refusal);
        fact.outcome = unionpay_outcome(code, refund == 1, true);
        fact_holds(refusal, &fact);
    }
}

/* What was parsed says the same when it is written and parsed again. */
static void again(struct arena *arena, const struct form *form)
{
    struct text text;
    struct form second;
    text_init(&text, (size_t)1 << 20);
    form_add_encoded(form, &text);
    enum rc rc = form_parse(arena, text_string(&text), text.len, &second);
    text_release(&text);
    assert(rc == RC_OK && second.count == form->count);
    for (size_t i = 0; i < form->count; i++) {
        assert(strcmp(second.fields[i].value, form->fields[i].value) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct unionpay unionpay = {.merchant_id = "777290058110048"};
    struct arena arena;
    struct form form = {.count = 0};
    if (size < 2) {
        return 0;
    }
    arena_init(&arena, (size_t)64 << 20);
    const char *bytes = (const char *)data + 1;
    CLEANUP(certificate_free) struct certificate *certificate = NULL;
    enum rc rc = RC_INVALID;
    if (data[0] % 3 == 0) {
        rc = form_parse(&arena, bytes, size - 1, &form);
    } else if (data[0] % 3 == 1) {
        rc = unionpay_parse(&arena, bytes, size - 1, &form);
    } else if (certificate_load(bytes, size - 1, &certificate) == RC_OK) {
        char name[RSA_NAME_MAX];
        char hex[RSA_SERIAL_MAX];
        char decimal[RSA_SERIAL_MAX];
        (void)certificate_signed_by_rsa(certificate);
        (void)certificate_valid_at(certificate, FUZZ_NOW_MS);
        enum rc each[] = {
            certificate_common_name(certificate, name), certificate_issuer(certificate, name),
            certificate_serial(certificate, hex, decimal),
            certificate_chain_verify(certificate, NULL, certificate, FUZZ_NOW_MS, true)};
        assert(each[0] != RC_MEMORY && each[1] != RC_MEMORY && each[2] != RC_MEMORY);
    }
    if (rc == RC_OK) {
        facts(&unionpay, &form);
        again(&arena, &form);
    }
    arena_release(&arena);
    return 0;
}
