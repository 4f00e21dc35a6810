/*
 * Money that goes back through the provider it came by. paywatt-jobs asks, under one number in
 * every try; what an answer or a notice says ends here.
 *
 *   suspense (paid twice, late) --refund_automatic--> submitted     nobody asked, nobody agrees
 *   approved                    --refund_submit-----> submitted     committed before the request
 *   submitted                   --refund_hear-------> succeeded | failed
 */
#ifndef PW_FLOW_REFUND_PROVIDER_H
#define PW_FLOW_REFUND_PROVIDER_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/rc.h"
#include "core/store/audit.h"
#include "core/store/db.h"

/* What a provider says about a refund, its signature checked. Borrowed, never NULL. */
struct refund_fact {
    const char *channel;
    const char *merchant;
    const char *order_number;    /* of the payment; "" not said */
    const char *refund_number;   /* ours */
    const char *provider_refund; /* theirs, "" not said */
    bool moved;                  /* the money went back; else it never will under this number */
    int64_t amount_fen;          /* where it moved */
    bool amount_is_sum;          /* of all refunds of the payment so far (Alipay) */
    const char *code;            /* theirs, where it failed */
};

enum refund_taken {
    REFUND_TAKEN,          /* the refund ended with it */
    REFUND_TAKEN_BEFORE,   /* known already */
    REFUND_TAKEN_UNKNOWN,  /* no refund of ours has this number: alarm */
    REFUND_TAKEN_CONFLICT, /* other figures than ours: alarm, nothing changed */
};

/* Inside a transaction. */
enum rc refund_hear(struct db *db, struct arena *arena, const struct actor *actor,
                    const struct refund_fact *fact, enum refund_taken *ret_taken) MUST_CHECK;
/* approved -> submitted, with its posting. Inside a transaction. RC_CONFLICT: another state. */
enum rc refund_submit(struct db *db, struct arena *arena, const struct actor *actor,
                      int64_t refund_id) MUST_CHECK;
/* A second or late payment goes back by itself. Inside a transaction. RC_CONFLICT: not any more; a
   person has it in hand, or it has a refund. */
enum rc refund_automatic(struct db *db, struct arena *arena, const struct actor *actor,
                         int64_t payment_id) MUST_CHECK;

#endif
