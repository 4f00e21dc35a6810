#include "core/store/field_request.h"

#include <assert.h>
#include <string.h>

#include "core/base/clock.h"

#define ANSWERS_MAX 20000

static const char *const kinds[FIELD_REQUEST_KIND__MAX] = {"probe", "model_test", "acceptance"};

static enum field_request_kind kind_find(const char *name)
{
    int kind = 0;
    while (kind < FIELD_REQUEST_ACCEPTANCE && strcmp(kinds[kind], name) != 0) {
        kind++;
    }
    return (enum field_request_kind)kind;
}

enum rc field_request_add(struct db *db, const struct field_request *request, int64_t *ret_id)
{
    assert(db != NULL && request != NULL && ret_id != NULL);
    int64_t now_ms = clock_now_ms();
    int64_t expires_at_ms =
        request->expires_at_ms != 0 ? request->expires_at_ms : now_ms + FIELD_REQUEST_EXPIRY_MS;
    struct db_outcome outcome;
    TRY(db_execute(db,
                   "INSERT INTO field_request (kind, shard, line_id, link, address, model, state,"
                   " requested_at, expires_at, import_id, import_line)"
                   " VALUES (?, ?, ?, ?, ?, ?, 'pending', ?, ?, ?, ?)",
                   DB_ARGS(db_text(kinds[request->kind]), db_int(request->shard),
                           db_int_or_null(request->line_id != 0, request->line_id),
                           db_text(request->link_json), db_int(request->address),
                           db_text_or_null(request->model_json), db_time(now_ms),
                           db_time(expires_at_ms),
                           db_int_or_null(request->import_id != 0, request->import_id),
                           db_int_or_null(request->import_id != 0, request->import_line)),
                   &outcome));
    *ret_id = outcome.insert_id;
    return RC_OK;
}

enum rc field_request_scan(struct db *db, struct arena *arena, int64_t shard, size_t max,
                           struct field_request **ret_requests, size_t *ret_count)
{
    assert(db != NULL && arena != NULL && ret_requests != NULL && ret_count != NULL && max > 0);
    struct db_rows rows;
    TRY(db_query(db, arena,
                 "SELECT id, kind, shard, line_id, COALESCE(link, ''), address, model, import_id,"
                 " import_line, expires_at FROM field_request"
                 " WHERE state = 'pending' AND shard = ? AND expires_at > ? ORDER BY id LIMIT ?",
                 DB_ARGS(db_int(shard), db_time(clock_now_ms()), db_int((int64_t)max)), max,
                 &rows));
    struct field_request *requests = arena_take_array(arena, rows.count + 1, sizeof(*requests));
    if (requests == NULL) {
        return RC_MEMORY;
    }
    for (size_t i = 0; i < rows.count; i++) {
        requests[i] = (struct field_request){
            .id = db_get_int(&rows, i, 0),
            .kind = kind_find(db_get_text(&rows, i, 1)),
            .shard = db_get_int(&rows, i, 2),
            .line_id = db_get_int(&rows, i, 3),
            .link_json = db_get_text(&rows, i, 4),
            .address = db_get_int(&rows, i, 5),
            .model_json = db_is_null(&rows, i, 6) ? NULL : db_get_text(&rows, i, 6),
            .import_id = db_get_int(&rows, i, 7),
            .import_line = db_get_int(&rows, i, 8),
            .expires_at_ms = db_get_time(&rows, i, 9)};
    }
    *ret_requests = requests;
    *ret_count = rows.count;
    return RC_OK;
}

enum rc field_request_take(struct db *db, int64_t id)
{
    struct db_outcome outcome;
    TRY(db_execute(db,
                   "UPDATE field_request SET state = 'taken' WHERE id = ? AND state = 'pending'"
                   " AND expires_at > ?",
                   DB_ARGS(db_int(id), db_time(clock_now_ms())), &outcome));
    return outcome.affected_rows == 1 ? RC_OK : RC_CONFLICT;
}

enum rc field_request_end(struct db *db, int64_t id, bool done, const char *result_json)
{
    assert(result_json != NULL && strlen(result_json) <= FIELD_REQUEST_RESULT_MAX);
    struct db_outcome outcome;
    TRY(db_execute(db,
                   "UPDATE field_request SET state = ?, result = ?, ended_at = ?"
                   " WHERE id = ? AND state = 'taken'",
                   DB_ARGS(db_text(done ? "done" : "failed"), db_text(result_json),
                           db_time(clock_now_ms()), db_int(id)),
                   &outcome));
    return outcome.affected_rows == 1 ? RC_OK : RC_CONFLICT;
}

static struct field_request_answer answer_at(const struct db_rows *rows, size_t row)
{
    return (struct field_request_answer){.id = db_get_int(rows, row, 0),
                                         .state = db_get_text(rows, row, 1),
                                         .result = db_get_text(rows, row, 2),
                                         .import_line = db_get_int(rows, row, 3)};
}

enum rc field_request_read(struct db *db, struct arena *arena, int64_t id,
                           struct field_request_answer *ret_answer)
{
    struct db_rows rows;
    TRY(db_query(db, arena,
                 "SELECT id, state, COALESCE(result, ''), import_line FROM field_request"
                 " WHERE id = ?",
                 DB_ARGS(db_int(id)), 1, &rows));
    if (rows.count == 0) {
        return RC_NOT_FOUND;
    }
    *ret_answer = answer_at(&rows, 0);
    return RC_OK;
}

enum rc field_request_of_import(struct db *db, struct arena *arena, int64_t import_id,
                                struct field_request_answer **ret_answers, size_t *ret_count)
{
    struct db_rows rows;
    TRY(db_query(db, arena,
                 "SELECT id, state, COALESCE(result, ''), import_line FROM field_request"
                 " WHERE id IN (SELECT MAX(id) FROM field_request WHERE import_id = ?"
                 " GROUP BY import_line) ORDER BY import_line",
                 DB_ARGS(db_int(import_id)), ANSWERS_MAX, &rows));
    struct field_request_answer *answers =
        arena_take_array(arena, rows.count + 1, sizeof(*answers));
    if (answers == NULL) {
        return RC_MEMORY;
    }
    for (size_t i = 0; i < rows.count; i++) {
        answers[i] = answer_at(&rows, i);
    }
    *ret_answers = answers;
    *ret_count = rows.count;
    return RC_OK;
}

enum rc field_request_expire(struct db *db, int64_t now_ms, int64_t *ret_count)
{
    struct db_outcome outcome;
    TRY(db_execute(db,
                   "UPDATE field_request SET state = 'expired', ended_at = ?"
                   " WHERE state IN ('pending', 'taken') AND expires_at < ?",
                   DB_ARGS(db_time(now_ms), db_time(now_ms)), &outcome));
    *ret_count = outcome.affected_rows;
    return RC_OK;
}
