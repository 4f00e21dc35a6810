/*
 * Changing the billing mode of a supply 切换计费方式 (design 2): read, move the money, switch fee
 * control, read back. Each step is one transaction with its audit row, so that whoever dies in the
 * middle leaves a named state from which it goes on. States: core/rules/mode_change_state.h.
 *
 *   person   mode_change_ask -> second person -> mode_change_carry; mode_change_cancel until it
 *            moves; mode_change_retry where the meter did not take fee control
 *   jobs     mode_change_begin, as soon as nothing else of the supply is in flight
 *   poller   its steps of an adjustment of kind mode and of a push call the rest: the money is
 *            posted, the mode of the supply turned, and the span begun or ended in the transaction
 *            that proves that the money moved (mode_change_applied)
 */
#ifndef PW_FLOW_MODE_CHANGE_H
#define PW_FLOW_MODE_CHANGE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/rc.h"
#include "core/flow/command.h"
#include "core/flow/delivery.h"
#include "core/store/adjustment.h"
#include "core/store/mode_change.h"

#define MODE_CHANGE_APPROVAL_EXPIRY_MS (INT64_C(7) * 86400 * 1000)
#define MODE_CHANGE_OVERDRAFT_MAX_FEN INT64_C(100000000)

struct mode_change_ask {
    int64_t supply_id;
    bool to_platform;
    int64_t overdraft_fen; /* to platform only, else 0 */
    const char *reason;
};

/* Asks for the second person. RC_REFUSED "no_account", "same_mode", "no_tariff", "steps" (no meter
   of ours charges steps), "in_debt", "not_offered"; RC_CONFLICT "conflict": one is under way. */
enum rc mode_change_request(struct db *db, struct arena *arena, const struct actor *actor,
                            const struct mode_change_ask *ask, int64_t *ret_approval_id,
                            struct command_refusal *ret_refusal) MUST_CHECK;
/* The second person agreed; inside the approval's transaction. */
enum rc mode_change_carry(struct db *db, struct arena *arena, const struct actor *maker,
                          int64_t checker_id, int64_t approval_id,
                          struct command_refusal *ret_refusal) MUST_CHECK;
/* Called off before anything moved. RC_REFUSED "wrong_state". */
enum rc mode_change_cancel(struct db *db, struct arena *arena, const struct actor *actor,
                           int64_t id, struct command_refusal *ret_refusal) MUST_CHECK;
/* Fee control is tried once more. RC_REFUSED "wrong_state" unless it is stuck. */
enum rc mode_change_retry(struct db *db, struct arena *arena, const struct actor *actor, int64_t id,
                          struct command_refusal *ret_refusal) MUST_CHECK;
/* approved -> moving, or why it waits. Its own transaction. */
enum rc mode_change_begin(struct db *db, int64_t id, bool *ret_begun,
                          int32_t *ret_shard) MUST_CHECK;

/* Inside the poller's transactions, which hold the supply. */

/* What is to stand in the meter, just read and tripped; charges up to that reading where the money
   comes from the ledger. *ret_code: "" or why not ("in_debt", "no_tariff"). */
enum rc mode_change_target(struct db *db, struct arena *arena, const struct adjustment_row *row,
                           const struct delivery_reading *reading, int64_t *ret_balance_fen,
                           const char **ret_code) MUST_CHECK;
/* The adjustment wrote nothing and is over: all is as before. */
enum rc mode_change_refused(struct db *db, struct arena *arena, const struct adjustment_row *row,
                            const char *code) MUST_CHECK;
/* The money moved: left_fen of the row really left the meter (below zero: reached it). */
enum rc mode_change_applied(struct db *db, struct arena *arena, const struct adjustment_row *row,
                            const struct delivery_reading *reading) MUST_CHECK;
/* The push ended: if it was a change's, it is done, or stuck with the code. */
enum rc mode_change_pushed(struct db *db, struct arena *arena, int64_t push_id, bool confirmed,
                           const char *code) MUST_CHECK;

#endif
