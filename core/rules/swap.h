/*
 * The money of a meter swap 换表, and what the last count of the old meter says about a delivery
 * that was under way into it. All amounts in fen.
 *
 * What was taken out of the old meter (the pool) is owed to the shop. A new meter should come
 * empty; where it holds something already, that much of the pool is thereby in it (covered), and
 * the rest is delivered. What it holds beyond the pool belongs to nobody: it is taken out again
 * (excess). A debt that stood in the old meter cannot be written into the new one: it stays outside
 * (corrections), so that the ledger says what the new meter says.
 */
#ifndef PW_RULES_SWAP_H
#define PW_RULES_SWAP_H

#include <stdint.h>

struct swap_money {
    int64_t pool_fen;     /* taken out of the old meter, 0 .. */
    int64_t residual_fen; /* what stands in the old meter after that; below zero: a debt */
    int64_t new_fen;      /* what the new meter holds, 0 .. */
};

struct swap_parts {
    int64_t covered_fen;    /* of the pool: in the new meter already */
    int64_t deliver_fen;    /* of the pool: to be delivered into it */
    int64_t excess_fen;     /* to be taken out of the new meter again */
    int64_t correction_fen; /* signed: what the books give the shop so that they say new_fen */
};

struct swap_parts swap_divide(const struct swap_money *money);

enum swap_flight {
    SWAP_FLIGHT_NONE,        /* nothing was under way, and the count is ours */
    SWAP_FLIGHT_APPLIED,     /* it reached the old meter */
    SWAP_FLIGHT_NOT_APPLIED, /* the old meter went away below its count: it never can */
    SWAP_FLIGHT_DIFFERS      /* the count is neither: a person must look again */
};

/* ended_count: opening count of the epoch and all counts that ended; flight_count: of the delivery
   under way, 0 none; last_count: what the old meter showed at its end. */
enum swap_flight swap_judge_flight(int64_t ended_count, int64_t flight_count, int64_t last_count);

#endif
