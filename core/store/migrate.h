/*
 * Migrations: numbered SQL files ("0001_site.sql") that run once each, in order, recorded with
 * their SHA-256.
 *
 * Every statement of a migration may run again (IF NOT EXISTS, INSERT IGNORE), because MariaDB
 * cannot roll a CREATE TABLE back: a run that was cut off is simply repeated. A named lock keeps
 * two runs apart. A file that ran is never edited: a different checksum stops everything before
 * anything is done.
 */
#ifndef PW_STORE_MIGRATE_H
#define PW_STORE_MIGRATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/config.h"
#include "core/base/rc.h"
#include "core/base/text.h"
#include "core/store/db.h"

#define MIGRATIONS_MAX 1000

/* Makes the database if it is missing. db: connected to "mysql" with root's rights. name: letters,
 * digits, _. */
enum rc migrate_make_database(struct db *db, const char *name, struct text *problem) MUST_CHECK;
/* Takes the lock (waits up to wait_s) that lets only one migration run; it ends with the
 * connection. RC_LOCKED. */
enum rc migrate_lock(struct db *db, int64_t wait_s, struct text *problem) MUST_CHECK;
/* Runs every file of folder/migrations that has not run yet. report gets one line a file that ran.
   On failure problem has a sentence that names file and line. RC_CONFLICT: a file changed or
   vanished after it ran. */
enum rc migrate_run(struct db *db, const char *folder, struct text *report, struct text *problem,
                    size_t *ret_ran) MUST_CHECK;
/* Makes the database users and gives each its rights: folder/grants.sql with {prefix}, {database}
   and {password:ROLE} filled in. db needs root's rights. Then proves that no user of ours can
   change or delete audit rows. */
enum rc migrate_grant(struct db *db, const struct config *config, const char *folder,
                      struct text *problem) MUST_CHECK;
/* True if this connection may make users and give rights: root, or a migration user that was given
 * all. */
enum rc migrate_may_grant(struct db *db, bool *ret_may) MUST_CHECK;
/* RC_REFUSED when a database user of a program (all with our prefix but the migration user) may
   UPDATE or DELETE in the audit tables; problem names the first. Sees all users only with root's
   rights. */
enum rc migrate_check_grants(struct db *db, const struct config *config,
                             struct text *problem) MUST_CHECK;

#endif
