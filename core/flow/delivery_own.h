/*
 * One delivery and its supply, both read under the supply's row lock, for the steps that move a
 * delivery on. Internal to core/flow. Order of calls: init, load, anything, release; all inside one
 * transaction.
 */
#ifndef PW_FLOW_DELIVERY_OWN_H
#define PW_FLOW_DELIVERY_OWN_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/flow/delivery.h"
#include "core/rules/audit_action.h"
#include "core/rules/capability.h"
#include "core/store/delivery.h"
#include "core/store/supply.h"

#define DELIVERY_ONCE_MORE "once_more" /* wait_code: let go on, one frame may leave */

struct delivery_own {
    struct db *db;
    struct arena arena;
    struct delivery_row row;
    struct supply supply;
};

/* Borrows the connection; release frees the arena. */
void delivery_own_init(struct delivery_own *own, struct db *db);
void delivery_own_release(struct delivery_own *own);
/* Locks the supply, then reads. RC_NOT_FOUND. */
enum rc delivery_own_load(struct delivery_own *own, int64_t delivery_id) MUST_CHECK;
/* True if the model's capability is proven, or unverified and accepted by the setting that holds
   against the simulator alone. */
bool delivery_own_capable(const struct delivery_own *own, enum capability capability);
/* A whole number of the site's settings, or the value that holds while nobody set one. */
enum rc delivery_own_setting(struct delivery_own *own, const char *name, int64_t otherwise,
                             int64_t *ret_value) MUST_CHECK;
/* One audit row about the supply. actor NULL: the poller. */
enum rc delivery_own_audit(struct delivery_own *own, const struct actor *actor,
                           enum audit_action action, const char *reason,
                           const char *after) MUST_CHECK;
/* Moves the delivery, with its audit row; manual opens an alarm. instance "": whoever's. */
enum rc delivery_own_wait(struct delivery_own *own, enum delivery_state to, const char *instance,
                          const char *wait_code) MUST_CHECK;
/* What a reading says about a delivery that has a count; the cost of the use comes out of the
   evidence of its claim. refuses_repeat stays false. RC_CONFLICT: registers of another meter. */
enum rc delivery_own_facts(const struct delivery_row *row, const struct evidence *after,
                           struct readback_facts *ret_facts) MUST_CHECK;
/* Freezes the supply with its alarm and audit row. reason: serial_mismatch, count_mismatch.
   our_count: what the meter should have. */
enum rc delivery_own_freeze(struct delivery_own *own, const char *reason, int64_t our_count,
                            const struct delivery_reading *reading) MUST_CHECK;
/* Posts the confirmation and settles the purchase and its payment. */
enum rc delivery_own_settle(struct delivery_own *own, int64_t power_at_ms) MUST_CHECK;
/* Closes what was open about this delivery. */
enum rc delivery_own_close_alarms(struct delivery_own *own) MUST_CHECK;

#endif
