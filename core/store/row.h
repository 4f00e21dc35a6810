/*
 * Readers of result rows. For structs that pages show null numbers become ROW_NULL, which the web
 * side's shapes write as null. Times that are null are 0.
 */
#ifndef PW_STORE_ROW_H
#define PW_STORE_ROW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/store/db.h"

#define ROW_NULL INT64_MIN

static inline int64_t row_int(const struct db_rows *rows, size_t row, size_t column)
{
    return db_is_null(rows, row, column) ? ROW_NULL : db_get_int(rows, row, column);
}

static inline bool row_bool(const struct db_rows *rows, size_t row, size_t column)
{
    return db_get_int(rows, row, column) != 0;
}

static inline const char *row_text_or_null(const struct db_rows *rows, size_t row, size_t column)
{
    return db_is_null(rows, row, column) ? NULL : db_get_text(rows, row, column);
}

/* Of a change that names the state it moves from: RC_CONFLICT where the row is no longer so. */
static inline enum rc row_moved(const struct db_outcome *outcome)
{
    return outcome->affected_rows == 1 ? RC_OK : RC_CONFLICT;
}

/* What a table's ENUM says and the program does not know is the program's fault. */
static inline enum rc row_known(enum rc found)
{
    return found == RC_OK ? RC_OK : RC_INTERNAL;
}

/* The text of a cursor that continues after id, or NULL at the end of a list: rows_count is one
   more than the page when there is more. */
static inline const char *row_cursor(struct arena *arena, size_t rows_count, size_t limit,
                                     int64_t last_id)
{
    return rows_count > limit ? arena_printf(arena, "%lld", (long long)last_id) : NULL;
}

#endif
