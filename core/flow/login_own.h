/*
 * What login.c and login_secret.c share. Internal to core/flow.
 */
#ifndef PW_FLOW_LOGIN_OWN_H
#define PW_FLOW_LOGIN_OWN_H

#include "core/flow/login.h"

/* Counts a failure of a locked row and stores it; locks the account when it was one too many. */
enum rc login_count_failure(struct db *db, const struct login_policy *policy, struct user *user,
                            const char *ip, const char *result, int64_t now_ms) MUST_CHECK;
bool login_is_locked(const struct user *user, int64_t now_ms);
struct actor login_actor(const struct user *user, const char *ip);
/* SHA-256 of a recovery code without its dashes and blanks, upper case. */
void login_hash_recovery(const char *code, uint8_t hash[32]);

#endif
