/*
 * Closing an account 销户: the tenant leaves, what is left is settled to the fen. The drawing of
 * the states is in core/rules/close_state.h; each function is one step in the caller's transaction
 * with its audit row, and repeats harmlessly. Locks in this order: account, closing, supplies by
 * id.
 *
 *   account_close_ask -> approval -> account_close_carry: an adjustment of kind close for every
 *     meter (the poller trips it, empties it, proves both), a trip where the platform holds the
 *     money
 *   account_close_type: a meter that is dead; photo, second person
 *   account_close_step (paywatt-jobs, until nothing moves): settles when every supply is off,
 *     empty and read again; closes when the money is with whom it belongs to
 *   account_close_pay: the counter pays the rest out, or takes what the tenant owes
 */
#ifndef PW_FLOW_ACCOUNT_CLOSE_H
#define PW_FLOW_ACCOUNT_CLOSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/rc.h"
#include "core/flow/command.h"
#include "core/store/account_close.h"
#include "core/store/db.h"

#define CLOSE_APPROVAL_EXPIRY_MS (INT64_C(3) * 86400 * 1000)

struct account_close_request {
    int64_t account_id;
    const char *payout; /* channel: back to the payers first; counter: all over the counter */
    const char *reason;
    const int64_t *stays_on; /* supplies that stay on as vacant */
    size_t stays_on_count;
    int64_t vacant_until_at_ms; /* their keep-on ends then; 0 without any */
};

/* What would be settled now, from the last readings. */
struct close_estimate {
    int64_t balance_fen; /* meters and platform balances */
    int64_t deposit_fen;
    int64_t refund_fen; /* below zero: the tenant owes */
    size_t unread;      /* meters whose balance nobody knows */
};
enum rc account_close_estimate(struct db *db, struct arena *arena, int64_t account_id,
                               struct close_estimate *ret_estimate) MUST_CHECK;

/* Asks for it; from now on the account buys nothing. RC_REFUSED wrong_state, account_closed,
   account_closing, frozen_supply, or the kind of the first close_blockers; RC_INVALID with the
   field payout, reason, stays_on, vacant_until. */
enum rc account_close_ask(struct db *db, struct arena *arena, const struct actor *actor,
                          const struct account_close_request *request, int64_t *ret_id,
                          struct command_refusal *ret_refusal) MUST_CHECK;
/* The second person agreed. *ret_shard: a poller to wake. For approval_decide. */
enum rc account_close_carry(struct db *db, struct arena *arena, const struct actor *maker,
                            int64_t checker_id, int64_t close_id, int32_t *ret_shard,
                            struct command_refusal *ret_refusal) MUST_CHECK;
/* Calls it off. RC_REFUSED "money_left": a meter was written. */
enum rc account_close_cancel(struct db *db, struct arena *arena, const struct actor *actor,
                             int64_t close_id, const char *reason,
                             struct command_refusal *ret_refusal) MUST_CHECK;
/* A meter refused to be emptied: once more, agreed to with the closing. RC_REFUSED wrong_state. */
enum rc account_close_retry(struct db *db, struct arena *arena, const struct actor *actor,
                            int64_t close_id, int64_t supply_id,
                            struct command_refusal *ret_refusal) MUST_CHECK;

struct typed_reading {
    int64_t balance_fen;
    int64_t count;
    int64_t energy_wh;
    const uint8_t *evidence_sha256; /* 32 bytes, the photo */
    const char *reason;
};
/* A dead meter: what its display said, for the second person. */
enum rc account_close_type(struct db *db, struct arena *arena, const struct actor *actor,
                           int64_t close_id, int64_t supply_id, const struct typed_reading *typed,
                           int64_t *ret_approval_id,
                           struct command_refusal *ret_refusal) MUST_CHECK;
/* The second person agreed; the supply is frozen, for its meter may come back with money in it. */
enum rc account_close_carry_typed(struct db *db, struct arena *arena, const struct actor *maker,
                                  int64_t checker_id, int64_t close_id, int64_t supply_id,
                                  const struct typed_reading *typed,
                                  struct command_refusal *ret_refusal) MUST_CHECK;

/* emptying -> settled -> closed, one move a call, in a transaction of its own. *ret_moved: it
   moved; else it waits for the field, for refunds or for the counter. */
enum rc account_close_step(struct db *db, int64_t close_id, bool *ret_moved) MUST_CHECK;

struct close_counter {
    int64_t amount_fen;  /* as the clerk saw it, above zero */
    const char *channel; /* cash, card, transfer */
    const char *reference;
};
/* Pays the counter's part out, or takes it in. RC_REFUSED wrong_state, nothing_to_pay,
   wrong_amount. */
enum rc account_close_pay(struct db *db, struct arena *arena, const struct actor *actor,
                          int64_t close_id, const struct close_counter *counter,
                          struct command_refusal *ret_refusal) MUST_CHECK;

#endif
