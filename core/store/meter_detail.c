#include "core/store/meter_detail.h"

#include "core/rules/supply_state.h"
#include "core/store/meter_tables.h"
#include "core/store/row.h"

#define CONTROL_BIT_LOAD (1 << 11) /* register 0225: hi byte bit 3, lo byte bits 3 and 7 */
#define CONTROL_BIT_FEE (1 << 3)
#define CONTROL_BIT_TIME (1 << 7)
#define RUN_WORD_ENCRYPTED (1 << 5)

static enum rc read_live(struct db *db, struct arena *arena, int64_t meter_id,
                         const struct meter_live **ret_live)
{
    struct db_rows rows;
    TRY(db_query(db, arena,
                 "SELECT voltage_a_mv, voltage_b_mv, voltage_c_mv, current_a_ma, current_b_ma,"
                 " current_c_ma, power_a_w, power_b_w, power_c_w, power_w, reactive_var,"
                 " power_factor_milli, energy_wh, energy_sharp_wh, energy_peak_wh, energy_flat_wh,"
                 " energy_valley_wh, max_demand_w, status_bits, control_bits, load_trip_count,"
                 " load_trip_allowed, meter_clock_at FROM meter_state WHERE meter_id = ?",
                 DB_ARGS(db_int(meter_id)), 1, &rows));
    if (rows.count == 0) {
        *ret_live = NULL;
        return RC_OK;
    }
    struct meter_live *live = arena_take(arena, sizeof *live);
    if (live == NULL) {
        return RC_MEMORY;
    }
    int64_t *const numbers[] = {
        &live->voltage_a_mv,   &live->voltage_b_mv,     &live->voltage_c_mv,
        &live->current_a_ma,   &live->current_b_ma,     &live->current_c_ma,
        &live->power_a_w,      &live->power_b_w,        &live->power_c_w,
        &live->power_w,        &live->reactive_var,     &live->power_factor_milli,
        &live->energy_wh,      &live->energy_sharp_wh,  &live->energy_peak_wh,
        &live->energy_flat_wh, &live->energy_valley_wh, &live->max_demand_w,
        &live->status_bits};
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
        *numbers[i] = row_int(&rows, 0, i);
    }
    int64_t status = db_get_int(&rows, 0, 18);
    int64_t control = db_get_int(&rows, 0, 19);
    live->max_demand_at_text = "";
    live->fault = (status & STATUS_BIT_FAULT) != 0;
    live->over_limit = (status & STATUS_BIT_OVER_LIMIT) != 0;
    live->arrears = (status & STATUS_BIT_ARREARS) != 0;
    live->alarm1 = (status & STATUS_BIT_ALARM1) != 0;
    live->alarm2 = (status & STATUS_BIT_ALARM2) != 0;
    live->fee_control = (control & CONTROL_BIT_FEE) != 0;
    live->load_control = (control & CONTROL_BIT_LOAD) != 0;
    live->time_control = (control & CONTROL_BIT_TIME) != 0;
    live->load_trip_count = row_int(&rows, 0, 20);
    live->load_trip_allowed = row_int(&rows, 0, 21);
    live->meter_clock_at = db_get_time(&rows, 0, 22);
    *ret_live = live;
    return RC_OK;
}

/* Rate and price in force; the tables are columns 11 .. 13. */
static void set_rate(const struct db_rows *rows, const struct clock_parts *local,
                     struct meter_parameters *parameters)
{
    const int64_t price_e4[] = {parameters->price_sharp_e4, parameters->price_peak_e4,
                                parameters->price_flat_e4, parameters->price_valley_e4};
    struct meter_rates rates = {.filled = false};
    struct rate_table_bytes tables;
    meter_tables_of_row(rows, 0, 11, &tables);
    enum rate rate = meter_rates_find(&rates, &tables, local);
    parameters->rate_now = rate == RATE__MAX ? NULL : rate_name(rate);
    parameters->price_now_e4 = rate_table_price_e4(price_e4, rate);
}

static enum rc read_parameters(struct db *db, struct arena *arena, int64_t meter_id,
                               const struct clock_parts *local,
                               const struct meter_parameters **ret_parameters)
{
    struct db_rows rows;
    TRY(db_query(db, arena,
                 "SELECT read_at, price_sharp_e4, price_peak_e4, price_flat_e4, price_valley_e4,"
                 " alarm1_fen, alarm2_fen, overdraft_fen, fee_control_enabled, run_word,"
                 " tables_read_at, rate_zones, day_table_1, day_table_2"
                 " FROM meter_parameter WHERE meter_id = ?",
                 DB_ARGS(db_int(meter_id)), 1, &rows));
    if (rows.count == 0) {
        *ret_parameters = NULL;
        return RC_OK;
    }
    struct meter_parameters *parameters = arena_take(arena, sizeof *parameters);
    if (parameters == NULL) {
        return RC_MEMORY;
    }
    *parameters = (struct meter_parameters){
        .read_at = db_get_time(&rows, 0, 0),
        .price_sharp_e4 = row_int(&rows, 0, 1),
        .price_peak_e4 = row_int(&rows, 0, 2),
        .price_flat_e4 = row_int(&rows, 0, 3),
        .price_valley_e4 = row_int(&rows, 0, 4),
        .alarm1_fen = row_int(&rows, 0, 5),
        .alarm2_fen = row_int(&rows, 0, 6),
        .overdraft_fen = row_int(&rows, 0, 7),
        .fee_control_enabled = row_bool(&rows, 0, 8),
        .run_word = row_int(&rows, 0, 9),
        .encrypted = (db_get_int(&rows, 0, 9) & RUN_WORD_ENCRYPTED) != 0,
        .tables_read_at = db_get_time(&rows, 0, 10),
    };
    set_rate(&rows, local, parameters);
    *ret_parameters = parameters;
    return RC_OK;
}

static enum rc read_named(struct arena *arena, const struct db_rows *rows, size_t column,
                          const struct named_row **ret_named)
{
    if (db_is_null(rows, 0, column)) {
        *ret_named = NULL;
        return RC_OK;
    }
    struct named_row *named = arena_take(arena, sizeof *named);
    if (named == NULL) {
        return RC_MEMORY;
    }
    *named = (struct named_row){.id = db_get_int(rows, 0, column),
                                .code = db_get_text(rows, 0, column + 1),
                                .name = db_get_text(rows, 0, column + 2)};
    *ret_named = named;
    return RC_OK;
}

/* Columns 15 .. 18 and 26 .. 30 of read_place. */
static enum rc read_line(struct arena *arena, const struct db_rows *rows,
                         struct meter_detail *detail)
{
    struct meter_line *line = arena_take(arena, sizeof *line);
    struct meter_errors *errors = arena_take(arena, sizeof *errors);
    if (line == NULL || errors == NULL) {
        return RC_MEMORY;
    }
    *line = (struct meter_line){.id = db_get_int(rows, 0, 15),
                                .code = db_get_text(rows, 0, 16),
                                .name = db_get_text(rows, 0, 17),
                                .read_only = row_bool(rows, 0, 18)};
    *errors = (struct meter_errors){.timeouts = db_get_int(rows, 0, 26),
                                    .crc = db_get_int(rows, 0, 27),
                                    .foreign = db_get_int(rows, 0, 28),
                                    .late = db_get_int(rows, 0, 29),
                                    .exceptions = db_get_int(rows, 0, 30)};
    detail->line = line;
    detail->errors = errors;
    return RC_OK;
}

static enum rc read_place(struct db *db, struct arena *arena, int64_t meter_id,
                          struct meter_detail *detail)
{
    struct db_rows rows;
    TRY(db_query(
        db, arena,
        "SELECT r.id, r.code, r.name, b.id, b.code, b.name, f.id, f.code, f.name,"
        " m.serial_number, mo.code, mo.name, mo.maturity, mo.capabilities, m.address, l.id, l.code,"
        " l.name, NOT l.writable, g.id, g.code, g.name, m.ct_ratio, m.pt_ratio, m.external_control,"
        " s.epoch, h.timeouts, h.crc_errors, h.foreign_frames, h.late_frames, h.exceptions,"
        " s.billing_mode"
        " FROM meter m JOIN supply s ON s.meter_id = m.id JOIN line l ON l.id = m.line_id"
        " JOIN gateway g ON g.id = l.gateway_id JOIN model mo ON mo.id = m.model_id"
        " LEFT JOIN room r ON r.id = g.room_id LEFT JOIN unit u ON u.id = s.unit_id"
        " LEFT JOIN floor f ON f.id = u.floor_id LEFT JOIN building b ON b.id = f.building_id"
        " LEFT JOIN meter_health h ON h.meter_id = m.id WHERE m.id = ? ORDER BY s.id LIMIT 1",
        DB_ARGS(db_int(meter_id)), 1, &rows));
    if (rows.count == 0) {
        return RC_NOT_FOUND;
    }
    detail->room = db_get_text(&rows, 0, 2);
    detail->building = db_get_text(&rows, 0, 5);
    detail->floor = db_get_text(&rows, 0, 8);
    detail->serial_number = db_get_text(&rows, 0, 9);
    detail->model_code = db_get_text(&rows, 0, 10);
    detail->model_name = db_get_text(&rows, 0, 11);
    detail->maturity = db_get_text(&rows, 0, 12);
    detail->capabilities = db_get_text(&rows, 0, 13);
    detail->address = db_get_int(&rows, 0, 14);
    TRY(read_line(arena, &rows, detail));
    TRY(read_named(arena, &rows, 19, &detail->gateway));
    detail->ct_ratio = db_get_int(&rows, 0, 22);
    detail->pt_ratio = db_get_int(&rows, 0, 23);
    detail->external_control = row_bool(&rows, 0, 24);
    detail->epoch = db_get_int(&rows, 0, 25);
    detail->billing_mode = db_get_text(&rows, 0, 31);
    return RC_OK;
}

enum rc meter_detail_get(struct db *db, struct arena *arena,
                         const struct meter_list_question *question, int64_t meter_id,
                         struct meter_detail *ret_detail)
{
    struct meter_detail detail = {0};
    TRY(meter_list_one(db, arena, question, meter_id, &detail.row));
    TRY(read_place(db, arena, meter_id, &detail));
    TRY(read_live(db, arena, meter_id, &detail.live));
    TRY(read_parameters(db, arena, meter_id, &question->local, &detail.parameters));
    *ret_detail = detail;
    return RC_OK;
}

enum rc meter_log(struct db *db, struct arena *arena, int64_t meter_id, int64_t before_ms,
                  int64_t skip, size_t limit, struct meter_log_row **ret_rows, size_t *ret_count)
{
    struct db_value meter = db_int(meter_id);
    /* Without a cursor: everything up to a day ahead, for a clock that went back. */
    struct db_value before = db_time(before_ms == 0 ? INT64_C(253402300799000) : before_ms);
    struct db_value most = db_int((int64_t)limit + 1 + skip);
    struct db_rows rows;
    TRY(db_query(
        db, arena,
        "SELECT * FROM ("
        "(SELECT c.requested_at AS at, 'command' AS what, c.kind AS code,"
        " COALESCE(u.display_name, '') AS actor, c.state AS state, c.reason AS reason,"
        " COALESCE(c.result_code, '') AS detail, c.id AS command_id, c.id AS tie FROM command c"
        " LEFT JOIN user u ON u.id = c.requested_by WHERE c.meter_id = ? AND c.requested_at <= ?"
        " ORDER BY c.requested_at DESC, c.id DESC LIMIT ?)"
        " UNION ALL (SELECT lo.created_at, 'lock_out', 'lock_out', u.display_name, lo.state,"
        " lo.reason, '', NULL, lo.id FROM lock_out lo JOIN supply s ON s.id = lo.supply_id"
        " JOIN user u ON u.id = lo.holder_id WHERE s.meter_id = ? AND lo.created_at <= ?"
        " ORDER BY lo.created_at DESC, lo.id DESC LIMIT ?)"
        " UNION ALL (SELECT lo.lifted_at, 'lock_out', 'lift', u.display_name, lo.state,"
        " COALESCE(lo.lift_reason, ''), '', NULL, lo.id FROM lock_out lo"
        " JOIN supply s ON s.id = lo.supply_id JOIN user u ON u.id = lo.lifted_by"
        " WHERE s.meter_id = ? AND lo.lifted_at <= ?"
        " ORDER BY lo.lifted_at DESC, lo.id DESC LIMIT ?)"
        " UNION ALL (SELECT a.opened_at, 'alarm', a.kind, '', IF(a.closed_at IS NULL, 'open',"
        " 'closed'), '', a.detail, NULL, a.id FROM alarm a JOIN supply s ON s.meter_id = ?"
        " WHERE ((a.object_kind = 'meter' AND a.object_id = s.meter_id)"
        " OR (a.object_kind = 'supply' AND a.object_id = s.id)) AND a.opened_at <= ?"
        " ORDER BY a.opened_at DESC, a.id DESC LIMIT ?)"
        " UNION ALL (SELECT p.made_at, 'approval', p.kind, u.display_name, p.state, p.reason,"
        " COALESCE(p.decision_reason, ''), NULL, p.id FROM approval p JOIN supply s"
        " ON s.meter_id = ? JOIN user u ON u.id = p.maker_id WHERE ((p.object_kind = 'supply'"
        " AND p.object_id = s.id) OR (p.object_kind = 'lock_out' AND p.object_id IN"
        " (SELECT id FROM lock_out WHERE supply_id = s.id))) AND p.made_at <= ?"
        " ORDER BY p.made_at DESC, p.id DESC LIMIT ?)"
        ") log ORDER BY at DESC, what, tie DESC LIMIT ? OFFSET ?",
        DB_ARGS(meter, before, most, meter, before, most, meter, before, most, meter, before, most,
                meter, before, most, db_int((int64_t)limit + 1), db_int(skip)),
        limit + 1, &rows));
    struct meter_log_row *list = arena_take_array(arena, rows.count + 1, sizeof *list);
    if (list == NULL) {
        return RC_MEMORY;
    }
    for (size_t i = 0; i < rows.count; i++) {
        list[i] = (struct meter_log_row){
            .at = db_get_time(&rows, i, 0),
            .kind = db_get_text(&rows, i, 1),
            .code = db_get_text(&rows, i, 2),
            .actor_name = db_get_text(&rows, i, 3),
            .state = db_get_text(&rows, i, 4),
            .reason = db_get_text(&rows, i, 5),
            .detail = db_get_text(&rows, i, 6),
            .command_id = row_int(&rows, i, 7),
        };
    }
    *ret_rows = list;
    *ret_count = rows.count;
    return RC_OK;
}
