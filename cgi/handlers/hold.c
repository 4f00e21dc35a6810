/* What holds a supply: lock-outs and keep-ons; and the second person: approvals. */
#include "cgi/handlers/hold.h"

#include <string.h>

#include "cgi/handlers/handlers.h"
#include "cgi/handlers/park.h"
#include "cgi/shape.h"
#include "core/flow/lock_out.h"
#include "core/store/command_list.h"
#include "core/store/hold_list.h"

/* ---- lock-outs */

static const char *const lock_out_states[] = {"active", "lifted", NULL};

SHAPE(lock_out, "LockOut", struct lock_out_view, F_ID(struct lock_out_view, id, NEEDED),
      F_ID(struct lock_out_view, supply_id, NEEDED), F_ID(struct lock_out_view, meter_id, NEEDED),
      F_WORDS(struct lock_out_view, unit_number, NEEDED),
      F_WORDS(struct lock_out_view, shop_name, NEEDED),
      F_WORDS(struct lock_out_view, meter_number, NEEDED),
      F_ID(struct lock_out_view, holder_id, NEEDED),
      F_WORDS(struct lock_out_view, holder_name, NEEDED),
      F_WORDS(struct lock_out_view, reason, NEEDED),
      F_ENUM(struct lock_out_view, state, NEEDED, lock_out_states),
      F_TIME(struct lock_out_view, created_at, NEEDED),
      F_TIME(struct lock_out_view, lifted_at, NULLABLE),
      F_WORDS(struct lock_out_view, lifted_by_name, NULLABLE),
      F_WORDS(struct lock_out_view, lift_reason, NULLABLE),
      F_WORDS(struct lock_out_view, trip_state, NULLABLE));

struct lock_out_input {
    const char *reason;
    const char *unit_number;
};

SHAPE(lock_out_input, "LockOutRequest", struct lock_out_input,
      F_TEXT(struct lock_out_input, reason, NEEDED, 1, COMMAND_REASON_MAX),
      F_TEXT(struct lock_out_input, unit_number, OPTIONAL, 0, 32));

struct lock_out_reply {
    const struct lock_out_view *lock_out;
    const struct command_view *command;
    const struct approval_item *approval;
};

SHAPE(lock_out_reply, "LockOutAnswer", struct lock_out_reply,
      F_OBJECT(struct lock_out_reply, lock_out, NULLABLE, &shape_lock_out),
      F_OBJECT(struct lock_out_reply, command, NULLABLE, &shape_command),
      F_OBJECT(struct lock_out_reply, approval, NULLABLE, &shape_approval));

enum rc handle_lock_out_create(struct request *request)
{
    const struct lock_out_input *input = request->input;
    struct lock_out_request ask = {
        .supply_id = request->ids[0],
        .reason = input->reason,
        .unit_number = input->unit_number == NULL ? "" : input->unit_number,
    };
    struct lock_out_answer answer = {0};
    struct command_refusal refusal = {.code = "", .field = ""};
    enum rc rc =
        lock_out_create(request->db, request->arena, &request->actor, &ask, &answer, &refusal);
    TRY(park_refuse(request, rc, &refusal));
    struct lock_out_reply reply = {0};
    struct lock_out_view lock_out;
    struct command_view command;
    struct approval_item approval;
    if (answer.lock_out_id == 0) {
        TRY(hold_approval(request, answer.approval_id, &approval));
        reply.approval = &approval;
        return request_reply(request, 202, &reply);
    }
    TRY(lock_out_list_one(request->db, request->arena, answer.lock_out_id, &lock_out));
    TRY(command_list_one(request->db, request->arena, answer.command_id, &command));
    reply.lock_out = &lock_out;
    reply.command = &command;
    park_wake_after_commit(request, answer.shard);
    return request_reply(request, 201, &reply);
}

struct lift_input {
    const char *reason;
};

SHAPE(lift_input, "LockOutLift", struct lift_input,
      F_TEXT(struct lift_input, reason, NEEDED, 1, COMMAND_REASON_MAX));

struct lift_reply {
    const struct lock_out_view *lock_out;
    const struct approval_item *approval;
};

SHAPE(lift_reply, "LockOutLiftAnswer", struct lift_reply,
      F_OBJECT(struct lift_reply, lock_out, NULLABLE, &shape_lock_out),
      F_OBJECT(struct lift_reply, approval, NULLABLE, &shape_approval));

enum rc handle_lock_out_lift(struct request *request)
{
    const struct lift_input *input = request->input;
    struct command_refusal refusal = {.code = "", .field = ""};
    int64_t approval_id = 0;
    enum rc rc = lock_out_lift(request->db, request->arena, &request->actor, request->ids[0],
                               input->reason, &approval_id, &refusal);
    TRY(park_refuse(request, rc, &refusal));
    struct lift_reply reply = {0};
    struct lock_out_view lock_out;
    struct approval_item approval;
    if (approval_id != 0) {
        TRY(hold_approval(request, approval_id, &approval));
        reply.approval = &approval;
    } else {
        TRY(lock_out_list_one(request->db, request->arena, request->ids[0], &lock_out));
        reply.lock_out = &lock_out;
    }
    return request_reply(request, 200, &reply);
}

struct lock_outs_input {
    const char *state;
    const char *cursor;
    int64_t limit;
};

SHAPE(lock_outs_input, "LockOutQuery", struct lock_outs_input,
      F_ENUM(struct lock_outs_input, state, OPTIONAL, lock_out_states),
      F_TEXT(struct lock_outs_input, cursor, OPTIONAL, 1, 20),
      F_INT(struct lock_outs_input, limit, OPTIONAL, 1, PAGE_LIMIT_MAX));

struct page_reply {
    struct shape_list items;
    const char *next_cursor;
};

SHAPE(lock_outs, "LockOuts", struct page_reply, F_LIST(struct page_reply, items, &shape_lock_out),
      F_WORDS(struct page_reply, next_cursor, NULLABLE));

enum rc handle_lock_out_list(struct request *request)
{
    const struct lock_outs_input *input = request->input;
    struct hold_question question = {.state = input->state == NULL ? "" : input->state,
                                     .limit = park_limit(input->limit)};
    struct page_reply reply = {0};
    struct lock_out_view *views = NULL;
    TRY(park_cursor(request, input->cursor, &question.before_id));
    TRY(lock_out_list(request->db, request->arena, &question, &views, &reply.items.count,
                      &reply.next_cursor));
    reply.items.items = views;
    return request_reply(request, 200, &reply);
}

/* ---- keep-ons */

SHAPE(keep_on, "KeepOn", struct keep_on_view, F_ID(struct keep_on_view, supply_id, NEEDED),
      F_ID(struct keep_on_view, meter_id, NEEDED),
      F_WORDS(struct keep_on_view, unit_number, NEEDED),
      F_WORDS(struct keep_on_view, shop_name, NEEDED),
      F_WORDS(struct keep_on_view, meter_number, NEEDED),
      F_WORDS(struct keep_on_view, owner_name, NEEDED),
      F_WORDS(struct keep_on_view, reason, NEEDED), F_TIME(struct keep_on_view, until_at, NEEDED),
      F_TIME(struct keep_on_view, since_at, NEEDED));

struct keep_ons_reply {
    struct shape_list items;
};

SHAPE(keep_ons, "KeepOns", struct keep_ons_reply,
      F_LIST(struct keep_ons_reply, items, &shape_keep_on));

enum rc handle_keep_on_list(struct request *request)
{
    struct keep_ons_reply reply = {0};
    struct keep_on_view *views = NULL;
    TRY(keep_on_list(request->db, request->arena, &views, &reply.items.count));
    reply.items.items = views;
    return request_reply(request, 200, &reply);
}
