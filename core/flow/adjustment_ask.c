/* Asking for money to leave a meter, agreeing to it, and what is done with suspense. */
#include <assert.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/crypto.h"
#include "core/flow/approval.h"
#include "core/flow/document.h"
#include "core/flow/funded.h"
#include "core/flow/number.h"
#include "core/flow/refund.h"
#include "core/flow/step.h"
#include "core/rules/money.h"
#include "core/store/alarm.h"
#include "core/store/delivery.h"
#include "core/store/ledger.h"
#include "core/store/payment.h"
#include "core/store/purchase.h"
#include "core/store/refund.h"
#include "core/store/row.h"

static const struct {
    const char *kind;
    enum approval_kind approval;
    const char *zh;
    const char *en;
    bool takes_back; /* one purchase */
} kinds[] = {
    {"refund", APPROVAL_REFUND, "退电", "Refund", false},
    {"reversal", APPROVAL_REVERSAL, "冲正", "Reverse", true},
    {"wrong_shop", APPROVAL_WRONG_SHOP, "充错户收回", "Wrong shop, take back", true},
    {"correction", APPROVAL_CORRECTION, "补正", "Correct by", false},
};

struct asking {
    struct db *db;
    struct arena *arena;
    const struct adjustment_request *request;
    struct command_refusal *refusal;
    struct sale_facts facts;
    struct delivery_row delivery; /* of request->purchase_id */
    size_t kind;
    int64_t document_id; /* the paper, 0: none */
};

static enum rc check_amount(const struct asking *asking)
{
    const struct adjustment_request *request = asking->request;
    bool corrects = strcmp(request->kind, "correction") == 0;
    enum money_refusal why =
        money_check(request->amount_fen, corrects ? -MONEY_MAX_FEN : 1, MONEY_MAX_FEN);
    if (why == MONEY_FINE && request->amount_fen == 0) {
        why = MONEY_ZERO;
    }
    if (why != MONEY_FINE) {
        return step_refuse(RC_INVALID, "invalid_field", "amount_fen", asking->refusal);
    }
    bool known = asking->facts.balance_fen != ROW_NULL;
    if (known && request->amount_fen > 0 && request->amount_fen > asking->facts.balance_fen &&
        strcmp(request->kind, "wrong_shop") != 0) {
        return step_refuse(RC_REFUSED, "exceeds_balance", "amount_fen", asking->refusal);
    }
    return RC_OK;
}

/* Reversal and wrong shop take one delivered purchase back, never more than it was, however often
   they are asked for. */
static enum rc check_purchase(struct asking *asking)
{
    const struct adjustment_request *request = asking->request;
    bool needed = kinds[asking->kind].takes_back;
    int64_t taken_fen = 0;
    if (!needed) {
        return request->purchase_id == 0
                   ? RC_OK
                   : step_refuse(RC_INVALID, "invalid_field", "purchase_id", asking->refusal);
    }
    enum rc rc =
        deliveries_of_purchase(asking->db, asking->arena, request->purchase_id, &asking->delivery);
    if (rc == RC_NOT_FOUND || (rc == RC_OK && asking->delivery.supply_id != request->supply_id)) {
        return step_refuse(RC_INVALID, "invalid_field", "purchase_id", asking->refusal);
    }
    TRY(rc);
    if (asking->delivery.state != DELIVERY_CONFIRMED) {
        return step_refuse(RC_REFUSED, "not_in_meter", "purchase_id", asking->refusal);
    }
    if (asking->delivery.epoch != asking->facts.epoch) {
        return step_refuse(RC_REFUSED, "wrong_epoch", "purchase_id", asking->refusal);
    }
    TRY(adjustment_asks_of_delivery(asking->db, asking->arena, asking->delivery.id, &taken_fen));
    if (request->amount_fen > asking->delivery.amount_fen - taken_fen) {
        return step_refuse(RC_INVALID, "invalid_field", "amount_fen", asking->refusal);
    }
    return RC_OK;
}

static enum rc check_right_supply(const struct asking *asking)
{
    const struct adjustment_request *request = asking->request;
    bool wrong_shop = strcmp(request->kind, "wrong_shop") == 0;
    struct sale_facts right;
    if (!wrong_shop) {
        return request->right_supply_id == 0
                   ? RC_OK
                   : step_refuse(RC_INVALID, "invalid_field", "right_supply_id", asking->refusal);
    }
    enum rc rc = request->right_supply_id == request->supply_id
                     ? RC_NOT_FOUND
                     : sale_facts_get(asking->db, asking->arena, request->right_supply_id, &right);
    if (rc == RC_NOT_FOUND) {
        return step_refuse(RC_INVALID, "invalid_field", "right_supply_id", asking->refusal);
    }
    TRY(rc);
    if (!right.epoch_live || strcmp(right.account_state, "open") != 0) {
        return step_refuse(RC_REFUSED, "account_closed", "right_supply_id", asking->refusal);
    }
    return RC_OK;
}

static enum rc ask_second_person(const struct asking *asking, const struct actor *actor,
                                 int64_t *ret_approval_id)
{
    const struct adjustment_request *request = asking->request;
    char amount[MONEY_TEXT_MAX];
    char balance[MONEY_TEXT_MAX];
    (void)money_format(request->amount_fen, amount);
    (void)money_format(asking->facts.balance_fen == ROW_NULL ? 0 : asking->facts.balance_fen,
                       balance);
    const char *label = asking->facts.unit_number[0] != '\0' ? asking->facts.unit_number
                                                             : asking->facts.meter_number;
    struct approval_request ask = {
        .kind = kinds[asking->kind].approval,
        .object_kind = "supply",
        .object_id = request->supply_id,
        .object_label = label,
        .payload = arena_printf(
            asking->arena,
            "{\"act\":\"adjustment\",\"supply_id\":%lld,\"right_supply_id\":%lld,"
            "\"amount_fen\":%lld,\"balance_fen\":%lld,"
            "\"summary_zh\":\"%s %s 元(电表现余 %s 元)。通过后先强制分闸,再改写电表余额,不可撤销\","
            "\"summary_en\":\"%s %s yuan (%s now in the meter). If approved the supply is tripped"
            " and the meter's balance is rewritten; this cannot be undone\"}",
            (long long)request->supply_id, (long long)request->right_supply_id,
            (long long)request->amount_fen,
            (long long)(asking->facts.balance_fen == ROW_NULL ? 0 : asking->facts.balance_fen),
            kinds[asking->kind].zh, amount, balance, kinds[asking->kind].en, amount, balance),
        .reason = request->reason,
        .expires_after_ms = REFUND_APPROVAL_EXPIRY_MS,
    };
    return approval_request(asking->db, asking->arena, actor, &ask, ret_approval_id,
                            asking->refusal);
}

static bool gives(const struct adjustment_request *request)
{
    return request->amount_fen < 0; /* kind correction alone */
}

/* Money for the shop needs no trip and no absolute write: it is a purchase that corrections fund.
 */
static enum rc ask_to_give(const struct asking *asking, const struct actor *actor,
                           int64_t *ret_approval_id)
{
    const struct adjustment_request *request = asking->request;
    int64_t amount_fen = -request->amount_fen;
    int64_t there_fen = asking->facts.balance_fen == ROW_NULL ? 0 : asking->facts.balance_fen;
    char amount[MONEY_TEXT_MAX];
    char balance[MONEY_TEXT_MAX];
    char after[MONEY_TEXT_MAX];
    char evidence[2 * CRYPTO_HASH_BYTES + 1];
    (void)money_format(amount_fen, amount);
    (void)money_format(there_fen, balance);
    (void)money_format(there_fen + amount_fen, after);
    crypto_hex(request->evidence_sha256, CRYPTO_HASH_BYTES, evidence);
    struct approval_request ask = {
        .kind = APPROVAL_CORRECTION,
        .object_kind = "supply",
        .object_id = request->supply_id,
        .object_label = asking->facts.unit_number[0] != '\0' ? asking->facts.unit_number
                                                             : asking->facts.meter_number,
        .payload = arena_printf(
            asking->arena,
            "{\"act\":\"give\",\"supply_id\":%lld,\"account_id\":%lld,\"amount_fen\":%lld,"
            "\"balance_fen\":%lld,\"evidence_sha256\":\"%s\","
            "\"summary_zh\":\"补正:补入 %s 元。电表现余 %s 元,补入后 %s "
            "元。通过后作为一笔购电下发,不断电\","
            "\"summary_en\":\"Correct: %s yuan for the shop. %s now in the meter, %s after it. If"
            " approved it is brought into the meter like a purchase; nobody is cut off\"}",
            (long long)request->supply_id, (long long)asking->facts.account_id,
            (long long)amount_fen, (long long)there_fen, evidence, amount, balance, after, amount,
            balance, after),
        .reason = request->reason,
        .expires_after_ms = REFUND_APPROVAL_EXPIRY_MS,
    };
    return approval_request(asking->db, asking->arena, actor, &ask, ret_approval_id,
                            asking->refusal);
}

enum rc adjustment_request(struct db *db, struct arena *arena, const struct actor *actor,
                           const struct adjustment_request *request, int64_t *ret_approval_id,
                           struct command_refusal *ret_refusal)
{
    assert(db_in_transaction(db));
    struct asking asking = {.db = db, .arena = arena, .request = request, .refusal = ret_refusal};
    *ret_refusal = (struct command_refusal){.code = "", .field = ""};
    while (asking.kind < ARRAY_LEN(kinds) && strcmp(kinds[asking.kind].kind, request->kind) != 0) {
        asking.kind++;
    }
    if (asking.kind == ARRAY_LEN(kinds)) {
        return step_refuse(RC_INVALID, "invalid_field", "kind", ret_refusal);
    }
    TRY(step_check_reason(request->reason, "reason", ret_refusal));
    TRY(supply_lock(db, request->supply_id));
    TRY(sale_facts_get(db, arena, request->supply_id, &asking.facts));
    if (asking.facts.account_id == 0 || !asking.facts.epoch_live) {
        return step_refuse(RC_REFUSED, "no_account", "supply_id", ret_refusal);
    }
    TRY(check_amount(&asking));
    TRY(check_purchase(&asking));
    TRY(check_right_supply(&asking));
    if (strcmp(request->kind, "correction") == 0 || request->evidence_sha256 != NULL) {
        TRY(document_named(db, arena, request->evidence_sha256, &asking.document_id, ret_refusal));
    }
    TRY(gives(request) ? ask_to_give(&asking, actor, ret_approval_id)
                       : ask_second_person(&asking, actor, ret_approval_id));
    if (asking.document_id != 0) {
        TRY(documents_use(db, asking.document_id, "approval", *ret_approval_id,
                          asking.facts.account_id));
    }
    if (gives(request)) {
        return RC_OK;
    }
    struct adjustment_ask ask = {
        .kind = request->kind,
        .account_id = asking.facts.account_id,
        .supply_id = request->supply_id,
        .epoch = asking.facts.epoch,
        .meter_id = asking.facts.meter_id,
        .delivery_id = asking.delivery.id,
        .amount_fen = request->amount_fen,
        .reason = request->reason,
        .evidence_sha256 = request->evidence_sha256,
        .maker_id = actor->id,
        .approval_id = *ret_approval_id,
    };
    int64_t id = 0;
    return adjustment_asks_insert(db, &ask, &id);
}

enum rc adjustment_carry(struct db *db, struct arena *arena, const struct actor *maker,
                         int64_t checker_id, int64_t approval_id, int64_t right_supply_id,
                         int64_t amount_fen, int32_t *ret_shard,
                         struct command_refusal *ret_refusal)
{
    assert(db_in_transaction(db) && checker_id != 0 && checker_id != maker->id);
    int64_t id = 0;
    TRY(adjustment_asks_of_approval(db, arena, approval_id, &id, ret_shard));
    TRY(adjustment_asks_set_approved(db, id, checker_id));
    if (right_supply_id == 0) {
        return RC_OK;
    }
    struct sale_facts right;
    int64_t delivery_id = 0;
    TRY(supply_lock(db, right_supply_id));
    TRY(sale_facts_get(db, arena, right_supply_id, &right));
    if (!right.epoch_live || strcmp(right.account_state, "open") != 0) {
        return step_refuse(RC_REFUSED, "account_closed", "right_supply_id", ret_refusal);
    }
    struct purchase purchase = funded_purchase(&right, "wrong_shop", amount_fen, approval_id);
    TRY(funded_buy(db, arena, maker, &purchase, POSTING_WRONG_SHOP, "", &delivery_id));
    *ret_shard = right.shard;
    return step_audit(db, maker, AUDIT_ACTION_PURCHASE_WRONG_SHOP, "supply", right_supply_id,
                      right.unit_number, "", "", "");
}

enum rc correction_carry(struct db *db, struct arena *arena, const struct actor *maker,
                         const struct correction_given *given, int32_t *ret_shard,
                         struct command_refusal *ret_refusal)
{
    assert(db_in_transaction(db) && given->amount_fen > 0);
    struct sale_facts facts;
    int64_t delivery_id = 0;
    TRY(supply_lock(db, given->supply_id));
    TRY(sale_facts_get(db, arena, given->supply_id, &facts));
    if (!facts.epoch_live || facts.account_id != given->account_id ||
        strcmp(facts.account_state, "open") != 0) {
        return step_refuse(RC_REFUSED, "account_closed", "supply_id", ret_refusal);
    }
    struct purchase purchase =
        funded_purchase(&facts, "correction", given->amount_fen, given->approval_id);
    TRY(funded_buy(db, arena, maker, &purchase, POSTING_CORRECTION_GIVEN, "", &delivery_id));
    *ret_shard = facts.shard;
    const char *after =
        arena_printf(arena, "{\"purchase_id\":%lld,\"amount_fen\":%lld,\"evidence_sha256\":\"%s\"}",
                     (long long)purchase.id, (long long)given->amount_fen, given->evidence_sha256);
    return after == NULL
               ? RC_MEMORY
               : step_audit(db, maker, AUDIT_ACTION_PURCHASE_CORRECTION, "supply", given->supply_id,
                            facts.unit_number, given->reason, "", after);
}

enum rc suspense_deliver(struct db *db, struct arena *arena, const struct actor *actor,
                         int64_t payment_id, int64_t supply_id, const char *reason,
                         struct settle_answer *ret_answer, struct command_refusal *ret_refusal)
{
    assert(db_in_transaction(db));
    struct payment payment;
    struct sale_facts facts;
    int64_t taken_fen = 0;
    bool asked = false;
    *ret_refusal = (struct command_refusal){.code = "", .field = ""};
    TRY(step_check_reason(reason, "reason", ret_refusal));
    enum rc rc = supply_lock(db, supply_id);
    if (rc == RC_NOT_FOUND) {
        return step_refuse(RC_INVALID, "unknown_supply", "supply_id", ret_refusal);
    }
    TRY(rc);
    TRY(payments_lock(db, arena, payment_id, &payment));
    TRY(sale_facts_get(db, arena, supply_id, &facts));
    TRY(refunds_of_payment(db, arena, payment_id, &taken_fen, &asked));
    if (payment.disposition != DISPOSITION_SUSPENSE || asked || taken_fen != 0) {
        return step_refuse(RC_REFUSED, "wrong_state", "disposition", ret_refusal);
    }
    if (!facts.epoch_live || strcmp(facts.account_state, "open") != 0) {
        return step_refuse(RC_REFUSED, "account_closed", "supply_id", ret_refusal);
    }
    struct purchase purchase = funded_purchase(&facts, "suspense", payment.amount_fen, 0);
    struct settle_answer answer = {.payment_id = payment_id, .shard = facts.shard};
    TRY(funded_buy(db, arena, actor, &purchase, POSTING_SUSPENSE_RELEASED, payment.channel,
                   &answer.delivery_id));
    answer.purchase_id = purchase.id;
    TRY(payments_set_purchase(db, payment_id, purchase.id));
    TRY(payments_set_disposition(db, payment_id, DISPOSITION_SUSPENSE, DISPOSITION_PENDING));
    if (facts.platform_mode) {
        TRY(payments_set_disposition(db, payment_id, DISPOSITION_PENDING, DISPOSITION_CREDITED));
    }
    TRY(alarm_close(db, ALARM_PAYMENT_SUSPENSE, "payment", payment_id));
    *ret_answer = answer;
    return step_audit(db, actor, AUDIT_ACTION_SUSPENSE_DELIVER, "payment", payment_id,
                      payment.order_number, reason, "", "");
}

enum rc suspense_keep(struct db *db, struct arena *arena, const struct actor *actor,
                      int64_t payment_id, const char *reason, struct command_refusal *ret_refusal)
{
    assert(db_in_transaction(db));
    struct payment payment;
    *ret_refusal = (struct command_refusal){.code = "", .field = ""};
    TRY(step_check_reason(reason, "reason", ret_refusal));
    TRY(payments_lock(db, arena, payment_id, &payment));
    if (payment.disposition != DISPOSITION_SUSPENSE) {
        return step_refuse(RC_REFUSED, "wrong_state", "disposition", ret_refusal);
    }
    TRY(payments_set_owner(db, payment_id, actor->id));
    return step_audit(db, actor, AUDIT_ACTION_SUSPENSE_KEEP, "payment", payment_id,
                      payment.order_number, reason, "", "");
}

enum rc delivery_ask_confirmed(struct db *db, struct arena *arena, const struct actor *actor,
                               int64_t delivery_id, const char *reason, int64_t *ret_approval_id,
                               struct command_refusal *ret_refusal)
{
    assert(db_in_transaction(db));
    struct delivery_row delivery;
    char amount[MONEY_TEXT_MAX];
    *ret_refusal = (struct command_refusal){.code = "", .field = ""};
    TRY(step_check_reason(reason, "reason", ret_refusal));
    TRY(deliveries_get(db, arena, delivery_id, &delivery));
    TRY(supply_lock(db, delivery.supply_id));
    TRY(deliveries_get(db, arena, delivery_id, &delivery));
    if (delivery.state != DELIVERY_MANUAL || delivery.purchase_count == 0) {
        return step_refuse(RC_CONFLICT, "conflict", "", ret_refusal);
    }
    (void)money_format(delivery.amount_fen, amount);
    struct approval_request ask = {
        .kind = APPROVAL_DELIVERY_CONFIRMED,
        .object_kind = "delivery",
        .object_id = delivery_id,
        .object_label = amount,
        .payload = arena_printf(
            arena,
            "{\"act\":\"delivery_ok\",\"delivery_id\":%lld,\"supply_id\":%lld,"
            "\"summary_zh\":\"认定 %s 元(第 %lld 次)已在电表内,不再下发\",\"summary_en\":\"%s yuan"
            " (count %lld) count as being in the meter and will not be sent again\"}",
            (long long)delivery_id, (long long)delivery.supply_id, amount,
            (long long)delivery.purchase_count, amount, (long long)delivery.purchase_count),
        .reason = reason,
        .expires_after_ms = REFUND_APPROVAL_EXPIRY_MS,
    };
    return approval_request(db, arena, actor, &ask, ret_approval_id, ret_refusal);
}
