/*
 * What use costs. Exact: whole Wh times whole 1/10000 yuan, added up since the billing period began
 * (cost_e5, 1/100000 fen), rounded once a reading:
 *
 *   charge(from, to) = round(C(to)) - round(C(from))
 *
 * so that any partition of a period at stored points gives the same fen, and steps are met to the
 * Wh.
 *
 * Boundaries: moments at which a version or period begins, and (by time) at which another rate
 * comes into force. Use between two readings is split linearly in time at boundaries; the reading
 * there is rounded to the Wh (half away from zero), stored as estimated, and never computed again.
 * A reading that comes late posts a correction; it does not move a boundary.
 *
 *   CHARGE_BY_TIME       the total register alone; the calendar says the rate
 *   CHARGE_BY_REGISTERS  the meter's own rate registers, where tariff_registers_usable; the total
 * of a period is the sum of its rates. Needs a separable tariff: each step costs the same more at
 * every rate, so C is a function of the registers alone.
 *
 * Order of calls: charge_split stores the points of (from, to); charge_advance from point to point,
 * in order, each with the state that the one before gave. charge_interval does both in one go.
 */
#ifndef PW_RULES_CHARGE_H
#define PW_RULES_CHARGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/rules/tariff.h"

#define CHARGE_GAP_MAX_MS INT64_C(34560000000) /* two readings are at most 400 days apart */
#define CHARGE_LINES_MAX 256

enum charge_mode { CHARGE_BY_TIME, CHARGE_BY_REGISTERS };

struct charge_point {
    int64_t at_ms;
    int64_t total_wh;
    int64_t rate_wh[RATE__MAX]; /* used by CHARGE_BY_REGISTERS only */
    bool estimated;
};

/* Where a supply stands in its billing period; stored with each charged point. Zeroed: before any.
 */
struct charge_state {
    int64_t period_start_at_ms;
    int64_t period_wh; /* used since the period began */
    int64_t cost_e5;   /* its exact cost */
};

enum charge_line_kind {
    LINE_ENERGY,    /* use at the price of its step and rate */
    LINE_SURCHARGE, /* by registers: what the steps above the first add */
};

struct charge_line {
    int64_t period_start_at_ms;
    int version;
    enum charge_line_kind kind;
    int step;
    enum rate rate;
    int64_t price_e4; /* a surcharge may be below zero */
    int64_t energy_wh;
    int64_t cost_e5;
    int64_t fen; /* set by charge_bill_close */
};

/* Lines in the order in which they first came; lines of one period stand together. */
struct charge_bill {
    struct charge_state opening; /* where the bill begins */
    int count;
    struct charge_line lines[CHARGE_LINES_MAX];
};

/* The estimated reading at a moment strictly between two readings: linear in time, rounded to the
   Wh. */
struct charge_point charge_estimate(enum charge_mode mode, const struct charge_point *from,
                                    const struct charge_point *to, int64_t at_ms);
/* The estimated readings at each boundary strictly between two readings, in order.
   RC_INVALID: to is not after from, a register falls or is out of range. RC_TOO_LARGE: further
   apart than CHARGE_GAP_MAX_MS, or more than size points. RC_NOT_FOUND: before the first version.
 */
enum rc charge_split(const struct tariff *tariff, enum charge_mode mode,
                     const struct charge_point *from, const struct charge_point *to,
                     struct charge_point *points, size_t size, size_t *ret_count) MUST_CHECK;

/* Charges one stretch without a boundary inside. bill may be NULL.
   As charge_split; RC_INVALID too when a boundary lies inside; RC_REFUSED: by registers, and the
   version is not separable or has no rates; RC_TOO_LARGE: overflow, or too many lines (the bill is
   then not to be used). */
enum rc charge_advance(const struct tariff *tariff, enum charge_mode mode,
                       const struct charge_state *state, const struct charge_point *from,
                       const struct charge_point *to, struct charge_bill *bill,
                       struct charge_state *ret_state, int64_t *ret_fen) MUST_CHECK;

/* charge_split and charge_advance in one go, storing nothing. */
enum rc charge_interval(const struct tariff *tariff, enum charge_mode mode,
                        const struct charge_state *state, const struct charge_point *from,
                        const struct charge_point *to, struct charge_bill *bill,
                        struct charge_state *ret_state, int64_t *ret_fen) MUST_CHECK;

/* Begins a bill at a state; empties it. */
void charge_bill_open(struct charge_bill *bill, const struct charge_state *state);
/* Gives each line its fen so that they add up to the charge of the whole bill, and returns that. */
int64_t charge_bill_close(struct charge_bill *bill);

/* What an amount buys from now on, if all of it is used at one rate and nothing else changes. */
struct charge_quote_line {
    int step;
    int64_t price_e4;
    int64_t energy_wh;
};
struct charge_quote {
    int64_t debt_fen;   /* taken first */
    int64_t usable_fen; /* the rest; 0 when the debt eats all */
    int64_t energy_wh;  /* of all lines */
    bool unlimited;     /* the last line's price is zero: its energy is not counted */
    int count;
    struct charge_quote_line lines[TARIFF_STEPS_MAX];
};

/* amount_fen 1 .. MONEY_MAX_FEN; balance below zero is debt. period_wh: use in the period so far.
 */
void charge_quote(const struct tariff_version *version, enum rate rate, int64_t period_wh,
                  int64_t amount_fen, int64_t balance_fen, struct charge_quote *ret_quote);

#endif
