#include "poller/line.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/text.h"
#include "poller/line_inner.h"

#define ARENA_MAX_BYTES ((size_t)4 << 20)

static enum rc copy_string(struct arena *arena, const char **string)
{
    *string = arena_copy_string(arena, *string);
    return *string == NULL ? RC_MEMORY : RC_OK;
}

static enum rc copy_info(struct line *line, const struct field_line *info)
{
    line->info = *info;
    TRY(copy_string(&line->arena, &line->info.code));
    TRY(copy_string(&line->arena, &line->info.gateway_code));
    TRY(copy_string(&line->arena, &line->info.host));
    return copy_string(&line->arena, &line->info.device);
}

static const struct line_meter *find_meter(const struct line *line, int64_t meter_id)
{
    for (size_t i = 0; line != NULL && i < line->meters_count; i++) {
        if (line->meters[i].info.id == meter_id) {
            return &line->meters[i];
        }
    }
    return NULL;
}

/* What an earlier process read of the run word. */
static void note_run_word(struct line_meter *meter)
{
    if (meter->model == NULL || meter->info.run_word < 0) {
        return;
    }
    struct reading reading = {.present = 0};
    reading_set(&reading, POINT_run_word, meter->info.run_word);
    meter->run_word_at_ms = meter->info.run_word_at_ms;
    meter->external_control = meter->model->has_external_control &&
                              model_condition_holds(&meter->model->external_control, &reading);
}

/* An earlier process stored what the slow blocks bring; the run word comes last of the points. */
static bool is_known(const struct line_meter *meter, bool has_tables)
{
    bool has_run_word = model_find_point(meter->model, POINT_run_word) != NULL;
    return meter->info.run_word_at_ms > 0 && (!has_run_word || meter->info.run_word >= 0) &&
           (!has_tables || meter->info.tables_at_ms > 0);
}

static enum rc copy_meter(struct line *line, const struct field_meter *info,
                          const struct line *previous, struct line_meter *meter)
{
    meter->info = *info;
    TRY(copy_string(&line->arena, &meter->info.number));
    TRY(copy_string(&line->arena, &meter->info.serial_number));
    TRY(copy_string(&line->arena, &meter->info.model_code));
    meter->model = model_set_find(line->models, info->model_code);
    meter_memory_init(&meter->memory, info, meter->model, line->info.interval_s);
    note_run_word(meter);
    const struct line_meter *before = find_meter(previous, info->id);
    if (before != NULL && before->info.epoch == info->epoch) {
        meter->memory = before->memory;
        meter->counters = before->counters;
        meter->answered_at_ms = before->answered_at_ms;
        meter->run_word_at_ms = before->run_word_at_ms;
        meter->external_control = before->external_control;
        meter->has_prices = before->has_prices;
        meter->prices = before->prices;
    }
    meter->device = (struct device){.link = line->link,
                                    .model = meter->model,
                                    .counters = &meter->counters,
                                    .address = (uint8_t)info->address};
    meter->slot = -1;
    if (meter->model != NULL && line->slots_count < SCHEDULE_METERS_MAX) {
        meter->slot = line->slots_count++;
        line->slot_meters[meter->slot] = (int32_t)(meter - line->meters);
        struct schedule_meter *slot = &line->slots[meter->slot];
        slot->slow_blocks = (int32_t)device_slow_blocks(&meter->device);
        slot->rare_blocks = (int32_t)device_table_blocks(&meter->device);
        slot->filled = is_known(meter, slot->rare_blocks > 0);
    }
    return RC_OK;
}

static struct link_settings link_settings_from(const struct field_line *info)
{
    static const enum link_kind kinds[] = {[FIELD_MODBUS_TCP] = LINK_MODBUS_TCP,
                                           [FIELD_RTU_OVER_TCP] = LINK_RTU_OVER_TCP,
                                           [FIELD_SERIAL] = LINK_SERIAL};
    struct link_settings settings = {.kind = kinds[info->link],
                                     .port = info->port,
                                     .speed = {.baud = info->baud,
                                               .parity = info->parity,
                                               .stop_bits = info->stop_bits,
                                               .turnaround_ms = info->turnaround_ms},
                                     .response_timeout_ms = info->response_timeout_ms};
    text_copy(settings.host, sizeof(settings.host), info->host);
    text_copy(settings.device, sizeof(settings.device), info->device);
    return settings;
}

static enum rc fill(struct line *line, const struct field_map *map, size_t index,
                    const struct line *previous)
{
    const struct field_line *info = &map->lines[index];
    TRY(copy_info(line, info));
    struct link_settings settings = link_settings_from(info);
    TRY(link_create(&settings, &line->link));
    size_t count = info->meters_count;
    line->meters = arena_take_array(&line->arena, count + 1, sizeof(*line->meters));
    line->slots = arena_take_array(&line->arena, count + 1, sizeof(*line->slots));
    line->slot_meters = arena_take_array(&line->arena, count + 1, sizeof(*line->slot_meters));
    line->meter_views = arena_take_array(&line->arena, count + 1, sizeof(*line->meter_views));
    if (line->meters == NULL || line->slots == NULL || line->slot_meters == NULL ||
        line->meter_views == NULL) {
        return RC_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        const struct field_meter *meter = &map->meters[info->meters_first + i];
        TRY(copy_meter(line, meter, previous, &line->meters[i]));
        line->meter_views[i] = (struct line_meter_view){
            .meter_id = meter->id, .model_missing = line->meters[i].model == NULL};
    }
    line->meters_count = count;
    line->view = (struct line_view){.line_id = info->id,
                                    .gateway_id = info->gateway_id,
                                    .code = line->info.code,
                                    .meters = (int64_t)count,
                                    .cycle_ms = -1,
                                    .bound_ms = -1};
    return RC_OK;
}

enum rc line_create(const struct field_map *map, size_t index, const struct model_set *models,
                    const struct line_host *host, const struct line_tuning *tuning,
                    const struct line *previous, struct line **ret_line)
{
    assert(map != NULL && index < map->lines_count && models != NULL && host != NULL);
    assert(tuning != NULL && ret_line != NULL);
    assert(previous == NULL || !previous->started);
    struct line *line = calloc(1, sizeof(*line));
    if (line == NULL) {
        return RC_MEMORY;
    }
    arena_init(&line->arena, ARENA_MAX_BYTES);
    mutex_init(&line->mutex);
    condition_init(&line->wake);
    line->models = models;
    line->host = *host;
    line->tuning = *tuning;
    line->writable = map->lines[index].writable;
    enum rc rc = fill(line, map, index, previous);
    if (rc != RC_OK) {
        line_free(line);
        return rc;
    }
    schedule_init(&line->schedule, line->slots, line->slots_count,
                  (int64_t)line->info.cycle_s * 1000, tuning->slow_read_ms, clock_monotonic_ms());
    *ret_line = line;
    return RC_OK;
}

void line_free(struct line *line)
{
    if (line == NULL) {
        return;
    }
    assert(!line->started);
    link_free(line->link);
    for (size_t i = 0; i < line->questions_count; i++) {
        free(line->questions[i].model_json);
    }
    free(line->endings);
    arena_release(&line->arena);
    (void)pthread_cond_destroy(&line->wake);
    (void)pthread_mutex_destroy(&line->mutex);
    free(line);
}

void line_note_row(struct line *line, const struct reading_row *row)
{
    assert(line != NULL && !line->started && row != NULL);
    for (size_t i = 0; i < line->meters_count; i++) {
        if (line->meters[i].info.id == row->meter_id) {
            meter_memory_note_row(&line->meters[i].memory, row->taken_at_ms, line->info.interval_s);
            return;
        }
    }
}

enum rc line_start(struct line *line)
{
    assert(line != NULL && !line->started);
    char name[16];
    text_copy(name, sizeof(name), line->info.code);
    TRY(thread_start(&line->thread, name, line_run, line));
    line->started = true;
    return RC_OK;
}

void line_stop(struct line *line)
{
    assert(line != NULL);
    mutex_lock(&line->mutex);
    line->stopping = true;
    (void)pthread_cond_signal(&line->wake);
    mutex_unlock(&line->mutex);
}

void line_join(struct line *line)
{
    assert(line != NULL);
    if (line->started) {
        (void)pthread_join(line->thread, NULL);
        line->started = false;
    }
}

int64_t line_id(const struct line *line)
{
    return line->info.id;
}

static bool is_same_meter(const struct field_meter *a, const struct field_meter *b)
{
    return a->id == b->id && a->supply_id == b->supply_id && a->address == b->address &&
           a->epoch == b->epoch && a->ct_ratio == b->ct_ratio && a->pt_ratio == b->pt_ratio &&
           a->external_control == b->external_control && strcmp(a->number, b->number) == 0 &&
           strcmp(a->serial_number, b->serial_number) == 0 &&
           strcmp(a->model_code, b->model_code) == 0;
}

static bool is_same_info(const struct field_line *a, const struct field_line *b)
{
    return a->id == b->id && a->gateway_id == b->gateway_id && strcmp(a->code, b->code) == 0 &&
           strcmp(a->gateway_code, b->gateway_code) == 0 && strcmp(a->host, b->host) == 0 &&
           a->link == b->link && a->port == b->port && strcmp(a->device, b->device) == 0 &&
           a->baud == b->baud && a->parity == b->parity && a->stop_bits == b->stop_bits &&
           a->turnaround_ms == b->turnaround_ms &&
           a->response_timeout_ms == b->response_timeout_ms && a->cycle_s == b->cycle_s &&
           a->interval_s == b->interval_s && a->meters_count == b->meters_count;
}

bool line_is_same(const struct line *line, const struct field_map *map, size_t index)
{
    assert(line != NULL && map != NULL && index < map->lines_count);
    const struct field_line *info = &map->lines[index];
    if (!is_same_info(&line->info, info)) {
        return false;
    }
    for (size_t i = 0; i < info->meters_count; i++) {
        if (!is_same_meter(&line->meters[i].info, &map->meters[info->meters_first + i])) {
            return false;
        }
    }
    return true;
}

void line_set_writable(struct line *line, bool writable)
{
    mutex_lock(&line->mutex);
    line->writable = writable;
    mutex_unlock(&line->mutex);
}

void line_set_tuning(struct line *line, const struct line_tuning *tuning)
{
    mutex_lock(&line->mutex);
    line->tuning = *tuning;
    mutex_unlock(&line->mutex);
}

void line_set_orders(struct line *line, const struct command_order *orders, size_t count)
{
    assert(line != NULL && (orders != NULL || count == 0));
    mutex_lock(&line->mutex);
    if (count == 0 && line->inbox_count == 0) { /* nothing was, nothing is */
        mutex_unlock(&line->mutex);
        return;
    }
    if (!line->inbox_fresh) {
        line->inbox_since_us = clock_monotonic_us();
    }
    line->inbox_count = count < LINE_ORDERS_MAX ? count : LINE_ORDERS_MAX;
    if (line->inbox_count > 0) {
        memcpy(line->inbox, orders, line->inbox_count * sizeof(*orders));
    }
    line->inbox_fresh = true;
    (void)pthread_cond_signal(&line->wake);
    mutex_unlock(&line->mutex);
}

void line_set_deliveries(struct line *line, const struct delivery_look *looks, size_t count)
{
    assert(line != NULL && (looks != NULL || count == 0));
    mutex_lock(&line->mutex);
    if (count > 0 || line->delivery_inbox_count > 0) {
        line->delivery_inbox_count = count < LINE_DELIVERIES_MAX ? count : LINE_DELIVERIES_MAX;
        if (line->delivery_inbox_count > 0) {
            memcpy(line->delivery_inbox, looks, line->delivery_inbox_count * sizeof(*looks));
        }
        line->delivery_inbox_fresh = true;
        (void)pthread_cond_signal(&line->wake);
    }
    mutex_unlock(&line->mutex);
}

void line_set_adjustments(struct line *line, const struct adjustment_look *looks, size_t count)
{
    assert(line != NULL && (looks != NULL || count == 0));
    mutex_lock(&line->mutex);
    if (count > 0 || line->adjustment_inbox_count > 0) {
        line->adjustment_inbox_count = count < LINE_ADJUSTMENTS_MAX ? count : LINE_ADJUSTMENTS_MAX;
        if (line->adjustment_inbox_count > 0) {
            memcpy(line->adjustment_inbox, looks, line->adjustment_inbox_count * sizeof(*looks));
        }
        line->adjustment_inbox_fresh = true;
        (void)pthread_cond_signal(&line->wake);
    }
    mutex_unlock(&line->mutex);
}

void line_set_pushes(struct line *line, const struct push_look *looks, size_t count)
{
    assert(line != NULL && (looks != NULL || count == 0));
    mutex_lock(&line->mutex);
    if (count > 0 || line->push_inbox_count > 0) {
        line->push_inbox_count = count < LINE_PUSHES_MAX ? count : LINE_PUSHES_MAX;
        if (line->push_inbox_count > 0) {
            memcpy(line->push_inbox, looks, line->push_inbox_count * sizeof(*looks));
        }
        line->push_inbox_fresh = true;
        (void)pthread_cond_signal(&line->wake);
    }
    mutex_unlock(&line->mutex);
}

void line_set_watches(struct line *line, const struct power_watch *watches, size_t count)
{
    assert(line != NULL && (watches != NULL || count == 0));
    mutex_lock(&line->mutex);
    line->watches_count = count < LINE_WATCHES_MAX ? count : LINE_WATCHES_MAX;
    if (line->watches_count > 0) {
        memcpy(line->watches, watches, line->watches_count * sizeof(*watches));
    }
    mutex_unlock(&line->mutex);
}

enum rc line_ask(struct line *line, const struct line_question *question)
{
    assert(line != NULL && question != NULL);
    mutex_lock(&line->mutex);
    enum rc rc = line->questions_count < LINE_QUESTIONS_MAX ? RC_OK : RC_FULL;
    if (rc == RC_OK) {
        line->questions[line->questions_count++] = *question;
        (void)pthread_cond_signal(&line->wake);
    }
    mutex_unlock(&line->mutex);
    return rc;
}

size_t line_questions(struct line *line)
{
    assert(line != NULL);
    mutex_lock(&line->mutex);
    size_t count = line->questions_count;
    mutex_unlock(&line->mutex);
    return count;
}

bool line_is_at(const struct line *line, const struct link_settings *settings)
{
    assert(line != NULL && settings != NULL);
    if (settings->kind == LINK_SERIAL || line->info.link == FIELD_SERIAL) {
        return settings->kind == LINK_SERIAL && line->info.link == FIELD_SERIAL &&
               strcmp(settings->device, line->info.device) == 0;
    }
    return settings->port == line->info.port && strcmp(settings->host, line->info.host) == 0;
}

void line_look(struct line *line, struct line_view *ret_view)
{
    assert(line != NULL && ret_view != NULL);
    mutex_lock(&line->mutex);
    *ret_view = line->view;
    mutex_unlock(&line->mutex);
}

size_t line_look_meters(struct line *line, struct line_meter_view *views, size_t size)
{
    assert(line != NULL && (views != NULL || size == 0));
    mutex_lock(&line->mutex);
    for (size_t i = 0; i < line->meters_count && i < size; i++) {
        views[i] = line->meter_views[i];
        line->meter_views[i].doubts = 0;
    }
    mutex_unlock(&line->mutex);
    return line->meters_count;
}
