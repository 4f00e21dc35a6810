/*
 * The end of a keep-on (保电). The row stands since before its frame left; when its time is over
 * paywatt-jobs asks for the end: a release is ordered if the meter may still be forced closed, else
 * the row is simply ended. A forced trip or a lock-out that came later is never touched.
 */
#ifndef PW_FLOW_KEEP_ON_H
#define PW_FLOW_KEEP_ON_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/rc.h"
#include "core/flow/command.h"
#include "core/store/db.h"

/* Active keep-ons whose end has come, at most max; outside a transaction. */
enum rc keep_on_due(struct db *db, struct arena *arena, size_t max, int64_t **ret_ids,
                    size_t *ret_count) MUST_CHECK;
/* Brings one of them to its end, one transaction; safe to repeat. ret_answer->command_id is the
   release, or 0 when none was needed or one is under way; wake the shard when it is set.
   RC_REFUSED: a rule refuses the release (frozen, read-only, locked out); an alarm is then open and
   a later call tries again. */
enum rc keep_on_order_end(struct db *db, struct arena *arena, int64_t keep_on_id,
                          struct command_answer *ret_answer) MUST_CHECK;

#endif
