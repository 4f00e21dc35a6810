/* What a read-back proves: the tables of readback.h cell by cell, written from the tables. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/base/rc.h"
#include "core/rules/readback.h"

/* Claim at 100.00, amount 50.00, used 3.00 since, tolerance 0.10: with 147.00, without 97.00. */
static struct readback_facts base(void)
{
    return (struct readback_facts){.our_count = 5,
                                   .amount_fen = 5000,
                                   .before_fen = 10000,
                                   .use_cost_fen = 300,
                                   .tolerance_fen = 10,
                                   .count = 5,
                                   .balance_fen = 14700,
                                   .refuses_repeat = true};
}

enum money { WITH, WITHOUT, BOTH, NEITHER, MONEY__MAX };
enum last { NO_REGISTER, IS_AMOUNT, IS_ZERO, IS_OTHER, LAST__MAX };

static struct readback_facts made(int count, enum money money, enum last last)
{
    struct readback_facts facts = base();
    facts.count = count;
    facts.balance_fen = money == WITH ? 14700 : money == WITHOUT ? 9700 : 12000;
    if (money == BOTH) { /* amount within twice the tolerance */
        facts.amount_fen = 15;
        facts.balance_fen = 9708;
    }
    facts.has_last_amount = last != NO_REGISTER;
    facts.last_amount_fen = last == IS_AMOUNT ? facts.amount_fen : last == IS_ZERO ? 0 : 7777;
    return facts;
}

/* Rows: money (with, without, both, neither); columns: last amount (none, amount, zero, other).
   a applied, x fenced, r resend, p person, f freeze. */
static const char *const purchase_ours[MONEY__MAX] = {"aaff", "ffff", "paff", "ffff"};
static const char *const purchase_before[MONEY__MAX] = {"ffff", "rrrr", "rrrr", "ffff"};
static const char *const fence_ours[MONEY__MAX] = {"aaff", "xfxf", "paxf", "ffff"};
static const char letters[READBACK_VERDICT__MAX] = {'a', 'x', 'r', 'p', 'f'};

static void test_tables(void **context)
{
    (void)context;
    for (int money = 0; money < MONEY__MAX; money++) {
        for (int last = 0; last < LAST__MAX; last++) {
            struct readback_facts facts = made(5, (enum money)money, (enum last)last);
            assert_int_equal(letters[readback_judge(&facts)], purchase_ours[money][last]);
            assert_int_equal(letters[readback_judge_fence(&facts)], fence_ours[money][last]);
            facts.count = 4;
            assert_int_equal(letters[readback_judge(&facts)], purchase_before[money][last]);
            assert_int_equal(letters[readback_judge_fence(&facts)], purchase_before[money][last]);
            facts.refuses_repeat = false;
            char want = purchase_before[money][last] == 'r' ? 'p' : 'f';
            assert_int_equal(letters[readback_judge(&facts)], want);
            assert_int_equal(letters[readback_judge_fence(&facts)], want);
            static const int64_t odd[] = {0, 3, 6, 7, 65535, 5 + 65536, 4 + 65536, -1};
            for (size_t i = 0; i < ARRAY_LEN(odd); i++) {
                facts.count = odd[i];
                assert_int_equal(readback_judge(&facts), READBACK_FREEZE);
                assert_int_equal(readback_judge_fence(&facts), READBACK_FREEZE);
            }
        }
    }
}

static void test_tolerance(void **context)
{
    (void)context;
    struct readback_facts facts = base();
    for (int64_t off = -12; off <= 12; off++) {
        facts.count = 5;
        facts.balance_fen = 14700 + off;
        bool inside = off >= -10 && off <= 10;
        assert_int_equal(readback_judge(&facts), inside ? READBACK_APPLIED : READBACK_FREEZE);
        assert_int_equal(readback_judge_fence(&facts), inside ? READBACK_APPLIED : READBACK_FREEZE);
        facts.balance_fen = 9700 + off;
        assert_int_equal(readback_judge_fence(&facts), inside ? READBACK_FENCED : READBACK_FREEZE);
        facts.count = 4;
        assert_int_equal(readback_judge(&facts), inside ? READBACK_RESEND : READBACK_FREEZE);
    }
    facts = base();
    facts.tolerance_fen = 0;
    assert_int_equal(readback_judge(&facts), READBACK_APPLIED);
    facts.balance_fen = 14701;
    assert_int_equal(readback_judge(&facts), READBACK_FREEZE);
    facts = base();
    facts.before_fen = -2000; /* bought in arrears */
    facts.balance_fen = 2700;
    assert_int_equal(readback_judge(&facts), READBACK_APPLIED);
    facts = base();
    facts.use_cost_fen = 0;
    facts.balance_fen = 15000;
    assert_int_equal(readback_judge(&facts), READBACK_APPLIED);
}

/* Where the windows touch, the first fen of doubt goes to a person. */
static void test_windows(void **context)
{
    (void)context;
    struct readback_facts facts = base();
    facts.amount_fen = 20;
    facts.balance_fen = 9710;
    assert_int_equal(readback_judge(&facts), READBACK_PERSON);
    assert_int_equal(readback_judge_fence(&facts), READBACK_PERSON);
    facts.amount_fen = 21;
    assert_int_equal(readback_judge(&facts), READBACK_FREEZE);
    facts.balance_fen = 9711;
    assert_int_equal(readback_judge(&facts), READBACK_APPLIED);
}

static void test_first_purchase(void **context)
{
    (void)context;
    struct readback_facts facts = base();
    facts.our_count = 1;
    facts.count = 1;
    assert_int_equal(readback_judge(&facts), READBACK_APPLIED);
    facts.count = 0;
    facts.balance_fen = 9700;
    assert_int_equal(readback_judge(&facts), READBACK_RESEND);
}

static void test_adjustment(void **context)
{
    (void)context;
    /* old 7 / 300.00, target 8 / 0.00 */
    static const struct {
        int64_t count, balance_fen;
        enum adjustment_verdict want;
    } rows[] = {
        {8, 0, ADJUSTMENT_READ_APPLIED},     {8, 5, ADJUSTMENT_READ_APPLIED},
        {8, -5, ADJUSTMENT_READ_APPLIED},    {8, 6, ADJUSTMENT_READ_FREEZE},
        {8, -6, ADJUSTMENT_READ_FREEZE},     {7, 30000, ADJUSTMENT_READ_REWRITE},
        {7, 29995, ADJUSTMENT_READ_REWRITE}, {7, 30005, ADJUSTMENT_READ_REWRITE},
        {7, 29994, ADJUSTMENT_READ_FREEZE},  {7, 0, ADJUSTMENT_READ_REWRITE},
        {8, 30000, ADJUSTMENT_READ_REWRITE}, {8, 15000, ADJUSTMENT_READ_FREEZE},
        {6, 0, ADJUSTMENT_READ_FREEZE},      {9, 30000, ADJUSTMENT_READ_FREEZE},
        {6, 15000, ADJUSTMENT_READ_FREEZE},  {7, 15000, ADJUSTMENT_READ_FREEZE},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct adjustment_facts facts = {.old_count = 7,
                                         .old_balance_fen = 30000,
                                         .new_count = 8,
                                         .new_balance_fen = 0,
                                         .count = rows[i].count,
                                         .balance_fen = rows[i].balance_fen,
                                         .tolerance_fen = 5};
        assert_int_equal(adjustment_judge(&facts), rows[i].want);
    }
    struct adjustment_facts same = {.old_count = 7,
                                    .old_balance_fen = 4,
                                    .new_count = 7,
                                    .count = 7,
                                    .balance_fen = 4,
                                    .tolerance_fen = 5};
    assert_int_equal(adjustment_judge(&same), ADJUSTMENT_READ_APPLIED);
}

static void test_words(void **context)
{
    (void)context;
    static const char *const codes[] = {"applied", "fenced", "resend", "person", "freeze"};
    for (int i = 0; i < READBACK_VERDICT__MAX; i++) {
        assert_string_equal(readback_verdict_code((enum readback_verdict)i), codes[i]);
    }
    static const char *const more[] = {"applied", "rewrite", "freeze"};
    for (int i = 0; i < ADJUSTMENT_VERDICT__MAX; i++) {
        assert_string_equal(adjustment_verdict_code((enum adjustment_verdict)i), more[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tables),     cmocka_unit_test(test_tolerance),
        cmocka_unit_test(test_windows),    cmocka_unit_test(test_first_purchase),
        cmocka_unit_test(test_adjustment), cmocka_unit_test(test_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
