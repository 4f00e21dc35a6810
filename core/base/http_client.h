/*
 * The one HTTP client: requests to payment and SMS providers, on libcurl's multi interface, for the
 * programs that may call out (jobs, paywattctl). One thread owns a client.
 *
 * A request is carried at most once. Nothing is ever repeated by itself: no redirects, no second
 * try on a connection that died (each POST has a connection of its own), HTTP/1.1 only. One
 * deadline bounds the whole exchange, one maximum the answer's body. TLS certificates and names are
 * checked; where `base_url` of a provider is http (a sandbox, a local proxy) the scheme says so.
 *
 * What a failure means, which is what matters for money:
 *   RC_UNAVAILABLE  nothing was sent (no address, no connection, no TLS): asking again is safe
 *   RC_UNKNOWN      the request may have arrived, no whole answer came: verify, do not repeat
 *   RC_TOO_LARGE    an answer began and is longer than allowed: as unknown
 *   RC_FULL         http_client_start: too many are under way, nothing was sent
 *
 * Order of calls: http_client_new, http_client_start..., http_client_run..., http_client_free.
 */
#ifndef PW_BASE_HTTP_CLIENT_H
#define PW_BASE_HTTP_CLIENT_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/http.h"
#include "core/base/rc.h"

#define HTTP_CLIENT_TOTAL_MS 3000
#define HTTP_CLIENT_UNDER_WAY_MAX 256

struct http_client_options {
    int64_t total_ms;        /* of one exchange, 0: HTTP_CLIENT_TOTAL_MS */
    size_t answer_max_bytes; /* of a body, 0: 1 MiB */
    size_t under_way_max;    /* 1 .. HTTP_CLIENT_UNDER_WAY_MAX, 0: 32 */
    const char *proxy;       /* NULL or "": none; the environment's proxies are not used */
    const char *ca_file;     /* NULL or "": the system's */
};

struct http_client;

/* What came of a request. rc as above, or RC_OK with an answer that is valid during the call only;
   else answer is NULL. why: static text for a log. May start further requests. */
typedef void (*http_client_done)(void *context, enum rc rc, const struct http_answer *answer,
                                 const char *why);

/* RC_MEMORY. Options are copied. */
enum rc http_client_new(const struct http_client_options *options,
                        struct http_client **ret_client) MUST_CHECK;
/* Ends what is under way without calling anybody; accepts a pointer to NULL. */
void http_client_free(struct http_client **client);
/* Begins a request; it is copied. done is called once, from http_client_run. RC_FULL, RC_INVALID
   (not an http or https address), RC_MEMORY: done is not called. */
enum rc http_client_start(struct http_client *client, const struct http_request *request,
                          http_client_done done, void *context) MUST_CHECK;
/* Carries on for at most wait_ms, or until something ended. Returns how many are under way. */
size_t http_client_run(struct http_client *client, int64_t wait_ms);
/* One request from start to end; the answer is copied into the arena. *ret_why (static) on any
   failure. The results above, RC_INVALID, RC_MEMORY. */
enum rc http_client_call(struct http_client *client, const struct http_request *request,
                         struct arena *arena, struct http_answer *ret_answer,
                         const char **ret_why) MUST_CHECK;

#endif
