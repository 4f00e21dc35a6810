#include "cgi/dispatch.h"

#include <assert.h>
#include <stdatomic.h>
#include <string.h>
#include <strings.h>

#include "cgi/counters.h"
#include "cgi/guard.h"
#include "core/base/crypto.h"
#include "core/store/idempotency.h"

#define UUID_CHARACTERS 36
#define UNKNOWN_TRIES 2

/* ---- problems */

static const char *code_of(enum rc rc, bool input)
{
    switch (rc) {
    case RC_INVALID:
        return input ? "invalid_field" : "bad_request";
    case RC_TOO_LARGE:
        return "too_large";
    case RC_UNAUTHENTICATED:
        return "unauthenticated";
    case RC_FORBIDDEN:
        return "forbidden";
    case RC_NOT_FOUND:
        return "not_found";
    case RC_CONFLICT:
    case RC_REFUSED:
        return "conflict";
    case RC_LOCKED:
        return "locked";
    case RC_RATE_LIMITED:
        return "rate_limited";
    case RC_EXPIRED:
        return "expired";
    case RC_STALE:
        return "stale";
    case RC_UNAVAILABLE:
    case RC_UNKNOWN:
    case RC_RETRY:
    case RC_FULL:
    case RC_TIMEOUT:
        return "unavailable";
    default:
        return "internal";
    }
}

static void add_member(struct text *out, const char *name, const char *value)
{
    text_printf(out, ",\"%s\":", name);
    text_add_json_string(out, value, strlen(value));
}

/* What went wrong on our side is for the log, not for the reader: such problems carry no detail but
 * the rc's. */
static void reply_problem(struct request *request, enum rc rc, int status)
{
    struct text *out = request->reply;
    bool said = request->problem_code != NULL && request->problem_code[0] != '\0';
    const char *field = request->problem_field == NULL ? "" : request->problem_field;
    const char *code = said ? request->problem_code : code_of(rc, field[0] != '\0');
    const char *detail = request->problem_detail == NULL ? "" : request->problem_detail;
    request->status = status;
    request->reply_type = "application/problem+json";
    text_clear(out);
    text_add_string(out, "{\"type\":\"about:blank\"");
    add_member(out, "title", rc_sentence(rc));
    text_printf(out, ",\"status\":%d", status);
    add_member(out, "code", code);
    add_member(out, "detail", detail[0] == '\0' ? rc_sentence(rc) : detail);
    if (field[0] != '\0') {
        add_member(out, "field", field);
    }
    text_add_char(out, '}');
}

/* ---- the act */

struct act {
    struct request *request;
    struct idempotency key;
    bool has_key;
    bool replayed;
};

/* Forgets what an earlier run of the handler had begun to say. */
static void reset_answer(struct request *request, size_t headers_count)
{
    request->status = 0;
    request->headers_count = headers_count;
    request->after_count = 0;
    request->problem_code = NULL;
    request->problem_field = NULL;
    request->problem_detail = NULL;
    text_clear(request->reply);
}

static enum rc say_again(struct act *act, const struct idempotency_answer *answer)
{
    struct request *request = act->request;
    act->replayed = true;
    text_clear(request->reply);
    text_add(request->reply, answer->body, answer->len);
    request->status = answer->status;
    request->reply_type = answer->status == 204 ? NULL : "application/json";
    request_add_header(request, "Idempotency-Replayed", "true");
    return text_result(request->reply);
}

static enum rc run_act(struct db *db, void *context)
{
    struct act *act = context;
    struct request *request = act->request;
    reset_answer(request, 0);
    act->replayed = false;
    if (act->has_key) {
        struct idempotency_answer answer = {0};
        enum rc rc = idempotency_claim(db, request->arena, &act->key, &answer);
        if (rc == RC_EXISTS) {
            return say_again(act, &answer);
        }
        if (rc == RC_CONFLICT) {
            return request_refuse(request, RC_CONFLICT, "idempotency_conflict", "",
                                  "this Idempotency-Key was used for another order");
        }
        TRY(rc);
    }
    TRY(request->route->handler(request));
    assert(request->status >= 200 && request->status < 300);
    if (!act->has_key) {
        return RC_OK;
    }
    struct idempotency_answer answer = {
        .status = request->status, .body = text_string(request->reply), .len = request->reply->len};
    return idempotency_keep(db, &act->key, &answer);
}

static void hash_request(const struct request *request, uint8_t hash[IDEMPOTENCY_HASH_BYTES])
{
    uint8_t parts[3][CRYPTO_HASH_BYTES];
    crypto_sha256(request->path, strlen(request->path), parts[0]);
    crypto_sha256(request->query, strlen(request->query), parts[1]);
    crypto_sha256(request->body, request->body_len, parts[2]);
    crypto_sha256(parts, sizeof(parts), hash);
}

static bool is_uuid(const char *text)
{
    for (int i = 0; i < UUID_CHARACTERS; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash ? text[i] != '-' : strchr("0123456789abcdefABCDEF", text[i]) == NULL) {
            return false;
        }
        if (text[i] == '\0') {
            return false;
        }
    }
    return text[UUID_CHARACTERS] == '\0';
}

static enum rc prepare_key(struct act *act)
{
    struct request *request = act->request;
    if (!is_uuid(request->idempotency_key)) {
        return request_refuse(request, RC_INVALID, "bad_request", "Idempotency-Key",
                              "the header Idempotency-Key must hold a UUID");
    }
    const char *route =
        arena_printf(request->arena, "%s %s", method_name(request->method), request->route->path);
    if (route == NULL) {
        return RC_MEMORY;
    }
    act->has_key = true;
    act->key = (struct idempotency){.actor_kind = request->actor.kind,
                                    .actor_id = request->actor.id,
                                    .route = route,
                                    .key = request->idempotency_key};
    hash_request(request, act->key.body_hash);
    return RC_OK;
}

static enum rc do_act(struct request *request)
{
    struct act act = {.request = request};
    if ((request->route->flags & ROUTE_IDEMPOTENT_BIT) != 0) {
        TRY(prepare_key(&act));
    }
    enum rc rc = db_transact(request->db, run_act, &act);
    /* The connection died at COMMIT: with a key, asking again finds the kept answer or does the act
     * now. */
    for (int tries = 0; rc == RC_UNKNOWN && act.has_key && tries < UNKNOWN_TRIES; tries++) {
        rc = db_transact(request->db, run_act, &act);
    }
    TRY(rc);
    if (act.replayed) {
        if (request->worker->counters != NULL) {
            atomic_fetch_add(&request->worker->counters->idempotent_replays, 1);
        }
        return RC_OK;
    }
    for (size_t i = 0; i < request->after_count; i++) {
        request->after[i].call(request, request->after[i].number);
    }
    return RC_OK;
}

/* ---- input */

static enum rc check_content_type(struct request *request)
{
    static const char json[] = "application/json";
    size_t len = strcspn(request->content_type, "; ");
    if (len != sizeof(json) - 1 || strncasecmp(request->content_type, json, len) != 0) {
        return request_refuse(request, RC_INVALID, "bad_request", "Content-Type",
                              "the header Content-Type must be application/json");
    }
    return RC_OK;
}

static enum rc decode_input(struct request *request)
{
    const struct route *route = request->route;
    void *input = arena_take(request->arena, route->input->size_bytes);
    if (input == NULL) {
        return RC_MEMORY;
    }
    struct shape_problem problem = {.field = "", .sentence = ""};
    enum rc rc = RC_OK;
    if (route->method == METHOD_GET) {
        rc = shape_decode_query(route->input, request->arena, request->query,
                                strlen(request->query), input, &problem);
    } else if ((route->flags & RAW_BODY) != 0) {
        return RC_OK;
    } else if (route->input->count > 0) {
        TRY(check_content_type(request));
        rc = shape_decode_json(route->input, request->arena, request->body, request->body_len,
                               input, &problem);
    }
    if (rc == RC_INVALID) {
        return request_refuse(request, rc,
                              problem.field[0] == '\0' ? "bad_request" : "invalid_field",
                              problem.field, problem.sentence);
    }
    TRY(rc);
    request->input = route->input->count > 0 ? input : NULL;
    return RC_OK;
}

static enum rc take_body(struct request *request, dispatch_read_body read_body, void *context)
{
    size_t limit = request->route->body_limit_bytes;
    request->body = "";
    request->body_len = 0;
    enum rc rc = read_body(context, request, limit);
    if (rc == RC_TOO_LARGE) {
        return request_refuse(
            request, rc, "too_large", "",
            limit == 0 ? "this route takes no body"
                       : arena_printf(request->arena, "the body is larger than %zu bytes", limit));
    }
    if (rc == RC_PROTOCOL) {
        return request_refuse(request, RC_INVALID, "bad_request", "",
                              "the body is shorter than its Content-Length");
    }
    return rc;
}

static enum rc serve(struct request *request, dispatch_read_body read_body, void *context)
{
    TRY(guard_session(request));
    TRY(guard_origin(request));
    TRY(take_body(request, read_body, context));
    TRY(decode_input(request));
    if ((request->route->flags & (ACT | ROUTE_IDEMPOTENT_BIT)) != 0) {
        return do_act(request);
    }
    TRY(request->route->handler(request));
    assert(request->status >= 200);
    return RC_OK;
}

static int find_route(struct request *request, enum route_role role, const char *method_text)
{
    enum method method = METHOD__MAX;
    const char *allow = "";
    bool known = method_find(method_text, &method) == RC_OK;
    enum rc rc = route_find(role, method, request->path, request->arena, &request->route,
                            request->ids, &request->ids_count, &allow);
    request->method = method;
    if (rc == RC_OK && known) {
        return 0;
    }
    request->route = NULL;
    bool other_method = rc == RC_REFUSED;
    if (other_method) {
        request_add_header(request, "Allow", allow);
    }
    request->problem_code = other_method ? "bad_request" : "not_found";
    request->problem_detail =
        other_method ? "this path does not know the method" : "there is no such path";
    return other_method ? 405 : 404;
}

enum rc dispatch(struct request *request, enum route_role role, const char *method_text,
                 dispatch_read_body read_body, void *context)
{
    assert(request != NULL && request->reply != NULL && request->worker != NULL);
    int status = find_route(request, role, method_text);
    if (status != 0) {
        reply_problem(request, status == 404 ? RC_NOT_FOUND : RC_REFUSED, status);
        return RC_OK;
    }
    enum rc rc = serve(request, read_body, context);
    if (rc != RC_OK && !request->own_words) {
        reply_problem(request, rc, rc_http_status(rc));
    }
    return rc;
}
