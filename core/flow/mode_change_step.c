/* The poller's half of a change of mode: the money moves, the mode turns, fee control follows. */
#include <assert.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/failpoint.h"
#include "core/flow/mode_change_own.h"
#include "core/flow/platform.h"
#include "core/flow/push.h"
#include "core/flow/step.h"
#include "core/rules/push.h"
#include "core/store/alarm.h"
#include "core/store/command.h"
#include "core/store/ledger.h"
#include "core/store/payment.h"
#include "core/store/platform.h"
#include "core/store/purchase.h"
#include "core/store/push.h"

static const struct actor poller = {.kind = ACTOR_SYSTEM, .name = "poller", .role = "", .ip = ""};

struct step {
    struct db *db;
    struct arena *arena;
    struct mode_change_row row;
    struct supply supply;
};

static enum rc step_load(struct step *step, enum mode_change_key key, int64_t id)
{
    TRY(mode_changes_find(step->db, step->arena, key, id, &step->row));
    return supply_get(step->db, step->arena, step->row.supply_id, &step->supply);
}

static struct platform_reading reading_of(const struct step *step,
                                          const struct delivery_reading *reading)
{
    struct platform_reading at = {
        .epoch = step->row.epoch,
        .point = {.at_ms = reading->taken_at_ms, .total_wh = reading->evidence.energy_wh},
        .has_rates = true};
    for (int i = 0; i < EVIDENCE_RATES; i++) {
        at.point.rate_wh[i] = reading->evidence.rate_wh[i];
    }
    return at;
}

static enum rc post_at(const struct step *step, enum ledger_posting posting,
                       const char *object_kind, int64_t object_id, int64_t amount_fen,
                       int64_t at_ms)
{
    struct ledger_entry entry = {.posting = posting,
                                 .object_kind = object_kind,
                                 .object_id = object_id,
                                 .supply_id = step->row.supply_id,
                                 .channel = "",
                                 .amount_fen = amount_fen,
                                 .at_ms = at_ms};
    return amount_fen == 0 ? RC_OK : ledger_post(step->db, step->arena, &entry);
}

static enum rc post(const struct step *step, enum ledger_posting posting, const char *object_kind,
                    int64_t object_id, int64_t amount_fen)
{
    return post_at(step, posting, object_kind, object_id, amount_fen, clock_now_ms());
}

static enum rc audit(struct step *step, enum mode_change_state state, const char *code)
{
    step->row.state = state;
    return mode_change_audit(step->db, step->arena, &poller, AUDIT_ACTION_MODE_CHANGE_MOVE,
                             &step->row, code);
}

/* ---- what is to stand in the meter */

/* Use is charged up to the reading; what the ledger then has is what the meter shall have more. */
static enum rc bring_in(const struct step *step, const struct delivery_reading *reading,
                        int64_t *ret_balance_fen, const char **ret_code)
{
    struct platform_span span;
    struct platform_done done;
    struct platform_reading at = reading_of(step, reading);
    int64_t money_fen = 0;
    TRY(platform_span_live(step->db, step->arena, step->row.supply_id, &span));
    enum rc rc = RC_OK;
    if (at.point.at_ms > span.charged_at_ms) {
        rc = platform_charge_to(step->db, step->arena, &span, &at, &done);
        if (rc == RC_NOT_FOUND || rc == RC_INVALID) {
            *ret_code = rc == RC_NOT_FOUND ? "no_tariff" : "energy_back";
            return RC_OK;
        }
        TRY(rc);
        TRY(platform_span_note(step->db, span.id, at.point.at_ms, at.point.at_ms, false));
    }
    TRY(platform_balance(step->db, step->arena, step->row.supply_id, &money_fen));
    *ret_code = money_fen < 0 ? "in_debt" : "";
    *ret_balance_fen = reading->evidence.balance_fen + money_fen;
    return RC_OK;
}

enum rc mode_change_target(struct db *db, struct arena *arena, const struct adjustment_row *row,
                           const struct delivery_reading *reading, int64_t *ret_balance_fen,
                           const char **ret_code)
{
    assert(db_in_transaction(db));
    struct step step = {.db = db, .arena = arena};
    TRY(step_load(&step, MODE_CHANGE_BY_ADJUSTMENT, row->id));
    *ret_code = "";
    *ret_balance_fen = 0;
    if (!step.row.to_platform) {
        return bring_in(&step, reading, ret_balance_fen, ret_code);
    }
    *ret_code = reading->evidence.balance_fen < 0 ? "in_debt" : "";
    return RC_OK;
}

/* ---- power */

/* The trip was for the change alone. */
static enum rc lift_trip(const struct step *step)
{
    int64_t now_ms = clock_now_ms();
    int64_t id = 0;
    if (step->row.trip_command_id == 0 || step->supply.locked_out) {
        return RC_OK;
    }
    struct command_row command = {.supply_id = step->row.supply_id,
                                  .meter_id = step->supply.meter_id,
                                  .epoch = step->supply.epoch,
                                  .kind = COMMAND_RELEASE,
                                  .origin = ORIGIN_AUTOMATIC,
                                  .reason = step->row.reason,
                                  .requested_at_ms = now_ms,
                                  .expires_at_ms = now_ms + COMMAND_MANUAL_EXPIRY_MS};
    TRY(commands_insert(step->db, &command, &id));
    const char *after = arena_printf(
        step->arena, "{\"command_id\":%lld,\"kind\":\"release\",\"mode_change_id\":%lld}",
        (long long)id, (long long)step->row.id);
    return after == NULL ? RC_MEMORY
                         : step_audit(step->db, &poller, AUDIT_ACTION_COMMAND_REQUEST, "supply",
                                      step->row.supply_id, supply_label(&step->supply),
                                      step->row.reason, "", after);
}

/* In platform mode power is for those who have money; else the trip stays, as one at zero. */
static enum rc give_power(const struct step *step, bool platform)
{
    struct platform_span span;
    int64_t balance_fen = 0;
    if (!platform) {
        return lift_trip(step);
    }
    TRY(platform_span_live(step->db, step->arena, step->row.supply_id, &span));
    TRY(platform_balance(step->db, step->arena, step->row.supply_id, &balance_fen));
    if (balance_fen + span.overdraft_fen > 0) {
        return lift_trip(step);
    }
    return platform_span_set_trip(step->db, span.id, step->row.trip_command_id);
}

/* ---- purchases that were paid meanwhile, where the ledger has the money */

static enum rc credit_waiting(const struct step *step)
{
    struct mode_change_purchase *list = NULL;
    size_t count = 0;
    TRY(mode_changes_purchases(step->db, step->arena, step->row.supply_id, &list, &count));
    for (size_t i = 0; i < count; i++) {
        const struct mode_change_purchase *item = &list[i];
        enum delivery_state state = DELIVERY_PENDING;
        TRY(delivery_state_find(item->delivery_state, &state));
        TRY(deliveries_move(step->db, item->delivery_id, state, DELIVERY_CANCELLED, "", ""));
        TRY(purchases_set_mode(step->db, item->purchase_id, true));
        TRY(purchases_set_ended(step->db, item->purchase_id, PURCHASE_PAID, PURCHASE_CREDITED,
                                clock_now_ms()));
        if (item->payment_id != 0) {
            TRY(payments_set_disposition(step->db, item->payment_id, DISPOSITION_PENDING,
                                         DISPOSITION_CREDITED));
        }
        TRY(post(step, POSTING_PAYMENT_CREDITED, "purchase", item->purchase_id, item->amount_fen));
    }
    return RC_OK;
}

enum rc mode_change_refused(struct db *db, struct arena *arena, const struct adjustment_row *row,
                            const char *code)
{
    assert(db_in_transaction(db));
    struct step step = {.db = db, .arena = arena};
    TRY(step_load(&step, MODE_CHANGE_BY_ADJUSTMENT, row->id));
    TRY(mode_changes_move(db, step.row.id, MODE_CHANGE_MOVING, MODE_CHANGE_REFUSED, code));
    bool stays_platform = !step.row.to_platform;
    if (stays_platform) {
        TRY(credit_waiting(&step));
    }
    TRY(give_power(&step, stays_platform));
    return audit(&step, MODE_CHANGE_REFUSED, code);
}

/* ---- the money moved */

enum rc mode_change_push(struct db *db, struct arena *arena, const struct mode_change_row *row,
                         const struct supply *supply, int64_t *ret_push_id)
{
    struct push_wanted wanted = {.has_fee_control = true, .fee_control = !row->to_platform};
    const struct tariff_version *version = NULL;
    int64_t batch_id = 0;
    enum rc rc =
        row->to_platform ? RC_NOT_FOUND : mode_change_version(db, arena, row->supply_id, &version);
    if (rc == RC_OK && !tariff_kind_has_steps(version->kind)) {
        wanted.has_prices = true;
        for (int i = 0; i < PUSH_RATES; i++) {
            wanted.price_e4[i] = tariff_price_e4(version, 0, (enum rate)i);
        }
    } else if (rc != RC_OK && rc != RC_NOT_FOUND) {
        return rc;
    }
    struct text json CLEANUP(text_release);
    text_init(&json, PUSH_JSON_MAX);
    push_add_json(&json, &wanted);
    TRY(text_result(&json));
    TRY(pushes_add_batch(db, row->reason, row->maker_id, row->approval_id, clock_now_ms(),
                         &batch_id));
    return pushes_add(db, batch_id, supply->id, supply->epoch, supply->meter_id, text_string(&json),
                      false, ret_push_id);
}

/* Out of the meter: what it used until now and nobody posted yet is use; the rest is credited. */
static enum rc to_platform(struct step *step, int64_t left_fen,
                           const struct delivery_reading *reading)
{
    struct platform_reading from = reading_of(step, reading);
    int64_t used_fen = 0;
    TRY(post(step, POSTING_ADJUSTMENT_APPLIED, "adjustment", step->row.adjustment_id, left_fen));
    TRY(platform_balance(step->db, step->arena, step->row.supply_id, &used_fen));
    /* the proof of the day counts it in the meter's stretch, and the credit behind that */
    TRY(post_at(step, POSTING_USE, "mode_change", step->row.id, used_fen, from.point.at_ms));
    TRY(post_at(step, POSTING_MODE_CHANGED, "mode_change", step->row.id, left_fen,
                clock_now_ms() + 1));
    TRY(mode_changes_set_supply(step->db, step->row.supply_id, true, step->row.overdraft_fen));
    TRY(platform_span_open(step->db, step->row.supply_id, step->row.id, 0, &from));
    return credit_waiting(step);
}

/* Into the meter: the span ends at the reading up to which it was charged. */
static enum rc to_meter(struct step *step, int64_t brought_fen)
{
    struct platform_span span;
    TRY(platform_span_live(step->db, step->arena, step->row.supply_id, &span));
    TRY(post(step, POSTING_MODE_HELD, "mode_change", step->row.id, brought_fen));
    TRY(post(step, POSTING_MODE_CHANGED, "adjustment", step->row.adjustment_id, brought_fen));
    TRY(platform_span_close(step->db, span.id, step->row.id, span.charged_at_ms));
    TRY(alarm_close(step->db, ALARM_PLATFORM_ZERO, "supply", step->row.supply_id));
    return mode_changes_set_supply(step->db, step->row.supply_id, false, 0);
}

enum rc mode_change_applied(struct db *db, struct arena *arena, const struct adjustment_row *row,
                            const struct delivery_reading *reading)
{
    assert(db_in_transaction(db));
    struct step step = {.db = db, .arena = arena};
    int64_t push_id = 0;
    TRY(step_load(&step, MODE_CHANGE_BY_ADJUSTMENT, row->id));
    step.row.moved_fen = step.row.to_platform ? row->left_fen : -row->left_fen;
    TRY(step.row.to_platform ? to_platform(&step, row->left_fen, reading)
                             : to_meter(&step, step.row.moved_fen));
    TRY(mode_change_push(db, arena, &step.row, &step.supply, &push_id));
    TRY(mode_changes_set_moved(db, step.row.id, step.row.moved_fen, push_id));
    struct push_tariff_ask later = {.supply_ids = &step.row.supply_id,
                                    .count = 1,
                                    .from_ms = clock_now_ms() + 1,
                                    .approval_id = step.row.approval_id,
                                    .reason = step.row.reason};
    TRY(push_tariffs(db, &poller, &later)); /* what is in force now came with fee control */
    TRY(audit(&step, MODE_CHANGE_SWITCHING, ""));
    (void)FAILPOINT("mode.pre_commit");
    return RC_OK;
}

enum rc mode_change_pushed(struct db *db, struct arena *arena, int64_t push_id, bool confirmed,
                           const char *code)
{
    assert(db_in_transaction(db));
    struct step step = {.db = db, .arena = arena};
    enum rc rc = step_load(&step, MODE_CHANGE_BY_PUSH, push_id);
    if (rc == RC_NOT_FOUND || (rc == RC_OK && step.row.state != MODE_CHANGE_SWITCHING)) {
        return RC_OK; /* an ordinary push, or one that is over */
    }
    TRY(rc);
    enum mode_change_state to = confirmed ? MODE_CHANGE_DONE : MODE_CHANGE_STUCK;
    TRY(mode_changes_move(db, step.row.id, MODE_CHANGE_SWITCHING, to, code));
    if (confirmed) {
        TRY(give_power(&step, step.row.to_platform));
    }
    return audit(&step, to, code);
}
