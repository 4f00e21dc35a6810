/* The table of moves of an order, cell by cell, and the names that the database knows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/rules/command_state.h"

/* Written from the drawing, not from the code: row = from, column = to, in the order of the enum.
 */
static const char *const drawing[COMMAND_STATE__MAX] = {
    /*               P T S C R U S E X */
    /* pending    */ ". x . . . . x x x",
    /* taken      */ "x . x . x . x x .",
    /* sent       */ ". . . x x x . . .",
    /* confirmed  */ ". . . . . . . . .",
    /* refused    */ ". . . . . . . . .",
    /* unknown    */ ". . . x x . . . .",
    /* superseded */ ". . . . . . . . .",
    /* expired    */ ". . . . . . . . .",
    /* cancelled  */ ". . . . . . . . .",
};

static void test_moves(void **context)
{
    (void)context;
    for (int from = 0; from < COMMAND_STATE__MAX; from++) {
        bool any = false;
        for (int to = 0; to < COMMAND_STATE__MAX; to++) {
            bool want = drawing[from][2 * to] == 'x';
            any = any || want;
            assert_int_equal(command_move_allowed((enum command_state)from, (enum command_state)to),
                             want);
        }
        assert_int_equal(command_state_is_final((enum command_state)from), !any);
    }
}

static void test_nothing_leaves_sent_backwards(void **context)
{
    (void)context;
    /* Once a frame may have left, an order can never be sent, taken or dropped again. */
    enum command_state after[] = {COMMAND_SENT, COMMAND_UNKNOWN};
    enum command_state never[] = {COMMAND_PENDING,    COMMAND_TAKEN,   COMMAND_SENT,
                                  COMMAND_SUPERSEDED, COMMAND_EXPIRED, COMMAND_CANCELLED};
    for (size_t i = 0; i < ARRAY_LEN(after); i++) {
        for (size_t j = 0; j < ARRAY_LEN(never); j++) {
            assert_false(command_move_allowed(after[i], never[j]));
        }
    }
}

static void test_supersedes(void **context)
{
    (void)context;
    for (int older = 0; older < ORIGIN__MAX; older++) {
        assert_true(command_supersedes(ORIGIN_MANUAL, (enum command_origin)older));
        assert_true(command_supersedes(ORIGIN_LOCK_OUT, (enum command_origin)older));
    }
    enum command_origin system[] = {ORIGIN_AUTOMATIC, ORIGIN_KEEP_ON_END};
    for (size_t i = 0; i < ARRAY_LEN(system); i++) {
        assert_true(command_supersedes(system[i], ORIGIN_AUTOMATIC));
        assert_true(command_supersedes(system[i], ORIGIN_KEEP_ON_END));
        assert_false(command_supersedes(system[i], ORIGIN_MANUAL));
        assert_false(command_supersedes(system[i], ORIGIN_LOCK_OUT));
    }
}

static void test_names(void **context)
{
    (void)context;
    for (int i = 0; i < COMMAND_STATE__MAX; i++) {
        enum command_state state = COMMAND_STATE__MAX;
        assert_int_equal(command_state_find(command_state_name((enum command_state)i), &state),
                         RC_OK);
        assert_int_equal(state, i);
    }
    for (int i = 0; i < COMMAND_KIND__MAX; i++) {
        enum command_kind kind = COMMAND_KIND__MAX;
        assert_int_equal(command_kind_find(command_kind_name((enum command_kind)i), &kind), RC_OK);
        assert_int_equal(kind, i);
        assert_int_equal(command_kind_writes((enum command_kind)i), i != COMMAND_READ);
    }
    for (int i = 0; i < ORIGIN__MAX; i++) {
        enum command_origin origin = ORIGIN__MAX;
        assert_int_equal(command_origin_find(command_origin_name((enum command_origin)i), &origin),
                         RC_OK);
        assert_int_equal(origin, i);
    }
    enum command_state state = COMMAND_SENT;
    assert_int_equal(command_state_find("Sent", &state), RC_NOT_FOUND);
    assert_int_equal(command_state_find("", &state), RC_NOT_FOUND);
    assert_int_equal(state, COMMAND_SENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_moves),
        cmocka_unit_test(test_nothing_leaves_sent_backwards),
        cmocka_unit_test(test_supersedes),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
