/*
 * Wake hints to the poller: "there is an order, look in MariaDB". A hint may be lost or doubled;
 * the poller scans MariaDB anyway, only later. List pw:wake:poller:<shard>, kept short by LTRIM.
 */
#ifndef PW_STORE_WAKE_H
#define PW_STORE_WAKE_H

#include <stdint.h>

#include "core/base/rc.h"
#include "core/store/redis.h"

#define WAKE_LIST_MAX 64 /* hints kept; older ones say nothing more */
#define WAKE_WAIT_MAX_MS 60000

/* Pushes one hint for the poller of a shard (0 .. 999). RC_UNAVAILABLE: the poller finds the order
   by its next scan, so callers ignore it after a count or a log line. */
enum rc wake_poller(struct redis *redis, int32_t shard) MUST_CHECK;
/* Waits for hints of a shard, at most wait_ms (10 .. WAKE_WAIT_MAX_MS), and takes all that are
   there. RC_OK: at least one came; RC_TIMEOUT: none; RC_UNAVAILABLE: no Redis, returned at once,
   the caller waits itself. */
enum rc wake_wait(struct redis *redis, int32_t shard, int64_t wait_ms) MUST_CHECK;

/* The same for jobs: an order or refund waits for its provider to be asked. */
enum rc wake_pay(struct redis *redis) MUST_CHECK;
enum rc wake_wait_pay(struct redis *redis, int64_t wait_ms) MUST_CHECK;

#endif
