#include "core/store/tariff_meter.h"

#include <string.h>

#include "core/store/row.h"

static void take_part(const struct db_rows *rows, size_t at, size_t column,
                      enum rate_table_part part, uint8_t *out, size_t len,
                      struct rate_table_bytes *tables)
{
    const struct db_value *value = db_at(rows, at, column);
    if (value->kind == DB_NULL || value->len != len) {
        return;
    }
    memcpy(out, value->text, len);
    tables->parts |= (uint8_t)part;
}

static void fill(const struct db_rows *rows, size_t at, struct tariff_meter_row *row)
{
    *row = (struct tariff_meter_row){
        .supply_id = db_get_int(rows, at, 0),
        .meter_id = db_get_int(rows, at, 1),
        .unit_number = db_get_text(rows, at, 2),
        .meter_number = db_get_text(rows, at, 3),
        .shop_name = db_get_text(rows, at, 4),
        .tariff_id = db_get_int(rows, at, 5),
        .tariff_name = db_get_text(rows, at, 6),
        .read_at = db_get_time(rows, at, 7),
        .price_e4 = {row_int(rows, at, 8), row_int(rows, at, 9), row_int(rows, at, 10),
                     row_int(rows, at, 11)},
    };
    struct rate_table_bytes *tables = &row->tables;
    take_part(rows, at, 12, RATE_TABLE_ZONES, tables->zones, sizeof tables->zones, tables);
    take_part(rows, at, 13, RATE_TABLE_DAY_1, tables->days[0], sizeof tables->days[0], tables);
    take_part(rows, at, 14, RATE_TABLE_DAY_2, tables->days[1], sizeof tables->days[1], tables);
    row->push_batch_id = db_get_int(rows, at, 15);
    row->push_state = db_get_text(rows, at, 16);
    row->push_code = db_get_text(rows, at, 17);
}

enum rc tariff_meters(struct db *db, struct arena *arena, int64_t at_ms,
                      struct tariff_meter_row **ret_rows, size_t *ret_count)
{
    struct db_rows rows;
    TRY(db_query(
        db, arena,
        "SELECT s.id, s.meter_id, u.number, m.number, u.shop_name, t.id, t.name, p.read_at,"
        " p.price_sharp_e4, p.price_peak_e4, p.price_flat_e4, p.price_valley_e4, p.rate_zones,"
        " p.day_table_1, p.day_table_2, COALESCE(n.batch_id, 0), COALESCE(n.state, ''),"
        " CASE WHEN n.id IS NULL OR n.state = 'confirmed' THEN '' WHEN n.state = 'refused'"
        " OR n.wait_code <> '' THEN n.wait_code WHEN s.frozen_reason IS NOT NULL THEN 'frozen'"
        " WHEN NOT (l.writable AND l.enabled) THEN 'read_only_line'"
        " WHEN h.silent_since_at IS NOT NULL THEN 'meter_silent' ELSE '' END"
        " FROM supply s JOIN meter m ON m.id = s.meter_id AND m.state = 'in_service'"
        " JOIN supply_tariff st ON st.supply_id = s.id AND st.valid_from_at ="
        " (SELECT MAX(x.valid_from_at) FROM supply_tariff x WHERE x.supply_id = s.id"
        " AND x.valid_from_at <= ?) JOIN tariff t ON t.id = st.tariff_id"
        " JOIN line l ON l.id = m.line_id LEFT JOIN meter_health h ON h.meter_id = m.id"
        " LEFT JOIN unit u ON u.id = s.unit_id LEFT JOIN meter_parameter p ON p.meter_id = m.id"
        " LEFT JOIN push n ON n.id = (SELECT x.id FROM push x JOIN push_batch b"
        " ON b.id = x.batch_id WHERE x.supply_id = s.id AND x.meter_id = m.id AND b.due_at <= ?"
        " AND x.state NOT IN ('superseded', 'cancelled') AND (b.tariff_id IS NOT NULL"
        " OR JSON_EXISTS(x.wanted, '$.price_e4')) ORDER BY b.due_at DESC, x.id DESC LIMIT 1)"
        " WHERE s.billing_mode = 'meter' ORDER BY t.id, u.number, m.number",
        DB_ARGS(db_time(at_ms), db_time(at_ms)), TARIFF_METERS_MAX, &rows));
    struct tariff_meter_row *list = arena_take_array(arena, rows.count + 1, sizeof *list);
    if (list == NULL) {
        return RC_MEMORY;
    }
    for (size_t i = 0; i < rows.count; i++) {
        fill(&rows, i, &list[i]);
    }
    *ret_rows = list;
    *ret_count = rows.count;
    return RC_OK;
}

enum rc tariff_meter_get(struct db *db, struct arena *arena, int64_t meter_id,
                         struct tariff_meter_row *ret_row)
{
    struct db_rows rows;
    TRY(db_query(db, arena,
                 "SELECT 0, m.id, '', m.number, '', 0, '', p.read_at, p.price_sharp_e4,"
                 " p.price_peak_e4, p.price_flat_e4, p.price_valley_e4, p.rate_zones,"
                 " p.day_table_1, p.day_table_2, 0, '', '' FROM meter m"
                 " LEFT JOIN meter_parameter p ON p.meter_id = m.id WHERE m.id = ?",
                 DB_ARGS(db_int(meter_id)), 1, &rows));
    if (rows.count == 0) {
        return RC_NOT_FOUND;
    }
    fill(&rows, 0, ret_row);
    return RC_OK;
}
