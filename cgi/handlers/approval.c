/* The second person: what is open, and deciding it with one more proof of who decides. */
#include <string.h>

#include "cgi/handlers/handlers.h"
#include "cgi/handlers/hold.h"
#include "cgi/handlers/money.h"
#include "cgi/handlers/park.h"
#include "cgi/shape.h"
#include "core/flow/approval.h"
#include "core/flow/login.h"
#include "core/rules/command_result.h"
#include "core/store/hold_list.h"

static const char *const kinds[] = {
#define APPROVAL(id, code, right, zh, en) code,
#include "core/rules/approval.def"
#undef APPROVAL
    NULL};
static const char *const states[] = {"open", "approved", "rejected", "expired", NULL};

SHAPE(approval, "Approval", struct approval_item, F_ID(struct approval_item, id, NEEDED),
      F_ENUM(struct approval_item, kind, NEEDED, kinds),
      F_WORDS(struct approval_item, summary_zh, NEEDED),
      F_WORDS(struct approval_item, summary_en, NEEDED),
      F_WORDS(struct approval_item, object_kind, NEEDED),
      F_ID(struct approval_item, object_id, NEEDED),
      F_WORDS(struct approval_item, unit_number, NEEDED),
      F_WORDS(struct approval_item, shop_name, NEEDED),
      F_ID(struct approval_item, meter_id, NULLABLE), F_ID(struct approval_item, maker_id, NEEDED),
      F_WORDS(struct approval_item, maker_name, NEEDED),
      F_TIME(struct approval_item, made_at, NEEDED),
      F_TIME(struct approval_item, expires_at, NEEDED),
      F_ENUM(struct approval_item, state, NEEDED, states),
      F_WORDS(struct approval_item, decided_by_name, NULLABLE),
      F_TIME(struct approval_item, decided_at, NULLABLE),
      F_WORDS(struct approval_item, reason, NEEDED),
      F_WORDS(struct approval_item, decision_reason, NULLABLE),
      F_ID(struct approval_item, command_id, NULLABLE));

/* What will happen; the person named is the one who asked, and may not agree. */
static enum rc summarise(struct arena *arena, const struct approval_view *view,
                         struct approval_item *item)
{
    if (view->summary_zh != NULL && view->summary_en != NULL) { /* the maker's, as it was stored */
        item->summary_zh = arena_printf(arena, "%s。申请人 %s,不能由本人复核。", view->summary_zh,
                                        view->maker_name);
        item->summary_en = arena_printf(arena, "%s. Requested by %s, who may not approve it.",
                                        view->summary_en, view->maker_name);
        return item->summary_zh == NULL || item->summary_en == NULL ? RC_MEMORY : RC_OK;
    }
    const char *zh = "(重要负荷)将被分闸";
    const char *en = " (protected) will be tripped";
    if (strcmp(view->act, "lock_out") == 0) {
        zh = "(重要负荷)将被分闸并检修锁定";
        en = " (protected) will be tripped and locked out";
    } else if (strcmp(view->act, "lift") == 0) {
        zh = arena_printf(arena, ":解除 %s 的检修锁定,不会自动合闸", view->holder_name);
        en = arena_printf(arena, ": lift the lock-out held by %s; nothing closes by itself",
                          view->holder_name);
    } else if (strcmp(view->payload_kind, "release") == 0) {
        zh = "(重要负荷)将解除保电,并因欠费断电";
        en = " (protected) will lose its keep-on and, in arrears, its power";
    }
    if (zh == NULL || en == NULL) {
        return RC_MEMORY;
    }
    const char *gap = view->shop_name[0] == '\0' ? "" : " ";
    item->summary_zh = arena_printf(arena, "%s%s%s%s。申请人 %s,不能由本人复核。",
                                    view->unit_number, gap, view->shop_name, zh, view->maker_name);
    item->summary_en = arena_printf(arena, "%s%s%s%s. Requested by %s, who may not approve it.",
                                    view->unit_number, gap, view->shop_name, en, view->maker_name);
    return item->summary_zh == NULL || item->summary_en == NULL ? RC_MEMORY : RC_OK;
}

static enum rc fill(struct arena *arena, const struct approval_view *view,
                    struct approval_item *item)
{
    *item = (struct approval_item){
        .id = view->id,
        .kind = view->kind,
        .object_kind = view->object_kind,
        .object_id = view->object_id,
        .unit_number = view->unit_number,
        .shop_name = view->shop_name,
        .meter_id = view->meter_id,
        .maker_id = view->maker_id,
        .maker_name = view->maker_name,
        .made_at = view->made_at,
        .expires_at = view->expires_at,
        .state = view->state,
        .decided_by_name = view->decided_by_name,
        .decided_at = view->decided_at,
        .reason = view->reason,
        .decision_reason = view->decision_reason,
        .command_id = view->command_id,
    };
    return summarise(arena, view, item);
}

enum rc hold_approval(struct request *request, int64_t id, struct approval_item *ret_item)
{
    struct approval_view view;
    TRY(approval_list_one(request->db, request->arena, id, &view));
    return fill(request->arena, &view, ret_item);
}

struct approval_page {
    struct approval_item approval;
    const char *payload;
};

SHAPE(approval_page, "ApprovalPage", struct approval_page,
      F_EMBED(struct approval_page, approval, &shape_approval),
      F_JSON(struct approval_page, payload, NEEDED));

enum rc handle_approval_show(struct request *request)
{
    struct approval_page page = {.payload = ""};
    TRY(approval_payload(request->db, request->arena, request->ids[0], &page.payload));
    TRY(hold_approval(request, request->ids[0], &page.approval));
    return request_reply(request, 200, &page);
}

static const char *const list_states[] = {"open", "decided", NULL};

struct approvals_input {
    const char *state;
    const char *cursor;
    int64_t limit;
};

SHAPE(approvals_input, "ApprovalQuery", struct approvals_input,
      F_ENUM(struct approvals_input, state, OPTIONAL, list_states),
      F_TEXT(struct approvals_input, cursor, OPTIONAL, 1, 20),
      F_INT(struct approvals_input, limit, OPTIONAL, 1, PAGE_LIMIT_MAX));

struct approvals_reply {
    struct shape_list items;
    const char *next_cursor;
};

SHAPE(approvals, "Approvals", struct approvals_reply,
      F_LIST(struct approvals_reply, items, &shape_approval),
      F_WORDS(struct approvals_reply, next_cursor, NULLABLE));

enum rc handle_approval_list(struct request *request)
{
    const struct approvals_input *input = request->input;
    struct hold_question question = {.state = input->state == NULL ? "" : input->state,
                                     .limit = park_limit(input->limit)};
    struct approvals_reply reply = {0};
    struct approval_view *views = NULL;
    size_t count = 0;
    TRY(park_cursor(request, input->cursor, &question.before_id));
    TRY(approval_list(request->db, request->arena, &question, &views, &count, &reply.next_cursor));
    struct approval_item *items = arena_take_array(request->arena, count + 1, sizeof *items);
    if (items == NULL) {
        return RC_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        TRY(fill(request->arena, &views[i], &items[i]));
    }
    reply.items = (struct shape_list){.items = items, .count = count};
    return request_reply(request, 200, &reply);
}

static const char *const decisions[] = {"approve", "reject", NULL};

struct decision_input {
    const char *decision;
    const char *reason;
    const char *totp;
};

SHAPE(decision_input, "Decision", struct decision_input,
      F_ENUM(struct decision_input, decision, NEEDED, decisions),
      F_TEXT(struct decision_input, reason, NEEDED, 1, COMMAND_REASON_MAX),
      F_TEXT(struct decision_input, totp, NEEDED, 1, 32));

enum rc handle_approval_decide(struct request *request)
{
    const struct decision_input *input = request->input;
    if (request->worker->field_key == NULL) {
        return RC_INTERNAL;
    }
    enum rc proved = login_prove(request->db, request->arena, request->worker->field_key,
                                 request->session.user_id, input->totp);
    if (proved == RC_UNAUTHENTICATED) {
        return request_refuse(request, RC_FORBIDDEN, "totp_wrong", "totp",
                              "the one-time code is wrong or was used already");
    }
    TRY(proved);
    struct approval_answer answer = {0};
    struct command_refusal refusal = {.code = "", .field = ""};
    enum rc rc =
        approval_decide(request->db, request->arena, &request->actor, request->ids[0],
                        strcmp(input->decision, "approve") == 0, input->reason, &answer, &refusal);
    bool field = strcmp(command_result_en(refusal.code), refusal.code) != 0;
    TRY(field ? park_refuse(request, rc, &refusal) : money_refuse(request, rc, &refusal));
    struct approval_item item;
    TRY(hold_approval(request, request->ids[0], &item));
    if (answer.wake) {
        park_wake_after_commit(request, answer.shard);
    }
    return request_reply(request, 200, &item);
}
