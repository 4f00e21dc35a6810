/*
 * Refunds at the provider that took the money: what must be asked next, and what was heard. Columns
 * of `refund` beside those of core/store/refund.h.
 *
 * next_query_at is the one due time: of the first request, of its repetition under the same number,
 * or of the question how far it is (accepted_at: from then on).
 */
#ifndef PW_STORE_REFUND_PROVIDER_H
#define PW_STORE_REFUND_PROVIDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/rc.h"
#include "core/rules/refund_state.h"
#include "core/store/db.h"

#define REFUND_FAIL_CODE_MAX 64
#define REFUNDS_DUE_MAX 100

/* One that is due. Texts in the arena. */
struct refund_due {
    int64_t refund_id;
    const char *number;
    enum refund_state state; /* approved, submitted */
    int64_t amount_fen;
    int64_t submitted_at_ms; /* 0: not yet; names the refund at UnionPay, never changes */
    int64_t accepted_at_ms;  /* 0: not yet */
    int64_t tries;
    int64_t payment_id;
    const char *order_number;
    const char *merchant;
    const char *provider_transaction;
    int64_t payment_fen;
    int64_t payment_created_at_ms;
};

/* Approved and submitted refunds of a channel that are due, oldest first; outside a transaction. */
enum rc refunds_due(struct db *db, struct arena *arena, const char *channel, int64_t now_ms,
                    size_t limit, struct refund_due **ret_refunds, size_t *ret_count) MUST_CHECK;
/* A request is about to leave: counted, and due again at due_at_ms. RC_CONFLICT: it ended. */
enum rc refunds_mark_asked(struct db *db, int64_t id, int64_t due_at_ms) MUST_CHECK;
/* Not over: again at due_at_ms. accepted: the provider took it (now_ms, the first time only), and
   the count of tries starts anew. */
enum rc refunds_set_due(struct db *db, int64_t id, int64_t due_at_ms, bool accepted,
                        int64_t now_ms) MUST_CHECK;
/* By its number. RC_NOT_FOUND. */
enum rc refunds_find(struct db *db, struct arena *arena, const char *number,
                     int64_t *ret_id) MUST_CHECK;
/* What the provider calls it ("" keeps what is known), and why it failed ("" none). */
enum rc refunds_set_told(struct db *db, int64_t id, const char *provider_refund,
                         const char *fail_code) MUST_CHECK;
/* The order number under which the provider knows a payment: that of money in suspense is not the
   one of its row. */
enum rc refunds_order_number(struct db *db, struct arena *arena, int64_t payment_id,
                             const char **ret_number) MUST_CHECK;
/* What went back of a payment for certain, in fen. */
enum rc refunds_succeeded_fen(struct db *db, struct arena *arena, int64_t payment_id,
                              int64_t *ret_fen) MUST_CHECK;

/* Payments of a channel whose money goes back by itself: a second payment, a late one; nobody has
   it in hand, no refund was asked for. */
enum rc suspense_automatic_list(struct db *db, struct arena *arena, const char *channel,
                                size_t limit, int64_t **ret_ids, size_t *ret_count) MUST_CHECK;
/* The same question about one, under its lock. */
enum rc suspense_is_automatic(struct db *db, struct arena *arena, int64_t payment_id,
                              bool *ret_is) MUST_CHECK;

#endif
