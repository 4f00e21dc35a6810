/* Platform mode: when money is low, what follows when it is used up; and the states
   of a change of mode, cell by cell from the drawing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/rules/mode_change_state.h"
#include "core/rules/money.h"
#include "core/rules/platform.h"

static void test_low(void **context)
{
    (void)context;
    /* 100 fen in a minute, intervals of 15 minutes: two of them are 3000 fen */
    struct platform_money money = {
        .left_fen = 3000, .fen = 100, .elapsed_ms = 60000, .interval_ms = 900000};
    assert_false(platform_is_low(&money));
    money.left_fen = 2999;
    assert_true(platform_is_low(&money));
    money.elapsed_ms = 0; /* nothing is measured yet */
    assert_false(platform_is_low(&money));
    money.left_fen = 1;
    assert_false(platform_is_low(&money));
    money.left_fen = 0;
    assert_true(platform_is_low(&money));
    money.left_fen = -1;
    assert_true(platform_is_low(&money));
    /* 4 kW for half an hour: 2 kWh at 1 yuan */
    money = (struct platform_money){
        .left_fen = 200, .power_w = 4000, .price_e4 = 10000, .interval_ms = 900000};
    assert_false(platform_is_low(&money));
    money.left_fen = 199;
    assert_true(platform_is_low(&money));
    money.power_w = -4000;
    assert_false(platform_is_low(&money));
    money.power_w = 0;
    assert_false(platform_is_low(&money));
    /* beyond what can be counted: not a reason */
    money.power_w = INT64_MAX;
    money.interval_ms = INT64_MAX / 2;
    assert_false(platform_is_low(&money));
    money.power_w = INT64_MAX / 4;
    money.interval_ms = 3600000;
    money.price_e4 = PRICE_MAX_E4;
    assert_false(platform_is_low(&money));
    money.fen = INT64_MAX;
    money.elapsed_ms = 1;
    assert_false(platform_is_low(&money));
}

static void test_at_zero(void **context)
{
    (void)context;
    struct platform_zero zero = {.relay = RELAY_CLOSED,
                                 .forced = FORCED_NONE,
                                 .reading_age_ms = 300,
                                 .since_last_ms = 300,
                                 .stale_ms = 300,
                                 .guard = ""};
    assert_int_equal(platform_at_zero(&zero), PLATFORM_TRIP);
    zero.relay = RELAY_PARTIAL;
    assert_int_equal(platform_at_zero(&zero), PLATFORM_TRIP);
    zero.close_by_hand = true;
    assert_int_equal(platform_at_zero(&zero), PLATFORM_ASK);
    zero.close_by_hand = false;
    zero.guard = "protected_supply";
    assert_int_equal(platform_at_zero(&zero), PLATFORM_ASK);
    zero.reading_age_ms = 301;
    assert_int_equal(platform_at_zero(&zero), PLATFORM_WAIT);
    zero.reading_age_ms = 1;
    zero.since_last_ms = 301; /* an outage lies between them */
    assert_int_equal(platform_at_zero(&zero), PLATFORM_WAIT);
    zero.relay = RELAY_OPEN;
    assert_int_equal(platform_at_zero(&zero), PLATFORM_NOTHING);
    zero.relay = RELAY_CLOSED;
    zero.forced = FORCED_TRIP;
    assert_int_equal(platform_at_zero(&zero), PLATFORM_NOTHING);
    zero.forced = FORCED_KEEP_ON;
    assert_int_equal(platform_at_zero(&zero), PLATFORM_NOTHING);
}

#define CELL(drawing, from, to) ((drawing)[from][2 * (to)] == 'x')

static const char *const drawing[MODE_CHANGE_STATE__MAX] = {
    /*               A P M S K D F R E X */
    /* asked      */ ". x . . . . . x x x",
    /* approved   */ ". . x . . . . . . x",
    /* moving     */ ". . . x . . x . . .",
    /* switching  */ ". . . . x x . . . .",
    /* stuck      */ ". . . x . . . . . .",
    /* done       */ ". . . . . . . . . .",
    /* refused    */ ". . . . . . . . . .",
    /* rejected   */ ". . . . . . . . . .",
    /* expired    */ ". . . . . . . . . .",
    /* cancelled  */ ". . . . . . . . . .",
};

static void test_mode_change(void **context)
{
    (void)context;
    static const char *const names[] = {"asked", "approved", "moving",   "switching", "stuck",
                                        "done",  "refused",  "rejected", "expired",   "cancelled"};
    for (int from = 0; from < MODE_CHANGE_STATE__MAX; from++) {
        enum mode_change_state a = (enum mode_change_state)from;
        enum mode_change_state found = MODE_CHANGE_STATE__MAX;
        bool any = false;
        assert_string_equal(mode_change_state_name(a), names[from]);
        assert_int_equal(mode_change_state_find(names[from], &found), RC_OK);
        assert_int_equal(found, from);
        for (int to = 0; to < MODE_CHANGE_STATE__MAX; to++) {
            bool cell = CELL(drawing, from, to);
            assert_int_equal(mode_change_move_allowed(a, (enum mode_change_state)to), cell);
            any = any || cell;
        }
        assert_int_equal(mode_change_state_is_final(a), !any);
        assert_int_equal(mode_change_is_moving(a), from == MODE_CHANGE_MOVING ||
                                                       from == MODE_CHANGE_SWITCHING ||
                                                       from == MODE_CHANGE_STUCK);
    }
    enum mode_change_state none = MODE_CHANGE_STATE__MAX;
    assert_int_equal(mode_change_state_find("gone", &none), RC_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_low),
        cmocka_unit_test(test_at_zero),
        cmocka_unit_test(test_mode_change),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
