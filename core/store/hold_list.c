#include "core/store/hold_list.h"

#include <assert.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/store/page.h"
#include "core/store/row.h"

#define SELECT_LOCK_OUTS                                                                           \
    "SELECT lo.id, lo.supply_id, s.meter_id, u.number, u.shop_name, m.number, lo.holder_id,"       \
    " h.display_name, lo.reason, lo.state, lo.created_at, lo.lifted_at, b.display_name,"           \
    " lo.lift_reason, (SELECT c.state FROM command c WHERE c.supply_id = lo.supply_id"             \
    " AND c.kind = 'trip' AND c.requested_at >= lo.created_at"                                     \
    " AND (lo.lifted_at IS NULL OR c.requested_at <= lo.lifted_at) ORDER BY c.id DESC LIMIT 1)"    \
    " FROM lock_out lo JOIN supply s ON s.id = lo.supply_id JOIN meter m ON m.id = s.meter_id"     \
    " JOIN user h ON h.id = lo.holder_id LEFT JOIN unit u ON u.id = s.unit_id"                     \
    " LEFT JOIN user b ON b.id = lo.lifted_by"

static void fill_lock_out(const struct db_rows *rows, size_t at, void *item)
{
    struct lock_out_view *view = item;
    *view = (struct lock_out_view){
        .id = db_get_int(rows, at, 0),
        .supply_id = db_get_int(rows, at, 1),
        .meter_id = db_get_int(rows, at, 2),
        .unit_number = db_get_text(rows, at, 3),
        .shop_name = db_get_text(rows, at, 4),
        .meter_number = db_get_text(rows, at, 5),
        .holder_id = db_get_int(rows, at, 6),
        .holder_name = db_get_text(rows, at, 7),
        .reason = db_get_text(rows, at, 8),
        .state = db_get_text(rows, at, 9),
        .created_at = db_get_time(rows, at, 10),
        .lifted_at = db_get_time(rows, at, 11),
        .lifted_by_name = row_text_or_null(rows, at, 12),
        .lift_reason = row_text_or_null(rows, at, 13),
        .trip_state = row_text_or_null(rows, at, 14),
    };
}

enum rc lock_out_list(struct db *db, struct arena *arena, const struct hold_question *question,
                      struct lock_out_view **ret_views, size_t *ret_count, const char **ret_cursor)
{
    assert(question->limit >= 1 && question->limit <= HOLD_LIST_MAX);
    struct db_rows rows;
    TRY(db_query(db, arena,
                 SELECT_LOCK_OUTS " WHERE lo.id < ? AND (? = '' OR lo.state = ?)"
                                  " ORDER BY lo.id DESC LIMIT ?",
                 DB_ARGS(page_before(question->before_id), db_text(question->state),
                         db_text(question->state), page_limit(question->limit)),
                 question->limit + 1, &rows));
    struct page page;
    TRY(page_take(arena, &rows, question->limit, sizeof(struct lock_out_view), fill_lock_out,
                  &page));
    *ret_views = page.items;
    *ret_count = page.count;
    *ret_cursor = page.cursor;
    return RC_OK;
}

enum rc lock_out_list_one(struct db *db, struct arena *arena, int64_t id,
                          struct lock_out_view *ret_view)
{
    struct db_rows rows;
    TRY(db_query(db, arena, SELECT_LOCK_OUTS " WHERE lo.id = ?", DB_ARGS(db_int(id)), 1, &rows));
    if (rows.count == 0) {
        return RC_NOT_FOUND;
    }
    fill_lock_out(&rows, 0, ret_view);
    return RC_OK;
}

enum rc lock_out_list_active(struct db *db, struct arena *arena, int64_t supply_id,
                             struct lock_out_view *ret_view)
{
    struct db_rows rows;
    TRY(db_query(db, arena, SELECT_LOCK_OUTS " WHERE lo.active_supply = ?",
                 DB_ARGS(db_int(supply_id)), 1, &rows));
    if (rows.count == 0) {
        return RC_NOT_FOUND;
    }
    fill_lock_out(&rows, 0, ret_view);
    return RC_OK;
}

enum rc keep_on_list(struct db *db, struct arena *arena, struct keep_on_view **ret_views,
                     size_t *ret_count)
{
    struct db_rows rows;
    TRY(db_query(db, arena,
                 "SELECT k.supply_id, s.meter_id, u.number, u.shop_name, m.number, o.display_name,"
                 " c.reason, k.until_at, k.since_at FROM keep_on k JOIN supply s ON s.id ="
                 " k.supply_id JOIN meter m ON m.id = s.meter_id JOIN user o ON o.id = k.owner_id"
                 " JOIN command c ON c.id = k.command_id LEFT JOIN unit u ON u.id = s.unit_id"
                 " WHERE k.state = 'active' ORDER BY k.until_at",
                 DB_NO_ARGS, KEEP_ON_LIST_MAX, &rows));
    struct keep_on_view *list = arena_take_array(arena, rows.count + 1, sizeof *list);
    if (list == NULL) {
        return RC_MEMORY;
    }
    for (size_t i = 0; i < rows.count; i++) {
        list[i] = (struct keep_on_view){
            .supply_id = db_get_int(&rows, i, 0),
            .meter_id = db_get_int(&rows, i, 1),
            .unit_number = db_get_text(&rows, i, 2),
            .shop_name = db_get_text(&rows, i, 3),
            .meter_number = db_get_text(&rows, i, 4),
            .owner_name = db_get_text(&rows, i, 5),
            .reason = db_get_text(&rows, i, 6),
            .until_at = db_get_time(&rows, i, 7),
            .since_at = db_get_time(&rows, i, 8),
        };
    }
    *ret_views = list;
    *ret_count = rows.count;
    return RC_OK;
}

/* An approval hangs on a supply or on a lock-out of one. One whose time is over counts as expired
   before the job that says so has run. */
#define SELECT_APPROVALS                                                                           \
    "SELECT a.id, a.kind, JSON_VALUE(a.payload, '$.act'), a.object_kind, a.object_id,"             \
    " COALESCE(u.number, m.number, ''), COALESCE(u.shop_name, ''), m.id, a.maker_id,"              \
    " k.display_name, COALESCE(h.display_name, ''),"                                               \
    " COALESCE(JSON_VALUE(a.payload, '$.kind'), ''), a.made_at, a.expires_at,"                     \
    " IF(a.state = 'open' AND a.expires_at <= ?, 'expired', a.state), d.display_name,"             \
    " a.decided_at, a.reason, a.decision_reason,"                                                  \
    " (SELECT MAX(c.id) FROM command c WHERE c.approval_id = a.id),"                               \
    " JSON_VALUE(a.payload, '$.summary_zh'), JSON_VALUE(a.payload, '$.summary_en') FROM approval " \
    "a"                                                                                            \
    " JOIN user k ON k.id = a.maker_id LEFT JOIN user d ON d.id = a.checker_id"                    \
    " LEFT JOIN lock_out lo ON a.object_kind = 'lock_out' AND lo.id = a.object_id"                 \
    " LEFT JOIN user h ON h.id = lo.holder_id LEFT JOIN supply s"                                  \
    " ON s.id = IF(a.object_kind = 'supply', a.object_id, COALESCE(lo.supply_id,"                  \
    " JSON_VALUE(a.payload, '$.supply_id')))"                                                      \
    " LEFT JOIN meter m ON m.id = s.meter_id LEFT JOIN unit u ON u.id = s.unit_id"

static void fill_approval(const struct db_rows *rows, size_t at, void *item)
{
    struct approval_view *view = item;
    *view = (struct approval_view){
        .id = db_get_int(rows, at, 0),
        .kind = db_get_text(rows, at, 1),
        .act = db_get_text(rows, at, 2),
        .object_kind = db_get_text(rows, at, 3),
        .object_id = db_get_int(rows, at, 4),
        .unit_number = db_get_text(rows, at, 5),
        .shop_name = db_get_text(rows, at, 6),
        .meter_id = row_int(rows, at, 7),
        .maker_id = db_get_int(rows, at, 8),
        .maker_name = db_get_text(rows, at, 9),
        .holder_name = db_get_text(rows, at, 10),
        .payload_kind = db_get_text(rows, at, 11),
        .made_at = db_get_time(rows, at, 12),
        .expires_at = db_get_time(rows, at, 13),
        .state = db_get_text(rows, at, 14),
        .decided_by_name = row_text_or_null(rows, at, 15),
        .decided_at = db_get_time(rows, at, 16),
        .reason = db_get_text(rows, at, 17),
        .decision_reason = row_text_or_null(rows, at, 18),
        .command_id = row_int(rows, at, 19),
        .summary_zh = row_text_or_null(rows, at, 20),
        .summary_en = row_text_or_null(rows, at, 21),
    };
}

enum rc approval_list(struct db *db, struct arena *arena, const struct hold_question *question,
                      struct approval_view **ret_views, size_t *ret_count, const char **ret_cursor)
{
    assert(question->limit >= 1 && question->limit <= HOLD_LIST_MAX);
    struct db_value now = db_time(clock_now_ms());
    struct db_value state = db_text(question->state);
    struct db_rows rows;
    TRY(db_query(db, arena,
                 SELECT_APPROVALS " WHERE a.id < ? AND (? = '' OR (? = 'open') = (a.state = 'open'"
                                  " AND a.expires_at > ?)) ORDER BY a.id DESC LIMIT ?",
                 DB_ARGS(now, page_before(question->before_id), state, state, now,
                         page_limit(question->limit)),
                 question->limit + 1, &rows));
    struct page page;
    TRY(page_take(arena, &rows, question->limit, sizeof(struct approval_view), fill_approval,
                  &page));
    *ret_views = page.items;
    *ret_count = page.count;
    *ret_cursor = page.cursor;
    return RC_OK;
}

enum rc approval_list_one(struct db *db, struct arena *arena, int64_t id,
                          struct approval_view *ret_view)
{
    struct db_rows rows;
    TRY(db_query(db, arena, SELECT_APPROVALS " WHERE a.id = ?",
                 DB_ARGS(db_time(clock_now_ms()), db_int(id)), 1, &rows));
    if (rows.count == 0) {
        return RC_NOT_FOUND;
    }
    fill_approval(&rows, 0, ret_view);
    return RC_OK;
}

enum rc approval_payload(struct db *db, struct arena *arena, int64_t id, const char **ret_payload)
{
    struct db_rows rows;
    TRY(db_query(db, arena, "SELECT payload FROM approval WHERE id = ?", DB_ARGS(db_int(id)), 1,
                 &rows));
    if (rows.count == 0) {
        return RC_NOT_FOUND;
    }
    *ret_payload = db_get_text(&rows, 0, 0);
    return RC_OK;
}
