/*
 * Money out: what people ask for, what a second person agrees to, and what the counter pays. What
 * is still in a meter leaves it by adjustment, which the poller carries out (flow/adjustment.h).
 *
 *   never delivered   refund_request -> approval -> delivery cancelled, refund approved
 *                     -> refund_pay (counter) or jobs (provider)
 *   in the meter      adjustment_request -> approval -> poller -> applied -> refund_of_adjustment
 *   wrong shop        adjustment_request -> approval: the right shop is credited at once; what the
 *                     wrong shop still has is taken back, the rest stays on corrections
 *   suspense          suspense_decide: deliver after all, refund, keep
 */
#ifndef PW_FLOW_REFUND_H
#define PW_FLOW_REFUND_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/rc.h"
#include "core/flow/command.h"
#include "core/flow/settle.h"
#include "core/store/db.h"

#define REFUND_APPROVAL_EXPIRY_MS (INT64_C(3) * 86400 * 1000)

/* Asks for all of a payment back: it waits in suspense, or its delivery never left. RC_REFUSED with
   refund_verdict_code, "in_the_meter" above all; RC_CONFLICT "conflict": asked for already. */
enum rc refund_request(struct db *db, struct arena *arena, const struct actor *actor,
                       int64_t payment_id, const char *reason, int64_t *ret_approval_id,
                       struct command_refusal *ret_refusal) MUST_CHECK;
/* The second person agreed: maker's act, checked again. For approval_decide. */
enum rc refund_carry(struct db *db, struct arena *arena, const struct actor *maker,
                     int64_t checker_id, int64_t approval_id,
                     struct command_refusal *ret_refusal) MUST_CHECK;
/* The counter hands the money out: approved -> submitted -> succeeded, with its postings.
   RC_REFUSED "not_at_counter" for money that came through a provider. */
enum rc refund_pay(struct db *db, struct arena *arena, const struct actor *actor, int64_t refund_id,
                   struct command_refusal *ret_refusal) MUST_CHECK;
/* What an applied adjustment took out goes back on a payment of the same supply; the two people are
   those of the adjustment. RC_NOT_FOUND: not applied; RC_CONFLICT "conflict": promised already;
   RC_REFUSED "exceeds_payment". */
enum rc refund_of_adjustment(struct db *db, struct arena *arena, const struct actor *actor,
                             int64_t adjustment_id, int64_t payment_id, int64_t *ret_refund_id,
                             struct command_refusal *ret_refusal) MUST_CHECK;

struct adjustment_request {
    int64_t supply_id;
    const char *kind;        /* refund, reversal, wrong_shop, correction */
    int64_t amount_fen;      /* to leave the meter; a correction below zero: to come into it */
    int64_t purchase_id;     /* reversal, wrong_shop: what is taken back; 0 else */
    int64_t right_supply_id; /* wrong_shop: who should have had it; 0 else */
    const char *reason;
    const uint8_t *evidence_sha256; /* 32 bytes, or NULL */
};

/* Asks for an adjustment. Refusals name the field; "exceeds_balance" when the meter holds less. A
   correction needs evidence; one below zero gives money to the shop, without an adjustment. */
enum rc adjustment_request(struct db *db, struct arena *arena, const struct actor *actor,
                           const struct adjustment_request *request, int64_t *ret_approval_id,
                           struct command_refusal *ret_refusal) MUST_CHECK;
/* The second person agreed. *ret_shard: whose poller to wake. */
enum rc adjustment_carry(struct db *db, struct arena *arena, const struct actor *maker,
                         int64_t checker_id, int64_t approval_id, int64_t right_supply_id,
                         int64_t amount_fen, int32_t *ret_shard,
                         struct command_refusal *ret_refusal) MUST_CHECK;

struct correction_given {
    int64_t supply_id;
    int64_t account_id; /* who had it when it was asked for */
    int64_t amount_fen;
    int64_t approval_id;
    const char *reason;
    const char *evidence_sha256; /* 64 hex digits */
};

/* The second person agreed that the shop gets money: a purchase of origin correction, on its way.
 */
enum rc correction_carry(struct db *db, struct arena *arena, const struct actor *maker,
                         const struct correction_given *given, int32_t *ret_shard,
                         struct command_refusal *ret_refusal) MUST_CHECK;

/* Money in suspense: delivered to a supply after all. *ret_answer: delivery and shard. */
enum rc suspense_deliver(struct db *db, struct arena *arena, const struct actor *actor,
                         int64_t payment_id, int64_t supply_id, const char *reason,
                         struct settle_answer *ret_answer,
                         struct command_refusal *ret_refusal) MUST_CHECK;
/* A delivery that waits for a person is in the meter, somebody looked: asks the second person.
   RC_CONFLICT "conflict": it is in another state. */
enum rc delivery_ask_confirmed(struct db *db, struct arena *arena, const struct actor *actor,
                               int64_t delivery_id, const char *reason, int64_t *ret_approval_id,
                               struct command_refusal *ret_refusal) MUST_CHECK;
/* It goes on waiting, under this person's name. */
enum rc suspense_keep(struct db *db, struct arena *arena, const struct actor *actor,
                      int64_t payment_id, const char *reason,
                      struct command_refusal *ret_refusal) MUST_CHECK;

#endif
