#include "core/store/job_lock.h"

#include <stdio.h>

#define ARENA_BYTES 65536

enum rc job_lock_take(struct db *db, const char *name, int64_t limit_s)
{
    struct arena arena CLEANUP(arena_release);
    arena_init(&arena, ARENA_BYTES);
    char sql[80];
    int len =
        snprintf(sql, sizeof(sql), "SET SESSION max_statement_time = %lld", (long long)limit_s);
    TRY(db_execute_text(db, sql, (size_t)len, NULL)); /* each time: a reconnect forgets it */
    struct db_rows rows;
    TRY(db_query(db, &arena, "SELECT GET_LOCK(CONCAT(DATABASE(), '.job.', ?), 0)",
                 DB_ARGS(db_text(name)), 1, &rows));
    return db_get_int(&rows, 0, 0) == 1 ? RC_OK : RC_LOCKED;
}

void job_lock_release(struct db *db, const char *name)
{
    struct arena arena CLEANUP(arena_release);
    arena_init(&arena, ARENA_BYTES);
    struct db_rows rows;
    enum rc rc = db_query(db, &arena, "SELECT RELEASE_LOCK(CONCAT(DATABASE(), '.job.', ?))",
                          DB_ARGS(db_text(name)), 1, &rows);
    (void)rc;
}
