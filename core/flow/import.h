/*
 * Import of a park: dry run, probe of each address, one commit, one undo. Each act is one
 * transaction with its audit row.
 *
 *   checked <-> probing (while questions to the field are open)
 *      |  \---------> committed -> undone
 *      \--> abandoned (older than a month, by paywatt-jobs)
 *
 * A commit checks the stored file again: if any row's verdict is not what the dry run said, nothing
 * is written. An undo puts back what was there before, and refuses when that has changed since or
 * something hangs on it.
 */
#ifndef PW_FLOW_IMPORT_H
#define PW_FLOW_IMPORT_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/rc.h"
#include "core/store/audit.h"
#include "core/store/db.h"
#include "core/store/import.h"

#define IMPORT_WHY_BYTES 1000
/* Patience with the field: a line that is not polled yet is asked one address after the other. */
#define IMPORT_PROBE_BASE_MS 60000
#define IMPORT_PROBE_EACH_MS 1000

/* Why a step was refused, in both languages; "" on success. */
struct import_why {
    char zh[IMPORT_WHY_BYTES];
    char en[IMPORT_WHY_BYTES];
};

/* Checks a file and stores it with its verdicts. RC_INVALID: the file as a whole cannot be read;
 * RC_TOO_LARGE. */
enum rc import_run_check(struct db *db, struct arena *arena, const struct actor *actor,
                         const char *file_name, const char *bytes, size_t len, int64_t *ret_id,
                         struct import_why *ret_why) MUST_CHECK;
/* Asks the field about every meter row without an error. The caller wakes the pollers. RC_CONFLICT:
 * not checked. */
enum rc import_run_probe(struct db *db, struct arena *arena, const struct actor *actor, int64_t id,
                         int64_t *ret_asked, struct import_why *ret_why) MUST_CHECK;
/* Takes in what the field has answered; *ret_waiting: still open. */
enum rc import_take_answers(struct db *db, struct arena *arena, int64_t id,
                            int64_t *ret_waiting) MUST_CHECK;
/* RC_REFUSED: a row is in error. RC_CONFLICT: committed already, or the database has changed since
 * the dry run.  */
enum rc import_run_commit(struct db *db, struct arena *arena, const struct actor *actor, int64_t id,
                          struct import_why *ret_why) MUST_CHECK;
/* RC_CONFLICT: not committed. RC_REFUSED: orders hang on it, or it changed since. reason: 1 .. 200
 * characters. */
enum rc import_run_undo(struct db *db, struct arena *arena, const struct actor *actor, int64_t id,
                        const char *reason, struct import_why *ret_why) MUST_CHECK;

#endif
