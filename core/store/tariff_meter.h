/*
 * What meters charge by themselves beside the tariff that is in force for their supply.
 */
#ifndef PW_STORE_TARIFF_METER_H
#define PW_STORE_TARIFF_METER_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/rc.h"
#include "core/rules/rate_table.h"
#include "core/store/db.h"

#define TARIFF_METERS_MAX 20000

struct tariff_meter_row { /* ROW_NULL where a number is not known */
    int64_t supply_id;
    int64_t meter_id;
    const char *unit_number; /* "" none, likewise the next two */
    const char *meter_number;
    const char *shop_name;
    int64_t tariff_id;
    const char *tariff_name;
    int64_t read_at;     /* 0: never */
    int64_t price_e4[4]; /* sharp, peak, flat, valley */
    struct rate_table_bytes tables;
    int64_t push_batch_id;  /* of the newest push of prices that is due, 0: there is none */
    const char *push_state; /* of it, "" none */
    const char *push_code;  /* why it was refused, or what it waits for; "" */
};

/* Supplies in meter mode with a tariff in force at a moment, by tariff and unit. */
enum rc tariff_meters(struct db *db, struct arena *arena, int64_t at_ms,
                      struct tariff_meter_row **ret_rows, size_t *ret_count) MUST_CHECK;

/* What one meter said of its prices and tables, known or not; RC_NOT_FOUND: no such meter. Fields
   of supply, tariff and push are 0 and "". */
enum rc tariff_meter_get(struct db *db, struct arena *arena, int64_t meter_id,
                         struct tariff_meter_row *ret_row) MUST_CHECK;

#endif
