/* What is to stand in a meter after a push: its stored form, refusals, and when it stands. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/rules/push.h"

static void test_round_trip(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "{\"price_e4\":[1,2,3,4]}",
        "{\"alarm_fen\":[6000,3000]}",
        "{\"overdraft_fen\":0}",
        "{\"fee_control\":true}",
        "{\"price_e4\":[1,2,3,4],\"fee_control\":false}",
        "{\"price_e4\":[1,2,3,4],\"alarm_fen\":[5,6],\"overdraft_fen\":7,"
        "\"zones\":\"010101010104010107010108\"}",
    };
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct push_wanted wanted;
        struct text json CLEANUP(text_release);
        text_init(&json, PUSH_JSON_MAX);
        assert_int_equal(push_parse_json(texts[i], &wanted), RC_OK);
        push_add_json(&json, &wanted);
        assert_string_equal(text_string(&json), texts[i]);
    }
}

static void test_refusals(void **state)
{
    (void)state;
    static const char *const texts[] = {"",
                                        "[]",
                                        "{}",
                                        "{\"price_e4\":[1,2,3]}",
                                        "{\"price_e4\":[1,2,3,-4]}",
                                        "{\"price_e4\":[1,2,3,1000001]}",
                                        "{\"alarm_fen\":[1]}",
                                        "{\"overdraft_fen\":-1}",
                                        "{\"fee_control\":1}",
                                        "{\"zones\":\"0101\"}",
                                        "{\"zones\":\"0101010101040101070101zz\"}"};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct push_wanted wanted;
        assert_int_not_equal(push_parse_json(texts[i], &wanted), RC_OK);
    }
}

static void test_when_it_stands(void **state)
{
    (void)state;
    struct push_wanted wanted;
    struct reading reading = {.present = 0};
    struct rate_table_bytes tables = {.parts = 0};
    assert_int_equal(push_parse_json("{\"price_e4\":[1,2,3,4],\"alarm_fen\":[5,6],"
                                     "\"overdraft_fen\":7,\"zones\":\"010101010104010107010108\"}",
                                     &wanted),
                     RC_OK);
    assert_false(push_stands(&wanted, &reading, &tables));
    static const enum point points[] = {POINT_price_sharp,  POINT_price_peak, POINT_price_flat,
                                        POINT_price_valley, POINT_alarm1,     POINT_alarm2,
                                        POINT_overdraft};
    for (size_t i = 0; i < ARRAY_LEN(points); i++) {
        reading_set(&reading, points[i], (int64_t)i + 1);
    }
    assert_false(push_stands(&wanted, &reading, &tables)); /* the zones were not read */
    tables = wanted.tables;
    assert_true(push_stands(&wanted, &reading, &tables));
    tables.zones[3] ^= 1;
    assert_false(push_stands(&wanted, &reading, &tables));
    tables = wanted.tables;
    for (size_t i = 0; i < ARRAY_LEN(points); i++) {
        struct reading other = reading;
        reading_set(&other, points[i], 999);
        assert_false(push_stands(&wanted, &other, &tables));
    }
}

static void test_fee_control_stands_when_read_so(void **state)
{
    (void)state;
    struct push_wanted wanted;
    struct reading reading = {.present = 0};
    struct rate_table_bytes tables = {.parts = 0};
    assert_int_equal(push_parse_json("{\"fee_control\":false}", &wanted), RC_OK);
    assert_false(push_stands(&wanted, &reading, &tables)); /* it was not read */
    reading_set(&reading, POINT_fee_control_enabled, 1);
    assert_false(push_stands(&wanted, &reading, &tables));
    reading_set(&reading, POINT_fee_control_enabled, 0);
    assert_true(push_stands(&wanted, &reading, &tables));
    wanted.fee_control = true;
    assert_false(push_stands(&wanted, &reading, &tables));
    reading_set(&reading, POINT_fee_control_enabled, 1);
    assert_true(push_stands(&wanted, &reading, &tables));
}

static void test_a_newer_one_covers_each_part(void **state)
{
    (void)state;
    static const struct {
        const char *newer;
        const char *older;
        bool covers;
    } cases[] = {
        {"{\"price_e4\":[1,2,3,4]}", "{\"price_e4\":[5,6,7,8]}", true},
        {"{\"price_e4\":[1,2,3,4]}", "{\"alarm_fen\":[2,1]}", false},
        {"{\"alarm_fen\":[2,1]}", "{\"price_e4\":[1,2,3,4]}", false},
        {"{\"alarm_fen\":[2,1]}", "{\"overdraft_fen\":1}", false},
        {"{\"overdraft_fen\":1}", "{\"fee_control\":false}", false},
        {"{\"price_e4\":[1,2,3,4],\"fee_control\":true}", "{\"fee_control\":false}", true},
        {"{\"price_e4\":[1,2,3,4]}",
         "{\"price_e4\":[1,2,3,4],\"zones\":\"010101010104010107010108\"}", false},
        {"{\"price_e4\":[1,2,3,4],\"zones\":\"010101010104010107010108\"}",
         "{\"zones\":\"010101010104010107010109\"}", true},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct push_wanted newer;
        struct push_wanted older;
        assert_int_equal(push_parse_json(cases[i].newer, &newer), RC_OK);
        assert_int_equal(push_parse_json(cases[i].older, &older), RC_OK);
        assert_int_equal(push_covers(&newer, &older), cases[i].covers);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_when_it_stands),
        cmocka_unit_test(test_fee_control_stands_when_read_so),
        cmocka_unit_test(test_a_newer_one_covers_each_part),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
