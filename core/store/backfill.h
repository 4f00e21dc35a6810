/*
 * What may have got into a meter in a lost time (flow/backfill.h): purchases that are paid and were
 * never given a count.
 */
#ifndef PW_STORE_BACKFILL_H
#define PW_STORE_BACKFILL_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/rc.h"
#include "core/store/db.h"

#define BACKFILL_PURCHASES_MAX 200

struct backfill_purchase {
    int64_t purchase_id;
    const char *number;
    const char *channel; /* "" paid by money that we had */
    int64_t amount_fen;
    int64_t paid_at;
};

/* Of the supply's epoch, oldest first. */
enum rc backfill_purchases(struct db *db, struct arena *arena, int64_t supply_id,
                           struct backfill_purchase **ret_purchases, size_t *ret_count) MUST_CHECK;

#endif
