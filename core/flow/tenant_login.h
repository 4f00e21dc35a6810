/*
 * Logging in on the phone site: by phone and password, or by phone and a code that was sent to it.
 * Nobody learns whether a phone is known: every answer and every lock is the same.
 *
 *   ask for a code -> (known phone, or a counter code that can be used) row + sealed SMS -> typed
 *   within five minutes, five tries -> in
 */
#ifndef PW_FLOW_TENANT_LOGIN_H
#define PW_FLOW_TENANT_LOGIN_H

#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/rc.h"
#include "core/flow/login.h"
#include "core/flow/tenant_code.h"
#include "core/store/db.h"
#include "core/store/redis.h"
#include "core/store/tenant_user.h"

#define TENANT_CODE_LIFE_MS (5 * INT64_C(60000))
#define TENANT_CODE_PAUSE_MS INT64_C(60000)
#define TENANT_CODE_A_DAY 10
#define TENANT_CODE_TRIES 5

/* Sends a code where the phone is known (or counter_code, "" if none, can be used), within the
   limits of one a minute and ten a day. RC_OK whatever happened; RC_INVALID: not a phone. Own
   transaction. */
enum rc tenant_code_ask(struct db *db, struct arena *arena, const struct login_policy *policy,
                        const char *phone, const char *counter_code, const char *locale) MUST_CHECK;

struct tenant_login_request {
    const char *phone;
    const char *password; /* "" when a code is given */
    const char *code;     /* "" when a password is given */
    const char *ip;
};

/* RC_OK with LOGIN_OPEN, LOGIN_WRONG or LOGIN_LOCKED. RC_INVALID: not a phone. Outside a
   transaction. */
enum rc tenant_login_check(struct db *db, struct redis *redis, struct arena *arena,
                           const struct login_policy *policy,
                           const struct tenant_login_request *request,
                           enum login_outcome *ret_outcome,
                           struct tenant_user *ret_user) MUST_CHECK;

/* A new password of one's own, proved by the old one or by a code just sent; neither is needed
   where there is none yet. "" for what was not given. */
struct tenant_password {
    const char *old;
    const char *code;
    const char *fresh;
};

/* Ends the other sessions. RC_INVALID with *ret_why; RC_UNAUTHENTICATED (counted like a failed
   log-in); RC_LOCKED. Own transaction. */
enum rc tenant_password_set(struct db *db, struct arena *arena, const struct login_policy *policy,
                            const struct actor *actor, const struct tenant_password *password,
                            const char **ret_why, struct tenant_user *ret_user) MUST_CHECK;
/* "zh-CN" or "en". Own transaction. */
enum rc tenant_locale_set(struct db *db, struct arena *arena, const struct actor *actor,
                          const char *locale) MUST_CHECK;
/* The counter's: a first password for the phone of a live contact, to be changed at once; the
   person's sessions end. Own transaction. ret_password: USER_ONE_TIME_PASSWORD_BYTES.
   RC_NOT_FOUND: no such contact. */
enum rc tenant_password_give(struct db *db, struct arena *arena, const struct login_policy *policy,
                             const struct actor *actor, int64_t account_id, int64_t contact_id,
                             char *ret_password) MUST_CHECK;
/* The operator's on the machine: a password that stays, for a phone that staff put on an account.
   The person's sessions end. Own transaction. RC_INVALID: not a phone, or a password that is none;
   RC_NOT_FOUND: nobody put the phone on an account. */
enum rc tenant_password_preset(struct db *db, struct arena *arena,
                               const struct login_policy *policy, const struct actor *actor,
                               const char *phone, const char *password) MUST_CHECK;

#endif
