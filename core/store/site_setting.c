#include "core/store/site_setting.h"

#include <assert.h>

#include "core/base/clock.h"

enum rc site_setting_get(struct db *db, struct arena *arena, const char *name,
                         const char **ret_value)
{
    struct db_rows rows;
    TRY(db_query(db, arena, "SELECT value FROM site_setting WHERE name = ?", DB_ARGS(db_text(name)),
                 1, &rows));
    if (rows.count == 0) {
        return RC_NOT_FOUND;
    }
    *ret_value = db_get_text(&rows, 0, 0);
    return RC_OK;
}

enum rc site_setting_set(struct db *db, const char *name, const char *value, int64_t changed_by)
{
    assert(db_in_transaction(db));
    return db_execute(db,
                      "INSERT INTO site_setting (name, value, changed_by, changed_at)"
                      " VALUES (?, ?, ?, ?) ON DUPLICATE KEY UPDATE value = VALUES(value),"
                      " changed_by = VALUES(changed_by), changed_at = VALUES(changed_at)",
                      DB_ARGS(db_text(name), db_text(value),
                              db_int_or_null(changed_by != 0, changed_by), db_time(clock_now_ms())),
                      NULL);
}
