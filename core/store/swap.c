#include "core/store/swap.h"

#include <assert.h>

#include "core/base/clock.h"
#include "core/store/row.h"

static enum rc one_row(const struct db_outcome *outcome)
{
    return outcome->affected_rows == 1 ? RC_OK : RC_CONFLICT;
}

static enum rc move(struct db *db, const char *sql, const struct db_value *args, size_t count)
{
    assert(db_in_transaction(db));
    struct db_outcome outcome = {0};
    TRY(db_execute(db, sql, args, count, &outcome));
    return one_row(&outcome);
}

static struct db_value known(int64_t value)
{
    return db_int_or_null(value != ROW_NULL, value);
}

enum rc swaps_insert(struct db *db, const struct swap *swap, const uint8_t *evidence_sha256,
                     int64_t *ret_id)
{
    assert(db_in_transaction(db));
    struct db_outcome outcome = {0};
    struct db_value evidence = evidence_sha256 == NULL ? db_null() : db_bytes(evidence_sha256, 32);
    TRY(db_execute(
        db,
        "INSERT INTO meter_swap (supply_id, account_id, reason, maker_id, old_epoch, old_meter_id,"
        " old_dead, evidence_sha256, old_balance_fen, old_count, old_energy_wh, old_taken_at,"
        " wanted, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        DB_ARGS(db_int(swap->supply_id), db_int(swap->account_id), db_text(swap->reason),
                db_int(swap->maker_id), db_int(swap->old_epoch), db_int(swap->old_meter_id),
                db_int(swap->old_dead), evidence, known(swap->old_balance_fen),
                known(swap->old_count), known(swap->old_energy_wh),
                db_time_or_null(swap->old_taken_at != 0, swap->old_taken_at),
                db_text_or_null(swap->wanted[0] == '\0' ? NULL : swap->wanted),
                db_time(clock_now_ms())),
        &outcome));
    *ret_id = outcome.insert_id;
    return RC_OK;
}

enum rc swaps_set_approval(struct db *db, int64_t id, int64_t approval_id)
{
    return move(db, "UPDATE meter_swap SET approval_id = ? WHERE id = ? AND state = 'asked'",
                DB_ARGS(db_int(approval_id), db_int(id)));
}

#define COLUMNS                                                                                    \
    "SELECT w.id, w.supply_id, w.account_id, w.state, w.reason, w.maker_id, w.checker_id,"         \
    " w.approval_id, w.old_epoch, w.old_meter_id, w.old_dead, w.adjustment_id, w.old_balance_fen," \
    " w.old_count, w.old_energy_wh, w.old_taken_at, w.survey_id, w.survey_old, w.new_number,"      \
    " w.new_line_id, w.new_address, w.new_model_id, w.new_serial_number, w.new_ct_ratio,"          \
    " w.new_pt_ratio, w.new_meter_id, w.new_epoch, w.new_balance_fen, w.new_count,"                \
    " w.new_energy_wh, w.new_taken_at, w.covered_fen, w.carried_fen, w.correction_fen,"            \
    " w.back_epoch, w.undo_reason, w.created_at, w.emptied_at, w.exchanged_at, w.ended_at,"        \
    " COALESCE(u.number, ''), a.name, k.display_name, COALESCE(c.display_name, ''), o.number,"     \
    " o.serial_number, ol.code, o.address, COALESCE(nl.code, ''), COALESCE(mo.code, ''),"          \
    " COALESCE(j.state, ''), j.left_fen, (SELECT COALESCE(SUM(b.amount_fen), 0) FROM purchase b"   \
    " WHERE b.swap_id = w.id AND b.state = 'delivered' AND b.epoch = w.new_epoch),"                \
    " COALESCE(w.wanted, ''), s.billing_mode = 'meter', (SELECT p.fee_control_enabled"             \
    " FROM meter_parameter p WHERE p.meter_id = w.new_meter_id AND p.read_at >= w.exchanged_at)"   \
    " FROM meter_swap w JOIN supply s ON s.id = w.supply_id JOIN account a ON a.id = w.account_id" \
    " JOIN user k ON k.id = w.maker_id LEFT JOIN user c ON c.id = w.checker_id"                    \
    " JOIN meter o ON o.id = w.old_meter_id JOIN line ol ON ol.id = o.line_id"                     \
    " LEFT JOIN line nl ON nl.id = w.new_line_id LEFT JOIN model mo ON mo.id = w.new_model_id"     \
    " LEFT JOIN unit u ON u.id = s.unit_id LEFT JOIN adjustment j ON j.id = w.adjustment_id"

static enum rc swap_read(const struct db_rows *rows, size_t at, struct swap *swap)
{
    *swap = (struct swap){.id = db_get_int(rows, at, 0),
                          .supply_id = db_get_int(rows, at, 1),
                          .account_id = db_get_int(rows, at, 2),
                          .state = db_get_text(rows, at, 3),
                          .reason = db_get_text(rows, at, 4),
                          .maker_id = db_get_int(rows, at, 5),
                          .checker_id = row_int(rows, at, 6),
                          .approval_id = row_int(rows, at, 7),
                          .old_epoch = db_get_int(rows, at, 8),
                          .old_meter_id = db_get_int(rows, at, 9),
                          .old_dead = row_bool(rows, at, 10),
                          .adjustment_id = row_int(rows, at, 11),
                          .old_balance_fen = row_int(rows, at, 12),
                          .old_count = row_int(rows, at, 13),
                          .old_energy_wh = row_int(rows, at, 14),
                          .old_taken_at = db_get_time(rows, at, 15),
                          .survey_id = row_int(rows, at, 16),
                          .survey_old = row_bool(rows, at, 17),
                          .new_number = db_get_text(rows, at, 18),
                          .new_line_id = row_int(rows, at, 19),
                          .new_address = row_int(rows, at, 20),
                          .new_model_id = row_int(rows, at, 21),
                          .new_serial_number = db_get_text(rows, at, 22),
                          .new_ct_ratio = db_get_int(rows, at, 23),
                          .new_pt_ratio = db_get_int(rows, at, 24),
                          .new_meter_id = row_int(rows, at, 25),
                          .new_epoch = row_int(rows, at, 26),
                          .new_balance_fen = row_int(rows, at, 27),
                          .new_count = row_int(rows, at, 28),
                          .new_energy_wh = row_int(rows, at, 29),
                          .new_taken_at = db_get_time(rows, at, 30),
                          .covered_fen = db_get_int(rows, at, 31),
                          .carried_fen = db_get_int(rows, at, 32),
                          .correction_fen = db_get_int(rows, at, 33),
                          .back_epoch = row_int(rows, at, 34),
                          .undo_reason = db_get_text(rows, at, 35),
                          .created_at = db_get_time(rows, at, 36),
                          .emptied_at = db_get_time(rows, at, 37),
                          .exchanged_at = db_get_time(rows, at, 38),
                          .ended_at = db_get_time(rows, at, 39),
                          .unit_number = db_get_text(rows, at, 40),
                          .account_name = db_get_text(rows, at, 41),
                          .maker_name = db_get_text(rows, at, 42),
                          .checker_name = db_get_text(rows, at, 43),
                          .old_number = db_get_text(rows, at, 44),
                          .old_serial_number = db_get_text(rows, at, 45),
                          .old_line_code = db_get_text(rows, at, 46),
                          .old_address = db_get_int(rows, at, 47),
                          .new_line_code = db_get_text(rows, at, 48),
                          .new_model_code = db_get_text(rows, at, 49),
                          .adjustment_state = db_get_text(rows, at, 50),
                          .left_fen = row_int(rows, at, 51),
                          .arrived_fen = db_get_int(rows, at, 52),
                          .wanted = db_get_text(rows, at, 53),
                          .fee_control_wanted = row_bool(rows, at, 54),
                          .fee_control = row_int(rows, at, 55)};
    return swap_state_find(swap->state, &swap->step) == RC_OK ? RC_OK : RC_INTERNAL;
}

enum rc swaps_get(struct db *db, struct arena *arena, int64_t id, struct swap *ret_swap)
{
    struct db_rows rows;
    TRY(db_query(db, arena, COLUMNS " WHERE w.id = ?", DB_ARGS(db_int(id)), 1, &rows));
    return rows.count == 0 ? RC_NOT_FOUND : swap_read(&rows, 0, ret_swap);
}

enum rc swaps_list(struct db *db, struct arena *arena, int64_t supply_id, int64_t before_id,
                   size_t limit, struct swap **ret_swaps, size_t *ret_count)
{
    struct db_rows rows;
    TRY(db_query(db, arena,
                 COLUMNS " WHERE w.id < ? AND (? = 0 OR w.supply_id = ?) ORDER BY w.id DESC"
                         " LIMIT ?",
                 DB_ARGS(db_int(before_id == 0 ? INT64_MAX : before_id), db_int(supply_id),
                         db_int(supply_id), db_int((int64_t)limit)),
                 limit, &rows));
    struct swap *list = arena_take_array(arena, rows.count + 1, sizeof *list);
    if (list == NULL) {
        return RC_MEMORY;
    }
    for (size_t i = 0; i < rows.count; i++) {
        TRY(swap_read(&rows, i, &list[i]));
    }
    *ret_swaps = list;
    *ret_count = rows.count;
    return RC_OK;
}

static enum rc exists(struct db *db, struct arena *arena, const char *sql, int64_t supply_id,
                      bool *ret_exists)
{
    struct db_rows rows;
    TRY(db_query(db, arena, sql, DB_ARGS(db_int(supply_id)), 1, &rows));
    *ret_exists = db_get_int(&rows, 0, 0) != 0;
    return RC_OK;
}

enum rc swaps_holds(struct db *db, struct arena *arena, int64_t supply_id, bool *ret_holds)
{
    return exists(db, arena,
                  "SELECT EXISTS (SELECT 1 FROM meter_swap WHERE live_supply = ?"
                  " AND state IN ('emptying', 'emptied'))",
                  supply_id, ret_holds);
}

enum rc swaps_adjustment_open(struct db *db, struct arena *arena, int64_t supply_id, bool *ret_open)
{
    return exists(db, arena,
                  "SELECT EXISTS (SELECT 1 FROM adjustment WHERE supply_id = ?"
                  " AND state IN ('approved', 'writing', 'manual'))",
                  supply_id, ret_open);
}

enum rc swaps_kept_on(struct db *db, struct arena *arena, int64_t supply_id, bool *ret_kept_on)
{
    return exists(db, arena, "SELECT EXISTS (SELECT 1 FROM keep_on WHERE active_supply = ?)",
                  supply_id, ret_kept_on);
}

enum rc swaps_lock_holder(struct db *db, struct arena *arena, int64_t supply_id,
                          int64_t *ret_lock_out_id, int64_t *ret_holder_id)
{
    struct db_rows rows;
    TRY(db_query(db, arena, "SELECT id, holder_id FROM lock_out WHERE active_supply = ?",
                 DB_ARGS(db_int(supply_id)), 1, &rows));
    *ret_lock_out_id = rows.count == 0 ? 0 : db_get_int(&rows, 0, 0);
    *ret_holder_id = rows.count == 0 ? 0 : db_get_int(&rows, 0, 1);
    return RC_OK;
}

enum rc swaps_set_approved(struct db *db, int64_t id, int64_t checker_id, int64_t adjustment_id)
{
    bool empties = adjustment_id != 0;
    return move(db,
                "UPDATE meter_swap SET state = ?, checker_id = ?, adjustment_id = ?, emptied_at = ?"
                " WHERE id = ? AND state = 'asked' AND maker_id <> ?",
                DB_ARGS(db_text(empties ? "emptying" : "emptied"), db_int(checker_id),
                        db_int_or_null(empties, adjustment_id),
                        db_time_or_null(!empties, clock_now_ms()), db_int(id), db_int(checker_id)));
}

enum rc swaps_set_old(struct db *db, int64_t id, const struct swap_figures *figures)
{
    return move(db,
                "UPDATE meter_swap SET old_balance_fen = ?, old_count = ?, old_energy_wh = ?,"
                " old_taken_at = ? WHERE id = ? AND state = 'asked'",
                DB_ARGS(db_int(figures->balance_fen), db_int(figures->count),
                        db_int(figures->energy_wh), db_time(figures->taken_at_ms), db_int(id)));
}

enum rc swaps_note_emptied(struct db *db, int64_t adjustment_id, const struct swap_figures *figures)
{
    return move(db,
                "UPDATE meter_swap SET state = 'emptied', emptied_at = ?, old_balance_fen = ?,"
                " old_count = ?, old_energy_wh = ?, old_taken_at = ?"
                " WHERE adjustment_id = ? AND state = 'emptying'",
                DB_ARGS(db_time(clock_now_ms()), db_int(figures->balance_fen),
                        db_int(figures->count), db_int(figures->energy_wh),
                        db_time(figures->taken_at_ms), db_int(adjustment_id)));
}

enum rc swaps_note_refused(struct db *db, int64_t adjustment_id)
{
    return move(db,
                "UPDATE meter_swap SET state = 'refused', ended_at = ? WHERE adjustment_id = ?"
                " AND state = 'emptying'",
                DB_ARGS(db_time(clock_now_ms()), db_int(adjustment_id)));
}

enum rc swaps_set_new(struct db *db, const struct swap *swap)
{
    return move(
        db,
        "UPDATE meter_swap SET new_number = ?, new_line_id = ?, new_address = ?, new_model_id = ?,"
        " new_serial_number = ?, new_ct_ratio = ?, new_pt_ratio = ?, survey_id = ?, survey_old = 0"
        " WHERE id = ? AND state = 'emptied'",
        DB_ARGS(db_text(swap->new_number), db_int(swap->new_line_id), db_int(swap->new_address),
                db_int(swap->new_model_id), db_text(swap->new_serial_number),
                db_int(swap->new_ct_ratio), db_int(swap->new_pt_ratio), db_int(swap->survey_id),
                db_int(swap->id)));
}

enum rc swaps_set_survey_old(struct db *db, int64_t id, int64_t survey_id)
{
    return move(db,
                "UPDATE meter_swap SET survey_id = ?, survey_old = 1 WHERE id = ?"
                " AND state IN ('exchanged', 'done')",
                DB_ARGS(db_int(survey_id), db_int(id)));
}

enum rc swaps_set_exchanged(struct db *db, const struct swap *swap, enum swap_state to)
{
    assert(to == SWAP_EXCHANGED || to == SWAP_DONE);
    struct db_value now = db_time(clock_now_ms());
    return move(
        db,
        "UPDATE meter_swap SET state = ?, adjustment_id = ?, new_meter_id = ?, new_epoch = ?,"
        " new_balance_fen = ?, new_count = ?, new_energy_wh = ?, new_taken_at = ?, covered_fen = ?,"
        " carried_fen = ?, correction_fen = ?, exchanged_at = ?, ended_at = IF(?, ?, NULL)"
        " WHERE id = ? AND state = 'emptied'",
        DB_ARGS(db_text(swap_state_name(to)), known(swap->adjustment_id),
                db_int(swap->new_meter_id), db_int(swap->new_epoch), db_int(swap->new_balance_fen),
                db_int(swap->new_count), db_int(swap->new_energy_wh), db_time(swap->new_taken_at),
                db_int(swap->covered_fen), db_int(swap->carried_fen), db_int(swap->correction_fen),
                now, db_int(to == SWAP_DONE), now, db_int(swap->id)));
}

enum rc swaps_set_undone(struct db *db, int64_t id, enum swap_state from, int64_t back_epoch,
                         int64_t undone_by, const char *reason)
{
    assert(swap_move_allowed(from, SWAP_UNDONE));
    return move(
        db,
        "UPDATE meter_swap SET state = 'undone', back_epoch = ?, undone_by = ?, undo_reason = ?,"
        " ended_at = ? WHERE id = ? AND state = ?",
        DB_ARGS(db_int(back_epoch), db_int(undone_by), db_text(reason), db_time(clock_now_ms()),
                db_int(id), db_text(swap_state_name(from))));
}

enum rc swaps_set_cancelled(struct db *db, int64_t id, enum swap_state from)
{
    assert(swap_move_allowed(from, SWAP_CANCELLED));
    return move(db,
                "UPDATE meter_swap SET state = 'cancelled', ended_at = ? WHERE id = ? AND"
                " state = ?",
                DB_ARGS(db_time(clock_now_ms()), db_int(id), db_text(swap_state_name(from))));
}

enum rc swaps_note_ended(struct db *db, int64_t purchase_id)
{
    assert(db_in_transaction(db));
    return db_execute(
        db,
        "UPDATE meter_swap w JOIN purchase b ON b.swap_id = w.id SET w.state = 'done',"
        " w.ended_at = ? WHERE b.id = ? AND w.state = 'exchanged' AND NOT EXISTS"
        " (SELECT 1 FROM purchase o WHERE o.swap_id = w.id AND o.state = 'paid')",
        DB_ARGS(db_time(clock_now_ms()), db_int(purchase_id)), NULL);
}

enum rc swaps_asks_end(struct db *db, int64_t approval_id)
{
    assert(db_in_transaction(db));
    struct db_value id = db_int(approval_id);
    return db_execute(db,
                      "UPDATE meter_swap w JOIN approval a ON a.id = w.approval_id SET w.state ="
                      " IF(a.state = 'expired', 'expired', 'rejected'), w.ended_at = a.decided_at"
                      " WHERE w.state = 'asked' AND a.state IN ('rejected', 'expired')"
                      " AND (? = 0 OR a.id = ?)",
                      DB_ARGS(id, id), NULL);
}

enum rc swaps_take_purchase(struct db *db, int64_t id, int64_t purchase_id)
{
    return move(db, "UPDATE purchase SET swap_id = ? WHERE id = ? AND swap_id IS NULL",
                DB_ARGS(db_int(id), db_int(purchase_id)));
}

enum rc swaps_insert_typed(struct db *db, const struct swap_typed *typed,
                           int64_t *ret_adjustment_id)
{
    assert(db_in_transaction(db));
    struct db_outcome outcome = {0};
    struct db_value now = db_time(clock_now_ms());
    TRY(db_execute(
        db,
        "INSERT INTO adjustment (kind, account_id, supply_id, epoch, meter_id, amount_fen, state,"
        " reason, evidence_sha256, maker_id, checker_id, approval_id, left_fen, created_at,"
        " ended_at) SELECT 'swap', account_id, supply_id, ?, old_meter_id, ?, 'typed', reason,"
        " evidence_sha256, maker_id, checker_id, approval_id, ?, ?, ? FROM meter_swap"
        " WHERE id = ?",
        DB_ARGS(db_int(typed->epoch), db_int(typed->left_fen), db_int(typed->left_fen), now, now,
                db_int(typed->swap_id)),
        &outcome));
    *ret_adjustment_id = outcome.insert_id;
    return one_row(&outcome);
}
