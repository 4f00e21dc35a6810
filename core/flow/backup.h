/*
 * A backup that counts: taken from the running database in one snapshot, restored into a private
 * server, compared and checked there, and only then called verified.
 *
 * mariadb-dump, not mariadb-backup: it needs only a database user (the data folder belongs to the
 * server's user), what it writes can be read by any later version and by people, and reading every
 * row finds a damaged page that a copy of files would carry along. The position in the binlog is
 * written down, so the server's binlogs continue it to any moment (core/flow/restore.h).
 */
#ifndef PW_FLOW_BACKUP_H
#define PW_FLOW_BACKUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/config.h"
#include "core/base/rc.h"
#include "core/base/text.h"
#include "core/flow/backup_manifest.h"
#include "core/store/backup.h"
#include "core/store/db.h"

#define BACKUP_LATE_MS (INT64_C(26) * 3600 * 1000) /* no verified one for so long is an alarm */

struct backup_order {
    const struct config *config;
    const char *made_with; /* program and version, for the manifest */
    const char *made_by;   /* for backup_run */
    bool gentle;
    bool (*stop)(void); /* NULL: never */
};

/* One backup from beginning to proof. db: of the program (jobs, ctl), for backup_run; the data is
   read as the database user backup. Old ones are removed after a verified one. ret_state: verified
   or doubtful; anything else is a failure, written down in backup_run as far as that is possible.
   RC_LOCKED: another is being made. */
enum rc backup_make(const struct backup_order *order, struct db *db, struct arena *arena,
                    struct text *problem, struct backup_manifest *ret_manifest) MUST_CHECK;

/* The proof alone: loads the dump of `folder` into a private server and compares. Fills verified
   and detail of the manifest. work: an empty folder for it. */
enum rc backup_prove(const struct backup_order *order, const char *folder, const char *work,
                     struct arena *arena, struct text *problem,
                     struct backup_manifest *manifest) MUST_CHECK;
/* Rows, sums and schema of a loaded copy against the manifest. RC_CONFLICT names what differs. */
enum rc backup_compare(const struct backup_order *order, struct db *db, struct arena *arena,
                       struct text *problem, const struct backup_manifest *manifest) MUST_CHECK;
/* Appends the invariants that do not hold in a copy, "" none. */
enum rc backup_doubts(const struct backup_order *order, struct db *db, struct arena *arena,
                      struct text *problem, struct text *doubts) MUST_CHECK;
/* True when a backup is to be made now: the hour of the site's day has come and none was verified
   since; a failed one is tried again after an hour. A site without any waits for the first such
   hour that the program (running since since_ms) sees. hour: 0 .. 23. */
bool backup_is_due(int64_t now_ms, int64_t hour, int64_t since_ms, int64_t last_verified_at_ms,
                   int64_t last_started_at_ms);
/* Removes a folder of ours with its files. */
void backup_folder_remove(const char *path);

#endif
