#include "core/store/status.h"

#include <string.h>

static enum rc read_meters(struct db *db, struct arena *arena, int64_t now_ms, int64_t stale_ms,
                           struct status_field *out)
{
    struct db_rows rows;
    TRY(db_query(db, arena,
                 "SELECT COUNT(*), COUNT(s.taken_at), COALESCE(SUM(s.taken_at < ?), 0),"
                 " MIN(s.taken_at) FROM meter m JOIN line l ON l.id = m.line_id AND l.enabled"
                 " LEFT JOIN meter_state s ON s.meter_id = m.id WHERE m.state = 'in_service'",
                 DB_ARGS(db_time(now_ms - stale_ms)), 1, &rows));
    out->meters_total = db_get_int(&rows, 0, 0);
    out->meters_read = db_get_int(&rows, 0, 1);
    out->meters_stale = db_get_int(&rows, 0, 2);
    out->oldest_reading_at_ms = db_get_time(&rows, 0, 3);
    if (out->oldest_reading_at_ms == 0) {
        return RC_OK;
    }
    TRY(db_query(db, arena,
                 "SELECT m.id FROM meter m JOIN line l ON l.id = m.line_id AND l.enabled"
                 " JOIN meter_state s ON s.meter_id = m.id WHERE m.state = 'in_service'"
                 " ORDER BY s.taken_at LIMIT 1",
                 DB_NO_ARGS, 1, &rows));
    out->oldest_reading_meter_id = rows.count == 0 ? 0 : db_get_int(&rows, 0, 0);
    return RC_OK;
}

static enum rc read_heartbeats(struct db *db, struct arena *arena, int64_t *poller_at_ms,
                               int64_t *jobs_at_ms)
{
    struct db_rows rows;
    TRY(db_query(db, arena, "SELECT program, MIN(at) FROM program_heartbeat GROUP BY program",
                 DB_NO_ARGS, 50, &rows));
    *poller_at_ms = 0;
    *jobs_at_ms = 0;
    for (size_t i = 0; i < rows.count; i++) {
        const char *program = db_get_text(&rows, i, 0);
        if (strcmp(program, "poller") == 0) {
            *poller_at_ms = db_get_time(&rows, i, 1);
        } else if (strcmp(program, "jobs") == 0) {
            *jobs_at_ms = db_get_time(&rows, i, 1);
        }
    }
    return RC_OK;
}

enum rc status_field(struct db *db, struct arena *arena, int64_t now_ms, int64_t stale_ms,
                     struct status_field *ret_status)
{
    struct status_field out = {0};
    struct db_rows rows;
    TRY(read_meters(db, arena, now_ms, stale_ms, &out));
    TRY(read_heartbeats(db, arena, &out.poller_heartbeat_at_ms, &out.jobs_heartbeat_at_ms));
    TRY(db_query(db, arena,
                 "SELECT COUNT(*), COALESCE(SUM(NOT l.writable), 0),"
                 " COALESCE(SUM(s.state IN ('silent', 'degraded')), 0),"
                 " (SELECT COUNT(*) FROM alarm WHERE closed_at IS NULL),"
                 " (SELECT value FROM site_setting WHERE name = 'accept_experimental_models')"
                 " FROM line l LEFT JOIN line_state s ON s.line_id = l.id WHERE l.enabled",
                 DB_NO_ARGS, 1, &rows));
    out.lines_total = db_get_int(&rows, 0, 0);
    out.lines_read_only = db_get_int(&rows, 0, 1);
    out.lines_silent = db_get_int(&rows, 0, 2);
    out.alarms_open = db_get_int(&rows, 0, 3);
    out.experimental_accepted = strcmp(db_get_text(&rows, 0, 4), "1") == 0;
    *ret_status = out;
    return RC_OK;
}

enum rc status_health(struct db *db, struct arena *arena, struct status_health *ret_health)
{
    struct status_health out = {0};
    struct db_rows rows;
    TRY(read_heartbeats(db, arena, &out.poller_heartbeat_at_ms, &out.jobs_heartbeat_at_ms));
    TRY(db_query(db, arena,
                 "SELECT MIN(at) FROM audit"
                 " WHERE id > (SELECT COALESCE(MAX(audit_id), 0) FROM audit_chain)",
                 DB_NO_ARGS, 1, &rows));
    out.audit_waiting_since_at_ms = db_get_time(&rows, 0, 0);
    TRY(db_query(db, arena, "SELECT MAX(started_at) FROM backup_run WHERE state = 'verified'",
                 DB_NO_ARGS, 1, &rows));
    out.backup_verified_at_ms = db_get_time(&rows, 0, 0);
    *ret_health = out;
    return RC_OK;
}
