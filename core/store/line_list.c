#include "core/store/line_list.h"

#include <assert.h>

#include "core/base/clock.h"
#include "core/store/row.h"

static void fill_line(const struct db_rows *rows, size_t at, struct line_row *line)
{
    *line = (struct line_row){
        .id = db_get_int(rows, at, 0),
        .code = db_get_text(rows, at, 1),
        .name = db_get_text(rows, at, 2),
        .gateway_id = db_get_int(rows, at, 3),
        .link = db_get_text(rows, at, 4),
        .address_text = db_get_text(rows, at, 5),
        .baud = db_get_int(rows, at, 6),
        .parity = db_get_text(rows, at, 7),
        .stop_bits = db_get_int(rows, at, 8),
        .cycle_s = db_get_int(rows, at, 9),
        .read_only = !row_bool(rows, at, 10),
        .enabled = row_bool(rows, at, 11),
        .meters = db_get_int(rows, at, 12),
        .meters_silent = db_get_int(rows, at, 13),
        .state = db_is_null(rows, at, 14) ? "never" : db_get_text(rows, at, 14),
        .cycle_ms = row_int(rows, at, 15),
        .bound_ms = row_int(rows, at, 16),
        .cycle_ratio_percent = ROW_NULL,
        .transactions = db_get_int(rows, at, 17),
        .timeouts = db_get_int(rows, at, 18),
        .crc_errors = db_get_int(rows, at, 19),
        .foreign_frames = db_get_int(rows, at, 20),
        .late_frames = db_get_int(rows, at, 21),
        .exceptions = db_get_int(rows, at, 22),
        .reconnects = db_get_int(rows, at, 23),
        .commands_pending = db_get_int(rows, at, 24),
        .heartbeat_at = db_get_time(rows, at, 25),
    };
    if (line->cycle_ms != ROW_NULL && line->bound_ms != ROW_NULL && line->bound_ms > 0) {
        line->cycle_ratio_percent = line->cycle_ms * 100 / line->bound_ms;
    }
}

enum rc lines_list(struct db *db, struct arena *arena, int64_t line_id, struct line_row **ret_rows,
                   size_t *ret_count)
{
    struct db_rows rows;
    TRY(db_query(
        db, arena,
        "SELECT l.id, l.code, l.name, l.gateway_id, l.link,"
        " IF(l.link = 'serial', l.device, CONCAT(g.host, ':', l.port)), l.baud, l.parity,"
        " l.stop_bits, l.cycle_s, l.writable, l.enabled,"
        " (SELECT COUNT(*) FROM meter m WHERE m.line_id = l.id AND m.state = 'in_service'),"
        " ls.meters_silent, ls.state, ls.cycle_ms, ls.bound_ms, ls.transactions, ls.timeouts,"
        " ls.crc_errors, ls.foreign_frames, ls.late_frames, ls.exceptions, ls.reconnects,"
        " (SELECT COUNT(*) FROM command c JOIN meter m ON m.id = c.meter_id WHERE m.line_id = l.id"
        " AND c.state IN ('pending', 'taken', 'sent')), ls.heartbeat_at"
        " FROM line l JOIN gateway g ON g.id = l.gateway_id"
        " LEFT JOIN line_state ls ON ls.line_id = l.id WHERE ? = 0 OR l.id = ? ORDER BY l.code",
        DB_ARGS(db_int(line_id), db_int(line_id)), LINES_MAX, &rows));
    struct line_row *list = arena_take_array(arena, rows.count + 1, sizeof *list);
    if (list == NULL) {
        return RC_MEMORY;
    }
    for (size_t i = 0; i < rows.count; i++) {
        fill_line(&rows, i, &list[i]);
    }
    *ret_rows = list;
    *ret_count = rows.count;
    return RC_OK;
}

enum rc lines_meters(struct db *db, struct arena *arena, int64_t line_id,
                     struct line_meter_row **ret_rows, size_t *ret_count)
{
    struct db_rows rows;
    TRY(db_query(db, arena,
                 "SELECT m.id, m.number, m.address, u.number, ms.taken_at, h.backoff_until_at,"
                 " COALESCE(h.timeouts + h.crc_errors + h.foreign_frames"
                 " + h.late_frames + h.exceptions, 0) FROM meter m"
                 " LEFT JOIN supply s ON s.meter_id = m.id AND s.circuit = 0"
                 " LEFT JOIN unit u ON u.id = s.unit_id"
                 " LEFT JOIN meter_state ms ON ms.meter_id = m.id"
                 " LEFT JOIN meter_health h ON h.meter_id = m.id"
                 " WHERE m.line_id = ? AND m.state = 'in_service' ORDER BY m.address",
                 DB_ARGS(db_int(line_id)), LINE_METERS_MAX, &rows));
    struct line_meter_row *list = arena_take_array(arena, rows.count + 1, sizeof *list);
    if (list == NULL) {
        return RC_MEMORY;
    }
    for (size_t i = 0; i < rows.count; i++) {
        list[i] = (struct line_meter_row){
            .meter_id = db_get_int(&rows, i, 0),
            .number = db_get_text(&rows, i, 1),
            .address = db_get_int(&rows, i, 2),
            .unit_number = db_get_text(&rows, i, 3),
            .state = "never",
            .taken_at = db_get_time(&rows, i, 4),
            .backoff_until_at = db_get_time(&rows, i, 5),
            .errors = db_get_int(&rows, i, 6),
        };
    }
    *ret_rows = list;
    *ret_count = rows.count;
    return RC_OK;
}

enum rc lines_history(struct db *db, struct arena *arena, int64_t line_id,
                      struct line_history_row **ret_rows, size_t *ret_count)
{
    struct db_rows rows;
    TRY(db_query(db, arena,
                 "SELECT at, cycle_ms, bound_ms, errors FROM line_history WHERE line_id = ?"
                 " ORDER BY at DESC LIMIT 500",
                 DB_ARGS(db_int(line_id)), LINE_HISTORY_MAX, &rows));
    struct line_history_row *list = arena_take_array(arena, rows.count + 1, sizeof *list);
    if (list == NULL) {
        return RC_MEMORY;
    }
    for (size_t i = 0; i < rows.count; i++) {
        list[rows.count - 1 - i] = (struct line_history_row){.at = db_get_time(&rows, i, 0),
                                                             .cycle_ms = row_int(&rows, i, 1),
                                                             .bound_ms = row_int(&rows, i, 2),
                                                             .errors = db_get_int(&rows, i, 3)};
    }
    *ret_rows = list;
    *ret_count = rows.count;
    return RC_OK;
}

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
