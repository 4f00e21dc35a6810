/*
 * Purchases as people look at them: lists, and one with its payments and the steps of its delivery.
 */
#ifndef PW_STORE_PURCHASE_LIST_H
#define PW_STORE_PURCHASE_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/rc.h"
#include "core/store/db.h"

#define PURCHASE_LIST_MAX 200
#define PURCHASE_PAYMENTS_MAX 50

struct purchase_view { /* ROW_NULL where a number is not known; times 0: never */
    int64_t id;
    const char *number;
    int64_t account_id;
    const char *account_name;
    const char *account_number;
    int64_t supply_id;
    int64_t meter_id;
    const char *unit_number;
    const char *meter_number;
    int64_t epoch;
    const char *mode;
    const char *origin;
    int64_t amount_fen;
    const char *state;
    const char *channel;        /* of the payment that funds it; NULL: none */
    const char *delivery_state; /* NULL: none */
    const char *wait_code;      /* why it waits, "" */
    const char *sold_by_name;   /* "" where no user sold it */
    const char *quote;          /* JSON, NULL: none */
    int64_t created_at;
    int64_t paid_at;
    int64_t ended_at;
    int64_t power_at;
    const char *power_by_name; /* who said so; NULL: a reading did, or nobody */
    bool power_by_hand;        /* a person closes the breaker, and nobody said yet that it is */
};

struct purchase_question {
    int64_t account_id; /* 0: any, likewise the next */
    int64_t supply_id;
    const char *state; /* "" any; "waiting": paid and not in the meter */
    const char *words; /* number, unit, account; "" any */
    int64_t before_id;
    size_t limit;
};

enum rc purchase_list(struct db *db, struct arena *arena, const struct purchase_question *question,
                      struct purchase_view **ret_views, size_t *ret_count,
                      const char **ret_cursor) MUST_CHECK;
/* RC_NOT_FOUND. */
enum rc purchase_list_one(struct db *db, struct arena *arena, int64_t id,
                          struct purchase_view *ret_view) MUST_CHECK;

struct purchase_payment {
    int64_t id;
    const char *order_number;
    const char *channel;
    int64_t amount_fen;
    const char *state;
    const char *disposition;
    const char *suspense_reason;      /* NULL none */
    const char *provider_transaction; /* NULL none */
    int64_t refunded_fen;
    int64_t created_at;
    int64_t settled_at;
};

enum rc purchase_payments(struct db *db, struct arena *arena, int64_t purchase_id,
                          struct purchase_payment **ret_payments, size_t *ret_count) MUST_CHECK;

struct delivery_view {
    int64_t id;
    const char *state;
    const char *wait_code;
    int64_t purchase_count;
    int64_t before_count, before_balance_fen;
    int64_t after_count, after_balance_fen;
    int64_t use_cost_fen, tolerance_fen;
    int64_t sends;
    int64_t created_at, claimed_at, last_sent_at, unknown_since_at, fence_asked_at, ended_at;
    const char *fence_proof;     /* NULL none */
    const char *decided_by_name; /* NULL: nobody had to */
};

/* RC_NOT_FOUND: the purchase has none. */
enum rc purchase_delivery(struct db *db, struct arena *arena, int64_t purchase_id,
                          struct delivery_view *ret_view) MUST_CHECK;

#endif
