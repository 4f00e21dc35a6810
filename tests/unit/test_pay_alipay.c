/* Alipay: signatures, certificates, notices, against answers of the official SDK. */
#include "alipay_fixture.h"

static void requests_are_signed_as_by_the_sdk(void **state)
{
    (void)state;
    struct documents documents;
    documents_open(&documents, "alipay.json");
    for (size_t d = 0; d < documents.count; d++) {
        struct fixture fixture;
        const struct pay_merchant *merchant = alipay_merchant(&fixture, documents.list[d], false);
        const struct json_object *cases = array_of(documents.list[d], "request_signatures");
        static const char *const names[] = {"method",
                                            "app_id",
                                            "charset",
                                            "version",
                                            "sign_type",
                                            "timestamp",
                                            "notify_url",
                                            "return_url",
                                            "biz_content",
                                            "app_cert_sn",
                                            "alipay_root_cert_sn"};
        for (size_t i = 0; i < json_count(cases); i++) {
            const struct json_object *params = object_of(json_at(cases, i), "params");
            struct form form = {.count = 0};
            for (size_t n = 0; n < ARRAY_LEN(names); n++) {
                const char *value = NULL;
                if (json_get_text(params, names[n], 0, 4096, &value) == RC_OK) {
                    form_add(&form, names[n], value);
                }
            }
            assert_int_equal(alipay_sign(merchant, &fixture.arena, &form), RC_OK);
            assert_string_equal(form_text(&form, "sign"), text_of(params, "sign"));
        }
        fixture_end(&fixture);
    }
    documents_close(&documents);
}

static void certificates_have_their_numbers(void **state)
{
    (void)state;
    struct documents documents;
    documents_open(&documents, "alipay.json");
    for (size_t d = 0; d < documents.count; d++) {
        struct fixture fixture;
        const struct json_object *document = documents.list[d];
        const struct pay_merchant *merchant = alipay_merchant(&fixture, document, true);
        const struct alipay *alipay = alipay_of(merchant);
        assert_string_equal(alipay->app_sn, text_of(certificate_of(document, "app"), "sn"));
        assert_string_equal(alipay->alipay_sn, text_of(certificate_of(document, "alipay"), "sn"));
        assert_string_equal(alipay->root_sn, text_of(certificate_of(document, "root"), "sn"));
        struct pay_ask ask = ask_of(PAY_QUERY, ALIPAY_NOW_MS);
        struct pay_call call;
        assert_int_equal(pay_ask(merchant, &fixture.arena, &ask, ALIPAY_NOW_MS, &call), RC_OK);
        assert_non_null(strstr(call.request.url, alipay->app_sn));
        assert_non_null(strstr(call.request.url, alipay->root_sn));
        fixture_end(&fixture);
    }
    documents_close(&documents);
}

static struct pay_notice notice_of(const struct pay_merchant *merchant, struct arena *arena,
                                   const char *body)
{
    struct pay_notice notice;
    struct pay_notice_bytes bytes = {.method = "POST", .body = body, .body_len = strlen(body)};
    assert_int_equal(pay_notice_read(merchant, arena, &bytes, ALIPAY_NOW_MS, &notice), RC_OK);
    return notice;
}

/* Each with the key it was published with, as the merchant it is for. */
static void notices_published(void **state)
{
    (void)state;
    struct documents documents;
    documents_open(&documents, "alipay.json");
    for (size_t d = 0; d < documents.count; d++) {
        const struct json_object *cases = array_of(documents.list[d], "notify_published");
        for (size_t i = 0; i < json_count(cases); i++) {
            const struct json_object *one = json_at(cases, i);
            const char *body = text_of(one, "form_body");
            const char *pem = text_of(one, "public_key_pem");
            struct alipay alipay = {.app_id = ""};
            struct pay_merchant merchant = {.driver = &pay_driver_alipay, .own = &alipay};
            struct form form;
            struct arena arena;
            arena_init(&arena, 1 << 20);
            assert_int_equal(form_parse(&arena, body, strlen(body), &form), RC_OK);
            alipay.app_id = form_text(&form, "app_id");
            alipay.seller_id = form_text(&form, "seller_id");
            assert_int_equal(rsa_public_load(pem, strlen(pem), &alipay.public_key), RC_OK);
            struct pay_notice notice = notice_of(&merchant, &arena, body);
            bool expected = is_true(one, "official_test_expects");
            assert_int_equal(notice.refusal, expected ? PAY_FINE : PAY_REFUSED_SIGNATURE);
            assert_int_equal(notice.fact.amount_fen, expected ? 10 : 0);
            rsa_free(&alipay.public_key);
            arena_release(&arena);
        }
    }
    documents_close(&documents);
}

static void notices_derived(void **state)
{
    (void)state;
    static const struct {
        const char *id;
        enum pay_refusal refusal;
        enum pay_kind kind;
        enum pay_outcome outcome;
        int64_t amount_fen;
    } known[] = {
        {"success", PAY_FINE, PAY_KIND_PAY, PAY_PAID, 1234},
        {"finished", PAY_FINE, PAY_KIND_PAY, PAY_PAID, 1234},
        {"refund-partial", PAY_FINE, PAY_KIND_REFUND, PAY_REFUNDED, 200},
        {"unknown-order", PAY_FINE, PAY_KIND_PAY, PAY_PAID, 1234}, /* settling asks for the order */
        {"wrong-seller", PAY_REFUSED_MERCHANT, 0, 0, 0},
        {"tampered", PAY_REFUSED_SIGNATURE, 0, 0, 0},
        {"no-sign", PAY_REFUSED_UNSIGNED, 0, 0, 0},
    };
    struct documents documents;
    documents_open(&documents, "alipay.json");
    for (size_t d = 0; d < documents.count; d++) {
        struct fixture fixture;
        const struct pay_merchant *merchant = alipay_merchant(&fixture, documents.list[d], false);
        const struct json_object *cases = array_of(documents.list[d], "notify_derived");
        for (size_t i = 0; i < json_count(cases); i++) {
            const struct json_object *one = json_at(cases, i);
            struct pay_notice notice =
                notice_of(merchant, &fixture.arena, text_of(one, "form_body"));
            bool is_known = false;
            for (size_t k = 0; k < ARRAY_LEN(known); k++) {
                if (strcmp(known[k].id, text_of(one, "id")) == 0) {
                    is_known = true;
                    assert_int_equal(notice.refusal, known[k].refusal);
                    assert_int_equal(notice.fact.kind, known[k].kind);
                    assert_int_equal(notice.fact.outcome, known[k].outcome);
                    assert_int_equal(notice.fact.amount_fen, known[k].amount_fen);
                }
            }
            assert_true(is_known || is_true(one, "signature_valid") || notice.refusal != PAY_FINE);
        }
        fixture_end(&fixture);
    }
    documents_close(&documents);
}

#define FORM                                                                                       \
    "app_id=2014060600164699&seller_id=2088531891668739&charset=utf-8&sign_type=RSA2&"             \
    "notify_type=trade_status_sync&trade_no=22&out_trade_no=EV1&empty=&total_amount=12.30&"        \
    "trade_status=TRADE_SUCCESS&gmt_payment=2026-01-02+03%3A04%3A05"

/* The form with `find` replaced, signed as Alipay signs: all but sign and sign_type. */
static const char *signed_form(struct arena *arena, const struct rsa_key *key, const char *find,
                               const char *put)
{
    const char *at = strstr(FORM, find);
    assert_non_null(at);
    const char *body =
        arena_printf(arena, "%.*s%s%s", (int)(at - (FORM)), FORM, put, at + strlen(find));
    struct form form;
    struct form rest = {.count = 0};
    struct text text;
    const char *sign = NULL;
    if (form_parse(arena, body, strlen(body), &form) != RC_OK) {
        return arena_printf(arena, "%s&sign=AAAA", body);
    }
    for (size_t i = 0; i < form.count; i++) {
        if (strcmp(form.fields[i].name, "sign_type") != 0) {
            rest.fields[rest.count++] = form.fields[i];
        }
    }
    text_init(&text, 65536);
    form_sort(&rest);
    form_add_raw(&rest, true, &text);
    assert_int_equal(rsa_sign(key, text_string(&text), text.len, arena, &sign), RC_OK);
    text_clear(&text);
    text_printf(&text, "%s&sign=", body);
    form_encode(&text, sign);
    const char *whole = arena_copy_string(arena, text_string(&text));
    text_release(&text);
    return whole;
}

static const struct {
    const char *find;
    const char *put;
    enum pay_refusal refusal;
    enum pay_outcome outcome;
} notice_cases[] = {
    {"", "", PAY_FINE, PAY_PAID},
    {"empty=&", "new_parameter=1&", PAY_FINE, PAY_PAID},
    {"SUCCESS", "FINISHED", PAY_FINE, PAY_PAID},
    {"TRADE_SUCCESS", "WAIT_BUYER_PAY", PAY_FINE, PAY_UNPAID},
    {"SUCCESS", "CLOSED", PAY_FINE, PAY_CLOSED},
    {"SUCCESS", "CLOSED&refund_fee=12.30", PAY_FINE, PAY_REFUNDED},
    {"SUCCESS", "SUCCESS&refund_fee=2", PAY_FINE, PAY_REFUNDED},
    {"SUCCESS", "SUCCESS&gmt_refund=2026-01-02+04%3A00%3A00.123", PAY_REFUSED_AMOUNT, 0},
    {"SUCCESS", "SUCCESS&out_biz_no=R1&refund_fee=-2.00", PAY_REFUSED_AMOUNT, 0},
    {"SUCCESS", "PENDING", PAY_REFUSED_KIND, 0},
    {"trade_status_sync", "servicemarket_order_notify", PAY_REFUSED_KIND, 0},
    {"164699", "164698", PAY_REFUSED_APP, 0},
    {"668739", "668738", PAY_REFUSED_MERCHANT, 0},
    {"seller_id=2088531891668739&", "", PAY_REFUSED_MERCHANT, 0},
    {"out_trade_no=EV1&", "", PAY_REFUSED_ORDER, 0},
    {"12.30", "0.00", PAY_REFUSED_AMOUNT, 0},
    {"12.30", "-12.30", PAY_REFUSED_AMOUNT, 0},
    {"12.30", "12.301", PAY_REFUSED_AMOUNT, 0},
    {"12.30", "1e3", PAY_REFUSED_AMOUNT, 0},
    {"12.30", "+12.30", PAY_REFUSED_AMOUNT, 0},
    {"12.30", "12%2C30", PAY_REFUSED_AMOUNT, 0},
    {"12.30", "99999999999999999999.00", PAY_REFUSED_AMOUNT, 0},
    {"empty=", "trans_currency=USD", PAY_REFUSED_CURRENCY, 0},
    {"RSA2", "RSA", PAY_REFUSED_ALGORITHM, 0},
    {"utf-8", "GBK", PAY_REFUSED_MALFORMED, 0},
    {"empty=", "trade_no=22", PAY_REFUSED_TWICE, 0},
    {"empty=", "bad=%zz", PAY_REFUSED_MALFORMED, 0},
};

static void notices_signed_but_refused(void **state)
{
    (void)state;
    struct documents documents;
    struct fixture fixture;
    documents_open(&documents, "alipay.json");
    const struct pay_merchant *merchant = alipay_merchant(&fixture, documents.list[0], false);
    struct rsa_key *key = alipay_side(documents.list[0]);
    for (size_t i = 0; i < ARRAY_LEN(notice_cases); i++) {
        const char *body =
            signed_form(&fixture.arena, key, notice_cases[i].find, notice_cases[i].put);
        struct pay_notice notice = notice_of(merchant, &fixture.arena, body);
        if (notice.refusal != notice_cases[i].refusal ||
            notice.fact.outcome != notice_cases[i].outcome) {
            fail_msg("case %zu: %s %s", i, pay_refusal_code(notice.refusal),
                     pay_outcome_code(notice.fact.outcome));
        }
    }
    const char *good = signed_form(&fixture.arena, key, "", "");
    struct pay_notice notice = notice_of(merchant, &fixture.arena, good);
    assert_int_equal(notice.fact.amount_fen, 1230);
    assert_int_equal(notice.fact.occurred_at_ms, ALIPAY_NOW_MS);
    /* an empty parameter is signed too, and taking it away shows */
    const char *without = strstr(good, "empty=&");
    const char *cut = arena_printf(&fixture.arena, "%.*s%s", (int)(without - good), good,
                                   without + strlen("empty=&"));
    assert_int_equal(notice_of(merchant, &fixture.arena, cut).refusal, PAY_REFUSED_SIGNATURE);
    cut = arena_printf(&fixture.arena, "%.*s", (int)strlen(good) - 40, good);
    assert_int_equal(notice_of(merchant, &fixture.arena, cut).refusal, PAY_REFUSED_SIGNATURE);
    rsa_free(&key);
    fixture_end(&fixture);
    documents_close(&documents);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_are_signed_as_by_the_sdk),
        cmocka_unit_test(certificates_have_their_numbers),
        cmocka_unit_test(notices_published),
        cmocka_unit_test(notices_derived),
        cmocka_unit_test(notices_signed_but_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
