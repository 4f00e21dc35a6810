/* Changes of billing mode: asked for, watched, called off, tried again. */
#include "core/flow/mode_change.h"

#include <string.h>

#include "cgi/handlers/handlers.h"
#include "cgi/handlers/hold.h"
#include "cgi/handlers/money.h"
#include "cgi/handlers/park.h"
#include "cgi/shape.h"

static const char *const modes[] = {"meter", "platform", NULL};
static const char *const states[] = {"asked",   "approved", "moving",  "switching", "stuck", "done",
                                     "refused", "rejected", "expired", "cancelled", NULL};

SHAPE(mode_change, "ModeChange", struct mode_change_view, F_ID(struct mode_change_view, id, NEEDED),
      F_ID(struct mode_change_view, supply_id, NEEDED),
      F_WORDS(struct mode_change_view, unit_number, NEEDED),
      F_WORDS(struct mode_change_view, meter_number, NEEDED),
      F_WORDS(struct mode_change_view, account_name, NEEDED),
      F_ENUM(struct mode_change_view, to_mode, NEEDED, modes),
      F_ENUM(struct mode_change_view, state, NEEDED, states),
      F_WORDS(struct mode_change_view, wait_code, NEEDED),
      F_WORDS(struct mode_change_view, reason, NEEDED),
      F_NUMBER(struct mode_change_view, overdraft_fen, NEEDED),
      F_NUMBER(struct mode_change_view, moved_fen, NULLABLE),
      F_WORDS(struct mode_change_view, maker_name, NEEDED),
      F_WORDS(struct mode_change_view, checker_name, NULLABLE),
      F_ID(struct mode_change_view, approval_id, NULLABLE),
      F_TIME(struct mode_change_view, created_at, NEEDED),
      F_TIME(struct mode_change_view, moving_at, NULLABLE),
      F_TIME(struct mode_change_view, moved_at, NULLABLE),
      F_TIME(struct mode_change_view, ended_at, NULLABLE));

struct mode_change_list_input {
    int64_t supply_id;
    const char *cursor;
    int64_t limit;
};

SHAPE(mode_change_list_input, "ModeChangeQuery", struct mode_change_list_input,
      F_ID(struct mode_change_list_input, supply_id, OPTIONAL),
      F_TEXT(struct mode_change_list_input, cursor, OPTIONAL, 1, 20),
      F_INT(struct mode_change_list_input, limit, OPTIONAL, 1, PAGE_LIMIT_MAX));

struct mode_changes_reply {
    struct shape_list items;
    const char *next_cursor;
};

SHAPE(mode_changes, "ModeChanges", struct mode_changes_reply,
      F_LIST(struct mode_changes_reply, items, &shape_mode_change),
      F_WORDS(struct mode_changes_reply, next_cursor, NULLABLE));

enum rc handle_mode_change_list(struct request *request)
{
    const struct mode_change_list_input *input = request->input;
    struct mode_change_question question = {
        .supply_id = input->supply_id == SHAPE_NULL ? 0 : input->supply_id,
        .limit = park_limit(input->limit)};
    struct mode_changes_reply reply = {0};
    struct mode_change_view *views = NULL;
    TRY(park_cursor(request, input->cursor, &question.before_id));
    TRY(mode_change_list(request->db, request->arena, &question, &views, &reply.items.count,
                         &reply.next_cursor));
    reply.items.items = views;
    return request_reply(request, 200, &reply);
}

static enum rc show(struct request *request, int64_t id)
{
    struct mode_change_question question = {.id = id, .limit = 1};
    struct mode_change_view *views = NULL;
    size_t count = 0;
    const char *cursor = NULL;
    TRY(mode_change_list(request->db, request->arena, &question, &views, &count, &cursor));
    return count == 0 ? RC_NOT_FOUND : request_reply(request, 200, &views[0]);
}

enum rc handle_mode_change_show(struct request *request)
{
    return show(request, request->ids[0]);
}

struct mode_change_input {
    const char *to_mode;
    int64_t overdraft_fen;
    const char *reason;
};

SHAPE(mode_change_input, "ModeChangeRequest", struct mode_change_input,
      F_ENUM(struct mode_change_input, to_mode, NEEDED, modes),
      F_INT(struct mode_change_input, overdraft_fen, OPTIONAL, 0, MODE_CHANGE_OVERDRAFT_MAX_FEN),
      F_TEXT(struct mode_change_input, reason, NEEDED, 1, COMMAND_REASON_MAX));

enum rc handle_mode_change_create(struct request *request)
{
    const struct mode_change_input *input = request->input;
    struct command_refusal refusal = {.code = "", .field = ""};
    struct approval_item item;
    int64_t approval_id = 0;
    struct mode_change_ask ask = {.supply_id = request->ids[0],
                                  .to_platform = strcmp(input->to_mode, "platform") == 0,
                                  .overdraft_fen =
                                      input->overdraft_fen == SHAPE_NULL ? 0 : input->overdraft_fen,
                                  .reason = input->reason};
    enum rc rc = mode_change_request(request->db, request->arena, &request->actor, &ask,
                                     &approval_id, &refusal);
    TRY(money_refuse(request, rc, &refusal));
    TRY(hold_approval(request, approval_id, &item));
    return request_reply_shape(request, 202, &shape_approval, &item);
}

enum rc handle_mode_change_cancel(struct request *request)
{
    struct command_refusal refusal = {.code = "", .field = ""};
    enum rc rc =
        mode_change_cancel(request->db, request->arena, &request->actor, request->ids[0], &refusal);
    TRY(money_refuse(request, rc, &refusal));
    return show(request, request->ids[0]);
}

enum rc handle_mode_change_retry(struct request *request)
{
    struct command_refusal refusal = {.code = "", .field = ""};
    enum rc rc =
        mode_change_retry(request->db, request->arena, &request->actor, request->ids[0], &refusal);
    TRY(money_refuse(request, rc, &refusal));
    return show(request, request->ids[0]);
}
