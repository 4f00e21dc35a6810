/* JSON input: strictness, limits, typed getters. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "core/base/json.h"

static enum rc parse(const char *text, int depth)
{
    CLEANUP(json_release) struct json_object *json = NULL;
    return json_parse(text, strlen(text), depth, &json);
}

static void strictness(void **state)
{
    (void)state;
    static const char *const good[] = {"{}",    "[]",  " {\"a\": [1, 2]} \n", "1", "-3",
                                       "\"x\"", "true"};
    static const char *const bad[] = {
        "",      "{",        "{} x",  "{'a':1}", "[1,]",       "{\"a\":1,}",
        "nul",   "/* */ {}", "[01]",  "[NaN]",   "\"\xff\"",   "\"\xc0\x93\"",
        "{} {}", "\"a",      "[1 2]", "[TRUE]",  "[\"a\nb\"]", "['a']"};
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        assert_int_equal(parse(good[i], 8), RC_OK);
    }
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        if (parse(bad[i], 8) != RC_INVALID) {
            fail_msg("accepted: %s", bad[i]);
        }
    }
    assert_int_equal(parse("[[[1]]]", 3), RC_OK);
    assert_int_equal(parse("[[[[1]]]]", 3), RC_TOO_LARGE);
}

static void getters(void **state)
{
    (void)state;
    const char *text =
        "{\"n\": 12, \"big\": 9223372036854775808, \"s\": \"abc\", \"z\": \"a\\u0000b\","
        " \"f\": 1.5, \"t\": true, \"none\": null, \"l\": [1, \"two\"], \"o\": {\"k\": 1}}";
    CLEANUP(json_release) struct json_object *json = NULL;
    assert_int_equal(json_parse(text, strlen(text), 4, &json), RC_OK);
    int64_t number = -1;
    const char *s = NULL;
    bool flag = false;
    const struct json_object *inner = NULL;
    assert_int_equal(json_get_int(json, "n", 0, 12, &number), RC_OK);
    assert_int_equal(number, 12);
    assert_int_equal(json_get_int(json, "n", 0, 11, &number), RC_INVALID);
    assert_int_equal(json_get_int(json, "big", 0, INT64_MAX, &number), RC_INVALID);
    assert_int_equal(json_get_int(json, "f", 0, 9, &number), RC_INVALID);
    assert_int_equal(json_get_int(json, "s", 0, 9, &number), RC_INVALID);
    assert_int_equal(json_get_int(json, "none", 0, 9, &number), RC_NOT_FOUND);
    assert_int_equal(json_get_int(json, "missing", 0, 9, &number), RC_NOT_FOUND);
    assert_int_equal(json_get_text(json, "s", 1, 3, &s), RC_OK);
    assert_string_equal(s, "abc");
    assert_int_equal(json_get_text(json, "s", 1, 2, &s), RC_INVALID);
    assert_int_equal(json_get_text(json, "z", 0, 9, &s), RC_INVALID);
    assert_int_equal(json_get_bool(json, "t", &flag), RC_OK);
    assert_true(flag);
    assert_int_equal(json_get_bool(json, "n", &flag), RC_INVALID);
    assert_int_equal(json_get_array(json, "l", 1, &inner), RC_INVALID);
    assert_int_equal(json_get_array(json, "l", 2, &inner), RC_OK);
    assert_int_equal(json_count(inner), 2);
    assert_int_equal(json_at_int(inner, 0, 0, 5, &number), RC_OK);
    assert_int_equal(json_at_text(inner, 1, 1, 5, &s), RC_OK);
    assert_int_equal(json_get_object(json, "o", &inner), RC_OK);
    assert_int_equal(json_get_int(inner, "k", 1, 1, &number), RC_OK);
    assert_false(json_has(json, "none"));
}

/* A member named twice is refused, however it is written; the plain parser keeps the last. */
static void names_are_unique(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum rc rc;
    } cases[] = {
        {"{\"a\":1,\"b\":{\"a\":2}}", RC_OK},
        {"{\"a\":\"x:y\\\":z\"}", RC_OK},
        {"[{\"a\":1},{\"a\":1}]", RC_OK},
        {"{\"a\":1,\"a\":1}", RC_CONFLICT},
        {"{\"a\":1,\"\\u0061\":2}", RC_CONFLICT},
        {"[0,{\"x\":[{\"k\":null,\"k\":1}]}]", RC_CONFLICT},
        {"{\"a\":", RC_INVALID},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        CLEANUP(json_release) struct json_object *json = NULL;
        assert_int_equal(json_parse_unique(cases[i].text, strlen(cases[i].text), 8, &json),
                         cases[i].rc);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(names_are_unique),
                                       cmocka_unit_test(strictness), cmocka_unit_test(getters)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
