/*
 * What the link tests share: a link with its scripted peer, and reads through it.
 */
#ifndef PW_TESTS_LINK_FIXTURE_H
#define PW_TESTS_LINK_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "poller/link.h"
#include "tests/unit/peer.h"

#define METER 5
#define READ_BYTES 8 /* an RTU read request */
#define MBAP_READ_BYTES 12

struct fixture {
    struct peer peer;
    struct link *link;
    struct link_counters counters;
    struct link_event event;
    uint16_t registers[125];
};

static inline struct link_settings settings_for(enum link_kind kind, int port, int32_t timeout_ms)
{
    struct link_settings settings = {
        .kind = kind,
        .host = "127.0.0.1",
        .port = port,
        .speed = {.baud = 115200, .parity = 'N', .stop_bits = 1, .turnaround_ms = 0},
        .response_timeout_ms = timeout_ms,
    };
    return settings;
}

static inline void make_link(struct fixture *f, const struct link_settings *settings)
{
    assert_int_equal(link_create(settings, &f->link), RC_OK);
    link_set_writable(f->link, true);
}

/* A fixture whose peer already has "accept" in its script. */
static inline void begin(struct fixture *f, enum link_kind kind, int32_t timeout_ms)
{
    memset(f, 0, sizeof(*f));
    assert_true(peer_listen(&f->peer));
    struct link_settings settings = settings_for(kind, f->peer.port, timeout_ms);
    make_link(f, &settings);
    (void)peer_add(&f->peer, PEER_ACCEPT, 0);
}

static inline void end(struct fixture *f)
{
    assert_true(peer_join(&f->peer));
    link_free(f->link);
    peer_end(&f->peer);
}

static inline enum rc ask(struct fixture *f, const struct frame_request *request,
                          struct frame_reply *reply)
{
    return link_exchange(f->link, request, &f->counters, &f->event, reply);
}

static inline enum rc read_of(struct fixture *f, uint8_t address, uint16_t at, uint16_t count)
{
    struct frame_request request;
    struct frame_reply reply;
    assert_int_equal(frame_read(address, at, count, &request), RC_OK);
    enum rc rc = ask(f, &request, &reply);
    if (rc == RC_OK) {
        frame_registers(&reply, f->registers, count);
    }
    return rc;
}

static inline int64_t event_ms(const struct fixture *f)
{
    return (f->event.ended_at_us - f->event.sent_at_us) / 1000;
}

#endif
