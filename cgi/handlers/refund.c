/* Money out, money in suspense, deliveries that a person decides, and the list of all that waits.
 */
#include <string.h>

#include "cgi/handlers/handlers.h"
#include "cgi/handlers/hold.h"
#include "cgi/handlers/money.h"
#include "cgi/handlers/park.h"
#include "cgi/shape.h"
#include "core/base/crypto.h"
#include "core/flow/delivery.h"
#include "core/flow/refund.h"
#include "core/flow/returned_money.h"
#include "core/rules/money.h"
#include "core/store/purchase.h"
#include "core/store/purchase_list.h"
#include "core/store/refund_list.h"

static const char *const refund_states[] = {"asked",     "approved", "submitted", "succeeded",
                                            "failed",    "suspense", "rejected",  "expired",
                                            "cancelled", NULL};
static const char *const sources[] = {"undelivered", "suspense", "adjustment",
                                      "close",       "returned", NULL};

SHAPE(refund, "Refund", struct refund_view, F_ID(struct refund_view, id, NEEDED),
      F_WORDS(struct refund_view, number, NEEDED), F_ID(struct refund_view, payment_id, NEEDED),
      F_WORDS(struct refund_view, order_number, NEEDED),
      F_WORDS(struct refund_view, channel, NEEDED),
      F_ENUM(struct refund_view, source, NEEDED, sources),
      F_ID(struct refund_view, adjustment_id, NULLABLE),
      F_NUMBER(struct refund_view, amount_fen, NEEDED),
      F_ENUM(struct refund_view, state, NEEDED, refund_states),
      F_WORDS(struct refund_view, reason, NEEDED), F_WORDS(struct refund_view, unit_number, NEEDED),
      F_WORDS(struct refund_view, account_name, NEEDED),
      F_WORDS(struct refund_view, maker_name, NEEDED),
      F_WORDS(struct refund_view, checker_name, NULLABLE),
      F_ID(struct refund_view, approval_id, NULLABLE),
      F_TIME(struct refund_view, created_at, NEEDED),
      F_TIME(struct refund_view, submitted_at, NULLABLE),
      F_TIME(struct refund_view, ended_at, NULLABLE));

struct refund_list_input {
    const char *state;
    const char *cursor;
    int64_t limit;
};

SHAPE(refund_list_input, "RefundQuery", struct refund_list_input,
      F_ENUM(struct refund_list_input, state, OPTIONAL, refund_states),
      F_TEXT(struct refund_list_input, cursor, OPTIONAL, 1, 20),
      F_INT(struct refund_list_input, limit, OPTIONAL, 1, PAGE_LIMIT_MAX));

struct refunds_reply {
    struct shape_list items;
    const char *next_cursor;
};

SHAPE(refunds, "Refunds", struct refunds_reply, F_LIST(struct refunds_reply, items, &shape_refund),
      F_WORDS(struct refunds_reply, next_cursor, NULLABLE));

enum rc handle_refund_list(struct request *request)
{
    const struct refund_list_input *input = request->input;
    struct refund_question question = {.state = input->state == NULL ? "" : input->state,
                                       .limit = park_limit(input->limit)};
    struct refunds_reply reply = {0};
    struct refund_view *views = NULL;
    TRY(park_cursor(request, input->cursor, &question.before_id));
    TRY(refund_list(request->db, request->arena, &question, &views, &reply.items.count,
                    &reply.next_cursor));
    reply.items.items = views;
    return request_reply(request, 200, &reply);
}

static enum rc show_approval(struct request *request, int64_t approval_id)
{
    struct approval_item item;
    TRY(hold_approval(request, approval_id, &item));
    return request_reply_shape(request, 202, &shape_approval, &item);
}

struct refund_input {
    const char *reason;
};

SHAPE(refund_input, "RefundRequest", struct refund_input,
      F_TEXT(struct refund_input, reason, NEEDED, 1, COMMAND_REASON_MAX));

enum rc handle_refund_request(struct request *request)
{
    const struct refund_input *input = request->input;
    struct command_refusal refusal = {.code = "", .field = ""};
    int64_t approval_id = 0;
    enum rc rc = refund_request(request->db, request->arena, &request->actor, request->ids[0],
                                input->reason, &approval_id, &refusal);
    TRY(money_refuse(request, rc, &refusal));
    return show_approval(request, approval_id);
}

static enum rc show_refund(struct request *request, int status, int64_t id)
{
    struct refund_view view;
    TRY(refund_list_one(request->db, request->arena, id, &view));
    return request_reply(request, status, &view);
}

enum rc handle_refund_pay(struct request *request)
{
    struct command_refusal refusal = {.code = "", .field = ""};
    enum rc rc =
        refund_pay(request->db, request->arena, &request->actor, request->ids[0], &refusal);
    TRY(money_refuse(request, rc, &refusal));
    return show_refund(request, 200, request->ids[0]);
}

/* ---- adjustments */

static const char *const adjustment_kinds[] = {
    "refund", "reversal", "wrong_shop", "correction", "mode", "swap", "close", "fence", NULL};
static const char *const asked_kinds[] = {"refund", "reversal", "wrong_shop", "correction", NULL};
static const char *const adjustment_states[] = {"asked",   "approved",  "writing", "manual",
                                                "applied", "typed",     "refused", "rejected",
                                                "expired", "cancelled", NULL};

SHAPE(adjustment, "Adjustment", struct adjustment_view, F_ID(struct adjustment_view, id, NEEDED),
      F_ENUM(struct adjustment_view, kind, NEEDED, adjustment_kinds),
      F_ENUM(struct adjustment_view, state, NEEDED, adjustment_states),
      F_ID(struct adjustment_view, supply_id, NEEDED),
      F_WORDS(struct adjustment_view, unit_number, NEEDED),
      F_WORDS(struct adjustment_view, account_name, NEEDED),
      F_NUMBER(struct adjustment_view, amount_fen, NEEDED),
      F_NUMBER(struct adjustment_view, left_fen, NULLABLE),
      F_NUMBER(struct adjustment_view, old_balance_fen, NULLABLE),
      F_NUMBER(struct adjustment_view, new_balance_fen, NULLABLE),
      F_NUMBER(struct adjustment_view, read_balance_fen, NULLABLE),
      F_WORDS(struct adjustment_view, reason, NEEDED),
      F_WORDS(struct adjustment_view, maker_name, NEEDED),
      F_WORDS(struct adjustment_view, checker_name, NULLABLE),
      F_ID(struct adjustment_view, approval_id, NULLABLE),
      F_ID(struct adjustment_view, document_id, NULLABLE),
      F_TIME(struct adjustment_view, created_at, NEEDED),
      F_TIME(struct adjustment_view, ended_at, NULLABLE));

struct adjustment_list_input {
    const char *state;
    const char *cursor;
    int64_t limit;
};

SHAPE(adjustment_list_input, "AdjustmentQuery", struct adjustment_list_input,
      F_ENUM(struct adjustment_list_input, state, OPTIONAL, adjustment_states),
      F_TEXT(struct adjustment_list_input, cursor, OPTIONAL, 1, 20),
      F_INT(struct adjustment_list_input, limit, OPTIONAL, 1, PAGE_LIMIT_MAX));

SHAPE(adjustments, "Adjustments", struct refunds_reply,
      F_LIST(struct refunds_reply, items, &shape_adjustment),
      F_WORDS(struct refunds_reply, next_cursor, NULLABLE));

enum rc handle_adjustment_list(struct request *request)
{
    const struct adjustment_list_input *input = request->input;
    struct refund_question question = {.state = input->state == NULL ? "" : input->state,
                                       .limit = park_limit(input->limit)};
    struct refunds_reply reply = {0};
    struct adjustment_view *views = NULL;
    TRY(park_cursor(request, input->cursor, &question.before_id));
    TRY(adjustment_list(request->db, request->arena, &question, &views, &reply.items.count,
                        &reply.next_cursor));
    reply.items.items = views;
    return request_reply(request, 200, &reply);
}

struct adjustment_input {
    const char *kind;
    int64_t amount_fen;
    int64_t purchase_id;
    int64_t right_supply_id;
    const char *reason;
    const char *evidence_sha256;
};

SHAPE(adjustment_input, "AdjustmentRequest", struct adjustment_input,
      F_ENUM(struct adjustment_input, kind, NEEDED, asked_kinds),
      F_INT(struct adjustment_input, amount_fen, NEEDED, -MONEY_MAX_FEN, MONEY_MAX_FEN),
      F_ID(struct adjustment_input, purchase_id, OPTIONAL),
      F_ID(struct adjustment_input, right_supply_id, OPTIONAL),
      F_TEXT(struct adjustment_input, reason, NEEDED, 1, COMMAND_REASON_MAX),
      F_TEXT(struct adjustment_input, evidence_sha256, OPTIONAL, 64, 64));

enum rc handle_adjustment_create(struct request *request)
{
    const struct adjustment_input *input = request->input;
    struct command_refusal refusal = {.code = "", .field = ""};
    uint8_t evidence[CRYPTO_HASH_BYTES];
    int64_t approval_id = 0;
    struct adjustment_request order = {
        .supply_id = request->ids[0],
        .kind = input->kind,
        .amount_fen = input->amount_fen,
        .purchase_id = input->purchase_id == SHAPE_NULL ? 0 : input->purchase_id,
        .right_supply_id = input->right_supply_id == SHAPE_NULL ? 0 : input->right_supply_id,
        .reason = input->reason,
    };
    if (input->evidence_sha256 != NULL) {
        if (crypto_unhex(input->evidence_sha256, strlen(input->evidence_sha256), evidence,
                         sizeof evidence) != RC_OK) {
            return request_refuse(request, RC_INVALID, "invalid_field", "evidence_sha256",
                                  "evidence_sha256 must be 64 hex digits");
        }
        order.evidence_sha256 = evidence;
    }
    enum rc rc = adjustment_request(request->db, request->arena, &request->actor, &order,
                                    &approval_id, &refusal);
    TRY(money_refuse(request, rc, &refusal));
    return show_approval(request, approval_id);
}

struct adjustment_refund_input {
    int64_t payment_id;
};

SHAPE(adjustment_refund_input, "AdjustmentRefund", struct adjustment_refund_input,
      F_ID(struct adjustment_refund_input, payment_id, NEEDED));

enum rc handle_adjustment_refund(struct request *request)
{
    const struct adjustment_refund_input *input = request->input;
    struct command_refusal refusal = {.code = "", .field = ""};
    int64_t id = 0;
    enum rc rc = refund_of_adjustment(request->db, request->arena, &request->actor, request->ids[0],
                                      input->payment_id, &id, &refusal);
    TRY(money_refuse(request, rc, &refusal));
    return show_refund(request, 201, id);
}

/* ---- what a swap carried and somebody called off */

struct returned_refund_input {
    int64_t payment_id;
    const char *reason;
};

SHAPE(returned_refund_input, "ReturnedRefund", struct returned_refund_input,
      F_ID(struct returned_refund_input, payment_id, NEEDED),
      F_TEXT(struct returned_refund_input, reason, NEEDED, 1, COMMAND_REASON_MAX));

enum rc handle_returned_refund(struct request *request)
{
    const struct returned_refund_input *input = request->input;
    struct command_refusal refusal = {.code = "", .field = ""};
    int64_t approval_id = 0;
    enum rc rc =
        returned_money_refund(request->db, request->arena, &request->actor, request->ids[0],
                              input->payment_id, input->reason, &approval_id, &refusal);
    TRY(money_refuse(request, rc, &refusal));
    return show_approval(request, approval_id);
}

enum rc handle_returned_deliver(struct request *request)
{
    const struct refund_input *input = request->input;
    struct command_refusal refusal = {.code = "", .field = ""};
    struct settle_answer answer = {0};
    struct purchase_view view;
    enum rc rc = returned_money_deliver(request->db, request->arena, &request->actor,
                                        request->ids[0], input->reason, &answer, &refusal);
    TRY(money_refuse(request, rc, &refusal));
    TRY(purchase_list_one(request->db, request->arena, answer.purchase_id, &view));
    park_wake_after_commit(request, answer.shard);
    return request_reply_shape(request, 200, &shape_purchase, &view);
}

/* ---- what a person decides */

static const char *const payment_decisions[] = {"deliver", "keep", NULL};

struct payment_decision_input {
    const char *decision;
    int64_t supply_id;
    const char *reason;
};

SHAPE(payment_decision_input, "PaymentDecision", struct payment_decision_input,
      F_ENUM(struct payment_decision_input, decision, NEEDED, payment_decisions),
      F_ID(struct payment_decision_input, supply_id, OPTIONAL),
      F_TEXT(struct payment_decision_input, reason, NEEDED, 1, COMMAND_REASON_MAX));

struct decided {
    const struct purchase_view *purchase;
};

SHAPE(decided, "Decided", struct decided,
      F_OBJECT(struct decided, purchase, NULLABLE, &shape_purchase));

enum rc handle_payment_decide(struct request *request)
{
    const struct payment_decision_input *input = request->input;
    struct command_refusal refusal = {.code = "", .field = ""};
    struct settle_answer answer = {0};
    struct purchase_view view;
    struct decided reply = {0};
    bool deliver = strcmp(input->decision, "deliver") == 0;
    if (deliver && input->supply_id == SHAPE_NULL) {
        return request_refuse(request, RC_INVALID, "invalid_field", "supply_id",
                              "supply_id is missing");
    }
    enum rc rc =
        deliver ? suspense_deliver(request->db, request->arena, &request->actor, request->ids[0],
                                   input->supply_id, input->reason, &answer, &refusal)
                : suspense_keep(request->db, request->arena, &request->actor, request->ids[0],
                                input->reason, &refusal);
    TRY(money_refuse(request, rc, &refusal));
    if (deliver) {
        TRY(purchase_list_one(request->db, request->arena, answer.purchase_id, &view));
        reply.purchase = &view;
    }
    if (answer.delivery_id != 0) {
        park_wake_after_commit(request, answer.shard);
    }
    return request_reply(request, 200, &reply);
}

static const char *const delivery_decisions[] = {"resend", "cancel", "fence", "confirm", NULL};

struct delivery_decision_input {
    const char *decision;
    const char *reason;
};

SHAPE(delivery_decision_input, "DeliveryDecision", struct delivery_decision_input,
      F_ENUM(struct delivery_decision_input, decision, NEEDED, delivery_decisions),
      F_TEXT(struct delivery_decision_input, reason, NEEDED, 1, COMMAND_REASON_MAX));

struct delivery_decided {
    const struct purchase_view *purchase;
    const struct approval_item *approval;
};

SHAPE(delivery_decided, "DeliveryDecided", struct delivery_decided,
      F_OBJECT(struct delivery_decided, purchase, NEEDED, &shape_purchase),
      F_OBJECT(struct delivery_decided, approval, NULLABLE, &shape_approval));

/* The money is in the meter: a second person must agree. */
static enum rc ask_confirmed(struct request *request, const char *reason,
                             struct delivery_decided *reply)
{
    struct command_refusal refusal = {.code = "", .field = ""};
    int64_t approval_id = 0;
    struct approval_item *approval = arena_take(request->arena, sizeof *approval);
    if (approval == NULL) {
        return RC_MEMORY;
    }
    enum rc rc = delivery_ask_confirmed(request->db, request->arena, &request->actor,
                                        request->ids[0], reason, &approval_id, &refusal);
    TRY(money_refuse(request, rc, &refusal));
    TRY(hold_approval(request, approval_id, approval));
    reply->approval = approval;
    return RC_OK;
}

enum rc handle_delivery_decide(struct request *request)
{
    const struct delivery_decision_input *input = request->input;
    struct command_refusal refusal = {.code = "", .field = ""};
    struct delivery_row delivery;
    struct sale_facts facts;
    struct purchase_view view;
    struct delivery_decided reply = {.purchase = &view};
    int64_t id = request->ids[0];
    enum rc rc = RC_OK;
    if (strcmp(input->decision, "resend") == 0) {
        rc = delivery_decide(request->db, &request->actor, id, DELIVERY_DECIDE_RESEND, 0,
                             input->reason, &refusal);
    } else if (strcmp(input->decision, "cancel") == 0) {
        rc = delivery_cancel(request->db, &request->actor, id, input->reason, &refusal);
    } else if (strcmp(input->decision, "confirm") == 0) {
        TRY(ask_confirmed(request, input->reason, &reply));
    } else {
        rc = delivery_fence(request->db, &request->actor, id, input->reason, &refusal);
    }
    TRY(money_refuse(request, rc, &refusal));
    TRY(deliveries_get(request->db, request->arena, id, &delivery));
    TRY(sale_facts_get(request->db, request->arena, delivery.supply_id, &facts));
    TRY(purchase_list_one(request->db, request->arena, delivery.purchase_id, &view));
    park_wake_after_commit(request, facts.shard);
    return request_reply(request, reply.approval == NULL ? 200 : 202, &reply);
}
