#include "poller/link.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/base/clock.h"
#include "core/rules/backoff.h"
#include "poller/link_door.h"

#define INPUT_SIZE 1024 /* bytes waiting for judgement */
#define INPUT_KEPT 300  /* of a full buffer: more than any frame */
#define ADDRESSES 256
#define CONNECT_TIMEOUT_MS 3000
#define BACKOFF_FIRST_MS 250
#define BACKOFF_LAST_MS 30000
#define BROKEN_REST_US                                                                             \
    50000 /* silence after a broken answer that ends the wait: gateways cut frames in pieces */
#define LATE_TRANSACTIONS 1024 /* MBAP numbers so far back are ours, older ones foreign */
#define TWIN_REST_US                                                                               \
    30000 /* extra silence before a request whose answer looks like the last one                   \
           */
#define SILENCES_TO_RECONNECT                                                                      \
    8 /* requests in a row without one byte back: the TCP connection may be dead */

static const struct link_door *const doors[LINK_KIND__MAX] = {
    [LINK_MODBUS_TCP] = &link_door_modbus_tcp,
    [LINK_RTU_OVER_TCP] = &link_door_rtu_over_tcp,
    [LINK_SERIAL] = &link_door_serial,
};

struct link {
    struct link_settings settings;
    const struct link_door *door;
    struct link_channel channel;
    struct link_counters counters;
    bool writable;
    bool was_open;
    struct backoff backoff;
    int failures; /* opens that failed or connections that broke since the last answer */
    int64_t retry_at_us;
    int last_os_error;
    uint16_t transaction;              /* of the last MBAP request */
    struct frame_request last_request; /* the last one that left; pdu_len 0: none */
    int64_t last_byte_at_us;           /* when something was last heard or said on the bus */
    int silences;
    int64_t alone_until_us[ADDRESSES]; /* RTU: late bytes of this meter may still come */
    uint8_t input[INPUT_SIZE];
    size_t input_len;
};

/* What one exchange carries through its steps. */
struct exchange {
    struct link *link;
    const struct frame_request *request;
    struct link_counters *meter; /* may be NULL */
    struct link_event *event;
    struct frame_reply *ret_reply;
    bool stale_counted;
};

/* Adds one to a counter of the line and of the meter. */
#define COUNT(exchange, counter)                                                                   \
    do {                                                                                           \
        (exchange)->link->counters.counter++;                                                      \
        if ((exchange)->meter != NULL) {                                                           \
            (exchange)->meter->counter++;                                                          \
        }                                                                                          \
    } while (0)

static int64_t max_us(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static bool settings_are_valid(const struct link_settings *s)
{
    if (s->kind < 0 || s->kind >= LINK_KIND__MAX || s->speed.baud < 300 ||
        s->speed.baud > 1000000 || s->speed.stop_bits < 1 || s->speed.stop_bits > 2 ||
        s->speed.turnaround_ms < 0 || s->speed.turnaround_ms > 5000) {
        return false;
    }
    if (s->speed.parity != 'N' && s->speed.parity != 'E' && s->speed.parity != 'O') {
        return false;
    }
    if (s->kind == LINK_SERIAL ? s->device[0] == '\0'
                               : s->host[0] == '\0' || s->port < 1 || s->port > 65535) {
        return false;
    }
    return s->response_timeout_ms >= 10 && s->response_timeout_ms <= 20000 &&
           s->connect_timeout_ms >= 0 && s->connect_timeout_ms <= 20000 && s->quiet_ms >= 0 &&
           s->quiet_ms <= 60000;
}

enum rc link_create(const struct link_settings *settings, struct link **ret_link)
{
    assert(settings != NULL && ret_link != NULL);
    if (!settings_are_valid(settings)) {
        return RC_INVALID;
    }
    struct link *link = calloc(1, sizeof(*link));
    if (link == NULL) {
        return RC_MEMORY;
    }
    link->settings = *settings;
    if (link->settings.connect_timeout_ms == 0) {
        link->settings.connect_timeout_ms = CONNECT_TIMEOUT_MS;
    }
    if (link->settings.quiet_ms == 0) {
        link->settings.quiet_ms = settings->response_timeout_ms;
    }
    link->door = doors[settings->kind];
    link->channel.descriptor = -1;
    backoff_init(&link->backoff, BACKOFF_FIRST_MS, BACKOFF_LAST_MS);
    *ret_link = link;
    return RC_OK;
}

void link_close(struct link *link)
{
    assert(link != NULL);
    if (link->channel.descriptor >= 0) {
        link->door->close(&link->channel);
    }
    link->input_len = 0;
}

void link_free(struct link *link)
{
    if (link != NULL) {
        link_close(link);
        free(link);
    }
}

bool link_is_open(const struct link *link)
{
    return link->channel.descriptor >= 0;
}

int64_t link_retry_in_ms(const struct link *link)
{
    int64_t left_us = link->retry_at_us - clock_monotonic_us();
    return link_is_open(link) || left_us <= 0 ? 0 : (left_us + 999) / 1000;
}

void link_set_writable(struct link *link, bool writable)
{
    link->writable = writable;
}

int link_descriptor(const struct link *link)
{
    return link->channel.descriptor;
}

int link_os_error(const struct link *link)
{
    return link->last_os_error;
}

const struct link_settings *link_settings_of(const struct link *link)
{
    return &link->settings;
}

const struct link_counters *link_counters_of(const struct link *link)
{
    return &link->counters;
}

const char *link_kind_name(enum link_kind kind)
{
    assert(kind >= 0 && kind < LINK_KIND__MAX);
    return doors[kind]->name;
}

enum rc link_kind_find(const char *name, enum link_kind *ret_kind)
{
    assert(name != NULL && ret_kind != NULL);
    for (int i = 0; i < LINK_KIND__MAX; i++) {
        if (strcmp(doors[i]->name, name) == 0) {
            *ret_kind = (enum link_kind)i;
            return RC_OK;
        }
    }
    return RC_NOT_FOUND;
}

const char *link_error_name(enum link_error error)
{
    static const char *const names[LINK_ERROR__MAX] = {"none",    "silent", "garbled",  "exception",
                                                       "no_link", "lost",   "read_only"};
    assert(error >= 0 && error < LINK_ERROR__MAX);
    return names[error];
}

int64_t link_ready_at_us(const struct link *link, uint8_t address)
{
    return link->door->is_rtu ? link->alone_until_us[address] : 0;
}

/* The door is shut by a fault; the first reopening after a good answer is immediate, later ones
 * back off. */
static void fail_link(struct link *link, int os_error)
{
    link_close(link);
    link->last_os_error = os_error;
    int64_t wait_ms = 0;
    if (link->failures > 0) {
        wait_ms = backoff_next_ms(&link->backoff, arc4random());
    }
    link->failures++;
    link->retry_at_us = clock_monotonic_us() + wait_ms * 1000;
}

enum rc link_open(struct link *link)
{
    assert(link != NULL);
    if (link_is_open(link)) {
        return RC_OK;
    }
    if (link_retry_in_ms(link) > 0) {
        return RC_UNAVAILABLE;
    }
    int os_error = 0;
    struct link_channel channel = {.descriptor = -1};
    enum rc rc = link->door->open(&link->settings, &channel, &os_error);
    if (rc != RC_OK) {
        if (link->failures == 0) {
            link->failures = 1; /* nobody there: no immediate second try */
        }
        fail_link(link, os_error);
        return rc;
    }
    link->channel = channel;
    link->input_len = 0;
    link->silences = 0;
    link->last_request.pdu_len = 0;
    link->counters.reconnects += link->was_open ? 1 : 0;
    link->was_open = true;
    return RC_OK;
}

/* Sleeps until bytes come or the time is there. False: the descriptor is broken. */
static bool wait_input(const struct link *link, int64_t until_us)
{
    int64_t left_us = max_us(until_us - clock_monotonic_us(), 0);
    struct timespec left = {.tv_sec = (time_t)(left_us / 1000000),
                            .tv_nsec = (long)(left_us % 1000000) * 1000};
    struct pollfd item = {.fd = link->channel.descriptor, .events = POLLIN};
    int ready = ppoll(&item, 1, &left, NULL);
    return ready <= 0 || (item.revents & POLLIN) != 0 ||
           (item.revents & (POLLERR | POLLHUP | POLLNVAL)) == 0;
}

/* Takes what is there into the input. RC_OK (also when nothing came); RC_UNAVAILABLE: the
 * connection is gone. */
static enum rc take_input(struct link *link, int *ret_os_error)
{
    for (;;) {
        if (link->input_len == INPUT_SIZE) {
            memmove(link->input, link->input + INPUT_SIZE - INPUT_KEPT, INPUT_KEPT);
            link->input_len = INPUT_KEPT;
        }
        size_t room = INPUT_SIZE - link->input_len;
        ssize_t got =
            link->door->receive(&link->channel, link->input + link->input_len, room, ret_os_error);
        if (got < 0) {
            return RC_UNAVAILABLE;
        }
        if (got == 0) {
            return RC_OK;
        }
        link->input_len += (size_t)got;
        link->last_byte_at_us = clock_monotonic_us();
        link->silences = 0;
        if ((size_t)got < room) {
            return RC_OK;
        }
    }
}

static void drop_input(struct link *link, size_t len)
{
    assert(len <= link->input_len);
    link->input_len -= len;
    memmove(link->input, link->input + len, link->input_len);
}

static enum rc end_lost(struct exchange *x, enum link_error error, int os_error)
{
    x->event->error = error;
    x->event->os_error = os_error;
    fail_link(x->link, os_error);
    return RC_UNAVAILABLE;
}

/* A whole frame that is not our answer, before or after the request. */
static void count_stray(struct exchange *x, const struct frame_finding *finding)
{
    struct link *link = x->link;
    bool late = false;
    if (link->door->is_rtu) {
        late = link->alone_until_us[finding->address] > clock_monotonic_us();
    } else {
        uint16_t transaction = (uint16_t)(link->input[0] << 8 | link->input[1]);
        uint16_t age = (uint16_t)(link->transaction - transaction);
        bool current = age == 0 && x->event->sent_at_us != 0; /* ours, but nothing else fits */
        late = age < LATE_TRANSACTIONS && !current;
    }
    if (late) {
        COUNT(x, late);
    } else {
        COUNT(x, foreign);
    }
}

/* Before a request: throws away what lies there. RTU: all of it, counted once; MBAP: whole frames,
   so that the place in the stream is kept. RC_UNAVAILABLE: the stream has lost its place. */
static enum rc throw_away(struct exchange *x)
{
    struct link *link = x->link;
    if (link->door->is_rtu) {
        if (link->input_len > 0 && !x->stale_counted) {
            struct frame_finding finding = {.address = link->input[0]};
            count_stray(x, &finding);
            x->stale_counted = true;
        }
        link->input_len = 0;
        return RC_OK;
    }
    for (;;) {
        struct frame_finding finding =
            frame_scan_mbap(x->request, link->transaction, link->input, link->input_len);
        if (finding.verdict == FRAME_BROKEN) {
            return RC_UNAVAILABLE;
        }
        if (finding.verdict == FRAME_MORE) {
            return RC_OK;
        }
        count_stray(x, &finding);
        drop_input(link, finding.len);
    }
}

/* Without a transaction number the answer to the last request and the one to this could not be told
 * apart. */
static bool is_twin_of_last(const struct link *link, const struct frame_request *request)
{
    const struct frame_request *last = &link->last_request;
    return last->pdu_len != 0 && last->address == request->address &&
           last->pdu[0] == request->pdu[0] && last->reply_pdu_len == request->reply_pdu_len &&
           (last->pdu_len != request->pdu_len ||
            memcmp(last->pdu, request->pdu, request->pdu_len) != 0);
}

/* When the bus is free for the request. */
static int64_t free_at_us(const struct exchange *x)
{
    const struct link *link = x->link;
    if (!link->door->is_rtu) {
        return 0;
    }
    int64_t rest_us = frame_time_gap_us(&link->settings.speed) +
                      (is_twin_of_last(link, x->request) ? TWIN_REST_US : 0);
    return max_us(link->last_byte_at_us + rest_us, link->alone_until_us[x->request->address]);
}

static enum rc open_for(struct exchange *x)
{
    enum rc rc = link_open(x->link);
    if (rc != RC_OK) {
        x->event->error = LINK_ERROR_NO_LINK;
        x->event->os_error = x->link->last_os_error;
    }
    return rc;
}

/* Opens, throws away what is stale and waits for the bus's silence. A connection that the other
   side closed while nothing was asked is opened again once. */
static enum rc settle(struct exchange *x)
{
    struct link *link = x->link;
    int64_t patience_us =
        1000 * (int64_t)(link->settings.quiet_ms + link->settings.response_timeout_ms);
    int64_t give_up_us = clock_monotonic_us() + patience_us;
    bool reopened = false;
    for (;;) {
        int os_error = EPROTO;
        TRY(open_for(x));
        if (take_input(link, &os_error) != RC_OK || throw_away(x) != RC_OK) {
            if (reopened) {
                return end_lost(x, LINK_ERROR_NO_LINK, os_error);
            }
            reopened = true;
            fail_link(link, os_error);
            continue;
        }
        int64_t now_us = clock_monotonic_us();
        int64_t ready_us = free_at_us(x);
        if (now_us >= ready_us) {
            return RC_OK;
        }
        if (now_us >= give_up_us) { /* a babbler holds the bus */
            x->event->error = LINK_ERROR_GARBLED;
            return RC_PROTOCOL;
        }
        if (!wait_input(link, ready_us)) {
            fail_link(link, EIO);
        }
    }
}

static enum rc send_request(struct exchange *x)
{
    struct link *link = x->link;
    uint8_t bytes[FRAME_ADU_MAX];
    int os_error = 0;
    size_t len = link->door->is_rtu ? frame_seal_rtu(x->request, bytes)
                                    : frame_seal_mbap(x->request, ++link->transaction, bytes);
    x->event->sent_at_us = clock_monotonic_us();
    link->last_request = *x->request;
    enum rc rc = link_door_send(link->door, &link->channel, x->request, bytes, len,
                                &x->event->request_left, &os_error);
    if (rc != RC_OK) {
        return end_lost(x, LINK_ERROR_LOST, os_error);
    }
    COUNT(x, transactions);
    link->silences++;
    link->last_byte_at_us =
        x->event->sent_at_us + frame_time_bytes_us(&link->settings.speed, (int64_t)len);
    return RC_OK;
}

/* The deadline has come, or a broken answer is followed by silence. */
static enum rc end_unanswered(struct exchange *x)
{
    struct link *link = x->link;
    int64_t now_us = clock_monotonic_us();
    enum frame_rest rest = FRAME_REST_NONE;
    if (link->door->is_rtu) {
        rest = frame_rest_rtu(x->request, link->input, link->input_len);
        link->input_len = 0;
        link->alone_until_us[x->request->address] =
            now_us + (int64_t)link->settings.quiet_ms * 1000;
    } else if (link->input_len > 0) {
        rest = FRAME_REST_SHORT;
        link_close(link); /* where the next frame begins nobody can say */
    }
    if (rest == FRAME_REST_CRC || rest == FRAME_REST_SHORT) {
        if (rest == FRAME_REST_CRC) {
            COUNT(x, crc);
        } else {
            COUNT(x, short_frames);
        }
        x->event->error = LINK_ERROR_GARBLED;
        return RC_PROTOCOL;
    }
    if (rest == FRAME_REST_NOISE) {
        COUNT(x, foreign);
    }
    COUNT(x, timeouts);
    x->event->error = LINK_ERROR_SILENT;
    if (link->silences >= SILENCES_TO_RECONNECT && link->settings.kind != LINK_SERIAL) {
        link_close(link);
    }
    return RC_TIMEOUT;
}

/* Acts on what stands at the front of the input. True: the exchange is over with *ret_rc. */
static bool judge(struct exchange *x, const struct frame_finding *finding, enum rc *ret_rc)
{
    struct link *link = x->link;
    if (finding->skipped > 0) {
        COUNT(x, foreign);
    }
    switch (finding->verdict) {
    case FRAME_ANSWER:
        x->ret_reply->pdu_len = finding->pdu_len;
        memcpy(x->ret_reply->pdu, link->input + finding->pdu_at, finding->pdu_len);
        *ret_rc = RC_OK;
        break;
    case FRAME_EXCEPTION:
        COUNT(x, exceptions);
        x->event->error = LINK_ERROR_EXCEPTION;
        x->event->exception = finding->exception;
        *ret_rc = RC_REFUSED;
        break;
    case FRAME_BROKEN:
        *ret_rc = end_lost(x, LINK_ERROR_LOST, EPROTO);
        return true;
    case FRAME_ECHO:
        COUNT(x, echo);
        drop_input(link, finding->len);
        return false;
    default:
        count_stray(x, finding);
        drop_input(link, finding->len);
        return false;
    }
    drop_input(link, finding->len);
    link->failures = 0;
    backoff_reset(&link->backoff);
    return true;
}

static int64_t deadline_of(const struct exchange *x)
{
    const struct link_settings *settings = &x->link->settings;
    size_t bytes = frame_rtu_request_bytes(x->request) + frame_rtu_reply_bytes(x->request);
    return x->event->sent_at_us + (int64_t)settings->response_timeout_ms * 1000 +
           frame_time_bytes_us(&settings->speed, (int64_t)bytes) +
           frame_time_gap_us(&settings->speed);
}

/* When to give up: the deadline, or soon after an answer of full length whose CRC is wrong. */
static int64_t give_up_at(const struct exchange *x, int64_t deadline_us)
{
    const struct link *link = x->link;
    if (!link->door->is_rtu ||
        frame_rest_rtu(x->request, link->input, link->input_len) != FRAME_REST_CRC) {
        return deadline_us;
    }
    int64_t rest_us = BROKEN_REST_US + frame_time_gap_us(&link->settings.speed);
    int64_t at_us = link->last_byte_at_us + rest_us;
    return at_us < deadline_us ? at_us : deadline_us;
}

static enum rc listen_for_answer(struct exchange *x)
{
    struct link *link = x->link;
    int64_t deadline_us = deadline_of(x);
    for (;;) {
        enum rc rc = RC_OK;
        int os_error = 0;
        struct frame_finding finding =
            link->door->is_rtu
                ? frame_scan_rtu(x->request, link->input, link->input_len)
                : frame_scan_mbap(x->request, link->transaction, link->input, link->input_len);
        if (finding.verdict != FRAME_MORE) {
            if (judge(x, &finding, &rc)) {
                return rc;
            }
            continue;
        }
        int64_t give_up_us = give_up_at(x, deadline_us);
        if (clock_monotonic_us() >= give_up_us) {
            return end_unanswered(x);
        }
        if (!wait_input(link, give_up_us)) {
            return end_lost(x, LINK_ERROR_LOST, EIO);
        }
        if (take_input(link, &os_error) != RC_OK) {
            return end_lost(x, LINK_ERROR_LOST, os_error);
        }
    }
}

enum rc link_exchange(struct link *link, const struct frame_request *request,
                      struct link_counters *meter, struct link_event *event,
                      struct frame_reply *ret_reply)
{
    assert(link != NULL && request != NULL && event != NULL && ret_reply != NULL);
    assert(request->pdu_len >= 1 && request->pdu_len <= FRAME_PDU_MAX);
    struct exchange exchange = {
        .link = link,
        .request = request,
        .meter = meter,
        .event = event,
        .ret_reply = ret_reply,
    };
    *event = (struct link_event){.error = LINK_ERROR_NONE};
    enum rc rc = RC_REFUSED;
    if (!link->writable && request->pdu[0] != FRAME_FUNCTION_READ) {
        event->error = LINK_ERROR_READ_ONLY;
    } else {
        rc = settle(&exchange);
        if (rc == RC_OK) {
            rc = send_request(&exchange);
        }
        if (rc == RC_OK) {
            rc = listen_for_answer(&exchange);
        }
    }
    event->ended_at_us = clock_monotonic_us();
    return rc;
}
