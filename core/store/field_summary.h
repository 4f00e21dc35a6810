/*
 * How the field stands, in a few numbers: for paywattctl status and wait-read, and the alarm sweep.
 */
#ifndef PW_STORE_FIELD_SUMMARY_H
#define PW_STORE_FIELD_SUMMARY_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/rc.h"
#include "core/store/db.h"

struct field_summary {
    int64_t meters_total; /* in service on enabled lines */
    int64_t meters_read;  /* have a reading no older than fresh_ms */
    int64_t meters_ever;  /* were read at least once */
    bool has_oldest;
    int64_t oldest_at_ms; /* of those that were read */
    int64_t lines_total;
    int64_t lines_read_only;
    int64_t alarms_open;
    int64_t orders_open; /* pending, taken, sent, unknown */
    int64_t supplies_frozen;
    int64_t lock_outs;
    int64_t keep_ons;
    int64_t audit_unchained;
};

/* fresh_since_at_ms: readings taken before do not count as read. */
enum rc field_summary_read(struct db *db, struct arena *arena, int64_t fresh_since_at_ms,
                           struct field_summary *ret_summary) MUST_CHECK;

struct program_state {
    const char *program;
    int64_t shard;
    int64_t at_ms;
    int64_t started_at_ms;
    int64_t pid;
    int64_t spool_rows;
    const char *detail;
};

/* Heartbeats of all programs; strings in the arena. */
enum rc program_states_read(struct db *db, struct arena *arena, struct program_state **ret_states,
                            size_t *ret_count) MUST_CHECK;

struct line_summary {
    int64_t id;
    const char *code;
    const char *name;
    bool writable;
    bool enabled;
    int64_t shard;
    int64_t meters;
    const char *state; /* ok, degraded, silent, never */
    bool has_cycle;
    int64_t cycle_ms;
    int64_t bound_ms;
};

/* All lines by code. */
enum rc line_summaries_read(struct db *db, struct arena *arena, struct line_summary **ret_lines,
                            size_t *ret_count) MUST_CHECK;

#endif
