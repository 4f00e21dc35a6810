/*
 * What must always hold in the database: the files of schema/invariants, each with a sentence in
 * both languages and one query that brings the offenders. No rows, no fault. A new one is a new
 * file, and a mutation in the tests that trips it.
 *
 *   -- zh: 一个供电点最多一个有效的检修锁定。
 *   -- en: A supply has at most one active lock-out.
 *   SELECT ...
 */
#ifndef PW_STORE_INVARIANT_H
#define PW_STORE_INVARIANT_H

#include <stddef.h>

#include "core/base/arena.h"
#include "core/base/rc.h"
#include "core/base/text.h"
#include "core/store/db.h"

#define INVARIANTS_MAX 500
#define INVARIANT_OFFENDERS_MAX 20 /* named in one go */

struct invariant {
    const char *name; /* "F01_one_lock_out" */
    const char *zh;
    const char *en;
    const char *sql;
};

/* Reads folder/invariants, by name. Texts live in the arena, which must live as long as the
   connections that check them (db.h keeps statements by the address of their text). problem: a
   sentence that names the file. */
enum rc invariants_load(const char *folder, struct arena *arena, struct text *problem,
                        struct invariant **ret_invariants, size_t *ret_count) MUST_CHECK;
/* Runs one; its offenders as one text a row, at most INVARIANT_OFFENDERS_MAX, in the arena. */
enum rc invariant_check(struct db *db, struct arena *arena, const struct invariant *invariant,
                        const char ***ret_offenders, size_t *ret_count) MUST_CHECK;

#endif
