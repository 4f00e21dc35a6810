/*
 * One swap and its supply, read under the supply's row lock, and what several of its steps do.
 * Internal to core/flow.
 */
#ifndef PW_FLOW_SWAP_OWN_H
#define PW_FLOW_SWAP_OWN_H

#include "core/flow/swap.h"
#include "core/rules/audit_action.h"
#include "core/rules/ledger.h"
#include "core/store/epoch.h"
#include "core/store/purchase.h"
#include "core/store/supply.h"
#include "core/store/swap_park.h"

struct swap_own {
    struct db *db;
    struct arena *arena;
    const struct actor *actor;
    struct command_refusal *refusal;
    struct swap swap;
    struct supply supply;
    struct sale_facts facts;
};

/* Locks the supply of the swap, then reads all three. RC_NOT_FOUND. */
enum rc swap_own_load(struct swap_own *own, int64_t swap_id) MUST_CHECK;
/* No lock-out but the actor's own, no keep-on, no adjustment under way, one supply a meter. */
enum rc swap_own_check_quiet(const struct swap_own *own, int64_t *ret_lock_out_id) MUST_CHECK;
/* The supply hangs on the meter of this epoch, and its account is open. */
enum rc swap_own_check_epoch(const struct swap_own *own, int64_t epoch,
                             int64_t meter_id) MUST_CHECK;
/* Purchases of origin returned, each within the site's ceiling, on their way into meter_id. */
enum rc swap_own_deliver(const struct swap_own *own, int64_t amount_fen, int64_t epoch,
                         int64_t meter_id) MUST_CHECK;
/* One posting about the swap; nothing when amount_fen is 0. */
enum rc swap_own_post(const struct swap_own *own, enum ledger_posting posting,
                      const char *object_kind, int64_t amount_fen) MUST_CHECK;
/* An order of the system to a meter of the supply. lock_out_id 0: none. */
enum rc swap_own_order(const struct swap_own *own, int64_t meter_id, int64_t epoch,
                       enum command_kind kind, int64_t lock_out_id) MUST_CHECK;
/* Pending orders are called off; RC_REFUSED order_open: a frame of one may have left. */
enum rc swap_own_end_orders(const struct swap_own *own) MUST_CHECK;
/* What stood in the old meter is to stand in this one, and fee control as the billing mode asks. */
enum rc swap_own_push(const struct swap_own *own, int64_t meter_id, int64_t epoch) MUST_CHECK;
enum rc swap_own_audit(const struct swap_own *own, enum audit_action action, const char *reason,
                       const char *before, const char *after) MUST_CHECK;
/* A fresh answer of a meter of the right model with this serial number ("" any), asked since
   since_ms. */
enum rc swap_own_answer(const struct swap_own *own, const char *serial_number, int64_t since_ms,
                        struct swap_answer *ret_answer) MUST_CHECK;

#endif
