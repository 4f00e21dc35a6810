/* The orders of a line in its owner thread: which is next, carrying it out, finding out what became
 * of older ones. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/base/clock.h"
#include "poller/line_inner.h"

#define VERIFY_AGAIN_MS 1000   /* between read-backs of an order found sent */
#define VERIFY_SILENT_LOOKS 5  /* unanswered read-backs until a sent order is unknown */
#define UNKNOWN_AGAIN_MS 10000 /* between read-backs of an order whose outcome is unknown */
#define ENDINGS_AGAIN_MS 1000
#define HANDLED_MS 30000          /* a snapshot is never older */
#define KNOWN_READING_MS 60000    /* a model code this old still counts */
#define KNOWN_RUN_WORD_MS 7200000 /* likewise the run word, a slow register */

/* ---- ports ---- */

struct work {
    struct line *line;
    struct line_meter *meter;
};

static enum rc port_take(void *context, int64_t id, struct command_order *ret_order)
{
    struct work *work = context;
    return work->line->host.take(work->line->host.context, id, ret_order);
}

static enum rc port_mark_sent(void *context, int64_t id)
{
    struct work *work = context;
    return work->line->host.mark_sent(work->line->host.context, id);
}

static enum rc port_end(void *context, int64_t id, const struct command_result *result)
{
    struct work *work = context;
    return work->line->host.end(work->line->host.context, id, result);
}

static enum rc port_identity(void *context, struct device_identity *identity,
                             struct device_event *event)
{
    struct work *work = context;
    TRY(device_read_identity(&work->meter->device, identity, event));
    if (identity->run_word >= 0) {
        work->meter->run_word_at_ms = clock_now_ms();
        work->meter->external_control = identity->external_control;
    }
    return RC_OK;
}

static enum rc port_serial(void *context, char serial_number[SERIAL_NUMBER_MAX],
                           struct device_event *event)
{
    struct work *work = context;
    return device_read_serial(&work->meter->device, serial_number, event);
}

static enum rc port_fast(void *context, struct reading *reading, struct device_event *event)
{
    struct work *work = context;
    reading->meter_id = work->meter->info.id;
    return device_read_fast(&work->meter->device, reading, event);
}

static enum rc port_write(void *context, enum command_kind kind, bool external,
                          struct device_event *event)
{
    struct work *work = context;
    return device_write_action(&work->meter->device, kind, external, event);
}

static enum rc port_confirm(void *context, enum command_kind kind, bool external,
                            struct reading *held, struct device_facts *facts,
                            struct device_event *event)
{
    struct work *work = context;
    return device_confirm_more(&work->meter->device, kind, external, held, facts, event);
}

static int64_t port_now(void *context)
{
    (void)context;
    return clock_monotonic_ms();
}

static void port_pause(void *context, int64_t ms)
{
    (void)context;
    struct timespec pause = {.tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000) * 1000000};
    (void)nanosleep(&pause, NULL);
}

static bool port_stopping(void *context)
{
    struct work *work = context;
    return line_is_stopping(work->line);
}

static struct order_ports ports_of(struct work *work)
{
    return (struct order_ports){.context = work,
                                .take = port_take,
                                .mark_sent = port_mark_sent,
                                .end = port_end,
                                .read_identity = port_identity,
                                .read_serial = port_serial,
                                .read_fast = port_fast,
                                .write = port_write,
                                .confirm = port_confirm,
                                .now_ms = port_now,
                                .pause = port_pause,
                                .stopping = port_stopping};
}

/* Who the meter is and how it switches was read lately; a serial number is then enough to know it
 * again. */
bool line_meter_is_known(const struct line_meter *meter)
{
    int64_t model_code = 0;
    int64_t now_at_ms = clock_now_ms();
    bool fresh = meter->memory.has_last && meter->answered_at_ms > 0 &&
                 now_at_ms - meter->memory.last.taken_at_ms < KNOWN_READING_MS;
    bool run_word =
        meter->run_word_at_ms > 0 && now_at_ms - meter->run_word_at_ms < KNOWN_RUN_WORD_MS;
    bool identity = !reading_get(&meter->memory.last, POINT_model_code, &model_code) ||
                    model_condition_holds(&meter->model->identity, &meter->memory.last);
    return fresh && run_word && identity &&
           model_find_point(meter->model, POINT_serial_number) != NULL;
}

static struct order_meter order_meter_of(struct line *line, const struct line_meter *meter)
{
    bool known = line_meter_is_known(meter);
    mutex_lock(&line->mutex);
    struct order_meter order_meter = {
        .model = meter->model,
        .relay_before = meter->memory.has_words ? meter->memory.relay : "unknown",
        .external_control = meter->info.external_control || meter->external_control,
        .is_known = known,
        .writable = line->writable,
        .travel_max_ms = line->tuning.relay_travel_ms};
    mutex_unlock(&line->mutex);
    return order_meter;
}

/* ---- the list in hand ---- */

static bool was_handled(const struct line *line, const struct command_order *order)
{
    int64_t since_ms = clock_monotonic_ms() - HANDLED_MS;
    for (size_t i = 0; i < LINE_HANDLED_MAX; i++) {
        if (line->handled[i].id == order->id && line->handled[i].at_ms > since_ms) {
            return true;
        }
    }
    return false;
}

static void note_handled(struct line *line, int64_t command_id)
{
    line->handled[line->handled_next % LINE_HANDLED_MAX] =
        (struct line_handled){command_id, clock_monotonic_ms()};
    line->handled_next++;
}

static struct line_order *find_order(struct line *line, int64_t command_id)
{
    for (size_t i = 0; i < line->orders_count; i++) {
        if (line->orders[i].order.id == command_id) {
            return &line->orders[i];
        }
    }
    return NULL;
}

static void drop_order(struct line *line, struct line_order *order)
{
    size_t index = (size_t)(order - line->orders);
    line->orders_count--;
    memmove(order, order + 1, (line->orders_count - index) * sizeof(*order));
}

static void keep_one(struct line *line, const struct command_order *order, struct line_order *kept,
                     size_t *kept_count)
{
    if (was_handled(line, order)) {
        return;
    }
    struct line_order *before = find_order(line, order->id);
    struct line_order *now = &kept[(*kept_count)++];
    *now = before != NULL ? *before : (struct line_order){.first_seen_ms = clock_monotonic_ms()};
    if (before != NULL && before->order.state == COMMAND_PENDING &&
        order->state != COMMAND_PENDING) {
        now->first_seen_ms = clock_monotonic_ms();
        now->not_before_ms = 0;
    }
    now->order = *order;
}

void line_orders_refresh(struct line *line)
{
    struct command_order inbox[LINE_ORDERS_MAX];
    mutex_lock(&line->mutex);
    bool fresh = line->inbox_fresh;
    size_t count = line->inbox_count;
    if (fresh) {
        memcpy(inbox, line->inbox, count * sizeof(*inbox));
        line->inbox_fresh = false;
        int64_t waited_us = clock_monotonic_us() - line->inbox_since_us;
        if (count > line->orders_count && waited_us > line->view.order_waits_us) {
            line->view.order_waits_us = waited_us;
        }
    }
    mutex_unlock(&line->mutex);
    if (!fresh) {
        return;
    }
    struct line_order kept[LINE_ORDERS_MAX];
    size_t kept_count = 0;
    for (size_t i = 0; i < count; i++) {
        keep_one(line, &inbox[i], kept, &kept_count);
    }
    memcpy(line->orders, kept, kept_count * sizeof(*kept));
    line->orders_count = kept_count;
}

/* ---- work ---- */

size_t line_meter_index(const struct line *line, int64_t meter_id)
{
    size_t index = 0;
    while (index < line->meters_count && line->meters[index].info.id != meter_id) {
        index++;
    }
    return index;
}

static void hold_ending(struct line *line, int64_t command_id, const struct order_report *report)
{
    if (line->endings == NULL) {
        line->endings = calloc(LINE_ENDINGS_MAX, sizeof(*line->endings));
    }
    if (line->endings == NULL || line->endings_count == LINE_ENDINGS_MAX) {
        return; /* it stays `sent` and is found out by reading back */
    }
    line->endings[line->endings_count].command_id = command_id;
    line->endings[line->endings_count++].report = *report;
    line->endings_at_ms = clock_monotonic_ms() + ENDINGS_AGAIN_MS;
}

void line_note_work(struct line *line, size_t index, int64_t wire_us, bool answered,
                    const struct reading *reading)
{
    schedule_add_bound(&line->schedule, wire_us);
    if (answered) {
        line_note_meter(line, index, true);
        if (line->meters[index].slot >= 0) {
            schedule_note(&line->schedule, line->meters[index].slot, true, clock_monotonic_ms());
        }
    }
    if (reading != NULL) {
        line_take_reading(line, index, reading);
    }
}

static void settle(struct line *line, size_t index, int64_t command_id,
                   const struct order_report *report)
{
    line_note_work(line, index, report->wire_us, report->answered,
                   report->has_reading ? &report->reading : NULL);
    struct line_order *order = find_order(line, command_id);
    switch (report->outcome) {
    case ORDER_AGAIN:
        if (order != NULL) {
            order->not_before_ms = clock_monotonic_ms() + LINE_ORDER_AGAIN_MS;
        }
        return;
    case ORDER_END_LATER:
        hold_ending(line, command_id, report);
        break;
    case ORDER_ENDED:
        line->host.ended(line->host.context, report->state);
        break;
    case ORDER_NOT_TAKEN:
        break;
    }
    if (report->outcome == ORDER_ENDED && report->state == COMMAND_UNKNOWN && order != NULL) {
        order->order.state = COMMAND_UNKNOWN; /* stays in hand: later polls find it out */
        order->first_seen_ms = clock_monotonic_ms();
        order->not_before_ms = clock_monotonic_ms() + UNKNOWN_AGAIN_MS;
        return;
    }
    note_handled(line, command_id);
    if (order != NULL) {
        drop_order(line, order);
    }
}

/* After the end of an order: the new state, at once. */
static void read_after(struct line *line, size_t index)
{
    struct line_meter *meter = &line->meters[index];
    struct reading reading;
    memset(&reading, 0, sizeof(reading));
    reading.meter_id = meter->info.id;
    struct device_event event = {0};
    if (device_read_fast(&meter->device, &reading, &event) == RC_OK) {
        schedule_add_bound(&line->schedule, event.wire_bound_us);
        line_take_reading(line, index, &reading);
        line_note_meter(line, index, true);
    }
}

static void verify(struct line *line, size_t index, struct line_order *order)
{
    struct work work = {line, &line->meters[index]};
    struct order_ports ports = ports_of(&work);
    struct order_meter meter = order_meter_of(line, &line->meters[index]);
    int64_t now_ms = clock_monotonic_ms();
    struct command_order copy = order->order;
    bool travel_over = now_ms - order->first_seen_ms >= meter.travel_max_ms;
    bool give_up = travel_over && order->silent_looks >= VERIFY_SILENT_LOOKS;
    bool was_sent = copy.state == COMMAND_SENT;
    order->not_before_ms = now_ms + (was_sent ? VERIFY_AGAIN_MS : UNKNOWN_AGAIN_MS);
    struct order_report report;
    order_verify(&ports, &meter, &copy, travel_over, give_up, &report);
    if (report.outcome == ORDER_AGAIN) {
        order->silent_looks += !report.answered;
        schedule_add_bound(&line->schedule, report.wire_us);
        return;
    }
    settle(line, index, copy.id, &report);
    if (report.outcome == ORDER_ENDED && report.answered) {
        read_after(line, index);
    }
}

static void carry_out(struct line *line, size_t index, struct line_order *order)
{
    struct work work = {line, &line->meters[index]};
    struct order_ports ports = ports_of(&work);
    struct order_meter meter = order_meter_of(line, &line->meters[index]);
    bool writes = command_kind_writes(order->order.kind);
    int64_t command_id = order->order.id;
    struct order_report report;
    order_run(&ports, &meter, command_id, &report);
    settle(line, index, command_id, &report);
    bool ended = report.outcome == ORDER_ENDED || report.outcome == ORDER_END_LATER;
    if (writes && ended && report.state != COMMAND_UNKNOWN && !report.has_reading) {
        read_after(line, index);
    }
    line_publish(line);
}

static bool flush_endings(struct line *line)
{
    if (line->endings_count == 0 || clock_monotonic_ms() < line->endings_at_ms) {
        return false;
    }
    struct work work = {.line = line};
    struct order_ports ports = ports_of(&work);
    struct line_ending *ending = &line->endings[0];
    enum rc rc = order_end_again(&ports, ending->command_id, &ending->report);
    if (rc == RC_UNAVAILABLE || rc == RC_UNKNOWN || rc == RC_RETRY) {
        line->endings_at_ms = clock_monotonic_ms() + ENDINGS_AGAIN_MS;
        return false;
    }
    if (rc == RC_OK) {
        line->host.ended(line->host.context, ending->report.state);
    }
    line->endings_count--;
    memmove(ending, ending + 1, line->endings_count * sizeof(*ending));
    return true;
}

/* An older order of the same meter whose frame may have left goes first: its read-back. */
static struct line_order *older_in_doubt(struct line *line, const struct line_order *order)
{
    for (size_t i = 0; i < line->orders_count; i++) {
        struct line_order *other = &line->orders[i];
        if (other->order.meter_id == order->order.meter_id && other->order.id != order->order.id &&
            other->order.state != COMMAND_PENDING) {
            return other;
        }
    }
    return NULL;
}

/* The order that is due now; pending ones first, then read-backs of those found sent. */
static struct line_order *next_order(struct line *line, int64_t now_ms)
{
    for (size_t i = 0; i < line->orders_count; i++) {
        struct line_order *order = &line->orders[i];
        if (order->order.state == COMMAND_PENDING && order->not_before_ms <= now_ms) {
            return order;
        }
    }
    for (size_t i = 0; i < line->orders_count; i++) {
        struct line_order *order = &line->orders[i];
        if (order->order.state == COMMAND_SENT && order->not_before_ms <= now_ms) {
            return order;
        }
    }
    return NULL;
}

int64_t line_orders_due_ms(const struct line *line)
{
    int64_t due_ms = line->endings_count > 0 ? line->endings_at_ms : INT64_MAX;
    for (size_t i = 0; i < line->orders_count; i++) {
        const struct line_order *order = &line->orders[i];
        if (order->order.state != COMMAND_UNKNOWN && order->not_before_ms < due_ms) {
            due_ms = order->not_before_ms;
        }
    }
    return due_ms;
}

bool line_orders_work(struct line *line)
{
    if (flush_endings(line)) {
        return true;
    }
    int64_t now_ms = clock_monotonic_ms();
    struct line_order *order = next_order(line, now_ms);
    if (order == NULL) {
        return false;
    }
    size_t index = line_meter_index(line, order->order.meter_id);
    if (index == line->meters_count || line->meters[index].model == NULL) {
        order->not_before_ms = now_ms + LINE_ORDER_AGAIN_MS; /* the map will be loaded again */
        return false;
    }
    if (order->order.state != COMMAND_PENDING) {
        verify(line, index, order);
        return true;
    }
    struct line_order *older = older_in_doubt(line, order);
    int64_t command_id = order->order.id;
    if (older != NULL) {
        bool was_sent = older->order.state == COMMAND_SENT;
        verify(line, index, older);
        order = find_order(line, command_id);
        if (order == NULL) {
            return true;
        }
        if (was_sent && older_in_doubt(line, order) != NULL) {
            order->not_before_ms = now_ms + VERIFY_AGAIN_MS;
            return true;
        }
    }
    carry_out(line, index, order);
    return true;
}

void line_orders_after_poll(struct line *line, size_t index)
{
    int64_t now_ms = clock_monotonic_ms();
    for (size_t i = 0; i < line->orders_count; i++) {
        struct line_order *order = &line->orders[i];
        if (order->order.meter_id == line->meters[index].info.id &&
            order->order.state == COMMAND_UNKNOWN && order->not_before_ms <= now_ms) {
            verify(line, index, order);
            return; /* the list may have changed */
        }
    }
}
