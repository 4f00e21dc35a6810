/*
 * The one function that lets money in: the counter, a provider's notice, the answer to a query and
 * a row of the daily bill all end here (design 4: a payment). Guards in written order, of
 * core/rules/payment_settle.h.
 *
 * In one transaction: event row, payment settled, ledger transfer, delivery in pending without a
 * count (or the credit of a platform account), audit. The caller wakes the poller after the commit
 * where settle_answer says so, and answers the provider in its own words by the verdict.
 */
#ifndef PW_FLOW_SETTLE_H
#define PW_FLOW_SETTLE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/rc.h"
#include "core/rules/payment_settle.h"
#include "core/store/audit.h"
#include "core/store/db.h"

#define SETTLE_CURRENCY "CNY"

enum settle_source { SETTLE_NOTICE, SETTLE_QUERY, SETTLE_BILL, SETTLE_COUNTER };

/* What somebody says whose signature was checked, or whom we see at the counter. Borrowed. */
struct settle_fact {
    enum settle_source source;
    const char *channel;              /* wechat, cash, ... */
    const char *merchant;             /* "" at the counter */
    const char *provider_transaction; /* <= PAYMENT_TRANSACTION_MAX */
    const char *order_number;         /* ours, as they repeat it */
    bool paid;
    int64_t amount_fen; /* 1 .. MONEY_MAX_FEN where paid */
    const char *currency;
    int64_t occurred_at_ms;     /* 0: not said */
    const uint8_t *body_sha256; /* of the signed bytes, or NULL */
};

struct settle_answer {
    enum settle_verdict verdict;
    enum settle_destination destination; /* SETTLE_OK only */
    int64_t payment_id;                  /* of the row that holds this money; 0: none */
    int64_t purchase_id;                 /* 0: none */
    int64_t delivery_id;                 /* 0: none */
    int32_t shard;                       /* whom to wake when delivery_id is set */
};

/* Inside a transaction. RC_OK for every verdict: the money is booked as the verdict says, or there
   is none. RC_INVALID: amount or texts out of bounds; nothing was stored. */
enum rc settle_payment(struct db *db, struct arena *arena, const struct actor *actor,
                       const struct settle_fact *fact, struct settle_answer *ret_answer) MUST_CHECK;

#endif
