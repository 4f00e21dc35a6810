/*
 * Device: one meter behind a link, spoken to by its model. Thin: no retry, no schedule, no
 * judgement; the engine has those.
 *
 * Every call is one or few exchanges on the link, made by the line's owner thread. Results:
 *   RC_OK
 *   RC_TIMEOUT      meter silent (no answer, or the gateway says 0A / 0B): back the meter off
 *   RC_UNAVAILABLE  gateway silent (refused, unreachable, connection lost): one alarm for the
 *                   gateway, not thirty. A write that met this before it left has not happened.
 *   RC_FULL         gateway or meter busy (exception 05 / 06): try again later
 *   RC_PROTOCOL     something answered, but broken (CRC, cut off, digits that are none)
 *   RC_REFUSED      the meter answered with an exception (event.exception), or the line is
 * read-only RC_UNKNOWN      writes only: the frame may have reached the meter and no clean
 * acknowledgement came. An exception is none: a meter may act and then answer an error. Read back,
 *                   never repeat.
 * After RC_TIMEOUT and RC_PROTOCOL on RTU links the same meter must rest (link_ready_at_us); a call
 * made earlier waits inside.
 */
#ifndef PW_POLLER_DEVICE_H
#define PW_POLLER_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/rc.h"
#include "core/rules/decode.h"
#include "core/rules/model.h"
#include "core/rules/recipe.h"
#include "poller/link.h"

enum device_error {
    DEVICE_ERROR_NONE,
    DEVICE_ERROR_METER_SILENT,
    DEVICE_ERROR_GATEWAY_SILENT,
    DEVICE_ERROR_GATEWAY_BUSY,
    DEVICE_ERROR_GARBLED,
    DEVICE_ERROR_EXCEPTION,
    DEVICE_ERROR_READ_ONLY,
    DEVICE_ERROR__MAX
};

struct device_event {
    enum device_error error;
    uint8_t exception;     /* as answered, else 0 */
    int os_error;          /* errno of a silent gateway, else 0 */
    bool write_left;       /* a write frame, or a part of it, may have reached the bus */
    int exchanges;         /* requests that left during this call */
    int64_t wire_bound_us; /* what the bus needs for these exchanges (frame_time.h), timeouts not
                              counted */
    int64_t started_at_us; /* monotonic */
    int64_t ended_at_us;
};

/* Borrowed parts; the engine keeps one a meter and may copy it. */
struct device {
    struct link *link;
    const struct model *model;
    struct link_counters *counters; /* of this meter; may be NULL */
    uint8_t address;
};

/* The fast blocks. Values and presence bits are added to *reading (points of other blocks stay);
   taken_at_ms is the wall time at which the last block was complete. On any failure *reading is
   unchanged. */
enum rc device_read_fast(const struct device *device, struct reading *reading,
                         struct device_event *event) MUST_CHECK;
/* Number of slow blocks, how many of them (the last) are rate tables, and one of them (block 0 ..
   count-1). A block of tables adds its parts to *tables, any other its points to *reading;
   taken_at_ms is set by both. On failure nothing is changed. */
size_t device_slow_blocks(const struct device *device);
size_t device_table_blocks(const struct device *device);
enum rc device_read_slow(const struct device *device, size_t block, struct reading *reading,
                         struct rate_table_bytes *tables, struct device_event *event) MUST_CHECK;

struct device_identity {
    char serial_number[SERIAL_NUMBER_MAX]; /* digits with leading zeros; "" if the model has none */
    int64_t model_code;
    int64_t run_word;
    bool model_matches;    /* the model code is the one of the model file */
    bool external_control; /* the meter drives a breaker: relay bits are an order, not proof */
    bool encrypted;        /* private frames would have to be enciphered */
};

/* Serial number, run word and model code; before every write. RC_PROTOCOL also when the serial
 * number is not BCD. */
enum rc device_read_identity(const struct device *device, struct device_identity *ret_identity,
                             struct device_event *event) MUST_CHECK;

/* Only the serial number, one exchange; results as device_read_identity. */
enum rc device_read_serial(const struct device *device, char ret_serial_number[SERIAL_NUMBER_MAX],
                           struct device_event *event) MUST_CHECK;

/* Only the write frames of an order's recipe. RC_NOT_FOUND: the model does not offer it (or not
   under external control). RC_OK means that the meter acknowledged; it proves nothing about the
   relay: device_confirm does. */
enum rc device_write_action(const struct device *device, enum command_kind kind,
                            bool external_control, struct device_event *event) MUST_CHECK;

/* One frame of a private recipe ("purchase", "parameters", "clock") with its values. RC_NOT_FOUND:
   the model has no such recipe; RC_INVALID: values that do not fit it; else as a write. Whatever
   the answer says proves nothing. */
enum rc device_write_recipe(const struct device *device, const char *recipe,
                            const struct recipe_value *values, size_t count,
                            struct device_event *event) MUST_CHECK;
/* The held parts of rate tables, by function 0x10, one frame a part. RC_NOT_FOUND: the model has no
   tables; else as a write. */
enum rc device_write_tables(const struct device *device, const struct rate_table_bytes *tables,
                            struct device_event *event) MUST_CHECK;
/* The slow blocks that hold the four prices; values are added to *reading. RC_NOT_FOUND: the model
   has no such points. */
enum rc device_read_prices(const struct device *device, struct reading *reading,
                           struct device_event *event) MUST_CHECK;

struct device_facts {
    bool proved; /* every condition of the recipe holds */
    enum relay relay;
    enum forced forced;
    struct meter_status status;
    int64_t status_bits;
    int64_t forced_word;    /* registers 0057, 0058 as high and low half; -1 when not read */
    int64_t current_ma[3];  /* -1 when not read */
    struct reading reading; /* every point that was read */
};

/* One read-back for an order: short reads, cheapest first; stops early (proved = false) at the
   first block that shows the order not yet done. The engine repeats it until proved or until
   model->actions[kind].travel_ms after the write, then reads the fast blocks for the new state
   (device_read_fast). */
enum rc device_confirm(const struct device *device, enum command_kind kind, bool external_control,
                       struct device_facts *ret_facts, struct device_event *event) MUST_CHECK;
/* As device_confirm, for one read-back after another of the same order. *held (empty at first)
   keeps forced.enable and forced.trip once they were read back as wanted after the write: nobody
   but us writes them, so the wait for the relay reads its status alone, and the last look is one
   short exchange. */
enum rc device_confirm_more(const struct device *device, enum command_kind kind,
                            bool external_control, struct reading *held,
                            struct device_facts *ret_facts, struct device_event *event) MUST_CHECK;
/* Wire-time bound of one fast read of this device, microseconds. */
int64_t device_fast_bound_us(const struct device *device);

/* A word for logs and labels. Never NULL. */
const char *device_error_name(enum device_error error);

#endif
