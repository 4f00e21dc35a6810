#include "core/store/tariff.h"

#include <assert.h>

#include "core/base/clock.h"
#include "core/store/row.h"

enum rc tariffs_insert(struct db *db, int64_t site_id, const char *code, const char *name,
                       const char *name_en, int64_t *ret_id)
{
    assert(db_in_transaction(db));
    struct db_outcome outcome = {0};
    TRY(db_execute(db, "INSERT INTO tariff (site_id, code, name, name_en) VALUES (?, ?, ?, ?)",
                   DB_ARGS(db_int(site_id), db_text(code), db_text(name), db_text(name_en)),
                   &outcome));
    *ret_id = outcome.insert_id;
    return RC_OK;
}

#define SELECT_TARIFFS                                                                             \
    "SELECT t.id, t.code, t.name, t.name_en, t.state, t.created_at, v.kind, v.valid_from_at,"      \
    " (SELECT MIN(n.valid_from_at) FROM tariff_version n WHERE n.tariff_id = t.id"                 \
    " AND n.valid_from_at > ?),"                                                                   \
    " (SELECT COUNT(*) FROM supply_tariff s WHERE s.tariff_id = t.id AND s.valid_from_at = "       \
    " (SELECT MAX(x.valid_from_at) FROM supply_tariff x WHERE x.supply_id = s.supply_id"           \
    " AND x.valid_from_at <= ?))"                                                                  \
    " FROM tariff t LEFT JOIN tariff_version v ON v.tariff_id = t.id AND v.valid_from_at ="        \
    " (SELECT MAX(p.valid_from_at) FROM tariff_version p WHERE p.tariff_id = t.id"                 \
    " AND p.valid_from_at <= ?)"

static void fill_tariff(const struct db_rows *rows, size_t at, struct tariff_row *row)
{
    *row = (struct tariff_row){
        .id = db_get_int(rows, at, 0),
        .code = db_get_text(rows, at, 1),
        .name = db_get_text(rows, at, 2),
        .name_en = db_get_text(rows, at, 3),
        .state = db_get_text(rows, at, 4),
        .created_at = db_get_time(rows, at, 5),
        .kind = row_text_or_null(rows, at, 6),
        .valid_from_at = db_get_time(rows, at, 7),
        .next_from_at = db_get_time(rows, at, 8),
        .supplies = db_get_int(rows, at, 9),
    };
}

enum rc tariffs_list(struct db *db, struct arena *arena, struct tariff_row **ret_rows,
                     size_t *ret_count)
{
    struct db_rows rows;
    struct db_value now = db_time(clock_now_ms());
    TRY(db_query(db, arena, SELECT_TARIFFS " ORDER BY t.code", DB_ARGS(now, now, now), TARIFFS_MAX,
                 &rows));
    struct tariff_row *list = arena_take_array(arena, rows.count + 1, sizeof *list);
    if (list == NULL) {
        return RC_MEMORY;
    }
    for (size_t i = 0; i < rows.count; i++) {
        fill_tariff(&rows, i, &list[i]);
    }
    *ret_rows = list;
    *ret_count = rows.count;
    return RC_OK;
}

enum rc tariffs_get(struct db *db, struct arena *arena, int64_t id, struct tariff_row *ret_row)
{
    struct db_rows rows;
    struct db_value now = db_time(clock_now_ms());
    TRY(db_query(db, arena, SELECT_TARIFFS " WHERE t.id = ?", DB_ARGS(now, now, now, db_int(id)), 1,
                 &rows));
    if (rows.count == 0) {
        return RC_NOT_FOUND;
    }
    fill_tariff(&rows, 0, ret_row);
    return RC_OK;
}

enum rc tariffs_find(struct db *db, struct arena *arena, const char *code, int64_t *ret_id)
{
    struct db_rows rows;
    TRY(db_query(db, arena,
                 "SELECT id FROM tariff WHERE code = ? AND state = 'active' ORDER BY id LIMIT 1",
                 DB_ARGS(db_text(code)), 1, &rows));
    if (rows.count == 0) {
        return RC_NOT_FOUND;
    }
    *ret_id = db_get_int(&rows, 0, 0);
    return RC_OK;
}

enum rc tariffs_lock(struct db *db, struct arena *arena, int64_t id)
{
    assert(db_in_transaction(db));
    struct db_rows rows;
    TRY(db_query(db, arena, "SELECT id FROM tariff WHERE id = ? FOR UPDATE", DB_ARGS(db_int(id)), 1,
                 &rows));
    return rows.count == 1 ? RC_OK : RC_NOT_FOUND;
}

enum rc tariffs_set_state(struct db *db, int64_t id, const char *state)
{
    assert(db_in_transaction(db));
    struct db_outcome outcome = {0};
    TRY(db_execute(db, "UPDATE tariff SET state = ? WHERE id = ?",
                   DB_ARGS(db_text(state), db_int(id)), &outcome));
    return outcome.affected_rows == 1 ? RC_OK : RC_NOT_FOUND;
}

enum rc tariff_versions_insert(struct db *db, int64_t tariff_id, int64_t valid_from_at_ms,
                               const char *kind, const char *body, int64_t created_by,
                               int64_t approval_id, int64_t *ret_id)
{
    assert(db_in_transaction(db));
    struct db_outcome outcome = {0};
    TRY(db_execute(db,
                   "INSERT INTO tariff_version (tariff_id, valid_from_at, kind, body, created_by,"
                   " approval_id) VALUES (?, ?, ?, ?, ?, ?)",
                   DB_ARGS(db_int(tariff_id), db_time(valid_from_at_ms), db_text(kind),
                           db_text(body), db_int_or_null(created_by != 0, created_by),
                           db_int_or_null(approval_id != 0, approval_id)),
                   &outcome));
    *ret_id = outcome.insert_id;
    return RC_OK;
}

enum rc tariff_versions_list(struct db *db, struct arena *arena, int64_t tariff_id,
                             struct tariff_version_row **ret_rows, size_t *ret_count)
{
    struct db_rows rows;
    TRY(db_query(db, arena,
                 "SELECT v.id, v.valid_from_at, v.kind, v.body, u.display_name, v.created_at"
                 " FROM tariff_version v LEFT JOIN user u ON u.id = v.created_by"
                 " WHERE v.tariff_id = ? ORDER BY v.valid_from_at",
                 DB_ARGS(db_int(tariff_id)), TARIFF_ROWS_MAX, &rows));
    struct tariff_version_row *list = arena_take_array(arena, rows.count + 1, sizeof *list);
    if (list == NULL) {
        return RC_MEMORY;
    }
    for (size_t i = 0; i < rows.count; i++) {
        list[i] = (struct tariff_version_row){
            .id = db_get_int(&rows, i, 0),
            .valid_from_at = db_get_time(&rows, i, 1),
            .kind = db_get_text(&rows, i, 2),
            .body = db_get_text(&rows, i, 3),
            .created_by_name = db_get_text(&rows, i, 4),
            .created_at = db_get_time(&rows, i, 5),
        };
    }
    *ret_rows = list;
    *ret_count = rows.count;
    return RC_OK;
}

enum rc supply_tariffs_insert(struct db *db, int64_t supply_id, int64_t tariff_id,
                              int64_t valid_from_at_ms, int64_t created_by)
{
    assert(db_in_transaction(db));
    return db_execute(db,
                      "INSERT INTO supply_tariff (supply_id, valid_from_at, tariff_id, created_by)"
                      " VALUES (?, ?, ?, ?)",
                      DB_ARGS(db_int(supply_id), db_time(valid_from_at_ms), db_int(tariff_id),
                              db_int_or_null(created_by != 0, created_by)),
                      NULL);
}

enum rc supply_tariffs_at(struct db *db, struct arena *arena, int64_t supply_id, int64_t at_ms,
                          int64_t *ret_tariff_id)
{
    struct db_rows rows;
    TRY(db_query(db, arena,
                 "SELECT tariff_id FROM supply_tariff WHERE supply_id = ? AND valid_from_at <= ?"
                 " ORDER BY valid_from_at DESC LIMIT 1",
                 DB_ARGS(db_int(supply_id), db_time(at_ms)), 1, &rows));
    if (rows.count == 0) {
        return RC_NOT_FOUND;
    }
    *ret_tariff_id = db_get_int(&rows, 0, 0);
    return RC_OK;
}

enum rc supply_period_wh(struct db *db, struct arena *arena, int64_t supply_id,
                         int64_t period_start_at_ms, int64_t *ret_wh)
{
    struct db_rows rows;
    TRY(db_query(db, arena,
                 "SELECT period_wh FROM charge WHERE supply_id = ? AND period_start_at = ?"
                 " ORDER BY to_at DESC LIMIT 1",
                 DB_ARGS(db_int(supply_id), db_time(period_start_at_ms)), 1, &rows));
    *ret_wh = rows.count == 0 ? 0 : db_get_int(&rows, 0, 0);
    return RC_OK;
}
