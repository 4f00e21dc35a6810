#include "core/store/line_list.h"

#include <assert.h>

#include "core/base/clock.h"

enum rc lines_lock(struct db *db, struct arena *arena, int64_t line_id, bool *ret_writable,
                   const char **ret_code)
{
    assert(db_in_transaction(db));
    struct db_rows rows;
    TRY(db_query(db, arena, "SELECT writable, code FROM line WHERE id = ? FOR UPDATE",
                 DB_ARGS(db_int(line_id)), 1, &rows));
    if (rows.count == 0) {
        return RC_NOT_FOUND;
    }
    *ret_writable = db_get_int(&rows, 0, 0) != 0;
    *ret_code = db_get_text(&rows, 0, 1);
    return RC_OK;
}

enum rc lines_set_writable(struct db *db, int64_t line_id, bool writable, int64_t changed_by)
{
    assert(db_in_transaction(db));
    return db_execute(db,
                      "UPDATE line SET writable = ?, writable_by = ?, writable_at = ? WHERE id = ?",
                      DB_ARGS(db_int(writable ? 1 : 0), db_int_or_null(changed_by != 0, changed_by),
                              db_time(clock_now_ms()), db_int(line_id)),
                      NULL);
}
