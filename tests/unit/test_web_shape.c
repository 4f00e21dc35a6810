/* Requests into structs and structs into JSON. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "cgi/route.h"
#include "cgi/shape.h"
#include "core/base/json.h"

static const char *const kinds[] = {"trip", "close", NULL};

struct inner {
    int64_t number;
};
SHAPE(test_inner, "TestInner", struct inner, F_INT(struct inner, number, NEEDED, 0, 9));

struct order {
    int64_t supply_id;
    const char *kind;
    const char *reason;
    const char *note;
    int64_t until_at;
    int64_t count;
    bool force;
    const struct inner *inner;
    struct shape_list tags;
};
SHAPE(test_order, "TestOrder", struct order, F_ID(struct order, supply_id, NEEDED),
      F_ENUM(struct order, kind, NEEDED, kinds), F_TEXT(struct order, reason, NEEDED, 1, 10),
      F_TEXT(struct order, note, OPTIONAL | MULTILINE, 0, 100),
      F_TIME(struct order, until_at, OPTIONAL), F_INT(struct order, count, OPTIONAL, -5, 5),
      F_BOOL(struct order, force, OPTIONAL),
      F_OBJECT(struct order, inner, OPTIONAL, &shape_test_inner),
      F_TEXTS(struct order, tags, OPTIONAL, 2));

static struct arena arena;

static int set_up(void **state)
{
    (void)state;
    arena_init(&arena, (size_t)16 << 20);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

static void a_whole_order(void **state)
{
    (void)state;
    static const char body[] =
        "{\"supply_id\":7,\"kind\":\"trip\",\"reason\":\"检修\",\"note\":\"a\\nb\","
        "\"until_at\":\"2026-11-22T08:32:05.120Z\",\"count\":-5,\"force\":true,"
        "\"inner\":{\"number\":3},\"tags\":[\"x\",\"y\"]}";
    struct order order;
    struct shape_problem problem;
    assert_int_equal(
        shape_decode_json(&shape_test_order, &arena, body, strlen(body), &order, &problem), RC_OK);
    assert_int_equal(order.supply_id, 7);
    assert_ptr_equal(order.kind, kinds[0]);
    assert_string_equal(order.reason, "检修");
    assert_string_equal(order.note, "a\nb");
    assert_int_equal(order.until_at, 1795336325120);
    assert_int_equal(order.count, -5);
    assert_true(order.force);
    assert_int_equal(order.inner->number, 3);
    assert_int_equal(order.tags.count, 2);
    assert_string_equal(((const char *const *)order.tags.items)[1], "y");
    struct text out;
    text_init(&out, 10000);
    shape_encode(&shape_test_order, &order, &out);
    assert_string_equal(text_string(&out), body);
    text_release(&out);
}

static void what_is_missing_is_null(void **state)
{
    (void)state;
    static const char body[] =
        "{\"kind\":\"close\",\"reason\":\"x\",\"supply_id\":1,\"count\":null}";
    struct order order;
    struct shape_problem problem;
    assert_int_equal(
        shape_decode_json(&shape_test_order, &arena, body, strlen(body), &order, &problem), RC_OK);
    assert_null(order.note);
    assert_null(order.inner);
    assert_int_equal(order.count, SHAPE_NULL);
    assert_int_equal(order.until_at, SHAPE_NULL);
    struct text out;
    text_init(&out, 10000);
    shape_encode(&shape_test_order, &order, &out);
    assert_string_equal(text_string(&out),
                        "{\"supply_id\":1,\"kind\":\"close\",\"reason\":\"x\",\"note\":null,"
                        "\"until_at\":null,\"count\":null,\"force\":false,\"inner\":null,"
                        "\"tags\":[]}");
    text_release(&out);
}

struct bad {
    const char *body;
    const char *field;
    const char *sentence;
};

static void one_sentence_names_the_field(void **state)
{
    (void)state;
    static const struct bad bad[] = {
        {"{}", "supply_id", "supply_id is missing"},
        {"[]", "", "the body must be a JSON object"},
        {"", "", "the body is not valid JSON"},
        {"{\"supply_id\":1,}", "", "the body is not valid JSON"},
        {"{\"supply_id\":1} x", "", "the body is not valid JSON"},
        {"{\"a\":\"\xff\"}", "", "the body is not UTF-8"},
        {"{\"who\":1}", "who", "there is no field who here"},
        {"{\"a\\u0007b\":1}", "?", "there is no field ? here"},
        {"{\"supply_id\":0}", "supply_id",
         "supply_id must be a whole number from 1 to 9007199254740991"},
        {"{\"supply_id\":9007199254740992}", "supply_id",
         "supply_id must be a whole number from 1 to 9007199254740991"},
        {"{\"supply_id\":99999999999999999999}", "supply_id", "supply_id must be a whole number"},
        {"{\"supply_id\":1.0}", "supply_id", "supply_id must be a whole number"},
        {"{\"supply_id\":\"1\"}", "supply_id", "supply_id must be a whole number"},
        {"{\"supply_id\":1,\"kind\":\"explode\"}", "kind", "kind must be one of: trip, close"},
        {"{\"supply_id\":1,\"kind\":5}", "kind", "kind must be a text"},
        {"{\"reason\":\"\"}", "reason", "reason must have 1 to 10 characters"},
        {"{\"reason\":\"12345678901\"}", "reason", "reason must have 1 to 10 characters"},
        {"{\"reason\":\"a\\nb\"}", "reason", "reason must not hold control characters"},
        {"{\"note\":\"a\\u0000b\"}", "note", "note must be a text"},
        {"{\"until_at\":\"tomorrow\"}", "until_at",
         "until_at must be a time such as 2026-11-22T08:32:05.000Z"},
        {"{\"force\":1}", "force", "force must be true or false"},
        {"{\"inner\":[]}", "inner", "inner must be an object"},
        {"{\"inner\":{\"number\":10}}", "number", "number must be a whole number from 0 to 9"},
        {"{\"inner\":{\"other\":1}}", "other", "there is no field other here"},
        {"{\"tags\":[\"a\",\"b\",\"c\"]}", "tags", "tags must have at most 2 elements"},
        {"{\"tags\":[1]}", "tags", "tags must be a list of texts"},
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct order order;
        struct shape_problem problem = {"-", "-"};
        assert_int_equal(shape_decode_json(&shape_test_order, &arena, bad[i].body,
                                           strlen(bad[i].body), &order, &problem),
                         RC_INVALID);
        assert_string_equal(problem.sentence, bad[i].sentence);
        assert_string_equal(problem.field, bad[i].field);
    }
    static char deep[20000];
    memset(deep, '[', 10000);
    memset(deep + 10000, ']', 9999);
    struct order order;
    struct shape_problem problem;
    assert_int_equal(
        shape_decode_json(&shape_test_order, &arena, deep, strlen(deep), &order, &problem),
        RC_INVALID);
    assert_string_equal(problem.sentence, "the body is nested deeper than 16 levels");
}

struct filter {
    const char *q;
    const char *state;
    int64_t limit;
    int64_t since_at;
    bool open;
};
static const char *const states[] = {"open", "closed", NULL};
SHAPE(test_filter, "TestFilter", struct filter, F_TEXT(struct filter, q, OPTIONAL, 1, 5),
      F_ENUM(struct filter, state, OPTIONAL, states), F_INT(struct filter, limit, OPTIONAL, 1, 200),
      F_TIME(struct filter, since_at, OPTIONAL), F_BOOL(struct filter, open, OPTIONAL));

static enum rc decode(const char *query, struct filter *filter, struct shape_problem *problem)
{
    return shape_decode_query(&shape_test_filter, &arena, query, strlen(query), filter, problem);
}

static void queries(void **state)
{
    (void)state;
    struct filter filter;
    struct shape_problem problem = {"", ""};
    assert_int_equal(decode("", &filter, &problem), RC_OK);
    assert_null(filter.q);
    assert_int_equal(filter.limit, SHAPE_NULL);
    assert_int_equal(decode("q=%E5%BA%97+1&state=open&limit=50&open=true&"
                            "since_at=2026-11-22T08%3A32%3A05.120Z",
                            &filter, &problem),
                     RC_OK);
    assert_string_equal(filter.q, "店 1");
    assert_ptr_equal(filter.state, states[0]);
    assert_int_equal(filter.limit, 50);
    assert_int_equal(filter.since_at, 1795336325120);
    assert_true(filter.open);
    assert_int_equal(decode("state=&&limit=", &filter, &problem), RC_OK);
    assert_null(filter.state);
    static const struct bad bad[] = {
        {"x=1", "x", "there is no field x here"},
        {"limit=1&limit=2", "limit", "limit must be given once"},
        {"limit=0", "limit", "limit must be a whole number from 1 to 200"},
        {"limit=1e2", "limit", "limit must be a whole number"},
        {"q=%zz", "", "the query is not well-formed percent-encoded UTF-8"},
        {"q=%4", "", "the query is not well-formed percent-encoded UTF-8"},
        {"q=%", "", "the query is not well-formed percent-encoded UTF-8"},
        {"q=%00", "", "the query is not well-formed percent-encoded UTF-8"},
        {"q=%ff", "", "the query is not well-formed percent-encoded UTF-8"},
        {"q=%0a", "q", "q must not hold control characters"},
        {"open=yes", "open", "open must be true or false"},
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        assert_int_equal(decode(bad[i].body, &filter, &problem), RC_INVALID);
        assert_string_equal(problem.sentence, bad[i].sentence);
        assert_string_equal(problem.field, bad[i].field);
    }
    struct text many;
    text_init(&many, 200000);
    for (int i = 0; i < 10000; i++) {
        text_add_string(&many, "state=&");
    }
    assert_int_equal(decode(text_string(&many), &filter, &problem), RC_INVALID);
    assert_string_equal(problem.sentence, "there are more than 64 parameters");
    text_release(&many);
}

struct row {
    int64_t id;
    const char *name;
};
SHAPE(test_row, "TestRow", struct row, F_ID(struct row, id, NEEDED),
      F_WORDS(struct row, name, NULLABLE));
struct page {
    struct row head;
    struct shape_list items;
    struct shape_list ids;
    const char *extra;
};
SHAPE(test_page, "TestPage", struct page, F_EMBED(struct page, head, &shape_test_row),
      F_LIST(struct page, items, &shape_test_row), F_INTS(struct page, ids, NEEDED, 0),
      F_JSON(struct page, extra, NULLABLE));

static void replies(void **state)
{
    (void)state;
    const struct row rows[] = {{1, "a\"\n\x01"}, {2, NULL}};
    const int64_t ids[] = {4, -5};
    struct page page = {
        .head = {9, "九"}, .items = {rows, 2}, .ids = {ids, 2}, .extra = "{\"k\":1}"};
    struct text out;
    text_init(&out, 10000);
    shape_encode(&shape_test_page, &page, &out);
    assert_string_equal(text_string(&out),
                        "{\"id\":9,\"name\":\"九\",\"items\":[{\"id\":1,\"name\":"
                        "\"a\\\"\\n\\u0001\"},{\"id\":2,\"name\":null}],\"ids\":[4,-5],"
                        "\"extra\":{\"k\":1}}");
    page.extra = "";
    page.items.count = 0;
    page.ids.count = 0;
    text_clear(&out);
    shape_encode(&shape_test_page, &page, &out);
    assert_string_equal(text_string(&out),
                        "{\"id\":9,\"name\":\"九\",\"items\":[],\"ids\":[],\"extra\":null}");
    text_release(&out);
}

static void the_document_is_json(void **state)
{
    (void)state;
    struct text out;
    text_init(&out, (size_t)8 << 20);
    openapi_write(&out);
    assert_int_equal(text_result(&out), RC_OK);
    struct json_object *json = NULL;
    assert_int_equal(json_parse(out.bytes, out.len, JSON_DEPTH_MAX, &json), RC_OK);
    assert_true(json_has(json, "paths") && json_has(json, "components"));
    json_release(&json);
    text_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_order),
        cmocka_unit_test(what_is_missing_is_null),
        cmocka_unit_test(one_sentence_names_the_field),
        cmocka_unit_test(queries),
        cmocka_unit_test(replies),
        cmocka_unit_test(the_document_is_json),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
