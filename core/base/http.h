/*
 * What goes to another HTTP server and what comes back, as plain values: builders and readers work
 * on these, core/base/http_client.h carries them. Everything is borrowed from whoever filled it in.
 */
#ifndef PW_BASE_HTTP_H
#define PW_BASE_HTTP_H

#include <stdbool.h>
#include <stddef.h>

#define HTTP_HEADERS_MAX 32

struct http_header {
    const char *name;
    const char *value;
};

struct http_request {
    const char *method; /* GET, POST */
    const char *url;    /* absolute, already percent-encoded */
    struct http_header headers[HTTP_HEADERS_MAX];
    size_t header_count;
    const char *body; /* NULL: none */
    size_t body_len;
    size_t answer_max_bytes; /* 0: what the client was made with */
    bool secret_url;         /* the address itself holds a secret: never to be logged */
};

struct http_answer {
    int status; /* 100 .. 599 */
    struct http_header headers[HTTP_HEADERS_MAX];
    size_t header_count; /* further ones are dropped */
    const char *body;    /* NUL behind it, not counted */
    size_t body_len;
};

/* The value of the one header of this name, in any case (RFC 9110 5.1). NULL when there is none,
   or more than one: which of them was signed could not be said. */
const char *http_header_get(const struct http_header *headers, size_t count, const char *name);
/* Adds a header; at most HTTP_HEADERS_MAX, asserted. */
void http_header_add(struct http_request *request, const char *name, const char *value);

#endif
