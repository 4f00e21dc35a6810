#include "poller/device.h"

#include <assert.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/failpoint.h"

#define EXCEPTION_ILLEGAL_ADDRESS 0x02
#define EXCEPTION_ILLEGAL_VALUE 0x03
#define EXCEPTION_ACKNOWLEDGE 0x05
#define EXCEPTION_BUSY 0x06
#define EXCEPTION_GATEWAY_PATH 0x0A
#define EXCEPTION_GATEWAY_TARGET 0x0B
#define EXCEPTION_REPLY_BYTES 5

const char *device_error_name(enum device_error error)
{
    static const char *const names[DEVICE_ERROR__MAX] = {
        "none",    "meter_silent", "gateway_silent", "gateway_busy",
        "garbled", "exception",    "read_only"};
    assert(error >= 0 && error < DEVICE_ERROR__MAX);
    return names[error];
}

static void event_begin(struct device_event *event)
{
    *event = (struct device_event){.started_at_us = clock_monotonic_us()};
    event->ended_at_us = event->started_at_us;
}

static enum rc exception_result(uint8_t exception, struct device_event *event)
{
    event->exception = exception;
    switch (exception) {
    case EXCEPTION_GATEWAY_PATH:
    case EXCEPTION_GATEWAY_TARGET:
        event->error = DEVICE_ERROR_METER_SILENT;
        return RC_TIMEOUT;
    case EXCEPTION_ACKNOWLEDGE:
    case EXCEPTION_BUSY:
        event->error = DEVICE_ERROR_GATEWAY_BUSY;
        return RC_FULL;
    default:
        event->error = DEVICE_ERROR_EXCEPTION;
        return RC_REFUSED;
    }
}

/* The link's words in the device's. */
static enum rc device_result(const struct link_event *link_event, enum rc link_rc,
                             struct device_event *event)
{
    event->os_error = link_event->os_error;
    switch (link_event->error) {
    case LINK_ERROR_NONE:
        return link_rc;
    case LINK_ERROR_SILENT:
        event->error = DEVICE_ERROR_METER_SILENT;
        return RC_TIMEOUT;
    case LINK_ERROR_GARBLED:
        event->error = DEVICE_ERROR_GARBLED;
        return RC_PROTOCOL;
    case LINK_ERROR_EXCEPTION:
        return exception_result(link_event->exception, event);
    case LINK_ERROR_READ_ONLY:
        event->error = DEVICE_ERROR_READ_ONLY;
        return RC_REFUSED;
    default:
        event->error = DEVICE_ERROR_GATEWAY_SILENT;
        return RC_UNAVAILABLE;
    }
}

static enum rc exchange(const struct device *device, const struct frame_request *request,
                        struct device_event *event, struct frame_reply *ret_reply)
{
    struct link_event link_event = {.error = LINK_ERROR_NONE};
    enum rc rc = link_exchange(device->link, request, device->counters, &link_event, ret_reply);
    bool answered = rc == RC_OK || link_event.error == LINK_ERROR_EXCEPTION;
    event->exchanges += link_event.request_left ? 1 : 0;
    event->ended_at_us = link_event.ended_at_us;
    if (answered) {
        size_t reply_bytes = rc == RC_OK ? frame_rtu_reply_bytes(request) : EXCEPTION_REPLY_BYTES;
        event->wire_bound_us +=
            frame_time_exchange_us(&link_settings_of(device->link)->speed,
                                   (int64_t)frame_rtu_request_bytes(request), (int64_t)reply_bytes);
    }
    if (request->pdu[0] != FRAME_FUNCTION_READ) {
        event->write_left = event->write_left || link_event.request_left;
    }
    return device_result(&link_event, rc, event);
}

static enum rc read_registers(const struct device *device, const struct plan_block *block,
                              uint16_t registers[PLAN_REGISTERS_MAX], struct device_event *event)
{
    struct frame_request request;
    struct frame_reply reply;
    TRY(frame_read(device->address, block->at, block->count, &request));
    TRY(exchange(device, &request, event, &reply));
    frame_registers(&reply, registers, block->count);
    return RC_OK;
}

static enum rc read_block(const struct device *device, const struct plan_block *block,
                          struct reading *reading, struct device_event *event)
{
    uint16_t registers[PLAN_REGISTERS_MAX];
    TRY(read_registers(device, block, registers, event));
    enum rc rc = decode_block(device->model, block, registers, reading);
    if (rc != RC_OK) {
        event->error = DEVICE_ERROR_GARBLED;
    }
    reading->taken_at_ms = clock_now_ms();
    return rc;
}

/* A short read; when the meter does not know such a read, the declared window around it. */
static enum rc read_short(const struct device *device, const struct plan_block *block,
                          struct reading *reading, struct device_event *event)
{
    enum rc rc = read_block(device, block, reading, event);
    if (rc != RC_REFUSED || (event->exception != EXCEPTION_ILLEGAL_ADDRESS &&
                             event->exception != EXCEPTION_ILLEGAL_VALUE)) {
        return rc;
    }
    const struct model *model = device->model;
    for (size_t i = 0; i < model->window_count; i++) {
        const struct plan_block *window = &model->windows[i];
        bool larger = window->count > block->count;
        if (larger && block->at >= window->at &&
            block->at + block->count <= window->at + window->count) {
            event->error = DEVICE_ERROR_NONE;
            event->exception = 0;
            return read_block(device, window, reading, event);
        }
    }
    return rc;
}

enum rc device_read_fast(const struct device *device, struct reading *reading,
                         struct device_event *event)
{
    assert(device != NULL && reading != NULL && event != NULL);
    struct reading fresh = *reading;
    event_begin(event);
    for (size_t i = 0; i < device->model->fast.count; i++) {
        TRY(read_block(device, &device->model->fast.blocks[i], &fresh, event));
    }
    decode_apply_ratios(device->model, &fresh);
    *reading = fresh;
    return RC_OK;
}

size_t device_table_blocks(const struct device *device)
{
    return device->model->tables_reads.count;
}

size_t device_slow_blocks(const struct device *device)
{
    return device->model->slow.count + device_table_blocks(device);
}

enum rc device_read_slow(const struct device *device, size_t block, struct reading *reading,
                         struct rate_table_bytes *tables, struct device_event *event)
{
    assert(device != NULL && reading != NULL && tables != NULL && event != NULL);
    assert(block < device_slow_blocks(device));
    const struct model *model = device->model;
    event_begin(event);
    if (block >= model->slow.count) {
        const struct plan_block *read = &model->tables_reads.blocks[block - model->slow.count];
        uint16_t registers[PLAN_REGISTERS_MAX];
        TRY(read_registers(device, read, registers, event));
        decode_tables(model, read, registers, tables);
        reading->taken_at_ms = clock_now_ms();
        return RC_OK;
    }
    struct reading fresh = *reading;
    TRY(read_block(device, &model->slow.blocks[block], &fresh, event));
    *reading = fresh;
    return RC_OK;
}

static void serial_of(const struct reading *reading, char out[SERIAL_NUMBER_MAX])
{
    int64_t serial = 0;
    out[0] = '\0';
    if (reading_get(reading, POINT_serial_number, &serial)) {
        decode_serial_number(serial, out);
    }
}

enum rc device_read_identity(const struct device *device, struct device_identity *ret_identity,
                             struct device_event *event)
{
    assert(device != NULL && ret_identity != NULL && event != NULL);
    const struct model *model = device->model;
    struct reading reading = {.present = 0};
    struct device_identity identity = {.model_code = -1, .run_word = -1};
    event_begin(event);
    for (size_t i = 0; i < model->identity_reads.count; i++) {
        TRY(read_short(device, &model->identity_reads.blocks[i], &reading, event));
    }
    serial_of(&reading, identity.serial_number);
    (void)reading_get(&reading, POINT_model_code, &identity.model_code);
    (void)reading_get(&reading, POINT_run_word, &identity.run_word);
    identity.model_matches = model_condition_holds(&model->identity, &reading);
    identity.external_control =
        model->has_external_control && model_condition_holds(&model->external_control, &reading);
    identity.encrypted =
        model->has_encryption && model_condition_holds(&model->encryption, &reading);
    *ret_identity = identity;
    return RC_OK;
}

enum rc device_read_serial(const struct device *device, char ret_serial_number[SERIAL_NUMBER_MAX],
                           struct device_event *event)
{
    assert(device != NULL && ret_serial_number != NULL && event != NULL);
    const struct model_point *row = model_find_point(device->model, POINT_serial_number);
    struct reading reading = {.present = 0};
    event_begin(event);
    if (row == NULL) {
        return RC_NOT_FOUND;
    }
    struct plan_block block = {row->at, (uint16_t)((point_type_bytes(row->type) + 1) / 2)};
    TRY(read_short(device, &block, &reading, event));
    serial_of(&reading, ret_serial_number);
    return RC_OK;
}

/* The action if it is offered, else NULL. */
static const struct model_action *offered_action(const struct device *device,
                                                 enum command_kind kind, bool external_control)
{
    assert(kind >= 0 && kind < COMMAND_KIND__MAX);
    const struct model_action *action = &device->model->actions[kind];
    bool offered = external_control ? action->offered_external : action->offered;
    return offered ? action : NULL;
}

enum rc device_write_action(const struct device *device, enum command_kind kind,
                            bool external_control, struct device_event *event)
{
    assert(device != NULL && event != NULL);
    const struct model_action *action = offered_action(device, kind, external_control);
    event_begin(event);
    if (action == NULL) {
        return RC_NOT_FOUND;
    }
    for (size_t i = 0; i < action->write_count; i++) {
        const struct model_write *write = &action->writes[i];
        struct frame_request request;
        struct frame_reply reply;
        TRY(frame_write(device->address, write->at, write->values, write->count, &request));
        enum rc rc = exchange(device, &request, event, &reply);
        if (rc != RC_OK) {
            return event->write_left ? RC_UNKNOWN : rc;
        }
    }
    return RC_OK;
}

enum rc device_write_recipe(const struct device *device, const char *name,
                            const struct recipe_value *values, size_t count,
                            struct device_event *event)
{
    assert(device != NULL && name != NULL && event != NULL);
    const struct model_recipe *recipe = recipe_find(device->model, name);
    uint8_t data[RECIPE_BYTES_MAX];
    size_t len = 0;
    struct frame_request request;
    struct frame_reply reply;
    event_begin(event);
    if (recipe == NULL || recipe->function != FRAME_FUNCTION_PRIVATE) {
        return RC_NOT_FOUND;
    }
    TRY(recipe_fill(recipe, values, count, data, &len));
    TRY(frame_private(device->address, recipe->start, data, len, &request));
    (void)FAILPOINT("mb.pre_write");
    enum rc rc = exchange(device, &request, event, &reply);
    (void)FAILPOINT("mb.post_reply");
    return rc != RC_OK && event->write_left ? RC_UNKNOWN : rc;
}

static enum rc write_bytes(const struct device *device, uint16_t at, const uint8_t *bytes,
                           size_t len, struct device_event *event)
{
    uint16_t values[RATE_TABLE_DAY_BYTES / 2];
    struct frame_request request;
    struct frame_reply reply;
    assert(len / 2 <= ARRAY_LEN(values));
    for (size_t i = 0; i < len / 2; i++) {
        values[i] = (uint16_t)(bytes[i * 2] << 8 | bytes[i * 2 + 1]);
    }
    TRY(frame_write(device->address, at, values, (uint16_t)(len / 2), &request));
    enum rc rc = exchange(device, &request, event, &reply);
    return rc != RC_OK && event->write_left ? RC_UNKNOWN : rc;
}

enum rc device_write_tables(const struct device *device, const struct rate_table_bytes *tables,
                            struct device_event *event)
{
    static const enum rate_table_part days[RATE_TABLE_DAYS] = {RATE_TABLE_DAY_1, RATE_TABLE_DAY_2};
    assert(device != NULL && tables != NULL && event != NULL);
    const struct model_tables *places = &device->model->tables;
    event_begin(event);
    if (!places->present) {
        return RC_NOT_FOUND;
    }
    for (size_t i = 0; i < RATE_TABLE_DAYS; i++) { /* before the zones that name them */
        if ((tables->parts & days[i]) != 0) {
            TRY(write_bytes(device, places->days_at[i], tables->days[i], sizeof(tables->days[i]),
                            event));
        }
    }
    if ((tables->parts & RATE_TABLE_ZONES) != 0) {
        TRY(write_bytes(device, places->zones_at, tables->zones, sizeof(tables->zones), event));
    }
    return RC_OK;
}

enum rc device_read_prices(const struct device *device, struct reading *reading,
                           struct device_event *event)
{
    static const enum point prices[] = {POINT_price_sharp, POINT_price_peak, POINT_price_flat,
                                        POINT_price_valley};
    assert(device != NULL && reading != NULL && event != NULL);
    struct reading fresh = *reading;
    event_begin(event);
    for (size_t i = 0; i < ARRAY_LEN(prices); i++) {
        const struct model_point *row = model_find_point(device->model, prices[i]);
        int64_t value = 0;
        if (row == NULL) {
            return RC_NOT_FOUND;
        }
        for (size_t k = 0; k < device->model->slow.count; k++) {
            const struct plan_block *block = &device->model->slow.blocks[k];
            bool inside = row->at >= block->at && row->at < block->at + block->count;
            if (inside && !reading_get(&fresh, prices[i], &value)) {
                TRY(read_block(device, block, &fresh, event));
            }
        }
    }
    *reading = fresh;
    return RC_OK;
}

static void facts_of(const struct device *device, const struct reading *reading,
                     struct device_facts *facts)
{
    static const enum point currents[3] = {POINT_current_a, POINT_current_b, POINT_current_c};
    int64_t enable = 0;
    int64_t trip = 0;
    facts->reading = *reading;
    facts->status = model_status(device->model, reading);
    facts->relay = facts->status.relay;
    facts->forced = facts->status.forced;
    facts->status_bits = -1;
    (void)reading_get(reading, POINT_status_bits, &facts->status_bits);
    facts->forced_word = -1;
    if (reading_get(reading, POINT_forced_enable, &enable) &&
        reading_get(reading, POINT_forced_trip, &trip)) {
        facts->forced_word = enable << 16 | trip;
    }
    for (int i = 0; i < 3; i++) {
        facts->current_ma[i] = -1;
        (void)reading_get(reading, currents[i], &facts->current_ma[i]);
    }
}

/* True if no condition whose point has been read is broken. */
static bool still_possible(const struct model_condition *conditions, size_t count,
                           const struct reading *reading)
{
    for (size_t i = 0; i < count; i++) {
        bool read = (reading->present >> conditions[i].point & 1) != 0;
        if (read && !model_condition_holds(&conditions[i], reading)) {
            return false;
        }
    }
    return true;
}

/* The conditions on points of this block are all about forced control, and hold in *held. */
static bool is_held(const struct model *model, const struct plan_block *block,
                    const struct model_condition *conditions, size_t count,
                    const struct reading *held)
{
    bool any = false;
    for (size_t i = 0; i < count; i++) {
        enum point point = conditions[i].point;
        const struct model_point *row = model_find_point(model, point);
        if (row == NULL || row->at < block->at || row->at >= block->at + block->count) {
            continue;
        }
        bool forced = point == POINT_forced_enable || point == POINT_forced_trip;
        if (!forced || !model_condition_holds(&conditions[i], held)) {
            return false;
        }
        any = true;
    }
    return any;
}

static void take_held(const struct reading *from, struct reading *into)
{
    static const enum point forced[2] = {POINT_forced_enable, POINT_forced_trip};
    for (size_t i = 0; i < ARRAY_LEN(forced); i++) {
        int64_t value = 0;
        if (reading_get(from, forced[i], &value)) {
            reading_set(into, forced[i], value);
        }
    }
}

struct confirming {
    const struct plan *plan;
    const struct model_condition *conditions;
    size_t count;
};

static bool confirming_of(const struct device *device, enum command_kind kind, bool external,
                          struct confirming *confirming)
{
    const struct model_action *action = offered_action(device, kind, external);
    if (action == NULL) {
        return false;
    }
    *confirming = (struct confirming){&action->read_back, action->confirm, action->confirm_count};
    if (external) {
        *confirming = (struct confirming){&action->read_back_external, action->confirm_external,
                                          action->confirm_external_count};
    }
    return true;
}

/* The relay still travels: time to read what else must hold. A failure here says nothing. */
static void read_ahead(const struct device *device, const struct confirming *confirming,
                       struct reading *held, struct device_event *event)
{
    for (size_t i = 1; i < confirming->plan->count; i++) {
        const struct plan_block *block = &confirming->plan->blocks[i];
        if (!is_held(device->model, block, confirming->conditions, confirming->count, held)) {
            struct reading more = {.present = 0};
            struct device_event ignored = *event;
            if (read_short(device, block, &more, event) == RC_OK) {
                take_held(&more, held);
            } else {
                event->error = ignored.error;
                event->exception = ignored.exception;
            }
            return;
        }
    }
}

enum rc device_confirm_more(const struct device *device, enum command_kind kind,
                            bool external_control, struct reading *held,
                            struct device_facts *ret_facts, struct device_event *event)
{
    assert(device != NULL && held != NULL && ret_facts != NULL && event != NULL);
    struct confirming confirming;
    struct reading reading = {.present = 0};
    event_begin(event);
    if (!confirming_of(device, kind, external_control, &confirming)) {
        return RC_NOT_FOUND;
    }
    const struct model_condition *conditions = confirming.conditions;
    for (size_t i = 0; i < confirming.plan->count; i++) {
        const struct plan_block *block = &confirming.plan->blocks[i];
        if (is_held(device->model, block, conditions, confirming.count, held)) {
            take_held(held, &reading);
        } else if (still_possible(conditions, confirming.count, &reading)) {
            TRY(read_short(device, block, &reading, event));
        }
    }
    struct device_facts facts = {.proved =
                                     model_conditions_hold(conditions, confirming.count, &reading)};
    facts_of(device, &reading, &facts);
    *ret_facts = facts;
    if (!facts.proved) {
        read_ahead(device, &confirming, held, event);
    }
    return RC_OK;
}

enum rc device_confirm(const struct device *device, enum command_kind kind, bool external_control,
                       struct device_facts *ret_facts, struct device_event *event)
{
    assert(device != NULL && ret_facts != NULL && event != NULL);
    struct confirming confirming;
    struct reading reading = {.present = 0};
    event_begin(event);
    if (!confirming_of(device, kind, external_control, &confirming)) {
        return RC_NOT_FOUND;
    }
    const struct plan *plan = confirming.plan;
    for (size_t i = 0; i < plan->count; i++) {
        if (still_possible(confirming.conditions, confirming.count, &reading)) {
            TRY(read_short(device, &plan->blocks[i], &reading, event));
        }
    }
    struct device_facts facts = {
        .proved = model_conditions_hold(confirming.conditions, confirming.count, &reading)};
    facts_of(device, &reading, &facts);
    *ret_facts = facts;
    return RC_OK;
}

int64_t device_fast_bound_us(const struct device *device)
{
    int64_t bound_us = 0;
    for (size_t i = 0; i < device->model->fast.count; i++) {
        bound_us += frame_time_read_us(&link_settings_of(device->link)->speed,
                                       device->model->fast.blocks[i].count);
    }
    return bound_us;
}
