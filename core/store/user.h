/*
 * People of the staff: rows of table user. Functions that change assert an open transaction; the
 * rules and the audit rows are in core/flow/login and core/flow/user.
 */
#ifndef PW_STORE_USER_H
#define PW_STORE_USER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/rc.h"
#include "core/rules/permission.h"
#include "core/store/db.h"

#define USERS_MAX 500
#define USER_RECOVERY_CODES 10
#define USER_SECRET_SEALED_MAX 96 /* bytes of a sealed TOTP seed */

struct user {
    int64_t id;
    const char *name;
    const char *display_name;
    enum role role;
    const char *locale; /* "zh-CN" or "en" */
    bool active;
    const char *password_hash;
    bool must_change_password;
    const uint8_t *totp_sealed; /* NULL: not enrolled */
    size_t totp_sealed_len;
    int64_t totp_last_step;
    int64_t failed_count;
    int64_t failed_since_at_ms; /* 0: never */
    int64_t locked_until_at_ms; /* 0: not locked */
    int64_t last_login_at_ms;   /* 0: never */
    int64_t epoch;
    int64_t created_at_ms;
};

/* The epoch of an active user; RC_NOT_FOUND if there is none or it is disabled. One look-up by
 * primary key. */
enum rc user_session_epoch(struct db *db, struct arena *arena, int64_t user_id,
                           int64_t *ret_epoch) MUST_CHECK;
/* Finds by log-in name or id. RC_NOT_FOUND. Texts live in the arena. */
enum rc user_find_name(struct db *db, struct arena *arena, const char *name,
                       struct user *ret_user) MUST_CHECK;
enum rc user_find(struct db *db, struct arena *arena, int64_t id, struct user *ret_user) MUST_CHECK;
/* The same under the row lock, in a transaction. */
enum rc user_lock(struct db *db, struct arena *arena, int64_t id, struct user *ret_user) MUST_CHECK;
/* All users by name, at most USERS_MAX. */
enum rc users_list(struct db *db, struct arena *arena, struct user **ret_users,
                   size_t *ret_count) MUST_CHECK;

/* RC_CONFLICT when the name is taken. */
enum rc user_insert(struct db *db, const struct user *user, int64_t *ret_id) MUST_CHECK;
/* Writes back the fields that log-in and management change (all but id, name, created_at). */
enum rc user_update(struct db *db, const struct user *user) MUST_CHECK;
/* Active administrators other than `except_id`, locked, so that two cannot remove each other. */
enum rc user_count_administrators(struct db *db, struct arena *arena, int64_t except_id,
                                  int64_t *ret_count) MUST_CHECK;
/* Replaces the recovery codes by these hashes (count may be 0). */
enum rc user_set_recovery_codes(struct db *db, int64_t user_id, const uint8_t (*hashes)[32],
                                size_t count) MUST_CHECK;
/* Marks a code as used; RC_NOT_FOUND if it is none of the user's unused ones. */
enum rc user_use_recovery_code(struct db *db, int64_t user_id, const uint8_t hash[32],
                               int64_t now_ms) MUST_CHECK;

#endif
