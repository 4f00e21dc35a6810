#include "core/store/take_over.h"

#include <assert.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/text.h"
#include "core/store/row.h"

static struct db_value number(int64_t value)
{
    return db_int_or_null(value != ROW_NULL, value);
}

static struct db_value moment(int64_t at_ms)
{
    return db_time_or_null(at_ms != 0, at_ms);
}

enum rc take_overs_insert(struct db *db, const char *file_name, int64_t created_by, int64_t *ret_id)
{
    assert(db_in_transaction(db));
    struct db_outcome outcome = {0};
    TRY(db_execute(db, "INSERT INTO take_over (file_name, created_by, created_at) VALUES (?, ?, ?)",
                   DB_ARGS(db_text(file_name), db_int_or_null(created_by != 0, created_by),
                           db_time(clock_now_ms())),
                   &outcome));
    *ret_id = outcome.insert_id;
    return RC_OK;
}

enum rc take_over_rows_insert(struct db *db, int64_t take_over_id, const struct take_over_row *row)
{
    assert(db_in_transaction(db));
    bool phone = row->phone.phone_sealed_len != 0;
    return db_execute(
        db,
        "INSERT INTO take_over_row (take_over_id, line_number, unit_number, shop_name,"
        " contact_name, phone_sealed, phone_hash, phone_tail, meter_number, sheet_balance_fen,"
        " sheet_count, sheet_alarm_fen, tariff_code, supply_id, tariff_id, first_at, first_count,"
        " first_balance_fen, first_energy_wh, verdict, message, message_en, card_balance_fen)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        DB_ARGS(db_int(take_over_id), db_int(row->line_number), db_text(row->unit_number),
                db_text(row->shop_name), db_text(row->contact_name),
                phone ? db_bytes(row->phone.phone_sealed, row->phone.phone_sealed_len) : db_null(),
                phone ? db_bytes(row->phone.phone_hash, CONTACT_HASH_BYTES) : db_null(),
                db_text(row->phone.phone_tail), db_text(row->meter_number),
                number(row->sheet_balance_fen), number(row->sheet_count),
                number(row->sheet_alarm_fen), db_text(row->tariff_code), number(row->supply_id),
                number(row->tariff_id), moment(row->first_at), number(row->first_count),
                number(row->first_balance_fen), number(row->first_energy_wh), db_text(row->verdict),
                db_text(row->message), db_text(row->message_en), number(row->card_balance_fen)),
        NULL);
}

enum rc take_over_rows_update(struct db *db, int64_t take_over_id, const struct take_over_row *row)
{
    assert(db_in_transaction(db));
    return db_execute(
        db,
        "UPDATE take_over_row SET second_at = ?, second_count = ?, second_balance_fen = ?,"
        " second_energy_wh = ?, verdict = ?, message = ?, message_en = ?, account_id = ?"
        " WHERE take_over_id = ? AND line_number = ?",
        DB_ARGS(moment(row->second_at), number(row->second_count), number(row->second_balance_fen),
                number(row->second_energy_wh), db_text(row->verdict), db_text(row->message),
                db_text(row->message_en), number(row->account_id), db_int(take_over_id),
                db_int(row->line_number)),
        NULL);
}

enum rc take_overs_lock(struct db *db, struct arena *arena, int64_t id)
{
    assert(db_in_transaction(db));
    struct db_rows rows;
    TRY(db_query(db, arena, "SELECT id FROM take_over WHERE id = ? FOR UPDATE", DB_ARGS(db_int(id)),
                 1, &rows));
    return rows.count == 1 ? RC_OK : RC_NOT_FOUND;
}

enum rc take_overs_set_state(struct db *db, int64_t id, const char *state)
{
    assert(db_in_transaction(db));
    struct db_value now = db_time(clock_now_ms());
    return db_execute(db,
                      "UPDATE take_over SET state = ?, done_at = IF(? = 'done', ?, done_at),"
                      " undone_at = IF(? = 'undone', ?, undone_at) WHERE id = ?",
                      DB_ARGS(db_text(state), db_text(state), now, db_text(state), now, db_int(id)),
                      NULL);
}

#define SELECT_TAKE_OVERS                                                                          \
    "SELECT t.id, t.file_name, t.state, u.display_name, t.created_at, t.done_at, t.undone_at,"     \
    " (SELECT COUNT(*) FROM take_over_row r WHERE r.take_over_id = t.id),"                         \
    " (SELECT COUNT(*) FROM take_over_row r WHERE r.take_over_id = t.id AND r.verdict = 'taken')," \
    " (SELECT COUNT(*) FROM take_over_row r WHERE r.take_over_id = t.id"                           \
    " AND r.verdict NOT IN ('ok', 'taken', 'undone'))"                                             \
    " FROM take_over t LEFT JOIN user u ON u.id = t.created_by"

static void fill_view(const struct db_rows *rows, size_t at, struct take_over_view *view)
{
    *view = (struct take_over_view){
        .id = db_get_int(rows, at, 0),
        .file_name = db_get_text(rows, at, 1),
        .state = db_get_text(rows, at, 2),
        .created_by_name = db_get_text(rows, at, 3),
        .created_at = db_get_time(rows, at, 4),
        .done_at = db_get_time(rows, at, 5),
        .undone_at = db_get_time(rows, at, 6),
        .rows = db_get_int(rows, at, 7),
        .taken = db_get_int(rows, at, 8),
        .differ = db_get_int(rows, at, 9),
    };
}

enum rc take_overs_get(struct db *db, struct arena *arena, int64_t id,
                       struct take_over_view *ret_view)
{
    struct db_rows rows;
    TRY(db_query(db, arena, SELECT_TAKE_OVERS " WHERE t.id = ?", DB_ARGS(db_int(id)), 1, &rows));
    if (rows.count == 0) {
        return RC_NOT_FOUND;
    }
    fill_view(&rows, 0, ret_view);
    return RC_OK;
}

enum rc take_overs_list(struct db *db, struct arena *arena, struct take_over_view **ret_views,
                        size_t *ret_count)
{
    struct db_rows rows;
    TRY(db_query(db, arena, SELECT_TAKE_OVERS " ORDER BY t.id DESC LIMIT 100", DB_NO_ARGS, 100,
                 &rows));
    struct take_over_view *list = arena_take_array(arena, rows.count + 1, sizeof *list);
    if (list == NULL) {
        return RC_MEMORY;
    }
    for (size_t i = 0; i < rows.count; i++) {
        fill_view(&rows, i, &list[i]);
    }
    *ret_views = list;
    *ret_count = rows.count;
    return RC_OK;
}

static enum rc fill_row(const struct db_rows *rows, size_t at, struct take_over_row *row)
{
    *row = (struct take_over_row){
        .line_number = db_get_int(rows, at, 0),
        .unit_number = db_get_text(rows, at, 1),
        .shop_name = db_get_text(rows, at, 2),
        .contact_name = db_get_text(rows, at, 3),
        .phone_tail = db_get_text(rows, at, 6),
        .meter_number = db_get_text(rows, at, 7),
        .sheet_balance_fen = row_int(rows, at, 8),
        .sheet_count = row_int(rows, at, 9),
        .sheet_alarm_fen = row_int(rows, at, 10),
        .tariff_code = db_get_text(rows, at, 11),
        .supply_id = row_int(rows, at, 12),
        .tariff_id = row_int(rows, at, 13),
        .first_at = db_get_time(rows, at, 14),
        .first_count = row_int(rows, at, 15),
        .first_balance_fen = row_int(rows, at, 16),
        .first_energy_wh = row_int(rows, at, 17),
        .second_at = db_get_time(rows, at, 18),
        .second_count = row_int(rows, at, 19),
        .second_balance_fen = row_int(rows, at, 20),
        .second_energy_wh = row_int(rows, at, 21),
        .verdict = db_get_text(rows, at, 22),
        .message = db_get_text(rows, at, 23),
        .message_en = db_get_text(rows, at, 24),
        .account_id = row_int(rows, at, 25),
        .card_balance_fen = row_int(rows, at, 26),
    };
    const struct db_value *sealed = db_at(rows, at, 4);
    const struct db_value *hash = db_at(rows, at, 5);
    if (sealed->kind == DB_NULL) {
        return RC_OK;
    }
    if (sealed->len > CONTACT_SEALED_MAX || hash->len != CONTACT_HASH_BYTES) {
        return RC_INTERNAL;
    }
    memcpy(row->phone.phone_sealed, sealed->text, sealed->len);
    memcpy(row->phone.phone_hash, hash->text, hash->len);
    row->phone.phone_sealed_len = sealed->len;
    text_copy(row->phone.phone_tail, sizeof row->phone.phone_tail, row->phone_tail);
    return RC_OK;
}

enum rc take_over_rows_list(struct db *db, struct arena *arena, int64_t take_over_id,
                            struct take_over_row **ret_rows, size_t *ret_count)
{
    struct db_rows rows;
    TRY(db_query(db, arena,
                 "SELECT line_number, unit_number, shop_name, contact_name, phone_sealed,"
                 " phone_hash, phone_tail, meter_number, sheet_balance_fen, sheet_count,"
                 " sheet_alarm_fen, tariff_code, supply_id, tariff_id, first_at, first_count,"
                 " first_balance_fen, first_energy_wh, second_at, second_count,"
                 " second_balance_fen, second_energy_wh, verdict, message, message_en, account_id, "
                 "card_balance_fen"
                 " FROM take_over_row WHERE take_over_id = ? ORDER BY line_number",
                 DB_ARGS(db_int(take_over_id)), TAKE_OVER_ROWS_MAX, &rows));
    struct take_over_row *list = arena_take_array(arena, rows.count + 1, sizeof *list);
    if (list == NULL) {
        return RC_MEMORY;
    }
    for (size_t i = 0; i < rows.count; i++) {
        TRY(fill_row(&rows, i, &list[i]));
    }
    *ret_rows = list;
    *ret_count = rows.count;
    return RC_OK;
}

enum rc take_over_supply(struct db *db, struct arena *arena, const char *meter_number,
                         int64_t *ret_supply_id, const char **ret_unit_number, bool *ret_taken)
{
    struct db_rows rows;
    TRY(db_query(db, arena,
                 "SELECT s.id, u.number, o.id IS NOT NULL FROM meter m"
                 " JOIN supply s ON s.meter_id = m.id LEFT JOIN unit u ON u.id = s.unit_id"
                 " LEFT JOIN account_supply o ON o.live_supply = s.id"
                 " WHERE m.number = ? AND m.state = 'in_service' ORDER BY s.circuit LIMIT 1",
                 DB_ARGS(db_text(meter_number)), 1, &rows));
    if (rows.count == 0) {
        return RC_NOT_FOUND;
    }
    *ret_supply_id = db_get_int(&rows, 0, 0);
    *ret_unit_number = db_get_text(&rows, 0, 1);
    *ret_taken = row_bool(&rows, 0, 2);
    return RC_OK;
}

enum rc take_over_sales(struct db *db, struct arena *arena, int64_t account_id, int64_t *ret_count)
{
    struct db_rows rows;
    TRY(db_query(db, arena, "SELECT COUNT(*) FROM purchase WHERE account_id = ?",
                 DB_ARGS(db_int(account_id)), 1, &rows));
    *ret_count = db_get_int(&rows, 0, 0);
    return RC_OK;
}
