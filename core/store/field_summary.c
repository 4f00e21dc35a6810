#include "core/store/field_summary.h"

#include <assert.h>

#define LINES_MAX 5000
#define PROGRAMS_MAX 1000

enum rc field_summary_read(struct db *db, struct arena *arena, int64_t fresh_since_at_ms,
                           struct field_summary *ret_summary)
{
    assert(db != NULL && arena != NULL && ret_summary != NULL);
    struct db_rows rows;
    TRY(db_query(
        db, arena,
        "SELECT m.total, m.fresh, m.ever, m.oldest, l.total, l.read_only,"
        " (SELECT COUNT(*) FROM alarm WHERE closed_at IS NULL),"
        " (SELECT COUNT(*) FROM command WHERE state IN ('pending', 'taken', 'sent', 'unknown')),"
        " (SELECT COUNT(*) FROM supply WHERE frozen_reason IS NOT NULL),"
        " (SELECT COUNT(*) FROM lock_out WHERE state = 'active'),"
        " (SELECT COUNT(*) FROM keep_on WHERE state = 'active'),"
        " (SELECT COUNT(*) FROM audit a LEFT JOIN audit_chain c ON c.audit_id = a.id"
        "  WHERE c.audit_id IS NULL AND a.id >"
        "  (SELECT COALESCE(MAX(audit_id), 0) - 4000 FROM audit_chain))" /* near the end */
        " FROM (SELECT COUNT(*) AS total, COALESCE(SUM(s.taken_at >= ?), 0) AS fresh,"
        "  COUNT(s.taken_at) AS ever, MIN(s.taken_at) AS oldest FROM meter m"
        "  JOIN line l ON l.id = m.line_id AND l.enabled"
        "  LEFT JOIN meter_state s ON s.meter_id = m.id WHERE m.state = 'in_service') m,"
        " (SELECT COUNT(*) AS total, COALESCE(SUM(NOT writable), 0) AS read_only FROM line) l",
        DB_ARGS(db_time(fresh_since_at_ms)), 1, &rows));
    *ret_summary = (struct field_summary){.meters_total = db_get_int(&rows, 0, 0),
                                          .meters_read = db_get_int(&rows, 0, 1),
                                          .meters_ever = db_get_int(&rows, 0, 2),
                                          .has_oldest = !db_is_null(&rows, 0, 3),
                                          .oldest_at_ms = db_get_time(&rows, 0, 3),
                                          .lines_total = db_get_int(&rows, 0, 4),
                                          .lines_read_only = db_get_int(&rows, 0, 5),
                                          .alarms_open = db_get_int(&rows, 0, 6),
                                          .orders_open = db_get_int(&rows, 0, 7),
                                          .supplies_frozen = db_get_int(&rows, 0, 8),
                                          .lock_outs = db_get_int(&rows, 0, 9),
                                          .keep_ons = db_get_int(&rows, 0, 10),
                                          .audit_unchained = db_get_int(&rows, 0, 11)};
    return RC_OK;
}

enum rc program_states_read(struct db *db, struct arena *arena, struct program_state **ret_states,
                            size_t *ret_count)
{
    struct db_rows rows;
    TRY(db_query(db, arena,
                 "SELECT program, shard, at, started_at, pid, spool_rows, detail"
                 " FROM program_heartbeat ORDER BY program, shard",
                 DB_NO_ARGS, PROGRAMS_MAX, &rows));
    struct program_state *states = arena_take_array(arena, rows.count + 1, sizeof(*states));
    if (states == NULL) {
        return RC_MEMORY;
    }
    for (size_t i = 0; i < rows.count; i++) {
        states[i] = (struct program_state){.program = db_get_text(&rows, i, 0),
                                           .shard = db_get_int(&rows, i, 1),
                                           .at_ms = db_get_time(&rows, i, 2),
                                           .started_at_ms = db_get_time(&rows, i, 3),
                                           .pid = db_get_int(&rows, i, 4),
                                           .spool_rows = db_get_int(&rows, i, 5),
                                           .detail = db_get_text(&rows, i, 6)};
    }
    *ret_states = states;
    *ret_count = rows.count;
    return RC_OK;
}

enum rc line_summaries_read(struct db *db, struct arena *arena, struct line_summary **ret_lines,
                            size_t *ret_count)
{
    struct db_rows rows;
    TRY(db_query(db, arena,
                 "SELECT l.id, l.code, l.name, l.writable, l.enabled, l.shard,"
                 " (SELECT COUNT(*) FROM meter m WHERE m.line_id = l.id AND"
                 " m.state = 'in_service'), COALESCE(s.state, 'never'), s.cycle_ms, s.bound_ms"
                 " FROM line l LEFT JOIN line_state s ON s.line_id = l.id ORDER BY l.code",
                 DB_NO_ARGS, LINES_MAX, &rows));
    struct line_summary *lines = arena_take_array(arena, rows.count + 1, sizeof(*lines));
    if (lines == NULL) {
        return RC_MEMORY;
    }
    for (size_t i = 0; i < rows.count; i++) {
        lines[i] = (struct line_summary){.id = db_get_int(&rows, i, 0),
                                         .code = db_get_text(&rows, i, 1),
                                         .name = db_get_text(&rows, i, 2),
                                         .writable = db_get_int(&rows, i, 3) != 0,
                                         .enabled = db_get_int(&rows, i, 4) != 0,
                                         .shard = db_get_int(&rows, i, 5),
                                         .meters = db_get_int(&rows, i, 6),
                                         .state = db_get_text(&rows, i, 7),
                                         .has_cycle = !db_is_null(&rows, i, 8),
                                         .cycle_ms = db_get_int(&rows, i, 8),
                                         .bound_ms = db_get_int(&rows, i, 9)};
    }
    *ret_lines = lines;
    *ret_count = rows.count;
    return RC_OK;
}
