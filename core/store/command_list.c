#include "core/store/command_list.h"

#include <assert.h>

#include "core/rules/command_result.h"
#include "core/store/row.h"

#define SELECT_COMMANDS                                                                            \
    "SELECT c.id, c.supply_id, c.meter_id, u.number, u.shop_name, m.number, c.kind, c.origin,"     \
    " c.state, c.reason, p.display_name, c.requested_at, c.expires_at, c.taken_at, c.sent_at,"     \
    " c.ended_at, c.result_code, c.keep_on_until_at, c.superseded_by, c.evidence FROM command c"   \
    " JOIN supply s ON s.id = c.supply_id JOIN meter m ON m.id = c.meter_id"                       \
    " LEFT JOIN unit u ON u.id = s.unit_id LEFT JOIN user p ON p.id = c.requested_by"

static void fill(const struct db_rows *rows, size_t at, struct command_view *view)
{
    const char *code = db_get_text(rows, at, 16);
    *view = (struct command_view){
        .id = db_get_int(rows, at, 0),
        .supply_id = db_get_int(rows, at, 1),
        .meter_id = db_get_int(rows, at, 2),
        .unit_number = db_get_text(rows, at, 3),
        .shop_name = db_get_text(rows, at, 4),
        .meter_number = db_get_text(rows, at, 5),
        .kind = db_get_text(rows, at, 6),
        .origin = db_get_text(rows, at, 7),
        .state = db_get_text(rows, at, 8),
        .reason = db_get_text(rows, at, 9),
        .requested_by_name = db_get_text(rows, at, 10),
        .requested_at = db_get_time(rows, at, 11),
        .expires_at = db_get_time(rows, at, 12),
        .taken_at = db_get_time(rows, at, 13),
        .sent_at = db_get_time(rows, at, 14),
        .ended_at = db_get_time(rows, at, 15),
        .result_code = row_text_or_null(rows, at, 16),
        .result_text_zh = command_result_zh(code),
        .result_text_en = command_result_en(code),
        .keep_on_until_at = db_get_time(rows, at, 17),
        .superseded_by = row_int(rows, at, 18),
        .evidence = row_text_or_null(rows, at, 19),
    };
}

enum rc command_list_one(struct db *db, struct arena *arena, int64_t id,
                         struct command_view *ret_view)
{
    struct db_rows rows;
    TRY(db_query(db, arena, SELECT_COMMANDS " WHERE c.id = ?", DB_ARGS(db_int(id)), 1, &rows));
    if (rows.count == 0) {
        return RC_NOT_FOUND;
    }
    fill(&rows, 0, ret_view);
    return RC_OK;
}

static enum rc query(struct db *db, struct arena *arena, const struct command_question *question,
                     struct db_rows *ret_rows)
{
    struct db_value before = db_int(question->before_id == 0 ? INT64_MAX : question->before_id);
    struct db_value limit = db_int((int64_t)question->limit + 1);
    if (question->meter_id != 0) {
        return db_query(db, arena,
                        SELECT_COMMANDS " WHERE c.meter_id = ? AND c.id < ?"
                                        " AND (? = '' OR c.state = ?) ORDER BY c.id DESC LIMIT ?",
                        DB_ARGS(db_int(question->meter_id), before, db_text(question->state),
                                db_text(question->state), limit),
                        question->limit + 1, ret_rows);
    }
    if (question->state[0] != '\0') {
        return db_query(
            db, arena, SELECT_COMMANDS " WHERE c.state = ? AND c.id < ? ORDER BY c.id DESC LIMIT ?",
            DB_ARGS(db_text(question->state), before, limit), question->limit + 1, ret_rows);
    }
    return db_query(db, arena, SELECT_COMMANDS " WHERE c.id < ? ORDER BY c.id DESC LIMIT ?",
                    DB_ARGS(before, limit), question->limit + 1, ret_rows);
}

enum rc command_list(struct db *db, struct arena *arena, const struct command_question *question,
                     struct command_view **ret_views, size_t *ret_count, const char **ret_cursor)
{
    assert(question->limit >= 1 && question->limit <= COMMAND_LIST_MAX);
    struct db_rows rows;
    TRY(query(db, arena, question, &rows));
    size_t count = rows.count > question->limit ? question->limit : rows.count;
    struct command_view *list = arena_take_array(arena, count + 1, sizeof *list);
    if (list == NULL) {
        return RC_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        fill(&rows, i, &list[i]);
    }
    *ret_cursor =
        row_cursor(arena, rows.count, question->limit, count == 0 ? 0 : list[count - 1].id);
    *ret_views = list;
    *ret_count = count;
    return RC_OK;
}
