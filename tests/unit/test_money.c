/* Money at its edges: overflow, halves, what people type. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/rules/money.h"

static void test_checked(void **context)
{
    (void)context;
    int64_t out = 7;
    assert_int_equal(money_add(2, -3, &out), RC_OK);
    assert_int_equal(out, -1);
    assert_int_equal(money_add(INT64_MAX, 0, &out), RC_OK);
    assert_int_equal(out, INT64_MAX);
    assert_int_equal(money_add(INT64_MAX, 1, &out), RC_TOO_LARGE);
    assert_int_equal(money_add(INT64_MIN, -1, &out), RC_TOO_LARGE);
    assert_int_equal(out, INT64_MAX); /* untouched */
    assert_int_equal(money_sub(2, 5, &out), RC_OK);
    assert_int_equal(out, -3);
    assert_int_equal(money_sub(INT64_MIN, 1, &out), RC_TOO_LARGE);
    assert_int_equal(money_sub(0, INT64_MIN, &out), RC_TOO_LARGE);
    assert_int_equal(out, -3);
    assert_int_equal(money_mul(-4, 6, &out), RC_OK);
    assert_int_equal(out, -24);
    assert_int_equal(money_mul(INT64_C(1) << 32, INT64_C(1) << 31, &out), RC_TOO_LARGE);
    assert_int_equal(out, -24);
    assert_int_equal(money_cost_e5(1234, 8000, &out), RC_OK);
    assert_int_equal(out, 9872000); /* 1.234 kWh at 0.8 yuan = 98.72 fen */
    assert_int_equal(money_cost_e5(INT64_MAX, 2, &out), RC_TOO_LARGE);
}

static void test_rounding(void **context)
{
    (void)context;
    static const struct {
        int64_t numerator, divisor, want;
    } rows[] = {
        {0, 1, 0},
        {4, 10, 0},
        {5, 10, 1},
        {6, 10, 1},
        {14, 10, 1},
        {15, 10, 2},
        {-4, 10, 0},
        {-5, 10, -1},
        {-6, 10, -1},
        {-14, 10, -1},
        {-15, 10, -2},
        {1, 3, 0},
        {2, 3, 1},
        {-1, 3, 0},
        {-2, 3, -1},
        {7, 7, 1},
        {3, 7, 0},
        {4, 7, 1},
        {INT64_MAX, 1, INT64_MAX},
        {INT64_MIN, 1, INT64_MIN},
        {INT64_MAX, INT64_MAX, 1},
        {INT64_MIN, INT64_MAX, -1},
        {INT64_MAX / 2, INT64_MAX, 0},
        {INT64_MAX / 2 + 1, INT64_MAX, 1},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        assert_int_equal(money_round(rows[i].numerator, rows[i].divisor), rows[i].want);
    }
    assert_int_equal(money_from_cost_e5(49999), 0);
    assert_int_equal(money_from_cost_e5(50000), 1);
    assert_int_equal(money_from_cost_e5(-50000), -1);
    assert_int_equal(money_from_cost_e5(9872000), 99);
}

static void test_mul_div(void **context)
{
    (void)context;
    int64_t out = 0;
    assert_int_equal(money_mul_div(10, 1, 4, &out), RC_OK);
    assert_int_equal(out, 3); /* 2.5 */
    assert_int_equal(money_mul_div(-10, 1, 4, &out), RC_OK);
    assert_int_equal(out, -3);
    assert_int_equal(money_mul_div(INT64_MAX, INT64_MAX, INT64_MAX, &out), RC_OK);
    assert_int_equal(out, INT64_MAX);
    assert_int_equal(money_mul_div(INT64_MIN, INT64_MAX, INT64_MAX, &out), RC_OK);
    assert_int_equal(out, INT64_MIN);
    assert_int_equal(money_mul_div(INT64_MAX, 2, 1, &out), RC_TOO_LARGE);
    assert_int_equal(money_mul_div(INT64_MIN, 2, 1, &out), RC_TOO_LARGE);
    assert_int_equal(money_mul_div(INT64_MAX, 3, 2, &out), RC_TOO_LARGE);
    assert_int_equal(out, INT64_MIN);
}

static enum money_refusal yuan(const char *text, int64_t *ret_fen)
{
    return money_parse_yuan(text, strlen(text), 1, 5000000, ret_fen);
}

static void test_typed_yuan(void **context)
{
    (void)context;
    static const struct {
        const char *text;
        enum money_refusal want;
        int64_t fen;
    } rows[] = {
        {"0.01", MONEY_FINE, 1},
        {"1", MONEY_FINE, 100},
        {"1.5", MONEY_FINE, 150},
        {"1.05", MONEY_FINE, 105},
        {"50000", MONEY_FINE, 5000000},
        {"50000.00", MONEY_FINE, 5000000},
        {"50000.01", MONEY_ABOVE_MAXIMUM, 0},
        {"", MONEY_EMPTY, 0},
        {"-", MONEY_NOT_A_NUMBER, 0},
        {".", MONEY_NOT_A_NUMBER, 0},
        {".5", MONEY_NOT_A_NUMBER, 0},
        {"-.5", MONEY_NOT_A_NUMBER, 0},
        {"5.", MONEY_NOT_A_NUMBER, 0},
        {"1..2", MONEY_NOT_A_NUMBER, 0},
        {"1.2.3", MONEY_NOT_A_NUMBER, 0},
        {"+1", MONEY_NOT_A_NUMBER, 0},
        {"--1", MONEY_NOT_A_NUMBER, 0},
        {" 1", MONEY_NOT_A_NUMBER, 0},
        {"1 ", MONEY_NOT_A_NUMBER, 0},
        {"1e3", MONEY_NOT_A_NUMBER, 0},
        {"0x10", MONEY_NOT_A_NUMBER, 0},
        {"1,000", MONEY_NOT_A_NUMBER, 0},
        {"1/2", MONEY_NOT_A_NUMBER, 0},
        {"1:2", MONEY_NOT_A_NUMBER, 0},
        {"007", MONEY_NOT_A_NUMBER, 0},
        {"-007", MONEY_NOT_A_NUMBER, 0},
        {"00", MONEY_NOT_A_NUMBER, 0},
        {"\xef\xbc\x91", MONEY_NOT_A_NUMBER, 0}, /* a full-width 1 */
        {"0.001", MONEY_TOO_MANY_DECIMALS, 0},
        {"1.000", MONEY_TOO_MANY_DECIMALS, 0},
        {"0", MONEY_ZERO, 0},
        {"0.00", MONEY_ZERO, 0},
        {"-0", MONEY_ZERO, 0},
        {"-0.01", MONEY_NEGATIVE, 0},
        {"-5", MONEY_NEGATIVE, 0},
        {"10000000000.01", MONEY_TOO_LARGE, 0},
        {"-10000000000.01", MONEY_TOO_LARGE, 0},
        {"10000000000", MONEY_ABOVE_MAXIMUM, 0},
        {"92233720368547758.07", MONEY_TOO_LARGE, 0},
        {"92233720368547758.08", MONEY_TOO_LARGE, 0},
        {"99999999999999999999999999", MONEY_TOO_LARGE, 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        int64_t fen = -77;
        enum money_refusal got = yuan(rows[i].text, &fen);
        if (got != rows[i].want) {
            fail_msg("\"%s\": %s", rows[i].text, money_refusal_code(got));
        }
        assert_int_equal(fen, got == MONEY_FINE ? rows[i].fen : -77);
    }
    int64_t fen = 0;
    assert_int_equal(money_parse_yuan("-3.07", 5, -1000, 1000, &fen), MONEY_FINE);
    assert_int_equal(fen, -307);
    assert_int_equal(money_parse_yuan("-10.01", 6, -1000, 1000, &fen), MONEY_BELOW_MINIMUM);
    assert_int_equal(money_parse_yuan("-0.50", 5, -1000, 1000, &fen), MONEY_FINE);
    assert_int_equal(fen, -50);
    assert_int_equal(money_parse_yuan("12.34", 2, 1, 5000, &fen), MONEY_FINE); /* len decides */
    assert_int_equal(fen, 1200);
}

static void test_check(void **context)
{
    (void)context;
    assert_int_equal(money_check(99, 100, 200), MONEY_BELOW_MINIMUM);
    assert_int_equal(money_check(100, 100, 200), MONEY_FINE);
    assert_int_equal(money_check(200, 100, 200), MONEY_FINE);
    assert_int_equal(money_check(201, 100, 200), MONEY_ABOVE_MAXIMUM);
    assert_int_equal(money_check(0, 0, 200), MONEY_FINE);
    assert_int_equal(money_check(0, 1, 200), MONEY_ZERO);
    assert_int_equal(money_check(-1, 0, 200), MONEY_NEGATIVE);
    assert_int_equal(money_check(-1, 1, 200), MONEY_NEGATIVE);
    assert_int_equal(money_check(0, -1, 200), MONEY_FINE);
    assert_int_equal(money_check(-1, -1, 200), MONEY_FINE);
    assert_int_equal(money_check(-2, -1, 200), MONEY_BELOW_MINIMUM);
    assert_int_equal(money_check(MONEY_MAX_FEN, 0, MONEY_MAX_FEN), MONEY_FINE);
    assert_int_equal(money_check(MONEY_MAX_FEN + 1, 0, 100), MONEY_TOO_LARGE);
    assert_int_equal(money_check(-MONEY_MAX_FEN, -MONEY_MAX_FEN, 100), MONEY_FINE);
    assert_int_equal(money_check(-MONEY_MAX_FEN - 1, 0, 100), MONEY_TOO_LARGE);
    assert_int_equal(money_check(INT64_MIN, 0, 100), MONEY_TOO_LARGE);
    assert_int_equal(money_check(INT64_MAX, 0, 100), MONEY_TOO_LARGE);
}

static enum money_refusal price(const char *text, int64_t *ret_e4)
{
    return money_parse_price(text, strlen(text), ret_e4);
}

static void test_typed_price(void **context)
{
    (void)context;
    int64_t e4 = 5;
    assert_int_equal(price("0.8312", &e4), MONEY_FINE);
    assert_int_equal(e4, 8312);
    assert_int_equal(price("0", &e4), MONEY_FINE);
    assert_int_equal(e4, 0);
    assert_int_equal(price("100", &e4), MONEY_FINE);
    assert_int_equal(e4, PRICE_MAX_E4);
    assert_int_equal(price("100.0001", &e4), MONEY_ABOVE_MAXIMUM);
    assert_int_equal(price("-0.0001", &e4), MONEY_NEGATIVE);
    assert_int_equal(price("0.83125", &e4), MONEY_TOO_MANY_DECIMALS);
    assert_int_equal(price("", &e4), MONEY_EMPTY);
    assert_int_equal(price("free", &e4), MONEY_NOT_A_NUMBER);
    assert_int_equal(price("9999999999999999999", &e4), MONEY_TOO_LARGE);
    assert_int_equal(e4, PRICE_MAX_E4);
}

static void test_format(void **context)
{
    (void)context;
    char text[MONEY_TEXT_MAX];
    assert_string_equal(money_format(0, text), "0.00");
    assert_string_equal(money_format(5, text), "0.05");
    assert_string_equal(money_format(-5, text), "-0.05");
    assert_string_equal(money_format(123456, text), "1234.56");
    assert_string_equal(money_format(100, text), "1.00");
    assert_string_equal(money_format(INT64_MAX, text), "92233720368547758.07");
    assert_string_equal(money_format(INT64_MIN, text), "-92233720368547758.08");
}

static void test_codes(void **context)
{
    (void)context;
    static const char *const codes[] = {
        "fine",     "empty", "not_a_number",  "too_many_decimals", "too_large",
        "negative", "zero",  "below_minimum", "above_maximum"};
    assert_int_equal(ARRAY_LEN(codes), MONEY_REFUSAL__MAX);
    for (int i = 0; i < MONEY_REFUSAL__MAX; i++) {
        assert_string_equal(money_refusal_code((enum money_refusal)i), codes[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_checked), cmocka_unit_test(test_rounding),
        cmocka_unit_test(test_mul_div), cmocka_unit_test(test_typed_yuan),
        cmocka_unit_test(test_check),   cmocka_unit_test(test_typed_price),
        cmocka_unit_test(test_format),  cmocka_unit_test(test_codes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
