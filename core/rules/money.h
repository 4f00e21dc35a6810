/*
 * Money, energy and prices as whole numbers. No floating point, no silent overflow.
 *
 *   fen        int64, 1/100 yuan
 *   price_e4   int64, 1/10000 yuan per kWh (or m3), 0 .. PRICE_MAX_E4
 *   cost_e5    int64, 1/100000 fen: energy_wh * price_e4 is exact in this unit
 *
 * money_round is the only place in the program where a part of a fen is decided: half away from
 * zero (0.5 -> 1, -0.5 -> -1).
 */
#ifndef PW_RULES_MONEY_H
#define PW_RULES_MONEY_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/rc.h"

#define MONEY_MAX_FEN INT64_C(1000000000000) /* no single amount is above ten billion yuan */
#define MONEY_TEXT_MAX 24                    /* bytes of money_format, NUL included */
#define PRICE_MAX_E4 INT64_C(1000000)        /* 100 yuan per kWh */
#define COST_E5_PER_FEN INT64_C(100000)
#define ENERGY_MAX_WH INT64_C(1000000000000) /* a register beyond 10^9 kWh is not believed */

/* Why a typed amount or price is not taken, in the order in which it is asked. */
enum money_refusal {
    MONEY_FINE,
    MONEY_EMPTY,
    MONEY_NOT_A_NUMBER,      /* anything but digits, one point, one leading minus */
    MONEY_TOO_MANY_DECIMALS, /* finer than a fen (a price: finer than 1/10000 yuan) */
    MONEY_TOO_LARGE,         /* above the largest amount there is */
    MONEY_NEGATIVE,          /* below zero where only positive amounts are taken */
    MONEY_ZERO,
    MONEY_BELOW_MINIMUM,
    MONEY_ABOVE_MAXIMUM,
    MONEY_REFUSAL__MAX
};

/* RC_TOO_LARGE on overflow of int64. */
enum rc money_add(int64_t a, int64_t b, int64_t *ret_sum) MUST_CHECK;
enum rc money_sub(int64_t a, int64_t b, int64_t *ret_difference) MUST_CHECK;
enum rc money_mul(int64_t a, int64_t b, int64_t *ret_product) MUST_CHECK;
/* a * b / divisor, exact in 128 bits, rounded half away from zero. divisor > 0. RC_TOO_LARGE. */
enum rc money_mul_div(int64_t a, int64_t b, int64_t divisor, int64_t *ret_quotient) MUST_CHECK;
/* numerator / divisor rounded half away from zero; divisor > 0. */
int64_t money_round(int64_t numerator, int64_t divisor);
/* A cost in 1/100000 fen as fen, rounded by money_round. */
int64_t money_from_cost_e5(int64_t cost_e5);
/* energy_wh * price_e4 in 1/100000 fen. RC_TOO_LARGE. */
enum rc money_cost_e5(int64_t energy_wh, int64_t price_e4, int64_t *ret_cost_e5) MUST_CHECK;

/* Reads what a person typed as yuan: digits, at most two decimals, optional minus, nothing else.
   min_fen <= max_fen, both within +-MONEY_MAX_FEN. Where min_fen > 0 zero and negative amounts have
   their own reason. ret_fen is untouched unless MONEY_FINE. */
enum money_refusal money_parse_yuan(const char *bytes, size_t len, int64_t min_fen, int64_t max_fen,
                                    int64_t *ret_fen) MUST_CHECK;
/* Reads a price in yuan per kWh with at most four decimals, 0 .. PRICE_MAX_E4. */
enum money_refusal money_parse_price(const char *bytes, size_t len,
                                     int64_t *ret_price_e4) MUST_CHECK;
/* An amount that came as a number: the same reasons, without those of the text. */
enum money_refusal money_check(int64_t amount_fen, int64_t min_fen, int64_t max_fen) MUST_CHECK;
/* Stable code of a reason for problem bodies: "too_many_decimals". Never NULL. */
const char *money_refusal_code(enum money_refusal refusal);
/* "-12.05". Any int64. Returns text. */
char *money_format(int64_t amount_fen, char text[MONEY_TEXT_MAX]);

#endif
