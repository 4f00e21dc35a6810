#include "core/store/restore.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "core/base/clock.h"

#define NAMES_MAX 2000
#define SQL_MAX ((size_t)1 << 20)

static enum rc say(struct db *db, const char *sql)
{
    return db_execute_text(db, sql, strlen(sql), NULL);
}

/* ---- the server ---- */

enum rc restore_connected(struct db *db, struct arena *arena, const char *prefix,
                          const char **ret_users)
{
    struct db_rows rows;
    TRY(db_query(db, arena,
                 "SELECT COALESCE(GROUP_CONCAT(DISTINCT user ORDER BY user SEPARATOR ', '), '')"
                 " FROM information_schema.processlist WHERE LEFT(user, CHAR_LENGTH(?)) = ?"
                 " AND user <> CONCAT(?, 'ctl') AND user <> CONCAT(?, 'migrate')",
                 DB_ARGS(db_text(prefix), db_text(prefix), db_text(prefix), db_text(prefix)), 1,
                 &rows));
    *ret_users = db_get_text(&rows, 0, 0);
    return RC_OK;
}

enum rc restore_lock_users(struct db *db, struct arena *arena, const char *prefix, bool locked)
{
    static const char *const programs[] = {"staff",  "tenant", "notify", "machine",
                                           "poller", "jobs",   "ctl",    "backup"};
    for (size_t i = 0; i < ARRAY_LEN(programs); i++) {
        const char *sql = arena_printf(arena, "ALTER USER IF EXISTS `%s%s`@localhost ACCOUNT %s",
                                       prefix, programs[i], locked ? "LOCK" : "UNLOCK");
        if (sql == NULL) {
            return RC_MEMORY;
        }
        TRY(say(db, sql));
    }
    return RC_OK;
}

enum rc restore_binlogs(struct db *db, struct arena *arena, const char ***ret_names,
                        size_t *ret_count)
{
    struct db_rows rows;
    TRY(db_query(db, arena, "SHOW BINARY LOGS", DB_NO_ARGS, NAMES_MAX, &rows));
    const char **names = arena_take_array(arena, rows.count + 1, sizeof(*names));
    if (names == NULL) {
        return RC_MEMORY;
    }
    for (size_t i = 0; i < rows.count; i++) {
        names[i] = db_get_text(&rows, i, 0);
    }
    *ret_names = names;
    *ret_count = rows.count;
    return RC_OK;
}

enum rc restore_database_drop(struct db *db, const char *name)
{
    char sql[200];
    (void)snprintf(sql, sizeof(sql), "DROP DATABASE IF EXISTS `%s`", name);
    return say(db, sql);
}

enum rc restore_unlogged(struct db *db)
{
    return say(db, "SET sql_log_bin = 0");
}

enum rc restore_first_after(struct db *db, struct arena *arena, int64_t after_ms,
                            int64_t *ret_restored_at_ms)
{
    struct db_rows rows;
    *ret_restored_at_ms = 0;
    TRY(db_query(db, arena,
                 "SELECT 1 FROM information_schema.tables WHERE table_schema = DATABASE()"
                 " AND table_name = 'restore_run'",
                 DB_NO_ARGS, 1, &rows));
    if (rows.count == 0) {
        return RC_OK;
    }
    TRY(db_query(db, arena, "SELECT MIN(restored_at) FROM restore_run WHERE restored_at > ?",
                 DB_ARGS(db_time(after_ms)), 1, &rows));
    *ret_restored_at_ms = db_get_time(&rows, 0, 0);
    return RC_OK;
}

static enum rc tables_of(struct db *db, struct arena *arena, const char *database,
                         struct db_rows *ret_rows)
{
    return db_query(db, arena,
                    "SELECT table_name FROM information_schema.tables WHERE table_schema = ?"
                    " AND table_type = 'BASE TABLE' ORDER BY table_name",
                    DB_ARGS(db_text(database)), NAMES_MAX, ret_rows);
}

static void add_renames(struct text *sql, const struct db_rows *tables, const char *from,
                        const char *to)
{
    for (size_t i = 0; i < tables->count; i++) {
        const char *table = db_get_text(tables, i, 0);
        text_printf(sql, "%s `%s`.`%s` TO `%s`.`%s`",
                    strchr(text_string(sql), '`') == NULL ? "" : ",", from, table, to, table);
    }
}

enum rc restore_swap(struct db *db, struct arena *arena, const char *fresh, const char *live,
                     const char *aside)
{
    struct db_rows old;
    struct db_rows tables;
    struct text sql CLEANUP(text_release);
    text_init(&sql, SQL_MAX);
    TRY(tables_of(db, arena, live, &old));
    TRY(tables_of(db, arena, fresh, &tables));
    if (old.count > 0) {
        char make[200];
        (void)snprintf(make, sizeof(make), "CREATE DATABASE `%s` CHARACTER SET utf8mb4", aside);
        TRY(say(db, make));
    }
    text_add_string(&sql, "RENAME TABLE");
    add_renames(&sql, &old, live, aside);
    add_renames(&sql, &tables, fresh, live);
    TRY(text_result(&sql));
    TRY(db_execute_text(db, sql.bytes, sql.len, NULL));
    return restore_database_drop(db, fresh);
}

enum rc restore_jump_ids(struct db *db, struct arena *arena)
{
    struct db_rows rows;
    TRY(db_query(db, arena,
                 "SELECT t.table_name, t.auto_increment FROM information_schema.tables t"
                 " JOIN information_schema.columns c ON c.table_schema = t.table_schema"
                 " AND c.table_name = t.table_name AND c.extra LIKE '%auto_increment%'"
                 " AND c.data_type = 'bigint' WHERE t.table_schema = DATABASE()"
                 " AND t.auto_increment IS NOT NULL",
                 DB_NO_ARGS, NAMES_MAX, &rows));
    for (size_t i = 0; i < rows.count; i++) {
        const char *sql =
            arena_printf(arena, "ALTER TABLE `%s` AUTO_INCREMENT = %lld", db_get_text(&rows, i, 0),
                         (long long)(db_get_int(&rows, i, 1) + RESTORE_ID_JUMP));
        if (sql == NULL) {
            return RC_MEMORY;
        }
        TRY(say(db, sql));
    }
    return RC_OK;
}

/* ---- marking ---- */

/* What may be in the meter or in the balance of the last reading, or not: a count in flight, and
   deliveries that were proved about when that reading was taken, unless its count has them. Where
   an adjustment is or was then at work the balance says nothing. */
static const char checks_sql[] =
    "INSERT INTO restore_check (restore_id, supply_id, meter_id, epoch, our_count, in_flight_fen,"
    " our_balance_fen, our_taken_at, our_energy)"
    " SELECT ?, s.id, s.meter_id, s.epoch,"
    " IF(e.id IS NULL, COALESCE(ms.purchase_count, 0), GREATEST(e.open_count, COALESCE((SELECT"
    " MAX(d.purchase_count) FROM delivery d WHERE d.supply_id = s.id AND d.epoch = s.epoch), 0))),"
    " (SELECT d.amount_fen FROM delivery d WHERE d.slot_supply = s.id),"
    " IF(EXISTS (SELECT 1 FROM adjustment a WHERE a.supply_id = s.id AND (a.state IN ('approved',"
    " 'writing', 'manual') OR a.ended_at > ms.taken_at - INTERVAL 60 SECOND)), NULL,"
    " ms.balance_fen + 0), ms.taken_at,"
    " JSON_OBJECT('energy_wh', ms.energy_wh, 'unit_wh', 10 * m.ct_ratio * m.pt_ratio,"
    " 'fee_control', IF(mp.fee_control_enabled = 0, JSON_EXTRACT('false', '$'),"
    " JSON_EXTRACT('true', '$')), 'rate_wh', JSON_ARRAY(ms.energy_sharp_wh, ms.energy_peak_wh,"
    " ms.energy_flat_wh, ms.energy_valley_wh), 'price_e4', JSON_ARRAY(mp.price_sharp_e4,"
    " mp.price_peak_e4, mp.price_flat_e4, mp.price_valley_e4), 'extra_fen', COALESCE((SELECT"
    " SUM(d.amount_fen) FROM delivery d WHERE d.supply_id = s.id AND (d.slot_supply IS NOT NULL OR"
    " (d.state = 'confirmed' AND d.ended_at > ms.taken_at - INTERVAL 60 SECOND))"
    " AND NOT (d.epoch = s.epoch AND d.purchase_count <= ms.purchase_count)), 0))"
    " FROM supply s JOIN meter m ON m.id = s.meter_id"
    " LEFT JOIN supply_epoch e ON e.live_supply = s.id"
    " LEFT JOIN meter_state ms ON ms.meter_id = m.id"
    " LEFT JOIN meter_parameter mp ON mp.meter_id = m.id"
    " WHERE s.billing_mode = 'meter' AND (e.id IS NOT NULL OR ms.meter_id IS NOT NULL)";

enum rc restore_mark(struct db *db, const struct restore_run *run, bool verified, int64_t *ret_id,
                     int64_t *ret_checks)
{
    assert(db_in_transaction(db));
    struct db_outcome outcome;
    struct db_value now = db_time(run->restored_at_ms);
    TRY(db_execute(db, "UPDATE restore_check SET state = 'superseded' WHERE state = 'pending'",
                   DB_NO_ARGS, NULL));
    TRY(db_execute(db,
                   "INSERT INTO restore_run (restored_at, backup_name, backup_at, until_at,"
                   " replayed, made_by, reason) VALUES (?, ?, ?, ?, ?, ?, ?)",
                   DB_ARGS(now, db_text(run->backup_name), db_time(run->backup_at_ms),
                           db_time_or_null(run->until_at_ms > 0, run->until_at_ms),
                           db_int(run->replayed ? 1 : 0), db_text(run->made_by),
                           db_text(run->reason)),
                   &outcome));
    *ret_id = outcome.insert_id;
    TRY(db_execute(db, checks_sql, DB_ARGS(db_int(*ret_id)), &outcome));
    *ret_checks = outcome.affected_rows;
    TRY(db_execute(db, "UPDATE user SET session_epoch = session_epoch + 1000", DB_NO_ARGS, NULL));
    TRY(db_execute(
        db,
        "UPDATE backup_run SET state = ?, ended_at = ? WHERE name = ?"
        " AND state = 'running'",
        DB_ARGS(db_text(verified ? "verified" : "doubtful"), now, db_text(run->backup_name)),
        NULL));
    return db_execute(db,
                      "UPDATE backup_run SET state = 'failed', ended_at = ?, detail ="
                      " 'cut off by the restore' WHERE state = 'running'",
                      DB_ARGS(now), NULL);
}

enum rc restore_checks_pending(struct db *db, struct arena *arena, int64_t supply_id,
                               bool *ret_pending)
{
    assert(db_in_transaction(db));
    struct db_rows rows;
    TRY(db_query(db, arena, "SELECT 1 FROM restore_check WHERE pending_supply = ?",
                 DB_ARGS(db_int(supply_id)), 1, &rows));
    *ret_pending = rows.count > 0;
    return RC_OK;
}

/* ---- looking ---- */

enum rc restore_last(struct db *db, struct arena *arena, int64_t *ret_restored_at_ms,
                     int64_t *ret_pending)
{
    struct db_rows rows;
    TRY(db_query(db, arena,
                 "SELECT (SELECT MAX(restored_at) FROM restore_run), (SELECT COUNT(*) FROM"
                 " restore_check WHERE pending_supply IS NOT NULL)",
                 DB_NO_ARGS, 1, &rows));
    *ret_restored_at_ms = db_get_time(&rows, 0, 0);
    *ret_pending = db_get_int(&rows, 0, 1);
    return RC_OK;
}

static struct evidence evidence_at(const struct db_rows *rows, size_t row, size_t column)
{
    struct evidence evidence = {.energy_wh = db_get_int(rows, row, column),
                                .unit_wh = 1,
                                .fee_control = db_get_int(rows, row, column + 9) != 0};
    for (size_t i = 0; i < EVIDENCE_RATES; i++) {
        evidence.rate_wh[i] = db_get_int(rows, row, column + 1 + i);
        evidence.price_e4[i] = db_get_int(rows, row, column + 5 + i);
    }
    return evidence;
}

static void look_read(const struct db_rows *rows, size_t row, struct restore_look *look)
{
    *look = (struct restore_look){.restore_id = db_get_int(rows, row, 0),
                                  .supply_id = db_get_int(rows, row, 1),
                                  .our_count = db_get_int(rows, row, 2),
                                  .in_flight = !db_is_null(rows, row, 3),
                                  .has_balance = !db_is_null(rows, row, 4),
                                  .our_balance_fen = db_get_int(rows, row, 4),
                                  .extra_fen = db_get_int(rows, row, 6),
                                  .meter_taken_at_ms = db_get_time(rows, row, 7),
                                  .meter_count = db_get_int(rows, row, 8),
                                  .meter_balance_fen = db_get_int(rows, row, 9)};
    look->after = evidence_at(rows, row, 10);
    bool known = evidence_parse_json(db_get_text(rows, row, 5), &look->before) == RC_OK;
    look->has_balance = look->has_balance && known;
    look->after.unit_wh = known ? look->before.unit_wh : 1;
}

#define SELECT_LOOKS                                                                               \
    "SELECT c.restore_id, c.supply_id, c.our_count, c.in_flight_fen,"                              \
    " c.our_balance_fen, JSON_REMOVE(c.our_energy, '$.extra_fen'),"                                \
    " CAST(JSON_VALUE(c.our_energy, '$.extra_fen') AS SIGNED), ms.taken_at,"                       \
    " ms.purchase_count, ms.balance_fen, ms.energy_wh, ms.energy_sharp_wh,"                        \
    " ms.energy_peak_wh, ms.energy_flat_wh, ms.energy_valley_wh, mp.price_sharp_e4,"               \
    " mp.price_peak_e4, mp.price_flat_e4, mp.price_valley_e4,"                                     \
    " COALESCE(mp.fee_control_enabled, 1)"                                                         \
    " FROM restore_check c JOIN restore_run r ON r.id = c.restore_id"                              \
    " JOIN meter_state ms ON ms.meter_id = c.meter_id"                                             \
    " JOIN meter_parameter mp ON mp.meter_id = c.meter_id"

enum rc restore_checks_due(struct db *db, struct arena *arena, size_t max,
                           struct restore_look **ret_looks, size_t *ret_count)
{
    assert(max >= 1 && max <= RESTORE_CHECKS_MAX);
    struct db_rows rows;
    TRY(db_query(db, arena,
                 SELECT_LOOKS " WHERE c.pending_supply IS NOT NULL AND ms.taken_at > r.restored_at"
                              " AND mp.read_at > r.restored_at AND ms.purchase_count IS NOT NULL"
                              " ORDER BY c.supply_id LIMIT ?",
                 DB_ARGS(db_int((int64_t)max)), max, &rows));
    struct restore_look *looks = arena_take_array(arena, rows.count + 1, sizeof(*looks));
    if (looks == NULL) {
        return RC_MEMORY;
    }
    for (size_t i = 0; i < rows.count; i++) {
        look_read(&rows, i, &looks[i]);
    }
    *ret_looks = looks;
    *ret_count = rows.count;
    return RC_OK;
}

enum rc restore_checks_frozen(struct db *db, struct arena *arena, int64_t supply_id,
                              struct restore_look *ret_look)
{
    struct db_rows rows;
    TRY(db_query(db, arena,
                 SELECT_LOOKS " JOIN supply s ON s.id = c.supply_id AND s.epoch = c.epoch"
                              " WHERE c.supply_id = ? AND c.state = 'frozen'"
                              " AND ms.purchase_count IS NOT NULL"
                              " ORDER BY c.restore_id DESC LIMIT 1",
                 DB_ARGS(db_int(supply_id)), 1, &rows));
    if (rows.count == 0) {
        return RC_NOT_FOUND;
    }
    look_read(&rows, 0, ret_look);
    return RC_OK;
}

enum rc restore_checks_end(struct db *db, const struct restore_look *look, const char *state,
                           const char *finding)
{
    assert(db_in_transaction(db));
    struct db_outcome outcome;
    TRY(db_execute(db,
                   "UPDATE restore_check SET state = ?, finding = ?, meter_count = ?,"
                   " meter_balance_fen = ?, meter_taken_at = ?, checked_at = ?"
                   " WHERE restore_id = ? AND supply_id = ? AND state = 'pending'",
                   DB_ARGS(db_text(state), db_text(finding), db_int(look->meter_count),
                           db_int(look->meter_balance_fen), db_time(look->meter_taken_at_ms),
                           db_time(clock_now_ms()), db_int(look->restore_id),
                           db_int(look->supply_id)),
                   &outcome));
    return outcome.affected_rows == 1 ? RC_OK : RC_CONFLICT;
}
