/*
 * Lines: their list with health for the pages, and the row that an administrator makes writable.
 */
#ifndef PW_STORE_LINE_LIST_H
#define PW_STORE_LINE_LIST_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/rc.h"
#include "core/store/db.h"

/* Locks the row of a line and tells whether it is writable; its code lives in the arena.
 * RC_NOT_FOUND. */
enum rc lines_lock(struct db *db, struct arena *arena, int64_t line_id, bool *ret_writable,
                   const char **ret_code) MUST_CHECK;
/* changed_by: user id, 0 for an operator at the command line. Asserts a transaction. */
enum rc lines_set_writable(struct db *db, int64_t line_id, bool writable,
                           int64_t changed_by) MUST_CHECK;

#endif
