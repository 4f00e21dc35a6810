#include "core/store/payment.h"

#include <assert.h>

#include "core/store/row.h"

#define SELECT_PAYMENT                                                                             \
    "SELECT p.id, p.order_number, p.purchase_id, b.supply_id, p.channel, p.merchant, "             \
    "p.amount_fen,"                                                                                \
    " p.currency, p.state, p.disposition, COALESCE(p.suspense_reason, '') FROM payment p"          \
    " LEFT JOIN purchase b ON b.id = p.purchase_id"

static enum rc fill(const struct db_rows *rows, struct payment *ret_payment)
{
    if (rows->count == 0) {
        return RC_NOT_FOUND;
    }
    struct payment payment = {
        .id = db_get_int(rows, 0, 0),
        .order_number = db_get_text(rows, 0, 1),
        .purchase_id = db_get_int(rows, 0, 2),
        .supply_id = db_get_int(rows, 0, 3),
        .channel = db_get_text(rows, 0, 4),
        .merchant = db_get_text(rows, 0, 5),
        .amount_fen = db_get_int(rows, 0, 6),
        .currency = db_get_text(rows, 0, 7),
        .suspense_reason = db_get_text(rows, 0, 10),
    };
    TRY(payment_state_find(db_get_text(rows, 0, 8), &payment.state));
    TRY(disposition_find(db_get_text(rows, 0, 9), &payment.disposition));
    *ret_payment = payment;
    return RC_OK;
}

enum rc payments_get(struct db *db, struct arena *arena, int64_t id, struct payment *ret_payment)
{
    struct db_rows rows;
    TRY(db_query(db, arena, SELECT_PAYMENT " WHERE p.id = ?", DB_ARGS(db_int(id)), 1, &rows));
    return fill(&rows, ret_payment);
}

enum rc payments_lock(struct db *db, struct arena *arena, int64_t id, struct payment *ret_payment)
{
    assert(db_in_transaction(db));
    struct db_rows rows;
    TRY(db_query(db, arena, "SELECT id FROM payment WHERE id = ? FOR UPDATE", DB_ARGS(db_int(id)),
                 1, &rows));
    return payments_get(db, arena, id, ret_payment);
}

enum rc payments_number_known(struct db *db, struct arena *arena, const char *number,
                              bool *ret_known)
{
    struct db_rows rows;
    TRY(db_query(db, arena,
                 "SELECT EXISTS (SELECT 1 FROM payment WHERE order_number = ?)"
                 " OR EXISTS (SELECT 1 FROM purchase WHERE number = ?)",
                 DB_ARGS(db_text(number), db_text(number)), 1, &rows));
    *ret_known = db_get_int(&rows, 0, 0) != 0;
    return RC_OK;
}

enum rc payments_insert(struct db *db, const struct payment *payment, int64_t *ret_id)
{
    assert(db_in_transaction(db) && payment->state == PAYMENT_CREATING);
    struct db_outcome outcome = {0};
    TRY(db_execute(
        db,
        "INSERT INTO payment (order_number, purchase_id, channel, merchant, amount_fen,"
        " currency, state, disposition, suspense_reason) VALUES (?, ?, ?, ?, ?, ?,"
        " 'creating', 'none', ?)",
        DB_ARGS(
            db_text(payment->order_number),
            db_int_or_null(payment->purchase_id != 0, payment->purchase_id),
            db_text(payment->channel), db_text(payment->merchant), db_int(payment->amount_fen),
            db_text(payment->currency),
            db_text_or_null(payment->suspense_reason[0] == '\0' ? NULL : payment->suspense_reason)),
        &outcome));
    *ret_id = outcome.insert_id;
    return RC_OK;
}

enum rc payments_insert_suspense(struct db *db, const struct payment *payment,
                                 const char *provider_transaction, int64_t at_ms, int64_t *ret_id)
{
    assert(db_in_transaction(db) && payment->purchase_id == 0);
    assert(payment->suspense_reason[0] != '\0');
    struct db_outcome outcome = {0};
    TRY(db_execute(db,
                   "INSERT INTO payment (order_number, channel, merchant, amount_fen, currency,"
                   " state, disposition, suspense_reason, provider_transaction, settled_at)"
                   " VALUES (?, ?, ?, ?, ?, 'settled', 'suspense', ?, ?, ?)",
                   DB_ARGS(db_text(payment->order_number), db_text(payment->channel),
                           db_text(payment->merchant), db_int(payment->amount_fen),
                           db_text(payment->currency), db_text(payment->suspense_reason),
                           db_text(provider_transaction), db_time(at_ms)),
                   &outcome));
    *ret_id = outcome.insert_id;
    return RC_OK;
}

enum rc payments_set_settled(struct db *db, int64_t id, enum payment_state from,
                             enum disposition disposition, const char *suspense_reason,
                             const char *provider_transaction, int64_t at_ms)
{
    assert(db_in_transaction(db) && payment_move_allowed(from, PAYMENT_SETTLED));
    assert((disposition == DISPOSITION_SUSPENSE) == (suspense_reason[0] != '\0'));
    struct db_outcome outcome = {0};
    TRY(db_execute(
        db,
        "UPDATE payment SET state = 'settled', disposition = ?, suspense_reason = ?,"
        " provider_transaction = ?, settled_at = ?, next_query_at = NULL"
        " WHERE id = ? AND state = ?",
        DB_ARGS(db_text(disposition_name(disposition)),
                db_text_or_null(suspense_reason[0] == '\0' ? NULL : suspense_reason),
                db_text_or_null(provider_transaction[0] == '\0' ? NULL : provider_transaction),
                db_time(at_ms), db_int(id), db_text(payment_state_name(from))),
        &outcome));
    return row_moved(&outcome);
}

enum rc payments_set_state(struct db *db, int64_t id, enum payment_state from,
                           enum payment_state to)
{
    assert(db_in_transaction(db) && to != PAYMENT_SETTLED && payment_move_allowed(from, to));
    struct db_outcome outcome = {0};
    TRY(db_execute(
        db, "UPDATE payment SET state = ? WHERE id = ? AND state = ?",
        DB_ARGS(db_text(payment_state_name(to)), db_int(id), db_text(payment_state_name(from))),
        &outcome));
    return row_moved(&outcome);
}

enum rc payments_set_disposition(struct db *db, int64_t id, enum disposition from,
                                 enum disposition to)
{
    assert(db_in_transaction(db) && disposition_move_allowed(from, to));
    struct db_outcome outcome = {0};
    TRY(db_execute(
        db, "UPDATE payment SET disposition = ? WHERE id = ? AND disposition = ?",
        DB_ARGS(db_text(disposition_name(to)), db_int(id), db_text(disposition_name(from))),
        &outcome));
    return row_moved(&outcome);
}

enum rc payments_set_purchase(struct db *db, int64_t id, int64_t purchase_id)
{
    assert(db_in_transaction(db));
    struct db_outcome outcome = {0};
    TRY(db_execute(db,
                   "UPDATE payment SET purchase_id = ? WHERE id = ? AND disposition = 'suspense'",
                   DB_ARGS(db_int(purchase_id), db_int(id)), &outcome));
    return row_moved(&outcome);
}

enum rc payments_set_owner(struct db *db, int64_t id, int64_t owner_id)
{
    assert(db_in_transaction(db));
    struct db_outcome outcome = {0};
    TRY(db_execute(db, "UPDATE payment SET owner_id = ? WHERE id = ? AND disposition = 'suspense'",
                   DB_ARGS(db_int(owner_id), db_int(id)), &outcome));
    return row_moved(&outcome);
}

enum rc payment_events_insert(struct db *db, const struct payment_event *event)
{
    assert(db_in_transaction(db));
    struct db_value hash =
        event->body_sha256 == NULL ? db_null() : db_bytes(event->body_sha256, 32);
    return db_execute(
        db,
        "INSERT INTO payment_event (payment_id, source, channel, merchant, provider_transaction,"
        " order_number, paid, amount_fen, currency, verified, verdict, body_sha256, occurred_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        DB_ARGS(db_int_or_null(event->payment_id != 0, event->payment_id), db_text(event->source),
                db_text(event->channel), db_text(event->merchant),
                db_text(event->provider_transaction), db_text(event->order_number),
                db_int(event->paid), db_int(event->amount_fen), db_text(event->currency),
                db_int(event->verified), db_text(event->verdict), hash,
                db_time_or_null(event->occurred_at_ms != 0, event->occurred_at_ms)),
        NULL);
}

enum rc payment_events_find_paid(struct db *db, struct arena *arena, const char *channel,
                                 const char *merchant, const char *provider_transaction,
                                 struct payment_event_seen *ret_event)
{
    struct db_rows rows;
    TRY(db_query(
        db, arena,
        "SELECT payment_id, amount_fen, currency, order_number FROM payment_event WHERE channel = ?"
        " AND merchant = ? AND provider_transaction = ? AND paid AND verified"
        " ORDER BY id LIMIT 1",
        DB_ARGS(db_text(channel), db_text(merchant), db_text(provider_transaction)), 1, &rows));
    if (rows.count == 0) {
        return RC_NOT_FOUND;
    }
    *ret_event = (struct payment_event_seen){.payment_id = db_get_int(&rows, 0, 0),
                                             .amount_fen = db_get_int(&rows, 0, 1),
                                             .currency = db_get_text(&rows, 0, 2),
                                             .order_number = db_get_text(&rows, 0, 3)};
    return RC_OK;
}
