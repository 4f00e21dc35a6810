#include "core/flow/swap_own.h"

#include <assert.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/json.h"
#include "core/base/text.h"
#include "core/flow/delivery.h"
#include "core/flow/number.h"
#include "core/flow/push.h"
#include "core/flow/step.h"
#include "core/rules/money.h"
#include "core/rules/point.h"
#include "core/store/account_close.h"
#include "core/store/command.h"
#include "core/store/delivery.h"
#include "core/store/field_request.h"
#include "core/store/ledger.h"
#include "core/store/push.h"
#include "core/store/row.h"
#include "core/store/site_setting.h"

#define ANSWER_DEPTH 4
#define ANSWER_POINTS_MAX 200

enum rc swap_own_load(struct swap_own *own, int64_t swap_id)
{
    assert(db_in_transaction(own->db));
    *own->refusal = (struct command_refusal){.code = "", .field = ""};
    TRY(swaps_get(own->db, own->arena, swap_id, &own->swap));
    TRY(supply_lock(own->db, own->swap.supply_id));
    TRY(swaps_get(own->db, own->arena, swap_id, &own->swap));
    TRY(supply_get(own->db, own->arena, own->swap.supply_id, &own->supply));
    return sale_facts_get(own->db, own->arena, own->swap.supply_id, &own->facts);
}

enum rc swap_own_check_quiet(const struct swap_own *own, int64_t *ret_lock_out_id)
{
    int64_t holder_id = 0;
    bool kept_on = false;
    bool adjusting = false;
    struct swap_place place;
    TRY(swaps_lock_holder(own->db, own->arena, own->supply.id, ret_lock_out_id, &holder_id));
    if (*ret_lock_out_id != 0 && holder_id != own->actor->id) {
        return step_refuse(RC_REFUSED, "locked_out", "", own->refusal);
    }
    TRY(swaps_kept_on(own->db, own->arena, own->supply.id, &kept_on));
    if (kept_on) {
        return step_refuse(RC_REFUSED, "kept_on", "", own->refusal);
    }
    TRY(swaps_adjustment_open(own->db, own->arena, own->supply.id, &adjusting));
    if (adjusting) {
        return step_refuse(RC_REFUSED, "adjustment_open", "", own->refusal);
    }
    TRY(swap_place_look(own->db, own->arena, "", "", 0, 0, own->supply.meter_id, &place));
    return place.feeds_old == 1 ? RC_OK
                                : step_refuse(RC_REFUSED, "several_supplies", "", own->refusal);
}

enum rc swap_own_check_epoch(const struct swap_own *own, int64_t epoch, int64_t meter_id)
{
    bool closing = false;
    TRY(account_closes_under_way(own->db, own->arena, own->swap.account_id, &closing));
    if (closing) {
        return step_refuse(RC_REFUSED, "account_closing", "", own->refusal);
    }
    if (own->facts.account_id == 0 || strcmp(own->facts.account_state, "open") != 0 ||
        own->facts.account_id != own->swap.account_id) {
        return step_refuse(RC_REFUSED, "account_closed", "", own->refusal);
    }
    if (!own->facts.epoch_live || own->supply.epoch != epoch || own->supply.meter_id != meter_id) {
        return step_refuse(RC_REFUSED, "wrong_epoch", "", own->refusal);
    }
    return RC_OK;
}

/* ---- money ---- */

static enum rc ceiling_of(const struct swap_own *own, int64_t *ret_ceiling_fen)
{
    const char *text = NULL;
    *ret_ceiling_fen = DELIVERY_CEILING_FEN;
    enum rc rc = site_setting_get(own->db, own->arena, DELIVERY_SETTING_CEILING, &text);
    if (rc == RC_NOT_FOUND) {
        return RC_OK;
    }
    TRY(rc);
    int64_t ceiling_fen = 0;
    TRY(text_parse_int(text, strlen(text), 0, MONEY_MAX_FEN, &ceiling_fen));
    *ret_ceiling_fen = ceiling_fen > 0 ? ceiling_fen : DELIVERY_CEILING_FEN;
    return RC_OK;
}

static enum rc deliver_part(const struct swap_own *own, int64_t amount_fen, int64_t epoch,
                            int64_t meter_id)
{
    char number[NUMBER_BYTES];
    int64_t now_ms = clock_now_ms();
    int64_t delivery_id = 0;
    TRY(number_make('P', now_ms, number));
    struct purchase purchase = {.number = number,
                                .account_id = own->swap.account_id,
                                .supply_id = own->swap.supply_id,
                                .epoch = epoch,
                                .origin = "returned",
                                .amount_fen = amount_fen,
                                .state = PURCHASE_OPEN,
                                .actor_kind = own->actor->kind,
                                .actor_id = own->actor->id,
                                .approval_id = own->swap.approval_id};
    TRY(purchases_insert(own->db, &purchase, &purchase.id));
    TRY(purchases_set_paid(own->db, purchase.id, PURCHASE_OPEN, now_ms));
    TRY(swaps_take_purchase(own->db, own->swap.id, purchase.id));
    struct ledger_entry entry = {.posting = POSTING_ADJUSTMENT_RETURNED,
                                 .object_kind = "purchase",
                                 .object_id = purchase.id,
                                 .supply_id = own->swap.supply_id,
                                 .channel = "",
                                 .amount_fen = amount_fen,
                                 .at_ms = now_ms};
    TRY(ledger_post(own->db, own->arena, &entry));
    struct delivery_row delivery = {.purchase_id = purchase.id,
                                    .supply_id = own->swap.supply_id,
                                    .epoch = epoch,
                                    .meter_id = meter_id,
                                    .amount_fen = amount_fen};
    return deliveries_insert(own->db, &delivery, &delivery_id);
}

enum rc swap_own_deliver(const struct swap_own *own, int64_t amount_fen, int64_t epoch,
                         int64_t meter_id)
{
    int64_t ceiling_fen = 0;
    TRY(ceiling_of(own, &ceiling_fen));
    if (amount_fen / ceiling_fen >= SWAP_PURCHASES_MAX) {
        return RC_TOO_LARGE;
    }
    for (int64_t left_fen = amount_fen; left_fen > 0; left_fen -= ceiling_fen) {
        TRY(deliver_part(own, left_fen < ceiling_fen ? left_fen : ceiling_fen, epoch, meter_id));
    }
    return RC_OK;
}

enum rc swap_own_post(const struct swap_own *own, enum ledger_posting posting,
                      const char *object_kind, int64_t amount_fen)
{
    if (amount_fen == 0) {
        return RC_OK;
    }
    struct ledger_entry entry = {.posting = posting,
                                 .object_kind = object_kind,
                                 .object_id = own->swap.id,
                                 .supply_id = own->swap.supply_id,
                                 .channel = "",
                                 .amount_fen = amount_fen,
                                 .at_ms = clock_now_ms()};
    return ledger_post(own->db, own->arena, &entry);
}

/* ---- orders, pushes ---- */

enum rc swap_own_order(const struct swap_own *own, int64_t meter_id, int64_t epoch,
                       enum command_kind kind, int64_t lock_out_id)
{
    int64_t now_ms = clock_now_ms();
    int64_t id = 0;
    bool locks = lock_out_id != 0;
    int64_t expiry_ms = locks ? COMMAND_LOCK_OUT_EXPIRY_MS : COMMAND_MANUAL_EXPIRY_MS;
    struct command_row command = {.supply_id = own->supply.id,
                                  .meter_id = meter_id,
                                  .epoch = epoch,
                                  .kind = kind,
                                  .origin = locks ? ORIGIN_LOCK_OUT : ORIGIN_AUTOMATIC,
                                  .reason = own->swap.reason,
                                  .requested_by = locks ? own->actor->id : 0,
                                  .requested_at_ms = now_ms,
                                  .expires_at_ms = now_ms + expiry_ms,
                                  .lock_out_id = lock_out_id};
    return commands_insert(own->db, &command, &id);
}

enum rc swap_own_end_orders(const struct swap_own *own)
{
    struct command_row *open = NULL;
    size_t count = 0;
    TRY(commands_open(own->db, own->arena, own->supply.id, &open, &count));
    for (size_t i = 0; i < count; i++) {
        if (open[i].state != COMMAND_PENDING) {
            return step_refuse(RC_REFUSED, "order_open", "", own->refusal);
        }
    }
    for (size_t i = 0; i < count; i++) {
        TRY(commands_set_ended(own->db, open[i].id, COMMAND_PENDING, COMMAND_CANCELLED, "", ""));
    }
    return RC_OK;
}

/* What comes later comes to the meter that is there now. */
static enum rc push_later(const struct swap_own *own)
{
    struct push_tariff_ask later = {.supply_ids = &own->supply.id,
                                    .count = 1,
                                    .from_ms = clock_now_ms() + 1,
                                    .approval_id = own->swap.approval_id,
                                    .reason = own->swap.reason};
    return push_tariffs(own->db, own->actor, &later);
}

enum rc swap_own_push(const struct swap_own *own, int64_t meter_id, int64_t epoch)
{
    const char *fee_control =
        own->facts.platform_mode ? "{\"fee_control\":false}" : "{\"fee_control\":true}";
    int64_t batch_id = 0;
    int64_t push_id = 0;
    TRY(pushes_add_batch(own->db, own->swap.reason, own->swap.maker_id, own->swap.approval_id,
                         clock_now_ms(), &batch_id));
    if (own->swap.wanted[0] != '\0') {
        TRY(pushes_add(own->db, batch_id, own->supply.id, epoch, meter_id, own->swap.wanted, true,
                       &push_id));
    }
    /* on its own: a factory-fresh meter has it off, and a later push of prices leaves it alone */
    TRY(pushes_add(own->db, batch_id, own->supply.id, epoch, meter_id, fee_control, false,
                   &push_id));
    return push_later(own);
}

enum rc swap_own_audit(const struct swap_own *own, enum audit_action action, const char *reason,
                       const char *before, const char *after)
{
    if (before == NULL || after == NULL) {
        return RC_MEMORY;
    }
    return step_audit(own->db, own->actor, action, "supply", own->supply.id,
                      supply_label(&own->supply), reason, before, after);
}

/* ---- what the meter answered ---- */

static enum rc read_points(const struct json_object *json, struct swap_answer *answer)
{
    const struct json_object *points = NULL;
    TRY(json_get_array(json, "points", ANSWER_POINTS_MAX, &points));
    struct {
        const char *name;
        int64_t *value;
    } wanted[] = {{point_name(POINT_balance), &answer->balance_fen},
                  {point_name(POINT_purchase_count), &answer->count},
                  {point_name(POINT_energy), &answer->energy_wh},
                  {point_name(POINT_fee_control_enabled), &answer->fee_control}};
    for (size_t i = 0; i < json_count(points); i++) {
        const char *name = "";
        TRY(json_get_text(json_at(points, i), "point", 1, 64, &name));
        for (size_t k = 0; k < ARRAY_LEN(wanted); k++) {
            if (strcmp(name, wanted[k].name) == 0) {
                TRY(json_get_int(json_at(points, i), "value", INT64_MIN, INT64_MAX,
                                 wanted[k].value));
            }
        }
    }
    return RC_OK;
}

static enum rc read_answer(struct arena *arena, const char *result, struct swap_answer *answer)
{
    CLEANUP(json_release) struct json_object *json = NULL;
    const char *serial = "";
    const char *at = "";
    TRY(json_parse(result, strlen(result), ANSWER_DEPTH, &json));
    TRY(json_get_bool(json, "model_matches", &answer->model_matches));
    TRY(json_get_bool(json, "external_control", &answer->external_control));
    TRY(json_get_text(json, "serial_number", 0, 24, &serial));
    TRY(json_get_text(json, "taken_at", 1, 40, &at));
    TRY(clock_parse_rfc3339(at, strlen(at), &answer->taken_at));
    answer->serial_number = arena_printf(arena, "%s", serial);
    return answer->serial_number == NULL ? RC_MEMORY : read_points(json, answer);
}

static enum rc read_error(struct arena *arena, const char *result, struct swap_answer *answer)
{
    CLEANUP(json_release) struct json_object *json = NULL;
    const char *error = "";
    TRY(json_parse(result, strlen(result), ANSWER_DEPTH, &json));
    TRY(json_get_text(json, "error", 1, 40, &error));
    answer->error = arena_printf(arena, "%s", error);
    return answer->error == NULL ? RC_MEMORY : RC_OK;
}

enum rc swap_answer_get(struct db *db, struct arena *arena, const struct swap *swap,
                        struct swap_answer *ret_answer)
{
    struct field_request_answer stored;
    *ret_answer = (struct swap_answer){.state = "none",
                                       .error = "",
                                       .serial_number = "",
                                       .balance_fen = ROW_NULL,
                                       .count = ROW_NULL,
                                       .energy_wh = ROW_NULL,
                                       .fee_control = ROW_NULL};
    if (swap->survey_id == ROW_NULL) {
        return RC_OK;
    }
    enum rc rc = field_request_read(db, arena, swap->survey_id, &stored);
    if (rc == RC_NOT_FOUND) { /* cleaned away */
        return RC_OK;
    }
    TRY(rc);
    ret_answer->state = stored.state;
    if (strcmp(stored.state, "done") == 0) {
        return read_answer(arena, stored.result, ret_answer);
    }
    return strcmp(stored.state, "failed") == 0 ? read_error(arena, stored.result, ret_answer)
                                               : RC_OK;
}

enum rc swap_own_answer(const struct swap_own *own, const char *serial_number, int64_t since_ms,
                        struct swap_answer *ret_answer)
{
    struct swap_answer answer;
    int64_t now_ms = clock_now_ms();
    TRY(swap_answer_get(own->db, own->arena, &own->swap, &answer));
    if (strcmp(answer.state, "failed") == 0 || strcmp(answer.state, "expired") == 0) {
        return step_refuse(RC_REFUSED, "meter_silent", "", own->refusal);
    }
    if (strcmp(answer.state, "done") != 0 || answer.taken_at < since_ms ||
        now_ms - answer.taken_at > SWAP_SURVEY_MAX_AGE_MS) {
        return step_refuse(RC_REFUSED, "not_surveyed", "", own->refusal);
    }
    if (!answer.model_matches) {
        return step_refuse(RC_REFUSED, "wrong_model", "model", own->refusal);
    }
    if (answer.serial_number[0] == '\0' ||
        (serial_number[0] != '\0' && strcmp(serial_number, answer.serial_number) != 0)) {
        return step_refuse(RC_REFUSED, "wrong_serial", "serial_number", own->refusal);
    }
    if (answer.balance_fen == ROW_NULL || answer.count == ROW_NULL ||
        answer.energy_wh == ROW_NULL) {
        return step_refuse(RC_REFUSED, "not_surveyed", "", own->refusal);
    }
    *ret_answer = answer;
    return RC_OK;
}
