/*
 * History of one meter, thinned to a step.
 */
#ifndef PW_STORE_READING_LIST_H
#define PW_STORE_READING_LIST_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/rc.h"
#include "core/store/db.h"

#define READING_LIST_MAX 3000 /* points of one answer */

struct reading_point {
    int64_t at;
    int64_t power_w; /* ROW_NULL where not known, likewise the next two */
    int64_t balance_fen;
    int64_t energy_wh;
    const char *relay; /* closed, open, partial, unknown */
};

struct reading_question {
    int64_t meter_id;
    int64_t from_ms;
    int64_t to_ms;  /* exclusive */
    int64_t step_s; /* the last reading of each step is shown, with the step's mean power */
};

/* RC_TOO_LARGE when there are more steps than READING_LIST_MAX. */
enum rc reading_list(struct db *db, struct arena *arena, const struct reading_question *question,
                     struct reading_point **ret_points, size_t *ret_count) MUST_CHECK;

#endif
