/*
 * Rows of the delivery table. Every change asserts a transaction in which the supply's row is
 * locked (supply_lock) and answers RC_CONFLICT when the row is no longer in the state it is moved
 * from, or no longer the caller's: a poller that lost its delivery changes nothing. The moves are
 * decided by flow with core/rules/delivery_state.h.
 */
#ifndef PW_STORE_DELIVERY_H
#define PW_STORE_DELIVERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/rc.h"
#include "core/rules/delivery_state.h"
#include "core/store/db.h"

struct delivery_row {
    int64_t id;
    int64_t purchase_id;
    int64_t supply_id;
    int64_t epoch;
    int64_t meter_id;
    int64_t amount_fen;
    enum delivery_state state;
    int64_t purchase_count; /* 0: none yet */
    const char *wait_code;  /* "" */
    int64_t created_at_ms;
    int64_t claimed_at_ms;  /* 0: never */
    const char *claimed_by; /* "" nobody */
    int64_t before_count;
    int64_t before_balance_fen;
    const char *before_energy; /* JSON, "" none */
    int64_t sends;
    int64_t last_sent_at_ms;     /* 0: never */
    int64_t unknown_since_at_ms; /* 0: nothing is unknown */
    int64_t fence_asked_at_ms;   /* 0: not asked */
    int64_t changed_at_ms;
};

/* One open delivery as the poller finds it, with what would make it wait. */
struct delivery_look {
    int64_t id;
    int64_t supply_id;
    int64_t meter_id;
    int64_t line_id;
    enum delivery_state state;
    bool has_count;
    bool frozen;
    bool writable_line;
    bool slot_taken; /* by another delivery or an adjustment */
    int64_t amount_fen;
    int64_t changed_at_ms;
    bool restore_pending;
    char wait_code[33];
    char claimed_by[41];
    char serial_number[24]; /* what the meter must answer */
};

/* Writes a pending delivery of a purchase that was just paid: purchase_id, supply_id, epoch,
   meter_id, amount_fen are taken from row. RC_CONFLICT: it has one already. */
enum rc deliveries_insert(struct db *db, const struct delivery_row *row,
                          int64_t *ret_id) MUST_CHECK;
/* Texts in the arena. RC_NOT_FOUND. */
enum rc deliveries_get(struct db *db, struct arena *arena, int64_t id,
                       struct delivery_row *ret_row) MUST_CHECK;
enum rc deliveries_of_purchase(struct db *db, struct arena *arena, int64_t purchase_id,
                               struct delivery_row *ret_row) MUST_CHECK;
/* Pending, sending, fencing and held ones of a shard, those in flight first, then oldest first. */
enum rc deliveries_of_shard(struct db *db, struct arena *arena, int32_t shard, size_t max,
                            struct delivery_look **ret_looks, size_t *ret_count) MUST_CHECK;
/* True if another delivery or an adjustment of the supply is in flight. */
enum rc deliveries_slot_taken(struct db *db, struct arena *arena, int64_t supply_id,
                              int64_t except_id, bool *ret_taken) MUST_CHECK;
/* The epoch's opening count plus the counts given in it, plus one. RC_NOT_FOUND: no such epoch, or
   it is closed. */
enum rc deliveries_next_count(struct db *db, struct arena *arena, int64_t supply_id, int64_t epoch,
                              int64_t *ret_count) MUST_CHECK;
/* What funds the purchase, re-read: a settled payment that is pending, or one transfer of money we
   had already. *ret_funded false: nothing does. */
enum rc deliveries_funding(struct db *db, struct arena *arena, int64_t purchase_id,
                           bool *ret_funded, int64_t *ret_amount_fen) MUST_CHECK;

struct delivery_claim_row {
    int64_t purchase_count;
    const char *serial_number;
    int64_t count;
    int64_t balance_fen;
    const char *energy_json;
};

/* pending, or hold without a count -> sending, with its count and the evidence. RC_CONFLICT also
   when the count was given before. */
enum rc deliveries_set_claimed(struct db *db, int64_t id, const char *instance,
                               const struct delivery_claim_row *claim) MUST_CHECK;
/* An open delivery with a count becomes the instance's. */
enum rc deliveries_set_owner(struct db *db, int64_t id, const char *from,
                             const char *instance) MUST_CHECK;
/* A frame leaves now: sends + 1, unknown since now unless it was already. */
enum rc deliveries_set_sent(struct db *db, int64_t id, const char *instance) MUST_CHECK;
/* The reason why it waits; "" none. State stays. */
enum rc deliveries_set_wait(struct db *db, int64_t id, enum delivery_state state,
                            const char *wait_code) MUST_CHECK;
/* Any move that gives no count, proves nothing and ends nothing, except to cancelled. instance:
   whose it must be, "" whoever's. */
enum rc deliveries_move(struct db *db, int64_t id, enum delivery_state from, enum delivery_state to,
                        const char *instance, const char *wait_code) MUST_CHECK;

struct delivery_proof_row {
    int64_t count;
    int64_t balance_fen;
    int64_t use_cost_fen;
    int64_t tolerance_fen;
    int64_t decided_by;  /* 0: the read-back did; then the four above are stored */
    int64_t approval_id; /* 0: none */
};

/* sending, fencing, manual -> confirmed. */
enum rc deliveries_set_confirmed(struct db *db, int64_t id, enum delivery_state from,
                                 const char *instance,
                                 const struct delivery_proof_row *proof) MUST_CHECK;
/* fencing, manual -> fenced. fence_proof: zero_purchase, adjustment, epoch_closed. */
enum rc deliveries_set_fenced(struct db *db, int64_t id, enum delivery_state from,
                              const char *instance, const char *fence_proof,
                              const struct delivery_proof_row *proof) MUST_CHECK;
/* -> fencing, with who asked and when. */
enum rc deliveries_set_fencing(struct db *db, int64_t id, enum delivery_state from,
                               int64_t asked_by) MUST_CHECK;

/* The purchase of a proved delivery and the payment that funds it. power_at_ms 0: no power yet. */
enum rc deliveries_settle_purchase(struct db *db, int64_t purchase_id,
                                   int64_t power_at_ms) MUST_CHECK;

#endif
