#include "core/store/invariant_result.h"

#include <assert.h>

enum rc invariant_results_keep(struct db *db, const struct invariant *invariant, const char *state,
                               const char *offenders, int64_t at_ms)
{
    assert(db_in_transaction(db));
    struct db_value at = db_time(at_ms);
    return db_execute(
        db,
        "INSERT INTO invariant_result (name, zh, en, state, offenders, checked_at, broken_since_at)"
        " VALUES (?, ?, ?, ?, ?, ?, IF(? = 'broken', ?, NULL)) ON DUPLICATE KEY UPDATE"
        " zh = VALUES(zh), en = VALUES(en), broken_since_at = IF(VALUES(state) = 'broken',"
        " COALESCE(broken_since_at, VALUES(checked_at)), NULL), state = VALUES(state),"
        " offenders = VALUES(offenders), checked_at = VALUES(checked_at)",
        DB_ARGS(db_text(invariant->name), db_text(invariant->zh), db_text(invariant->en),
                db_text(state), db_text(offenders), at, db_text(state), at),
        NULL);
}

enum rc invariant_results_forget(struct db *db, int64_t at_ms)
{
    assert(db_in_transaction(db));
    return db_execute(db, "DELETE FROM invariant_result WHERE checked_at < ?",
                      DB_ARGS(db_time(at_ms)), NULL);
}

enum rc invariant_results_list(struct db *db, struct arena *arena,
                               struct invariant_result **ret_results, size_t *ret_count)
{
    struct db_rows rows;
    TRY(db_query(db, arena,
                 "SELECT name, zh, en, state, offenders, checked_at, broken_since_at"
                 " FROM invariant_result ORDER BY state = 'ok', name",
                 DB_NO_ARGS, INVARIANTS_MAX, &rows));
    struct invariant_result *list = arena_take_array(arena, rows.count + 1, sizeof *list);
    if (list == NULL) {
        return RC_MEMORY;
    }
    for (size_t i = 0; i < rows.count; i++) {
        list[i] = (struct invariant_result){
            .name = db_get_text(&rows, i, 0),
            .zh = db_get_text(&rows, i, 1),
            .en = db_get_text(&rows, i, 2),
            .state = db_get_text(&rows, i, 3),
            .offenders = db_get_text(&rows, i, 4),
            .checked_at = db_get_time(&rows, i, 5),
            .broken_since_at = db_get_time(&rows, i, 6),
        };
    }
    *ret_results = list;
    *ret_count = rows.count;
    return RC_OK;
}

enum rc invariant_results_summary(struct db *db, struct arena *arena,
                                  struct invariant_summary *ret_summary)
{
    struct db_rows rows;
    TRY(db_query(db, arena,
                 "SELECT COUNT(*), CAST(COALESCE(SUM(state <> 'ok'), 0) AS SIGNED), MAX(checked_at)"
                 " FROM invariant_result",
                 DB_NO_ARGS, 1, &rows));
    *ret_summary = (struct invariant_summary){.checked = db_get_int(&rows, 0, 0),
                                              .broken = db_get_int(&rows, 0, 1),
                                              .checked_at_ms = db_get_time(&rows, 0, 2)};
    return RC_OK;
}
