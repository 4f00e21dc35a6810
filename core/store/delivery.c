#include "core/store/delivery.h"

#include <assert.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/text.h"
#include "core/store/row.h"

#define COLUMNS                                                                                    \
    "SELECT d.id, d.purchase_id, d.supply_id, d.epoch, d.meter_id, d.amount_fen, d.state,"         \
    " COALESCE(d.purchase_count, 0), d.wait_code, d.created_at, d.claimed_at,"                     \
    " COALESCE(d.claimed_by, ''), d.before_count, d.before_balance_fen,"                           \
    " COALESCE(d.before_energy, ''), d.sends, d.last_sent_at, d.unknown_since_at,"                 \
    " d.fence_asked_at, d.changed_at FROM delivery d"

static enum rc row_read(const struct db_rows *rows, struct delivery_row *ret_row)
{
    if (rows->count == 0) {
        return RC_NOT_FOUND;
    }
    struct delivery_row row = {
        .id = db_get_int(rows, 0, 0),
        .purchase_id = db_get_int(rows, 0, 1),
        .supply_id = db_get_int(rows, 0, 2),
        .epoch = db_get_int(rows, 0, 3),
        .meter_id = db_get_int(rows, 0, 4),
        .amount_fen = db_get_int(rows, 0, 5),
        .purchase_count = db_get_int(rows, 0, 7),
        .wait_code = db_get_text(rows, 0, 8),
        .created_at_ms = db_get_time(rows, 0, 9),
        .claimed_at_ms = db_get_time(rows, 0, 10),
        .claimed_by = db_get_text(rows, 0, 11),
        .before_count = db_get_int(rows, 0, 12),
        .before_balance_fen = db_get_int(rows, 0, 13),
        .before_energy = db_get_text(rows, 0, 14),
        .sends = db_get_int(rows, 0, 15),
        .last_sent_at_ms = db_get_time(rows, 0, 16),
        .unknown_since_at_ms = db_get_time(rows, 0, 17),
        .fence_asked_at_ms = db_get_time(rows, 0, 18),
        .changed_at_ms = db_get_time(rows, 0, 19),
    };
    TRY(row_known(delivery_state_find(db_get_text(rows, 0, 6), &row.state)));
    *ret_row = row;
    return RC_OK;
}

enum rc deliveries_insert(struct db *db, const struct delivery_row *row, int64_t *ret_id)
{
    assert(db_in_transaction(db));
    struct db_outcome outcome = {0};
    TRY(db_execute(db,
                   "INSERT INTO delivery (purchase_id, supply_id, epoch, meter_id, amount_fen,"
                   " created_at) VALUES (?, ?, ?, ?, ?, ?)",
                   DB_ARGS(db_int(row->purchase_id), db_int(row->supply_id), db_int(row->epoch),
                           db_int(row->meter_id), db_int(row->amount_fen), db_time(clock_now_ms())),
                   &outcome));
    *ret_id = outcome.insert_id;
    return RC_OK;
}

enum rc deliveries_get(struct db *db, struct arena *arena, int64_t id, struct delivery_row *ret_row)
{
    struct db_rows rows;
    TRY(db_query(db, arena, COLUMNS " WHERE d.id = ?", DB_ARGS(db_int(id)), 1, &rows));
    return row_read(&rows, ret_row);
}

enum rc deliveries_of_purchase(struct db *db, struct arena *arena, int64_t purchase_id,
                               struct delivery_row *ret_row)
{
    struct db_rows rows;
    TRY(db_query(db, arena, COLUMNS " WHERE d.purchase_id = ?", DB_ARGS(db_int(purchase_id)), 1,
                 &rows));
    return row_read(&rows, ret_row);
}

static enum rc look_read(const struct db_rows *rows, size_t at, struct delivery_look *look)
{
    *look = (struct delivery_look){
        .id = db_get_int(rows, at, 0),
        .supply_id = db_get_int(rows, at, 1),
        .meter_id = db_get_int(rows, at, 2),
        .line_id = db_get_int(rows, at, 3),
        .has_count = row_bool(rows, at, 5),
        .frozen = row_bool(rows, at, 6),
        .writable_line = row_bool(rows, at, 7),
        .slot_taken = row_bool(rows, at, 8),
        .amount_fen = db_get_int(rows, at, 9),
        .changed_at_ms = db_get_time(rows, at, 10),
        .restore_pending = db_get_int(rows, at, 14) != 0,
    };
    text_copy(look->wait_code, sizeof(look->wait_code), db_get_text(rows, at, 11));
    text_copy(look->claimed_by, sizeof(look->claimed_by), db_get_text(rows, at, 12));
    text_copy(look->serial_number, sizeof(look->serial_number), db_get_text(rows, at, 13));
    return row_known(delivery_state_find(db_get_text(rows, at, 4), &look->state));
}

enum rc deliveries_of_shard(struct db *db, struct arena *arena, int32_t shard, size_t max,
                            struct delivery_look **ret_looks, size_t *ret_count)
{
    struct db_rows rows;
    TRY(db_query(db, arena,
                 "SELECT d.id, d.supply_id, d.meter_id, m.line_id, d.state,"
                 " d.purchase_count IS NOT NULL, s.frozen_reason IS NOT NULL, l.writable,"
                 " EXISTS (SELECT 1 FROM delivery o WHERE o.slot_supply = d.supply_id"
                 " AND o.id <> d.id) OR EXISTS (SELECT 1 FROM adjustment a"
                 " WHERE a.slot_supply = d.supply_id) OR EXISTS (SELECT 1 FROM meter_swap w"
                 " WHERE w.live_supply = d.supply_id AND w.state IN ('emptying', 'emptied')),"
                 " d.amount_fen, d.changed_at, d.wait_code, COALESCE(d.claimed_by, ''),"
                 " m.serial_number, EXISTS (SELECT 1 FROM restore_check r WHERE r.pending_supply ="
                 " d.supply_id) FROM delivery d JOIN supply s ON s.id = d.supply_id"
                 " JOIN meter m ON m.id = d.meter_id JOIN line l ON l.id = m.line_id"
                 " WHERE d.state IN ('pending', 'sending', 'fencing', 'hold') AND l.shard = ?"
                 " ORDER BY d.purchase_count IS NULL, d.id LIMIT ?",
                 DB_ARGS(db_int(shard), db_int((int64_t)max)), max, &rows));
    struct delivery_look *list = arena_take_array(arena, rows.count + 1, sizeof *list);
    if (list == NULL) {
        return RC_MEMORY;
    }
    for (size_t i = 0; i < rows.count; i++) {
        TRY(look_read(&rows, i, &list[i]));
    }
    *ret_looks = list;
    *ret_count = rows.count;
    return RC_OK;
}

enum rc deliveries_slot_taken(struct db *db, struct arena *arena, int64_t supply_id,
                              int64_t except_id, bool *ret_taken)
{
    struct db_rows rows;
    TRY(db_query(db, arena,
                 "SELECT EXISTS (SELECT 1 FROM delivery WHERE slot_supply = ? AND id <> ?)"
                 " OR EXISTS (SELECT 1 FROM adjustment WHERE slot_supply = ?)",
                 DB_ARGS(db_int(supply_id), db_int(except_id), db_int(supply_id)), 1, &rows));
    *ret_taken = db_get_int(&rows, 0, 0) != 0;
    return RC_OK;
}

enum rc deliveries_next_count(struct db *db, struct arena *arena, int64_t supply_id, int64_t epoch,
                              int64_t *ret_count)
{
    struct db_rows rows;
    TRY(db_query(db, arena,
                 "SELECT GREATEST(e.open_count, COALESCE((SELECT MAX(d.purchase_count)"
                 " FROM delivery d WHERE d.supply_id = e.supply_id AND d.epoch = e.epoch), 0)) + 1"
                 " FROM supply_epoch e WHERE e.supply_id = ? AND e.epoch = ?"
                 " AND e.closed_at IS NULL",
                 DB_ARGS(db_int(supply_id), db_int(epoch)), 1, &rows));
    if (rows.count == 0) {
        return RC_NOT_FOUND;
    }
    *ret_count = db_get_int(&rows, 0, 0);
    return RC_OK;
}

enum rc deliveries_funding(struct db *db, struct arena *arena, int64_t purchase_id,
                           bool *ret_funded, int64_t *ret_amount_fen)
{
    struct db_rows rows;
    TRY(db_query(db, arena,
                 "SELECT amount_fen FROM (SELECT p.amount_fen FROM payment p JOIN purchase b"
                 " ON b.id = p.purchase_id WHERE b.id = ? AND b.origin = 'payment'"
                 " AND b.state = 'paid' AND p.state = 'settled' AND p.disposition = 'pending'"
                 " UNION ALL SELECT t.amount_fen FROM transfer t JOIN purchase b"
                 " ON b.id = t.object_id AND t.object_kind = 'purchase' WHERE b.id = ?"
                 " AND b.origin <> 'payment' AND b.state = 'paid' AND t.posting IN"
                 " ('wrong_shop', 'adjustment_returned', 'suspense_released', 'correction_given',"
                 " 'opening_card'))"
                 " funds",
                 DB_ARGS(db_int(purchase_id), db_int(purchase_id)), 10, &rows));
    *ret_funded = rows.count == 1; /* twice is as wrong as never */
    *ret_amount_fen = rows.count == 1 ? db_get_int(&rows, 0, 0) : 0;
    return RC_OK;
}

enum rc deliveries_set_claimed(struct db *db, int64_t id, const char *instance,
                               const struct delivery_claim_row *claim)
{
    assert(db_in_transaction(db));
    struct db_outcome outcome = {0};
    TRY(db_execute(db,
                   "UPDATE delivery SET state = 'sending', purchase_count = ?, claimed_at = ?,"
                   " claimed_by = ?, before_serial = ?, before_count = ?, before_balance_fen = ?,"
                   " before_energy = ?, wait_code = '' WHERE id = ? AND purchase_count IS NULL"
                   " AND state IN ('pending', 'hold')",
                   DB_ARGS(db_int(claim->purchase_count), db_time(clock_now_ms()),
                           db_text(instance), db_text(claim->serial_number), db_int(claim->count),
                           db_int(claim->balance_fen), db_text(claim->energy_json), db_int(id)),
                   &outcome));
    return row_moved(&outcome);
}

enum rc deliveries_set_owner(struct db *db, int64_t id, const char *from, const char *instance)
{
    assert(db_in_transaction(db));
    struct db_outcome outcome = {0};
    TRY(db_execute(db,
                   "UPDATE delivery SET claimed_by = ? WHERE id = ? AND claimed_by = ?"
                   " AND state IN ('sending', 'fencing', 'hold')",
                   DB_ARGS(db_text(instance), db_int(id), db_text(from)), &outcome));
    return row_moved(&outcome);
}

enum rc deliveries_set_sent(struct db *db, int64_t id, const char *instance)
{
    assert(db_in_transaction(db));
    struct db_outcome outcome = {0};
    struct db_value now = db_time(clock_now_ms());
    TRY(db_execute(db,
                   "UPDATE delivery SET sends = sends + 1, last_sent_at = ?,"
                   " unknown_since_at = COALESCE(unknown_since_at, ?), wait_code = ''"
                   " WHERE id = ? AND claimed_by = ? AND state IN ('sending', 'fencing')",
                   DB_ARGS(now, now, db_int(id), db_text(instance)), &outcome));
    return row_moved(&outcome);
}

enum rc deliveries_set_wait(struct db *db, int64_t id, enum delivery_state state,
                            const char *wait_code)
{
    assert(db_in_transaction(db));
    struct db_outcome outcome = {0};
    TRY(db_execute(db, "UPDATE delivery SET wait_code = ? WHERE id = ? AND state = ?",
                   DB_ARGS(db_text(wait_code), db_int(id), db_text(delivery_state_name(state))),
                   &outcome));
    return row_moved(&outcome);
}

enum rc deliveries_move(struct db *db, int64_t id, enum delivery_state from, enum delivery_state to,
                        const char *instance, const char *wait_code)
{
    assert(db_in_transaction(db));
    bool ended = to == DELIVERY_CANCELLED;
    struct db_outcome outcome = {0};
    TRY(db_execute(db,
                   "UPDATE delivery SET state = ?, wait_code = ?, ended_at = ?"
                   " WHERE id = ? AND state = ? AND (? = '' OR claimed_by = ?)",
                   DB_ARGS(db_text(delivery_state_name(to)), db_text(wait_code),
                           db_time_or_null(ended, clock_now_ms()), db_int(id),
                           db_text(delivery_state_name(from)), db_text(instance),
                           db_text(instance)),
                   &outcome));
    return row_moved(&outcome);
}

/* The columns of a proof; NULL where a person decided instead. */
static enum rc set_proved(struct db *db, int64_t id, enum delivery_state from,
                          enum delivery_state to, const char *instance, const char *fence_proof,
                          const struct delivery_proof_row *proof)
{
    assert(db_in_transaction(db));
    bool read = proof->decided_by == 0;
    struct db_outcome outcome = {0};
    TRY(db_execute(
        db,
        "UPDATE delivery SET state = ?, ended_at = ?, unknown_since_at = NULL, wait_code = '',"
        " fence_proof = ?, after_count = COALESCE(?, after_count),"
        " after_balance_fen = COALESCE(?, after_balance_fen), use_cost_fen = ?, tolerance_fen = ?,"
        " decided_by = ?, approval_id = ?"
        " WHERE id = ? AND state = ? AND (? = '' OR claimed_by = ?)",
        DB_ARGS(db_text(delivery_state_name(to)), db_time(clock_now_ms()),
                db_text_or_null(fence_proof), db_int_or_null(read, proof->count),
                db_int_or_null(read, proof->balance_fen), db_int_or_null(read, proof->use_cost_fen),
                db_int_or_null(read, proof->tolerance_fen),
                db_int_or_null(!read, proof->decided_by),
                db_int_or_null(proof->approval_id != 0, proof->approval_id), db_int(id),
                db_text(delivery_state_name(from)), db_text(instance), db_text(instance)),
        &outcome));
    return row_moved(&outcome);
}

enum rc deliveries_set_confirmed(struct db *db, int64_t id, enum delivery_state from,
                                 const char *instance, const struct delivery_proof_row *proof)
{
    return set_proved(db, id, from, DELIVERY_CONFIRMED, instance, NULL, proof);
}

enum rc deliveries_set_fenced(struct db *db, int64_t id, enum delivery_state from,
                              const char *instance, const char *fence_proof,
                              const struct delivery_proof_row *proof)
{
    return set_proved(db, id, from, DELIVERY_FENCED, instance, fence_proof, proof);
}

enum rc deliveries_set_fencing(struct db *db, int64_t id, enum delivery_state from,
                               int64_t asked_by)
{
    assert(db_in_transaction(db));
    struct db_outcome outcome = {0};
    TRY(db_execute(db,
                   "UPDATE delivery SET state = 'fencing', fence_asked_at = ?, fence_asked_by = ?,"
                   " wait_code = '' WHERE id = ? AND state = ? AND purchase_count IS NOT NULL",
                   DB_ARGS(db_time(clock_now_ms()), db_int_or_null(asked_by != 0, asked_by),
                           db_int(id), db_text(delivery_state_name(from))),
                   &outcome));
    return row_moved(&outcome);
}

enum rc deliveries_settle_purchase(struct db *db, int64_t purchase_id, int64_t power_at_ms)
{
    assert(db_in_transaction(db));
    struct db_outcome outcome = {0};
    TRY(db_execute(db,
                   "UPDATE purchase SET state = 'delivered', ended_at = ?,"
                   " power_at = GREATEST(?, paid_at) WHERE id = ? AND state = 'paid'",
                   DB_ARGS(db_time(clock_now_ms()), db_time_or_null(power_at_ms != 0, power_at_ms),
                           db_int(purchase_id)),
                   &outcome));
    TRY(row_moved(&outcome));
    return db_execute(db,
                      "UPDATE payment SET disposition = 'delivered' WHERE purchase_id = ?"
                      " AND state = 'settled' AND disposition = 'pending'",
                      DB_ARGS(db_int(purchase_id)), NULL);
}
