/*
 * Rows of payment and payment_event: money that a provider or the counter says came. Events are
 * never changed.
 */
#ifndef PW_STORE_PAYMENT_H
#define PW_STORE_PAYMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/rc.h"
#include "core/rules/payment_state.h"
#include "core/store/db.h"

#define PAYMENT_NUMBER_MAX 40      /* bytes of an order number */
#define PAYMENT_TRANSACTION_MAX 64 /* bytes of a provider's transaction */

struct payment {
    int64_t id;
    const char *order_number;
    int64_t purchase_id; /* 0: of none */
    int64_t supply_id;   /* of that purchase, 0: of none */
    const char *channel;
    const char *merchant;
    int64_t amount_fen;
    const char *currency;
    enum payment_state state;
    enum disposition disposition;
    const char *suspense_reason; /* "" none */
};

/* The row, without a lock. RC_NOT_FOUND. */
enum rc payments_get(struct db *db, struct arena *arena, int64_t id,
                     struct payment *ret_payment) MUST_CHECK;
/* The row, locked until the end of the transaction. RC_NOT_FOUND. */
enum rc payments_lock(struct db *db, struct arena *arena, int64_t id,
                      struct payment *ret_payment) MUST_CHECK;
/* True if a payment or a purchase of this number is there. */
enum rc payments_number_known(struct db *db, struct arena *arena, const char *number,
                              bool *ret_known) MUST_CHECK;
/* Writes a payment in `creating`. RC_CONFLICT: the number is taken. */
enum rc payments_insert(struct db *db, const struct payment *payment, int64_t *ret_id) MUST_CHECK;
/* Writes money that no purchase of ours may have, settled into suspense at once. RC_CONFLICT: the
   number or the transaction is taken. */
enum rc payments_insert_suspense(struct db *db, const struct payment *payment,
                                 const char *provider_transaction, int64_t at_ms,
                                 int64_t *ret_id) MUST_CHECK;
/* Settles: from `from`, with where the money goes. suspense_reason "" unless suspense. RC_CONFLICT:
   the state is another, or the transaction belongs to another payment. */
enum rc payments_set_settled(struct db *db, int64_t id, enum payment_state from,
                             enum disposition disposition, const char *suspense_reason,
                             const char *provider_transaction, int64_t at_ms) MUST_CHECK;
/* Moves a payment that is not settled. RC_CONFLICT. */
enum rc payments_set_state(struct db *db, int64_t id, enum payment_state from,
                           enum payment_state to) MUST_CHECK;
/* Moves a settled payment's money; why it once stood in suspense stays. RC_CONFLICT. */
enum rc payments_set_disposition(struct db *db, int64_t id, enum disposition from,
                                 enum disposition to) MUST_CHECK;
/* A payment out of suspense hangs on this purchase from now on. RC_CONFLICT. */
enum rc payments_set_purchase(struct db *db, int64_t id, int64_t purchase_id) MUST_CHECK;
/* Who deals with it while it waits. RC_CONFLICT. */
enum rc payments_set_owner(struct db *db, int64_t id, int64_t owner_id) MUST_CHECK;

struct payment_event {
    int64_t payment_id; /* 0: of none */
    const char *source; /* notice, query, bill, counter */
    const char *channel;
    const char *merchant;
    const char *provider_transaction; /* "" none */
    const char *order_number;
    bool paid;
    int64_t amount_fen;
    const char *currency;
    bool verified;
    const char *verdict;        /* settle_verdict_code */
    const uint8_t *body_sha256; /* 32 bytes or NULL */
    int64_t occurred_at_ms;     /* 0: not said */
};

enum rc payment_events_insert(struct db *db, const struct payment_event *event) MUST_CHECK;

struct payment_event_seen {
    int64_t payment_id;
    const char *order_number; /* as they said it */
    int64_t amount_fen;
    const char *currency;
};
/* The first verified event of this provider transaction that said paid; RC_NOT_FOUND. */
enum rc payment_events_find_paid(struct db *db, struct arena *arena, const char *channel,
                                 const char *merchant, const char *provider_transaction,
                                 struct payment_event_seen *ret_event) MUST_CHECK;

#endif
