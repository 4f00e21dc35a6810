/* The control socket's connections: lines in, lines out, and those who wait. */
#include "sim/field/control.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

struct control_client {
    struct loop_source source; /* fd -1: slot is free */
    struct loop_timer timer;   /* end of a wait */
    struct control *control;
    struct control_wait wait;
    int64_t id; /* of the waiting request, -1 none */
    size_t in_len;
    struct text out;
    size_t out_at;
    char in[CONTROL_REQUEST_MAX];
};

struct control {
    struct field *field;
    struct loop_source listener;
    char path[108];
    bool woken;
    struct control_client clients[CONTROL_CLIENTS_MAX];
};

static void client_close(struct control_client *client)
{
    struct loop *loop = client->control->field->loop;
    loop_remove(loop, &client->source);
    loop_unset(loop, &client->timer);
    close(client->source.fd);
    client->source.fd = -1;
    client->wait.active = false;
    text_release(&client->out);
}

static void reply_end(struct control_client *client, int64_t id)
{
    if (id >= 0) {
        text_printf(&client->out, ",\"id\":%lld", (long long)id);
    }
    text_add_string(&client->out, "}\n");
}

static void reply_error(struct control_client *client, int64_t id, const char *sentence)
{
    text_add_string(&client->out, "{\"ok\":false,\"error\":");
    text_add_json_string(&client->out, sentence, strlen(sentence));
    reply_end(client, id);
}

/* The end of a wait, met or not. */
static void reply_wait(struct control_client *client, bool met, const struct fact *fact)
{
    client->wait.active = false;
    loop_unset(client->control->field->loop, &client->timer);
    text_printf(&client->out, "{\"ok\":true,\"met\":%s,\"value\":", met ? "true" : "false");
    if (fact->is_word) {
        text_add_json_string(&client->out, fact->word, strlen(fact->word));
    } else {
        text_add_int(&client->out, fact->number);
    }
    reply_end(client, client->id);
}

static void wait_due(struct loop_timer *timer)
{
    struct control_client *client =
        (struct control_client *)(void *)((char *)timer - offsetof(struct control_client, timer));
    struct fact fact = {0};
    bool holds = false;
    enum rc rc = control_look(client->control->field, &client->wait, &fact, &holds);
    reply_wait(client, rc == RC_OK && holds, &fact);
    client->control->woken = true;
}

static void run_request(struct control_client *client, const char *bytes, size_t len)
{
    char error[PARK_SENTENCE_MAX] = "";
    CLEANUP(json_release) struct json_object *request = NULL;
    CLEANUP(text_release) struct text reply;
    text_init(&reply, CONTROL_REPLY_MAX);
    struct control_call call = {
        .field = client->control->field, .reply = &reply, .error = error, .wait = &client->wait};
    int64_t id = -1;
    if (json_parse(bytes, len, 4, &request) != RC_OK || !json_is_object(request)) {
        reply_error(client, id, "the request is not one JSON object on one line");
        return;
    }
    call.request = request;
    if (json_get_int(request, "id", 0, INT64_MAX, &id) == RC_INVALID) {
        reply_error(client, -1, "field id: not a whole number from 0");
        return;
    }
    enum rc rc = control_run(&call);
    rc = rc == RC_OK ? text_result(&reply) : rc;
    if (rc != RC_OK) {
        reply_error(client, id, error[0] != '\0' ? error : rc_sentence(rc));
    } else if (client->wait.active) {
        client->id = id;
        client->timer.due = wait_due;
        loop_set(call.field->loop, &client->timer, loop_now_ns() + call.wait_ms * 1000000);
        call.field->control->woken = true;
    } else {
        text_add_string(&client->out, "{\"ok\":true");
        text_add(&client->out, text_string(&reply), reply.len);
        reply_end(client, id);
    }
}

/* Runs the whole lines that have come, in order; one that waits holds up those behind it. */
static void run_lines(struct control_client *client)
{
    char *newline;
    while (!client->wait.active && (newline = memchr(client->in, '\n', client->in_len)) != NULL) {
        size_t len = (size_t)(newline - client->in);
        run_request(client, client->in, len);
        client->in_len -= len + 1;
        memmove(client->in, newline + 1, client->in_len);
    }
    if (!client->wait.active && client->in_len == sizeof client->in) {
        reply_error(client, -1, "the request is longer than its limit");
        client->in_len = 0;
    }
}

/* Writes what is there; closes on failure. */
static void client_write(struct control_client *client)
{
    while (client->out_at < client->out.len) {
        ssize_t len = send(client->source.fd, client->out.bytes + client->out_at,
                           client->out.len - client->out_at, MSG_NOSIGNAL);
        if (len < 0 && errno == EINTR) {
            continue;
        }
        if (len < 0 && errno == EAGAIN) {
            loop_change(client->control->field->loop, &client->source, EPOLLOUT);
            return;
        }
        if (len <= 0) {
            client_close(client);
            return;
        }
        client->out_at += (size_t)len;
    }
    if (client->out_at > 0) {
        client->out_at = 0;
        text_clear(&client->out);
        loop_change(client->control->field->loop, &client->source, EPOLLIN);
    }
    if (text_result(&client->out) != RC_OK) {
        client_close(client);
    }
}

static void client_ready(struct loop_source *source, uint32_t events)
{
    struct control_client *client =
        (struct control_client *)(void *)((char *)source - offsetof(struct control_client, source));
    client->control->woken = true;
    if ((events & EPOLLOUT) != 0) {
        client_write(client);
        return;
    }
    if (client->in_len == sizeof client->in) { /* pipelined behind a wait: read no more */
        loop_change(client->control->field->loop, source, 0);
        return;
    }
    ssize_t len = read(source->fd, client->in + client->in_len, sizeof client->in - client->in_len);
    if (len < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    if (len <= 0) {
        client_close(client);
        return;
    }
    client->in_len += (size_t)len;
    run_lines(client);
}

static void listener_ready(struct loop_source *source, uint32_t events)
{
    (void)events;
    struct control *control =
        (struct control *)(void *)((char *)source - offsetof(struct control, listener));
    int fd = accept4(source->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    for (int i = 0; fd >= 0 && i < CONTROL_CLIENTS_MAX; i++) {
        struct control_client *client = &control->clients[i];
        if (client->source.fd >= 0) {
            continue;
        }
        client->source = (struct loop_source){.fd = fd, .ready = client_ready};
        client->in_len = 0;
        client->out_at = 0;
        client->wait.active = false;
        text_init(&client->out, CONTROL_REPLY_MAX * 2);
        if (loop_add(control->field->loop, &client->source, EPOLLIN) == RC_OK) {
            return;
        }
        client->source.fd = -1;
        break;
    }
    if (fd >= 0) {
        close(fd);
    }
}

void control_wake(struct field *field)
{
    if (field->control != NULL) {
        field->control->woken = true;
    }
}

void control_flush(struct field *field)
{
    struct control *control = field->control;
    if (control == NULL || !control->woken) {
        return;
    }
    control->woken = false;
    for (int i = 0; i < CONTROL_CLIENTS_MAX; i++) {
        struct control_client *client = &control->clients[i];
        if (client->source.fd >= 0 && client->wait.active) {
            struct fact fact = {0};
            bool holds = false;
            enum rc rc = control_look(field, &client->wait, &fact, &holds);
            if (rc != RC_OK || holds) {
                reply_wait(client, holds, &fact);
                run_lines(client);
            }
        }
        if (client->source.fd >= 0 && (client->out.len > 0 || client->out.failed != RC_OK)) {
            client_write(client);
        }
    }
}

enum rc control_open(struct field *field, const char *path, char *sentence)
{
    struct control *control = calloc(1, sizeof *control);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (control == NULL) {
        return RC_MEMORY;
    }
    field->control = control;
    control->field = field;
    for (int i = 0; i < CONTROL_CLIENTS_MAX; i++) {
        control->clients[i].control = control;
        control->clients[i].source.fd = -1;
    }
    if (strlen(path) >= sizeof address.sun_path) {
        snprintf(sentence, PARK_SENTENCE_MAX, "the path of the control socket is too long: %.100s",
                 path);
        control->listener.fd = -1;
        return RC_TOO_LARGE;
    }
    memcpy(address.sun_path, path, strlen(path) + 1);
    memcpy(control->path, path, strlen(path) + 1);
    (void)unlink(path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    control->listener = (struct loop_source){.fd = fd, .ready = listener_ready};
    mode_t mask = umask(0077);
    bool bound = fd >= 0 && bind(fd, (const struct sockaddr *)&address, sizeof address) == 0;
    umask(mask);
    if (!bound || listen(fd, 16) != 0 ||
        loop_add(field->loop, &control->listener, EPOLLIN) != RC_OK) {
        snprintf(sentence, PARK_SENTENCE_MAX, "cannot listen on the control socket %s: %m", path);
        return RC_IO;
    }
    return RC_OK;
}

void control_close(struct field *field)
{
    struct control *control = field->control;
    if (control == NULL) {
        return;
    }
    for (int i = 0; i < CONTROL_CLIENTS_MAX; i++) {
        if (control->clients[i].source.fd >= 0) {
            client_close(&control->clients[i]);
        }
    }
    if (control->listener.fd >= 0) {
        loop_remove(field->loop, &control->listener);
        close(control->listener.fd);
        (void)unlink(control->path);
    }
    free(control);
    field->control = NULL;
}
