/*
 * States of a payment (付款): one transaction of a provider or of the counter. Refunds hang on a
 * payment, deliveries on a purchase; several payments may hit one purchase.
 *
 *   creating --> open --> closed            (no money came in time; closed at the provider too)
 *      |  |        |  \-> failed            (the provider says it never will)
 *      |  |        v        |
 *      |  +-----> settled <-+-- closed      (money came: always believed, however late)
 *      +--------> closed, failed
 *
 * creating  purchase and payment are stored, the provider was not asked yet
 * settled   final: event row, ledger transfer and delivery stand in the same transaction.
 *           Counter cash begins here.
 *
 * Where the money of a settled payment is, is its disposition, exactly one of:
 *
 *   pending --> delivered | credited        (in the meter | on the ledger of a platform account)
 *      |  \---> refunded                    (its delivery was cancelled or fenced, then paid out)
 *      v
 *   suspense --> pending | refunded         (two buttons: deliver after all, or give it back)
 *
 * and states of a purchase (购电), what is bought:
 *
 *   open --> paid --> delivered | credited | refunded
 *    \-> cancelled --> paid                 (late money, and a person or the policy takes it)
 */
#ifndef PW_RULES_PAYMENT_STATE_H
#define PW_RULES_PAYMENT_STATE_H

#include <stdbool.h>

#include "core/base/rc.h"

enum payment_state {
    PAYMENT_CREATING,
    PAYMENT_OPEN,
    PAYMENT_SETTLED,
    PAYMENT_CLOSED,
    PAYMENT_FAILED,
    PAYMENT_STATE__MAX
};

enum disposition {
    DISPOSITION_NONE, /* not settled: there is no money */
    DISPOSITION_PENDING,
    DISPOSITION_DELIVERED,
    DISPOSITION_CREDITED,
    DISPOSITION_REFUNDED,
    DISPOSITION_SUSPENSE,
    DISPOSITION__MAX
};

enum purchase_state {
    PURCHASE_OPEN,
    PURCHASE_PAID,
    PURCHASE_DELIVERED,
    PURCHASE_CREDITED,
    PURCHASE_REFUNDED,
    PURCHASE_CANCELLED,
    PURCHASE_STATE__MAX
};

/* Names as in the tables' ENUMs; *_find answers RC_NOT_FOUND. Never NULL. */
const char *payment_state_name(enum payment_state state);
const char *disposition_name(enum disposition disposition);
const char *purchase_state_name(enum purchase_state state);
enum rc payment_state_find(const char *name, enum payment_state *ret_state) MUST_CHECK;
enum rc disposition_find(const char *name, enum disposition *ret_disposition) MUST_CHECK;
enum rc purchase_state_find(const char *name, enum purchase_state *ret_state) MUST_CHECK;
/* True if the drawing has an arrow from -> to. */
bool payment_move_allowed(enum payment_state from, enum payment_state to);
bool disposition_move_allowed(enum disposition from, enum disposition to);
bool purchase_move_allowed(enum purchase_state from, enum purchase_state to);
/* True for states that never change again. */
bool payment_state_is_final(enum payment_state state);
bool disposition_is_final(enum disposition disposition);
bool purchase_state_is_final(enum purchase_state state);
/* True if a payment in this state has this disposition: none until settled, one of the five after.
 */
bool payment_disposition_fits(enum payment_state state, enum disposition disposition);

#endif
