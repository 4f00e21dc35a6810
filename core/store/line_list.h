/*
 * Lines: their list with health for the pages, and the row that an administrator makes writable.
 */
#ifndef PW_STORE_LINE_LIST_H
#define PW_STORE_LINE_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/rc.h"
#include "core/store/db.h"

#define LINES_MAX 2000
#define LINE_METERS_MAX 500
#define LINE_HISTORY_MAX 500

struct line_row { /* ROW_NULL where a number is not known */
    int64_t id;
    const char *code;
    const char *name;
    int64_t gateway_id;
    const char *link;         /* modbus_tcp, rtu_over_tcp, serial */
    const char *address_text; /* "10.0.0.5:502" or a device */
    int64_t baud;
    const char *parity;
    int64_t stop_bits;
    int64_t cycle_s;
    bool read_only;
    bool enabled;
    int64_t meters;
    int64_t meters_silent;
    const char *state; /* ok, degraded, silent, never */
    int64_t cycle_ms, bound_ms;
    int64_t cycle_ratio_percent; /* of the last cycle against its bound */
    int64_t transactions, timeouts, crc_errors, foreign_frames, late_frames, exceptions, reconnects;
    int64_t commands_pending;
    int64_t heartbeat_at;
};

struct line_meter_row {
    int64_t meter_id;
    const char *number;
    int64_t address;
    const char *unit_number;
    const char *state; /* "never"; the list of meters knows the word of a meter with a supply */
    int64_t taken_at;
    int64_t backoff_until_at;
    int64_t errors; /* timeouts, CRC errors, foreign and late frames, exceptions together */
};

struct line_history_row {
    int64_t at;
    int64_t cycle_ms;
    int64_t bound_ms;
    int64_t errors;
};

/* All lines by code, or one: line_id 0 for all. */
enum rc lines_list(struct db *db, struct arena *arena, int64_t line_id, struct line_row **ret_rows,
                   size_t *ret_count) MUST_CHECK;
/* Its meters by address. */
enum rc lines_meters(struct db *db, struct arena *arena, int64_t line_id,
                     struct line_meter_row **ret_rows, size_t *ret_count) MUST_CHECK;
/* Its newest history, oldest first. */
enum rc lines_history(struct db *db, struct arena *arena, int64_t line_id,
                      struct line_history_row **ret_rows, size_t *ret_count) MUST_CHECK;

/* Locks the row of a line and tells whether it is writable; its code lives in the arena.
 * RC_NOT_FOUND. */
enum rc lines_lock(struct db *db, struct arena *arena, int64_t line_id, bool *ret_writable,
                   const char **ret_code) MUST_CHECK;
/* changed_by: user id, 0 for an operator at the command line. Asserts a transaction. */
enum rc lines_set_writable(struct db *db, int64_t line_id, bool writable,
                           int64_t changed_by) MUST_CHECK;

#endif
