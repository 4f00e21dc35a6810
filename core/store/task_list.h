/*
 * What waits for a person, beside what the list of meters says: approvals, unknown orders, unproved
 * lock-outs, keep-ons that end soon, silent gateways, read-only lines, frozen supplies.
 */
#ifndef PW_STORE_TASK_LIST_H
#define PW_STORE_TASK_LIST_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/rc.h"
#include "core/store/db.h"

#define TASKS_MAX 500 /* of one kind */

struct task_row {
    const char *kind; /* approval, unknown_command, lock_out, keep_on_ending, silent_gateway,
                         read_only_line */
    const char *object_kind;
    int64_t object_id;
    int64_t meter_id;        /* ROW_NULL where there is none */
    const char *unit_number; /* NULL where there is none, likewise the next two */
    const char *shop_name;
    const char *name;   /* of a gateway or line */
    const char *detail; /* kind of approval or order; state of a lock-out's trip, "" none */
    int64_t since_at;
};

/* keep_on_before_ms: keep-ons that end before this; unknown_since_ms: unknown orders given since.
 */
enum rc task_list(struct db *db, struct arena *arena, int64_t now_ms, int64_t keep_on_before_ms,
                  int64_t unknown_since_ms, struct task_row **ret_rows,
                  size_t *ret_count) MUST_CHECK;

#endif
