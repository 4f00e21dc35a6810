#include "sim/pay/web.h"

#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define IDLE_NS 60000000000
#define ARENA_MAX (64u << 20)
#define READ_BYTES 16384

enum state { FREE, READING, WAITING, WRITING };

struct connection {
    struct loop_source source;
    struct loop_timer timer;
    struct web *web;
    enum state state;
    bool keep;
    bool hang; /* what the timer does while WAITING: close, not answer */
    int place;
    uint32_t life; /* one more for each client of this slot */
    struct text in;
    struct text out;
    size_t out_at;
};

struct listener {
    struct loop_source source;
    struct web *web;
    int place;
    uint16_t port;
};

struct web {
    struct loop *loop;
    web_handler handler;
    void *context;
    struct arena arena;
    struct listener listeners[WEB_LISTENERS_MAX];
    struct connection connections[WEB_CONNECTIONS_MAX];
};

static void run(struct connection *connection);

static struct connection *of_source(struct loop_source *source)
{
    return (struct connection *)(void *)((char *)source - offsetof(struct connection, source));
}

static void drop(struct connection *connection)
{
    struct loop *loop = connection->web->loop;
    loop_remove(loop, &connection->source);
    loop_unset(loop, &connection->timer);
    close(connection->source.fd);
    connection->source.fd = -1;
    connection->state = FREE;
    connection->life++;
    text_release(&connection->in);
    text_release(&connection->out);
}

static void rest(struct connection *connection)
{
    loop_set(connection->web->loop, &connection->timer, loop_now_ns() + IDLE_NS);
}

static void flush(struct connection *connection)
{
    while (connection->out_at < connection->out.len) {
        ssize_t len = send(connection->source.fd, connection->out.bytes + connection->out_at,
                           connection->out.len - connection->out_at, MSG_NOSIGNAL);
        if (len < 0 && errno == EAGAIN) {
            loop_change(connection->web->loop, &connection->source, EPOLLOUT);
            return;
        }
        if (len < 0) {
            drop(connection);
            return;
        }
        connection->out_at += (size_t)len;
    }
    if (!connection->keep) {
        drop(connection);
        return;
    }
    text_clear(&connection->out);
    connection->out_at = 0;
    connection->state = READING;
    loop_change(connection->web->loop, &connection->source, EPOLLIN);
    rest(connection);
}

static const char *phrase(int status)
{
    return status == 200   ? "OK"
           : status == 204 ? "No Content"
           : status < 300  ? "Success"
           : status < 400  ? "Redirect"
           : status < 500  ? "Refused"
                           : "Failed";
}

static void put(struct connection *connection, int status, const char *type, const char *head,
                const char *body, size_t len)
{
    struct text *out = &connection->out;
    text_clear(out);
    connection->out_at = 0;
    text_printf(out, "HTTP/1.1 %d %s\r\n", status, phrase(status));
    if (status != 204) {
        text_printf(out, "Content-Length: %zu\r\n", len);
    }
    if (type != NULL) {
        text_printf(out, "Content-Type: %s\r\n", type);
    }
    text_printf(out, "%sCache-Control: no-store\r\nConnection: %s\r\n\r\n", head,
                connection->keep ? "keep-alive" : "close");
    text_add(out, status == 204 ? "" : body, status == 204 ? 0 : len);
    connection->state = WRITING;
    if (text_result(out) != RC_OK) {
        drop(connection);
    }
}

static void refuse(struct connection *connection, int status)
{
    connection->keep = false;
    put(connection, status, "text/plain", "", "", 0);
    if (connection->state == WRITING) {
        flush(connection);
    }
}

static void wait_over(struct loop_timer *timer)
{
    struct connection *connection =
        (struct connection *)(void *)((char *)timer - offsetof(struct connection, timer));
    if (connection->state == WAITING && !connection->hang) {
        connection->state = WRITING;
        flush(connection);
        run(connection);
        return;
    }
    drop(connection);
}

/* Cuts the head (NUL after it) into the request's parts. */
static bool read_head(char *head, struct web_request *request)
{
    char *save = NULL;
    char *line = strtok_r(head, "\r\n", &save);
    char *target = line == NULL ? NULL : strchr(line, ' ');
    char *version = target == NULL ? NULL : strchr(target + 1, ' ');
    if (version == NULL || strncmp(version + 1, "HTTP/1.", 7) != 0) {
        return false;
    }
    *target = '\0';
    *version = '\0';
    request->method = line;
    request->target = target + 1;
    while ((line = strtok_r(NULL, "\r\n", &save)) != NULL) {
        char *colon = strchr(line, ':');
        if (colon == NULL || request->header_count == WEB_HEADERS_MAX) {
            return false;
        }
        *colon = '\0';
        char *value = colon + 1 + strspn(colon + 1, " \t");
        for (size_t len = strlen(value); len > 0 && strchr(" \t", value[len - 1]) != NULL; len--) {
            value[len - 1] = '\0';
        }
        request->headers[request->header_count++] = (struct web_header){line, value};
    }
    return true;
}

static bool split_target(struct web_request *request)
{
    const char *mark = strchr(request->target, '?');
    size_t len = mark == NULL ? strlen(request->target) : (size_t)(mark - request->target);
    request->path = arena_copy(request->arena, request->target, len);
    request->query = mark == NULL ? "" : mark + 1;
    return request->path != NULL && request->path[0] == '/';
}

static void serve(struct connection *connection, struct web_request *request)
{
    struct web *web = connection->web;
    struct web_reply reply = {.status = 404, .type = "text/plain"};
    text_init(&reply.head, WEB_HEAD_MAX);
    text_init(&reply.body, WEB_ANSWER_MAX);
    size_t slot = (size_t)(connection - web->connections);
    request->ticket = (uint64_t)connection->life << 32 | (slot + 1);
    const char *asked = web_header(request, "Connection");
    connection->keep = asked == NULL || strcasecmp(asked, "close") != 0;
    connection->hang = false;
    connection->state = WAITING;
    loop_change(web->loop, &connection->source, 0);
    loop_unset(web->loop, &connection->timer);
    web->handler(web->context, connection->place, request, &reply);
    if (reply.manner == WEB_CUT) {
        drop(connection);
    } else if (reply.manner == WEB_HANG) {
        connection->hang = true;
        loop_set(web->loop, &connection->timer, loop_now_ns() + reply.delay_ms * 1000000);
    } else if (reply.manner == WEB_ANSWER) {
        bool whole = text_result(&reply.head) == RC_OK && text_result(&reply.body) == RC_OK;
        put(connection, whole ? reply.status : 500, reply.type,
            whole ? text_string(&reply.head) : "", text_string(&reply.body), reply.body.len);
        if (connection->state == WRITING && reply.delay_ms > 0) {
            connection->state = WAITING;
            loop_set(web->loop, &connection->timer, loop_now_ns() + reply.delay_ms * 1000000);
        } else if (connection->state == WRITING) {
            flush(connection);
        }
    }
    text_release(&reply.head);
    text_release(&reply.body);
}

/* One whole request from `in`, if there is one. */
static bool take(struct connection *connection)
{
    struct web *web = connection->web;
    const char *in = text_string(&connection->in);
    const char *end = memmem(in, connection->in.len, "\r\n\r\n", 4);
    if (end == NULL) {
        if (connection->in.len > WEB_HEAD_MAX) {
            refuse(connection, 431);
        }
        return false;
    }
    struct web_request request = {.arena = &web->arena};
    size_t head_len = (size_t)(end - in);
    char *head = arena_copy(&web->arena, in, head_len);
    int64_t len = 0;
    if (head == NULL || strlen(head) != head_len || !read_head(head, &request) ||
        !split_target(&request)) {
        refuse(connection, 400);
        return false;
    }
    const char *said = web_header(&request, "Content-Length");
    if (web_header(&request, "Transfer-Encoding") != NULL ||
        (said != NULL && text_parse_int(said, strlen(said), 0, WEB_BODY_MAX, &len) != RC_OK)) {
        refuse(connection, 413);
        return false;
    }
    if (connection->in.len < head_len + 4 + (size_t)len) {
        return false;
    }
    request.body = arena_copy(&web->arena, end + 4, (size_t)len);
    request.body_len = (size_t)len;
    size_t used = head_len + 4 + (size_t)len;
    memmove(connection->in.bytes, connection->in.bytes + used, connection->in.len - used);
    connection->in.len -= used;
    connection->in.bytes[connection->in.len] = '\0';
    if (request.body == NULL) {
        refuse(connection, 500);
        return false;
    }
    serve(connection, &request);
    return true;
}

static void run(struct connection *connection)
{
    while (connection->state == READING && connection->in.len > 0) {
        bool taken = take(connection);
        arena_reset(&connection->web->arena);
        if (!taken) {
            return;
        }
    }
}

static void ready(struct loop_source *source, uint32_t events)
{
    struct connection *connection = of_source(source);
    if (connection->state == WRITING) {
        flush(connection);
        run(connection);
        return;
    }
    if (connection->state != READING) { /* the client went away while it waits */
        if ((events & (EPOLLHUP | EPOLLERR)) != 0) {
            drop(connection);
        }
        return;
    }
    char bytes[READ_BYTES];
    ssize_t len = read(source->fd, bytes, sizeof(bytes));
    if (len < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    if (len > 0) {
        text_add(&connection->in, bytes, (size_t)len);
    }
    if (len <= 0 || text_result(&connection->in) != RC_OK) {
        drop(connection);
        return;
    }
    rest(connection);
    run(connection);
}

static void accept_one(struct loop_source *source, uint32_t events)
{
    (void)events;
    struct listener *listener =
        (struct listener *)(void *)((char *)source - offsetof(struct listener, source));
    struct web *web = listener->web;
    int fd = accept4(source->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    int on = 1;
    for (size_t i = 0; fd >= 0 && i < WEB_CONNECTIONS_MAX; i++) {
        struct connection *connection = &web->connections[i];
        if (connection->state != FREE) {
            continue;
        }
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        connection->source = (struct loop_source){.fd = fd, .ready = ready};
        connection->timer = (struct loop_timer){.due = wait_over};
        connection->web = web;
        connection->place = listener->place;
        connection->state = READING;
        connection->out_at = 0;
        text_init(&connection->in, WEB_HEAD_MAX + WEB_BODY_MAX + READ_BYTES);
        text_init(&connection->out, WEB_ANSWER_MAX + WEB_HEAD_MAX);
        if (loop_add(web->loop, &connection->source, EPOLLIN) == RC_OK) {
            rest(connection);
            return;
        }
        connection->state = FREE;
        break;
    }
    if (fd >= 0) {
        close(fd);
    }
}

enum rc web_new(struct loop *loop, web_handler handler, void *context, struct web **ret_web)
{
    struct web *web = calloc(1, sizeof(*web));
    if (web == NULL) {
        return RC_MEMORY;
    }
    web->loop = loop;
    web->handler = handler;
    web->context = context;
    arena_init(&web->arena, ARENA_MAX);
    for (int i = 0; i < WEB_LISTENERS_MAX; i++) {
        web->listeners[i] = (struct listener){.source.fd = -1, .web = web, .place = i};
    }
    *ret_web = web;
    return RC_OK;
}

static void cut_place(struct web *web, int place)
{
    for (size_t i = 0; i < WEB_CONNECTIONS_MAX; i++) {
        if (web->connections[i].state != FREE && web->connections[i].place == place) {
            drop(&web->connections[i]);
        }
    }
}

static void unlisten(struct web *web, struct listener *listener)
{
    if (listener->source.fd >= 0) {
        loop_remove(web->loop, &listener->source);
        close(listener->source.fd);
        listener->source.fd = -1;
    }
}

void web_free(struct web *web)
{
    if (web == NULL) {
        return;
    }
    for (int i = 0; i < WEB_LISTENERS_MAX; i++) {
        unlisten(web, &web->listeners[i]);
        cut_place(web, i);
    }
    arena_release(&web->arena);
    free(web);
}

enum rc web_listen(struct web *web, int place, uint16_t port, uint16_t *ret_port)
{
    assert(place >= 0 && place < WEB_LISTENERS_MAX);
    struct listener *listener = &web->listeners[place];
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    int on = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    listener->source = (struct loop_source){.fd = fd, .ready = accept_one};
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
        bind(fd, (const struct sockaddr *)&address, size) != 0 || listen(fd, 256) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &size) != 0 ||
        loop_add(web->loop, &listener->source, EPOLLIN) != RC_OK) {
        if (fd >= 0) {
            close(fd);
        }
        listener->source.fd = -1;
        return RC_IO;
    }
    listener->port = ntohs(address.sin_port);
    *ret_port = listener->port;
    return RC_OK;
}

enum rc web_refuse(struct web *web, int place, bool no)
{
    struct listener *listener = &web->listeners[place];
    if (no == (listener->source.fd < 0)) {
        return RC_OK;
    }
    if (no) {
        unlisten(web, listener);
        cut_place(web, place);
        return RC_OK;
    }
    return web_listen(web, place, listener->port, &listener->port);
}

void web_answer(struct web *web, uint64_t ticket, int status, const char *type, const char *body,
                size_t len)
{
    size_t slot = (size_t)(ticket & 0xffffffff);
    if (slot == 0 || slot > WEB_CONNECTIONS_MAX) {
        return;
    }
    struct connection *connection = &web->connections[slot - 1];
    if (connection->state != WAITING || connection->life != (uint32_t)(ticket >> 32)) {
        return;
    }
    put(connection, status, type, "", body, len);
    if (connection->state == WRITING) {
        flush(connection);
        run(connection);
    }
}

const char *web_header(const struct web_request *request, const char *name)
{
    for (size_t i = 0; i < request->header_count; i++) {
        if (strcasecmp(request->headers[i].name, name) == 0) {
            return request->headers[i].value;
        }
    }
    return NULL;
}
