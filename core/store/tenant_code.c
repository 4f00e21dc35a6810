#include "core/store/tenant_code.h"

#include <assert.h>
#include <string.h>

enum rc tenant_code_insert(struct db *db, const uint8_t phone_hash[CONTACT_HASH_BYTES],
                           const uint8_t code_hash[TENANT_CODE_HASH_BYTES], int64_t now_ms,
                           int64_t expires_at_ms)
{
    assert(db_in_transaction(db));
    return db_execute(db,
                      "INSERT INTO tenant_code (phone_hash, code_hash, created_at, expires_at)"
                      " VALUES (?, ?, ?, ?)",
                      DB_ARGS(db_bytes(phone_hash, CONTACT_HASH_BYTES),
                              db_bytes(code_hash, TENANT_CODE_HASH_BYTES), db_time(now_ms),
                              db_time(expires_at_ms)),
                      NULL);
}

enum rc tenant_code_sent(struct db *db, struct arena *arena,
                         const uint8_t phone_hash[CONTACT_HASH_BYTES], int64_t since_ms,
                         struct tenant_code_sent *ret_sent)
{
    struct db_rows rows;
    TRY(db_query(db, arena,
                 "SELECT COUNT(*), MAX(created_at) FROM tenant_code WHERE phone_hash = ?"
                 " AND created_at > ?",
                 DB_ARGS(db_bytes(phone_hash, CONTACT_HASH_BYTES), db_time(since_ms)), 1, &rows));
    ret_sent->in_day = db_get_int(&rows, 0, 0);
    ret_sent->last_at_ms = db_get_time(&rows, 0, 1);
    return RC_OK;
}

enum rc tenant_code_lock(struct db *db, struct arena *arena,
                         const uint8_t phone_hash[CONTACT_HASH_BYTES], int64_t now_ms,
                         struct tenant_code *ret_code)
{
    assert(db_in_transaction(db));
    struct db_rows rows;
    TRY(db_query(db, arena,
                 "SELECT id, code_hash, tries, used_at IS NULL AND expires_at > ? FROM tenant_code"
                 " WHERE phone_hash = ? ORDER BY id DESC LIMIT 1 FOR UPDATE",
                 DB_ARGS(db_time(now_ms), db_bytes(phone_hash, CONTACT_HASH_BYTES)), 1, &rows));
    if (rows.count == 0 || db_get_int(&rows, 0, 3) == 0) {
        return RC_NOT_FOUND;
    }
    const struct db_value *hash = db_at(&rows, 0, 1);
    if (hash->len != TENANT_CODE_HASH_BYTES) {
        return RC_INTERNAL;
    }
    ret_code->id = db_get_int(&rows, 0, 0);
    ret_code->tries = db_get_int(&rows, 0, 2);
    memcpy(ret_code->code_hash, hash->text, hash->len);
    return RC_OK;
}

enum rc tenant_code_count_try(struct db *db, int64_t id)
{
    return db_execute(db, "UPDATE tenant_code SET tries = tries + 1 WHERE id = ?",
                      DB_ARGS(db_int(id)), NULL);
}

enum rc tenant_code_use(struct db *db, int64_t id, int64_t now_ms)
{
    return db_execute(db, "UPDATE tenant_code SET used_at = ? WHERE id = ? AND used_at IS NULL",
                      DB_ARGS(db_time(now_ms), db_int(id)), NULL);
}

enum rc binding_code_insert(struct db *db, int64_t account_id,
                            const uint8_t code_hash[TENANT_CODE_HASH_BYTES], int64_t created_by,
                            int64_t now_ms, int64_t expires_at_ms)
{
    assert(db_in_transaction(db));
    return db_execute(
        db,
        "INSERT INTO binding_code (account_id, code_hash, created_by, created_at, expires_at)"
        " VALUES (?, ?, ?, ?, ?)",
        DB_ARGS(db_int(account_id), db_bytes(code_hash, TENANT_CODE_HASH_BYTES), db_int(created_by),
                db_time(now_ms), db_time(expires_at_ms)),
        NULL);
}

enum rc binding_code_find(struct db *db, struct arena *arena,
                          const uint8_t code_hash[TENANT_CODE_HASH_BYTES], int64_t now_ms,
                          int64_t *ret_account_id)
{
    struct db_rows rows;
    TRY(db_query(db, arena,
                 "SELECT b.account_id FROM binding_code b JOIN account a ON a.id = b.account_id"
                 " WHERE b.code_hash = ? AND b.used_at IS NULL AND b.expires_at > ?"
                 " AND a.state = 'open'",
                 DB_ARGS(db_bytes(code_hash, TENANT_CODE_HASH_BYTES), db_time(now_ms)), 1, &rows));
    if (rows.count == 0) {
        return RC_NOT_FOUND;
    }
    *ret_account_id = db_get_int(&rows, 0, 0);
    return RC_OK;
}

enum rc binding_code_use(struct db *db, const uint8_t code_hash[TENANT_CODE_HASH_BYTES],
                         int64_t tenant_user_id, int64_t now_ms)
{
    assert(db_in_transaction(db));
    struct db_outcome outcome = {0};
    TRY(db_execute(db,
                   "UPDATE binding_code SET used_at = ?, used_by = ? WHERE code_hash = ?"
                   " AND used_at IS NULL AND expires_at > ?",
                   DB_ARGS(db_time(now_ms), db_int(tenant_user_id),
                           db_bytes(code_hash, TENANT_CODE_HASH_BYTES), db_time(now_ms)),
                   &outcome));
    return outcome.affected_rows == 1 ? RC_OK : RC_NOT_FOUND;
}
