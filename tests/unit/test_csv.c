/* The reader of comma separated values: RFC 4180, marks, line numbers, broken rows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "core/rules/csv.h"

static void rows_and_lines(void **state)
{
    (void)state;
    const char *text = "\xEF\xBB\xBF"
                       "a,b\r\n\r\n\"x,\"\"y\"\"\n2\",,c\nlast";
    CLEANUP(arena_release) struct arena arena;
    arena_init(&arena, 1 << 20);
    struct csv csv;
    int line = 0;
    assert_int_equal(csv_open(&csv, text, strlen(text), &line), RC_OK);
    struct csv_row row;
    assert_int_equal(csv_next(&csv, &arena, &row), RC_OK);
    assert_int_equal(row.line, 1);
    assert_int_equal(row.count, 2);
    assert_string_equal(row.fields[0], "a");
    assert_string_equal(row.fields[1], "b");
    assert_int_equal(csv_next(&csv, &arena, &row), RC_OK);
    assert_int_equal(row.line, 3);
    assert_int_equal(row.count, 3);
    assert_string_equal(row.fields[0], "x,\"y\"\n2");
    assert_string_equal(row.fields[1], "");
    assert_string_equal(row.fields[2], "c");
    assert_int_equal(csv_next(&csv, &arena, &row), RC_OK);
    assert_int_equal(row.line, 5);
    assert_string_equal(row.fields[0], "last");
    assert_int_equal(csv_next(&csv, &arena, &row), RC_NOT_FOUND);
}

static void broken_rows_do_not_hide_the_next(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *problem;
    } cases[] = {
        {"\"a\nb,c\n", "a quote is not closed"},
        {"a\"b\nb,c\n", "a quote stands inside a field that does not begin with one"},
        {"\"a\"b\nb,c\n", "something follows a closing quote"},
        {",,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,\nb,c\n", "the row has more than 32 fields"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        CLEANUP(arena_release) struct arena arena;
        arena_init(&arena, 1 << 20);
        struct csv csv;
        int line = 0;
        assert_int_equal(csv_open(&csv, cases[i].text, strlen(cases[i].text), &line), RC_OK);
        struct csv_row row;
        assert_int_equal(csv_next(&csv, &arena, &row), RC_INVALID);
        assert_int_equal(row.line, 1);
        assert_string_equal(row.problem, cases[i].problem);
        assert_int_equal(csv_next(&csv, &arena, &row), RC_OK);
        assert_int_equal(row.line, 2);
        assert_string_equal(row.fields[1], "c");
    }
}

static void not_utf8_names_the_line(void **state)
{
    (void)state;
    struct csv csv;
    int line = 0;
    assert_int_equal(csv_open(&csv, "a\nb\n\xB5\xE7\n", 7, &line), RC_INVALID);
    assert_int_equal(line, 3);
}

static void long_fields_are_bounded(void **state)
{
    (void)state;
    char text[CSV_FIELD_BYTES_MAX + 2];
    memset(text, 'x', sizeof(text));
    CLEANUP(arena_release) struct arena arena;
    arena_init(&arena, 1 << 20);
    struct csv csv;
    int line = 0;
    struct csv_row row;
    assert_int_equal(csv_open(&csv, text, CSV_FIELD_BYTES_MAX, &line), RC_OK);
    assert_int_equal(csv_next(&csv, &arena, &row), RC_OK);
    assert_int_equal(csv_open(&csv, text, CSV_FIELD_BYTES_MAX + 1, &line), RC_OK);
    assert_int_equal(csv_next(&csv, &arena, &row), RC_INVALID);
    assert_int_equal(csv_next(&csv, &arena, &row), RC_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_and_lines), cmocka_unit_test(broken_rows_do_not_hide_the_next),
        cmocka_unit_test(not_utf8_names_the_line), cmocka_unit_test(long_fields_are_bounded)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
