#include "core/flow/backfill.h"

#include <assert.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/crypto.h"
#include "core/flow/approval.h"
#include "core/flow/delivery_own.h"
#include "core/flow/document.h"
#include "core/flow/number.h"
#include "core/flow/refund.h"
#include "core/flow/restore.h"
#include "core/flow/sell_own.h"
#include "core/flow/settle.h"
#include "core/flow/step.h"
#include "core/rules/evidence.h"
#include "core/rules/money.h"
#include "core/store/order.h"
#include "core/store/row.h"

#define BY_A_PERSON "person" /* delivery.claimed_by: no poller ever had it */

struct filling {
    struct db *db;
    struct arena *arena;
    const struct backfill *backfill;
    struct sale_facts facts;
    struct restore_look check;
    struct backfill_look look;
    int64_t document_id;
    struct command_refusal *refusal;
};

/* What an item stands for, as the database has it. */
struct found {
    int64_t delivery_id; /* of one of ours */
    int64_t payment_id;  /* in suspense */
    int64_t amount_fen;
};

/* ---- both sides ---- */

static enum rc check_frozen(struct filling *filling, int64_t supply_id)
{
    struct supply_freeze_state state;
    enum rc rc = supply_freeze_get(filling->db, filling->arena, supply_id, &state);
    bool counts = rc == RC_OK && strcmp(state.reason, "count_mismatch") == 0;
    if (rc != RC_NOT_FOUND) {
        TRY(rc);
    }
    rc = counts ? restore_checks_frozen(filling->db, filling->arena, supply_id, &filling->check)
                : RC_NOT_FOUND;
    return rc == RC_NOT_FOUND ? step_refuse(RC_REFUSED, "not_ahead", "", filling->refusal) : rc;
}

static enum rc check_account(const struct filling *filling)
{
    if (filling->facts.account_id == 0 || !filling->facts.epoch_live) {
        return step_refuse(RC_REFUSED, "no_account", "", filling->refusal);
    }
    return strcmp(filling->facts.account_state, "open") == 0
               ? RC_OK
               : step_refuse(RC_REFUSED, "account_closed", "", filling->refusal);
}

static enum rc compare(struct filling *filling)
{
    struct backfill_look *look = &filling->look;
    struct restore_facts facts = restore_look_facts(&filling->check);
    int64_t next = 0;
    bool taken = false;
    TRY(deliveries_next_count(filling->db, filling->arena, filling->facts.supply_id,
                              filling->facts.epoch, &next));
    TRY(deliveries_slot_taken(filling->db, filling->arena, filling->facts.supply_id, 0, &taken));
    *look = (struct backfill_look){.our_count = next - 1,
                                   .meter_count = facts.meter_count,
                                   .our_balance_fen = ROW_NULL,
                                   .meter_balance_fen = facts.meter_balance_fen,
                                   .taken_at_ms = filling->check.meter_taken_at_ms,
                                   .least_fen = ROW_NULL,
                                   .most_fen = ROW_NULL};
    if (facts.backwards) {
        return step_refuse(RC_REFUSED, "other_meter", "", filling->refusal);
    }
    if (look->meter_count <= look->our_count) {
        return step_refuse(RC_REFUSED, "not_ahead", "", filling->refusal);
    }
    if (taken) {
        return step_refuse(RC_REFUSED, "undecided", "", filling->refusal);
    }
    if (supply_is_stale(clock_now_ms(), look->taken_at_ms, command_stale_ms())) {
        return step_refuse(RC_REFUSED, "stale", "", filling->refusal);
    }
    if (facts.has_balance) {
        look->our_balance_fen = facts.our_balance_fen;
        restore_missing(&facts, &look->least_fen, &look->most_fen);
    }
    return RC_OK;
}

static enum rc look_at(struct filling *filling, int64_t supply_id)
{
    TRY(sale_facts_get(filling->db, filling->arena, supply_id, &filling->facts));
    TRY(check_frozen(filling, supply_id));
    TRY(check_account(filling));
    return compare(filling);
}

enum rc backfill_look(struct db *db, struct arena *arena, int64_t supply_id,
                      struct backfill_look *ret_look, struct command_refusal *ret_refusal)
{
    struct filling filling = {.db = db, .arena = arena, .refusal = ret_refusal};
    *ret_refusal = (struct command_refusal){.code = "", .field = ""};
    TRY(look_at(&filling, supply_id));
    *ret_look = filling.look;
    return RC_OK;
}

/* ---- what is entered ---- */

static enum rc find_ours(const struct filling *filling, int64_t purchase_id, struct found *found)
{
    struct delivery_row row;
    enum rc rc = deliveries_of_purchase(filling->db, filling->arena, purchase_id, &row);
    if (rc != RC_NOT_FOUND) {
        TRY(rc);
    }
    if (rc == RC_NOT_FOUND || row.supply_id != filling->facts.supply_id ||
        row.epoch != filling->facts.epoch || row.purchase_count != 0 ||
        !delivery_is_open(row.state)) {
        return step_refuse(RC_REFUSED, "wrong_purchase", "purchase_id", filling->refusal);
    }
    *found = (struct found){.delivery_id = row.id, .amount_fen = row.amount_fen};
    return RC_OK;
}

static enum rc check_channel(const struct filling *filling, const struct backfill_item *item)
{
    static const char *const counter[] = {"cash", "card", "transfer"};
    struct pay_channel *channels = NULL;
    size_t count = 0;
    for (size_t i = 0; i < ARRAY_LEN(counter); i++) {
        if (strcmp(counter[i], item->channel) == 0 && item->merchant[0] == '\0') {
            bool named = item->transaction[0] != '\0' || item->order_number[0] != '\0';
            return named
                       ? RC_OK
                       : step_refuse(RC_INVALID, "invalid_field", "transaction", filling->refusal);
        }
    }
    TRY(pay_channels_list(filling->db, filling->arena, &channels, &count));
    for (size_t i = 0; i < count; i++) {
        if (strcmp(channels[i].channel, item->channel) == 0 &&
            strcmp(channels[i].merchant, item->merchant) == 0) {
            const char *lacks = item->transaction[0] == '\0'    ? "transaction"
                                : item->order_number[0] == '\0' ? "order_number"
                                                                : NULL;
            return lacks == NULL
                       ? RC_OK
                       : step_refuse(RC_INVALID, "invalid_field", lacks, filling->refusal);
        }
    }
    return step_refuse(RC_INVALID, "invalid_field", "channel", filling->refusal);
}

/* As sales at the counter have it: without a slip the order stands for the transaction. */
static const char *transaction_of(const struct backfill_item *item)
{
    return item->transaction[0] == '\0' ? item->order_number : item->transaction;
}

static enum rc find_money(const struct filling *filling, const struct backfill_item *item,
                          struct found *found)
{
    struct payment_event_seen seen;
    struct payment payment;
    bool known = false;
    if (money_check(item->amount_fen, 1, MONEY_MAX_FEN) != MONEY_FINE) {
        return step_refuse(RC_INVALID, "invalid_field", "amount_fen", filling->refusal);
    }
    TRY(check_channel(filling, item));
    enum rc rc = payment_events_find_paid(filling->db, filling->arena, item->channel,
                                          item->merchant, transaction_of(item), &seen);
    if (rc == RC_OK) {
        payment.disposition = DISPOSITION_NONE; /* a message that nothing was booked for */
        if (seen.payment_id != 0) {
            TRY(payments_get(filling->db, filling->arena, seen.payment_id, &payment));
        }
        if (payment.disposition != DISPOSITION_SUSPENSE || payment.amount_fen != item->amount_fen) {
            return step_refuse(RC_CONFLICT, "transaction_known", "transaction", filling->refusal);
        }
        *found = (struct found){.payment_id = payment.id, .amount_fen = payment.amount_fen};
        return RC_OK;
    }
    if (rc != RC_NOT_FOUND) {
        return rc;
    }
    TRY(payments_number_known(filling->db, filling->arena, item->order_number, &known));
    if (known) {
        return step_refuse(RC_CONFLICT, "order_known", "order_number", filling->refusal);
    }
    *found = (struct found){.amount_fen = item->amount_fen};
    return RC_OK;
}

static bool same(const struct backfill_item *a, const struct backfill_item *b)
{
    if (a->purchase_id != 0 || b->purchase_id != 0) {
        return a->purchase_id == b->purchase_id;
    }
    bool order = a->order_number[0] != '\0' && strcmp(a->order_number, b->order_number) == 0;
    return order || (strcmp(a->channel, b->channel) == 0 && strcmp(a->merchant, b->merchant) == 0 &&
                     strcmp(transaction_of(a), transaction_of(b)) == 0);
}

static enum rc check_items(struct filling *filling, struct found *found)
{
    const struct backfill *backfill = filling->backfill;
    if ((int64_t)backfill->count != filling->look.meter_count - filling->look.our_count) {
        return step_refuse(RC_REFUSED, "wrong_number", "items", filling->refusal);
    }
    for (size_t i = 0; i < backfill->count; i++) {
        const struct backfill_item *item = &backfill->items[i];
        for (size_t k = 0; k < i; k++) {
            if (same(item, &backfill->items[k])) {
                return step_refuse(RC_INVALID, "twice", "items", filling->refusal);
            }
        }
        TRY(item->purchase_id != 0 ? find_ours(filling, item->purchase_id, &found[i])
                                   : find_money(filling, item, &found[i]));
        filling->look.entered_fen += found[i].amount_fen;
    }
    bool fits = filling->look.least_fen == ROW_NULL ||
                (filling->look.entered_fen >= filling->look.least_fen &&
                 filling->look.entered_fen <= filling->look.most_fen);
    return fits ? RC_OK : step_refuse(RC_REFUSED, "wrong_sum", "items", filling->refusal);
}

static enum rc check(struct filling *filling, struct found *found)
{
    const struct backfill *backfill = filling->backfill;
    *filling->refusal = (struct command_refusal){.code = "", .field = ""};
    TRY(step_check_reason(backfill->reason, "reason", filling->refusal));
    TRY(supply_lock(filling->db, backfill->supply_id));
    TRY(look_at(filling, backfill->supply_id));
    TRY(document_named(filling->db, filling->arena, backfill->evidence_sha256,
                       &filling->document_id, filling->refusal));
    return check_items(filling, found);
}

/* ---- ask ---- */

static void add_member(struct text *json, const char *name, const char *value)
{
    text_printf(json, ",\"%s\":", name);
    text_add_json_string(json, value, strlen(value));
}

/* The items as they were given, with what each stands for; the second person sees them. */
static enum rc items_json(const struct filling *filling, const struct found *found,
                          const char **ret_json)
{
    struct text json CLEANUP(text_release);
    text_init(&json, (size_t)64 << 10);
    text_add_char(&json, '[');
    for (size_t i = 0; i < filling->backfill->count; i++) {
        const struct backfill_item *item = &filling->backfill->items[i];
        text_printf(&json, "%s{\"purchase_id\":%lld,\"amount_fen\":%lld,\"suspense\":%s",
                    i == 0 ? "" : ",", (long long)item->purchase_id, (long long)found[i].amount_fen,
                    found[i].payment_id != 0 ? "true" : "false");
        if (item->purchase_id == 0) {
            add_member(&json, "channel", item->channel);
            add_member(&json, "merchant", item->merchant);
            add_member(&json, "transaction", item->transaction);
            add_member(&json, "order_number", item->order_number);
        }
        text_add_char(&json, '}');
    }
    text_add_char(&json, ']');
    TRY(text_result(&json));
    *ret_json = arena_copy_string(filling->arena, text_string(&json));
    return *ret_json == NULL ? RC_MEMORY : RC_OK;
}

static const char *payload(const struct filling *filling, const char *items)
{
    const struct backfill_look *look = &filling->look;
    char hex[2 * CRYPTO_HASH_BYTES + 1];
    char sum[MONEY_TEXT_MAX];
    char balance[MONEY_TEXT_MAX];
    (void)money_format(look->entered_fen, sum);
    (void)money_format(look->meter_balance_fen, balance);
    crypto_hex(filling->backfill->evidence_sha256, CRYPTO_HASH_BYTES, hex);
    const char *ours = look->our_balance_fen == ROW_NULL
                           ? "null"
                           : arena_printf(filling->arena, "%lld", (long long)look->our_balance_fen);
    long long counts = (long long)(look->meter_count - look->our_count);
    return ours == NULL
               ? NULL
               : arena_printf(
                     filling->arena,
                     "{\"act\":\"backfill\",\"supply_id\":%lld,\"account_id\":%lld,"
                     "\"our_count\":%lld,\"meter_count\":%lld,\"our_balance_fen\":%s,"
                     "\"meter_balance_fen\":%lld,\"entered_fen\":%lld,\"document_id\":%lld,"
                     "\"evidence_sha256\":\"%s\",\"items\":%s,"
                     "\"summary_zh\":\"补录已到表购电 %lld 笔,共 %s 元。购电次数 %lld 补到 "
                     "%lld,电表现余 %s 元。通过后记为已付款并已到表,不再写表\","
                     "\"summary_en\":\"Enter %lld purchases that are in the meter, %s yuan"
                     " together. Count %lld becomes %lld, the meter holds %s yuan. If approved"
                     " they count as paid and delivered; nothing is sent to the meter\"}",
                     (long long)filling->facts.supply_id, (long long)filling->facts.account_id,
                     (long long)look->our_count, (long long)look->meter_count, ours,
                     (long long)look->meter_balance_fen, (long long)look->entered_fen,
                     (long long)filling->document_id, hex, items, counts, sum,
                     (long long)look->our_count, (long long)look->meter_count, balance, counts, sum,
                     (long long)look->our_count, (long long)look->meter_count, balance);
}

enum rc backfill_ask(struct db *db, struct arena *arena, const struct actor *actor,
                     const struct backfill *backfill, int64_t *ret_approval_id,
                     struct backfill_look *ret_look, struct command_refusal *ret_refusal)
{
    assert(db_in_transaction(db) && backfill->count <= BACKFILL_ITEMS_MAX);
    struct filling filling = {
        .db = db, .arena = arena, .backfill = backfill, .refusal = ret_refusal};
    struct found found[BACKFILL_ITEMS_MAX];
    const char *items = NULL;
    enum rc rc = check(&filling, found);
    *ret_look = filling.look; /* also where the sum does not fit */
    TRY(rc);
    TRY(items_json(&filling, found, &items));
    struct approval_request ask = {
        .kind = APPROVAL_BACKFILL,
        .object_kind = "supply",
        .object_id = backfill->supply_id,
        .object_label = filling.facts.unit_number[0] != '\0' ? filling.facts.unit_number
                                                             : filling.facts.meter_number,
        .payload = payload(&filling, items),
        .reason = backfill->reason,
        .expires_after_ms = REFUND_APPROVAL_EXPIRY_MS,
    };
    TRY(approval_request(db, arena, actor, &ask, ret_approval_id, ret_refusal));
    return documents_use(db, filling.document_id, "approval", *ret_approval_id,
                         filling.facts.account_id);
}

/* ---- carry ---- */

/* Money that the database did not have: as the counter would have taken it. */
static enum rc take_money(const struct filling *filling, const struct actor *maker,
                          const struct backfill_item *item, int64_t *ret_delivery_id)
{
    char made[NUMBER_BYTES];
    int64_t now_ms = clock_now_ms();
    int64_t payment_id = 0;
    struct settle_answer answer;
    struct sale_quote quote = {.facts = filling->facts};
    TRY(number_make('P', now_ms, made));
    const char *number = item->order_number[0] == '\0' ? made : item->order_number;
    struct payment payment = {.order_number = number,
                              .channel = item->channel,
                              .merchant = item->merchant,
                              .amount_fen = item->amount_fen,
                              .currency = SETTLE_CURRENCY,
                              .state = PAYMENT_CREATING,
                              .suspense_reason = ""};
    enum rc rc = sale_write_order(filling->db, maker, &quote, NULL, &payment, &payment_id);
    if (rc == RC_CONFLICT) {
        return step_refuse(RC_CONFLICT, "order_known", "order_number", filling->refusal);
    }
    TRY(rc);
    struct settle_fact fact = {.source = SETTLE_COUNTER,
                               .channel = item->channel,
                               .merchant = item->merchant,
                               .provider_transaction = transaction_of(item),
                               .order_number = number,
                               .paid = true,
                               .amount_fen = item->amount_fen,
                               .currency = SETTLE_CURRENCY};
    TRY(settle_payment(filling->db, filling->arena, maker, &fact, &answer));
    *ret_delivery_id = answer.delivery_id;
    return answer.verdict == SETTLE_OK && answer.delivery_id != 0 ? RC_OK : RC_INTERNAL;
}

static enum rc make_delivery(const struct filling *filling, const struct actor *maker,
                             const struct backfill_item *item, const struct found *found,
                             int64_t *ret_delivery_id)
{
    if (found->delivery_id != 0) {
        *ret_delivery_id = found->delivery_id;
        return RC_OK;
    }
    if (found->payment_id == 0) {
        return take_money(filling, maker, item, ret_delivery_id);
    }
    struct settle_answer answer;
    TRY(suspense_deliver(filling->db, filling->arena, maker, found->payment_id,
                         filling->facts.supply_id, filling->backfill->reason, &answer,
                         filling->refusal));
    *ret_delivery_id = answer.delivery_id;
    return RC_OK;
}

/* The count is given and the delivery ended in one step: no frame ever leaves for it. The balance
   before it is what the meter's own and the later items leave. */
static enum rc confirm(const struct filling *filling, const struct actor *maker,
                       int64_t approval_id, int64_t delivery_id, int64_t purchase_count,
                       int64_t before_fen)
{
    CLEANUP(delivery_own_release) struct delivery_own own;
    delivery_own_init(&own, filling->db);
    TRY(delivery_own_load(&own, delivery_id));
    if (own.row.state == DELIVERY_MANUAL) {
        TRY(deliveries_move(filling->db, delivery_id, DELIVERY_MANUAL, DELIVERY_PENDING, "", ""));
        TRY(delivery_own_close_alarms(&own));
    }
    struct text energy CLEANUP(text_release);
    text_init(&energy, EVIDENCE_JSON_MAX);
    evidence_add_json(&energy, &filling->check.after);
    TRY(text_result(&energy));
    struct delivery_claim_row claim = {.purchase_count = purchase_count,
                                       .serial_number = own.supply.serial_number,
                                       .count = purchase_count - 1,
                                       .balance_fen = before_fen,
                                       .energy_json = text_string(&energy)};
    struct delivery_proof_row proof = {.decided_by = maker->id, .approval_id = approval_id};
    TRY(deliveries_set_claimed(filling->db, delivery_id, BY_A_PERSON, &claim));
    TRY(deliveries_set_confirmed(filling->db, delivery_id, DELIVERY_SENDING, BY_A_PERSON, &proof));
    return delivery_own_settle(&own, 0);
}

static enum rc audit(const struct filling *filling, const struct actor *maker, const char *items)
{
    const struct backfill_look *look = &filling->look;
    const char *before =
        arena_printf(filling->arena, "{\"count\":%lld,\"meter_count\":%lld,\"balance_fen\":%lld}",
                     (long long)look->our_count, (long long)look->meter_count,
                     (long long)look->meter_balance_fen);
    const char *after =
        arena_printf(filling->arena, "{\"count\":%lld,\"entered_fen\":%lld,\"items\":%s}",
                     (long long)look->meter_count, (long long)look->entered_fen, items);
    if (before == NULL || after == NULL) {
        return RC_MEMORY;
    }
    return step_audit(filling->db, maker, AUDIT_ACTION_PURCHASE_BACKFILL, "supply",
                      filling->facts.supply_id, filling->facts.unit_number,
                      filling->backfill->reason, before, after);
}

enum rc backfill_carry(struct db *db, struct arena *arena, const struct actor *maker,
                       int64_t approval_id, const struct backfill *backfill,
                       struct command_refusal *ret_refusal)
{
    assert(db_in_transaction(db) && backfill->count <= BACKFILL_ITEMS_MAX && approval_id != 0);
    struct filling filling = {
        .db = db, .arena = arena, .backfill = backfill, .refusal = ret_refusal};
    struct found found[BACKFILL_ITEMS_MAX];
    const char *items = NULL;
    TRY(check(&filling, found));
    TRY(items_json(&filling, found, &items));
    int64_t before_fen = filling.look.meter_balance_fen - filling.look.entered_fen;
    for (size_t i = 0; i < backfill->count; i++) {
        int64_t delivery_id = 0;
        TRY(make_delivery(&filling, maker, &backfill->items[i], &found[i], &delivery_id));
        TRY(confirm(&filling, maker, approval_id, delivery_id,
                    filling.look.our_count + 1 + (int64_t)i, before_fen));
        before_fen += found[i].amount_fen;
    }
    return audit(&filling, maker, items);
}
