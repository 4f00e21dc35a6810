#include "core/store/order.h"

#include <assert.h>
#include <string.h>

enum rc orders_set_details(struct db *db, int64_t payment_id, const struct order_details *details,
                           int64_t due_at_ms)
{
    assert(db_in_transaction(db));
    return db_execute(
        db,
        "UPDATE payment SET scene = ?, client_ip = ?, open_id_sealed = ?, token_hash = ?,"
        " expires_at = ?, next_query_at = ? WHERE id = ?",
        DB_ARGS(db_text(details->scene), db_text(details->client_ip),
                details->open_id_sealed_len == 0
                    ? db_null()
                    : db_bytes(details->open_id_sealed, details->open_id_sealed_len),
                details->token_hash == NULL ? db_null() : db_bytes(details->token_hash, 32),
                db_time(details->expires_at_ms), db_time(due_at_ms), db_int(payment_id)),
        NULL);
}

static enum rc due_of_row(const struct db_rows *rows, size_t at, struct order_due *order)
{
    *order = (struct order_due){
        .payment_id = db_get_int(rows, at, 0),
        .order_number = db_get_text(rows, at, 1),
        .channel = db_get_text(rows, at, 2),
        .merchant = db_get_text(rows, at, 3),
        .amount_fen = db_get_int(rows, at, 4),
        .scene = db_get_text(rows, at, 6),
        .client_ip = db_get_text(rows, at, 7),
        .open_id_sealed = (const uint8_t *)db_at(rows, at, 8)->text,
        .open_id_sealed_len = db_is_null(rows, at, 8) ? 0 : db_at(rows, at, 8)->len,
        .unit_number = db_get_text(rows, at, 9),
        .provider_transaction = db_get_text(rows, at, 10),
        .created_at_ms = db_get_time(rows, at, 11),
        .expires_at_ms = db_get_time(rows, at, 12),
        .asked_at_ms = db_get_time(rows, at, 13),
        .page_at_ms = db_get_time(rows, at, 14),
        .close_asked_at_ms = db_get_time(rows, at, 15),
        .tries = db_get_int(rows, at, 16),
    };
    return payment_state_find(db_get_text(rows, at, 5), &order->state);
}

enum rc orders_due(struct db *db, struct arena *arena, const char *channel, int64_t now_ms,
                   size_t limit, struct order_due **ret_orders, size_t *ret_count)
{
    assert(limit >= 1 && limit <= ORDERS_DUE_MAX);
    struct db_rows rows;
    TRY(db_query(db, arena,
                 "SELECT p.id, p.order_number, p.channel, p.merchant, p.amount_fen, p.state,"
                 " p.scene, p.client_ip, p.open_id_sealed, COALESCE(u.number, ''),"
                 " COALESCE(p.provider_transaction, ''), p.created_at, p.expires_at, p.asked_at,"
                 " p.page_at, p.close_asked_at, p.tries FROM payment p"
                 " JOIN purchase b ON b.id = p.purchase_id JOIN supply s ON s.id = b.supply_id"
                 " LEFT JOIN unit u ON u.id = s.unit_id"
                 " WHERE p.state IN ('creating', 'open', 'closed') AND p.next_query_at <= ?"
                 " AND p.channel = ? ORDER BY p.next_query_at, p.id LIMIT ?",
                 DB_ARGS(db_time(now_ms), db_text(channel), db_int((int64_t)limit)), limit, &rows));
    struct order_due *list = arena_take_array(arena, rows.count + 1, sizeof *list);
    if (list == NULL) {
        return RC_MEMORY;
    }
    for (size_t i = 0; i < rows.count; i++) {
        TRY(due_of_row(&rows, i, &list[i]));
    }
    *ret_orders = list;
    *ret_count = rows.count;
    return RC_OK;
}

enum rc orders_next_due(struct db *db, struct arena *arena, int64_t *ret_at_ms)
{
    struct db_rows rows;
    TRY(db_query(db, arena,
                 "SELECT MIN(at) FROM (SELECT MIN(next_query_at) AS at FROM payment WHERE"
                 " state IN ('creating', 'open', 'closed') AND next_query_at IS NOT NULL UNION ALL"
                 " SELECT MIN(next_query_at) FROM refund WHERE state = 'submitted') soonest",
                 DB_NO_ARGS, 1, &rows));
    *ret_at_ms = db_get_time(&rows, 0, 0);
    return RC_OK;
}

static enum rc moved(enum rc rc, const struct db_outcome *outcome)
{
    TRY(rc);
    return outcome->affected_rows == 1 ? RC_OK : RC_CONFLICT;
}

enum rc orders_mark_asked(struct db *db, int64_t payment_id, int64_t now_ms, int64_t due_at_ms)
{
    struct db_outcome outcome = {0};
    enum rc rc =
        db_execute(db,
                   "UPDATE payment SET asked_at = COALESCE(asked_at, ?),"
                   " next_query_at = ?, tries = tries + 1, queries = queries + 1"
                   " WHERE id = ? AND state IN ('creating', 'open', 'closed')",
                   DB_ARGS(db_time(now_ms), db_time(due_at_ms), db_int(payment_id)), &outcome);
    return moved(rc, &outcome);
}

enum rc orders_set_offered(struct db *db, int64_t payment_id, const char *offer, int64_t due_at_ms)
{
    assert(db_in_transaction(db));
    struct db_outcome outcome = {0};
    enum rc rc =
        db_execute(db,
                   "UPDATE payment SET state = 'open', offer = ?, tries = 0,"
                   " next_query_at = COALESCE(close_asked_at, ?)"
                   " WHERE id = ? AND state = 'creating'",
                   DB_ARGS(db_text(offer), db_time(due_at_ms), db_int(payment_id)), &outcome);
    return moved(rc, &outcome);
}

enum rc orders_set_due(struct db *db, int64_t payment_id, int64_t marked_at_ms, int64_t due_at_ms,
                       bool answered)
{
    struct db_outcome outcome = {0};
    enum rc rc = db_execute(
        db,
        "UPDATE payment SET next_query_at = IF(next_query_at < ?, next_query_at, ?),"
        " tries = IF(?, 0, tries) WHERE id = ? AND state IN ('creating', 'open', 'closed')",
        DB_ARGS(db_time(marked_at_ms), db_time_or_null(due_at_ms != 0, due_at_ms), db_int(answered),
                db_int(payment_id)),
        &outcome);
    return moved(rc, &outcome);
}

enum rc orders_set_ended(struct db *db, int64_t payment_id, enum payment_state to,
                         const char *fail_code, int64_t due_at_ms)
{
    assert(db_in_transaction(db) && (to == PAYMENT_CLOSED || to == PAYMENT_FAILED));
    struct db_outcome outcome = {0};
    enum rc rc = db_execute(
        db,
        "UPDATE payment SET state = ?, fail_code = ?, offer = NULL, next_query_at = ?, tries = 0"
        " WHERE id = ? AND state IN ('creating', 'open')",
        DB_ARGS(db_text(payment_state_name(to)), db_text(fail_code),
                db_time_or_null(due_at_ms != 0, due_at_ms), db_int(payment_id)),
        &outcome);
    return moved(rc, &outcome);
}

enum rc orders_ask_close(struct db *db, int64_t payment_id, int64_t now_ms)
{
    assert(db_in_transaction(db));
    struct db_outcome outcome = {0};
    enum rc rc =
        db_execute(db,
                   "UPDATE payment SET close_asked_at = COALESCE(close_asked_at, ?),"
                   " next_query_at = ? WHERE id = ? AND state IN ('creating', 'open')",
                   DB_ARGS(db_time(now_ms), db_time(now_ms), db_int(payment_id)), &outcome);
    return moved(rc, &outcome);
}

enum rc orders_look_now(struct db *db, const char *order_number, const char *channel,
                        int64_t now_ms)
{
    return db_execute(db,
                      "UPDATE payment SET next_query_at = ? WHERE order_number = ? AND channel = ?"
                      " AND state IN ('creating', 'open', 'closed')",
                      DB_ARGS(db_time(now_ms), db_text(order_number), db_text(channel)), NULL);
}

enum rc orders_note_page(struct db *db, int64_t payment_id, int64_t now_ms, int64_t due_at_ms)
{
    return db_execute(db,
                      "UPDATE payment SET page_at = ?, next_query_at = LEAST(next_query_at, ?)"
                      " WHERE id = ? AND state = 'open' AND next_query_at IS NOT NULL",
                      DB_ARGS(db_time(now_ms), db_time(due_at_ms), db_int(payment_id)), NULL);
}

enum rc pay_channels_list(struct db *db, struct arena *arena, struct pay_channel **ret_channels,
                          size_t *ret_count)
{
    struct db_rows rows;
    TRY(db_query(db, arena,
                 "SELECT channel, merchant, scenes, app_id, state = 'up', checked_at"
                 " FROM pay_channel ORDER BY channel DESC, merchant",
                 DB_NO_ARGS, PAY_CHANNELS_MAX, &rows));
    struct pay_channel *list = arena_take_array(arena, rows.count + 1, sizeof *list);
    if (list == NULL) {
        return RC_MEMORY;
    }
    for (size_t i = 0; i < rows.count; i++) {
        list[i] = (struct pay_channel){.channel = db_get_text(&rows, i, 0),
                                       .merchant = db_get_text(&rows, i, 1),
                                       .scenes = db_get_text(&rows, i, 2),
                                       .app_id = db_get_text(&rows, i, 3),
                                       .up = db_get_int(&rows, i, 4) != 0,
                                       .checked_at_ms = db_get_time(&rows, i, 5)};
    }
    *ret_channels = list;
    *ret_count = rows.count;
    return RC_OK;
}

enum rc pay_channels_replace(struct db *db, const struct pay_channel *channels, size_t count,
                             int64_t now_ms)
{
    assert(db_in_transaction(db) && count <= PAY_CHANNELS_MAX);
    for (size_t i = 0; i < count; i++) {
        TRY(db_execute(db,
                       "INSERT INTO pay_channel (channel, merchant, scenes, app_id, state,"
                       " checked_at) VALUES (?, ?, ?, ?, ?, ?) ON DUPLICATE KEY UPDATE"
                       " scenes = VALUES(scenes), app_id = VALUES(app_id), state = VALUES(state),"
                       " checked_at = VALUES(checked_at)",
                       DB_ARGS(db_text(channels[i].channel), db_text(channels[i].merchant),
                               db_text(channels[i].scenes), db_text(channels[i].app_id),
                               db_text(channels[i].up ? "up" : "down"), db_time(now_ms)),
                       NULL));
    }
    return db_execute(db, "DELETE FROM pay_channel WHERE checked_at < ?", DB_ARGS(db_time(now_ms)),
                      NULL);
}
