/*
 * Adjustments: the only way in which money leaves a meter (design 5.7). Absolute targets are
 * committed with the values that are expected there, then written by the parameter frame, then read
 * back; what really left is posted. Asking and agreeing are the web's; these are the poller's
 * steps, each one transaction.
 *
 *   adjustment_scan -> adjustment_trip (forced trip ordered) -> ... the trip is proved ... ->
 *   read the meter -> adjustment_begin -> adjustment_mark_written -> frame -> read the meter ->
 *   adjustment_settle -> applied | mark_written again (same values) | manual with the supply frozen
 */
#ifndef PW_FLOW_ADJUSTMENT_H
#define PW_FLOW_ADJUSTMENT_H

#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/rc.h"
#include "core/flow/delivery.h"
#include "core/rules/adjustment_state.h"
#include "core/rules/readback.h"
#include "core/store/adjustment.h"

#define ADJUSTMENT_TOLERANCE_FEN 2 /* the supply is off: nothing is used */

/* Open adjustments of a shard, oldest first; outside a transaction. */
enum rc adjustment_scan(struct db *db, struct arena *arena, int32_t shard, size_t max,
                        struct adjustment_look **ret_looks, size_t *ret_count) MUST_CHECK;
/* Orders the forced trip that must be proved first. RC_CONFLICT: it has one, or it ended. */
enum rc adjustment_trip(struct db *db, int64_t adjustment_id) MUST_CHECK;

/* What goes into the parameter frame. */
struct adjustment_frame {
    int64_t count;
    int64_t balance_fen;
};

/* approved -> writing with the meter just read and tripped: commits the targets. tripped: the
   forced trip holds and nothing flows, as just read. RC_REFUSED: it was refused (serial number,
   trip not proved) or waits; RC_CONFLICT. */
enum rc adjustment_begin(struct db *db, int64_t adjustment_id,
                         const struct delivery_reading *reading, bool tripped,
                         struct adjustment_frame *ret_frame) MUST_CHECK;
/* Committed before each frame. RC_REFUSED: frozen or read-only by now; RC_CONFLICT. */
enum rc adjustment_mark_written(struct db *db, int64_t adjustment_id,
                                struct adjustment_frame *ret_frame) MUST_CHECK;
/* Judges a read-back and does what follows: applied (ledger, the trip is lifted unless it must
   stay), or manual with the supply frozen. REWRITE: the same values may be marked and written
   again. */
enum rc adjustment_settle(struct db *db, int64_t adjustment_id,
                          const struct delivery_reading *reading,
                          enum adjustment_verdict *ret_verdict) MUST_CHECK;

#endif
