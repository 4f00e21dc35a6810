#include "core/store/refund.h"

#include <assert.h>

#include "core/base/clock.h"
#include "core/store/row.h"

static enum rc moved(enum rc rc, const struct db_outcome *outcome)
{
    TRY(rc);
    return outcome->affected_rows == 1 ? RC_OK : RC_CONFLICT;
}

enum rc refunds_insert(struct db *db, const struct refund *refund, int64_t *ret_id)
{
    assert(db_in_transaction(db));
    struct db_outcome outcome = {0};
    bool agreed = refund->checker_id != 0;
    assert(refund->automatic == (refund->maker_id == 0));
    TRY(db_execute(
        db,
        "INSERT INTO refund (refund_number, payment_id, source, adjustment_id, amount_fen, state,"
        " reason, maker_id, checker_id, approval_id, close_id, automatic, returned_id)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        DB_ARGS(db_text(refund->number), db_int(refund->payment_id), db_text(refund->source),
                db_int_or_null(refund->adjustment_id != 0, refund->adjustment_id),
                db_int(refund->amount_fen),
                db_text(agreed || refund->automatic ? "approved" : "asked"),
                db_text(refund->reason), db_int_or_null(!refund->automatic, refund->maker_id),
                db_int_or_null(agreed, refund->checker_id),
                db_int_or_null(refund->approval_id != 0, refund->approval_id),
                db_int_or_null(refund->close_id != 0, refund->close_id), db_int(refund->automatic),
                db_int_or_null(refund->returned_id != 0, refund->returned_id)),
        &outcome));
    *ret_id = outcome.insert_id;
    return RC_OK;
}

#define SELECT_REFUND                                                                              \
    "SELECT id, refund_number, payment_id, source, adjustment_id, amount_fen, state, reason,"      \
    " maker_id, checker_id, approval_id, close_id, automatic, returned_id FROM refund WHERE id = " \
    "?"

static enum rc fill(const struct db_rows *rows, struct refund *ret_refund)
{
    if (rows->count == 0) {
        return RC_NOT_FOUND;
    }
    *ret_refund = (struct refund){
        .id = db_get_int(rows, 0, 0),
        .number = db_get_text(rows, 0, 1),
        .payment_id = db_get_int(rows, 0, 2),
        .source = db_get_text(rows, 0, 3),
        .adjustment_id = db_get_int(rows, 0, 4),
        .amount_fen = db_get_int(rows, 0, 5),
        .reason = db_get_text(rows, 0, 7),
        .maker_id = db_get_int(rows, 0, 8),
        .checker_id = db_get_int(rows, 0, 9),
        .approval_id = db_get_int(rows, 0, 10),
        .close_id = db_get_int(rows, 0, 11),
        .automatic = row_bool(rows, 0, 12),
        .returned_id = db_get_int(rows, 0, 13),
    };
    return refund_state_find(db_get_text(rows, 0, 6), &ret_refund->state);
}

enum rc refunds_get(struct db *db, struct arena *arena, int64_t id, struct refund *ret_refund)
{
    struct db_rows rows;
    TRY(db_query(db, arena, SELECT_REFUND, DB_ARGS(db_int(id)), 1, &rows));
    return fill(&rows, ret_refund);
}

enum rc refunds_lock(struct db *db, struct arena *arena, int64_t id, struct refund *ret_refund)
{
    assert(db_in_transaction(db));
    struct db_rows rows;
    TRY(db_query(db, arena, SELECT_REFUND " FOR UPDATE", DB_ARGS(db_int(id)), 1, &rows));
    return fill(&rows, ret_refund);
}

enum rc refunds_of_approval(struct db *db, struct arena *arena, int64_t approval_id,
                            int64_t *ret_id)
{
    struct db_rows rows;
    TRY(db_query(db, arena, "SELECT id FROM refund WHERE approval_id = ? ORDER BY id LIMIT 1",
                 DB_ARGS(db_int(approval_id)), 1, &rows));
    if (rows.count == 0) {
        return RC_NOT_FOUND;
    }
    *ret_id = db_get_int(&rows, 0, 0);
    return RC_OK;
}

enum rc refunds_set_approved(struct db *db, int64_t id, int64_t checker_id)
{
    assert(db_in_transaction(db));
    struct db_outcome outcome = {0};
    enum rc rc = db_execute(
        db, "UPDATE refund SET state = 'approved', checker_id = ? WHERE id = ? AND state = 'asked'",
        DB_ARGS(db_int(checker_id), db_int(id)), &outcome);
    return moved(rc, &outcome);
}

enum rc refunds_move(struct db *db, int64_t id, enum refund_state from, enum refund_state to)
{
    assert(db_in_transaction(db) && refund_move_allowed(from, to));
    struct db_outcome outcome = {0};
    int64_t now_ms = clock_now_ms();
    bool submits = to == REFUND_SUBMITTED;
    bool ends = refund_state_is_final(to);
    enum rc rc = db_execute(db,
                            "UPDATE refund SET state = ?, submitted_at = IF(?, "
                            "COALESCE(submitted_at, ?), submitted_at),"
                            " ended_at = IF(?, ?, ended_at) WHERE id = ? AND state = ?",
                            DB_ARGS(db_text(refund_state_name(to)), db_int(submits),
                                    db_time(now_ms), db_int(ends), db_time(now_ms), db_int(id),
                                    db_text(refund_state_name(from))),
                            &outcome);
    return moved(rc, &outcome);
}

enum rc refunds_of_payment(struct db *db, struct arena *arena, int64_t payment_id,
                           int64_t *ret_taken_fen, bool *ret_asked)
{
    struct db_rows rows;
    TRY(db_query(db, arena,
                 "SELECT CAST(COALESCE(SUM(IF(state IN ('approved', 'submitted', 'succeeded',"
                 " 'failed', 'suspense'), amount_fen, 0)), 0) AS SIGNED),"
                 " COALESCE(MAX(state = 'asked'), 0) FROM refund WHERE payment_id = ?",
                 DB_ARGS(db_int(payment_id)), 1, &rows));
    *ret_taken_fen = db_get_int(&rows, 0, 0);
    *ret_asked = row_bool(&rows, 0, 1);
    return RC_OK;
}

enum rc refunds_of_adjustment(struct db *db, struct arena *arena, int64_t adjustment_id,
                              bool *ret_promised)
{
    struct db_rows rows;
    TRY(db_query(db, arena,
                 "SELECT EXISTS (SELECT 1 FROM refund WHERE adjustment_id = ?"
                 " AND state NOT IN ('rejected', 'expired', 'cancelled'))",
                 DB_ARGS(db_int(adjustment_id)), 1, &rows));
    *ret_promised = row_bool(&rows, 0, 0);
    return RC_OK;
}

enum rc adjustment_asks_of_delivery(struct db *db, struct arena *arena, int64_t delivery_id,
                                    int64_t *ret_taken_fen)
{
    struct db_rows rows;
    TRY(db_query(db, arena,
                 "SELECT CAST(COALESCE(SUM(amount_fen), 0) AS SIGNED) FROM adjustment"
                 " WHERE delivery_id = ? AND kind IN ('reversal', 'wrong_shop')"
                 " AND state NOT IN ('rejected', 'expired', 'cancelled', 'refused')",
                 DB_ARGS(db_int(delivery_id)), 1, &rows));
    *ret_taken_fen = db_get_int(&rows, 0, 0);
    return RC_OK;
}

enum rc adjustment_asks_insert(struct db *db, const struct adjustment_ask *ask, int64_t *ret_id)
{
    assert(db_in_transaction(db));
    struct db_outcome outcome = {0};
    struct db_value evidence =
        ask->evidence_sha256 == NULL ? db_null() : db_bytes(ask->evidence_sha256, 32);
    TRY(db_execute(
        db,
        "INSERT INTO adjustment (kind, account_id, supply_id, epoch, meter_id, delivery_id,"
        " amount_fen, reason, evidence_sha256, maker_id, approval_id)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        DB_ARGS(db_text(ask->kind), db_int(ask->account_id), db_int(ask->supply_id),
                db_int(ask->epoch), db_int(ask->meter_id),
                db_int_or_null(ask->delivery_id != 0, ask->delivery_id), db_int(ask->amount_fen),
                db_text(ask->reason), evidence, db_int(ask->maker_id),
                db_int_or_null(ask->approval_id != 0, ask->approval_id)),
        &outcome));
    *ret_id = outcome.insert_id;
    return RC_OK;
}

enum rc adjustment_asks_of_approval(struct db *db, struct arena *arena, int64_t approval_id,
                                    int64_t *ret_id, int32_t *ret_shard)
{
    struct db_rows rows;
    TRY(db_query(db, arena,
                 "SELECT j.id, l.shard FROM adjustment j JOIN meter m ON m.id = j.meter_id"
                 " JOIN line l ON l.id = m.line_id WHERE j.approval_id = ? ORDER BY j.id LIMIT 1",
                 DB_ARGS(db_int(approval_id)), 1, &rows));
    if (rows.count == 0) {
        return RC_NOT_FOUND;
    }
    *ret_id = db_get_int(&rows, 0, 0);
    *ret_shard = (int32_t)db_get_int(&rows, 0, 1);
    return RC_OK;
}

enum rc adjustment_asks_set_approved(struct db *db, int64_t id, int64_t checker_id)
{
    assert(db_in_transaction(db));
    struct db_outcome outcome = {0};
    enum rc rc = db_execute(
        db,
        "UPDATE adjustment SET state = 'approved', checker_id = ? WHERE id = ? AND state = 'asked'",
        DB_ARGS(db_int(checker_id), db_int(id)), &outcome);
    return moved(rc, &outcome);
}

enum rc adjustment_asks_done(struct db *db, struct arena *arena, int64_t id,
                             struct adjustment_done *ret_done)
{
    struct db_rows rows;
    TRY(db_query(db, arena,
                 "SELECT id, supply_id, left_fen, maker_id, checker_id, approval_id FROM adjustment"
                 " WHERE id = ? AND state IN ('applied', 'typed')"
                 " AND kind IN ('refund', 'reversal')",
                 DB_ARGS(db_int(id)), 1, &rows));
    if (rows.count == 0) {
        return RC_NOT_FOUND;
    }
    *ret_done = (struct adjustment_done){
        .id = db_get_int(&rows, 0, 0),
        .supply_id = db_get_int(&rows, 0, 1),
        .left_fen = db_get_int(&rows, 0, 2),
        .maker_id = db_get_int(&rows, 0, 3),
        .checker_id = db_get_int(&rows, 0, 4),
        .approval_id = db_get_int(&rows, 0, 5),
    };
    return RC_OK;
}

enum rc money_asks_end(struct db *db, int64_t approval_id)
{
    assert(db_in_transaction(db));
    struct db_value id = db_int(approval_id);
    TRY(db_execute(db,
                   "UPDATE refund r JOIN approval a ON a.id = r.approval_id SET r.state ="
                   " IF(a.state = 'expired', 'expired', 'rejected'),"
                   " r.ended_at = a.decided_at WHERE r.state = 'asked'"
                   " AND a.state IN ('rejected', 'expired') AND (? = 0 OR a.id = ?)",
                   DB_ARGS(id, id), NULL));
    TRY(db_execute(db,
                   "UPDATE account_close c JOIN approval a ON a.id = c.approval_id SET"
                   " c.state = 'cancelled', c.ended_at = a.decided_at WHERE c.state = 'asked'"
                   " AND a.state IN ('rejected', 'expired') AND (? = 0 OR a.id = ?)",
                   DB_ARGS(id, id), NULL));
    TRY(db_execute(db,
                   "UPDATE mode_change c JOIN approval a ON a.id = c.approval_id SET"
                   " c.state = IF(a.state = 'expired', 'expired', 'rejected'),"
                   " c.ended_at = COALESCE(a.decided_at, a.expires_at) WHERE c.state = 'asked'"
                   " AND a.state IN ('rejected', 'expired') AND (? = 0 OR a.id = ?)",
                   DB_ARGS(id, id), NULL));
    return db_execute(db,
                      "UPDATE adjustment j JOIN approval a ON a.id = j.approval_id SET"
                      " j.state = IF(a.state = 'expired', 'expired', 'rejected'), j.ended_at = "
                      "a.decided_at WHERE j.state = 'asked'"
                      " AND a.state IN ('rejected', 'expired') AND (? = 0 OR a.id = ?)",
                      DB_ARGS(id, id), NULL);
}
