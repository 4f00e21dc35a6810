/* The adjustments of a line in its owner thread: money out of a meter by absolute values, with the
 * supply tripped. One step at a time, like deliveries; the next step begins with reading. */
#include <assert.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/text.h"
#include "poller/line_inner.h"

#define TRIP_AGAIN_MS 1000 /* while the forced trip is under way */
#define WAIT_AGAIN_MS 5000 /* a rule lets it wait */
#define SILENT_AGAIN_MS 3000
#define WRITE_MAX_MS 2000 /* a mark this old is not written on: we stood still in between */
#define READ_TRIES 2

struct step {
    struct line *line;
    size_t index;
    const struct adjustment_look *look;
    struct delivery_reading reading;
    struct reading fast;
    bool tripped;
    int64_t wire_us;
    bool answered;
};

/* ---- reading ---- */

static enum rc read_who(struct step *step)
{
    struct line_meter *meter = &step->line->meters[step->index];
    struct device_identity identity = {.model_matches = true};
    enum rc rc = RC_TIMEOUT;
    for (int i = 0; i < READ_TRIES && rc != RC_OK; i++) {
        struct device_event event = {0};
        rc = device_read_identity(&meter->device, &identity, &event);
        step->wire_us += event.wire_bound_us;
    }
    TRY(rc);
    if (!identity.model_matches || identity.encrypted) {
        return RC_REFUSED;
    }
    text_copy(step->reading.serial_number, sizeof(step->reading.serial_number),
              identity.serial_number);
    meter->external_control = identity.external_control;
    return RC_OK;
}

static bool is_tripped(const struct step *step)
{
    const struct line_meter *meter = &step->line->meters[step->index];
    struct meter_status status = model_status(meter->model, &step->fast);
    bool external = meter->info.external_control || meter->external_control;
    bool off = external ? !delivery_has_power(meter->model, true, &step->fast)
                        : status.relay == RELAY_OPEN;
    return status.forced == FORCED_TRIP && off;
}

static enum rc read_meter(struct step *step)
{
    struct line_meter *meter = &step->line->meters[step->index];
    enum rc rc = RC_TIMEOUT;
    TRY(read_who(step));
    for (int i = 0; i < READ_TRIES && rc != RC_OK; i++) {
        struct device_event event = {0};
        memset(&step->fast, 0, sizeof(step->fast));
        step->fast.meter_id = meter->info.id;
        rc = device_read_fast(&meter->device, &step->fast, &event);
        step->wire_us += event.wire_bound_us;
    }
    TRY(rc);
    if (!meter->has_prices) {
        struct device_event event = {0};
        TRY(device_read_prices(&meter->device, &meter->prices, &event));
        meter->has_prices = true;
    }
    step->answered = true;
    step->reading.read_at_mono_ms = clock_monotonic_ms();
    step->reading.taken_at_ms = step->fast.taken_at_ms;
    step->tripped = is_tripped(step);
    return evidence_make(meter->model, &step->fast, &meter->prices, &step->reading.evidence);
}

/* ---- steps ---- */

/* The absolute values, after their mark is committed. Whatever comes back proves nothing. */
static int64_t write_values(struct step *step)
{
    const struct line_host *host = &step->line->host;
    struct line_meter *meter = &step->line->meters[step->index];
    struct adjustment_frame frame;
    int64_t marked_ms = clock_monotonic_ms();
    if (line_is_stopping(step->line) ||
        host->adjustment_mark_written(host->context, step->look->id, &frame) != RC_OK ||
        clock_monotonic_ms() - marked_ms > WRITE_MAX_MS) {
        return WAIT_AGAIN_MS;
    }
    struct recipe_value values[] = {{"balance", frame.balance_fen}, {"count", frame.count}};
    struct device_event event = {0};
    enum rc rc =
        device_write_recipe(&meter->device, "parameters", values, ARRAY_LEN(values), &event);
    step->wire_us += event.wire_bound_us;
    return rc == RC_OK ? 0 : TRIP_AGAIN_MS;
}

static int64_t step_approved(struct step *step)
{
    const struct line_host *host = &step->line->host;
    const char *trip = step->look->trip_state;
    struct adjustment_frame frame;
    if (!step->tripped && step->look->trip_command_id == 0) {
        (void)!host->adjustment_trip(host->context, step->look->id);
        return TRIP_AGAIN_MS;
    }
    bool under_way = strcmp(trip, "pending") == 0 || strcmp(trip, "taken") == 0 ||
                     strcmp(trip, "sent") == 0 || strcmp(trip, "unknown") == 0;
    if (!step->tripped && under_way) {
        return TRIP_AGAIN_MS;
    }
    enum rc rc = host->adjustment_begin(host->context, step->look->id, &step->reading,
                                        step->tripped, &frame);
    return rc == RC_OK ? write_values(step) : WAIT_AGAIN_MS;
}

static int64_t step_writing(struct step *step)
{
    const struct line_host *host = &step->line->host;
    enum adjustment_verdict verdict = ADJUSTMENT_READ_FREEZE;
    enum rc rc = host->adjustment_settle(host->context, step->look->id, &step->reading, &verdict);
    if (rc != RC_OK || verdict != ADJUSTMENT_READ_REWRITE || !step->tripped) {
        return WAIT_AGAIN_MS; /* done, a person's, or not off: nothing is written */
    }
    return write_values(step);
}

static bool is_blocked(const struct adjustment_look *look)
{
    bool approved = look->state == ADJUSTMENT_APPROVED;
    return (approved && look->slot_taken) || look->frozen || !look->writable_line;
}

/* One step; answers after how many milliseconds the next one makes sense. */
static int64_t take_step(struct line *line, size_t index, struct line_adjustment *adjustment)
{
    struct step step = {.line = line, .index = index, .look = &adjustment->look};
    enum rc rc = read_meter(&step);
    int64_t pause_ms = SILENT_AGAIN_MS;
    if (rc == RC_OK) {
        bool approved = adjustment->look.state == ADJUSTMENT_APPROVED;
        pause_ms = approved ? step_approved(&step) : step_writing(&step);
        if (pause_ms == 0) { /* written: read back at once */
            adjustment->look.state = ADJUSTMENT_WRITING;
        }
    }
    line_note_work(line, index, step.wire_us, step.answered, NULL);
    return pause_ms;
}

/* ---- the list in hand ---- */

void line_adjustments_refresh(struct line *line)
{
    struct line_adjustment kept[LINE_ADJUSTMENTS_MAX] = {{.not_before_ms = 0}};
    mutex_lock(&line->mutex);
    if (line->adjustment_inbox_fresh) {
        for (size_t i = 0; i < line->adjustment_inbox_count; i++) {
            struct line_adjustment now = {.look = line->adjustment_inbox[i]};
            for (size_t k = 0; k < line->adjustments_count; k++) {
                const struct line_adjustment *before = &line->adjustments[k];
                bool moved = before->look.state != now.look.state ||
                             strcmp(before->look.trip_state, now.look.trip_state) != 0;
                if (before->look.id == now.look.id && !moved) {
                    now.not_before_ms = before->not_before_ms;
                }
            }
            kept[i] = now;
        }
        line->adjustments_count = line->adjustment_inbox_count;
        memcpy(line->adjustments, kept, sizeof(kept));
        line->adjustment_inbox_fresh = false;
    }
    mutex_unlock(&line->mutex);
}

int64_t line_adjustments_due_ms(const struct line *line)
{
    int64_t due_ms = INT64_MAX;
    for (size_t i = 0; i < line->adjustments_count; i++) {
        if (line->adjustments[i].not_before_ms < due_ms) {
            due_ms = line->adjustments[i].not_before_ms;
        }
    }
    return due_ms;
}

bool line_adjustments_work(struct line *line)
{
    int64_t now_ms = clock_monotonic_ms();
    for (size_t i = 0; i < line->adjustments_count; i++) {
        struct line_adjustment *adjustment = &line->adjustments[i];
        size_t index = line_meter_index(line, adjustment->look.meter_id);
        if (adjustment->not_before_ms > now_ms) {
            continue;
        }
        bool ready = index < line->meters_count && line->meters[index].model != NULL;
        if (!ready || is_blocked(&adjustment->look)) {
            adjustment->not_before_ms = now_ms + WAIT_AGAIN_MS;
            continue;
        }
        int64_t pause_ms = take_step(line, index, adjustment);
        adjustment->not_before_ms = clock_monotonic_ms() + pause_ms;
        line_publish(line);
        return true;
    }
    return false;
}
