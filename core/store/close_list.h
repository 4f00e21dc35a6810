/*
 * Closings of accounts (销户) as pages and the settlement sheet show them.
 */
#ifndef PW_STORE_CLOSE_LIST_H
#define PW_STORE_CLOSE_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/rc.h"
#include "core/store/db.h"

#define CLOSE_LIST_MAX 200

struct close_view { /* ROW_NULL where a number is not known yet; times 0: not yet */
    int64_t id;
    const char *number;
    int64_t account_id;
    const char *account_number;
    const char *account_name;
    const char *account_kind;
    const char *state;
    const char *payout;
    const char *reason;
    const char *maker_name;
    const char *checker_name; /* NULL: nobody yet */
    int64_t approval_id;
    int64_t vacant_until_at;
    int64_t taken_fen, deposit_fen, debt_fen, refund_fen, channel_fen;
    int64_t counter_fen; /* still over the counter: above zero to pay out, below to take in */
    const char *counter_channel; /* NULL: not paid */
    const char *counter_reference;
    const char *counter_by_name; /* NULL: not paid */
    int64_t counter_at;
    int64_t opened_at; /* of the account */
    int64_t created_at, approved_at, settled_at, ended_at;
};

struct close_question {
    const char *state; /* "" any; "open": asked, emptying, settled */
    int64_t before_id; /* 0: from the newest */
    size_t limit;
};

enum rc close_list(struct db *db, struct arena *arena, const struct close_question *question,
                   struct close_view **ret_views, size_t *ret_count,
                   const char **ret_cursor) MUST_CHECK;
/* RC_NOT_FOUND. */
enum rc close_list_one(struct db *db, struct arena *arena, int64_t id,
                       struct close_view *ret_view) MUST_CHECK;
/* The newest closing of an account that was not called off; RC_NOT_FOUND. */
enum rc close_list_of_account(struct db *db, struct arena *arena, int64_t account_id,
                              struct close_view *ret_view) MUST_CHECK;

struct close_supply_view {
    int64_t supply_id;
    int64_t meter_id;
    const char *unit_number; /* "" without a unit */
    const char *meter_number;
    const char *mode;
    bool stays_on;
    bool protected_supply;
    const char *adjustment_state; /* NULL: none */
    const char *trip_state;       /* NULL: none */
    const char *wait; /* done, typed, trip, write, read, frozen, read_only, silent, refused, manual,
                         approval */
    int64_t now_balance_fen; /* what the meter said last */
    int64_t now_at;
    int64_t opening_fen, paid_in_fen, used_fen, corrected_fen, taken_fen;
    int64_t open_energy_wh, end_energy_wh;
    int64_t end_sharp_wh, end_peak_wh, end_flat_wh, end_valley_wh;
    int64_t end_count, end_balance_fen;
    int64_t end_read_at;
    bool end_typed;
    const char *evidence_sha256; /* NULL: none */
};

/* In the order of the units. */
enum rc close_supply_list(struct db *db, struct arena *arena, int64_t close_id,
                          struct close_supply_view **ret_views, size_t *ret_count) MUST_CHECK;

struct close_refund_view {
    int64_t id;
    const char *number;
    const char *order_number;
    const char *channel;
    int64_t amount_fen;
    const char *state;
};
enum rc close_refund_list(struct db *db, struct arena *arena, int64_t close_id,
                          struct close_refund_view **ret_views, size_t *ret_count) MUST_CHECK;

#endif
