/*
 * Can this reading be true? A doubtful one is kept and flagged, never dropped: the flags become
 * alarms.
 */
#ifndef PW_RULES_PLAUSIBILITY_H
#define PW_RULES_PLAUSIBILITY_H

#include <stdint.h>

#include "core/rules/point.h"

enum plausibility {
    PLAUSIBLE = 0,
    IMPLAUSIBLE_IDENTITY = 1,    /* another model code than the meter should have */
    IMPLAUSIBLE_ENERGY_BACK = 2, /* the energy register fell */
    IMPLAUSIBLE_ENERGY_JUMP = 4  /* it rose by more than the wiring can carry */
};

struct plausibility_limits {
    int64_t model_code;  /* what register 0200 must say; 0: not known */
    int64_t power_max_w; /* most the wiring can carry, see plausibility_power_max_w */
};

/* Most power of a three-phase meter: 3 x 260 V x 100 A when connected directly, x 10 A x ratio
   behind current and voltage transformers. Ratios 1 .. 10000. */
int64_t plausibility_power_max_w(int64_t ct_ratio, int64_t pt_ratio);
/* Flags of `now`, or'ed. before: the last reading of the same meter, or NULL. A minute of full load
   is allowed on top, for delays and the resolution of the register. */
unsigned plausibility_check(const struct plausibility_limits *limits, const struct reading *before,
                            const struct reading *now);

#endif
