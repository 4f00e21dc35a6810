/* The owner thread of a line: chooses the most urgent job, does it, keeps the books. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/clock.h"
#include "poller/line_answer.h"
#include "poller/line_inner.h"

#define BUSY_PAUSE_MS 200     /* after "gateway busy" */
#define SPARED_MAX 3          /* times in a row; then the line goes on to the next meter */
#define LINK_WAIT_MAX_MS 1000 /* look at the inbox at least so often while the link is down */

bool line_is_stopping(struct line *line)
{
    mutex_lock(&line->mutex);
    bool stopping = line->stopping;
    mutex_unlock(&line->mutex);
    return stopping;
}

void line_wait(struct line *line, int64_t until_ms)
{
    int64_t due_ms = line_orders_due_ms(line);
    int64_t delivery_ms = line_deliveries_due_ms(line);
    due_ms = delivery_ms < due_ms ? delivery_ms : due_ms;
    int64_t adjustment_ms = line_adjustments_due_ms(line);
    due_ms = adjustment_ms < due_ms ? adjustment_ms : due_ms;
    int64_t push_ms = line_pushes_due_ms(line);
    due_ms = push_ms < due_ms ? push_ms : due_ms;
    until_ms = due_ms < until_ms ? due_ms : until_ms;
    mutex_lock(&line->mutex);
    while (!line->stopping && !line->inbox_fresh && !line->delivery_inbox_fresh &&
           !line->adjustment_inbox_fresh && !line->push_inbox_fresh && line->questions_count == 0 &&
           clock_monotonic_ms() < until_ms) {
        (void)condition_wait_until(&line->wake, &line->mutex, until_ms);
    }
    mutex_unlock(&line->mutex);
}

void line_publish(struct line *line)
{
    int64_t silent = 0;
    for (size_t i = 0; i < line->meters_count; i++) {
        silent += line->meters[i].silent_since_at_ms > 0;
    }
    const struct schedule_cycle *cycle = &line->schedule.last;
    mutex_lock(&line->mutex);
    struct line_view *view = &line->view;
    view->link_open = link_is_open(line->link);
    view->ever_answered = line->ever_answered;
    view->silent = !view->link_open || schedule_line_is_silent(&line->schedule);
    view->meters_silent = silent;
    view->cycle_number = cycle->number;
    view->cycle_ms = cycle->number > 0 ? cycle->wall_ms : -1;
    view->bound_ms = cycle->number > 0 ? cycle->bound_us / 1000 : -1;
    view->orders = (int64_t)line->orders_count;
    view->counters = *link_counters_of(line->link);
    mutex_unlock(&line->mutex);
}

void line_note_meter(struct line *line, size_t index, bool answered)
{
    struct line_meter *meter = &line->meters[index];
    int64_t now_at_ms = clock_now_ms();
    if (answered) {
        meter->failures = 0;
        meter->answered_at_ms = now_at_ms;
        meter->silent_since_at_ms = 0;
        line->ever_answered = true;
    } else {
        meter->failures++;
        if (meter->failures >= LINE_SILENT_TRIES && meter->silent_since_at_ms == 0) {
            meter->silent_since_at_ms = now_at_ms;
        }
    }
    int64_t probe_in_ms = 0;
    if (meter->slot >= 0 && line->slots[meter->slot].dead) {
        probe_in_ms = line->slots[meter->slot].probe_at_ms - clock_monotonic_ms();
    }
    mutex_lock(&line->mutex);
    struct line_meter_view *view = &line->meter_views[index];
    view->failures = meter->failures;
    view->answered_at_ms = meter->answered_at_ms;
    view->silent_since_at_ms = meter->silent_since_at_ms;
    view->backoff_until_at_ms = probe_in_ms > 0 ? now_at_ms + probe_in_ms : 0;
    view->counters = meter->counters;
    mutex_unlock(&line->mutex);
}

void line_take_reading(struct line *line, size_t index, const struct reading *reading)
{
    struct line_meter *meter = &line->meters[index];
    struct reading_entry entry;
    unsigned doubts = meter_memory_take(&meter->memory, &meter->info, meter->model,
                                        line->info.interval_s, &line->day, reading, &entry);
    enum ratio_check ratios =
        decode_check_ratios(reading, meter->info.ct_ratio, meter->info.pt_ratio);
    mutex_lock(&line->mutex);
    line->meter_views[index].doubts |= doubts;
    line->meter_views[index].ratios = ratios;
    mutex_unlock(&line->mutex);
    (void)!line->host.push(line->host.context, &entry); /* a loss is counted there */
}

void line_take_slow(struct line *line, size_t index, const struct reading *reading,
                    const struct rate_table_bytes *tables)
{
    struct reading_entry entry;
    memset(&entry, 0, sizeof(entry));
    entry.reading = *reading;
    entry.reading.meter_id = line->meters[index].info.id;
    entry.epoch = line->meters[index].info.epoch;
    entry.slow = true;
    entry.tables = *tables;
    int64_t run_word = 0;
    int64_t price_e4 = 0;
    struct line_meter *meter = &line->meters[index];
    if (reading_get(reading, POINT_price_flat, &price_e4)) {
        meter->prices = *reading;
        meter->has_prices = true;
    }
    if (reading_get(reading, POINT_run_word, &run_word)) {
        meter->run_word_at_ms = reading->taken_at_ms;
        meter->external_control = meter->model->has_external_control &&
                                  model_condition_holds(&meter->model->external_control, reading);
    }
    (void)!line->host.push(line->host.context, &entry);
}

/* The link is down, or the gateway is busy: neither is the meter's fault. */
static void rest(struct line *line, enum rc rc)
{
    int64_t pause_ms = BUSY_PAUSE_MS;
    if (rc == RC_UNAVAILABLE) {
        pause_ms = link_retry_in_ms(line->link);
        pause_ms = pause_ms > LINK_WAIT_MAX_MS ? LINK_WAIT_MAX_MS : pause_ms;
        pause_ms = pause_ms < 10 ? 10 : pause_ms;
    }
    line_publish(line);
    line_wait(line, clock_monotonic_ms() + pause_ms);
}

/* True while a failure is the gateway's. But a gateway that is busy, or hangs up, whenever it is
   asked for one certain meter must not hold up the others for ever. */
static bool is_spared(struct line_meter *meter, enum rc rc, const struct device_event *event)
{
    if (rc == RC_UNAVAILABLE && event->exchanges == 0) {
        return true; /* not even asked */
    }
    if (rc != RC_UNAVAILABLE && rc != RC_FULL) {
        meter->spared = 0;
        return false;
    }
    meter->spared++;
    return meter->spared <= SPARED_MAX; /* stays above until it answers */
}

static void do_step(struct line *line, const struct schedule_step *step)
{
    size_t index = (size_t)line->slot_meters[step->meter];
    struct line_meter *meter = &line->meters[index];
    struct reading reading;
    memset(&reading, 0, sizeof(reading));
    reading.meter_id = meter->info.id;
    struct rate_table_bytes tables = {.parts = 0};
    struct device_event event = {0};
    int64_t begun_us = clock_monotonic_us();
    bool slow = step->kind == SCHEDULE_SLOW;
    enum rc rc =
        slow ? device_read_slow(&meter->device, (size_t)step->slow_block, &reading, &tables, &event)
             : device_read_fast(&meter->device, &reading, &event);
    int64_t spent_us = clock_monotonic_us() - begun_us;
    if (is_spared(meter, rc, &event)) {
        rest(line, rc);
        return;
    }
    bool answered = rc == RC_OK;
    /* A meter that refuses a slow block still lives. */
    bool alive = answered || (slow && rc == RC_REFUSED);
    schedule_done(&line->schedule, step, alive, event.wire_bound_us, spent_us,
                  clock_monotonic_ms());
    line_note_meter(line, index, alive);
    if (answered && slow) {
        line_take_slow(line, index, &reading, &tables);
    } else if (answered) {
        line_take_reading(line, index, &reading);
        line_orders_after_poll(line, index);
        line_deliveries_after_poll(line, index, &reading);
    }
    line_publish(line);
}

static bool take_question(struct line *line, struct line_question *question)
{
    mutex_lock(&line->mutex);
    bool found = line->questions_count > 0;
    if (found) {
        *question = line->questions[0];
        line->questions_count--;
        memmove(line->questions, line->questions + 1,
                line->questions_count * sizeof(*line->questions));
    }
    mutex_unlock(&line->mutex);
    return found;
}

static void answer_question(struct line *line, const struct line_question *question)
{
    struct text json CLEANUP(text_release);
    text_init(&json, ANSWER_BYTES_MAX);
    bool done = line_answer(line->link, question, line->models, &json);
    (void)!line->host.answer(line->host.context, question->id, done, text_string(&json));
    line_publish(line);
}

/* Settings that other threads changed. */
static void take_settings(struct line *line)
{
    mutex_lock(&line->mutex);
    bool writable = line->writable;
    line->schedule.slow_ms = line->tuning.slow_read_ms;
    mutex_unlock(&line->mutex);
    link_set_writable(line->link, writable);
}

void *line_run(void *argument)
{
    struct line *line = argument;
    while (!line_is_stopping(line)) {
        take_settings(line);
        line_orders_refresh(line);
        line_deliveries_refresh(line);
        line_adjustments_refresh(line);
        line_pushes_refresh(line);
        if (line_orders_work(line) || line_deliveries_work(line) || line_adjustments_work(line)) {
            continue;
        }
        struct line_question question;
        if (take_question(line, &question)) {
            answer_question(line, &question);
            free(question.model_json);
            continue;
        }
        if (line_pushes_work(line)) {
            continue;
        }
        struct schedule_step step = schedule_next(&line->schedule, clock_monotonic_ms());
        if (step.kind == SCHEDULE_WAIT) {
            line_publish(line);
            line_wait(line, step.wait_until_ms);
        } else {
            do_step(line, &step);
        }
    }
    link_close(line->link);
    return NULL;
}
