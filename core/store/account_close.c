#include "core/store/account_close.h"

#include <assert.h>

#include "core/base/clock.h"
#include "core/store/row.h"

static enum rc moved(enum rc rc, const struct db_outcome *outcome)
{
    TRY(rc);
    return outcome->affected_rows == 1 ? RC_OK : RC_CONFLICT;
}

enum rc account_closes_insert(struct db *db, const struct account_close *close, int64_t *ret_id)
{
    assert(db_in_transaction(db));
    struct db_outcome outcome = {0};
    TRY(db_execute(
        db,
        "INSERT INTO account_close (number, account_id, payout, reason, maker_id,"
        " vacant_until_at) VALUES (?, ?, ?, ?, ?, ?)",
        DB_ARGS(db_text(close->number), db_int(close->account_id), db_text(close->payout),
                db_text(close->reason), db_int(close->maker_id),
                db_time_or_null(close->vacant_until_at_ms != 0, close->vacant_until_at_ms)),
        &outcome));
    *ret_id = outcome.insert_id;
    return RC_OK;
}

#define SELECT_CLOSE                                                                               \
    "SELECT id, number, account_id, state, payout, reason, maker_id, checker_id, approval_id,"     \
    " vacant_until_at, refund_fen, channel_fen, counter_at IS NOT NULL FROM account_close"         \
    " WHERE id = ?"

static enum rc fill(const struct db_rows *rows, struct account_close *ret_close)
{
    if (rows->count == 0) {
        return RC_NOT_FOUND;
    }
    *ret_close = (struct account_close){
        .id = db_get_int(rows, 0, 0),
        .number = db_get_text(rows, 0, 1),
        .account_id = db_get_int(rows, 0, 2),
        .payout = db_get_text(rows, 0, 4),
        .reason = db_get_text(rows, 0, 5),
        .maker_id = db_get_int(rows, 0, 6),
        .checker_id = db_get_int(rows, 0, 7),
        .approval_id = db_get_int(rows, 0, 8),
        .vacant_until_at_ms = db_get_time(rows, 0, 9),
        .refund_fen = db_get_int(rows, 0, 10),
        .channel_fen = db_get_int(rows, 0, 11),
        .counter_done = row_bool(rows, 0, 12),
    };
    return close_state_find(db_get_text(rows, 0, 3), &ret_close->state);
}

enum rc account_closes_get(struct db *db, struct arena *arena, int64_t id,
                           struct account_close *ret_close)
{
    struct db_rows rows;
    TRY(db_query(db, arena, SELECT_CLOSE, DB_ARGS(db_int(id)), 1, &rows));
    return fill(&rows, ret_close);
}

enum rc account_closes_lock(struct db *db, struct arena *arena, int64_t id,
                            struct account_close *ret_close)
{
    assert(db_in_transaction(db));
    struct db_rows rows;
    TRY(db_query(db, arena, SELECT_CLOSE " FOR UPDATE", DB_ARGS(db_int(id)), 1, &rows));
    return fill(&rows, ret_close);
}

enum rc account_closes_under_way(struct db *db, struct arena *arena, int64_t account_id,
                                 bool *ret_under_way)
{
    struct db_rows rows;
    TRY(db_query(db, arena, "SELECT 1 FROM account_close WHERE open_account = ?",
                 DB_ARGS(db_int(account_id)), 1, &rows));
    *ret_under_way = rows.count > 0;
    return RC_OK;
}

enum rc account_closes_due(struct db *db, struct arena *arena, size_t max, int64_t **ret_ids,
                           size_t *ret_count)
{
    struct db_rows rows;
    TRY(db_query(db, arena,
                 "SELECT id FROM account_close WHERE state IN ('emptying', 'settled') ORDER BY id"
                 " LIMIT ?",
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

enum rc account_closes_set_approval(struct db *db, int64_t id, int64_t approval_id)
{
    assert(db_in_transaction(db));
    struct db_outcome outcome = {0};
    enum rc rc = db_execute(db, "UPDATE account_close SET approval_id = ? WHERE id = ?",
                            DB_ARGS(db_int(approval_id), db_int(id)), &outcome);
    return moved(rc, &outcome);
}

enum rc account_closes_set_approved(struct db *db, int64_t id, int64_t checker_id)
{
    assert(db_in_transaction(db));
    struct db_outcome outcome = {0};
    enum rc rc = db_execute(
        db,
        "UPDATE account_close SET state = 'emptying', checker_id = ?, approved_at = ?"
        " WHERE id = ? AND state = 'asked' AND maker_id <> ?",
        DB_ARGS(db_int(checker_id), db_time(clock_now_ms()), db_int(id), db_int(checker_id)),
        &outcome);
    return moved(rc, &outcome);
}

enum rc account_closes_set_settled(struct db *db, int64_t id, const struct close_figures *figures)
{
    assert(db_in_transaction(db));
    struct db_outcome outcome = {0};
    enum rc rc = db_execute(
        db,
        "UPDATE account_close SET state = 'settled', taken_fen = ?, deposit_fen = ?, debt_fen = ?,"
        " refund_fen = ?, channel_fen = ?, settled_at = ? WHERE id = ? AND state = 'emptying'",
        DB_ARGS(db_int(figures->taken_fen), db_int(figures->deposit_fen), db_int(figures->debt_fen),
                db_int(figures->refund_fen), db_int(figures->channel_fen), db_time(clock_now_ms()),
                db_int(id)),
        &outcome);
    return moved(rc, &outcome);
}

enum rc account_closes_set_counter(struct db *db, int64_t id, const char *channel,
                                   const char *reference, int64_t user_id)
{
    assert(db_in_transaction(db));
    struct db_outcome outcome = {0};
    enum rc rc = db_execute(
        db,
        "UPDATE account_close SET counter_channel = ?, counter_reference = ?, counter_by = ?,"
        " counter_at = ? WHERE id = ? AND state = 'settled' AND counter_at IS NULL",
        DB_ARGS(db_text(channel), db_text(reference), db_int(user_id), db_time(clock_now_ms()),
                db_int(id)),
        &outcome);
    return moved(rc, &outcome);
}

enum rc account_closes_set_ended(struct db *db, int64_t id, enum close_state from,
                                 enum close_state to)
{
    assert(db_in_transaction(db) && close_move_allowed(from, to) && close_state_is_final(to));
    struct db_outcome outcome = {0};
    enum rc rc = db_execute(
        db, "UPDATE account_close SET state = ?, ended_at = ? WHERE id = ? AND state = ?",
        DB_ARGS(db_text(close_state_name(to)), db_time(clock_now_ms()), db_int(id),
                db_text(close_state_name(from))),
        &outcome);
    return moved(rc, &outcome);
}

/* ---- supplies ---- */

enum rc close_supplies_insert(struct db *db, int64_t close_id, const struct close_supply *supply,
                              int64_t *ret_id)
{
    assert(db_in_transaction(db));
    struct db_outcome outcome = {0};
    TRY(db_execute(db,
                   "INSERT INTO account_close_supply (close_id, supply_id, epoch, meter_id, mode,"
                   " stays_on) VALUES (?, ?, ?, ?, ?, ?)",
                   DB_ARGS(db_int(close_id), db_int(supply->supply_id), db_int(supply->epoch),
                           db_int(supply->meter_id),
                           db_text(supply->platform_mode ? "platform" : "meter"),
                           db_int(supply->stays_on)),
                   &outcome));
    *ret_id = outcome.insert_id;
    return RC_OK;
}

enum rc close_supplies_of(struct db *db, struct arena *arena, int64_t close_id,
                          struct close_supply **ret_list, size_t *ret_count)
{
    struct db_rows rows;
    TRY(db_query(db, arena,
                 "SELECT i.id, i.supply_id, i.epoch, i.meter_id, i.mode = 'platform', i.stays_on,"
                 " i.adjustment_id, i.trip_command_id, i.end_typed, j.state, j.left_fen,"
                 " j.old_balance_fen, j.ended_at, t.state, t.id, t.ended_at"
                 " FROM account_close_supply i LEFT JOIN adjustment j ON j.id = i.adjustment_id"
                 " LEFT JOIN command t ON t.id = COALESCE(i.trip_command_id, j.trip_command_id)"
                 " WHERE i.close_id = ? ORDER BY i.supply_id",
                 DB_ARGS(db_int(close_id)), 1000, &rows));
    struct close_supply *list = arena_take_array(arena, rows.count + 1, sizeof *list);
    if (list == NULL) {
        return RC_MEMORY;
    }
    for (size_t i = 0; i < rows.count; i++) {
        list[i] = (struct close_supply){
            .id = db_get_int(&rows, i, 0),
            .supply_id = db_get_int(&rows, i, 1),
            .epoch = db_get_int(&rows, i, 2),
            .meter_id = db_get_int(&rows, i, 3),
            .platform_mode = row_bool(&rows, i, 4),
            .stays_on = row_bool(&rows, i, 5),
            .adjustment_id = db_get_int(&rows, i, 6),
            .trip_command_id = db_get_int(&rows, i, 7),
            .typed = row_bool(&rows, i, 8),
            .adjustment_state = db_get_text(&rows, i, 9),
            .left_fen = db_get_int(&rows, i, 10),
            .old_balance_fen = db_get_int(&rows, i, 11),
            .adjusted_at_ms = db_get_time(&rows, i, 12),
            .trip_state = db_get_text(&rows, i, 13),
            .trip_order_id = db_get_int(&rows, i, 14),
            .tripped_at_ms = db_get_time(&rows, i, 15),
        };
    }
    *ret_list = list;
    *ret_count = rows.count;
    return RC_OK;
}

enum rc close_supplies_set_adjustment(struct db *db, int64_t id, int64_t adjustment_id)
{
    assert(db_in_transaction(db));
    struct db_outcome outcome = {0};
    enum rc rc = db_execute(db, "UPDATE account_close_supply SET adjustment_id = ? WHERE id = ?",
                            DB_ARGS(db_int(adjustment_id), db_int(id)), &outcome);
    return moved(rc, &outcome);
}

enum rc close_supplies_set_trip(struct db *db, int64_t id, int64_t command_id)
{
    assert(db_in_transaction(db));
    struct db_outcome outcome = {0};
    enum rc rc = db_execute(db, "UPDATE account_close_supply SET trip_command_id = ? WHERE id = ?",
                            DB_ARGS(db_int(command_id), db_int(id)), &outcome);
    return moved(rc, &outcome);
}

enum rc close_reading_get(struct db *db, struct arena *arena, int64_t supply_id,
                          struct close_reading *ret_reading)
{
    struct db_rows rows;
    TRY(db_query(db, arena,
                 "SELECT ms.taken_at, ms.purchase_count, ms.balance_fen, ms.energy_wh,"
                 " ms.energy_sharp_wh, ms.energy_peak_wh, ms.energy_flat_wh, ms.energy_valley_wh,"
                 " ms.forced = 'trip' AND IF(m.external_control OR s.close_by_hand,"
                 " COALESCE(ms.current_a_ma, 0) = 0 AND COALESCE(ms.current_b_ma, 0) = 0"
                 " AND COALESCE(ms.current_c_ma, 0) = 0, ms.relay = 'open') FROM supply s"
                 " JOIN meter m ON m.id = s.meter_id"
                 " LEFT JOIN meter_state ms ON ms.meter_id = s.meter_id WHERE s.id = ?",
                 DB_ARGS(db_int(supply_id)), 1, &rows));
    if (rows.count == 0) {
        return RC_NOT_FOUND;
    }
    *ret_reading = (struct close_reading){
        .taken_at_ms = db_get_time(&rows, 0, 0),
        .count = row_int(&rows, 0, 1),
        .balance_fen = row_int(&rows, 0, 2),
        .energy_wh = row_int(&rows, 0, 3),
        .sharp_wh = row_int(&rows, 0, 4),
        .peak_wh = row_int(&rows, 0, 5),
        .flat_wh = row_int(&rows, 0, 6),
        .valley_wh = row_int(&rows, 0, 7),
        .off = row_bool(&rows, 0, 8),
    };
    return RC_OK;
}

static struct db_value figure(int64_t number)
{
    return db_int_or_null(number != ROW_NULL, number);
}

enum rc close_supplies_set_reading(struct db *db, int64_t id, const struct close_reading *reading,
                                   bool typed)
{
    assert(db_in_transaction(db));
    struct db_outcome outcome = {0};
    enum rc rc = db_execute(
        db,
        "UPDATE account_close_supply SET end_energy_wh = ?, end_sharp_wh = ?, end_peak_wh = ?,"
        " end_flat_wh = ?, end_valley_wh = ?, end_count = ?, end_balance_fen = ?, end_read_at = ?,"
        " end_typed = ? WHERE id = ?",
        DB_ARGS(figure(reading->energy_wh), figure(reading->sharp_wh), figure(reading->peak_wh),
                figure(reading->flat_wh), figure(reading->valley_wh), figure(reading->count),
                figure(reading->balance_fen), db_time(reading->taken_at_ms), db_int(typed),
                db_int(id)),
        &outcome);
    return moved(rc, &outcome);
}

/* From the tenant's side: credit is plus. Between taking the supply and now; what stood there
   before, and what an opening booked, is the opening. */
enum rc close_supplies_set_sheet(struct db *db, int64_t id)
{
    assert(db_in_transaction(db));
    struct db_outcome outcome = {0};
    enum rc rc = db_execute(
        db,
        "UPDATE account_close_supply i JOIN account_close c ON c.id = i.close_id"
        " JOIN account_supply o ON o.account_id = c.account_id AND o.live_supply = i.supply_id"
        " JOIN supply_epoch e ON e.supply_id = i.supply_id AND e.epoch = i.epoch"
        " LEFT JOIN (SELECT l.supply_id,"
        "  SUM(IF(t.at < w.from_at OR t.posting = 'opening', IF(t.credit_id = l.id, 1, -1), 0)"
        "   * t.amount_fen) AS opening_fen,"
        "  SUM(IF(t.at >= w.from_at AND t.posting IN ('delivery_confirmed', 'payment_credited'),"
        "   t.amount_fen, 0)) AS paid_in_fen,"
        "  SUM(IF(t.at >= w.from_at AND t.posting = 'use', IF(t.debit_id = l.id, 1, -1), 0)"
        "   * t.amount_fen) AS used_fen,"
        "  SUM(IF(t.at >= w.from_at AND t.posting IN ('adjustment_applied', 'close_balance'),"
        "   IF(t.debit_id = l.id, 1, -1), 0) * t.amount_fen) AS taken_fen,"
        "  SUM(IF(t.credit_id = l.id, 1, -1) * t.amount_fen) AS left_fen"
        "  FROM ledger_account l JOIN transfer t ON l.id IN (t.debit_id, t.credit_id)"
        "  JOIN account_supply w ON w.live_supply = l.supply_id"
        "  WHERE l.code = 'tenant_liability' AND l.supply_id ="
        "   (SELECT n.supply_id FROM account_close_supply n WHERE n.id = ?)"
        "  GROUP BY l.supply_id) f ON f.supply_id = i.supply_id"
        " SET i.opening_fen = COALESCE(f.opening_fen, 0), i.paid_in_fen = COALESCE(f.paid_in_fen,"
        " 0), i.used_fen = COALESCE(f.used_fen, 0), i.taken_fen = COALESCE(f.taken_fen, 0),"
        " i.corrected_fen = COALESCE(f.left_fen - f.opening_fen - f.paid_in_fen + f.used_fen"
        "  + f.taken_fen, 0),"
        " i.open_energy_wh = IF(e.opened_at >= o.from_at - INTERVAL 10 MINUTE, e.open_energy_wh,"
        "  COALESCE((SELECT r.energy_wh FROM reading r WHERE r.meter_id = i.meter_id"
        "   AND r.taken_at <= o.from_at AND r.energy_wh IS NOT NULL ORDER BY r.taken_at DESC"
        "   LIMIT 1), e.open_energy_wh))"
        " WHERE i.id = ?",
        DB_ARGS(db_int(id), db_int(id)), &outcome);
    return moved(rc, &outcome);
}

/* ---- what is still open ---- */

enum rc close_blockers(struct db *db, struct arena *arena, int64_t account_id,
                       struct close_blocker **ret_list, size_t *ret_count)
{
    struct db_rows rows;
    struct db_value id = db_int(account_id);
    TRY(db_query(
        db, arena,
        "(SELECT 'open_purchase', 'purchase', b.id, b.number, b.amount_fen FROM purchase b"
        " WHERE b.account_id = ? AND b.state = 'open' ORDER BY b.id LIMIT 10)"
        " UNION ALL (SELECT 'on_its_way', 'purchase', b.id, b.number, b.amount_fen FROM purchase b"
        " WHERE b.account_id = ? AND b.state = 'paid' ORDER BY b.id LIMIT 10)"
        " UNION ALL (SELECT 'open_refund', 'refund', r.id, r.refund_number, r.amount_fen"
        " FROM refund r JOIN payment p ON p.id = r.payment_id JOIN purchase b"
        " ON b.id = p.purchase_id WHERE b.account_id = ? AND r.close_id IS NULL"
        " AND r.state IN ('asked', 'approved', 'submitted', 'failed') ORDER BY r.id LIMIT 10)"
        " UNION ALL (SELECT 'open_adjustment', 'adjustment', j.id, COALESCE(u.number, m.number),"
        " j.amount_fen FROM adjustment j JOIN supply s ON s.id = j.supply_id"
        " JOIN meter m ON m.id = s.meter_id LEFT JOIN unit u ON u.id = s.unit_id"
        " WHERE j.account_id = ? AND j.state IN ('asked', 'approved', 'writing', 'manual')"
        " ORDER BY j.id LIMIT 10)"
        " UNION ALL (SELECT 'to_pay', 'supply', s.id, COALESCE(u.number, m.number),"
        " CAST(SUM(IF(t.credit_id = l.id, t.amount_fen, -t.amount_fen)) AS SIGNED)"
        " FROM account_supply o JOIN supply s ON s.id = o.supply_id"
        " JOIN meter m ON m.id = s.meter_id LEFT JOIN unit u ON u.id = s.unit_id"
        " JOIN ledger_account l ON l.supply_id = s.id AND l.code = 'adjustment_clearing'"
        " JOIN transfer t ON l.id IN (t.debit_id, t.credit_id)"
        " WHERE o.account_id = ? AND o.until_at IS NULL GROUP BY s.id"
        " HAVING SUM(IF(t.credit_id = l.id, t.amount_fen, -t.amount_fen)) <> 0 LIMIT 10)",
        DB_ARGS(id, id, id, id, id), CLOSE_BLOCKERS_MAX, &rows));
    struct close_blocker *list = arena_take_array(arena, rows.count + 1, sizeof *list);
    if (list == NULL) {
        return RC_MEMORY;
    }
    for (size_t i = 0; i < rows.count; i++) {
        list[i] = (struct close_blocker){
            .kind = db_get_text(&rows, i, 0),
            .object_kind = db_get_text(&rows, i, 1),
            .object_id = db_get_int(&rows, i, 2),
            .name = db_get_text(&rows, i, 3),
            .amount_fen = db_get_int(&rows, i, 4),
        };
    }
    *ret_list = list;
    *ret_count = rows.count;
    return RC_OK;
}

enum rc close_payments(struct db *db, struct arena *arena, int64_t account_id,
                       struct close_payment **ret_list, size_t *ret_count)
{
    struct db_rows rows;
    TRY(db_query(db, arena,
                 "SELECT p.id, CAST(p.amount_fen - COALESCE((SELECT SUM(r.amount_fen) FROM refund r"
                 " WHERE r.payment_id = p.id AND r.state IN ('approved', 'submitted', 'succeeded',"
                 " 'failed', 'suspense')), 0) AS SIGNED) AS room FROM payment p"
                 " JOIN purchase b ON b.id = p.purchase_id WHERE b.account_id = ?"
                 " AND p.disposition IN ('delivered', 'credited')"
                 " AND p.channel NOT IN ('cash', 'card', 'transfer') HAVING room > 0"
                 " ORDER BY p.settled_at DESC, p.id DESC LIMIT ?",
                 DB_ARGS(db_int(account_id), db_int(CLOSE_PAYMENTS_MAX)), CLOSE_PAYMENTS_MAX,
                 &rows));
    struct close_payment *list = arena_take_array(arena, rows.count + 1, sizeof *list);
    if (list == NULL) {
        return RC_MEMORY;
    }
    for (size_t i = 0; i < rows.count; i++) {
        list[i] = (struct close_payment){.id = db_get_int(&rows, i, 0),
                                         .room_fen = db_get_int(&rows, i, 1)};
    }
    *ret_list = list;
    *ret_count = rows.count;
    return RC_OK;
}

enum rc close_refunds_open(struct db *db, struct arena *arena, int64_t close_id, int64_t *ret_count)
{
    struct db_rows rows;
    TRY(db_query(db, arena,
                 "SELECT COUNT(*) FROM refund WHERE close_id = ?"
                 " AND state NOT IN ('succeeded', 'suspense')",
                 DB_ARGS(db_int(close_id)), 1, &rows));
    *ret_count = db_get_int(&rows, 0, 0);
    return RC_OK;
}

enum rc close_successor(struct db *db, struct arena *arena, int64_t supply_id,
                        int64_t *ret_account_supply_id)
{
    struct db_rows rows;
    TRY(db_query(db, arena,
                 "SELECT o.id, (SELECT MAX(b.id) FROM account_supply b WHERE b.supply_id ="
                 " o.supply_id AND b.id < o.id) AS before_id, EXISTS (SELECT 1 FROM"
                 " account_supply p JOIN account_close c ON c.account_id = p.account_id"
                 " AND c.state = 'closed' WHERE p.id = before_id) FROM account_supply o"
                 " WHERE o.live_supply = ?",
                 DB_ARGS(db_int(supply_id)), 1, &rows));
    if (rows.count == 0 || !row_bool(&rows, 0, 2)) {
        return RC_NOT_FOUND;
    }
    *ret_account_supply_id = db_get_int(&rows, 0, 0);
    return RC_OK;
}
