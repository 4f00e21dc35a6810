/*
 * Refunds and adjustments as people look at them, and everything about money that waits for one.
 */
#ifndef PW_STORE_REFUND_LIST_H
#define PW_STORE_REFUND_LIST_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/rc.h"
#include "core/store/db.h"

#define REFUND_LIST_MAX 200
#define WAITING_MAX 2000

struct refund_view { /* ROW_NULL where a number is not known; times 0: never */
    int64_t id;
    const char *number;
    int64_t payment_id;
    const char *order_number;
    const char *channel;
    const char *source;
    int64_t adjustment_id;
    int64_t amount_fen;
    const char *state;
    const char *reason;
    const char *unit_number; /* "" none, likewise the next */
    const char *account_name;
    const char *maker_name;
    const char *checker_name; /* NULL: nobody yet */
    int64_t approval_id;
    int64_t created_at;
    int64_t submitted_at;
    int64_t ended_at;
};

struct adjustment_view {
    int64_t id;
    const char *kind;
    const char *state;
    int64_t supply_id;
    const char *unit_number;
    const char *account_name;
    int64_t amount_fen;
    int64_t left_fen;
    int64_t old_balance_fen, new_balance_fen, read_balance_fen;
    const char *reason;
    const char *maker_name;
    const char *checker_name; /* NULL: nobody yet */
    int64_t approval_id;
    int64_t created_at;
    int64_t ended_at;
    int64_t document_id; /* of its paper; ROW_NULL: none, or only its SHA-256 is known */
};

struct refund_question {
    const char *state; /* "" any */
    int64_t before_id; /* 0: from the newest */
    size_t limit;
};

enum rc refund_list(struct db *db, struct arena *arena, const struct refund_question *question,
                    struct refund_view **ret_views, size_t *ret_count,
                    const char **ret_cursor) MUST_CHECK;
/* RC_NOT_FOUND. */
enum rc refund_list_one(struct db *db, struct arena *arena, int64_t id,
                        struct refund_view *ret_view) MUST_CHECK;
enum rc adjustment_list(struct db *db, struct arena *arena, const struct refund_question *question,
                        struct adjustment_view **ret_views, size_t *ret_count,
                        const char **ret_cursor) MUST_CHECK;

struct waiting_row {
    const char *kind; /* frozen_supply, delivery_hold, delivery_manual, delivery_unknown, suspense,
                         adjustment_manual, adjustment_to_pay, refund_to_pay, refund_failed,
                         power_by_hand, returned_money, payment_called_off */
    const char *object_kind; /* supply, delivery, payment, adjustment, refund, purchase,
                                returned_money */
    int64_t object_id;
    int64_t supply_id; /* ROW_NULL none, likewise the next */
    int64_t purchase_id;
    const char *unit_number; /* "" none, likewise the next */
    const char *account_name;
    int64_t amount_fen; /* ROW_NULL none */
    const char *code;   /* why it waits */
    int64_t since_at;
    const char *owner_name; /* "" nobody yet */
    const char *evidence;   /* JSON object */
};

/* Oldest first. unknown_before_ms: a delivery whose outcome is unknown since then counts. */
enum rc waiting_list(struct db *db, struct arena *arena, int64_t unknown_before_ms,
                     struct waiting_row **ret_rows, size_t *ret_count) MUST_CHECK;

#endif
