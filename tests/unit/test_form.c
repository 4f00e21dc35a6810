/* Forms: what is read, what is refused, what is signed and what is sent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "core/base/form.h"

static void reads_and_refuses(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        enum rc rc;
        const char *a;
    } cases[] = {
        {"a=1&b=2", RC_OK, "1"},
        {"a=+%2B%26", RC_OK, " +&"},
        {"a=", RC_OK, ""},
        {"a", RC_OK, ""},
        {"&&a=x&", RC_OK, "x"},
        {"a=b=c", RC_OK, "b=c"},
        {"a=%E7%94%B5", RC_OK, "\xE7\x94\xB5"},
        {"", RC_OK, NULL},
        {"a=1&a=2", RC_CONFLICT, NULL},
        {"a=1&%61=1", RC_CONFLICT, NULL},
        {"a=%", RC_INVALID, NULL},
        {"a=%4", RC_INVALID, NULL},
        {"a=%zz", RC_INVALID, NULL},
        {"a=%00", RC_INVALID, NULL},
        {"a=%ff", RC_INVALID, NULL},
        {"=1", RC_INVALID, NULL},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct arena arena;
        struct form form = {.count = 0};
        arena_init(&arena, 1 << 16);
        assert_int_equal(form_parse(&arena, cases[i].bytes, strlen(cases[i].bytes), &form),
                         cases[i].rc);
        if (cases[i].a == NULL) {
            assert_null(form_get(&form, "a"));
        } else {
            assert_string_equal(form_get(&form, "a"), cases[i].a);
        }
        arena_release(&arena);
    }
}

static void bounded(void **state)
{
    (void)state;
    struct arena arena;
    struct text many;
    struct form form = {.count = 0};
    arena_init(&arena, 1 << 20);
    text_init(&many, 1 << 16);
    for (int i = 0; i <= FORM_FIELDS_MAX; i++) {
        text_printf(&many, "f%d=x&", i);
    }
    assert_int_equal(form_parse(&arena, many.bytes, many.len, &form), RC_TOO_LARGE);
    assert_int_equal(form.count, 0);
    text_release(&many);
    arena_release(&arena);
}

static void writes(void **state)
{
    (void)state;
    struct form form = {.count = 0};
    struct text out;
    text_init(&out, 1000);
    form_add(&form, "b", "1 2&3");
    form_add(&form, "a", "\xE7\x94\xB5~");
    form_add(&form, "none", "");
    form_add(&form, "B", "x");
    form_sort(&form);
    form_add_raw(&form, false, &out);
    assert_string_equal(text_string(&out), "B=x&a=\xE7\x94\xB5~&b=1 2&3");
    text_clear(&out);
    form_add_encoded(&form, &out);
    assert_string_equal(text_string(&out), "B=x&a=%E7%94%B5~&b=1%202%263");
    text_clear(&out);
    form.fields[form.count++] = (struct form_field){"c", ""};
    form.fields[form.count++] = (struct form_field){"d", "1"};
    form_add_raw(&form, true, &out);
    assert_string_equal(text_string(&out), "B=x&a=\xE7\x94\xB5~&b=1 2&3&c=&d=1");
    text_clear(&out);
    form_add_raw(&form, false, &out);
    assert_string_equal(text_string(&out), "B=x&a=\xE7\x94\xB5~&b=1 2&3&d=1");
    text_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_and_refuses),
        cmocka_unit_test(bounded),
        cmocka_unit_test(writes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
