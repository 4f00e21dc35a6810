#include "core/rules/platform.h"

#include <assert.h>

#include "core/rules/money.h"

#define HOUR_MS INT64_C(3600000)

/* Cost of two intervals at the power drawn now; nothing where that is more than can be. */
static int64_t drawn_fen(const struct platform_money *money)
{
    int64_t cost_e5 = 0;
    int64_t energy_wh = 0;
    if (money->power_w <= 0 ||
        money_mul_div(money->power_w, 2 * money->interval_ms, HOUR_MS, &energy_wh) != RC_OK ||
        money_cost_e5(energy_wh, money->price_e4, &cost_e5) != RC_OK) {
        return 0;
    }
    return money_from_cost_e5(cost_e5);
}

/* The same at the use that was measured last. */
static int64_t measured_fen(const struct platform_money *money)
{
    int64_t fen = 0;
    if (money->elapsed_ms <= 0 ||
        money_mul_div(money->fen, 2 * money->interval_ms, money->elapsed_ms, &fen) != RC_OK) {
        return 0;
    }
    return fen;
}

bool platform_is_low(const struct platform_money *money)
{
    assert(money != NULL && money->interval_ms > 0);
    return money->left_fen <= 0 || money->left_fen < drawn_fen(money) ||
           money->left_fen < measured_fen(money);
}

enum platform_verdict platform_at_zero(const struct platform_zero *zero)
{
    assert(zero != NULL && zero->guard != NULL && zero->stale_ms > 0);
    if (zero->relay == RELAY_OPEN || zero->forced == FORCED_TRIP ||
        zero->forced == FORCED_KEEP_ON) {
        return PLATFORM_NOTHING;
    }
    if (zero->reading_age_ms > zero->stale_ms || zero->since_last_ms > zero->stale_ms) {
        return PLATFORM_WAIT;
    }
    return zero->close_by_hand || zero->guard[0] != '\0' ? PLATFORM_ASK : PLATFORM_TRIP;
}
