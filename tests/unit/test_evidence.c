/* Evidence of a delivery: cost and tolerance of the use between two readings, and its stored form.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/rules/evidence.h"
#include "core/rules/model.h"
#include "core/rules/money.h"
#include "poller/models_check.h"

static struct model dtsy;

static int load(void **state)
{
    (void)state;
    char error[MODELS_ERROR_MAX];
    enum rc rc =
        models_load_file(PW_SOURCE_DIR "/poller/models/acrel-dtsy1352.json", &dtsy, NULL, error);
    return rc == RC_OK ? 0 : -1;
}

static struct evidence base(void)
{
    return (struct evidence){.count = 4,
                             .balance_fen = 10000,
                             .energy_wh = 100000,
                             .rate_wh = {10000, 30000, 40000, 20000},
                             .price_e4 = {12680, 10580, 7120, 3860},
                             .unit_wh = 10,
                             .fee_control = true};
}

static void test_cost_and_tolerance(void **state)
{
    (void)state;
    struct evidence before = base();
    struct evidence after = before;
    int64_t cost_fen = -1;
    int64_t tolerance_fen = -1;
    assert_int_equal(evidence_cost(&before, &after, &cost_fen, &tolerance_fen), RC_OK);
    assert_int_equal(cost_fen, 0);
    /* 10 Wh at each of the four prices is 3.424 fen, and two fen of rounding */
    assert_int_equal(tolerance_fen, 5);
    after.rate_wh[1] += 2000; /* 2 kWh at 1.0580 */
    after.rate_wh[3] += 500;  /* 0.5 kWh at 0.3860 */
    after.energy_wh += 2500;
    assert_int_equal(evidence_cost(&before, &after, &cost_fen, &tolerance_fen), RC_OK);
    assert_int_equal(cost_fen, 231); /* 211.6 + 19.3 */
    before.unit_wh = 600;            /* behind transformers 60:1 */
    assert_int_equal(evidence_cost(&before, &after, &cost_fen, &tolerance_fen), RC_OK);
    assert_int_equal(tolerance_fen, 207); /* 205.44 + 2 */
}

static void test_without_fee_control_use_is_free(void **state)
{
    (void)state;
    struct evidence before = base();
    struct evidence after = base();
    int64_t cost_fen = -1;
    int64_t tolerance_fen = -1;
    before.fee_control = false;
    after.fee_control = false;
    after.rate_wh[0] += 5000;
    assert_int_equal(evidence_cost(&before, &after, &cost_fen, &tolerance_fen), RC_OK);
    assert_int_equal(cost_fen, 0);
    assert_int_equal(tolerance_fen, 2);
}

static void test_a_register_that_went_back_is_another_meter(void **state)
{
    (void)state;
    struct evidence before = base();
    struct evidence after = base();
    int64_t cost_fen = 0;
    int64_t tolerance_fen = 0;
    after.rate_wh[2]--;
    assert_int_equal(evidence_cost(&before, &after, &cost_fen, &tolerance_fen), RC_CONFLICT);
    after = base();
    after.energy_wh--;
    assert_int_equal(evidence_cost(&before, &after, &cost_fen, &tolerance_fen), RC_CONFLICT);
    after = base();
    after.rate_wh[0] = ENERGY_MAX_WH;
    before.price_e4[0] = PRICE_MAX_E4;
    assert_int_equal(evidence_cost(&before, &after, &cost_fen, &tolerance_fen), RC_TOO_LARGE);
}

static void test_json_round_trip(void **state)
{
    (void)state;
    struct evidence before = base();
    struct evidence read = {.count = 0};
    struct text json CLEANUP(text_release);
    text_init(&json, EVIDENCE_JSON_MAX);
    evidence_add_json(&json, &before);
    assert_int_equal(text_result(&json), RC_OK);
    assert_int_equal(evidence_parse_json(text_string(&json), &read), RC_OK);
    read.count = before.count;
    read.balance_fen = before.balance_fen;
    assert_memory_equal(&read, &before, offsetof(struct evidence, fee_control));
    assert_true(read.fee_control);
    static const char *const broken[] = {"", "{}", "[]", "{\"energy_wh\":1,\"unit_wh\":0}",
                                         "{\"energy_wh\":1,\"unit_wh\":1,\"fee_control\":true,"
                                         "\"rate_wh\":[1,2,3],\"price_e4\":[1,2,3,4]}"};
    for (size_t i = 0; i < ARRAY_LEN(broken); i++) {
        assert_int_not_equal(evidence_parse_json(broken[i], &read), RC_OK);
    }
}

static void test_made_of_readings(void **state)
{
    (void)state;
    struct reading fast = {.present = 0};
    struct reading prices = {.present = 0};
    struct evidence made = {.count = -1};
    reading_set(&fast, POINT_purchase_count, 4);
    reading_set(&fast, POINT_balance, -50);
    reading_set(&fast, POINT_energy, 100);
    reading_set(&fast, POINT_energy_sharp, 10);
    reading_set(&fast, POINT_energy_peak, 20);
    reading_set(&fast, POINT_energy_flat, 30);
    reading_set(&fast, POINT_energy_valley, 40);
    reading_set(&fast, POINT_ct_ratio, 30);
    reading_set(&fast, POINT_pt_ratio, 1);
    reading_set(&fast, POINT_control_bits, 0);
    assert_int_equal(evidence_make(&dtsy, &fast, &prices, &made), RC_NOT_FOUND);
    reading_set(&prices, POINT_price_sharp, 1);
    reading_set(&prices, POINT_price_peak, 2);
    reading_set(&prices, POINT_price_flat, 3);
    reading_set(&prices, POINT_price_valley, 4);
    assert_int_equal(evidence_make(&dtsy, &fast, &prices, &made), RC_OK);
    assert_int_equal(made.unit_wh, 300);
    assert_int_equal(made.balance_fen, -50);
    assert_int_equal(made.price_e4[3], 4);
    assert_false(made.fee_control);
    reading_set(&fast, POINT_ct_ratio, 0); /* not believed: as if there were none */
    assert_int_equal(evidence_make(&dtsy, &fast, &prices, &made), RC_OK);
    assert_int_equal(made.unit_wh, 10);
    reading_set(&prices, POINT_price_flat, PRICE_MAX_E4 + 1);
    assert_int_equal(evidence_make(&dtsy, &fast, &prices, &made), RC_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cost_and_tolerance),
        cmocka_unit_test(test_without_fee_control_use_is_free),
        cmocka_unit_test(test_a_register_that_went_back_is_another_meter),
        cmocka_unit_test(test_json_round_trip),
        cmocka_unit_test(test_made_of_readings),
    };
    return cmocka_run_group_tests(tests, load, NULL);
}
