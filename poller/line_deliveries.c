/* The deliveries of a line in its owner thread: which is next, one step of it, when the next one is
 * due. Between two steps the line polls. */
#include <assert.h>
#include <string.h>

#include "core/base/clock.h"
#include "poller/line_inner.h"

#define WAIT_AGAIN_MS 5000  /* a rule lets it wait; the next look at MariaDB may say otherwise */
#define HOLD_AGAIN_MS 60000 /* over-hoard, or a meter that refuses: once a minute */
#define HANDLED_MS 3000     /* a snapshot is never older */

/* Pauses after steps without progress. */
static const int64_t pauses_ms[] = {300, 1000, 2000, 5000, 10000, 30000, 60000};

/* ---- ports ---- */

struct work {
    struct line *line;
    struct line_meter *meter;
};

static enum rc port_claim(void *context, int64_t id, const struct delivery_reading *reading,
                          struct delivery_frame *ret_frame, struct delivery_outcome *ret_outcome)
{
    const struct line_host *host = &((struct work *)context)->line->host;
    return host->delivery_claim(host->context, id, reading, ret_frame, ret_outcome);
}

static enum rc port_take_over(void *context, int64_t id)
{
    const struct line_host *host = &((struct work *)context)->line->host;
    return host->delivery_take_over(host->context, id);
}

static enum rc port_resume(void *context, int64_t id)
{
    const struct line_host *host = &((struct work *)context)->line->host;
    return host->delivery_resume(host->context, id);
}

static enum rc port_mark_sent(void *context, int64_t id, struct delivery_frame *ret_frame,
                              struct delivery_outcome *ret_outcome)
{
    const struct line_host *host = &((struct work *)context)->line->host;
    return host->delivery_mark_sent(host->context, id, ret_frame, ret_outcome);
}

static enum rc port_judge(void *context, int64_t id, const struct delivery_reading *reading,
                          enum readback_verdict *ret_verdict, struct delivery_outcome *ret_outcome)
{
    const struct line_host *host = &((struct work *)context)->line->host;
    return host->delivery_judge(host->context, id, reading, ret_verdict, ret_outcome);
}

static enum rc port_note_wait(void *context, int64_t id, const char *wait_code)
{
    const struct line_host *host = &((struct work *)context)->line->host;
    return host->delivery_note_wait(host->context, id, wait_code);
}

static enum rc port_identity(void *context, struct device_identity *identity,
                             struct device_event *event)
{
    struct line_meter *meter = ((struct work *)context)->meter;
    TRY(device_read_identity(&meter->device, identity, event));
    if (identity->run_word >= 0) {
        meter->run_word_at_ms = clock_now_ms();
        meter->external_control = identity->external_control;
    }
    return RC_OK;
}

static enum rc port_serial(void *context, char serial_number[SERIAL_NUMBER_MAX],
                           struct device_event *event)
{
    struct line_meter *meter = ((struct work *)context)->meter;
    return device_read_serial(&meter->device, serial_number, event);
}

static enum rc port_fast(void *context, struct reading *reading, struct device_event *event)
{
    struct line_meter *meter = ((struct work *)context)->meter;
    reading->meter_id = meter->info.id;
    return device_read_fast(&meter->device, reading, event);
}

static enum rc port_prices(void *context, struct reading *reading, struct device_event *event)
{
    struct line_meter *meter = ((struct work *)context)->meter;
    if (!meter->has_prices) {
        TRY(device_read_prices(&meter->device, &meter->prices, event));
        meter->has_prices = true;
    }
    *reading = meter->prices;
    return RC_OK;
}

static enum rc port_write(void *context, const struct delivery_frame *frame,
                          struct device_event *event)
{
    struct line_meter *meter = ((struct work *)context)->meter;
    struct recipe_value values[] = {{"amount", frame->amount_fen}, {"count", frame->count}};
    return device_write_recipe(&meter->device, "purchase", values, ARRAY_LEN(values), event);
}

static int64_t port_now(void *context)
{
    (void)context;
    return clock_monotonic_ms();
}

static bool port_stopping(void *context)
{
    return line_is_stopping(((struct work *)context)->line);
}

static struct delivery_ports ports_of(struct work *work)
{
    return (struct delivery_ports){.context = work,
                                   .claim = port_claim,
                                   .take_over = port_take_over,
                                   .resume = port_resume,
                                   .mark_sent = port_mark_sent,
                                   .judge = port_judge,
                                   .note_wait = port_note_wait,
                                   .read_identity = port_identity,
                                   .read_serial = port_serial,
                                   .read_fast = port_fast,
                                   .read_prices = port_prices,
                                   .write = port_write,
                                   .now_ms = port_now,
                                   .stopping = port_stopping};
}

/* ---- the list in hand ---- */

static bool was_handled(const struct line *line, int64_t id)
{
    int64_t since_ms = clock_monotonic_ms() - HANDLED_MS;
    for (size_t i = 0; i < LINE_HANDLED_MAX; i++) {
        if (line->delivered[i].id == id && line->delivered[i].at_ms > since_ms) {
            return true;
        }
    }
    return false;
}

/* Why it waits by what MariaDB says, "" if it does not. What is in flight may always be read. */
static const char *blocked_by(const struct delivery_look *look)
{
    bool in_flight = look->has_count && look->state != DELIVERY_HOLD;
    if (in_flight) {
        return "";
    }
    if (!look->has_count && look->slot_taken) {
        return "slot_taken";
    }
    if (look->frozen) {
        return "frozen";
    }
    if (look->restore_pending) {
        return "restore_check";
    }
    return look->writable_line ? "" : "read_only_line";
}

static int64_t first_due_ms(const struct delivery_look *look)
{
    int64_t now_ms = clock_monotonic_ms();
    int64_t age_ms = clock_now_ms() - look->changed_at_ms;
    if (look->state != DELIVERY_HOLD || age_ms < 0 || age_ms > HOLD_AGAIN_MS) {
        return now_ms;
    }
    return now_ms + HOLD_AGAIN_MS - age_ms;
}

static void keep_one(struct line *line, const struct delivery_look *look,
                     struct line_delivery *kept, size_t *kept_count)
{
    if (was_handled(line, look->id)) {
        return;
    }
    struct line_delivery *now = &kept[(*kept_count)++];
    *now = (struct line_delivery){.look = *look, .not_before_ms = first_due_ms(look)};
    for (size_t i = 0; i < line->deliveries_count; i++) {
        const struct line_delivery *before = &line->deliveries[i];
        if (before->look.id != look->id) {
            continue;
        }
        bool freed = blocked_by(&before->look)[0] != '\0' && blocked_by(look)[0] == '\0';
        bool moved = before->look.state != look->state;
        now->tries = moved ? 0 : before->tries;
        now->silent = before->silent;
        now->not_before_ms = freed || moved ? now->not_before_ms : before->not_before_ms;
    }
    now->mine = strcmp(look->claimed_by, line->host.instance) == 0;
}

void line_deliveries_refresh(struct line *line)
{
    struct delivery_look inbox[LINE_DELIVERIES_MAX];
    mutex_lock(&line->mutex);
    bool fresh = line->delivery_inbox_fresh;
    size_t count = line->delivery_inbox_count;
    if (fresh) {
        memcpy(inbox, line->delivery_inbox, count * sizeof(*inbox));
        line->delivery_inbox_fresh = false;
    }
    mutex_unlock(&line->mutex);
    if (!fresh) {
        return;
    }
    struct line_delivery kept[LINE_DELIVERIES_MAX];
    size_t kept_count = 0;
    for (size_t i = 0; i < count; i++) {
        keep_one(line, &inbox[i], kept, &kept_count);
    }
    memcpy(line->deliveries, kept, kept_count * sizeof(*kept));
    line->deliveries_count = kept_count;
}

static void drop(struct line *line, struct line_delivery *delivery)
{
    size_t index = (size_t)(delivery - line->deliveries);
    line->deliveries_count--;
    memmove(delivery, delivery + 1, (line->deliveries_count - index) * sizeof(*delivery));
}

/* ---- work ---- */

/* An earlier one of the same meter has the turn; one that is held for room lets smaller ones pass.
 */
static bool has_turn(const struct line *line, size_t at)
{
    for (size_t i = 0; i < at; i++) {
        const struct delivery_look *earlier = &line->deliveries[i].look;
        bool passes = earlier->state == DELIVERY_HOLD && !earlier->has_count;
        if (earlier->meter_id == line->deliveries[at].look.meter_id && !passes) {
            return false;
        }
    }
    return true;
}

static struct line_delivery *next_delivery(struct line *line, int64_t now_ms)
{
    for (size_t i = 0; i < line->deliveries_count; i++) {
        if (line->deliveries[i].not_before_ms <= now_ms && has_turn(line, i)) {
            return &line->deliveries[i];
        }
    }
    return NULL;
}

int64_t line_deliveries_due_ms(const struct line *line)
{
    int64_t due_ms = INT64_MAX;
    for (size_t i = 0; i < line->deliveries_count; i++) {
        if (line->deliveries[i].not_before_ms < due_ms && has_turn(line, i)) {
            due_ms = line->deliveries[i].not_before_ms;
        }
    }
    return due_ms;
}

static void again(struct line *line, size_t index, struct line_delivery *delivery,
                  const struct delivery_report *report)
{
    int64_t now_ms = clock_monotonic_ms();
    if (report->soon) {
        uint8_t address = line->meters[index].device.address;
        int64_t ready_ms = link_ready_at_us(line->link, address) / 1000 + 1;
        delivery->not_before_ms = ready_ms > now_ms ? ready_ms : now_ms;
        return;
    }
    size_t last = ARRAY_LEN(pauses_ms) - 1;
    size_t at = (size_t)delivery->tries < last ? (size_t)delivery->tries : last;
    delivery->tries += delivery->tries < (int32_t)last;
    delivery->not_before_ms = now_ms + pauses_ms[at];
}

static void after_step(struct line *line, size_t index, struct line_delivery *delivery,
                       const struct delivery_report *report)
{
    delivery->silent = !report->answered;
    if (report->sent) { /* it has its count now */
        delivery->look.has_count = true;
        delivery->look.state = report->outcome.state;
        delivery->mine = true;
    }
    switch (report->step) {
    case DELIVERY_STEP_AGAIN:
        again(line, index, delivery, report);
        return;
    case DELIVERY_STEP_WAITS: {
        bool hold = report->outcome.state == DELIVERY_HOLD;
        delivery->not_before_ms = clock_monotonic_ms() + (hold ? HOLD_AGAIN_MS : WAIT_AGAIN_MS);
        return;
    }
    case DELIVERY_STEP_ENDED:
        line->delivered[line->delivered_next++ % LINE_HANDLED_MAX] =
            (struct line_handled){delivery->look.id, clock_monotonic_ms()};
        break;
    case DELIVERY_STEP_GONE:
        break;
    }
    drop(line, delivery);
}

/* True if it waits by what MariaDB says; the reason is written down once. */
static bool is_blocked(struct line *line, struct line_delivery *delivery)
{
    const char *code = blocked_by(&delivery->look);
    if (code[0] == '\0') {
        return false;
    }
    bool told = strcmp(delivery->look.wait_code, code) == 0;
    if (!told && strcmp(code, "slot_taken") != 0) {
        (void)!line->host.delivery_note_wait(line->host.context, delivery->look.id, code);
    }
    delivery->not_before_ms = clock_monotonic_ms() + WAIT_AGAIN_MS;
    return true;
}

bool line_deliveries_work(struct line *line)
{
    int64_t now_ms = clock_monotonic_ms();
    struct line_delivery *delivery = next_delivery(line, now_ms);
    if (delivery == NULL) {
        return false;
    }
    size_t index = line_meter_index(line, delivery->look.meter_id);
    if (index == line->meters_count || line->meters[index].model == NULL) {
        delivery->not_before_ms = now_ms + LINE_ORDER_AGAIN_MS; /* the map will be loaded again */
        return false;
    }
    if (is_blocked(line, delivery)) {
        return true;
    }
    struct line_meter *meter = &line->meters[index];
    struct work work = {line, meter};
    struct delivery_ports ports = ports_of(&work);
    struct delivery_meter facts = {.model = meter->model,
                                   .external_control =
                                       meter->info.external_control || meter->external_control,
                                   .is_known = line_meter_is_known(meter)};
    struct delivery_report report;
    delivery_run(&ports, &facts, &delivery->look, delivery->mine, &report);
    line_note_work(line, index, report.wire_us, report.answered,
                   report.has_reading ? &report.reading : NULL);
    after_step(line, index, delivery, &report);
    line_publish(line);
    return true;
}

static void note_power(struct line *line, size_t index, const struct reading *reading)
{
    const struct line_meter *meter = &line->meters[index];
    bool external = meter->info.external_control || meter->external_control;
    struct power_watch seen = {.supply_id = 0};
    mutex_lock(&line->mutex);
    for (size_t i = 0; i < line->watches_count && seen.supply_id == 0; i++) {
        if (line->watches[i].meter_id == meter->info.id &&
            delivery_has_power(meter->model, external, reading)) {
            seen = line->watches[i];
            line->watches[i] = line->watches[--line->watches_count];
        }
    }
    mutex_unlock(&line->mutex);
    if (seen.supply_id != 0) {
        (void)!line->host.note_power(line->host.context, seen.supply_id, seen.epoch,
                                     reading->taken_at_ms);
    }
}

void line_deliveries_after_poll(struct line *line, size_t index, const struct reading *reading)
{
    for (size_t i = 0; i < line->deliveries_count; i++) {
        struct line_delivery *delivery = &line->deliveries[i];
        if (delivery->silent && delivery->look.meter_id == line->meters[index].info.id) {
            delivery->silent = false;
            delivery->tries = 0;
            delivery->not_before_ms = clock_monotonic_ms();
        }
    }
    note_power(line, index, reading);
}
