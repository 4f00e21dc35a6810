/* The pushes of a line in its owner thread: prices, thresholds and rate tables, read first, written
 * where they differ, read back. The least urgent of its writes, one step at a time. */
#include <assert.h>
#include <string.h>

#include "core/base/clock.h"
#include "poller/line_inner.h"

#define AGAIN_MS 2000 /* after frames without a clean answer, or without effect */
#define WAIT_AGAIN_MS 10000

struct step {
    struct line *line;
    size_t index;
    const struct push_look *look;
    struct reading reading; /* of the slow blocks */
    struct rate_table_bytes tables;
    int64_t wire_us;
};

static enum rc read_slow(struct step *step)
{
    const struct device *device = &step->line->meters[step->index].device;
    size_t points = device_slow_blocks(device) - device_table_blocks(device);
    size_t blocks = step->look->wanted.tables.parts != 0 ? device_slow_blocks(device) : points;
    memset(&step->reading, 0, sizeof(step->reading));
    memset(&step->tables, 0, sizeof(step->tables));
    step->reading.meter_id = step->line->meters[step->index].info.id;
    for (size_t i = 0; i < blocks; i++) {
        struct device_event event = {0};
        enum rc rc = device_read_slow(device, i, &step->reading, &step->tables, &event);
        step->wire_us += event.wire_bound_us;
        TRY(rc);
    }
    return RC_OK;
}

static size_t values_of(const struct push_wanted *wanted,
                        struct recipe_value values[PUSH_RATES + 4])
{
    size_t count = 0;
    if (wanted->has_prices) {
        static const char *const names[PUSH_RATES] = {"price_sharp", "price_peak", "price_flat",
                                                      "price_valley"};
        for (size_t i = 0; i < PUSH_RATES; i++) {
            values[count++] = (struct recipe_value){names[i], wanted->price_e4[i]};
        }
    }
    if (wanted->has_alarms) {
        values[count++] = (struct recipe_value){"alarm1", wanted->alarm_fen[0]};
        values[count++] = (struct recipe_value){"alarm2", wanted->alarm_fen[1]};
    }
    if (wanted->has_fee_control) {
        values[count++] = (struct recipe_value){"enable", wanted->fee_control ? 1 : 0};
    }
    if (wanted->has_overdraft) {
        values[count++] = (struct recipe_value){"overdraft", wanted->overdraft_fen};
    }
    return count;
}

/* All frames; what is answered proves nothing. */
static bool write_all(struct step *step)
{
    const struct device *device = &step->line->meters[step->index].device;
    const struct push_wanted *wanted = &step->look->wanted;
    struct recipe_value values[PUSH_RATES + 4];
    struct device_event event = {0};
    size_t count = values_of(wanted, values);
    enum rc rc = RC_OK;
    step->line->meters[step->index].has_prices = false; /* what a claim needs is read again */
    if (count > 0) {
        rc = device_write_recipe(device, "parameters", values, count, &event);
        step->wire_us += event.wire_bound_us;
    }
    if (rc == RC_OK && wanted->tables.parts != 0) {
        rc = device_write_tables(device, &wanted->tables, &event);
        step->wire_us += event.wire_bound_us;
    }
    return rc == RC_OK;
}

/* True: it stands in the meter, and that is stored. */
static bool stands(struct step *step)
{
    const struct line_host *host = &step->line->host;
    if (!push_stands(&step->look->wanted, &step->reading, &step->tables)) {
        return false;
    }
    struct rate_table_bytes no_tables = {.parts = 0};
    struct reading no_points = {.taken_at_ms = step->reading.taken_at_ms};
    line_take_slow(step->line, step->index, &step->reading, &no_tables);
    if (step->tables.parts != 0) {
        line_take_slow(step->line, step->index, &no_points, &step->tables);
    }
    return host->push_confirm(host->context, step->look->id) == RC_OK;
}

static int64_t take_step(struct line *line, size_t index, const struct push_look *look)
{
    const struct line_host *host = &line->host;
    struct step step = {.line = line, .index = index, .look = look};
    struct device_identity identity;
    struct device_event event = {0};
    int64_t pause_ms = AGAIN_MS;
    enum rc rc = device_read_identity(&line->meters[index].device, &identity, &event);
    step.wire_us = event.wire_bound_us;
    rc = rc == RC_OK ? read_slow(&step) : rc;
    bool answered = rc == RC_OK;
    if (answered && !stands(&step) && !line_is_stopping(line)) {
        rc = host->push_mark_written(host->context, look->id, identity.serial_number);
        pause_ms = WAIT_AGAIN_MS;
        if (rc == RC_OK) {
            bool clean = write_all(&step);
            pause_ms = AGAIN_MS;
            if (clean && read_slow(&step) == RC_OK) {
                (void)stands(&step);
            }
        }
    }
    line_note_work(line, index, step.wire_us, answered, NULL);
    return pause_ms;
}

void line_pushes_refresh(struct line *line)
{
    struct line_push kept[LINE_PUSHES_MAX];
    memset(kept, 0, sizeof(kept));
    mutex_lock(&line->mutex);
    if (line->push_inbox_fresh) {
        for (size_t i = 0; i < line->push_inbox_count; i++) {
            kept[i].look = line->push_inbox[i];
            for (size_t k = 0; k < line->pushes_count; k++) {
                if (line->pushes[k].look.id == kept[i].look.id) {
                    kept[i].not_before_ms = line->pushes[k].not_before_ms;
                }
            }
        }
        memcpy(line->pushes, kept, sizeof(kept));
        line->pushes_count = line->push_inbox_count;
        line->push_inbox_fresh = false;
    }
    mutex_unlock(&line->mutex);
}

int64_t line_pushes_due_ms(const struct line *line)
{
    int64_t due_ms = INT64_MAX;
    for (size_t i = 0; i < line->pushes_count; i++) {
        if (line->pushes[i].not_before_ms < due_ms) {
            due_ms = line->pushes[i].not_before_ms;
        }
    }
    return due_ms;
}

bool line_pushes_work(struct line *line)
{
    int64_t now_ms = clock_monotonic_ms();
    for (size_t i = 0; i < line->pushes_count; i++) {
        struct line_push *push = &line->pushes[i];
        size_t index = line_meter_index(line, push->look.meter_id);
        if (push->not_before_ms > now_ms) {
            continue;
        }
        bool ready = index < line->meters_count && line->meters[index].model != NULL;
        if (!ready || push->look.blocked) {
            push->not_before_ms = now_ms + WAIT_AGAIN_MS;
            continue;
        }
        int64_t pause_ms = take_step(line, index, &push->look);
        push->not_before_ms = clock_monotonic_ms() + pause_ms;
        line_publish(line);
        return true;
    }
    return false;
}
