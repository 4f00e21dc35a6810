#include "core/store/close_list.h"

#include <assert.h>

#include "core/store/account.h"
#include "core/store/account_close.h"
#include "core/store/row.h"

#define SELECT_CLOSES                                                                              \
    "SELECT c.id, c.number, c.account_id, a.number, a.name, a.kind, c.state, c.payout, c.reason,"  \
    " k.display_name, h.display_name, c.approval_id, c.vacant_until_at, c.taken_fen,"              \
    " c.deposit_fen, c.debt_fen, c.refund_fen, c.channel_fen,"                                     \
    " IF(c.counter_at IS NULL AND c.state = 'settled', c.refund_fen - c.channel_fen, 0),"          \
    " c.counter_channel, c.counter_reference, p.display_name, c.counter_at, a.opened_at,"          \
    " c.created_at, c.approved_at, c.settled_at, c.ended_at FROM account_close c"                  \
    " JOIN account a ON a.id = c.account_id JOIN user k ON k.id = c.maker_id"                      \
    " LEFT JOIN user h ON h.id = c.checker_id LEFT JOIN user p ON p.id = c.counter_by"

static void fill(const struct db_rows *rows, size_t at, struct close_view *view)
{
    *view = (struct close_view){
        .id = db_get_int(rows, at, 0),
        .number = db_get_text(rows, at, 1),
        .account_id = db_get_int(rows, at, 2),
        .account_number = db_get_text(rows, at, 3),
        .account_name = db_get_text(rows, at, 4),
        .account_kind = db_get_text(rows, at, 5),
        .state = db_get_text(rows, at, 6),
        .payout = db_get_text(rows, at, 7),
        .reason = db_get_text(rows, at, 8),
        .maker_name = db_get_text(rows, at, 9),
        .checker_name = row_text_or_null(rows, at, 10),
        .approval_id = row_int(rows, at, 11),
        .vacant_until_at = db_get_time(rows, at, 12),
        .taken_fen = row_int(rows, at, 13),
        .deposit_fen = row_int(rows, at, 14),
        .debt_fen = row_int(rows, at, 15),
        .refund_fen = row_int(rows, at, 16),
        .channel_fen = row_int(rows, at, 17),
        .counter_fen = db_get_int(rows, at, 18),
        .counter_channel = row_text_or_null(rows, at, 19),
        .counter_reference = db_get_text(rows, at, 20),
        .counter_by_name = row_text_or_null(rows, at, 21),
        .counter_at = db_get_time(rows, at, 22),
        .opened_at = db_get_time(rows, at, 23),
        .created_at = db_get_time(rows, at, 24),
        .approved_at = db_get_time(rows, at, 25),
        .settled_at = db_get_time(rows, at, 26),
        .ended_at = db_get_time(rows, at, 27),
    };
}

enum rc close_list(struct db *db, struct arena *arena, const struct close_question *question,
                   struct close_view **ret_views, size_t *ret_count, const char **ret_cursor)
{
    assert(question->limit >= 1 && question->limit <= CLOSE_LIST_MAX);
    struct db_value state = db_text(question->state);
    struct db_rows rows;
    TRY(db_query(db, arena,
                 SELECT_CLOSES " WHERE c.id < ? AND (? = '' OR c.state = ? OR (? = 'open'"
                               " AND c.open_account IS NOT NULL)) ORDER BY c.id DESC LIMIT ?",
                 DB_ARGS(db_int(question->before_id == 0 ? INT64_MAX : question->before_id), state,
                         state, state, db_int((int64_t)question->limit + 1)),
                 question->limit + 1, &rows));
    size_t count = rows.count > question->limit ? question->limit : rows.count;
    struct close_view *list = arena_take_array(arena, count + 1, sizeof *list);
    if (list == NULL) {
        return RC_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        fill(&rows, i, &list[i]);
    }
    *ret_cursor =
        row_cursor(arena, rows.count, question->limit, count == 0 ? 0 : list[count - 1].id);
    *ret_views = list;
    *ret_count = count;
    return RC_OK;
}

enum rc close_list_one(struct db *db, struct arena *arena, int64_t id, struct close_view *ret_view)
{
    struct db_rows rows;
    TRY(db_query(db, arena, SELECT_CLOSES " WHERE c.id = ?", DB_ARGS(db_int(id)), 1, &rows));
    if (rows.count == 0) {
        return RC_NOT_FOUND;
    }
    fill(&rows, 0, ret_view);
    return RC_OK;
}

enum rc close_list_of_account(struct db *db, struct arena *arena, int64_t account_id,
                              struct close_view *ret_view)
{
    struct db_rows rows;
    TRY(db_query(db, arena,
                 SELECT_CLOSES " WHERE c.account_id = ? AND c.state <> 'cancelled'"
                               " ORDER BY c.id DESC LIMIT 1",
                 DB_ARGS(db_int(account_id)), 1, &rows));
    if (rows.count == 0) {
        return RC_NOT_FOUND;
    }
    fill(&rows, 0, ret_view);
    return RC_OK;
}

/* Why a supply is not through yet, the nearest cause first. */
#define WAIT                                                                                       \
    " CASE WHEN c.state IN ('settled', 'closed') THEN IF(i.end_typed, 'typed', 'done')"            \
    " WHEN c.state = 'asked' THEN 'approval' WHEN i.end_typed THEN 'typed'"                        \
    " WHEN j.state = 'manual' THEN 'manual' WHEN s.frozen_reason IS NOT NULL THEN 'frozen'"        \
    " WHEN NOT l.writable AND COALESCE(j.state, '') <> 'applied' THEN 'read_only'"                 \
    " WHEN j.state = 'refused' OR (i.mode = 'platform' AND t.state IN ('refused', 'expired',"      \
    " 'superseded', 'cancelled')) THEN 'refused'"                                                  \
    " WHEN h.silent_since_at IS NOT NULL THEN 'silent'"                                            \
    " WHEN j.state = 'writing' THEN 'write'"                                                       \
    " WHEN j.state = 'applied' OR (i.mode = 'platform' AND t.state = 'confirmed') THEN 'read'"     \
    " ELSE 'trip' END"

static void fill_supply(const struct db_rows *rows, size_t at, struct close_supply_view *view)
{
    *view = (struct close_supply_view){
        .supply_id = db_get_int(rows, at, 0),
        .meter_id = db_get_int(rows, at, 1),
        .unit_number = db_get_text(rows, at, 2),
        .meter_number = db_get_text(rows, at, 3),
        .mode = db_get_text(rows, at, 4),
        .stays_on = row_bool(rows, at, 5),
        .protected_supply = row_bool(rows, at, 6),
        .adjustment_state = row_text_or_null(rows, at, 7),
        .trip_state = row_text_or_null(rows, at, 8),
        .wait = db_get_text(rows, at, 9),
        .now_balance_fen = row_int(rows, at, 10),
        .now_at = db_get_time(rows, at, 11),
        .opening_fen = row_int(rows, at, 12),
        .paid_in_fen = row_int(rows, at, 13),
        .used_fen = row_int(rows, at, 14),
        .corrected_fen = row_int(rows, at, 15),
        .taken_fen = row_int(rows, at, 16),
        .open_energy_wh = row_int(rows, at, 17),
        .end_energy_wh = row_int(rows, at, 18),
        .end_sharp_wh = row_int(rows, at, 19),
        .end_peak_wh = row_int(rows, at, 20),
        .end_flat_wh = row_int(rows, at, 21),
        .end_valley_wh = row_int(rows, at, 22),
        .end_count = row_int(rows, at, 23),
        .end_balance_fen = row_int(rows, at, 24),
        .end_read_at = db_get_time(rows, at, 25),
        .end_typed = row_bool(rows, at, 26),
        .evidence_sha256 = row_text_or_null(rows, at, 27),
    };
}

enum rc close_supply_list(struct db *db, struct arena *arena, int64_t close_id,
                          struct close_supply_view **ret_views, size_t *ret_count)
{
    struct db_rows rows;
    TRY(db_query(
        db, arena,
        "SELECT i.supply_id, i.meter_id, u.number, m.number, i.mode, i.stays_on, s.protected,"
        " j.state, t.state," WAIT ", ms.balance_fen, ms.taken_at, i.opening_fen, i.paid_in_fen,"
        " i.used_fen, i.corrected_fen, i.taken_fen, i.open_energy_wh, i.end_energy_wh,"
        " i.end_sharp_wh, i.end_peak_wh, i.end_flat_wh, i.end_valley_wh, i.end_count,"
        " i.end_balance_fen, i.end_read_at, i.end_typed, LOWER(HEX(j.evidence_sha256))"
        " FROM account_close_supply i JOIN account_close c ON c.id = i.close_id"
        " JOIN supply s ON s.id = i.supply_id JOIN meter m ON m.id = i.meter_id"
        " JOIN line l ON l.id = m.line_id LEFT JOIN unit u ON u.id = s.unit_id"
        " LEFT JOIN meter_state ms ON ms.meter_id = m.id"
        " LEFT JOIN meter_health h ON h.meter_id = m.id"
        " LEFT JOIN adjustment j ON j.id = i.adjustment_id"
        " LEFT JOIN command t ON t.id = COALESCE(i.trip_command_id, j.trip_command_id)"
        " WHERE i.close_id = ? ORDER BY u.number IS NULL, u.number, m.number",
        DB_ARGS(db_int(close_id)), ACCOUNT_SUPPLIES_MAX, &rows));
    struct close_supply_view *list = arena_take_array(arena, rows.count + 1, sizeof *list);
    if (list == NULL) {
        return RC_MEMORY;
    }
    for (size_t i = 0; i < rows.count; i++) {
        fill_supply(&rows, i, &list[i]);
    }
    *ret_views = list;
    *ret_count = rows.count;
    return RC_OK;
}

enum rc close_refund_list(struct db *db, struct arena *arena, int64_t close_id,
                          struct close_refund_view **ret_views, size_t *ret_count)
{
    struct db_rows rows;
    TRY(db_query(db, arena,
                 "SELECT r.id, r.refund_number, p.order_number, p.channel, r.amount_fen, r.state"
                 " FROM refund r JOIN payment p ON p.id = r.payment_id WHERE r.close_id = ?"
                 " ORDER BY r.id",
                 DB_ARGS(db_int(close_id)), CLOSE_PAYMENTS_MAX, &rows));
    struct close_refund_view *list = arena_take_array(arena, rows.count + 1, sizeof *list);
    if (list == NULL) {
        return RC_MEMORY;
    }
    for (size_t i = 0; i < rows.count; i++) {
        list[i] = (struct close_refund_view){
            .id = db_get_int(&rows, i, 0),
            .number = db_get_text(&rows, i, 1),
            .order_number = db_get_text(&rows, i, 2),
            .channel = db_get_text(&rows, i, 3),
            .amount_fen = db_get_int(&rows, i, 4),
            .state = db_get_text(&rows, i, 5),
        };
    }
    *ret_views = list;
    *ret_count = rows.count;
    return RC_OK;
}
