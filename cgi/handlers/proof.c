/* The daily proof: sums of a period by supply, unit, building or day; the stretches of a supply;
 * the transfers of one. */
#include <string.h>

#include "cgi/handlers/handlers.h"
#include "cgi/handlers/money.h"
#include "cgi/handlers/park.h"
#include "cgi/shape.h"
#include "core/base/clock.h"
#include "core/flow/proof_review.h"
#include "core/store/ledger.h"
#include "core/store/proof_list.h"
#include "core/store/supply.h"

#define PERIOD_DAYS_MAX 400
#define WAITING_MAX 200

static const char *const groups[] = {"supply", "unit", "building", "day", NULL};
static const char *const modes[] = {"meter", "platform", NULL};
static const char *const hows[] = {"read", "estimated", "given", "charged", NULL};
static const char *const differences[] = {"same", "no_tariff",   "old_price",
                                          "jump", "unexplained", NULL};
static const char *const kinds[] = {"opening",   "paid_in", "used", "refunded",
                                    "corrected", "posted",  NULL};

#define SUM_FIELDS                                                                                 \
    F_NUMBER(struct proof_sum, supplies, NEEDED), F_NUMBER(struct proof_sum, opening_fen, NEEDED), \
        F_NUMBER(struct proof_sum, paid_in_fen, NEEDED),                                           \
        F_NUMBER(struct proof_sum, used_fen, NEEDED),                                              \
        F_NUMBER(struct proof_sum, refunded_fen, NEEDED),                                          \
        F_NUMBER(struct proof_sum, corrected_fen, NEEDED),                                         \
        F_NUMBER(struct proof_sum, closing_fen, NEEDED),                                           \
        F_NUMBER(struct proof_sum, used_wh, NEEDED), F_NUMBER(struct proof_sum, gap_fen, NEEDED),  \
        F_NUMBER(struct proof_sum, gaps, NEEDED),                                                  \
        F_NUMBER(struct proof_sum, old_price_fen, NEEDED),                                         \
        F_NUMBER(struct proof_sum, old_prices, NEEDED),                                            \
        F_NUMBER(struct proof_sum, estimated, NEEDED),                                             \
        F_NUMBER(struct proof_sum, apart_fen, NEEDED)

SHAPE(proof_total, "ProofTotal", struct proof_sum, SUM_FIELDS);
SHAPE(proof_sum, "ProofSum", struct proof_sum, F_NUMBER(struct proof_sum, key, NEEDED),
      F_NUMBER(struct proof_sum, supply_id, NEEDED), F_NUMBER(struct proof_sum, meter_id, NEEDED),
      F_WORDS(struct proof_sum, unit_number, NEEDED), F_WORDS(struct proof_sum, shop_name, NEEDED),
      F_WORDS(struct proof_sum, meter_number, NEEDED),
      F_WORDS(struct proof_sum, building_name, NEEDED), F_WORDS(struct proof_sum, day, NEEDED),
      SUM_FIELDS);

SHAPE(proof_waiting, "ProofWaiting", struct proof_waiting,
      F_ID(struct proof_waiting, supply_id, NEEDED), F_ID(struct proof_waiting, meter_id, NEEDED),
      F_WORDS(struct proof_waiting, unit_number, NEEDED),
      F_WORDS(struct proof_waiting, shop_name, NEEDED),
      F_WORDS(struct proof_waiting, meter_number, NEEDED),
      F_WORDS(struct proof_waiting, day, NEEDED), F_WORDS(struct proof_waiting, wait_code, NEEDED),
      F_TIME(struct proof_waiting, since_at, NEEDED));

struct proof_sums_input {
    const char *from;
    const char *to;
    const char *group;
    int64_t building_id;
    int64_t unit_id;
    int64_t supply_id;
    bool odd;
    const char *cursor;
    int64_t limit;
};

SHAPE(proof_sums_input, "ProofQuery", struct proof_sums_input,
      F_TEXT(struct proof_sums_input, from, NEEDED, 10, 10),
      F_TEXT(struct proof_sums_input, to, NEEDED, 10, 10),
      F_ENUM(struct proof_sums_input, group, OPTIONAL, groups),
      F_INT(struct proof_sums_input, building_id, OPTIONAL, 1, SHAPE_ID_MAX),
      F_INT(struct proof_sums_input, unit_id, OPTIONAL, 1, SHAPE_ID_MAX),
      F_INT(struct proof_sums_input, supply_id, OPTIONAL, 1, SHAPE_ID_MAX),
      F_BOOL(struct proof_sums_input, odd, OPTIONAL),
      F_TEXT(struct proof_sums_input, cursor, OPTIONAL, 1, 20),
      F_INT(struct proof_sums_input, limit, OPTIONAL, 1, PAGE_LIMIT_MAX));

struct proof_sums_reply {
    struct shape_list items;
    const struct proof_sum *total; /* NULL: nothing was proved in the period */
    struct shape_list waiting;
    const char *next_cursor;
};

SHAPE(proof_sums, "ProofSums", struct proof_sums_reply,
      F_LIST(struct proof_sums_reply, items, &shape_proof_sum),
      F_OBJECT(struct proof_sums_reply, total, NULLABLE, &shape_proof_total),
      F_LIST(struct proof_sums_reply, waiting, &shape_proof_waiting),
      F_WORDS(struct proof_sums_reply, next_cursor, NULLABLE));

/* RC_INVALID names the field. */
static enum rc read_day(struct request *request, const char *day, const char *field,
                        int64_t *ret_at_ms)
{
    const char *whole = arena_printf(request->arena, "%sT00:00:00Z", day);
    if (whole == NULL) {
        return RC_MEMORY;
    }
    if (clock_parse_rfc3339(whole, strlen(whole), ret_at_ms) != RC_OK) {
        return request_refuse(request, RC_INVALID, "invalid_field", field,
                              "a day is written YYYY-MM-DD");
    }
    return RC_OK;
}

static enum rc read_period(struct request *request, const struct proof_sums_input *input)
{
    int64_t from_ms = 0;
    int64_t to_ms = 0;
    TRY(read_day(request, input->from, "from", &from_ms));
    TRY(read_day(request, input->to, "to", &to_ms));
    if (to_ms < from_ms || to_ms - from_ms > PERIOD_DAYS_MAX * INT64_C(86400000)) {
        return request_refuse(request, RC_INVALID, "invalid_field", "to",
                              "the period ends before it begins, or is longer than 400 days");
    }
    return RC_OK;
}

static enum proof_group group_of(const char *name)
{
    for (int i = 0; name != NULL && groups[i] != NULL; i++) {
        if (strcmp(groups[i], name) == 0) {
            return (enum proof_group)i;
        }
    }
    return PROOF_BY_SUPPLY;
}

static int64_t or_zero(int64_t number)
{
    return number == SHAPE_NULL ? 0 : number;
}

enum rc handle_proof_sums(struct request *request)
{
    const struct proof_sums_input *input = request->input;
    struct proof_question question = {.from_day = input->from,
                                      .to_day = input->to,
                                      .building_id = or_zero(input->building_id),
                                      .unit_id = or_zero(input->unit_id),
                                      .supply_id = or_zero(input->supply_id),
                                      .odd_only = input->odd,
                                      .limit = park_limit(input->limit)};
    struct proof_sums_reply reply = {0};
    struct proof_sum *list = NULL;
    struct proof_sum *total = NULL;
    struct proof_waiting *waiting = NULL;
    const char *ignored = NULL;
    size_t totals = 0;
    TRY(read_period(request, input));
    TRY(park_cursor(request, input->cursor, &question.after_key));
    question.after_key = input->cursor == NULL ? -1 : question.after_key;
    TRY(proof_sums(request->db, request->arena, group_of(input->group), &question, &list,
                   &reply.items.count, &reply.next_cursor));
    question.after_key = -1;
    question.limit = WAITING_MAX;
    TRY(proof_sums(request->db, request->arena, PROOF_BY_SITE, &question, &total, &totals,
                   &ignored));
    TRY(proof_waits(request->db, request->arena, &question, &waiting, &reply.waiting.count));
    reply.items.items = list;
    reply.waiting.items = waiting;
    reply.total = totals == 0 ? NULL : total;
    return request_reply(request, 200, &reply);
}

SHAPE(proof, "Proof", struct proof_view, F_ID(struct proof_view, id, NEEDED),
      F_ID(struct proof_view, supply_id, NEEDED), F_WORDS(struct proof_view, day, NEEDED),
      F_TIME(struct proof_view, from_at, NEEDED), F_TIME(struct proof_view, to_at, NEEDED),
      F_ID(struct proof_view, account_id, NULLABLE),
      F_WORDS(struct proof_view, account_name, NULLABLE),
      F_NUMBER(struct proof_view, epoch, NEEDED), F_WORDS(struct proof_view, meter_number, NEEDED),
      F_ENUM(struct proof_view, mode, NEEDED, modes),
      F_NUMBER(struct proof_view, opening_fen, NEEDED),
      F_NUMBER(struct proof_view, paid_in_fen, NEEDED),
      F_NUMBER(struct proof_view, used_fen, NEEDED),
      F_NUMBER(struct proof_view, refunded_fen, NEEDED),
      F_NUMBER(struct proof_view, corrected_fen, NEEDED),
      F_NUMBER(struct proof_view, closing_fen, NEEDED),
      F_NUMBER(struct proof_view, meter_fen, NULLABLE),
      F_ENUM(struct proof_view, how, NEEDED, hows), F_TIME(struct proof_view, read_at, NULLABLE),
      F_NUMBER(struct proof_view, purchase_count, NULLABLE),
      F_NUMBER(struct proof_view, energy_wh, NULLABLE),
      F_NUMBER(struct proof_view, used_wh, NULLABLE),
      F_NUMBER(struct proof_view, used_sharp_wh, NULLABLE),
      F_NUMBER(struct proof_view, used_peak_wh, NULLABLE),
      F_NUMBER(struct proof_view, used_flat_wh, NULLABLE),
      F_NUMBER(struct proof_view, used_valley_wh, NULLABLE),
      F_WORDS(struct proof_view, tariff_name, NULLABLE),
      F_NUMBER(struct proof_view, expected_fen, NULLABLE),
      F_ENUM(struct proof_view, difference, NEEDED, differences),
      F_NUMBER(struct proof_view, difference_fen, NEEDED),
      F_NUMBER(struct proof_view, tolerance_fen, NEEDED),
      F_TIME(struct proof_view, posted_at, NEEDED));

struct proofs_reply {
    int64_t supply_id;
    int64_t meter_id;
    const char *unit_number;
    const char *shop_name;
    const char *meter_number;
    int64_t price_difference_fen; /* owed to the shop because of old prices; below zero: by it */
    struct shape_list waiting;
    struct shape_list items;
    const char *next_cursor;
};

SHAPE(proofs, "Proofs", struct proofs_reply, F_ID(struct proofs_reply, supply_id, NEEDED),
      F_ID(struct proofs_reply, meter_id, NEEDED),
      F_WORDS(struct proofs_reply, unit_number, NEEDED),
      F_WORDS(struct proofs_reply, shop_name, NEEDED),
      F_WORDS(struct proofs_reply, meter_number, NEEDED),
      F_NUMBER(struct proofs_reply, price_difference_fen, NEEDED),
      F_LIST(struct proofs_reply, waiting, &shape_proof_waiting),
      F_LIST(struct proofs_reply, items, &shape_proof),
      F_WORDS(struct proofs_reply, next_cursor, NULLABLE));

enum rc handle_proof_list(struct request *request)
{
    const struct page_input *input = request->input;
    struct proofs_reply reply = {.supply_id = request->ids[0]};
    struct proof_question question = {.supply_id = request->ids[0], .limit = WAITING_MAX};
    struct supply supply;
    struct proof_view *views = NULL;
    struct proof_waiting *waiting = NULL;
    int64_t before_id = 0;
    int64_t owed_fen = 0;
    TRY(park_cursor(request, input->cursor, &before_id));
    TRY(supply_get(request->db, request->arena, reply.supply_id, &supply));
    TRY(proof_list(request->db, request->arena, reply.supply_id, before_id,
                   park_limit(input->limit), &views, &reply.items.count, &reply.next_cursor));
    TRY(proof_waits(request->db, request->arena, &question, &waiting, &reply.waiting.count));
    TRY(ledger_balance(request->db, request->arena, LEDGER_PRICE_DIFFERENCE, reply.supply_id, "",
                       &owed_fen));
    reply.meter_id = supply.meter_id;
    reply.unit_number = supply.unit_number;
    reply.shop_name = supply.shop_name;
    reply.meter_number = supply.meter_number;
    reply.price_difference_fen = -owed_fen;
    reply.items.items = views;
    reply.waiting.items = waiting;
    return request_reply(request, 200, &reply);
}

SHAPE(proof_line, "ProofLine", struct proof_line_view,
      F_ID(struct proof_line_view, transfer_id, NEEDED),
      F_ENUM(struct proof_line_view, kind, NEEDED, kinds),
      F_NUMBER(struct proof_line_view, change_fen, NEEDED),
      F_TIME(struct proof_line_view, at, NEEDED), F_WORDS(struct proof_line_view, title_zh, NEEDED),
      F_WORDS(struct proof_line_view, title_en, NEEDED),
      F_WORDS(struct proof_line_view, object_kind, NEEDED),
      F_ID(struct proof_line_view, object_id, NEEDED),
      F_ID(struct proof_line_view, purchase_id, NULLABLE),
      F_WORDS(struct proof_line_view, purchase_number, NULLABLE));

struct proof_page {
    struct proof_view proof;
    const char *review_reason;
    const char *reviewed_by_name;
    struct shape_list lines;
};

SHAPE(proof_page, "ProofPage", struct proof_page, F_EMBED(struct proof_page, proof, &shape_proof),
      F_WORDS(struct proof_page, review_reason, NEEDED),
      F_WORDS(struct proof_page, reviewed_by_name, NEEDED),
      F_LIST(struct proof_page, lines, &shape_proof_line));

static enum rc show_proof(struct request *request)
{
    struct proof_page page = {0};
    struct proof_line_view *lines = NULL;
    TRY(proof_list_one(request->db, request->arena, request->ids[0], &page.proof));
    TRY(proof_reviews_get(request->db, request->arena, request->ids[0], &page.review_reason,
                          &page.reviewed_by_name));
    TRY(proof_lines(request->db, request->arena, request->ids[0], &lines, &page.lines.count));
    page.lines.items = lines;
    return request_reply(request, 200, &page);
}

enum rc handle_proof_show(struct request *request)
{
    return show_proof(request);
}

struct review_input {
    const char *reason;
};

SHAPE(review_input, "ProofReview", struct review_input,
      F_TEXT(struct review_input, reason, NEEDED, 1, COMMAND_REASON_MAX));

enum rc handle_proof_review(struct request *request)
{
    const struct review_input *input = request->input;
    struct command_refusal refusal = {.code = "", .field = ""};
    enum rc rc = proof_review(request->db, request->arena, &request->actor, request->ids[0],
                              input->reason, &refusal);
    TRY(money_refuse(request, rc, &refusal));
    return show_proof(request);
}
