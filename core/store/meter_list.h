/*
 * The list of all meters with their supply, unit and last values: one statement, one row a supply.
 */
#ifndef PW_STORE_METER_LIST_H
#define PW_STORE_METER_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/clock.h"
#include "core/base/rc.h"
#include "core/store/db.h"

#define METER_LIST_MAX 20000
/* A change may be committed so long after the time it carries; cursors reach back so far. */
#define METER_LIST_OVERLAP_MS 3000

struct meter_row { /* ROW_NULL where a number is not known; times in milliseconds UTC, 0: never */
    int64_t id;
    int64_t supply_id;
    const char *number;
    int64_t unit_id;
    const char *unit_number; /* "" without a unit, likewise the next three */
    const char *shop_name;
    const char *shop_pinyin;
    const char *trade;
    const char *unit_state; /* NULL without a unit */
    int64_t building_id;
    int64_t floor_id;
    int64_t room_id;
    int64_t line_id;
    bool protected;
    bool close_by_hand; /* marked so, or an external breaker */
    bool locked_out;
    bool frozen;
    bool read_only;
    const char *relay;  /* closed, open, partial, unknown */
    const char *forced; /* none, trip, keep_on */
    const char *state;  /* core/rules/supply_state.h */
    int64_t keep_on_until_at;
    int64_t level; /* 0 .. 3 */
    int64_t balance_fen;
    int64_t balance_energy_wh; /* what the balance buys at the price of the rate in force */
    int64_t power_w;
    int64_t energy_wh;
    int64_t energy_today_wh;
    int64_t purchase_count;
    int64_t taken_at;
    bool stale;
    const char *pending_command; /* kind of the newest open order that writes, or NULL */
};

struct meter_list_question {
    int64_t now_ms;
    int64_t stale_ms;         /* a reading older than this is stale */
    int64_t since_ms;         /* 0: all; else only rows in which something changed since */
    struct clock_parts local; /* now_ms as civil time of the site; month 0: not known */
};

enum rc meter_list(struct db *db, struct arena *arena, const struct meter_list_question *question,
                   struct meter_row **ret_rows, size_t *ret_count) MUST_CHECK;
/* One meter in service. RC_NOT_FOUND. */
enum rc meter_list_one(struct db *db, struct arena *arena,
                       const struct meter_list_question *question, int64_t meter_id,
                       struct meter_row *ret_row) MUST_CHECK;

/* What says whether the list changed: the newest times of its tables. Two equal marks: nothing new
   was committed, except within METER_LIST_OVERLAP_MS. */
struct meter_list_mark {
    int64_t stored_at_ms;
    int64_t supply_at_ms;
    int64_t supply_versions; /* sum: two decisions in one millisecond differ here */
    int64_t line_at_ms;
    int64_t meters;
};
enum rc meter_list_mark(struct db *db, struct arena *arena,
                        struct meter_list_mark *ret_mark) MUST_CHECK;

#endif
