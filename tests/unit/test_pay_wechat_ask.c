/* WeChat Pay APIv3: what is asked, what answers prove, bills, certificates, openid, settings. */
#include "wechat_fixture.h"

#include <zlib.h>

#define PLAIN                                                                                      \
    "{\"appid\":\"wxd678efh567hg6787\",\"mchid\":\"1900007291\",\"out_trade_no\":\"EV1\","         \
    "\"transaction_id\":\"42\",\"trade_state\":\"SUCCESS\",\"amount\":{\"total\":5,"               \
    "\"currency\":\"CNY\"}}"

static struct pay_answer read_answer(const struct pay_merchant *merchant, struct platform *platform,
                                     const struct pay_ask *ask, int status, const char *body,
                                     int64_t now_ms)
{
    struct http_answer answer = {.status = status, .body = body, .body_len = strlen(body)};
    struct pay_answer read;
    answer.header_count = sign(platform, body, now_ms);
    memcpy(answer.headers, platform->headers, sizeof(platform->headers));
    assert_int_equal(pay_read(merchant, platform->arena, ask, &answer, now_ms, &read), RC_OK);
    return read;
}

static const struct {
    enum pay_op op;
    int status;
    const char *body;
    enum pay_outcome outcome;
    enum pay_refusal refusal;
} answer_cases[] = {
    {PAY_CREATE, 200, "{\"code_url\":\"weixin://wxpay/bizpayurl?pr=1\"}", PAY_ACCEPTED, 0},
    {PAY_CREATE, 200, "{}", PAY_UNKNOWN, PAY_REFUSED_MALFORMED},
    {PAY_CREATE, 400, "{\"code\":\"PARAM_ERROR\",\"message\":\"x\"}", PAY_REFUSED, 0},
    {PAY_CREATE, 400, "{\"code\":\"ORDERPAID\"}", PAY_QUERY_NOW, 0},
    {PAY_CREATE, 500, "{\"code\":\"SYSTEM_ERROR\"}", PAY_UNKNOWN, 0},
    {PAY_CREATE, 429, "{\"code\":\"FREQUENCY_LIMITED\"}", PAY_UNKNOWN, 0},
    {PAY_CREATE, 502, "<html>", PAY_UNKNOWN, 0},
    {PAY_CLOSE, 204, "", PAY_CLOSED, 0},
    {PAY_CLOSE, 200, "{}", PAY_UNKNOWN, 0},
    {PAY_CLOSE, 400, "{\"code\":\"ORDER_PAID\"}", PAY_QUERY_NOW, 0},
    {PAY_QUERY, 404, "{\"code\":\"ORDER_NOT_EXIST\"}", PAY_NOT_FOUND, 0},
    {PAY_QUERY, 404, "{\"code\":\"ORDER_NOT_EXISTS\"}", PAY_NOT_FOUND, 0},
    {PAY_QUERY, 401, "{\"code\":\"SIGN_ERROR\"}", PAY_UNKNOWN, 0},
    {PAY_REFUND, 403, "{\"code\":\"NOT_ENOUGH\"}", PAY_REFUSED, 0},
    {PAY_REFUND, 404, "{\"code\":\"RESOURCE_NOT_EXISTS\"}", PAY_REFUSED, 0},
    {PAY_REFUND_QUERY, 404, "{\"code\":\"RESOURCE_NOT_EXISTS\"}", PAY_NOT_FOUND, 0},
    {PAY_QUERY, 200, PLAIN, PAY_UNKNOWN, PAY_REFUSED_ORDER},
};

static void answers_and_outcomes(void **state)
{
    (void)state;
    const int64_t now_ms = WECHAT_NOW_MS;
    struct documents documents;
    struct fixture fixture;
    struct platform platform;
    documents_open(&documents, "wechatpay.json");
    const struct pay_merchant *merchant = merchant_open(&fixture, documents.list[0], now_ms);
    platform_open(&platform, &fixture, documents.list[0]);
    for (size_t i = 0; i < ARRAY_LEN(answer_cases); i++) {
        struct pay_ask ask = ask_of(answer_cases[i].op, now_ms);
        struct pay_answer read = read_answer(merchant, &platform, &ask, answer_cases[i].status,
                                             answer_cases[i].body, now_ms);
        if (read.outcome != answer_cases[i].outcome || read.refusal != answer_cases[i].refusal) {
            fail_msg("case %zu: %s %s", i, pay_outcome_code(read.outcome),
                     pay_refusal_code(read.refusal));
        }
    }
    rsa_free(&platform.key);
    fixture_end(&fixture);
    documents_close(&documents);
}

static void states_of_a_trade(void **state)
{
    (void)state;
    const int64_t now_ms = WECHAT_NOW_MS;
    struct documents documents;
    struct fixture fixture;
    struct platform platform;
    documents_open(&documents, "wechatpay.json");
    const struct pay_merchant *merchant = merchant_open(&fixture, documents.list[0], now_ms);
    platform_open(&platform, &fixture, documents.list[0]);
    struct pay_ask ask = ask_of(PAY_QUERY, now_ms);
    static const struct {
        const char *state;
        enum pay_outcome outcome;
    } states[] = {{"SUCCESS", PAY_PAID},    {"REFUND", PAY_PAID_THEN_REFUNDED},
                  {"NOTPAY", PAY_UNPAID},   {"CLOSED", PAY_CLOSED},
                  {"PAYERROR", PAY_FAILED}, {"ELSE", PAY_UNKNOWN}};
    for (size_t i = 0; i < ARRAY_LEN(states); i++) {
        const char *body = arena_printf(
            &fixture.arena,
            "{\"appid\":\"wxd678efh567hg6787\",\"mchid\":\"1900007291\",\"out_trade_no\":"
            "\"EV20260102030405000001\",\"transaction_id\":\"42\",\"trade_state\":\"%s\","
            "\"success_time\":\"2026-01-02T03:04:05+08:00\","
            "\"amount\":{\"total\":1234,\"payer_total\":1,\"currency\":\"CNY\"}}",
            states[i].state);
        struct pay_answer read = read_answer(merchant, &platform, &ask, 200, body, now_ms);
        assert_int_equal(read.outcome, states[i].outcome);
        assert_int_equal(read.refusal, PAY_FINE);
        if (read.outcome == PAY_PAID) {
            assert_int_equal(read.fact.amount_fen, 1234);
            assert_int_equal(read.fact.occurred_at_ms, INT64_C(1767294245000));
        }
        struct http_answer bare = {.status = 200, .body = body, .body_len = strlen(body)};
        assert_int_equal(pay_read(merchant, &fixture.arena, &ask, &bare, now_ms, &read), RC_OK);
        assert_int_equal(read.outcome, PAY_UNKNOWN);
        assert_int_equal(read.refusal, PAY_REFUSED_UNSIGNED);
    }
    rsa_free(&platform.key);
    fixture_end(&fixture);
    documents_close(&documents);
}

static void refund_answers(void **state)
{
    (void)state;
    const int64_t now_ms = WECHAT_NOW_MS;
    struct documents documents;
    struct fixture fixture;
    struct platform platform;
    documents_open(&documents, "wechatpay.json");
    const struct pay_merchant *merchant = merchant_open(&fixture, documents.list[0], now_ms);
    platform_open(&platform, &fixture, documents.list[0]);
    struct pay_ask ask = ask_of(PAY_REFUND, now_ms);
    const char *refund = "{\"out_trade_no\":\"EV20260102030405000001\",\"out_refund_no\":"
                         "\"RF20260102030405000001\",\"status\":\"SUCCESS\",\"refund_id\":\"5\","
                         "\"amount\":{\"refund\":234,\"total\":1234,\"currency\":\"CNY\"}}";
    struct pay_answer read = read_answer(merchant, &platform, &ask, 200, refund, now_ms);
    assert_int_equal(read.outcome, PAY_REFUNDED);
    assert_int_equal(read.fact.amount_fen, 234);
    ask.refund_fen = 235;
    read = read_answer(merchant, &platform, &ask, 200, refund, now_ms);
    assert_int_equal(read.refusal, PAY_REFUSED_AMOUNT);
    assert_int_equal(read.outcome, PAY_UNKNOWN);
    rsa_free(&platform.key);
    fixture_end(&fixture);
    documents_close(&documents);
}

static void asks_by_scene(void **state)
{
    (void)state;
    const int64_t now_ms = WECHAT_NOW_MS;
    struct documents documents;
    struct fixture fixture;
    struct platform platform;
    struct pay_call call;
    documents_open(&documents, "wechatpay.json");
    const struct pay_merchant *merchant = merchant_open(&fixture, documents.list[0], now_ms);
    platform_open(&platform, &fixture, documents.list[0]);
    struct pay_ask ask = ask_of(PAY_CREATE, INT64_C(1767294245000));
    assert_int_equal(pay_ask(merchant, &fixture.arena, &ask, now_ms, &call), RC_OK);
    assert_true(call.needed);
    assert_string_equal(call.request.url,
                        "https://api.mch.weixin.qq.com/v3/pay/transactions/native");
    assert_string_equal(
        call.request.body,
        "{\"appid\":\"wxd678efh567hg6787\",\"mchid\":\"1900007291\","
        "\"description\":\"预付费电量\",\"out_trade_no\":\"EV20260102030405000001\","
        "\"time_expire\":\"2026-01-02T03:19:05+08:00\","
        "\"notify_url\":\"https://pay.example.com/notify/wechat/main\","
        "\"amount\":{\"total\":1234,\"currency\":\"CNY\"}}");
    ask.scene = PAY_SCENE_PHONE;
    assert_int_equal(pay_ask(merchant, &fixture.arena, &ask, now_ms, &call), RC_OK);
    assert_non_null(strstr(call.request.url, "/v3/pay/transactions/h5"));
    assert_non_null(strstr(call.request.body, "\"payer_client_ip\":\"203.0.113.9\""));
    struct pay_answer read =
        read_answer(merchant, &platform, &ask, 200,
                    "{\"h5_url\":\"https://wx.tenpay.com/cgi?prepay_id=1\"}", now_ms);
    assert_int_equal(read.offer.hand, PAY_HAND_URL);
    assert_string_equal(
        read.offer.text,
        "https://wx.tenpay.com/cgi?prepay_id=1&redirect_url=https%3A%2F%2Fpay.example.com%2Fm%2F");
    ask.scene = PAY_SCENE_IN_APP;
    assert_int_equal(pay_ask(merchant, &fixture.arena, &ask, now_ms, &call), RC_OK);
    assert_non_null(strstr(call.request.body, "\"payer\":{\"openid\":\"oUpF8uMu"));
    read = read_answer(merchant, &platform, &ask, 200, "{\"prepay_id\":\"wx2014\"}", now_ms);
    assert_int_equal(read.offer.hand, PAY_HAND_CLIENT);
    const struct form *fields = &read.offer.fields;
    const char *message = arena_printf(&fixture.arena, "%s\n%s\n%s\n%s\n",
                                       form_text(fields, "appId"), form_text(fields, "timeStamp"),
                                       form_text(fields, "nonceStr"), form_text(fields, "package"));
    const char *again = NULL;
    assert_int_equal(
        rsa_sign(merchant->private_key, message, strlen(message), &fixture.arena, &again), RC_OK);
    assert_string_equal(form_text(fields, "paySign"), again);
    assert_string_equal(form_text(fields, "package"), "prepay_id=wx2014");
    assert_string_equal(form_text(fields, "signType"), "RSA");
    ask.openid = NULL;
    assert_int_equal(pay_ask(merchant, &fixture.arena, &ask, now_ms, &call), RC_INVALID);
    rsa_free(&platform.key);
    fixture_end(&fixture);
    documents_close(&documents);
}

static void asks_and_bounds(void **state)
{
    (void)state;
    const int64_t now_ms = WECHAT_NOW_MS;
    struct documents documents;
    struct fixture fixture;
    struct pay_call call;
    documents_open(&documents, "wechatpay.json");
    const struct pay_merchant *merchant = merchant_open(&fixture, documents.list[0], now_ms);
    struct pay_ask ask = ask_of(PAY_CLOSE, now_ms);
    assert_int_equal(pay_ask(merchant, &fixture.arena, &ask, now_ms, &call), RC_OK);
    assert_string_equal(call.request.body, "{\"mchid\":\"1900007291\"}");
    ask = ask_of(PAY_REFUND, now_ms);
    assert_int_equal(pay_ask(merchant, &fixture.arena, &ask, now_ms, &call), RC_OK);
    assert_string_equal(call.request.body,
                        "{\"out_trade_no\":\"EV20260102030405000001\",\"out_refund_no\":"
                        "\"RF20260102030405000001\",\"reason\":\"退款\",\"notify_url\":"
                        "\"https://pay.example.com/notify/wechat/main/refund\",\"amount\":"
                        "{\"refund\":234,\"total\":1234,\"currency\":\"CNY\"}}");
    ask.order_number = "EV2026-01";
    assert_int_equal(pay_ask(merchant, &fixture.arena, &ask, now_ms, &call), RC_INVALID);
    ask = ask_of(PAY_CREATE, now_ms);
    ask.subject = "a&b";
    assert_int_equal(pay_ask(merchant, &fixture.arena, &ask, now_ms, &call), RC_INVALID);
    ask = ask_of(PAY_REFUND, now_ms);
    ask.refund_fen = 1235;
    assert_int_equal(pay_ask(merchant, &fixture.arena, &ask, now_ms, &call), RC_INVALID);
    fixture_end(&fixture);
    documents_close(&documents);
}

static void certificates_rotate(void **state)
{
    (void)state;
    struct documents documents;
    documents_open(&documents, "wechatpay.json");
    const struct json_object *one = object_of(documents.list[0], "certificate_download");
    const int64_t now_ms = WECHAT_NOW_MS;
    struct fixture fixture;
    struct platform platform;
    const struct pay_merchant *merchant = merchant_open(&fixture, documents.list[0], now_ms);
    platform_open(&platform, &fixture, documents.list[0]);
    struct arena *arena = &fixture.arena;
    const char *body = arena_printf(
        arena,
        "{\"data\":[{\"serial_no\":\"%s\",\"effective_time\":\"x\",\"expire_time\":\"y\","
        "\"encrypt_certificate\":{\"algorithm\":\"AEAD_AES_256_GCM\",\"nonce\":\"%s\","
        "\"associated_data\":\"%s\",\"ciphertext\":\"%s\"}}]}",
        text_of(one, "serial_no"), text_of(one, "nonce"), text_of(one, "associated_data"),
        text_of(one, "ciphertext_b64"));
    struct http_answer answer = {.status = 200, .body = body, .body_len = strlen(body)};
    struct wechat_certificates read;
    assert_int_equal(wechat_certificates_read(merchant, arena, &answer, now_ms, &read), RC_OK);
    assert_int_equal(read.refusal, PAY_REFUSED_UNSIGNED); /* a key is held, so it must be signed */
    answer.header_count = sign(&platform, body, now_ms);
    memcpy(answer.headers, platform.headers, sizeof(platform.headers));
    assert_int_equal(wechat_certificates_read(merchant, arena, &answer, now_ms, &read), RC_OK);
    assert_int_equal(read.refusal, PAY_FINE);
    assert_int_equal(read.count, 1);
    assert_string_equal(read.list[0].serial, text_of(one, "serial_no"));
    assert_int_equal(strncmp(read.list[0].pem, text_of(one, "certificate_pem"), 500), 0);
    /* rotation: the new one is believed as soon as its file is there */
    assert_null(wechat_key_find(merchant->own, read.list[0].serial, now_ms));
    (void)fixture_file(&fixture, "new.pem", read.list[0].pem);
    assert_int_equal(pay_refresh(fixture.pay, now_ms), RC_OK);
    assert_non_null(wechat_key_find(merchant->own, read.list[0].serial, now_ms));
    assert_non_null(wechat_key_find(merchant->own, "D7CE59D1F522D701", now_ms));

    rsa_free(&platform.key);
    fixture_end(&fixture);
    documents_close(&documents);
}

static void openid(void **state)
{
    (void)state;
    struct documents documents;
    struct fixture fixture;
    documents_open(&documents, "wechatpay.json");
    const struct pay_merchant *merchant = merchant_open(&fixture, documents.list[0], 0);
    struct arena *arena = &fixture.arena;
    struct http_answer answer;
    const char *url = NULL;
    assert_int_equal(
        wechat_authorize_url(merchant, arena, "https://pay.example.com/m/a?b", "S1", &url), RC_OK);
    assert_string_equal(url, "https://open.weixin.qq.com/connect/oauth2/authorize?appid="
                             "wxd678efh567hg6787&redirect_uri=https%3A%2F%2Fpay.example.com%2Fm%2F"
                             "a%3Fb&response_type=code&scope=snsapi_base&state=S1#wechat_redirect");
    assert_int_equal(wechat_authorize_url(merchant, arena, "https://a/", "a b", &url), RC_INVALID);
    struct http_request request;
    assert_int_equal(wechat_openid_ask(merchant, arena, "021abcD-_", &request), RC_OK);
    assert_true(request.secret_url);
    assert_string_equal(request.url,
                        "https://api.weixin.qq.com/sns/oauth2/access_token?appid="
                        "wxd678efh567hg6787&secret=secret%261&code=021abcD-_&grant_type="
                        "authorization_code");
    assert_int_equal(wechat_openid_ask(merchant, arena, "a&b", &request), RC_INVALID);
    struct wechat_openid openid;
    const char *good = "{\"access_token\":\"A\",\"expires_in\":7200,\"openid\":\"oUp_-1\"}";
    answer = (struct http_answer){.status = 200, .body = good, .body_len = strlen(good)};
    assert_int_equal(wechat_openid_read(arena, &answer, &openid), RC_OK);
    assert_true(openid.found);
    assert_string_equal(openid.openid, "oUp_-1");
    const char *used = "{\"errcode\":40163,\"errmsg\":\"code been used\"}";
    answer = (struct http_answer){.status = 200, .body = used, .body_len = strlen(used)};
    assert_int_equal(wechat_openid_read(arena, &answer, &openid), RC_OK);
    assert_true(!openid.found && openid.error_code == 40163);
    fixture_end(&fixture);
    documents_close(&documents);
}

static size_t pack(const char *text, unsigned char *packed, size_t size)
{
    z_stream stream = {.next_in = (z_const Bytef *)(uintptr_t)text, .avail_in = (uInt)strlen(text)};
    assert_int_equal(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    stream.next_out = packed;
    stream.avail_out = (uInt)size;
    assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
    (void)deflateEnd(&stream);
    return size - stream.avail_out;
}

static const char *csv_of(struct arena *arena, const struct json_object *document)
{
    const struct json_object *one = object_of(document, "bill_all_csv");
    return arena_printf(arena, "\xEF\xBB\xBF%s\r\n%s\r\n%s\r\n%s\r\n%s\r\n", text_of(one, "header"),
                        text_of(one, "row_success"), text_of(one, "row_refund"),
                        text_of(one, "totals_header"), text_of(one, "totals_row"));
}

static void bill_is_checked_and_read(void **state)
{
    (void)state;
    struct documents documents;
    struct fixture fixture;
    struct platform platform;
    const int64_t now_ms = WECHAT_NOW_MS;
    documents_open(&documents, "wechatpay.json");
    const struct pay_merchant *merchant = merchant_open(&fixture, documents.list[0], now_ms);
    platform_open(&platform, &fixture, documents.list[0]);
    struct arena *arena = &fixture.arena;
    const char *csv = csv_of(arena, documents.list[0]);
    uint8_t sum[CRYPTO_SHA1_BYTES];
    char hex[41];
    crypto_sha1(csv, strlen(csv), sum);
    crypto_hex(sum, sizeof(sum), hex);
    unsigned char packed[8192];
    size_t packed_len = pack(csv, packed, sizeof(packed));
    for (int spoilt = 0; spoilt < 3; spoilt++) {
        struct pay_bill bill;
        assert_int_equal(pay_bill_ask(merchant, arena, 2019, 2, 19, now_ms, &bill), RC_OK);
        assert_int_equal(bill.state, PAY_BILL_CALL);
        assert_non_null(strstr(bill.request.url, "/v3/bill/tradebill?bill_date=2019-02-19&"));
        const char *body =
            arena_printf(arena,
                         "{\"hash_type\":\"SHA1\",\"hash_value\":\"%s\","
                         "\"download_url\":\"https://elsewhere.example/v3/file?t=1\"}",
                         hex);
        struct http_answer answer = {.status = 200, .body = body, .body_len = strlen(body)};
        answer.header_count = sign(&platform, body, now_ms);
        memcpy(answer.headers, platform.headers, sizeof(platform.headers));
        assert_int_equal(pay_bill_read(merchant, arena, &answer, now_ms, &bill), RC_OK);
        assert_int_equal(bill.state, PAY_BILL_CALL);
        assert_string_equal(bill.request.url, "https://api.mch.weixin.qq.com/v3/file?t=1");
        answer = (struct http_answer){.status = 200,
                                      .body = spoilt == 0 ? (const char *)packed : csv,
                                      .body_len = spoilt == 0   ? packed_len
                                                  : spoilt == 1 ? strlen(csv)
                                                                : strlen(csv) - 20};
        assert_int_equal(pay_bill_read(merchant, arena, &answer, now_ms, &bill), RC_OK);
        if (spoilt == 2) {
            assert_int_equal(bill.state, PAY_BILL_REFUSED);
            assert_int_equal(bill.refusal, PAY_REFUSED_SIGNATURE);
            continue;
        }
        assert_int_equal(bill.state, PAY_BILL_READY);
        assert_int_equal(bill.row_count, 2);
        assert_int_equal(bill.rows[0].kind, PAY_KIND_PAY);
        assert_int_equal(bill.rows[0].amount_fen, 3);
        assert_int_equal(bill.rows[0].fee_fen, 1);
        assert_string_equal(bill.rows[0].order_number, "autotest_20190219015232_89201");
        assert_int_equal(bill.rows[1].kind, PAY_KIND_REFUND);
        assert_int_equal(bill.rows[1].amount_fen, 1);
        assert_string_equal(bill.rows[1].refund_number, "REF4200000263201902167700963919");
    }
    rsa_free(&platform.key);
    fixture_end(&fixture);
    documents_close(&documents);
}

static void bill_none_and_bill_cut(void **state)
{
    (void)state;
    struct documents documents;
    struct fixture fixture;
    const int64_t now_ms = WECHAT_NOW_MS;
    documents_open(&documents, "wechatpay.json");
    const struct pay_merchant *merchant = merchant_open(&fixture, documents.list[0], now_ms);
    struct arena *arena = &fixture.arena;
    const char *csv = csv_of(arena, documents.list[0]);
    struct pay_bill bill;
    assert_int_equal(pay_bill_ask(merchant, arena, 2019, 2, 19, now_ms, &bill), RC_OK);
    const char *none = "{\"code\":\"NO_STATEMENT_EXIST\"}";
    struct http_answer answer = {.status = 400, .body = none, .body_len = strlen(none)};
    assert_int_equal(pay_bill_read(merchant, arena, &answer, now_ms, &bill), RC_OK);
    assert_int_equal(bill.state, PAY_BILL_NONE);
    /* what is packed must end where it says */
    unsigned char packed[8192];
    size_t packed_len = pack(csv, packed, sizeof(packed) - 1);
    const char *plain = NULL;
    size_t len = 0;
    assert_int_equal(pay_inflate(arena, (const char *)packed, packed_len, &plain, &len), RC_OK);
    assert_int_equal(len, strlen(csv));
    assert_int_equal(pay_inflate(arena, (const char *)packed, packed_len - 1, &plain, &len),
                     RC_INVALID);
    assert_int_equal(pay_inflate(arena, (const char *)packed, packed_len + 1, &plain, &len),
                     RC_INVALID);
    /* cut off before the totals, with a sum that fits */
    bill = (struct pay_bill){.code = ""};
    assert_int_equal(wechat_bill_rows(merchant->own, arena, csv, strlen(csv) - 180, &bill), RC_OK);
    assert_int_equal(bill.state, PAY_BILL_REFUSED);
    fixture_end(&fixture);
    documents_close(&documents);
}

static void half_configured_names_the_key(void **state)
{
    (void)state;
    static const char *const keys[] = {"merchant_id", "merchant_serial", "private_key_file",
                                       "api_key_file", "public_key_file"};
    struct fixture fixture;
    struct text problems;
    text_init(&problems, 65536);
    fixture_begin(&fixture);
    assert_int_equal(fixture_try(&fixture, 0, &problems), RC_OK);
    assert_null(pay_merchant_of(fixture.pay, PAY_WECHAT)); /* nothing set: not offered */
    pay_close(&fixture.pay);
    text_add_string(&fixture.ini, "[pay.wechat]\napp_id = wx1\n");
    assert_int_equal(fixture_try(&fixture, 0, &problems), RC_INVALID);
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        char line[100];
        (void)snprintf(line, sizeof(line), "[pay.wechat] %s is missing", keys[i]);
        assert_non_null(strstr(text_string(&problems), line));
    }
    text_release(&problems);
    fixture_end(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_and_outcomes),
        cmocka_unit_test(states_of_a_trade),
        cmocka_unit_test(refund_answers),
        cmocka_unit_test(asks_by_scene),
        cmocka_unit_test(asks_and_bounds),
        cmocka_unit_test(certificates_rotate),
        cmocka_unit_test(openid),
        cmocka_unit_test(bill_is_checked_and_read),
        cmocka_unit_test(bill_none_and_bill_cut),
        cmocka_unit_test(half_configured_names_the_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
