#include "core/rules/plausibility.h"

#include <assert.h>
#include <stddef.h>

#define PHASE_VOLTAGE_MAX_V 260
#define DIRECT_CURRENT_MAX_A 100
#define TRANSFORMER_CURRENT_MAX_A 10
#define POWER_MAX_W INT64_C(10000000000)
#define GAP_MAX_MS (INT64_C(400) * 86400 * 1000) /* older readings are not compared */

int64_t plausibility_power_max_w(int64_t ct_ratio, int64_t pt_ratio)
{
    assert(ct_ratio >= 1 && ct_ratio <= 10000 && pt_ratio >= 1 && pt_ratio <= 10000);
    int64_t current_a = ct_ratio > 1 ? TRANSFORMER_CURRENT_MAX_A : DIRECT_CURRENT_MAX_A;
    int64_t power_w = INT64_C(3) * PHASE_VOLTAGE_MAX_V * current_a * ct_ratio * pt_ratio;
    return power_w < POWER_MAX_W ? power_w : POWER_MAX_W;
}

static unsigned check_energy(const struct plausibility_limits *limits, const struct reading *before,
                             const struct reading *now)
{
    int64_t old_wh = 0;
    int64_t new_wh = 0;
    if (!reading_get(before, POINT_energy, &old_wh) || !reading_get(now, POINT_energy, &new_wh)) {
        return PLAUSIBLE;
    }
    if (new_wh < old_wh) {
        return IMPLAUSIBLE_ENERGY_BACK;
    }
    int64_t passed_ms = now->taken_at_ms - before->taken_at_ms;
    if (passed_ms < 0 || passed_ms > GAP_MAX_MS || limits->power_max_w <= 0 ||
        limits->power_max_w > POWER_MAX_W) {
        return PLAUSIBLE;
    }
    int64_t seconds = passed_ms / 1000 + 60; /* a minute more: meters and wires have delays */
    int64_t most_wh = limits->power_max_w * seconds / 3600;
    return new_wh - old_wh > most_wh ? IMPLAUSIBLE_ENERGY_JUMP : PLAUSIBLE;
}

unsigned plausibility_check(const struct plausibility_limits *limits, const struct reading *before,
                            const struct reading *now)
{
    assert(limits != NULL && now != NULL);
    unsigned flags = PLAUSIBLE;
    int64_t model_code = 0;
    if (limits->model_code > 0 && reading_get(now, POINT_model_code, &model_code) &&
        model_code != limits->model_code) {
        flags |= IMPLAUSIBLE_IDENTITY;
    }
    if (before != NULL) {
        flags |= check_energy(limits, before, now);
    }
    return flags;
}
