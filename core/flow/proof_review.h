/*
 * A day of the proof that nothing explains opens an alarm (alarm_sweep_proofs); it ends when a
 * correction of that amount is made, or when a person says here what it was. Rows of the proof are
 * never changed.
 */
#ifndef PW_FLOW_PROOF_REVIEW_H
#define PW_FLOW_PROOF_REVIEW_H

#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/rc.h"
#include "core/flow/command.h"
#include "core/store/db.h"

/* Inside a transaction; with its audit row, and closes the alarm. RC_NOT_FOUND: no such proof;
   RC_INVALID: reason; RC_REFUSED "no_gap": its difference is none that is looked at; RC_CONFLICT
   "conflict": somebody did before. */
enum rc proof_review(struct db *db, struct arena *arena, const struct actor *actor,
                     int64_t proof_id, const char *reason,
                     struct command_refusal *ret_refusal) MUST_CHECK;

#endif
