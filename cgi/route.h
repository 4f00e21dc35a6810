/*
 * The route table: routes.def, one row a route, and how a path finds its row.
 */
#ifndef PW_CGI_ROUTE_H
#define PW_CGI_ROUTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cgi/request.h"
#include "cgi/shape.h"
#include "core/base/rc.h"
#include "core/base/text.h"
#include "core/rules/permission.h"

enum route_role { ROUTE_STAFF, ROUTE_TENANT, ROUTE_NOTIFY, ROUTE_MACHINE, ROUTE_ROLE__MAX };

enum route_flags {
    PLAIN = 0,
    CSRF = 1,         /* unsafe method with a session: same origin and X-CSRF-Token */
    ORIGIN = 2,       /* unsafe method without a session (log-in): same origin only */
    ACT = 4,          /* the handler runs inside one transaction of the dispatcher */
    IDEMPOTENT = 12,  /* ACT, and Idempotency-Key is needed and kept */
    STAGE_ANY = 16,   /* works before enrolment and password change are done */
    RAW_BODY = 32,    /* the body is not JSON: request->body */
    DB_OPTIONAL = 64, /* works while MariaDB is away */
    RATE_BY_IP = 128  /* the rate counts the address, not the session */
};
#define ROUTE_IDEMPOTENT_BIT 8u

struct route {
    enum route_role role;
    enum method method;
    const char *path; /* "/api/v1/staff/meters/:id" */
    enum permission permission;
    unsigned flags;
    size_t body_limit_bytes;
    int rate_per_minute;       /* of one session (or address); 0: no limit here */
    const struct shape *input; /* query of GET, body of others; &shape_none: none */
    const struct shape *reply; /* &shape_none: no JSON */
    const char *handler_name;
    enum rc (*handler)(struct request *request);
};

extern const struct shape shape_none; /* no fields */
extern const struct route routes[];
extern const size_t routes_count;

/* "staff". Never NULL. */
const char *route_role_name(enum route_role role);
enum rc route_role_find(const char *name, enum route_role *ret_role) MUST_CHECK;
/* "GET". Never NULL. */
const char *method_name(enum method method);
enum rc method_find(const char *name, enum method *ret_method) MUST_CHECK;

/* Finds the row. RC_NOT_FOUND: no such path; RC_REFUSED: the path exists with other methods, listed
   in *ret_allow (for example "GET, POST"). ret_ids: REQUEST_IDS_MAX numbers. HEAD is not served. */
enum rc route_find(enum route_role role, enum method method, const char *path, struct arena *arena,
                   const struct route **ret_route, int64_t *ret_ids, size_t *ret_ids_count,
                   const char **ret_allow) MUST_CHECK;
/* True if the path has the pattern's form; `:id` takes a whole number 1 .. SHAPE_ID_MAX, `:word`
   is read by route_word. */
bool route_matches(const char *pattern, const char *path, int64_t *ids, size_t *ids_count);
/* What stands at the pattern's `:word` (1 .. 64 letters, digits, - and _), in the arena; the path
   matches. NULL when memory ran out. */
const char *route_word(const char *pattern, const char *path, struct arena *arena);
/* Refuses a table that breaks its own rules (an unsafe route without CSRF, ...): the sentence, or
   NULL when all is well. Asked at start. */
const char *route_table_problem(void);
/* One line a route, tab between: role method path permission flags body rate input reply handler.
 */
void route_table_print(struct text *out);
/* The OpenAPI 3.1 document. */
void openapi_write(struct text *out);

#endif
