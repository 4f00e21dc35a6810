/* SQL scripts: where statements end, and names that are filled in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "core/store/script.h"

static void statements_end_at_their_semicolon(void **state)
{
    (void)state;
    const char *text = "-- a; comment\nSELECT 'a;b', \"c;d\", `e;f`; # x;y\n/* g;h\n */ SELECT "
                       "'it''s; \\'; ' ;\n;;"
                       "\nSELECT 1 -- tail\n  ";
    static const struct {
        const char *sql;
        int line;
    } wanted[] = {
        {"SELECT 'a;b', \"c;d\", `e;f`", 2}, {"SELECT 'it''s; \\'; '", 4}, {"SELECT 1", 6}};
    struct script script;
    script_open(&script, text, strlen(text));
    for (size_t i = 0; i < ARRAY_LEN(wanted); i++) {
        struct script_statement statement;
        assert_int_equal(script_next(&script, &statement), RC_OK);
        assert_int_equal(statement.len, strlen(wanted[i].sql));
        assert_memory_equal(statement.sql, wanted[i].sql, statement.len);
        assert_int_equal(statement.line, wanted[i].line);
    }
    struct script_statement statement;
    assert_int_equal(script_next(&script, &statement), RC_NOT_FOUND);
}

static void open_ends_are_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {"SELECT 1;\nSELECT 'abc", "\n/* never closed"};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct script script;
        script_open(&script, texts[i], strlen(texts[i]));
        struct script_statement statement;
        enum rc rc = script_next(&script, &statement);
        if (i == 0) {
            assert_int_equal(rc, RC_OK);
            rc = script_next(&script, &statement);
        }
        assert_int_equal(rc, RC_INVALID);
        assert_int_equal(script.line, 2);
    }
}

static enum rc lookup(void *context, const char *name, struct text *out)
{
    (void)context;
    if (strcmp(name, "who") != 0) {
        return RC_NOT_FOUND;
    }
    text_add_string(out, "pw_");
    return RC_OK;
}

static void names_are_filled(void **state)
{
    (void)state;
    struct text out;
    text_init(&out, 1000);
    int line = 0;
    assert_int_equal(script_fill("a {who}b {who}", 14, lookup, NULL, &out, &line), RC_OK);
    assert_string_equal(text_string(&out), "a pw_b pw_");
    assert_int_equal(script_fill("\n{where}", 8, lookup, NULL, &out, &line), RC_INVALID);
    assert_int_equal(line, 2);
    assert_int_equal(script_fill("{who", 4, lookup, NULL, &out, &line), RC_INVALID);
    text_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(statements_end_at_their_semicolon),
                                       cmocka_unit_test(open_ends_are_refused),
                                       cmocka_unit_test(names_are_filled)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
