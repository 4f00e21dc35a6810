#include "core/store/lock_out.h"

#include <assert.h>
#include <string.h>

#include "core/base/clock.h"

enum rc lock_outs_insert(struct db *db, int64_t supply_id, int64_t holder_id, const char *reason,
                         int64_t approval_id, int64_t *ret_id)
{
    assert(db_in_transaction(db));
    struct db_outcome outcome = {0};
    TRY(db_execute(db,
                   "INSERT INTO lock_out (supply_id, holder_id, reason, created_at, approval_id)"
                   " VALUES (?, ?, ?, ?, ?)",
                   DB_ARGS(db_int(supply_id), db_int(holder_id), db_text(reason),
                           db_time(clock_now_ms()), db_int_or_null(approval_id != 0, approval_id)),
                   &outcome));
    *ret_id = outcome.insert_id;
    return RC_OK;
}

enum rc lock_outs_get(struct db *db, struct arena *arena, int64_t id, struct lock_out_row *ret_row)
{
    struct db_rows rows;
    TRY(db_query(db, arena,
                 "SELECT id, supply_id, holder_id, state = 'active', created_at, reason"
                 " FROM lock_out WHERE id = ?",
                 DB_ARGS(db_int(id)), 1, &rows));
    if (rows.count == 0) {
        return RC_NOT_FOUND;
    }
    *ret_row = (struct lock_out_row){
        .id = db_get_int(&rows, 0, 0),
        .supply_id = db_get_int(&rows, 0, 1),
        .holder_id = db_get_int(&rows, 0, 2),
        .active = db_get_int(&rows, 0, 3) != 0,
        .created_at_ms = db_get_time(&rows, 0, 4),
        .reason = db_get_text(&rows, 0, 5),
    };
    return RC_OK;
}

enum rc lock_outs_set_lifted(struct db *db, int64_t id, int64_t lifted_by, const char *reason,
                             int64_t approval_id)
{
    assert(db_in_transaction(db));
    struct db_outcome outcome = {0};
    TRY(db_execute(db,
                   "UPDATE lock_out SET state = 'lifted', lifted_at = ?, lifted_by = ?,"
                   " lift_reason = ?, approval_id = COALESCE(?, approval_id)"
                   " WHERE id = ? AND state = 'active'",
                   DB_ARGS(db_time(clock_now_ms()), db_int(lifted_by), db_text(reason),
                           db_int_or_null(approval_id != 0, approval_id), db_int(id)),
                   &outcome));
    return outcome.affected_rows == 1 ? RC_OK : RC_CONFLICT;
}
