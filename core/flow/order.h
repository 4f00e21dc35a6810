/*
 * Orders that a provider is paid for (design 4, 5.8). The web side makes and looks, paywatt-jobs
 * asks the provider; whatever it hears ends here. Money that came always goes through
 * settle_payment; these steps move everything else.
 *
 *   order_create -> creating --offered--> open --settle_payment--> settled
 *                      |                   |  \--order_close_ask--> (jobs closes at the provider)
 *                      +---- ended --------+----> closed | failed, the purchase cancelled
 *
 * No web worker ever calls out. A request is committed as asked before it leaves; what was not
 * answered is asked again under the same number.
 */
#ifndef PW_FLOW_ORDER_H
#define PW_FLOW_ORDER_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/rc.h"
#include "core/flow/command.h"
#include "core/store/audit.h"
#include "core/store/db.h"
#include "core/store/order.h"

#define ORDER_LIFE_MS (INT64_C(15) * 60000)   /* how long the payer has */
#define ORDER_CHANNEL_FRESH_MS INT64_C(60000) /* jobs says so often that a provider is there */

struct order_request {
    int64_t supply_id;
    int64_t account_id; /* as the payer saw it */
    int64_t amount_fen;
    const char *channel;
    const char *merchant; /* "" the only one */
    const char *scene;    /* qr, phone, in_app, page */
    const char *client_ip;
    const uint8_t *open_id_sealed;
    size_t open_id_sealed_len;
    const uint8_t *token_hash; /* 32 bytes of a pay sticker's token, or NULL */
    unsigned seen;             /* warnings the payer confirmed, PURCHASE_WARN_* */
};

/* Inside a transaction. RC_REFUSED with the purchase verdict's code, "wrong_account",
   "warning_not_seen", "provider_not_offered", "provider_unavailable"; nothing is stored then. */
enum rc order_create(struct db *db, struct arena *arena, const struct actor *actor,
                     const struct order_request *request, int64_t *ret_purchase_id,
                     int64_t *ret_payment_id, struct command_refusal *ret_refusal) MUST_CHECK;
/* The payer calls it off: jobs closes it at the provider; paid meanwhile wins. Inside a
   transaction. RC_CONFLICT: paid or over. */
enum rc order_close_ask(struct db *db, const struct actor *actor, int64_t payment_id) MUST_CHECK;

/* ---- what jobs hears; each its own transaction or inside one */

/* The provider made the order: what to hand to the payer, JSON. */
enum rc order_offered(struct db *db, int64_t payment_id, const char *offer,
                      int64_t due_at_ms) MUST_CHECK;
/* It will not be paid any more (closed), or never could be (failed): the purchase is cancelled.
   RC_CONFLICT: it was settled meanwhile. */
enum rc order_ended(struct db *db, int64_t payment_id, enum payment_state to, const char *code,
                    int64_t due_at_ms) MUST_CHECK;
/* The provider says what no payment of ours may say (paid, and given back behind us): alarm, a
   person looks. */
enum rc order_odd(struct db *db, int64_t payment_id, const char *code) MUST_CHECK;

#endif
