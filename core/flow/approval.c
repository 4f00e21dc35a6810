#include "core/flow/approval.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/crypto.h"
#include "core/base/json.h"
#include "core/flow/account_close.h"
#include "core/flow/backfill.h"
#include "core/flow/delivery.h"
#include "core/flow/lock_out.h"
#include "core/flow/mode_change.h"
#include "core/flow/push.h"
#include "core/flow/refund.h"
#include "core/flow/step.h"
#include "core/flow/swap.h"
#include "core/flow/tariff.h"
#include "core/rules/permission.h"
#include "core/store/approval.h"
#include "core/store/payment.h"
#include "core/store/refund.h"
#include "core/store/swap.h"

#define PAYLOAD_DEPTH 16

enum rc approval_request(struct db *db, struct arena *arena, const struct actor *actor,
                         const struct approval_request *request, int64_t *ret_id,
                         struct command_refusal *ret_refusal)
{
    assert(db_in_transaction(db));
    if (request->payload == NULL) {
        return RC_MEMORY;
    }
    if (actor->kind != ACTOR_USER) {
        return step_refuse(RC_REFUSED, "protected_supply", "", ret_refusal);
    }
    struct approval_row row = {
        .kind = approval_code(request->kind),
        .object_kind = request->object_kind,
        .object_id = request->object_id,
        .payload = request->payload,
        .reason = request->reason,
        .maker_id = actor->id,
        .expires_at_ms = clock_now_ms() + request->expires_after_ms,
    };
    int64_t id = 0;
    enum rc rc = approvals_insert(db, arena, &row, &id);
    if (rc == RC_CONFLICT) {
        return step_refuse(RC_REFUSED, "conflict", "", ret_refusal);
    }
    TRY(rc);
    TRY(step_audit(db, actor, AUDIT_ACTION_APPROVAL_REQUEST, request->object_kind,
                   request->object_id, request->object_label, request->reason, "",
                   request->payload));
    *ret_id = id;
    return RC_OK;
}

struct carrying {
    struct db *db;
    struct arena *arena;
    struct actor maker;
    int64_t checker_id;
    const struct approval_row *row;
    const struct json_object *payload;
    struct approval_answer *answer;
    struct command_refusal *refusal;
};

/* The maker may have lost the right since. */
static enum rc check_maker(const struct carrying *carrying, enum permission permission)
{
    enum role role = ROLE__MAX;
    if (role_find(carrying->maker.role, &role) != RC_OK || !permission_granted(role, permission)) {
        return step_refuse(RC_FORBIDDEN, "forbidden", "", carrying->refusal);
    }
    return RC_OK;
}

static enum rc carry_command(const struct carrying *carrying)
{
    const char *kind_text = "";
    const char *unit_number = "";
    TRY(check_maker(carrying, PERMISSION_METER_SWITCH));
    struct command_request request = {
        .origin = ORIGIN_MANUAL, .reason = carrying->row->reason, .approval_id = carrying->row->id};
    TRY(json_get_int(carrying->payload, "supply_id", 1, INT64_MAX, &request.supply_id));
    TRY(json_get_text(carrying->payload, "kind", 1, 16, &kind_text));
    TRY(json_get_text(carrying->payload, "unit_number", 0, 200, &unit_number));
    TRY(command_kind_find(kind_text, &request.kind));
    request.unit_number = unit_number;
    struct command_answer answer = {0};
    TRY(command_request(carrying->db, carrying->arena, &carrying->maker, &request, &answer,
                        carrying->refusal));
    *carrying->answer = (struct approval_answer){
        .command_id = answer.command_id, .wake = answer.command_id != 0, .shard = answer.shard};
    return RC_OK;
}

static enum rc carry_lock_out(const struct carrying *carrying)
{
    TRY(check_maker(carrying, PERMISSION_LOCK_OUT_SET));
    struct lock_out_request request = {.reason = carrying->row->reason,
                                       .approval_id = carrying->row->id};
    TRY(json_get_int(carrying->payload, "supply_id", 1, INT64_MAX, &request.supply_id));
    TRY(json_get_text(carrying->payload, "unit_number", 0, 200, &request.unit_number));
    struct lock_out_answer answer = {0};
    TRY(lock_out_create(carrying->db, carrying->arena, &carrying->maker, &request, &answer,
                        carrying->refusal));
    *carrying->answer = (struct approval_answer){
        .command_id = answer.command_id, .wake = answer.command_id != 0, .shard = answer.shard};
    return RC_OK;
}

static enum rc carry_lift(const struct carrying *carrying)
{
    int64_t lock_out_id = 0;
    TRY(check_maker(carrying, PERMISSION_LOCK_OUT_OVERRIDE));
    TRY(json_get_int(carrying->payload, "lock_out_id", 1, INT64_MAX, &lock_out_id));
    return lock_out_lift_approved(carrying->db, carrying->arena, &carrying->maker, lock_out_id,
                                  carrying->row->reason, carrying->row->id, carrying->refusal);
}

static enum rc carry_refund(const struct carrying *carrying)
{
    TRY(check_maker(carrying, PERMISSION_REFUND_REQUEST));
    return refund_carry(carrying->db, carrying->arena, &carrying->maker, carrying->checker_id,
                        carrying->row->id, carrying->refusal);
}

static enum rc carry_adjustment(const struct carrying *carrying)
{
    int64_t right_supply_id = 0;
    int64_t amount_fen = 0;
    TRY(check_maker(carrying, PERMISSION_REFUND_REQUEST));
    TRY(json_get_int(carrying->payload, "right_supply_id", 0, INT64_MAX, &right_supply_id));
    TRY(json_get_int(carrying->payload, "amount_fen", INT64_MIN, INT64_MAX, &amount_fen));
    carrying->answer->wake = true;
    return adjustment_carry(carrying->db, carrying->arena, &carrying->maker, carrying->checker_id,
                            carrying->row->id, right_supply_id, amount_fen,
                            &carrying->answer->shard, carrying->refusal);
}

static enum rc backfill_items(const struct carrying *carrying, struct backfill_item *items,
                              size_t *ret_count)
{
    const struct json_object *list = NULL;
    TRY(json_get_array(carrying->payload, "items", BACKFILL_ITEMS_MAX, &list));
    for (size_t i = 0; i < json_count(list); i++) {
        const struct json_object *one = json_at(list, i);
        struct backfill_item *item = &items[i];
        *item = (struct backfill_item){
            .channel = "", .merchant = "", .transaction = "", .order_number = ""};
        TRY(json_get_int(one, "purchase_id", 0, INT64_MAX, &item->purchase_id));
        TRY(json_get_int(one, "amount_fen", 1, INT64_MAX, &item->amount_fen));
        if (item->purchase_id == 0) {
            TRY(json_get_text(one, "channel", 1, 32, &item->channel));
            TRY(json_get_text(one, "merchant", 0, 32, &item->merchant));
            TRY(json_get_text(one, "transaction", 0, PAYMENT_TRANSACTION_MAX, &item->transaction));
            TRY(json_get_text(one, "order_number", 0, PAYMENT_NUMBER_MAX, &item->order_number));
        }
    }
    *ret_count = json_count(list);
    return RC_OK;
}

static enum rc carry_backfill(const struct carrying *carrying)
{
    struct backfill_item items[BACKFILL_ITEMS_MAX];
    struct backfill backfill = {.items = items, .reason = carrying->row->reason};
    uint8_t evidence[CRYPTO_HASH_BYTES];
    const char *hex = "";
    TRY(check_maker(carrying, PERMISSION_SUSPENSE_DECIDE));
    TRY(json_get_int(carrying->payload, "supply_id", 1, INT64_MAX, &backfill.supply_id));
    TRY(json_get_text(carrying->payload, "evidence_sha256", 64, 64, &hex));
    TRY(crypto_unhex(hex, strlen(hex), evidence, sizeof evidence));
    TRY(backfill_items(carrying, items, &backfill.count));
    backfill.evidence_sha256 = evidence;
    return backfill_carry(carrying->db, carrying->arena, &carrying->maker, carrying->row->id,
                          &backfill, carrying->refusal);
}

static enum rc carry_close(const struct carrying *carrying)
{
    int64_t close_id = 0;
    TRY(check_maker(carrying, PERMISSION_ACCOUNT_CLOSE));
    TRY(json_get_int(carrying->payload, "close_id", 1, INT64_MAX, &close_id));
    carrying->answer->wake = true;
    return account_close_carry(carrying->db, carrying->arena, &carrying->maker,
                               carrying->checker_id, close_id, &carrying->answer->shard,
                               carrying->refusal);
}

static enum rc carry_close_typed(const struct carrying *carrying)
{
    const struct json_object *payload = carrying->payload;
    struct typed_reading typed = {.reason = carrying->row->reason};
    uint8_t evidence[CRYPTO_HASH_BYTES];
    const char *hex = "";
    int64_t close_id = 0;
    int64_t supply_id = 0;
    TRY(check_maker(carrying, PERMISSION_ACCOUNT_CLOSE));
    TRY(json_get_int(payload, "close_id", 1, INT64_MAX, &close_id));
    TRY(json_get_int(payload, "supply_id", 1, INT64_MAX, &supply_id));
    TRY(json_get_int(payload, "balance_fen", INT64_MIN, INT64_MAX, &typed.balance_fen));
    TRY(json_get_int(payload, "count", 0, INT64_MAX, &typed.count));
    TRY(json_get_int(payload, "energy_wh", 0, INT64_MAX, &typed.energy_wh));
    TRY(json_get_text(payload, "evidence_sha256", 64, 64, &hex));
    TRY(crypto_unhex(hex, strlen(hex), evidence, sizeof evidence));
    typed.evidence_sha256 = evidence;
    return account_close_carry_typed(carrying->db, carrying->arena, &carrying->maker,
                                     carrying->checker_id, close_id, supply_id, &typed,
                                     carrying->refusal);
}

static enum rc carry_give(const struct carrying *carrying)
{
    struct correction_given given = {.approval_id = carrying->row->id,
                                     .reason = carrying->row->reason};
    TRY(check_maker(carrying, PERMISSION_REFUND_REQUEST));
    TRY(json_get_int(carrying->payload, "supply_id", 1, INT64_MAX, &given.supply_id));
    TRY(json_get_int(carrying->payload, "account_id", 1, INT64_MAX, &given.account_id));
    TRY(json_get_int(carrying->payload, "amount_fen", 1, INT64_MAX, &given.amount_fen));
    TRY(json_get_text(carrying->payload, "evidence_sha256", 64, 64, &given.evidence_sha256));
    carrying->answer->wake = true;
    return correction_carry(carrying->db, carrying->arena, &carrying->maker, &given,
                            &carrying->answer->shard, carrying->refusal);
}

static enum rc carry_delivery_confirmed(const struct carrying *carrying)
{
    int64_t delivery_id = 0;
    TRY(check_maker(carrying, PERMISSION_SUSPENSE_DECIDE));
    TRY(json_get_int(carrying->payload, "delivery_id", 1, INT64_MAX, &delivery_id));
    return delivery_decide(carrying->db, &carrying->maker, delivery_id, DELIVERY_DECIDE_CONFIRMED,
                           carrying->row->id, carrying->row->reason, carrying->refusal);
}

static enum rc carry_mode_change(const struct carrying *carrying)
{
    TRY(check_maker(carrying, PERMISSION_TARIFF_MANAGE));
    return mode_change_carry(carrying->db, carrying->arena, &carrying->maker, carrying->checker_id,
                             carrying->row->id, carrying->refusal);
}

static enum rc carry_push(const struct carrying *carrying)
{
    TRY(check_maker(carrying, PERMISSION_TARIFF_MANAGE));
    return push_carry(carrying->db, carrying->arena, &carrying->maker, carrying->row->id,
                      carrying->payload, carrying->row->reason, carrying->refusal);
}

static enum rc carry_price_change(const struct carrying *carrying)
{
    struct tariff_version_request request = {.reason = carrying->row->reason,
                                             .approval_id = carrying->row->id};
    const struct json_object *body = NULL;
    int64_t approval_id = 0;
    TRY(check_maker(carrying, PERMISSION_TARIFF_MANAGE));
    TRY(json_get_int(carrying->payload, "tariff_id", 1, INT64_MAX, &request.tariff_id));
    TRY(json_get_int(carrying->payload, "valid_from_at_ms", 1, INT64_MAX,
                     &request.valid_from_at_ms));
    TRY(json_get_text(carrying->payload, "kind", 1, 16, &request.kind));
    TRY(json_get_object(carrying->payload, "body", &body));
    request.body = json_written(body);
    return tariff_add_version(carrying->db, carrying->arena, &carrying->maker, &request,
                              &approval_id, carrying->refusal);
}

static enum rc carry_swap(const struct carrying *carrying)
{
    int64_t swap_id = 0;
    TRY(check_maker(carrying, PERMISSION_SWAP_MANAGE));
    TRY(json_get_int(carrying->payload, "swap_id", 1, INT64_MAX, &swap_id));
    carrying->answer->wake = true;
    return swap_carry(carrying->db, carrying->arena, &carrying->maker, carrying->checker_id,
                      carrying->row->id, swap_id, &carrying->answer->shard, carrying->refusal);
}

static enum rc carry_out(struct carrying *carrying)
{
    static const struct {
        const char *act;
        enum rc (*carry)(const struct carrying *carrying);
    } acts[] = {{"backfill", carry_backfill},
                {"command", carry_command},
                {"lock_out", carry_lock_out},
                {"lift", carry_lift},
                {"mode_change", carry_mode_change},
                {"price_change", carry_price_change},
                {"push", carry_push},
                {"refund", carry_refund},
                {"adjustment", carry_adjustment},
                {"close", carry_close},
                {"close_typed", carry_close_typed},
                {"delivery_ok", carry_delivery_confirmed},
                {"give", carry_give},
                {"meter_swap", carry_swap}};
    CLEANUP(json_release) struct json_object *payload = NULL;
    const char *act = "";
    TRY(json_parse(carrying->row->payload, strlen(carrying->row->payload), PAYLOAD_DEPTH,
                   &payload));
    carrying->payload = payload;
    TRY(json_get_text(payload, "act", 1, 16, &act));
    for (size_t i = 0; i < ARRAY_LEN(acts); i++) {
        if (strcmp(acts[i].act, act) == 0) {
            return acts[i].carry(carrying);
        }
    }
    return RC_INTERNAL;
}

static enum rc check_decidable(const struct approval_row *row, const struct actor *actor,
                               bool approve, struct command_refusal *ret_refusal)
{
    if (strcmp(row->state, "open") != 0) {
        return step_refuse(RC_CONFLICT, "conflict", "", ret_refusal);
    }
    if (clock_now_ms() >= row->expires_at_ms) {
        return step_refuse(RC_EXPIRED, "expired", "", ret_refusal);
    }
    /* A maker may withdraw, which is a rejection; agreeing takes somebody else. */
    if (actor->kind != ACTOR_USER || (approve && actor->id == row->maker_id)) {
        return step_refuse(RC_FORBIDDEN, "forbidden", "", ret_refusal);
    }
    enum approval_kind kind = APPROVAL__MAX;
    enum role role = ROLE__MAX;
    if (approval_find(row->kind, &kind) != RC_OK || role_find(actor->role, &role) != RC_OK ||
        !permission_granted(role, approval_permission(kind))) {
        return step_refuse(RC_FORBIDDEN, "forbidden", "", ret_refusal);
    }
    if (approve && !row->maker_active) {
        return step_refuse(RC_FORBIDDEN, "forbidden", "", ret_refusal);
    }
    return RC_OK;
}

enum rc approval_decide(struct db *db, struct arena *arena, const struct actor *actor,
                        int64_t approval_id, bool approve, const char *reason,
                        struct approval_answer *ret_answer, struct command_refusal *ret_refusal)
{
    assert(db_in_transaction(db));
    *ret_refusal = (struct command_refusal){.code = "", .field = ""};
    TRY(step_check_reason(reason, "reason", ret_refusal));
    struct approval_row row;
    TRY(approvals_lock(db, arena, approval_id, &row));
    TRY(check_decidable(&row, actor, approve, ret_refusal));
    TRY(approvals_set_decided(db, approval_id, approve ? "approved" : "rejected", actor->id,
                              reason));
    TRY(step_audit(db, actor,
                   approve ? AUDIT_ACTION_APPROVAL_APPROVE : AUDIT_ACTION_APPROVAL_REJECT,
                   "approval", approval_id, row.kind, reason, row.payload, ""));
    struct approval_answer answer = {0};
    if (approve) {
        struct carrying carrying = {
            .db = db,
            .arena = arena,
            .maker = {.kind = ACTOR_USER,
                      .id = row.maker_id,
                      .name = row.maker_name,
                      .role = row.maker_role,
                      .ip = ""},
            .checker_id = actor->id,
            .row = &row,
            .answer = &answer,
            .refusal = ret_refusal,
        };
        TRY(carry_out(&carrying));
    } else {
        TRY(money_asks_end(db, approval_id));
        TRY(swaps_asks_end(db, approval_id));
    }
    *ret_answer = answer;
    return RC_OK;
}

struct expiring {
    int64_t count;
};

static enum rc expire_work(struct db *db, void *context)
{
    struct expiring *expiring = context;
    TRY(approvals_set_expired(db, &expiring->count));
    if (expiring->count == 0) {
        return RC_OK;
    }
    TRY(money_asks_end(db, 0));
    TRY(swaps_asks_end(db, 0));
    static const struct actor system = {.kind = ACTOR_SYSTEM, .name = "jobs", .role = "", .ip = ""};
    return step_audit(db, &system, AUDIT_ACTION_APPROVAL_EXPIRE, "approval", 0, "", "", "", "");
}

enum rc approval_expire_due(struct db *db, int64_t *ret_count)
{
    struct expiring expiring = {0};
    TRY(db_transact(db, expire_work, &expiring));
    *ret_count = expiring.count;
    return RC_OK;
}
