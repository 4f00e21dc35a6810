#include "core/store/reading_list.h"

#include <assert.h>

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

/* One meter's time at a supply. offset_wh joins its register to that of the present meter. */
struct life {
    int64_t meter_id;
    int64_t from_ms, to_ms;
    int64_t offset_wh;
};

/* The meters of the supply that this meter feeds, oldest first; before the first epoch and without
   any it was this one. */
static enum rc lives_of(struct db *db, struct arena *arena, int64_t meter_id,
                        struct life **ret_lives, size_t *ret_count)
{
    struct db_rows rows;
    TRY(db_query(db, arena,
                 "SELECT meter_id, opened_at, open_energy_wh, close_energy_wh FROM supply_epoch"
                 " WHERE supply_id = (SELECT MIN(id) FROM supply WHERE meter_id = ?)"
                 " ORDER BY epoch",
                 DB_ARGS(db_int(meter_id)), READING_EPOCHS_MAX, &rows));
    size_t count = rows.count == 0 ? 1 : rows.count;
    struct life *lives = arena_take_array(arena, count, sizeof *lives);
    if (lives == NULL) {
        return RC_MEMORY;
    }
    lives[0] = (struct life){.meter_id = meter_id};
    for (size_t i = 0; i < rows.count; i++) {
        lives[i] = (struct life){.meter_id = db_get_int(&rows, i, 0),
                                 .from_ms = i == 0 ? 0 : db_get_time(&rows, i, 1),
                                 .to_ms = INT64_MAX};
    }
    lives[count - 1].to_ms = INT64_MAX;
    for (size_t i = count - 1; i > 0; i--) {
        int64_t closed_wh = db_is_null(&rows, i - 1, 3) ? 0 : db_get_int(&rows, i - 1, 3);
        lives[i - 1].to_ms = lives[i].from_ms;
        lives[i - 1].offset_wh = lives[i].offset_wh + db_get_int(&rows, i, 2) - closed_wh;
    }
    *ret_lives = lives;
    *ret_count = count;
    return RC_OK;
}

static enum rc add_life(struct db *db, struct arena *arena, const struct reading_question *question,
                        const struct life *life, struct reading_point *points, size_t *count)
{
    struct db_rows rows;
    int64_t from_ms = life->from_ms > question->from_ms ? life->from_ms : question->from_ms;
    int64_t to_ms = life->to_ms < question->to_ms ? life->to_ms : question->to_ms;
    if (from_ms >= to_ms) {
        return RC_OK;
    }
    TRY(db_query(
        db, arena,
        "SELECT r.taken_at, r.power_w, r.balance_fen, r.energy_wh, r.status_bits, p.model_code"
        " FROM reading r LEFT JOIN meter_parameter p ON p.meter_id = r.meter_id"
        " WHERE r.meter_id = ? AND r.taken_at >= ? AND r.taken_at < ?"
        " ORDER BY r.taken_at",
        DB_ARGS(db_int(life->meter_id), db_time(from_ms), db_time(to_ms)), READING_ROWS_MAX,
        &rows));
    struct reading_point *added = arena_take_array(arena, rows.count + 1, sizeof *added);
    if (added == NULL) {
        return RC_MEMORY;
    }
    size_t thinned = thin(&rows, question->step_s * 1000, added);
    for (size_t i = 0; i < thinned; i++) {
        points[*count] = added[i];
        if (added[i].energy_wh != ROW_NULL) {
            points[*count].energy_wh += life->offset_wh;
        }
        (*count)++;
    }
    return RC_OK;
}

enum rc reading_list(struct db *db, struct arena *arena, const struct reading_question *question,
                     struct reading_point **ret_points, size_t *ret_count)
{
    int64_t steps = (question->to_ms - question->from_ms) / (question->step_s * 1000);
    if (steps > READING_LIST_MAX) {
        return RC_TOO_LARGE;
    }
    struct life *lives = NULL;
    size_t count = 0;
    size_t points_count = 0;
    TRY(lives_of(db, arena, question->meter_id, &lives, &count));
    /* a step can be cut at both ends of each life */
    size_t most = (size_t)steps + 2 * count + 2;
    struct reading_point *points = arena_take_array(arena, most, sizeof *points);
    if (points == NULL) {
        return RC_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        TRY(add_life(db, arena, question, &lives[i], points, &points_count));
    }
    assert(points_count <= most);
    *ret_count = points_count;
    *ret_points = points;
    return RC_OK;
}

enum rc meter_lives(struct db *db, struct arena *arena, int64_t meter_id,
                    struct meter_life **ret_lives, size_t *ret_count)
{
    struct db_rows rows;
    TRY(db_query(db, arena,
                 "SELECT e.epoch, e.meter_id, m.number, m.serial_number, e.opened_at, e.closed_at,"
                 " e.open_energy_wh, COALESCE(e.close_energy_wh, ms.energy_wh), e.open_balance_fen,"
                 " e.close_balance_fen, e.open_count, e.close_count, COALESCE(e.close_typed, 0),"
                 " (SELECT MAX(w.id) FROM meter_swap w WHERE w.supply_id = e.supply_id AND (w.state"
                 " IN ('exchanged', 'done', 'undone') AND w.new_epoch = e.epoch OR w.back_epoch ="
                 " e.epoch)) FROM supply_epoch e JOIN meter m ON m.id = e.meter_id"
                 " LEFT JOIN meter_state ms ON ms.meter_id = e.meter_id"
                 " WHERE e.supply_id = (SELECT MIN(id) FROM supply WHERE meter_id = ?)"
                 " ORDER BY e.epoch DESC",
                 DB_ARGS(db_int(meter_id)), READING_EPOCHS_MAX, &rows));
    struct meter_life *lives = arena_take_array(arena, rows.count + 1, sizeof *lives);
    if (lives == NULL) {
        return RC_MEMORY;
    }
    for (size_t i = 0; i < rows.count; i++) {
        int64_t end_wh = row_int(&rows, i, 7);
        lives[i] = (struct meter_life){
            .epoch = db_get_int(&rows, i, 0),
            .meter_id = db_get_int(&rows, i, 1),
            .number = db_get_text(&rows, i, 2),
            .serial_number = db_get_text(&rows, i, 3),
            .opened_at = db_get_time(&rows, i, 4),
            .closed_at = db_get_time(&rows, i, 5),
            .open_energy_wh = db_get_int(&rows, i, 6),
            .end_energy_wh = end_wh,
            .used_wh = end_wh == ROW_NULL ? ROW_NULL : end_wh - db_get_int(&rows, i, 6),
            .open_balance_fen = db_get_int(&rows, i, 8),
            .close_balance_fen = row_int(&rows, i, 9),
            .open_count = db_get_int(&rows, i, 10),
            .close_count = row_int(&rows, i, 11),
            .close_typed = row_bool(&rows, i, 12),
            .swap_id = row_int(&rows, i, 13)};
    }
    *ret_lives = lives;
    *ret_count = rows.count;
    return RC_OK;
}
