#include "poller/field_watch.h"

#include <assert.h>
#include <stdlib.h>

#define MINUTE_MS 60000

enum rc field_watch_resize(struct field_watch *watch, size_t lines, size_t meters)
{
    assert(watch != NULL);
    struct watch_line *new_lines = calloc(lines + 1, sizeof(*new_lines));
    struct watch_meter *new_meters = calloc(meters + 1, sizeof(*new_meters));
    if (new_lines == NULL || new_meters == NULL) {
        free(new_lines);
        free(new_meters);
        return RC_MEMORY;
    }
    field_watch_release(watch);
    *watch = (struct field_watch){
        .lines = new_lines, .lines_count = lines, .meters = new_meters, .meters_count = meters};
    return RC_OK;
}

void field_watch_release(struct field_watch *watch)
{
    assert(watch != NULL);
    free(watch->lines);
    free(watch->meters);
    *watch = (struct field_watch){0};
}

int64_t field_watch_errors(const struct link_counters *counters)
{
    return counters->crc + counters->foreign + counters->late + counters->short_frames;
}

static enum line_condition condition_of(const struct watch_line *line)
{
    if (!line->view.ever_answered) {
        return LINE_NEVER;
    }
    if (line->view.silent) {
        return LINE_SILENT;
    }
    return line->view.meters_silent > 0 || line->noisy ? LINE_DEGRADED : LINE_OK;
}

static void note_line(struct watch_line *line, int64_t now_ms, int64_t now_at_ms, bool minute)
{
    if (!line->view.silent || line->view.meters == 0) {
        line->silent_since_ms = 0;
    } else if (line->silent_since_ms == 0) {
        line->silent_since_ms = now_ms;
    }
    if (minute) {
        int64_t errors = field_watch_errors(&line->view.counters);
        line->noisy = errors - line->errors_at_minute >= WATCH_ERRORS_MIN;
        line->errors_at_minute = errors;
    }
    enum line_condition condition = condition_of(line);
    if (condition != line->condition || line->since_at_ms == 0) {
        line->condition = condition;
        line->since_at_ms = now_at_ms;
    }
}

static bool gateway_is_awake(const struct field_watch *watch, int64_t gateway_id)
{
    for (size_t i = 0; i < watch->lines_count; i++) {
        const struct watch_line *line = &watch->lines[i];
        if (line->view.gateway_id == gateway_id && line->view.meters > 0 &&
            line->silent_since_ms == 0) {
            return true;
        }
    }
    return false;
}

void field_watch_note(struct field_watch *watch, int64_t now_ms, int64_t now_at_ms)
{
    assert(watch != NULL);
    bool minute = now_ms - watch->minute_ms >= MINUTE_MS;
    watch->minute_ms = minute ? now_ms : watch->minute_ms;
    for (size_t i = 0; i < watch->lines_count; i++) {
        note_line(&watch->lines[i], now_ms, now_at_ms, minute);
    }
    for (size_t i = 0; i < watch->lines_count; i++) {
        struct watch_line *line = &watch->lines[i];
        bool awake = gateway_is_awake(watch, line->view.gateway_id);
        if (!awake || line->gateway_awake_ms == 0) {
            line->gateway_awake_ms = awake ? now_ms : 0;
        }
    }
    for (size_t i = 0; i < watch->meters_count; i++) {
        struct watch_meter *meter = &watch->meters[i];
        for (int k = 0; k < 3; k++) {
            if ((meter->view.doubts & (1u << k)) != 0) {
                meter->doubt_at_ms[k] = now_at_ms;
            }
        }
    }
}

struct alarm_list {
    struct field_alarm *alarms;
    size_t size;
    size_t count;
};

static void add(struct alarm_list *list, enum alarm_kind kind, enum field_object object, int64_t id)
{
    if (list->count < list->size) {
        list->alarms[list->count] = (struct field_alarm){kind, object, id};
    }
    list->count++;
}

static bool is_silent(const struct watch_line *line, int64_t now_ms)
{
    return line->silent_since_ms > 0 && now_ms - line->silent_since_ms >= WATCH_SILENT_MS;
}

/* True if every line with meters of this gateway is silent. */
static bool gateway_is_silent(const struct field_watch *watch, int64_t gateway_id, int64_t now_ms)
{
    bool any = false;
    for (size_t i = 0; i < watch->lines_count; i++) {
        const struct watch_line *line = &watch->lines[i];
        if (line->view.gateway_id != gateway_id || line->view.meters == 0) {
            continue;
        }
        if (!is_silent(line, now_ms)) {
            return false;
        }
        any = true;
    }
    return any;
}

static bool is_first_of_gateway(const struct field_watch *watch, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (watch->lines[i].view.gateway_id == watch->lines[index].view.gateway_id) {
            return false;
        }
    }
    return true;
}

static void add_meter(struct alarm_list *list, const struct watch_meter *meter, bool line_silent,
                      int64_t now_at_ms)
{
    static const enum alarm_kind doubts[3] = {ALARM_MODEL_MISMATCH, ALARM_ENERGY_BACK,
                                              ALARM_ENERGY_JUMP};
    int64_t id = meter->view.meter_id;
    if (meter->view.model_missing) {
        add(list, ALARM_MODEL_MISSING, FIELD_OBJECT_METER, id);
    }
    if (!line_silent && meter->view.silent_since_at_ms > 0) {
        add(list, ALARM_METER_SILENT, FIELD_OBJECT_METER, id);
    }
    if (meter->view.ratios == RATIO_DIFFERS) {
        add(list, ALARM_RATIO_MISMATCH, FIELD_OBJECT_METER, id);
    }
    for (int k = 0; k < 3; k++) {
        int64_t at_ms = meter->doubt_at_ms[k];
        if (at_ms > 0 && now_at_ms - at_ms < WATCH_DOUBT_MS) {
            add(list, doubts[k], FIELD_OBJECT_METER, id);
        }
    }
}

size_t field_watch_alarms(const struct field_watch *watch, int64_t now_ms, int64_t now_at_ms,
                          struct field_alarm *alarms, size_t size)
{
    assert(watch != NULL && (alarms != NULL || size == 0));
    struct alarm_list list = {alarms, size, 0};
    for (size_t i = 0; i < watch->lines_count; i++) {
        const struct watch_line *line = &watch->lines[i];
        bool line_silent = line->silent_since_ms > 0; /* at once: its meters are not to blame */
        if (gateway_is_silent(watch, line->view.gateway_id, now_ms)) {
            if (is_first_of_gateway(watch, i)) {
                add(&list, ALARM_GATEWAY_SILENT, FIELD_OBJECT_GATEWAY, line->view.gateway_id);
            }
        } else if (is_silent(line, now_ms) && line->gateway_awake_ms > 0 &&
                   now_ms - line->gateway_awake_ms >= WATCH_GATEWAY_MS) {
            add(&list, ALARM_LINE_SILENT, FIELD_OBJECT_LINE, line->view.line_id);
        } else if (line->noisy) {
            add(&list, ALARM_BUS_ERRORS, FIELD_OBJECT_LINE, line->view.line_id);
        }
        for (size_t k = 0; k < line->meters_count; k++) {
            add_meter(&list, &watch->meters[line->meters_first + k], line_silent, now_at_ms);
        }
    }
    return list.count;
}

bool field_watch_knows(const struct field_watch *watch, const struct field_alarm *alarm)
{
    assert(watch != NULL && alarm != NULL);
    for (size_t i = 0; i < watch->lines_count; i++) {
        const struct line_view *view = &watch->lines[i].view;
        if ((alarm->object == FIELD_OBJECT_LINE && view->line_id == alarm->object_id) ||
            (alarm->object == FIELD_OBJECT_GATEWAY && view->gateway_id == alarm->object_id)) {
            return true;
        }
    }
    for (size_t i = 0; alarm->object == FIELD_OBJECT_METER && i < watch->meters_count; i++) {
        const struct line_meter_view *view = &watch->meters[i].view;
        if (view->meter_id == alarm->object_id) {
            /* an alarm of an earlier process stays open until the meter was read again */
            return alarm->kind != ALARM_RATIO_MISMATCH || view->ratios != RATIO_NOT_KNOWN;
        }
    }
    return false;
}
