#include "core/store/push.h"

#include <assert.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/store/row.h"

#define COLUMNS                                                                                    \
    "SELECT p.id, p.supply_id, p.epoch, p.meter_id, m.line_id, p.writes, p.state = 'writing',"     \
    " s.frozen_reason IS NOT NULL OR NOT l.writable OR h.silent_since_at IS NOT NULL OR EXISTS"    \
    " (SELECT 1 FROM delivery d"                                                                   \
    " WHERE d.slot_supply = p.supply_id) OR EXISTS (SELECT 1 FROM adjustment a"                    \
    " WHERE a.slot_supply = p.supply_id), p.wanted, p.state, b.tariff_id IS NOT NULL FROM push p"  \
    " JOIN push_batch b ON b.id = p.batch_id JOIN supply s ON s.id = p.supply_id"                  \
    " JOIN meter m ON m.id = p.meter_id JOIN line l ON l.id = m.line_id"                           \
    " LEFT JOIN meter_health h ON h.meter_id = p.meter_id"

static enum rc one_row(const struct db_outcome *outcome)
{
    return outcome->affected_rows == 1 ? RC_OK : RC_CONFLICT;
}

static enum rc look_read(const struct db_rows *rows, size_t at, struct push_look *look)
{
    *look = (struct push_look){.id = db_get_int(rows, at, 0),
                               .supply_id = db_get_int(rows, at, 1),
                               .epoch = db_get_int(rows, at, 2),
                               .meter_id = db_get_int(rows, at, 3),
                               .line_id = db_get_int(rows, at, 4),
                               .writes = db_get_int(rows, at, 5),
                               .writing = db_get_int(rows, at, 6) != 0,
                               .blocked = db_get_int(rows, at, 7) != 0,
                               .by_tariff = db_get_int(rows, at, 10) != 0};
    return push_parse_json(db_get_text(rows, at, 8), &look->wanted) == RC_OK ? RC_OK : RC_INTERNAL;
}

enum rc pushes_add_batch(struct db *db, const char *reason, int64_t maker_id, int64_t approval_id,
                         int64_t due_at_ms, int64_t *ret_id)
{
    assert(db_in_transaction(db));
    struct db_outcome outcome = {0};
    TRY(db_execute(db,
                   "INSERT INTO push_batch (reason, maker_id, approval_id, due_at)"
                   " VALUES (?, ?, ?, ?)",
                   DB_ARGS(db_text(reason), db_int_or_null(maker_id != 0, maker_id),
                           db_int_or_null(approval_id != 0, approval_id), db_time(due_at_ms)),
                   &outcome));
    *ret_id = outcome.insert_id;
    return RC_OK;
}

enum rc pushes_add(struct db *db, int64_t batch_id, int64_t supply_id, int64_t epoch,
                   int64_t meter_id, const char *wanted_json, bool supersedes, int64_t *ret_id)
{
    assert(db_in_transaction(db));
    /* what says nothing about fee control takes nothing from one that switches it */
    TRY(db_execute(db,
                   "UPDATE push SET state = 'superseded', ended_at = ? WHERE supply_id = ?"
                   " AND state IN ('pending', 'writing') AND IF(JSON_EXISTS(wanted,"
                   " '$.fee_control'), JSON_EXISTS(?, '$.fee_control'), ?) AND NOT EXISTS (SELECT 1"
                   " FROM mode_change c WHERE c.push_id = push.id AND c.state = 'switching')",
                   DB_ARGS(db_time(clock_now_ms()), db_int(supply_id), db_text(wanted_json),
                           db_int(supersedes)),
                   NULL));
    struct db_outcome outcome = {0};
    TRY(db_execute(db,
                   "INSERT INTO push (batch_id, supply_id, epoch, meter_id, wanted)"
                   " VALUES (?, ?, ?, ?, ?)",
                   DB_ARGS(db_int(batch_id), db_int(supply_id), db_int(epoch), db_int(meter_id),
                           db_text(wanted_json)),
                   &outcome));
    *ret_id = outcome.insert_id;
    return RC_OK;
}

enum rc pushes_of_shard(struct db *db, struct arena *arena, int32_t shard, size_t max,
                        struct push_look **ret_looks, size_t *ret_count)
{
    struct db_rows rows;
    TRY(db_query(db, arena,
                 COLUMNS " WHERE p.state IN ('pending', 'writing') AND l.shard = ?"
                         " AND b.due_at <= ? ORDER BY 8, b.due_at, p.id LIMIT ?",
                 DB_ARGS(db_int(shard), db_time(clock_now_ms()), db_int((int64_t)max)), max,
                 &rows));
    struct push_look *list = arena_take_array(arena, rows.count + 1, sizeof *list);
    if (list == NULL) {
        return RC_MEMORY;
    }
    for (size_t i = 0; i < rows.count; i++) {
        TRY(look_read(&rows, i, &list[i]));
    }
    *ret_looks = list;
    *ret_count = rows.count;
    return RC_OK;
}

enum rc pushes_get(struct db *db, struct arena *arena, int64_t id, struct push_look *ret_look,
                   const char **ret_state)
{
    struct db_rows rows;
    TRY(db_query(db, arena, COLUMNS " WHERE p.id = ?", DB_ARGS(db_int(id)), 1, &rows));
    if (rows.count == 0) {
        return RC_NOT_FOUND;
    }
    TRY(look_read(&rows, 0, ret_look));
    *ret_state = db_get_text(&rows, 0, 9);
    return RC_OK;
}

enum rc pushes_set_writing(struct db *db, int64_t id)
{
    assert(db_in_transaction(db));
    struct db_outcome outcome = {0};
    TRY(db_execute(db,
                   "UPDATE push SET state = 'writing', writes = writes + 1, written_at = ?"
                   " WHERE id = ? AND state IN ('pending', 'writing')",
                   DB_ARGS(db_time(clock_now_ms()), db_int(id)), &outcome));
    return one_row(&outcome);
}

enum rc pushes_set_ended(struct db *db, int64_t id, bool confirmed, const char *code)
{
    assert(db_in_transaction(db));
    struct db_outcome outcome = {0};
    TRY(db_execute(db,
                   "UPDATE push SET state = ?, wait_code = ?, ended_at = ?"
                   " WHERE id = ? AND state IN ('pending', 'writing')",
                   DB_ARGS(db_text(confirmed ? "confirmed" : "refused"), db_text(code),
                           db_time(clock_now_ms()), db_int(id)),
                   &outcome));
    return one_row(&outcome);
}

#define PROGRESS                                                                                   \
    "SELECT b.id, b.reason, b.due_at, b.created_at,"                                               \
    " CAST(SUM(p.state IN ('pending', 'writing')) AS SIGNED),"                                     \
    " CAST(SUM(p.state = 'confirmed') AS SIGNED), CAST(SUM(p.state = 'refused') AS SIGNED),"       \
    " CAST(SUM(p.state IN ('superseded', 'cancelled')) AS SIGNED), COALESCE(u.display_name, ''),"  \
    " COALESCE(b.approval_id, 0) FROM push_batch b JOIN push p ON p.batch_id = b.id"               \
    " LEFT JOIN user u ON u.id = b.maker_id"

static void fill_progress(const struct db_rows *rows, size_t at, struct push_progress *row)
{
    *row = (struct push_progress){.batch_id = db_get_int(rows, at, 0),
                                  .reason = db_get_text(rows, at, 1),
                                  .due_at = db_get_time(rows, at, 2),
                                  .created_at = db_get_time(rows, at, 3),
                                  .open = db_get_int(rows, at, 4),
                                  .confirmed = db_get_int(rows, at, 5),
                                  .refused = db_get_int(rows, at, 6),
                                  .other = db_get_int(rows, at, 7),
                                  .maker_name = db_get_text(rows, at, 8),
                                  .approval_id = db_get_int(rows, at, 9)};
}

enum rc push_progress_list(struct db *db, struct arena *arena, size_t limit,
                           struct push_progress **ret_rows, size_t *ret_count)
{
    struct db_rows rows;
    TRY(db_query(db, arena, PROGRESS " GROUP BY b.id ORDER BY b.id DESC LIMIT ?",
                 DB_ARGS(db_int((int64_t)limit)), limit, &rows));
    struct push_progress *list = arena_take_array(arena, rows.count + 1, sizeof *list);
    if (list == NULL) {
        return RC_MEMORY;
    }
    for (size_t i = 0; i < rows.count; i++) {
        fill_progress(&rows, i, &list[i]);
    }
    *ret_rows = list;
    *ret_count = rows.count;
    return RC_OK;
}

enum rc push_progress_one(struct db *db, struct arena *arena, int64_t batch_id,
                          struct push_progress *ret_row)
{
    struct db_rows rows;
    TRY(db_query(db, arena, PROGRESS " WHERE b.id = ? GROUP BY b.id", DB_ARGS(db_int(batch_id)), 1,
                 &rows));
    if (rows.count == 0) {
        return RC_NOT_FOUND;
    }
    fill_progress(&rows, 0, ret_row);
    return RC_OK;
}

enum rc push_list(struct db *db, struct arena *arena, int64_t batch_id, struct push_view **ret_rows,
                  size_t *ret_count)
{
    struct db_rows rows;
    TRY(db_query(
        db, arena,
        "SELECT p.id, p.supply_id, p.meter_id, COALESCE(u.number, ''), m.number, p.state,"
        " CASE WHEN p.state NOT IN ('pending', 'writing') OR p.wait_code <> '' THEN p.wait_code"
        " WHEN s.frozen_reason IS NOT NULL THEN 'frozen'"
        " WHEN NOT (l.writable AND l.enabled) THEN 'read_only_line'"
        " WHEN h.silent_since_at IS NOT NULL THEN 'meter_silent' ELSE '' END, p.wanted,"
        " IF(r.read_at IS NULL, NULL, JSON_OBJECT('price_e4', JSON_ARRAY(r.price_sharp_e4,"
        " r.price_peak_e4, r.price_flat_e4, r.price_valley_e4), 'alarm_fen',"
        " JSON_ARRAY(r.alarm1_fen, r.alarm2_fen), 'overdraft_fen', r.overdraft_fen)),"
        " p.writes, p.written_at, p.ended_at FROM push p JOIN supply s ON s.id = p.supply_id"
        " JOIN meter m ON m.id = p.meter_id JOIN line l ON l.id = m.line_id"
        " LEFT JOIN unit u ON u.id = s.unit_id LEFT JOIN meter_parameter r ON r.meter_id = m.id"
        " LEFT JOIN meter_health h ON h.meter_id = m.id WHERE p.batch_id = ?"
        " ORDER BY FIELD(p.state, 'writing', 'pending', 'refused') DESC, p.id",
        DB_ARGS(db_int(batch_id)), PUSH_BATCH_MAX, &rows));
    struct push_view *list = arena_take_array(arena, rows.count + 1, sizeof *list);
    if (list == NULL) {
        return RC_MEMORY;
    }
    for (size_t i = 0; i < rows.count; i++) {
        list[i] = (struct push_view){.id = db_get_int(&rows, i, 0),
                                     .supply_id = db_get_int(&rows, i, 1),
                                     .meter_id = db_get_int(&rows, i, 2),
                                     .unit_number = db_get_text(&rows, i, 3),
                                     .meter_number = db_get_text(&rows, i, 4),
                                     .state = db_get_text(&rows, i, 5),
                                     .wait_code = db_get_text(&rows, i, 6),
                                     .wanted = db_get_text(&rows, i, 7),
                                     .standing = row_text_or_null(&rows, i, 8),
                                     .writes = db_get_int(&rows, i, 9),
                                     .written_at = db_get_time(&rows, i, 10),
                                     .ended_at = db_get_time(&rows, i, 11)};
    }
    *ret_rows = list;
    *ret_count = rows.count;
    return RC_OK;
}
