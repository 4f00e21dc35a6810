#include "core/store/tenant_user.h"

#include <assert.h>
#include <string.h>

#include "core/base/text.h"

#define COLUMNS                                                                                    \
    "id, phone_hash, phone_sealed, phone_tail, password_hash, must_change_password, locale,"       \
    " session_epoch, failed_count, failed_since_at, locked_until_at, last_login_at"

enum rc tenant_user_epoch(struct db *db, struct arena *arena, int64_t id, int64_t *ret_epoch)
{
    struct db_rows rows;
    TRY(db_query(db, arena, "SELECT session_epoch FROM tenant_user WHERE id = ?",
                 DB_ARGS(db_int(id)), 1, &rows));
    if (rows.count == 0) {
        return RC_NOT_FOUND;
    }
    *ret_epoch = db_get_int(&rows, 0, 0);
    return RC_OK;
}

static enum rc single(const struct db_rows *rows, struct tenant_user *ret_user)
{
    if (rows->count == 0) {
        return RC_NOT_FOUND;
    }
    const struct db_value *hash = db_at(rows, 0, 1);
    const struct db_value *sealed = db_at(rows, 0, 2);
    struct tenant_user user = {
        .id = db_get_int(rows, 0, 0),
        .password_hash = db_is_null(rows, 0, 4) ? NULL : db_get_text(rows, 0, 4),
        .must_change_password = db_get_int(rows, 0, 5) != 0,
        .locale = db_get_text(rows, 0, 6),
        .epoch = db_get_int(rows, 0, 7),
        .failed_count = db_get_int(rows, 0, 8),
        .failed_since_at_ms = db_get_time(rows, 0, 9),
        .locked_until_at_ms = db_get_time(rows, 0, 10),
        .last_login_at_ms = db_get_time(rows, 0, 11),
    };
    if (hash->len != CONTACT_HASH_BYTES || sealed->len > CONTACT_SEALED_MAX) {
        return RC_INTERNAL;
    }
    memcpy(user.phone.phone_hash, hash->text, hash->len);
    memcpy(user.phone.phone_sealed, sealed->text, sealed->len);
    user.phone.phone_sealed_len = sealed->len;
    text_copy(user.phone.phone_tail, sizeof user.phone.phone_tail, db_get_text(rows, 0, 3));
    *ret_user = user;
    return RC_OK;
}

enum rc tenant_user_find(struct db *db, struct arena *arena, int64_t id,
                         struct tenant_user *ret_user)
{
    struct db_rows rows;
    TRY(db_query(db, arena, "SELECT " COLUMNS " FROM tenant_user WHERE id = ?", DB_ARGS(db_int(id)),
                 1, &rows));
    return single(&rows, ret_user);
}

enum rc tenant_user_find_phone(struct db *db, struct arena *arena,
                               const uint8_t hash[CONTACT_HASH_BYTES], struct tenant_user *ret_user)
{
    struct db_rows rows;
    TRY(db_query(db, arena, "SELECT " COLUMNS " FROM tenant_user WHERE phone_hash = ?",
                 DB_ARGS(db_bytes(hash, CONTACT_HASH_BYTES)), 1, &rows));
    return single(&rows, ret_user);
}

enum rc tenant_user_lock(struct db *db, struct arena *arena, int64_t id,
                         struct tenant_user *ret_user)
{
    assert(db_in_transaction(db));
    struct db_rows rows;
    TRY(db_query(db, arena, "SELECT " COLUMNS " FROM tenant_user WHERE id = ? FOR UPDATE",
                 DB_ARGS(db_int(id)), 1, &rows));
    return single(&rows, ret_user);
}

enum rc tenant_user_ensure(struct db *db, const struct contact *phone, const char *locale,
                           int64_t *ret_id)
{
    assert(db_in_transaction(db));
    struct db_outcome outcome = {0};
    TRY(db_execute(db,
                   "INSERT INTO tenant_user (phone_hash, phone_sealed, phone_tail, locale)"
                   " VALUES (?, ?, ?, ?) ON DUPLICATE KEY UPDATE id = LAST_INSERT_ID(id)",
                   DB_ARGS(db_bytes(phone->phone_hash, sizeof phone->phone_hash),
                           db_bytes(phone->phone_sealed, phone->phone_sealed_len),
                           db_text(phone->phone_tail), db_text(locale)),
                   &outcome));
    *ret_id = outcome.insert_id;
    return RC_OK;
}

enum rc tenant_user_update(struct db *db, const struct tenant_user *user)
{
    assert(db_in_transaction(db));
    return db_execute(
        db,
        "UPDATE tenant_user SET password_hash = ?, must_change_password = ?, locale = ?,"
        " session_epoch = ?, failed_count = ?, failed_since_at = ?, locked_until_at = ?,"
        " last_login_at = ? WHERE id = ?",
        DB_ARGS(db_text_or_null(user->password_hash), db_int(user->must_change_password),
                db_text(user->locale), db_int(user->epoch), db_int(user->failed_count),
                db_time_or_null(user->failed_since_at_ms != 0, user->failed_since_at_ms),
                db_time_or_null(user->locked_until_at_ms != 0, user->locked_until_at_ms),
                db_time_or_null(user->last_login_at_ms != 0, user->last_login_at_ms),
                db_int(user->id)),
        NULL);
}

enum rc tenant_phone_is_known(struct db *db, struct arena *arena,
                              const uint8_t hash[CONTACT_HASH_BYTES], bool *ret_known)
{
    struct db_rows rows;
    struct db_value phone = db_bytes(hash, CONTACT_HASH_BYTES);
    TRY(db_query(db, arena,
                 "SELECT EXISTS (SELECT 1 FROM contact c JOIN account a ON a.id = c.account_id"
                 " WHERE c.phone_hash = ? AND c.ended_at IS NULL AND c.phone_site"
                 " AND a.state = 'open') OR EXISTS (SELECT 1 FROM tenant_user t"
                 " JOIN tenant_binding b ON b.live_user = t.id WHERE t.phone_hash = ?)",
                 DB_ARGS(phone, phone), 1, &rows));
    *ret_known = db_get_int(&rows, 0, 0) != 0;
    return RC_OK;
}
