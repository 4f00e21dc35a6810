/* Asking for an account to be closed, agreeing, calling off; what each meter needs. */
#include "core/flow/account_close.h"

#include <assert.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/crypto.h"
#include "core/flow/account_close_own.h"
#include "core/flow/approval.h"
#include "core/flow/document.h"
#include "core/flow/number.h"
#include "core/flow/step.h"
#include "core/rules/money.h"
#include "core/store/adjustment.h"
#include "core/store/approval.h"
#include "core/store/command.h"
#include "core/store/ledger.h"
#include "core/store/purchase.h"
#include "core/store/refund.h"
#include "core/store/row.h"

#define TYPED_COUNT_MAX 65535
#define TYPED_ENERGY_MAX_WH INT64_C(1000000000000000)

/* ---- shared ---- */

enum rc closing_hold(struct db *db, struct arena *arena, int64_t close_id,
                     struct closing *ret_closing)
{
    assert(db_in_transaction(db));
    struct closing closing = {.db = db, .arena = arena};
    TRY(account_closes_get(db, arena, close_id, &closing.row));
    TRY(accounts_lock(db, arena, closing.row.account_id, &closing.account));
    TRY(account_closes_lock(db, arena, close_id, &closing.row));
    TRY(close_supplies_of(db, arena, close_id, &closing.supplies, &closing.count));
    for (size_t i = 0; i < closing.count; i++) {
        TRY(supply_lock(db, closing.supplies[i].supply_id));
    }
    TRY(close_supplies_of(db, arena, close_id, &closing.supplies, &closing.count));
    *ret_closing = closing;
    return RC_OK;
}

const struct close_supply *closing_supply(const struct closing *closing, int64_t supply_id)
{
    for (size_t i = 0; i < closing->count; i++) {
        if (closing->supplies[i].supply_id == supply_id) {
            return &closing->supplies[i];
        }
    }
    return NULL;
}

enum rc closing_post(const struct closing *closing, enum ledger_posting posting,
                     const char *object_kind, int64_t object_id, int64_t supply_id,
                     const char *channel, int64_t amount_fen)
{
    struct ledger_entry entry = {.posting = posting,
                                 .object_kind = object_kind,
                                 .object_id = object_id,
                                 .supply_id = supply_id,
                                 .channel = channel,
                                 .amount_fen = amount_fen,
                                 .at_ms = clock_now_ms()};
    return amount_fen == 0 ? RC_OK : ledger_post(closing->db, closing->arena, &entry);
}

enum rc closing_audit(const struct closing *closing, const struct actor *actor,
                      enum audit_action action, const char *reason, const char *after)
{
    if (after == NULL) {
        return RC_MEMORY;
    }
    return step_audit(closing->db, actor, action, "account", closing->account.id,
                      closing->account.name, reason, "", after);
}

/* ---- ask ---- */

enum rc account_close_estimate(struct db *db, struct arena *arena, int64_t account_id,
                               struct close_estimate *ret_estimate)
{
    int64_t *supplies = NULL;
    size_t count = 0;
    struct close_estimate estimate = {0};
    TRY(accounts_deposit(db, arena, account_id, &estimate.deposit_fen));
    TRY(account_supplies(db, arena, account_id, &supplies, &count));
    for (size_t i = 0; i < count; i++) {
        struct sale_facts facts;
        TRY(sale_facts_get(db, arena, supplies[i], &facts));
        int64_t balance_fen = facts.balance_fen;
        if (facts.platform_mode) {
            TRY(ledger_balance(db, arena, LEDGER_TENANT_LIABILITY, supplies[i], "", &balance_fen));
            balance_fen = -balance_fen;
        }
        if (balance_fen == ROW_NULL) {
            estimate.unread++;
        } else {
            estimate.balance_fen += balance_fen;
        }
    }
    estimate.refund_fen = estimate.balance_fen + estimate.deposit_fen;
    *ret_estimate = estimate;
    return RC_OK;
}

static bool among(const int64_t *ids, size_t count, int64_t id)
{
    for (size_t i = 0; i < count; i++) {
        if (ids[i] == id) {
            return true;
        }
    }
    return false;
}

static enum rc check_request(const struct account_close_request *request, const int64_t *supplies,
                             size_t count, struct command_refusal *ret_refusal)
{
    int64_t ahead_ms = request->vacant_until_at_ms - clock_now_ms();
    bool any = request->stays_on_count > 0;
    TRY(step_check_reason(request->reason, "reason", ret_refusal));
    if (strcmp(request->payout, "channel") != 0 && strcmp(request->payout, "counter") != 0) {
        return step_refuse(RC_INVALID, "invalid_field", "payout", ret_refusal);
    }
    for (size_t i = 0; i < request->stays_on_count; i++) {
        if (!among(supplies, count, request->stays_on[i])) {
            return step_refuse(RC_INVALID, "invalid_field", "stays_on", ret_refusal);
        }
    }
    if (any ? ahead_ms <= 0 || ahead_ms > COMMAND_KEEP_ON_MAX_MS
            : request->vacant_until_at_ms != 0) {
        return step_refuse(RC_INVALID, "invalid_field", "vacant_until", ret_refusal);
    }
    return RC_OK;
}

/* Nothing of the account may be under way; what is named by its kind. */
static enum rc check_nothing_open(struct db *db, struct arena *arena, int64_t account_id,
                                  struct command_refusal *ret_refusal)
{
    static const struct {
        const char *kind;
        const char *field;
    } fields[] = {{"open_purchase", "purchase_id"},
                  {"on_its_way", "purchase_id"},
                  {"open_refund", "refund_id"},
                  {"open_adjustment", "adjustment_id"},
                  {"to_pay", "supply_id"}};
    struct close_blocker *list = NULL;
    size_t count = 0;
    TRY(close_blockers(db, arena, account_id, &list, &count));
    if (count == 0) {
        return RC_OK;
    }
    for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
        if (strcmp(fields[i].kind, list[0].kind) == 0) {
            return step_refuse(RC_REFUSED, fields[i].kind, fields[i].field, ret_refusal);
        }
    }
    return RC_INTERNAL;
}

static enum rc insert_supplies(const struct closing *closing,
                               const struct account_close_request *request, const int64_t *supplies,
                               size_t count, struct command_refusal *ret_refusal)
{
    for (size_t i = 0; i < count; i++) {
        struct sale_facts facts;
        int64_t id = 0;
        TRY(sale_facts_get(closing->db, closing->arena, supplies[i], &facts));
        if (facts.frozen) {
            return step_refuse(RC_REFUSED, "frozen_supply", "supply_id", ret_refusal);
        }
        if (!facts.epoch_live) {
            return step_refuse(RC_REFUSED, "no_epoch", "supply_id", ret_refusal);
        }
        struct close_supply supply = {
            .supply_id = supplies[i],
            .epoch = facts.epoch,
            .meter_id = facts.meter_id,
            .platform_mode = facts.platform_mode,
            .stays_on = among(request->stays_on, request->stays_on_count, supplies[i])};
        TRY(close_supplies_insert(closing->db, closing->row.id, &supply, &id));
    }
    return RC_OK;
}

/* Before and after, as the second person will see it. */
static enum rc ask_second_person(const struct closing *closing, const struct actor *actor,
                                 size_t supplies, struct command_refusal *ret_refusal)
{
    struct db *db = closing->db;
    struct arena *arena = closing->arena;
    struct close_estimate estimate;
    char balance[MONEY_TEXT_MAX];
    char deposit[MONEY_TEXT_MAX];
    char refund[MONEY_TEXT_MAX];
    int64_t approval_id = 0;
    TRY(account_close_estimate(db, arena, closing->account.id, &estimate));
    (void)money_format(estimate.balance_fen, balance);
    (void)money_format(estimate.deposit_fen, deposit);
    (void)money_format(estimate.refund_fen, refund);
    const char *name = step_json_inner(arena, closing->account.name);
    if (name == NULL) {
        return RC_MEMORY;
    }
    struct approval_request ask = {
        .kind = APPROVAL_CLOSE_ACCOUNT,
        .object_kind = "account",
        .object_id = closing->account.id,
        .object_label = closing->account.name,
        .payload = arena_printf(
            arena,
            "{\"act\":\"close\",\"close_id\":%lld,\"account_id\":%lld,\"balance_fen\":%lld,"
            "\"deposit_fen\":%lld,\"refund_fen\":%lld,"
            "\"summary_zh\":\"%s 销户(%zu 个供电点):表内余额 %s 元 → 0.00 元,押金 %s 元 → "
            "0.00 元,按最近读数应退 %s 元(负数为应补缴)。通过后强制分闸、清零电表,不可撤销\","
            "\"summary_en\":\"Close %s (%zu supplies): %s yuan in the meters -> 0.00, deposit %s"
            " yuan -> 0.00; by the last readings %s yuan go back (below zero: are owed). If"
            " approved every supply is tripped and its meter emptied; this cannot be undone\"}",
            (long long)closing->row.id, (long long)closing->account.id,
            (long long)estimate.balance_fen, (long long)estimate.deposit_fen,
            (long long)estimate.refund_fen, name, supplies, balance, deposit, refund, name,
            supplies, balance, deposit, refund),
        .reason = closing->row.reason,
        .expires_after_ms = CLOSE_APPROVAL_EXPIRY_MS,
    };
    TRY(approval_request(db, arena, actor, &ask, &approval_id, ret_refusal));
    return account_closes_set_approval(db, closing->row.id, approval_id);
}

enum rc account_close_ask(struct db *db, struct arena *arena, const struct actor *actor,
                          const struct account_close_request *request, int64_t *ret_id,
                          struct command_refusal *ret_refusal)
{
    assert(db_in_transaction(db) && actor->kind == ACTOR_USER);
    struct closing closing = {.db = db, .arena = arena};
    int64_t *supplies = NULL;
    size_t count = 0;
    char number[NUMBER_BYTES];
    *ret_refusal = (struct command_refusal){.code = "", .field = ""};
    TRY(accounts_lock(db, arena, request->account_id, &closing.account));
    if (strcmp(closing.account.state, "closed") == 0) {
        return step_refuse(RC_REFUSED, "account_closed", "account_id", ret_refusal);
    }
    if (strcmp(closing.account.state, "open") != 0) {
        return step_refuse(RC_REFUSED, "wrong_state", "state", ret_refusal);
    }
    TRY(account_supplies(db, arena, request->account_id, &supplies, &count));
    TRY(check_request(request, supplies, count, ret_refusal));
    for (size_t i = 0; i < count; i++) {
        TRY(supply_lock(db, supplies[i]));
    }
    TRY(number_make('X', clock_now_ms(), number));
    closing.row = (struct account_close){.number = number,
                                         .account_id = request->account_id,
                                         .payout = request->payout,
                                         .reason = request->reason,
                                         .maker_id = actor->id,
                                         .vacant_until_at_ms = request->vacant_until_at_ms};
    enum rc rc = account_closes_insert(db, &closing.row, &closing.row.id);
    if (rc == RC_CONFLICT) {
        return step_refuse(RC_REFUSED, "account_closing", "account_id", ret_refusal);
    }
    TRY(rc);
    TRY(check_nothing_open(db, arena, request->account_id, ret_refusal));
    TRY(insert_supplies(&closing, request, supplies, count, ret_refusal));
    TRY(ask_second_person(&closing, actor, count, ret_refusal));
    *ret_id = closing.row.id;
    return closing_audit(&closing, actor, AUDIT_ACTION_CLOSE_ASK, request->reason,
                         arena_printf(arena, "{\"close_id\":%lld,\"number\":\"%s\"}",
                                      (long long)closing.row.id, number));
}

/* ---- agreed ---- */

static enum rc order(const struct closing *closing, const struct close_supply *supply,
                     enum command_kind kind, enum command_origin origin, int64_t *ret_id)
{
    int64_t now_ms = clock_now_ms();
    bool manual = origin == ORIGIN_MANUAL;
    struct command_row command = {.supply_id = supply->supply_id,
                                  .meter_id = supply->meter_id,
                                  .epoch = supply->epoch,
                                  .kind = kind,
                                  .origin = origin,
                                  .reason = closing->row.reason,
                                  .requested_by = manual ? closing->row.maker_id : 0,
                                  .requested_at_ms = now_ms,
                                  .expires_at_ms = now_ms + COMMAND_MANUAL_EXPIRY_MS,
                                  .approval_id = manual ? closing->row.approval_id : 0};
    return commands_insert(closing->db, &command, ret_id);
}

/* All that the meter holds leaves it; agreed to with the closing. */
static enum rc empty_meter(const struct closing *closing, const struct close_supply *supply,
                           int64_t maker_id, int64_t checker_id)
{
    struct adjustment_ask ask = {.kind = "close",
                                 .account_id = closing->account.id,
                                 .supply_id = supply->supply_id,
                                 .epoch = supply->epoch,
                                 .meter_id = supply->meter_id,
                                 .reason = closing->row.reason,
                                 .maker_id = maker_id,
                                 .approval_id = closing->row.approval_id};
    int64_t id = 0;
    TRY(adjustment_asks_insert(closing->db, &ask, &id));
    TRY(adjustment_asks_set_approved(closing->db, id, checker_id));
    return close_supplies_set_adjustment(closing->db, supply->id, id);
}

static enum rc switch_off(const struct closing *closing, const struct close_supply *supply)
{
    int64_t id = 0;
    TRY(order(closing, supply, COMMAND_TRIP, ORIGIN_MANUAL, &id));
    return close_supplies_set_trip(closing->db, supply->id, id);
}

enum rc account_close_carry(struct db *db, struct arena *arena, const struct actor *maker,
                            int64_t checker_id, int64_t close_id, int32_t *ret_shard,
                            struct command_refusal *ret_refusal)
{
    assert(db_in_transaction(db) && checker_id != 0 && checker_id != maker->id);
    struct closing closing;
    TRY(closing_hold(db, arena, close_id, &closing));
    if (closing.row.state != CLOSE_ASKED) {
        return step_refuse(RC_CONFLICT, "conflict", "", ret_refusal);
    }
    TRY(check_nothing_open(db, arena, closing.account.id, ret_refusal));
    TRY(account_closes_set_approved(db, close_id, checker_id));
    for (size_t i = 0; i < closing.count; i++) {
        const struct close_supply *supply = &closing.supplies[i];
        struct sale_facts facts;
        TRY(sale_facts_get(db, arena, supply->supply_id, &facts));
        if (facts.epoch != supply->epoch || facts.platform_mode != supply->platform_mode) {
            return step_refuse(RC_REFUSED, "wrong_epoch", "supply_id", ret_refusal);
        }
        TRY(supply->platform_mode ? switch_off(&closing, supply)
                                  : empty_meter(&closing, supply, maker->id, checker_id));
        *ret_shard = facts.shard;
    }
    return closing_audit(&closing, maker, AUDIT_ACTION_CLOSE_BEGIN, closing.row.reason,
                         arena_printf(arena, "{\"close_id\":%lld,\"checker_id\":%lld}",
                                      (long long)close_id, (long long)checker_id));
}

/* ---- called off ---- */

static bool untouched(const struct close_supply *supply)
{
    const char *state = supply->adjustment_state;
    return state[0] == '\0' || strcmp(state, "approved") == 0 || strcmp(state, "refused") == 0;
}

/* Its adjustment ends, and a trip that was ordered for it is lifted. */
static enum rc let_go(const struct closing *closing, const struct close_supply *supply)
{
    struct supply now;
    int64_t id = 0;
    if (strcmp(supply->adjustment_state, "approved") == 0) {
        TRY(adjustments_move(closing->db, supply->adjustment_id, ADJUSTMENT_APPROVED,
                             ADJUSTMENT_CANCELLED));
    }
    if (supply->trip_order_id == 0) {
        return RC_OK;
    }
    TRY(supply_get(closing->db, closing->arena, supply->supply_id, &now));
    return now.locked_out ? RC_OK : order(closing, supply, COMMAND_RELEASE, ORIGIN_AUTOMATIC, &id);
}

enum rc account_close_cancel(struct db *db, struct arena *arena, const struct actor *actor,
                             int64_t close_id, const char *reason,
                             struct command_refusal *ret_refusal)
{
    assert(db_in_transaction(db) && actor->kind == ACTOR_USER);
    struct closing closing;
    *ret_refusal = (struct command_refusal){.code = "", .field = ""};
    TRY(step_check_reason(reason, "reason", ret_refusal));
    TRY(closing_hold(db, arena, close_id, &closing));
    if (!close_move_allowed(closing.row.state, CLOSE_CANCELLED)) {
        return step_refuse(RC_REFUSED, "wrong_state", "state", ret_refusal);
    }
    for (size_t i = 0; i < closing.count; i++) {
        if (!untouched(&closing.supplies[i])) {
            return step_refuse(RC_REFUSED, "money_left", "state", ret_refusal);
        }
        TRY(let_go(&closing, &closing.supplies[i]));
    }
    if (closing.row.state == CLOSE_ASKED) {
        TRY(approvals_set_decided(db, closing.row.approval_id, "rejected", actor->id, reason));
    }
    TRY(account_closes_set_ended(db, close_id, closing.row.state, CLOSE_CANCELLED));
    return closing_audit(&closing, actor, AUDIT_ACTION_CLOSE_CANCEL, reason,
                         arena_printf(arena, "{\"close_id\":%lld}", (long long)close_id));
}

static enum rc emptying_supply(const struct closing *closing, int64_t supply_id,
                               const struct close_supply **ret_supply,
                               struct command_refusal *ret_refusal)
{
    const struct close_supply *supply = closing_supply(closing, supply_id);
    if (supply == NULL) {
        return step_refuse(RC_INVALID, "unknown_supply", "supply_id", ret_refusal);
    }
    if (closing->row.state != CLOSE_EMPTYING) {
        return step_refuse(RC_REFUSED, "wrong_state", "state", ret_refusal);
    }
    *ret_supply = supply;
    return RC_OK;
}

enum rc account_close_retry(struct db *db, struct arena *arena, const struct actor *actor,
                            int64_t close_id, int64_t supply_id,
                            struct command_refusal *ret_refusal)
{
    assert(db_in_transaction(db) && actor->kind == ACTOR_USER);
    struct closing closing;
    const struct close_supply *supply = NULL;
    *ret_refusal = (struct command_refusal){.code = "", .field = ""};
    TRY(closing_hold(db, arena, close_id, &closing));
    TRY(emptying_supply(&closing, supply_id, &supply, ret_refusal));
    const char *trip = supply->trip_state;
    bool trip_ended = strcmp(trip, "refused") == 0 || strcmp(trip, "expired") == 0 ||
                      strcmp(trip, "superseded") == 0 || strcmp(trip, "cancelled") == 0;
    if (supply->platform_mode ? !trip_ended : strcmp(supply->adjustment_state, "refused") != 0) {
        return step_refuse(RC_REFUSED, "wrong_state", "supply_id", ret_refusal);
    }
    TRY(supply->platform_mode
            ? switch_off(&closing, supply)
            : empty_meter(&closing, supply, closing.row.maker_id, closing.row.checker_id));
    return closing_audit(&closing, actor, AUDIT_ACTION_CLOSE_RETRY, "",
                         arena_printf(arena, "{\"close_id\":%lld,\"supply_id\":%lld}",
                                      (long long)close_id, (long long)supply_id));
}

/* ---- a dead meter ---- */

static enum rc check_typed(const struct typed_reading *typed, struct command_refusal *ret_refusal)
{
    const char *field = NULL;
    TRY(step_check_reason(typed->reason, "reason", ret_refusal));
    if (money_check(typed->balance_fen, -MONEY_MAX_FEN, MONEY_MAX_FEN) != MONEY_FINE &&
        typed->balance_fen != 0) {
        field = "balance_fen";
    } else if (typed->count < 0 || typed->count > TYPED_COUNT_MAX) {
        field = "count";
    } else if (typed->energy_wh < 0 || typed->energy_wh > TYPED_ENERGY_MAX_WH) {
        field = "energy_wh";
    }
    return field == NULL ? RC_OK : step_refuse(RC_INVALID, "invalid_field", field, ret_refusal);
}

/* Only before a frame left: after that nobody knows without the meter. */
static enum rc check_may_type(const struct closing *closing, const struct close_supply *supply,
                              const struct typed_reading *typed,
                              struct command_refusal *ret_refusal)
{
    struct close_reading last;
    if (supply->platform_mode || !untouched(supply)) {
        return step_refuse(RC_REFUSED, "wrong_state", "supply_id", ret_refusal);
    }
    TRY(close_reading_get(closing->db, closing->arena, supply->supply_id, &last));
    if (last.energy_wh != ROW_NULL && typed->energy_wh < last.energy_wh) {
        return step_refuse(RC_INVALID, "below_last_reading", "energy_wh", ret_refusal);
    }
    return RC_OK;
}

enum rc account_close_type(struct db *db, struct arena *arena, const struct actor *actor,
                           int64_t close_id, int64_t supply_id, const struct typed_reading *typed,
                           int64_t *ret_approval_id, struct command_refusal *ret_refusal)
{
    assert(db_in_transaction(db) && actor->kind == ACTOR_USER);
    struct closing closing;
    const struct close_supply *supply = NULL;
    struct supply now;
    char amount[MONEY_TEXT_MAX];
    char hex[2 * CRYPTO_HASH_BYTES + 1];
    int64_t document_id = 0;
    *ret_refusal = (struct command_refusal){.code = "", .field = ""};
    TRY(check_typed(typed, ret_refusal));
    TRY(document_named(db, arena, typed->evidence_sha256, &document_id, ret_refusal));
    TRY(closing_hold(db, arena, close_id, &closing));
    TRY(emptying_supply(&closing, supply_id, &supply, ret_refusal));
    TRY(check_may_type(&closing, supply, typed, ret_refusal));
    TRY(supply_get(db, arena, supply_id, &now));
    (void)money_format(typed->balance_fen, amount);
    crypto_hex(typed->evidence_sha256, CRYPTO_HASH_BYTES, hex);
    struct approval_request ask = {
        .kind = APPROVAL_CLOSE_ACCOUNT,
        .object_kind = "supply",
        .object_id = supply_id,
        .object_label = supply_label(&now),
        .payload = arena_printf(
            arena,
            "{\"act\":\"close_typed\",\"close_id\":%lld,\"supply_id\":%lld,\"balance_fen\":%lld,"
            "\"count\":%lld,\"energy_wh\":%lld,\"evidence_sha256\":\"%s\","
            "\"summary_zh\":\"销户:电表读不到,按照片手录余额 %s 元、购电次数 %lld、表底 "
            "%lld.%03lld kWh 结算。电表不再改写,供电点冻结\",\"summary_en\":\"Closing: the meter"
            " cannot be read; settle by the photo: %s yuan, count %lld, %lld.%03lld kWh. The meter"
            " is not written and the supply is frozen\"}",
            (long long)close_id, (long long)supply_id, (long long)typed->balance_fen,
            (long long)typed->count, (long long)typed->energy_wh, hex, amount,
            (long long)typed->count, (long long)(typed->energy_wh / 1000),
            (long long)(typed->energy_wh % 1000), amount, (long long)typed->count,
            (long long)(typed->energy_wh / 1000), (long long)(typed->energy_wh % 1000)),
        .reason = typed->reason,
        .expires_after_ms = CLOSE_APPROVAL_EXPIRY_MS,
    };
    TRY(approval_request(db, arena, actor, &ask, ret_approval_id, ret_refusal));
    return documents_use(db, document_id, "approval", *ret_approval_id, closing.row.account_id);
}

static enum rc freeze_typed(const struct closing *closing, const struct actor *maker,
                            int64_t supply_id)
{
    struct supply now;
    TRY(supply_get(closing->db, closing->arena, supply_id, &now));
    if (now.frozen) {
        return RC_OK;
    }
    TRY(supply_freeze(closing->db, supply_id, "other",
                      "closed by a typed reading: the meter may still hold money"));
    return step_audit(closing->db, maker, AUDIT_ACTION_SUPPLY_FREEZE, "supply", supply_id,
                      supply_label(&now), "other", "", "");
}

enum rc account_close_carry_typed(struct db *db, struct arena *arena, const struct actor *maker,
                                  int64_t checker_id, int64_t close_id, int64_t supply_id,
                                  const struct typed_reading *typed,
                                  struct command_refusal *ret_refusal)
{
    assert(db_in_transaction(db) && checker_id != 0 && checker_id != maker->id);
    struct closing closing;
    const struct close_supply *supply = NULL;
    TRY(closing_hold(db, arena, close_id, &closing));
    TRY(emptying_supply(&closing, supply_id, &supply, ret_refusal));
    TRY(check_may_type(&closing, supply, typed, ret_refusal));
    if (strcmp(supply->adjustment_state, "approved") == 0) {
        TRY(adjustments_move(db, supply->adjustment_id, ADJUSTMENT_APPROVED, ADJUSTMENT_CANCELLED));
    }
    TRY(empty_meter(&closing, supply, maker->id, checker_id)); /* by those who typed and agreed */
    TRY(close_supplies_of(db, arena, close_id, &closing.supplies, &closing.count));
    supply = closing_supply(&closing, supply_id);
    TRY(adjustments_set_typed(db, supply->adjustment_id, typed->count, typed->balance_fen,
                              typed->evidence_sha256));
    bool debt = typed->balance_fen < 0;
    TRY(closing_post(&closing, debt ? POSTING_CORRECTION : POSTING_ADJUSTMENT_APPLIED, "adjustment",
                     supply->adjustment_id, supply_id, "",
                     debt ? -typed->balance_fen : typed->balance_fen));
    struct close_reading reading = {.taken_at_ms = clock_now_ms(),
                                    .count = typed->count,
                                    .balance_fen = typed->balance_fen,
                                    .energy_wh = typed->energy_wh,
                                    .sharp_wh = ROW_NULL,
                                    .peak_wh = ROW_NULL,
                                    .flat_wh = ROW_NULL,
                                    .valley_wh = ROW_NULL};
    TRY(close_supplies_set_reading(db, supply->id, &reading, true));
    TRY(freeze_typed(&closing, maker, supply_id));
    return closing_audit(&closing, maker, AUDIT_ACTION_CLOSE_TYPE, typed->reason,
                         arena_printf(arena,
                                      "{\"close_id\":%lld,\"supply_id\":%lld,\"balance_fen\":%lld,"
                                      "\"energy_wh\":%lld,\"checker_id\":%lld}",
                                      (long long)close_id, (long long)supply_id,
                                      (long long)typed->balance_fen, (long long)typed->energy_wh,
                                      (long long)checker_id));
}
