/*
 * What must always hold in the database. Each invariant is one query that brings the offenders: no
 * rows, no fault. New ones are rows of the table in invariant.c; each has a mutation in the tests
 * that trips it.
 */
#ifndef PW_STORE_INVARIANT_H
#define PW_STORE_INVARIANT_H

#include <stddef.h>

#include "core/base/arena.h"
#include "core/base/rc.h"
#include "core/store/db.h"

#define INVARIANT_OFFENDERS_MAX 20 /* named in one go */

struct invariant {
    const char *name;     /* "one_lock_out" */
    const char *sentence; /* what holds, in plain words */
    const char *sql;      /* one text column: who breaks it */
};

/* How many there are. */
size_t invariants_count(void);
/* index below invariants_count(). */
const struct invariant *invariant_at(size_t index);
/* Runs one; the offenders, at most INVARIANT_OFFENDERS_MAX, in the arena. */
enum rc invariant_check(struct db *db, struct arena *arena, size_t index,
                        const char ***ret_offenders, size_t *ret_count) MUST_CHECK;

#endif
