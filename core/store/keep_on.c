#include "core/store/keep_on.h"

#include <assert.h>

#include "core/base/clock.h"

enum rc keep_ons_insert(struct db *db, int64_t supply_id, int64_t command_id, int64_t owner_id,
                        int64_t since_at_ms, int64_t until_at_ms)
{
    assert(db_in_transaction(db));
    return db_execute(db,
                      "INSERT INTO keep_on (supply_id, command_id, owner_id, since_at, until_at)"
                      " VALUES (?, ?, ?, ?, ?)",
                      DB_ARGS(db_int(supply_id), db_int(command_id), db_int(owner_id),
                              db_time(since_at_ms), db_time(until_at_ms)),
                      NULL);
}

enum rc keep_ons_end(struct db *db, int64_t supply_id, bool *ret_ended)
{
    assert(db_in_transaction(db));
    struct db_outcome outcome = {0};
    TRY(db_execute(db, "UPDATE keep_on SET state = 'ended', ended_at = ? WHERE active_supply = ?",
                   DB_ARGS(db_time(clock_now_ms()), db_int(supply_id)), &outcome));
    *ret_ended = outcome.affected_rows > 0;
    return RC_OK;
}

enum rc keep_ons_run_out(struct db *db, int64_t command_id)
{
    assert(db_in_transaction(db));
    return db_execute(db,
                      "UPDATE keep_on SET until_at = GREATEST(LEAST(until_at, ?),"
                      " since_at + INTERVAL 1000 MICROSECOND)"
                      " WHERE command_id = ? AND state = 'active'",
                      DB_ARGS(db_time(clock_now_ms()), db_int(command_id)), NULL);
}

enum rc keep_ons_get(struct db *db, struct arena *arena, int64_t id, struct keep_on_row *ret_row)
{
    struct db_rows rows;
    TRY(db_query(db, arena,
                 "SELECT id, supply_id, command_id, owner_id, since_at, until_at,"
                 " state = 'active' FROM keep_on WHERE id = ?",
                 DB_ARGS(db_int(id)), 1, &rows));
    if (rows.count == 0) {
        return RC_NOT_FOUND;
    }
    *ret_row = (struct keep_on_row){
        .id = db_get_int(&rows, 0, 0),
        .supply_id = db_get_int(&rows, 0, 1),
        .command_id = db_get_int(&rows, 0, 2),
        .owner_id = db_get_int(&rows, 0, 3),
        .since_at_ms = db_get_time(&rows, 0, 4),
        .until_at_ms = db_get_time(&rows, 0, 5),
        .active = db_get_int(&rows, 0, 6) != 0,
    };
    return RC_OK;
}

enum rc keep_ons_due(struct db *db, struct arena *arena, size_t max, int64_t **ret_ids,
                     size_t *ret_count)
{
    struct db_rows rows;
    TRY(db_query(db, arena,
                 "SELECT id FROM keep_on WHERE state = 'active' AND until_at <= ?"
                 " ORDER BY until_at LIMIT ?",
                 DB_ARGS(db_time(clock_now_ms()), db_int((int64_t)max)), max, &rows));
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
