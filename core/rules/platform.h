/*
 * Platform mode 平台计费: when money counts as low, and what follows when it is used up. Pure.
 *
 *   left = balance + overdraft
 *   low        left is less than two intervals of use, as measured last or as drawn now: each
 *              reading is charged
 *   used up    left is zero or less; then the first row that holds:
 *
 *     PLATFORM_NOTHING   the supply is off already, or is kept on by order
 *     PLATFORM_WAIT      the reading is old, or the one before it is: two fresh ones are needed
 *     PLATFORM_ASK       a hand would have to close it again, or a guard refuses the order
 *                        (protected, locked out, read-only, ...): a person decides
 *     PLATFORM_TRIP      the order goes out in the transaction that charged
 */
#ifndef PW_RULES_PLATFORM_H
#define PW_RULES_PLATFORM_H

#include <stdbool.h>
#include <stdint.h>

#include "core/rules/supply_state.h"

struct platform_money {
    int64_t left_fen;    /* balance + overdraft */
    int64_t fen;         /* cost of the stretch that was charged last */
    int64_t elapsed_ms;  /* its length; 0: nothing was charged yet */
    int64_t power_w;     /* drawn now; 0 or less: not known, or none */
    int64_t price_e4;    /* of the next Wh */
    int64_t interval_ms; /* > 0 */
};

/* True while each reading is to be charged. */
bool platform_is_low(const struct platform_money *money);

enum platform_verdict {
    PLATFORM_NOTHING,
    PLATFORM_WAIT,
    PLATFORM_ASK,
    PLATFORM_TRIP,
    PLATFORM_VERDICT__MAX
};

struct platform_zero {
    enum relay_state relay;
    enum forced_state forced;
    int64_t reading_age_ms;
    int64_t since_last_ms; /* between this reading and the one looked at before */
    int64_t stale_ms;
    bool close_by_hand; /* marked so, or an external breaker */
    const char *guard;  /* code of the guard that refuses an automatic trip, "" none */
};

/* What follows when nothing is left. */
enum platform_verdict platform_at_zero(const struct platform_zero *zero);

#endif
