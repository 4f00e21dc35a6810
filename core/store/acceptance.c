#include "core/store/acceptance.h"

#include <assert.h>

enum rc acceptance_meter_get(struct db *db, struct arena *arena, const char *number,
                             struct acceptance_meter *ret_meter)
{
    struct db_rows rows;
    TRY(db_query(db, arena,
                 "SELECT m.id, m.line_id, l.shard, m.address, l.writable AND l.enabled,"
                 " EXISTS (SELECT 1 FROM supply_epoch e WHERE e.meter_id = m.id"
                 " AND e.closed_at IS NULL), d.code, m.serial_number FROM meter m"
                 " JOIN line l ON l.id = m.line_id JOIN model d ON d.id = m.model_id"
                 " WHERE m.number = ? AND m.state = 'in_service'",
                 DB_ARGS(db_text(number)), 1, &rows));
    if (rows.count == 0) {
        return RC_NOT_FOUND;
    }
    *ret_meter = (struct acceptance_meter){
        .meter_id = db_get_int(&rows, 0, 0),
        .line_id = db_get_int(&rows, 0, 1),
        .shard = db_get_int(&rows, 0, 2),
        .address = db_get_int(&rows, 0, 3),
        .writable_line = db_get_int(&rows, 0, 4) != 0,
        .in_books = db_get_int(&rows, 0, 5) != 0,
        .model_code = db_get_text(&rows, 0, 6),
        .serial_number = db_get_text(&rows, 0, 7),
    };
    return RC_OK;
}

enum rc acceptance_store(struct db *db, const char *model_code, const char *capabilities,
                         const char *maturity)
{
    assert(db_in_transaction(db));
    struct db_outcome outcome = {0};
    TRY(db_execute(db, "UPDATE model SET capabilities = ?, maturity = ? WHERE code = ?",
                   DB_ARGS(db_text(capabilities), db_text(maturity), db_text(model_code)),
                   &outcome));
    return outcome.affected_rows == 1 ? RC_OK : RC_NOT_FOUND;
}
