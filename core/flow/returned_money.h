/*
 * The end of a purchase whose delivery can never arrive (cancelled, or its count burnt):
 *
 *   payment, suspense   stays paid: a refund of its payment ends it (flow/refund.h)
 *   returned            back into adjustment_clearing, where a meter swap had put it, and waits by
 *                       name: delivered again, or paid back to a payer of the supply
 *   correction          taken back: nothing was given
 *   wrong_shop          taken back: the money stands in corrections again
 *   opening             taken back: the money of an old card is not in our books again
 */
#ifndef PW_FLOW_RETURNED_MONEY_H
#define PW_FLOW_RETURNED_MONEY_H

#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/rc.h"
#include "core/flow/command.h"
#include "core/flow/settle.h"
#include "core/store/db.h"

/* In the transaction that cancels or fences the delivery, under the supply's row lock. */
enum rc called_off_end(struct db *db, struct arena *arena, int64_t purchase_id) MUST_CHECK;

/* Another purchase of origin returned brings it to the supply, or credits it in platform mode.
   RC_NOT_FOUND; RC_CONFLICT "conflict": it is over or promised; RC_REFUSED "account_closed",
   "no_epoch". Wake the shard after the commit. */
enum rc returned_money_deliver(struct db *db, struct arena *arena, const struct actor *actor,
                               int64_t id, const char *reason, struct settle_answer *ret_answer,
                               struct command_refusal *ret_refusal) MUST_CHECK;
/* Asks the second person to pay it back on a settled payment of the same supply; what follows is
   refund_carry and refund_pay. RC_REFUSED "wrong_supply", "exceeds_payment". */
enum rc returned_money_refund(struct db *db, struct arena *arena, const struct actor *actor,
                              int64_t id, int64_t payment_id, const char *reason,
                              int64_t *ret_approval_id,
                              struct command_refusal *ret_refusal) MUST_CHECK;

#endif
