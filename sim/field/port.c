/*
 * Listeners, connections and terminals of the lines: bytes in, frames out.
 *
 * Modbus TCP: 7 byte header, then function and data; a header that is none closes the connection.
 * RTU over TCP and terminals: a frame ends where its function says so and its CRC fits, else at the
 * silence; what is no frame by then is thrown away, as a meter does.
 */
#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include "sim/field/field.h"

#define MBAP_HEADER 6
#define SILENCE_SPARE_NS 10000000 /* a network may tear a frame apart */

static void client_close(struct field_client *client)
{
    struct field_line *line = client->line;
    struct loop *loop = line->field->loop;
    loop_remove(loop, &client->source);
    loop_unset(loop, &client->silence);
    close(client->source.fd);
    client->source.fd = -1;
    client->generation++;
    client->line = NULL;
    client->in_len = 0;
    client->out_len = 0;
    line->clients--;
}

/* Unix time of arrival has no meaning on a wire that keeps its own: monotonic. */
static void submit(struct field_client *client, const uint8_t *bytes, size_t len,
                   uint16_t transaction)
{
    struct field_request request = {.client = client,
                                    .generation = client->generation,
                                    .transaction = transaction,
                                    .len = (uint16_t)len,
                                    .mbap = client->mbap,
                                    .arrived_ns = client->first_byte_ns};
    memcpy(request.bytes, bytes, len);
    line_submit(client->line, &request);
}

static void eat(struct field_client *client, size_t len)
{
    client->in_len -= (uint32_t)len;
    memmove(client->in, client->in + len, client->in_len);
}

/* False when the connection must be closed. */
static bool take_mbap(struct field_client *client)
{
    while (client->in_len >= MBAP_HEADER) {
        const uint8_t *in = client->in;
        size_t len = (size_t)in[4] << 8 | in[5];
        if (in[2] != 0 || in[3] != 0 || len < 2 || len > WIRE_FRAME_MAX - 2) {
            return false;
        }
        if (client->in_len < MBAP_HEADER + len) {
            return true;
        }
        submit(client, in + MBAP_HEADER, len, (uint16_t)(in[0] << 8 | in[1]));
        eat(client, MBAP_HEADER + len);
    }
    return true;
}

static void take_rtu(struct field_client *client)
{
    for (;;) {
        int len = wire_request_len(client->in, client->in_len);
        if (len <= 0 || client->in_len < (size_t)len || !wire_is_sealed(client->in, (size_t)len)) {
            break;
        }
        submit(client, client->in, (size_t)len - 2, 0);
        eat(client, (size_t)len);
    }
    struct loop *loop = client->line->field->loop;
    if (client->in_len > 0) {
        loop_set(loop, &client->silence,
                 loop_now_ns() + client->line->speed.gap_ns + SILENCE_SPARE_NS);
    } else {
        loop_unset(loop, &client->silence);
    }
}

static void silence_due(struct loop_timer *timer)
{
    struct field_client *client =
        (struct field_client *)(void *)((char *)timer - offsetof(struct field_client, silence));
    if (client->in_len <= WIRE_FRAME_MAX && wire_is_sealed(client->in, client->in_len)) {
        submit(client, client->in, client->in_len - 2, 0);
    } else {
        client->line->counts.garbage += client->in_len;
    }
    client->in_len = 0;
}

static void client_write(struct field_client *client)
{
    while (client->out_len > 0) {
        ssize_t len = write(client->source.fd, client->out, client->out_len);
        if (len < 0 && errno == EINTR) {
            continue;
        }
        if (len <= 0) {
            if (len < 0 && errno != EAGAIN) {
                client->out_len = 0; /* it is gone; the next read says so */
            }
            break;
        }
        client->out_len -= (uint32_t)len;
        memmove(client->out, client->out + len, client->out_len);
    }
    bool blocked = client->out_len > 0;
    if (blocked != client->blocked) {
        client->blocked = blocked;
        loop_change(client->line->field->loop, &client->source,
                    EPOLLIN | (blocked ? EPOLLOUT : 0u));
    }
}

static void client_ready(struct loop_source *source, uint32_t events)
{
    struct field_client *client =
        (struct field_client *)(void *)((char *)source - offsetof(struct field_client, source));
    if ((events & EPOLLOUT) != 0) {
        client_write(client);
    }
    if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) == 0) {
        return;
    }
    ssize_t len = read(source->fd, client->in + client->in_len, FIELD_IN_MAX - client->in_len);
    if (len < 0 && (errno == EAGAIN || errno == EINTR || client->terminal)) {
        return;
    }
    if (len <= 0) {
        client_close(client);
        return;
    }
    if (client->in_len == 0) {
        client->first_byte_ns = loop_now_ns();
    }
    client->in_len += (uint32_t)len;
    if (!client->mbap) {
        take_rtu(client);
        if (client->in_len == FIELD_IN_MAX) {
            client->line->counts.garbage += client->in_len;
            client->in_len = 0;
        }
    } else if (!take_mbap(client)) {
        client_close(client);
    }
}

void port_send(const struct field_request *request, const uint8_t *bytes, size_t len)
{
    struct field_client *client = request->client;
    if (client->line == NULL || client->generation != request->generation) {
        return;
    }
    if (len > FIELD_OUT_MAX - client->out_len) {
        if (!client->terminal) {
            client_close(client); /* it does not read its answers */
        } else {
            client->out_len = 0;
        }
        return;
    }
    memcpy(client->out + client->out_len, bytes, len);
    client->out_len += (uint32_t)len;
    if (!client->dirty) {
        struct field *field = client->line->field;
        client->dirty = true;
        client->next_dirty = field->dirty_clients;
        field->dirty_clients = client;
    }
}

void port_flush(struct field *field)
{
    while (field->dirty_clients != NULL) {
        struct field_client *client = field->dirty_clients;
        field->dirty_clients = client->next_dirty;
        client->dirty = false;
        if (client->line != NULL) {
            client_write(client);
        }
    }
}

/* Takes a slot for a descriptor; NULL and the descriptor closed when there is none. */
static struct field_client *client_new(struct field_line *line, int fd)
{
    struct field *field = line->field;
    struct field_client *client = NULL;
    for (uint32_t i = 0; i < FIELD_CLIENTS_MAX && client == NULL; i++) {
        if (field->clients[i].line == NULL && !field->clients[i].dirty) {
            client = &field->clients[i];
        }
    }
    if (client == NULL || line->clients == FIELD_LINE_CLIENTS_MAX) {
        close(fd);
        return NULL;
    }
    client->source = (struct loop_source){.fd = fd, .ready = client_ready};
    client->silence = (struct loop_timer){.due = silence_due};
    client->line = line;
    client->blocked = false;
    client->terminal = false;
    client->mbap = false;
    if (loop_add(field->loop, &client->source, EPOLLIN) != RC_OK) {
        client->line = NULL;
        close(fd);
        return NULL;
    }
    line->clients++;
    return client;
}

static void listener_ready(struct loop_source *source, uint32_t events)
{
    (void)events;
    struct field_line *line =
        (struct field_line *)(void *)((char *)source - offsetof(struct field_line, listener));
    int fd = accept4(source->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
        return;
    }
    int on = 1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    struct field_client *client = client_new(line, fd);
    if (client != NULL) {
        client->mbap = line->park->link == PARK_MODBUS_TCP;
        line->counts.accepted++;
    }
}

void port_host(const struct field *field, const struct field_line *line, char host[16])
{
    const char *given = field->park.gateways[line->park->gateway].host;
    const char *tail = strchr(strchr(given, '.') + 1, '.');
    if (field->options.net[0] == '\0') {
        snprintf(host, 16, "%.15s", given);
    } else {
        snprintf(host, 16, "%.7s%.8s", field->options.net, tail);
    }
}

enum rc port_open(struct field_line *line, char *sentence)
{
    char host[16];
    port_host(line->field, line, host);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(line->park->port)};
    int parsed = inet_pton(AF_INET, host, &address.sin_addr);
    int on = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    line->listener = (struct loop_source){.fd = fd, .ready = listener_ready};
    if (parsed != 1 || fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        bind(fd, (const struct sockaddr *)&address, sizeof address) != 0 || listen(fd, 64) != 0 ||
        loop_add(line->field->loop, &line->listener, EPOLLIN) != RC_OK) {
        snprintf(sentence, PARK_SENTENCE_MAX, "line %s cannot listen on %s:%u: %m",
                 line->park->code, host, line->park->port);
        if (fd >= 0) {
            close(fd);
        }
        line->listener.fd = -1;
        return RC_IO;
    }
    return RC_OK;
}

enum rc port_open_all(struct field *field, char *sentence)
{
    for (uint32_t i = 0; i < field->park.lines_len; i++) {
        if (field->park.lines[i].link != PARK_SERIAL) {
            TRY(port_open(&field->lines[i], sentence));
        }
    }
    return RC_OK;
}

void port_close(struct field_line *line)
{
    struct field *field = line->field;
    if (line->listener.fd >= 0) {
        loop_remove(field->loop, &line->listener);
        close(line->listener.fd);
        line->listener.fd = -1;
    }
    for (uint32_t i = 0; i < FIELD_CLIENTS_MAX; i++) {
        if (field->clients[i].line == line && !field->clients[i].terminal) {
            client_close(&field->clients[i]);
        }
    }
}

enum rc port_terminal(struct field_line *line, const char *path, char *sentence)
{
    int fd = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    char slave[64] = "";
    struct termios raw;
    int slave_fd = -1;
    bool ready =
        fd >= 0 && grantpt(fd) == 0 && unlockpt(fd) == 0 && ptsname_r(fd, slave, sizeof slave) == 0;
    if (ready) { /* kept open, so that a master that leaves does not hang the line up */
        slave_fd = open(slave, O_RDWR | O_NOCTTY | O_CLOEXEC);
        ready = slave_fd >= 0 && tcgetattr(slave_fd, &raw) == 0;
    }
    if (ready) {
        cfmakeraw(&raw);
        (void)unlink(path);
        ready = tcsetattr(slave_fd, TCSANOW, &raw) == 0 && symlink(slave, path) == 0;
    }
    struct field_client *client = ready ? client_new(line, fd) : NULL;
    if (client == NULL) {
        snprintf(sentence, PARK_SENTENCE_MAX, "line %s cannot have a terminal at %.100s: %m",
                 line->park->code, path);
        return RC_IO;
    }
    client->terminal = true;
    return RC_OK;
}
