#include "core/store/refund_list.h"

#include <assert.h>

#include "core/store/by_hand.h"
#include "core/store/page.h"
#include "core/store/row.h"

#define SELECT_REFUNDS                                                                             \
    "SELECT r.id, r.refund_number, r.payment_id, p.order_number, p.channel, r.source,"             \
    " r.adjustment_id, r.amount_fen, r.state, r.reason, u.number, a.name,"                         \
    " COALESCE(k.display_name, 'paywatt'), c.display_name, r.approval_id, r.created_at, "          \
    "r.submitted_at, r.ended_at FROM refund r"                                                     \
    " JOIN payment p ON p.id = r.payment_id LEFT JOIN user k ON k.id = r.maker_id"                 \
    " LEFT JOIN user c ON c.id = r.checker_id LEFT JOIN purchase b ON b.id = p.purchase_id"        \
    " LEFT JOIN account a ON a.id = b.account_id LEFT JOIN supply s ON s.id = b.supply_id"         \
    " LEFT JOIN unit u ON u.id = s.unit_id"

static void fill_refund(const struct db_rows *rows, size_t at, void *item)
{
    struct refund_view *view = item;
    *view = (struct refund_view){
        .id = db_get_int(rows, at, 0),
        .number = db_get_text(rows, at, 1),
        .payment_id = db_get_int(rows, at, 2),
        .order_number = db_get_text(rows, at, 3),
        .channel = db_get_text(rows, at, 4),
        .source = db_get_text(rows, at, 5),
        .adjustment_id = row_int(rows, at, 6),
        .amount_fen = db_get_int(rows, at, 7),
        .state = db_get_text(rows, at, 8),
        .reason = db_get_text(rows, at, 9),
        .unit_number = db_get_text(rows, at, 10),
        .account_name = db_get_text(rows, at, 11),
        .maker_name = db_get_text(rows, at, 12),
        .checker_name = row_text_or_null(rows, at, 13),
        .approval_id = row_int(rows, at, 14),
        .created_at = db_get_time(rows, at, 15),
        .submitted_at = db_get_time(rows, at, 16),
        .ended_at = db_get_time(rows, at, 17),
    };
}

enum rc refund_list(struct db *db, struct arena *arena, const struct refund_question *question,
                    struct refund_view **ret_views, size_t *ret_count, const char **ret_cursor)
{
    struct db_rows rows;
    TRY(db_query(db, arena,
                 SELECT_REFUNDS " WHERE r.id < ? AND (? = '' OR r.state = ?)"
                                " ORDER BY r.id DESC LIMIT ?",
                 DB_ARGS(page_before(question->before_id), db_text(question->state),
                         db_text(question->state), page_limit(question->limit)),
                 question->limit + 1, &rows));
    struct page page;
    TRY(page_take(arena, &rows, question->limit, sizeof(struct refund_view), fill_refund, &page));
    *ret_views = page.items;
    *ret_count = page.count;
    *ret_cursor = page.cursor;
    return RC_OK;
}

enum rc refund_list_one(struct db *db, struct arena *arena, int64_t id,
                        struct refund_view *ret_view)
{
    struct db_rows rows;
    TRY(db_query(db, arena, SELECT_REFUNDS " WHERE r.id = ?", DB_ARGS(db_int(id)), 1, &rows));
    if (rows.count == 0) {
        return RC_NOT_FOUND;
    }
    fill_refund(&rows, 0, ret_view);
    return RC_OK;
}

static void fill_adjustment(const struct db_rows *rows, size_t at, void *item)
{
    struct adjustment_view *view = item;
    *view = (struct adjustment_view){
        .id = db_get_int(rows, at, 0),
        .kind = db_get_text(rows, at, 1),
        .state = db_get_text(rows, at, 2),
        .supply_id = db_get_int(rows, at, 3),
        .unit_number = db_get_text(rows, at, 4),
        .account_name = db_get_text(rows, at, 5),
        .amount_fen = db_get_int(rows, at, 6),
        .left_fen = row_int(rows, at, 7),
        .old_balance_fen = row_int(rows, at, 8),
        .new_balance_fen = row_int(rows, at, 9),
        .read_balance_fen = row_int(rows, at, 10),
        .reason = db_get_text(rows, at, 11),
        .maker_name = db_get_text(rows, at, 12),
        .checker_name = row_text_or_null(rows, at, 13),
        .approval_id = row_int(rows, at, 14),
        .created_at = db_get_time(rows, at, 15),
        .ended_at = db_get_time(rows, at, 16),
        .document_id = row_int(rows, at, 17),
    };
}

enum rc adjustment_list(struct db *db, struct arena *arena, const struct refund_question *question,
                        struct adjustment_view **ret_views, size_t *ret_count,
                        const char **ret_cursor)
{
    struct db_rows rows;
    TRY(db_query(
        db, arena,
        "SELECT j.id, j.kind, j.state, j.supply_id, u.number, a.name, j.amount_fen, j.left_fen,"
        " j.old_balance_fen, j.new_balance_fen, j.read_balance_fen, j.reason, k.display_name,"
        " c.display_name, j.approval_id, j.created_at, j.ended_at, (SELECT d.id FROM document"
        " d WHERE d.sha256 = j.evidence_sha256) FROM adjustment j"
        " JOIN account a ON a.id = j.account_id JOIN user k ON k.id = j.maker_id"
        " LEFT JOIN user c ON c.id = j.checker_id JOIN supply s ON s.id = j.supply_id"
        " LEFT JOIN unit u ON u.id = s.unit_id WHERE j.id < ? AND (? = '' OR j.state = ?)"
        " ORDER BY j.id DESC LIMIT ?",
        DB_ARGS(page_before(question->before_id), db_text(question->state),
                db_text(question->state), page_limit(question->limit)),
        question->limit + 1, &rows));
    struct page page;
    TRY(page_take(arena, &rows, question->limit, sizeof(struct adjustment_view), fill_adjustment,
                  &page));
    *ret_views = page.items;
    *ret_count = page.count;
    *ret_cursor = page.cursor;
    return RC_OK;
}

/* What the database knows of the count of a supply that a restore's check froze; else NULL. */
#define OUR_COUNT                                                                                  \
    "GREATEST(rc.our_count, COALESCE((SELECT MAX(d.purchase_count) FROM delivery d"                \
    " WHERE d.supply_id = s.id AND d.epoch = s.epoch), 0))"

/* One SELECT a kind; the columns are those of struct waiting_row. */
static const char waiting_sql[] =
    "(SELECT 'frozen_supply' AS what, 'supply' AS object, s.id AS object_id, s.id AS supply_id,"
    " NULL AS purchase_id, u.number, a.name, NULL AS amount_fen,"
    " IF(rc.finding = 'count_ahead' AND s.frozen_reason = 'count_mismatch' AND ms.purchase_count "
    "> " OUR_COUNT ", 'count_ahead', s.frozen_reason) AS code, s.frozen_at AS since, NULL AS "
    "owner, JSON_OBJECT('detail', s.frozen_detail,"
    " 'serial_number', m.serial_number, 'serial_number_read', p.serial_number, 'meter_count',"
    " ms.purchase_count, 'meter_balance_fen', ms.balance_fen, 'our_count', " OUR_COUNT ","
    " 'our_balance_fen', rc.our_balance_fen, 'restore_finding', rc.finding) AS evidence"
    " FROM supply s JOIN meter m ON m.id = s.meter_id LEFT JOIN unit u ON u.id = s.unit_id"
    " LEFT JOIN meter_parameter p ON p.meter_id = m.id"
    " LEFT JOIN meter_state ms ON ms.meter_id = m.id"
    " LEFT JOIN restore_check rc ON rc.supply_id = s.id AND rc.state = 'frozen' AND rc.restore_id"
    " = (SELECT MAX(x.id) FROM restore_run x)"
    " LEFT JOIN account_supply o ON o.live_supply = s.id LEFT JOIN account a ON a.id = o.account_id"
    " WHERE s.frozen_reason IS NOT NULL)"
    " UNION ALL (SELECT IF(d.state = 'sending', 'delivery_unknown', CONCAT('delivery_', d.state)),"
    " 'delivery', d.id, d.supply_id, d.purchase_id, u.number, a.name, d.amount_fen,"
    " IF(d.wait_code = '', d.state, d.wait_code), COALESCE(d.unknown_since_at, d.changed_at), NULL,"
    " JSON_OBJECT('purchase', b.number, 'count', d.purchase_count, 'before_count', d.before_count,"
    " 'before_balance_fen', d.before_balance_fen, 'sends', d.sends, 'meter_count',"
    " ms.purchase_count, 'meter_balance_fen', ms.balance_fen)"
    " FROM delivery d JOIN purchase b ON b.id = d.purchase_id JOIN account a ON a.id = b.account_id"
    " JOIN supply s ON s.id = d.supply_id LEFT JOIN unit u ON u.id = s.unit_id"
    " LEFT JOIN meter_state ms ON ms.meter_id = d.meter_id"
    " WHERE d.state IN ('hold', 'manual') OR (d.state = 'sending' AND d.unknown_since_at < ?))"
    " UNION ALL (SELECT 'suspense', 'payment', p.id, b.supply_id, p.purchase_id, u.number, a.name,"
    " p.amount_fen, p.suspense_reason, p.settled_at, w.display_name,"
    " JSON_OBJECT('order_number', p.order_number, 'channel', p.channel, 'transaction',"
    " p.provider_transaction, 'asked_fen', b.amount_fen)"
    " FROM payment p LEFT JOIN purchase b ON b.id = p.purchase_id"
    " LEFT JOIN account a ON a.id = b.account_id LEFT JOIN supply s ON s.id = b.supply_id"
    " LEFT JOIN unit u ON u.id = s.unit_id LEFT JOIN user w ON w.id = p.owner_id"
    " WHERE p.disposition = 'suspense')"
    " UNION ALL (SELECT IF(j.state = 'manual', 'adjustment_manual', 'adjustment_to_pay'),"
    " 'adjustment', j.id, j.supply_id, NULL, u.number, a.name, COALESCE(j.left_fen, j.amount_fen),"
    " j.kind, COALESCE(j.unknown_since_at, j.ended_at, j.created_at), k.display_name,"
    " JSON_OBJECT('old_balance_fen', j.old_balance_fen, 'new_balance_fen', j.new_balance_fen,"
    " 'read_balance_fen', j.read_balance_fen, 'old_count', j.old_count, 'read_count',"
    " j.read_count, 'left_fen', j.left_fen)"
    " FROM adjustment j JOIN account a ON a.id = j.account_id JOIN user k ON k.id = j.maker_id"
    " JOIN supply s ON s.id = j.supply_id LEFT JOIN unit u ON u.id = s.unit_id"
    " WHERE j.state = 'manual' OR (j.state IN ('applied', 'typed')"
    " AND j.kind IN ('refund', 'reversal') AND j.left_fen > 0"
    " AND NOT EXISTS (SELECT 1 FROM refund r WHERE r.adjustment_id = j.id)))"
    " UNION ALL (SELECT IF(r.state = 'failed', 'refund_failed', 'refund_to_pay'), 'refund', r.id,"
    " b.supply_id, p.purchase_id, u.number, a.name, r.amount_fen,"
    " IF(r.fail_code = '', r.source, r.fail_code), r.created_at, k.display_name,"
    " JSON_OBJECT('refund_number', r.refund_number, 'order_number', p.order_number, 'channel',"
    " p.channel, 'checker', c.display_name)"
    " FROM refund r JOIN payment p ON p.id = r.payment_id LEFT JOIN user k ON k.id = r.maker_id"
    " LEFT JOIN user c ON c.id = r.checker_id LEFT JOIN purchase b ON b.id = p.purchase_id"
    " LEFT JOIN account a ON a.id = b.account_id LEFT JOIN supply s ON s.id = b.supply_id"
    " LEFT JOIN unit u ON u.id = s.unit_id WHERE r.state = 'failed' OR (r.state = 'approved'"
    " AND p.channel IN ('cash', 'card', 'transfer')))"
    " UNION ALL (SELECT 'returned_money', 'returned_money', j.id, j.supply_id, j.purchase_id,"
    " u.number, a.name, j.amount_fen, 'swap', j.created_at, NULL, JSON_OBJECT('purchase', b.number,"
    " 'swap_reason', w.reason) FROM returned_money j JOIN purchase b ON b.id = j.purchase_id"
    " JOIN account a ON a.id = j.account_id LEFT JOIN meter_swap w ON w.id = b.swap_id"
    " JOIN supply s ON s.id = j.supply_id LEFT JOIN unit u ON u.id = s.unit_id"
    " WHERE j.state = 'waiting' AND NOT EXISTS (SELECT 1 FROM refund r WHERE r.returned_id = j.id"
    " AND r.state NOT IN ('rejected', 'expired', 'cancelled')))"
    " UNION ALL (SELECT 'payment_called_off', 'payment', p.id, b.supply_id, b.id, u.number, a.name,"
    " p.amount_fen, d.state, d.ended_at, NULL, JSON_OBJECT('order_number', p.order_number,"
    " 'channel', p.channel) FROM payment p JOIN purchase b ON b.id = p.purchase_id"
    " AND b.state = 'paid' JOIN delivery d ON d.purchase_id = b.id"
    " AND d.state IN ('cancelled', 'fenced') JOIN account a ON a.id = b.account_id"
    " JOIN supply s ON s.id = b.supply_id LEFT JOIN unit u ON u.id = s.unit_id"
    " WHERE p.state = 'settled' AND p.disposition = 'pending' AND NOT EXISTS (SELECT 1 FROM refund"
    " r WHERE r.payment_id = p.id AND r.source = 'undelivered' AND r.state NOT IN ('rejected',"
    " 'expired', 'cancelled')))"
    " UNION ALL (SELECT 'power_by_hand', 'purchase', b.id, b.supply_id, b.id, COALESCE(u.number,"
    " m.number), a.name, b.amount_fen, 'close_by_hand', b.ended_at, NULL,"
    " JSON_OBJECT('purchase', b.number, 'meter_number', m.number) FROM purchase b"
    " JOIN supply s ON s.id = b.supply_id AND s.epoch = b.epoch"
    " JOIN account_supply o ON o.live_supply = s.id AND o.account_id = b.account_id"
    " JOIN account a ON a.id = b.account_id JOIN meter m ON m.id = s.meter_id"
    " LEFT JOIN meter_parameter mp ON mp.meter_id = m.id LEFT JOIN unit u ON u.id = s.unit_id"
    " WHERE b.power_at IS NULL AND b.state IN ('delivered', 'credited') AND " BY_HAND_SQL ")"
    " ORDER BY since LIMIT 2000";

enum rc waiting_list(struct db *db, struct arena *arena, int64_t unknown_before_ms,
                     struct waiting_row **ret_rows, size_t *ret_count)
{
    struct db_rows rows;
    TRY(db_query(db, arena, waiting_sql, DB_ARGS(db_time(unknown_before_ms)), WAITING_MAX, &rows));
    struct waiting_row *list = arena_take_array(arena, rows.count + 1, sizeof *list);
    if (list == NULL) {
        return RC_MEMORY;
    }
    for (size_t i = 0; i < rows.count; i++) {
        list[i] = (struct waiting_row){
            .kind = db_get_text(&rows, i, 0),
            .object_kind = db_get_text(&rows, i, 1),
            .object_id = db_get_int(&rows, i, 2),
            .supply_id = row_int(&rows, i, 3),
            .purchase_id = row_int(&rows, i, 4),
            .unit_number = db_get_text(&rows, i, 5),
            .account_name = db_get_text(&rows, i, 6),
            .amount_fen = row_int(&rows, i, 7),
            .code = db_get_text(&rows, i, 8),
            .since_at = db_get_time(&rows, i, 9),
            .owner_name = db_get_text(&rows, i, 10),
            .evidence = db_get_text(&rows, i, 11),
        };
    }
    *ret_rows = list;
    *ret_count = rows.count;
    return RC_OK;
}
