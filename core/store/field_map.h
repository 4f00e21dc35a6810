/*
 * What one poller process has to poll: gateways, lines, meters of its shard, as MariaDB has them
 * now. A snapshot: plain values and strings that live in the arena it was loaded into.
 */
#ifndef PW_STORE_FIELD_MAP_H
#define PW_STORE_FIELD_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/rc.h"
#include "core/store/db.h"

#define FIELD_LINES_MAX 1000
#define FIELD_METERS_MAX 50000

enum field_link { FIELD_MODBUS_TCP, FIELD_RTU_OVER_TCP, FIELD_SERIAL };

struct field_line {
    int64_t id;
    int64_t gateway_id;
    const char *code;         /* "L01" */
    const char *gateway_code; /* "GW1" */
    const char *host;         /* "" for serial */
    enum field_link link;
    int32_t port;
    const char *device; /* "" for TCP */
    int32_t baud;
    char parity; /* N, E, O */
    int32_t stop_bits;
    int32_t turnaround_ms;
    int32_t response_timeout_ms;
    int32_t cycle_s;
    int32_t interval_s;
    bool writable;
    size_t meters_first; /* its meters: meters[meters_first .. + meters_count) */
    size_t meters_count;
};

struct field_meter {
    int64_t id;
    int64_t line_id;
    int64_t supply_id; /* 0: feeds nothing */
    int32_t address;
    int32_t epoch;
    int32_t ct_ratio;
    int32_t pt_ratio;
    bool external_control;
    const char *number;
    const char *serial_number; /* "" when not known */
    const char *model_code;
    /* Where its history stands. has_row: a history row exists; has_state: meter_state exists. */
    bool has_row;
    int64_t row_taken_at_ms;
    bool has_state;
    int64_t state_taken_at_ms;
    int64_t status_bits; /* of meter_state, -1 none */
    int64_t purchase_count;
    int64_t energy_wh;
    int64_t day_start_at_ms; /* 0: none */
    int64_t run_word;        /* of meter_parameter, -1 none */
    int64_t run_word_at_ms;
    int64_t tables_at_ms; /* when the rate tables were read, 0: not yet */
    int64_t day_start_energy_wh;
};

struct field_map {
    const char *time_zone; /* of the site */
    struct field_line *lines;
    size_t lines_count;
    struct field_meter *meters; /* by line, then address */
    size_t meters_count;
    int64_t version; /* field_map_version when it was loaded */
};

/* A number that changes whenever anything in the map does (an import, a line made writable, a
 * swap). One cheap query. */
enum rc field_map_version(struct db *db, int32_t shard, int64_t *ret_version) MUST_CHECK;
/* Loads the enabled lines of a shard and their meters in service. RC_TOO_LARGE past the bounds
 * above. */
enum rc field_map_load(struct db *db, struct arena *arena, int32_t shard,
                       struct field_map *ret_map) MUST_CHECK;

#endif
