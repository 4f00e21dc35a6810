#include "poller/meter_memory.h"

#include <assert.h>
#include <string.h>

#include "core/base/text.h"
#include "core/rules/decode.h"

static int64_t interval_of(int64_t at_ms, int32_t interval_s)
{
    return at_ms / ((int64_t)interval_s * 1000);
}

static void set_words(struct meter_memory *memory, const struct model *model,
                      const struct reading *reading)
{
    struct meter_status status = model_status(model, reading);
    text_copy(memory->relay, sizeof(memory->relay), relay_name(status.relay));
    text_copy(memory->forced, sizeof(memory->forced), forced_name(status.forced));
}

void meter_memory_init(struct meter_memory *memory, const struct field_meter *meter,
                       const struct model *model, int32_t interval_s)
{
    assert(memory != NULL && meter != NULL && interval_s > 0);
    memset(memory, 0, sizeof(*memory));
    memory->last_interval = -1;
    if (meter->has_row) {
        meter_memory_note_row(memory, meter->row_taken_at_ms, interval_s);
    }
    if (!meter->has_state) {
        return;
    }
    memory->has_last = true;
    memory->last.meter_id = meter->id;
    memory->last.taken_at_ms = meter->state_taken_at_ms;
    if (meter->energy_wh >= 0) {
        reading_set(&memory->last, POINT_energy, meter->energy_wh);
    }
    if (meter->purchase_count >= 0) {
        reading_set(&memory->last, POINT_purchase_count, meter->purchase_count);
    }
    if (meter->status_bits >= 0 && model != NULL) {
        reading_set(&memory->last, POINT_status_bits, meter->status_bits);
        set_words(memory, model, &memory->last);
        memory->has_words = true;
    }
    memory->day_start_at_ms = meter->day_start_at_ms;
    memory->day_start_energy_wh = meter->day_start_energy_wh;
}

void meter_memory_note_row(struct meter_memory *memory, int64_t taken_at_ms, int32_t interval_s)
{
    assert(memory != NULL && interval_s > 0);
    int64_t interval = interval_of(taken_at_ms, interval_s);
    if (interval > memory->last_interval) {
        memory->last_interval = interval;
    }
}

/* Energy at midnight: on the straight line between the readings before and after it. */
static int64_t energy_at(const struct reading *before, const struct reading *after,
                         int64_t energy_wh, int64_t at_ms)
{
    int64_t before_wh = 0;
    if (before == NULL || !reading_get(before, POINT_energy, &before_wh) ||
        before->taken_at_ms >= at_ms || before_wh > energy_wh) {
        return energy_wh;
    }
    int64_t part_ms = at_ms - before->taken_at_ms;
    int64_t whole_ms = after->taken_at_ms - before->taken_at_ms;
    int64_t rise_wh = energy_wh - before_wh;
    if (rise_wh > INT64_C(1000000000) || whole_ms > INT64_C(400) * 86400 * 1000) {
        return energy_wh; /* nothing sensible can be said, and the product stays in range */
    }
    /* seconds are fine enough, and keep the product far from overflow */
    return before_wh + rise_wh * (part_ms / 1000) / (whole_ms / 1000 + 1);
}

static void take_day(struct meter_memory *memory, struct site_day *day,
                     const struct reading *reading, struct reading_entry *entry)
{
    int64_t energy_wh = 0;
    if (!reading_get(reading, POINT_energy, &energy_wh)) {
        return;
    }
    site_day_find(day, reading->taken_at_ms);
    if (memory->day_start_at_ms != day->start_ms) {
        memory->day_start_energy_wh =
            energy_at(memory->has_last ? &memory->last : NULL, reading, energy_wh, day->start_ms);
        memory->day_start_at_ms = day->start_ms;
    }
    entry->day_start_at_ms = memory->day_start_at_ms;
    entry->day_start_energy_wh = memory->day_start_energy_wh;
}

static bool has_changed(const struct meter_memory *memory, const struct reading *reading,
                        const char *relay, const char *forced)
{
    int64_t old_count = 0;
    int64_t new_count = 0;
    if (memory->has_words &&
        (strcmp(memory->relay, relay) != 0 || strcmp(memory->forced, forced) != 0)) {
        return true;
    }
    return memory->has_last && reading_get(&memory->last, POINT_purchase_count, &old_count) &&
           reading_get(reading, POINT_purchase_count, &new_count) && old_count != new_count;
}

unsigned meter_memory_take(struct meter_memory *memory, const struct field_meter *meter,
                           const struct model *model, int32_t interval_s, struct site_day *day,
                           const struct reading *reading, struct reading_entry *ret_entry)
{
    assert(memory != NULL && meter != NULL && model != NULL && reading != NULL);
    assert(day != NULL && ret_entry != NULL && interval_s > 0);
    struct plausibility_limits limits = {
        .model_code = model->identity.point == POINT_model_code ? model->identity.wanted : 0,
        .power_max_w = plausibility_power_max_w(meter->ct_ratio, meter->pt_ratio)};
    unsigned flags = plausibility_check(&limits, memory->has_last ? &memory->last : NULL, reading);

    memset(ret_entry, 0, sizeof(*ret_entry));
    ret_entry->reading = *reading;
    ret_entry->reading.meter_id = meter->id;
    ret_entry->epoch = meter->epoch;
    struct meter_status status = model_status(model, reading);
    text_copy(ret_entry->relay, sizeof(ret_entry->relay), relay_name(status.relay));
    text_copy(ret_entry->forced, sizeof(ret_entry->forced), forced_name(status.forced));
    struct clock_parts clock;
    if (decode_clock(reading, &clock)) {
        ret_entry->meter_clock_at_ms = site_day_from_parts(&clock);
    }
    take_day(memory, day, reading, ret_entry);
    int64_t interval = interval_of(reading->taken_at_ms, interval_s);
    if (interval > memory->last_interval) {
        ret_entry->kind = READING_INTERVAL;
        memory->last_interval = interval;
    } else if (has_changed(memory, reading, ret_entry->relay, ret_entry->forced)) {
        ret_entry->kind = READING_CHANGE;
    }
    memory->last = *reading;
    memory->has_last = true;
    memory->has_words = true;
    memcpy(memory->relay, ret_entry->relay, sizeof(memory->relay));
    memcpy(memory->forced, ret_entry->forced, sizeof(memory->forced));
    return flags;
}
