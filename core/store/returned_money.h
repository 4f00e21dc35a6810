/*
 * Money of a meter swap whose delivery was called off: it stands in adjustment_clearing, by name,
 * until it is delivered again or paid back. And what a called-off purchase was funded by.
 */
#ifndef PW_STORE_RETURNED_MONEY_H
#define PW_STORE_RETURNED_MONEY_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/rc.h"
#include "core/store/db.h"

struct called_off {
    int64_t purchase_id;
    int64_t account_id;
    int64_t supply_id;
    int64_t amount_fen;
    const char *origin;
};

/* A purchase as it is when its delivery can never arrive any more. RC_NOT_FOUND: it is not paid. */
enum rc called_off_get(struct db *db, struct arena *arena, int64_t purchase_id,
                       struct called_off *ret_purchase) MUST_CHECK;

struct returned_money {
    int64_t id;
    int64_t account_id;
    int64_t supply_id;
    int64_t amount_fen;
    const char *unit_number; /* or the meter's number */
    bool waits;
    bool promised; /* a refund of it was asked for or agreed to */
};

enum rc returned_money_add(struct db *db, const struct called_off *purchase) MUST_CHECK;
/* RC_NOT_FOUND. Hold the supply's row. */
enum rc returned_money_get(struct db *db, struct arena *arena, int64_t id,
                           struct returned_money *ret_money) MUST_CHECK;
/* waiting -> delivered by this purchase. RC_CONFLICT. */
enum rc returned_money_set_delivered(struct db *db, int64_t id, int64_t purchase_id) MUST_CHECK;
/* waiting -> refunded. RC_CONFLICT. */
enum rc returned_money_set_refunded(struct db *db, int64_t id) MUST_CHECK;
/* All that waits of a swap is over with it. */
enum rc returned_money_undo(struct db *db, int64_t swap_id) MUST_CHECK;

#endif
