/*
 * The simulated field as a whole: who stands where, and the clock that they share.
 *
 *   client bytes -> port.c (frames) -> line.c (queue, wire time, faults) -> answer.c -> meter.c
 *   control.c (sentences as JSON) --------------------------------------------------^
 *
 * One thread. The field owns everything below it. Requests name their client by slot and
 * generation, so that an answer for a connection that is gone is dropped.
 */
#ifndef PW_SIM_FIELD_FIELD_H
#define PW_SIM_FIELD_FIELD_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/text.h"
#include "sim/field/answer.h"
#include "sim/field/fault.h"
#include "sim/field/meter.h"
#include "sim/field/park.h"
#include "sim/field/wire.h"
#include "sim/loop.h"

#define FIELD_QUEUE_MAX 32        /* requests that wait on a line */
#define FIELD_CLIENTS_MAX 2048    /* connections and terminals, all lines */
#define FIELD_LINE_CLIENTS_MAX 16 /* of one line */
#define FIELD_IN_MAX 1024         /* bytes of a client not yet made a frame */
#define FIELD_OUT_MAX 8192        /* bytes for a client not yet written; more closes it */
#define FIELD_NO_METER UINT32_MAX
#define FIELD_TICK_MS 1000
#define FIELD_STORE_MS 5000
#define FIELD_CHUNK_MAX (1 << 20) /* bytes of one meter in the state file */

struct field;
struct field_line;

struct field_client {
    struct loop_source source;
    struct loop_timer silence; /* ends a frame whose length is not known */
    struct field_line *line;   /* NULL: slot is free */
    uint32_t generation;
    bool mbap;
    bool terminal;
    bool dirty;   /* stands in the list of clients to flush */
    bool blocked; /* waits for EPOLLOUT */
    int64_t first_byte_ns;
    uint32_t in_len;
    uint32_t out_len;
    struct field_client *next_dirty;
    uint8_t in[FIELD_IN_MAX];
    uint8_t out[FIELD_OUT_MAX];
};

struct field_request {
    struct field_client *client;
    uint32_t generation;
    uint16_t transaction;
    uint16_t len; /* address, function, data; no CRC */
    bool mbap;
    int64_t arrived_ns; /* first byte */
    uint8_t bytes[WIRE_FRAME_MAX];
};

enum field_phase { FIELD_IDLE, FIELD_WAITING, FIELD_ASKING, FIELD_ANSWERING, FIELD_UNANSWERED };

struct field_line_counts {
    int64_t transactions;
    int64_t unanswered;
    int64_t busy_ns;  /* wire: request, turnaround, answer, gap */
    int64_t bound_ns; /* what these transactions need at least */
    int64_t queue_full;
    int64_t gap_missed;
    int64_t garbage; /* bytes that made no frame */
    int64_t write_frames;
    int64_t accepted; /* connections */
    int64_t queue_most;
};

struct field_line {
    struct field *field;
    const struct park_line *park;
    uint32_t index;
    struct wire_speed speed;
    uint32_t meter_at[248]; /* by address; FIELD_NO_METER */
    struct loop_source listener;
    uint32_t clients;
    enum field_phase phase;
    struct loop_timer timer;
    int64_t phase_end_ns;
    int64_t begin_ns; /* of the transaction */
    int64_t free_ns;  /* end of the last transaction and its gap */
    int64_t answer_end_ns;
    struct field_request current;
    bool truncated;
    bool doubled;
    bool echo;
    bool stray;
    bool foreign;
    bool corrupt;
    uint32_t answer_len; /* no CRC; 0 = none */
    uint8_t answer[WIRE_FRAME_MAX];
    struct field_request queue[FIELD_QUEUE_MAX]; /* ring */
    uint32_t queue_at;
    uint32_t queue_len;
    struct field_line_counts counts;
};

struct field_gateway {
    const struct park_gateway *park;
    bool exceptions;    /* 0B and 06 instead of silence */
    int64_t queue_max;  /* 1 .. FIELD_QUEUE_MAX */
    int64_t timeout_ms; /* what it waits for a meter; 0: 100 ms less than the line's response
                           time-out */
    bool dropped;
};

struct field_options {
    const char *park_path;
    const char *control_path;
    const char *state_path; /* NULL: nothing is kept */
    uint64_t seed;
    int64_t speed;
    int64_t relay_travel_ms;
    bool paced;  /* keep wire time */
    char net[8]; /* "127.51": replaces the first two octets; "" = as in the park */
};

struct field {
    struct field_options options;
    struct loop *loop;
    struct park park;
    struct meter *meters; /* as park.meters */
    struct field_line *lines;
    struct field_gateway *gateways;
    struct faults faults;
    struct field_client *clients;
    struct field_client *dirty_clients;
    struct loop_timer tick;
    struct loop_timer store_timer;
    struct text *chunks; /* a meter's part of the state file */
    bool *chunk_fresh;   /* false: the part must be written anew */
    bool store_now;
    bool store_failed; /* said once */
    int64_t stores;
    int64_t base_wall_ms;
    int64_t base_ns;
    int64_t zone_minute; /* of the cached offset */
    int64_t zone_offset_ms;
    struct control *control;
};

/* field.c */
/* The field's clock now. */
struct meter_time field_time(struct field *field);
/* Call after anything acted on a meter: remembers to store, sets the tick, wakes those who wait. */
void field_touched(struct field *field, struct meter *meter);
/* Index of a meter, line or gateway by its number or code; RC_NOT_FOUND. */
enum rc field_find_meter(const struct field *field, const char *number,
                         uint32_t *ret_index) MUST_CHECK;
enum rc field_find_line(const struct field *field, const char *code,
                        uint32_t *ret_index) MUST_CHECK;
enum rc field_find_gateway(const struct field *field, const char *code,
                           uint32_t *ret_index) MUST_CHECK;
/* Builds meters, lines, gateways from field->park and field->options; loop and sockets come later.
 * RC_MEMORY. */
enum rc field_build(struct field *field) MUST_CHECK;
/* Starts ticks and the hook of the loop. */
void field_start(struct field *field);
/* Stores the state if a path is given: all meters as they are now, or only what must not be lost.
 */
void field_store(struct field *field, bool all);
void field_release(struct field *field);

/* line.c */
/* A request has arrived for the line: queues it, or answers in the gateway's way when the queue is
 * full. */
void line_submit(struct field_line *line, const struct field_request *request);
/* Wire time of one transaction of so many bytes without CRC and address 0. */
int64_t line_bound_ns(const struct field_line *line, int64_t request_len, int64_t answer_len);

/* port.c */
/* Opens the listeners of all lines. On failure sentence (PARK_SENTENCE_MAX) says which. RC_IO. */
enum rc port_open_all(struct field *field, char *sentence) MUST_CHECK;
/* Opens one line's listener. */
enum rc port_open(struct field_line *line, char *sentence) MUST_CHECK;
/* Closes listener and connections of a line; terminals stay. */
void port_close(struct field_line *line);
/* Makes a pseudo terminal for the line and a symbolic link to its slave at path. */
enum rc port_terminal(struct field_line *line, const char *path, char *sentence) MUST_CHECK;
/* Queues bytes for the client of a request, if it is still there. */
void port_send(const struct field_request *request, const uint8_t *bytes, size_t len);
/* Writes what is queued. */
void port_flush(struct field *field);
/* Host as served: options.net in place of the first two octets. */
void port_host(const struct field *field, const struct field_line *line, char host[16]);

/* state_file.c */
/* Writes all meters to path, atomically. RC_IO. */
enum rc state_file_write(struct field *field, const char *path) MUST_CHECK;
/* Reads them back; a missing file is RC_NOT_FOUND; RC_INVALID with a sentence that names file and
   line. Meters that the park does not have are counted in ret_unknown. */
enum rc state_file_read(struct field *field, const char *path, char *sentence,
                        uint32_t *ret_unknown) MUST_CHECK;

/* control.c */
enum rc control_open(struct field *field, const char *path, char *sentence) MUST_CHECK;
/* Something changed that somebody may wait for. */
void control_wake(struct field *field);
/* Looks at those who wait and writes what is queued; part of the loop's hook. */
void control_flush(struct field *field);
void control_close(struct field *field);

#endif
