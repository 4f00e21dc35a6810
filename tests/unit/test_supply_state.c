/* The one word a supply is called by, its precedence, and the warning level of register 0224. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/rules/supply_state.h"

static void test_precedence(void **context)
{
    (void)context;
    /* Everything holds at once; taken away from the top, the next word appears. */
    struct supply_facts facts = {
        .ever_read = false,
        .locked_out = true,
        .stale = true,
        .closed_by_hand = true,
        .relay = RELAY_OPEN,
        .forced = FORCED_KEEP_ON,
    };
    assert_int_equal(supply_state_of(&facts), SUPPLY_NEVER);
    facts.ever_read = true;
    assert_int_equal(supply_state_of(&facts), SUPPLY_LOCKED_OUT);
    facts.locked_out = false;
    assert_int_equal(supply_state_of(&facts), SUPPLY_STALE);
    facts.stale = false;
    assert_int_equal(supply_state_of(&facts), SUPPLY_KEEP_ON);
    facts.forced = FORCED_NONE;
    assert_int_equal(supply_state_of(&facts), SUPPLY_CLOSE_BY_HAND);
    facts.closed_by_hand = false;
    assert_int_equal(supply_state_of(&facts), SUPPLY_TRIPPED);
    facts.relay = RELAY_PARTIAL;
    assert_int_equal(supply_state_of(&facts), SUPPLY_TRIPPED);
    facts.relay = RELAY_CLOSED;
    assert_int_equal(supply_state_of(&facts), SUPPLY_CLOSED);
    facts.relay = RELAY_UNKNOWN;
    assert_int_equal(supply_state_of(&facts), SUPPLY_CLOSED);
}

static void test_close_by_hand(void **context)
{
    (void)context;
    struct supply_facts facts = {
        .ever_read = true, .closed_by_hand = true, .relay = RELAY_OPEN, .forced = FORCED_TRIP};
    assert_int_equal(supply_state_of(&facts), SUPPLY_TRIPPED);
    facts.forced = FORCED_NONE;
    facts.status_bits = STATUS_BIT_ARREARS;
    assert_int_equal(supply_state_of(&facts), SUPPLY_TRIPPED);
    facts.status_bits = 0;
    assert_int_equal(supply_state_of(&facts), SUPPLY_CLOSE_BY_HAND);
    facts.relay = RELAY_CLOSED;
    assert_int_equal(supply_state_of(&facts), SUPPLY_CLOSED);
    facts.no_load = true;
    assert_int_equal(supply_state_of(&facts), SUPPLY_CLOSE_BY_HAND);
    facts.closed_by_hand = false;
    assert_int_equal(supply_state_of(&facts), SUPPLY_CLOSED);
}

static void test_warning_level(void **context)
{
    (void)context;
    assert_int_equal(supply_warning_level(0), 0);
    assert_int_equal(supply_warning_level(0xE000), 0);
    assert_int_equal(supply_warning_level(0x0040), 1);
    assert_int_equal(supply_warning_level(0x00C0), 2);
    assert_int_equal(supply_warning_level(0x0080), 2);
    assert_int_equal(supply_warning_level(0x00E0), 3);
    assert_int_equal(supply_warning_level(0x0020), 3);
}

static void test_stale(void **context)
{
    (void)context;
    assert_false(supply_is_stale(1000, 0, 1000));
    assert_true(supply_is_stale(1001, 0, 1000));
    assert_false(supply_is_stale(0, 5000, 1000));
}

static void test_names(void **context)
{
    (void)context;
    for (int i = 0; i < RELAY__MAX; i++) {
        assert_int_equal(relay_state_find(relay_state_name((enum relay_state)i)), i);
    }
    for (int i = 0; i < FORCED__MAX; i++) {
        assert_int_equal(forced_state_find(forced_state_name((enum forced_state)i)), i);
    }
    assert_int_equal(relay_state_find(""), RELAY_UNKNOWN);
    assert_int_equal(forced_state_find("x"), FORCED_UNKNOWN);
    assert_string_equal(supply_state_name(SUPPLY_NEVER), "never");
    assert_string_equal(supply_state_name(SUPPLY_CLOSE_BY_HAND), "close_by_hand");
    assert_string_equal(supply_state_name(SUPPLY_TRIPPED), "tripped");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_precedence),    cmocka_unit_test(test_close_by_hand),
        cmocka_unit_test(test_warning_level), cmocka_unit_test(test_stale),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
