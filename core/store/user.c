#include "core/store/user.h"

#include <assert.h>

#define USER_COLUMNS                                                                               \
    "u.id, u.name, u.display_name, r.code, u.locale, u.state = 'active', u.password_hash,"         \
    " u.must_change_password, u.totp_secret, u.totp_last_step, u.failed_count,"                    \
    " u.failed_since_at, u.locked_until_at, u.last_login_at, u.session_epoch, u.created_at"
#define USER_FROM " FROM user u JOIN role r ON r.id = u.role_id "

enum rc user_session_epoch(struct db *db, struct arena *arena, int64_t user_id, int64_t *ret_epoch)
{
    struct db_rows rows;
    TRY(db_query(db, arena, "SELECT session_epoch FROM user WHERE id = ? AND state = 'active'",
                 DB_ARGS(db_int(user_id)), 1, &rows));
    if (rows.count == 0) {
        return RC_NOT_FOUND;
    }
    *ret_epoch = db_get_int(&rows, 0, 0);
    return RC_OK;
}

static enum rc user_of_row(const struct db_rows *rows, size_t row, struct user *ret_user)
{
    struct user user = {
        .id = db_get_int(rows, row, 0),
        .name = db_get_text(rows, row, 1),
        .display_name = db_get_text(rows, row, 2),
        .locale = db_get_text(rows, row, 4),
        .active = db_get_int(rows, row, 5) != 0,
        .password_hash = db_get_text(rows, row, 6),
        .must_change_password = db_get_int(rows, row, 7) != 0,
        .totp_last_step = db_get_int(rows, row, 9),
        .failed_count = db_get_int(rows, row, 10),
        .failed_since_at_ms = db_get_time(rows, row, 11),
        .locked_until_at_ms = db_get_time(rows, row, 12),
        .last_login_at_ms = db_get_time(rows, row, 13),
        .epoch = db_get_int(rows, row, 14),
        .created_at_ms = db_get_time(rows, row, 15),
    };
    if (!db_is_null(rows, row, 8)) {
        user.totp_sealed = (const uint8_t *)db_at(rows, row, 8)->text;
        user.totp_sealed_len = db_at(rows, row, 8)->len;
    }
    if (role_find(db_get_text(rows, row, 3), &user.role) != RC_OK) {
        return RC_INTERNAL; /* a role that this program does not know */
    }
    *ret_user = user;
    return RC_OK;
}

static enum rc user_single(const struct db_rows *rows, struct user *ret_user)
{
    return rows->count == 0 ? RC_NOT_FOUND : user_of_row(rows, 0, ret_user);
}

enum rc user_find_name(struct db *db, struct arena *arena, const char *name, struct user *ret_user)
{
    struct db_rows rows;
    TRY(db_query(db, arena, "SELECT " USER_COLUMNS USER_FROM "WHERE u.name = ?",
                 DB_ARGS(db_text(name)), 1, &rows));
    return user_single(&rows, ret_user);
}

enum rc user_find(struct db *db, struct arena *arena, int64_t id, struct user *ret_user)
{
    struct db_rows rows;
    TRY(db_query(db, arena, "SELECT " USER_COLUMNS USER_FROM "WHERE u.id = ?", DB_ARGS(db_int(id)),
                 1, &rows));
    return user_single(&rows, ret_user);
}

enum rc user_lock(struct db *db, struct arena *arena, int64_t id, struct user *ret_user)
{
    assert(db_in_transaction(db));
    struct db_rows rows;
    TRY(db_query(db, arena, "SELECT " USER_COLUMNS USER_FROM "WHERE u.id = ? FOR UPDATE",
                 DB_ARGS(db_int(id)), 1, &rows));
    return user_single(&rows, ret_user);
}

enum rc users_list(struct db *db, struct arena *arena, struct user **ret_users, size_t *ret_count)
{
    struct db_rows rows;
    TRY(db_query(db, arena, "SELECT " USER_COLUMNS USER_FROM "ORDER BY u.name LIMIT 500",
                 DB_NO_ARGS, USERS_MAX, &rows));
    struct user *users = arena_take_array(arena, rows.count, sizeof(*users));
    if (users == NULL) {
        return RC_MEMORY;
    }
    for (size_t i = 0; i < rows.count; i++) {
        TRY(user_of_row(&rows, i, &users[i]));
    }
    *ret_users = users;
    *ret_count = rows.count;
    return RC_OK;
}

enum rc user_insert(struct db *db, const struct user *user, int64_t *ret_id)
{
    assert(db_in_transaction(db));
    struct db_outcome outcome;
    TRY(db_execute(db,
                   "INSERT INTO user (name, display_name, role_id, locale, password_hash,"
                   " must_change_password, created_at, totp_secret)"
                   " SELECT ?, ?, id, ?, ?, ?, ?, ? FROM role WHERE code = ?",
                   DB_ARGS(db_text(user->name), db_text(user->display_name), db_text(user->locale),
                           db_text(user->password_hash), db_int(user->must_change_password),
                           db_time(user->created_at_ms),
                           user->totp_sealed == NULL
                               ? db_null()
                               : db_bytes(user->totp_sealed, user->totp_sealed_len),
                           db_text(role_code(user->role))),
                   &outcome));
    if (outcome.affected_rows != 1) {
        return RC_NOT_FOUND;
    }
    *ret_id = outcome.insert_id;
    return RC_OK;
}

enum rc user_update(struct db *db, const struct user *user)
{
    assert(db_in_transaction(db));
    struct db_outcome outcome;
    TRY(db_execute(
        db,
        "UPDATE user SET display_name = ?, role_id = (SELECT id FROM role WHERE code = ?),"
        " locale = ?, state = ?, password_changed_at = IF(password_hash = ?, password_changed_at,"
        " UTC_TIMESTAMP(3)), password_hash = ?, must_change_password = ?, totp_secret = ?,"
        " totp_last_step = ?, failed_count = ?, failed_since_at = ?, locked_until_at = ?,"
        " last_login_at = ?, session_epoch = ? WHERE id = ?",
        DB_ARGS(db_text(user->display_name), db_text(role_code(user->role)), db_text(user->locale),
                db_text(user->active ? "active" : "disabled"), db_text(user->password_hash),
                db_text(user->password_hash), db_int(user->must_change_password),
                user->totp_sealed == NULL ? db_null()
                                          : db_bytes(user->totp_sealed, user->totp_sealed_len),
                db_int(user->totp_last_step), db_int(user->failed_count),
                db_time_or_null(user->failed_since_at_ms != 0, user->failed_since_at_ms),
                db_time_or_null(user->locked_until_at_ms != 0, user->locked_until_at_ms),
                db_time_or_null(user->last_login_at_ms != 0, user->last_login_at_ms),
                db_int(user->epoch), db_int(user->id)),
        &outcome));
    return outcome.affected_rows == 1 ? RC_OK : RC_NOT_FOUND;
}

enum rc user_count_administrators(struct db *db, struct arena *arena, int64_t except_id,
                                  int64_t *ret_count)
{
    assert(db_in_transaction(db));
    struct db_rows rows;
    TRY(db_query(db, arena,
                 "SELECT u.id FROM user u JOIN role r ON r.id = u.role_id"
                 " WHERE r.code = 'administrator' AND u.state = 'active' AND u.id <> ? FOR UPDATE",
                 DB_ARGS(db_int(except_id)), USERS_MAX, &rows));
    *ret_count = (int64_t)rows.count;
    return RC_OK;
}

enum rc user_set_recovery_codes(struct db *db, int64_t user_id, const uint8_t (*hashes)[32],
                                size_t count)
{
    assert(db_in_transaction(db) && count <= USER_RECOVERY_CODES);
    TRY(db_execute(db, "DELETE FROM user_recovery_code WHERE user_id = ?", DB_ARGS(db_int(user_id)),
                   NULL));
    for (size_t i = 0; i < count; i++) {
        TRY(db_execute(db, "INSERT INTO user_recovery_code (user_id, code_hash) VALUES (?, ?)",
                       DB_ARGS(db_int(user_id), db_bytes(hashes[i], 32)), NULL));
    }
    return RC_OK;
}

enum rc user_use_recovery_code(struct db *db, int64_t user_id, const uint8_t hash[32],
                               int64_t now_ms)
{
    assert(db_in_transaction(db));
    struct db_outcome outcome;
    TRY(db_execute(db,
                   "UPDATE user_recovery_code SET used_at = ? WHERE user_id = ? AND code_hash = ?"
                   " AND used_at IS NULL",
                   DB_ARGS(db_time(now_ms), db_int(user_id), db_bytes(hash, 32)), &outcome));
    return outcome.affected_rows == 1 ? RC_OK : RC_NOT_FOUND;
}
