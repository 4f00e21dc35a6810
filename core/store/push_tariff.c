#include "core/store/push_tariff.h"

#include <assert.h>

#include "core/base/clock.h"

#define NEXT                                                                                       \
    "COALESCE((SELECT MIN(n.valid_from_at) FROM supply_tariff n WHERE n.supply_id = st.supply_id"  \
    " AND n.valid_from_at > st.valid_from_at), '9999-12-31')"

enum rc push_moments(struct db *db, struct arena *arena, int64_t supply_id, int64_t from_ms,
                     struct push_moment **ret_rows, size_t *ret_count)
{
    struct db_rows rows;
    TRY(db_query(db, arena,
                 "SELECT st.valid_from_at AS at, st.tariff_id FROM supply_tariff st"
                 " WHERE st.supply_id = ? AND st.valid_from_at >= ?"
                 " UNION SELECT v.valid_from_at, v.tariff_id FROM supply_tariff st"
                 " JOIN tariff_version v ON v.tariff_id = st.tariff_id"
                 " AND v.valid_from_at > st.valid_from_at AND v.valid_from_at < " NEXT
                 " WHERE st.supply_id = ? AND v.valid_from_at >= ? ORDER BY at",
                 DB_ARGS(db_int(supply_id), db_time(from_ms), db_int(supply_id), db_time(from_ms)),
                 PUSH_MOMENTS_MAX, &rows));
    struct push_moment *list = arena_take_array(arena, rows.count + 1, sizeof *list);
    if (list == NULL) {
        return RC_MEMORY;
    }
    for (size_t i = 0; i < rows.count; i++) {
        list[i] = (struct push_moment){.at_ms = db_get_time(&rows, i, 0),
                                       .tariff_id = db_get_int(&rows, i, 1)};
    }
    *ret_rows = list;
    *ret_count = rows.count;
    return RC_OK;
}

enum rc push_tariff_rows(struct db *db, struct arena *arena, int64_t supply_id, int64_t from_ms,
                         struct push_tariff_row **ret_rows, size_t *ret_count)
{
    struct db_rows rows;
    TRY(db_query(db, arena,
                 "SELECT p.id, b.due_at, p.epoch, p.meter_id, p.state IN ('pending', 'writing'),"
                 " p.wanted FROM push p JOIN push_batch b ON b.id = p.batch_id"
                 " WHERE p.supply_id = ? AND b.tariff_id IS NOT NULL AND b.due_at >= ?"
                 " AND p.state NOT IN ('superseded', 'cancelled') ORDER BY b.due_at, p.id",
                 DB_ARGS(db_int(supply_id), db_time(from_ms)), PUSH_MOMENTS_MAX, &rows));
    struct push_tariff_row *list = arena_take_array(arena, rows.count + 1, sizeof *list);
    if (list == NULL) {
        return RC_MEMORY;
    }
    for (size_t i = 0; i < rows.count; i++) {
        list[i] = (struct push_tariff_row){.id = db_get_int(&rows, i, 0),
                                           .due_at_ms = db_get_time(&rows, i, 1),
                                           .epoch = db_get_int(&rows, i, 2),
                                           .meter_id = db_get_int(&rows, i, 3),
                                           .open = db_get_int(&rows, i, 4) != 0,
                                           .wanted = db_get_text(&rows, i, 5)};
    }
    *ret_rows = list;
    *ret_count = rows.count;
    return RC_OK;
}

enum rc push_tariff_supplies(struct db *db, struct arena *arena, int64_t tariff_id, int64_t from_ms,
                             int64_t **ret_ids, size_t *ret_count)
{
    struct db_rows rows;
    TRY(db_query(db, arena,
                 "SELECT DISTINCT st.supply_id FROM supply_tariff st"
                 " WHERE st.tariff_id = ? AND " NEXT " > ? ORDER BY st.supply_id",
                 DB_ARGS(db_int(tariff_id), db_time(from_ms)), PUSH_SUPPLIES_MAX, &rows));
    int64_t *ids = arena_take_array(arena, rows.count + 1, sizeof *ids);
    if (ids == NULL) {
        return RC_MEMORY;
    }
    for (size_t i = 0; i < rows.count; i++) {
        ids[i] = db_get_int(&rows, i, 0);
    }
    *ret_ids = ids;
    *ret_count = rows.count;
    return RC_OK;
}

enum rc push_tariff_add_batch(struct db *db, const char *reason, int64_t maker_id,
                              int64_t approval_id, int64_t tariff_id, int64_t due_at_ms,
                              int64_t *ret_id)
{
    assert(db_in_transaction(db));
    struct db_outcome outcome = {0};
    TRY(db_execute(db,
                   "INSERT INTO push_batch (reason, maker_id, approval_id, tariff_id, due_at)"
                   " VALUES (?, ?, ?, ?, ?)",
                   DB_ARGS(db_text(reason), db_int_or_null(maker_id != 0, maker_id),
                           db_int_or_null(approval_id != 0, approval_id), db_int(tariff_id),
                           db_time(due_at_ms)),
                   &outcome));
    *ret_id = outcome.insert_id;
    return RC_OK;
}

enum rc push_add_refused(struct db *db, int64_t batch_id, int64_t supply_id, int64_t epoch,
                         int64_t meter_id, const char *wanted_json, const char *code)
{
    assert(db_in_transaction(db));
    return db_execute(db,
                      "INSERT INTO push (batch_id, supply_id, epoch, meter_id, wanted, state,"
                      " wait_code, ended_at) VALUES (?, ?, ?, ?, ?, 'refused', ?, ?)",
                      DB_ARGS(db_int(batch_id), db_int(supply_id), db_int(epoch), db_int(meter_id),
                              db_text(wanted_json), db_text(code), db_time(clock_now_ms())),
                      NULL);
}

enum rc push_supersede(struct db *db, int64_t id)
{
    assert(db_in_transaction(db));
    struct db_outcome outcome = {0};
    TRY(db_execute(db,
                   "UPDATE push SET state = 'superseded', ended_at = ?"
                   " WHERE id = ? AND state IN ('pending', 'writing')",
                   DB_ARGS(db_time(clock_now_ms()), db_int(id)), &outcome));
    return outcome.affected_rows == 1 ? RC_OK : RC_CONFLICT;
}

enum rc push_supersede_tariffs(struct db *db, int64_t supply_id)
{
    assert(db_in_transaction(db));
    return db_execute(db,
                      "UPDATE push p JOIN push_batch b ON b.id = p.batch_id"
                      " SET p.state = 'superseded', p.ended_at = ? WHERE p.supply_id = ?"
                      " AND p.state IN ('pending', 'writing') AND b.tariff_id IS NOT NULL",
                      DB_ARGS(db_time(clock_now_ms()), db_int(supply_id)), NULL);
}
