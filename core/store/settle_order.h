/*
 * An order as settling sees it: the payment with its purchase, what is known of the provider's
 * transaction, and the site's word on late money, in one read.
 *
 * The read takes no lock, because the supply that is locked first is only known by it. Nothing
 * stale is acted upon: the session's innodb_snapshot_isolation refuses every lock, and so every
 * update, on a row that changed since (1020, RC_RETRY: the whole step begins again); the updates of
 * payment and purchase name the state they move from, and settle_orders_lock compares the states
 * where nothing is moved.
 */
#ifndef PW_STORE_SETTLE_ORDER_H
#define PW_STORE_SETTLE_ORDER_H

#include <stdbool.h>

#include "core/base/arena.h"
#include "core/base/rc.h"
#include "core/store/db.h"
#include "core/store/payment.h"
#include "core/store/purchase.h"

struct settle_order {
    bool found; /* a payment has this number */
    struct payment payment;
    struct purchase purchase; /* id 0: the payment has none */
    bool event_found;         /* a verified event of the transaction says paid */
    struct payment_event_seen event;
    bool reopen_late; /* site setting payment_reopen_late */
    bool mode_turned; /* the supply's mode is no longer the one it was ordered in */
};

/* provider_transaction NULL: of none. Texts in the arena. RC_OK also when nothing was found. */
enum rc settle_orders_read(struct db *db, struct arena *arena, const char *order_number,
                           const char *channel, const char *merchant,
                           const char *provider_transaction,
                           struct settle_order *ret_order) MUST_CHECK;
/* Locks a found payment, then its purchase, until the end of the transaction; the supply is locked
   already. RC_RETRY: they are no longer as they were read. */
enum rc settle_orders_lock(struct db *db, struct arena *arena,
                           const struct settle_order *order) MUST_CHECK;

#endif
