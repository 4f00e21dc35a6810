#include "core/store/backup.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "core/base/clock.h"

static enum rc say(struct db *db, const char *sql)
{
    return db_execute_text(db, sql, strlen(sql), NULL);
}

enum rc backup_hold(struct db *db)
{
    assert(!db_in_transaction(db));
    TRY(say(db, "SET lock_wait_timeout = 10"));
    TRY(say(db, "BACKUP STAGE START"));
    return say(db, "BACKUP STAGE BLOCK_COMMIT");
}

enum rc backup_let_go(struct db *db)
{
    return say(db, "BACKUP STAGE END");
}

enum rc backup_snapshot(struct db *db, struct arena *arena, struct tool_position *ret_position)
{
    assert(db_in_transaction(db));
    struct db_rows rows;
    TRY(say(db, "START TRANSACTION WITH CONSISTENT SNAPSHOT"));
    TRY(db_query(db, arena,
                 "SELECT (SELECT variable_value FROM information_schema.session_status"
                 " WHERE variable_name = 'BINLOG_SNAPSHOT_FILE'), CAST((SELECT variable_value"
                 " FROM information_schema.session_status WHERE variable_name ="
                 " 'BINLOG_SNAPSHOT_POSITION') AS SIGNED)",
                 DB_NO_ARGS, 1, &rows));
    struct tool_position position = {.position = db_get_int(&rows, 0, 1)};
    const char *file = db_get_text(&rows, 0, 0);
    if (file[0] == '\0' || strlen(file) >= sizeof(position.file)) {
        return RC_UNAVAILABLE;
    }
    text_copy(position.file, sizeof(position.file), file);
    *ret_position = position;
    return RC_OK;
}

enum rc backup_versions(struct db *db, struct arena *arena, const char **ret_server,
                        int64_t *ret_schema_number)
{
    struct db_rows rows;
    TRY(db_query(db, arena, "SELECT VERSION(), (SELECT MAX(number) FROM schema_migration)",
                 DB_NO_ARGS, 1, &rows));
    *ret_server = db_get_text(&rows, 0, 0);
    *ret_schema_number = db_get_int(&rows, 0, 1);
    return RC_OK;
}

enum rc backup_set_time(struct db *db, int64_t at_ms)
{
    char sql[80];
    (void)snprintf(sql, sizeof(sql), "SET timestamp = %lld.%03d", (long long)(at_ms / 1000),
                   (int)(at_ms % 1000));
    return say(db, sql);
}

/* ---- rows ---- */

enum rc backup_runs_insert(struct db *db, const char *name, const char *made_by,
                           int64_t started_at_ms)
{
    return db_execute(db, "INSERT INTO backup_run (name, made_by, started_at) VALUES (?, ?, ?)",
                      DB_ARGS(db_text(name), db_text(made_by), db_time(started_at_ms)), NULL);
}

enum rc backup_runs_end(struct db *db, const struct backup_run *run)
{
    char detail[BACKUP_DETAIL_BYTES];
    text_copy(detail, sizeof(detail), run->detail);
    struct db_outcome outcome;
    TRY(db_execute(db,
                   "UPDATE backup_run SET state = ?, ended_at = ?, bytes = ?, tables_total = ?,"
                   " rows_total = ?, schema_number = ?, binlog_file = ?, binlog_position = ?,"
                   " detail = ? WHERE name = ?",
                   DB_ARGS(db_text(run->state), db_time(run->ended_at), db_int(run->bytes),
                           db_int(run->tables_total), db_int(run->rows_total),
                           db_int(run->schema_number), db_text(run->position.file),
                           db_int(run->position.position), db_text(detail), db_text(run->name)),
                   &outcome));
    return outcome.affected_rows == 1 ? RC_OK : RC_NOT_FOUND;
}

enum rc backup_runs_abandon(struct db *db)
{
    return db_execute(db,
                      "UPDATE backup_run SET state = 'failed', ended_at = ?, detail ="
                      " 'the program ended while it ran' WHERE state = 'running'",
                      DB_ARGS(db_time(clock_now_ms())), NULL);
}

enum rc backup_runs_list(struct db *db, struct arena *arena, size_t max,
                         struct backup_run **ret_runs, size_t *ret_count)
{
    assert(max >= 1 && max <= BACKUP_LIST_MAX);
    struct db_rows rows;
    TRY(db_query(db, arena,
                 "SELECT name, state, made_by, started_at, ended_at, bytes, tables_total,"
                 " rows_total, schema_number, binlog_file, binlog_position, detail"
                 " FROM backup_run ORDER BY started_at DESC, id DESC LIMIT ?",
                 DB_ARGS(db_int((int64_t)max)), max, &rows));
    struct backup_run *runs = arena_take_array(arena, rows.count + 1, sizeof(*runs));
    if (runs == NULL) {
        return RC_MEMORY;
    }
    for (size_t i = 0; i < rows.count; i++) {
        runs[i] = (struct backup_run){.name = db_get_text(&rows, i, 0),
                                      .state = db_get_text(&rows, i, 1),
                                      .made_by = db_get_text(&rows, i, 2),
                                      .started_at = db_get_time(&rows, i, 3),
                                      .ended_at = db_get_time(&rows, i, 4),
                                      .bytes = db_get_int(&rows, i, 5),
                                      .tables_total = db_get_int(&rows, i, 6),
                                      .rows_total = db_get_int(&rows, i, 7),
                                      .schema_number = db_get_int(&rows, i, 8),
                                      .detail = db_get_text(&rows, i, 11)};
        text_copy(runs[i].position.file, sizeof(runs[i].position.file), db_get_text(&rows, i, 9));
        runs[i].position.position = db_get_int(&rows, i, 10);
    }
    *ret_runs = runs;
    *ret_count = rows.count;
    return RC_OK;
}

enum rc backup_runs_last(struct db *db, struct arena *arena, int64_t *ret_verified_at_ms,
                         const char **ret_last, int64_t *ret_last_started_at_ms)
{
    struct db_rows rows;
    TRY(db_query(
        db, arena,
        "SELECT (SELECT MAX(started_at) FROM backup_run WHERE state = 'verified' AND started_at"
        " > COALESCE((SELECT MAX(restored_at) FROM restore_run), '1970-01-01')),"
        " (SELECT state FROM backup_run WHERE state <> 'running' ORDER BY started_at DESC,"
        " id DESC LIMIT 1), (SELECT MAX(started_at) FROM backup_run WHERE state <>"
        " 'running')",
        DB_NO_ARGS, 1, &rows));
    *ret_verified_at_ms = db_get_time(&rows, 0, 0);
    *ret_last = db_get_text(&rows, 0, 1);
    *ret_last_started_at_ms = db_get_time(&rows, 0, 2);
    return RC_OK;
}
