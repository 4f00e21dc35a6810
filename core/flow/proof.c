#include "core/flow/proof.h"

#include <assert.h>
#include <string.h>

#include "core/base/failpoint.h"
#include "core/flow/proof_own.h"
#include "core/flow/step.h"
#include "core/flow/zone.h"
#include "core/rules/money.h"
#include "core/store/ledger.h"
#include "core/store/site.h"

#define OWN_ARENA_BYTES ((size_t)4 << 20)
#define STRETCHES_MAX (PROOF_CUTS_MAX + 8)
#define IDLE_MS INT64_C(3600000) /* a supply without a live epoch is looked at so often */

/* One supply and the day that is being closed; all of it under the supply's row lock. */
struct own {
    struct db *db;
    struct arena arena;
    struct proof_run *run;
    int64_t supply_id;
    struct proof_head head;
    struct proof_epoch *epochs;
    size_t epoch_count;
    struct proof_span *spans;
    size_t span_count;
    struct proof_transfer *moves;
    size_t move_count;
    size_t *taken; /* stretch that has the move, 1 ..; 0: none yet */
    struct proof_day day;
    struct proof_place place;
    struct proof_row rows[STRETCHES_MAX];
    size_t row_count;
    const char *wait_code; /* "" */
};

static void own_release(struct own *own)
{
    arena_release(&own->arena);
}

enum rc proof_run_begin(struct db *db, struct arena *arena, int64_t now_ms, int64_t delay_ms,
                        struct proof_run *ret_run)
{
    assert(delay_ms >= 0);
    struct site site;
    struct proof_run run = {.arena = arena, .now_ms = now_ms, .delay_ms = delay_ms};
    TRY(site_find(db, arena, &site));
    TRY(zone_load(site.time_zone, &run.zone));
    TRY(proofs_spooled(db, arena, &run.spooled));
    *ret_run = run;
    return RC_OK;
}

/* ---- where the supply stands ---- */

/* The rate registers at an epoch's beginning: those of the history row nearest to it, less what was
   used since in the rate that moved. */
static enum rc open_rates(struct own *own, const struct proof_epoch *epoch,
                          struct proof_point *point)
{
    struct proof_point near = {0};
    struct proof_point far = {0};
    int64_t at_ms = point->at_ms;
    enum rc rc = proofs_reading_after(own->db, &own->arena, epoch->meter_id, at_ms - 1,
                                      at_ms + epoch->near_ms, &near);
    if (rc == RC_OK && near.energy_wh != point->energy_wh) {
        rc = proofs_reading_after(own->db, &own->arena, epoch->meter_id, near.at_ms,
                                  near.at_ms + 2 * epoch->near_ms, &far);
    }
    if (rc == RC_NOT_FOUND || (rc == RC_OK && !near.has_rates)) {
        return RC_OK;
    }
    TRY(rc);
    int moved = RATE_FLAT;
    for (int i = 0; far.has_rates && i < RATE__MAX; i++) {
        bool more = far.rate_wh[i] - near.rate_wh[i] > far.rate_wh[moved] - near.rate_wh[moved];
        moved = more ? i : moved;
    }
    memcpy(point->rate_wh, near.rate_wh, sizeof point->rate_wh);
    point->rate_wh[moved] -= near.energy_wh - point->energy_wh;
    point->has_rates = true;
    return RC_OK;
}

static enum rc begin_epoch(struct own *own, const struct proof_epoch *epoch)
{
    struct proof_place *place = &own->place;
    int64_t at_ms = epoch->open.at_ms;
    place->epoch = epoch;
    place->from_at_ms = at_ms > place->from_at_ms ? at_ms : place->from_at_ms;
    place->point = epoch->open;
    place->has_point = true;
    return open_rates(own, epoch, &place->point);
}

/* The epoch behind the one that is over; NULL: there is none yet. */
static const struct proof_epoch *next_epoch(const struct own *own, int64_t number, int64_t id)
{
    for (size_t i = 0; i < own->epoch_count; i++) {
        const struct proof_epoch *epoch = &own->epochs[i];
        if (epoch->epoch > number || (epoch->epoch == number && epoch->id != id)) {
            return epoch;
        }
    }
    return NULL;
}

static const struct proof_epoch *live_epoch(const struct own *own)
{
    for (size_t i = 0; i < own->epoch_count; i++) {
        const struct proof_epoch *epoch = &own->epochs[i];
        if (epoch->id == own->head.epoch_id &&
            (!epoch->closed || epoch->close.at_ms > own->head.to_at_ms)) {
            return epoch;
        }
    }
    return NULL;
}

/* RC_NOT_FOUND: nothing to prove. */
static enum rc find_place(struct own *own)
{
    struct proof_head *head = &own->head;
    TRY(proofs_head(own->db, &own->arena, own->supply_id, head));
    TRY(proofs_epochs(own->db, &own->arena, own->supply_id, head->epoch, &own->epochs,
                      &own->epoch_count));
    TRY(proofs_spans(own->db, &own->arena, own->supply_id, head->to_at_ms, &own->spans,
                     &own->span_count));
    TRY(proofs_moves(own->db, &own->arena, own->supply_id, &own->moves, &own->move_count));
    own->taken = arena_take_array(&own->arena, own->move_count + 1, sizeof *own->taken);
    if (own->taken == NULL) {
        return RC_MEMORY;
    }
    own->place = (struct proof_place){.from_at_ms = head->to_at_ms,
                                      .first = head->last_id == 0,
                                      .money_fen = head->closing_fen,
                                      .has_state = head->has_state,
                                      .state = head->state};
    const struct proof_epoch *epoch = head->last_id == 0 ? NULL : live_epoch(own);
    if (epoch != NULL) {
        own->place.epoch = epoch;
        own->place.point = head->point;
        own->place.has_point = true;
        return RC_OK;
    }
    epoch =
        head->last_id == 0 ? next_epoch(own, -1, 0) : next_epoch(own, head->epoch, head->epoch_id);
    return epoch == NULL ? RC_NOT_FOUND : begin_epoch(own, epoch);
}

/* ---- one stretch ---- */

static enum rc wait_for(struct own *own, const char *code)
{
    own->wait_code = code;
    return RC_REFUSED; /* undoes nothing: nothing was written yet */
}

/* Only a register of the epoch is known at its end; its rates are those read last before. */
static enum rc given_point(struct own *own, struct proof_point *ret_point)
{
    const struct proof_epoch *epoch = own->place.epoch;
    struct proof_point last = {0};
    *ret_point = epoch->close;
    enum rc rc =
        proofs_reading_before(own->db, &own->arena, epoch->meter_id,
                              epoch->close.at_ms - epoch->near_ms, epoch->close.at_ms, &last);
    if (rc == RC_OK && last.has_rates && last.energy_wh == epoch->close.energy_wh) {
        memcpy(ret_point->rate_wh, last.rate_wh, sizeof last.rate_wh);
        ret_point->has_rates = true;
    }
    return rc == RC_NOT_FOUND ? RC_OK : rc;
}

static enum rc read_point(struct own *own, int64_t at_ms, struct proof_point *ret_point)
{
    const struct proof_epoch *epoch = own->place.epoch;
    struct proof_point before = own->place.point;
    struct proof_point last = {0};
    struct proof_point after = {0};
    int64_t end_ms = epoch->closed ? epoch->close.at_ms : own->run->now_ms;
    int64_t floor_ms = before.read_at_ms;
    enum rc rc =
        proofs_reading_before(own->db, &own->arena, epoch->meter_id, floor_ms, at_ms, &last);
    before = rc == RC_OK ? last : before;
    if (rc != RC_NOT_FOUND) {
        TRY(rc);
    }
    int64_t behind_ms = at_ms > before.read_at_ms ? at_ms : before.read_at_ms;
    rc = proofs_reading_after(own->db, &own->arena, epoch->meter_id, behind_ms, end_ms, &after);
    if (rc == RC_NOT_FOUND && epoch->closed && epoch->close.at_ms > behind_ms) {
        after = epoch->close;
        rc = RC_OK;
    }
    bool found = rc == RC_OK;
    if (rc != RC_NOT_FOUND) {
        TRY(rc);
    }
    struct proof_move *moves = arena_take_array(&own->arena, own->move_count + 1, sizeof *moves);
    if (moves == NULL) {
        return RC_MEMORY;
    }
    for (size_t i = 0; i < own->move_count; i++) {
        moves[i] = own->moves[i].move;
    }
    rc = proof_boundary(at_ms, epoch->near_ms, epoch->epoch, &before, found ? &after : NULL, moves,
                        own->move_count, ret_point);
    if (rc == RC_NOT_FOUND) {
        return wait_for(own, "reading");
    }
    TRY(rc);
    return ret_point->estimated && own->run->spooled ? wait_for(own, "spool") : RC_OK;
}

/* Money on its way at the reading: nobody knows yet whether the balance has it. */
static enum rc check_flight(struct own *own, const struct proof_row *row, bool *ret_jumped)
{
    int64_t ended = 0;
    int64_t open = 0;
    int64_t written_at_ms = 0;
    TRY(proofs_counts(own->db, &own->arena, own->supply_id, row->epoch, row->open.count,
                      row->close.count, &ended, &open));
    if (open > 0) {
        return wait_for(own, "delivery");
    }
    TRY(proofs_adjusting(own->db, &own->arena, own->supply_id, &written_at_ms));
    if (row->close.read_at_ms >= written_at_ms) {
        return wait_for(own, "adjustment");
    }
    *ret_jumped = row->close.count - row->open.count != ended;
    return RC_OK;
}

/* A charge belongs to the stretch that ends with it, anything else to the one that begins there. */
static bool charged_in(const struct proof_move *move, int64_t to_at_ms)
{
    return move->kind == PROOF_USED ? move->at_ms <= to_at_ms : move->at_ms < to_at_ms;
}

/* Takes the moves that are in the closing figures. meter: those of the meter itself. */
static enum rc take_moves(struct own *own, struct proof_row *row, struct ledger_proof *meter)
{
    for (size_t i = 0; i < own->move_count; i++) {
        const struct proof_move *move = &own->moves[i].move;
        bool in = row->platform ? charged_in(move, row->close.at_ms)
                                : proof_move_in(move, row->epoch, &row->close);
        if (own->taken[i] != 0 || !in) {
            continue;
        }
        own->taken[i] = own->row_count + 1;
        if (move->kind == PROOF_OPENING && own->place.first) {
            TRY(money_add(row->proof.opening_fen, move->change_fen, &row->proof.opening_fen));
            continue;
        }
        TRY(proof_add(&row->proof, move));
        bool of_meter = move->kind != PROOF_OPENING && move->kind != PROOF_USED;
        if (of_meter && move->epoch == row->epoch) {
            TRY(proof_add(meter, move));
        }
    }
    return RC_OK;
}

static enum rc close_charged(struct own *own, struct proof_row *row)
{
    int64_t until_ms = 0;
    struct proof_point charged = {0};
    TRY(proofs_charged(own->db, &own->arena, own->supply_id, row->close.at_ms, &until_ms,
                       &charged));
    if (until_ms < row->close.at_ms) {
        return wait_for(own, "charge");
    }
    row->has_close = charged.at_ms != 0;
    if (row->has_close) {
        row->close = charged;
    }
    return RC_OK;
}

/* Where a stretch ends, and who says what stands there. */
struct end {
    int64_t at_ms;
    bool platform;
    bool epoch;                     /* the epoch's own figures */
    const struct proof_point *mode; /* those of a change of mode, NULL: none */
};

static enum rc close_read(struct own *own, const struct end *end, struct proof_row *row,
                          bool *ret_jumped)
{
    struct ledger_proof meter = {0};
    if (end->mode != NULL) {
        row->close = *end->mode;
    } else {
        TRY(end->epoch ? given_point(own, &row->close) : read_point(own, end->at_ms, &row->close));
    }
    TRY(check_flight(own, row, ret_jumped));
    TRY(take_moves(own, row, &meter));
    row->posted_fen = row->proof.used_fen;
    return proof_used(row->open.balance_fen, row->close.balance_fen, &meter, &row->proof.used_fen);
}

/* From the place to a moment; the place moves there. */
static enum rc close_stretch(struct own *own, const struct end *end)
{
    struct proof_place *place = &own->place;
    if (own->row_count == STRETCHES_MAX) {
        return RC_TOO_LARGE;
    }
    struct proof_row *row = &own->rows[own->row_count];
    struct ledger_proof none = {0};
    bool jumped = false;
    *row = (struct proof_row){.supply_id = own->supply_id,
                              .day = own->day.date,
                              .from_at_ms = place->from_at_ms,
                              .epoch = place->epoch->epoch,
                              .epoch_id = place->epoch->id,
                              .meter_id = place->epoch->meter_id,
                              .platform = end->platform,
                              .proof = {.opening_fen = place->money_fen},
                              .open = place->point,
                              .close = {.at_ms = end->at_ms},
                              .has_open = place->has_point,
                              .has_close = !end->platform,
                              .given = end->epoch || end->mode != NULL};
    if (row->platform) {
        TRY(close_charged(own, row));
        TRY(take_moves(own, row, &none));
    } else {
        TRY(close_read(own, end, row, &jumped));
    }
    TRY(ledger_proof_gap(&row->proof, &row->proof.closing_fen));
    TRY(proof_compare(own->db, &own->arena, own->run, place, jumped, row));
    place->from_at_ms = end->at_ms;
    place->point = row->close;
    place->has_point = row->has_close;
    place->first = false;
    place->money_fen = row->proof.closing_fen;
    place->has_state = row->has_state;
    place->state = row->state;
    own->row_count++;
    return RC_OK;
}

/* ---- the day ---- */

static enum rc close_cuts(struct own *own, const struct end *end)
{
    int64_t *cuts = NULL;
    size_t count = 0;
    TRY(proofs_cuts(own->db, &own->arena, own->supply_id, own->place.from_at_ms, end->at_ms, &cuts,
                    &count));
    for (size_t i = 0; i < count; i++) {
        struct end cut = {.at_ms = cuts[i], .platform = end->platform};
        TRY(close_stretch(own, &cut));
    }
    return RC_OK;
}

/* The span that a moment lies in, or the next one. A supply that was opened in platform mode is in
   its span before it was made. */
static const struct proof_span *span_at(const struct own *own, int64_t at_ms, bool *ret_inside)
{
    for (size_t i = 0; i < own->span_count; i++) {
        const struct proof_span *span = &own->spans[i];
        if (span->until_at_ms > at_ms) {
            *ret_inside = span->from_at_ms <= at_ms || !span->changed;
            return span;
        }
    }
    *ret_inside = own->span_count == 0 && own->head.platform;
    return NULL;
}

/* The next moment at which the day, the epoch or the mode ends. */
static struct end next_end(const struct own *own)
{
    const struct proof_epoch *epoch = own->place.epoch;
    struct end end = {.at_ms = own->day.to_at_ms};
    if (epoch->closed && epoch->close.at_ms <= end.at_ms) {
        end = (struct end){.at_ms = epoch->close.at_ms, .epoch = true};
    }
    const struct proof_span *span = span_at(own, own->place.from_at_ms, &end.platform);
    if (span != NULL && end.platform && span->until_at_ms < end.at_ms) {
        end = (struct end){.at_ms = span->until_at_ms, .platform = true, .mode = &span->end};
    } else if (span != NULL && !end.platform && span->from_at_ms < end.at_ms) {
        end = (struct end){.at_ms = span->from_at_ms, .mode = &span->begin};
    }
    return end;
}

/* One stretch after the other, until the day or the last epoch is over. */
static enum rc close_all(struct own *own)
{
    for (;;) {
        struct end end = next_end(own);
        if (end.at_ms > own->place.from_at_ms) {
            TRY(close_cuts(own, &end));
            TRY(close_stretch(own, &end));
        }
        if (end.platform && end.mode != NULL) { /* from here on the meter holds it */
            own->place.point = *end.mode;
            own->place.has_point = true;
        }
        if (end.mode != NULL) {
            continue;
        }
        const struct proof_epoch *epoch = own->place.epoch;
        epoch = end.epoch ? next_epoch(own, epoch->epoch, epoch->id) : NULL;
        if (epoch == NULL || epoch->open.at_ms >= own->day.to_at_ms) {
            return RC_OK;
        }
        TRY(begin_epoch(own, epoch));
    }
}

static enum rc post(struct own *own, enum ledger_posting posting, int64_t proof_id,
                    int64_t amount_fen, int64_t to_at_ms)
{
    if (amount_fen == 0) {
        return RC_OK;
    }
    struct ledger_entry entry = {.posting = posting,
                                 .object_kind = "proof",
                                 .object_id = proof_id,
                                 .supply_id = own->supply_id,
                                 .channel = "",
                                 .amount_fen = amount_fen,
                                 .at_ms = to_at_ms - 1}; /* it belongs to the day that ends there */
    return ledger_post(own->db, &own->arena, &entry);
}

/* A correction of just what stands open as difference of old prices settles it. */
static enum rc settle_difference(struct own *own, const struct proof_move *move, int64_t proof_id,
                                 int64_t to_at_ms)
{
    int64_t balance_fen = 0;
    if (move->kind != PROOF_CORRECTED) {
        return RC_OK;
    }
    TRY(ledger_balance(own->db, &own->arena, LEDGER_PRICE_DIFFERENCE, own->supply_id, "",
                       &balance_fen));
    bool settles = balance_fen != 0 && move->change_fen == -balance_fen;
    return settles ? post(own, POSTING_OLD_PRICE_SETTLED, proof_id, move->change_fen, to_at_ms)
                   : RC_OK;
}

static enum rc store_row(struct own *own, size_t at)
{
    const struct proof_row *row = &own->rows[at];
    int64_t id = 0;
    TRY(proofs_insert(own->db, row, &id));
    for (size_t i = 0; i < own->move_count; i++) {
        if (own->taken[i] == at + 1) {
            TRY(proof_lines_insert(own->db, id, &own->moves[i]));
            TRY(settle_difference(own, &own->moves[i].move, id, row->close.at_ms));
        }
    }
    if (row->platform) {
        return RC_OK;
    }
    TRY(post(own, POSTING_USE, id, row->proof.used_fen - row->posted_fen, row->close.at_ms));
    int64_t difference_fen = row->proof.used_fen - row->costs.expected_fen;
    return row->difference == PROOF_OLD_PRICE
               ? post(own, POSTING_OLD_PRICE, id, difference_fen, row->close.at_ms)
               : RC_OK;
}

struct closing {
    struct proof_run *run;
    int64_t supply_id;
    enum proof_step step;
    int64_t differing;
};

/* Where it goes on: the next day's end, or soon. */
static enum rc put_state(struct own *own, int64_t due_at_ms)
{
    return proof_states_put(own->db, own->supply_id, due_at_ms, own->day.date, own->wait_code,
                            own->run->now_ms);
}

static enum rc close_work(struct own *own, struct closing *closing)
{
    enum rc rc = find_place(own);
    if (rc == RC_NOT_FOUND) {
        return put_state(own, own->run->now_ms + IDLE_MS);
    }
    TRY(rc);
    proof_day_of(&own->run->zone, own->place.from_at_ms, &own->day);
    int64_t due_at_ms = own->day.to_at_ms + own->run->delay_ms;
    if (due_at_ms > own->run->now_ms) {
        return put_state(own, due_at_ms);
    }
    rc = close_all(own);
    if (rc == RC_REFUSED && own->wait_code[0] != '\0') {
        closing->step = PROOF_STEP_WAITS;
        return put_state(own, own->run->now_ms + PROOF_RETRY_MS);
    }
    TRY(rc);
    for (size_t i = 0; i < own->row_count; i++) {
        enum proof_difference difference = own->rows[i].difference;
        closing->differing += difference != PROOF_SAME && difference != PROOF_NO_TARIFF;
        TRY(store_row(own, i));
    }
    closing->step = PROOF_STEP_CLOSED;
    return put_state(own, own->run->now_ms); /* there may be more days */
}

static enum rc closing_work(struct db *db, void *context)
{
    struct closing *closing = context;
    struct arena shell __attribute__((cleanup(arena_release)));
    arena_init(&shell, sizeof(struct own) + 4096);
    struct own *own = arena_take(&shell, sizeof *own);
    if (own == NULL) {
        return RC_MEMORY;
    }
    *own = (struct own){
        .db = db, .run = closing->run, .supply_id = closing->supply_id, .wait_code = ""};
    arena_init(&own->arena, OWN_ARENA_BYTES);
    closing->step = PROOF_STEP_NOTHING;
    closing->differing = 0;
    enum rc rc = supply_lock(db, closing->supply_id);
    rc = rc == RC_OK ? close_work(own, closing) : rc;
    own_release(own);
    (void)FAILPOINT("proof.pre_commit");
    return rc;
}

enum rc proof_close_day(struct db *db, struct proof_run *run, int64_t supply_id,
                        enum proof_step *ret_step)
{
    struct closing closing = {.run = run, .supply_id = supply_id};
    TRY(db_transact(db, closing_work, &closing));
    (void)FAILPOINT("proof.post_commit");
    run->closed += closing.step == PROOF_STEP_CLOSED;
    run->waiting += closing.step == PROOF_STEP_WAITS;
    run->differing += closing.differing;
    *ret_step = closing.step;
    return RC_OK;
}

struct ending {
    const struct actor *actor;
    const struct proof_run *run;
};

static enum rc ending_work(struct db *db, void *context)
{
    const struct ending *ending = context;
    const struct proof_run *run = ending->run;
    const char *after =
        arena_printf(run->arena, "{\"closed\":%lld,\"waiting\":%lld,\"differing\":%lld}",
                     (long long)run->closed, (long long)run->waiting, (long long)run->differing);
    return after == NULL ? RC_MEMORY
                         : step_audit(db, ending->actor, AUDIT_ACTION_PROOF_CLOSE, "site", 0, "",
                                      "", "", after);
}

enum rc proof_run_end(struct db *db, const struct actor *actor, const struct proof_run *run)
{
    struct ending ending = {.actor = actor, .run = run};
    return run->closed == 0 ? RC_OK : step_run(db, ending_work, &ending);
}
