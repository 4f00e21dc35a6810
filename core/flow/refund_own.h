/*
 * What the steps of money that goes back share. Internal to core/flow.
 */
#ifndef PW_FLOW_REFUND_OWN_H
#define PW_FLOW_REFUND_OWN_H

#include <stdbool.h>
#include <stdint.h>

#include "core/flow/command.h"
#include "core/rules/ledger.h"
#include "core/store/delivery.h"
#include "core/store/payment.h"
#include "core/store/refund.h"

/* A payment with what hangs on it, under the locks that all share: supply, payment. */
struct refund_held {
    struct payment payment;
    bool delivers; /* its purchase has a delivery */
    struct delivery_row delivery;
};

/* Takes the locks and reads. RC_NOT_FOUND. */
enum rc refund_hold(struct db *db, struct arena *arena, int64_t payment_id,
                    struct refund_held *held) MUST_CHECK;
/* approved -> submitted: from here on the money is the payer's, it leaves where it stood. */
enum rc refund_promise(struct db *db, struct arena *arena, const struct refund *refund,
                       const struct refund_held *held) MUST_CHECK;
enum rc refund_post(struct db *db, struct arena *arena, enum ledger_posting posting,
                    const struct refund *refund, const struct payment *payment,
                    int64_t supply_id) MUST_CHECK;
/* The amount goes back on a settled payment of this supply that has so much left. RC_REFUSED
   "wrong_supply", "exceeds_payment". */
enum rc refund_fits(struct db *db, struct arena *arena, const struct refund_held *held,
                    int64_t supply_id, int64_t amount_fen,
                    struct command_refusal *ret_refusal) MUST_CHECK;
/* cash, card, transfer: a person hands it out. */
bool refund_at_counter(const char *channel);

#endif
