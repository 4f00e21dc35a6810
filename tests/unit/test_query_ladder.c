/* When a provider is asked again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/base/rc.h"
#include "core/rules/query_ladder.h"

#define FROM INT64_C(1764000000000)
#define S INT64_C(1000)
#define MIN (60 * S)
#define H (60 * MIN)

static void alone_it_asks_by_minutes_then_hours(void **state)
{
    (void)state;
    static const int64_t steps[][2] = {{0, MIN},
                                       {MIN - 1, MIN},
                                       {MIN, 2 * MIN},
                                       {2 * MIN, 5 * MIN},
                                       {5 * MIN, 15 * MIN},
                                       {15 * MIN, H},
                                       {H, 2 * H},
                                       {2 * H + 1, 3 * H},
                                       {25 * H, 26 * H},
                                       {26 * H - 1, 26 * H}};
    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        assert_int_equal(query_ladder_next_ms(FROM, FROM + steps[i][0], 0), FROM + steps[i][1]);
    }
}

static void while_the_page_looks_it_asks_by_seconds(void **state)
{
    (void)state;
    static const int64_t steps[][2] = {{0, 3 * S},       {3 * S, 8 * S}, {8 * S, 15 * S},
                                       {15 * S, 30 * S}, {30 * S, MIN},  {MIN, 90 * S},
                                       {H - 1, H},       {H, H + 30 * S}};
    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        int64_t now = FROM + steps[i][0];
        assert_int_equal(query_ladder_next_ms(FROM, now, now), FROM + steps[i][1]);
        assert_int_equal(query_ladder_next_ms(FROM, now, now - QUERY_PAGE_OPEN_MS + 1),
                         FROM + steps[i][1]);
    }
    assert_int_equal(query_ladder_next_ms(FROM, FROM + 5 * S, FROM + 5 * S - QUERY_PAGE_OPEN_MS),
                     FROM + MIN);
}

static void after_26_hours_the_bill_decides(void **state)
{
    (void)state;
    assert_int_equal(query_ladder_next_ms(FROM, FROM + 26 * H, 0), 0);
    assert_int_equal(query_ladder_next_ms(FROM, FROM + 26 * H, FROM + 26 * H), 0);
}

static void a_clock_that_went_back_asks_from_the_start(void **state)
{
    (void)state;
    assert_int_equal(query_ladder_next_ms(FROM, FROM - H, 0), FROM + MIN);
}

static void a_refund_is_asked_about_without_an_end(void **state)
{
    (void)state;
    static const int64_t steps[][2] = {{0, MIN},
                                       {4 * MIN + 1, 5 * MIN},
                                       {5 * MIN, 10 * MIN},
                                       {10 * MIN, 20 * MIN},
                                       {20 * MIN, 40 * MIN},
                                       {40 * MIN, 70 * MIN},
                                       {70 * MIN, 100 * MIN},
                                       {30 * 24 * H, 30 * 24 * H + 10 * MIN}};
    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        assert_int_equal(refund_ladder_next_ms(FROM, FROM + steps[i][0]), FROM + steps[i][1]);
    }
}

static void what_was_not_answered_is_asked_less_and_less_often(void **state)
{
    (void)state;
    assert_int_equal(unanswered_wait_ms(0, 8 * S), S);
    assert_int_equal(unanswered_wait_ms(1, 8 * S), S);
    assert_int_equal(unanswered_wait_ms(3, 8 * S), 4 * S);
    assert_int_equal(unanswered_wait_ms(4, 8 * S), 8 * S);
    assert_int_equal(unanswered_wait_ms(1000000, 8 * S), 8 * S);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(alone_it_asks_by_minutes_then_hours),
        cmocka_unit_test(while_the_page_looks_it_asks_by_seconds),
        cmocka_unit_test(after_26_hours_the_bill_decides),
        cmocka_unit_test(a_clock_that_went_back_asks_from_the_start),
        cmocka_unit_test(a_refund_is_asked_about_without_an_end),
        cmocka_unit_test(what_was_not_answered_is_asked_less_and_less_often),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
