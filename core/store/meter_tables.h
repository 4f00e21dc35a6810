/*
 * The rate tables that the poller read from a meter (meter_parameter), and the rate in force.
 */
#ifndef PW_STORE_METER_TABLES_H
#define PW_STORE_METER_TABLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/clock.h"
#include "core/base/rc.h"
#include "core/rules/rate_table.h"
#include "core/store/db.h"

/* The columns rate_zones, day_table_1, day_table_2, in this order from `column` on. */
void meter_tables_of_row(const struct db_rows *rows, size_t row, size_t column,
                         struct rate_table_bytes *ret_bytes);
/* A meter's tables. RC_NOT_FOUND: not read yet. RC_INVALID: the meter holds broken ones. */
enum rc meter_tables_get(struct db *db, struct arena *arena, int64_t meter_id,
                         struct rate_table *ret_table) MUST_CHECK;

/* Rates of many rows: meters mostly hold the same tables, which are decoded once. Start with {0}.
 */
struct meter_rates {
    bool filled;
    struct rate_table_bytes bytes;
    enum rate rate;
};
/* The rate in force at a civil time of the site (month 0: not known); RATE__MAX when the tables are
   not known or broken. */
enum rate meter_rates_find(struct meter_rates *rates, const struct rate_table_bytes *bytes,
                           const struct clock_parts *local);

#endif
