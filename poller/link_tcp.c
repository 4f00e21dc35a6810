/* The TCP doors: own connect with a time limit, no delay, keep-alive. */
#include <assert.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "poller/link_door.h"

#define KEEPALIVE_IDLE_S 30
#define KEEPALIVE_INTERVAL_S 10
#define KEEPALIVE_TRIES 3
#define USER_TIMEOUT_MS 20000 /* unacknowledged bytes: the gateway is gone */
#define SEND_WAIT_MS 1000     /* a request is below 300 bytes: a full buffer means a dead peer */

static void addresses_release(struct addrinfo **addresses)
{
    if (*addresses != NULL) {
        freeaddrinfo(*addresses);
    }
}

static void set_option(int descriptor, int level, int option, int value)
{
    /* An option that the kernel does not know costs comfort, not correctness. */
    (void)setsockopt(descriptor, level, option, &value, sizeof(value));
}

static void set_options(int descriptor)
{
    set_option(descriptor, IPPROTO_TCP, TCP_NODELAY, 1);
    set_option(descriptor, SOL_SOCKET, SO_KEEPALIVE, 1);
    set_option(descriptor, IPPROTO_TCP, TCP_KEEPIDLE, KEEPALIVE_IDLE_S);
    set_option(descriptor, IPPROTO_TCP, TCP_KEEPINTVL, KEEPALIVE_INTERVAL_S);
    set_option(descriptor, IPPROTO_TCP, TCP_KEEPCNT, KEEPALIVE_TRIES);
    set_option(descriptor, IPPROTO_TCP, TCP_USER_TIMEOUT, USER_TIMEOUT_MS);
}

/* Waits until events or the deadline; false at the deadline. */
static bool wait_for(int descriptor, short events, int64_t deadline_ms)
{
    for (;;) {
        int64_t left_ms = deadline_ms - clock_monotonic_ms();
        struct pollfd item = {.fd = descriptor, .events = events};
        int ready = poll(&item, 1, left_ms > 0 ? (int)left_ms : 0);
        if (ready > 0) {
            return true;
        }
        if (ready == 0 && left_ms <= 0) {
            return false;
        }
        if (ready < 0 && errno != EINTR) {
            return false;
        }
    }
}

/* 0, or the errno of the failure. */
static int finish_connect(int descriptor, int64_t deadline_ms)
{
    int error = 0;
    socklen_t len = sizeof(error);
    if (!wait_for(descriptor, POLLOUT, deadline_ms)) {
        return ETIMEDOUT;
    }
    if (getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &len) != 0) {
        return errno;
    }
    return error;
}

static enum rc connect_one(const struct addrinfo *address, int64_t deadline_ms, int *ret_descriptor,
                           int *ret_os_error)
{
    int descriptor = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (descriptor < 0) {
        *ret_os_error = errno;
        return errno == EMFILE || errno == ENFILE ? RC_FULL : RC_UNAVAILABLE;
    }
    if (descriptor >= LINK_DESCRIPTOR_MAX) {
        (void)close(descriptor);
        *ret_os_error = EMFILE;
        return RC_FULL;
    }
    set_options(descriptor);
    int error = 0;
    if (connect(descriptor, address->ai_addr, address->ai_addrlen) != 0) {
        error = errno == EINPROGRESS ? finish_connect(descriptor, deadline_ms) : errno;
    }
    if (error != 0) {
        (void)close(descriptor);
        *ret_os_error = error;
        return RC_UNAVAILABLE;
    }
    *ret_descriptor = descriptor;
    return RC_OK;
}

static enum rc tcp_open(const struct link_settings *settings, struct link_channel *ret_channel,
                        int *ret_os_error)
{
    CLEANUP(addresses_release) struct addrinfo *addresses = NULL;
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    char port[8];
    int written = snprintf(port, sizeof(port), "%d", settings->port);
    assert(written > 0 && (size_t)written < sizeof(port));
    if (getaddrinfo(settings->host, port, &hints, &addresses) != 0) {
        *ret_os_error = EHOSTUNREACH;
        return RC_UNAVAILABLE;
    }
    int64_t deadline_ms = clock_monotonic_ms() + settings->connect_timeout_ms;
    enum rc rc = RC_UNAVAILABLE;
    *ret_os_error = EHOSTUNREACH;
    for (const struct addrinfo *a = addresses; a != NULL && rc == RC_UNAVAILABLE; a = a->ai_next) {
        rc = connect_one(a, deadline_ms, &ret_channel->descriptor, ret_os_error);
    }
    return rc;
}

static enum rc tcp_send(struct link_channel *channel, const uint8_t *bytes, size_t len,
                        bool *ret_left, int *ret_os_error)
{
    int64_t deadline_ms = clock_monotonic_ms() + SEND_WAIT_MS;
    size_t sent = 0;
    *ret_left = false;
    while (sent < len) {
        ssize_t now = send(channel->descriptor, bytes + sent, len - sent, MSG_NOSIGNAL);
        if (now > 0) {
            sent += (size_t)now;
            *ret_left = true;
        } else if (now < 0 && (errno == EAGAIN || errno == EINTR)) {
            if (!wait_for(channel->descriptor, POLLOUT, deadline_ms)) {
                *ret_os_error = ETIMEDOUT;
                return RC_UNAVAILABLE;
            }
        } else {
            *ret_os_error = errno;
            return RC_UNAVAILABLE;
        }
    }
    return RC_OK;
}

static ssize_t tcp_receive(struct link_channel *channel, uint8_t *bytes, size_t size,
                           int *ret_os_error)
{
    for (;;) {
        ssize_t got = recv(channel->descriptor, bytes, size, MSG_DONTWAIT);
        if (got > 0) {
            return got;
        }
        if (got == 0) {
            *ret_os_error = ECONNRESET; /* the other side closed */
            return -1;
        }
        if (errno == EAGAIN) {
            return 0;
        }
        if (errno != EINTR) {
            *ret_os_error = errno;
            return -1;
        }
    }
}

static void tcp_close(struct link_channel *channel)
{
    (void)close(channel->descriptor);
    channel->descriptor = -1;
}

const struct link_door link_door_modbus_tcp = {
    .name = "modbus_tcp",
    .is_rtu = false,
    .open = tcp_open,
    .send = tcp_send,
    .receive = tcp_receive,
    .close = tcp_close,
};

const struct link_door link_door_rtu_over_tcp = {
    .name = "rtu_over_tcp",
    .is_rtu = true,
    .open = tcp_open,
    .send = tcp_send,
    .receive = tcp_receive,
    .close = tcp_close,
};
