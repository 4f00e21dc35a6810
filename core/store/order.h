/*
 * Payments that a provider is asked for: what the web side orders, what paywatt-jobs must ask next
 * and what came of it. Columns of `payment` beside those of core/store/payment.h.
 *
 * next_query_at is the one due time of a payment that is not settled: of its creation, its next
 * query, or its closing. Every change asserts a transaction; those with a state name it in the
 * WHERE, so that two of them never both happen.
 */
#ifndef PW_STORE_ORDER_H
#define PW_STORE_ORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/rc.h"
#include "core/rules/payment_state.h"
#include "core/store/db.h"

#define ORDER_OFFER_BYTES_MAX 8192
#define ORDER_OPEN_ID_SEALED_MAX 240
#define ORDER_OPEN_ID_SEAL "payment.open_id" /* what binds the sealed openid to its place */
#define ORDER_FAIL_CODE_MAX 64
#define ORDERS_DUE_MAX 200

/* What was ordered, beside struct payment. */
struct order_details {
    const char *scene;     /* qr, phone, in_app, page */
    const char *client_ip; /* "" not known */
    const uint8_t *open_id_sealed;
    size_t open_id_sealed_len; /* 0: none */
    const uint8_t *token_hash; /* 32 bytes, or NULL */
    int64_t expires_at_ms;
};

enum rc orders_set_details(struct db *db, int64_t payment_id, const struct order_details *details,
                           int64_t due_at_ms) MUST_CHECK;

/* One that is due. Texts in the arena. */
struct order_due {
    int64_t payment_id;
    const char *order_number;
    const char *channel;
    const char *merchant;
    int64_t amount_fen;
    enum payment_state state; /* creating, open, closed */
    const char *scene;
    const char *client_ip;
    const uint8_t *open_id_sealed;
    size_t open_id_sealed_len;
    const char *unit_number;          /* for what the payer reads */
    const char *provider_transaction; /* "" not known yet */
    int64_t created_at_ms;
    int64_t expires_at_ms;
    int64_t asked_at_ms; /* 0: never */
    int64_t page_at_ms;
    int64_t close_asked_at_ms;
    int64_t tries;
};

/* Due payments of a provider, oldest first; outside a transaction. limit <= ORDERS_DUE_MAX. */
enum rc orders_due(struct db *db, struct arena *arena, const char *channel, int64_t now_ms,
                   size_t limit, struct order_due **ret_orders, size_t *ret_count) MUST_CHECK;
/* The soonest due time of orders and refunds that were submitted, 0: none. */
enum rc orders_next_due(struct db *db, struct arena *arena, int64_t *ret_at_ms) MUST_CHECK;
/* A request is about to leave: counted, and due again at due_at_ms whatever happens to us. */
enum rc orders_mark_asked(struct db *db, int64_t payment_id, int64_t now_ms,
                          int64_t due_at_ms) MUST_CHECK;
/* creating -> open with what to hand to the payer (JSON). RC_CONFLICT: another state by now. */
enum rc orders_set_offered(struct db *db, int64_t payment_id, const char *offer,
                           int64_t due_at_ms) MUST_CHECK;
/* Nothing was proved: again at due_at_ms (0: never), or sooner where somebody asked for it since it
   was marked with marked_at_ms. The count of tries starts anew where the provider answered. */
enum rc orders_set_due(struct db *db, int64_t payment_id, int64_t marked_at_ms, int64_t due_at_ms,
                       bool answered) MUST_CHECK;
/* creating or open -> closed or failed, with the provider's code. RC_CONFLICT. due_at_ms: it is
   still asked about then, 0: never. */
enum rc orders_set_ended(struct db *db, int64_t payment_id, enum payment_state to,
                         const char *fail_code, int64_t due_at_ms) MUST_CHECK;
/* The payer called it off: due at once. RC_CONFLICT: it is paid or over. */
enum rc orders_ask_close(struct db *db, int64_t payment_id, int64_t now_ms) MUST_CHECK;
/* Somebody said something about it that proves nothing: asked about at once. */
enum rc orders_look_now(struct db *db, const char *order_number, const char *channel,
                        int64_t now_ms) MUST_CHECK;
/* The pay page looked: the sooner ladder. Outside a transaction, a hint. */
enum rc orders_note_page(struct db *db, int64_t payment_id, int64_t now_ms,
                         int64_t due_at_ms) MUST_CHECK;

/* ---- which providers are offered */

struct pay_channel {
    const char *channel;
    const char *merchant;
    const char *scenes; /* comma between */
    const char *app_id;
    bool up;
    int64_t checked_at_ms;
};

#define PAY_CHANNELS_MAX 32

enum rc pay_channels_list(struct db *db, struct arena *arena, struct pay_channel **ret_channels,
                          size_t *ret_count) MUST_CHECK;
/* Writes all that are configured and drops the others. In a transaction. */
enum rc pay_channels_replace(struct db *db, const struct pay_channel *channels, size_t count,
                             int64_t now_ms) MUST_CHECK;

#endif
