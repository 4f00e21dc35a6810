/* The state tables of delivery, payment, purchase, adjustment and refund, cell by cell. The tables
   here are written from the drawings, not from the code: row = from, column = to, enum order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/rules/adjustment_state.h"
#include "core/rules/close_state.h"
#include "core/rules/delivery_state.h"
#include "core/rules/payment_state.h"
#include "core/rules/refund_state.h"

#define CELL(drawing, from, to) ((drawing)[from][2 * (to)] == 'x')

static const char *const delivery_without[DELIVERY_STATE__MAX] = {
    /*               P S C F D H M X */
    /* pending    */ ". x . . . x x x",
    /* sending    */ ". . . . . . . .",
    /* confirmed  */ ". . . . . . . .",
    /* fencing    */ ". . . . . . . .",
    /* fenced     */ ". . . . . . . .",
    /* hold       */ "x . . . . . x x",
    /* manual     */ "x . . . . . . x",
    /* cancelled  */ ". . . . . . . .",
};

static const char *const delivery_with[DELIVERY_STATE__MAX] = {
    /*               P S C F D H M X */
    /* pending    */ ". . . . . . . .",
    /* sending    */ ". . x x . x x .",
    /* confirmed  */ ". . . . . . . .",
    /* fencing    */ ". . x . x . x .",
    /* fenced     */ ". . . . . . . .",
    /* hold       */ ". x . x . . x .",
    /* manual     */ ". x x x x . . .",
    /* cancelled  */ ". . . . . . . .",
};

static void test_delivery(void **context)
{
    (void)context;
    static const char *const names[] = {"pending", "sending", "confirmed", "fencing",
                                        "fenced",  "hold",    "manual",    "cancelled"};
    for (int from = 0; from < DELIVERY_STATE__MAX; from++) {
        enum delivery_state a = (enum delivery_state)from;
        assert_string_equal(delivery_state_name(a), names[from]);
        enum delivery_state found = DELIVERY_STATE__MAX;
        assert_int_equal(delivery_state_find(names[from], &found), RC_OK);
        assert_int_equal(found, from);
        bool any = false;
        for (int to = 0; to < DELIVERY_STATE__MAX; to++) {
            enum delivery_state b = (enum delivery_state)to;
            assert_int_equal(delivery_move_allowed(a, b, false), CELL(delivery_without, from, to));
            assert_int_equal(delivery_move_allowed(a, b, true), CELL(delivery_with, from, to));
            any = any || CELL(delivery_without, from, to) || CELL(delivery_with, from, to);
        }
        assert_int_equal(delivery_state_is_final(a), !any);
        assert_int_equal(delivery_is_open(a), any);
    }
    enum delivery_state found = DELIVERY_HOLD;
    assert_int_equal(delivery_state_find("held", &found), RC_NOT_FOUND);
    assert_int_equal(found, DELIVERY_HOLD);
}

static void test_delivery_count(void **context)
{
    (void)context;
    /*                         P    S    C    F    D    H    M    X: n never, m must, b both */
    static const char fits[] = "n    m    m    m    m    b    b    n";
    static const char slot[] = ".    x    .    x    .    x    x    .";
    static const char free_[] = ".    .    .    .    x    .    .    x";
    static const char hand[] = ".    .    .    .    .    .    x    .";
    for (int i = 0; i < DELIVERY_STATE__MAX; i++) {
        enum delivery_state state = (enum delivery_state)i;
        assert_int_equal(delivery_count_fits(state, true), fits[5 * i] != 'n');
        assert_int_equal(delivery_count_fits(state, false), fits[5 * i] != 'm');
        assert_int_equal(delivery_is_in_flight(state, true), slot[5 * i] == 'x' || i == 0);
        assert_false(delivery_is_in_flight(state, false));
        assert_int_equal(delivery_frees_payment(state), free_[5 * i] == 'x');
        assert_int_equal(delivery_waits_for_person(state), hand[5 * i] == 'x');
    }
}

/* From any state that has a count no way leads to one without, and none to a second sending that
   would need a new count: what was promised in delivery_state.h. */
static void test_a_count_never_goes_away(void **context)
{
    (void)context;
    for (int from = 0; from < DELIVERY_STATE__MAX; from++) {
        enum delivery_state a = (enum delivery_state)from;
        assert_false(delivery_move_allowed(a, DELIVERY_PENDING, true));
        assert_false(delivery_move_allowed(a, DELIVERY_CANCELLED, true));
        for (int to = 0; to < DELIVERY_STATE__MAX; to++) {
            enum delivery_state b = (enum delivery_state)to;
            if (delivery_move_allowed(a, b, true)) {
                assert_true(delivery_count_fits(a, true) && delivery_count_fits(b, true));
            }
            if (delivery_move_allowed(a, b, false)) {
                assert_true(delivery_count_fits(a, false));
                assert_true(b == DELIVERY_SENDING || delivery_count_fits(b, false));
            }
        }
    }
}

static const char *const payment_drawing[PAYMENT_STATE__MAX] = {
    /*             C O S X F */
    /* creating */ ". x x x x",
    /* open     */ ". . x x x",
    /* settled  */ ". . . . .",
    /* closed   */ ". . x . .",
    /* failed   */ ". . x . .",
};

static const char *const disposition_drawing[DISPOSITION__MAX] = {
    /*              N P D C R S */
    /* none      */ ". x . . . x",
    /* pending   */ ". . x x x x",
    /* delivered */ ". . . . . .",
    /* credited  */ ". . . . . .",
    /* refunded  */ ". . . . . .",
    /* suspense  */ ". x . . x .",
};

static const char *const purchase_drawing[PURCHASE_STATE__MAX] = {
    /*              O P D C R X */
    /* open      */ ". x . . . x",
    /* paid      */ ". . x x x .",
    /* delivered */ ". . . . . .",
    /* credited  */ ". . . . . .",
    /* refunded  */ ". . . . . .",
    /* cancelled */ ". x . . . .",
};

static void test_payment(void **context)
{
    (void)context;
    static const char *const names[] = {"creating", "open", "settled", "closed", "failed"};
    for (int from = 0; from < PAYMENT_STATE__MAX; from++) {
        enum payment_state a = (enum payment_state)from;
        assert_string_equal(payment_state_name(a), names[from]);
        enum payment_state found = PAYMENT_STATE__MAX;
        assert_int_equal(payment_state_find(names[from], &found), RC_OK);
        assert_int_equal(found, from);
        bool any = false;
        for (int to = 0; to < PAYMENT_STATE__MAX; to++) {
            assert_int_equal(payment_move_allowed(a, (enum payment_state)to),
                             CELL(payment_drawing, from, to));
            any = any || CELL(payment_drawing, from, to);
        }
        assert_int_equal(payment_state_is_final(a), !any);
        for (int i = 0; i < DISPOSITION__MAX; i++) {
            bool want = (from == PAYMENT_SETTLED) != (i == DISPOSITION_NONE);
            assert_int_equal(payment_disposition_fits(a, (enum disposition)i), want);
        }
    }
    enum payment_state found = PAYMENT_OPEN;
    assert_int_equal(payment_state_find("", &found), RC_NOT_FOUND);
    assert_int_equal(found, PAYMENT_OPEN);
}

static void test_disposition(void **context)
{
    (void)context;
    static const char *const names[] = {"none",     "pending",  "delivered",
                                        "credited", "refunded", "suspense"};
    for (int from = 0; from < DISPOSITION__MAX; from++) {
        enum disposition a = (enum disposition)from;
        assert_string_equal(disposition_name(a), names[from]);
        enum disposition found = DISPOSITION__MAX;
        assert_int_equal(disposition_find(names[from], &found), RC_OK);
        assert_int_equal(found, from);
        bool any = false;
        for (int to = 0; to < DISPOSITION__MAX; to++) {
            assert_int_equal(disposition_move_allowed(a, (enum disposition)to),
                             CELL(disposition_drawing, from, to));
            any = any || CELL(disposition_drawing, from, to);
        }
        assert_int_equal(disposition_is_final(a), !any);
    }
    enum disposition found = DISPOSITION_NONE;
    assert_int_equal(disposition_find("Pending", &found), RC_NOT_FOUND);
    assert_int_equal(found, DISPOSITION_NONE);
}

static void test_purchase(void **context)
{
    (void)context;
    static const char *const names[] = {"open",     "paid",     "delivered",
                                        "credited", "refunded", "cancelled"};
    for (int from = 0; from < PURCHASE_STATE__MAX; from++) {
        enum purchase_state a = (enum purchase_state)from;
        assert_string_equal(purchase_state_name(a), names[from]);
        enum purchase_state found = PURCHASE_STATE__MAX;
        assert_int_equal(purchase_state_find(names[from], &found), RC_OK);
        assert_int_equal(found, from);
        bool any = false;
        for (int to = 0; to < PURCHASE_STATE__MAX; to++) {
            assert_int_equal(purchase_move_allowed(a, (enum purchase_state)to),
                             CELL(purchase_drawing, from, to));
            any = any || CELL(purchase_drawing, from, to);
        }
        assert_int_equal(purchase_state_is_final(a), !any);
    }
    enum purchase_state found = PURCHASE_PAID;
    assert_int_equal(purchase_state_find("bought", &found), RC_NOT_FOUND);
    assert_int_equal(found, PURCHASE_PAID);
}

static const char *const adjustment_drawing[ADJUSTMENT_STATE__MAX] = {
    /*              A P W M D T R J E X */
    /* asked     */ ". x . . . . . x x x",
    /* approved  */ ". . x . . x x . . x",
    /* writing   */ ". . x x x . . . . .",
    /* manual    */ ". . x . x . x . . .",
    /* applied   */ ". . . . . . . . . .",
    /* typed     */ ". . . . . . . . . .",
    /* refused   */ ". . . . . . . . . .",
    /* rejected  */ ". . . . . . . . . .",
    /* expired   */ ". . . . . . . . . .",
    /* cancelled */ ". . . . . . . . . .",
};

static void test_adjustment(void **context)
{
    (void)context;
    static const char *const names[] = {"asked", "approved", "writing",  "manual",  "applied",
                                        "typed", "refused",  "rejected", "expired", "cancelled"};
    for (int from = 0; from < ADJUSTMENT_STATE__MAX; from++) {
        enum adjustment_state a = (enum adjustment_state)from;
        assert_string_equal(adjustment_state_name(a), names[from]);
        enum adjustment_state found = ADJUSTMENT_STATE__MAX;
        assert_int_equal(adjustment_state_find(names[from], &found), RC_OK);
        assert_int_equal(found, from);
        bool any = false;
        for (int to = 0; to < ADJUSTMENT_STATE__MAX; to++) {
            assert_int_equal(adjustment_move_allowed(a, (enum adjustment_state)to),
                             CELL(adjustment_drawing, from, to));
            any = any || CELL(adjustment_drawing, from, to);
        }
        assert_int_equal(adjustment_state_is_final(a), !any);
        assert_int_equal(adjustment_is_in_flight(a),
                         from == ADJUSTMENT_WRITING || from == ADJUSTMENT_MANUAL);
        assert_int_equal(adjustment_is_posted(a),
                         from == ADJUSTMENT_APPLIED || from == ADJUSTMENT_TYPED);
    }
    enum adjustment_state found = ADJUSTMENT_ASKED;
    assert_int_equal(adjustment_state_find("done", &found), RC_NOT_FOUND);
    assert_int_equal(found, ADJUSTMENT_ASKED);
}

static const char *const refund_drawing[REFUND_STATE__MAX] = {
    /*              A P S D F U J E X */
    /* asked     */ ". x . . . . x x x",
    /* approved  */ ". . x . . . . . x",
    /* submitted */ ". . x x x . . . .",
    /* succeeded */ ". . . . . . . . .",
    /* failed    */ ". . x . . x . . .",
    /* suspense  */ ". . . . . . . . .",
    /* rejected  */ ". . . . . . . . .",
    /* expired   */ ". . . . . . . . .",
    /* cancelled */ ". . . . . . . . .",
};

static void test_refund(void **context)
{
    (void)context;
    static const char *const names[] = {"asked",    "approved", "submitted", "succeeded", "failed",
                                        "suspense", "rejected", "expired",   "cancelled"};
    static const char takes[] = ". . x x x . . . .";
    for (int from = 0; from < REFUND_STATE__MAX; from++) {
        enum refund_state a = (enum refund_state)from;
        assert_string_equal(refund_state_name(a), names[from]);
        enum refund_state found = REFUND_STATE__MAX;
        assert_int_equal(refund_state_find(names[from], &found), RC_OK);
        assert_int_equal(found, from);
        bool any = false;
        for (int to = 0; to < REFUND_STATE__MAX; to++) {
            assert_int_equal(refund_move_allowed(a, (enum refund_state)to),
                             CELL(refund_drawing, from, to));
            any = any || CELL(refund_drawing, from, to);
        }
        assert_int_equal(refund_state_is_final(a), !any);
        assert_int_equal(refund_takes_money(a), takes[2 * from] == 'x');
    }
    enum refund_state found = REFUND_ASKED;
    assert_int_equal(refund_state_find("paid", &found), RC_NOT_FOUND);
    assert_int_equal(found, REFUND_ASKED);
}

static const char *const close_drawing[CLOSE_STATE__MAX] = {
    /*              A E S C X */
    /* asked     */ ". x . . x",
    /* emptying  */ ". . x . x",
    /* settled   */ ". . . x .",
    /* closed    */ ". . . . .",
    /* cancelled */ ". . . . .",
};

static void test_close(void **context)
{
    (void)context;
    static const char *const names[] = {"asked", "emptying", "settled", "closed", "cancelled"};
    for (int from = 0; from < CLOSE_STATE__MAX; from++) {
        enum close_state a = (enum close_state)from;
        assert_string_equal(close_state_name(a), names[from]);
        enum close_state found = CLOSE_STATE__MAX;
        assert_int_equal(close_state_find(names[from], &found), RC_OK);
        assert_int_equal(found, from);
        bool any = false;
        for (int to = 0; to < CLOSE_STATE__MAX; to++) {
            assert_int_equal(close_move_allowed(a, (enum close_state)to),
                             CELL(close_drawing, from, to));
            any = any || CELL(close_drawing, from, to);
        }
        assert_int_equal(close_state_is_final(a), !any);
    }
    enum close_state found = CLOSE_ASKED;
    assert_int_equal(close_state_find("open", &found), RC_NOT_FOUND);
    assert_int_equal(found, CLOSE_ASKED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_delivery),
        cmocka_unit_test(test_delivery_count),
        cmocka_unit_test(test_a_count_never_goes_away),
        cmocka_unit_test(test_payment),
        cmocka_unit_test(test_disposition),
        cmocka_unit_test(test_purchase),
        cmocka_unit_test(test_adjustment),
        cmocka_unit_test(test_refund),
        cmocka_unit_test(test_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
