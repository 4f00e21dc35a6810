#include "core/store/overview.h"

#include <string.h>

#include "core/store/row.h"

#define DAY_MS (INT64_C(24) * 3600 * 1000)
#define CHUNK 100 /* meters a statement of the load curve */
#define TEN "?, ?, ?, ?, ?, ?, ?, ?, ?, ?"
#define HUNDRED TEN ", " TEN ", " TEN ", " TEN ", " TEN ", " TEN ", " TEN ", " TEN ", " TEN ", " TEN
#define P95_ROWS_MAX 10000

enum rc overview_day_start(struct db *db, struct arena *arena, int64_t now_ms,
                           int64_t *ret_start_ms)
{
    struct db_rows rows;
    TRY(db_query(db, arena, "SELECT MAX(day_start_at) FROM meter_state WHERE day_start_at <= ?",
                 DB_ARGS(db_time(now_ms)), 1, &rows));
    int64_t start_ms = db_get_time(&rows, 0, 0);
    *ret_start_ms = now_ms - start_ms > DAY_MS + 3600000 ? now_ms - DAY_MS : start_ms;
    return RC_OK;
}

/* The list of ids is spelled out so that the server reads only the day's stretch of each meter's
   key; a join would read the whole month. */
static enum rc add_chunk(struct db *db, struct arena *arena, const struct meter_row *meters,
                         size_t count, int64_t from_ms, struct load_point *points, size_t *max_slot)
{
    struct db_value args[CHUNK + 2];
    args[0] = db_time(from_ms);
    args[1] = db_time(from_ms + 2 * DAY_MS);
    for (size_t i = 0; i < CHUNK; i++) {
        args[i + 2] = db_int(i < count ? meters[i].id : 0);
    }
    struct db_rows rows;
    TRY(db_query(db, arena,
                 "SELECT CAST(FLOOR(UNIX_TIMESTAMP(taken_at) / 900) AS SIGNED),"
                 " CAST(SUM(power_w) / COUNT(*) AS SIGNED),"
                 " COUNT(DISTINCT meter_id) FROM reading WHERE taken_at >= ? AND taken_at < ?"
                 " AND kind = 'interval' AND power_w IS NOT NULL AND meter_id IN (" HUNDRED
                 ") GROUP BY 1 ORDER BY 1",
                 args, ARRAY_LEN(args), OVERVIEW_CURVE_MAX + 2, &rows));
    for (size_t i = 0; i < rows.count; i++) {
        int64_t slot = db_get_int(&rows, i, 0) - from_ms / OVERVIEW_CURVE_STEP_MS;
        if (slot < 0 || slot >= OVERVIEW_CURVE_MAX) {
            continue;
        }
        int64_t power_w = db_get_int(&rows, i, 1) * db_get_int(&rows, i, 2);
        points[slot].power_w =
            points[slot].power_w == ROW_NULL ? power_w : points[slot].power_w + power_w;
        *max_slot = (size_t)slot + 1 > *max_slot ? (size_t)slot + 1 : *max_slot;
    }
    return RC_OK;
}

enum rc overview_load_curve(struct db *db, struct arena *arena, const struct meter_row *meters,
                            size_t meters_count, int64_t from_ms, struct load_point **ret_points,
                            size_t *ret_count)
{
    struct load_point *points = arena_take_array(arena, OVERVIEW_CURVE_MAX, sizeof *points);
    if (points == NULL) {
        return RC_MEMORY;
    }
    for (size_t i = 0; i < OVERVIEW_CURVE_MAX; i++) {
        points[i].power_w = ROW_NULL;
    }
    size_t count = 0;
    for (size_t done = 0; done < meters_count; done += CHUNK) {
        size_t chunk = meters_count - done > CHUNK ? CHUNK : meters_count - done;
        TRY(add_chunk(db, arena, &meters[done], chunk, from_ms, points, &count));
    }
    int64_t first = from_ms / OVERVIEW_CURVE_STEP_MS;
    for (size_t i = 0; i < count; i++) {
        points[i].at = (first + (int64_t)i) * OVERVIEW_CURVE_STEP_MS;
    }
    *ret_points = points;
    *ret_count = count;
    return RC_OK;
}

enum rc overview_commands(struct db *db, struct arena *arena, int64_t from_ms,
                          struct overview_commands *ret_counts, int64_t *ret_p95_ms)
{
    struct db_rows rows;
    TRY(db_query(
        db, arena,
        "SELECT COALESCE(SUM(state = 'confirmed'), 0), COALESCE(SUM(state = 'refused'), 0),"
        " COALESCE(SUM(state = 'unknown'), 0),"
        " COALESCE(SUM(state IN ('pending', 'taken', 'sent')), 0) FROM command"
        " WHERE requested_at >= ? AND kind <> 'read'",
        DB_ARGS(db_time(from_ms)), 1, &rows));
    *ret_counts = (struct overview_commands){
        .confirmed = db_get_int(&rows, 0, 0),
        .refused = db_get_int(&rows, 0, 1),
        .unknown = db_get_int(&rows, 0, 2),
        .pending = db_get_int(&rows, 0, 3),
    };
    TRY(db_query(db, arena,
                 "SELECT TIMESTAMPDIFF(MICROSECOND, requested_at, ended_at) DIV 1000 AS took"
                 " FROM command WHERE requested_at >= ? AND kind <> 'read' AND state = 'confirmed'"
                 " ORDER BY took LIMIT 10000",
                 DB_ARGS(db_time(from_ms)), P95_ROWS_MAX, &rows));
    *ret_p95_ms =
        rows.count == 0 ? ROW_NULL : db_get_int(&rows, (rows.count * 95 + 99) / 100 - 1, 0);
    return RC_OK;
}
