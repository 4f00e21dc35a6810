/*
 * Purchases of a lost time: after a restore a meter is ahead of the database (core/rules/
 * restore_check.h), so its supply is frozen. People enter what is in the meter already, a second
 * person agrees, and each one becomes what it would have been: purchase, payment and a delivery
 * that has its count and is confirmed by a person. Nothing is sent to the meter. Then the freeze
 * can be ended (flow/freeze.h) and sales go on.
 *
 *   money we do not have    purchase, payment, event of the counter, settled (flow/settle.h); when
 *                           the provider tells of the same transaction later, it is known
 *   money in suspense       the provider told before the person: it is released to this supply
 *   a paid purchase of ours that has no count: it got into the meter in the lost time
 *
 * The counts follow the last one that was given, in the order of the items, up to the meter's; the
 * amounts must explain the meter's balance (restore_missing), or the difference is named.
 * Transactions are the caller's; row locks: supply, then payment, purchase, delivery.
 */
#ifndef PW_FLOW_BACKFILL_H
#define PW_FLOW_BACKFILL_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/rc.h"
#include "core/flow/command.h"
#include "core/store/db.h"

#define BACKFILL_ITEMS_MAX 50

struct backfill_item {
    int64_t purchase_id;      /* one of ours; 0: the rest says what came */
    int64_t amount_fen;       /* 1 .. MONEY_MAX_FEN */
    const char *channel;      /* of the counter, or one that we have a merchant account of */
    const char *merchant;     /* "" at the counter */
    const char *transaction;  /* the provider's, or of the slip; "" none */
    const char *order_number; /* ours, as on the receipt or in the bill; "" none */
};

struct backfill {
    int64_t supply_id;
    const struct backfill_item *items;
    size_t count;
    const uint8_t *evidence_sha256; /* of a document that was given to us */
    const char *reason;
};

/* Both sides. */
struct backfill_look {
    int64_t our_count; /* the last one that was given */
    int64_t meter_count;
    int64_t our_balance_fen; /* last stored reading; ROW_NULL: nobody knows, likewise the bounds */
    int64_t meter_balance_fen;
    int64_t taken_at_ms; /* of the meter */
    int64_t least_fen;   /* what the missing purchases may sum to */
    int64_t most_fen;
    int64_t entered_fen; /* sum of the items that were asked about */
};

/* What is missing now. RC_NOT_FOUND: no such supply; RC_REFUSED: "not_ahead" where no restore found
   this supply's meter ahead, or nothing is missing any more; "stale"; "other_meter"; "undecided"
   while a delivery or an adjustment is undecided; "no_account", "account_closed". */
enum rc backfill_look(struct db *db, struct arena *arena, int64_t supply_id,
                      struct backfill_look *ret_look,
                      struct command_refusal *ret_refusal) MUST_CHECK;
/* Asks the second person. Refusals name the field; "wrong_number": not as many as are missing;
   "wrong_sum": *ret_look tells by how much; "transaction_known", "order_known": the database has
   it, so it is not missing; "wrong_purchase": not one that waits for this meter. */
enum rc backfill_ask(struct db *db, struct arena *arena, const struct actor *actor,
                     const struct backfill *backfill, int64_t *ret_approval_id,
                     struct backfill_look *ret_look,
                     struct command_refusal *ret_refusal) MUST_CHECK;
/* The second person agreed: checked again, then all of it or nothing. */
enum rc backfill_carry(struct db *db, struct arena *arena, const struct actor *maker,
                       int64_t approval_id, const struct backfill *backfill,
                       struct command_refusal *ret_refusal) MUST_CHECK;

#endif
