/* Plans: few reads, declared windows whole, limits kept. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/rules/plan.h"

static const struct plan_limits limits = {.block_max = 20, .block_gap = 4};

static void assert_block(const struct plan *plan, size_t i, uint16_t at, uint16_t count)
{
    assert_true(i < plan->count);
    assert_int_equal(plan->blocks[i].at, at);
    assert_int_equal(plan->blocks[i].count, count);
}

static void neighbours_become_one_read(void **state)
{
    (void)state;
    const struct plan_span spans[] = {{10, 2}, {0, 2}, {2, 1}, {7, 1}, {1, 2}};
    struct plan plan;
    assert_int_equal(plan_make(&limits, NULL, 0, spans, 5, &plan), RC_OK);
    assert_int_equal(plan.count, 1);
    assert_block(&plan, 0, 0, 12);
}

static void a_wide_hole_splits(void **state)
{
    (void)state;
    const struct plan_span spans[] = {{0, 2}, {7, 2}}; /* 5 unused registers */
    struct plan plan;
    assert_int_equal(plan_make(&limits, NULL, 0, spans, 2, &plan), RC_OK);
    assert_int_equal(plan.count, 2);
    assert_block(&plan, 0, 0, 2);
    assert_block(&plan, 1, 7, 2);
}

static void a_full_block_splits_between_points(void **state)
{
    (void)state;
    struct plan_span spans[12];
    for (uint16_t i = 0; i < 12; i++) {
        spans[i] = (struct plan_span){(uint16_t)(2 * i), 2};
    }
    struct plan plan;
    assert_int_equal(plan_make(&limits, NULL, 0, spans, 12, &plan), RC_OK);
    assert_int_equal(plan.count, 2);
    assert_block(&plan, 0, 0, 20);
    assert_block(&plan, 1, 20, 4);
}

static void a_window_is_read_whole(void **state)
{
    (void)state;
    const struct plan_block windows[] = {{100, 48}, {300, 3}};
    const struct plan_span spans[] = {{90, 1}, {120, 2}, {101, 1}, {147, 2}};
    struct plan plan;
    assert_int_equal(plan_make(&limits, windows, 2, spans, 4, &plan), RC_OK);
    assert_int_equal(plan.count, 3);
    assert_block(&plan, 0, 90, 1);
    assert_block(&plan, 1, 100, 48);
    assert_block(&plan, 2, 147, 2); /* half outside the window */
}

static void the_last_register(void **state)
{
    (void)state;
    const struct plan_span spans[] = {{65535, 1}, {65532, 2}};
    struct plan plan;
    assert_int_equal(plan_make(&limits, NULL, 0, spans, 2, &plan), RC_OK);
    assert_int_equal(plan.count, 1);
    assert_block(&plan, 0, 65532, 4);
}

static void what_does_not_fit_is_refused(void **state)
{
    (void)state;
    struct plan_span spans[PLAN_BLOCKS_MAX + 1];
    struct plan plan;
    for (uint16_t i = 0; i < PLAN_BLOCKS_MAX + 1; i++) {
        spans[i] = (struct plan_span){(uint16_t)(100 * i), 1};
    }
    assert_int_equal(plan_make(&limits, NULL, 0, spans, PLAN_BLOCKS_MAX + 1, &plan), RC_FULL);
    assert_int_equal(plan_make(&limits, NULL, 0, spans, PLAN_BLOCKS_MAX, &plan), RC_OK);
    spans[0].count = 21;
    assert_int_equal(plan_make(&limits, NULL, 0, spans, 1, &plan), RC_INVALID);
    assert_int_equal(plan_make(&limits, NULL, 0, NULL, 0, &plan), RC_OK);
    assert_int_equal(plan.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(neighbours_become_one_read),
        cmocka_unit_test(a_wide_hole_splits),
        cmocka_unit_test(a_full_block_splits_between_points),
        cmocka_unit_test(a_window_is_read_whole),
        cmocka_unit_test(the_last_register),
        cmocka_unit_test(what_does_not_fit_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
