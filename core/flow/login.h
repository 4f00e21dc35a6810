/*
 * Logging in, and the second factor. Passwords are argon2id, the second factor is TOTP (RFC 6238,
 * 30 s, one step of tolerance, each step once), recovery codes work once. Every outcome has its
 * audit row.
 *
 * An unknown name costs the same time and gets the same answers as a known one: a dummy hash is
 * verified, and failures of unknown names are counted (in Redis) to the same lock. Callers let only
 * a few run at once (a hash takes 64 MiB) and limit the rate before.
 */
#ifndef PW_FLOW_LOGIN_H
#define PW_FLOW_LOGIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/config.h"
#include "core/base/rc.h"
#include "core/store/audit.h"
#include "core/store/db.h"
#include "core/store/redis.h"
#include "core/store/session.h"
#include "core/store/user.h"

#define LOGIN_CODE_MAX 32            /* characters of a TOTP or recovery code as typed */
#define LOGIN_RECOVERY_TEXT_BYTES 20 /* "ABCD-EFGH-IJKL-MNOP" with NUL */

/* What the rules need from the settings. */
struct login_policy {
    int64_t failures;
    int64_t window_s;
    int64_t memory_kib;
    int64_t passes;
    int64_t password_min; /* characters */
    const uint8_t *field_key;
};

/* field_key: 32 bytes, borrowed. */
struct login_policy login_policy_of(const struct config *config, const uint8_t *field_key);

enum login_outcome {
    LOGIN_OPEN,          /* in: make a session */
    LOGIN_WRONG,         /* name or password; nobody learns which */
    LOGIN_LOCKED,        /* too many failures within the window */
    LOGIN_TOTP_REQUIRED, /* the password was right, the code is missing */
    LOGIN_TOTP_WRONG
};

struct login_request {
    const char *name;
    const char *password;
    const char *code; /* TOTP or recovery code; "" if none was sent */
    const char *ip;
};

/* Checks everything and counts. Outside a transaction. *ret_user (texts in the arena) is set only
 * with LOGIN_OPEN. */
enum rc login_check(struct db *db, struct redis *redis, struct arena *arena,
                    const struct login_policy *policy, const struct login_request *request,
                    enum login_outcome *ret_outcome, struct user *ret_user) MUST_CHECK;

/* Which steps a user must still take before anything else. */
enum session_stage login_stage(const struct user *user);

/* Step-up: proves the user once more by a TOTP code inside the act's transaction (the step is used
   up with it). RC_UNAUTHENTICATED if it is wrong or the user has none. */
enum rc login_prove(struct db *db, struct arena *arena, const uint8_t field_key[32],
                    int64_t user_id, const char *code) MUST_CHECK;

/* Seals and opens a TOTP seed for its row. sealed: USER_SECRET_SEALED_MAX bytes. */
enum rc login_seal_secret(const uint8_t field_key[32], int64_t user_id, const uint8_t *secret,
                          size_t len, uint8_t *ret_sealed, size_t *ret_sealed_len) MUST_CHECK;
enum rc login_open_secret(const uint8_t field_key[32], int64_t user_id, const uint8_t *sealed,
                          size_t sealed_len, uint8_t *ret_secret, size_t size,
                          size_t *ret_len) MUST_CHECK;

/* Enrols the second factor: the code must be of the offered secret. Writes seed and ten fresh
   recovery codes, ends the user's other sessions. Own transaction. RC_UNAUTHENTICATED: wrong code.
   *ret_user is as stored then. */
enum rc login_enrol(struct db *db, struct arena *arena, const struct login_policy *policy,
                    const struct actor *actor, const uint8_t *secret, size_t secret_len,
                    const char *code, char (*ret_codes)[LOGIN_RECOVERY_TEXT_BYTES],
                    struct user *ret_user) MUST_CHECK;

/* What is wrong with a new password: a sentence, or NULL. */
const char *login_password_problem(const struct login_policy *policy, const char *name,
                                   const char *password);
/* Changes the own password; ends the user's other sessions. RC_UNAUTHENTICATED: the old one is
   wrong (counted like a failed log-in, RC_LOCKED when that locks); RC_INVALID: *ret_why says what
   is wrong with the new one. */
enum rc login_change_password(struct db *db, struct arena *arena, const struct login_policy *policy,
                              const struct actor *actor, const char *old_password,
                              const char *new_password, const char **ret_why,
                              struct user *ret_user) MUST_CHECK;

/* The record of a log-out; own transaction. */
enum rc login_note_end(struct db *db, const struct actor *actor) MUST_CHECK;

#endif
