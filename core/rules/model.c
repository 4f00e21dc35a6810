#include "core/rules/model.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    int bytes;
} types[POINT_TYPE__MAX] = {
    [POINT_TYPE_U16] = {"u16", 2},         [POINT_TYPE_I16] = {"i16", 2},
    [POINT_TYPE_U32] = {"u32", 4},         [POINT_TYPE_I32] = {"i32", 4},
    [POINT_TYPE_U8_HIGH] = {"u8_high", 1}, [POINT_TYPE_U8_LOW] = {"u8_low", 1},
    [POINT_TYPE_U16_ODD] = {"u16_odd", 2}, [POINT_TYPE_BCD12] = {"bcd12", 6},
};

const char *point_type_name(enum point_type type)
{
    assert(type >= 0 && type < POINT_TYPE__MAX);
    return types[type].name;
}

int point_type_bytes(enum point_type type)
{
    assert(type >= 0 && type < POINT_TYPE__MAX);
    return types[type].bytes;
}

const char *relay_name(enum relay relay)
{
    static const char *const names[RELAY__MAX] = {"unknown", "closed", "open", "partial"};
    assert(relay >= 0 && relay < RELAY__MAX);
    return names[relay];
}

const char *forced_name(enum forced forced)
{
    static const char *const names[FORCED__MAX] = {"unknown", "none", "trip", "keep_on"};
    assert(forced >= 0 && forced < FORCED__MAX);
    return names[forced];
}

const struct model_point *model_find_point(const struct model *model, enum point point)
{
    assert(model != NULL);
    for (size_t i = 0; i < model->point_count; i++) {
        if (model->points[i].point == point) {
            return &model->points[i];
        }
    }
    return NULL;
}

static enum relay relay_of(int64_t mask, int64_t status_bits)
{
    if (mask == 0) {
        return RELAY_UNKNOWN;
    }
    int64_t closed = status_bits & mask;
    return closed == mask ? RELAY_CLOSED : closed == 0 ? RELAY_OPEN : RELAY_PARTIAL;
}

static enum forced forced_of(const struct model_status_masks *masks, int64_t status_bits)
{
    if (masks->forced == 0) {
        return FORCED_UNKNOWN;
    }
    if ((status_bits & masks->forced) == 0) {
        return FORCED_NONE;
    }
    int64_t closed = status_bits & masks->forced_closed;
    return closed == masks->forced_closed ? FORCED_KEEP_ON
           : closed == 0                  ? FORCED_TRIP
                                          : FORCED_UNKNOWN;
}

struct meter_status model_status_of_bits(const struct model *model, int64_t status_bits,
                                         int64_t control_bits)
{
    assert(model != NULL);
    const struct model_status_masks *masks = &model->status;
    return (struct meter_status){
        .relay = relay_of(masks->relay, status_bits),
        .forced = forced_of(masks, status_bits),
        .fault = (status_bits & masks->fault) != 0,
        .over_limit = (status_bits & masks->over_limit) != 0,
        .arrears = (status_bits & masks->arrears) != 0,
        .alarm1 = (status_bits & masks->alarm1) != 0,
        .alarm2 = (status_bits & masks->alarm2) != 0,
        .load_control = (control_bits & masks->load_control) != 0,
        .fee_control = (control_bits & masks->fee_control) != 0,
        .time_control = (control_bits & masks->time_control) != 0,
    };
}

struct meter_status model_status(const struct model *model, const struct reading *reading)
{
    int64_t status_bits = 0;
    int64_t control_bits = 0;
    if (!reading_get(reading, POINT_status_bits, &status_bits)) {
        return (struct meter_status){.relay = RELAY_UNKNOWN, .forced = FORCED_UNKNOWN};
    }
    if (!reading_get(reading, POINT_control_bits, &control_bits)) {
        control_bits = 0;
    }
    return model_status_of_bits(model, status_bits, control_bits);
}

bool model_condition_holds(const struct model_condition *condition, const struct reading *reading)
{
    assert(condition != NULL && reading != NULL);
    int64_t value = 0;
    if (!reading_get(reading, condition->point, &value)) {
        return false;
    }
    value &= condition->mask;
    return condition->at_most ? value <= condition->wanted : value == condition->wanted;
}

bool model_conditions_hold(const struct model_condition *conditions, size_t count,
                           const struct reading *reading)
{
    for (size_t i = 0; i < count; i++) {
        if (!model_condition_holds(&conditions[i], reading)) {
            return false;
        }
    }
    return true;
}

const char *model_refusal(const struct model_action *action, const struct reading *reading)
{
    assert(action != NULL);
    for (size_t i = 0; i < action->refuse_if_count; i++) {
        if (model_condition_holds(&action->refuse_if[i], reading)) {
            return action->refuse_if[i].code;
        }
    }
    return "";
}

/* Appends to a list with commas. False when it does not fit. */
static bool list_add(char *out, size_t size, const char *name, const char *tail)
{
    size_t len = strlen(out);
    int written = snprintf(out + len, size - len, "%s%s%s", len > 0 ? "," : "", name, tail);
    return written >= 0 && (size_t)written < size - len;
}

enum rc model_actions_text(const struct model *model, char *out, size_t size)
{
    assert(model != NULL && out != NULL && size > 0);
    out[0] = '\0';
    for (int kind = 0; kind < COMMAND_KIND__MAX; kind++) {
        bool offered = kind == COMMAND_READ || model->actions[kind].offered;
        if (offered && !list_add(out, size, command_kind_name((enum command_kind)kind), "")) {
            return RC_TOO_LARGE;
        }
    }
    return RC_OK;
}

enum rc model_capabilities_text(const struct model *model, char *out, size_t size)
{
    assert(model != NULL && out != NULL && size > 0);
    out[0] = '\0';
    for (int i = 0; i < CAPABILITY__MAX; i++) {
        enum capability_state state = model->capabilities[i];
        if (state != CAPABILITY_STATE_ABSENT &&
            !list_add(out, size, capability_name((enum capability)i),
                      state == CAPABILITY_STATE_PROVEN ? ":proven" : ":unverified")) {
            return RC_TOO_LARGE;
        }
    }
    return RC_OK;
}
