/*
 * What a backup needs of the database server: a moment in which nothing commits, one snapshot with
 * its position in the binlog, and the rows of backup_run.
 */
#ifndef PW_STORE_BACKUP_H
#define PW_STORE_BACKUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/rc.h"
#include "core/store/db.h"
#include "core/store/server_tool.h"

#define BACKUP_LIST_MAX 200
#define BACKUP_DETAIL_BYTES 501

/* From here on no transaction commits until backup_let_go (or the connection ends): a few
   milliseconds. RC_RETRY: something long holds it up. */
enum rc backup_hold(struct db *db) MUST_CHECK;
enum rc backup_let_go(struct db *db) MUST_CHECK;
/* Inside db_transact, before anything else: from here on one snapshot, at a position. */
enum rc backup_snapshot(struct db *db, struct arena *arena,
                        struct tool_position *ret_position) MUST_CHECK;
/* "10.11.19-MariaDB...", and the number of the newest migration. */
enum rc backup_versions(struct db *db, struct arena *arena, const char **ret_server,
                        int64_t *ret_schema_number) MUST_CHECK;
/* From now on this connection's server says that it is at_ms; for a copy that is looked at later.
 */
enum rc backup_set_time(struct db *db, int64_t at_ms) MUST_CHECK;

struct backup_run {
    const char *name;
    const char *state; /* running, verified, doubtful, failed */
    const char *made_by;
    int64_t started_at;
    int64_t ended_at; /* 0: running */
    int64_t bytes;
    int64_t tables_total;
    int64_t rows_total;
    int64_t schema_number;
    struct tool_position position;
    const char *detail;
};

/* state running. */
enum rc backup_runs_insert(struct db *db, const char *name, const char *made_by,
                           int64_t started_at_ms) MUST_CHECK;
/* Everything but name, made_by and started_at. RC_NOT_FOUND. */
enum rc backup_runs_end(struct db *db, const struct backup_run *run) MUST_CHECK;
/* Those still "running" whose program is gone: failed. */
enum rc backup_runs_abandon(struct db *db) MUST_CHECK;
/* Newest first. */
enum rc backup_runs_list(struct db *db, struct arena *arena, size_t max,
                         struct backup_run **ret_runs, size_t *ret_count) MUST_CHECK;
/* 0: none was ever verified, or none since the last restore (binlogs do not lead across one);
 * ret_last is the state of the newest that ended, "" none. */
enum rc backup_runs_last(struct db *db, struct arena *arena, int64_t *ret_verified_at_ms,
                         const char **ret_last, int64_t *ret_last_started_at_ms) MUST_CHECK;

#endif
