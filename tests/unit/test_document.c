/* Papers by their bytes: each kind, each byte cut off, and files that are two at once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/rules/document.h"

static const uint8_t jpeg[] = {0xff, 0xd8, 0xff, 0xe0, 0, 2, 0xff, 0xd9};
static const uint8_t png[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n', 0,   0, 0,
                              13,   'I', 'H', 'D', 'R',  1,    2,    3,    0,   0, 0,
                              0,    'I', 'E', 'N', 'D',  0xae, 0x42, 0x60, 0x82};
static const char pdf[] = "%PDF-1.7\n1 0 obj\nendobj\n%%EOF\n";

/* A copy without a byte to spare, so that a read past the end is seen. */
static enum rc find(const void *bytes, size_t len, enum document_kind *kind)
{
    uint8_t *copy = malloc(len == 0 ? 1 : len);
    assert_non_null(copy);
    memcpy(copy, bytes, len);
    enum rc rc = document_kind_find(copy, len, kind);
    free(copy);
    return rc;
}

static void test_whole_and_cut_off(void **context)
{
    (void)context;
    const struct {
        const void *bytes;
        size_t len;
        enum document_kind kind;
        size_t may_lack; /* at the end */
    } rows[] = {{jpeg, sizeof(jpeg), DOCUMENT_JPEG, 0},
                {png, sizeof(png), DOCUMENT_PNG, 0},
                {pdf, sizeof(pdf) - 1, DOCUMENT_PDF, 1}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        enum document_kind kind = DOCUMENT_KIND__MAX;
        assert_int_equal(find(rows[i].bytes, rows[i].len, &kind), RC_OK);
        assert_int_equal(kind, rows[i].kind);
        for (size_t len = 0; len < rows[i].len - rows[i].may_lack; len++) {
            assert_int_equal(find(rows[i].bytes, len, &kind), RC_INVALID);
        }
        assert_int_equal(find((const uint8_t *)rows[i].bytes + 1, rows[i].len - 1, &kind),
                         RC_INVALID);
    }
}

static void test_two_at_once(void **context)
{
    (void)context;
    uint8_t both[200] = {0};
    enum document_kind kind = DOCUMENT_KIND__MAX;
    memcpy(both, jpeg, sizeof(jpeg));
    assert_int_equal(find(both, sizeof(jpeg) + 64, &kind), RC_OK); /* zeros of a camera */
    assert_int_equal(find(both, sizeof(jpeg) + 65, &kind), RC_INVALID);
    memcpy(both + sizeof(jpeg), pdf, sizeof(pdf) - 1);
    assert_int_equal(find(both, sizeof(jpeg) + sizeof(pdf) - 1, &kind), RC_INVALID);
    memcpy(both, png, sizeof(png));
    memcpy(both + sizeof(png), "<script>", 8);
    assert_int_equal(find(both, sizeof(png) + 8, &kind), RC_INVALID);
    assert_int_equal(find("<svg xmlns", 10, &kind), RC_INVALID);
    assert_int_equal(find("%PDF-3.0 %%EOF", 14, &kind), RC_INVALID);
}

static void test_words(void **context)
{
    (void)context;
    for (int i = 0; i < DOCUMENT_KIND__MAX; i++) {
        enum document_kind kind = DOCUMENT_KIND__MAX;
        assert_int_equal(document_kind_parse(document_kind_name((enum document_kind)i), &kind),
                         RC_OK);
        assert_int_equal(kind, i);
    }
    enum document_kind kind = DOCUMENT_KIND__MAX;
    assert_int_equal(document_kind_parse("html", &kind), RC_NOT_FOUND);
    assert_string_equal(document_media_type(DOCUMENT_PDF), "application/pdf");
    assert_string_equal(document_media_type(DOCUMENT_JPEG), "image/jpeg");
    assert_string_equal(document_media_type(DOCUMENT_PNG), "image/png");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole_and_cut_off),
        cmocka_unit_test(test_two_at_once),
        cmocka_unit_test(test_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
