/*
 * One order, from taking it to its proved end. No threads, no SQL, no sockets here: everything
 * outside comes through ports, so that each outcome is tested with a fake meter.
 *
 *   take --> identity (serial number) --> rules of the model --> mark sent (commit) --> write -->
 * read back ... --> end |            |                          |                       | | v v v
 * v                             v not ours   silent: refused or later   refused: arrears,     not
 * ours, expired:        confirmed | refused | mismatch: refused, frozen  close_by_hand, ... nothing
 * was written       unknown (nobody answered)
 *
 * After a frame may have left only reading back says what happened; it is never written again
 * (order_verify).
 */
#ifndef PW_POLLER_LINE_ORDER_H
#define PW_POLLER_LINE_ORDER_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/rc.h"
#include "core/flow/command.h"
#include "poller/device.h"

#define ORDER_READ_TRIES 3 /* of a read that got no clean answer */
#define ORDER_EVIDENCE_MAX 640
#define ORDER_READ_BACKS_MAX 2000
#define ORDER_PAUSE_MS 20 /* between read-backs that were not answered at once */

struct order_ports {
    void *context;
    /* flow */
    enum rc (*take)(void *context, int64_t id, struct command_order *ret_order);
    enum rc (*mark_sent)(void *context, int64_t id);
    enum rc (*end)(void *context, int64_t id, const struct command_result *result);
    /* device */
    enum rc (*read_identity)(void *context, struct device_identity *ret_identity,
                             struct device_event *event);
    enum rc (*read_serial)(void *context, char ret_serial_number[SERIAL_NUMBER_MAX],
                           struct device_event *event);
    enum rc (*read_fast)(void *context, struct reading *reading, struct device_event *event);
    enum rc (*write)(void *context, enum command_kind kind, bool external,
                     struct device_event *event);
    enum rc (*confirm)(void *context, enum command_kind kind, bool external, struct reading *held,
                       struct device_facts *ret_facts, struct device_event *event);
    /* time */
    int64_t (*now_ms)(void *context); /* monotonic */
    void (*pause)(void *context, int64_t ms);
    bool (*stopping)(
        void *context); /* the program ends: no frame may leave any more, nothing is waited for */
};

struct order_meter {
    const struct model *model;
    const char *relay_before; /* of the last reading, "unknown" if none */
    bool external_control;    /* the meter table's mark, or the run word as read lately */
    bool writable;            /* of the line */
    bool is_known;            /* model code and run word were read lately and are as they should be:
                                 the serial number alone says who answers */
    int64_t travel_max_ms;    /* setting relay_travel_ms */
};

enum order_outcome {
    ORDER_NOT_TAKEN, /* somebody else's, superseded, expired, refused by a rule: already settled */
    ORDER_AGAIN,     /* given back unsent, the database is away, or the program ends: later */
    ORDER_ENDED,     /* ended, see state */
    ORDER_END_LATER  /* the end is known but could not be written: see result */
};

struct order_report {
    enum order_outcome outcome;
    enum command_state state;
    char code[32];
    char evidence[ORDER_EVIDENCE_MAX];
    char serial_number[SERIAL_NUMBER_MAX];
    int64_t wire_us;  /* bound of all exchanges */
    bool answered;    /* the meter answered something */
    bool has_reading; /* reading is a whole fast block */
    struct reading reading;
};

/* Carries out one pending order. */
void order_run(const struct order_ports *ports, const struct order_meter *meter, int64_t command_id,
               struct order_report *ret_report);
/* An order whose frame may have left: reads back once and ends it if that is conclusive.
   travel_over: the relay had all its time. give_up: enough silence, a sent order becomes unknown.
   ORDER_AGAIN: nothing could be said. */
void order_verify(const struct order_ports *ports, const struct order_meter *meter,
                  const struct command_order *order, bool travel_over, bool give_up,
                  struct order_report *ret_report);
/* Tries again to write an end (ORDER_END_LATER). */
enum rc order_end_again(const struct order_ports *ports, int64_t command_id,
                        const struct order_report *report) MUST_CHECK;

#endif
