/* After a restore: each limit from both sides. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/rules/restore_check.h"

static struct restore_facts fitting(void)
{
    return (struct restore_facts){.our_count = 5,
                                  .meter_count = 5,
                                  .has_balance = true,
                                  .our_balance_fen = 10000,
                                  .cost_low_fen = 300,
                                  .cost_high_fen = 400,
                                  .tolerance_fen = 3,
                                  .meter_balance_fen = 9650};
}

static void test_count(void **context)
{
    (void)context;
    static const enum restore_finding alone[] = {RESTORE_COUNT_BEHIND, RESTORE_COUNT_BEHIND,
                                                 RESTORE_FITS, RESTORE_COUNT_AHEAD};
    static const enum restore_finding flying[] = {RESTORE_COUNT_BEHIND, RESTORE_FITS, RESTORE_FITS,
                                                  RESTORE_COUNT_AHEAD};
    for (int i = 0; i < 4; i++) {
        struct restore_facts facts = fitting();
        facts.meter_count = 3 + i;
        assert_int_equal(restore_judge(&facts), alone[i]);
        facts.in_flight = true;
        assert_int_equal(restore_judge(&facts), flying[i]);
    }
}

static void test_balance(void **context)
{
    (void)context;
    static const struct {
        int64_t balance_fen;
        int64_t extra_fen;
        enum restore_finding want;
    } rows[] = {
        {9703, 0, RESTORE_FITS},
        {9704, 0, RESTORE_BALANCE_AHEAD},
        {9597, 0, RESTORE_FITS},
        {9596, 0, RESTORE_BALANCE_BEHIND},
        {14703, 5000, RESTORE_FITS},
        {14704, 5000, RESTORE_BALANCE_AHEAD},
        {9596, 5000, RESTORE_BALANCE_BEHIND},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct restore_facts facts = fitting();
        facts.meter_balance_fen = rows[i].balance_fen;
        facts.extra_fen = rows[i].extra_fen;
        assert_int_equal(restore_judge(&facts), rows[i].want);
        facts.has_balance = false;
        assert_int_equal(restore_judge(&facts), RESTORE_FITS);
    }
}

static void test_order(void **context)
{
    (void)context;
    struct restore_facts facts = fitting();
    facts.backwards = true;
    assert_int_equal(restore_judge(&facts), RESTORE_OTHER_METER);
    facts.meter_count = 6;
    assert_int_equal(restore_judge(&facts), RESTORE_COUNT_AHEAD);
}

static void test_words(void **context)
{
    (void)context;
    static const char *const words[] = {"none",          "count_ahead",    "count_behind",
                                        "balance_ahead", "balance_behind", "other_meter"};
    for (int i = 0; i < RESTORE_FINDING__MAX; i++) {
        assert_string_equal(restore_finding_code((enum restore_finding)i), words[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_count),
        cmocka_unit_test(test_balance),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
