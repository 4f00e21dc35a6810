/* Meter swap: the table of its steps cell by cell, its money, and what the last count says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/base/text.h"
#include "core/rules/swap.h"
#include "core/rules/swap_state.h"

#define CELL(drawing, from, to) ((drawing)[from][2 * (to)] == 'x')

static const char *const drawing[SWAP_STATE__MAX] = {
    /*              A M E X D U F R P C */
    /* asked     */ ". x x . . . . x x x",
    /* emptying  */ ". . x . . . x . . x",
    /* emptied   */ ". . . x x . . . . x",
    /* exchanged */ ". . . . x x . . . .",
    /* done      */ ". . . . . x . . . .",
    /* undone    */ ". . . . . . . . . .",
    /* refused   */ ". . . . . . . . . .",
    /* rejected  */ ". . . . . . . . . .",
    /* expired   */ ". . . . . . . . . .",
    /* cancelled */ ". . . . . . . . . .",
};

static void test_states(void **context)
{
    (void)context;
    static const char *const names[] = {"asked",  "emptying", "emptied",  "exchanged", "done",
                                        "undone", "refused",  "rejected", "expired",   "cancelled"};
    for (int from = 0; from < SWAP_STATE__MAX; from++) {
        enum swap_state a = (enum swap_state)from;
        assert_string_equal(swap_state_name(a), names[from]);
        enum swap_state found = SWAP_STATE__MAX;
        assert_int_equal(swap_state_find(names[from], &found), RC_OK);
        assert_int_equal(found, from);
        bool any = false;
        for (int to = 0; to < SWAP_STATE__MAX; to++) {
            assert_int_equal(swap_move_allowed(a, (enum swap_state)to), CELL(drawing, from, to));
            any = any || CELL(drawing, from, to);
        }
        assert_int_equal(swap_state_is_final(a), !any);
    }
    enum swap_state found = SWAP_ASKED;
    assert_int_equal(swap_state_find("swapped", &found), RC_NOT_FOUND);
    assert_int_equal(found, SWAP_ASKED);
}

static void test_money(void **context)
{
    (void)context;
    static const struct {
        struct swap_money money; /* taken out, left in the old one, in the new one */
        struct swap_parts parts; /* covered, delivered, excess, correction */
    } rows[] = {
        {{0, 0, 0}, {0, 0, 0, 0}},
        {{50000, 0, 0}, {0, 50000, 0, 0}},         /* the usual one */
        {{30000, 0, 12000}, {12000, 18000, 0, 0}}, /* the new one holds some of it */
        {{30000, 0, 30000}, {30000, 0, 0, 0}},     /* all of it */
        {{10000, 0, 25000}, {10000, 0, 15000, 15000}},
        {{0, -300, 0}, {0, 0, 0, 300}}, /* a debt stays outside */
        {{0, -300, 500}, {0, 0, 500, 800}},
        {{1000, 2, 0}, {0, 1000, 0, -2}}, /* two fen that the write did not reach */
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct swap_parts parts = swap_divide(&rows[i].money);
        assert_int_equal(parts.covered_fen, rows[i].parts.covered_fen);
        assert_int_equal(parts.deliver_fen, rows[i].parts.deliver_fen);
        assert_int_equal(parts.excess_fen, rows[i].parts.excess_fen);
        assert_int_equal(parts.correction_fen, rows[i].parts.correction_fen);
        /* the shop had pool + residual; it has that, less what stays outside */
        const struct swap_money *money = &rows[i].money;
        assert_int_equal(money->residual_fen + parts.covered_fen + parts.correction_fen,
                         money->new_fen);
        assert_int_equal(parts.covered_fen + parts.deliver_fen, money->pool_fen);
    }
}

static void test_flight(void **context)
{
    (void)context;
    assert_int_equal(swap_judge_flight(7, 0, 7), SWAP_FLIGHT_NONE);
    assert_int_equal(swap_judge_flight(7, 8, 7), SWAP_FLIGHT_NOT_APPLIED);
    assert_int_equal(swap_judge_flight(7, 8, 8), SWAP_FLIGHT_APPLIED);
    assert_int_equal(swap_judge_flight(7, 0, 8), SWAP_FLIGHT_DIFFERS);
    assert_int_equal(swap_judge_flight(7, 8, 9), SWAP_FLIGHT_DIFFERS);
    assert_int_equal(swap_judge_flight(7, 8, 6), SWAP_FLIGHT_DIFFERS);
    assert_int_equal(swap_judge_flight(7, 0, 0), SWAP_FLIGHT_DIFFERS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_states),
        cmocka_unit_test(test_money),
        cmocka_unit_test(test_flight),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
