/* Every guard of an order alone, for every kind and origin, and their order of precedence. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/rules/command_guard.h"

static struct command_facts healthy(void)
{
    return (struct command_facts){
        .actions = "trip,close,keep_on,release,read",
        .in_service = true,
        .writable_line = true,
        .fresh = true,
        .relay = RELAY_CLOSED,
        .forced = FORCED_NONE,
    };
}

/* want: for each kind (trip, close, keep_on, release, read) one letter an origin (manual,
   automatic, lock_out, keep_on_end): x refused with code, . passes. */
static void check(const struct command_facts *facts, const char *code,
                  const char *const want[COMMAND_KIND__MAX])
{
    for (int kind = 0; kind < COMMAND_KIND__MAX; kind++) {
        for (int origin = 0; origin < ORIGIN__MAX; origin++) {
            const char *got =
                command_guard(facts, (enum command_kind)kind, (enum command_origin)origin);
            assert_string_equal(got, want[kind][origin] == 'x' ? code : "");
        }
    }
}

static void test_healthy_supply_takes_all(void **context)
{
    (void)context;
    struct command_facts facts = healthy();
    check(&facts, "", (const char *[]){"....", "....", "....", "....", "...."});
}

static void test_not_offered(void **context)
{
    (void)context;
    struct command_facts facts = healthy();
    facts.actions = "trip,read";
    check(&facts, "not_offered", (const char *[]){"....", "xxxx", "xxxx", "xxxx", "...."});
    facts.actions = "";
    check(&facts, "not_offered", (const char *[]){"xxxx", "xxxx", "xxxx", "xxxx", "xxxx"});
    facts = healthy();
    facts.in_service = false;
    check(&facts, "not_offered", (const char *[]){"xxxx", "xxxx", "xxxx", "xxxx", "xxxx"});
    facts = healthy();
    facts.experimental = true;
    check(&facts, "not_offered", (const char *[]){"xxxx", "xxxx", "xxxx", "xxxx", "...."});
    facts.experimental_accepted = true;
    check(&facts, "", (const char *[]){"....", "....", "....", "....", "...."});
}

static void test_nothing_is_written(void **context)
{
    (void)context;
    struct command_facts facts = healthy();
    facts.writable_line = false;
    check(&facts, "read_only_line", (const char *[]){"xxxx", "xxxx", "xxxx", "xxxx", "...."});
    facts = healthy();
    facts.frozen = true;
    check(&facts, "frozen_supply", (const char *[]){"xxxx", "xxxx", "xxxx", "xxxx", "...."});
}

static void test_lock_out_lets_only_a_trip_and_a_read_pass(void **context)
{
    (void)context;
    struct command_facts facts = healthy();
    facts.locked_out = true;
    check(&facts, "locked_out", (const char *[]){"....", "xxxx", "xxxx", "xxxx", "...."});
}

static void test_breaker_that_a_hand_closes(void **context)
{
    (void)context;
    struct command_facts facts = healthy();
    facts.external_control = true;
    check(&facts, "close_by_hand", (const char *[]){"....", "xxxx", "xxxx", "....", "...."});
    facts = healthy();
    facts.close_by_hand = true;
    check(&facts, "close_by_hand", (const char *[]){"....", ".x.x", ".x.x", "....", "...."});
}

static void test_programs_do_less_than_people(void **context)
{
    (void)context;
    struct command_facts facts = healthy();
    facts.protected_supply = true;
    check(&facts, "protected_supply", (const char *[]){".x.x", "....", "....", "....", "...."});
    facts = healthy();
    facts.forced = FORCED_TRIP;
    check(&facts, "conflict", (const char *[]){"...x", "...x", "...x", "...x", "...x"});
    facts = healthy();
    facts.fresh = false;
    check(&facts, "stale", (const char *[]){".x..", "....", "....", "....", "...."});
}

static void test_precedence(void **context)
{
    (void)context;
    struct command_facts facts = healthy();
    facts.external_control = true;
    facts.locked_out = true;
    assert_string_equal(command_guard(&facts, COMMAND_CLOSE, ORIGIN_MANUAL), "locked_out");
    facts.frozen = true;
    assert_string_equal(command_guard(&facts, COMMAND_CLOSE, ORIGIN_MANUAL), "frozen_supply");
    facts.writable_line = false;
    assert_string_equal(command_guard(&facts, COMMAND_CLOSE, ORIGIN_MANUAL), "read_only_line");
    facts.actions = "trip";
    assert_string_equal(command_guard(&facts, COMMAND_CLOSE, ORIGIN_MANUAL), "not_offered");
}

static void test_offered_reads_whole_words(void **context)
{
    (void)context;
    assert_true(command_is_offered("trip", COMMAND_TRIP));
    assert_true(command_is_offered("read,trip", COMMAND_TRIP));
    assert_false(command_is_offered("trip_all,untrip", COMMAND_TRIP));
    assert_false(command_is_offered("tri", COMMAND_TRIP));
    assert_false(command_is_offered(",,", COMMAND_TRIP));
    assert_false(command_is_offered("keep_on,read", COMMAND_CLOSE));
}

static void test_second_person(void **context)
{
    (void)context;
    struct command_facts facts = healthy();
    assert_true(command_cuts_power(&facts, COMMAND_TRIP));
    assert_false(command_cuts_power(&facts, COMMAND_RELEASE));
    assert_false(command_needs_second_person(&facts, COMMAND_TRIP, ORIGIN_MANUAL));
    facts.protected_supply = true;
    assert_true(command_needs_second_person(&facts, COMMAND_TRIP, ORIGIN_MANUAL));
    assert_true(command_needs_second_person(&facts, COMMAND_TRIP, ORIGIN_LOCK_OUT));
    assert_false(command_needs_second_person(&facts, COMMAND_CLOSE, ORIGIN_MANUAL));
    assert_false(command_needs_second_person(&facts, COMMAND_RELEASE, ORIGIN_MANUAL));
    /* Only the forced close keeps it on: a release would cut. */
    facts.forced = FORCED_KEEP_ON;
    facts.status_bits = STATUS_BIT_ARREARS;
    assert_true(command_cuts_power(&facts, COMMAND_RELEASE));
    assert_true(command_needs_second_person(&facts, COMMAND_RELEASE, ORIGIN_MANUAL));
    assert_false(command_needs_second_person(&facts, COMMAND_RELEASE, ORIGIN_KEEP_ON_END));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_healthy_supply_takes_all),
        cmocka_unit_test(test_not_offered),
        cmocka_unit_test(test_nothing_is_written),
        cmocka_unit_test(test_lock_out_lets_only_a_trip_and_a_read_pass),
        cmocka_unit_test(test_breaker_that_a_hand_closes),
        cmocka_unit_test(test_programs_do_less_than_people),
        cmocka_unit_test(test_precedence),
        cmocka_unit_test(test_offered_reads_whole_words),
        cmocka_unit_test(test_second_person),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
