/* UnionPay 5.1.0: signatures, certificates, notices, against published and self-made messages. */
#include "unionpay_fixture.h"

static struct pay_notice notice_of(const struct pay_merchant *merchant, struct arena *arena,
                                   const char *body, int64_t now_ms)
{
    struct pay_notice notice;
    struct pay_notice_bytes bytes = {.method = "POST", .body = body, .body_len = strlen(body)};
    assert_int_equal(pay_notice_read(merchant, arena, &bytes, now_ms, &notice), RC_OK);
    return notice;
}

static enum rc field_add(void *context, const char *key, const struct json_object *value)
{
    const char *text = NULL;
    assert_int_equal(json_as_text(value, 0, 65536, &text), RC_OK);
    if (strcmp(key, "certId") != 0) {
        form_add(context, key, text);
    }
    return RC_OK;
}

static const struct json_object *merchant_key(const struct json_object *document, const char *id)
{
    const struct json_object *keys = array_of(document, "merchant_test_keys");
    for (size_t i = 0; i < json_count(keys); i++) {
        if (strcmp(text_of(json_at(keys, i), "id"), id) == 0) {
            return json_at(keys, i);
        }
    }
    fail_msg("no key %s", id);
    return NULL;
}

static void requests_are_signed(void **state)
{
    (void)state;
    struct documents documents;
    documents_open(&documents, "unionpay.json");
    for (size_t d = 0; d < documents.count; d++) {
        const struct json_object *cases = array_of(documents.list[d], "sign");
        for (size_t i = 0; i < json_count(cases); i++) {
            const struct json_object *one = json_at(cases, i);
            const struct json_object *key = merchant_key(documents.list[d], text_of(one, "key"));
            const char *text = text_of(key, "private_key_pkcs8_der_base64");
            struct unionpay unionpay = {.merchant_id = ""};
            struct pay_merchant merchant = {.driver = &pay_driver_unionpay, .own = &unionpay};
            struct form form = {.count = 0};
            struct arena arena;
            arena_init(&arena, 1 << 20);
            text_copy(unionpay.certificate_id, RSA_SERIAL_MAX, text_of(key, "cert_id_decimal"));
            assert_int_equal(rsa_private_load(text, strlen(text), &merchant.private_key), RC_OK);
            assert_int_equal(json_each(object_of(one, "fields"), field_add, &form), RC_OK);
            assert_int_equal(unionpay_sign(&merchant, &arena, &form), RC_OK);
            assert_string_equal(form_text(&form, "signature"), text_of(one, "signature"));
            rsa_free(&merchant.private_key);
            arena_release(&arena);
        }
    }
    documents_close(&documents);
}

/* A real message of 2017 of another kind of trade: only its signature is looked at. */
static void real_message_verifies(void **state)
{
    (void)state;
    struct documents documents;
    documents_open(&documents, "unionpay.json");
    for (size_t d = 0; d < documents.count; d++) {
        const struct json_object *one = json_at(array_of(documents.list[d], "notify_published"), 0);
        static const struct {
            const char *name;
            int64_t at_ms;
            bool test;
            enum pay_refusal refusal;
        } cases[] = {
            {"in its time", INT64_C(1509379200000), true, PAY_FINE},
            {"SHA-1 and a test owner", INT64_C(1509379200000), false, PAY_REFUSED_CERTIFICATE},
            {"too late", INT64_C(1512662400000), true, PAY_REFUSED_CERTIFICATE},
            {"too early", INT64_C(1430000000000), true, PAY_REFUSED_CERTIFICATE},
        };
        for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
            struct fixture fixture;
            struct form form;
            enum pay_refusal refusal = PAY_FINE;
            const char *body = text_of(one, "form_body");
            const struct pay_merchant *merchant = unionpay_merchant(
                &fixture, documents.list[d], "777290058146592", text_of(one, "root_pem"),
                text_of(one, "middle_pem"), cases[i].test);
            assert_int_equal(form_parse(&fixture.arena, body, strlen(body), &form), RC_OK);
            assert_int_equal(
                unionpay_verify(unionpay_of(merchant), &form, cases[i].at_ms, &refusal), RC_OK);
            if (refusal != cases[i].refusal) {
                fail_msg("%s: %s", cases[i].name, pay_refusal_code(refusal));
            }
            if (i == 0) {
                assert_int_equal(notice_of(merchant, &fixture.arena, body, cases[i].at_ms).refusal,
                                 PAY_REFUSED_KIND);
            }
            fixture_end(&fixture);
        }
    }
    documents_close(&documents);
}

static void notices_known(void **state)
{
    (void)state;
    static const struct {
        const char *id;
        enum pay_refusal refusal;
        enum pay_outcome outcome;
    } known[] = {
        {"ok", PAY_FINE, PAY_PAID},
        {"a6", PAY_FINE, PAY_UNKNOWN}, /* a query decides */
        {"wrong-owner", PAY_REFUSED_CERTIFICATE, 0},
        {"expired", PAY_REFUSED_CERTIFICATE, 0},
        {"wrong-merId", PAY_REFUSED_MERCHANT, 0},
        {"wrong-currency", PAY_REFUSED_CURRENCY, 0},
        {"no-cert", PAY_REFUSED_UNSIGNED, 0},
    };
    struct documents documents;
    documents_open(&documents, "unionpay.json");
    for (size_t d = 0; d < documents.count; d++) {
        struct fixture fixture;
        const struct json_object *all = object_of(documents.list[d], "notify_derived");
        const struct json_object *cases = array_of(all, "messages");
        const struct pay_merchant *merchant =
            unionpay_merchant(&fixture, documents.list[d], "777290058110048",
                              text_of(all, "root_pem"), text_of(all, "middle_pem"), false);
        for (size_t i = 0; i < json_count(cases); i++) {
            const struct json_object *one = json_at(cases, i);
            struct pay_notice notice =
                notice_of(merchant, &fixture.arena, text_of(one, "form_body"), UNIONPAY_NOW_MS);
            for (size_t k = 0; k < ARRAY_LEN(known); k++) {
                if (strcmp(known[k].id, text_of(one, "id")) != 0) {
                    continue;
                }
                if (notice.refusal != known[k].refusal) {
                    fail_msg("%s: %s", known[k].id, pay_refusal_code(notice.refusal));
                }
                assert_int_equal(notice.fact.outcome, known[k].outcome);
                if (notice.refusal == PAY_FINE) {
                    assert_string_equal(notice.fact.order_number, "EV20260102030405000001");
                    assert_string_equal(notice.fact.provider_transaction, "202601020304051234568");
                    assert_int_equal(notice.fact.amount_fen, 1234);
                    assert_int_equal(notice.fact.occurred_at_ms, UNIONPAY_ORDER_MS);
                }
            }
        }
        fixture_end(&fixture);
    }
    documents_close(&documents);
}

#define FORM                                                                                       \
    "version=5.1.0&encoding=UTF-8&signMethod=01&txnType=01&txnSubType=01&bizType=000201&"          \
    "accessType=0&merId=777290058110048&orderId=EV1&txnTime=20251231235900&txnAmt=1234&"           \
    "currencyCode=156&queryId=77&respCode=00&traceTime=0101000100&reqReserved="

static const struct {
    const char *find;
    const char *put;
    enum pay_refusal refusal;
    enum pay_kind kind;
    enum pay_outcome outcome;
} notice_cases[] = {
    {"", "", PAY_FINE, PAY_KIND_PAY, PAY_PAID},
    {"respCode=00", "respCode=05", PAY_FINE, PAY_KIND_PAY, PAY_UNKNOWN},
    {"respCode=00", "respCode=42", PAY_FINE, PAY_KIND_PAY, PAY_FAILED},
    {"respCode=00", "respCode=01", PAY_FINE, PAY_KIND_PAY, PAY_FAILED},
    {"txnType=01&txnSubType=01", "txnType=04&txnSubType=00", PAY_FINE, PAY_KIND_REFUND,
     PAY_REFUNDED},
    {"txnType=01&txnSubType=01", "txnType=31&txnSubType=00", PAY_FINE, PAY_KIND_REFUND,
     PAY_REFUNDED},
    {"txnType=01&txnSubType=01", "txnType=79&txnSubType=00", PAY_REFUSED_KIND, 0, 0},
    {"txnSubType=01", "txnSubType=03", PAY_REFUSED_KIND, 0, 0},
    {"5.1.0", "5.0.0", PAY_REFUSED_ALGORITHM, 0, 0},
    {"signMethod=01", "signMethod=11", PAY_REFUSED_ALGORITHM, 0, 0},
    {"UTF-8", "GBK", PAY_REFUSED_ALGORITHM, 0, 0},
    {"110048", "110049", PAY_REFUSED_MERCHANT, 0, 0},
    {"=156", "=840", PAY_REFUSED_CURRENCY, 0, 0},
    {"currencyCode=156&", "", PAY_REFUSED_CURRENCY, 0, 0},
    {"1234", "0", PAY_REFUSED_AMOUNT, 0, 0},
    {"1234", "12.34", PAY_REFUSED_AMOUNT, 0, 0},
    {"1234", "-1234", PAY_REFUSED_AMOUNT, 0, 0},
    {"queryId=77&", "", PAY_REFUSED_ORDER, 0, 0},
    {"orderId=EV1&", "", PAY_REFUSED_ORDER, 0, 0},
    {"reqReserved=", "orderId=EV1", PAY_REFUSED_TWICE, 0, 0},
    {"reqReserved=", "x=%f", PAY_REFUSED_MALFORMED, 0, 0},
};

static const char *signed_form(const struct unionpay_side *side, struct arena *arena, size_t which)
{
    const char *at = strstr(FORM, notice_cases[which].find);
    assert_non_null(at);
    const char *body = arena_printf(arena, "%.*s%s%s", (int)(at - (FORM)), FORM,
                                    notice_cases[which].put, at + strlen(notice_cases[which].find));
    struct form form;
    struct text text;
    if (form_parse(arena, body, strlen(body), &form) != RC_OK) {
        return body;
    }
    unionpay_side_sign(side, arena, &form);
    text_init(&text, 65536);
    form_add_encoded(&form, &text);
    const char *whole = arena_copy_string(arena, text_string(&text));
    text_release(&text);
    return whole;
}

static void notices_signed_but_refused(void **state)
{
    (void)state;
    struct documents documents;
    struct fixture fixture;
    struct unionpay_side side;
    documents_open(&documents, "unionpay.json");
    unionpay_side_open(&side, UNIONPAY_OWNER, 30);
    const struct pay_merchant *merchant = unionpay_merchant(
        &fixture, documents.list[0], "777290058110048", side.root, side.middle, false);
    for (size_t i = 0; i < ARRAY_LEN(notice_cases); i++) {
        const char *body = signed_form(&side, &fixture.arena, i);
        struct pay_notice notice = notice_of(merchant, &fixture.arena, body, UNIONPAY_NOW_MS);
        if (notice.refusal != notice_cases[i].refusal ||
            notice.fact.outcome != notice_cases[i].outcome ||
            notice.fact.kind != notice_cases[i].kind) {
            fail_msg("case %zu: %s %s", i, pay_refusal_code(notice.refusal),
                     pay_outcome_code(notice.fact.outcome));
        }
    }
    char *body = arena_copy_string(&fixture.arena, signed_form(&side, &fixture.arena, 0));
    /* an order of the last minute of a year, paid in the next: the order's time is the best known
     */
    struct pay_notice notice = notice_of(merchant, &fixture.arena, body, UNIONPAY_NOW_MS);
    assert_int_equal(notice.fact.occurred_at_ms, INT64_C(1767196860000));
    char *digit = strstr(body, "1234");
    *digit = '9';
    assert_int_equal(notice_of(merchant, &fixture.arena, body, UNIONPAY_NOW_MS).refusal,
                     PAY_REFUSED_SIGNATURE);
    *digit = '1';
    assert_int_equal(
        notice_of(merchant, &fixture.arena, body, UNIONPAY_NOW_MS + INT64_C(31) * 86400000).refusal,
        PAY_REFUSED_CERTIFICATE);
    body[strlen(body) - 30] = '\0';
    assert_true(notice_of(merchant, &fixture.arena, body, UNIONPAY_NOW_MS).refusal != PAY_FINE);
    unionpay_side_close(&side);
    fixture_end(&fixture);
    documents_close(&documents);
}

/* Whose certificate may sign: the owner in production, its test name only where that is set;
   another chain never, though the signature itself is good. */
static void owners_and_chains(void **state)
{
    (void)state;
    static const struct {
        const char *owner;
        bool test;
        enum pay_refusal refusal;
    } cases[] = {
        {UNIONPAY_OWNER, false, PAY_FINE},
        {"041@Z12@00040000:SIGN@00000062", false, PAY_REFUSED_CERTIFICATE},
        {"041@Z12@00040000:SIGN@00000062", true, PAY_FINE},
        {"中国银联股份有限公司", false, PAY_REFUSED_CERTIFICATE},
        {"041@中国银联股份有限公司@Z12", false, PAY_REFUSED_CERTIFICATE},
        {"041@Z@中国银联股份有限公司x@1", true, PAY_REFUSED_CERTIFICATE},
    };
    struct documents documents;
    documents_open(&documents, "unionpay.json");
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct fixture fixture;
        struct unionpay_side side;
        unionpay_side_open(&side, cases[i].owner, 30);
        const struct pay_merchant *merchant = unionpay_merchant(
            &fixture, documents.list[0], "777290058110048", side.root, side.middle, cases[i].test);
        const char *body = signed_form(&side, &fixture.arena, 0);
        assert_int_equal(notice_of(merchant, &fixture.arena, body, UNIONPAY_NOW_MS).refusal,
                         cases[i].refusal);
        if (i == 0) {
            struct unionpay_side stranger;
            unionpay_side_open(&stranger, cases[i].owner, 30);
            body = signed_form(&stranger, &fixture.arena, 0);
            assert_int_equal(notice_of(merchant, &fixture.arena, body, UNIONPAY_NOW_MS).refusal,
                             PAY_REFUSED_CERTIFICATE);
            unionpay_side_close(&stranger);
        }
        unionpay_side_close(&side);
        fixture_end(&fixture);
    }
    documents_close(&documents);
}

/* SHA-1 in a chain is for the test gateway only, whoever owns the certificate. */
static void weak_chains(void **state)
{
    (void)state;
    struct documents documents;
    struct unionpay_side side;
    documents_open(&documents, "unionpay.json");
    unionpay_side_make(&side, UNIONPAY_OWNER, 30, EVP_sha1());
    for (int test = 0; test < 2; test++) {
        struct fixture fixture;
        const struct pay_merchant *merchant = unionpay_merchant(
            &fixture, documents.list[0], "777290058110048", side.root, side.middle, test == 1);
        const char *body = signed_form(&side, &fixture.arena, 0);
        assert_int_equal(notice_of(merchant, &fixture.arena, body, UNIONPAY_NOW_MS).refusal,
                         test == 1 ? PAY_FINE : PAY_REFUSED_CERTIFICATE);
        fixture_end(&fixture);
    }
    unionpay_side_close(&side);
    documents_close(&documents);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_are_signed), cmocka_unit_test(real_message_verifies),
        cmocka_unit_test(notices_known),       cmocka_unit_test(notices_signed_but_refused),
        cmocka_unit_test(owners_and_chains),   cmocka_unit_test(weak_chains),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
