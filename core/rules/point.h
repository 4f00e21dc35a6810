/*
 * Points and readings. A reading is what one meter answered at one moment: a value per point, and
 * which points it holds. It is a plain value (no pointers), copied freely between threads.
 */
#ifndef PW_RULES_POINT_H
#define PW_RULES_POINT_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/rc.h"

enum point {
#define POINT(id, name, unit, slow) POINT_##id,
#include "core/rules/point.def"
#undef POINT
    POINT__MAX
};

_Static_assert(POINT__MAX <= 64, "struct reading keeps presence in one 64-bit word");

struct reading {
    int64_t meter_id;
    int64_t taken_at_ms; /* when the answer was complete */
    uint64_t present;    /* bit n: point n holds a value */
    int64_t value[POINT__MAX];
};

/* Name of a point in model files. Never NULL. */
const char *point_name(enum point point);
/* Canonical unit, "" where there is none. Never NULL. */
const char *point_unit(enum point point);
/* True for points that belong to slow blocks. */
bool point_is_slow(enum point point);
/* True for prices, thresholds and fee control: what a balance means. */
bool point_is_money(enum point point);
/* Finds a point by its name; RC_NOT_FOUND. */
enum rc point_find(const char *name, enum point *ret_point) MUST_CHECK;
/* Sets a value and its presence. */
void reading_set(struct reading *reading, enum point point, int64_t value);
/* True and the value if the reading holds the point. */
bool reading_get(const struct reading *reading, enum point point, int64_t *ret_value);

#endif
