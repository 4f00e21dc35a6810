/*
 * Alarms that show only by what is missing: a meter nobody reads, a program without a sign of life.
 */
#ifndef PW_STORE_ALARM_SWEEP_H
#define PW_STORE_ALARM_SWEEP_H

#include <stdint.h>

#include "core/base/rc.h"
#include "core/store/db.h"

/* Opens meter_stale for meters in service on enabled lines whose last reading is before
   stale_before_ms, and closes those that are over. A meter behind a gateway or line that is silent
   itself gets none: that is one alarm, not thirty. Meters never read yet count from the day they
   were imported. */
enum rc alarm_sweep_meters(struct db *db, int64_t stale_before_ms, int64_t *ret_opened,
                           int64_t *ret_closed) MUST_CHECK;
/* vacant_current for meters of vacant accounts, and of supplies that nobody has since an account
   was closed, whose reading since fresh_after_ms shows any current or power; closed when it shows
   none, or somebody has the supply. */
enum rc alarm_sweep_vacant(struct db *db, int64_t fresh_after_ms, int64_t *ret_opened,
                           int64_t *ret_closed) MUST_CHECK;
/* Temporary accounts: account_ending from notice_before_ms on, account_ended once the end has come.
 */
enum rc alarm_sweep_endings(struct db *db, int64_t notice_before_ms, int64_t *ret_opened,
                            int64_t *ret_closed) MUST_CHECK;
/* proof_gap for proved days since from_day_ms with money or a count that nothing explains; closed
   by a correction of that amount, given or taken since on the same supply, or by a person's review.
 */
enum rc alarm_sweep_proofs(struct db *db, int64_t from_day_ms, int64_t *ret_opened,
                           int64_t *ret_closed) MUST_CHECK;
/* The same for programs (program_silent), object id = shard. */
enum rc alarm_sweep_programs(struct db *db, int64_t silent_before_ms, int64_t *ret_opened,
                             int64_t *ret_closed) MUST_CHECK;

#endif
