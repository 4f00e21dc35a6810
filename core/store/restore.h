/*
 * What a restore does to the database server, and the rows of restore_run and restore_check.
 *
 * A backup is loaded into a database beside the live one, marked there as restored, and then both
 * change names in one statement. Whatever fails before leaves the live database as it was.
 */
#ifndef PW_STORE_RESTORE_H
#define PW_STORE_RESTORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/config.h"
#include "core/base/rc.h"
#include "core/base/text.h"
#include "core/rules/evidence.h"
#include "core/store/db.h"

#define RESTORE_CHECKS_MAX 500 /* of one look */
#define RESTORE_ID_JUMP 1000000

/* ---- the server; db is the administrator's connection ---- */

/* Database users of our programs that are connected now, "pw_poller, pw_staff"; "" none. */
enum rc restore_connected(struct db *db, struct arena *arena, const char *prefix,
                          const char **ret_users) MUST_CHECK;
/* Keeps the programs out, and lets them in again; users that do not exist are left out. */
enum rc restore_lock_users(struct db *db, struct arena *arena, const char *prefix,
                           bool locked) MUST_CHECK;
/* Names of the binlogs of the server, oldest first. */
enum rc restore_binlogs(struct db *db, struct arena *arena, const char ***ret_names,
                        size_t *ret_count) MUST_CHECK;
enum rc restore_database_drop(struct db *db, const char *name) MUST_CHECK;
/* From here on nothing of this connection goes into the binlog. */
enum rc restore_unlogged(struct db *db) MUST_CHECK;
/* db: connected to the live database. The first restore after a moment; 0: none. */
enum rc restore_first_after(struct db *db, struct arena *arena, int64_t after_ms,
                            int64_t *ret_restored_at_ms) MUST_CHECK;
/* live becomes aside (made new), fresh becomes live: one statement. fresh is empty afterwards and
   removed. */
enum rc restore_swap(struct db *db, struct arena *arena, const char *fresh, const char *live,
                     const char *aside) MUST_CHECK;
/* No id that the lost time gave away is given again: each table goes on RESTORE_ID_JUMP higher. */
enum rc restore_jump_ids(struct db *db, struct arena *arena) MUST_CHECK;

/* ---- rows ---- */

struct restore_run {
    int64_t id;
    int64_t restored_at_ms;
    const char *backup_name;
    int64_t backup_at_ms;
    int64_t until_at_ms; /* 0: nothing, or everything, was replayed */
    bool replayed;
    const char *made_by;
    const char *reason;
};

/* Inside a transaction: writes the row, one pending check for each supply whose meter holds money
   (what was pending before is superseded), ends every session and the running mark of the backup
   itself. ret_checks: how many supplies wait. */
enum rc restore_mark(struct db *db, const struct restore_run *run, bool verified, int64_t *ret_id,
                     int64_t *ret_checks) MUST_CHECK;
/* True while the supply waits for its check; asserts a transaction. */
enum rc restore_checks_pending(struct db *db, struct arena *arena, int64_t supply_id,
                               bool *ret_pending) MUST_CHECK;

/* A pending check whose meter was read since. */
struct restore_look {
    int64_t restore_id;
    int64_t supply_id;
    int64_t our_count;
    bool in_flight;
    int64_t extra_fen;
    bool has_balance;
    int64_t our_balance_fen;
    struct evidence before;
    struct evidence after;
    int64_t meter_count;
    int64_t meter_balance_fen;
    int64_t meter_taken_at_ms;
};

/* The newest restore (0: never) and how many supplies still wait for their check. */
enum rc restore_last(struct db *db, struct arena *arena, int64_t *ret_restored_at_ms,
                     int64_t *ret_pending) MUST_CHECK;
/* Those that may be judged now: a whole reading and the prices were taken after the restore. */
enum rc restore_checks_due(struct db *db, struct arena *arena, size_t max,
                           struct restore_look **ret_looks, size_t *ret_count) MUST_CHECK;
/* The newest check of the supply's epoch, if the supply was frozen by it; the meter as it was read
   last. RC_NOT_FOUND. */
enum rc restore_checks_frozen(struct db *db, struct arena *arena, int64_t supply_id,
                              struct restore_look *ret_look) MUST_CHECK;
/* pending -> passed or frozen, with what the meter said. Asserts a transaction in which the supply
   is locked. RC_CONFLICT: it is not pending any more. */
enum rc restore_checks_end(struct db *db, const struct restore_look *look, const char *state,
                           const char *finding) MUST_CHECK;

#endif
