/* Closing an account: what would be settled, asking, the meters one by one, the counter, the sheet.
 */
#include <string.h>

#include "cgi/handlers/handlers.h"
#include "cgi/handlers/hold.h"
#include "cgi/handlers/money.h"
#include "cgi/handlers/park.h"
#include "cgi/shape.h"
#include "core/base/crypto.h"
#include "core/flow/account_close.h"
#include "core/rules/money.h"
#include "core/store/account.h"
#include "core/store/account_list.h"
#include "core/store/close_list.h"

static const char *const states[] = {"asked", "emptying", "settled", "closed", "cancelled", NULL};
static const char *const kinds[] = {"prepaid", "postpaid", "temporary", "vacant", "own_use", NULL};
static const char *const payouts[] = {"channel", "counter", NULL};
static const char *const modes[] = {"meter", "platform", NULL};
static const char *const waits[] = {"done",   "typed",   "trip",     "write",
                                    "read",   "frozen",  "silent",   "read_only",
                                    "manual", "refused", "approval", NULL};
static const char *const blocker_kinds[] = {"open_purchase",   "on_its_way", "open_refund",
                                            "open_adjustment", "to_pay",     NULL};

SHAPE(close, "AccountClose", struct close_view, F_ID(struct close_view, id, NEEDED),
      F_WORDS(struct close_view, number, NEEDED), F_ID(struct close_view, account_id, NEEDED),
      F_WORDS(struct close_view, account_number, NEEDED),
      F_WORDS(struct close_view, account_name, NEEDED),
      F_ENUM(struct close_view, account_kind, NEEDED, kinds),
      F_ENUM(struct close_view, state, NEEDED, states),
      F_ENUM(struct close_view, payout, NEEDED, payouts),
      F_WORDS(struct close_view, reason, NEEDED), F_WORDS(struct close_view, maker_name, NEEDED),
      F_WORDS(struct close_view, checker_name, NULLABLE),
      F_ID(struct close_view, approval_id, NULLABLE),
      F_TIME(struct close_view, vacant_until_at, NULLABLE),
      F_NUMBER(struct close_view, taken_fen, NULLABLE),
      F_NUMBER(struct close_view, deposit_fen, NULLABLE),
      F_NUMBER(struct close_view, debt_fen, NULLABLE),
      F_NUMBER(struct close_view, refund_fen, NULLABLE),
      F_NUMBER(struct close_view, channel_fen, NULLABLE),
      F_NUMBER(struct close_view, counter_fen, NEEDED),
      F_WORDS(struct close_view, counter_channel, NULLABLE),
      F_WORDS(struct close_view, counter_reference, NEEDED),
      F_WORDS(struct close_view, counter_by_name, NULLABLE),
      F_TIME(struct close_view, counter_at, NULLABLE),
      F_TIME(struct close_view, opened_at, NULLABLE), F_TIME(struct close_view, created_at, NEEDED),
      F_TIME(struct close_view, approved_at, NULLABLE),
      F_TIME(struct close_view, settled_at, NULLABLE),
      F_TIME(struct close_view, ended_at, NULLABLE));

SHAPE(close_supply, "CloseSupply", struct close_supply_view,
      F_ID(struct close_supply_view, supply_id, NEEDED),
      F_ID(struct close_supply_view, meter_id, NEEDED),
      F_WORDS(struct close_supply_view, unit_number, NEEDED),
      F_WORDS(struct close_supply_view, meter_number, NEEDED),
      F_ENUM(struct close_supply_view, mode, NEEDED, modes),
      F_BOOL(struct close_supply_view, stays_on, NEEDED),
      F_BOOL(struct close_supply_view, protected_supply, NEEDED),
      F_WORDS(struct close_supply_view, adjustment_state, NULLABLE),
      F_WORDS(struct close_supply_view, trip_state, NULLABLE),
      F_ENUM(struct close_supply_view, wait, NEEDED, waits),
      F_NUMBER(struct close_supply_view, now_balance_fen, NULLABLE),
      F_TIME(struct close_supply_view, now_at, NULLABLE),
      F_NUMBER(struct close_supply_view, opening_fen, NULLABLE),
      F_NUMBER(struct close_supply_view, paid_in_fen, NULLABLE),
      F_NUMBER(struct close_supply_view, used_fen, NULLABLE),
      F_NUMBER(struct close_supply_view, corrected_fen, NULLABLE),
      F_NUMBER(struct close_supply_view, taken_fen, NULLABLE),
      F_NUMBER(struct close_supply_view, open_energy_wh, NULLABLE),
      F_NUMBER(struct close_supply_view, end_energy_wh, NULLABLE),
      F_NUMBER(struct close_supply_view, end_sharp_wh, NULLABLE),
      F_NUMBER(struct close_supply_view, end_peak_wh, NULLABLE),
      F_NUMBER(struct close_supply_view, end_flat_wh, NULLABLE),
      F_NUMBER(struct close_supply_view, end_valley_wh, NULLABLE),
      F_NUMBER(struct close_supply_view, end_count, NULLABLE),
      F_NUMBER(struct close_supply_view, end_balance_fen, NULLABLE),
      F_TIME(struct close_supply_view, end_read_at, NULLABLE),
      F_BOOL(struct close_supply_view, end_typed, NEEDED),
      F_WORDS(struct close_supply_view, evidence_sha256, NULLABLE));

SHAPE(close_blocker, "CloseBlocker", struct close_blocker,
      F_ENUM(struct close_blocker, kind, NEEDED, blocker_kinds),
      F_WORDS(struct close_blocker, object_kind, NEEDED),
      F_ID(struct close_blocker, object_id, NEEDED), F_WORDS(struct close_blocker, name, NEEDED),
      F_NUMBER(struct close_blocker, amount_fen, NEEDED));

SHAPE(close_refund, "CloseRefund", struct close_refund_view,
      F_ID(struct close_refund_view, id, NEEDED), F_WORDS(struct close_refund_view, number, NEEDED),
      F_WORDS(struct close_refund_view, order_number, NEEDED),
      F_WORDS(struct close_refund_view, channel, NEEDED),
      F_NUMBER(struct close_refund_view, amount_fen, NEEDED),
      F_WORDS(struct close_refund_view, state, NEEDED));

SHAPE(close_estimate, "CloseEstimate", struct close_estimate,
      F_NUMBER(struct close_estimate, balance_fen, NEEDED),
      F_NUMBER(struct close_estimate, deposit_fen, NEEDED),
      F_NUMBER(struct close_estimate, refund_fen, NEEDED),
      F_NUMBER(struct close_estimate, unread, NEEDED));

struct close_page {
    const struct close_view *close; /* NULL: never asked for */
    struct shape_list supplies;
    struct shape_list refunds;
    struct shape_list blockers;
    struct close_estimate estimate;
};

SHAPE(close_page, "AccountClosePage", struct close_page,
      F_OBJECT(struct close_page, close, NULLABLE, &shape_close),
      F_LIST(struct close_page, supplies, &shape_close_supply),
      F_LIST(struct close_page, refunds, &shape_close_refund),
      F_LIST(struct close_page, blockers, &shape_close_blocker),
      F_EMBED(struct close_page, estimate, &shape_close_estimate));

static enum rc show_page(struct request *request, int status, int64_t account_id)
{
    struct close_page page = {0};
    struct account_view account;
    struct close_view view;
    struct close_supply_view *supplies = NULL;
    struct close_refund_view *refunds = NULL;
    struct close_blocker *blockers = NULL;
    TRY(account_list_one(request->db, request->arena, account_id, &account));
    enum rc rc = close_list_of_account(request->db, request->arena, account_id, &view);
    if (rc == RC_OK) {
        page.close = &view;
        TRY(close_supply_list(request->db, request->arena, view.id, &supplies,
                              &page.supplies.count));
        TRY(close_refund_list(request->db, request->arena, view.id, &refunds, &page.refunds.count));
        page.supplies.items = supplies;
        page.refunds.items = refunds;
    } else if (rc != RC_NOT_FOUND) {
        return rc;
    } else {
        TRY(close_blockers(request->db, request->arena, account_id, &blockers,
                           &page.blockers.count));
        page.blockers.items = blockers;
    }
    TRY(account_close_estimate(request->db, request->arena, account_id, &page.estimate));
    return request_reply(request, status, &page);
}

enum rc handle_close_show(struct request *request)
{
    return show_page(request, 200, request->ids[0]);
}

/* Says what is still open, by its number or unit. */
static enum rc refuse(struct request *request, enum rc rc, const struct command_refusal *refusal,
                      int64_t account_id)
{
    static const struct {
        const char *kind;
        const char *before;
        const char *after;
    } sentences[] = {
        {"open_purchase", "purchase", "was begun and is not paid: wait for it, or let it expire"},
        {"on_its_way", "purchase", "is paid and not in the meter: deliver or refund it first"},
        {"open_refund", "refund", "is not paid out yet"},
        {"open_adjustment", "an adjustment of", "is not finished yet"},
        {"to_pay", "what was taken out of the meter of", "is not paid back yet"},
    };
    struct close_blocker *blockers = NULL;
    size_t count = 0;
    char amount[MONEY_TEXT_MAX];
    size_t at = 0;
    while (at < ARRAY_LEN(sentences) && strcmp(sentences[at].kind, refusal->code) != 0) {
        at++;
    }
    if (rc == RC_OK || at == ARRAY_LEN(sentences)) {
        return money_refuse(request, rc, refusal);
    }
    TRY(close_blockers(request->db, request->arena, account_id, &blockers, &count));
    if (count == 0) {
        return RC_RETRY; /* it ended meanwhile */
    }
    (void)money_format(blockers[0].amount_fen, amount);
    const char *sentence = arena_printf(request->arena, "%s %s (%s yuan) %s", sentences[at].before,
                                        blockers[0].name, amount, sentences[at].after);
    return sentence == NULL ? RC_MEMORY
                            : request_refuse(request, rc, refusal->code, refusal->field, sentence);
}

struct close_input {
    const char *payout;
    const char *reason;
    struct shape_list stays_on;
    int64_t vacant_until;
};

SHAPE(close_input, "AccountCloseRequest", struct close_input,
      F_ENUM(struct close_input, payout, NEEDED, payouts),
      F_TEXT(struct close_input, reason, NEEDED, 1, COMMAND_REASON_MAX),
      F_INTS(struct close_input, stays_on, OPTIONAL, ACCOUNT_SUPPLIES_MAX),
      F_TIME(struct close_input, vacant_until, OPTIONAL));

enum rc handle_close_create(struct request *request)
{
    const struct close_input *input = request->input;
    struct command_refusal refusal = {.code = "", .field = ""};
    int64_t id = 0;
    struct account_close_request order = {
        .account_id = request->ids[0],
        .payout = input->payout,
        .reason = input->reason,
        .stays_on = input->stays_on.items,
        .stays_on_count = input->stays_on.count,
        .vacant_until_at_ms = input->vacant_until == SHAPE_NULL ? 0 : input->vacant_until,
    };
    enum rc rc =
        account_close_ask(request->db, request->arena, &request->actor, &order, &id, &refusal);
    TRY(refuse(request, rc, &refusal, order.account_id));
    return show_page(request, 202, order.account_id);
}

static enum rc show_close(struct request *request)
{
    struct account_close close;
    TRY(account_closes_get(request->db, request->arena, request->ids[0], &close));
    return show_page(request, 200, close.account_id);
}

struct close_cancel_input {
    const char *reason;
};

SHAPE(close_cancel_input, "AccountCloseCancel", struct close_cancel_input,
      F_TEXT(struct close_cancel_input, reason, NEEDED, 1, COMMAND_REASON_MAX));

enum rc handle_close_cancel(struct request *request)
{
    const struct close_cancel_input *input = request->input;
    struct command_refusal refusal = {.code = "", .field = ""};
    enum rc rc = account_close_cancel(request->db, request->arena, &request->actor, request->ids[0],
                                      input->reason, &refusal);
    TRY(money_refuse(request, rc, &refusal));
    return show_close(request);
}

enum rc handle_close_retry(struct request *request)
{
    struct command_refusal refusal = {.code = "", .field = ""};
    enum rc rc = account_close_retry(request->db, request->arena, &request->actor, request->ids[0],
                                     request->ids[1], &refusal);
    TRY(money_refuse(request, rc, &refusal));
    return show_close(request);
}

struct typed_input {
    int64_t balance_fen;
    int64_t count;
    int64_t energy_wh;
    const char *evidence_sha256;
    const char *reason;
};

SHAPE(typed_input, "TypedReading", struct typed_input,
      F_INT(struct typed_input, balance_fen, NEEDED, -MONEY_MAX_FEN, MONEY_MAX_FEN),
      F_INT(struct typed_input, count, NEEDED, 0, 65535),
      F_INT(struct typed_input, energy_wh, NEEDED, 0, SHAPE_ID_MAX),
      F_TEXT(struct typed_input, evidence_sha256, NEEDED, 64, 64),
      F_TEXT(struct typed_input, reason, NEEDED, 1, COMMAND_REASON_MAX));

enum rc handle_close_type(struct request *request)
{
    const struct typed_input *input = request->input;
    struct command_refusal refusal = {.code = "", .field = ""};
    uint8_t evidence[CRYPTO_HASH_BYTES];
    int64_t approval_id = 0;
    struct typed_reading typed = {.balance_fen = input->balance_fen,
                                  .count = input->count,
                                  .energy_wh = input->energy_wh,
                                  .evidence_sha256 = evidence,
                                  .reason = input->reason};
    if (crypto_unhex(input->evidence_sha256, strlen(input->evidence_sha256), evidence,
                     sizeof evidence) != RC_OK) {
        return request_refuse(request, RC_INVALID, "invalid_field", "evidence_sha256",
                              "evidence_sha256 must be 64 hex digits");
    }
    enum rc rc = account_close_type(request->db, request->arena, &request->actor, request->ids[0],
                                    request->ids[1], &typed, &approval_id, &refusal);
    TRY(money_refuse(request, rc, &refusal));
    struct approval_item item;
    TRY(hold_approval(request, approval_id, &item));
    return request_reply_shape(request, 202, &shape_approval, &item);
}

struct close_pay_input {
    int64_t amount_fen;
    const char *channel;
    const char *reference;
};

SHAPE(close_pay_input, "ClosePay", struct close_pay_input,
      F_INT(struct close_pay_input, amount_fen, NEEDED, 1, MONEY_MAX_FEN),
      F_ENUM(struct close_pay_input, channel, NEEDED, money_channels),
      F_TEXT(struct close_pay_input, reference, OPTIONAL, 0, 64));

enum rc handle_close_pay(struct request *request)
{
    const struct close_pay_input *input = request->input;
    struct command_refusal refusal = {.code = "", .field = ""};
    struct close_counter counter = {.amount_fen = input->amount_fen,
                                    .channel = input->channel,
                                    .reference = input->reference == NULL ? "" : input->reference};
    enum rc rc = account_close_pay(request->db, request->arena, &request->actor, request->ids[0],
                                   &counter, &refusal);
    TRY(money_refuse(request, rc, &refusal));
    return show_close(request);
}

static const char *const list_states[] = {"open",   "asked",     "emptying", "settled",
                                          "closed", "cancelled", NULL};

struct close_list_input {
    const char *state;
    const char *cursor;
    int64_t limit;
};

SHAPE(close_list_input, "AccountCloseQuery", struct close_list_input,
      F_ENUM(struct close_list_input, state, OPTIONAL, list_states),
      F_TEXT(struct close_list_input, cursor, OPTIONAL, 1, 20),
      F_INT(struct close_list_input, limit, OPTIONAL, 1, PAGE_LIMIT_MAX));

struct closes_reply {
    struct shape_list items;
    const char *next_cursor;
};

SHAPE(closes, "AccountCloses", struct closes_reply,
      F_LIST(struct closes_reply, items, &shape_close),
      F_WORDS(struct closes_reply, next_cursor, NULLABLE));

enum rc handle_close_list(struct request *request)
{
    const struct close_list_input *input = request->input;
    struct close_question question = {.state = input->state == NULL ? "" : input->state,
                                      .limit = park_limit(input->limit)};
    struct closes_reply reply = {0};
    struct close_view *views = NULL;
    TRY(park_cursor(request, input->cursor, &question.before_id));
    TRY(close_list(request->db, request->arena, &question, &views, &reply.items.count,
                   &reply.next_cursor));
    reply.items.items = views;
    return request_reply(request, 200, &reply);
}
