/*
 * Rows of account_close and account_close_supply: the closing of an account and, for each supply,
 * what its settlement sheet says. Every change asserts a transaction in which the account's row and
 * those of its supplies are locked; RC_CONFLICT when the row is in another state. Moves are decided
 * by flow with core/rules/close_state.h; pages are read by core/store/close_list.h.
 */
#ifndef PW_STORE_ACCOUNT_CLOSE_H
#define PW_STORE_ACCOUNT_CLOSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/rc.h"
#include "core/rules/close_state.h"
#include "core/store/db.h"

struct account_close {
    int64_t id;
    const char *number;
    int64_t account_id;
    enum close_state state;
    const char *payout; /* channel, counter */
    const char *reason;
    int64_t maker_id;
    int64_t checker_id;         /* 0: nobody yet */
    int64_t approval_id;        /* 0: none */
    int64_t vacant_until_at_ms; /* 0: nothing stays on */
    int64_t refund_fen;         /* settled: below zero the tenant owes */
    int64_t channel_fen;        /* settled: of it, by refunds to the payers */
    bool counter_done;          /* the counter paid, or was paid */
};

struct close_supply {
    int64_t id;
    int64_t supply_id;
    int64_t epoch;
    int64_t meter_id;
    bool platform_mode;
    bool stays_on;
    int64_t adjustment_id;   /* 0: none */
    int64_t trip_command_id; /* 0: none */
    bool typed;
    const char *adjustment_state; /* "" none */
    int64_t left_fen;             /* applied and typed */
    int64_t old_balance_fen;
    int64_t adjusted_at_ms; /* when it ended, else 0 */
    const char *trip_state; /* of the adjustment's order or of ours, "" none */
    int64_t trip_order_id;  /* that order, or 0 */
    int64_t tripped_at_ms;  /* when it was proved, else 0 */
};

/* Writes one that is asked for. RC_CONFLICT: the account is being closed already. */
enum rc account_closes_insert(struct db *db, const struct account_close *close,
                              int64_t *ret_id) MUST_CHECK;
/* The row, without and with a lock. RC_NOT_FOUND. */
enum rc account_closes_get(struct db *db, struct arena *arena, int64_t id,
                           struct account_close *ret_close) MUST_CHECK;
enum rc account_closes_lock(struct db *db, struct arena *arena, int64_t id,
                            struct account_close *ret_close) MUST_CHECK;
/* True while the account is being closed: asked, emptying or settled. */
enum rc account_closes_under_way(struct db *db, struct arena *arena, int64_t account_id,
                                 bool *ret_under_way) MUST_CHECK;
/* Those that are emptying or settled, oldest first. */
enum rc account_closes_due(struct db *db, struct arena *arena, size_t max, int64_t **ret_ids,
                           size_t *ret_count) MUST_CHECK;
enum rc account_closes_set_approval(struct db *db, int64_t id, int64_t approval_id) MUST_CHECK;
/* asked -> emptying. */
enum rc account_closes_set_approved(struct db *db, int64_t id, int64_t checker_id) MUST_CHECK;

struct close_figures {
    int64_t taken_fen;
    int64_t deposit_fen;
    int64_t debt_fen;
    int64_t refund_fen;
    int64_t channel_fen;
};
/* emptying -> settled. */
enum rc account_closes_set_settled(struct db *db, int64_t id,
                                   const struct close_figures *figures) MUST_CHECK;
/* What went over the counter in settled. */
enum rc account_closes_set_counter(struct db *db, int64_t id, const char *channel,
                                   const char *reference, int64_t user_id) MUST_CHECK;
/* To closed or cancelled. */
enum rc account_closes_set_ended(struct db *db, int64_t id, enum close_state from,
                                 enum close_state to) MUST_CHECK;

enum rc close_supplies_insert(struct db *db, int64_t close_id, const struct close_supply *supply,
                              int64_t *ret_id) MUST_CHECK;
/* In the order of the supplies. */
enum rc close_supplies_of(struct db *db, struct arena *arena, int64_t close_id,
                          struct close_supply **ret_list, size_t *ret_count) MUST_CHECK;
enum rc close_supplies_set_adjustment(struct db *db, int64_t id, int64_t adjustment_id) MUST_CHECK;
enum rc close_supplies_set_trip(struct db *db, int64_t id, int64_t command_id) MUST_CHECK;

/* The last reading of a supply; ROW_NULL where a figure is not known. */
struct close_reading {
    int64_t taken_at_ms; /* 0: never read */
    int64_t count;
    int64_t balance_fen;
    int64_t energy_wh;
    int64_t sharp_wh, peak_wh, flat_wh, valley_wh;
    bool off; /* relay open under a forced trip, or, where the breaker is outside, no current */
};
enum rc close_reading_get(struct db *db, struct arena *arena, int64_t supply_id,
                          struct close_reading *ret_reading) MUST_CHECK;
/* Writes the last reading; typed: from a display. */
enum rc close_supplies_set_reading(struct db *db, int64_t id, const struct close_reading *reading,
                                   bool typed) MUST_CHECK;
/* Adds up what the ledger says about the supply while this account had it, and keeps it. */
enum rc close_supplies_set_sheet(struct db *db, int64_t id) MUST_CHECK;

/* Something of the account that must end before it is closed. */
struct close_blocker {
    const char *kind; /* open_purchase, on_its_way, open_refund, open_adjustment, to_pay, open_push,
                         frozen_supply */
    const char *object_kind;
    int64_t object_id;
    const char *name; /* number of the purchase, unit of the supply */
    int64_t amount_fen;
};
#define CLOSE_BLOCKERS_MAX 50
/* at most CLOSE_BLOCKERS_MAX. own: what the closing itself does is left out. */
enum rc close_blockers(struct db *db, struct arena *arena, int64_t account_id,
                       struct close_blocker **ret_list, size_t *ret_count) MUST_CHECK;

/* A payment of the account through a provider, and how much of it may still go back. */
struct close_payment {
    int64_t id;
    int64_t room_fen;
};
#define CLOSE_PAYMENTS_MAX 50
/* Newest first. */
enum rc close_payments(struct db *db, struct arena *arena, int64_t account_id,
                       struct close_payment **ret_list, size_t *ret_count) MUST_CHECK;
/* Refunds of a closing that are still to come, whatever way. */
enum rc close_refunds_open(struct db *db, struct arena *arena, int64_t close_id,
                           int64_t *ret_count) MUST_CHECK;
/* The row that gives a supply to its present account, where the one before it was closed by a
   settlement; RC_NOT_FOUND. */
enum rc close_successor(struct db *db, struct arena *arena, int64_t supply_id,
                        int64_t *ret_account_supply_id) MUST_CHECK;

#endif
