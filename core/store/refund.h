/*
 * Rows of refund, and of adjustment while people ask and agree; the poller's side of an adjustment
 * is core/store/adjustment.h. Every change asserts a transaction in which the supply, where there
 * is one, and the payment are locked.
 */
#ifndef PW_STORE_REFUND_H
#define PW_STORE_REFUND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/rc.h"
#include "core/rules/refund_state.h"
#include "core/store/db.h"

struct refund {
    int64_t id;
    const char *number;
    int64_t payment_id;
    const char *source;    /* undelivered, suspense, adjustment, close, returned */
    int64_t adjustment_id; /* 0: none */
    int64_t close_id;      /* 0: none */
    int64_t returned_id;   /* 0: none */
    int64_t amount_fen;
    enum refund_state state;
    const char *reason;
    int64_t maker_id;    /* 0: automatic */
    int64_t checker_id;  /* 0: nobody yet */
    int64_t approval_id; /* 0: none */
    bool automatic;      /* nobody asked, nobody agrees: approved at once */
};

/* Writes one that was asked for, or, with a checker, one that is agreed. RC_CONFLICT: the number.
 */
enum rc refunds_insert(struct db *db, const struct refund *refund, int64_t *ret_id) MUST_CHECK;
/* The row, without and with a lock. RC_NOT_FOUND. */
enum rc refunds_get(struct db *db, struct arena *arena, int64_t id,
                    struct refund *ret_refund) MUST_CHECK;
enum rc refunds_lock(struct db *db, struct arena *arena, int64_t id,
                     struct refund *ret_refund) MUST_CHECK;
/* What an approval is about; RC_NOT_FOUND. */
enum rc refunds_of_approval(struct db *db, struct arena *arena, int64_t approval_id,
                            int64_t *ret_id) MUST_CHECK;
/* asked -> approved. RC_CONFLICT. */
enum rc refunds_set_approved(struct db *db, int64_t id, int64_t checker_id) MUST_CHECK;
/* Any other move; submitted (the first time) and ends take their times. RC_CONFLICT. */
enum rc refunds_move(struct db *db, int64_t id, enum refund_state from,
                     enum refund_state to) MUST_CHECK;
/* Of a payment: what counts against it, and whether one is still asked for. */
enum rc refunds_of_payment(struct db *db, struct arena *arena, int64_t payment_id,
                           int64_t *ret_taken_fen, bool *ret_asked) MUST_CHECK;
/* True if what this adjustment took out is promised to a payer already. */
enum rc refunds_of_adjustment(struct db *db, struct arena *arena, int64_t adjustment_id,
                              bool *ret_promised) MUST_CHECK;
/* What open and carried out reversals and wrong shops take back of a delivery, in fen. */
enum rc adjustment_asks_of_delivery(struct db *db, struct arena *arena, int64_t delivery_id,
                                    int64_t *ret_taken_fen) MUST_CHECK;

struct adjustment_ask {
    const char *kind; /* refund, reversal, wrong_shop, correction */
    int64_t account_id;
    int64_t supply_id;
    int64_t epoch;
    int64_t meter_id;
    int64_t delivery_id; /* 0: none */
    int64_t amount_fen;
    const char *reason;
    const uint8_t *evidence_sha256; /* 32 bytes, or NULL */
    int64_t maker_id;
    int64_t approval_id;
};

enum rc adjustment_asks_insert(struct db *db, const struct adjustment_ask *ask,
                               int64_t *ret_id) MUST_CHECK;
/* What an approval is about; RC_NOT_FOUND. */
enum rc adjustment_asks_of_approval(struct db *db, struct arena *arena, int64_t approval_id,
                                    int64_t *ret_id, int32_t *ret_shard) MUST_CHECK;
/* asked -> approved. RC_CONFLICT. */
enum rc adjustment_asks_set_approved(struct db *db, int64_t id, int64_t checker_id) MUST_CHECK;
/* One that was carried out: what left, who asked and agreed. RC_NOT_FOUND unless it is applied. */
struct adjustment_done {
    int64_t id;
    int64_t supply_id;
    int64_t left_fen;
    int64_t maker_id;
    int64_t checker_id;
    int64_t approval_id;
};
enum rc adjustment_asks_done(struct db *db, struct arena *arena, int64_t id,
                             struct adjustment_done *ret_done) MUST_CHECK;

/* What was asked under an approval that was rejected or is expired ends with it. approval_id 0: all
   of them. */
enum rc money_asks_end(struct db *db, int64_t approval_id) MUST_CHECK;

#endif
