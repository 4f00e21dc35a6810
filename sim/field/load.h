/*
 * What a shop draws: watts by trade, area, hour of day and a noise that depends on the meter alone.
 *
 * Pure: the same meter, seed and time give the same load. Times are civil milliseconds of the
 * site's zone.
 */
#ifndef PW_SIM_FIELD_LOAD_H
#define PW_SIM_FIELD_LOAD_H

#include <stdint.h>

#include "sim/field/park.h"

#define LOAD_SLOT_MS 10000      /* the load is constant within a slot */
#define LOAD_DIRECT_W 28000     /* most that a meter without current transformers is given */
#define LOAD_TRANSFORMED_W 4200 /* most per unit of CT ratio */

struct load {
    uint64_t seed; /* of this meter */
    enum park_trade trade;
    enum park_state state;
    int64_t rated_w; /* at 100 % of the curve */
};

/* The load of a meter's unit. */
struct load load_of(const struct park_meter *meter, uint64_t seed);
/* Watts at a civil time. Never negative. */
int64_t load_power_w(const struct load *load, int64_t civil_ms);
/* Watt hours of an ordinary day. */
int64_t load_day_wh(const struct load *load);
/* A well mixed number of two others (splitmix64). */
uint64_t load_mix(uint64_t a, uint64_t b);

#endif
