#include "core/store/account.h"

#include <assert.h>
#include <string.h>

#include "core/base/clock.h"

static enum rc changed_one(enum rc rc, const struct db_outcome *outcome, enum rc none)
{
    TRY(rc);
    return outcome->affected_rows == 1 ? RC_OK : none;
}

enum rc accounts_insert(struct db *db, const struct account *account, int64_t *ret_id)
{
    assert(db_in_transaction(db));
    struct db_outcome outcome = {0};
    bool numbered = account->number[0] != '\0';
    /* Without a number of its own it takes one from its id, so it needs another for a moment. */
    TRY(db_execute(
        db,
        "INSERT INTO account (site_id, number, kind, name, name_pinyin, deposit_fen,"
        " deposit_channel, ends_at, created_by)"
        " VALUES (?, IF(? = '', CONCAT('?', UUID_SHORT()), ?), ?, ?, ?, ?, NULLIF(?, ''), ?, ?)",
        DB_ARGS(db_int(account->site_id), db_text(account->number), db_text(account->number),
                db_text(account->kind), db_text(account->name), db_text(account->name_pinyin),
                db_int(account->deposit_fen), db_text(account->deposit_channel),
                db_time_or_null(account->ends_at_ms != 0, account->ends_at_ms),
                db_int_or_null(account->created_by != 0, account->created_by)),
        &outcome));
    *ret_id = outcome.insert_id;
    if (numbered) {
        return RC_OK;
    }
    return db_execute(db, "UPDATE account SET number = CONCAT('H', LPAD(id, 6, '0')) WHERE id = ?",
                      DB_ARGS(db_int(*ret_id)), NULL);
}

enum rc accounts_lock(struct db *db, struct arena *arena, int64_t id, struct account *ret_account)
{
    assert(db_in_transaction(db));
    struct db_rows rows;
    TRY(db_query(db, arena,
                 "SELECT id, site_id, number, kind, state, name, name_pinyin, deposit_fen, ends_at,"
                 " created_by, deposit_channel FROM account WHERE id = ? FOR UPDATE",
                 DB_ARGS(db_int(id)), 1, &rows));
    if (rows.count == 0) {
        return RC_NOT_FOUND;
    }
    *ret_account = (struct account){
        .id = db_get_int(&rows, 0, 0),
        .site_id = db_get_int(&rows, 0, 1),
        .number = db_get_text(&rows, 0, 2),
        .kind = db_get_text(&rows, 0, 3),
        .state = db_get_text(&rows, 0, 4),
        .name = db_get_text(&rows, 0, 5),
        .name_pinyin = db_get_text(&rows, 0, 6),
        .deposit_fen = db_get_int(&rows, 0, 7),
        .ends_at_ms = db_get_time(&rows, 0, 8),
        .created_by = db_get_int(&rows, 0, 9),
        .deposit_channel = db_get_text(&rows, 0, 10),
    };
    return RC_OK;
}

enum rc accounts_deposit(struct db *db, struct arena *arena, int64_t id, int64_t *ret_fen)
{
    struct db_rows rows;
    TRY(db_query(db, arena, "SELECT deposit_fen FROM account WHERE id = ?", DB_ARGS(db_int(id)), 1,
                 &rows));
    if (rows.count == 0) {
        return RC_NOT_FOUND;
    }
    *ret_fen = db_get_int(&rows, 0, 0);
    return RC_OK;
}

enum rc accounts_set_open(struct db *db, int64_t id, int64_t at_ms)
{
    assert(db_in_transaction(db));
    struct db_outcome outcome = {0};
    enum rc rc = db_execute(
        db, "UPDATE account SET state = 'open', opened_at = ? WHERE id = ? AND state = 'prepared'",
        DB_ARGS(db_time(at_ms), db_int(id)), &outcome);
    return changed_one(rc, &outcome, RC_CONFLICT);
}

enum rc accounts_set_closed(struct db *db, int64_t id, int64_t at_ms)
{
    assert(db_in_transaction(db));
    struct db_outcome outcome = {0};
    enum rc rc =
        db_execute(db,
                   "UPDATE account SET state = 'closed', closed_at = ?,"
                   " opened_at = COALESCE(opened_at, ?) WHERE id = ? AND state <> 'closed'",
                   DB_ARGS(db_time(at_ms), db_time(at_ms), db_int(id)), &outcome);
    return changed_one(rc, &outcome, RC_CONFLICT);
}

enum rc accounts_set_prepared(struct db *db, int64_t id)
{
    assert(db_in_transaction(db));
    struct db_outcome outcome = {0};
    enum rc rc = db_execute(
        db,
        "UPDATE account SET state = 'prepared', opened_at = NULL WHERE id = ? AND state = 'open'",
        DB_ARGS(db_int(id)), &outcome);
    return changed_one(rc, &outcome, RC_CONFLICT);
}

enum rc accounts_set_name(struct db *db, int64_t id, const char *name, const char *name_pinyin)
{
    assert(db_in_transaction(db));
    struct db_outcome outcome = {0};
    enum rc rc = db_execute(db, "UPDATE account SET name = ?, name_pinyin = ? WHERE id = ?",
                            DB_ARGS(db_text(name), db_text(name_pinyin), db_int(id)), &outcome);
    return changed_one(rc, &outcome, RC_NOT_FOUND);
}

enum rc account_supplies_insert(struct db *db, int64_t account_id, int64_t supply_id,
                                int64_t from_at_ms)
{
    assert(db_in_transaction(db));
    return db_execute(
        db, "INSERT INTO account_supply (account_id, supply_id, from_at) VALUES (?, ?, ?)",
        DB_ARGS(db_int(account_id), db_int(supply_id), db_time(from_at_ms)), NULL);
}

enum rc account_supplies_end(struct db *db, int64_t account_id, int64_t supply_id,
                             int64_t until_at_ms)
{
    assert(db_in_transaction(db));
    struct db_outcome outcome = {0};
    enum rc rc =
        db_execute(db,
                   "UPDATE account_supply SET until_at = GREATEST(from_at, ?)"
                   " WHERE account_id = ? AND live_supply = ?",
                   DB_ARGS(db_time(until_at_ms), db_int(account_id), db_int(supply_id)), &outcome);
    return changed_one(rc, &outcome, RC_NOT_FOUND);
}

enum rc account_supplies(struct db *db, struct arena *arena, int64_t account_id, int64_t **ret_ids,
                         size_t *ret_count)
{
    struct db_rows rows;
    TRY(db_query(db, arena,
                 "SELECT supply_id FROM account_supply WHERE account_id = ? AND until_at IS NULL"
                 " ORDER BY supply_id",
                 DB_ARGS(db_int(account_id)), ACCOUNT_SUPPLIES_MAX, &rows));
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

enum rc account_supplies_ended(struct db *db, struct arena *arena, int64_t now_ms, size_t max,
                               int64_t **ret_ids, size_t *ret_count)
{
    struct db_rows rows;
    TRY(db_query(db, arena,
                 "SELECT o.supply_id FROM account a JOIN account_supply o ON o.account_id = a.id"
                 " AND o.until_at IS NULL JOIN supply s ON s.id = o.supply_id"
                 " LEFT JOIN meter_state ms ON ms.meter_id = s.meter_id"
                 " WHERE a.state = 'open' AND a.kind = 'temporary' AND a.ends_at <= ?"
                 " AND COALESCE(ms.forced, '') <> 'trip' AND NOT EXISTS (SELECT 1 FROM command c"
                 " WHERE c.supply_id = o.supply_id AND c.kind = 'trip'"
                 " AND c.requested_at >= a.ends_at) ORDER BY o.supply_id LIMIT ?",
                 DB_ARGS(db_time(now_ms), db_int((int64_t)max)), max, &rows));
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

enum rc account_name_unit(struct db *db, int64_t supply_id, const char *name,
                          const char *name_pinyin, const char *unit_state)
{
    assert(db_in_transaction(db));
    return db_execute(
        db,
        "UPDATE unit u JOIN supply s ON s.unit_id = u.id SET u.shop_name = ?,"
        " u.shop_pinyin = ?, u.state = ? WHERE s.id = ?",
        DB_ARGS(db_text(name), db_text(name_pinyin), db_text(unit_state), db_int(supply_id)), NULL);
}
