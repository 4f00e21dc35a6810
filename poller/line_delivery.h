/*
 * One delivery, one step at a time. No threads, no SQL, no sockets here: everything outside comes
 * through ports, so that each outcome is tested with a fake meter.
 *
 *   without a count   read the meter -> claim -> mark sent (commit) -> frame -> read back -> judge
 *   with a count      take over if it was another's -> read the meter -> judge -> mark sent ->
 *                     frame -> read back -> judge
 *
 * A step sends at most one frame. What it could not find out it leaves as it is: a time-out is a
 * state, and the next step begins with reading. Whoever calls paces the steps.
 */
#ifndef PW_POLLER_LINE_DELIVERY_H
#define PW_POLLER_LINE_DELIVERY_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/rc.h"
#include "core/flow/delivery.h"
#include "poller/device.h"

#define DELIVERY_READ_TRIES 2       /* of a read that got no clean answer, within one step */
#define DELIVERY_SERIAL_MAX_MS 3000 /* a serial number read so lately says who answers */
#define DELIVERY_CURRENT_MIN_MA 100 /* more than this is current */

struct delivery_ports {
    void *context;
    /* flow */
    enum rc (*claim)(void *context, int64_t id, const struct delivery_reading *reading,
                     struct delivery_frame *ret_frame, struct delivery_outcome *ret_outcome);
    enum rc (*take_over)(void *context, int64_t id);
    enum rc (*resume)(void *context, int64_t id);
    enum rc (*mark_sent)(void *context, int64_t id, struct delivery_frame *ret_frame,
                         struct delivery_outcome *ret_outcome);
    enum rc (*judge)(void *context, int64_t id, const struct delivery_reading *reading,
                     enum readback_verdict *ret_verdict, struct delivery_outcome *ret_outcome);
    enum rc (*note_wait)(void *context, int64_t id, const char *wait_code);
    /* device */
    enum rc (*read_identity)(void *context, struct device_identity *ret_identity,
                             struct device_event *event);
    enum rc (*read_serial)(void *context, char ret_serial_number[SERIAL_NUMBER_MAX],
                           struct device_event *event);
    enum rc (*read_fast)(void *context, struct reading *reading, struct device_event *event);
    /* The meter's prices, read before or now. */
    enum rc (*read_prices)(void *context, struct reading *reading, struct device_event *event);
    enum rc (*write)(void *context, const struct delivery_frame *frame, struct device_event *event);
    /* time */
    int64_t (*now_ms)(void *context); /* monotonic */
    bool (*stopping)(void *context);  /* the program ends: nothing is claimed, no frame leaves */
};

struct delivery_meter {
    const struct model *model;
    bool external_control; /* relay bits are an order there: power is proved by current */
    bool
        is_known; /* model code and run word were read lately: the serial number says who answers */
};

enum delivery_step {
    DELIVERY_STEP_AGAIN, /* not known, or nothing happened: later, from the start */
    DELIVERY_STEP_WAITS, /* a rule lets it wait, or it went to a person: outcome */
    DELIVERY_STEP_ENDED, /* outcome.state */
    DELIVERY_STEP_GONE   /* somebody else has it, or had it: forget it, the next look says */
};

struct delivery_report {
    enum delivery_step step;
    struct delivery_outcome outcome;
    int64_t wire_us;  /* bound of all exchanges */
    bool answered;    /* the meter answered something */
    bool sent;        /* a frame may have left */
    bool soon;        /* no clean answer: read back as soon as the bus is quiet */
    bool has_reading; /* reading is a whole fast block, read last */
    struct reading reading;
};

/* One step of one open delivery; mine: its count was given by this process. */
void delivery_run(const struct delivery_ports *ports, const struct delivery_meter *meter,
                  const struct delivery_look *look, bool mine, struct delivery_report *ret_report);

/* What may be said of a meter's power by one reading. */
bool delivery_has_power(const struct model *model, bool external_control,
                        const struct reading *reading);

#endif
