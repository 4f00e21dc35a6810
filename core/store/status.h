/*
 * How the whole stands: what the portal's header, /healthz and the supervisor ask. Counts only.
 */
#ifndef PW_STORE_STATUS_H
#define PW_STORE_STATUS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/rc.h"
#include "core/store/db.h"

struct status_field {
    int64_t meters_total;         /* in service, on enabled lines */
    int64_t meters_read;          /* ever */
    int64_t meters_stale;         /* read, but not within the limit */
    int64_t oldest_reading_at_ms; /* 0: none */
    int64_t oldest_reading_meter_id;
    int64_t lines_total;
    int64_t lines_read_only;
    int64_t lines_silent; /* silent or degraded */
    int64_t alarms_open;
    int64_t poller_heartbeat_at_ms; /* the oldest shard's; 0: never */
    int64_t jobs_heartbeat_at_ms;
    bool experimental_accepted; /* site setting */
};

/* One look at everything the header shows. stale_ms: age from which a reading is stale. */
enum rc status_field(struct db *db, struct arena *arena, int64_t now_ms, int64_t stale_ms,
                     struct status_field *ret_status) MUST_CHECK;

struct status_health {
    int64_t poller_heartbeat_at_ms; /* 0: never */
    int64_t jobs_heartbeat_at_ms;
    int64_t backup_verified_at_ms;     /* the newest verified one; 0: none */
    int64_t audit_waiting_since_at_ms; /* the oldest audit row not yet chained; 0: none waits */
};

/* What /healthz needs; the machine role's rights suffice. */
enum rc status_health(struct db *db, struct arena *arena,
                      struct status_health *ret_health) MUST_CHECK;

#endif
