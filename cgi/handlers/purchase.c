/* Purchases: the list, and one with each step of its way into the meter. */
#include <string.h>

#include "cgi/handlers/handlers.h"
#include "cgi/handlers/money.h"
#include "cgi/handlers/park.h"
#include "cgi/shape.h"
#include "core/flow/power.h"
#include "core/rules/money.h"
#include "core/store/purchase_list.h"

#define STEPS_MAX 12

static const char *const states[] = {"open",     "paid",      "delivered", "credited",
                                     "refunded", "cancelled", NULL};
static const char *const modes[] = {"meter", "platform", NULL};
static const char *const origins[] = {"payment",    "wrong_shop", "returned", "suspense",
                                      "correction", "opening",    NULL};
static const char *const delivery_states[] = {
    "pending", "sending", "confirmed", "fencing", "fenced", "hold", "manual", "cancelled", NULL};

SHAPE(purchase, "Purchase", struct purchase_view, F_ID(struct purchase_view, id, NEEDED),
      F_WORDS(struct purchase_view, number, NEEDED), F_ID(struct purchase_view, account_id, NEEDED),
      F_WORDS(struct purchase_view, account_name, NEEDED),
      F_WORDS(struct purchase_view, account_number, NEEDED),
      F_ID(struct purchase_view, supply_id, NEEDED), F_ID(struct purchase_view, meter_id, NEEDED),
      F_WORDS(struct purchase_view, unit_number, NEEDED),
      F_WORDS(struct purchase_view, meter_number, NEEDED),
      F_NUMBER(struct purchase_view, epoch, NEEDED),
      F_ENUM(struct purchase_view, mode, NEEDED, modes),
      F_ENUM(struct purchase_view, origin, NEEDED, origins),
      F_NUMBER(struct purchase_view, amount_fen, NEEDED),
      F_ENUM(struct purchase_view, state, NEEDED, states),
      F_WORDS(struct purchase_view, channel, NULLABLE),
      F_ENUM(struct purchase_view, delivery_state, NULLABLE, delivery_states),
      F_WORDS(struct purchase_view, wait_code, NEEDED),
      F_WORDS(struct purchase_view, sold_by_name, NEEDED),
      F_TIME(struct purchase_view, created_at, NEEDED),
      F_TIME(struct purchase_view, paid_at, NULLABLE),
      F_TIME(struct purchase_view, ended_at, NULLABLE),
      F_TIME(struct purchase_view, power_at, NULLABLE),
      F_WORDS(struct purchase_view, power_by_name, NULLABLE),
      F_BOOL(struct purchase_view, power_by_hand, NEEDED));

static const char *const list_states[] = {"open",     "paid",      "delivered", "credited",
                                          "refunded", "cancelled", "waiting",   NULL};

struct purchase_list_input {
    int64_t account_id;
    int64_t supply_id;
    const char *state;
    const char *query;
    const char *cursor;
    int64_t limit;
};

SHAPE(purchase_list_input, "PurchaseQuery", struct purchase_list_input,
      F_ID(struct purchase_list_input, account_id, OPTIONAL),
      F_ID(struct purchase_list_input, supply_id, OPTIONAL),
      F_ENUM(struct purchase_list_input, state, OPTIONAL, list_states),
      F_TEXT(struct purchase_list_input, query, OPTIONAL, 1, 40),
      F_TEXT(struct purchase_list_input, cursor, OPTIONAL, 1, 20),
      F_INT(struct purchase_list_input, limit, OPTIONAL, 1, PAGE_LIMIT_MAX));

struct purchases_reply {
    struct shape_list items;
    const char *next_cursor;
};

SHAPE(purchases, "Purchases", struct purchases_reply,
      F_LIST(struct purchases_reply, items, &shape_purchase),
      F_WORDS(struct purchases_reply, next_cursor, NULLABLE));

enum rc handle_purchase_list(struct request *request)
{
    const struct purchase_list_input *input = request->input;
    struct purchase_question question = {
        .account_id = input->account_id == SHAPE_NULL ? 0 : input->account_id,
        .supply_id = input->supply_id == SHAPE_NULL ? 0 : input->supply_id,
        .state = input->state == NULL ? "" : input->state,
        .words = input->query == NULL ? "" : input->query,
        .limit = park_limit(input->limit),
    };
    struct purchases_reply reply = {0};
    struct purchase_view *views = NULL;
    TRY(park_cursor(request, input->cursor, &question.before_id));
    TRY(purchase_list(request->db, request->arena, &question, &views, &reply.items.count,
                      &reply.next_cursor));
    reply.items.items = views;
    return request_reply(request, 200, &reply);
}

/* ---- one */

static const char *const payment_states[] = {"creating", "open",   "settled",
                                             "closed",   "failed", NULL};
static const char *const dispositions[] = {"none",     "pending",  "delivered", "credited",
                                           "refunded", "suspense", NULL};

SHAPE(purchase_payment, "PurchasePayment", struct purchase_payment,
      F_ID(struct purchase_payment, id, NEEDED),
      F_WORDS(struct purchase_payment, order_number, NEEDED),
      F_WORDS(struct purchase_payment, channel, NEEDED),
      F_NUMBER(struct purchase_payment, amount_fen, NEEDED),
      F_ENUM(struct purchase_payment, state, NEEDED, payment_states),
      F_ENUM(struct purchase_payment, disposition, NEEDED, dispositions),
      F_WORDS(struct purchase_payment, suspense_reason, NULLABLE),
      F_WORDS(struct purchase_payment, provider_transaction, NULLABLE),
      F_NUMBER(struct purchase_payment, refunded_fen, NEEDED),
      F_TIME(struct purchase_payment, created_at, NEEDED),
      F_TIME(struct purchase_payment, settled_at, NULLABLE));

SHAPE(delivery, "Delivery", struct delivery_view, F_ID(struct delivery_view, id, NEEDED),
      F_ENUM(struct delivery_view, state, NEEDED, delivery_states),
      F_WORDS(struct delivery_view, wait_code, NEEDED),
      F_NUMBER(struct delivery_view, purchase_count, NULLABLE),
      F_NUMBER(struct delivery_view, before_count, NULLABLE),
      F_NUMBER(struct delivery_view, before_balance_fen, NULLABLE),
      F_NUMBER(struct delivery_view, after_count, NULLABLE),
      F_NUMBER(struct delivery_view, after_balance_fen, NULLABLE),
      F_NUMBER(struct delivery_view, use_cost_fen, NULLABLE),
      F_NUMBER(struct delivery_view, tolerance_fen, NULLABLE),
      F_NUMBER(struct delivery_view, sends, NEEDED),
      F_TIME(struct delivery_view, created_at, NEEDED),
      F_TIME(struct delivery_view, claimed_at, NULLABLE),
      F_TIME(struct delivery_view, last_sent_at, NULLABLE),
      F_TIME(struct delivery_view, unknown_since_at, NULLABLE),
      F_TIME(struct delivery_view, fence_asked_at, NULLABLE),
      F_TIME(struct delivery_view, ended_at, NULLABLE),
      F_WORDS(struct delivery_view, fence_proof, NULLABLE),
      F_WORDS(struct delivery_view, decided_by_name, NULLABLE));

struct purchase_step {
    const char *code;
    int64_t at;
    int64_t since_paid_ms;
};

static const char *const step_codes[] = {
    "ordered", "paid",      "claimed",  "sent",     "unknown", "fence_asked", "confirmed",
    "fenced",  "cancelled", "credited", "refunded", "power",   NULL};

SHAPE(purchase_step, "PurchaseStep", struct purchase_step,
      F_ENUM(struct purchase_step, code, NEEDED, step_codes),
      F_TIME(struct purchase_step, at, NEEDED),
      F_NUMBER(struct purchase_step, since_paid_ms, NULLABLE));

struct purchase_page {
    struct purchase_view purchase;
    const char *quote;
    const struct delivery_view *delivery;
    struct shape_list payments;
    struct shape_list steps;
};

SHAPE(purchase_page, "PurchasePage", struct purchase_page,
      F_EMBED(struct purchase_page, purchase, &shape_purchase),
      F_JSON(struct purchase_page, quote, NULLABLE),
      F_OBJECT(struct purchase_page, delivery, NULLABLE, &shape_delivery),
      F_LIST(struct purchase_page, payments, &shape_purchase_payment),
      F_LIST(struct purchase_page, steps, &shape_purchase_step));

struct steps {
    struct purchase_step rows[STEPS_MAX];
    size_t count;
    int64_t paid_at;
};

static void add_step(struct steps *steps, const char *code, int64_t at)
{
    if (at == 0) {
        return;
    }
    int64_t since_ms = steps->paid_at == 0 ? SHAPE_NULL : at - steps->paid_at;
    size_t place = steps->count++;
    while (place > 0 && steps->rows[place - 1].at > at) { /* in the order of their times */
        steps->rows[place] = steps->rows[place - 1];
        place--;
    }
    steps->rows[place] = (struct purchase_step){.code = code, .at = at, .since_paid_ms = since_ms};
}

static void collect_steps(const struct purchase_view *purchase,
                          const struct delivery_view *delivery, struct steps *steps)
{
    steps->paid_at = purchase->paid_at;
    add_step(steps, "ordered", purchase->created_at);
    add_step(steps, "paid", purchase->paid_at);
    if (delivery != NULL) {
        bool ended = strcmp(delivery->state, "confirmed") == 0 ||
                     strcmp(delivery->state, "fenced") == 0 ||
                     strcmp(delivery->state, "cancelled") == 0;
        add_step(steps, "claimed", delivery->claimed_at);
        add_step(steps, "sent", delivery->last_sent_at);
        add_step(steps, "unknown", delivery->unknown_since_at);
        add_step(steps, "fence_asked", delivery->fence_asked_at);
        add_step(steps, ended ? delivery->state : "confirmed", ended ? delivery->ended_at : 0);
    } else if (strcmp(purchase->state, "credited") == 0) {
        add_step(steps, "credited", purchase->ended_at);
    }
    if (strcmp(purchase->state, "refunded") == 0) {
        add_step(steps, "refunded", purchase->ended_at);
    }
    add_step(steps, "power", purchase->power_at);
}

static enum rc show(struct request *request)
{
    struct purchase_page page = {0};
    struct delivery_view delivery;
    struct purchase_payment *payments = NULL;
    struct steps steps = {0};
    TRY(purchase_list_one(request->db, request->arena, request->ids[0], &page.purchase));
    enum rc rc = purchase_delivery(request->db, request->arena, request->ids[0], &delivery);
    if (rc == RC_OK) {
        page.delivery = &delivery;
    } else if (rc != RC_NOT_FOUND) {
        return rc;
    }
    TRY(purchase_payments(request->db, request->arena, request->ids[0], &payments,
                          &page.payments.count));
    collect_steps(&page.purchase, page.delivery, &steps);
    page.quote = page.purchase.quote;
    page.payments.items = payments;
    page.steps = (struct shape_list){.items = steps.rows, .count = steps.count};
    return request_reply(request, 200, &page);
}

enum rc handle_purchase_show(struct request *request)
{
    return show(request);
}

enum rc handle_purchase_power(struct request *request)
{
    struct command_refusal refusal = {.code = "", .field = ""};
    enum rc rc =
        power_confirm(request->db, request->arena, &request->actor, request->ids[0], &refusal);
    TRY(money_refuse(request, rc, &refusal));
    return show(request);
}
