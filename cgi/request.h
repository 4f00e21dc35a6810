/*
 * One request: what came in, who asks, and the answer that is being made.
 *
 * The dispatcher fills it, enforces the route's row (method, session, stage, permission, CSRF,
 * size, rate, idempotency) and then calls the handler, which
 *   - reads request->input (the route's input shape, decoded and checked), request->ids (the path's
 * numbers),
 *   - calls flow or store,
 *   - answers with request_reply(...), request_reply_empty(...) or request_reply_bytes(...) and
 * returns RC_OK,
 *   - or returns any other rc: the dispatcher answers with problem+json. request_refuse adds code,
 * field and sentence.
 *
 * A route with the flag ACT (or IDEMPOTENT, which implies it) runs its handler inside ONE
 * transaction which the dispatcher opens and commits: the handler must not call db_transact, and
 * may be called again after RC_RETRY, so it must do nothing outside the database. What must follow
 * the commit (waking the poller) goes to request_after_commit.
 *
 * Memory: everything from request->arena lives until the answer is sent.
 */
#ifndef PW_CGI_REQUEST_H
#define PW_CGI_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cgi/shape.h"
#include "core/base/arena.h"
#include "core/base/config.h"
#include "core/base/http.h"
#include "core/base/text.h"
#include "core/store/audit.h"
#include "core/store/db.h"
#include "core/store/redis.h"
#include "core/store/session.h"

#define REQUEST_IDS_MAX 4
#define REQUEST_ARENA_BYTES ((size_t)48 << 20)
#define REQUEST_REPLY_BYTES_MAX ((size_t)32 << 20)
#define REQUEST_AFTER_MAX 4
#define REQUEST_HEADERS_MAX 8

struct counters;
struct pay;
struct route;
struct request;

enum method { METHOD_GET, METHOD_POST, METHOD_PUT, METHOD_DELETE, METHOD__MAX };

typedef void (*request_after)(struct request *request, int64_t number);

struct request_header {
    const char *name;
    const char *value; /* no line breaks: asserted */
};

/* What lives as long as the worker. */
struct worker {
    struct db *db;
    struct redis *redis;
    const struct config *config;
    const char *role;         /* "staff" */
    const uint8_t *field_key; /* 32 bytes, or NULL when the role has none */
    int hash_gate;            /* descriptor of gate.h */
    struct counters *counters;
    struct pay *pay; /* role notify: the providers' keys; NULL else */
};

struct request {
    /* what came in */
    const struct route *route;
    enum method method;
    const char *path;  /* "/api/v1/staff/meters/7" */
    const char *query; /* "" if none */
    const char *ip;    /* as nginx says, "" if not */
    const char *host;  /* Host header */
    const char *origin;
    const char *fetch_site;
    const char *csrf_token;
    const char *idempotency_key; /* "" if none; UUID form checked for IDEMPOTENT routes */
    const char *accept_encoding;
    const char *content_type;
    const char *file_name;                /* X-File-Name, "" if none; not yet decoded */
    const char *cookie;                   /* whole header */
    const char *session_token;            /* "" if none */
    const struct http_header *headers_in; /* role notify only: all, as they came */
    size_t headers_in_count;
    const char *body;
    size_t body_len;
    int64_t ids[REQUEST_IDS_MAX];
    size_t ids_count;
    const void *input; /* struct of the route's input shape; NULL when that is none */

    /* who asks; session.user_id is 0 on public routes without a session */
    struct session session;
    struct actor actor;

    /* what to work with */
    struct worker *worker;
    struct db *db;
    struct redis *redis;
    const struct config *config;
    struct arena *arena;

    /* the answer */
    int status;
    const char *reply_type;
    struct text *reply;
    struct request_header headers[REQUEST_HEADERS_MAX];
    size_t headers_count;
    const char *problem_code;
    const char *problem_field;
    const char *problem_detail;
    bool own_words;   /* answered though it failed: no problem+json */
    const char *note; /* one line for the log, NULL: none */
    struct {
        request_after call;
        int64_t number;
    } after[REQUEST_AFTER_MAX];
    size_t after_count;
};

/* Answers with the route's reply shape. status: 200, 201, 202. */
enum rc request_reply(struct request *request, int status, const void *data) MUST_CHECK;
/* The same with another shape than the row names (rare). */
enum rc request_reply_shape(struct request *request, int status, const struct shape *shape,
                            const void *data) MUST_CHECK;
/* 204, no body. */
enum rc request_reply_empty(struct request *request) MUST_CHECK;
/* Bytes of another type: "text/plain; charset=utf-8". */
enum rc request_reply_bytes(struct request *request, int status, const char *type,
                            const char *bytes, size_t len) MUST_CHECK;
/* The same for a failure: these bytes instead of problem+json, for callers with a language of their
   own. Returns rc, which must not be RC_OK, or what kept the bytes from being stored. */
enum rc request_fail_bytes(struct request *request, enum rc rc, int status, const char *type,
                           const char *bytes) MUST_CHECK;
/* Adds a header to the answer (Set-Cookie, Retry-After). Strings are borrowed: literals or arena.
 */
void request_add_header(struct request *request, const char *name, const char *value);
/* Says why: code as in docs/api.md, field or "", sentence or "" (then the rc's own). Returns rc,
   which must not be RC_OK, so that a handler writes: return request_refuse(request, RC_REFUSED,
   "locked_out", "", ""); Strings are borrowed: literals or arena. */
enum rc request_refuse(struct request *request, enum rc rc, const char *code, const char *field,
                       const char *detail) MUST_CHECK;
/* Calls `call` once after the answer's transaction is committed; not when it is rolled back or
   answered from an idempotency row. */
void request_after_commit(struct request *request, request_after call, int64_t number);

#endif
