/*
 * What stands before every handler: rate, session, stage, permission, same origin. Each guard
 * answers RC_OK or refuses with request_refuse.
 */
#ifndef PW_CGI_GUARD_H
#define PW_CGI_GUARD_H

#include "cgi/request.h"
#include "core/base/rc.h"

#define GUARD_COOKIE "__Host-pw_staff"
#define GUARD_TENANT_COOKIE "__Host-pw_tenant"

/* How long a session of the request's role lives without a request, and at most. */
int64_t guard_idle_s(const struct request *request);
int64_t guard_absolute_ms(const struct request *request);

/* Reads the session (one round trip with the rate counter), checks the user's epoch, stage and
   permission. Public routes: the rate only. Fills request->session, actor and session_token. */
enum rc guard_session(struct request *request) MUST_CHECK;
/* Same origin for unsafe methods, and the CSRF token where the route has a session. */
enum rc guard_origin(struct request *request) MUST_CHECK;
/* Sets the session cookie, or with token NULL removes it. RC_MEMORY. */
enum rc guard_set_cookie(struct request *request, const char *token) MUST_CHECK;
/* True if origin is https://<host>. */
bool guard_origin_is_ours(const char *origin, const char *host);
/* RC_OK or the refusal of a request whose browser says where it came from (fetch_site, origin: ""
 * if not sent). */
bool guard_same_origin(const char *fetch_site, const char *origin, const char *host);

#endif
