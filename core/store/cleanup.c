#include "core/store/cleanup.h"

static enum rc batch_run(struct db *db, const char *sql, int64_t before_ms, int64_t *ret_rows)
{
    struct db_outcome outcome;
    TRY(db_execute(db, sql, DB_ARGS(db_time(before_ms), db_int(CLEANUP_BATCH)), &outcome));
    *ret_rows = outcome.affected_rows;
    return RC_OK;
}

enum rc cleanup_idempotency(struct db *db, int64_t before_ms, int64_t *ret_rows)
{
    return batch_run(db, "DELETE FROM idempotency WHERE created_at < ? LIMIT ?", before_ms,
                     ret_rows);
}

enum rc cleanup_field_requests(struct db *db, int64_t before_ms, int64_t *ret_rows)
{
    return batch_run(db,
                     "DELETE FROM field_request WHERE state IN ('done', 'failed', 'expired')"
                     " AND requested_at < ? LIMIT ?",
                     before_ms, ret_rows);
}

enum rc cleanup_line_history(struct db *db, int64_t before_ms, int64_t *ret_rows)
{
    return batch_run(db, "DELETE FROM line_history WHERE at < ? LIMIT ?", before_ms, ret_rows);
}

enum rc cleanup_imports(struct db *db, int64_t before_ms, int64_t *ret_rows)
{
    return batch_run(db,
                     "UPDATE import SET state = 'abandoned' WHERE state IN ('checked', 'probing')"
                     " AND created_at < ? LIMIT ?",
                     before_ms, ret_rows);
}
