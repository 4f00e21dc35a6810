/*
 * What a shop used, by day, month or year, from the daily proofs: the same figures that the books
 * hold. Only the days on which the supply was the present account's.
 */
#ifndef PW_STORE_TENANT_USAGE_H
#define PW_STORE_TENANT_USAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/rc.h"
#include "core/store/db.h"

#define TENANT_USAGE_MAX 400 /* rows of one answer */

enum usage_step { USAGE_DAY, USAGE_MONTH, USAGE_YEAR };

struct tenant_usage { /* ROW_NULL where a number is not known */
    const char *date; /* "2026-11-22", "2026-11", "2026" */
    int64_t energy_wh;
    int64_t energy_sharp_wh;
    int64_t energy_peak_wh;
    int64_t energy_flat_wh;
    int64_t energy_valley_wh;
    int64_t cost_fen;
    bool estimated; /* a boundary lies between two readings */
};

/* From day `from` to `to`, both included ("2026-11-22", checked by the caller). The person's right
   is asked by tenant_shop_find before. */
enum rc tenant_usage_list(struct db *db, struct arena *arena, int64_t supply_id, int64_t account_id,
                          enum usage_step step, const char *from, const char *to,
                          struct tenant_usage **ret_rows, size_t *ret_count) MUST_CHECK;

/* The money of one day, to be checked by hand. */
struct tenant_day { /* ROW_NULL where a number is not known */
    int64_t opening_wh;
    int64_t closing_wh;
    int64_t opening_fen;
    int64_t paid_in_fen;
    int64_t used_fen;
    int64_t refunded_fen;
    int64_t corrected_fen;
    int64_t closing_fen;
    int64_t expected_fen; /* the same use by the tariff */
    const char *difference;
    int64_t difference_fen;
    bool estimated;
    int64_t used_wh;
    int64_t used_sharp_wh;
    int64_t used_peak_wh;
    int64_t used_flat_wh;
    int64_t used_valley_wh;
};

/* One stretch a row, in order: a day has more where the tariff or the meter changed in it. Empty
   while the day is not proved. */
enum rc tenant_day_list(struct db *db, struct arena *arena, int64_t supply_id, int64_t account_id,
                        const char *day, struct tenant_day **ret_rows,
                        size_t *ret_count) MUST_CHECK;

/* The meter of a supply, and from_ms moved up to when the account got it: what was before is
   another's. RC_NOT_FOUND. */
enum rc tenant_meter_of(struct db *db, struct arena *arena, int64_t supply_id, int64_t account_id,
                        int64_t *ret_meter_id, int64_t *from_ms) MUST_CHECK;

#endif
