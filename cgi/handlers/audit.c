/* The audit log and the last verdict on its chain. */
#include <string.h>

#include "cgi/handlers/handlers.h"
#include "cgi/handlers/park.h"
#include "cgi/shape.h"
#include "core/base/json.h"
#include "core/base/text.h"
#include "core/flow/audit_verification.h"
#include "core/store/audit_list.h"
#include "core/store/row.h"

#define JSON_DEPTH 16

SHAPE(audit_row, "AuditRow", struct audit_view, F_ID(struct audit_view, id, NEEDED),
      F_TIME(struct audit_view, at, NEEDED), F_WORDS(struct audit_view, actor_name, NULLABLE),
      F_WORDS(struct audit_view, role, NULLABLE), F_WORDS(struct audit_view, ip, NULLABLE),
      F_WORDS(struct audit_view, action, NEEDED), F_WORDS(struct audit_view, object_kind, NULLABLE),
      F_ID(struct audit_view, object_id, NULLABLE),
      F_WORDS(struct audit_view, object_label, NULLABLE),
      F_WORDS(struct audit_view, reason, NULLABLE), F_JSON(struct audit_view, before, NULLABLE),
      F_JSON(struct audit_view, after, NULLABLE), F_WORDS(struct audit_view, result, NEEDED),
      F_BOOL(struct audit_view, chained, NEEDED));

struct audit_input {
    const char *cursor;
    const char *actor;
    const char *action;
    const char *object_kind;
    int64_t from;
    int64_t to;
    int64_t limit;
};

SHAPE(audit_input, "AuditQuery", struct audit_input,
      F_TEXT(struct audit_input, cursor, OPTIONAL, 1, 20),
      F_TEXT(struct audit_input, actor, OPTIONAL, 0, 80),
      F_TEXT(struct audit_input, action, OPTIONAL, 0, 48),
      F_TEXT(struct audit_input, object_kind, OPTIONAL, 0, 32),
      F_TIME(struct audit_input, from, OPTIONAL), F_TIME(struct audit_input, to, OPTIONAL),
      F_INT(struct audit_input, limit, OPTIONAL, 1, PAGE_LIMIT_MAX));

struct audit_reply {
    struct shape_list items;
    const char *next_cursor;
};

SHAPE(audit_rows, "AuditRows", struct audit_reply,
      F_LIST(struct audit_reply, items, &shape_audit_row),
      F_WORDS(struct audit_reply, next_cursor, NULLABLE));

static const char *or_empty(const char *text)
{
    return text == NULL ? "" : text;
}

static int64_t or_zero(int64_t number)
{
    return number == SHAPE_NULL ? 0 : number;
}

/* What is stored is JSON unless somebody tampered with it; then it is shown as the text it is. */
static const char *json_or_text(struct arena *arena, const char *stored)
{
    if (stored[0] == '\0') {
        return NULL;
    }
    CLEANUP(json_release) struct json_object *json = NULL;
    if (json_parse(stored, strlen(stored), JSON_DEPTH, &json) == RC_OK) {
        return stored;
    }
    struct text quoted __attribute__((cleanup(text_release)));
    text_init(&quoted, 1 << 20);
    text_add_json_string(&quoted, stored, strlen(stored));
    return arena_copy_string(arena, text_string(&quoted));
}

enum rc handle_audit_list(struct request *request)
{
    const struct audit_input *input = request->input;
    struct audit_question question = {.actor = or_empty(input->actor),
                                      .action = or_empty(input->action),
                                      .object_kind = or_empty(input->object_kind),
                                      .from_ms = or_zero(input->from),
                                      .to_ms = or_zero(input->to),
                                      .limit = park_limit(input->limit)};
    struct audit_view *views = NULL;
    struct audit_reply reply = {0};
    TRY(park_cursor(request, input->cursor, &question.before_id));
    TRY(audit_list(request->db, request->arena, &question, &views, &reply.items.count,
                   &reply.next_cursor));
    for (size_t i = 0; i < reply.items.count; i++) {
        views[i].before = json_or_text(request->arena, views[i].before);
        views[i].after = json_or_text(request->arena, views[i].after);
        views[i].object_id = views[i].object_id == 0 ? ROW_NULL : views[i].object_id;
    }
    reply.items.items = views;
    return request_reply(request, 200, &reply);
}

static const char *const verdicts[] = {"ok",           "altered",       "log_longer",
                                       "chain_longer", "seal_mismatch", NULL};

struct verification_view {
    const char *verdict;
    int64_t rows;
    int64_t first_bad_id;
    const char *last_sealed_day;
    const char *text_zh;
    const char *text_en;
    int64_t checked_at;
};

SHAPE(audit_verification, "AuditVerification", struct verification_view,
      F_ENUM(struct verification_view, verdict, NEEDED, verdicts),
      F_NUMBER(struct verification_view, rows, NEEDED),
      F_NUMBER(struct verification_view, first_bad_id, NULLABLE),
      F_WORDS(struct verification_view, last_sealed_day, NULLABLE),
      F_WORDS(struct verification_view, text_zh, NEEDED),
      F_WORDS(struct verification_view, text_en, NEEDED),
      F_TIME(struct verification_view, checked_at, NEEDED));

enum rc handle_audit_verification(struct request *request)
{
    struct audit_verification last;
    int64_t checked_at_ms = 0;
    enum rc rc = audit_verification_last(request->db, request->arena, &last, &checked_at_ms);
    if (rc == RC_NOT_FOUND) {
        return request_refuse(request, RC_UNAVAILABLE, "unavailable", "",
                              "the audit chain has not been checked yet; paywatt-jobs does it soon"
                              " after its start");
    }
    TRY(rc);
    const struct verification_view view = {
        .verdict = audit_verdict_name(last.verdict),
        .rows = last.rows,
        .first_bad_id = last.first_bad_id == 0 ? SHAPE_NULL : last.first_bad_id,
        .last_sealed_day = last.last_sealed_day[0] == '\0' ? NULL : last.last_sealed_day,
        .text_zh = last.text_zh,
        .text_en = last.text_en,
        .checked_at = checked_at_ms};
    return request_reply(request, 200, &view);
}
