/*
 * The sign of life of a long-running program (program_heartbeat).
 */
#ifndef PW_STORE_HEARTBEAT_H
#define PW_STORE_HEARTBEAT_H

#include <stdint.h>

#include "core/base/rc.h"
#include "core/store/db.h"

struct heartbeat {
    const char *program; /* "poller", "jobs" */
    int32_t shard;       /* 0 where there is only one */
    int64_t started_at_ms;
    int32_t pid;
    int64_t spool_rows;
    int64_t spool_thinned;
    const char *detail; /* <= 200 characters, "" if nothing is to be said */
};

/* Writes the row with the present time. */
enum rc heartbeat_write(struct db *db, const struct heartbeat *heartbeat) MUST_CHECK;

#endif
