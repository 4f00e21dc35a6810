#include "core/store/refund_provider.h"

#include <assert.h>

#include "core/store/row.h"

#define ORDER_NUMBER_SQL                                                                           \
    "COALESCE((SELECT e.order_number FROM payment_event e WHERE e.payment_id = p.id AND e.paid"    \
    " ORDER BY e.id LIMIT 1), p.order_number)"

static enum rc due_of_row(const struct db_rows *rows, size_t at, struct refund_due *refund)
{
    *refund = (struct refund_due){
        .refund_id = db_get_int(rows, at, 0),
        .number = db_get_text(rows, at, 1),
        .amount_fen = db_get_int(rows, at, 3),
        .submitted_at_ms = db_get_time(rows, at, 4),
        .accepted_at_ms = db_get_time(rows, at, 5),
        .tries = db_get_int(rows, at, 6),
        .payment_id = db_get_int(rows, at, 7),
        .order_number = db_get_text(rows, at, 8),
        .merchant = db_get_text(rows, at, 9),
        .provider_transaction = db_get_text(rows, at, 10),
        .payment_fen = db_get_int(rows, at, 11),
        .payment_created_at_ms = db_get_time(rows, at, 12),
    };
    return row_known(refund_state_find(db_get_text(rows, at, 2), &refund->state));
}

enum rc refunds_due(struct db *db, struct arena *arena, const char *channel, int64_t now_ms,
                    size_t limit, struct refund_due **ret_refunds, size_t *ret_count)
{
    assert(limit >= 1 && limit <= REFUNDS_DUE_MAX);
    struct db_rows rows;
    TRY(db_query(db, arena,
                 "SELECT r.id, r.refund_number, r.state, r.amount_fen, r.submitted_at,"
                 " r.accepted_at, r.tries, p.id, " ORDER_NUMBER_SQL ", p.merchant,"
                 " COALESCE(p.provider_transaction, ''), p.amount_fen, p.created_at FROM refund r"
                 " JOIN payment p ON p.id = r.payment_id WHERE r.state IN ('approved', 'submitted')"
                 " AND (r.next_query_at IS NULL OR r.next_query_at <= ?) AND p.channel = ?"
                 " ORDER BY r.next_query_at, r.id LIMIT ?",
                 DB_ARGS(db_time(now_ms), db_text(channel), db_int((int64_t)limit)), limit, &rows));
    struct refund_due *list = arena_take_array(arena, rows.count + 1, sizeof *list);
    if (list == NULL) {
        return RC_MEMORY;
    }
    for (size_t i = 0; i < rows.count; i++) {
        TRY(due_of_row(&rows, i, &list[i]));
    }
    *ret_refunds = list;
    *ret_count = rows.count;
    return RC_OK;
}

enum rc refunds_mark_asked(struct db *db, int64_t id, int64_t due_at_ms)
{
    struct db_outcome outcome = {0};
    TRY(db_execute(db,
                   "UPDATE refund SET next_query_at = ?, tries = tries + 1"
                   " WHERE id = ? AND state = 'submitted'",
                   DB_ARGS(db_time(due_at_ms), db_int(id)), &outcome));
    return row_moved(&outcome);
}

enum rc refunds_set_due(struct db *db, int64_t id, int64_t due_at_ms, bool accepted, int64_t now_ms)
{
    struct db_outcome outcome = {0};
    TRY(db_execute(
        db,
        "UPDATE refund SET next_query_at = ?, tries = IF(? AND accepted_at IS NULL, 0, tries),"
        " accepted_at = IF(?, COALESCE(accepted_at, ?), accepted_at)"
        " WHERE id = ? AND state = 'submitted'",
        DB_ARGS(db_time(due_at_ms), db_int(accepted), db_int(accepted), db_time(now_ms),
                db_int(id)),
        &outcome));
    return row_moved(&outcome);
}

enum rc refunds_find(struct db *db, struct arena *arena, const char *number, int64_t *ret_id)
{
    struct db_rows rows;
    TRY(db_query(db, arena, "SELECT id FROM refund WHERE refund_number = ?",
                 DB_ARGS(db_text(number)), 1, &rows));
    if (rows.count == 0) {
        return RC_NOT_FOUND;
    }
    *ret_id = db_get_int(&rows, 0, 0);
    return RC_OK;
}

enum rc refunds_set_told(struct db *db, int64_t id, const char *provider_refund,
                         const char *fail_code)
{
    assert(db_in_transaction(db));
    return db_execute(db,
                      "UPDATE refund SET provider_refund = COALESCE(NULLIF(?, ''),"
                      " provider_refund), fail_code = ? WHERE id = ?",
                      DB_ARGS(db_text(provider_refund), db_text(fail_code), db_int(id)), NULL);
}

enum rc refunds_order_number(struct db *db, struct arena *arena, int64_t payment_id,
                             const char **ret_number)
{
    struct db_rows rows;
    TRY(db_query(db, arena, "SELECT " ORDER_NUMBER_SQL " FROM payment p WHERE p.id = ?",
                 DB_ARGS(db_int(payment_id)), 1, &rows));
    if (rows.count == 0) {
        return RC_NOT_FOUND;
    }
    *ret_number = db_get_text(&rows, 0, 0);
    return RC_OK;
}

enum rc refunds_succeeded_fen(struct db *db, struct arena *arena, int64_t payment_id,
                              int64_t *ret_fen)
{
    struct db_rows rows;
    TRY(db_query(db, arena,
                 "SELECT CAST(COALESCE(SUM(amount_fen), 0) AS SIGNED) FROM refund"
                 " WHERE payment_id = ? AND state = 'succeeded'",
                 DB_ARGS(db_int(payment_id)), 1, &rows));
    *ret_fen = db_get_int(&rows, 0, 0);
    return RC_OK;
}

#define AUTOMATIC_SQL                                                                              \
    " p.disposition = 'suspense' AND p.suspense_reason IN ('paid_twice', 'late')"                  \
    " AND p.owner_id IS NULL AND NOT EXISTS (SELECT 1 FROM refund r WHERE r.payment_id = p.id"     \
    " AND r.state NOT IN ('rejected', 'expired', 'cancelled'))"

enum rc suspense_automatic_list(struct db *db, struct arena *arena, const char *channel,
                                size_t limit, int64_t **ret_ids, size_t *ret_count)
{
    struct db_rows rows;
    TRY(db_query(db, arena,
                 "SELECT p.id FROM payment p WHERE p.channel = ? AND" AUTOMATIC_SQL
                 " ORDER BY p.id LIMIT ?",
                 DB_ARGS(db_text(channel), db_int((int64_t)limit)), limit, &rows));
    int64_t *list = arena_take_array(arena, rows.count + 1, sizeof *list);
    if (list == NULL) {
        return RC_MEMORY;
    }
    for (size_t i = 0; i < rows.count; i++) {
        list[i] = db_get_int(&rows, i, 0);
    }
    *ret_ids = list;
    *ret_count = rows.count;
    return RC_OK;
}

enum rc suspense_is_automatic(struct db *db, struct arena *arena, int64_t payment_id, bool *ret_is)
{
    struct db_rows rows;
    TRY(db_query(db, arena, "SELECT 1 FROM payment p WHERE p.id = ? AND" AUTOMATIC_SQL,
                 DB_ARGS(db_int(payment_id)), 1, &rows));
    *ret_is = rows.count == 1;
    return RC_OK;
}
