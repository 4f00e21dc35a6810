#include "core/store/swap_park.h"

#include <assert.h>

#include "core/base/clock.h"
#include "core/base/text.h"
#include "core/rules/push.h"
#include "core/store/row.h"

static enum rc one_row(const struct db_outcome *outcome)
{
    return outcome->affected_rows == 1 ? RC_OK : RC_CONFLICT;
}

enum rc swap_line_find(struct db *db, struct arena *arena, const char *code, int64_t *ret_id,
                       int32_t *ret_shard)
{
    struct db_rows rows;
    TRY(db_query(db, arena, "SELECT id, shard FROM line WHERE code = ? AND enabled",
                 DB_ARGS(db_text(code)), 1, &rows));
    if (rows.count == 0) {
        return RC_NOT_FOUND;
    }
    *ret_id = db_get_int(&rows, 0, 0);
    *ret_shard = (int32_t)db_get_int(&rows, 0, 1);
    return RC_OK;
}

enum rc swap_model_find(struct db *db, struct arena *arena, const char *code, int64_t *ret_id)
{
    struct db_rows rows;
    TRY(db_query(db, arena, "SELECT id FROM model WHERE code = ?", DB_ARGS(db_text(code)), 1,
                 &rows));
    if (rows.count == 0) {
        return RC_NOT_FOUND;
    }
    *ret_id = db_get_int(&rows, 0, 0);
    return RC_OK;
}

enum rc swap_meter_where(struct db *db, struct arena *arena, int64_t meter_id, int64_t *ret_line_id,
                         int32_t *ret_shard, const char **ret_model_code)
{
    struct db_rows rows;
    TRY(db_query(db, arena,
                 "SELECT l.id, l.shard, o.code FROM meter m JOIN line l ON l.id = m.line_id"
                 " JOIN model o ON o.id = m.model_id WHERE m.id = ?",
                 DB_ARGS(db_int(meter_id)), 1, &rows));
    if (rows.count == 0) {
        return RC_NOT_FOUND;
    }
    *ret_line_id = db_get_int(&rows, 0, 0);
    *ret_shard = (int32_t)db_get_int(&rows, 0, 1);
    *ret_model_code = db_get_text(&rows, 0, 2);
    return RC_OK;
}

enum rc swap_place_look(struct db *db, struct arena *arena, const char *number,
                        const char *serial_number, int64_t line_id, int64_t address,
                        int64_t old_meter_id, struct swap_place *ret_place)
{
    struct db_rows rows;
    struct db_value old = db_int(old_meter_id);
    struct db_value called = db_text(number);
    struct db_value serial = db_text(serial_number);
    TRY(db_query(
        db, arena,
        "SELECT (SELECT id FROM meter WHERE number = ?),"
        " EXISTS (SELECT 1 FROM meter WHERE number = ? AND state = 'in_service'),"
        " EXISTS (SELECT 1 FROM meter m JOIN supply s ON s.meter_id = m.id WHERE m.number = ?),"
        " EXISTS (SELECT 1 FROM meter WHERE line_id = ? AND live_address = ? AND id <> ?"
        " AND number <> ?),"
        " EXISTS (SELECT 1 FROM meter WHERE serial_number = ? AND ? <> '' AND"
        " state = 'in_service' AND id <> ? AND number <> ?),"
        " (SELECT COUNT(*) FROM supply WHERE meter_id = ?)",
        DB_ARGS(called, called, called, db_int(line_id), db_int(address), old, called, serial,
                serial, old, called, old),
        1, &rows));
    *ret_place = (struct swap_place){
        .meter_id = db_get_int(&rows, 0, 0),
        .in_service = row_bool(&rows, 0, 1),
        .feeds = row_bool(&rows, 0, 2),
        .address_taken = row_bool(&rows, 0, 3),
        .serial_taken = row_bool(&rows, 0, 4),
        .feeds_old = db_get_int(&rows, 0, 5),
    };
    return RC_OK;
}

enum rc swap_meter_retire(struct db *db, int64_t meter_id)
{
    assert(db_in_transaction(db));
    struct db_outcome outcome = {0};
    TRY(db_execute(db, "UPDATE meter SET state = 'retired' WHERE id = ? AND state = 'in_service'",
                   DB_ARGS(db_int(meter_id)), &outcome));
    return one_row(&outcome);
}

enum rc swap_meter_return(struct db *db, int64_t meter_id)
{
    assert(db_in_transaction(db));
    struct db_outcome outcome = {0};
    TRY(db_execute(db, "UPDATE meter SET state = 'in_service' WHERE id = ? AND state = 'retired'",
                   DB_ARGS(db_int(meter_id)), &outcome));
    return one_row(&outcome);
}

enum rc swap_meter_write(struct db *db, const struct swap *swap, const char *serial_number,
                         bool external_control, int64_t existing_id, int64_t *ret_meter_id)
{
    assert(db_in_transaction(db));
    struct db_outcome outcome = {0};
    struct db_value line = db_int(swap->new_line_id);
    struct db_value address = db_int(swap->new_address);
    struct db_value model = db_int(swap->new_model_id);
    struct db_value serial = db_text(serial_number);
    struct db_value ct = db_int(swap->new_ct_ratio);
    struct db_value pt = db_int(swap->new_pt_ratio);
    struct db_value external = db_int(external_control);
    if (existing_id != 0) {
        *ret_meter_id = existing_id;
        return db_execute(
            db,
            "UPDATE meter SET line_id = ?, address = ?, model_id = ?,"
            " serial_number = ?, ct_ratio = ?, pt_ratio = ?, external_control = ?,"
            " state = 'in_service' WHERE id = ?",
            DB_ARGS(line, address, model, serial, ct, pt, external, db_int(existing_id)), NULL);
    }
    TRY(db_execute(
        db,
        "INSERT INTO meter (number, line_id, address, model_id, serial_number, ct_ratio,"
        " pt_ratio, external_control) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        DB_ARGS(db_text(swap->new_number), line, address, model, serial, ct, pt, external),
        &outcome));
    *ret_meter_id = outcome.insert_id;
    return RC_OK;
}

enum rc swap_supply_set_meter(struct db *db, int64_t supply_id, int64_t meter_id, int64_t epoch)
{
    assert(db_in_transaction(db));
    struct db_outcome outcome = {0};
    TRY(db_execute(db, "UPDATE supply SET meter_id = ?, epoch = ? WHERE id = ? AND epoch = ?",
                   DB_ARGS(db_int(meter_id), db_int(epoch), db_int(supply_id), db_int(epoch - 1)),
                   &outcome));
    return one_row(&outcome);
}

enum rc swap_counts_get(struct db *db, struct arena *arena, int64_t supply_id, int64_t epoch,
                        struct swap_counts *ret_counts)
{
    struct db_rows rows;
    TRY(db_query(db, arena,
                 "SELECT e.open_count + COALESCE(SUM(d.state IN ('confirmed', 'fenced')), 0),"
                 " COALESCE(MAX(IF(d.slot_supply IS NULL, 0, d.purchase_count)), 0),"
                 " COALESCE(MAX(IF(d.slot_supply IS NULL, 0, d.id)), 0),"
                 " COUNT(d.purchase_count) FROM supply_epoch e LEFT JOIN delivery d"
                 " ON d.supply_id = e.supply_id AND d.epoch = e.epoch"
                 " WHERE e.supply_id = ? AND e.epoch = ? GROUP BY e.id",
                 DB_ARGS(db_int(supply_id), db_int(epoch)), 1, &rows));
    if (rows.count == 0) {
        return RC_NOT_FOUND;
    }
    *ret_counts = (struct swap_counts){.ended_count = db_get_int(&rows, 0, 0),
                                       .flight_count = db_get_int(&rows, 0, 1),
                                       .flight_delivery_id = db_get_int(&rows, 0, 2),
                                       .given_since = db_get_int(&rows, 0, 3)};
    return RC_OK;
}

enum rc swap_epoch_close(struct db *db, int64_t supply_id, int64_t epoch,
                         const struct swap_figures *figures, bool typed)
{
    assert(db_in_transaction(db));
    struct db_outcome outcome = {0};
    TRY(db_execute(db,
                   "UPDATE supply_epoch SET close_count = ?, close_balance_fen = ?,"
                   " close_energy_wh = ?, close_typed = ?, closed_at = GREATEST(opened_at, ?)"
                   " WHERE supply_id = ? AND epoch = ? AND closed_at IS NULL",
                   DB_ARGS(db_int(figures->count), db_int(figures->balance_fen),
                           db_int(figures->energy_wh), db_int(typed), db_time(figures->taken_at_ms),
                           db_int(supply_id), db_int(epoch)),
                   &outcome));
    return one_row(&outcome);
}

enum rc swap_delivery_restart(struct db *db, int64_t delivery_id)
{
    assert(db_in_transaction(db));
    struct db_outcome outcome = {0};
    TRY(db_execute(
        db,
        "UPDATE delivery SET state = 'pending', moved_from_epoch = epoch,"
        " moved_from_count = purchase_count, purchase_count = NULL, wait_code = '',"
        " claimed_at = NULL, claimed_by = NULL, before_serial = NULL, before_count = NULL,"
        " before_balance_fen = NULL, before_energy = NULL, sends = 0, unknown_since_at = NULL,"
        " fence_asked_at = NULL, fence_asked_by = NULL WHERE id = ? AND slot_supply IS NOT NULL",
        DB_ARGS(db_int(delivery_id)), &outcome));
    return one_row(&outcome);
}

enum rc swap_move_open(struct db *db, int64_t supply_id, int64_t from_epoch, int64_t to_epoch,
                       int64_t meter_id, int64_t *ret_moved)
{
    assert(db_in_transaction(db));
    struct db_outcome outcome = {0};
    struct db_value supply = db_int(supply_id);
    struct db_value from = db_int(from_epoch);
    struct db_value to = db_int(to_epoch);
    TRY(db_execute(db,
                   "UPDATE delivery SET moved_from_epoch = epoch, epoch = ?, meter_id = ?"
                   " WHERE supply_id = ? AND epoch = ? AND purchase_count IS NULL"
                   " AND state IN ('pending', 'hold', 'manual')",
                   DB_ARGS(to, db_int(meter_id), supply, from), &outcome));
    *ret_moved = outcome.affected_rows;
    TRY(db_execute(db,
                   "UPDATE purchase b JOIN delivery d ON d.purchase_id = b.id SET b.epoch = ?"
                   " WHERE b.supply_id = ? AND b.epoch = ? AND d.epoch = ?",
                   DB_ARGS(to, supply, from, to), NULL));
    return db_execute(
        db, "UPDATE purchase SET epoch = ? WHERE supply_id = ? AND epoch = ? AND state = 'open'",
        DB_ARGS(to, supply, from), NULL);
}

enum rc swap_sold_since(struct db *db, struct arena *arena, int64_t supply_id, int64_t epoch,
                        int64_t since_ms, int64_t *ret_sold)
{
    struct db_rows rows;
    TRY(db_query(db, arena,
                 "SELECT (SELECT COUNT(*) FROM purchase WHERE supply_id = ? AND epoch = ?"
                 " AND swap_id IS NULL AND created_at > ?) + (SELECT COUNT(*) FROM refund f"
                 " JOIN returned_money r ON r.id = f.returned_id JOIN purchase o"
                 " ON o.id = r.purchase_id WHERE o.supply_id = ? AND o.epoch = ? AND f.state NOT IN"
                 " ('rejected', 'expired', 'cancelled')) + (SELECT COUNT(*) FROM adjustment"
                 " WHERE supply_id = ? AND epoch = ? AND state IN ('writing', 'manual', 'applied',"
                 " 'typed'))",
                 DB_ARGS(db_int(supply_id), db_int(epoch), db_time(since_ms), db_int(supply_id),
                         db_int(epoch), db_int(supply_id), db_int(epoch)),
                 1, &rows));
    *ret_sold = db_get_int(&rows, 0, 0);
    return RC_OK;
}

enum rc swap_carried_open(struct db *db, struct arena *arena, int64_t swap_id,
                          struct swap_carried **ret_list, size_t *ret_count)
{
    struct db_rows rows;
    TRY(db_query(db, arena,
                 "SELECT b.id, d.id, b.amount_fen FROM purchase b JOIN delivery d"
                 " ON d.purchase_id = b.id WHERE b.swap_id = ? AND b.state = 'paid' ORDER BY b.id",
                 DB_ARGS(db_int(swap_id)), SWAP_PURCHASES_MAX, &rows));
    struct swap_carried *list = arena_take_array(arena, rows.count + 1, sizeof *list);
    if (list == NULL) {
        return RC_MEMORY;
    }
    for (size_t i = 0; i < rows.count; i++) {
        list[i] = (struct swap_carried){.purchase_id = db_get_int(&rows, i, 0),
                                        .delivery_id = db_get_int(&rows, i, 1),
                                        .amount_fen = db_get_int(&rows, i, 2)};
    }
    *ret_list = list;
    *ret_count = rows.count;
    return RC_OK;
}

enum rc swap_adjustments_cancel(struct db *db, int64_t supply_id, int64_t epoch)
{
    assert(db_in_transaction(db));
    return db_execute(db,
                      "UPDATE adjustment SET state = 'cancelled', ended_at = ? WHERE supply_id = ?"
                      " AND epoch = ? AND state = 'approved'",
                      DB_ARGS(db_time(clock_now_ms()), db_int(supply_id), db_int(epoch)), NULL);
}

enum rc swap_alarms_close(struct db *db, const char *object_kind, int64_t object_id)
{
    assert(db_in_transaction(db));
    return db_execute(db,
                      "UPDATE alarm SET closed_at = ? WHERE object_kind = ? AND object_id = ?"
                      " AND closed_at IS NULL",
                      DB_ARGS(db_time(clock_now_ms()), db_text(object_kind), db_int(object_id)),
                      NULL);
}

enum rc swap_wanted_of(struct db *db, struct arena *arena, int64_t meter_id, const char **ret_json)
{
    struct db_rows rows;
    struct push_wanted wanted;
    *ret_json = "";
    TRY(db_query(
        db, arena,
        "SELECT CONCAT('{', CONCAT_WS(',',"
        " CONCAT('\"price_e4\":[', price_sharp_e4, ',', price_peak_e4, ',', price_flat_e4, ',',"
        " price_valley_e4, ']'), CONCAT('\"alarm_fen\":[', alarm1_fen, ',', alarm2_fen, ']'),"
        " CONCAT('\"overdraft_fen\":', overdraft_fen),"
        " CONCAT('\"zones\":\"', LOWER(HEX(rate_zones)), '\"'),"
        " CONCAT('\"day_1\":\"', LOWER(HEX(day_table_1)), '\"'),"
        " CONCAT('\"day_2\":\"', LOWER(HEX(day_table_2)), '\"')), '}')"
        " FROM meter_parameter WHERE meter_id = ?",
        DB_ARGS(db_int(meter_id)), 1, &rows));
    if (rows.count == 0 || push_parse_json(db_get_text(&rows, 0, 0), &wanted) != RC_OK) {
        return RC_OK; /* never read, or nothing that a meter takes */
    }
    *ret_json = db_get_text(&rows, 0, 0);
    return RC_OK;
}
