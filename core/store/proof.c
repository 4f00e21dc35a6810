#include "core/store/proof.h"

#include <assert.h>
#include <string.h>

#include "core/store/row.h"

#define ENERGY_UNIT_WH 10 /* registers count 0.01 kWh before the transformers */

enum rc proofs_due(struct db *db, struct arena *arena, int64_t now_ms, size_t max,
                   int64_t **ret_ids, size_t *ret_count)
{
    struct db_rows rows;
    assert(max >= 1 && max <= PROOF_DUE_MAX);
    TRY(db_query(db, arena,
                 "SELECT e.supply_id FROM supply_epoch e LEFT JOIN proof_state p"
                 " ON p.supply_id = e.supply_id WHERE p.supply_id IS NULL OR p.due_at <= ?"
                 " GROUP BY e.supply_id ORDER BY MIN(p.due_at), e.supply_id LIMIT ?",
                 DB_ARGS(db_time(now_ms), db_int((int64_t)max)), max, &rows));
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

/* Seven columns: total, four rates, balance, count; the moment is the caller's. */
static struct proof_point point_of(const struct db_rows *rows, size_t at, size_t column)
{
    struct proof_point point = {
        .energy_wh = db_get_int(rows, at, column),
        .balance_fen = db_get_int(rows, at, column + 5),
        .count = db_get_int(rows, at, column + 6),
        .has_rates = true,
    };
    for (size_t i = 0; i < 4; i++) {
        point.has_rates = point.has_rates && !db_is_null(rows, at, column + 1 + i);
        point.rate_wh[i] = db_get_int(rows, at, column + 1 + i);
    }
    return point;
}

enum rc proofs_head(struct db *db, struct arena *arena, int64_t supply_id,
                    struct proof_head *ret_head)
{
    struct db_rows rows;
    TRY(db_query(db, arena,
                 "SELECT s.billing_mode = 'platform', p.id, p.to_at, p.epoch, p.epoch_id,"
                 " p.mode = 'platform', p.closing_fen, p.read_at, p.how = 'estimated',"
                 " p.energy_wh, p.energy_sharp_wh, p.energy_peak_wh, p.energy_flat_wh,"
                 " p.energy_valley_wh, COALESCE(p.meter_fen, p.closing_fen), p.purchase_count,"
                 " p.period_start_at, p.period_wh, p.cost_e5 FROM supply s"
                 " LEFT JOIN proof p ON p.supply_id = s.id"
                 " WHERE s.id = ? ORDER BY p.to_at DESC LIMIT 1",
                 DB_ARGS(db_int(supply_id)), 1, &rows));
    if (rows.count == 0) {
        return RC_NOT_FOUND;
    }
    struct proof_head head = {.supply_id = supply_id, .platform = row_bool(&rows, 0, 0)};
    if (!db_is_null(&rows, 0, 1)) {
        head.last_id = db_get_int(&rows, 0, 1);
        head.to_at_ms = db_get_time(&rows, 0, 2);
        head.epoch = db_get_int(&rows, 0, 3);
        head.epoch_id = db_get_int(&rows, 0, 4);
        head.last_platform = row_bool(&rows, 0, 5);
        head.closing_fen = db_get_int(&rows, 0, 6);
        head.point = point_of(&rows, 0, 9);
        head.point.at_ms = head.to_at_ms;
        head.point.read_at_ms = db_is_null(&rows, 0, 7) ? head.to_at_ms : db_get_time(&rows, 0, 7);
        head.point.estimated = row_bool(&rows, 0, 8);
        head.has_state = !db_is_null(&rows, 0, 16);
        head.state = (struct charge_state){.period_start_at_ms = db_get_time(&rows, 0, 16),
                                           .period_wh = db_get_int(&rows, 0, 17),
                                           .cost_e5 = db_get_int(&rows, 0, 18)};
    }
    *ret_head = head;
    return RC_OK;
}

enum rc proofs_epochs(struct db *db, struct arena *arena, int64_t supply_id, int64_t from_epoch,
                      struct proof_epoch **ret_epochs, size_t *ret_count)
{
    struct db_rows rows;
    TRY(db_query(db, arena,
                 "SELECT e.id, e.epoch, e.meter_id, m.ct_ratio * m.pt_ratio, l.interval_s,"
                 " e.opened_at, e.open_balance_fen, e.open_count, e.open_energy_wh,"
                 " e.closed_at, e.close_balance_fen, e.close_count, e.close_energy_wh"
                 " FROM supply_epoch e JOIN meter m ON m.id = e.meter_id"
                 " JOIN line l ON l.id = m.line_id WHERE e.supply_id = ? AND e.epoch >= ?"
                 " ORDER BY e.epoch",
                 DB_ARGS(db_int(supply_id), db_int(from_epoch)), PROOF_EPOCHS_MAX, &rows));
    struct proof_epoch *epochs = arena_take_array(arena, rows.count + 1, sizeof *epochs);
    if (epochs == NULL) {
        return RC_MEMORY;
    }
    for (size_t i = 0; i < rows.count; i++) {
        epochs[i] = (struct proof_epoch){
            .id = db_get_int(&rows, i, 0),
            .epoch = db_get_int(&rows, i, 1),
            .meter_id = db_get_int(&rows, i, 2),
            .unit_wh = ENERGY_UNIT_WH * db_get_int(&rows, i, 3),
            .near_ms = db_get_int(&rows, i, 4) * 1000,
            .open = {.at_ms = db_get_time(&rows, i, 5),
                     .read_at_ms = db_get_time(&rows, i, 5),
                     .balance_fen = db_get_int(&rows, i, 6),
                     .count = db_get_int(&rows, i, 7),
                     .energy_wh = db_get_int(&rows, i, 8)},
            .closed = !db_is_null(&rows, i, 9),
            .close = {.at_ms = db_get_time(&rows, i, 9),
                      .read_at_ms = db_get_time(&rows, i, 9),
                      .balance_fen = db_get_int(&rows, i, 10),
                      .count = db_get_int(&rows, i, 11),
                      .energy_wh = db_get_int(&rows, i, 12)},
        };
    }
    *ret_epochs = epochs;
    *ret_count = rows.count;
    return RC_OK;
}

static enum proof_move_kind kind_of(const char *posting)
{
    enum ledger_posting found = LEDGER_POSTING__MAX;
    if (ledger_posting_find(posting, &found) != RC_OK) {
        return PROOF_CORRECTED;
    }
    switch (found) {
    case POSTING_OPENING:
        return PROOF_OPENING;
    case POSTING_DELIVERY_CONFIRMED:
    case POSTING_PAYMENT_CREDITED:
        return PROOF_PAID_IN;
    case POSTING_USE:
        return PROOF_USED;
    case POSTING_ADJUSTMENT_APPLIED:
        return PROOF_REFUNDED;
    default:
        return PROOF_CORRECTED;
    }
}

static void fill_move(const struct db_rows *rows, size_t at, struct proof_transfer *transfer)
{
    int64_t at_ms = db_get_time(rows, at, 2);
    bool written = !db_is_null(rows, at, 6);
    enum ledger_posting posting = LEDGER_POSTING__MAX;
    bool mode = ledger_posting_find(db_get_text(rows, at, 1), &posting) == RC_OK &&
                (posting == POSTING_MODE_CHANGED || posting == POSTING_MODE_HELD);
    if (mode) { /* between meter and ledger: the figures of the change say what the meter has */
        *transfer = (struct proof_transfer){.id = db_get_int(rows, at, 0),
                                            .move = {.kind = PROOF_CORRECTED,
                                                     .change_fen = db_get_int(rows, at, 3),
                                                     .at_ms = at_ms}};
        return;
    }
    bool corrects = row_bool(rows, at, 10); /* brought into the meter like a purchase */
    *transfer = (struct proof_transfer){
        .id = db_get_int(rows, at, 0),
        .move = {.kind = corrects ? PROOF_CORRECTED : kind_of(db_get_text(rows, at, 1)),
                 .change_fen = db_get_int(rows, at, 3),
                 .epoch = db_get_int(rows, at, 4),
                 .at_ms = at_ms,
                 .count = db_get_int(rows, at, 5),
                 .adjusts = written,
                 .written_at_ms = db_get_time(rows, at, 6),
                 .ended_at_ms = db_is_null(rows, at, 7) ? at_ms : db_get_time(rows, at, 7),
                 .old_balance_fen = db_get_int(rows, at, 8),
                 .new_balance_fen = db_get_int(rows, at, 9)},
    };
}

enum rc proofs_moves(struct db *db, struct arena *arena, int64_t supply_id,
                     struct proof_transfer **ret_moves, size_t *ret_count)
{
    struct db_rows rows;
    TRY(db_query(
        db, arena,
        "SELECT t.id, t.posting, t.at, IF(t.credit_id = a.id, t.amount_fen, -t.amount_fen),"
        " COALESCE(d.epoch, j.epoch, b.epoch, e.epoch, 0), COALESCE(d.purchase_count, 0),"
        /* written more than once: the balance may have changed at the first time */
        " IF(j.new_balance_fen IS NULL, NULL, IF(j.writes > 1, j.created_at,"
        " COALESCE(j.written_at, j.ended_at))), j.ended_at, j.old_balance_fen, j.new_balance_fen,"
        " COALESCE(v.origin = 'correction', FALSE)"
        " FROM ledger_account a JOIN transfer t ON (t.debit_id = a.id OR t.credit_id = a.id)"
        " LEFT JOIN proof_line n ON n.transfer_id = t.id"
        " LEFT JOIN delivery d ON t.object_kind = 'delivery' AND d.id = t.object_id"
        " LEFT JOIN purchase v ON v.id = d.purchase_id"
        " LEFT JOIN adjustment j ON t.object_kind = 'adjustment' AND j.id = t.object_id"
        " LEFT JOIN purchase b ON t.object_kind = 'purchase' AND b.id = t.object_id"
        " LEFT JOIN supply_epoch e ON t.object_kind = 'epoch' AND e.id = t.object_id"
        " WHERE a.code = 'tenant_liability' AND a.supply_id = ? AND n.transfer_id IS NULL"
        " AND t.object_kind <> 'proof' ORDER BY t.id",
        DB_ARGS(db_int(supply_id)), PROOF_MOVES_MAX, &rows));
    struct proof_transfer *moves = arena_take_array(arena, rows.count + 1, sizeof *moves);
    if (moves == NULL) {
        return RC_MEMORY;
    }
    for (size_t i = 0; i < rows.count; i++) {
        fill_move(&rows, i, &moves[i]);
    }
    *ret_moves = moves;
    *ret_count = rows.count;
    return RC_OK;
}

enum rc proofs_cuts(struct db *db, struct arena *arena, int64_t supply_id, int64_t from_ms,
                    int64_t to_ms, int64_t **ret_cuts, size_t *ret_count)
{
    struct db_rows rows;
    TRY(db_query(db, arena,
                 "SELECT until_at AS at FROM account_supply WHERE supply_id = ? AND until_at > ?"
                 " AND until_at < ? UNION SELECT valid_from_at FROM supply_tariff"
                 " WHERE supply_id = ? AND valid_from_at > ? AND valid_from_at < ? ORDER BY at",
                 DB_ARGS(db_int(supply_id), db_time(from_ms), db_time(to_ms), db_int(supply_id),
                         db_time(from_ms), db_time(to_ms)),
                 PROOF_CUTS_MAX, &rows));
    int64_t *cuts = arena_take_array(arena, rows.count + 1, sizeof *cuts);
    if (cuts == NULL) {
        return RC_MEMORY;
    }
    for (size_t i = 0; i < rows.count; i++) {
        cuts[i] = db_get_time(&rows, i, 0);
    }
    *ret_cuts = cuts;
    *ret_count = rows.count;
    return RC_OK;
}

enum rc proofs_spans(struct db *db, struct arena *arena, int64_t supply_id, int64_t after_ms,
                     struct proof_span **ret_spans, size_t *ret_count)
{
    struct db_rows rows;
    TRY(db_query(db, arena,
                 "SELECT p.from_at, p.until_at, p.mode_change_id, p.energy_wh, p.energy_sharp_wh,"
                 " p.energy_peak_wh, p.energy_flat_wh, p.energy_valley_wh,"
                 " COALESCE(j.read_balance_fen, 0), COALESCE(j.read_count, 0),"
                 " GREATEST(p.from_at, COALESCE(j.ended_at, p.from_at)), h.energy_wh,"
                 " h.energy_sharp_wh, h.energy_peak_wh, h.energy_flat_wh, h.energy_valley_wh,"
                 " COALESCE(k.read_balance_fen, 0), COALESCE(k.read_count, 0)"
                 " FROM platform_span p LEFT JOIN mode_change c ON c.id = p.mode_change_id"
                 " LEFT JOIN adjustment j ON j.id = c.adjustment_id"
                 " LEFT JOIN mode_change f ON f.id = p.end_change_id"
                 " LEFT JOIN adjustment k ON k.id = f.adjustment_id"
                 " LEFT JOIN charge h ON h.span_id = p.id AND h.to_at = p.until_at"
                 " WHERE p.supply_id = ? AND (p.until_at IS NULL OR p.until_at > ?)"
                 " ORDER BY p.from_at",
                 DB_ARGS(db_int(supply_id), db_time(after_ms)), PROOF_SPANS_MAX, &rows));
    struct proof_span *spans = arena_take_array(arena, rows.count + 1, sizeof *spans);
    if (spans == NULL) {
        return RC_MEMORY;
    }
    for (size_t i = 0; i < rows.count; i++) {
        struct proof_span *span = &spans[i];
        span->from_at_ms = db_get_time(&rows, i, 0);
        span->until_at_ms = db_is_null(&rows, i, 1) ? INT64_MAX : db_get_time(&rows, i, 1);
        span->changed = !db_is_null(&rows, i, 2);
        span->begin = point_of(&rows, i, 3);
        span->begin.at_ms = span->from_at_ms;
        span->begin.read_at_ms = db_get_time(&rows, i, 10); /* the adjustment is in it */
        /* nothing was charged in the end: the registers are still those it began with */
        span->end = point_of(&rows, i, db_is_null(&rows, i, 11) ? 3 : 11);
        span->end.balance_fen = db_get_int(&rows, i, 16);
        span->end.count = db_get_int(&rows, i, 17);
        span->end.at_ms = span->end.read_at_ms = span->until_at_ms;
    }
    *ret_spans = spans;
    *ret_count = rows.count;
    return RC_OK;
}

#define SELECT_READING                                                                             \
    "SELECT taken_at, energy_wh, energy_sharp_wh, energy_peak_wh, energy_flat_wh,"                 \
    " energy_valley_wh, balance_fen, purchase_count FROM reading WHERE meter_id = ?"               \
    " AND taken_at > ? AND taken_at <= ? AND balance_fen IS NOT NULL"                              \
    " AND purchase_count IS NOT NULL AND energy_wh IS NOT NULL AND kind <> 'estimated'"

static enum rc one_reading(const struct db_rows *rows, struct proof_point *ret_point)
{
    if (rows->count == 0) {
        return RC_NOT_FOUND;
    }
    struct proof_point point = point_of(rows, 0, 1);
    point.at_ms = point.read_at_ms = db_get_time(rows, 0, 0);
    *ret_point = point;
    return RC_OK;
}

enum rc proofs_reading_before(struct db *db, struct arena *arena, int64_t meter_id, int64_t from_ms,
                              int64_t to_ms, struct proof_point *ret_point)
{
    struct db_rows rows;
    TRY(db_query(db, arena, SELECT_READING " ORDER BY taken_at DESC LIMIT 1",
                 DB_ARGS(db_int(meter_id), db_time(from_ms), db_time(to_ms)), 1, &rows));
    return one_reading(&rows, ret_point);
}

enum rc proofs_reading_after(struct db *db, struct arena *arena, int64_t meter_id, int64_t from_ms,
                             int64_t to_ms, struct proof_point *ret_point)
{
    struct db_rows rows;
    TRY(db_query(db, arena, SELECT_READING " ORDER BY taken_at LIMIT 1",
                 DB_ARGS(db_int(meter_id), db_time(from_ms), db_time(to_ms)), 1, &rows));
    return one_reading(&rows, ret_point);
}

enum rc proofs_spooled(struct db *db, struct arena *arena, bool *ret_spooled)
{
    struct db_rows rows;
    TRY(db_query(db, arena, "SELECT EXISTS (SELECT 1 FROM program_heartbeat WHERE spool_rows > 0)",
                 DB_NO_ARGS, 1, &rows));
    *ret_spooled = row_bool(&rows, 0, 0);
    return RC_OK;
}

enum rc proofs_counts(struct db *db, struct arena *arena, int64_t supply_id, int64_t epoch,
                      int64_t from_count, int64_t to_count, int64_t *ret_ended, int64_t *ret_open)
{
    struct db_rows rows;
    TRY(db_query(db, arena,
                 "SELECT CAST(COALESCE(SUM(state = 'confirmed' OR (state = 'fenced'"
                 " AND fence_proof <> 'epoch_closed')), 0) AS SIGNED),"
                 " CAST(COALESCE(SUM(slot_supply IS NOT NULL), 0) AS SIGNED) FROM delivery"
                 " WHERE supply_id = ? AND epoch = ? AND purchase_count > ?"
                 " AND purchase_count <= ?",
                 DB_ARGS(db_int(supply_id), db_int(epoch), db_int(from_count), db_int(to_count)), 1,
                 &rows));
    *ret_ended = db_get_int(&rows, 0, 0);
    *ret_open = db_get_int(&rows, 0, 1);
    return RC_OK;
}

enum rc proofs_adjusting(struct db *db, struct arena *arena, int64_t supply_id,
                         int64_t *ret_written_at_ms)
{
    struct db_rows rows;
    TRY(db_query(db, arena,
                 "SELECT IF(writes > 1, created_at, written_at) FROM adjustment"
                 " WHERE slot_supply = ? AND written_at IS NOT NULL",
                 DB_ARGS(db_int(supply_id)), 1, &rows));
    *ret_written_at_ms = rows.count == 0 ? INT64_MAX : db_get_time(&rows, 0, 0);
    return RC_OK;
}

enum rc proofs_charged(struct db *db, struct arena *arena, int64_t supply_id, int64_t until_ms,
                       int64_t *ret_until_ms, struct proof_point *ret_point)
{
    struct db_rows rows;
    TRY(db_query(db, arena,
                 "SELECT (SELECT MAX(to_at) FROM charge WHERE supply_id = ?), energy_wh,"
                 " energy_sharp_wh, energy_peak_wh, energy_flat_wh, energy_valley_wh, 0, 0"
                 " FROM charge WHERE supply_id = ? AND to_at <= ? ORDER BY to_at DESC LIMIT 1",
                 DB_ARGS(db_int(supply_id), db_int(supply_id), db_time(until_ms)), 1, &rows));
    *ret_until_ms = rows.count == 0 ? 0 : db_get_time(&rows, 0, 0);
    if (rows.count != 0) {
        *ret_point = point_of(&rows, 0, 1);
        ret_point->at_ms = ret_point->read_at_ms = until_ms;
    }
    return RC_OK;
}

enum rc proofs_pushed(struct db *db, struct arena *arena, int64_t supply_id, int64_t from_ms,
                      int64_t to_ms, bool *ret_pushed)
{
    struct db_rows rows;
    TRY(db_query(db, arena,
                 "SELECT EXISTS (SELECT 1 FROM push WHERE supply_id = ? AND state = 'confirmed'"
                 " AND ended_at >= ? AND ended_at < ?)",
                 DB_ARGS(db_int(supply_id), db_time(from_ms), db_time(to_ms)), 1, &rows));
    *ret_pushed = row_bool(&rows, 0, 0);
    return RC_OK;
}

/* ---- rows of our own ---- */

static struct db_value used_wh(const struct proof_row *row, int64_t from_wh, int64_t to_wh)
{
    return db_int_or_null(row->has_open && row->has_close, to_wh - from_wh);
}

static struct db_value used_rate(const struct proof_row *row, int rate)
{
    bool known = row->has_open && row->has_close && row->open.has_rates && row->close.has_rates;
    return db_int_or_null(known, row->close.rate_wh[rate] - row->open.rate_wh[rate]);
}

static const char *how_of(const struct proof_row *row)
{
    if (row->platform) {
        return "charged";
    }
    return row->given ? "given" : row->close.estimated ? "estimated" : "read";
}

enum rc proofs_insert(struct db *db, const struct proof_row *row, int64_t *ret_id)
{
    assert(db_in_transaction(db));
    const struct proof_point *close = &row->close;
    const struct ledger_proof *proof = &row->proof;
    bool rates = row->has_close && close->has_rates;
    struct db_outcome outcome = {0};
    TRY(db_execute(
        db,
        "INSERT INTO proof (supply_id, day, from_at, to_at, account_id, epoch, epoch_id, meter_id,"
        " mode, opening_fen, paid_in_fen, used_fen, refunded_fen, corrected_fen, closing_fen,"
        " meter_fen, how, read_at, purchase_count, energy_wh, energy_sharp_wh, energy_peak_wh,"
        " energy_flat_wh, energy_valley_wh, used_wh, used_sharp_wh, used_peak_wh, used_flat_wh,"
        " used_valley_wh, tariff_id, expected_fen, difference, difference_fen, tolerance_fen,"
        " period_start_at, period_wh, cost_e5) VALUES (?, ?, ?, ?, (SELECT l.account_id"
        " FROM account_supply l WHERE l.supply_id = ? AND l.from_at < ? AND (l.until_at IS NULL"
        " OR l.until_at > ?) ORDER BY l.from_at DESC LIMIT 1), ?, ?, ?,"
        " ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        DB_ARGS(db_int(row->supply_id), db_text(row->day), db_time(row->from_at_ms),
                db_time(close->at_ms), db_int(row->supply_id), db_time(close->at_ms),
                db_time(row->from_at_ms), db_int(row->epoch), db_int(row->epoch_id),
                db_int(row->meter_id), db_text(row->platform ? "platform" : "meter"),
                db_int(proof->opening_fen), db_int(proof->paid_in_fen), db_int(proof->used_fen),
                db_int(proof->refunded_fen), db_int(proof->corrected_fen),
                db_int(proof->closing_fen), db_int_or_null(!row->platform, close->balance_fen),
                db_text(how_of(row)), db_time_or_null(!row->platform, close->read_at_ms),
                db_int_or_null(!row->platform, close->count),
                db_int_or_null(row->has_close, close->energy_wh),
                db_int_or_null(rates, close->rate_wh[0]), db_int_or_null(rates, close->rate_wh[1]),
                db_int_or_null(rates, close->rate_wh[2]), db_int_or_null(rates, close->rate_wh[3]),
                used_wh(row, row->open.energy_wh, close->energy_wh), used_rate(row, 0),
                used_rate(row, 1), used_rate(row, 2), used_rate(row, 3),
                db_int_or_null(row->tariff_id != 0, row->tariff_id),
                db_int_or_null(row->costs.tariff_known, row->costs.expected_fen),
                db_text(proof_difference_code(row->difference)),
                db_int(row->costs.tariff_known ? proof->used_fen - row->costs.expected_fen : 0),
                db_int(row->costs.tolerance_fen),
                db_time_or_null(row->has_state, row->state.period_start_at_ms),
                db_int_or_null(row->has_state, row->state.period_wh),
                db_int_or_null(row->has_state, row->state.cost_e5)),
        &outcome));
    *ret_id = outcome.insert_id;
    return RC_OK;
}

enum rc proof_lines_insert(struct db *db, int64_t proof_id, const struct proof_transfer *transfer)
{
    assert(db_in_transaction(db));
    return db_execute(
        db, "INSERT INTO proof_line (transfer_id, proof_id, kind, change_fen) VALUES (?, ?, ?, ?)",
        DB_ARGS(db_int(transfer->id), db_int(proof_id),
                db_text(proof_move_kind_name(transfer->move.kind)),
                db_int(transfer->move.change_fen)),
        NULL);
}

enum rc proof_states_put(struct db *db, int64_t supply_id, int64_t due_at_ms, const char *day,
                         const char *wait_code, int64_t now_ms)
{
    assert(db_in_transaction(db));
    bool waits = wait_code[0] != '\0';
    struct db_value since = db_time_or_null(waits, now_ms);
    struct db_value of = db_text_or_null(waits ? day : NULL);
    return db_execute(db,
                      "INSERT INTO proof_state (supply_id, due_at, day, wait_code, since_at)"
                      " VALUES (?, ?, ?, ?, ?) ON DUPLICATE KEY UPDATE due_at = VALUES(due_at),"
                      " since_at = IF(day <=> VALUES(day) AND wait_code = VALUES(wait_code),"
                      " since_at, VALUES(since_at)), day = VALUES(day),"
                      " wait_code = VALUES(wait_code)",
                      DB_ARGS(db_int(supply_id), db_time(due_at_ms), of, db_text(wait_code), since),
                      NULL);
}
