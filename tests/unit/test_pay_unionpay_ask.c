/* UnionPay 5.1.0: what is asked, what answers prove, the settlement file, settings. */
#include "unionpay_fixture.h"

#include <zlib.h>

static enum rc field_compare(void *context, const char *key, const struct json_object *value)
{
    const char *text = NULL;
    assert_int_equal(json_as_text(value, 0, 65536, &text), RC_OK);
    assert_string_equal(form_text(context, key), text);
    return RC_OK;
}

static void answers_are_parsed(void **state)
{
    (void)state;
    struct documents documents;
    struct arena arena;
    struct form form;
    arena_init(&arena, 1 << 20);
    documents_open(&documents, "unionpay.json");
    for (size_t d = 0; d < documents.count; d++) {
        const struct json_object *cases = array_of(documents.list[d], "parse_qstring");
        for (size_t i = 0; i < json_count(cases); i++) {
            const char *raw = text_of(json_at(cases, i), "raw");
            assert_int_equal(unionpay_parse(&arena, raw, strlen(raw), &form), RC_OK);
            assert_int_equal(
                json_each(object_of(json_at(cases, i), "fields"), field_compare, &form), RC_OK);
        }
    }
    documents_close(&documents);
    static const struct {
        const char *raw;
        enum rc rc;
        const char *a;
    } cases[] = {
        {"{a=1&b=2}", RC_OK, "1"},     {"a={x=[1&2]&y={p&q}}&b=2", RC_OK, "{x=[1&2]&y={p&q}}"},
        {"a=b=c&d=", RC_OK, "b=c"},    {"a=%41+", RC_OK, "%41+"},
        {"a={1&b=2", RC_OK, "{1&b=2"}, {"a=1&a=2", RC_CONFLICT, NULL},
        {"a", RC_INVALID, NULL},       {"=1", RC_INVALID, NULL},
        {"a=\xff", RC_INVALID, NULL},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        form.count = 0;
        assert_int_equal(unionpay_parse(&arena, cases[i].raw, strlen(cases[i].raw), &form),
                         cases[i].rc);
        if (cases[i].rc == RC_OK) {
            assert_string_equal(form_text(&form, "a"), cases[i].a);
        }
    }
    arena_release(&arena);
}

static void asks(void **state)
{
    (void)state;
    struct documents documents;
    struct fixture fixture;
    struct pay_call call;
    struct form form;
    documents_open(&documents, "unionpay.json");
    const struct json_object *chain = object_of(documents.list[0], "notify_derived");
    const struct pay_merchant *merchant =
        unionpay_merchant(&fixture, documents.list[0], "777290058110048",
                          text_of(chain, "root_pem"), text_of(chain, "middle_pem"), false);
    struct arena *arena = &fixture.arena;
    struct pay_ask ask = ask_of(PAY_CREATE, UNIONPAY_ORDER_MS);
    assert_int_equal(pay_ask(merchant, arena, &ask, 0, &call), RC_INVALID); /* no code to scan */
    ask.scene = PAY_SCENE_PHONE;
    assert_int_equal(pay_ask(merchant, arena, &ask, 0, &call), RC_OK);
    assert_false(call.needed);
    assert_int_equal(call.offer.hand, PAY_HAND_FORM);
    assert_string_equal(call.offer.text, "https://gateway.95516.com/gateway/api/frontTransReq.do");
    const struct form *fields = &call.offer.fields;
    assert_string_equal(form_text(fields, "channelType"), "08");
    assert_string_equal(form_text(fields, "txnTime"), "20260102030405");
    assert_string_equal(form_text(fields, "payTimeout"), "20260102031905");
    assert_string_equal(form_text(fields, "certId"), "68759663125");
    assert_string_equal(form_text(fields, "riskRateInfo"), "{commodityName=预付费电量}");
    assert_string_equal(form_text(fields, "backUrl"),
                        "https://pay.example.com/notify/unionpay/main");
    assert_int_equal(strlen(form_text(fields, "signature")), 344);
    ask.return_url = NULL;
    assert_int_equal(pay_ask(merchant, arena, &ask, 0, &call), RC_INVALID);
    ask = ask_of(PAY_CLOSE, UNIONPAY_ORDER_MS);
    assert_int_equal(pay_ask(merchant, arena, &ask, 0, &call), RC_REFUSED);
    ask.op = PAY_QUERY;
    assert_int_equal(pay_ask(merchant, arena, &ask, 0, &call), RC_OK);
    assert_int_equal(form_parse(arena, call.request.body, call.request.body_len, &form), RC_OK);
    /* the same bytes as the known answer */
    const struct json_object *known = json_at(array_of(documents.list[0], "sign"), 2);
    assert_string_equal(text_of(known, "id"), "query");
    assert_string_equal(form_text(&form, "signature"), text_of(known, "signature"));
    ask = ask_of(PAY_REFUND, UNIONPAY_ORDER_MS);
    assert_int_equal(pay_ask(merchant, arena, &ask, 0, &call), RC_INVALID); /* no queryId */
    ask.provider_transaction = "202601020304051234568";
    ask.undo = true;
    assert_int_equal(pay_ask(merchant, arena, &ask, 0, &call), RC_INVALID); /* not the whole */
    ask.undo = false;
    assert_int_equal(pay_ask(merchant, arena, &ask, 0, &call), RC_OK);
    assert_int_equal(form_parse(arena, call.request.body, call.request.body_len, &form), RC_OK);
    assert_string_equal(form_text(&form, "txnType"), "04");
    assert_string_equal(form_text(&form, "orderId"), "RF20260102030405000001");
    assert_string_equal(form_text(&form, "txnTime"), "20260102040405");
    assert_string_equal(form_text(&form, "backUrl"),
                        "https://pay.example.com/notify/unionpay/main/refund");
    fixture_end(&fixture);
    documents_close(&documents);
}

static const struct {
    enum pay_op op;
    const char *code;
    const char *original;
    const char *amount;
    enum pay_outcome outcome;
    enum pay_refusal refusal;
} answer_cases[] = {
    {PAY_QUERY, "00", "00", "1234", PAY_PAID, 0},
    {PAY_QUERY, "00", "A6", "1234", PAY_PAID, 0},
    {PAY_QUERY, "00", "03", "1234", PAY_UNKNOWN, 0},
    {PAY_QUERY, "00", "05", "1234", PAY_UNKNOWN, 0},
    {PAY_QUERY, "00", "42", "1234", PAY_FAILED, 0},
    {PAY_QUERY, "00", "61", "1234", PAY_FAILED, 0},
    {PAY_QUERY, "34", "", "", PAY_NOT_FOUND, 0},
    {PAY_QUERY, "37", "", "", PAY_UNKNOWN, 0},
    {PAY_QUERY, "00", "", "1234", PAY_UNKNOWN, 0},
    {PAY_QUERY, "00", "00", "", PAY_UNKNOWN, PAY_REFUSED_AMOUNT},
    {PAY_REFUND, "00", "", "234", PAY_REFUNDING, 0},
    {PAY_REFUND, "05", "", "", PAY_REFUNDING, 0},
    {PAY_REFUND, "12", "", "", PAY_QUERY_NOW, 0},
    {PAY_REFUND, "36", "", "", PAY_REFUSED, 0},
    {PAY_REFUND, "", "", "", PAY_UNKNOWN, 0},
    {PAY_REFUND_QUERY, "00", "00", "234", PAY_REFUNDED, 0},
    {PAY_REFUND_QUERY, "00", "00", "235", PAY_UNKNOWN, PAY_REFUSED_AMOUNT},
    {PAY_REFUND_QUERY, "00", "04", "234", PAY_UNKNOWN, 0},
    {PAY_REFUND_QUERY, "00", "61", "234", PAY_REFUND_CLOSED, 0},
    {PAY_REFUND_QUERY, "34", "", "", PAY_NOT_FOUND, 0},
};

static struct http_answer answer_of(const struct unionpay_side *side, struct arena *arena,
                                    size_t which, const char *merchant_id)
{
    bool refund = answer_cases[which].op != PAY_QUERY;
    struct form form = {.count = 0};
    struct text text;
    form_add(&form, "version", "5.1.0");
    form_add(&form, "encoding", "UTF-8");
    form_add(&form, "signMethod", "01");
    form_add(&form, "txnType", "00");
    form_add(&form, "merId", merchant_id);
    form_add(&form, "orderId", refund ? "RF20260102030405000001" : "EV20260102030405000001");
    form_add(&form, "txnTime", refund ? "20260102040405" : "20260102030405");
    form_add(&form, "currencyCode", "156");
    form_add(&form, "queryId", "202601020304051234568");
    form_add(&form, "respCode", answer_cases[which].code);
    form_add(&form, "origRespCode", answer_cases[which].original);
    form_add(&form, "txnAmt", answer_cases[which].amount);
    form_add(&form, "tokenPayData", "{a=1&b=2}");
    unionpay_side_sign(side, arena, &form);
    text_init(&text, 65536);
    form_add_raw(&form, false, &text);
    struct http_answer answer = {.status = 200, .body_len = text.len};
    answer.body = arena_copy(arena, text_string(&text), text.len);
    text_release(&text);
    return answer;
}

static void answers_and_outcomes(void **state)
{
    (void)state;
    struct documents documents;
    struct fixture fixture;
    struct unionpay_side side;
    struct pay_answer read;
    documents_open(&documents, "unionpay.json");
    unionpay_side_open(&side, UNIONPAY_OWNER, 30);
    const struct pay_merchant *merchant = unionpay_merchant(
        &fixture, documents.list[0], "777290058110048", side.root, side.middle, false);
    struct arena *arena = &fixture.arena;
    for (size_t i = 0; i < ARRAY_LEN(answer_cases); i++) {
        struct pay_ask ask = ask_of(answer_cases[i].op, UNIONPAY_ORDER_MS);
        ask.provider_transaction = "202601020304051234568";
        struct http_answer answer = answer_of(&side, arena, i, "777290058110048");
        assert_int_equal(pay_read(merchant, arena, &ask, &answer, UNIONPAY_NOW_MS, &read), RC_OK);
        if (read.outcome != answer_cases[i].outcome || read.refusal != answer_cases[i].refusal) {
            fail_msg("case %zu: %s %s", i, pay_outcome_code(read.outcome),
                     pay_refusal_code(read.refusal));
        }
        assert_int_equal(read.fact.amount_fen, read.outcome == PAY_PAID       ? 1234
                                               : read.outcome == PAY_REFUNDED ? 234
                                                                              : 0);
    }
    struct pay_ask ask = ask_of(PAY_QUERY, UNIONPAY_ORDER_MS);
    struct http_answer answer = answer_of(&side, arena, 0, "777290058110049");
    assert_int_equal(pay_read(merchant, arena, &ask, &answer, UNIONPAY_NOW_MS, &read), RC_OK);
    assert_int_equal(read.refusal, PAY_REFUSED_ORDER);
    answer = answer_of(&side, arena, 0, "777290058110048");
    ask.created_at_ms += 1000; /* a trade is its number and its time */
    assert_int_equal(pay_read(merchant, arena, &ask, &answer, UNIONPAY_NOW_MS, &read), RC_OK);
    assert_int_equal(read.refusal, PAY_REFUSED_ORDER);
    static const char *const nothing[] = {"", "<html>", "respCode=00&origRespCode=00"};
    for (size_t i = 0; i < ARRAY_LEN(nothing); i++) {
        answer =
            (struct http_answer){.status = 200, .body = nothing[i], .body_len = strlen(nothing[i])};
        assert_int_equal(pay_read(merchant, arena, &ask, &answer, UNIONPAY_NOW_MS, &read), RC_OK);
        assert_int_equal(read.outcome, PAY_UNKNOWN);
    }
    unionpay_side_close(&side);
    fixture_end(&fixture);
    documents_close(&documents);
}

static void files_are_unpacked(void **state)
{
    (void)state;
    struct documents documents;
    documents_open(&documents, "unionpay.json");
    for (size_t d = 0; d < documents.count; d++) {
        const struct json_object *cases = array_of(documents.list[d], "file_content");
        for (size_t i = 0; i < json_count(cases); i++) {
            const struct json_object *one = json_at(cases, i);
            const char *text = text_of(one, "base64");
            const char *expected = NULL;
            struct arena arena;
            const char *bytes = NULL;
            size_t len = 0;
            arena_init(&arena, (size_t)64 << 20);
            char *packed = arena_take(&arena, strlen(text));
            assert_int_equal(crypto_unbase64(text, strlen(text), packed, strlen(text), &len),
                             RC_OK);
            assert_int_equal(pay_inflate(&arena, packed, len, &bytes, &len), RC_OK);
            if (json_get_text(one, "inflated_utf8", 1, 100, &expected) == RC_OK) {
                assert_string_equal(bytes, expected);
            } else {
                struct pay_bill bill = {.code = ""};
                struct unionpay unionpay = {.merchant_id = "1"};
                assert_int_equal(unionpay_bill_rows(&unionpay, &arena, text, &bill), RC_OK);
                assert_int_equal(bill.state, PAY_BILL_READY);
                assert_int_equal(bill.row_count, 0);
            }
            arena_release(&arena);
        }
    }
    documents_close(&documents);
}

/* base64(zlib(ZIP)) with one file. */
static const char *file_content(struct arena *arena, const char *name, const char *text, size_t len)
{
    unsigned char bytes[8192];
    unsigned char packed[9000];
    uLong zip_len = (uLong)zip_make(name, text, len, bytes, sizeof(bytes));
    uLongf packed_len = sizeof(packed);
    assert_int_equal(compress(packed, &packed_len, bytes, zip_len), Z_OK);
    char *out = arena_take(arena, CRYPTO_BASE64_BYTES(packed_len));
    return crypto_base64(packed, packed_len, out);
}

static void settlement_file(void **state)
{
    (void)state;
    struct documents documents;
    struct arena arena;
    struct unionpay unionpay = {.merchant_id = "777290058110048"};
    arena_init(&arena, (size_t)256 << 20);
    documents_open(&documents, "unionpay.json");
    for (size_t d = 0; d < documents.count; d++) {
        const char *line = text_of(object_of(documents.list[d], "zm_file"), "sample_line_ascii");
        const char *two = arena_printf(&arena, "%s\r\n%s\r\n", line, line);
        struct pay_bill bill = {.code = "", .year = 2026, .month = 1, .day = 2};
        const char *content = file_content(&arena, "INN18010288ZM_777", two, strlen(two));
        assert_int_equal(unionpay_bill_rows(&unionpay, &arena, content, &bill), RC_OK);
        assert_int_equal(bill.state, PAY_BILL_READY);
        assert_int_equal(bill.row_count, 2);
        assert_int_equal(bill.rows[0].kind, PAY_KIND_PAY);
        assert_int_equal(bill.rows[0].amount_fen, 1234);
        assert_int_equal(bill.rows[0].fee_fen, 7);
        assert_string_equal(bill.rows[0].order_number, "EV20260102030405000001");
        assert_string_equal(bill.rows[0].provider_transaction, "202601020304051234568");
        assert_int_equal(bill.rows[0].occurred_at_ms, UNIONPAY_ORDER_MS);
        bill = (struct pay_bill){.code = "", .year = 2026, .month = 1, .day = 1};
        assert_int_equal(unionpay_bill_line(&unionpay, &arena, line, strlen(line), &bill), RC_OK);
        assert_true(bill.rows[0].occurred_at_ms < INT64_C(1767000000000)); /* the year before */
        assert_int_equal(unionpay_bill_line(&unionpay, &arena, line, 300, &bill), RC_INVALID);
        bill = (struct pay_bill){.code = "", .year = 2026, .month = 1, .day = 2};
        content = file_content(&arena, "INN18010288ZME_777", line, strlen(line));
        assert_int_equal(unionpay_bill_rows(&unionpay, &arena, content, &bill), RC_OK);
        assert_int_equal(bill.rows[0].kind, PAY_KIND_ADJUSTMENT);
        bill = (struct pay_bill){.code = "", .year = 2026, .month = 1, .day = 2};
        content = file_content(&arena, "../../ZM_1", two, strlen(two) - 200);
        assert_int_equal(unionpay_bill_rows(&unionpay, &arena, content, &bill), RC_OK);
        assert_int_equal(bill.state, PAY_BILL_READY); /* only trailing reserves were cut */
        struct unionpay other = {.merchant_id = "777290058110049"};
        assert_int_equal(unionpay_bill_rows(&other, &arena, content, &bill), RC_OK);
        assert_int_equal(bill.state, PAY_BILL_REFUSED);
        assert_int_equal(unionpay_bill_rows(&unionpay, &arena, "AAAA", &bill), RC_OK);
        assert_int_equal(bill.state, PAY_BILL_REFUSED);
    }
    documents_close(&documents);
    arena_release(&arena);
}

static void bill_is_asked_and_verified(void **state)
{
    (void)state;
    struct documents documents;
    struct fixture fixture;
    struct unionpay_side side;
    struct pay_bill bill;
    static const struct {
        const char *code;
        const char *content;
        enum pay_bill_state state;
    } cases[] = {{"00", "eJwL8GZlY8AAAA3zAKc=", PAY_BILL_READY},
                 {"98", "", PAY_BILL_NONE},
                 {"01", "", PAY_BILL_REFUSED}};
    documents_open(&documents, "unionpay.json");
    unionpay_side_open(&side, UNIONPAY_OWNER, 30);
    const struct pay_merchant *merchant = unionpay_merchant(
        &fixture, documents.list[0], "777290058110048", side.root, side.middle, false);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct form form = {.count = 0};
        struct text text;
        assert_int_equal(
            pay_bill_ask(merchant, &fixture.arena, 2026, 1, 19, UNIONPAY_ORDER_MS, &bill), RC_OK);
        assert_string_equal(bill.request.url, "https://filedownload.95516.com/");
        assert_non_null(strstr(bill.request.body, "settleDate=0119&fileType=00"));
        assert_null(strstr(bill.request.body, "orderId"));
        form_add(&form, "version", "5.1.0");
        form_add(&form, "signMethod", "01");
        form_add(&form, "merId", "777290058110048");
        form_add(&form, "respCode", cases[i].code);
        form_add(&form, "fileContent", cases[i].content);
        unionpay_side_sign(&side, &fixture.arena, &form);
        text_init(&text, 65536);
        form_add_raw(&form, false, &text);
        struct http_answer answer = {
            .status = 200, .body = text_string(&text), .body_len = text.len};
        assert_int_equal(pay_bill_read(merchant, &fixture.arena, &answer, UNIONPAY_NOW_MS, &bill),
                         RC_OK);
        assert_int_equal(bill.state, cases[i].state);
        text_release(&text);
    }
    unionpay_side_close(&side);
    fixture_end(&fixture);
    documents_close(&documents);
}

static void half_configured_names_the_key(void **state)
{
    (void)state;
    struct fixture fixture;
    struct text problems;
    text_init(&problems, 65536);
    fixture_begin(&fixture);
    text_add_string(&fixture.ini,
                    "[pay.unionpay]\nmerchant_id = 1\nbase_url = https://a.example/x\n");
    assert_int_equal(fixture_try(&fixture, 0, &problems), RC_INVALID);
    const char *said = text_string(&problems);
    assert_non_null(strstr(said, "[pay.unionpay] base_url must end with a slash"));
    assert_non_null(strstr(said, "[pay.unionpay] private_key_file is missing"));
    assert_non_null(strstr(said, "[pay.unionpay] certificate_file is missing"));
    assert_non_null(strstr(said, "[pay.unionpay] root_certificate_file is missing"));
    assert_non_null(strstr(said, "[pay.unionpay] middle_certificate_file is missing"));
    text_release(&problems);
    fixture_end(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_are_parsed),
        cmocka_unit_test(asks),
        cmocka_unit_test(answers_and_outcomes),
        cmocka_unit_test(files_are_unpacked),
        cmocka_unit_test(settlement_file),
        cmocka_unit_test(bill_is_asked_and_verified),
        cmocka_unit_test(half_configured_names_the_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
