/* The daily proof: days of the site, which purchase is in which balance, boundaries between
   readings, and why a meter took something else than the tariff says. */
#include <stdlib.h>

#include "core/flow/zone.h"
#include "core/rules/proof.h"
#include "tests/unit/charge_fixture.h"

#define MINUTE_MS INT64_C(60000)
#define NEAR_MS (15 * MINUTE_MS)

static struct proof_point reading(int64_t at_ms, int64_t balance_fen, int64_t count, int64_t wh)
{
    return (struct proof_point){.at_ms = at_ms,
                                .read_at_ms = at_ms,
                                .balance_fen = balance_fen,
                                .count = count,
                                .energy_wh = wh,
                                .rate_wh = {0, wh, 0, 0, 0},
                                .has_rates = true};
}

static struct proof_move delivered(int64_t epoch, int64_t count, int64_t fen, int64_t at_ms)
{
    return (struct proof_move){
        .kind = PROOF_PAID_IN, .change_fen = fen, .epoch = epoch, .count = count, .at_ms = at_ms};
}

static void assert_day(const struct calendar_zone *zone, const char *at, const char *from,
                       const char *to, const char *date)
{
    struct proof_day day;
    proof_day_of(zone, utc(at), &day);
    assert_int_equal(day.from_at_ms, utc(from));
    assert_int_equal(day.to_at_ms, utc(to));
    assert_string_equal(day.date, date);
}

static void test_days_of_the_site(void **context)
{
    (void)context;
    assert_day(&china, "2026-03-01T15:59:59.999Z", "2026-02-28T16:00:00Z", "2026-03-01T16:00:00Z",
               "2026-03-01");
    assert_day(&china, "2026-03-01T16:00:00Z", "2026-03-01T16:00:00Z", "2026-03-02T16:00:00Z",
               "2026-03-02");
    struct calendar_zone berlin; /* 23 hours, then 25 */
    assert_int_equal(zone_load("Europe/Berlin", &berlin), RC_OK);
    assert_day(&berlin, "2026-03-29T12:00:00Z", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z",
               "2026-03-29");
    assert_day(&berlin, "2026-10-25T12:00:00Z", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z",
               "2026-10-25");
    assert_day(&berlin, "2026-10-25T22:59:59Z", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z",
               "2026-10-25");
}

static void test_days_join(void **context)
{
    (void)context;
    struct calendar_zone santiago; /* its clock changes at midnight: one day begins at 01:00 */
    struct proof_day day;
    assert_int_equal(zone_load("America/Santiago", &santiago), RC_OK);
    proof_day_of(&santiago, utc("2026-01-01T12:00:00Z"), &day);
    for (int i = 0; i < 400; i++) {
        struct proof_day next;
        proof_day_of(&santiago, day.to_at_ms, &next);
        assert_int_equal(next.from_at_ms, day.to_at_ms);
        assert_true(strcmp(next.date, day.date) > 0);
        day = next;
    }
}

static void test_the_count_decides(void **context)
{
    (void)context;
    struct proof_move move = delivered(2, 7, 5000, 1000);
    struct proof_point point = reading(500, 0, 7, 0);
    assert_true(proof_move_in(&move, 2, &point)); /* though its posting came later */
    point = reading(5000, 0, 6, 0);
    assert_false(proof_move_in(&move, 2, &point)); /* though its posting came before */
    assert_true(proof_move_in(&move, 3, &point));  /* of a meter that is gone */
    assert_false(proof_move_in(&move, 1, &point)); /* of a meter to come */
}

static void test_by_time_and_by_balance(void **context)
{
    (void)context;
    struct proof_move correction = {.kind = PROOF_CORRECTED, .change_fen = 5, .at_ms = 1000};
    struct proof_point point = reading(1000, 0, 6, 0);
    assert_false(proof_move_in(&correction, 1, &point));
    point.at_ms = 1001;
    assert_true(proof_move_in(&correction, 1, &point));
    struct proof_move refund = {.kind = PROOF_REFUNDED,
                                .change_fen = -800,
                                .epoch = 1,
                                .adjusts = true,
                                .written_at_ms = 2000,
                                .ended_at_ms = 3000,
                                .old_balance_fen = 900,
                                .new_balance_fen = 100};
    point = reading(1999, 100, 6, 0);
    assert_false(proof_move_in(&refund, 1, &point)); /* not written yet, whatever stands there */
    point = reading(2000, 100, 6, 0);
    assert_true(proof_move_in(&refund, 1, &point));
    point = reading(2999, 900, 6, 0);
    assert_false(proof_move_in(&refund, 1, &point));
    point = reading(2999, 500, 6, 0); /* as far from both: not yet */
    assert_false(proof_move_in(&refund, 1, &point));
    point = reading(3000, 900, 6, 0);
    assert_true(proof_move_in(&refund, 1, &point));
    point.estimated = true;
    assert_true(proof_move_in(&refund, 1, &point));
    point = reading(2500, 100, 6, 0);
    point.estimated = true;
    assert_false(proof_move_in(&refund, 1, &point));
}

static void test_the_nearest_reading(void **context)
{
    (void)context;
    int64_t at_ms = 100 * MINUTE_MS;
    struct proof_point before = reading(at_ms - 2 * MINUTE_MS, 900, 3, 100);
    struct proof_point after = reading(at_ms + MINUTE_MS, 890, 3, 110);
    struct proof_point point;
    assert_int_equal(proof_boundary(at_ms, NEAR_MS, 1, &before, &after, NULL, 0, &point), RC_OK);
    assert_int_equal(point.balance_fen, 890);
    assert_int_equal(point.at_ms, at_ms);
    assert_int_equal(point.read_at_ms, at_ms + MINUTE_MS);
    assert_false(point.estimated);
    after.read_at_ms = at_ms + 2 * MINUTE_MS; /* as near: the one before */
    assert_int_equal(proof_boundary(at_ms, NEAR_MS, 1, &before, &after, NULL, 0, &point), RC_OK);
    assert_int_equal(point.balance_fen, 900);
    assert_int_equal(proof_boundary(at_ms, NEAR_MS, 1, &before, NULL, NULL, 0, &point), RC_OK);
    assert_int_equal(point.balance_fen, 900);
    before.read_at_ms = at_ms - NEAR_MS;
    assert_int_equal(proof_boundary(at_ms, NEAR_MS, 1, &before, NULL, NULL, 0, &point), RC_OK);
    before.read_at_ms = at_ms + 1; /* the stretch began with a reading behind the moment */
    after.read_at_ms = at_ms + 3;
    assert_int_equal(proof_boundary(at_ms, 0, 1, &before, &after, NULL, 0, &point), RC_NOT_FOUND);
    before.read_at_ms = at_ms - NEAR_MS - 1; /* silent since: it waits */
    assert_int_equal(proof_boundary(at_ms, NEAR_MS, 1, &before, NULL, NULL, 0, &point),
                     RC_NOT_FOUND);
}

static void test_a_silent_meter_is_estimated(void **context)
{
    (void)context;
    int64_t at_ms = 1000 * MINUTE_MS;
    struct proof_point before = reading(at_ms - 120 * MINUTE_MS, 10000, 3, 1000);
    struct proof_point after = reading(at_ms + 240 * MINUTE_MS, 13000, 5, 4000);
    struct proof_move moves[] = {
        delivered(1, 3, 99999, at_ms - 130 * MINUTE_MS), /* in both */
        delivered(1, 4, 5000, at_ms - 60 * MINUTE_MS),
        delivered(1, 5, 1000, at_ms + 60 * MINUTE_MS),
        delivered(1, 6, 7000, at_ms + 300 * MINUTE_MS), /* in neither */
    };
    struct proof_point point;
    /* 3000 fen and 3000 Wh used in 360 minutes, a third of it before */
    assert_int_equal(proof_boundary(at_ms, NEAR_MS, 1, &before, &after, moves, 4, &point), RC_OK);
    assert_true(point.estimated);
    assert_int_equal(point.balance_fen, 10000 - 1000 + 5000);
    assert_int_equal(point.count, 4);
    assert_int_equal(point.energy_wh, 2000);
    assert_int_equal(point.rate_wh[RATE_PEAK], 2000);
    assert_true(point.has_rates);
    assert_int_equal(point.read_at_ms, at_ms);
    moves[1].at_ms = at_ms + MINUTE_MS; /* posted late: the next one must not overtake it */
    moves[2].at_ms = at_ms - MINUTE_MS;
    before.has_rates = false;
    assert_int_equal(proof_boundary(at_ms, NEAR_MS, 1, &before, &after, moves, 4, &point), RC_OK);
    assert_false(point.has_rates);
    assert_int_equal(point.count, 3);
    assert_int_equal(point.balance_fen, 9000);
    before.has_rates = true;
    after.has_rates = false;
    assert_int_equal(proof_boundary(at_ms, NEAR_MS, 1, &before, &after, moves, 4, &point), RC_OK);
    assert_false(point.has_rates);
    after.has_rates = true;
    /* and the estimate is no reading for the next boundary near it */
    struct proof_point second;
    assert_int_equal(
        proof_boundary(at_ms + MINUTE_MS, NEAR_MS, 1, &point, &after, moves, 4, &second), RC_OK);
    assert_true(second.estimated);
    assert_int_equal(proof_boundary(at_ms + MINUTE_MS, NEAR_MS, 1, &point, NULL, moves, 4, &second),
                     RC_NOT_FOUND);
}

static void test_an_adjustment_in_the_silence(void **context)
{
    (void)context;
    int64_t at_ms = 1000 * MINUTE_MS;
    struct proof_point before = reading(at_ms - 100 * MINUTE_MS, 10000, 3, 0);
    struct proof_point after = reading(at_ms + 100 * MINUTE_MS, 1000, 3, 0);
    struct proof_move refund = {.kind = PROOF_REFUNDED,
                                .change_fen = -8000,
                                .epoch = 1,
                                .adjusts = true,
                                .written_at_ms = at_ms - 2 * MINUTE_MS,
                                .ended_at_ms = at_ms,
                                .old_balance_fen = 9500,
                                .new_balance_fen = 1500};
    struct proof_point point;
    assert_int_equal(proof_boundary(at_ms, NEAR_MS, 1, &before, &after, &refund, 1, &point), RC_OK);
    assert_int_equal(point.balance_fen, 10000 - 500 - 8000);
    assert_true(proof_move_in(&refund, 1, &point)); /* both say the same */
    refund.ended_at_ms = at_ms + 1;
    assert_int_equal(proof_boundary(at_ms, NEAR_MS, 1, &before, &after, &refund, 1, &point), RC_OK);
    assert_int_equal(point.balance_fen, 10000 - 500);
    assert_false(proof_move_in(&refund, 1, &point));
}

static void test_what_was_used(void **context)
{
    (void)context;
    struct ledger_proof proof = {.opening_fen = 777};
    struct proof_move moves[] = {{.kind = PROOF_PAID_IN, .change_fen = 5000},
                                 {.kind = PROOF_REFUNDED, .change_fen = -800},
                                 {.kind = PROOF_CORRECTED, .change_fen = -50},
                                 {.kind = PROOF_OPENING, .change_fen = 20}};
    int64_t used_fen = 0;
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(proof_add(&proof, &moves[i]), RC_OK);
    }
    assert_int_equal(proof.paid_in_fen, 5000);
    assert_int_equal(proof.refunded_fen, 800);
    assert_int_equal(proof.corrected_fen, -30);
    assert_int_equal(proof_used(1000, 4870, &proof, &used_fen), RC_OK);
    assert_int_equal(used_fen, 1000 + 5000 - 800 - 30 - 4870);
    assert_int_equal(proof_used(INT64_MAX, -1, &proof, &used_fen), RC_TOO_LARGE);
    struct proof_move charged = {.kind = PROOF_USED, .change_fen = -70};
    assert_int_equal(proof_add(&proof, &charged), RC_OK);
    assert_int_equal(proof.used_fen, 70);
    assert_string_equal(proof_move_kind_name(PROOF_REFUNDED), "refunded");
}

static void test_the_meters_own_prices(void **context)
{
    (void)context;
    struct proof_point from = {.has_rates = true, .rate_wh = {0, 1000, 2000, 3000, 9}};
    struct proof_point to = {.has_rates = true, .rate_wh = {500, 2000, 2000, 4000, 9}};
    int64_t prices[4] = {12000, 10000, 7500, 3005};
    int64_t fen = 0;
    assert_int_equal(proof_meter_cost(&from, &to, prices, &fen), RC_OK);
    assert_int_equal(fen, 60 + 100 + 30); /* 190.05 */
    from.rate_wh[2] = 2001;
    assert_int_equal(proof_meter_cost(&from, &to, prices, &fen), RC_CONFLICT);
    from.has_rates = false;
    assert_int_equal(proof_meter_cost(&from, &to, prices, &fen), RC_CONFLICT);
    from.has_rates = true;
    to.has_rates = false;
    assert_int_equal(proof_meter_cost(&from, &to, prices, &fen), RC_CONFLICT);
    assert_int_equal(proof_tolerance(10, 10000, 4), 6);
    assert_int_equal(proof_tolerance(10, 10001, 4), 7);
    assert_int_equal(proof_tolerance(0, 10000, 1), 2);
    assert_int_equal(proof_tolerance(INT64_MAX, 10000, 1), INT64_MAX);
    assert_int_equal(proof_tolerance(INT64_MAX / 20000, 10000, 4), INT64_MAX);
}

static void test_why_they_differ(void **context)
{
    (void)context;
    struct proof_costs costs = {
        .used_fen = 1000, .tolerance_fen = 6, .tariff_known = true, .expected_fen = 1006};
    assert_int_equal(proof_judge(&costs), PROOF_SAME);
    costs.expected_fen = 994;
    assert_int_equal(proof_judge(&costs), PROOF_SAME);
    costs.expected_fen = 1007;
    assert_int_equal(proof_judge(&costs), PROOF_UNEXPLAINED);
    costs.old_count = 2;
    costs.old_fen[0] = 900;
    costs.old_fen[1] = 1006;
    assert_int_equal(proof_judge(&costs), PROOF_OLD_PRICE);
    costs.old_fen[1] = 993;
    assert_int_equal(proof_judge(&costs), PROOF_UNEXPLAINED); /* between, but nothing changed */
    costs.took_prices = true;
    assert_int_equal(proof_judge(&costs), PROOF_OLD_PRICE);
    costs.used_fen = 2000; /* above both */
    assert_int_equal(proof_judge(&costs), PROOF_UNEXPLAINED);
    costs.used_fen = 800; /* below both */
    assert_int_equal(proof_judge(&costs), PROOF_UNEXPLAINED);
    costs.expected_fen = 500; /* and the other way round */
    assert_int_equal(proof_judge(&costs), PROOF_OLD_PRICE);
    costs.jumped = true;
    assert_int_equal(proof_judge(&costs), PROOF_JUMP);
    costs.jumped = false;
    costs.tariff_known = false;
    assert_int_equal(proof_judge(&costs), PROOF_NO_TARIFF);
    costs.used_fen = -6;
    assert_int_equal(proof_judge(&costs), PROOF_NO_TARIFF);
    costs.used_fen = -7; /* the balance rose and nobody sold */
    assert_int_equal(proof_judge(&costs), PROOF_JUMP);
    assert_string_equal(proof_difference_code(PROOF_OLD_PRICE), "old_price");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_days_of_the_site),
        cmocka_unit_test(test_days_join),
        cmocka_unit_test(test_the_count_decides),
        cmocka_unit_test(test_by_time_and_by_balance),
        cmocka_unit_test(test_the_nearest_reading),
        cmocka_unit_test(test_a_silent_meter_is_estimated),
        cmocka_unit_test(test_an_adjustment_in_the_silence),
        cmocka_unit_test(test_what_was_used),
        cmocka_unit_test(test_the_meters_own_prices),
        cmocka_unit_test(test_why_they_differ),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
