#include "core/store/supply.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "core/base/clock.h"

enum rc supply_lock(struct db *db, int64_t supply_id)
{
    assert(db_in_transaction(db));
    struct db_outcome outcome = {0};
    TRY(db_execute(
        db, "UPDATE supply SET orders_version = orders_version + 1, changed_at = ? WHERE id = ?",
        DB_ARGS(db_time(clock_now_ms()), db_int(supply_id)), &outcome));
    return outcome.affected_rows == 1 ? RC_OK : RC_NOT_FOUND;
}

enum rc supply_get(struct db *db, struct arena *arena, int64_t supply_id, struct supply *ret_supply)
{
    struct db_rows rows;
    TRY(db_query(db, arena,
                 "SELECT s.id, s.unit_id, s.meter_id, m.line_id, s.epoch, l.shard, s.protected,"
                 " s.close_by_hand, s.frozen_reason IS NOT NULL, m.external_control,"
                 " m.state = 'in_service' AND l.enabled, l.writable, mo.maturity = 'experimental',"
                 " EXISTS (SELECT 1 FROM site_setting WHERE name = 'accept_experimental_models'"
                 " AND value = '1'),"
                 " EXISTS (SELECT 1 FROM lock_out WHERE active_supply = s.id),"
                 " mo.actions, u.number, m.number, m.serial_number, u.shop_name,"
                 " ms.meter_id IS NOT NULL, ms.taken_at, ms.relay, ms.forced, ms.status_bits,"
                 " mo.capabilities, s.billing_mode = 'platform'"
                 " FROM supply s JOIN meter m ON m.id = s.meter_id JOIN line l ON l.id = m.line_id"
                 " JOIN model mo ON mo.id = m.model_id LEFT JOIN unit u ON u.id = s.unit_id"
                 " LEFT JOIN meter_state ms ON ms.meter_id = m.id WHERE s.id = ?",
                 DB_ARGS(db_int(supply_id)), 1, &rows));
    if (rows.count == 0) {
        return RC_NOT_FOUND;
    }
    *ret_supply = (struct supply){
        .id = db_get_int(&rows, 0, 0),
        .unit_id = db_get_int(&rows, 0, 1),
        .meter_id = db_get_int(&rows, 0, 2),
        .line_id = db_get_int(&rows, 0, 3),
        .epoch = db_get_int(&rows, 0, 4),
        .shard = (int32_t)db_get_int(&rows, 0, 5),
        .protected_supply = db_get_int(&rows, 0, 6) != 0,
        .close_by_hand = db_get_int(&rows, 0, 7) != 0,
        .frozen = db_get_int(&rows, 0, 8) != 0,
        .external_control = db_get_int(&rows, 0, 9) != 0,
        .in_service = db_get_int(&rows, 0, 10) != 0,
        .writable_line = db_get_int(&rows, 0, 11) != 0,
        .experimental = db_get_int(&rows, 0, 12) != 0,
        .experimental_setting = db_get_int(&rows, 0, 13) != 0,
        .locked_out = db_get_int(&rows, 0, 14) != 0,
        .actions = db_get_text(&rows, 0, 15),
        .unit_number = db_get_text(&rows, 0, 16),
        .meter_number = db_get_text(&rows, 0, 17),
        .serial_number = db_get_text(&rows, 0, 18),
        .shop_name = db_get_text(&rows, 0, 19),
        .ever_read = db_get_int(&rows, 0, 20) != 0,
        .taken_at_ms = db_get_time(&rows, 0, 21),
        .relay = relay_state_find(db_get_text(&rows, 0, 22)),
        .forced = forced_state_find(db_get_text(&rows, 0, 23)),
        .status_bits = db_get_int(&rows, 0, 24),
        .capabilities = db_get_text(&rows, 0, 25),
        .platform_mode = db_get_int(&rows, 0, 26) != 0,
    };
    return RC_OK;
}

const char *supply_label(const struct supply *supply)
{
    return supply->unit_number[0] != '\0' ? supply->unit_number : supply->meter_number;
}

enum rc supply_line_hold(struct db *db, struct arena *arena, int64_t line_id, bool *ret_writable)
{
    assert(db_in_transaction(db));
    struct db_rows rows;
    TRY(db_query(db, arena, "SELECT writable AND enabled FROM line WHERE id = ? LOCK IN SHARE MODE",
                 DB_ARGS(db_int(line_id)), 1, &rows));
    if (rows.count == 0) {
        return RC_NOT_FOUND;
    }
    *ret_writable = db_get_int(&rows, 0, 0) != 0;
    return RC_OK;
}

enum rc supply_freeze(struct db *db, int64_t supply_id, const char *reason, const char *detail)
{
    assert(db_in_transaction(db));
    return db_execute(
        db,
        "UPDATE supply SET frozen_reason = ?, frozen_at = ?, frozen_detail = ?"
        " WHERE id = ? AND frozen_reason IS NULL",
        DB_ARGS(db_text(reason), db_time(clock_now_ms()), db_text(detail), db_int(supply_id)),
        NULL);
}

enum rc supply_freeze_get(struct db *db, struct arena *arena, int64_t supply_id,
                          struct supply_freeze_state *ret_state)
{
    struct db_rows rows;
    TRY(db_query(db, arena,
                 "SELECT s.frozen_reason, COALESCE(s.frozen_detail, ''), s.frozen_at,"
                 " m.serial_number, COALESCE(p.serial_number, ''), p.serial_read_at FROM supply s"
                 " JOIN meter m ON m.id = s.meter_id"
                 " LEFT JOIN meter_parameter p ON p.meter_id = m.id"
                 " WHERE s.id = ? AND s.frozen_reason IS NOT NULL",
                 DB_ARGS(db_int(supply_id)), 1, &rows));
    if (rows.count == 0) {
        return RC_NOT_FOUND;
    }
    *ret_state = (struct supply_freeze_state){
        .reason = db_get_text(&rows, 0, 0),
        .detail = db_get_text(&rows, 0, 1),
        .frozen_at_ms = db_get_time(&rows, 0, 2),
        .serial_number = db_get_text(&rows, 0, 3),
        .serial_number_read = db_get_text(&rows, 0, 4),
        .read_at_ms = db_get_time(&rows, 0, 5),
    };
    return RC_OK;
}

enum rc supply_note_serial(struct db *db, int64_t meter_id, const char *serial_number,
                           int64_t read_at_ms)
{
    assert(db_in_transaction(db));
    return db_execute(
        db,
        "INSERT INTO meter_parameter (meter_id, read_at, serial_number,"
        " serial_read_at) VALUES (?, ?, ?, ?) ON DUPLICATE KEY UPDATE"
        " serial_number = VALUES(serial_number),"
        " serial_read_at = VALUES(serial_read_at)",
        DB_ARGS(db_int(meter_id), db_time(read_at_ms), db_text(serial_number), db_time(read_at_ms)),
        NULL);
}

enum rc supply_unfreeze(struct db *db, int64_t supply_id)
{
    assert(db_in_transaction(db));
    return db_execute(db,
                      "UPDATE supply SET frozen_reason = NULL, frozen_at = NULL,"
                      " frozen_detail = NULL WHERE id = ?",
                      DB_ARGS(db_int(supply_id)), NULL);
}
