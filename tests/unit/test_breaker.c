/* When nobody waits for a provider any more, and when one asks again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/base/rc.h"
#include "core/rules/breaker.h"

static void miss(struct breaker *breaker, int64_t at_ms)
{
    breaker_started(breaker);
    breaker_ended(breaker, false, at_ms);
}

static void five_failures_in_a_row_open_it(void **state)
{
    (void)state;
    struct breaker breaker = {0};
    for (int i = 0; i < BREAKER_FAILURES - 1; i++) {
        miss(&breaker, 100);
    }
    breaker_started(&breaker);
    breaker_ended(&breaker, true, 100); /* an answer between: not in a row */
    for (int i = 0; i < BREAKER_FAILURES - 1; i++) {
        miss(&breaker, 200);
        assert_true(breaker_allows(&breaker, 200));
    }
    miss(&breaker, 300);
    assert_true(breaker_is_open(&breaker, 300));
    assert_false(breaker_allows(&breaker, 300 + BREAKER_OPEN_MS - 1));
}

static void one_probe_decides(void **state)
{
    (void)state;
    struct breaker breaker = {0};
    for (int i = 0; i < BREAKER_FAILURES; i++) {
        miss(&breaker, 0);
    }
    int64_t half_ms = BREAKER_OPEN_MS;
    assert_false(breaker_is_open(&breaker, half_ms));
    assert_true(breaker_allows(&breaker, half_ms));
    breaker_started(&breaker);
    assert_false(breaker_allows(&breaker, half_ms));
    breaker_ended(&breaker, false, half_ms + 5);
    assert_true(breaker_is_open(&breaker, half_ms + 5));
    assert_false(breaker_allows(&breaker, half_ms + 5));
    int64_t again_ms = half_ms + 5 + BREAKER_OPEN_MS;
    breaker_started(&breaker);
    breaker_ended(&breaker, true, again_ms);
    assert_true(breaker_allows(&breaker, again_ms));
    breaker_started(&breaker);
    assert_true(breaker_allows(&breaker, again_ms));
}

static void what_was_under_way_may_come_back_late(void **state)
{
    (void)state;
    struct breaker breaker = {0};
    for (int i = 0; i < BREAKER_FAILURES + 2; i++) {
        breaker_started(&breaker);
    }
    for (int i = 0; i < BREAKER_FAILURES; i++) {
        breaker_ended(&breaker, false, 10);
    }
    assert_false(breaker_allows(&breaker, 10 + BREAKER_OPEN_MS)); /* two are still out */
    breaker_ended(&breaker, true, 20);
    assert_true(breaker_allows(&breaker, 20));
    breaker_ended(&breaker, false, 30);
    assert_true(breaker_allows(&breaker, 30));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(five_failures_in_a_row_open_it),
        cmocka_unit_test(one_probe_decides),
        cmocka_unit_test(what_was_under_way_may_come_back_late),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
