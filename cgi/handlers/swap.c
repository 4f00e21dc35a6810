/* Meter swap: list, one with its steps, ask, the new meter, exchange, call off, undo. */
#include <string.h>

#include "cgi/handlers/handlers.h"
#include "cgi/handlers/money.h"
#include "cgi/handlers/park.h"
#include "cgi/shape.h"
#include "core/base/crypto.h"
#include "core/flow/swap.h"
#include "core/rules/money.h"
#include "core/store/row.h"

static const char *const states[] = {"asked",   "emptying",  "emptied", "exchanged",
                                     "done",    "undone",    "refused", "rejected",
                                     "expired", "cancelled", NULL};
static const char *const answer_states[] = {"none",   "pending", "taken", "done",
                                            "failed", "expired", NULL};

SHAPE(swap, "Swap", struct swap, F_ID(struct swap, id, NEEDED),
      F_ID(struct swap, supply_id, NEEDED), F_ID(struct swap, account_id, NEEDED),
      F_ENUM(struct swap, state, NEEDED, states), F_WORDS(struct swap, reason, NEEDED),
      F_WORDS(struct swap, unit_number, NEEDED), F_WORDS(struct swap, account_name, NEEDED),
      F_WORDS(struct swap, maker_name, NEEDED), F_WORDS(struct swap, checker_name, NEEDED),
      F_ID(struct swap, approval_id, NULLABLE), F_BOOL(struct swap, old_dead, NEEDED),
      F_NUMBER(struct swap, old_epoch, NEEDED), F_ID(struct swap, old_meter_id, NEEDED),
      F_WORDS(struct swap, old_number, NEEDED), F_WORDS(struct swap, old_serial_number, NEEDED),
      F_WORDS(struct swap, old_line_code, NEEDED), F_NUMBER(struct swap, old_address, NEEDED),
      F_NUMBER(struct swap, old_balance_fen, NULLABLE), F_NUMBER(struct swap, old_count, NULLABLE),
      F_NUMBER(struct swap, old_energy_wh, NULLABLE), F_TIME(struct swap, old_taken_at, NULLABLE),
      F_WORDS(struct swap, adjustment_state, NEEDED), F_NUMBER(struct swap, left_fen, NULLABLE),
      F_WORDS(struct swap, new_number, NEEDED), F_WORDS(struct swap, new_line_code, NEEDED),
      F_NUMBER(struct swap, new_address, NULLABLE), F_WORDS(struct swap, new_model_code, NEEDED),
      F_WORDS(struct swap, new_serial_number, NEEDED), F_NUMBER(struct swap, new_ct_ratio, NEEDED),
      F_NUMBER(struct swap, new_pt_ratio, NEEDED), F_ID(struct swap, new_meter_id, NULLABLE),
      F_NUMBER(struct swap, new_epoch, NULLABLE), F_NUMBER(struct swap, new_balance_fen, NULLABLE),
      F_NUMBER(struct swap, new_count, NULLABLE), F_NUMBER(struct swap, new_energy_wh, NULLABLE),
      F_TIME(struct swap, new_taken_at, NULLABLE), F_NUMBER(struct swap, covered_fen, NEEDED),
      F_NUMBER(struct swap, carried_fen, NEEDED), F_NUMBER(struct swap, arrived_fen, NEEDED),
      F_NUMBER(struct swap, correction_fen, NEEDED), F_NUMBER(struct swap, back_epoch, NULLABLE),
      F_BOOL(struct swap, fee_control_wanted, NEEDED), F_NUMBER(struct swap, fee_control, NULLABLE),
      F_WORDS(struct swap, undo_reason, NEEDED), F_TIME(struct swap, created_at, NEEDED),
      F_TIME(struct swap, emptied_at, NULLABLE), F_TIME(struct swap, exchanged_at, NULLABLE),
      F_TIME(struct swap, ended_at, NULLABLE));

SHAPE(swap_answer, "SwapAnswer", struct swap_answer,
      F_ENUM(struct swap_answer, state, NEEDED, answer_states),
      F_WORDS(struct swap_answer, error, NEEDED), F_BOOL(struct swap_answer, model_matches, NEEDED),
      F_BOOL(struct swap_answer, external_control, NEEDED),
      F_WORDS(struct swap_answer, serial_number, NEEDED),
      F_NUMBER(struct swap_answer, balance_fen, NULLABLE),
      F_NUMBER(struct swap_answer, count, NULLABLE),
      F_NUMBER(struct swap_answer, energy_wh, NULLABLE),
      F_NUMBER(struct swap_answer, fee_control, NULLABLE),
      F_TIME(struct swap_answer, taken_at, NULLABLE));

struct swap_page {
    struct swap swap;
    bool answer_of_old;
    const struct swap_answer *answer;
};

SHAPE(swap_page, "SwapPage", struct swap_page, F_EMBED(struct swap_page, swap, &shape_swap),
      F_BOOL(struct swap_page, answer_of_old, NEEDED),
      F_OBJECT(struct swap_page, answer, NEEDED, &shape_swap_answer));

struct swap_list_input {
    int64_t supply_id;
    const char *cursor;
    int64_t limit;
};

SHAPE(swap_list_input, "SwapQuery", struct swap_list_input,
      F_ID(struct swap_list_input, supply_id, OPTIONAL),
      F_TEXT(struct swap_list_input, cursor, OPTIONAL, 1, 20),
      F_INT(struct swap_list_input, limit, OPTIONAL, 1, PAGE_LIMIT_MAX));

struct swaps_reply {
    struct shape_list items;
    const char *next_cursor;
};

SHAPE(swaps, "Swaps", struct swaps_reply, F_LIST(struct swaps_reply, items, &shape_swap),
      F_WORDS(struct swaps_reply, next_cursor, NULLABLE));

enum rc handle_swap_list(struct request *request)
{
    const struct swap_list_input *input = request->input;
    struct swaps_reply reply = {0};
    struct swap *list = NULL;
    size_t count = 0;
    size_t limit = park_limit(input->limit);
    int64_t before_id = 0;
    int64_t supply_id = input->supply_id == SHAPE_NULL ? 0 : input->supply_id;
    TRY(park_cursor(request, input->cursor, &before_id));
    TRY(swaps_list(request->db, request->arena, supply_id, before_id, limit + 1, &list, &count));
    reply.items.items = list;
    reply.items.count = count > limit ? limit : count;
    reply.next_cursor = row_cursor(request->arena, count, limit,
                                   reply.items.count == 0 ? 0 : list[reply.items.count - 1].id);
    return request_reply(request, 200, &reply);
}

static enum rc show(struct request *request, int status, int64_t id)
{
    struct swap_page page;
    struct swap_answer answer;
    TRY(swaps_get(request->db, request->arena, id, &page.swap));
    TRY(swap_answer_get(request->db, request->arena, &page.swap, &answer));
    page.answer = &answer;
    page.answer_of_old = page.swap.survey_old;
    return request_reply_shape(request, status, &shape_swap_page, &page);
}

enum rc handle_swap_show(struct request *request)
{
    return show(request, 200, request->ids[0]);
}

struct swap_input {
    bool old_dead;
    int64_t balance_fen;
    int64_t count;
    int64_t energy_wh;
    const char *evidence_sha256;
    const char *reason;
};

SHAPE(swap_input, "SwapRequest", struct swap_input, F_BOOL(struct swap_input, old_dead, NEEDED),
      F_INT(struct swap_input, balance_fen, OPTIONAL, -MONEY_MAX_FEN, MONEY_MAX_FEN),
      F_INT(struct swap_input, count, OPTIONAL, 0, 65535),
      F_INT(struct swap_input, energy_wh, OPTIONAL, 0, INT64_C(1000000000000000)),
      F_TEXT(struct swap_input, evidence_sha256, OPTIONAL, 64, 64),
      F_TEXT(struct swap_input, reason, NEEDED, 1, COMMAND_REASON_MAX));

/* The three figures of a dead meter, all or none. */
static const char *missing_figure(const struct swap_input *input)
{
    return input->balance_fen == SHAPE_NULL ? "balance_fen"
           : input->count == SHAPE_NULL     ? "count"
           : input->energy_wh == SHAPE_NULL ? "energy_wh"
                                            : "";
}

enum rc handle_swap_create(struct request *request)
{
    const struct swap_input *input = request->input;
    struct command_refusal refusal = {.code = "", .field = ""};
    uint8_t evidence[CRYPTO_HASH_BYTES];
    int64_t swap_id = 0;
    int64_t approval_id = 0;
    struct swap_request order = {
        .supply_id = request->ids[0], .old_dead = input->old_dead, .reason = input->reason};
    if (input->old_dead) {
        const char *missing = missing_figure(input);
        if (missing[0] != '\0') {
            return request_refuse(request, RC_INVALID, "invalid_field", missing,
                                  "a dead meter's last figures must be typed");
        }
        order.balance_fen = input->balance_fen;
        order.count = input->count;
        order.energy_wh = input->energy_wh;
    }
    if (input->evidence_sha256 != NULL) {
        if (crypto_unhex(input->evidence_sha256, strlen(input->evidence_sha256), evidence,
                         sizeof evidence) != RC_OK) {
            return request_refuse(request, RC_INVALID, "invalid_field", "evidence_sha256",
                                  "evidence_sha256 must be 64 hex digits");
        }
        order.evidence_sha256 = evidence;
    }
    enum rc rc = swap_ask(request->db, request->arena, &request->actor, &order, &swap_id,
                          &approval_id, &refusal);
    TRY(money_refuse(request, rc, &refusal));
    return show(request, 202, swap_id);
}

struct swap_meter_input {
    const char *number;
    const char *line;
    int64_t address;
    const char *model;
    const char *serial_number;
    int64_t ct_ratio;
    int64_t pt_ratio;
};

SHAPE(swap_meter_input, "SwapMeter", struct swap_meter_input,
      F_TEXT(struct swap_meter_input, number, NEEDED, 1, 32),
      F_TEXT(struct swap_meter_input, line, NEEDED, 1, 32),
      F_INT(struct swap_meter_input, address, NEEDED, 1, 247),
      F_TEXT(struct swap_meter_input, model, NEEDED, 1, 64),
      F_TEXT(struct swap_meter_input, serial_number, OPTIONAL, 0, 20),
      F_INT(struct swap_meter_input, ct_ratio, OPTIONAL, 1, 10000),
      F_INT(struct swap_meter_input, pt_ratio, OPTIONAL, 1, 10000));

enum rc handle_swap_survey(struct request *request)
{
    const struct swap_meter_input *input = request->input;
    struct command_refusal refusal = {.code = "", .field = ""};
    struct swap_meter meter = {
        .number = input->number,
        .line_code = input->line,
        .address = input->address,
        .model_code = input->model,
        .serial_number = input->serial_number == NULL ? "" : input->serial_number,
        .ct_ratio = input->ct_ratio == SHAPE_NULL ? 1 : input->ct_ratio,
        .pt_ratio = input->pt_ratio == SHAPE_NULL ? 1 : input->pt_ratio,
    };
    int32_t shard = 0;
    enum rc rc = swap_survey(request->db, request->arena, &request->actor, request->ids[0], &meter,
                             &shard, &refusal);
    TRY(money_refuse(request, rc, &refusal));
    park_wake_after_commit(request, shard);
    return show(request, 202, request->ids[0]);
}

enum rc handle_swap_survey_old(struct request *request)
{
    struct command_refusal refusal = {.code = "", .field = ""};
    int32_t shard = 0;
    enum rc rc = swap_survey_old(request->db, request->arena, request->ids[0], &shard, &refusal);
    TRY(money_refuse(request, rc, &refusal));
    park_wake_after_commit(request, shard);
    return show(request, 202, request->ids[0]);
}

enum rc handle_swap_exchange(struct request *request)
{
    struct command_refusal refusal = {.code = "", .field = ""};
    int32_t shard = 0;
    enum rc rc = swap_exchange(request->db, request->arena, &request->actor, request->ids[0],
                               &shard, &refusal);
    TRY(money_refuse(request, rc, &refusal));
    park_wake_after_commit(request, shard);
    return show(request, 200, request->ids[0]);
}

struct swap_end_input {
    const char *reason;
};

SHAPE(swap_end_input, "SwapEnd", struct swap_end_input,
      F_TEXT(struct swap_end_input, reason, NEEDED, 1, COMMAND_REASON_MAX));

enum rc handle_swap_cancel(struct request *request)
{
    const struct swap_end_input *input = request->input;
    struct command_refusal refusal = {.code = "", .field = ""};
    int32_t shard = 0;
    enum rc rc = swap_cancel(request->db, request->arena, &request->actor, request->ids[0],
                             input->reason, &shard, &refusal);
    TRY(money_refuse(request, rc, &refusal));
    park_wake_after_commit(request, shard);
    return show(request, 200, request->ids[0]);
}

enum rc handle_swap_undo(struct request *request)
{
    const struct swap_end_input *input = request->input;
    struct command_refusal refusal = {.code = "", .field = ""};
    int32_t shard = 0;
    enum rc rc = swap_undo(request->db, request->arena, &request->actor, request->ids[0],
                           input->reason, &shard, &refusal);
    TRY(money_refuse(request, rc, &refusal));
    park_wake_after_commit(request, shard);
    return show(request, 200, request->ids[0]);
}
