/*
 * Model (表型): the register map of one meter type and its recipes, from one JSON file. docs:
 * poller/models/README.md.
 *
 * A struct model is a plain value without pointers: parsed once at start, then only read, so
 * threads share it freely. Facts that no source proves are `unverified`; a model with such facts is
 * `experimental` (design 6.8). Orders (trip, close, keep-on, release) are recipes: refuse_if ->
 * write -> confirm within the relay's travel time. Only the read-back proves an order; see
 * poller/device.h.
 */
#ifndef PW_RULES_MODEL_H
#define PW_RULES_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/rc.h"
#include "core/rules/capability.h"
#include "core/rules/command_state.h"
#include "core/rules/plan.h"
#include "core/rules/point.h"
#include "core/rules/rate_table.h"

#define MODEL_FILE_MAX 65536 /* bytes of one model file */
#define MODEL_DEPTH_MAX 8
#define MODEL_ERROR_MAX 240 /* bytes of the sentence, NUL included */
#define MODEL_CODE_MAX 64
#define MODEL_NAME_MAX 81
#define MODEL_WINDOWS_MAX 8
#define MODEL_CONDITIONS_MAX 8
#define MODEL_WRITES_MAX 4 /* write frames of one order */
#define MODEL_WRITE_VALUES_MAX 8
#define MODEL_RECIPES_MAX 8
#define MODEL_FIELDS_MAX 32 /* of one private recipe */
#define MODEL_FIELD_NAME_MAX 32
#define MODEL_TRAVEL_MAX_MS 60000

enum model_maturity { MODEL_EXPERIMENTAL, MODEL_ACCEPTED };

/* How a value lies in the registers. Bytes are counted from the high byte of the register `at`. */
enum point_type {
    POINT_TYPE_U16,
    POINT_TYPE_I16,
    POINT_TYPE_U32, /* high word first */
    POINT_TYPE_I32,
    POINT_TYPE_U8_HIGH,
    POINT_TYPE_U8_LOW,
    POINT_TYPE_U16_ODD, /* low byte of `at`, then high byte of the next register */
    POINT_TYPE_BCD12,   /* 12 BCD digits in 3 registers: the decimal number they spell */
    POINT_TYPE__MAX
};

/* When a point is read. ORDER: only to prove an order. */
enum model_read { MODEL_READ_FAST, MODEL_READ_SLOW, MODEL_READ_ORDER };

struct model_point {
    enum point point;
    enum point_type type;
    enum model_read read;
    uint16_t at;
    int8_t scale; /* raw * 10^scale is the canonical unit of point.def; -4 .. 4 */
    bool unverified;
};

/* A test on one point: (value & mask) == value_wanted, or value <= value_wanted when at_most. */
struct model_condition {
    enum point point;
    bool at_most;
    int64_t mask; /* -1: the whole value */
    int64_t wanted;
    char code[24]; /* refuse_if only: stable code of the refusal ("arrears"), else "" */
};

struct model_write { /* one frame of function 0x10 */
    uint16_t at;
    uint16_t count;
    uint16_t values[MODEL_WRITE_VALUES_MAX];
};

struct model_action {
    bool offered;
    bool offered_external; /* also when the meter only drives a breaker (external control) */
    bool unverified;
    struct model_condition
        refuse_if[MODEL_CONDITIONS_MAX]; /* any holds: do not write, answer its code */
    size_t refuse_if_count;
    struct model_write writes[MODEL_WRITES_MAX]; /* in this order */
    size_t write_count;
    struct model_condition confirm[MODEL_CONDITIONS_MAX]; /* all hold: done */
    size_t confirm_count;
    struct model_condition
        confirm_external[MODEL_CONDITIONS_MAX]; /* the same under external control */
    size_t confirm_external_count;
    struct plan read_back;          /* short reads for confirm, status first */
    struct plan read_back_external; /* of confirm_external */
    int32_t travel_ms;              /* the relay's travel: read back until then */
};

/* Private function recipes (Acrel 0x20), kept as data for the delivery of purchases and parameters.
 */
enum field_type { FIELD_U8, FIELD_U16, FIELD_U32, FIELD_BCD6, FIELD_ZERO8, FIELD_TYPE__MAX };
struct model_field {
    char name[MODEL_FIELD_NAME_MAX];
    enum field_type type;
    bool flagged; /* preceded by a byte: 1 = write the group that starts here */
};
struct model_recipe {
    char name[MODEL_FIELD_NAME_MAX]; /* purchase, parameters, clock */
    uint8_t function;                /* 0x20 */
    uint16_t start;
    uint16_t registers;   /* data bytes / 2 */
    uint16_t reply_bytes; /* RTU reply, CRC included */
    bool unverified;
    struct model_field fields[MODEL_FIELDS_MAX];
    size_t field_count;
};

/* Where the rate tables lie (rate_table.h), first registers. */
struct model_tables {
    bool present;
    bool unverified;
    uint16_t zones_at;
    uint16_t days_at[RATE_TABLE_DAYS];
};

/* Masks over status.bits and control_bits; 0 = the model does not have it. */
struct model_status_masks {
    int64_t relay;         /* 1 = closed; one bit a pole */
    int64_t forced;        /* forced control is on */
    int64_t forced_closed; /* forced state per pole, 1 = closed; meaningful while forced */
    int64_t fault, over_limit, arrears, alarm1, alarm2;
    int64_t load_control, fee_control, time_control; /* of status.control_bits */
};

struct model {
    char code[MODEL_CODE_MAX]; /* also the file's name without .json */
    char name[MODEL_NAME_MAX];
    enum model_maturity maturity;
    bool secondary; /* powers, currents and energies lack the ratios of the transformers */
    struct plan_limits limits;
    struct plan_block windows[MODEL_WINDOWS_MAX];
    size_t window_count;
    struct model_point points[POINT__MAX];
    size_t point_count;
    struct model_status_masks status;
    struct model_condition identity; /* what the meter must answer to be of this model */
    bool has_external_control;       /* external_control below is set */
    bool has_encryption;
    struct model_condition external_control; /* holds: relay bits are an order, not proof */
    struct model_condition encryption;       /* holds: private frames are enciphered in the meter */
    struct model_action actions[COMMAND_KIND__MAX];
    enum capability_state capabilities[CAPABILITY__MAX];
    struct model_recipe recipes[MODEL_RECIPES_MAX];
    size_t recipe_count;
    struct plan fast; /* every cycle */
    struct plan slow; /* rarely; one block at a time, prices and thresholds first */
    struct model_tables tables;
    struct plan tables_reads;   /* more rarely still; no blocks without tables */
    struct plan identity_reads; /* serial number, run word, model code: before every write */
};

/* Relay and forced state as stored in meter_state and shown; names as in its ENUMs. */
enum relay { RELAY_UNKNOWN, RELAY_CLOSED, RELAY_OPEN, RELAY_PARTIAL, RELAY__MAX };
enum forced { FORCED_UNKNOWN, FORCED_NONE, FORCED_TRIP, FORCED_KEEP_ON, FORCED__MAX };

struct meter_status {
    enum relay relay;
    enum forced forced; /* poles that disagree: unknown */
    bool fault, over_limit, arrears, alarm1, alarm2;
    bool load_control, fee_control, time_control;
};

/* Parses a model file. error: a clear sentence that names the field, "" on RC_OK (file names are
   the caller's). RC_INVALID: not JSON, unknown field or point, out of range, an order without
   confirm, ...; RC_TOO_LARGE. */
enum rc model_parse(const char *bytes, size_t len, struct model *ret_model,
                    char error[MODEL_ERROR_MAX]) MUST_CHECK;
/* The row of a point, or NULL. */
const struct model_point *model_find_point(const struct model *model, enum point point);
/* Meaning of status.bits and status.control_bits; unknown where the reading lacks them. */
struct meter_status model_status(const struct model *model, const struct reading *reading);
/* The same from stored columns; control_bits may be 0 when not known. */
struct meter_status model_status_of_bits(const struct model *model, int64_t status_bits,
                                         int64_t control_bits);
/* True if the reading holds the point and the condition is met. */
bool model_condition_holds(const struct model_condition *condition, const struct reading *reading);
bool model_conditions_hold(const struct model_condition *conditions, size_t count,
                           const struct reading *reading);
/* The first condition of refuse_if that holds: its code; "" when none does. */
const char *model_refusal(const struct model_action *action, const struct reading *reading);
/* "trip,close,keep_on,release,read" and "name:proven,name:unverified" for the model table.
 * RC_TOO_LARGE. */
enum rc model_actions_text(const struct model *model, char *out, size_t size) MUST_CHECK;
enum rc model_capabilities_text(const struct model *model, char *out, size_t size) MUST_CHECK;

/* Names; never NULL. */
const char *relay_name(enum relay relay);
const char *forced_name(enum forced forced);
const char *point_type_name(enum point_type type);
int point_type_bytes(enum point_type type);

#endif
