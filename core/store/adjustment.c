#include "core/store/adjustment.h"

#include <assert.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/text.h"
#include "core/store/row.h"

#define SHA256_BYTES 32

enum rc adjustments_insert(struct db *db, const struct adjustment_row *row,
                           const uint8_t *evidence_sha256, int64_t *ret_id)
{
    assert(db_in_transaction(db));
    struct db_outcome outcome = {0};
    TRY(db_execute(
        db,
        "INSERT INTO adjustment (kind, account_id, supply_id, epoch, meter_id, delivery_id,"
        " amount_fen, reason, evidence_sha256, maker_id, approval_id, created_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        DB_ARGS(db_text(row->kind), db_int(row->account_id), db_int(row->supply_id),
                db_int(row->epoch), db_int(row->meter_id),
                db_int_or_null(row->delivery_id != 0, row->delivery_id), db_int(row->amount_fen),
                db_text(row->reason),
                evidence_sha256 == NULL ? db_null() : db_bytes(evidence_sha256, SHA256_BYTES),
                db_int(row->maker_id), db_int_or_null(row->approval_id != 0, row->approval_id),
                db_time(clock_now_ms())),
        &outcome));
    *ret_id = outcome.insert_id;
    return RC_OK;
}

enum rc adjustments_get(struct db *db, struct arena *arena, int64_t id,
                        struct adjustment_row *ret_row)
{
    struct db_rows rows;
    TRY(db_query(db, arena,
                 "SELECT id, kind, account_id, supply_id, epoch, meter_id, delivery_id, amount_fen,"
                 " state, reason, maker_id, checker_id, approval_id, trip_command_id, old_count,"
                 " old_balance_fen, new_count, new_balance_fen, tolerance_fen, left_fen, writes,"
                 " unknown_since_at, created_at FROM adjustment WHERE id = ?",
                 DB_ARGS(db_int(id)), 1, &rows));
    if (rows.count == 0) {
        return RC_NOT_FOUND;
    }
    struct adjustment_row row = {
        .id = db_get_int(&rows, 0, 0),
        .kind = db_get_text(&rows, 0, 1),
        .account_id = db_get_int(&rows, 0, 2),
        .supply_id = db_get_int(&rows, 0, 3),
        .epoch = db_get_int(&rows, 0, 4),
        .meter_id = db_get_int(&rows, 0, 5),
        .delivery_id = db_get_int(&rows, 0, 6),
        .amount_fen = db_get_int(&rows, 0, 7),
        .reason = db_get_text(&rows, 0, 9),
        .maker_id = db_get_int(&rows, 0, 10),
        .checker_id = db_get_int(&rows, 0, 11),
        .approval_id = db_get_int(&rows, 0, 12),
        .trip_command_id = db_get_int(&rows, 0, 13),
        .has_targets = !db_is_null(&rows, 0, 16),
        .old_count = db_get_int(&rows, 0, 14),
        .old_balance_fen = db_get_int(&rows, 0, 15),
        .new_count = db_get_int(&rows, 0, 16),
        .new_balance_fen = db_get_int(&rows, 0, 17),
        .tolerance_fen = db_get_int(&rows, 0, 18),
        .left_fen = db_get_int(&rows, 0, 19),
        .writes = db_get_int(&rows, 0, 20),
        .unknown_since_at_ms = db_get_time(&rows, 0, 21),
        .created_at_ms = db_get_time(&rows, 0, 22),
    };
    TRY(row_known(adjustment_state_find(db_get_text(&rows, 0, 8), &row.state)));
    *ret_row = row;
    return RC_OK;
}

static enum rc look_read(const struct db_rows *rows, size_t at, struct adjustment_look *look)
{
    *look = (struct adjustment_look){
        .id = db_get_int(rows, at, 0),
        .supply_id = db_get_int(rows, at, 1),
        .meter_id = db_get_int(rows, at, 2),
        .line_id = db_get_int(rows, at, 3),
        .trip_command_id = db_get_int(rows, at, 5),
        .frozen = row_bool(rows, at, 7),
        .writable_line = row_bool(rows, at, 8),
        .slot_taken = row_bool(rows, at, 9),
    };
    text_copy(look->trip_state, sizeof(look->trip_state), db_get_text(rows, at, 6));
    text_copy(look->serial_number, sizeof(look->serial_number), db_get_text(rows, at, 10));
    return row_known(adjustment_state_find(db_get_text(rows, at, 4), &look->state));
}

enum rc adjustments_of_shard(struct db *db, struct arena *arena, int32_t shard, size_t max,
                             struct adjustment_look **ret_looks, size_t *ret_count)
{
    struct db_rows rows;
    TRY(db_query(db, arena,
                 "SELECT a.id, a.supply_id, a.meter_id, m.line_id, a.state, a.trip_command_id,"
                 " COALESCE(c.state, ''), s.frozen_reason IS NOT NULL, l.writable,"
                 " EXISTS (SELECT 1 FROM delivery d WHERE d.slot_supply = a.supply_id"
                 " AND NOT d.id <=> a.delivery_id) OR (a.kind <> 'swap' AND EXISTS"
                 " (SELECT 1 FROM meter_swap w WHERE w.live_supply = a.supply_id"
                 " AND w.state IN ('emptying', 'emptied'))), m.serial_number FROM adjustment a"
                 " JOIN supply s ON s.id = a.supply_id JOIN meter m ON m.id = a.meter_id"
                 " JOIN line l ON l.id = m.line_id LEFT JOIN command c ON c.id = a.trip_command_id"
                 " WHERE a.state IN ('approved', 'writing') AND l.shard = ? ORDER BY a.id LIMIT ?",
                 DB_ARGS(db_int(shard), db_int((int64_t)max)), max, &rows));
    struct adjustment_look *list = arena_take_array(arena, rows.count + 1, sizeof *list);
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

enum rc adjustments_set_approved(struct db *db, int64_t id, int64_t checker_id)
{
    assert(db_in_transaction(db));
    struct db_outcome outcome = {0};
    TRY(db_execute(db,
                   "UPDATE adjustment SET state = 'approved', checker_id = ?"
                   " WHERE id = ? AND state = 'asked' AND maker_id <> ?",
                   DB_ARGS(db_int(checker_id), db_int(id), db_int(checker_id)), &outcome));
    return row_moved(&outcome);
}

enum rc adjustments_set_trip(struct db *db, int64_t id, int64_t command_id)
{
    assert(db_in_transaction(db));
    struct db_outcome outcome = {0};
    TRY(db_execute(db,
                   "UPDATE adjustment SET trip_command_id = ? WHERE id = ?"
                   " AND state = 'approved' AND trip_command_id IS NULL",
                   DB_ARGS(db_int(command_id), db_int(id)), &outcome));
    return row_moved(&outcome);
}

enum rc adjustments_set_targets(struct db *db, int64_t id, const struct adjustment_targets *targets)
{
    assert(db_in_transaction(db));
    struct db_outcome outcome = {0};
    TRY(db_execute(db,
                   "UPDATE adjustment SET state = 'writing', old_count = ?, old_balance_fen = ?,"
                   " new_count = ?, new_balance_fen = ?, tolerance_fen = ?"
                   " WHERE id = ? AND state = 'approved'",
                   DB_ARGS(db_int(targets->old_count), db_int(targets->old_balance_fen),
                           db_int(targets->new_count), db_int(targets->new_balance_fen),
                           db_int(targets->tolerance_fen), db_int(id)),
                   &outcome));
    return row_moved(&outcome);
}

enum rc adjustments_set_written(struct db *db, int64_t id)
{
    assert(db_in_transaction(db));
    struct db_outcome outcome = {0};
    struct db_value now = db_time(clock_now_ms());
    TRY(db_execute(db,
                   "UPDATE adjustment SET writes = writes + 1, written_at = ?,"
                   " unknown_since_at = COALESCE(unknown_since_at, ?)"
                   " WHERE id = ? AND state = 'writing'",
                   DB_ARGS(now, now, db_int(id)), &outcome));
    return row_moved(&outcome);
}

enum rc adjustments_set_applied(struct db *db, int64_t id, int64_t read_count,
                                int64_t read_balance_fen, int64_t left_fen)
{
    assert(db_in_transaction(db));
    struct db_outcome outcome = {0};
    TRY(db_execute(db,
                   "UPDATE adjustment SET state = 'applied', read_count = ?, read_balance_fen = ?,"
                   " left_fen = ?, unknown_since_at = NULL, ended_at = ?"
                   " WHERE id = ? AND state = 'writing'",
                   DB_ARGS(db_int(read_count), db_int(read_balance_fen), db_int(left_fen),
                           db_time(clock_now_ms()), db_int(id)),
                   &outcome));
    return row_moved(&outcome);
}

enum rc adjustments_set_typed(struct db *db, int64_t id, int64_t read_count,
                              int64_t read_balance_fen, const uint8_t *evidence_sha256)
{
    assert(db_in_transaction(db));
    struct db_outcome outcome = {0};
    TRY(db_execute(db,
                   "UPDATE adjustment SET state = 'typed', old_count = ?, old_balance_fen = ?,"
                   " left_fen = ?, evidence_sha256 = ?, ended_at = ?"
                   " WHERE id = ? AND state = 'approved'",
                   DB_ARGS(db_int(read_count), db_int(read_balance_fen), db_int(read_balance_fen),
                           db_bytes(evidence_sha256, SHA256_BYTES), db_time(clock_now_ms()),
                           db_int(id)),
                   &outcome));
    return row_moved(&outcome);
}

enum rc adjustments_move(struct db *db, int64_t id, enum adjustment_state from,
                         enum adjustment_state to)
{
    assert(db_in_transaction(db));
    assert(adjustment_move_allowed(from, to));
    struct db_outcome outcome = {0};
    TRY(db_execute(db, "UPDATE adjustment SET state = ?, ended_at = ? WHERE id = ? AND state = ?",
                   DB_ARGS(db_text(adjustment_state_name(to)),
                           db_time_or_null(adjustment_state_is_final(to), clock_now_ms()),
                           db_int(id), db_text(adjustment_state_name(from))),
                   &outcome));
    return row_moved(&outcome);
}
