/*
 * Rows of the meter_swap table (换表). Every change asserts a transaction in which the supply's row
 * is locked (supply_lock) and answers RC_CONFLICT when the row is not in the state it is moved
 * from. Moves are decided by flow with core/rules/swap_state.h.
 */
#ifndef PW_STORE_SWAP_H
#define PW_STORE_SWAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/rc.h"
#include "core/rules/swap_state.h"
#include "core/store/db.h"

#define SWAPS_MAX 200
#define SWAP_PURCHASES_MAX 100

struct swap { /* ROW_NULL where a number is not known; texts "" where there is none */
    int64_t id;
    int64_t supply_id;
    int64_t account_id;
    enum swap_state step;
    const char *state; /* its name */
    const char *reason;
    int64_t maker_id;
    int64_t checker_id;  /* ROW_NULL: nobody yet */
    int64_t approval_id; /* ROW_NULL: none */
    int64_t old_epoch;
    int64_t old_meter_id;
    bool old_dead;
    int64_t adjustment_id;
    int64_t old_balance_fen, old_count, old_energy_wh;
    int64_t old_taken_at;    /* 0: not yet; so are the times below */
    const char *wanted;      /* JSON of a push, "" none */
    bool fee_control_wanted; /* of the supply now: in meter mode the meter charges by itself */
    int64_t fee_control;     /* of the new meter, read since the exchange: 0 off, 1 on, ROW_NULL */
    int64_t survey_id;
    bool survey_old;
    const char *new_number;
    int64_t new_line_id;
    int64_t new_address;
    int64_t new_model_id;
    const char *new_serial_number;
    int64_t new_ct_ratio, new_pt_ratio;
    int64_t new_meter_id;
    int64_t new_epoch;
    int64_t new_balance_fen, new_count, new_energy_wh;
    int64_t new_taken_at;
    int64_t covered_fen, carried_fen, correction_fen;
    int64_t back_epoch;
    const char *undo_reason;
    int64_t created_at, emptied_at, exchanged_at, ended_at;
    /* for pages */
    const char *unit_number, *account_name, *maker_name, *checker_name;
    const char *old_number, *old_serial_number, *old_line_code;
    int64_t old_address;
    const char *new_line_code, *new_model_code;
    const char *adjustment_state;
    int64_t left_fen;    /* what the adjustment took out */
    int64_t arrived_fen; /* of carried_fen: in the new meter */
};

/* Writes an asked one: supply, account, reason, maker, old_*, old_dead and wanted are taken
   from it. evidence_sha256: 32 bytes, or NULL. RC_CONFLICT: the supply has an open one. */
enum rc swaps_insert(struct db *db, const struct swap *swap, const uint8_t *evidence_sha256,
                     int64_t *ret_id) MUST_CHECK;
enum rc swaps_set_approval(struct db *db, int64_t id, int64_t approval_id) MUST_CHECK;
/* Texts in the arena. RC_NOT_FOUND. */
enum rc swaps_get(struct db *db, struct arena *arena, int64_t id, struct swap *ret_swap) MUST_CHECK;
/* Newest first, at most `limit` of ids below before_id (0: all); supply_id 0: of all supplies. */
enum rc swaps_list(struct db *db, struct arena *arena, int64_t supply_id, int64_t before_id,
                   size_t limit, struct swap **ret_swaps, size_t *ret_count) MUST_CHECK;
/* True while the supply's meter is on its way out: nothing is claimed and nothing else adjusted. */
enum rc swaps_holds(struct db *db, struct arena *arena, int64_t supply_id,
                    bool *ret_holds) MUST_CHECK;
/* True if an adjustment of the supply is approved, being written or with a person. */
enum rc swaps_adjustment_open(struct db *db, struct arena *arena, int64_t supply_id,
                              bool *ret_open) MUST_CHECK;
/* True if a keep-on of the supply is active. */
enum rc swaps_kept_on(struct db *db, struct arena *arena, int64_t supply_id,
                      bool *ret_kept_on) MUST_CHECK;
/* Who holds the supply's active lock-out, with its id; 0 and 0: nobody. */
enum rc swaps_lock_holder(struct db *db, struct arena *arena, int64_t supply_id,
                          int64_t *ret_lock_out_id, int64_t *ret_holder_id) MUST_CHECK;

/* The second person agreed: -> emptying with the adjustment, or emptied (adjustment_id 0). */
enum rc swaps_set_approved(struct db *db, int64_t id, int64_t checker_id,
                           int64_t adjustment_id) MUST_CHECK;

struct swap_figures {
    int64_t balance_fen;
    int64_t count;
    int64_t energy_wh;
    int64_t taken_at_ms;
};

/* What the old meter said last; before it is emptied, or with it. */
enum rc swaps_set_old(struct db *db, int64_t id, const struct swap_figures *figures) MUST_CHECK;
/* emptying -> emptied by the adjustment that took the money out, with the figures before it. */
enum rc swaps_note_emptied(struct db *db, int64_t adjustment_id,
                           const struct swap_figures *figures) MUST_CHECK;
/* emptying -> refused with its adjustment. */
enum rc swaps_note_refused(struct db *db, int64_t adjustment_id) MUST_CHECK;
/* What the new meter is said to be, and the question that asks it. */
enum rc swaps_set_new(struct db *db, const struct swap *swap) MUST_CHECK;
/* The question that asks the old meter, for an undo. */
enum rc swaps_set_survey_old(struct db *db, int64_t id, int64_t survey_id) MUST_CHECK;
/* emptied -> exchanged or done: new_*, covered, carried, correction, adjustment are taken from
   swap. */
enum rc swaps_set_exchanged(struct db *db, const struct swap *swap, enum swap_state to) MUST_CHECK;
enum rc swaps_set_undone(struct db *db, int64_t id, enum swap_state from, int64_t back_epoch,
                         int64_t undone_by, const char *reason) MUST_CHECK;
/* -> cancelled. */
enum rc swaps_set_cancelled(struct db *db, int64_t id, enum swap_state from) MUST_CHECK;
/* A purchase reached its meter or was called off: the swap that carried it is done when none of its
   purchases is on its way any more. */
enum rc swaps_note_ended(struct db *db, int64_t purchase_id) MUST_CHECK;
/* Asked ones of approvals that were rejected or expired (approval_id 0: of all). */
enum rc swaps_asks_end(struct db *db, int64_t approval_id) MUST_CHECK;
/* The purchase is carried by the swap. */
enum rc swaps_take_purchase(struct db *db, int64_t id, int64_t purchase_id) MUST_CHECK;

/* An adjustment that is done by being typed: nothing is written, what stood there counts as out. */
struct swap_typed {
    int64_t swap_id;
    int64_t epoch;
    int64_t left_fen;
};
enum rc swaps_insert_typed(struct db *db, const struct swap_typed *typed,
                           int64_t *ret_adjustment_id) MUST_CHECK;

#endif
