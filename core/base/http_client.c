#include "core/base/http_client.h"

#include <assert.h>
#include <curl/curl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/base/clock.h"
#include "core/base/text.h"

#define ANSWER_BYTES_DEFAULT ((size_t)1 << 20)
#define HEADER_BYTES_MAX ((size_t)32 << 10)
#define UNDER_WAY_DEFAULT 32
#define CONNECTIONS_MAX 32

/* One request under way, on the client's list. */
struct exchange {
    struct exchange *next;
    CURL *curl;
    struct curl_slist *headers;
    struct text body;
    struct text head; /* "name\0value\0" of the last answer's headers */
    size_t head_count;
    http_client_done done;
    void *context;
};

struct http_client {
    CURLM *multi;
    struct exchange *exchanges;
    size_t under_way;
    size_t under_way_max;
    int64_t total_ms;
    size_t answer_max_bytes;
    char *proxy;
    char *ca_file;
};

static pthread_once_t curl_once = PTHREAD_ONCE_INIT;

static void curl_start(void)
{
    CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);
    assert(started == CURLE_OK);
}

enum rc http_client_new(const struct http_client_options *options, struct http_client **ret_client)
{
    assert(options != NULL && ret_client != NULL);
    int once = pthread_once(&curl_once, curl_start);
    assert(once == 0 && options->under_way_max <= HTTP_CLIENT_UNDER_WAY_MAX);
    struct http_client *client = calloc(1, sizeof(*client));
    if (client == NULL) {
        return RC_MEMORY;
    }
    client->total_ms = options->total_ms > 0 ? options->total_ms : HTTP_CLIENT_TOTAL_MS;
    client->answer_max_bytes =
        options->answer_max_bytes > 0 ? options->answer_max_bytes : ANSWER_BYTES_DEFAULT;
    client->under_way_max = options->under_way_max > 0 ? options->under_way_max : UNDER_WAY_DEFAULT;
    client->multi = curl_multi_init();
    client->proxy = strdup(options->proxy == NULL ? "" : options->proxy);
    client->ca_file = strdup(options->ca_file == NULL ? "" : options->ca_file);
    if (client->multi == NULL || client->proxy == NULL || client->ca_file == NULL) {
        http_client_free(&client);
        return RC_MEMORY;
    }
    (void)curl_multi_setopt(client->multi, CURLMOPT_MAXCONNECTS, (long)CONNECTIONS_MAX);
    (void)curl_multi_setopt(client->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING);
    *ret_client = client;
    return RC_OK;
}

static void exchange_free(struct http_client *client, struct exchange *exchange)
{
    if (exchange->curl != NULL) {
        (void)curl_multi_remove_handle(client->multi, exchange->curl);
        curl_easy_cleanup(exchange->curl);
    }
    curl_slist_free_all(exchange->headers);
    text_release(&exchange->body);
    text_release(&exchange->head);
    free(exchange);
}

void http_client_free(struct http_client **client)
{
    assert(client != NULL);
    struct http_client *gone = *client;
    if (gone == NULL) {
        return;
    }
    while (gone->exchanges != NULL) {
        struct exchange *next = gone->exchanges->next;
        exchange_free(gone, gone->exchanges);
        gone->exchanges = next;
    }
    (void)curl_multi_cleanup(gone->multi);
    free(gone->proxy);
    free(gone->ca_file);
    free(gone);
    *client = NULL;
}

static size_t on_body(char *bytes, size_t size, size_t count, void *user)
{
    struct exchange *exchange = user;
    text_add(&exchange->body, bytes, size * count);
    return text_result(&exchange->body) == RC_OK ? size * count : CURL_WRITEFUNC_ERROR;
}

/* Each header line, its end included; a new status line begins the headers anew (100 Continue). */
static size_t on_header(char *bytes, size_t size, size_t count, void *user)
{
    struct exchange *exchange = user;
    size_t len = size * count;
    if (len >= 5 && strncasecmp(bytes, "HTTP/", 5) == 0) {
        text_clear(&exchange->head);
        exchange->head_count = 0;
        return len;
    }
    const char *colon = memchr(bytes, ':', len);
    if (colon == NULL || exchange->head_count == HTTP_HEADERS_MAX ||
        memchr(bytes, '\0', len) != NULL) {
        return len;
    }
    const char *value = colon + 1;
    const char *end = bytes + len;
    while (value < end && strchr(" \t", *value) != NULL) {
        value++;
    }
    while (end > value && strchr(" \t\r\n", end[-1]) != NULL) {
        end--;
    }
    text_add(&exchange->head, bytes, (size_t)(colon - bytes));
    text_add(&exchange->head, "", 1);
    text_add(&exchange->head, value, (size_t)(end - value));
    text_add(&exchange->head, "", 1);
    exchange->head_count++;
    return text_result(&exchange->head) == RC_OK ? len : CURL_WRITEFUNC_ERROR;
}

static bool header_append(struct exchange *exchange, const char *line)
{
    struct curl_slist *longer = curl_slist_append(exchange->headers, line);
    if (longer == NULL) {
        return false;
    }
    exchange->headers = longer;
    return true;
}

/* curl adds Expect and a Content-Type of its own to a POST, unless told otherwise. */
static bool headers_set(struct exchange *exchange, const struct http_request *request)
{
    bool made = header_append(exchange, "Expect:") && header_append(exchange, "Accept:");
    bool typed = false;
    for (size_t i = 0; made && i < request->header_count; i++) {
        struct text line;
        text_init(&line, 8192);
        text_printf(&line, "%s: %s", request->headers[i].name, request->headers[i].value);
        typed = typed || strcasecmp(request->headers[i].name, "Content-Type") == 0;
        made = text_result(&line) == RC_OK && header_append(exchange, text_string(&line));
        text_release(&line);
    }
    return made && (typed || header_append(exchange, "Content-Type:"));
}

#define SET(option, value)                                                                         \
    do {                                                                                           \
        if (curl_easy_setopt(curl, option, value) != CURLE_OK) {                                   \
            return false;                                                                          \
        }                                                                                          \
    } while (0)

static bool safety_set(const struct http_client *client, CURL *curl)
{
    SET(CURLOPT_PROTOCOLS_STR, "http,https");
    SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    SET(CURLOPT_FOLLOWLOCATION, 0L);
    SET(CURLOPT_SSL_VERIFYPEER, 1L);
    SET(CURLOPT_SSL_VERIFYHOST, 2L);
    SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    SET(CURLOPT_TIMEOUT_MS, (long)client->total_ms);
    SET(CURLOPT_CONNECTTIMEOUT_MS, (long)client->total_ms);
    SET(CURLOPT_PROXY, client->proxy);
    if (client->ca_file[0] != '\0') {
        SET(CURLOPT_CAINFO, client->ca_file);
    }
    return true;
}

static bool request_set(struct exchange *exchange, const struct http_request *request)
{
    CURL *curl = exchange->curl;
    SET(CURLOPT_URL, request->url);
    SET(CURLOPT_HTTPHEADER, exchange->headers);
    if (strcmp(request->method, "POST") == 0) {
        SET(CURLOPT_POST, 1L);
        SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_len);
        SET(CURLOPT_COPYPOSTFIELDS, request->body_len == 0 ? "" : request->body);
        /* On a kept connection that died curl would send the request again by itself. */
        SET(CURLOPT_FRESH_CONNECT, 1L);
        SET(CURLOPT_FORBID_REUSE, 1L);
    }
    SET(CURLOPT_WRITEFUNCTION, on_body);
    SET(CURLOPT_WRITEDATA, exchange);
    SET(CURLOPT_HEADERFUNCTION, on_header);
    SET(CURLOPT_HEADERDATA, exchange);
    SET(CURLOPT_PRIVATE, exchange);
    return true;
}

enum rc http_client_start(struct http_client *client, const struct http_request *request,
                          http_client_done done, void *context)
{
    assert(client != NULL && request != NULL && done != NULL);
    bool known = strcmp(request->method, "GET") == 0 || strcmp(request->method, "POST") == 0;
    assert(known && (request->body == NULL || strcmp(request->method, "POST") == 0));
    if (strncmp(request->url, "http://", 7) != 0 && strncmp(request->url, "https://", 8) != 0) {
        return RC_INVALID;
    }
    if (client->under_way == client->under_way_max) {
        return RC_FULL;
    }
    struct exchange *exchange = calloc(1, sizeof(*exchange));
    if (exchange == NULL) {
        return RC_MEMORY;
    }
    exchange->done = done;
    exchange->context = context;
    text_init(&exchange->body,
              request->answer_max_bytes > 0 ? request->answer_max_bytes : client->answer_max_bytes);
    text_init(&exchange->head, HEADER_BYTES_MAX);
    exchange->curl = curl_easy_init();
    if (exchange->curl == NULL || !headers_set(exchange, request) ||
        !safety_set(client, exchange->curl) || !request_set(exchange, request) ||
        curl_multi_add_handle(client->multi, exchange->curl) != CURLM_OK) {
        exchange_free(client, exchange);
        return RC_MEMORY;
    }
    exchange->next = client->exchanges;
    client->exchanges = exchange;
    client->under_way++;
    return RC_OK;
}

/* What a failed exchange means: was anything sent? */
static enum rc failure(CURL *curl, CURLcode code, const struct exchange *exchange)
{
    curl_off_t ready_us = 0; /* when the connection (and TLS) stood and the request could leave */
    (void)curl_easy_getinfo(curl, CURLINFO_PRETRANSFER_TIME_T, &ready_us);
    if (code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL) {
        return RC_INVALID;
    }
    if (text_result(&exchange->body) == RC_TOO_LARGE) {
        return RC_TOO_LARGE;
    }
    return ready_us > 0 ? RC_UNKNOWN : RC_UNAVAILABLE;
}

static void answer_fill(struct exchange *exchange, struct http_answer *answer)
{
    long status = 0;
    (void)curl_easy_getinfo(exchange->curl, CURLINFO_RESPONSE_CODE, &status);
    answer->status = (int)status;
    answer->body = text_string(&exchange->body);
    answer->body_len = exchange->body.len;
    answer->header_count = exchange->head_count;
    const char *at = text_string(&exchange->head);
    for (size_t i = 0; i < exchange->head_count; i++) {
        answer->headers[i].name = at;
        at += strlen(at) + 1;
        answer->headers[i].value = at;
        at += strlen(at) + 1;
    }
}

static void exchange_end(struct http_client *client, struct exchange *exchange, CURLcode code)
{
    struct exchange **at = &client->exchanges;
    while (*at != exchange) {
        at = &(*at)->next;
    }
    *at = exchange->next;
    client->under_way--;
    struct http_answer answer = {.status = 0};
    enum rc rc = RC_OK;
    if (code == CURLE_OK) {
        answer_fill(exchange, &answer);
        rc = answer.status >= 100 && answer.status <= 599 ? RC_OK : RC_UNKNOWN;
    } else {
        rc = failure(exchange->curl, code, exchange);
    }
    exchange->done(exchange->context, rc, rc == RC_OK ? &answer : NULL, curl_easy_strerror(code));
    exchange_free(client, exchange);
}

/* Calls done of what ended; true if something did. */
static bool ended(struct http_client *client)
{
    bool any = false;
    int left = 0;
    for (CURLMsg *message = curl_multi_info_read(client->multi, &left); message != NULL;
         message = curl_multi_info_read(client->multi, &left)) {
        if (message->msg == CURLMSG_DONE) {
            struct exchange *exchange = NULL;
            CURLcode code = message->data.result;
            (void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&exchange);
            exchange_end(client, exchange, code);
            any = true;
        }
    }
    return any;
}

size_t http_client_run(struct http_client *client, int64_t wait_ms)
{
    assert(client != NULL && wait_ms >= 0);
    int64_t until_ms = clock_monotonic_ms() + wait_ms;
    for (;;) {
        int running = 0;
        CURLMcode state = curl_multi_perform(client->multi, &running);
        assert(state == CURLM_OK);
        int64_t left_ms = until_ms - clock_monotonic_ms();
        if (ended(client) || client->under_way == 0 || left_ms <= 0) {
            return client->under_way;
        }
        state = curl_multi_poll(client->multi, NULL, 0, (int)left_ms, NULL);
        assert(state == CURLM_OK);
    }
}

struct call {
    struct arena *arena;
    struct http_answer *answer;
    const char *why;
    enum rc rc;
    bool ended;
};

static void call_done(void *context, enum rc rc, const struct http_answer *answer, const char *why)
{
    struct call *call = context;
    call->ended = true;
    call->rc = rc;
    call->why = why;
    if (rc != RC_OK) {
        return;
    }
    *call->answer = *answer;
    call->answer->body = arena_copy(call->arena, answer->body, answer->body_len);
    bool copied = call->answer->body != NULL;
    for (size_t i = 0; copied && i < answer->header_count; i++) {
        struct http_header *header = &call->answer->headers[i];
        header->name = arena_copy_string(call->arena, answer->headers[i].name);
        header->value = arena_copy_string(call->arena, answer->headers[i].value);
        copied = header->name != NULL && header->value != NULL;
    }
    call->rc = copied ? RC_OK : RC_MEMORY;
}

enum rc http_client_call(struct http_client *client, const struct http_request *request,
                         struct arena *arena, struct http_answer *ret_answer, const char **ret_why)
{
    assert(arena != NULL && ret_answer != NULL && ret_why != NULL);
    struct http_answer answer = {.status = 0};
    struct call call = {.arena = arena, .answer = &answer, .why = "not begun"};
    enum rc rc = http_client_start(client, request, call_done, &call);
    while (rc == RC_OK && !call.ended) {
        (void)http_client_run(client, client->total_ms);
    }
    rc = rc == RC_OK ? call.rc : rc;
    if (rc == RC_OK) {
        *ret_answer = answer;
    } else {
        *ret_why = call.why;
    }
    return rc;
}
