/* Changing what a person proves himself with: the second factor, the password. */
#include <assert.h>
#include <string.h>
#include <strings.h>

#include "core/base/clock.h"
#include "core/base/crypto.h"
#include "core/base/text.h"
#include "core/flow/login.h"
#include "core/flow/login_own.h"
#include "core/flow/step.h"
#include "core/rules/audit_action.h"

#define RECOVERY_BYTES 10 /* 80 bits, 16 letters of base32 */

/* ---- enrolment */

struct enrolment {
    struct arena *arena;
    const struct login_policy *policy;
    const struct actor *actor;
    const uint8_t *secret;
    size_t secret_len;
    const char *code;
    uint8_t hashes[USER_RECOVERY_CODES][32];
    struct user user;
};

static enum rc make_codes(char (*codes)[LOGIN_RECOVERY_TEXT_BYTES], uint8_t (*hashes)[32])
{
    for (int i = 0; i < USER_RECOVERY_CODES; i++) {
        uint8_t random[RECOVERY_BYTES];
        char letters[RECOVERY_BYTES * 8 / 5 + 2];
        TRY(crypto_random(random, sizeof(random)));
        (void)crypto_base32(random, sizeof(random), letters);
        char *out = codes[i];
        for (int j = 0; j < 16; j++) {
            if (j > 0 && j % 4 == 0) {
                *out++ = '-';
            }
            *out++ = letters[j];
        }
        *out = '\0';
        login_hash_recovery(codes[i], hashes[i]);
    }
    return RC_OK;
}

static enum rc enrol(struct db *db, void *context)
{
    struct enrolment *enrolment = context;
    struct user *user = &enrolment->user;
    int64_t step = 0;
    TRY(user_lock(db, enrolment->arena, enrolment->actor->id, user));
    if (user->totp_sealed != NULL) {
        return RC_CONFLICT; /* already enrolled; an administrator resets it */
    }
    TRY(crypto_totp_verify(enrolment->secret, enrolment->secret_len, enrolment->code,
                           clock_now_ms(), user->totp_last_step, &step));
    uint8_t *sealed = arena_take(enrolment->arena, USER_SECRET_SEALED_MAX);
    if (sealed == NULL) {
        return RC_MEMORY;
    }
    TRY(login_seal_secret(enrolment->policy->field_key, user->id, enrolment->secret,
                          enrolment->secret_len, sealed, &user->totp_sealed_len));
    user->totp_sealed = sealed;
    user->totp_last_step = step;
    user->epoch++;
    TRY(user_update(db, user));
    TRY(user_set_recovery_codes(db, user->id, (const uint8_t(*)[32])enrolment->hashes,
                                USER_RECOVERY_CODES));
    return step_audit(db, enrolment->actor, AUDIT_ACTION_USER_TOTP, "user", user->id, user->name,
                      "", "", "");
}

enum rc login_enrol(struct db *db, struct arena *arena, const struct login_policy *policy,
                    const struct actor *actor, const uint8_t *secret, size_t secret_len,
                    const char *code, char (*ret_codes)[LOGIN_RECOVERY_TEXT_BYTES],
                    struct user *ret_user)
{
    assert(!db_in_transaction(db) && actor->kind == ACTOR_USER);
    struct enrolment enrolment = {.arena = arena,
                                  .policy = policy,
                                  .actor = actor,
                                  .secret = secret,
                                  .secret_len = secret_len,
                                  .code = code};
    char codes[USER_RECOVERY_CODES][LOGIN_RECOVERY_TEXT_BYTES];
    TRY(make_codes(codes, enrolment.hashes));
    TRY(db_transact(db, enrol, &enrolment));
    memcpy(ret_codes, codes, sizeof(codes));
    crypto_wipe(codes, sizeof(codes));
    *ret_user = enrolment.user;
    return RC_OK;
}

/* ---- passwords */

static bool is_one_character(const char *password)
{
    return strspn(password, (const char[]){password[0], '\0'}) == strlen(password);
}

/* Up, down or equal steps of one all the way: 1234567890, abcdefghij. */
static bool is_sequence(const char *password)
{
    size_t len = strlen(password);
    for (int step = -1; step <= 1; step++) {
        size_t i = 1;
        while (i < len && (password[i] - password[i - 1] == step ||
                           (password[i - 1] == '9' && password[i] == '0' && step == 1))) {
            i++;
        }
        if (i >= len) {
            return true;
        }
    }
    return false;
}

static bool is_common(const char *password)
{
    static const char *const common[] = {
        "password",    "password1",  "password12", "password123", "passw0rd",   "p@ssw0rd",
        "qwertyuiop",  "qwerty123",  "1q2w3e4r",   "1q2w3e4r5t",  "1qaz2wsx",   "1qaz2wsx3edc",
        "admin123",    "admin1234",  "admin12345", "admin123456", "12345678a",  "a12345678",
        "a123456789",  "aa123456",   "aa12345678", "abc123456",   "abcd1234",   "woaini1314",
        "5201314520",  "iloveyou",   "asdfghjkl",  "zxcvbnm123",  "1314520520", "qq123456789",
        "paywatt",     "paywatt123", "acrel3200",  "letmein123",  "welcome123", "changeme123",
        "13145201314", "1234qwer",   "qazwsxedc",  "asd123456",   "123123123",  "1231231234",
    };
    for (size_t i = 0; i < ARRAY_LEN(common); i++) {
        if (strcasecmp(common[i], password) == 0) {
            return true;
        }
    }
    return false;
}

const char *login_password_problem(const struct login_policy *policy, const char *name,
                                   const char *password)
{
    size_t len = strlen(password);
    if (!text_is_utf8(password, len) || len > CRYPTO_PASSWORD_MAX) {
        return "the password is longer than 128 bytes";
    }
    if ((int64_t)text_characters(password, len) < policy->password_min) {
        return "the password is too short";
    }
    if (is_one_character(password) || is_sequence(password) || is_common(password)) {
        return "the password is one of those that everybody tries first";
    }
    if (name[0] != '\0' && strcasecmp(name, password) == 0) {
        return "the password must not be the log-in name";
    }
    return NULL;
}

struct password_change {
    struct arena *arena;
    const struct login_policy *policy;
    const struct actor *actor;
    const char *verified_hash;
    const char *fresh_hash; /* NULL: the old password was wrong */
    bool locked;
    struct user user;
};

static enum rc change_password(struct db *db, void *context)
{
    struct password_change *change = context;
    struct user *user = &change->user;
    int64_t now_ms = clock_now_ms();
    TRY(user_lock(db, change->arena, change->actor->id, user));
    change->locked = login_is_locked(user, now_ms);
    if (change->locked) {
        return RC_OK;
    }
    if (change->fresh_hash == NULL || strcmp(user->password_hash, change->verified_hash) != 0) {
        change->fresh_hash = NULL;
        return login_count_failure(db, change->policy, user, change->actor->ip, "wrong_password",
                                   now_ms);
    }
    user->password_hash = change->fresh_hash;
    user->must_change_password = false;
    user->failed_count = 0;
    user->epoch++;
    TRY(user_update(db, user));
    return step_audit(db, change->actor, AUDIT_ACTION_USER_PASSWORD, "user", user->id, user->name,
                      "", "", "");
}

enum rc login_change_password(struct db *db, struct arena *arena, const struct login_policy *policy,
                              const struct actor *actor, const char *old_password,
                              const char *new_password, const char **ret_why, struct user *ret_user)
{
    assert(!db_in_transaction(db) && actor->kind == ACTOR_USER);
    struct password_change change = {.arena = arena, .policy = policy, .actor = actor};
    const char *why = login_password_problem(policy, actor->name, new_password);
    if (why == NULL && strcmp(old_password, new_password) == 0) {
        why = "the new password is the old one";
    }
    if (why != NULL) {
        *ret_why = why;
        return RC_INVALID;
    }
    struct user user;
    TRY(user_find(db, arena, actor->id, &user));
    if (login_is_locked(&user, clock_now_ms())) {
        return RC_LOCKED;
    }
    change.verified_hash = user.password_hash;
    enum rc rc = crypto_password_verify(user.password_hash, old_password, strlen(old_password));
    if (rc == RC_OK) {
        char encoded[CRYPTO_PASSWORD_HASH_BYTES];
        TRY(crypto_password_hash(new_password, strlen(new_password), policy->memory_kib,
                                 policy->passes, encoded));
        change.fresh_hash = arena_copy_string(arena, encoded);
    } else if (rc != RC_UNAUTHENTICATED) {
        return rc;
    }
    TRY(db_transact(db, change_password, &change));
    if (change.locked) {
        return RC_LOCKED;
    }
    if (change.fresh_hash == NULL) {
        return RC_UNAUTHENTICATED;
    }
    *ret_user = change.user;
    return RC_OK;
}
