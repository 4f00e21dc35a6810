/*
 * The site at a glance: what the list of meters does not already say.
 */
#ifndef PW_STORE_OVERVIEW_H
#define PW_STORE_OVERVIEW_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/rc.h"
#include "core/store/db.h"
#include "core/store/meter_list.h"

#define OVERVIEW_CURVE_STEP_MS (INT64_C(15) * 60 * 1000)
#define OVERVIEW_CURVE_MAX 200

struct load_point {
    int64_t at;
    int64_t power_w; /* ROW_NULL: nothing was read */
};

struct overview_commands {
    int64_t confirmed, refused, unknown, pending;
};

/* Start of the site's day as the poller sees it, or now less 24 h where it said nothing within that
 * time. */
enum rc overview_day_start(struct db *db, struct arena *arena, int64_t now_ms,
                           int64_t *ret_start_ms) MUST_CHECK;
/* Sum of the mean power of all meters a step, since from_ms. */
enum rc overview_load_curve(struct db *db, struct arena *arena, const struct meter_row *meters,
                            size_t meters_count, int64_t from_ms, struct load_point **ret_points,
                            size_t *ret_count) MUST_CHECK;
/* Orders that write, given since from_ms; p95 of the time from order to proof, ROW_NULL where none
 * was proved. */
enum rc overview_commands(struct db *db, struct arena *arena, int64_t from_ms,
                          struct overview_commands *ret_counts, int64_t *ret_p95_ms) MUST_CHECK;

#endif
