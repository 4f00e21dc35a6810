#include "core/store/approval.h"

#include <assert.h>
#include <string.h>

#include "core/base/clock.h"

enum rc approvals_insert(struct db *db, struct arena *arena, const struct approval_row *row,
                         int64_t *ret_id)
{
    assert(db_in_transaction(db));
    int64_t now_ms = clock_now_ms();
    struct db_rows rows;
    TRY(db_query(db, arena,
                 "SELECT id FROM approval WHERE state = 'open' AND expires_at > ? AND kind = ?"
                 " AND object_kind = ? AND object_id = ? LIMIT 1",
                 DB_ARGS(db_time(now_ms), db_text(row->kind), db_text(row->object_kind),
                         db_int(row->object_id)),
                 1, &rows));
    if (rows.count > 0) {
        return RC_CONFLICT;
    }
    struct db_outcome outcome = {0};
    TRY(db_execute(db,
                   "INSERT INTO approval (kind, object_kind, object_id, payload, maker_id, made_at,"
                   " expires_at, reason) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                   DB_ARGS(db_text(row->kind), db_text(row->object_kind), db_int(row->object_id),
                           db_text(row->payload), db_int(row->maker_id), db_time(now_ms),
                           db_time(row->expires_at_ms), db_text(row->reason)),
                   &outcome));
    *ret_id = outcome.insert_id;
    return RC_OK;
}

enum rc approvals_lock(struct db *db, struct arena *arena, int64_t id, struct approval_row *ret_row)
{
    assert(db_in_transaction(db));
    struct db_rows rows;
    TRY(db_query(db, arena, "SELECT id FROM approval WHERE id = ? FOR UPDATE", DB_ARGS(db_int(id)),
                 1, &rows));
    if (rows.count == 0) {
        return RC_NOT_FOUND;
    }
    TRY(db_query(db, arena,
                 "SELECT a.id, a.kind, a.object_kind, a.object_id, a.payload, a.reason, a.state,"
                 " a.maker_id, u.display_name, r.code, u.state = 'active', a.made_at, a.expires_at"
                 " FROM approval a JOIN user u ON u.id = a.maker_id JOIN role r ON r.id = u.role_id"
                 " WHERE a.id = ?",
                 DB_ARGS(db_int(id)), 1, &rows));
    if (rows.count == 0) {
        return RC_NOT_FOUND;
    }
    *ret_row = (struct approval_row){
        .id = db_get_int(&rows, 0, 0),
        .kind = db_get_text(&rows, 0, 1),
        .object_kind = db_get_text(&rows, 0, 2),
        .object_id = db_get_int(&rows, 0, 3),
        .payload = db_get_text(&rows, 0, 4),
        .reason = db_get_text(&rows, 0, 5),
        .state = db_get_text(&rows, 0, 6),
        .maker_id = db_get_int(&rows, 0, 7),
        .maker_name = db_get_text(&rows, 0, 8),
        .maker_role = db_get_text(&rows, 0, 9),
        .maker_active = db_get_int(&rows, 0, 10) != 0,
        .made_at_ms = db_get_time(&rows, 0, 11),
        .expires_at_ms = db_get_time(&rows, 0, 12),
    };
    return RC_OK;
}

enum rc approvals_set_decided(struct db *db, int64_t id, const char *state, int64_t checker_id,
                              const char *reason)
{
    assert(db_in_transaction(db));
    struct db_outcome outcome = {0};
    TRY(db_execute(db,
                   "UPDATE approval SET state = ?, checker_id = ?, decided_at = ?,"
                   " decision_reason = ? WHERE id = ? AND state = 'open'",
                   DB_ARGS(db_text(state), db_int(checker_id), db_time(clock_now_ms()),
                           db_text(reason), db_int(id)),
                   &outcome));
    return outcome.affected_rows == 1 ? RC_OK : RC_CONFLICT;
}

enum rc approvals_set_expired(struct db *db, int64_t *ret_count)
{
    assert(db_in_transaction(db));
    struct db_outcome outcome = {0};
    int64_t now_ms = clock_now_ms();
    TRY(db_execute(db,
                   "UPDATE approval SET state = 'expired', decided_at = ?"
                   " WHERE state = 'open' AND expires_at <= ?",
                   DB_ARGS(db_time(now_ms), db_time(now_ms)), &outcome));
    *ret_count = outcome.affected_rows;
    return RC_OK;
}
