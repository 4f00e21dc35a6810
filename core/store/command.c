#include "core/store/command.h"

#include <assert.h>
#include <string.h>

#include "core/base/clock.h"

#define UNKNOWN_KEEP_MS (INT64_C(24) * 3600 * 1000)
#define COLUMNS                                                                                    \
    "c.id, c.supply_id, c.meter_id, c.epoch, c.kind, c.origin, c.state, c.reason,"                 \
    " c.requested_by, c.requested_at, c.expires_at, c.sent_at, c.keep_on_until_at,"                \
    " c.lock_out_id, c.approval_id, c.taken_by"

static enum rc row_read(const struct db_rows *rows, size_t at, struct command_row *ret_row)
{
    struct command_row row = {
        .id = db_get_int(rows, at, 0),
        .supply_id = db_get_int(rows, at, 1),
        .meter_id = db_get_int(rows, at, 2),
        .epoch = db_get_int(rows, at, 3),
        .reason = db_get_text(rows, at, 7),
        .requested_by = db_get_int(rows, at, 8),
        .requested_at_ms = db_get_time(rows, at, 9),
        .expires_at_ms = db_get_time(rows, at, 10),
        .sent_at_ms = db_get_time(rows, at, 11),
        .keep_on_until_at_ms = db_get_time(rows, at, 12),
        .lock_out_id = db_get_int(rows, at, 13),
        .approval_id = db_get_int(rows, at, 14),
        .taken_by = db_get_text(rows, at, 15),
    };
    if (command_kind_find(db_get_text(rows, at, 4), &row.kind) != RC_OK ||
        command_origin_find(db_get_text(rows, at, 5), &row.origin) != RC_OK ||
        command_state_find(db_get_text(rows, at, 6), &row.state) != RC_OK) {
        return RC_INTERNAL; /* the table has a name that the program does not know */
    }
    *ret_row = row;
    return RC_OK;
}

static enum rc rows_read(struct arena *arena, const struct db_rows *rows,
                         struct command_row **ret_rows, size_t *ret_count)
{
    struct command_row *list = arena_take_array(arena, rows->count + 1, sizeof *list);
    if (list == NULL) {
        return RC_MEMORY;
    }
    for (size_t i = 0; i < rows->count; i++) {
        TRY(row_read(rows, i, &list[i]));
    }
    *ret_rows = list;
    *ret_count = rows->count;
    return RC_OK;
}

static enum rc one_row(const struct db_outcome *outcome)
{
    return outcome->affected_rows == 1 ? RC_OK : RC_CONFLICT;
}

enum rc commands_insert(struct db *db, const struct command_row *row, int64_t *ret_id)
{
    assert(db_in_transaction(db));
    struct db_outcome outcome = {0};
    TRY(db_execute(
        db,
        "INSERT INTO command (supply_id, meter_id, epoch, kind, origin, reason, requested_by,"
        " requested_at, expires_at, keep_on_until_at, lock_out_id, approval_id)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        DB_ARGS(db_int(row->supply_id), db_int(row->meter_id), db_int(row->epoch),
                db_text(command_kind_name(row->kind)), db_text(command_origin_name(row->origin)),
                db_text(row->reason), db_int_or_null(row->requested_by != 0, row->requested_by),
                db_time(row->requested_at_ms), db_time(row->expires_at_ms),
                db_time_or_null(row->keep_on_until_at_ms != 0, row->keep_on_until_at_ms),
                db_int_or_null(row->lock_out_id != 0, row->lock_out_id),
                db_int_or_null(row->approval_id != 0, row->approval_id)),
        &outcome));
    *ret_id = outcome.insert_id;
    return RC_OK;
}

enum rc commands_get(struct db *db, struct arena *arena, int64_t id, struct command_row *ret_row)
{
    struct db_rows rows;
    TRY(db_query(db, arena, "SELECT " COLUMNS " FROM command c WHERE c.id = ?", DB_ARGS(db_int(id)),
                 1, &rows));
    return rows.count == 0 ? RC_NOT_FOUND : row_read(&rows, 0, ret_row);
}

enum rc commands_open(struct db *db, struct arena *arena, int64_t supply_id,
                      struct command_row **ret_rows, size_t *ret_count)
{
    struct db_rows rows;
    TRY(db_query(db, arena,
                 "SELECT " COLUMNS " FROM command c JOIN supply s ON s.id = c.supply_id"
                 " WHERE c.state IN ('pending', 'taken', 'sent') AND c.meter_id = s.meter_id"
                 " AND s.id = ? ORDER BY c.id",
                 DB_ARGS(db_int(supply_id)), COMMANDS_OPEN_MAX, &rows));
    return rows_read(arena, &rows, ret_rows, ret_count);
}

enum rc commands_newest(struct db *db, struct arena *arena, int64_t supply_id, int64_t *ret_id)
{
    struct db_rows rows;
    TRY(db_query(db, arena,
                 "SELECT MAX(id) FROM command WHERE supply_id = ? AND kind <> 'read'"
                 " AND state NOT IN ('refused', 'superseded', 'expired', 'cancelled')",
                 DB_ARGS(db_int(supply_id)), 1, &rows));
    *ret_id = db_get_int(&rows, 0, 0);
    return RC_OK;
}

enum rc commands_of_shard(struct db *db, struct arena *arena, int32_t shard, int64_t stuck_ms,
                          size_t max, struct command_row **ret_rows, size_t *ret_count)
{
    int64_t now_ms = clock_now_ms();
    struct db_rows rows;
    TRY(db_query(db, arena,
                 "SELECT " COLUMNS " FROM command c JOIN meter m ON m.id = c.meter_id"
                 " JOIN line l ON l.id = m.line_id WHERE l.shard = ?"
                 " AND c.state IN ('pending', 'taken', 'sent', 'unknown')"
                 " AND (c.state IN ('pending', 'sent') OR (c.state = 'taken' AND c.taken_at < ?)"
                 " OR (c.state = 'unknown' AND c.requested_at > ?)) ORDER BY c.id LIMIT ?",
                 DB_ARGS(db_int(shard), db_time(now_ms - stuck_ms),
                         db_time(now_ms - UNKNOWN_KEEP_MS), db_int((int64_t)max)),
                 max, &rows));
    return rows_read(arena, &rows, ret_rows, ret_count);
}

enum rc commands_due(struct db *db, struct arena *arena, size_t max, int64_t **ret_ids,
                     size_t *ret_count)
{
    struct db_rows rows;
    TRY(db_query(db, arena,
                 "SELECT id FROM command WHERE state = 'pending' AND expires_at <= ? ORDER BY id"
                 " LIMIT ?",
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

enum rc commands_set_taken(struct db *db, int64_t id, const char *instance)
{
    assert(db_in_transaction(db));
    struct db_outcome outcome = {0};
    TRY(db_execute(db,
                   "UPDATE command SET state = 'taken', taken_at = ?, taken_by = ?"
                   " WHERE id = ? AND state = 'pending'",
                   DB_ARGS(db_time(clock_now_ms()), db_text(instance), db_int(id)), &outcome));
    return one_row(&outcome);
}

enum rc commands_set_pending(struct db *db, int64_t id)
{
    assert(db_in_transaction(db));
    struct db_outcome outcome = {0};
    TRY(db_execute(db,
                   "UPDATE command SET state = 'pending', taken_at = NULL, taken_by = NULL"
                   " WHERE id = ? AND state = 'taken'",
                   DB_ARGS(db_int(id)), &outcome));
    return one_row(&outcome);
}

enum rc commands_set_sent(struct db *db, int64_t id)
{
    assert(db_in_transaction(db));
    struct db_outcome outcome = {0};
    TRY(db_execute(
        db, "UPDATE command SET state = 'sent', sent_at = ? WHERE id = ? AND state = 'taken'",
        DB_ARGS(db_time(clock_now_ms()), db_int(id)), &outcome));
    return one_row(&outcome);
}

enum rc commands_set_ended(struct db *db, int64_t id, enum command_state from,
                           enum command_state to, const char *result_code,
                           const char *evidence_json)
{
    assert(db_in_transaction(db));
    assert(command_move_allowed(from, to));
    struct db_outcome outcome = {0};
    TRY(db_execute(db,
                   "UPDATE command SET state = ?, ended_at = ?, result_code = ?,"
                   " evidence = COALESCE(?, evidence) WHERE id = ? AND state = ?",
                   DB_ARGS(db_text(command_state_name(to)), db_time(clock_now_ms()),
                           db_text_or_null(result_code[0] != '\0' ? result_code : NULL),
                           db_text_or_null(evidence_json[0] != '\0' ? evidence_json : NULL),
                           db_int(id), db_text(command_state_name(from))),
                   &outcome));
    return one_row(&outcome);
}

enum rc commands_set_superseded(struct db *db, int64_t id, enum command_state from, int64_t by_id)
{
    assert(db_in_transaction(db));
    assert(command_move_allowed(from, COMMAND_SUPERSEDED));
    struct db_outcome outcome = {0};
    TRY(db_execute(db,
                   "UPDATE command SET state = 'superseded', superseded_by = ?, ended_at = ?"
                   " WHERE id = ? AND state = ?",
                   DB_ARGS(db_int(by_id), db_time(clock_now_ms()), db_int(id),
                           db_text(command_state_name(from))),
                   &outcome));
    return one_row(&outcome);
}
