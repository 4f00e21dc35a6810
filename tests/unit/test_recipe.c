/* Private frames from the shipped model's recipes: the golden purchase frame of the fact sheet,
 * flags, refusals. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/rules/capability.h"
#include "core/rules/frame.h"
#include "core/rules/recipe.h"
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

static void test_golden_purchase(void **state)
{
    (void)state;
    static const uint8_t golden[] = {0x07, 0x20, 0x01, 0x00, 0x00, 0x04, 0x08, 0x00, 0x00,
                                     0x27, 0x10, 0x00, 0x05, 0x00, 0x00, 0xD5, 0xDC};
    const struct model_recipe *recipe = recipe_find(&dtsy, "purchase");
    struct recipe_value values[] = {{"amount", 10000}, {"count", 5}};
    uint8_t data[RECIPE_BYTES_MAX];
    uint8_t frame[FRAME_ADU_MAX];
    size_t len = 0;
    struct frame_request request;
    assert_non_null(recipe);
    assert_int_equal(recipe_fill(recipe, values, 2, data, &len), RC_OK);
    assert_int_equal(len, 8);
    assert_int_equal(frame_private(7, recipe->start, data, len, &request), RC_OK);
    assert_int_equal(frame_seal_rtu(&request, frame), sizeof(golden));
    assert_memory_equal(frame, golden, sizeof(golden));
}

static void test_only_given_groups_are_written(void **state)
{
    (void)state;
    const struct model_recipe *recipe = recipe_find(&dtsy, "parameters");
    struct recipe_value values[] = {{"balance", -150}, {"count", 65535}};
    uint8_t data[RECIPE_BYTES_MAX];
    uint8_t wanted[60] = {0};
    size_t len = 0;
    static const uint8_t head[] = {0, 0, 1, 0xFF, 0xFF, 0xFF, 0x6A, 1, 0xFF, 0xFF};
    memcpy(wanted, head, sizeof(head));
    assert_non_null(recipe);
    assert_int_equal(recipe_fill(recipe, values, 2, data, &len), RC_OK);
    assert_int_equal(len, 60);
    assert_memory_equal(data, wanted, 60);
}

static void test_prices_are_one_group(void **state)
{
    (void)state;
    const struct model_recipe *recipe = recipe_find(&dtsy, "parameters");
    struct recipe_value values[] = {{"price_sharp", 12000},
                                    {"price_peak", 10000},
                                    {"price_flat", 7000},
                                    {"price_valley", 0x01020304}};
    uint8_t data[RECIPE_BYTES_MAX];
    size_t len = 0;
    assert_int_equal(recipe_fill(recipe, values, 3, data, &len), RC_INVALID);
    assert_int_equal(recipe_fill(recipe, values, 4, data, &len), RC_OK);
    static const uint8_t flag_and_last[] = {0x01, 0x02, 0x03, 0x04};
    assert_int_equal(data[29], 1);
    assert_memory_equal(data + 29 + 1 + 12, flag_and_last, 4);
}

static void test_refusals(void **state)
{
    (void)state;
    const struct model_recipe *recipe = recipe_find(&dtsy, "purchase");
    uint8_t data[RECIPE_BYTES_MAX];
    size_t len = 0;
    struct recipe_value too_far[] = {{"amount", INT64_C(0x100000000)}, {"count", 5}};
    struct recipe_value count[] = {{"amount", 1}, {"count", 65536}};
    struct recipe_value negative[] = {{"amount", 1}, {"count", -1}};
    struct recipe_value unknown[] = {{"amount", 1}, {"number", 5}};
    struct recipe_value zero[] = {{"amount", 1}, {"count", 5}, {"zero_1", 1}};
    assert_int_equal(recipe_fill(recipe, too_far, 2, data, &len), RC_INVALID);
    assert_int_equal(recipe_fill(recipe, count, 2, data, &len), RC_INVALID);
    assert_int_equal(recipe_fill(recipe, negative, 2, data, &len), RC_INVALID);
    assert_int_equal(recipe_fill(recipe, unknown, 2, data, &len), RC_INVALID);
    assert_int_equal(recipe_fill(recipe, zero, 3, data, &len), RC_INVALID);
    assert_int_equal(recipe_fill(recipe, too_far, 1, data, &len), RC_INVALID);
    assert_null(recipe_find(&dtsy, "nothing"));
}

static void test_capabilities_of_a_text(void **state)
{
    (void)state;
    const char *text = "purchase:proven,zero_purchase:unverified,parameters:proven";
    assert_int_equal(capability_state_of(text, CAPABILITY_PURCHASE), CAPABILITY_STATE_PROVEN);
    assert_int_equal(capability_state_of(text, CAPABILITY_ZERO_PURCHASE),
                     CAPABILITY_STATE_UNVERIFIED);
    assert_int_equal(capability_state_of(text, CAPABILITY_PARAMETERS), CAPABILITY_STATE_PROVEN);
    assert_int_equal(capability_state_of(text, CAPABILITY_REPEAT_CODE), CAPABILITY_STATE_ABSENT);
    assert_int_equal(capability_state_of("", CAPABILITY_PURCHASE), CAPABILITY_STATE_ABSENT);
    assert_int_equal(capability_state_of("purchase:provenly", CAPABILITY_PURCHASE),
                     CAPABILITY_STATE_UNVERIFIED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden_purchase),
        cmocka_unit_test(test_only_given_groups_are_written),
        cmocka_unit_test(test_prices_are_one_group),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_capabilities_of_a_text),
    };
    return cmocka_run_group_tests(tests, load, NULL);
}
