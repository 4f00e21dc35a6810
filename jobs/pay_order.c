/*
 * Orders: what a provider is asked, and what its answer moves.
 *
 *   creating   CREATE until it answers; its time is over: as open
 *   open       QUERY by the ladder; called off, or its time is over: CLOSE (where there is none:
 * QUERY) closed     its close was not proved: QUERY by the ladder
 *
 * Money is settled by whatever proves it. An order ends without proof too, so that the payer can
 * begin anew: money that comes all the same is found by the ladder or the bill, and goes back.
 */
#include <string.h>

#include "core/base/clock.h"
#include "core/base/crypto.h"
#include "core/flow/order.h"
#include "core/flow/settle.h"
#include "core/rules/query_ladder.h"
#include "core/store/wake.h"
#include "jobs/pay_own.h"

#define CREATE_WAIT_MS 8000
#define CLOSE_WAIT_MS 30000
#define CLOSE_GIVE_UP_MS (INT64_C(5) * 60000)
#define OFFER_FIELDS_MAX ((size_t)FORM_FIELDS_MAX)

/* ---- moves */

static int64_t ladder(const struct order_due *order)
{
    return query_ladder_next_ms(order->created_at_ms, clock_now_ms(), order->page_at_ms);
}

/* RC_CONFLICT: it was settled meanwhile, or ended; what was heard is old. */
static enum rc old_is_fine(enum rc rc)
{
    return rc == RC_CONFLICT ? RC_OK : rc;
}

static enum rc end(const struct pay_slot *slot, enum payment_state to, const char *code,
                   int64_t due_at_ms)
{
    const struct order_due *order = &slot->order;
    const char *said = code[0] == '\0' || strlen(code) > ORDER_FAIL_CODE_MAX ? "ended" : code;
    if (order->state == PAYMENT_CLOSED) {
        return old_is_fine(orders_set_due(slot->desk->job->db, order->payment_id,
                                          slot->marked_at_ms, due_at_ms, true));
    }
    return old_is_fine(order_ended(slot->desk->job->db, order->payment_id, to, said, due_at_ms));
}

static enum rc again(const struct pay_slot *slot, int64_t due_at_ms, bool answered)
{
    return old_is_fine(orders_set_due(slot->desk->job->db, slot->order.payment_id,
                                      slot->marked_at_ms, due_at_ms, answered));
}

/* An open order whose ladder is at its end has ended too. */
static enum rc by_ladder(const struct pay_slot *slot)
{
    int64_t due_at_ms = ladder(&slot->order);
    return due_at_ms == 0 ? end(slot, PAYMENT_CLOSED, "never_answered", 0)
                          : again(slot, due_at_ms, true);
}

static bool is_over(const struct order_due *order)
{
    return order->close_asked_at_ms != 0 || clock_now_ms() >= order->expires_at_ms;
}

/* Since when it should have ended. */
static int64_t over_since_ms(const struct order_due *order)
{
    return order->close_asked_at_ms != 0 && order->close_asked_at_ms < order->expires_at_ms
               ? order->close_asked_at_ms
               : order->expires_at_ms;
}

static enum rc not_answered(const struct pay_slot *slot)
{
    const struct order_due *order = &slot->order;
    int64_t now_ms = clock_now_ms();
    bool closing = is_over(order) && order->state != PAYMENT_CLOSED;
    if (closing && now_ms - over_since_ms(order) > CLOSE_GIVE_UP_MS) {
        return end(slot, PAYMENT_CLOSED, "no_answer", ladder(order));
    }
    if (slot->ask.op == PAY_QUERY && !closing && order->state != PAYMENT_CREATING) {
        return by_ladder(slot);
    }
    int64_t last_ms = closing ? CLOSE_WAIT_MS : CREATE_WAIT_MS;
    return again(slot, now_ms + unanswered_wait_ms(order->tries + 1, last_ms), false);
}

/* ---- asking */

static enum rc ask_next(struct pay_slot *slot, enum pay_op op)
{
    slot->ask.op = op;
    enum rc rc = pay_send(slot);
    if (op == PAY_CLOSE && rc == RC_REFUSED) { /* it has no such operation */
        slot->ask.op = PAY_QUERY;
        rc = pay_send(slot);
    }
    return rc;
}

/* One more request of the same slot: what one answer leaves open. */
static enum rc link_on(struct pay_slot *slot, enum pay_op op)
{
    if (slot->links > 0) {
        return not_answered(slot);
    }
    slot->marked_at_ms = clock_now_ms() + PAY_MARK_MS;
    TRY(orders_mark_asked(slot->desk->job->db, slot->order.payment_id, clock_now_ms(),
                          slot->marked_at_ms));
    TRY(ask_next(slot, op));
    slot->links++;
    return RC_OK;
}

static enum rc scene_find(const char *name, enum pay_scene *ret_scene)
{
    static const char *const words[PAY_SCENE__MAX] = {"qr", "phone", "in_app", "page"};
    for (int i = 0; i < PAY_SCENE__MAX; i++) {
        if (strcmp(words[i], name) == 0) {
            *ret_scene = (enum pay_scene)i;
            return RC_OK;
        }
    }
    return RC_NOT_FOUND;
}

/* What the payer reads at the provider: without the characters that providers refuse. */
static const char *subject_of(struct pay_slot *slot)
{
    char *subject =
        (char *)(uintptr_t)arena_printf(&slot->arena, "电费 %.80s", slot->order.unit_number);
    for (char *at = subject; at != NULL && *at != '\0'; at++) {
        *at = strchr("/=&,{}[]\r\n", *at) != NULL ? '-' : *at;
    }
    return subject;
}

static enum rc openid_open(struct pay_slot *slot, const char **ret_openid)
{
    const struct order_due *order = &slot->order;
    if (order->open_id_sealed_len <= CRYPTO_SEAL_EXTRA_BYTES) {
        return RC_OK;
    }
    size_t len = order->open_id_sealed_len - CRYPTO_SEAL_EXTRA_BYTES;
    char *plain = arena_take(&slot->arena, len + 1);
    if (plain == NULL) {
        return RC_MEMORY;
    }
    TRY(crypto_open(slot->desk->field_key, ORDER_OPEN_ID_SEAL, strlen(ORDER_OPEN_ID_SEAL),
                    order->open_id_sealed, order->open_id_sealed_len, plain));
    plain[len] = '\0';
    *ret_openid = plain;
    return RC_OK;
}

/* The ask as it is made each time: everything in it is stored, nothing comes from the clock. */
static enum rc ask_fill(struct pay_slot *slot)
{
    const struct order_due *order = &slot->order;
    const char *public_url = config_text(slot->desk->job->config, CONFIG_pay_public_url);
    slot->ask = (struct pay_ask){
        .order_number = order->order_number,
        .amount_fen = order->amount_fen,
        .created_at_ms = order->created_at_ms,
        .expires_at_ms = order->expires_at_ms,
        .client_ip = order->client_ip,
        .subject = subject_of(slot),
        .return_url = arena_printf(&slot->arena, "%s/m/back", public_url),
    };
    if (slot->ask.subject == NULL || slot->ask.return_url == NULL) {
        return RC_MEMORY;
    }
    TRY(openid_open(slot, &slot->ask.openid));
    return scene_find(order->scene, &slot->ask.scene);
}

/* The order lives as long as its slot. */
static enum rc order_copy(struct pay_slot *slot, const struct order_due *order)
{
    slot->order = *order;
    slot->order.order_number = arena_copy_string(&slot->arena, order->order_number);
    slot->order.client_ip = arena_copy_string(&slot->arena, order->client_ip);
    slot->order.scene = arena_copy_string(&slot->arena, order->scene);
    slot->order.unit_number = arena_copy_string(&slot->arena, order->unit_number);
    return slot->order.order_number == NULL || slot->order.client_ip == NULL ||
                   slot->order.scene == NULL || slot->order.unit_number == NULL
               ? RC_MEMORY
               : RC_OK;
}

static enum rc start_one(struct pay_slot *slot, const struct order_due *order)
{
    struct db *db = slot->desk->job->db;
    enum pay_op op = order->state == PAYMENT_CLOSED     ? PAY_QUERY
                     : is_over(order)                   ? PAY_CLOSE
                     : order->state == PAYMENT_CREATING ? PAY_CREATE
                                                        : PAY_QUERY;
    slot->matter = PAY_MATTER_ORDER;
    slot->order = *order;
    if (order->state == PAYMENT_CREATING && op == PAY_CLOSE && order->asked_at_ms == 0) {
        pay_slot_give(slot); /* nobody was asked: nothing can be paid */
        return old_is_fine(order_ended(db, order->payment_id, PAYMENT_CLOSED, "not_asked", 0));
    }
    TRY(order_copy(slot, order));
    enum rc rc = ask_fill(slot);
    if (rc == RC_OK) {
        slot->marked_at_ms = clock_now_ms() + PAY_MARK_MS;
        TRY(orders_mark_asked(db, order->payment_id, clock_now_ms(), slot->marked_at_ms));
        rc = ask_next(slot, op);
    }
    if (rc == RC_INVALID || rc == RC_NOT_FOUND) {
        /* The request cannot even be written; nobody was asked by it. */
        pay_say(slot->desk, "order %s cannot be asked for", order->order_number);
        pay_slot_give(slot);
        return end(slot, PAYMENT_FAILED, "cannot_be_asked", 0);
    }
    return rc;
}

enum rc pay_orders_start(struct pay_desk *desk, enum pay_provider provider, bool *ret_any)
{
    struct job *job = desk->job;
    struct order_due *orders = NULL;
    size_t count = 0;
    size_t room = pay_room(desk, provider);
    if (room == 0) {
        return RC_OK;
    }
    TRY(orders_due(job->db, &job->arena, pay_provider_name(provider), clock_now_ms(), room, &orders,
                   &count));
    for (size_t i = 0; i < count; i++) {
        struct pay_slot *slot = pay_slot_take(desk, provider);
        if (slot == NULL) {
            break;
        }
        *ret_any = true;
        enum rc rc = start_one(slot, &orders[i]);
        if (rc != RC_OK && slot->busy) {
            pay_slot_give(slot);
        }
        TRY(old_is_fine(rc));
    }
    return RC_OK;
}

/* ---- what the payer is handed */

enum rc pay_order_offer(struct pay_slot *slot, const struct pay_offer *offer)
{
    static const char *const kinds[] = {[PAY_HAND_NONE] = "none",
                                        [PAY_HAND_QR] = "qr",
                                        [PAY_HAND_URL] = "redirect",
                                        [PAY_HAND_FORM] = "form",
                                        [PAY_HAND_CLIENT] = "client"};
    CLEANUP(text_release) struct text json;
    text_init(&json, ORDER_OFFER_BYTES_MAX);
    const char *text = offer->text == NULL ? "" : offer->text;
    text_printf(&json, "{\"kind\":\"%s\",\"text\":", kinds[offer->hand]);
    text_add_json_string(&json, text, strlen(text));
    text_add_string(&json, ",\"fields\":[");
    for (size_t i = 0; i < offer->fields.count && i < OFFER_FIELDS_MAX; i++) {
        const struct form_field *field = &offer->fields.fields[i];
        text_printf(&json, "%s{\"name\":", i == 0 ? "" : ",");
        text_add_json_string(&json, field->name, strlen(field->name));
        text_add_string(&json, ",\"value\":");
        text_add_json_string(&json, field->value, strlen(field->value));
        text_add_char(&json, '}');
    }
    text_add_string(&json, "]}");
    if (text_result(&json) == RC_TOO_LARGE) {
        return end(slot, PAYMENT_CLOSED, "offer_too_large", ladder(&slot->order));
    }
    TRY(text_result(&json));
    return old_is_fine(order_offered(slot->desk->job->db, slot->order.payment_id,
                                     text_string(&json), ladder(&slot->order)));
}

/* ---- answers */

struct settling {
    struct arena *arena;
    struct settle_fact fact;
    struct settle_answer answer;
};

static enum rc settle(struct db *db, void *context)
{
    struct settling *settling = context;
    return settle_payment(db, settling->arena, &job_actor, &settling->fact, &settling->answer);
}

/* The provider says that money came. Where no order of ours may have it, the order is over. */
static enum rc paid(struct pay_slot *slot, const struct pay_fact *said)
{
    struct pay_desk *desk = slot->desk;
    const struct pay_merchant *merchant = pay_merchant_of(desk->pay, slot->provider);
    struct settling settling = {
        .arena = &slot->arena,
        .fact = {.source = SETTLE_QUERY,
                 .channel = pay_provider_name(slot->provider),
                 .merchant = pay_merchant_key(merchant),
                 .provider_transaction = said->provider_transaction,
                 .order_number = slot->order.order_number,
                 .paid = true,
                 .amount_fen = said->amount_fen,
                 .currency = said->currency,
                 .occurred_at_ms = said->occurred_at_ms},
    };
    TRY(pay_step(desk, settle, &settling));
    if (settling.answer.delivery_id != 0) {
        (void)!wake_poller(desk->job->redis, settling.answer.shard);
    }
    if (settling.answer.verdict == SETTLE_OK) {
        return RC_OK;
    }
    return end(slot, PAYMENT_CLOSED, settle_verdict_code(settling.answer.verdict), 0);
}

static enum rc create_heard(struct pay_slot *slot, const struct pay_answer *answer)
{
    switch (answer->outcome) {
    case PAY_ACCEPTED:
        return pay_order_offer(slot, &answer->offer);
    case PAY_REFUSED:
        /* An earlier try may have made it all the same. */
        return slot->order.asked_at_ms == 0 ? end(slot, PAYMENT_FAILED, answer->code, 0)
                                            : link_on(slot, PAY_QUERY);
    case PAY_QUERY_NOW:
        return link_on(slot, PAY_QUERY);
    default:
        return not_answered(slot);
    }
}

static enum rc query_heard(struct pay_slot *slot, const struct pay_answer *answer)
{
    const struct order_due *order = &slot->order;
    bool closing = is_over(order) && order->state != PAYMENT_CLOSED;
    switch (answer->outcome) {
    case PAY_PAID:
        return paid(slot, &answer->fact);
    case PAY_PAID_THEN_REFUNDED:
        TRY(order_odd(slot->desk->job->db, order->payment_id, pay_outcome_code(answer->outcome)));
        return end(slot, PAYMENT_CLOSED, pay_outcome_code(answer->outcome), ladder(order));
    case PAY_CLOSED:
        return end(slot, PAYMENT_CLOSED, "closed_by_provider", 0);
    case PAY_FAILED:
        return end(slot, PAYMENT_CLOSED, answer->code, ladder(order));
    case PAY_UNPAID:
    case PAY_NOT_FOUND:
        if (closing) { /* not closed there, or never known */
            return end(slot, PAYMENT_CLOSED, "close_not_proved", ladder(order));
        }
        return order->state == PAYMENT_CREATING ? not_answered(slot) : by_ladder(slot);
    default:
        return not_answered(slot);
    }
}

static enum rc close_heard(struct pay_slot *slot, const struct pay_answer *answer)
{
    switch (answer->outcome) {
    case PAY_CLOSED:
        return end(slot, PAYMENT_CLOSED, "closed_by_us", 0);
    case PAY_QUERY_NOW:
        return link_on(slot, PAY_QUERY);
    case PAY_NOT_FOUND: /* a code that nobody scanned may still be */
    case PAY_REFUSED:
        return end(slot, PAYMENT_CLOSED, "close_not_proved", ladder(&slot->order));
    default:
        return not_answered(slot);
    }
}

enum rc pay_order_heard(struct pay_slot *slot, const struct pay_answer *answer)
{
    return slot->ask.op == PAY_CREATE  ? create_heard(slot, answer)
           : slot->ask.op == PAY_CLOSE ? close_heard(slot, answer)
                                       : query_heard(slot, answer);
}
