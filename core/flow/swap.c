/* Asking for a meter swap, agreeing to it, calling it off, and the question to the new meter. */
#include "core/flow/swap.h"

#include <assert.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/flow/approval.h"
#include "core/flow/document.h"
#include "core/flow/step.h"
#include "core/flow/swap_own.h"
#include "core/rules/money.h"
#include "core/rules/swap.h"
#include "core/store/adjustment.h"
#include "core/store/field_request.h"
#include "core/store/refund.h"
#include "core/store/row.h"

#define COUNT_MAX 65535
#define TYPED_ENERGY_MAX_WH INT64_C(1000000000000000)

struct asking {
    struct swap_own own;
    const struct swap_request *request;
    struct epoch epoch;
    struct meter_money money;
    int64_t document_id; /* photo of a dead meter's display, 0: none */
};

/* ---- ask ---- */

static enum rc check_typed(struct asking *asking)
{
    const struct swap_request *request = asking->request;
    struct command_refusal *refusal = asking->own.refusal;
    struct swap_counts counts;
    TRY(document_named(asking->own.db, asking->own.arena, request->evidence_sha256,
                       &asking->document_id, refusal));
    if (money_check(request->balance_fen, -MONEY_MAX_FEN, MONEY_MAX_FEN) != MONEY_FINE &&
        request->balance_fen != 0) {
        return step_refuse(RC_INVALID, "invalid_field", "balance_fen", refusal);
    }
    if (request->count < 0 || request->count > COUNT_MAX) {
        return step_refuse(RC_INVALID, "invalid_field", "count", refusal);
    }
    if (request->energy_wh < 0 || request->energy_wh > TYPED_ENERGY_MAX_WH) {
        return step_refuse(RC_INVALID, "invalid_field", "energy_wh", refusal);
    }
    if (request->energy_wh < asking->epoch.open_energy_wh) {
        return step_refuse(RC_REFUSED, "energy_back", "energy_wh", refusal);
    }
    TRY(swap_counts_get(asking->own.db, asking->own.arena, request->supply_id, asking->epoch.epoch,
                        &counts));
    return swap_judge_flight(counts.ended_count, counts.flight_count, request->count) ==
                   SWAP_FLIGHT_DIFFERS
               ? step_refuse(RC_REFUSED, "count_differs", "count", refusal)
               : RC_OK;
}

/* A living meter must be one that the poller can trip, write and read. */
static enum rc check_living(const struct asking *asking)
{
    const struct swap_own *own = &asking->own;
    int64_t taken_at_ms = asking->money.taken_at_ms;
    if (own->supply.frozen) {
        return step_refuse(RC_REFUSED, "frozen_supply", "", own->refusal);
    }
    if (!own->supply.writable_line) {
        return step_refuse(RC_REFUSED, "read_only_line", "", own->refusal);
    }
    if (taken_at_ms == 0 || supply_is_stale(clock_now_ms(), taken_at_ms, command_stale_ms()) ||
        asking->money.balance_fen == ROW_NULL || asking->money.count == ROW_NULL ||
        asking->money.energy_wh == ROW_NULL) {
        return step_refuse(RC_REFUSED, "stale", "", own->refusal);
    }
    return RC_OK;
}

static enum rc load(struct asking *asking)
{
    struct swap_own *own = &asking->own;
    int64_t supply_id = asking->request->supply_id;
    enum rc rc = supply_lock(own->db, supply_id);
    if (rc == RC_NOT_FOUND) {
        return step_refuse(RC_INVALID, "unknown_supply", "supply_id", own->refusal);
    }
    TRY(rc);
    TRY(supply_get(own->db, own->arena, supply_id, &own->supply));
    TRY(sale_facts_get(own->db, own->arena, supply_id, &own->facts));
    if (own->facts.account_id == 0) {
        return step_refuse(RC_REFUSED, "no_account", "supply_id", own->refusal);
    }
    own->swap.account_id = own->facts.account_id;
    if (strcmp(own->facts.account_state, "open") != 0) {
        return step_refuse(RC_REFUSED, "account_closed", "supply_id", own->refusal);
    }
    rc = epochs_live(own->db, own->arena, supply_id, &asking->epoch);
    if (rc == RC_NOT_FOUND) {
        return step_refuse(RC_REFUSED, "no_epoch", "supply_id", own->refusal);
    }
    TRY(rc);
    return meter_money_get(own->db, own->arena, supply_id, &asking->money);
}

static enum rc ask_second_person(const struct asking *asking, int64_t swap_id,
                                 int64_t *ret_approval_id)
{
    const struct swap_own *own = &asking->own;
    const struct swap_request *request = asking->request;
    bool dead = request->old_dead;
    int64_t balance_fen = dead ? request->balance_fen : asking->money.balance_fen;
    char balance[MONEY_TEXT_MAX];
    char last[MONEY_TEXT_MAX];
    (void)money_format(balance_fen, balance);
    (void)money_format(asking->money.balance_fen == ROW_NULL ? 0 : asking->money.balance_fen, last);
    const char *zh =
        dead
            ? arena_printf(own->arena,
                           "换表:旧表无应答,人工录入余额 %s 元、购电次数 %lld(平台最后读到 %s 元)。"
                           "通过后该金额转入新表,请核对照片",
                           balance, (long long)request->count, last)
            : arena_printf(own->arena,
                           "换表:旧表现余 %s 元。通过后先强制分闸,再把旧表余额清零,金额转入新表",
                           balance);
    const char *en =
        dead ? arena_printf(own->arena,
                            "Meter swap: the old meter is dead; typed balance %s yuan, count %lld"
                            " (last read %s yuan). If approved this money goes into the new meter;"
                            " check the photo",
                            balance, (long long)request->count, last)
             : arena_printf(own->arena,
                            "Meter swap: %s yuan in the old meter. If approved the supply is"
                            " tripped, the old meter emptied and the money put into the new one",
                            balance);
    if (zh == NULL || en == NULL) {
        return RC_MEMORY;
    }
    struct approval_request ask = {
        .kind = APPROVAL_METER_SWAP,
        .object_kind = "supply",
        .object_id = request->supply_id,
        .object_label = supply_label(&own->supply),
        .payload = arena_printf(own->arena,
                                "{\"act\":\"meter_swap\",\"swap_id\":%lld,\"supply_id\":%lld,"
                                "\"balance_fen\":%lld,\"summary_zh\":\"%s\",\"summary_en\":\"%s\"}",
                                (long long)swap_id, (long long)request->supply_id,
                                (long long)balance_fen, zh, en),
        .reason = request->reason,
        .expires_after_ms = SWAP_APPROVAL_EXPIRY_MS,
    };
    return approval_request(own->db, own->arena, own->actor, &ask, ret_approval_id, own->refusal);
}

static enum rc insert(struct asking *asking, int64_t *ret_swap_id)
{
    struct swap_own *own = &asking->own;
    const struct swap_request *request = asking->request;
    bool dead = request->old_dead;
    own->swap = (struct swap){
        .supply_id = request->supply_id,
        .account_id = own->facts.account_id,
        .reason = request->reason,
        .maker_id = own->actor->id,
        .old_epoch = asking->epoch.epoch,
        .old_meter_id = asking->epoch.meter_id,
        .old_dead = dead,
        .old_balance_fen = dead ? request->balance_fen : ROW_NULL,
        .old_count = dead ? request->count : ROW_NULL,
        .old_energy_wh = dead ? request->energy_wh : ROW_NULL,
        .old_taken_at = dead ? clock_now_ms() : 0,
    };
    TRY(swap_wanted_of(own->db, own->arena, asking->epoch.meter_id, &own->swap.wanted));
    enum rc rc =
        swaps_insert(own->db, &own->swap, dead ? request->evidence_sha256 : NULL, ret_swap_id);
    return rc == RC_CONFLICT ? step_refuse(RC_CONFLICT, "swap_open", "", own->refusal) : rc;
}

enum rc swap_ask(struct db *db, struct arena *arena, const struct actor *actor,
                 const struct swap_request *request, int64_t *ret_swap_id, int64_t *ret_approval_id,
                 struct command_refusal *ret_refusal)
{
    assert(db_in_transaction(db));
    struct asking asking = {
        .own = {.db = db, .arena = arena, .actor = actor, .refusal = ret_refusal},
        .request = request};
    int64_t lock_out_id = 0;
    int64_t swap_id = 0;
    int64_t approval_id = 0;
    *ret_refusal = (struct command_refusal){.code = "", .field = ""};
    TRY(step_check_reason(request->reason, "reason", ret_refusal));
    TRY(load(&asking));
    TRY(swap_own_check_epoch(&asking.own, asking.epoch.epoch, asking.epoch.meter_id));
    TRY(swap_own_check_quiet(&asking.own, &lock_out_id));
    TRY(request->old_dead ? check_typed(&asking) : check_living(&asking));
    TRY(insert(&asking, &swap_id));
    TRY(ask_second_person(&asking, swap_id, &approval_id));
    TRY(swaps_set_approval(db, swap_id, approval_id));
    if (asking.document_id != 0) {
        TRY(documents_use(db, asking.document_id, "swap", swap_id, asking.own.facts.account_id));
    }
    *ret_swap_id = swap_id;
    *ret_approval_id = approval_id;
    const char *after = arena_printf(arena, "{\"swap_id\":%lld,\"old_dead\":%s}",
                                     (long long)swap_id, request->old_dead ? "true" : "false");
    return swap_own_audit(&asking.own, AUDIT_ACTION_SWAP_ASK, request->reason, "", after);
}

/* ---- agree ---- */

static enum rc begin_emptying(const struct swap_own *own, int64_t checker_id)
{
    const struct swap *swap = &own->swap;
    struct adjustment_ask ask = {.kind = "swap",
                                 .account_id = swap->account_id,
                                 .supply_id = swap->supply_id,
                                 .epoch = swap->old_epoch,
                                 .meter_id = swap->old_meter_id,
                                 .amount_fen = 0, /* whatever is there */
                                 .reason = swap->reason,
                                 .maker_id = swap->maker_id,
                                 .approval_id = swap->approval_id};
    int64_t adjustment_id = 0;
    TRY(adjustment_asks_insert(own->db, &ask, &adjustment_id));
    TRY(adjustment_asks_set_approved(own->db, adjustment_id, checker_id));
    return swaps_set_approved(own->db, swap->id, checker_id, adjustment_id);
}

/* Platform mode: the ledger holds the money, the meter's last figures are its energy and count. */
static enum rc note_figures(const struct swap_own *own)
{
    struct meter_money money;
    TRY(meter_money_get(own->db, own->arena, own->supply.id, &money));
    if (money.count == ROW_NULL || money.energy_wh == ROW_NULL) {
        return step_refuse(RC_REFUSED, "stale", "", own->refusal);
    }
    struct swap_figures figures = {
        .count = money.count, .energy_wh = money.energy_wh, .taken_at_ms = money.taken_at_ms};
    return swaps_set_old(own->db, own->swap.id, &figures);
}

enum rc swap_carry(struct db *db, struct arena *arena, const struct actor *maker,
                   int64_t checker_id, int64_t approval_id, int64_t swap_id, int32_t *ret_shard,
                   struct command_refusal *ret_refusal)
{
    assert(checker_id != 0 && checker_id != maker->id);
    struct swap_own own = {.db = db, .arena = arena, .actor = maker, .refusal = ret_refusal};
    int64_t lock_out_id = 0;
    TRY(swap_own_load(&own, swap_id));
    if (own.swap.step != SWAP_ASKED || own.swap.approval_id != approval_id) {
        return step_refuse(RC_CONFLICT, "conflict", "", ret_refusal);
    }
    TRY(swap_own_check_epoch(&own, own.swap.old_epoch, own.swap.old_meter_id));
    TRY(swap_own_check_quiet(&own, &lock_out_id));
    *ret_shard = own.supply.shard;
    if (own.swap.old_dead) {
        return swaps_set_approved(db, swap_id, checker_id, 0);
    }
    if (own.facts.platform_mode) {
        TRY(note_figures(&own));
        return swaps_set_approved(db, swap_id, checker_id, 0);
    }
    return begin_emptying(&own, checker_id);
}

/* ---- the new meter ---- */

static enum rc check_meter(const struct swap_own *own, const struct swap_meter *meter)
{
    static const struct {
        const char *field;
        size_t most;
    } texts[] = {{"number", 32}, {"serial_number", 20}};
    const char *values[] = {meter->number, meter->serial_number};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        if (strlen(values[i]) > texts[i].most || (i == 0 && values[i][0] == '\0')) {
            return step_refuse(RC_INVALID, "invalid_field", texts[i].field, own->refusal);
        }
    }
    if (meter->address < 1 || meter->address > 247) {
        return step_refuse(RC_INVALID, "invalid_field", "address", own->refusal);
    }
    if (meter->ct_ratio < 1 || meter->ct_ratio > 10000 || meter->pt_ratio < 1 ||
        meter->pt_ratio > 10000) {
        return step_refuse(RC_INVALID, "invalid_field", "ct_ratio", own->refusal);
    }
    return RC_OK;
}

static enum rc ask_field(const struct swap_own *own, int64_t line_id, int64_t address,
                         const char *model_code, int32_t shard, int64_t *ret_id)
{
    const char *model = step_json_string(own->arena, model_code);
    const char *link = model == NULL ? NULL : arena_printf(own->arena, "{\"model\":%s}", model);
    if (link == NULL) {
        return RC_MEMORY;
    }
    struct field_request request = {.kind = FIELD_REQUEST_MODEL_TEST, /* every point of it */
                                    .shard = shard,
                                    .line_id = line_id,
                                    .link_json = link,
                                    .address = address,
                                    .model_json = NULL};
    return field_request_add(own->db, &request, ret_id);
}

static enum rc check_place(const struct swap_own *own, const struct swap_meter *meter,
                           int64_t line_id)
{
    struct swap_place place;
    TRY(swap_place_look(own->db, own->arena, meter->number, meter->serial_number, line_id,
                        meter->address, own->swap.old_meter_id, &place));
    if (place.feeds || place.meter_id == own->swap.old_meter_id) {
        return step_refuse(RC_REFUSED, "number_in_use", "number", own->refusal);
    }
    if (place.address_taken) {
        return step_refuse(RC_REFUSED, "address_in_use", "address", own->refusal);
    }
    if (place.serial_taken) {
        return step_refuse(RC_REFUSED, "serial_in_use", "serial_number", own->refusal);
    }
    return RC_OK;
}

enum rc swap_survey(struct db *db, struct arena *arena, const struct actor *actor, int64_t swap_id,
                    const struct swap_meter *meter, int32_t *ret_shard,
                    struct command_refusal *ret_refusal)
{
    struct swap_own own = {.db = db, .arena = arena, .actor = actor, .refusal = ret_refusal};
    TRY(swap_own_load(&own, swap_id));
    TRY(check_meter(&own, meter));
    if (own.swap.step != SWAP_EMPTIED) {
        return step_refuse(RC_REFUSED, "wrong_state", "state", ret_refusal);
    }
    struct swap *swap = &own.swap;
    enum rc rc = swap_line_find(db, arena, meter->line_code, &swap->new_line_id, ret_shard);
    if (rc == RC_NOT_FOUND) {
        return step_refuse(RC_INVALID, "invalid_field", "line", ret_refusal);
    }
    TRY(rc);
    rc = swap_model_find(db, arena, meter->model_code, &swap->new_model_id);
    if (rc == RC_NOT_FOUND) {
        return step_refuse(RC_INVALID, "invalid_field", "model", ret_refusal);
    }
    TRY(rc);
    TRY(check_place(&own, meter, swap->new_line_id));
    TRY(ask_field(&own, swap->new_line_id, meter->address, meter->model_code, *ret_shard,
                  &swap->survey_id));
    swap->new_number = meter->number;
    swap->new_address = meter->address;
    swap->new_serial_number = meter->serial_number;
    swap->new_ct_ratio = meter->ct_ratio;
    swap->new_pt_ratio = meter->pt_ratio;
    return swaps_set_new(db, swap);
}

enum rc swap_survey_old(struct db *db, struct arena *arena, int64_t swap_id, int32_t *ret_shard,
                        struct command_refusal *ret_refusal)
{
    struct swap_own own = {.db = db, .arena = arena, .refusal = ret_refusal};
    int64_t survey_id = 0;
    int64_t line_id = 0;
    const char *model_code = "";
    TRY(swap_own_load(&own, swap_id));
    if (own.swap.step != SWAP_EXCHANGED && own.swap.step != SWAP_DONE) {
        return step_refuse(RC_REFUSED, "wrong_state", "state", ret_refusal);
    }
    TRY(swap_meter_where(db, arena, own.swap.old_meter_id, &line_id, ret_shard, &model_code));
    TRY(ask_field(&own, line_id, own.swap.old_address, model_code, *ret_shard, &survey_id));
    return swaps_set_survey_old(db, swap_id, survey_id);
}

/* ---- call off ---- */

/* What was taken out goes back into the meter it came from, and its trip is lifted. */
static enum rc give_back(const struct swap_own *own)
{
    const struct swap *swap = &own->swap;
    if (swap->adjustment_id == ROW_NULL) {
        return RC_OK; /* dead, or platform mode: nothing left it */
    }
    TRY(swap_own_check_epoch(own, swap->old_epoch, swap->old_meter_id));
    TRY(swap_own_deliver(own, swap->left_fen == ROW_NULL ? 0 : swap->left_fen, swap->old_epoch,
                         swap->old_meter_id));
    if (own->supply.locked_out) {
        return RC_OK;
    }
    return swap_own_order(own, swap->old_meter_id, swap->old_epoch, COMMAND_RELEASE, 0);
}

enum rc swap_cancel(struct db *db, struct arena *arena, const struct actor *actor, int64_t swap_id,
                    const char *reason, int32_t *ret_shard, struct command_refusal *ret_refusal)
{
    struct swap_own own = {.db = db, .arena = arena, .actor = actor, .refusal = ret_refusal};
    *ret_refusal = (struct command_refusal){.code = "", .field = ""};
    TRY(step_check_reason(reason, "reason", ret_refusal));
    TRY(swap_own_load(&own, swap_id));
    const struct swap *swap = &own.swap;
    *ret_shard = own.supply.shard;
    if (swap->step == SWAP_EMPTYING) {
        enum rc rc =
            adjustments_move(db, swap->adjustment_id, ADJUSTMENT_APPROVED, ADJUSTMENT_CANCELLED);
        if (rc == RC_CONFLICT) {
            return step_refuse(RC_REFUSED, "being_written", "state", ret_refusal);
        }
        TRY(rc);
        if (!own.supply.locked_out) {
            TRY(swap_own_order(&own, swap->old_meter_id, swap->old_epoch, COMMAND_RELEASE, 0));
        }
    } else if (swap->step == SWAP_EMPTIED) {
        TRY(give_back(&own));
    } else {
        return step_refuse(RC_REFUSED, "wrong_state", "state", ret_refusal);
    }
    TRY(swaps_set_cancelled(db, swap_id, swap->step));
    const char *after = arena_printf(arena, "{\"swap_id\":%lld}", (long long)swap_id);
    return swap_own_audit(&own, AUDIT_ACTION_SWAP_CANCEL, reason, "", after);
}
