/*
 * What the daily proof needs of the tables, and its own rows: proof, proof_line, proof_state. What
 * they mean: core/rules/proof.h. Rows of proof and proof_line are only added.
 */
#ifndef PW_STORE_PROOF_H
#define PW_STORE_PROOF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/rc.h"
#include "core/rules/charge.h"
#include "core/rules/proof.h"
#include "core/store/db.h"

#define PROOF_DUE_MAX 1000
#define PROOF_EPOCHS_MAX 100
#define PROOF_CUTS_MAX 30
#define PROOF_SPANS_MAX 100
#define PROOF_MOVES_MAX 5000 /* of one supply that are in no proof yet */

/* Supplies that may have a day to close, those that were never looked at first. */
enum rc proofs_due(struct db *db, struct arena *arena, int64_t now_ms, size_t max,
                   int64_t **ret_ids, size_t *ret_count) MUST_CHECK;

/* A supply and the end of its last proof. */
struct proof_head {
    int64_t supply_id;
    bool platform;
    int64_t last_id; /* 0: none yet; the rest is then 0 too */
    int64_t to_at_ms;
    int64_t epoch;
    int64_t epoch_id;
    bool last_platform;
    int64_t closing_fen;
    struct proof_point point; /* its closing figures */
    bool has_state;
    struct charge_state state;
};
/* RC_NOT_FOUND: no such supply. */
enum rc proofs_head(struct db *db, struct arena *arena, int64_t supply_id,
                    struct proof_head *ret_head) MUST_CHECK;

struct proof_epoch {
    int64_t id;
    int64_t epoch;
    int64_t meter_id;
    int64_t unit_wh; /* one count of an energy register */
    int64_t near_ms; /* history has a row so often */
    struct proof_point open;
    bool closed;
    struct proof_point close; /* where closed */
};
/* Of a supply, from a number on, in order. */
enum rc proofs_epochs(struct db *db, struct arena *arena, int64_t supply_id, int64_t from_epoch,
                      struct proof_epoch **ret_epochs, size_t *ret_count) MUST_CHECK;

/* A transfer of the supply's prepaid money that is in no proof yet. */
struct proof_transfer {
    int64_t id;
    struct proof_move move;
};
/* In the order in which they were posted. */
enum rc proofs_moves(struct db *db, struct arena *arena, int64_t supply_id,
                     struct proof_transfer **ret_moves, size_t *ret_count) MUST_CHECK;

/* Moments strictly between two at which the supply's account ended or its tariff changed. */
enum rc proofs_cuts(struct db *db, struct arena *arena, int64_t supply_id, int64_t from_ms,
                    int64_t to_ms, int64_t **ret_cuts, size_t *ret_count) MUST_CHECK;

/* A time in which the ledger held the money (platform mode), with the meter's figures at both ends.
 */
struct proof_span {
    int64_t from_at_ms;
    int64_t until_at_ms;      /* INT64_MAX: it goes on */
    bool changed;             /* the supply came into it from meter mode */
    struct proof_point begin; /* where changed: the emptied meter */
    struct proof_point end;   /* where it ended: the meter with the money in it */
};
/* Of a supply, those that end behind a moment, in order. */
enum rc proofs_spans(struct db *db, struct arena *arena, int64_t supply_id, int64_t after_ms,
                     struct proof_span **ret_spans, size_t *ret_count) MUST_CHECK;

/* The last reading with balance and count in (from_ms, to_ms]; RC_NOT_FOUND. */
enum rc proofs_reading_before(struct db *db, struct arena *arena, int64_t meter_id, int64_t from_ms,
                              int64_t to_ms, struct proof_point *ret_point) MUST_CHECK;
/* The first one in (from_ms, to_ms]; RC_NOT_FOUND. */
enum rc proofs_reading_after(struct db *db, struct arena *arena, int64_t meter_id, int64_t from_ms,
                             int64_t to_ms, struct proof_point *ret_point) MUST_CHECK;
/* True while pollers hold readings that are not in the history yet. */
enum rc proofs_spooled(struct db *db, struct arena *arena, bool *ret_spooled) MUST_CHECK;

/* Counts in (from, to] of an epoch that we gave: ended, and on their way. */
enum rc proofs_counts(struct db *db, struct arena *arena, int64_t supply_id, int64_t epoch,
                      int64_t from_count, int64_t to_count, int64_t *ret_ended,
                      int64_t *ret_open) MUST_CHECK;
/* When the adjustment in flight was first written; INT64_MAX: none was. */
enum rc proofs_adjusting(struct db *db, struct arena *arena, int64_t supply_id,
                         int64_t *ret_written_at_ms) MUST_CHECK;
/* Until when the supply is charged (platform mode), 0 never; and the registers there. */
enum rc proofs_charged(struct db *db, struct arena *arena, int64_t supply_id, int64_t until_ms,
                       int64_t *ret_until_ms, struct proof_point *ret_point) MUST_CHECK;
/* True if new prices reached the meter of a supply in [from_ms, to_ms). */
enum rc proofs_pushed(struct db *db, struct arena *arena, int64_t supply_id, int64_t from_ms,
                      int64_t to_ms, bool *ret_pushed) MUST_CHECK;

/* One row of proof, as it is added. */
struct proof_row {
    int64_t supply_id;
    const char *day;
    int64_t from_at_ms;
    int64_t epoch;
    int64_t epoch_id;
    int64_t meter_id;
    bool platform;
    struct ledger_proof proof;
    int64_t posted_fen;       /* of proof.used_fen: posted by others, an account that closed */
    struct proof_point open;  /* figures at from_at, where they are known */
    struct proof_point close; /* figures at to_at (close.at_ms) */
    bool has_open;
    bool has_close; /* platform: the registers of the charge */
    bool given;     /* the closing figures are those of the epoch */
    int64_t tariff_id;
    struct proof_costs costs;
    enum proof_difference difference;
    bool has_state;
    struct charge_state state;
};

/* Asserts a transaction in which the supply is locked. RC_CONFLICT: the stretch has one. */
enum rc proofs_insert(struct db *db, const struct proof_row *row, int64_t *ret_id) MUST_CHECK;
/* RC_CONFLICT: the transfer is in another proof. */
enum rc proof_lines_insert(struct db *db, int64_t proof_id,
                           const struct proof_transfer *transfer) MUST_CHECK;
/* Where the supply stands. wait_code "": it waits for nothing but time; day is then "". */
enum rc proof_states_put(struct db *db, int64_t supply_id, int64_t due_at_ms, const char *day,
                         const char *wait_code, int64_t now_ms) MUST_CHECK;

#endif
