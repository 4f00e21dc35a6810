/*
 * Rows that have served: removed in bounded batches, so that no statement holds a table for long.
 */
#ifndef PW_STORE_CLEANUP_H
#define PW_STORE_CLEANUP_H

#include <stdint.h>

#include "core/base/rc.h"
#include "core/store/db.h"

#define CLEANUP_BATCH 5000

/* Each removes at most CLEANUP_BATCH rows older than a moment; *ret_rows: how many. */
enum rc cleanup_idempotency(struct db *db, int64_t before_ms, int64_t *ret_rows) MUST_CHECK;
enum rc cleanup_field_requests(struct db *db, int64_t before_ms, int64_t *ret_rows) MUST_CHECK;
enum rc cleanup_line_history(struct db *db, int64_t before_ms, int64_t *ret_rows) MUST_CHECK;
/* Dry runs that nobody committed become abandoned. */
enum rc cleanup_imports(struct db *db, int64_t before_ms, int64_t *ret_rows) MUST_CHECK;

#endif
