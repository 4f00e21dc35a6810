/*
 * Every table of the connection's database as numbers: rows, and two sums over all values of all
 * rows in any order (CRC-32 and CRC-32C of each row, added and XORed). Equal numbers of a backup's
 * snapshot and of what was restored from it say that nothing was lost, added or changed. Not a
 * defence against somebody who means it: that is the audit chain.
 */
#ifndef PW_STORE_TABLE_SUM_H
#define PW_STORE_TABLE_SUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/rc.h"
#include "core/store/db.h"

#define TABLE_SUMS_MAX 300

struct table_sum {
    const char *name;
    int64_t rows;
    int64_t sum; /* of the CRC-32 of each row */
    int64_t mix; /* XOR of the CRC-32C of each row */
};

/* By name, texts in the arena, which must live as long as the connection (db.h). Large partitioned
   tables are read a partition at a time. stop: RC_EXPIRED (NULL: never). Inside a transaction all
   of one snapshot. */
enum rc table_sums_read(struct db *db, struct arena *arena, bool (*stop)(void),
                        struct table_sum **ret_sums, size_t *ret_count) MUST_CHECK;
/* NULL when both lists are the same, else one sentence in the arena that names the first table that
   differs. */
const char *table_sums_differ(struct arena *arena, const struct table_sum *wanted,
                              size_t wanted_count, const struct table_sum *found,
                              size_t found_count);

#endif
