/*
 * What the counter's sale and an online order share: may it be sold, what does it get, the two
 * rows. Internal to core/flow.
 */
#ifndef PW_FLOW_SELL_OWN_H
#define PW_FLOW_SELL_OWN_H

#include "core/flow/sell.h"
#include "core/store/payment.h"

/* Reads the supply and asks the guards. RC_NOT_FOUND; RC_REFUSED no_account, no_epoch. */
enum rc sale_judge(struct db *db, struct arena *arena, int64_t supply_id, int64_t amount_fen,
                   struct sale_quote *ret_quote, struct command_refusal *ret_refusal) MUST_CHECK;
/* What the amount gets, at the tariff's prices or the meter's own. */
enum rc sale_price(struct db *db, struct arena *arena, int64_t amount_fen,
                   struct sale_quote *quote) MUST_CHECK;
/* RC_REFUSED with the verdict's code; "warning_not_seen" where `seen` lacks one that must be. */
enum rc sale_allow(const struct sale_quote *quote, unsigned seen,
                   struct command_refusal *ret_refusal) MUST_CHECK;
/* Purchase and payment of one number; payment->purchase_id is filled in. */
enum rc sale_write_order(struct db *db, const struct actor *actor, const struct sale_quote *quote,
                         const char *shown, struct payment *payment,
                         int64_t *ret_payment_id) MUST_CHECK;

#endif
