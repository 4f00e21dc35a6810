/* Orders: give, look at, list, cancel. */
#include <string.h>

#include "cgi/handlers/handlers.h"
#include "cgi/handlers/hold.h"
#include "cgi/handlers/park.h"
#include "cgi/shape.h"
#include "core/flow/command.h"
#include "core/rules/permission.h"
#include "core/store/command_list.h"

static const char *const kinds[] = {"trip", "close", "keep_on", "release", "read", NULL};
static const char *const origins[] = {"manual", "automatic", "lock_out", "keep_on_end", NULL};
static const char *const states[] = {"pending", "taken",      "sent",    "confirmed", "refused",
                                     "unknown", "superseded", "expired", "cancelled", NULL};

SHAPE(command, "Command", struct command_view, F_ID(struct command_view, id, NEEDED),
      F_ID(struct command_view, supply_id, NEEDED), F_ID(struct command_view, meter_id, NEEDED),
      F_WORDS(struct command_view, unit_number, NEEDED),
      F_WORDS(struct command_view, shop_name, NEEDED),
      F_WORDS(struct command_view, meter_number, NEEDED),
      F_ENUM(struct command_view, kind, NEEDED, kinds),
      F_ENUM(struct command_view, origin, NEEDED, origins),
      F_ENUM(struct command_view, state, NEEDED, states),
      F_WORDS(struct command_view, reason, NEEDED),
      F_WORDS(struct command_view, requested_by_name, NEEDED),
      F_TIME(struct command_view, requested_at, NEEDED),
      F_TIME(struct command_view, expires_at, NEEDED),
      F_TIME(struct command_view, taken_at, NULLABLE),
      F_TIME(struct command_view, sent_at, NULLABLE),
      F_TIME(struct command_view, ended_at, NULLABLE),
      F_WORDS(struct command_view, result_code, NULLABLE),
      F_WORDS(struct command_view, result_text_zh, NEEDED),
      F_WORDS(struct command_view, result_text_en, NEEDED),
      F_TIME(struct command_view, keep_on_until_at, NULLABLE),
      F_ID(struct command_view, superseded_by, NULLABLE),
      F_JSON(struct command_view, evidence, NULLABLE));

struct command_input {
    const char *kind;
    const char *reason;
    int64_t keep_on_until_at;
    const char *unit_number;
};

SHAPE(command_input, "CommandRequest", struct command_input,
      F_ENUM(struct command_input, kind, NEEDED, kinds),
      F_TEXT(struct command_input, reason, NEEDED, 1, COMMAND_REASON_MAX),
      F_TIME(struct command_input, keep_on_until_at, OPTIONAL),
      F_TEXT(struct command_input, unit_number, OPTIONAL, 0, 32));

struct command_reply {
    const struct command_view *command;
    const struct approval_item *approval;
};

SHAPE(command_reply, "CommandAnswer", struct command_reply,
      F_OBJECT(struct command_reply, command, NULLABLE, &shape_command),
      F_OBJECT(struct command_reply, approval, NULLABLE, &shape_approval));

/* The route asks for the least right an order needs (read now); switching and keep-on need their
 * own. */
static enum rc check_right(struct request *request, enum command_kind kind)
{
    enum permission needed = kind == COMMAND_READ      ? PERMISSION_METER_READ_NOW
                             : kind == COMMAND_KEEP_ON ? PERMISSION_KEEP_ON_SET
                                                       : PERMISSION_METER_SWITCH;
    return permission_granted(request->session.role, needed) ? RC_OK : RC_FORBIDDEN;
}

static enum rc show_answer(struct request *request, const struct command_answer *answer)
{
    struct command_reply reply = {0};
    struct command_view view;
    struct approval_item approval;
    if (answer->command_id != 0) {
        TRY(command_list_one(request->db, request->arena, answer->command_id, &view));
        reply.command = &view;
        park_wake_after_commit(request, answer->shard);
    } else {
        TRY(hold_approval(request, answer->approval_id, &approval));
        reply.approval = &approval;
    }
    return request_reply(request, 202, &reply);
}

enum rc handle_command_create(struct request *request)
{
    const struct command_input *input = request->input;
    struct command_request order = {
        .supply_id = request->ids[0],
        .origin = ORIGIN_MANUAL,
        .reason = input->reason,
        .unit_number = input->unit_number == NULL ? "" : input->unit_number,
        .keep_on_until_at_ms = input->keep_on_until_at == SHAPE_NULL ? 0 : input->keep_on_until_at,
    };
    TRY(command_kind_find(input->kind, &order.kind));
    TRY(check_right(request, order.kind));
    struct command_answer answer = {0};
    struct command_refusal refusal = {.code = "", .field = ""};
    enum rc rc =
        command_request(request->db, request->arena, &request->actor, &order, &answer, &refusal);
    TRY(park_refuse(request, rc, &refusal));
    return show_answer(request, &answer);
}

enum rc handle_command_show(struct request *request)
{
    struct command_view view;
    TRY(command_list_one(request->db, request->arena, request->ids[0], &view));
    return request_reply(request, 200, &view);
}

struct command_list_input {
    const char *cursor;
    const char *state;
    int64_t meter_id;
    int64_t limit;
};

SHAPE(command_list_input, "CommandQuery", struct command_list_input,
      F_TEXT(struct command_list_input, cursor, OPTIONAL, 1, 20),
      F_ENUM(struct command_list_input, state, OPTIONAL, states),
      F_ID(struct command_list_input, meter_id, OPTIONAL),
      F_INT(struct command_list_input, limit, OPTIONAL, 1, PAGE_LIMIT_MAX));

struct commands_reply {
    struct shape_list items;
    const char *next_cursor;
};

SHAPE(commands, "Commands", struct commands_reply,
      F_LIST(struct commands_reply, items, &shape_command),
      F_WORDS(struct commands_reply, next_cursor, NULLABLE));

enum rc handle_command_list(struct request *request)
{
    const struct command_list_input *input = request->input;
    struct command_question question = {
        .state = input->state == NULL ? "" : input->state,
        .meter_id = input->meter_id == SHAPE_NULL ? 0 : input->meter_id,
        .limit = park_limit(input->limit),
    };
    struct commands_reply reply = {0};
    struct command_view *views = NULL;
    TRY(park_cursor(request, input->cursor, &question.before_id));
    TRY(command_list(request->db, request->arena, &question, &views, &reply.items.count,
                     &reply.next_cursor));
    reply.items.items = views;
    return request_reply(request, 200, &reply);
}

struct reason_input {
    const char *reason;
};

SHAPE(reason_input, "Reason", struct reason_input,
      F_TEXT(struct reason_input, reason, NEEDED, 1, COMMAND_REASON_MAX));

enum rc handle_command_cancel(struct request *request)
{
    const struct reason_input *input = request->input;
    enum rc rc = command_cancel(request->db, &request->actor, request->ids[0], input->reason);
    if (rc == RC_CONFLICT) {
        return request_refuse(request, rc, "conflict", "", "only a pending order can be cancelled");
    }
    TRY(rc);
    struct command_view view;
    TRY(command_list_one(request->db, request->arena, request->ids[0], &view));
    return request_reply(request, 200, &view);
}
