/*
 * The recorded acceptance run on one meter (design 6.8): a purchase, the same again, a count too
 * high, a purchase of nothing, one past the hoarding limit, and last the absolute write that puts
 * balance and count back where they were. What the read-backs show is what the model may promise.
 *
 * Real frames leave, so the meter must be one whose money nobody's books hold yet. Each step is
 * {"step", "capability", "sent": {"amount_fen", "count"}, "before": {"count", "balance_fen"},
 * "after": {...}, "cost_fen", "tolerance_fen", "verdict": "proven" | "disproved" | "unclear"}.
 */
#ifndef PW_POLLER_ACCEPTANCE_H
#define PW_POLLER_ACCEPTANCE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/text.h"
#include "poller/device.h"

struct acceptance {
    int64_t amount_fen;                    /* of the purchases, > 0 */
    int64_t hoard_fen;                     /* the meter's own limit; 0: not known, step left out */
    char serial_number[SERIAL_NUMBER_MAX]; /* what the meter must answer */
};

/* Runs it on the caller's link. Appends {"serial_number", "steps": [...], "restored": bool}; false
   with an error object instead when it could not begin. */
bool acceptance_run(const struct device *device, const struct acceptance *acceptance,
                    struct text *json);

#endif
