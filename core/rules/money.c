#include "core/rules/money.h"

#include <assert.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "core/base/text.h"

static const char *const refusal_codes[MONEY_REFUSAL__MAX] = {
    [MONEY_FINE] = "fine",
    [MONEY_EMPTY] = "empty",
    [MONEY_NOT_A_NUMBER] = "not_a_number",
    [MONEY_TOO_MANY_DECIMALS] = "too_many_decimals",
    [MONEY_TOO_LARGE] = "too_large",
    [MONEY_NEGATIVE] = "negative",
    [MONEY_ZERO] = "zero",
    [MONEY_BELOW_MINIMUM] = "below_minimum",
    [MONEY_ABOVE_MAXIMUM] = "above_maximum",
};

enum rc money_add(int64_t a, int64_t b, int64_t *ret_sum)
{
    assert(ret_sum != NULL);
    int64_t sum = 0;
    if (__builtin_add_overflow(a, b, &sum)) {
        return RC_TOO_LARGE;
    }
    *ret_sum = sum;
    return RC_OK;
}

enum rc money_sub(int64_t a, int64_t b, int64_t *ret_difference)
{
    assert(ret_difference != NULL);
    int64_t difference = 0;
    if (__builtin_sub_overflow(a, b, &difference)) {
        return RC_TOO_LARGE;
    }
    *ret_difference = difference;
    return RC_OK;
}

enum rc money_mul(int64_t a, int64_t b, int64_t *ret_product)
{
    assert(ret_product != NULL);
    int64_t product = 0;
    if (__builtin_mul_overflow(a, b, &product)) {
        return RC_TOO_LARGE;
    }
    *ret_product = product;
    return RC_OK;
}

/* C truncates towards zero, so the rest has the numerator's sign: one more step away from zero when
   the rest is half the divisor or more. Nothing here can overflow: |rest| < divisor < 2^63. */
static __int128 round_wide(__int128 numerator, int64_t divisor)
{
    __int128 quotient = numerator / divisor;
    __int128 rest = numerator % divisor;
    if (2 * rest >= divisor) {
        return quotient + 1;
    }
    if (-2 * rest >= divisor) {
        return quotient - 1;
    }
    return quotient;
}

enum rc money_mul_div(int64_t a, int64_t b, int64_t divisor, int64_t *ret_quotient)
{
    assert(divisor > 0 && ret_quotient != NULL);
    __int128 quotient = round_wide((__int128)a * b, divisor);
    if (quotient > INT64_MAX || quotient < INT64_MIN) {
        return RC_TOO_LARGE;
    }
    *ret_quotient = (int64_t)quotient;
    return RC_OK;
}

int64_t money_round(int64_t numerator, int64_t divisor)
{
    assert(divisor > 0);
    return (int64_t)round_wide(numerator, divisor);
}

int64_t money_from_cost_e5(int64_t cost_e5)
{
    return money_round(cost_e5, COST_E5_PER_FEN);
}

enum rc money_cost_e5(int64_t energy_wh, int64_t price_e4, int64_t *ret_cost_e5)
{
    return money_mul(energy_wh, price_e4, ret_cost_e5);
}

/* Digits, at most one point with digits on both sides, at most one leading minus. */
static bool looks_like_a_number(const char *bytes, size_t len, size_t *ret_decimals)
{
    size_t start = bytes[0] == '-' ? 1 : 0;
    size_t point = len;
    for (size_t i = start; i < len; i++) {
        if (bytes[i] == '.' && point == len) {
            point = i;
        } else if (bytes[i] < '0' || bytes[i] > '9') {
            return false;
        }
    }
    if (point == start || point + 1 == len) { /* also when there are no digits at all */
        return false;
    }
    *ret_decimals = point == len ? 0 : len - point - 1;
    return true;
}

static enum money_refusal parse(const char *bytes, size_t len, int decimals, int64_t *ret_scaled)
{
    if (len == 0) {
        return MONEY_EMPTY;
    }
    size_t typed_decimals = 0;
    if (!looks_like_a_number(bytes, len, &typed_decimals)) {
        return MONEY_NOT_A_NUMBER;
    }
    if (typed_decimals > (size_t)decimals) {
        return MONEY_TOO_MANY_DECIMALS;
    }
    bool negative = bytes[0] == '-';
    size_t whole = negative ? 1 : 0;
    if (bytes[whole] == '0' && len > whole + 1 && bytes[whole + 1] != '.') {
        return MONEY_NOT_A_NUMBER; /* 007: somebody meant something else */
    }
    int64_t scaled = 0;
    if (text_parse_decimal(bytes + whole, len - whole, decimals, &scaled) != RC_OK) {
        return MONEY_TOO_LARGE;
    }
    *ret_scaled = negative ? -scaled : scaled;
    return MONEY_FINE;
}

enum money_refusal money_check(int64_t amount_fen, int64_t min_fen, int64_t max_fen)
{
    assert(min_fen <= max_fen && min_fen >= -MONEY_MAX_FEN && max_fen <= MONEY_MAX_FEN);
    if (amount_fen > MONEY_MAX_FEN || amount_fen < -MONEY_MAX_FEN) {
        return MONEY_TOO_LARGE;
    }
    if (amount_fen < 0 && min_fen >= 0) {
        return MONEY_NEGATIVE;
    }
    if (amount_fen == 0 && min_fen > 0) {
        return MONEY_ZERO;
    }
    if (amount_fen < min_fen) {
        return MONEY_BELOW_MINIMUM;
    }
    return amount_fen > max_fen ? MONEY_ABOVE_MAXIMUM : MONEY_FINE;
}

enum money_refusal money_parse_yuan(const char *bytes, size_t len, int64_t min_fen, int64_t max_fen,
                                    int64_t *ret_fen)
{
    assert(bytes != NULL && ret_fen != NULL);
    int64_t fen = 0;
    enum money_refusal refusal = parse(bytes, len, 2, &fen);
    if (refusal == MONEY_FINE) {
        refusal = money_check(fen, min_fen, max_fen);
    }
    if (refusal == MONEY_FINE) {
        *ret_fen = fen;
    }
    return refusal;
}

enum money_refusal money_parse_price(const char *bytes, size_t len, int64_t *ret_price_e4)
{
    assert(bytes != NULL && ret_price_e4 != NULL);
    int64_t price_e4 = 0;
    enum money_refusal refusal = parse(bytes, len, 4, &price_e4);
    if (refusal != MONEY_FINE) {
        return refusal;
    }
    if (price_e4 < 0) {
        return MONEY_NEGATIVE;
    }
    if (price_e4 > PRICE_MAX_E4) {
        return MONEY_ABOVE_MAXIMUM;
    }
    *ret_price_e4 = price_e4;
    return MONEY_FINE;
}

const char *money_refusal_code(enum money_refusal refusal)
{
    assert(refusal >= 0 && refusal < MONEY_REFUSAL__MAX);
    return refusal_codes[refusal];
}

char *money_format(int64_t amount_fen, char text[MONEY_TEXT_MAX])
{
    assert(text != NULL);
    uint64_t size = amount_fen < 0 ? 0 - (uint64_t)amount_fen : (uint64_t)amount_fen;
    (void)snprintf(text, MONEY_TEXT_MAX, "%s%" PRIu64 ".%02" PRIu64, amount_fen < 0 ? "-" : "",
                   size / 100, size % 100);
    return text;
}
