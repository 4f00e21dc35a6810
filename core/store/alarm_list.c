#include "core/store/alarm_list.h"

#include <assert.h>
#include <string.h>

#include "core/rules/alarm.h"
#include "core/store/row.h"

static void fill(const struct db_rows *rows, size_t at, struct alarm_view *view)
{
    enum alarm_kind kind = ALARM__MAX;
    const char *code = db_get_text(rows, at, 1);
    bool known = alarm_find(code, &kind) == RC_OK;
    *view = (struct alarm_view){
        .id = db_get_int(rows, at, 0),
        .kind = code,
        .object_kind = db_get_text(rows, at, 2),
        .object_id = db_get_int(rows, at, 3),
        .object_label = db_get_text(rows, at, 4),
        .title_zh = known ? alarm_title_zh(kind) : code,
        .title_en = known ? alarm_title_en(kind) : code,
        .detail = db_get_text(rows, at, 5),
        .level = db_get_int(rows, at, 6),
        .opened_at = db_get_time(rows, at, 7),
        .closed_at = db_get_time(rows, at, 8),
    };
}

#define SELECT_ALARMS                                                                              \
    "SELECT a.id, a.kind, a.object_kind, a.object_id, COALESCE(CASE a.object_kind"                 \
    " WHEN 'meter' THEN (SELECT COALESCE(u.number, m.number) FROM meter m LEFT JOIN supply s"      \
    " ON s.meter_id = m.id LEFT JOIN unit u ON u.id = s.unit_id WHERE m.id = a.object_id"          \
    " LIMIT 1) WHEN 'supply' THEN (SELECT COALESCE(u.number, m.number) FROM supply s"              \
    " JOIN meter m ON m.id = s.meter_id LEFT JOIN unit u ON u.id = s.unit_id"                      \
    " WHERE s.id = a.object_id) WHEN 'line' THEN (SELECT name FROM line WHERE id = a.object_id)"   \
    " WHEN 'gateway' THEN (SELECT name FROM gateway WHERE id = a.object_id)"                       \
    " WHEN 'account' THEN (SELECT name FROM account WHERE id = a.object_id) END, ''),"             \
    " a.detail, a.level, a.opened_at, a.closed_at FROM alarm a"

/* Open alarms are few among many closed ones: their own index finds them. */
static enum rc query(struct db *db, struct arena *arena, const struct alarm_question *question,
                     struct db_rows *ret_rows)
{
    struct db_value before = db_int(question->before_id == 0 ? INT64_MAX : question->before_id);
    struct db_value limit = db_int((int64_t)question->limit + 1);
    if (strcmp(question->state, "open") == 0) {
        return db_query(db, arena,
                        SELECT_ALARMS " FORCE INDEX (alarm_open) WHERE a.open_key IS NOT NULL"
                                      " AND a.id < ? ORDER BY a.id DESC LIMIT ?",
                        DB_ARGS(before, limit), question->limit + 1, ret_rows);
    }
    return db_query(db, arena,
                    SELECT_ALARMS " WHERE a.id < ? AND (? = '' OR a.closed_at IS NOT NULL)"
                                  " ORDER BY a.id DESC LIMIT ?",
                    DB_ARGS(before, db_text(question->state), limit), question->limit + 1,
                    ret_rows);
}

enum rc alarm_list(struct db *db, struct arena *arena, const struct alarm_question *question,
                   struct alarm_view **ret_views, size_t *ret_count, const char **ret_cursor)
{
    assert(question->limit >= 1 && question->limit <= ALARM_LIST_MAX);
    struct db_rows rows;
    TRY(query(db, arena, question, &rows));
    size_t count = rows.count > question->limit ? question->limit : rows.count;
    struct alarm_view *list = arena_take_array(arena, count + 1, sizeof *list);
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
