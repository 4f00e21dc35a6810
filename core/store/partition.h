/*
 * Monthly partitions of table reading (UTC months), with one for everything later.
 *
 *   p_before | p_202601 | ... | p_202611 | p_202612 | p_202701 | p_202702 | p_future (MAXVALUE)
 *
 * Rows beyond the last month are never refused: they lie in p_future and move when their month is
 * made.
 */
#ifndef PW_STORE_PARTITION_H
#define PW_STORE_PARTITION_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/rc.h"
#include "core/store/db.h"

#define PARTITIONS_MAX 2000
#define PARTITION_NAME_BYTES 65

struct partition {
    char name[PARTITION_NAME_BYTES];
    int month;    /* year * 12 + month - 1 of the rows it holds; -1 for p_before and p_future */
    int64_t rows; /* an estimate of the server */
    int64_t bytes;
};

/* In the order of the table. */
enum rc partitions_list(struct db *db, struct arena *arena, struct partition **ret_partitions,
                        size_t *ret_count) MUST_CHECK;
/* Makes the months up to months_ahead after the month of now_ms. *ret_made: how many. Waits at most
   some seconds for the table, so that readings are not held up: RC_RETRY then. */
enum rc partitions_extend(struct db *db, struct arena *arena, int64_t now_ms, int64_t months_ahead,
                          size_t *ret_made) MUST_CHECK;
/* Drops months that ended more than keep_months before the month of now_ms. *ret_dropped: how many.
 */
enum rc partitions_retire(struct db *db, struct arena *arena, int64_t now_ms, int64_t keep_months,
                          size_t *ret_dropped) MUST_CHECK;
/* Whole months that are there after the month of now_ms; 0 when not even that month is. */
enum rc partitions_ahead(struct db *db, struct arena *arena, int64_t now_ms,
                         int64_t *ret_months) MUST_CHECK;

#endif
