/*
 * What is remembered of a meter between two readings, and how a reading becomes what is stored:
 * history rows at interval boundaries and at each change of relay or purchase count, the energy at
 * the start of the site's day, flags of doubt. One owner: the meter's line thread.
 */
#ifndef PW_POLLER_METER_MEMORY_H
#define PW_POLLER_METER_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

#include "core/rules/model.h"
#include "core/rules/plausibility.h"
#include "core/store/field_map.h"
#include "core/store/reading_store.h"
#include "poller/site_day.h"

struct meter_memory {
    bool has_last;
    struct reading last; /* fast points of the last good reading, or what MariaDB knew of it */
    char relay[READING_WORD_MAX];
    char forced[READING_WORD_MAX];
    bool has_words;        /* relay and forced are of a reading */
    int64_t last_interval; /* number of the interval that has its row; -1: none */
    int64_t day_start_at_ms;
    int64_t day_start_energy_wh;
};

/* Begins with what MariaDB knows. model may be NULL (file missing). interval_s: of the line. */
void meter_memory_init(struct meter_memory *memory, const struct field_meter *meter,
                       const struct model *model, int32_t interval_s);
/* A row that waits in the spool counts as written. */
void meter_memory_note_row(struct meter_memory *memory, int64_t taken_at_ms, int32_t interval_s);
/* Turns a fast reading into what is to be stored and remembers it. day: cache of the caller.
   Returns flags of enum plausibility. */
unsigned meter_memory_take(struct meter_memory *memory, const struct field_meter *meter,
                           const struct model *model, int32_t interval_s, struct site_day *day,
                           const struct reading *reading, struct reading_entry *ret_entry);

#endif
