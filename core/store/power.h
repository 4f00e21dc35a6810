/*
 * The clock from money to power: of a purchase in the meter or on a platform account, power_at says
 * when power was there again, power_by who said so where no reading could.
 */
#ifndef PW_STORE_POWER_H
#define PW_STORE_POWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/rc.h"
#include "core/rules/purchase_guard.h"
#include "core/store/db.h"

/* A supply with money that came and power that nobody saw yet. */
struct power_watch {
    int64_t supply_id;
    int64_t epoch;
    int64_t meter_id;
    int64_t line_id;
};

/* Supplies of a shard whose open account waits for power, one row each, at most max. */
enum rc power_watches(struct db *db, struct arena *arena, int32_t shard, size_t max,
                      struct power_watch **ret_watches, size_t *ret_count) MUST_CHECK;

struct power_row {
    int64_t supply_id;
    int64_t epoch;
    const char *number; /* of the purchase */
    struct power_facts facts;
};

/* What confirming asks of one purchase. RC_NOT_FOUND. */
enum rc power_get(struct db *db, struct arena *arena, int64_t purchase_id,
                  struct power_row *ret_row) MUST_CHECK;
/* Power is there: stops the clock of all purchases of the supply's epoch that wait and were paid
   until at_ms. user_id 0: a reading says so. */
enum rc power_set(struct db *db, int64_t supply_id, int64_t epoch, int64_t at_ms,
                  int64_t user_id) MUST_CHECK;

/* ROW_NULL where there is none. */
struct power_clock {
    int64_t count; /* clocks that stopped since from_ms */
    int64_t p50_ms;
    int64_t p95_ms;
    int64_t waiting;            /* purchases whose clock runs */
    int64_t oldest_purchase_id; /* the one that runs longest, likewise the next */
    const char *oldest_unit_number;
    int64_t oldest_paid_at; /* 0: none */
};

/* The figures of the overview. A clock runs from paid, whatever keeps the money from the meter. */
enum rc power_clock_read(struct db *db, struct arena *arena, int64_t from_ms,
                         struct power_clock *ret_clock) MUST_CHECK;

#endif
