/*
 * Managing people: each function one transaction with its audit row. Whoever loses a right loses
 * his sessions with it. The portal and paywattctl both use these.
 */
#ifndef PW_FLOW_USER_H
#define PW_FLOW_USER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/rc.h"
#include "core/flow/login.h"
#include "core/rules/permission.h"
#include "core/store/audit.h"
#include "core/store/db.h"
#include "core/store/user.h"

#define USER_ONE_TIME_PASSWORD_BYTES 20 /* "abcd-efgh-ijkl-mnop" with NUL */

/* Why it was refused, beside the rc. Static text or "". */
struct user_refusal {
    const char *code;
    const char *field;
    const char *sentence;
};

struct user_creation {
    const char *name;         /* 2 .. 40 of a-z 0-9 . _ - */
    const char *display_name; /* 1 .. 80 characters */
    enum role role;
    const char *locale; /* "zh-CN" or "en" */
    const char *password;
    bool must_change_password;
    const uint8_t
        *totp_secret; /* NULL: enrols at first log-in; else a seed of totp_secret_len bytes */
    size_t totp_secret_len;
};

/* Hashes (100 ms and more), then writes. Outside a transaction. RC_CONFLICT: the name is taken;
 * RC_INVALID. */
enum rc user_create(struct db *db, struct arena *arena, const struct login_policy *policy,
                    const struct actor *actor, const struct user_creation *creation,
                    int64_t *ret_id, struct user_refusal *ret_refusal) MUST_CHECK;
/* Enables or disables. Nobody disables himself or the last active administrator (RC_REFUSED).
   Inside a transaction or outside. */
enum rc user_set_active(struct db *db, struct arena *arena, const struct actor *actor, int64_t id,
                        bool active, const char *reason, struct user *ret_user,
                        struct user_refusal *ret_refusal) MUST_CHECK;
/* Gives another role. The same guards. */
enum rc user_set_role(struct db *db, struct arena *arena, const struct actor *actor, int64_t id,
                      enum role role, const char *reason, struct user *ret_user,
                      struct user_refusal *ret_refusal) MUST_CHECK;
/* 80 random bits in groups of four, lower case: easy to read out, hard to guess. RC_IO. */
enum rc user_make_password(char ret_password[USER_ONE_TIME_PASSWORD_BYTES]) MUST_CHECK;
/* Makes a one-time password that must be changed at the next log-in, and unlocks. Outside a
 * transaction (hashes). */
enum rc user_reset_password(struct db *db, struct arena *arena, const struct login_policy *policy,
                            const struct actor *actor, int64_t id, const char *reason,
                            char ret_password[USER_ONE_TIME_PASSWORD_BYTES],
                            struct user *ret_user) MUST_CHECK;
/* Forgets the second factor and its recovery codes: it is enrolled at the next log-in. */
enum rc user_reset_totp(struct db *db, struct arena *arena, const struct actor *actor, int64_t id,
                        const char *reason, struct user *ret_user) MUST_CHECK;
/* The own language; no audit row. */
enum rc user_set_locale(struct db *db, struct arena *arena, int64_t id, const char *locale,
                        struct user *ret_user) MUST_CHECK;

#endif
