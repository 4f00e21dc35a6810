#include "core/store/mode_change.h"

#include <assert.h>

#include "core/base/clock.h"
#include "core/store/row.h"

#define COLUMNS                                                                                    \
    "SELECT c.id, c.supply_id, c.account_id, c.epoch, c.to_mode = 'platform', c.state, c.reason,"  \
    " c.overdraft_fen, c.maker_id, c.checker_id, c.approval_id, c.adjustment_id, c.push_id,"       \
    " j.trip_command_id, c.moved_fen FROM mode_change c"                                           \
    " LEFT JOIN adjustment j ON j.id = c.adjustment_id"

static enum rc one_row(const struct db_outcome *outcome)
{
    return outcome->affected_rows == 1 ? RC_OK : RC_CONFLICT;
}

enum rc mode_changes_insert(struct db *db, const struct mode_change_row *row, int64_t *ret_id)
{
    assert(db_in_transaction(db));
    struct db_outcome outcome = {0};
    TRY(db_execute(db,
                   "INSERT INTO mode_change (supply_id, account_id, epoch, to_mode, reason,"
                   " overdraft_fen, maker_id, approval_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                   DB_ARGS(db_int(row->supply_id), db_int(row->account_id), db_int(row->epoch),
                           db_text(row->to_platform ? "platform" : "meter"), db_text(row->reason),
                           db_int(row->overdraft_fen), db_int(row->maker_id),
                           db_int_or_null(row->approval_id != 0, row->approval_id)),
                   &outcome));
    *ret_id = outcome.insert_id;
    return RC_OK;
}

enum rc mode_changes_find(struct db *db, struct arena *arena, enum mode_change_key key, int64_t id,
                          struct mode_change_row *ret_row)
{
    static const char *const sql[] = {
        [MODE_CHANGE_BY_ID] = COLUMNS " WHERE c.id = ?",
        [MODE_CHANGE_BY_SUPPLY] = COLUMNS " WHERE c.live_supply = ?",
        [MODE_CHANGE_BY_APPROVAL] = COLUMNS " WHERE c.approval_id = ?",
        [MODE_CHANGE_BY_ADJUSTMENT] = COLUMNS " WHERE c.adjustment_id = ?",
        [MODE_CHANGE_BY_PUSH] = COLUMNS " WHERE c.push_id = ?",
    };
    struct db_rows rows;
    TRY(db_query(db, arena, sql[key], DB_ARGS(db_int(id)), 1, &rows));
    if (rows.count == 0) {
        return RC_NOT_FOUND;
    }
    *ret_row = (struct mode_change_row){.id = db_get_int(&rows, 0, 0),
                                        .supply_id = db_get_int(&rows, 0, 1),
                                        .account_id = db_get_int(&rows, 0, 2),
                                        .epoch = db_get_int(&rows, 0, 3),
                                        .to_platform = row_bool(&rows, 0, 4),
                                        .reason = db_get_text(&rows, 0, 6),
                                        .overdraft_fen = db_get_int(&rows, 0, 7),
                                        .maker_id = db_get_int(&rows, 0, 8),
                                        .checker_id = db_get_int(&rows, 0, 9),
                                        .approval_id = db_get_int(&rows, 0, 10),
                                        .adjustment_id = db_get_int(&rows, 0, 11),
                                        .push_id = db_get_int(&rows, 0, 12),
                                        .trip_command_id = db_get_int(&rows, 0, 13),
                                        .moved_fen = db_get_int(&rows, 0, 14)};
    return mode_change_state_find(db_get_text(&rows, 0, 5), &ret_row->state);
}

enum rc mode_changes_approved(struct db *db, struct arena *arena, size_t max, int64_t **ret_ids,
                              size_t *ret_count)
{
    struct db_rows rows;
    TRY(db_query(db, arena,
                 "SELECT id FROM mode_change WHERE state = 'approved' ORDER BY id LIMIT ?",
                 DB_ARGS(db_int((int64_t)max)), max, &rows));
    int64_t *ids = arena_take_array(arena, rows.count + 1, sizeof *ids);
    if (ids == NULL) {
        return RC_MEMORY;
    }
    for (size_t i = 0; i < rows.count; i++) {
        ids[i] = db_get_int(&rows, i, 0);
    }
    *ret_ids = ids;
    *ret_count = rows.count;
    return RC_OK;
}

enum rc mode_changes_blocked(struct db *db, struct arena *arena, int64_t supply_id,
                             const char **ret_code)
{
    static const char *const codes[] = {"delivery", "adjustment",     "push",
                                        "frozen",   "read_only_line", "locked_out"};
    struct db_rows rows;
    TRY(db_query(db, arena,
                 "SELECT EXISTS (SELECT 1 FROM delivery d WHERE d.supply_id = s.id"
                 " AND d.state IN ('pending', 'sending', 'fencing', 'hold', 'manual')),"
                 " EXISTS (SELECT 1 FROM adjustment a WHERE a.supply_id = s.id"
                 " AND a.state IN ('asked', 'approved', 'writing', 'manual')),"
                 " EXISTS (SELECT 1 FROM push p WHERE p.supply_id = s.id AND p.state = 'writing'),"
                 " s.frozen_reason IS NOT NULL, NOT (l.writable AND l.enabled),"
                 " EXISTS (SELECT 1 FROM lock_out o WHERE o.active_supply = s.id)"
                 " FROM supply s JOIN meter m ON m.id = s.meter_id JOIN line l ON l.id = m.line_id"
                 " WHERE s.id = ?",
                 DB_ARGS(db_int(supply_id)), 1, &rows));
    if (rows.count == 0) {
        return RC_NOT_FOUND;
    }
    *ret_code = "";
    for (size_t i = ARRAY_LEN(codes); i-- > 0;) {
        *ret_code = row_bool(&rows, 0, i) ? codes[i] : *ret_code;
    }
    return RC_OK;
}

enum rc mode_changes_moving(struct db *db, struct arena *arena, int64_t supply_id, bool *ret_moving)
{
    struct db_rows rows;
    TRY(db_query(db, arena,
                 "SELECT EXISTS (SELECT 1 FROM mode_change WHERE live_supply = ?"
                 " AND state IN ('moving', 'switching', 'stuck'))",
                 DB_ARGS(db_int(supply_id)), 1, &rows));
    *ret_moving = row_bool(&rows, 0, 0);
    return RC_OK;
}

enum rc mode_changes_set_approved(struct db *db, int64_t id, int64_t checker_id)
{
    assert(db_in_transaction(db));
    struct db_outcome outcome = {0};
    TRY(db_execute(db,
                   "UPDATE mode_change SET state = 'approved', checker_id = ?"
                   " WHERE id = ? AND state = 'asked'",
                   DB_ARGS(db_int(checker_id), db_int(id)), &outcome));
    return one_row(&outcome);
}

enum rc mode_changes_set_moving(struct db *db, int64_t id, int64_t adjustment_id)
{
    assert(db_in_transaction(db));
    struct db_outcome outcome = {0};
    TRY(db_execute(db,
                   "UPDATE mode_change SET state = 'moving', wait_code = '', adjustment_id = ?,"
                   " moving_at = ? WHERE id = ? AND state = 'approved'",
                   DB_ARGS(db_int(adjustment_id), db_time(clock_now_ms()), db_int(id)), &outcome));
    return one_row(&outcome);
}

enum rc mode_changes_set_moved(struct db *db, int64_t id, int64_t moved_fen, int64_t push_id)
{
    assert(db_in_transaction(db));
    struct db_outcome outcome = {0};
    TRY(db_execute(db,
                   "UPDATE mode_change SET state = 'switching', moved_fen = ?, push_id = ?,"
                   " moved_at = ? WHERE id = ? AND state = 'moving'",
                   DB_ARGS(db_int(moved_fen), db_int(push_id), db_time(clock_now_ms()), db_int(id)),
                   &outcome));
    return one_row(&outcome);
}

enum rc mode_changes_set_push(struct db *db, int64_t id, int64_t push_id)
{
    assert(db_in_transaction(db));
    struct db_outcome outcome = {0};
    TRY(db_execute(db,
                   "UPDATE mode_change SET state = 'switching', wait_code = '', push_id = ?"
                   " WHERE id = ? AND state = 'stuck'",
                   DB_ARGS(db_int(push_id), db_int(id)), &outcome));
    return one_row(&outcome);
}

enum rc mode_changes_move(struct db *db, int64_t id, enum mode_change_state from,
                          enum mode_change_state to, const char *code)
{
    assert(db_in_transaction(db) && mode_change_move_allowed(from, to));
    struct db_outcome outcome = {0};
    bool final = mode_change_state_is_final(to);
    TRY(db_execute(db,
                   "UPDATE mode_change SET state = ?, wait_code = ?, ended_at = ?"
                   " WHERE id = ? AND state = ?",
                   DB_ARGS(db_text(mode_change_state_name(to)), db_text(code),
                           db_time_or_null(final, clock_now_ms()), db_int(id),
                           db_text(mode_change_state_name(from))),
                   &outcome));
    return one_row(&outcome);
}

enum rc mode_changes_set_wait(struct db *db, int64_t id, const char *code)
{
    assert(db_in_transaction(db));
    return db_execute(db, "UPDATE mode_change SET wait_code = ? WHERE id = ? AND wait_code <> ?",
                      DB_ARGS(db_text(code), db_int(id), db_text(code)), NULL);
}

enum rc mode_changes_set_supply(struct db *db, int64_t supply_id, bool platform,
                                int64_t overdraft_fen)
{
    assert(db_in_transaction(db));
    struct db_outcome outcome = {0};
    TRY(db_execute(
        db, "UPDATE supply SET billing_mode = ?, overdraft_fen = ? WHERE id = ?",
        DB_ARGS(db_text(platform ? "platform" : "meter"), db_int(overdraft_fen), db_int(supply_id)),
        &outcome));
    return one_row(&outcome);
}

enum rc mode_changes_purchases(struct db *db, struct arena *arena, int64_t supply_id,
                               struct mode_change_purchase **ret_rows, size_t *ret_count)
{
    struct db_rows rows;
    TRY(db_query(db, arena,
                 "SELECT d.id, d.state, d.purchase_id, p.id, d.amount_fen FROM delivery d"
                 " LEFT JOIN payment p ON p.purchase_id = d.purchase_id"
                 " AND p.disposition = 'pending' WHERE d.supply_id = ?"
                 " AND d.state IN ('pending', 'hold') AND d.purchase_count IS NULL ORDER BY d.id",
                 DB_ARGS(db_int(supply_id)), 1000, &rows));
    struct mode_change_purchase *list = arena_take_array(arena, rows.count + 1, sizeof *list);
    if (list == NULL) {
        return RC_MEMORY;
    }
    for (size_t i = 0; i < rows.count; i++) {
        list[i] = (struct mode_change_purchase){.delivery_id = db_get_int(&rows, i, 0),
                                                .delivery_state = db_get_text(&rows, i, 1),
                                                .purchase_id = db_get_int(&rows, i, 2),
                                                .payment_id = db_get_int(&rows, i, 3),
                                                .amount_fen = db_get_int(&rows, i, 4)};
    }
    *ret_rows = list;
    *ret_count = rows.count;
    return RC_OK;
}

static void fill_view(const struct db_rows *rows, size_t at, struct mode_change_view *view)
{
    *view = (struct mode_change_view){.id = db_get_int(rows, at, 0),
                                      .supply_id = db_get_int(rows, at, 1),
                                      .unit_number = db_get_text(rows, at, 2),
                                      .meter_number = db_get_text(rows, at, 3),
                                      .account_name = db_get_text(rows, at, 4),
                                      .to_mode = db_get_text(rows, at, 5),
                                      .state = db_get_text(rows, at, 6),
                                      .wait_code = db_get_text(rows, at, 7),
                                      .reason = db_get_text(rows, at, 8),
                                      .overdraft_fen = db_get_int(rows, at, 9),
                                      .moved_fen = row_int(rows, at, 10),
                                      .maker_name = db_get_text(rows, at, 11),
                                      .checker_name = row_text_or_null(rows, at, 12),
                                      .approval_id = row_int(rows, at, 13),
                                      .created_at = db_get_time(rows, at, 14),
                                      .moving_at = db_get_time(rows, at, 15),
                                      .moved_at = db_get_time(rows, at, 16),
                                      .ended_at = db_get_time(rows, at, 17)};
}

enum rc mode_change_list(struct db *db, struct arena *arena,
                         const struct mode_change_question *question,
                         struct mode_change_view **ret_rows, size_t *ret_count,
                         const char **ret_cursor)
{
    struct db_rows rows;
    int64_t before_id = question->before_id == 0 ? INT64_MAX : question->before_id;
    TRY(db_query(
        db, arena,
        "SELECT c.id, c.supply_id, COALESCE(u.number, ''), m.number, a.name, c.to_mode, c.state,"
        " CASE WHEN c.wait_code <> '' OR c.ended_at IS NOT NULL THEN c.wait_code"
        " WHEN j.state = 'manual' THEN 'adjustment_manual'"
        " WHEN s.frozen_reason IS NOT NULL THEN 'frozen'"
        " WHEN NOT (l.writable AND l.enabled) THEN 'read_only_line'"
        " WHEN h.silent_since_at IS NOT NULL THEN 'meter_silent' ELSE '' END, c.reason,"
        " c.overdraft_fen, c.moved_fen, mk.display_name, ck.display_name, c.approval_id,"
        " c.created_at, c.moving_at, c.moved_at, c.ended_at FROM mode_change c"
        " JOIN supply s ON s.id = c.supply_id JOIN meter m ON m.id = s.meter_id"
        " JOIN line l ON l.id = m.line_id JOIN account a ON a.id = c.account_id"
        " JOIN user mk ON mk.id = c.maker_id LEFT JOIN user ck ON ck.id = c.checker_id"
        " LEFT JOIN unit u ON u.id = s.unit_id LEFT JOIN adjustment j ON j.id = c.adjustment_id"
        " LEFT JOIN meter_health h ON h.meter_id = m.id"
        " WHERE (? = 0 OR c.supply_id = ?) AND (? = 0 OR c.id = ?) AND c.id < ?"
        " ORDER BY c.id DESC LIMIT ?",
        DB_ARGS(db_int(question->supply_id), db_int(question->supply_id), db_int(question->id),
                db_int(question->id), db_int(before_id), db_int((int64_t)question->limit + 1)),
        question->limit + 1, &rows));
    size_t count = rows.count > question->limit ? question->limit : rows.count;
    struct mode_change_view *list = arena_take_array(arena, count + 1, sizeof *list);
    if (list == NULL) {
        return RC_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        fill_view(&rows, i, &list[i]);
    }
    *ret_rows = list;
    *ret_count = count;
    *ret_cursor =
        row_cursor(arena, rows.count, question->limit, count == 0 ? 0 : list[count - 1].id);
    return RC_OK;
}
