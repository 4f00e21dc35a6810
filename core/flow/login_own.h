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
/* What happens to a name (or phone) that nobody has: the same steps and times as for a known one,
   counted in Redis to the same lock. actor: who is recorded, its name "?". */
enum rc login_refuse_unknown(struct db *db, struct redis *redis, struct arena *arena,
                             const struct login_policy *policy, const struct actor *nobody,
                             const char *name, const char *password,
                             enum login_outcome *ret_outcome) MUST_CHECK;
/* SHA-256 of a recovery code without its dashes and blanks, upper case. */
void login_hash_recovery(const char *code, uint8_t hash[32]);

#endif
