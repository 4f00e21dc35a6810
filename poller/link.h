/*
 * Link: one RS-485 bus as seen from its owner thread, through one of three doors: Modbus TCP, RTU
 * over TCP, serial.
 *
 * One link, one thread: nothing here is locked. Order of calls: link_create, link_exchange...,
 * link_free; a link opens itself when it is used and opens again after a loss, not sooner than its
 * back-off (jittered) allows.
 *
 * Who does what. libmodbus opens, sets up and closes serial ports and sends on them. It does not
 * receive here, because Debian's 3.1.6 breaks the rules of the field: it ends a request at the
 * first stray frame, loses its place behind an echo or a function it does not know, does not
 * compare the unit number on TCP, and cannot say what it threw away (each shown in
 * tests/unit/test_libmodbus.c). So frames are built and judged by core/rules/frame.h on the same
 * descriptor, and functions 03, 10 and 20 take the same road. The descriptor stays usable by
 * libmodbus between two exchanges.
 *
 * Discipline. Before a request: what lies in the input is thrown away and counted, the bus gets
 * its 3.5 characters of silence (RTU). After it: only a frame with the right transaction number
 * (TCP), unit, function, length and CRC is an answer; everything else is counted and listening goes
 * on until the deadline. RTU has no transaction number, so after a request that got no clean answer
 * the same meter is left alone for quiet_ms while its late bytes are thrown away; other meters need
 * not wait, their address tells the frames apart.
 */
#ifndef PW_POLLER_LINK_H
#define PW_POLLER_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/rc.h"
#include "core/rules/frame.h"
#include "core/rules/frame_time.h"

#define LINK_DESCRIPTOR_MAX 1024 /* select() of libmodbus: no descriptor at or above */

enum link_kind { LINK_MODBUS_TCP, LINK_RTU_OVER_TCP, LINK_SERIAL, LINK_KIND__MAX };

struct link_settings {
    enum link_kind kind;
    char host[81];               /* TCP kinds: name or address */
    int port;                    /* TCP kinds: 1 .. 65535 */
    char device[121];            /* serial: "/dev/ttyS1" */
    struct bus_speed speed;      /* also for TCP kinds: the bus behind the gateway */
    int32_t response_timeout_ms; /* 10 .. 20000: from the end of the request to the first byte of
                                    the answer */
    int32_t connect_timeout_ms;  /* 100 .. 20000; 0 = 3000 */
    int32_t quiet_ms;            /* 0 = response_timeout_ms; see above */
};

/* Counts of one meter or of a whole line; they only grow. */
struct link_counters {
    int64_t transactions; /* requests that left */
    int64_t timeouts;     /* nothing usable came in time */
    int64_t crc;          /* our answer, but broken */
    int64_t foreign;      /* frames of other slaves or masters, noise */
    int64_t late;         /* answers to a request that was given up */
    int64_t exceptions;
    int64_t short_frames; /* our answer began and did not end in time */
    int64_t echo;         /* our own request came back */
    int64_t reconnects;   /* of the line */
};

enum link_error {
    LINK_ERROR_NONE,
    LINK_ERROR_SILENT,    /* no usable answer in time */
    LINK_ERROR_GARBLED,   /* an answer with wrong CRC, or cut off */
    LINK_ERROR_EXCEPTION, /* the other side said no; exception has the code */
    LINK_ERROR_NO_LINK,   /* not connected: refused, unreachable, device missing, or waiting for the
                             back-off */
    LINK_ERROR_LOST,      /* the connection broke during the exchange */
    LINK_ERROR_READ_ONLY, /* a write on a read-only line: nothing left */
    LINK_ERROR__MAX
};

struct link_event {
    enum link_error error;
    uint8_t exception;  /* Modbus exception code when LINK_ERROR_EXCEPTION, else 0 */
    int os_error;       /* errno behind NO_LINK or LOST, else 0 */
    bool request_left;  /* the request, or a part of it, may have reached the bus */
    int64_t sent_at_us; /* monotonic; 0 when it did not leave */
    int64_t ended_at_us;
};

struct link;

/* Makes a closed link; settings are copied. RC_INVALID: a setting is out of range; RC_MEMORY. */
enum rc link_create(const struct link_settings *settings, struct link **ret_link) MUST_CHECK;
/* Closes and frees. NULL is fine. */
void link_free(struct link *link);
/* Opens now if it is closed and its back-off is over. RC_UNAVAILABLE: not open (link_event_last
   says why); RC_FULL: descriptors have reached LINK_DESCRIPTOR_MAX: start another shard. */
enum rc link_open(struct link *link) MUST_CHECK;
/* Closes the descriptor; the next exchange opens it again at once. */
void link_close(struct link *link);
bool link_is_open(const struct link *link);
/* Milliseconds until another try to open makes sense; 0 when open or allowed now. */
int64_t link_retry_in_ms(const struct link *link);
/* A read-only link lets no other function than 03 leave. Links are born read-only. */
void link_set_writable(struct link *link, bool writable);
/* errno of the last failure to open or of the last loss; 0 if there was none. */
int link_os_error(const struct link *link);
/* The descriptor, -1 when closed. Owned by the link. */
int link_descriptor(const struct link *link);
const struct link_settings *link_settings_of(const struct link *link);
/* Counters of the line. */
const struct link_counters *link_counters_of(const struct link *link);
const char *link_kind_name(enum link_kind kind); /* as in the line table's ENUM */
enum rc link_kind_find(const char *name, enum link_kind *ret_kind) MUST_CHECK;
const char *link_error_name(enum link_error error);

/* One request and its answer. meter: counts of the meter it is for, may be NULL; event: always
   filled in. ret_reply: the PDU (function first) of a normal answer. RC_OK; RC_TIMEOUT (silent);
   RC_PROTOCOL (garbled); RC_REFUSED (exception, or read-only); RC_UNAVAILABLE (no link, lost). */
enum rc link_exchange(struct link *link, const struct frame_request *request,
                      struct link_counters *meter, struct link_event *event,
                      struct frame_reply *ret_reply) MUST_CHECK;
/* Soonest monotonic time (µs) at which a request to this address need not wait for late bytes; for
 * the scheduler. */
int64_t link_ready_at_us(const struct link *link, uint8_t address);

#endif
