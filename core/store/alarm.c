#include "core/store/alarm.h"

#include "core/base/clock.h"

enum rc alarm_open(struct db *db, enum alarm_kind kind, const char *object_kind, int64_t object_id,
                   const char *detail)
{
    return db_execute(db,
                      "INSERT INTO alarm (kind, object_kind, object_id, level, detail, opened_at)"
                      " VALUES (?, ?, ?, ?, ?, ?) ON DUPLICATE KEY UPDATE detail = VALUES(detail)",
                      DB_ARGS(db_text(alarm_code(kind)), db_text(object_kind), db_int(object_id),
                              db_int(alarm_level(kind)), db_text(detail), db_time(clock_now_ms())),
                      NULL);
}

enum rc alarm_close(struct db *db, enum alarm_kind kind, const char *object_kind, int64_t object_id)
{
    return db_execute(db,
                      "UPDATE alarm SET closed_at = ? WHERE kind = ? AND object_kind = ?"
                      " AND object_id = ? AND closed_at IS NULL",
                      DB_ARGS(db_time(clock_now_ms()), db_text(alarm_code(kind)),
                              db_text(object_kind), db_int(object_id)),
                      NULL);
}
