/* gzip: what is packed comes out again, whatever its size; the header that asks for it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <zlib.h>

#include "core/base/gzip.h"

static void round_trip(size_t len)
{
    char *bytes = malloc(len + 1);
    char *back = malloc(len + 1);
    assert_non_null(bytes);
    assert_non_null(back);
    for (size_t i = 0; i < len; i++) {
        bytes[i] = (char)("{\"unit\":\"3F-215\"}"[i % 17] + (int)(i / 4096 % 7));
    }
    struct text out;
    text_init(&out, (size_t)1 << 24);
    assert_int_equal(gzip_pack(bytes, len, &out), RC_OK);
    z_stream stream = {.next_in = (Bytef *)out.bytes,
                       .avail_in = (uInt)out.len,
                       .next_out = (Bytef *)back,
                       .avail_out = (uInt)len + 1};
    assert_int_equal(inflateInit2(&stream, 15 + 16), Z_OK);
    assert_int_equal(inflate(&stream, Z_FINISH), Z_STREAM_END);
    assert_int_equal(stream.total_out, len);
    assert_int_equal(stream.avail_in, 0);
    assert_memory_equal(back, bytes, len);
    (void)inflateEnd(&stream);
    text_release(&out);
    free(bytes);
    free(back);
}

static void what_is_packed_comes_out_again(void **state)
{
    (void)state;
    const size_t sizes[] = {0, 1, 100, 16383, 16384, 16385, 300000, 3000000};
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        round_trip(sizes[i]);
    }
}

static void a_limit_holds(void **state)
{
    (void)state;
    struct text out;
    text_init(&out, 10);
    assert_int_equal(gzip_pack("0123456789abcdef", 16, &out), RC_TOO_LARGE);
    text_release(&out);
}

static void who_asks_for_it(void **state)
{
    (void)state;
    assert_true(gzip_accepted("gzip"));
    assert_true(gzip_accepted("deflate, gzip;q=0.5, br"));
    assert_false(gzip_accepted("deflate, gzip;q=0, br"));
    assert_false(gzip_accepted("deflate"));
    assert_false(gzip_accepted(""));
    assert_false(gzip_accepted(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_packed_comes_out_again),
        cmocka_unit_test(a_limit_holds),
        cmocka_unit_test(who_asks_for_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
