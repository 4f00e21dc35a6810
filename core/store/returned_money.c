#include "core/store/returned_money.h"

#include <assert.h>

#include "core/base/clock.h"
#include "core/store/row.h"

enum rc called_off_get(struct db *db, struct arena *arena, int64_t purchase_id,
                       struct called_off *ret_purchase)
{
    assert(db_in_transaction(db));
    struct db_rows rows;
    TRY(db_query(db, arena,
                 "SELECT id, account_id, supply_id, amount_fen, origin FROM purchase"
                 " WHERE id = ? AND state = 'paid' FOR UPDATE",
                 DB_ARGS(db_int(purchase_id)), 1, &rows));
    if (rows.count == 0) {
        return RC_NOT_FOUND;
    }
    *ret_purchase = (struct called_off){.purchase_id = db_get_int(&rows, 0, 0),
                                        .account_id = db_get_int(&rows, 0, 1),
                                        .supply_id = db_get_int(&rows, 0, 2),
                                        .amount_fen = db_get_int(&rows, 0, 3),
                                        .origin = db_get_text(&rows, 0, 4)};
    return RC_OK;
}

enum rc returned_money_add(struct db *db, const struct called_off *purchase)
{
    assert(db_in_transaction(db));
    return db_execute(db,
                      "INSERT INTO returned_money (purchase_id, account_id, supply_id, amount_fen)"
                      " VALUES (?, ?, ?, ?)",
                      DB_ARGS(db_int(purchase->purchase_id), db_int(purchase->account_id),
                              db_int(purchase->supply_id), db_int(purchase->amount_fen)),
                      NULL);
}

enum rc returned_money_get(struct db *db, struct arena *arena, int64_t id,
                           struct returned_money *ret_money)
{
    struct db_rows rows;
    TRY(db_query(db, arena,
                 "SELECT r.id, r.account_id, r.supply_id, r.amount_fen,"
                 " COALESCE(u.number, m.number), r.state = 'waiting', EXISTS (SELECT 1 FROM refund"
                 " f WHERE f.returned_id = r.id AND f.state NOT IN ('rejected', 'expired',"
                 " 'cancelled')) FROM returned_money r JOIN supply s ON s.id = r.supply_id"
                 " JOIN meter m ON m.id = s.meter_id LEFT JOIN unit u ON u.id = s.unit_id"
                 " WHERE r.id = ?",
                 DB_ARGS(db_int(id)), 1, &rows));
    if (rows.count == 0) {
        return RC_NOT_FOUND;
    }
    *ret_money = (struct returned_money){.id = db_get_int(&rows, 0, 0),
                                         .account_id = db_get_int(&rows, 0, 1),
                                         .supply_id = db_get_int(&rows, 0, 2),
                                         .amount_fen = db_get_int(&rows, 0, 3),
                                         .unit_number = db_get_text(&rows, 0, 4),
                                         .waits = row_bool(&rows, 0, 5),
                                         .promised = row_bool(&rows, 0, 6)};
    return RC_OK;
}

enum rc returned_money_set_delivered(struct db *db, int64_t id, int64_t purchase_id)
{
    assert(db_in_transaction(db));
    struct db_outcome outcome = {0};
    TRY(db_execute(db,
                   "UPDATE returned_money SET state = 'delivered', again_purchase_id = ?,"
                   " ended_at = ? WHERE id = ? AND state = 'waiting'",
                   DB_ARGS(db_int(purchase_id), db_time(clock_now_ms()), db_int(id)), &outcome));
    return row_moved(&outcome);
}

enum rc returned_money_set_refunded(struct db *db, int64_t id)
{
    assert(db_in_transaction(db));
    struct db_outcome outcome = {0};
    TRY(db_execute(db,
                   "UPDATE returned_money SET state = 'refunded', ended_at = ? WHERE id = ?"
                   " AND state = 'waiting'",
                   DB_ARGS(db_time(clock_now_ms()), db_int(id)), &outcome));
    return row_moved(&outcome);
}

enum rc returned_money_undo(struct db *db, int64_t swap_id)
{
    assert(db_in_transaction(db));
    return db_execute(db,
                      "UPDATE returned_money r JOIN purchase b ON b.id = r.purchase_id"
                      " SET r.state = 'undone', r.ended_at = ? WHERE b.swap_id = ?"
                      " AND r.state = 'waiting'",
                      DB_ARGS(db_time(clock_now_ms()), db_int(swap_id)), NULL);
}
