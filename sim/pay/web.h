/*
 * A small HTTP/1.1 server on the simulators' loop: loopback only, bounded in connections, head,
 * body and answer; no chunked requests, no TLS. It is a stand-in for providers, so it can also
 * misbehave on demand: wait, hang, hang up, refuse connections.
 *
 * Order of calls: web_new, web_listen..., loop_run, web_free.
 */
#ifndef PW_SIM_PAY_WEB_H
#define PW_SIM_PAY_WEB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/rc.h"
#include "core/base/text.h"
#include "sim/loop.h"

#define WEB_HEADERS_MAX 64
#define WEB_HEAD_MAX 16384
#define WEB_BODY_MAX (1 << 20)
#define WEB_ANSWER_MAX (32u << 20)
#define WEB_CONNECTIONS_MAX 512
#define WEB_LISTENERS_MAX 8

struct web;

struct web_header {
    const char *name;
    const char *value;
};

struct web_request {
    const char *method;
    const char *target; /* as it was sent: path and query */
    const char *path;
    const char *query; /* "" when there is none */
    struct web_header headers[WEB_HEADERS_MAX];
    size_t header_count;
    const char *body; /* NUL behind it */
    size_t body_len;
    struct arena *arena; /* until the handler returns */
    uint64_t ticket;     /* for web_answer */
};

enum web_manner {
    WEB_ANSWER, /* after delay_ms */
    WEB_HANG,   /* nothing; closed after delay_ms */
    WEB_CUT,    /* closed at once */
    WEB_DEFER,  /* web_answer comes later */
};

struct web_reply {
    int status;
    const char *type; /* Content-Type, static or in the arena; NULL: none */
    struct text head; /* further header lines, each with CR LF */
    struct text body;
    enum web_manner manner;
    int64_t delay_ms;
};

typedef void (*web_handler)(void *context, int place, const struct web_request *request,
                            struct web_reply *reply);

/* RC_MEMORY. */
enum rc web_new(struct loop *loop, web_handler handler, void *context,
                struct web **ret_web) MUST_CHECK;
/* Closes everything; accepts NULL. */
void web_free(struct web *web);
/* Listens on 127.0.0.1; port 0 is any free one. place (0 .. WEB_LISTENERS_MAX - 1) is what the
   handler is told. RC_IO. */
enum rc web_listen(struct web *web, int place, uint16_t port, uint16_t *ret_port) MUST_CHECK;
/* Refuses connections at a place (and cuts those that are there), or takes them again. RC_IO. */
enum rc web_refuse(struct web *web, int place, bool refuse) MUST_CHECK;
/* The answer to a deferred request; nothing happens when the client went away. */
void web_answer(struct web *web, uint64_t ticket, int status, const char *type, const char *body,
                size_t len);
/* The header of a name, in any case; NULL when there is none. */
const char *web_header(const struct web_request *request, const char *name);

#endif
