/*
 * History of one meter, thinned to a step, and of the meters that hung in its place before.
 */
#ifndef PW_STORE_READING_LIST_H
#define PW_STORE_READING_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/rc.h"
#include "core/store/db.h"

#define READING_LIST_MAX 3000 /* points of one answer */
#define READING_EPOCHS_MAX 200

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

/* Of the supply that the meter feeds: before a swap these are readings of the meter that hung there
   then, with their energy joined to the register of the present one. RC_TOO_LARGE when there are
   more steps than READING_LIST_MAX. */
enum rc reading_list(struct db *db, struct arena *arena, const struct reading_question *question,
                     struct reading_point **ret_points, size_t *ret_count) MUST_CHECK;

/* One epoch of the supply that a meter feeds; ROW_NULL and 0 where it has not ended. */
struct meter_life {
    int64_t epoch;
    int64_t meter_id;
    const char *number;
    const char *serial_number;
    int64_t opened_at, closed_at;
    int64_t open_energy_wh;
    int64_t end_energy_wh; /* or what it says now */
    int64_t used_wh;
    int64_t open_balance_fen, close_balance_fen;
    int64_t open_count, close_count;
    bool close_typed;
    int64_t swap_id; /* that began it; ROW_NULL: an account did */
};

/* Newest first; none while nobody took the supply over. */
enum rc meter_lives(struct db *db, struct arena *arena, int64_t meter_id,
                    struct meter_life **ret_lives, size_t *ret_count) MUST_CHECK;

#endif
