/*
 * How lines and meters fare on the wire: line_state, line_history, meter_health. Written by the
 * poller's heartbeat, in bulk.
 */
#ifndef PW_STORE_LINE_STATE_H
#define PW_STORE_LINE_STATE_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/rc.h"
#include "core/base/text.h"
#include "core/store/db.h"

enum line_condition { LINE_NEVER, LINE_OK, LINE_DEGRADED, LINE_SILENT };

struct line_report {
    int64_t line_id;
    enum line_condition condition;
    int64_t since_at_ms;
    int64_t cycle_ms; /* -1: no whole cycle yet */
    int64_t bound_ms; /* -1 likewise */
    int64_t meters_silent;
    int64_t transactions, timeouts, crc_errors, foreign_frames, late_frames, exceptions, reconnects;
};

struct meter_report {
    int64_t meter_id;
    int64_t silent_since_at_ms;  /* 0: not silent */
    int64_t backoff_until_at_ms; /* 0: none */
    int64_t timeouts, crc_errors, foreign_frames, late_frames, exceptions;
};

/* Replaces the rows of these lines, with the present time as heartbeat. sql: work space. */
enum rc line_state_write(struct db *db, struct text *sql, const struct line_report *lines,
                         size_t count) MUST_CHECK;
/* Adds one row a line to line_history; errors: since the last row, in the order of lines. */
enum rc line_history_write(struct db *db, struct text *sql, const struct line_report *lines,
                           const int64_t *errors, size_t count) MUST_CHECK;
/* Replaces the health rows of these meters. Counters start at 0 with each poller process:
   `since_start` values are written as they are. */
enum rc meter_health_write(struct db *db, struct text *sql, const struct meter_report *meters,
                           size_t count) MUST_CHECK;

#endif
