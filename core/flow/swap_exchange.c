/* The one transaction in which a supply changes its meter, and the one that takes it back. */
#include <assert.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/failpoint.h"
#include "core/flow/delivery_own.h"
#include "core/flow/step.h"
#include "core/flow/swap_own.h"
#include "core/flow/zone.h"
#include "core/rules/swap.h"
#include "core/store/ledger.h"
#include "core/store/lock_out.h"
#include "core/store/refund.h"
#include "core/store/returned_money.h"
#include "core/store/row.h"
#include "core/store/site.h"

#define DAY_MS INT64_C(86400000)

static enum rc shard_of(const struct swap_own *own, int64_t meter_id, int32_t *ret_shard)
{
    int64_t line_id = 0;
    const char *model_code = "";
    return swap_meter_where(own->db, own->arena, meter_id, &line_id, ret_shard, &model_code);
}

/* ---- the old epoch ends ---- */

static enum rc confirm_flight(const struct swap_own *own, int64_t delivery_id)
{
    CLEANUP(delivery_own_release) struct delivery_own delivery;
    struct delivery_proof_row proof = {.decided_by = own->swap.maker_id,
                                       .approval_id = own->swap.approval_id};
    delivery_own_init(&delivery, own->db);
    TRY(delivery_own_load(&delivery, delivery_id));
    if (delivery.row.state == DELIVERY_HOLD) {
        TRY(deliveries_move(own->db, delivery_id, DELIVERY_HOLD, DELIVERY_MANUAL, "", "person"));
        delivery.row.state = DELIVERY_MANUAL;
    }
    TRY(deliveries_set_confirmed(own->db, delivery_id, delivery.row.state, "", &proof));
    TRY(delivery_own_settle(&delivery, 0));
    return delivery_own_close_alarms(&delivery);
}

/* What was under way into the old meter. A living one had nothing under way when it was emptied;
   of a dead one the typed count says whether it arrived. */
static enum rc end_flight(const struct swap_own *own)
{
    const struct swap *swap = &own->swap;
    struct swap_counts counts;
    TRY(swap_counts_get(own->db, own->arena, swap->supply_id, swap->old_epoch, &counts));
    enum swap_flight flight =
        swap_judge_flight(counts.ended_count, counts.flight_count, swap->old_count);
    if (own->facts.platform_mode) {
        return RC_OK; /* the meter's count is nobody's money */
    }
    switch (flight) {
    case SWAP_FLIGHT_NONE:
        return RC_OK;
    case SWAP_FLIGHT_APPLIED:
        return swap->old_dead ? confirm_flight(own, counts.flight_delivery_id)
                              : step_refuse(RC_REFUSED, "on_its_way", "", own->refusal);
    case SWAP_FLIGHT_NOT_APPLIED:
        return swap->old_dead ? swap_delivery_restart(own->db, counts.flight_delivery_id)
                              : step_refuse(RC_REFUSED, "on_its_way", "", own->refusal);
    default:
        return step_refuse(RC_REFUSED, "count_differs", "", own->refusal);
    }
}

/* A restarted delivery has no count any more; its row moves with the others. */
static enum rc close_old(struct swap_own *own, int64_t *ret_pool_fen, int64_t *ret_residual_fen)
{
    struct swap *swap = &own->swap;
    int64_t pool_fen = swap->left_fen == ROW_NULL ? 0 : swap->left_fen;
    if (swap->old_dead && !own->facts.platform_mode) {
        struct swap_typed typed = {.swap_id = swap->id,
                                   .epoch = swap->old_epoch,
                                   .left_fen =
                                       swap->old_balance_fen > 0 ? swap->old_balance_fen : 0};
        struct ledger_entry entry = {.posting = POSTING_ADJUSTMENT_APPLIED,
                                     .object_kind = "adjustment",
                                     .supply_id = swap->supply_id,
                                     .channel = "",
                                     .amount_fen = typed.left_fen,
                                     .at_ms = clock_now_ms()};
        TRY(swaps_insert_typed(own->db, &typed, &swap->adjustment_id));
        entry.object_id = swap->adjustment_id;
        pool_fen = typed.left_fen;
        if (pool_fen != 0) {
            TRY(ledger_post(own->db, own->arena, &entry));
        }
    }
    *ret_pool_fen = pool_fen;
    *ret_residual_fen = own->facts.platform_mode ? 0 : swap->old_balance_fen - pool_fen;
    /* what the meter itself shows at its end: nothing was written into a dead one */
    struct swap_figures figures = {.balance_fen =
                                       swap->old_dead ? swap->old_balance_fen : *ret_residual_fen,
                                   .count = swap->old_count,
                                   .energy_wh = swap->old_energy_wh,
                                   .taken_at_ms = swap->old_taken_at};
    return swap_epoch_close(own->db, swap->supply_id, swap->old_epoch, &figures, swap->old_dead);
}

/* ---- the new one begins ---- */

static enum rc open_epoch(const struct swap_own *own, int64_t epoch, int64_t meter_id,
                          const struct swap_answer *answer)
{
    int64_t id = 0;
    struct epoch row = {.supply_id = own->supply.id,
                        .epoch = epoch,
                        .meter_id = meter_id,
                        .open_count = answer->count,
                        .open_balance_fen = answer->balance_fen,
                        .open_energy_wh = answer->energy_wh,
                        .opened_at_ms = answer->taken_at};
    TRY(swap_supply_set_meter(own->db, own->supply.id, meter_id, epoch));
    return epochs_insert(own->db, &row, &id);
}

static enum rc unfreeze(const struct swap_own *own)
{
    if (own->supply.frozen) {
        TRY(supply_unfreeze(own->db, own->supply.id));
        TRY(swap_own_audit(own, AUDIT_ACTION_SUPPLY_UNFREEZE, own->swap.reason, "", ""));
    }
    return swap_alarms_close(own->db, "supply", own->supply.id);
}

/* More than belongs into the new meter is taken out again, by the same two people's word. */
static enum rc take_excess(const struct swap_own *own, int64_t amount_fen)
{
    const struct swap *swap = &own->swap;
    int64_t id = 0;
    if (amount_fen == 0) {
        return RC_OK;
    }
    struct adjustment_ask ask = {.kind = "correction",
                                 .account_id = swap->account_id,
                                 .supply_id = swap->supply_id,
                                 .epoch = swap->new_epoch,
                                 .meter_id = swap->new_meter_id,
                                 .amount_fen = amount_fen,
                                 .reason = swap->reason,
                                 .maker_id = swap->maker_id,
                                 .approval_id = swap->approval_id};
    TRY(adjustment_asks_insert(own->db, &ask, &id));
    return adjustment_asks_set_approved(own->db, id, swap->checker_id);
}

static enum rc place_money(struct swap_own *own, int64_t pool_fen, int64_t residual_fen)
{
    struct swap *swap = &own->swap;
    struct swap_money money = {
        .pool_fen = pool_fen, .residual_fen = residual_fen, .new_fen = swap->new_balance_fen};
    if (own->facts.platform_mode) {
        return RC_OK;
    }
    struct swap_parts parts = swap_divide(&money);
    swap->covered_fen = parts.covered_fen;
    swap->carried_fen = parts.deliver_fen;
    swap->correction_fen = parts.correction_fen;
    TRY(swap_own_post(own, POSTING_SWAP_CARRIED, "swap", parts.covered_fen));
    TRY(swap_own_post(own, POSTING_CORRECTION, "swap", parts.correction_fen));
    TRY(swap_own_deliver(own, parts.deliver_fen, swap->new_epoch, swap->new_meter_id));
    return take_excess(own, parts.excess_fen);
}

static enum rc check_new(const struct swap_own *own, struct swap_answer *answer,
                         struct swap_place *place)
{
    const struct swap *swap = &own->swap;
    if (swap->new_number[0] == '\0' || swap->survey_old) {
        return step_refuse(RC_REFUSED, "not_surveyed", "", own->refusal);
    }
    TRY(swap_own_answer(own, swap->new_serial_number, swap->emptied_at, answer));
    if (strcmp(answer->serial_number, swap->old_serial_number) == 0) {
        return step_refuse(RC_REFUSED, "still_old_meter", "serial_number", own->refusal);
    }
    if (answer->balance_fen < 0) {
        return step_refuse(RC_REFUSED, "negative_balance", "", own->refusal);
    }
    TRY(swap_place_look(own->db, own->arena, swap->new_number, answer->serial_number,
                        swap->new_line_id, swap->new_address, swap->old_meter_id, place));
    if (place->feeds || place->meter_id == swap->old_meter_id) {
        return step_refuse(RC_REFUSED, "number_in_use", "number", own->refusal);
    }
    if (place->address_taken) {
        return step_refuse(RC_REFUSED, "address_in_use", "address", own->refusal);
    }
    return place->serial_taken
               ? step_refuse(RC_REFUSED, "serial_in_use", "serial_number", own->refusal)
               : RC_OK;
}

static const char *figures_json(const struct swap_own *own, int64_t epoch, const char *number,
                                const char *serial, const struct swap_figures *figures)
{
    const char *safe = step_json_string(own->arena, number);
    return safe == NULL
               ? NULL
               : arena_printf(own->arena,
                              "{\"swap_id\":%lld,\"epoch\":%lld,\"meter\":%s,\"serial_number\":"
                              "\"%s\",\"balance_fen\":%lld,\"count\":%lld,\"energy_wh\":%lld}",
                              (long long)own->swap.id, (long long)epoch, safe, serial,
                              (long long)figures->balance_fen, (long long)figures->count,
                              (long long)figures->energy_wh);
}

static enum rc audit_exchange(const struct swap_own *own, const char *serial_number)
{
    const struct swap *swap = &own->swap;
    struct swap_figures last = {.balance_fen = swap->old_balance_fen,
                                .count = swap->old_count,
                                .energy_wh = swap->old_energy_wh};
    struct swap_figures first = {.balance_fen = swap->new_balance_fen,
                                 .count = swap->new_count,
                                 .energy_wh = swap->new_energy_wh};
    return swap_own_audit(
        own, AUDIT_ACTION_SWAP_EXCHANGE, swap->reason,
        figures_json(own, swap->old_epoch, swap->old_number, swap->old_serial_number, &last),
        figures_json(own, swap->new_epoch, swap->new_number, serial_number, &first));
}

static enum rc change_meter(struct swap_own *own, const struct swap_answer *answer,
                            const struct swap_place *place)
{
    struct swap *swap = &own->swap;
    swap->new_epoch = swap->old_epoch + 1;
    swap->new_balance_fen = answer->balance_fen;
    swap->new_count = answer->count;
    swap->new_energy_wh = answer->energy_wh;
    swap->new_taken_at = answer->taken_at;
    TRY(swap_meter_retire(own->db, swap->old_meter_id));
    enum rc rc = swap_meter_write(own->db, swap, answer->serial_number, answer->external_control,
                                  place->meter_id, &swap->new_meter_id);
    if (rc == RC_CONFLICT) {
        return step_refuse(RC_REFUSED, "address_in_use", "address", own->refusal);
    }
    TRY(rc);
    return open_epoch(own, swap->new_epoch, swap->new_meter_id, answer);
}

enum rc swap_exchange(struct db *db, struct arena *arena, const struct actor *actor,
                      int64_t swap_id, int32_t *ret_shard, struct command_refusal *ret_refusal)
{
    struct swap_own own = {.db = db, .arena = arena, .actor = actor, .refusal = ret_refusal};
    struct swap *swap = &own.swap;
    struct swap_answer answer;
    struct swap_place place;
    int64_t lock_out_id = 0;
    int64_t pool_fen = 0;
    int64_t residual_fen = 0;
    int64_t moved = 0;
    TRY(swap_own_load(&own, swap_id));
    if (swap->step != SWAP_EMPTIED) {
        return step_refuse(RC_REFUSED, "wrong_state", "state", ret_refusal);
    }
    TRY(swap_own_check_epoch(&own, swap->old_epoch, swap->old_meter_id));
    TRY(swap_own_check_quiet(&own, &lock_out_id));
    TRY(check_new(&own, &answer, &place));
    TRY(swap_own_end_orders(&own));
    TRY(end_flight(&own));
    TRY(close_old(&own, &pool_fen, &residual_fen));
    TRY(change_meter(&own, &answer, &place));
    TRY(swap_move_open(db, swap->supply_id, swap->old_epoch, swap->new_epoch, swap->new_meter_id,
                       &moved));
    TRY(place_money(&own, pool_fen, residual_fen));
    TRY(unfreeze(&own));
    TRY(swap_alarms_close(db, "meter", swap->old_meter_id));
    TRY(swap_own_push(&own, swap->new_meter_id, swap->new_epoch));
    if (lock_out_id != 0) { /* the wires are still being worked on */
        TRY(swap_own_order(&own, swap->new_meter_id, swap->new_epoch, COMMAND_TRIP, lock_out_id));
    }
    TRY(swaps_set_exchanged(db, swap, swap->carried_fen > 0 ? SWAP_EXCHANGED : SWAP_DONE));
    TRY(audit_exchange(&own, answer.serial_number));
    (void)FAILPOINT("swap.pre_commit");
    return shard_of(&own, swap->new_meter_id, ret_shard);
}

/* ---- back again ---- */

/* The same day of the site. */
static enum rc same_day(const struct swap_own *own, int64_t a_ms, int64_t b_ms, bool *ret_same)
{
    struct site site;
    struct calendar_zone zone;
    TRY(site_find(own->db, own->arena, &site));
    TRY(zone_load(site.time_zone, &zone));
    *ret_same = calendar_local_ms(&zone, a_ms) / DAY_MS == calendar_local_ms(&zone, b_ms) / DAY_MS;
    return RC_OK;
}

static enum rc check_undo(const struct swap_own *own, struct swap_answer *answer)
{
    const struct swap *swap = &own->swap;
    struct swap_counts counts;
    struct swap_place place;
    int64_t sold = 0;
    bool today = false;
    if (swap->step != SWAP_EXCHANGED && swap->step != SWAP_DONE) {
        return step_refuse(RC_REFUSED, "wrong_state", "state", own->refusal);
    }
    TRY(same_day(own, swap->exchanged_at, clock_now_ms(), &today));
    if (!today) {
        return step_refuse(RC_REFUSED, "day_over", "", own->refusal);
    }
    TRY(swap_own_check_epoch(own, swap->new_epoch, swap->new_meter_id));
    TRY(swap_counts_get(own->db, own->arena, swap->supply_id, swap->new_epoch, &counts));
    TRY(swap_sold_since(own->db, own->arena, swap->supply_id, swap->new_epoch, swap->exchanged_at,
                        &sold));
    if (counts.given_since > 0 || sold > 0) {
        return step_refuse(RC_REFUSED, "sold_since", "", own->refusal);
    }
    if (!swap->survey_old) {
        return step_refuse(RC_REFUSED, "not_surveyed", "", own->refusal);
    }
    TRY(swap_own_answer(own, swap->old_serial_number, swap->exchanged_at, answer));
    if (answer->count != swap->old_count && !own->facts.platform_mode) {
        return step_refuse(RC_REFUSED, "count_differs", "", own->refusal);
    }
    TRY(swap_place_look(own->db, own->arena, swap->old_number, swap->old_serial_number, 0, 0,
                        swap->new_meter_id, &place));
    return place.feeds ? step_refuse(RC_REFUSED, "number_in_use", "", own->refusal) : RC_OK;
}

/* A dead meter still holds what was typed: the carry is called off, the money counts as in it. */
static enum rc call_off_carry(const struct swap_own *own)
{
    struct swap_carried *list = NULL;
    size_t count = 0;
    int64_t now_ms = clock_now_ms();
    TRY(swap_carried_open(own->db, own->arena, own->swap.id, &list, &count));
    TRY(returned_money_undo(own->db, own->swap.id));
    for (size_t i = 0; i < count; i++) {
        struct delivery_row delivery;
        struct ledger_entry entry = {.posting = POSTING_ADJUSTMENT_RETURN_UNDONE,
                                     .object_kind = "purchase",
                                     .object_id = list[i].purchase_id,
                                     .supply_id = own->swap.supply_id,
                                     .channel = "",
                                     .amount_fen = list[i].amount_fen,
                                     .at_ms = now_ms};
        TRY(deliveries_get(own->db, own->arena, list[i].delivery_id, &delivery));
        TRY(deliveries_move(own->db, delivery.id, delivery.state, DELIVERY_CANCELLED, "", ""));
        TRY(purchases_set_ended(own->db, list[i].purchase_id, PURCHASE_PAID, PURCHASE_REFUNDED,
                                now_ms));
        TRY(ledger_post(own->db, own->arena, &entry));
    }
    return RC_OK;
}

/* The books say again what the old meter says now: new_fen of it. */
static enum rc money_back(const struct swap_own *own, int64_t there_fen, int64_t back_epoch)
{
    const struct swap *swap = &own->swap;
    int64_t pool_fen = swap->left_fen == ROW_NULL ? 0 : swap->left_fen;
    int64_t expected_fen = swap->old_balance_fen - (swap->old_dead ? 0 : pool_fen);
    if (own->facts.platform_mode) {
        return RC_OK;
    }
    int64_t given_fen = swap->old_dead ? pool_fen - swap->covered_fen : -swap->covered_fen;
    TRY(swap_own_post(own, POSTING_SWAP_CARRIED, "swap_undo", given_fen));
    TRY(swap_own_post(own, POSTING_CORRECTION, "swap_undo",
                      there_fen - expected_fen - swap->correction_fen));
    return swap->old_dead
               ? RC_OK
               : swap_own_deliver(own, swap->covered_fen, back_epoch, swap->old_meter_id);
}

static enum rc close_new(const struct swap_own *own)
{
    const struct swap *swap = &own->swap;
    struct meter_money money;
    TRY(meter_money_get(own->db, own->arena, swap->supply_id, &money));
    int64_t energy_wh =
        money.energy_wh > swap->new_energy_wh ? money.energy_wh : swap->new_energy_wh;
    struct swap_figures figures = {.balance_fen = swap->new_balance_fen,
                                   .count = swap->new_count,
                                   .energy_wh = energy_wh,
                                   .taken_at_ms = clock_now_ms()};
    return swap_epoch_close(own->db, swap->supply_id, swap->new_epoch, &figures, false);
}

static enum rc change_back(const struct swap_own *own, const struct swap_answer *answer,
                           int64_t back_epoch)
{
    const struct swap *swap = &own->swap;
    TRY(swap_meter_retire(own->db, swap->new_meter_id));
    enum rc rc = swap_meter_return(own->db, swap->old_meter_id);
    if (rc == RC_CONFLICT) {
        return step_refuse(RC_REFUSED, "address_in_use", "address", own->refusal);
    }
    TRY(rc);
    return open_epoch(own, back_epoch, swap->old_meter_id, answer);
}

enum rc swap_undo(struct db *db, struct arena *arena, const struct actor *actor, int64_t swap_id,
                  const char *reason, int32_t *ret_shard, struct command_refusal *ret_refusal)
{
    struct swap_own own = {.db = db, .arena = arena, .actor = actor, .refusal = ret_refusal};
    const struct swap *swap = &own.swap;
    struct swap_answer answer;
    int64_t lock_out_id = 0;
    int64_t moved = 0;
    *ret_refusal = (struct command_refusal){.code = "", .field = ""};
    TRY(step_check_reason(reason, "reason", ret_refusal));
    TRY(swap_own_load(&own, swap_id));
    TRY(check_undo(&own, &answer));
    TRY(swap_adjustments_cancel(db, swap->supply_id, swap->new_epoch));
    TRY(swap_own_check_quiet(&own, &lock_out_id));
    TRY(swap_own_end_orders(&own));
    int64_t back_epoch = swap->new_epoch + 1;
    TRY(close_new(&own));
    TRY(change_back(&own, &answer, back_epoch));
    if (swap->old_dead) {
        TRY(call_off_carry(&own));
    }
    TRY(swap_move_open(db, swap->supply_id, swap->new_epoch, back_epoch, swap->old_meter_id,
                       &moved));
    TRY(money_back(&own, answer.balance_fen, back_epoch));
    TRY(unfreeze(&own));
    TRY(swap_alarms_close(db, "meter", swap->new_meter_id));
    if (lock_out_id != 0) {
        TRY(swap_own_order(&own, swap->old_meter_id, back_epoch, COMMAND_TRIP, lock_out_id));
    } else if (swap->adjustment_id != ROW_NULL && !swap->old_dead) {
        TRY(swap_own_order(&own, swap->old_meter_id, back_epoch, COMMAND_RELEASE, 0));
    }
    TRY(swaps_set_undone(db, swap_id, swap->step, back_epoch, actor->id, reason));
    const char *after =
        arena_printf(arena, "{\"swap_id\":%lld,\"epoch\":%lld,\"balance_fen\":%lld}",
                     (long long)swap_id, (long long)back_epoch, (long long)answer.balance_fen);
    TRY(swap_own_audit(&own, AUDIT_ACTION_SWAP_UNDO, reason, "", after));
    return shard_of(&own, swap->old_meter_id, ret_shard);
}
