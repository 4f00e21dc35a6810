/*
 * From a request to an answer: finds the route, enforces its row, decodes the input, calls the
 * handler (inside the transaction of an act, with its idempotency key) and makes problem+json of
 * every refusal.
 */
#ifndef PW_CGI_DISPATCH_H
#define PW_CGI_DISPATCH_H

#include "cgi/request.h"
#include "cgi/route.h"
#include "core/base/rc.h"

/* Reads the body, at most `limit` bytes, into the request's arena. RC_TOO_LARGE, RC_PROTOCOL
 * (shorter than said). */
typedef enum rc (*dispatch_read_body)(void *context, struct request *request, size_t limit);

/* Handles the request: status, headers and reply are set afterwards, always. The result is what the
   handler (or a guard) answered, for the log at the top. `method_text` is as sent; request->path,
   query and headers are set. */
enum rc dispatch(struct request *request, enum route_role role, const char *method_text,
                 dispatch_read_body read_body, void *context);

#endif
