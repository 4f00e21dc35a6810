#include "core/store/epoch.h"

#include <assert.h>

#include "core/store/row.h"

enum rc epochs_insert(struct db *db, const struct epoch *epoch, int64_t *ret_id)
{
    assert(db_in_transaction(db));
    struct db_outcome outcome = {0};
    TRY(db_execute(db,
                   "INSERT INTO supply_epoch (supply_id, epoch, meter_id, open_count,"
                   " open_balance_fen, open_energy_wh, opened_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
                   DB_ARGS(db_int(epoch->supply_id), db_int(epoch->epoch), db_int(epoch->meter_id),
                           db_int(epoch->open_count), db_int(epoch->open_balance_fen),
                           db_int(epoch->open_energy_wh), db_time(epoch->opened_at_ms)),
                   &outcome));
    *ret_id = outcome.insert_id;
    return RC_OK;
}

enum rc epochs_delete(struct db *db, int64_t id)
{
    assert(db_in_transaction(db));
    return db_execute(db, "DELETE FROM supply_epoch WHERE id = ?", DB_ARGS(db_int(id)), NULL);
}

enum rc epochs_live(struct db *db, struct arena *arena, int64_t supply_id, struct epoch *ret_epoch)
{
    struct db_rows rows;
    TRY(db_query(db, arena,
                 "SELECT id, supply_id, epoch, meter_id, open_count, open_balance_fen,"
                 " open_energy_wh, opened_at FROM supply_epoch WHERE live_supply = ?",
                 DB_ARGS(db_int(supply_id)), 1, &rows));
    if (rows.count == 0) {
        return RC_NOT_FOUND;
    }
    *ret_epoch = (struct epoch){
        .id = db_get_int(&rows, 0, 0),
        .supply_id = db_get_int(&rows, 0, 1),
        .epoch = db_get_int(&rows, 0, 2),
        .meter_id = db_get_int(&rows, 0, 3),
        .open_count = db_get_int(&rows, 0, 4),
        .open_balance_fen = db_get_int(&rows, 0, 5),
        .open_energy_wh = db_get_int(&rows, 0, 6),
        .opened_at_ms = db_get_time(&rows, 0, 7),
    };
    return RC_OK;
}

enum rc meter_money_get(struct db *db, struct arena *arena, int64_t supply_id,
                        struct meter_money *ret_money)
{
    struct db_rows rows;
    TRY(db_query(db, arena,
                 "SELECT s.meter_id, ms.taken_at, ms.balance_fen, ms.purchase_count, ms.energy_wh,"
                 " p.read_at, p.price_sharp_e4, p.price_peak_e4, p.price_flat_e4,"
                 " p.price_valley_e4, p.alarm1_fen, p.alarm2_fen, p.overdraft_fen FROM supply s"
                 " LEFT JOIN meter_state ms ON ms.meter_id = s.meter_id"
                 " LEFT JOIN meter_parameter p ON p.meter_id = s.meter_id WHERE s.id = ?",
                 DB_ARGS(db_int(supply_id)), 1, &rows));
    if (rows.count == 0) {
        return RC_NOT_FOUND;
    }
    *ret_money = (struct meter_money){
        .meter_id = db_get_int(&rows, 0, 0),
        .taken_at_ms = db_get_time(&rows, 0, 1),
        .balance_fen = row_int(&rows, 0, 2),
        .count = row_int(&rows, 0, 3),
        .energy_wh = row_int(&rows, 0, 4),
        .parameters_at_ms = db_get_time(&rows, 0, 5),
        .price_sharp_e4 = row_int(&rows, 0, 6),
        .price_peak_e4 = row_int(&rows, 0, 7),
        .price_flat_e4 = row_int(&rows, 0, 8),
        .price_valley_e4 = row_int(&rows, 0, 9),
        .alarm1_fen = row_int(&rows, 0, 10),
        .alarm2_fen = row_int(&rows, 0, 11),
        .overdraft_fen = row_int(&rows, 0, 12),
    };
    return RC_OK;
}
