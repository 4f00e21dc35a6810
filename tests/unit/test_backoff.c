/* Back-off: doubling, bounds, jitter, reset. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/rules/backoff.h"

static void doubles_up_to_the_last(void **state)
{
    (void)state;
    struct backoff backoff;
    backoff_init(&backoff, 200, 30000);
    int64_t full_ms = 200;
    for (int i = 0; i < 20; i++) {
        int64_t wait_ms = backoff_next_ms(&backoff, UINT32_MAX - (uint32_t)i * 977);
        assert_in_range(wait_ms, full_ms / 2, full_ms);
        full_ms = full_ms * 2 > 30000 ? 30000 : full_ms * 2;
    }
    backoff_reset(&backoff);
    assert_in_range(backoff_next_ms(&backoff, 5), 100, 200);
}

static void jitter_spreads(void **state)
{
    (void)state;
    struct backoff a;
    struct backoff b;
    backoff_init(&a, 1000, 1000);
    backoff_init(&b, 1000, 1000);
    assert_int_equal(backoff_next_ms(&a, 0), 500);
    assert_int_equal(backoff_next_ms(&b, 500), 1000);
    assert_int_equal(backoff_next_ms(&b, 501), 500);
}

static void one_millisecond(void **state)
{
    (void)state;
    struct backoff backoff;
    backoff_init(&backoff, 1, 1);
    for (uint32_t i = 0; i < 4; i++) {
        assert_in_range(backoff_next_ms(&backoff, i), 0, 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(doubles_up_to_the_last),
        cmocka_unit_test(jitter_spreads),
        cmocka_unit_test(one_millisecond),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
