/* Taking over live meters from a sheet: check, look, commit, undo. */
#include <string.h>

#include "cgi/handlers/handlers.h"
#include "cgi/handlers/money.h"
#include "cgi/query.h"
#include "cgi/shape.h"
#include "core/flow/take_over.h"
#include "core/store/take_over.h"

static const char *const states[] = {"checked", "done", "undone", NULL};
static const char *const verdicts[] = {
    "ok",     "balance_differs", "count_differs", "price_differs", "alarm_differs",
    "silent", "error",           "taken",         "undone",        NULL};

SHAPE(take_over, "TakeOver", struct take_over_view, F_ID(struct take_over_view, id, NEEDED),
      F_WORDS(struct take_over_view, file_name, NEEDED),
      F_ENUM(struct take_over_view, state, NEEDED, states),
      F_WORDS(struct take_over_view, created_by_name, NEEDED),
      F_TIME(struct take_over_view, created_at, NEEDED),
      F_TIME(struct take_over_view, done_at, NULLABLE),
      F_TIME(struct take_over_view, undone_at, NULLABLE),
      F_NUMBER(struct take_over_view, rows, NEEDED), F_NUMBER(struct take_over_view, taken, NEEDED),
      F_NUMBER(struct take_over_view, differ, NEEDED));

SHAPE(take_over_row, "TakeOverRow", struct take_over_row,
      F_NUMBER(struct take_over_row, line_number, NEEDED),
      F_WORDS(struct take_over_row, unit_number, NEEDED),
      F_WORDS(struct take_over_row, shop_name, NEEDED),
      F_WORDS(struct take_over_row, contact_name, NEEDED),
      F_WORDS(struct take_over_row, phone_tail, NEEDED),
      F_WORDS(struct take_over_row, meter_number, NEEDED),
      F_NUMBER(struct take_over_row, sheet_balance_fen, NULLABLE),
      F_NUMBER(struct take_over_row, sheet_count, NULLABLE),
      F_NUMBER(struct take_over_row, sheet_alarm_fen, NULLABLE),
      F_NUMBER(struct take_over_row, card_balance_fen, NULLABLE),
      F_WORDS(struct take_over_row, tariff_code, NEEDED),
      F_ID(struct take_over_row, supply_id, NULLABLE),
      F_TIME(struct take_over_row, first_at, NULLABLE),
      F_NUMBER(struct take_over_row, first_count, NULLABLE),
      F_NUMBER(struct take_over_row, first_balance_fen, NULLABLE),
      F_TIME(struct take_over_row, second_at, NULLABLE),
      F_NUMBER(struct take_over_row, second_count, NULLABLE),
      F_NUMBER(struct take_over_row, second_balance_fen, NULLABLE),
      F_ENUM(struct take_over_row, verdict, NEEDED, verdicts),
      F_WORDS(struct take_over_row, message, NEEDED),
      F_WORDS(struct take_over_row, message_en, NEEDED),
      F_ID(struct take_over_row, account_id, NULLABLE));

struct take_over_page {
    struct take_over_view take_over;
    struct shape_list items;
};

SHAPE(take_over_page, "TakeOverPage", struct take_over_page,
      F_EMBED(struct take_over_page, take_over, &shape_take_over),
      F_LIST(struct take_over_page, items, &shape_take_over_row));

struct take_overs_reply {
    struct shape_list items;
};

SHAPE(take_overs, "TakeOvers", struct take_overs_reply,
      F_LIST(struct take_overs_reply, items, &shape_take_over));

static enum rc show_page(struct request *request, int status, int64_t id)
{
    struct take_over_page page = {0};
    struct take_over_row *rows = NULL;
    TRY(take_overs_get(request->db, request->arena, id, &page.take_over));
    TRY(take_over_rows_list(request->db, request->arena, id, &rows, &page.items.count));
    page.items.items = rows;
    return request_reply(request, status, &page);
}

enum rc handle_take_over_list(struct request *request)
{
    struct take_overs_reply reply = {0};
    struct take_over_view *views = NULL;
    TRY(take_overs_list(request->db, request->arena, &views, &reply.items.count));
    reply.items.items = views;
    return request_reply(request, 200, &reply);
}

enum rc handle_take_over_show(struct request *request)
{
    return show_page(request, 200, request->ids[0]);
}

/* What is wrong in one cell names it. */
static enum rc refuse_sheet(struct request *request, enum rc rc,
                            const struct command_refusal *refusal)
{
    bool cell =
        strncmp(refusal->code, "cell_", 5) == 0 || strncmp(refusal->code, "workbook_", 9) == 0;
    if (rc == RC_OK || !cell || refusal->field[0] == '\0') {
        return money_refuse(request, rc, refusal);
    }
    const char *sentence =
        arena_printf(request->arena, "cell %s: %s", refusal->field, money_sentence(refusal->code));
    return request_refuse(request, rc, refusal->code, refusal->field,
                          sentence == NULL ? "" : sentence);
}

enum rc handle_take_over_create(struct request *request)
{
    const char *name = "";
    int64_t id = 0;
    struct command_refusal refusal = {.code = "", .field = ""};
    if (query_decode(request->arena, request->file_name, strlen(request->file_name), &name) !=
            RC_OK ||
        name[0] == '\0') {
        name = "take-over.csv";
    }
    if (request->body_len == 0) {
        return request_refuse(request, RC_INVALID, "bad_request", "",
                              "the body must be an XLSX workbook or a CSV file");
    }
    if (request->worker->field_key == NULL) {
        return RC_INTERNAL;
    }
    enum rc rc =
        take_over_check(request->db, request->arena, &request->actor, request->worker->field_key,
                        name, request->body, request->body_len, &id, &refusal);
    TRY(refuse_sheet(request, rc, &refusal));
    return show_page(request, 201, id);
}

struct take_over_commit_input {
    struct shape_list accept_lines;
};

SHAPE(take_over_commit_input, "TakeOverCommit", struct take_over_commit_input,
      F_INTS(struct take_over_commit_input, accept_lines, OPTIONAL, TAKE_OVER_ROWS_MAX));

enum rc handle_take_over_commit(struct request *request)
{
    const struct take_over_commit_input *input = request->input;
    struct command_refusal refusal = {.code = "", .field = ""};
    enum rc rc = take_over_commit(request->db, request->arena, &request->actor, request->ids[0],
                                  input->accept_lines.items, input->accept_lines.count, &refusal);
    TRY(money_refuse(request, rc, &refusal));
    return show_page(request, 200, request->ids[0]);
}

struct take_over_undo_input {
    const char *reason;
};

SHAPE(take_over_undo_input, "TakeOverUndo", struct take_over_undo_input,
      F_TEXT(struct take_over_undo_input, reason, NEEDED, 1, COMMAND_REASON_MAX));

enum rc handle_take_over_undo(struct request *request)
{
    const struct take_over_undo_input *input = request->input;
    struct command_refusal refusal = {.code = "", .field = ""};
    enum rc rc = take_over_undo(request->db, request->arena, &request->actor, request->ids[0],
                                input->reason, &refusal);
    TRY(money_refuse(request, rc, &refusal));
    return show_page(request, 200, request->ids[0]);
}
