/* `set`: what the control socket may change in a meter or a gateway. */
#include <string.h>

#include "sim/field/control.h"

struct number_row {
    const char *key;
    size_t offset; /* of an int64 in struct meter */
    int64_t min;
    int64_t max;
};

#define ROW(key, path, min, max)                                                                   \
    {                                                                                              \
        key, offsetof(struct meter, path), min, max                                                \
    }
#define DAY_MS 86400000
static const struct number_row numbers[] = {
    ROW("balance_fen", balance_fen, INT32_MIN, INT32_MAX),
    ROW("count", count, 0, 65535),
    ROW("alarm1_fen", alarm_fen[0], 0, INT32_MAX),
    ROW("alarm2_fen", alarm_fen[1], 0, INT32_MAX),
    ROW("overdraft_fen", overdraft_fen, 0, INT32_MAX),
    ROW("hoard_fen", hoard_fen, 0, INT32_MAX),
    ROW("price_sharp_e4", price_e4[0], 0, 10000000),
    ROW("price_peak_e4", price_e4[1], 0, 10000000),
    ROW("price_flat_e4", price_e4[2], 0, 10000000),
    ROW("price_valley_e4", price_e4[3], 0, 10000000),
    ROW("fee_control", fee_control, 0, 1),
    ROW("relay_stuck", relay_stuck, 0, 1),
    ROW("breaker_stuck", breaker_stuck, 0, 1),
    ROW("run_word", run_word, 0, 255),
    ROW("clock_offset_ms", clock_offset_ms, -36500ll * DAY_MS, 36500ll * DAY_MS),
    ROW("load_w", load_override_w, -1, 1000000),
};

static const struct {
    const char *key;
    int64_t bit;
} capabilities[] = {
    {"zero_purchase", METER_ZERO_PURCHASE},    {"last_amount_register", METER_LAST_AMOUNT},
    {"repeat_refused", METER_REPEAT_REFUSED},  {"gap_refused", METER_GAP_REFUSED},
    {"hoarding_refused", METER_HOARD_REFUSED}, {"fee_control_written", METER_FEE_CONTROL_WRITTEN},
};

struct change { /* a meter as it shall be */
    struct control_call *call;
    struct meter *meter;
    bool changed;
};

static enum rc change_capability(void *context, const char *key, const struct json_object *value)
{
    struct change *change = context;
    (void)value;
    const struct json_object *object = NULL;
    bool on = false;
    TRY(json_get_object(change->call->request, "capability", &object));
    for (size_t i = 0; i < ARRAY_LEN(capabilities); i++) {
        if (strcmp(capabilities[i].key, key) == 0 && json_get_bool(object, key, &on) == RC_OK) {
            change->meter->capabilities = on ? change->meter->capabilities | capabilities[i].bit
                                             : change->meter->capabilities & ~capabilities[i].bit;
            change->changed = true;
            return RC_OK;
        }
    }
    return control_refuse(change->call,
                          "field capability.%.32s: no such capability, or not true or false", key);
}

static enum rc change_serial(struct change *change, const struct json_object *value)
{
    const char *serial = NULL;
    if (json_as_text(value, 12, 12, &serial) != RC_OK || strspn(serial, "0123456789") != 12) {
        return control_refuse(change->call, "field serial_number: not 12 digits");
    }
    memcpy(change->meter->park.serial_number, serial, 13);
    change->changed = true;
    return RC_OK;
}

static enum rc change_member(void *context, const char *key, const struct json_object *value)
{
    struct change *change = context;
    if (strcmp(key, "op") == 0 || strcmp(key, "id") == 0 || strcmp(key, "meter") == 0) {
        return RC_OK;
    }
    if (strcmp(key, "serial_number") == 0) {
        return change_serial(change, value);
    }
    if (strcmp(key, "capability") == 0) {
        if (!json_is_object(value)) {
            return control_refuse(change->call, "field capability: not an object");
        }
        return json_each(value, change_capability, change);
    }
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
        const struct number_row *row = &numbers[i];
        int64_t number = -1; /* null takes load_w back to its curve */
        if (strcmp(row->key, key) != 0) {
            continue;
        }
        if (!(value == NULL && row->min == -1) &&
            json_as_int(value, row->min, row->max, &number) != RC_OK) {
            return control_refuse(change->call, "field %s: not a whole number from %lld to %lld",
                                  key, (long long)row->min, (long long)row->max);
        }
        memcpy((char *)change->meter + row->offset, &number, sizeof number);
        change->changed = true;
        return RC_OK;
    }
    return control_refuse(change->call, "field %.40s: set does not know it", key);
}

/* All or nothing: the changes are tried on a copy. */
static enum rc set_meter(struct control_call *call, struct meter *meter)
{
    struct meter_time time = field_time(call->field);
    meter_advance(meter, &time);
    struct meter copy = *meter;
    struct change change = {.call = call, .meter = &copy};
    TRY(json_each(call->request, change_member, &change));
    if (!change.changed) {
        return control_refuse(call, "set needs something to set");
    }
    *meter = copy;
    meter_note(meter, &time, METER_EVENT_SET, meter->balance_fen, meter->count);
    meter_decide(meter, &time);
    field_touched(call->field, meter);
    return RC_OK;
}

static enum rc set_gateway(struct control_call *call, struct field_gateway *gateway)
{
    struct field_gateway copy = *gateway;
    if (json_get_bool(call->request, "exceptions", &copy.exceptions) == RC_INVALID) {
        return control_refuse(call, "field exceptions: not true or false");
    }
    if (json_get_int(call->request, "queue_max", 1, FIELD_QUEUE_MAX, &copy.queue_max) ==
        RC_INVALID) {
        return control_refuse(call, "field queue_max: not from 1 to %d", FIELD_QUEUE_MAX);
    }
    if (json_get_int(call->request, "timeout_ms", 10, 120000, &copy.timeout_ms) == RC_INVALID) {
        return control_refuse(call, "field timeout_ms: not from 10 to 120000");
    }
    *gateway = copy;
    return RC_OK;
}

enum rc control_set(struct control_call *call)
{
    enum control_scope scope = CONTROL_FIELD;
    uint32_t index = 0;
    const char *name = NULL;
    struct field *field = call->field;
    if (json_get_text(call->request, "meter", 1, 1, &name) == RC_OK && strcmp(name, "*") == 0) {
        for (uint32_t i = 0; i < field->park.meters_len; i++) {
            TRY(set_meter(call, &field->meters[i]));
        }
        return RC_OK;
    }
    TRY(control_scope_of(call, &scope, &index));
    if (scope == CONTROL_METER) {
        return set_meter(call, &field->meters[index]);
    }
    if (scope == CONTROL_GATEWAY) {
        return set_gateway(call, &field->gateways[index]);
    }
    return control_refuse(call, "set needs the field meter or gateway");
}
