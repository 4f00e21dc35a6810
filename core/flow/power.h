/*
 * The clock from money to power stops when power is there again: a reading shows current, or a
 * closed internal relay (the poller looks at each poll of a supply that waits); or, where a person
 * has to close the breaker, whoever did so says it.
 */
#ifndef PW_FLOW_POWER_H
#define PW_FLOW_POWER_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/rc.h"
#include "core/flow/command.h"
#include "core/store/audit.h"
#include "core/store/db.h"
#include "core/store/power.h"

/* Supplies of a shard that wait for power, at most max; outside a transaction. */
enum rc power_scan(struct db *db, struct arena *arena, int32_t shard, size_t max,
                   struct power_watch **ret_watches, size_t *ret_count) MUST_CHECK;
/* A reading of at_ms shows power on the supply. */
enum rc power_note(struct db *db, int64_t supply_id, int64_t epoch, int64_t at_ms) MUST_CHECK;
/* A person closed the breaker: stops the clocks of the purchase's supply, with an audit row. Inside
   a transaction. RC_OK without a change where it is known already. RC_CONFLICT, "wrong_state": the
   money is not in the meter; RC_REFUSED, "seen_by_meter": the meter's own relay tells. */
enum rc power_confirm(struct db *db, struct arena *arena, const struct actor *actor,
                      int64_t purchase_id, struct command_refusal *ret_refusal) MUST_CHECK;

#endif
