#include "core/store/heartbeat.h"

#include <assert.h>

#include "core/base/clock.h"

enum rc heartbeat_write(struct db *db, const struct heartbeat *heartbeat)
{
    assert(db != NULL && heartbeat != NULL);
    return db_execute(
        db,
        "INSERT INTO program_heartbeat (program, shard, at, started_at, pid, spool_rows, "
        "spool_thinned, detail) VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON DUPLICATE KEY UPDATE "
        "at = VALUES(at), started_at = VALUES(started_at), pid = VALUES(pid), "
        "spool_rows = VALUES(spool_rows), spool_thinned = VALUES(spool_thinned), "
        "detail = VALUES(detail)",
        DB_ARGS(db_text(heartbeat->program), db_int(heartbeat->shard), db_time(clock_now_ms()),
                db_time(heartbeat->started_at_ms), db_int(heartbeat->pid),
                db_int(heartbeat->spool_rows), db_int(heartbeat->spool_thinned),
                db_text(heartbeat->detail)),
        NULL);
}
