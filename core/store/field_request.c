#include "core/store/field_request.h"

#include <assert.h>
#include <string.h>

#include "core/base/clock.h"

enum rc field_request_scan(struct db *db, struct arena *arena, int32_t shard,
                           struct field_request **ret_requests, size_t *ret_count)
{
    assert(db != NULL && arena != NULL && ret_requests != NULL && ret_count != NULL);
    struct db_rows rows = {0};
    int64_t now_ms = clock_now_ms();
    TRY(db_query(db, arena,
                 "SELECT id, kind, COALESCE(line_id, 0), COALESCE(link, ''), address, "
                 "COALESCE(model, ''), expires_at FROM field_request "
                 "WHERE state = 'pending' AND shard = ? ORDER BY id LIMIT 64",
                 DB_ARGS(db_int(shard)), FIELD_REQUESTS_MAX, &rows));
    struct field_request *requests = arena_take_array(arena, rows.count + 1, sizeof(*requests));
    if (requests == NULL) {
        return RC_MEMORY;
    }
    size_t count = 0;
    for (size_t i = 0; i < rows.count; i++) {
        int64_t id = db_get_int(&rows, i, 0);
        if (db_get_time(&rows, i, 6) <= now_ms) {
            TRY(db_execute(db,
                           "UPDATE field_request SET state = 'expired', ended_at = ? "
                           "WHERE id = ? AND state = 'pending'",
                           DB_ARGS(db_time(now_ms), db_int(id)), NULL));
            continue;
        }
        requests[count++] = (struct field_request){
            .id = id,
            .model_test = strcmp(db_get_text(&rows, i, 1), "model_test") == 0,
            .line_id = db_get_int(&rows, i, 2),
            .link_json = db_get_text(&rows, i, 3),
            .address = (int32_t)db_get_int(&rows, i, 4),
            .model_json = db_get_text(&rows, i, 5)};
    }
    *ret_requests = requests;
    *ret_count = count;
    return RC_OK;
}

enum rc field_request_take(struct db *db, int64_t id)
{
    assert(db != NULL);
    struct db_outcome outcome = {0};
    TRY(db_execute(db,
                   "UPDATE field_request SET state = 'taken' WHERE id = ? AND state = 'pending'",
                   DB_ARGS(db_int(id)), &outcome));
    return outcome.affected_rows == 1 ? RC_OK : RC_CONFLICT;
}

enum rc field_request_end(struct db *db, int64_t id, bool done, const char *result_json)
{
    assert(db != NULL && result_json != NULL);
    return db_execute(db,
                      "UPDATE field_request SET state = ?, ended_at = ?, result = ? "
                      "WHERE id = ? AND state = 'taken'",
                      DB_ARGS(db_text(done ? "done" : "failed"), db_time(clock_now_ms()),
                              db_text(result_json), db_int(id)),
                      NULL);
}

enum rc field_request_recover(struct db *db, int32_t shard)
{
    assert(db != NULL);
    return db_execute(db,
                      "UPDATE field_request SET state = 'pending' "
                      "WHERE state = 'taken' AND shard = ?",
                      DB_ARGS(db_int(shard)), NULL);
}
