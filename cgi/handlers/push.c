/* Parameters pushed into meters: asked for, watched batch by batch, tried again. */
#include "core/flow/push.h"

#include "cgi/handlers/handlers.h"
#include "cgi/handlers/hold.h"
#include "cgi/handlers/money.h"
#include "cgi/handlers/park.h"
#include "cgi/shape.h"

#define BATCHES_MAX 200

static const char *const states[] = {"pending",    "writing",   "confirmed", "refused",
                                     "superseded", "cancelled", NULL};

SHAPE(push_batch, "PushBatch", struct push_progress, F_ID(struct push_progress, batch_id, NEEDED),
      F_WORDS(struct push_progress, reason, NEEDED), F_TIME(struct push_progress, due_at, NEEDED),
      F_TIME(struct push_progress, created_at, NEEDED),
      F_WORDS(struct push_progress, maker_name, NEEDED),
      F_NUMBER(struct push_progress, open, NEEDED),
      F_NUMBER(struct push_progress, confirmed, NEEDED),
      F_NUMBER(struct push_progress, refused, NEEDED),
      F_NUMBER(struct push_progress, other, NEEDED));

struct push_batches_reply {
    struct shape_list items;
};

SHAPE(push_batches, "PushBatches", struct push_batches_reply,
      F_LIST(struct push_batches_reply, items, &shape_push_batch));

enum rc handle_push_list(struct request *request)
{
    struct push_batches_reply reply = {0};
    struct push_progress *rows = NULL;
    TRY(push_progress_list(request->db, request->arena, BATCHES_MAX, &rows, &reply.items.count));
    reply.items.items = rows;
    return request_reply(request, 200, &reply);
}

SHAPE(push_row, "PushRow", struct push_view, F_ID(struct push_view, id, NEEDED),
      F_ID(struct push_view, supply_id, NEEDED), F_ID(struct push_view, meter_id, NEEDED),
      F_WORDS(struct push_view, unit_number, NEEDED),
      F_WORDS(struct push_view, meter_number, NEEDED),
      F_ENUM(struct push_view, state, NEEDED, states), F_WORDS(struct push_view, wait_code, NEEDED),
      F_JSON(struct push_view, wanted, NEEDED), F_JSON(struct push_view, standing, NULLABLE),
      F_NUMBER(struct push_view, writes, NEEDED), F_TIME(struct push_view, written_at, NULLABLE),
      F_TIME(struct push_view, ended_at, NULLABLE));

struct push_page {
    struct push_progress batch;
    struct shape_list rows;
};

SHAPE(push_page, "PushPage", struct push_page, F_EMBED(struct push_page, batch, &shape_push_batch),
      F_LIST(struct push_page, rows, &shape_push_row));

static enum rc show(struct request *request, int status, int64_t batch_id)
{
    struct push_page page = {.rows = {.count = 0}};
    struct push_view *rows = NULL;
    TRY(push_progress_one(request->db, request->arena, batch_id, &page.batch));
    TRY(push_list(request->db, request->arena, batch_id, &rows, &page.rows.count));
    page.rows.items = rows;
    return request_reply(request, status, &page);
}

enum rc handle_push_show(struct request *request)
{
    return show(request, 200, request->ids[0]);
}

struct push_input {
    struct shape_list supply_ids;
    bool prices;
    int64_t alarm1_fen;
    int64_t alarm2_fen;
    int64_t overdraft_fen;
    bool fee_control;
    int64_t due_at;
    const char *reason;
};

SHAPE(push_input, "PushRequest", struct push_input,
      F_INTS(struct push_input, supply_ids, NEEDED, PUSH_ASK_MAX),
      F_BOOL(struct push_input, prices, OPTIONAL),
      F_INT(struct push_input, alarm1_fen, OPTIONAL, 0, INT32_MAX),
      F_INT(struct push_input, alarm2_fen, OPTIONAL, 0, INT32_MAX),
      F_INT(struct push_input, overdraft_fen, OPTIONAL, 0, INT32_MAX),
      F_BOOL(struct push_input, fee_control, OPTIONAL), F_TIME(struct push_input, due_at, OPTIONAL),
      F_TEXT(struct push_input, reason, NEEDED, 1, COMMAND_REASON_MAX));

static int64_t or_none(int64_t fen)
{
    return fen == SHAPE_NULL ? -1 : fen;
}

enum rc handle_push_create(struct request *request)
{
    const struct push_input *input = request->input;
    struct command_refusal refusal = {.code = "", .field = ""};
    struct approval_item item;
    int64_t approval_id = 0;
    struct push_ask ask = {.supply_ids = input->supply_ids.items,
                           .count = input->supply_ids.count,
                           .prices = input->prices,
                           .fee_control = input->fee_control,
                           .alarm_fen = {or_none(input->alarm1_fen), or_none(input->alarm2_fen)},
                           .overdraft_fen = or_none(input->overdraft_fen),
                           .due_at_ms = input->due_at == SHAPE_NULL ? 0 : input->due_at,
                           .reason = input->reason};
    enum rc rc =
        push_request(request->db, request->arena, &request->actor, &ask, &approval_id, &refusal);
    TRY(money_refuse(request, rc, &refusal));
    TRY(hold_approval(request, approval_id, &item));
    return request_reply_shape(request, 202, &shape_approval, &item);
}

enum rc handle_push_retry(struct request *request)
{
    struct command_refusal refusal = {.code = "", .field = ""};
    int64_t batch_id = 0;
    enum rc rc = push_retry(request->db, request->arena, &request->actor, request->ids[0],
                            &batch_id, &refusal);
    TRY(money_refuse(request, rc, &refusal));
    return show(request, 201, batch_id);
}
