#include "cgi/worker.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <fcgiapp.h>
#include <signal.h>
#include <string.h>

#include "cgi/dispatch.h"
#include "core/base/clock.h"
#include "core/base/crypto.h"
#include "core/base/log.h"
#include "core/flow/command.h"
#include "core/pay/provider.h"
#include "core/store/role.h"

#define PARAMS_MAX 200
#define QUERY_BYTES_MAX 8192
#define PATH_BYTES_MAX 1024
#define HEADER_BYTES_MAX 8192
#define DRAIN_BYTES_MAX ((size_t)16 << 20)
#define REPLY_KEEP_BYTES ((size_t)4 << 20)
#define PROBLEM_BYTES_MAX 4096

static volatile sig_atomic_t stopping;

static void on_stop(int signal_number)
{
    (void)signal_number;
    stopping = 1;
}

static void take_signals(void)
{
    struct sigaction stop = {.sa_handler = on_stop}; /* no SA_RESTART: accept must wake */
    (void)sigaction(SIGTERM, &stop, NULL);
    (void)sigaction(SIGINT, &stop, NULL);
    (void)signal(SIGHUP, SIG_IGN);
    (void)signal(SIGPIPE, SIG_IGN);
    sigset_t none;
    sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
}

/* ---- what lives as long as the worker */

static int open_database(const struct worker_start *start, struct worker *worker)
{
    CLEANUP(text_release) struct text problem;
    text_init(&problem, PROBLEM_BYTES_MAX);
    enum rc rc = role_open(start->config, worker->role, &problem, &worker->db);
    if (rc == RC_OK) {
        return 0;
    }
    log_write(rc == RC_UNAVAILABLE ? LOG_WARNING : LOG_ERROR, "database", "%s",
              text_string(&problem));
    return rc == RC_UNAVAILABLE ? 0 : WORKER_EXIT_REFUSED;
}

/* A server that may lose a commit is refused, as soon as it can be asked. */
static int check_server(struct worker *worker, bool *checked)
{
    const char *why = "";
    if (*checked) {
        return 0;
    }
    enum rc rc = db_check_server(worker->db, &why);
    if (rc == RC_REFUSED) {
        log_write(LOG_ERROR, "database", "the server may lose a commit: %s is not as it must be",
                  why);
        return WORKER_EXIT_REFUSED;
    }
    *checked = rc == RC_OK;
    return 0;
}

/* ---- one request */

static const char *param(const FCGX_Request *fcgi, const char *name, size_t max)
{
    const char *value = FCGX_GetParam(name, fcgi->envp);
    return value == NULL || strlen(value) > max ? "" : value;
}

/* nginx's own normalised path when it sends one, else the path part of the request line. */
static const char *path_of(const FCGX_Request *fcgi, struct arena *arena)
{
    const char *path = param(fcgi, "DOCUMENT_URI", PATH_BYTES_MAX);
    if (path[0] != '\0') {
        return path;
    }
    const char *uri = param(fcgi, "REQUEST_URI", PATH_BYTES_MAX + QUERY_BYTES_MAX);
    return arena_copy(arena, uri, strcspn(uri, "?"));
}

static int64_t content_length(const FCGX_Request *fcgi)
{
    const char *text = param(fcgi, "CONTENT_LENGTH", 20);
    int64_t len = 0;
    if (text[0] == '\0') {
        return 0;
    }
    return text_parse_int(text, strlen(text), 0, INT64_MAX, &len) == RC_OK ? len : INT64_MAX;
}

static enum rc read_body(void *context, struct request *request, size_t limit)
{
    FCGX_Request *fcgi = context;
    int64_t len = content_length(fcgi);
    if ((uint64_t)len > limit) {
        return RC_TOO_LARGE;
    }
    char *body = arena_take(request->arena, (size_t)len + 1);
    if (body == NULL) {
        return RC_MEMORY;
    }
    int got = FCGX_GetStr(body, (int)len, fcgi->in);
    if (got != (int)len) {
        return RC_PROTOCOL;
    }
    request->body = body;
    request->body_len = (size_t)len;
    return RC_OK;
}

/* What nobody read is taken off the socket, so that nginx can read the answer instead of meeting a
 * closed pipe. */
static void drain(FCGX_Request *fcgi)
{
    char waste[16384];
    size_t total = 0;
    int got = 0;
    do {
        got = FCGX_GetStr(waste, (int)sizeof(waste), fcgi->in);
        total += got > 0 ? (size_t)got : 0;
    } while (got == (int)sizeof(waste) && total < DRAIN_BYTES_MAX);
}

static void fill(struct request *request, const FCGX_Request *fcgi)
{
    request->path = path_of(fcgi, request->arena);
    request->query = param(fcgi, "QUERY_STRING", QUERY_BYTES_MAX);
    request->ip = param(fcgi, "REMOTE_ADDR", 45);
    request->host = param(fcgi, "HTTP_HOST", 255);
    request->origin = param(fcgi, "HTTP_ORIGIN", 300);
    request->fetch_site = param(fcgi, "HTTP_SEC_FETCH_SITE", 32);
    request->csrf_token = param(fcgi, "HTTP_X_CSRF_TOKEN", 64);
    request->idempotency_key = param(fcgi, "HTTP_IDEMPOTENCY_KEY", 64);
    request->accept_encoding = param(fcgi, "HTTP_ACCEPT_ENCODING", 200);
    request->content_type = param(fcgi, "CONTENT_TYPE", 200);
    request->file_name = param(fcgi, "HTTP_X_FILE_NAME", 500);
    request->cookie = param(fcgi, "HTTP_COOKIE", HEADER_BYTES_MAX);
    request->session_token = "";
    request->actor =
        (struct actor){.kind = ACTOR_SYSTEM, .name = "", .role = "", .ip = request->ip};
    if (request->path == NULL) {
        request->path = "";
    }
}

/* Every header as it came; nginx dropped those whose names could be taken for others. Past the
   maximum none is handed on: which of them was signed could not be said. */
static void fill_headers(struct request *request, const FCGX_Request *fcgi)
{
    static const char prefix[] = "HTTP_";
    struct http_header *list = arena_take_array(request->arena, HTTP_HEADERS_MAX, sizeof *list);
    size_t count = 0;
    for (char **at = fcgi->envp; list != NULL && *at != NULL; at++) {
        char *value = strchr(*at, '=');
        if (strncmp(*at, prefix, sizeof(prefix) - 1) != 0 || value == NULL) {
            continue;
        }
        const char *start = *at + sizeof(prefix) - 1;
        char *name = count == HTTP_HEADERS_MAX
                         ? NULL
                         : arena_take(request->arena, (size_t)(value - start) + 1);
        if (name == NULL) {
            return;
        }
        for (char *to = name; start < value; start++, to++) {
            *to = (char)(*start == '_' ? '-' : tolower((unsigned char)*start));
            to[1] = '\0';
        }
        list[count++] = (struct http_header){.name = name, .value = value + 1};
    }
    request->headers_in = list;
    request->headers_in_count = count;
}

static void send_answer(const struct request *request, FCGX_Request *fcgi)
{
    FCGX_FPrintF(fcgi->out, "Status: %d\r\nCache-Control: no-store\r\n", request->status);
    for (size_t i = 0; i < request->headers_count; i++) {
        FCGX_FPrintF(fcgi->out, "%s: %s\r\n", request->headers[i].name, request->headers[i].value);
    }
    if (request->reply_type != NULL) {
        FCGX_FPrintF(fcgi->out, "Content-Type: %s\r\nContent-Length: %d\r\n", request->reply_type,
                     (int)request->reply->len);
    }
    FCGX_PutS("\r\n", fcgi->out);
    FCGX_PutStr(text_string(request->reply), (int)request->reply->len, fcgi->out);
}

static void log_failure(const struct request *request, enum rc rc)
{
    if (request->note != NULL) {
        log_write(LOG_WARNING, request->path, "%s", request->note);
    }
    if (request->status < 500) {
        return;
    }
    bool database = rc != RC_OK && db_error(request->db)[0] != '\0';
    log_write(rc == RC_UNAVAILABLE ? LOG_WARNING : LOG_ERROR, request->path, "%s: %s%s%s",
              rc_name(rc), rc_sentence(rc), database ? "; database: " : "",
              database ? db_error(request->db) : "");
}

static void answer(struct worker *worker, enum route_role role, struct arena *arena,
                   struct text *reply, FCGX_Request *fcgi)
{
    int64_t began_us = clock_monotonic_us();
    struct request request = {.worker = worker,
                              .db = worker->db,
                              .redis = worker->redis,
                              .config = worker->config,
                              .arena = arena,
                              .reply = reply};
    fill(&request, fcgi);
    if (role == ROUTE_NOTIFY) {
        fill_headers(&request, fcgi);
    }
    const char *query = FCGX_GetParam("QUERY_STRING", fcgi->envp);
    enum rc rc = RC_OK;
    if (query != NULL && strlen(query) > QUERY_BYTES_MAX) {
        request.query = "?"; /* cut queries must not be half obeyed: no route knows this field */
    }
    rc = dispatch(&request, role, param(fcgi, "REQUEST_METHOD", 16), read_body, fcgi);
    drain(fcgi);
    send_answer(&request, fcgi);
    log_failure(&request, rc);
    if (worker->counters != NULL) {
        counters_answer(worker->counters, request.route, request.status,
                        clock_monotonic_us() - began_us);
    }
    if (reply->size_bytes > REPLY_KEEP_BYTES) {
        text_release(reply);
    }
    text_clear(reply);
}

static int serve_until_stopped(const struct worker_start *start, struct worker *worker)
{
    FCGX_Request fcgi;
    if (FCGX_Init() != 0 ||
        FCGX_InitRequest(&fcgi, start->listen_descriptor, FCGI_FAIL_ACCEPT_ON_INTR) != 0) {
        return 1;
    }
    CLEANUP(arena_release) struct arena arena;
    CLEANUP(text_release) struct text reply;
    arena_init(&arena, REQUEST_ARENA_BYTES);
    text_init(&reply, REQUEST_REPLY_BYTES_MAX);
    bool checked = false;
    int status = check_server(worker, &checked);
    while (status == 0 && !stopping) {
        if (FCGX_Accept_r(&fcgi) != 0) {
            if (stopping || errno == EINTR || errno == ECONNABORTED) {
                continue;
            }
            log_write(LOG_ERROR, "accept", "%s", strerrordesc_np(errno));
            return 1;
        }
        status = check_server(worker, &checked);
        answer(worker, start->role, &arena, &reply, &fcgi);
        FCGX_Finish_r(&fcgi);
        arena_reset(&arena);
    }
    FCGX_Free(&fcgi, 1);
    return status;
}

/* The keys of the payment providers; one that is set by half ends the program, naming the key. */
static int open_providers(const struct worker_start *start, struct worker *worker)
{
    CLEANUP(text_release) struct text problems;
    text_init(&problems, 65536);
    if (start->role != ROUTE_NOTIFY) {
        return 0;
    }
    enum rc rc = pay_open(start->config, clock_now_ms(), &problems, &worker->pay);
    if (rc != RC_OK) {
        log_write(LOG_ERROR, "payment providers", "%s: %s", rc_sentence(rc),
                  text_string(&problems));
        return WORKER_EXIT_REFUSED;
    }
    return 0;
}

int worker_run(const struct worker_start *start)
{
    assert(start != NULL);
    take_signals();
    uint8_t field_key[CRYPTO_KEY_BYTES];
    struct worker worker = {.config = start->config,
                            .role = route_role_name(start->role),
                            .hash_gate = start->hash_gate,
                            .counters = start->counters};
    if (start->role == ROUTE_STAFF || start->role == ROUTE_TENANT) {
        const char *why = "";
        if (config_secret_key(start->config, CONFIG_security_field_key_file, field_key, &why) !=
            RC_OK) {
            log_write(LOG_ERROR, "[security] field_key_file", "%s", why);
            return WORKER_EXIT_REFUSED;
        }
        worker.field_key = field_key;
    }
    command_configure(config_bool(start->config, CONFIG_site_simulated),
                      config_int(start->config, CONFIG_poller_stale_s) * 1000);
    int status = open_providers(start, &worker);
    status = status == 0 ? open_database(start, &worker) : status;
    if (status == 0 &&
        redis_open(config_text(start->config, CONFIG_redis_socket), &worker.redis) != RC_OK) {
        status = 1;
    }
    if (status == 0) {
        status = serve_until_stopped(start, &worker);
    }
    crypto_wipe(field_key, sizeof(field_key));
    pay_close(&worker.pay);
    db_close(&worker.db);
    redis_close(&worker.redis);
    return status;
}
