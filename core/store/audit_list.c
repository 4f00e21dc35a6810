#include "core/store/audit_list.h"

#include <assert.h>

#include "core/store/row.h"

#define FAR_FUTURE_MS INT64_C(253402300799000) /* the end of year 9999 */

enum rc audit_list(struct db *db, struct arena *arena, const struct audit_question *question,
                   struct audit_view **ret_views, size_t *ret_count, const char **ret_cursor)
{
    assert(question->limit >= 1 && question->limit <= AUDIT_LIST_MAX);
    struct db_rows rows;
    int64_t before_id = question->before_id == 0 ? INT64_MAX : question->before_id;
    int64_t to_ms = question->to_ms == 0 ? FAR_FUTURE_MS : question->to_ms;
    TRY(db_query(db, arena,
                 "SELECT a.id, a.at, a.actor_name, a.role, a.ip, a.action, a.object_kind,"
                 " a.object_id, a.object_label, a.reason, a.before_json, a.after_json, a.result,"
                 " c.audit_id IS NOT NULL FROM audit a LEFT JOIN audit_chain c ON c.audit_id = a.id"
                 " WHERE a.id < ? AND a.at >= ? AND a.at < ?"
                 " AND (? = '' OR LOCATE(?, a.actor_name) > 0)"
                 " AND LEFT(a.action, CHAR_LENGTH(?)) = ? AND (? = '' OR a.object_kind = ?)"
                 " ORDER BY a.id DESC LIMIT ?",
                 DB_ARGS(db_int(before_id), db_time(question->from_ms), db_time(to_ms),
                         db_text(question->actor), db_text(question->actor),
                         db_text(question->action), db_text(question->action),
                         db_text(question->object_kind), db_text(question->object_kind),
                         db_int((int64_t)question->limit + 1)),
                 question->limit + 1, &rows));
    size_t count = rows.count > question->limit ? question->limit : rows.count;
    struct audit_view *views = arena_take_array(arena, count + 1, sizeof(*views));
    if (views == NULL) {
        return RC_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        views[i] = (struct audit_view){.id = db_get_int(&rows, i, 0),
                                       .at = db_get_time(&rows, i, 1),
                                       .actor_name = db_get_text(&rows, i, 2),
                                       .role = db_get_text(&rows, i, 3),
                                       .ip = db_get_text(&rows, i, 4),
                                       .action = db_get_text(&rows, i, 5),
                                       .object_kind = db_get_text(&rows, i, 6),
                                       .object_id = db_get_int(&rows, i, 7),
                                       .object_label = db_get_text(&rows, i, 8),
                                       .reason = db_get_text(&rows, i, 9),
                                       .before = db_get_text(&rows, i, 10),
                                       .after = db_get_text(&rows, i, 11),
                                       .result = db_get_text(&rows, i, 12),
                                       .chained = row_bool(&rows, i, 13)};
    }
    *ret_cursor =
        row_cursor(arena, rows.count, question->limit, count == 0 ? 0 : views[count - 1].id);
    *ret_views = views;
    *ret_count = count;
    return RC_OK;
}
