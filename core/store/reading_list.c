#include "core/store/reading_list.h"

#include "core/rules/supply_state.h"
#include "core/store/row.h"

#define READING_ROWS_MAX 50000 /* stored rows behind one answer */
#define RELAY_BITS 0xE000      /* of register 0224: L1 .. L3 closed */
#define RELAY_BITS_ONE_PHASE 0x2000
#define MODEL_CODE_ONE_PHASE 7 /* register 0200 of DDSY1352 */

static const char *relay_of(const struct db_rows *rows, size_t at)
{
    if (db_is_null(rows, at, 4)) {
        return relay_state_name(RELAY_UNKNOWN);
    }
    int64_t all =
        db_get_int(rows, at, 5) == MODEL_CODE_ONE_PHASE ? RELAY_BITS_ONE_PHASE : RELAY_BITS;
    int64_t bits = db_get_int(rows, at, 4) & all;
    if (bits == 0) {
        return relay_state_name(RELAY_OPEN);
    }
    return relay_state_name(bits == all ? RELAY_CLOSED : RELAY_PARTIAL);
}

/* Rows of the same step become one point. */
static size_t thin(const struct db_rows *rows, int64_t step_ms, struct reading_point *points)
{
    size_t count = 0;
    int64_t step = -1;
    int64_t power_sum = 0;
    int64_t power_count = 0;
    for (size_t i = 0; i < rows->count; i++) {
        int64_t at_ms = db_get_time(rows, i, 0);
        if (at_ms / step_ms != step) {
            step = at_ms / step_ms;
            power_sum = 0;
            power_count = 0;
            count++;
        }
        if (!db_is_null(rows, i, 1)) {
            power_sum += db_get_int(rows, i, 1);
            power_count++;
        }
        points[count - 1] = (struct reading_point){
            .at = at_ms,
            .power_w = power_count == 0 ? ROW_NULL : power_sum / power_count,
            .balance_fen = row_int(rows, i, 2),
            .energy_wh = row_int(rows, i, 3),
            .relay = relay_of(rows, i),
        };
    }
    return count;
}

enum rc reading_list(struct db *db, struct arena *arena, const struct reading_question *question,
                     struct reading_point **ret_points, size_t *ret_count)
{
    int64_t step_ms = question->step_s * 1000;
    if ((question->to_ms - question->from_ms) / step_ms > READING_LIST_MAX) {
        return RC_TOO_LARGE;
    }
    struct db_rows rows;
    TRY(db_query(
        db, arena,
        "SELECT r.taken_at, r.power_w, r.balance_fen, r.energy_wh, r.status_bits, p.model_code"
        " FROM reading r LEFT JOIN meter_parameter p ON p.meter_id = r.meter_id"
        " WHERE r.meter_id = ? AND r.taken_at >= ? AND r.taken_at < ?"
        " ORDER BY r.taken_at",
        DB_ARGS(db_int(question->meter_id), db_time(question->from_ms), db_time(question->to_ms)),
        READING_ROWS_MAX, &rows));
    struct reading_point *points = arena_take_array(arena, rows.count + 1, sizeof *points);
    if (points == NULL) {
        return RC_MEMORY;
    }
    *ret_count = thin(&rows, step_ms, points);
    *ret_points = points;
    return RC_OK;
}
