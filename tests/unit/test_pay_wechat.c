/* WeChat Pay APIv3: signatures and notices, against published answers and messages signed as the
   platform would. */
#include "wechat_fixture.h"

#define PLAIN                                                                                      \
    "{\"appid\":\"wxd678efh567hg6787\",\"mchid\":\"1900007291\",\"out_trade_no\":\"EV1\","         \
    "\"transaction_id\":\"42\",\"trade_state\":\"SUCCESS\",\"amount\":{\"total\":5,"               \
    "\"currency\":\"CNY\"}}"
#define REFUND                                                                                     \
    "{\"mchid\":\"1900007291\",\"out_trade_no\":\"EV1\",\"transaction_id\":\"42\","                \
    "\"out_refund_no\":\"RF1\",\"refund_id\":\"50\",\"refund_status\":\"ABNORMAL\","               \
    "\"amount\":{\"total\":5,\"refund\":5}}"

static size_t headers_of(const struct json_object *json, struct http_header *headers)
{
    static const char *const names[] = {"Wechatpay-Serial", "Wechatpay-Timestamp",
                                        "Wechatpay-Nonce", "Wechatpay-Signature",
                                        "Wechatpay-Signature-Type"};
    size_t count = 0;
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        const char *value = NULL;
        if (json_get_text(json, names[i], 0, 4096, &value) == RC_OK) {
            headers[count++] = (struct http_header){names[i], value};
        }
    }
    return count;
}

static struct pay_notice notice_read(const struct pay_merchant *merchant, struct arena *arena,
                                     const struct http_header *headers, size_t count,
                                     const char *body, int64_t now_ms)
{
    struct pay_notice notice;
    struct pay_notice_bytes bytes = {.method = "POST",
                                     .headers = headers,
                                     .header_count = count,
                                     .body = body,
                                     .body_len = strlen(body)};
    assert_int_equal(pay_notice_read(merchant, arena, &bytes, now_ms, &notice), RC_OK);
    return notice;
}

static void requests_are_signed(void **state)
{
    (void)state;
    struct documents documents;
    documents_open(&documents, "wechatpay.json");
    for (size_t d = 0; d < documents.count; d++) {
        struct fixture fixture;
        const struct pay_merchant *merchant =
            merchant_open(&fixture, documents.list[d], WECHAT_NOW_MS);
        const struct json_object *cases = array_of(documents.list[d], "request_signatures");
        for (size_t i = 0; i < json_count(cases); i++) {
            const struct json_object *one = json_at(cases, i);
            const char *header = NULL;
            const char *signature = text_of(one, "signature");
            assert_int_equal(wechat_authorization(merchant, &fixture.arena, text_of(one, "method"),
                                                  text_of(one, "uri"), text_of(one, "body"),
                                                  number_of(text_of(one, "timestamp")),
                                                  text_of(one, "nonce"), &header),
                             RC_OK);
            assert_non_null(strstr(header, signature));
            assert_non_null(strstr(header, "WECHATPAY2-SHA256-RSA2048 mchid=\"1900007291\",nonce"));
        }
        cases = array_of(documents.list[d], "pay_signatures");
        for (size_t i = 0; i < json_count(cases); i++) {
            const struct json_object *one = json_at(cases, i);
            const char *message = text_of(one, "message");
            const char *signature = NULL;
            assert_int_equal(rsa_sign(merchant->private_key, message, strlen(message),
                                      &fixture.arena, &signature),
                             RC_OK);
            assert_string_equal(signature, text_of(one, "signature"));
        }
        fixture_end(&fixture);
    }
    documents_close(&documents);
}

static void answers_are_verified(void **state)
{
    (void)state;
    struct documents documents;
    documents_open(&documents, "wechatpay.json");
    for (size_t d = 0; d < documents.count; d++) {
        const struct json_object *one = object_of(documents.list[d], "response_verify");
        struct wechat wechat = {.key_count = 1, .keys = {{.id = "PUB_KEY_ID_1"}}};
        const char *pem = text_of(one, "public_key_pem");
        const char *body = text_of(one, "body");
        int64_t now_ms = number_of(text_of(one, "timestamp")) * 1000;
        enum pay_refusal refusal = PAY_FINE;
        assert_int_equal(rsa_public_load(pem, strlen(pem), &wechat.keys[0].key), RC_OK);
        const struct http_header headers[] = {{"wechatpay-serial", "PUB_KEY_ID_1"},
                                              {"wechatpay-timestamp", text_of(one, "timestamp")},
                                              {"wechatpay-nonce", text_of(one, "nonce")},
                                              {"wechatpay-signature", text_of(one, "signature")}};
        static const struct {
            int64_t apart_ms;
            enum pay_refusal refusal;
        } clocks[] = {{0, PAY_FINE},
                      {299000, PAY_FINE},
                      {-299000, PAY_FINE},
                      {300000, PAY_REFUSED_STALE},
                      {-300000, PAY_REFUSED_STALE}};
        for (size_t i = 0; i < ARRAY_LEN(clocks); i++) {
            refusal = PAY_FINE;
            assert_int_equal(wechat_verify(&wechat, headers, 4, body, strlen(body),
                                           now_ms + clocks[i].apart_ms, &refusal),
                             RC_OK);
            assert_int_equal(refusal, clocks[i].refusal);
        }
        assert_int_equal(
            wechat_verify(&wechat, headers, 4, body, strlen(body) - 1, now_ms, &refusal), RC_OK);
        assert_int_equal(refusal, PAY_REFUSED_SIGNATURE);
        rsa_free(&wechat.keys[0].key);
    }
    documents_close(&documents);
}

static void notices_known(void **state)
{
    (void)state;
    struct documents documents;
    documents_open(&documents, "wechatpay.json");
    for (size_t d = 0; d < documents.count; d++) {
        struct fixture fixture;
        const struct pay_merchant *merchant =
            merchant_open(&fixture, documents.list[d], WECHAT_NOW_MS);
        const struct json_object *all = object_of(documents.list[d], "notifications");
        for (int valid = 0; valid < 2; valid++) {
            const struct json_object *cases = array_of(all, valid ? "valid" : "invalid");
            for (size_t i = 0; i < json_count(cases); i++) {
                const struct json_object *one = json_at(cases, i);
                struct http_header headers[8];
                size_t count = headers_of(object_of(one, "headers"), headers);
                const char *at = http_header_get(headers, count, "Wechatpay-Timestamp");
                struct pay_notice notice =
                    notice_read(merchant, &fixture.arena, headers, count, text_of(one, "body"),
                                at == NULL ? 0 : number_of(at) * 1000);
                bool refund = notice.fact.kind == PAY_KIND_REFUND;
                assert_true((notice.refusal == PAY_FINE) == (valid == 1));
                if (valid) {
                    assert_int_equal(notice.fact.outcome, refund ? PAY_REFUNDED : PAY_PAID);
                    assert_string_equal(notice.fact.order_number, "EV20260102030405000001");
                    assert_string_equal(notice.fact.provider_transaction,
                                        "4200002990202601020000000001");
                    assert_int_equal(notice.fact.amount_fen, 1234);
                    assert_true(notice.fact.occurred_at_ms > INT64_C(1767290000000));
                } else {
                    assert_string_equal(notice.fact.order_number, "");
                }
            }
        }
        fixture_end(&fixture);
    }
    documents_close(&documents);
}

/* Signed as it should be, and still nothing that may be believed; the first are. */
static const struct {
    const char *event;
    const char *type;
    const char *find;
    const char *put;
    const char *plain;
    enum pay_refusal refusal;
    enum pay_outcome outcome;
} signed_cases[] = {
    {"TRANSACTION.SUCCESS", "transaction", "", "", PLAIN, PAY_FINE, PAY_PAID},
    {"REFUND.ABNORMAL", "refund", "", "", REFUND, PAY_FINE, PAY_REFUND_ABNORMAL},
    {"REFUND.CLOSED", "refund", "ABNORMAL", "CLOSED", REFUND, PAY_FINE, PAY_REFUND_CLOSED},
    {"TRANSACTION.SUCCESS", "profitsharing", "", "", PLAIN, PAY_REFUSED_KIND, 0},
    {"REFUND.SUCCESS", "transaction", "", "", PLAIN, PAY_REFUSED_KIND, 0},
    {"COUPON.USE", "transaction", "", "", PLAIN, PAY_REFUSED_KIND, 0},
    {"TRANSACTION.SUCCESS", "transaction", "hg6787", "hg6788", PLAIN, PAY_REFUSED_APP, 0},
    {"TRANSACTION.SUCCESS", "transaction", "7291", "7292", PLAIN, PAY_REFUSED_MERCHANT, 0},
    {"REFUND.ABNORMAL", "refund", "7291", "7292", REFUND, PAY_REFUSED_MERCHANT, 0},
    {"REFUND.ABNORMAL", "refund", "mchid", "nchid", REFUND, PAY_REFUSED_MERCHANT, 0},
    {"TRANSACTION.SUCCESS", "transaction", "CNY", "USD", PLAIN, PAY_REFUSED_CURRENCY, 0},
    {"TRANSACTION.SUCCESS", "transaction", "currency", "currencz", PLAIN, PAY_REFUSED_CURRENCY, 0},
    {"TRANSACTION.SUCCESS", "transaction", "\"total\":5", "\"total\":0", PLAIN, PAY_REFUSED_AMOUNT,
     0},
    {"TRANSACTION.SUCCESS", "transaction", "\"total\":5", "\"total\":-5", PLAIN, PAY_REFUSED_AMOUNT,
     0},
    {"TRANSACTION.SUCCESS", "transaction", "\"total\":5", "\"total\":5.0", PLAIN,
     PAY_REFUSED_AMOUNT, 0},
    {"TRANSACTION.SUCCESS", "transaction", "\"total\":5", "\"total\":\"5\"", PLAIN,
     PAY_REFUSED_AMOUNT, 0},
    {"TRANSACTION.SUCCESS", "transaction", "\"total\":5", "\"total\":5,\"total\":6", PLAIN,
     PAY_REFUSED_TWICE, 0},
    {"TRANSACTION.SUCCESS", "transaction", "SUCCESS", "NOTPAY", PLAIN, PAY_REFUSED_KIND, 0},
    {"TRANSACTION.SUCCESS", "transaction", "\"EV1\"", "\"\"", PLAIN, PAY_REFUSED_ORDER, 0},
    {"TRANSACTION.SUCCESS", "transaction", "\"42\"", "\"\"", PLAIN, PAY_REFUSED_ORDER, 0},
    {"TRANSACTION.SUCCESS", "transaction", "{\"appid", "[\"appid", PLAIN, PAY_REFUSED_MALFORMED, 0},
};

static void notices_signed_but_refused(void **state)
{
    (void)state;
    const int64_t now_ms = WECHAT_NOW_MS;
    struct documents documents;
    struct fixture fixture;
    struct platform platform;
    documents_open(&documents, "wechatpay.json");
    const struct pay_merchant *merchant = merchant_open(&fixture, documents.list[0], now_ms);
    platform_open(&platform, &fixture, documents.list[0]);
    for (size_t i = 0; i < ARRAY_LEN(signed_cases); i++) {
        const char *at = strstr(signed_cases[i].plain, signed_cases[i].find);
        assert_non_null(at);
        const char *plain = arena_printf(&fixture.arena, "%.*s%s%s",
                                         (int)(at - signed_cases[i].plain), signed_cases[i].plain,
                                         signed_cases[i].put, at + strlen(signed_cases[i].find));
        const char *associated = i % 2 == 0 ? "transaction" : "";
        const char *body = arena_printf(
            &fixture.arena,
            "{\"id\":\"1\",\"event_type\":\"%s\",\"resource\":{\"original_type\":\"%s\","
            "\"algorithm\":\"AEAD_AES_256_GCM\",\"nonce\":\"" SEAL_NONCE
            "\",\"associated_data\":\"%s\",\"ciphertext\":\"%s\"}}",
            signed_cases[i].event, signed_cases[i].type, associated,
            seal(&platform, plain, associated));
        size_t count = sign(&platform, body, now_ms);
        struct pay_notice notice =
            notice_read(merchant, &fixture.arena, platform.headers, count, body, now_ms);
        if (notice.refusal != signed_cases[i].refusal) {
            fail_msg("case %zu: %s", i, pay_refusal_code(notice.refusal));
        }
        assert_int_equal(notice.fact.outcome, signed_cases[i].outcome);
    }
    rsa_free(&platform.key);
    fixture_end(&fixture);
    documents_close(&documents);
}

/* What is wrong around a body that is right. */
static void notices_unsigned_stale_large(void **state)
{
    (void)state;
    const int64_t now_ms = WECHAT_NOW_MS;
    struct documents documents;
    struct fixture fixture;
    documents_open(&documents, "wechatpay.json");
    const struct pay_merchant *merchant = merchant_open(&fixture, documents.list[0], now_ms);
    const struct json_object *one =
        json_at(array_of(object_of(documents.list[0], "notifications"), "valid"), 0);
    struct http_header headers[9];
    size_t count = headers_of(object_of(one, "headers"), headers);
    const char *body = text_of(one, "body");
    struct arena *arena = &fixture.arena;
    assert_int_equal(notice_read(merchant, arena, headers, count, body, now_ms).refusal, PAY_FINE);
    assert_int_equal(notice_read(merchant, arena, headers, count, body, now_ms + 300000).refusal,
                     PAY_REFUSED_STALE);
    for (size_t i = 0; i < 4; i++) {
        struct http_header fewer[9];
        memcpy(fewer, headers, sizeof(fewer));
        fewer[i] = headers[count - 1];
        assert_int_equal(notice_read(merchant, arena, fewer, count - 1, body, now_ms).refusal,
                         PAY_REFUSED_UNSIGNED);
    }
    headers[count] = headers[3];
    assert_int_equal(notice_read(merchant, arena, headers, count + 1, body, now_ms).refusal,
                     PAY_REFUSED_UNSIGNED);
    headers[0].value = "0123456789ABCDEF";
    assert_int_equal(notice_read(merchant, arena, headers, count, body, now_ms).refusal,
                     PAY_REFUSED_KEY);
    headers[0].value = text_of(object_of(one, "headers"), "Wechatpay-Serial");
    headers[4] = (struct http_header){"Wechatpay-Signature-Type", "WECHATPAY2-SM2-WITH-SM3"};
    assert_int_equal(notice_read(merchant, arena, headers, 5, body, now_ms).refusal,
                     PAY_REFUSED_ALGORITHM);
    /* the certificate's time is over in 2031 */
    const int64_t late_ms = INT64_C(1950000000000);
    headers[1].value = "1950000000";
    assert_int_equal(notice_read(merchant, arena, headers, 4, body, late_ms).refusal,
                     PAY_REFUSED_KEY);
    assert_null(pay_merchant_find(fixture.pay, "wechat", "other"));
    assert_null(pay_merchant_find(fixture.pay, "alipay", "main"));
    assert_null(pay_merchant_find(fixture.pay, "stripe", "main"));
    struct pay_notice notice;
    struct pay_notice_bytes bytes = {.method = "GET", .body = body, .body_len = strlen(body)};
    assert_int_equal(pay_notice_read(merchant, arena, &bytes, now_ms, &notice), RC_OK);
    assert_int_equal(notice.refusal, PAY_REFUSED_METHOD);
    bytes.method = "POST";
    bytes.body_len = PAY_NOTICE_BYTES_MAX + 1;
    assert_int_equal(pay_notice_read(merchant, arena, &bytes, now_ms, &notice), RC_OK);
    assert_int_equal(notice.refusal, PAY_REFUSED_SIZE);
    bytes.body_len = 0;
    assert_int_equal(pay_notice_read(merchant, arena, &bytes, now_ms, &notice), RC_OK);
    assert_int_equal(notice.refusal, PAY_REFUSED_SIZE);
    fixture_end(&fixture);
    documents_close(&documents);
}

static void replies(void **state)
{
    (void)state;
    assert_int_equal(pay_reply(PAY_WECHAT, PAY_REPLY_SUCCESS).status, 200);
    assert_string_equal(pay_reply(PAY_WECHAT, PAY_REPLY_SUCCESS).body,
                        "{\"code\":\"SUCCESS\",\"message\":\"成功\"}");
    assert_int_equal(pay_reply(PAY_WECHAT, PAY_REPLY_REFUSED).status, 400);
    assert_string_equal(pay_reply(PAY_WECHAT, PAY_REPLY_FAILED).body,
                        "{\"code\":\"FAIL\",\"message\":\"失败\"}");
    assert_string_equal(pay_reply(PAY_ALIPAY, PAY_REPLY_SUCCESS).body, "success");
    assert_int_equal(pay_reply(PAY_UNIONPAY, PAY_REPLY_SUCCESS).status, 200);
    assert_int_equal(pay_reply(PAY_UNIONPAY, PAY_REPLY_FAILED).status, 500);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_are_signed),
        cmocka_unit_test(answers_are_verified),
        cmocka_unit_test(notices_known),
        cmocka_unit_test(notices_signed_but_refused),
        cmocka_unit_test(notices_unsigned_stale_large),
        cmocka_unit_test(replies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
