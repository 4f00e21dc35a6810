#include "core/store/purchase_list.h"

#include <assert.h>

#include "core/store/by_hand.h"
#include "core/store/like.h"
#include "core/store/page.h"
#include "core/store/row.h"

#define SELECT_PURCHASES                                                                           \
    "SELECT b.id, b.number, b.account_id, a.name, a.number, b.supply_id, e.meter_id, n.number,"    \
    " m.number, b.epoch, b.mode, b.origin, b.amount_fen, b.state, (SELECT p.channel"               \
    " FROM payment p WHERE p.purchase_id = b.id ORDER BY p.state = 'settled' DESC, p.id LIMIT 1)," \
    " d.state, d.wait_code, u.display_name, b.quote, b.created_at, b.paid_at, b.ended_at,"         \
    " b.power_at, w.display_name, b.power_at IS NULL AND b.state IN ('delivered', 'credited')"     \
    " AND s.epoch = b.epoch AND " BY_HAND_SQL                                                      \
    " FROM purchase b JOIN account a ON a.id = b.account_id"                                       \
    " JOIN supply_epoch e ON e.supply_id = b.supply_id AND e.epoch = b.epoch"                      \
    " JOIN meter m ON m.id = e.meter_id JOIN supply s ON s.id = b.supply_id"                       \
    " LEFT JOIN unit n ON n.id = s.unit_id LEFT JOIN delivery d ON d.purchase_id = b.id"           \
    " LEFT JOIN user u ON b.actor_kind = 'user' AND u.id = b.actor_id"                             \
    " LEFT JOIN user w ON w.id = b.power_by"                                                       \
    " LEFT JOIN meter_parameter mp ON mp.meter_id = m.id"

static void fill(const struct db_rows *rows, size_t at, void *item)
{
    struct purchase_view *view = item;
    *view = (struct purchase_view){
        .id = db_get_int(rows, at, 0),
        .number = db_get_text(rows, at, 1),
        .account_id = db_get_int(rows, at, 2),
        .account_name = db_get_text(rows, at, 3),
        .account_number = db_get_text(rows, at, 4),
        .supply_id = db_get_int(rows, at, 5),
        .meter_id = db_get_int(rows, at, 6),
        .unit_number = db_get_text(rows, at, 7),
        .meter_number = db_get_text(rows, at, 8),
        .epoch = db_get_int(rows, at, 9),
        .mode = db_get_text(rows, at, 10),
        .origin = db_get_text(rows, at, 11),
        .amount_fen = db_get_int(rows, at, 12),
        .state = db_get_text(rows, at, 13),
        .channel = row_text_or_null(rows, at, 14),
        .delivery_state = row_text_or_null(rows, at, 15),
        .wait_code = db_get_text(rows, at, 16),
        .sold_by_name = db_get_text(rows, at, 17),
        .quote = row_text_or_null(rows, at, 18),
        .created_at = db_get_time(rows, at, 19),
        .paid_at = db_get_time(rows, at, 20),
        .ended_at = db_get_time(rows, at, 21),
        .power_at = db_get_time(rows, at, 22),
        .power_by_name = row_text_or_null(rows, at, 23),
        .power_by_hand = row_bool(rows, at, 24),
    };
}

enum rc purchase_list(struct db *db, struct arena *arena, const struct purchase_question *question,
                      struct purchase_view **ret_views, size_t *ret_count, const char **ret_cursor)
{
    assert(question->limit >= 1 && question->limit <= PURCHASE_LIST_MAX);
    const char *inside = like_inside(arena, question->words);
    if (inside == NULL) {
        return RC_MEMORY;
    }
    struct db_value in = db_text(inside);
    struct db_value state = db_text(question->state);
    struct db_rows rows;
    TRY(db_query(db, arena,
                 SELECT_PURCHASES
                 " WHERE b.id < ? AND (? = 0 OR b.account_id = ?) AND (? = 0 OR b.supply_id = ?)"
                 " AND (? = '' OR b.state = IF(? = 'waiting', 'paid', ?))"
                 " AND (? = '' OR b.number LIKE ? ESCAPE '|' OR n.number LIKE ? ESCAPE '|'"
                 " OR a.name LIKE ? ESCAPE '|' OR a.name_pinyin LIKE ? ESCAPE '|')"
                 " ORDER BY b.id DESC LIMIT ?",
                 DB_ARGS(page_before(question->before_id), db_int(question->account_id),
                         db_int(question->account_id), db_int(question->supply_id),
                         db_int(question->supply_id), state, state, state, db_text(question->words),
                         in, in, in, in, page_limit(question->limit)),
                 question->limit + 1, &rows));
    struct page page;
    TRY(page_take(arena, &rows, question->limit, sizeof(struct purchase_view), fill, &page));
    *ret_views = page.items;
    *ret_count = page.count;
    *ret_cursor = page.cursor;
    return RC_OK;
}

enum rc purchase_list_one(struct db *db, struct arena *arena, int64_t id,
                          struct purchase_view *ret_view)
{
    struct db_rows rows;
    TRY(db_query(db, arena, SELECT_PURCHASES " WHERE b.id = ?", DB_ARGS(db_int(id)), 1, &rows));
    if (rows.count == 0) {
        return RC_NOT_FOUND;
    }
    fill(&rows, 0, ret_view);
    return RC_OK;
}

enum rc purchase_payments(struct db *db, struct arena *arena, int64_t purchase_id,
                          struct purchase_payment **ret_payments, size_t *ret_count)
{
    struct db_rows rows;
    TRY(db_query(
        db, arena,
        "SELECT p.id, p.order_number, p.channel, p.amount_fen, p.state, p.disposition,"
        " p.suspense_reason, p.provider_transaction, CAST(COALESCE((SELECT SUM(r.amount_fen)"
        " FROM refund r WHERE r.payment_id = p.id AND r.state IN ('approved', 'submitted',"
        " 'succeeded', 'failed', 'suspense')), 0) AS SIGNED), p.created_at, p.settled_at"
        " FROM payment p WHERE p.purchase_id = ? ORDER BY p.id LIMIT 50",
        DB_ARGS(db_int(purchase_id)), PURCHASE_PAYMENTS_MAX, &rows));
    struct purchase_payment *list = arena_take_array(arena, rows.count + 1, sizeof *list);
    if (list == NULL) {
        return RC_MEMORY;
    }
    for (size_t i = 0; i < rows.count; i++) {
        list[i] = (struct purchase_payment){
            .id = db_get_int(&rows, i, 0),
            .order_number = db_get_text(&rows, i, 1),
            .channel = db_get_text(&rows, i, 2),
            .amount_fen = db_get_int(&rows, i, 3),
            .state = db_get_text(&rows, i, 4),
            .disposition = db_get_text(&rows, i, 5),
            .suspense_reason = row_text_or_null(&rows, i, 6),
            .provider_transaction = row_text_or_null(&rows, i, 7),
            .refunded_fen = db_get_int(&rows, i, 8),
            .created_at = db_get_time(&rows, i, 9),
            .settled_at = db_get_time(&rows, i, 10),
        };
    }
    *ret_payments = list;
    *ret_count = rows.count;
    return RC_OK;
}

enum rc purchase_delivery(struct db *db, struct arena *arena, int64_t purchase_id,
                          struct delivery_view *ret_view)
{
    struct db_rows rows;
    TRY(db_query(db, arena,
                 "SELECT d.id, d.state, d.wait_code, d.purchase_count, d.before_count,"
                 " d.before_balance_fen, d.after_count, d.after_balance_fen, d.use_cost_fen,"
                 " d.tolerance_fen, d.sends, d.created_at, d.claimed_at, d.last_sent_at,"
                 " d.unknown_since_at, d.fence_asked_at, d.ended_at, d.fence_proof, u.display_name"
                 " FROM delivery d LEFT JOIN user u ON u.id = d.decided_by WHERE d.purchase_id = ?",
                 DB_ARGS(db_int(purchase_id)), 1, &rows));
    if (rows.count == 0) {
        return RC_NOT_FOUND;
    }
    *ret_view = (struct delivery_view){
        .id = db_get_int(&rows, 0, 0),
        .state = db_get_text(&rows, 0, 1),
        .wait_code = db_get_text(&rows, 0, 2),
        .purchase_count = row_int(&rows, 0, 3),
        .before_count = row_int(&rows, 0, 4),
        .before_balance_fen = row_int(&rows, 0, 5),
        .after_count = row_int(&rows, 0, 6),
        .after_balance_fen = row_int(&rows, 0, 7),
        .use_cost_fen = row_int(&rows, 0, 8),
        .tolerance_fen = row_int(&rows, 0, 9),
        .sends = db_get_int(&rows, 0, 10),
        .created_at = db_get_time(&rows, 0, 11),
        .claimed_at = db_get_time(&rows, 0, 12),
        .last_sent_at = db_get_time(&rows, 0, 13),
        .unknown_since_at = db_get_time(&rows, 0, 14),
        .fence_asked_at = db_get_time(&rows, 0, 15),
        .ended_at = db_get_time(&rows, 0, 16),
        .fence_proof = row_text_or_null(&rows, 0, 17),
        .decided_by_name = row_text_or_null(&rows, 0, 18),
    };
    return RC_OK;
}
