#include "core/flow/adjustment.h"

#include <assert.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/failpoint.h"
#include "core/flow/delivery_own.h"
#include "core/flow/mode_change.h"
#include "core/flow/returned_money.h"
#include "core/flow/step.h"
#include "core/rules/capability.h"
#include "core/store/alarm.h"
#include "core/store/command.h"
#include "core/store/ledger.h"
#include "core/store/restore.h"
#include "core/store/swap.h"

static const struct actor poller = {.kind = ACTOR_SYSTEM, .name = "poller", .role = "", .ip = ""};

/* One adjustment and its supply, both read under the supply's row lock. */
struct own {
    struct db *db;
    struct arena arena;
    struct adjustment_row row;
    struct supply supply;
};

static void own_release(struct own *own)
{
    arena_release(&own->arena);
}

static enum rc own_load(struct own *own, struct db *db, int64_t id)
{
    own->db = db;
    arena_init(&own->arena, STEP_ARENA_BYTES);
    TRY(adjustments_get(db, &own->arena, id, &own->row));
    TRY(supply_lock(db, own->row.supply_id));
    return supply_get(db, &own->arena, own->row.supply_id, &own->supply);
}

static bool is_mode(const struct own *own)
{
    return strcmp(own->row.kind, "mode") == 0;
}

static enum rc audit(struct own *own, enum audit_action action, const char *code)
{
    const struct adjustment_row *row = &own->row;
    const char *after = arena_printf(
        &own->arena,
        "{\"adjustment_id\":%lld,\"kind\":\"%s\",\"amount_fen\":%lld,\"old_balance_fen\":%lld,"
        "\"new_balance_fen\":%lld,\"left_fen\":%lld,\"count\":%lld,\"code\":\"%s\"}",
        (long long)row->id, row->kind, (long long)row->amount_fen, (long long)row->old_balance_fen,
        (long long)row->new_balance_fen, (long long)row->left_fen, (long long)row->new_count, code);
    return after == NULL ? RC_MEMORY
                         : step_audit(own->db, &poller, action, "supply", row->supply_id,
                                      supply_label(&own->supply), row->reason, "", after);
}

static bool capable(const struct own *own)
{
    switch (capability_state_of(own->supply.capabilities, CAPABILITY_PARAMETERS)) {
    case CAPABILITY_STATE_PROVEN:
        return true;
    case CAPABILITY_STATE_UNVERIFIED:
        return step_facts(&own->supply).experimental_accepted;
    default:
        return false;
    }
}

static enum rc freeze(struct own *own, const char *reason, const struct delivery_reading *reading)
{
    if (own->supply.frozen) {
        return RC_OK;
    }
    bool serial = strcmp(reason, "serial_mismatch") == 0;
    const char *detail =
        serial ? arena_printf(&own->arena, "%s, %.24s", own->supply.serial_number,
                              reading->serial_number)
               : arena_printf(&own->arena, "%lld, %lld", (long long)own->row.new_count,
                              (long long)reading->evidence.count);
    if (detail == NULL) {
        return RC_MEMORY;
    }
    TRY(supply_freeze(own->db, own->row.supply_id, reason, detail));
    TRY(alarm_open(own->db, serial ? ALARM_SERIAL_MISMATCH : ALARM_COUNT_MISMATCH, "supply",
                   own->row.supply_id, detail));
    own->supply.frozen = true;
    return step_audit(own->db, &poller, AUDIT_ACTION_SUPPLY_FREEZE, "supply", own->row.supply_id,
                      supply_label(&own->supply), reason, "", "");
}

enum rc adjustment_scan(struct db *db, struct arena *arena, int32_t shard, size_t max,
                        struct adjustment_look **ret_looks, size_t *ret_count)
{
    return adjustments_of_shard(db, arena, shard, max, ret_looks, ret_count);
}

/* ---- trip ---- */

static enum rc order(struct own *own, enum command_kind kind, enum command_origin origin,
                     int64_t *ret_id)
{
    int64_t now_ms = clock_now_ms();
    bool manual = origin == ORIGIN_MANUAL;
    struct command_row command = {.supply_id = own->row.supply_id,
                                  .meter_id = own->supply.meter_id,
                                  .epoch = own->supply.epoch,
                                  .kind = kind,
                                  .origin = origin,
                                  .reason = own->row.reason,
                                  .requested_by = manual ? own->row.maker_id : 0,
                                  .requested_at_ms = now_ms,
                                  .expires_at_ms = now_ms + COMMAND_MANUAL_EXPIRY_MS,
                                  .approval_id = manual ? own->row.approval_id : 0};
    return commands_insert(own->db, &command, ret_id);
}

/* The trip was ours and only for the write. A supply that is locked out or frozen stays off. */
static enum rc lift_trip(struct own *own)
{
    int64_t command_id = 0;
    if (own->row.trip_command_id == 0 || own->supply.locked_out || own->supply.frozen) {
        return RC_OK;
    }
    return order(own, COMMAND_RELEASE, ORIGIN_AUTOMATIC, &command_id);
}

static enum rc trip_work(struct db *db, void *context)
{
    const int64_t *id = context;
    CLEANUP(own_release) struct own own;
    int64_t command_id = 0;
    TRY(own_load(&own, db, *id));
    if (own.row.state != ADJUSTMENT_APPROVED || own.row.trip_command_id != 0) {
        return RC_CONFLICT;
    }
    /* Its maker's order, agreed to by the second person together with the adjustment. */
    TRY(order(&own, COMMAND_TRIP, ORIGIN_MANUAL, &command_id));
    TRY(adjustments_set_trip(db, own.row.id, command_id));
    const char *after =
        arena_printf(&own.arena, "{\"command_id\":%lld,\"kind\":\"trip\",\"adjustment_id\":%lld}",
                     (long long)command_id, (long long)own.row.id);
    return after == NULL
               ? RC_MEMORY
               : step_audit(db, &poller, AUDIT_ACTION_COMMAND_REQUEST, "supply", own.row.supply_id,
                            supply_label(&own.supply), own.row.reason, "", after);
}

enum rc adjustment_trip(struct db *db, int64_t adjustment_id)
{
    return db_transact(db, trip_work, &adjustment_id);
}

/* ---- begin, write ---- */

struct writing {
    int64_t id;
    const struct delivery_reading *reading;
    bool tripped;
    struct adjustment_frame frame;
    enum rc answer;
    enum adjustment_verdict verdict;
};

static bool is_swap(const struct own *own)
{
    return strcmp(own->row.kind, "swap") == 0;
}

/* Nothing was written: the shop gets its power back. */
static enum rc refuse(struct own *own, struct writing *writing, const char *code)
{
    writing->answer = RC_REFUSED;
    TRY(adjustments_move(own->db, own->row.id, ADJUSTMENT_APPROVED, ADJUSTMENT_REFUSED));
    TRY(is_mode(own) ? mode_change_refused(own->db, &own->arena, &own->row, code) : lift_trip(own));
    if (is_swap(own)) {
        TRY(swaps_note_refused(own->db, own->row.id));
    }
    return audit(own, AUDIT_ACTION_ADJUSTMENT_REFUSE, code);
}

/* What stands there after it: asked is asked, but a meter never gets below zero by us. */
static int64_t target_of(const struct own *own, int64_t balance_fen)
{
    const char *kind = own->row.kind;
    int64_t amount_fen = own->row.amount_fen;
    int64_t there_fen = balance_fen > 0 ? balance_fen : 0;
    if (strcmp(kind, "fence") == 0) {
        return balance_fen;
    }
    if (strcmp(kind, "close") == 0) { /* even: a debt is settled beside the meter */
        return 0;
    }
    bool all = amount_fen == 0; /* swap: whatever is there */
    if (all || amount_fen > there_fen) {
        amount_fen = there_fen;
    }
    return balance_fen - amount_fen;
}

/* Only a count that did nothing in the meter may be burnt: if the purchase came after all, or half
   of it, the fence would call money undelivered that is there. */
static enum rc fence_fits(struct own *own, const struct evidence *seen,
                          struct delivery_row *delivery, bool *ret_fits)
{
    struct readback_facts facts;
    TRY(deliveries_get(own->db, &own->arena, own->row.delivery_id, delivery));
    bool fencing = delivery->state == DELIVERY_FENCING;
    if (delivery->purchase_count == 0 ||
        !(fencing || delivery_move_allowed(delivery->state, DELIVERY_FENCING, true))) {
        return RC_CONFLICT;
    }
    enum rc rc = delivery_own_facts(delivery, seen, &facts);
    if (rc == RC_CONFLICT) {
        *ret_fits = false;
        return RC_OK;
    }
    TRY(rc);
    facts.refuses_repeat = true; /* its frame is not repeated */
    *ret_fits = readback_judge(&facts) == READBACK_RESEND;
    return RC_OK;
}

/* The intent stands in the delivery before its count is burnt (G2). */
static enum rc fence_intent(struct own *own, const struct delivery_row *delivery)
{
    return delivery->state == DELIVERY_FENCING
               ? RC_OK
               : deliveries_set_fencing(own->db, delivery->id, delivery->state, own->row.maker_id);
}

/* Frozen, read-only, or after a restore not compared with the books yet: nothing is written. */
static enum rc meter_is_closed(struct own *own, bool *ret_closed)
{
    bool restored = false;
    bool writable = false;
    TRY(supply_line_hold(own->db, &own->arena, own->supply.line_id, &writable));
    TRY(restore_checks_pending(own->db, &own->arena, own->row.supply_id, &restored));
    *ret_closed = own->supply.frozen || restored || !writable;
    return RC_OK;
}

static enum rc must_wait(struct own *own, bool *ret_waits)
{
    bool taken = false;
    bool leaving = false; /* the meter is emptied for a swap: nothing else is done to it */
    bool closed = false;
    TRY(swaps_holds(own->db, &own->arena, own->row.supply_id, &leaving));
    TRY(deliveries_slot_taken(own->db, &own->arena, own->row.supply_id, own->row.delivery_id,
                              &taken));
    TRY(meter_is_closed(own, &closed));
    *ret_waits = taken || (leaving && !is_swap(own)) || closed;
    return RC_OK;
}

static enum rc begin_work(struct db *db, void *context)
{
    struct writing *writing = context;
    CLEANUP(own_release) struct own own;
    TRY(own_load(&own, db, writing->id));
    const struct evidence *seen = &writing->reading->evidence;
    bool waits = false;
    if (own.row.state != ADJUSTMENT_APPROVED) {
        return RC_CONFLICT;
    }
    TRY(must_wait(&own, &waits));
    if (waits) {
        writing->answer = RC_REFUSED;
        return RC_OK;
    }
    if (strcmp(writing->reading->serial_number, own.supply.serial_number) != 0) {
        TRY(freeze(&own, "serial_mismatch", writing->reading));
        return refuse(&own, writing, "serial_mismatch");
    }
    if (own.row.epoch != own.supply.epoch || own.row.meter_id != own.supply.meter_id) {
        return refuse(&own, writing, "wrong_epoch");
    }
    if (!writing->tripped || !capable(&own)) {
        return refuse(&own, writing, writing->tripped ? "not_offered" : "trip_not_proved");
    }
    bool fence = strcmp(own.row.kind, "fence") == 0;
    bool fits = true;
    struct delivery_row delivery;
    if (fence) {
        TRY(fence_fits(&own, seen, &delivery, &fits));
    }
    if (!fits) {
        return refuse(&own, writing, "count_mismatch");
    }
    struct adjustment_targets targets = {.old_count = seen->count,
                                         .old_balance_fen = seen->balance_fen,
                                         .new_count = seen->count + (fence ? 1 : 0),
                                         .new_balance_fen = target_of(&own, seen->balance_fen),
                                         .tolerance_fen = ADJUSTMENT_TOLERANCE_FEN};
    if (fence) {
        TRY(fence_intent(&own, &delivery));
    }
    if (is_mode(&own)) {
        const char *why = "";
        TRY(mode_change_target(db, &own.arena, &own.row, writing->reading, &targets.new_balance_fen,
                               &why));
        if (why[0] != '\0') {
            return refuse(&own, writing, why);
        }
    }
    TRY(adjustments_set_targets(db, own.row.id, &targets));
    writing->frame = (struct adjustment_frame){targets.new_count, targets.new_balance_fen};
    writing->answer = RC_OK;
    own.row.old_balance_fen = targets.old_balance_fen;
    own.row.new_balance_fen = targets.new_balance_fen;
    own.row.new_count = targets.new_count;
    return audit(&own, AUDIT_ACTION_ADJUSTMENT_BEGIN, "");
}

enum rc adjustment_begin(struct db *db, int64_t adjustment_id,
                         const struct delivery_reading *reading, bool tripped,
                         struct adjustment_frame *ret_frame)
{
    struct writing writing = {
        .id = adjustment_id, .reading = reading, .tripped = tripped, .answer = RC_INTERNAL};
    TRY(db_transact(db, begin_work, &writing));
    *ret_frame = writing.frame;
    return writing.answer;
}

static enum rc mark_work(struct db *db, void *context)
{
    struct writing *writing = context;
    CLEANUP(own_release) struct own own;
    bool closed = false;
    TRY(own_load(&own, db, writing->id));
    TRY(meter_is_closed(&own, &closed));
    if (own.row.state != ADJUSTMENT_WRITING) {
        return RC_CONFLICT;
    }
    if (closed) {
        return RC_REFUSED;
    }
    writing->frame = (struct adjustment_frame){own.row.new_count, own.row.new_balance_fen};
    return adjustments_set_written(db, own.row.id);
}

enum rc adjustment_mark_written(struct db *db, int64_t adjustment_id,
                                struct adjustment_frame *ret_frame)
{
    struct writing writing = {.id = adjustment_id};
    TRY(db_transact(db, mark_work, &writing));
    *ret_frame = writing.frame;
    return RC_OK;
}

/* ---- read back ---- */

static enum rc post(struct own *own)
{
    const struct adjustment_row *row = &own->row;
    if (row->left_fen == 0 || is_mode(own)) {
        return RC_OK; /* a change of mode posts both of its sides at once */
    }
    bool corrects = strcmp(row->kind, "correction") == 0 || row->left_fen < 0;
    struct ledger_entry entry = {.posting =
                                     corrects ? POSTING_CORRECTION : POSTING_ADJUSTMENT_APPLIED,
                                 .object_kind = "adjustment",
                                 .object_id = row->id,
                                 .supply_id = row->supply_id,
                                 .channel = "",
                                 .amount_fen = corrects ? -row->left_fen : row->left_fen,
                                 .at_ms = clock_now_ms()};
    TRY(ledger_post(own->db, &own->arena, &entry));
    if (corrects || strcmp(row->kind, "wrong_shop") != 0) {
        return RC_OK;
    }
    entry.posting = POSTING_ADJUSTMENT_HELD; /* the right shop had it when this was agreed */
    return ledger_post(own->db, &own->arena, &entry);
}

/* The delivery whose count was burnt is fenced: its money can never reach the meter. */
static enum rc fence_delivery(struct own *own)
{
    if (strcmp(own->row.kind, "fence") != 0) {
        return RC_OK;
    }
    struct delivery_row delivery;
    struct delivery_proof_row proof = {.count = own->row.new_count,
                                       .balance_fen = own->row.new_balance_fen,
                                       .tolerance_fen = own->row.tolerance_fen};
    TRY(deliveries_get(own->db, &own->arena, own->row.delivery_id, &delivery));
    if (delivery.state == DELIVERY_FENCED) { /* its own read-back saw it first */
        return RC_OK;
    }
    if (!delivery_move_allowed(delivery.state, DELIVERY_FENCED, true)) {
        return RC_CONFLICT;
    }
    TRY(deliveries_set_fenced(own->db, delivery.id, delivery.state, "", "adjustment", &proof));
    TRY(called_off_end(own->db, &own->arena, delivery.purchase_id));
    return alarm_close(own->db, ALARM_DELIVERY_MANUAL, "supply", own->row.supply_id);
}

/* What the meter said before its money was taken out, with the energy of the read-back: it is off
   in between. */
static enum rc note_emptied(struct own *own, const struct delivery_reading *reading)
{
    struct swap_figures figures = {.balance_fen = own->row.old_balance_fen,
                                   .count = reading->evidence.count,
                                   .energy_wh = reading->evidence.energy_wh,
                                   .taken_at_ms = reading->taken_at_ms};
    return is_swap(own) ? swaps_note_emptied(own->db, own->row.id, &figures) : RC_OK;
}

static enum rc apply(struct own *own, const struct delivery_reading *reading)
{
    const struct evidence *seen = &reading->evidence;
    own->row.left_fen = own->row.old_balance_fen - seen->balance_fen;
    TRY(adjustments_set_applied(own->db, own->row.id, seen->count, seen->balance_fen,
                                own->row.left_fen));
    TRY(post(own));
    TRY(fence_delivery(own));
    TRY(note_emptied(own, reading));
    /* a closed account and a meter on its way out stay off */
    bool stays = strcmp(own->row.kind, "close") == 0 || strcmp(own->row.kind, "swap") == 0;
    if (is_mode(own)) {
        TRY(mode_change_applied(own->db, &own->arena, &own->row, reading));
    } else if (!stays) {
        TRY(lift_trip(own));
    }
    return audit(own, AUDIT_ACTION_ADJUSTMENT_APPLY, "");
}

static enum rc to_person(struct own *own, const char *reason,
                         const struct delivery_reading *reading)
{
    TRY(freeze(own, reason, reading));
    TRY(adjustments_move(own->db, own->row.id, ADJUSTMENT_WRITING, ADJUSTMENT_MANUAL));
    return audit(own, AUDIT_ACTION_ADJUSTMENT_WAIT, reason);
}

static enum rc settle_work(struct db *db, void *context)
{
    struct writing *writing = context;
    CLEANUP(own_release) struct own own;
    TRY(own_load(&own, db, writing->id));
    const struct adjustment_row *row = &own.row;
    const struct evidence *seen = &writing->reading->evidence;
    if (row->state != ADJUSTMENT_WRITING) {
        return RC_CONFLICT;
    }
    writing->verdict = ADJUSTMENT_READ_FREEZE;
    if (strcmp(writing->reading->serial_number, own.supply.serial_number) != 0) {
        return to_person(&own, "serial_mismatch", writing->reading);
    }
    struct adjustment_facts facts = {.old_count = row->old_count,
                                     .old_balance_fen = row->old_balance_fen,
                                     .new_count = row->new_count,
                                     .new_balance_fen = row->new_balance_fen,
                                     .count = seen->count,
                                     .balance_fen = seen->balance_fen,
                                     .tolerance_fen = row->tolerance_fen};
    writing->verdict = adjustment_judge(&facts);
    if (writing->verdict == ADJUSTMENT_READ_APPLIED && row->writes == 0 &&
        row->new_count == row->old_count && row->new_balance_fen != row->old_balance_fen) {
        writing->verdict = ADJUSTMENT_READ_REWRITE; /* too small to see, and nothing was written */
    }
    if (writing->verdict == ADJUSTMENT_READ_APPLIED) {
        TRY(apply(&own, writing->reading));
        (void)FAILPOINT("adj.pre_commit");
        return RC_OK;
    }
    return writing->verdict == ADJUSTMENT_READ_REWRITE
               ? RC_OK
               : to_person(&own, "count_mismatch", writing->reading);
}

enum rc adjustment_settle(struct db *db, int64_t adjustment_id,
                          const struct delivery_reading *reading,
                          enum adjustment_verdict *ret_verdict)
{
    struct writing writing = {.id = adjustment_id, .reading = reading};
    TRY(db_transact(db, settle_work, &writing));
    (void)FAILPOINT("adj.post_commit");
    *ret_verdict = writing.verdict;
    return RC_OK;
}
