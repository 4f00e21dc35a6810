/* Alipay: what is asked, what answers prove, the bill, settings. */
#include "alipay_fixture.h"

static void nodes_are_taken_as_received(void **state)
{
    (void)state;
    struct documents documents;
    documents_open(&documents, "alipay.json");
    for (size_t d = 0; d < documents.count; d++) {
        const struct json_object *cases = array_of(documents.list[d], "response_extract");
        for (size_t i = 0; i < json_count(cases); i++) {
            const struct json_object *one = json_at(cases, i);
            const char *raw = text_of(one, "raw");
            const char *expected = text_of(one, "expect_node");
            const char *node = NULL;
            size_t len = 0;
            assert_int_equal(
                alipay_node_find(raw, strlen(raw), text_of(one, "response_key"), &node, &len),
                RC_OK);
            assert_int_equal(len, strlen(expected));
            assert_memory_equal(node, expected, len);
        }
    }
    documents_close(&documents);
    static const char *const none[] = {"",
                                       "{",
                                       "{}",
                                       "[1]",
                                       "{\"a\"",
                                       "{\"b\":{\"a\":{}}}",
                                       "{\"b\":\"\\\"a\\\":{}\"}",
                                       "{\"b\":1}",
                                       "{\"a\" 1}"};
    for (size_t i = 0; i < ARRAY_LEN(none); i++) {
        const char *node = NULL;
        size_t len = 0;
        assert_int_equal(alipay_node_find(none[i], strlen(none[i]), "a", &node, &len),
                         RC_NOT_FOUND);
    }
}

static void answers_published(void **state)
{
    (void)state;
    struct documents documents;
    documents_open(&documents, "alipay.json");
    for (size_t d = 0; d < documents.count; d++) {
        const struct json_object *cases = array_of(documents.list[d], "response_verify");
        for (size_t i = 0; i < json_count(cases); i++) {
            const struct json_object *one = json_at(cases, i);
            const char *pem = text_of(one, "public_key_pem");
            struct alipay alipay = {.app_id = ""};
            struct arena arena;
            arena_init(&arena, 1 << 20);
            assert_int_equal(rsa_public_load(pem, strlen(pem), &alipay.public_key), RC_OK);
            for (int spoilt = 0; spoilt < 2; spoilt++) {
                char *raw = arena_copy_string(&arena, text_of(one, "raw"));
                struct http_answer answer = {.status = 200, .body = raw, .body_len = strlen(raw)};
                struct json_object *json = NULL;
                enum pay_refusal refusal = PAY_FINE;
                char *digit = strstr(raw, "CAxAToWB1J");
                if (spoilt == 1 && digit != NULL) {
                    *digit = 'D';
                }
                assert_int_equal(alipay_answer_open(&alipay, &arena, "alipay.open.file.upload",
                                                    &answer, &json, &refusal),
                                 RC_OK);
                assert_int_equal(refusal, spoilt == 0 ? PAY_FINE : PAY_REFUSED_SIGNATURE);
                json_release(&json);
            }
            rsa_free(&alipay.public_key);
            arena_release(&arena);
        }
    }
    documents_close(&documents);
}

static void asks_by_scene(void **state)
{
    (void)state;
    struct documents documents;
    struct fixture fixture;
    struct pay_call call;
    documents_open(&documents, "alipay.json");
    const struct pay_merchant *merchant = alipay_merchant(&fixture, documents.list[0], false);
    struct arena *arena = &fixture.arena;
    struct pay_ask ask = ask_of(PAY_CREATE, ALIPAY_NOW_MS);
    struct form form;
    assert_int_equal(pay_ask(merchant, arena, &ask, ALIPAY_NOW_MS, &call), RC_OK);
    assert_true(call.needed);
    assert_int_equal(form_parse(arena, call.request.body, call.request.body_len, &form), RC_OK);
    assert_string_equal(form_text(&form, "biz_content"),
                        "{\"out_trade_no\":\"EV20260102030405000001\",\"total_amount\":\"12.34\","
                        "\"subject\":\"预付费电量\",\"timeout_express\":\"15m\"}");
    const char *query = strchr(call.request.url, '?') + 1;
    assert_int_equal(form_parse(arena, query, strlen(query), &form), RC_OK);
    assert_string_equal(form_text(&form, "method"), "alipay.trade.precreate");
    assert_string_equal(form_text(&form, "timestamp"), "2026-01-02 03:04:05");
    assert_string_equal(form_text(&form, "notify_url"),
                        "https://pay.example.com/notify/alipay/main");
    assert_non_null(form_get(&form, "sign"));
    assert_null(form_get(&form, "biz_content"));
    ask.scene = PAY_SCENE_PHONE;
    assert_int_equal(pay_ask(merchant, arena, &ask, ALIPAY_NOW_MS, &call), RC_OK);
    assert_false(call.needed);
    assert_int_equal(call.offer.hand, PAY_HAND_URL);
    query = strchr(call.offer.text, '?') + 1;
    assert_int_equal(form_parse(arena, query, strlen(query), &form), RC_OK);
    assert_string_equal(form_text(&form, "method"), "alipay.trade.wap.pay");
    assert_string_equal(form_text(&form, "return_url"), "https://pay.example.com/m/");
    assert_non_null(strstr(form_text(&form, "biz_content"),
                           "\"time_expire\":\"2026-01-02 03:19:05\",\"product_code\":"
                           "\"QUICK_WAP_WAY\",\"quit_url\":\"https://pay.example.com/m/\""));
    ask.scene = PAY_SCENE_PAGE;
    assert_int_equal(pay_ask(merchant, arena, &ask, ALIPAY_NOW_MS, &call), RC_OK);
    assert_non_null(strstr(call.offer.text, "FAST_INSTANT_TRADE_PAY"));
    ask.scene = PAY_SCENE_IN_APP;
    assert_int_equal(pay_ask(merchant, arena, &ask, ALIPAY_NOW_MS, &call), RC_INVALID);
    ask = ask_of(PAY_REFUND, ALIPAY_NOW_MS);
    assert_int_equal(pay_ask(merchant, arena, &ask, ALIPAY_NOW_MS, &call), RC_OK);
    assert_int_equal(form_parse(arena, call.request.body, call.request.body_len, &form), RC_OK);
    assert_string_equal(form_text(&form, "biz_content"),
                        "{\"out_trade_no\":\"EV20260102030405000001\",\"out_request_no\":"
                        "\"RF20260102030405000001\",\"refund_amount\":\"2.34\","
                        "\"refund_reason\":\"退款\"}");
    fixture_end(&fixture);
    documents_close(&documents);
}

#define NUMBER ",\"out_trade_no\":\"EV20260102030405000001\",\"trade_no\":\"22\""
#define GOOD "{\"code\":\"10000\",\"msg\":\"Success\"" NUMBER
#define BAD "{\"code\":\"40004\",\"msg\":\"Business Failed\",\"sub_code\":\"ACQ."

static const struct {
    enum pay_op op;
    const char *node;
    enum pay_outcome outcome;
    enum pay_refusal refusal;
} answer_cases[] = {
    {PAY_CREATE, GOOD ",\"qr_code\":\"https://qr.alipay.com/b\"}", PAY_ACCEPTED, 0},
    {PAY_CREATE, GOOD "}", PAY_UNKNOWN, PAY_REFUSED_MALFORMED},
    {PAY_CREATE, BAD "TRADE_HAS_SUCCESS\"}", PAY_QUERY_NOW, 0},
    {PAY_CREATE, BAD "CONTEXT_INCONSISTENT\"}", PAY_REFUSED, 0},
    {PAY_CREATE, "{\"code\":\"20000\",\"sub_code\":\"isp.unknow-error\"}", PAY_UNKNOWN, 0},
    {PAY_CREATE, "{\"code\":\"40002\",\"sub_code\":\"isv.invalid-signature\"}", PAY_REFUSED, 0},
    {PAY_QUERY, GOOD ",\"trade_status\":\"WAIT_BUYER_PAY\",\"total_amount\":\"12.34\"}", PAY_UNPAID,
     0},
    {PAY_QUERY, GOOD ",\"trade_status\":\"TRADE_SUCCESS\",\"total_amount\":\"12.34\"}", PAY_PAID,
     0},
    {PAY_QUERY, GOOD ",\"trade_status\":\"TRADE_FINISHED\",\"total_amount\":\"12.34\"}", PAY_PAID,
     0},
    {PAY_QUERY, GOOD ",\"trade_status\":\"TRADE_CLOSED\",\"total_amount\":\"12.34\"}", PAY_CLOSED,
     0},
    {PAY_QUERY, GOOD ",\"trade_status\":\"TRADE_SUCCESS\",\"total_amount\":\"1.234\"}", PAY_UNKNOWN,
     PAY_REFUSED_AMOUNT},
    {PAY_QUERY,
     GOOD ",\"trade_status\":\"TRADE_SUCCESS\",\"total_amount\":\"12.34\","
          "\"trans_currency\":\"USD\"}",
     PAY_UNKNOWN, PAY_REFUSED_CURRENCY},
    {PAY_QUERY, "{\"code\":\"10000\",\"out_trade_no\":\"EV2\"}", PAY_UNKNOWN, PAY_REFUSED_ORDER},
    {PAY_QUERY, BAD "TRADE_NOT_EXIST\"}", PAY_NOT_FOUND, 0},
    {PAY_QUERY, BAD "SYSTEM_ERROR\"}", PAY_UNKNOWN, 0},
    {PAY_QUERY, BAD "INVALID_PARAMETER\"}", PAY_UNKNOWN, 0},
    {PAY_CLOSE, GOOD "}", PAY_CLOSED, 0},
    {PAY_CLOSE, BAD "TRADE_NOT_EXIST\"}", PAY_NOT_FOUND, 0},
    {PAY_CLOSE, BAD "TRADE_STATUS_ERROR\"}", PAY_QUERY_NOW, 0},
    {PAY_CLOSE, BAD "REASON_ILLEGAL_STATUS\"}", PAY_QUERY_NOW, 0},
    {PAY_REFUND, GOOD ",\"fund_change\":\"Y\",\"refund_fee\":\"2.34\"}", PAY_REFUNDED, 0},
    {PAY_REFUND, GOOD ",\"fund_change\":\"N\",\"refund_fee\":\"2.34\"}", PAY_REFUNDING, 0},
    {PAY_REFUND, GOOD "}", PAY_REFUNDING, 0},
    {PAY_REFUND, BAD "SELLER_BALANCE_NOT_ENOUGH\"}", PAY_REFUSED, 0},
    {PAY_REFUND, BAD "SYSTEM_ERROR\"}", PAY_UNKNOWN, 0},
    {PAY_REFUND_QUERY,
     GOOD ",\"out_request_no\":\"RF20260102030405000001\",\"refund_amount\":"
          "\"2.34\",\"refund_status\":\"REFUND_SUCCESS\"}",
     PAY_REFUNDED, 0},
    {PAY_REFUND_QUERY,
     GOOD ",\"out_request_no\":\"RF20260102030405000001\",\"refund_amount\":"
          "\"2.35\",\"refund_status\":\"REFUND_SUCCESS\"}",
     PAY_UNKNOWN, PAY_REFUSED_AMOUNT},
    {PAY_REFUND_QUERY,
     GOOD ",\"out_request_no\":\"RF2\",\"refund_amount\":\"2.34\","
          "\"refund_status\":\"REFUND_SUCCESS\"}",
     PAY_UNKNOWN, PAY_REFUSED_ORDER},
    {PAY_REFUND_QUERY, "{\"code\":\"10000\",\"msg\":\"Success\"}", PAY_NOT_FOUND, 0},
    {PAY_REFUND_QUERY, GOOD "}", PAY_NOT_FOUND, 0},
};

static const char *const members[] = {
    [PAY_CREATE] = "alipay_trade_precreate_response",
    [PAY_QUERY] = "alipay_trade_query_response",
    [PAY_CLOSE] = "alipay_trade_close_response",
    [PAY_REFUND] = "alipay_trade_refund_response",
    [PAY_REFUND_QUERY] = "alipay_trade_fastpay_refund_query_response",
};

static void answers_and_outcomes(void **state)
{
    (void)state;
    struct documents documents;
    struct fixture fixture;
    documents_open(&documents, "alipay.json");
    const struct pay_merchant *merchant = alipay_merchant(&fixture, documents.list[0], false);
    struct rsa_key *key = alipay_side(documents.list[0]);
    for (size_t i = 0; i < ARRAY_LEN(answer_cases); i++) {
        struct pay_ask ask = ask_of(answer_cases[i].op, ALIPAY_NOW_MS);
        struct http_answer answer =
            alipay_answer(&fixture.arena, key, members[ask.op], answer_cases[i].node);
        struct pay_answer read;
        assert_int_equal(pay_read(merchant, &fixture.arena, &ask, &answer, ALIPAY_NOW_MS, &read),
                         RC_OK);
        if (read.outcome != answer_cases[i].outcome || read.refusal != answer_cases[i].refusal) {
            fail_msg("case %zu: %s %s", i, pay_outcome_code(read.outcome),
                     pay_refusal_code(read.refusal));
        }
        if (read.outcome == PAY_PAID) {
            assert_int_equal(read.fact.amount_fen, 1234);
        }
    }
    rsa_free(&key);
    fixture_end(&fixture);
    documents_close(&documents);
}

/* The same good answer, as somebody else would like to have it read. */
static void answers_unbelieved(void **state)
{
    (void)state;
    struct documents documents;
    struct fixture fixture;
    documents_open(&documents, "alipay.json");
    const struct pay_merchant *merchant = alipay_merchant(&fixture, documents.list[0], false);
    struct rsa_key *key = alipay_side(documents.list[0]);
    struct arena *arena = &fixture.arena;
    const char *node = GOOD ",\"trade_status\":\"TRADE_SUCCESS\",\"total_amount\":\"12.34\"}";
    const char *sign = NULL;
    assert_int_equal(rsa_sign(key, node, strlen(node), arena, &sign), RC_OK);
    const char *member = members[PAY_QUERY];
    const struct {
        const char *body;
        enum pay_refusal refusal;
    } cases[] = {
        {arena_printf(arena, "{\"%s\":%s,\"sign\":\"%s\"}", member, node, sign), PAY_FINE},
        {arena_printf(arena, "{\"sign\":\"%s\",\"%s\":%s}", sign, member, node), PAY_FINE},
        {arena_printf(arena, "{\"error_response\":%s,\"sign\":\"%s\"}", node, sign), PAY_FINE},
        {arena_printf(arena, "{\"%s\":%s}", member, node), PAY_REFUSED_UNSIGNED},
        {arena_printf(arena, "{\"%s\": %s ,\"%s\":{},\"sign\":\"%s\"}", member, node, member, sign),
         PAY_REFUSED_TWICE},
        {arena_printf(arena, "{\"other_response\":%s,\"sign\":\"%s\"}", node, sign),
         PAY_REFUSED_MALFORMED},
        {arena_printf(arena, "{\"%s\":{ %s,\"sign\":\"%s\"}", member, node + 1, sign),
         PAY_REFUSED_SIGNATURE},
        {arena_printf(arena, "{\"%s\":\"x\",\"sign\":\"%s\"}", member, sign),
         PAY_REFUSED_MALFORMED},
        {"<html>", PAY_REFUSED_MALFORMED},
    };
    struct pay_ask ask = ask_of(PAY_QUERY, ALIPAY_NOW_MS);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct http_answer answer = {
            .status = 200, .body = cases[i].body, .body_len = strlen(cases[i].body)};
        struct pay_answer read;
        assert_int_equal(pay_read(merchant, arena, &ask, &answer, ALIPAY_NOW_MS, &read), RC_OK);
        if (read.refusal != cases[i].refusal) {
            fail_msg("case %zu: %s", i, pay_refusal_code(read.refusal));
        }
        assert_int_equal(read.outcome, read.refusal == PAY_FINE ? PAY_PAID : PAY_UNKNOWN);
    }
    /* certificate mode: the answer must name the pinned certificate */
    struct alipay pinned = *alipay_of(merchant);
    struct pay_merchant other = *merchant;
    struct pay_answer read;
    other.own = &pinned;
    text_copy(pinned.alipay_sn, sizeof(pinned.alipay_sn), "abc");
    for (int named = 0; named < 3; named++) {
        static const char *const numbers[] = {"", ",\"alipay_cert_sn\":\"abd\"",
                                              ",\"alipay_cert_sn\":\"abc\""};
        const char *body = arena_printf(arena, "{\"%s\":%s%s,\"sign\":\"%s\"}", member, node,
                                        numbers[named], sign);
        struct http_answer answer = {.status = 200, .body = body, .body_len = strlen(body)};
        assert_int_equal(pay_read(&other, arena, &ask, &answer, ALIPAY_NOW_MS, &read), RC_OK);
        assert_int_equal(read.refusal, named == 2 ? PAY_FINE : PAY_REFUSED_KEY);
    }
    rsa_free(&key);
    fixture_end(&fixture);
    documents_close(&documents);
}

static void bill_steps(void **state)
{
    (void)state;
    static const struct {
        const char *rest;
        enum pay_bill_state state;
    } cases[] = {
        {GOOD ",\"bill_download_url\":\"http://dwbillcenter.alipay.com/x?a=b\"}", PAY_BILL_CALL},
        {GOOD ",\"bill_download_url\":\"https://openapi.alipay.com/x\"}", PAY_BILL_CALL},
        {GOOD ",\"bill_download_url\":\"https://evilalipay.com/x\"}", PAY_BILL_REFUSED},
        {GOOD ",\"bill_download_url\":\"https://a@b.alipay.com/x\"}", PAY_BILL_REFUSED},
        {GOOD ",\"bill_download_url\":\"file:///etc/passwd\"}", PAY_BILL_REFUSED},
        {"{\"code\":\"40004\",\"sub_code\":\"isp.bill_not_exist\"}", PAY_BILL_NONE},
        {"{\"code\":\"40004\",\"sub_code\":\"BILL_NOT_EXIST\"}", PAY_BILL_NONE},
        {"{\"code\":\"40004\",\"sub_code\":\"invalid_arguments\"}", PAY_BILL_REFUSED},
    };
    struct documents documents;
    struct fixture fixture;
    documents_open(&documents, "alipay.json");
    const struct pay_merchant *merchant = alipay_merchant(&fixture, documents.list[0], false);
    struct rsa_key *key = alipay_side(documents.list[0]);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct pay_bill bill;
        assert_int_equal(pay_bill_ask(merchant, &fixture.arena, 2026, 1, 2, ALIPAY_NOW_MS, &bill),
                         RC_OK);
        assert_non_null(strstr(bill.request.body, "2026-01-02"));
        struct http_answer answer =
            alipay_answer(&fixture.arena, key,
                          "alipay_data_dataservice_bill_downloadurl_query_response", cases[i].rest);
        assert_int_equal(pay_bill_read(merchant, &fixture.arena, &answer, ALIPAY_NOW_MS, &bill),
                         RC_OK);
        assert_int_equal(bill.state, cases[i].state);
    }
    rsa_free(&key);
    fixture_end(&fixture);
    documents_close(&documents);
}

static void bill_rows(void **state)
{
    (void)state;
    struct documents documents;
    documents_open(&documents, "alipay.json");
    for (size_t d = 0; d < documents.count; d++) {
        struct arena arena;
        arena_init(&arena, (size_t)64 << 20);
        const char *text = text_of(object_of(documents.list[d], "bill_csv"), "zip_b64");
        size_t len = 0;
        char *zip = arena_take(&arena, strlen(text));
        assert_int_equal(crypto_unbase64(text, strlen(text), zip, strlen(text), &len), RC_OK);
        struct pay_bill bill = {.code = ""};
        assert_int_equal(alipay_bill_rows(&arena, zip, len, &bill), RC_OK);
        assert_int_equal(bill.state, PAY_BILL_READY);
        assert_int_equal(bill.row_count, 2);
        assert_int_equal(bill.rows[0].kind, PAY_KIND_PAY);
        assert_int_equal(bill.rows[0].amount_fen, 1234);
        assert_int_equal(bill.rows[0].fee_fen, 7);
        assert_string_equal(bill.rows[0].order_number, "EV20260102030405000001");
        assert_string_equal(bill.rows[0].provider_transaction, "2026010222001400000000000001");
        assert_int_equal(bill.rows[0].occurred_at_ms, ALIPAY_NOW_MS + 25000);
        assert_int_equal(bill.rows[1].kind, PAY_KIND_REFUND);
        assert_int_equal(bill.rows[1].amount_fen, 234);
        assert_int_equal(bill.rows[1].fee_fen, -1);
        assert_string_equal(bill.rows[1].refund_number, "R20260102090000000001");
        for (size_t cut = 1; cut < 60; cut += 7) {
            bill = (struct pay_bill){.code = ""};
            assert_int_equal(alipay_bill_rows(&arena, zip, len - cut, &bill), RC_OK);
            assert_int_equal(bill.state, PAY_BILL_REFUSED);
            assert_int_equal(bill.row_count, 0);
        }
        zip[len / 4] ^= 1; /* within the packed text: its sum no longer fits */
        bill = (struct pay_bill){.code = ""};
        assert_int_equal(alipay_bill_rows(&arena, zip, len, &bill), RC_OK);
        assert_int_equal(bill.state, PAY_BILL_REFUSED);
        arena_release(&arena);
    }
    documents_close(&documents);
}

/* Whole archives whose text is cut off, has a comma in a subject, or is another file. */
static void bill_texts(void **state)
{
    (void)state;
    struct documents documents;
    struct arena arena;
    unsigned char zip[8192];
    documents_open(&documents, "alipay.json");
    arena_init(&arena, (size_t)64 << 20);
    const char *packed = text_of(object_of(documents.list[0], "bill_csv"), "csv_gbk_b64");
    size_t len = 0;
    char *text = arena_take(&arena, strlen(packed) + 1);
    assert_int_equal(crypto_unbase64(packed, strlen(packed), text, strlen(packed), &len), RC_OK);
    const char *subject = memmem(text, len, "\xD4\xA4\xB8\xB6\xB7\xD1\xB5\xE7\xC1\xBF", 10);
    assert_non_null(subject);
    size_t before = (size_t)(subject - text);
    char *comma = arena_printf(&arena, "%.*s,,%s", (int)before, text, subject);
    const char *end = memmem(text, len, "\xBD\xE1\xCA\xF8", 4); /* of the list */
    assert_non_null(end);
    while (*end != '#') {
        end--;
    }
    const struct {
        const char *text;
        size_t len;
        size_t rows;
    } cases[] = {{text, len, 2},
                 {text, (size_t)(end - text), 0},
                 {comma, len + 2, 2},
                 {text, len * 3 / 4, 0},
                 {"a,b\r\n", 5, 0}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct pay_bill bill = {.code = ""};
        size_t zip_len = zip_make("x.csv", cases[i].text, cases[i].len, zip, sizeof(zip));
        assert_int_equal(alipay_bill_rows(&arena, (const char *)zip, zip_len, &bill), RC_OK);
        assert_int_equal(bill.state, cases[i].rows > 0 ? PAY_BILL_READY : PAY_BILL_REFUSED);
        assert_int_equal(bill.row_count, cases[i].rows);
        if (cases[i].rows > 0) {
            assert_int_equal(bill.rows[0].amount_fen, 1234);
            assert_int_equal(bill.rows[0].fee_fen, 7);
        }
    }
    /* a sum that does not fit what was packed */
    size_t zip_len = zip_make("x.csv", text, len, zip, sizeof(zip));
    unsigned char *directory = memmem(zip, zip_len, "PK\1\2", 4);
    assert_non_null(directory);
    directory[16] ^= 1;
    struct pay_bill bill = {.code = ""};
    assert_int_equal(alipay_bill_rows(&arena, (const char *)zip, zip_len, &bill), RC_OK);
    assert_int_equal(bill.state, PAY_BILL_REFUSED);
    arena_release(&arena);
    documents_close(&documents);
}

static void half_configured_names_the_key(void **state)
{
    (void)state;
    struct fixture fixture;
    struct text problems;
    text_init(&problems, 65536);
    fixture_begin(&fixture);
    text_add_string(&fixture.ini, "[pay.alipay]\napp_id = 1\n");
    fixture_key(&fixture, "app_certificate_file", "nothing");
    assert_int_equal(fixture_try(&fixture, 0, &problems), RC_INVALID);
    const char *said = text_string(&problems);
    assert_non_null(strstr(said, "[pay.alipay] seller_id is missing"));
    assert_non_null(strstr(said, "[pay.alipay] private_key_file is missing"));
    assert_non_null(strstr(said, "[pay.alipay] app_certificate_file holds no certificate"));
    assert_non_null(strstr(said, "[pay.alipay] alipay_certificate_file is missing"));
    assert_non_null(strstr(said, "[pay.alipay] root_certificate_file is missing"));
    text_release(&problems);
    fixture_end(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nodes_are_taken_as_received),
        cmocka_unit_test(answers_published),
        cmocka_unit_test(asks_by_scene),
        cmocka_unit_test(answers_and_outcomes),
        cmocka_unit_test(answers_unbelieved),
        cmocka_unit_test(bill_steps),
        cmocka_unit_test(bill_rows),
        cmocka_unit_test(bill_texts),
        cmocka_unit_test(half_configured_names_the_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
