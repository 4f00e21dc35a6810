#include "sim/field/field.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/base/clock.h"
#include "core/base/log.h"

struct meter_time field_time(struct field *field)
{
    int64_t now_ms = field->base_wall_ms + (loop_now_ns() - field->base_ns) / 1000000;
    if (now_ms / 60000 != field->zone_minute) {
        time_t seconds = (time_t)(now_ms / 1000);
        struct tm parts;
        if (localtime_r(&seconds, &parts) != NULL) {
            field->zone_offset_ms = (int64_t)parts.tm_gmtoff * 1000;
        }
        field->zone_minute = now_ms / 60000;
    }
    return (struct meter_time){.now_ms = now_ms,
                               .zone_offset_ms = field->zone_offset_ms,
                               .speed = field->options.speed,
                               .relay_travel_ms = field->options.relay_travel_ms};
}

/* When the meter's relays or breaker move next; 0 = nothing moves. */
static int64_t next_move_ms(const struct meter *meter)
{
    int64_t next_ms = meter->breaker_due_ms;
    for (int phase = 0; phase < METER_PHASES; phase++) {
        int64_t due_ms = meter->relays[phase].due_ms;
        if (due_ms != 0 && (next_ms == 0 || due_ms < next_ms)) {
            next_ms = due_ms;
        }
    }
    return next_ms;
}

static int64_t to_ns(const struct field *field, int64_t at_ms)
{
    return field->base_ns + (at_ms - field->base_wall_ms) * 1000000;
}

void field_touched(struct field *field, struct meter *meter)
{
    if (meter->urgent) {
        meter->urgent = false;
        field->store_now = true;
        field->chunk_fresh[meter - field->meters] = false;
    }
    int64_t move_ms = next_move_ms(meter);
    if (move_ms != 0 && field->loop != NULL && to_ns(field, move_ms) < field->tick.due_ns) {
        loop_set(field->loop, &field->tick, to_ns(field, move_ms));
    }
    control_wake(field);
}

static void tick_due(struct loop_timer *timer)
{
    struct field *field = (struct field *)(void *)((char *)timer - offsetof(struct field, tick));
    struct meter_time time = field_time(field);
    loop_set(field->loop, &field->tick, loop_now_ns() + (int64_t)FIELD_TICK_MS * 1000000);
    for (uint32_t i = 0; i < field->park.meters_len; i++) {
        meter_advance(&field->meters[i], &time);
        field_touched(field, &field->meters[i]);
    }
}

static void store_due(struct loop_timer *timer)
{
    struct field *field =
        (struct field *)(void *)((char *)timer - offsetof(struct field, store_timer));
    loop_set(field->loop, &field->store_timer, loop_now_ns() + (int64_t)FIELD_STORE_MS * 1000000);
    field_store(field, true);
}

void field_store(struct field *field, bool all)
{
    field->store_now = false;
    if (all) {
        memset(field->chunk_fresh, 0, sizeof *field->chunk_fresh * field->park.meters_len);
    }
    if (field->options.state_path == NULL) {
        return;
    }
    enum rc rc = state_file_write(field, field->options.state_path);
    field->stores++;
    if (rc != RC_OK && !field->store_failed) {
        log_write(LOG_ERROR, "field", "cannot store the state in %s: %m",
                  field->options.state_path);
    }
    field->store_failed = rc != RC_OK;
}

/* After each round: the truth is on disk before any answer that follows from it leaves. */
static void after_round(void *context)
{
    struct field *field = context;
    if (field->store_now) {
        field_store(field, false);
    }
    port_flush(field);
    control_flush(field);
}

void field_start(struct field *field)
{
    field->tick.due = tick_due;
    field->store_timer.due = store_due;
    loop_set(field->loop, &field->tick, loop_now_ns());
    loop_set(field->loop, &field->store_timer, loop_now_ns() + (int64_t)FIELD_STORE_MS * 1000000);
    loop_hook(field->loop, after_round, field);
}

static void build_line(struct field *field, uint32_t index)
{
    struct field_line *line = &field->lines[index];
    line->field = field;
    line->park = &field->park.lines[index];
    line->index = index;
    line->speed = wire_speed_of(line->park->baud, line->park->parity, line->park->stop_bits);
    line->listener.fd = -1;
    for (size_t i = 0; i < ARRAY_LEN(line->meter_at); i++) {
        line->meter_at[i] = FIELD_NO_METER;
    }
}

enum rc field_build(struct field *field)
{
    const struct park *park = &field->park;
    setenv("TZ", park->time_zone, 1);
    tzset();
    field->base_wall_ms = clock_now_ms();
    field->base_ns = loop_now_ns();
    field->meters = calloc(park->meters_len, sizeof *field->meters);
    field->lines = calloc(park->lines_len, sizeof *field->lines);
    field->gateways = calloc(park->gateways_len + 1, sizeof *field->gateways);
    field->clients = calloc(FIELD_CLIENTS_MAX, sizeof *field->clients);
    field->chunks = calloc(park->meters_len, sizeof *field->chunks);
    field->chunk_fresh = calloc(park->meters_len, sizeof *field->chunk_fresh);
    if (field->chunks == NULL || field->chunk_fresh == NULL || field->meters == NULL ||
        field->lines == NULL || field->gateways == NULL || field->clients == NULL) {
        return RC_MEMORY;
    }
    for (uint32_t i = 0; i < park->gateways_len; i++) {
        field->gateways[i] =
            (struct field_gateway){.park = &park->gateways[i], .queue_max = FIELD_QUEUE_MAX};
    }
    for (uint32_t i = 0; i < park->lines_len; i++) {
        build_line(field, i);
    }
    struct meter_time time = field_time(field);
    for (uint32_t i = 0; i < park->meters_len; i++) {
        meter_init(&field->meters[i], &park->meters[i], field->options.seed, &time);
        text_init(&field->chunks[i], FIELD_CHUNK_MAX);
        field->lines[park->meters[i].line].meter_at[park->meters[i].address] = i;
    }
    return RC_OK;
}

enum rc field_find_meter(const struct field *field, const char *number, uint32_t *ret_index)
{
    for (uint32_t i = 0; i < field->park.meters_len; i++) {
        if (strcmp(field->park.meters[i].number, number) == 0) {
            *ret_index = i;
            return RC_OK;
        }
    }
    return RC_NOT_FOUND;
}

enum rc field_find_line(const struct field *field, const char *code, uint32_t *ret_index)
{
    for (uint32_t i = 0; i < field->park.lines_len; i++) {
        if (strcmp(field->park.lines[i].code, code) == 0) {
            *ret_index = i;
            return RC_OK;
        }
    }
    return RC_NOT_FOUND;
}

enum rc field_find_gateway(const struct field *field, const char *code, uint32_t *ret_index)
{
    for (uint32_t i = 0; i < field->park.gateways_len; i++) {
        if (strcmp(field->park.gateways[i].code, code) == 0) {
            *ret_index = i;
            return RC_OK;
        }
    }
    return RC_NOT_FOUND;
}

void field_release(struct field *field)
{
    for (uint32_t i = 0; field->meters != NULL && i < field->park.meters_len; i++) {
        meter_release(&field->meters[i]);
        if (field->chunks != NULL) {
            text_release(&field->chunks[i]);
        }
    }
    free(field->chunks);
    free(field->chunk_fresh);
    free(field->meters);
    free(field->lines);
    free(field->gateways);
    free(field->clients);
    park_release(&field->park);
    loop_free(field->loop);
    *field = (struct field){0};
}
