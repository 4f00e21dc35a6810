/*
 * Rows of the adjustment table (清退/调整). Every change asserts a transaction in which the
 * supply's row is locked and answers RC_CONFLICT when the row is not in the state it is moved from.
 * Moves are decided by flow with core/rules/adjustment_state.h.
 */
#ifndef PW_STORE_ADJUSTMENT_H
#define PW_STORE_ADJUSTMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/rc.h"
#include "core/rules/adjustment_state.h"
#include "core/store/db.h"

struct adjustment_row {
    int64_t id;
    const char *kind; /* refund, reversal, wrong_shop, correction, swap, close, fence */
    int64_t account_id;
    int64_t supply_id;
    int64_t epoch;
    int64_t meter_id;
    int64_t delivery_id; /* 0: none */
    int64_t amount_fen;
    enum adjustment_state state;
    const char *reason;
    int64_t maker_id;
    int64_t checker_id;      /* 0: nobody yet */
    int64_t approval_id;     /* 0: none */
    int64_t trip_command_id; /* 0: none */
    bool has_targets;
    int64_t old_count, old_balance_fen;
    int64_t new_count, new_balance_fen;
    int64_t tolerance_fen;
    int64_t left_fen; /* applied and typed */
    int64_t writes;
    int64_t unknown_since_at_ms; /* 0: nothing is unknown */
    int64_t created_at_ms;
};

/* One open adjustment as the poller finds it. */
struct adjustment_look {
    int64_t id;
    int64_t supply_id;
    int64_t meter_id;
    int64_t line_id;
    enum adjustment_state state; /* approved, writing */
    int64_t trip_command_id;
    char trip_state[16]; /* of that order, "" none */
    bool frozen;
    bool writable_line;
    bool slot_taken; /* by a delivery */
    char serial_number[24];
};

/* Writes an asked one; kind, account, supply, epoch, meter, delivery, amount, reason, maker and
   approval are taken from row. evidence_sha256: 32 bytes, or NULL. */
enum rc adjustments_insert(struct db *db, const struct adjustment_row *row,
                           const uint8_t *evidence_sha256, int64_t *ret_id) MUST_CHECK;
/* Texts in the arena. RC_NOT_FOUND. */
enum rc adjustments_get(struct db *db, struct arena *arena, int64_t id,
                        struct adjustment_row *ret_row) MUST_CHECK;
/* Approved and writing ones of a shard, oldest first. */
enum rc adjustments_of_shard(struct db *db, struct arena *arena, int32_t shard, size_t max,
                             struct adjustment_look **ret_looks, size_t *ret_count) MUST_CHECK;
/* asked -> approved by the second person. */
enum rc adjustments_set_approved(struct db *db, int64_t id, int64_t checker_id) MUST_CHECK;
/* The order of the forced trip. */
enum rc adjustments_set_trip(struct db *db, int64_t id, int64_t command_id) MUST_CHECK;

struct adjustment_targets {
    int64_t old_count, old_balance_fen;
    int64_t new_count, new_balance_fen;
    int64_t tolerance_fen;
};

/* approved -> writing, with the targets and what is expected to stand there. */
enum rc adjustments_set_targets(struct db *db, int64_t id,
                                const struct adjustment_targets *targets) MUST_CHECK;
/* A frame leaves now: writes + 1, unknown since now unless it was already. */
enum rc adjustments_set_written(struct db *db, int64_t id) MUST_CHECK;
/* writing -> applied, with what was read back and what really left. */
enum rc adjustments_set_applied(struct db *db, int64_t id, int64_t read_count,
                                int64_t read_balance_fen, int64_t left_fen) MUST_CHECK;
/* approved -> typed: a dead meter; what its display says, with the photo (32 bytes). */
enum rc adjustments_set_typed(struct db *db, int64_t id, int64_t read_count,
                              int64_t read_balance_fen, const uint8_t *evidence_sha256) MUST_CHECK;
/* Any other move. */
enum rc adjustments_move(struct db *db, int64_t id, enum adjustment_state from,
                         enum adjustment_state to) MUST_CHECK;

#endif
