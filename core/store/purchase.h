/*
 * Rows of purchase, the delivery that a paid one asks for, and what must be known before a sale.
 */
#ifndef PW_STORE_PURCHASE_H
#define PW_STORE_PURCHASE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/rc.h"
#include "core/rules/payment_state.h"
#include "core/store/audit.h"
#include "core/store/db.h"

struct purchase {
    int64_t id;
    const char *number;
    int64_t account_id;
    int64_t supply_id;
    int64_t epoch;
    bool platform_mode;
    const char *origin; /* payment, wrong_shop, returned, suspense */
    int64_t amount_fen;
    enum purchase_state state;
    const char *quote; /* JSON, or NULL */
    enum actor_kind actor_kind;
    int64_t actor_id;
    int64_t approval_id; /* 0: none */
    bool account_open;   /* read only */
    int64_t meter_id;    /* read only: of the purchase's epoch */
    int32_t shard;       /* read only: of the supply's line */
};

/* Writes one in state open. RC_CONFLICT: the number is taken. */
enum rc purchases_insert(struct db *db, const struct purchase *purchase,
                         int64_t *ret_id) MUST_CHECK;
/* open or cancelled -> paid. RC_CONFLICT. */
enum rc purchases_set_paid(struct db *db, int64_t id, enum purchase_state from,
                           int64_t at_ms) MUST_CHECK;
/* Into the meter or onto the platform: as the supply is when the money is there. RC_CONFLICT: it is
   over. */
enum rc purchases_set_mode(struct db *db, int64_t id, bool platform) MUST_CHECK;
/* Moves to an end. RC_CONFLICT. */
enum rc purchases_set_ended(struct db *db, int64_t id, enum purchase_state from,
                            enum purchase_state to, int64_t at_ms) MUST_CHECK;
/* All that a sale asks about one supply, in one read. ROW_NULL where a number is not known. */
struct sale_facts {
    int64_t supply_id;
    int64_t meter_id;
    int64_t epoch;
    int32_t shard;
    bool platform_mode;
    bool protected_supply;
    bool close_by_hand;
    bool frozen;
    bool writable_line;
    bool silent;
    bool epoch_live; /* the supply was taken over or opened: there is an epoch to buy into */
    const char *unit_number;
    const char *meter_number;
    const char *shop_name;
    int64_t account_id; /* 0: nobody has it */
    const char *account_number;
    const char *account_name;
    const char *account_kind;
    const char *account_state;
    int64_t balance_fen;
    int64_t taken_at_ms; /* 0: never read */
    int64_t meter_price_e4;
    int64_t on_its_way_fen;
    int64_t min_fen; /* site settings, with their defaults */
    int64_t max_fen;
    int64_t hoard_fen;
};

/* RC_NOT_FOUND: no such supply in service. */
enum rc sale_facts_get(struct db *db, struct arena *arena, int64_t supply_id,
                       struct sale_facts *ret_facts) MUST_CHECK;

#endif
