#include "core/flow/login.h"

#include <assert.h>
#include <ctype.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/crypto.h"
#include "core/base/text.h"
#include "core/flow/login_own.h"
#include "core/flow/step.h"
#include "core/rules/audit_action.h"

#define TOTP_DIGITS 6
#define SECRET_BYTES_MAX 56 /* USER_SECRET_SEALED_MAX less what sealing adds */

_Static_assert(SECRET_BYTES_MAX + CRYPTO_SEAL_EXTRA_BYTES <= USER_SECRET_SEALED_MAX, "room");

struct login_policy login_policy_of(const struct config *config, const uint8_t *field_key)
{
    return (struct login_policy){
        .failures = config_int(config, CONFIG_security_login_failures),
        .window_s = config_int(config, CONFIG_security_login_window_s),
        .memory_kib = config_int(config, CONFIG_security_argon2_memory_kib),
        .passes = config_int(config, CONFIG_security_argon2_passes),
        .password_min = config_int(config, CONFIG_security_password_min_characters),
        .field_key = field_key,
    };
}

enum session_stage login_stage(const struct user *user)
{
    if (user->must_change_password) {
        return SESSION_STAGE_CHANGE_PASSWORD;
    }
    return user->totp_sealed == NULL ? SESSION_STAGE_ENROL_TOTP : SESSION_STAGE_FULL;
}

/* ---- the second factor */

static size_t associated(int64_t user_id, char out[48])
{
    static const char place[] = "user.totp_secret:";
    memcpy(out, place, sizeof(place) - 1);
    size_t len = sizeof(place) - 1;
    for (int shift = 56; shift >= 0; shift -= 8) {
        out[len++] = (char)(unsigned char)((uint64_t)user_id >> shift & 0xFF);
    }
    return len;
}

enum rc login_seal_secret(const uint8_t field_key[32], int64_t user_id, const uint8_t *secret,
                          size_t len, uint8_t *ret_sealed, size_t *ret_sealed_len)
{
    assert(field_key != NULL && len > 0 && len <= SECRET_BYTES_MAX);
    char place[48];
    size_t place_len = associated(user_id, place);
    TRY(crypto_seal(field_key, place, place_len, secret, len, ret_sealed));
    *ret_sealed_len = len + CRYPTO_SEAL_EXTRA_BYTES;
    return RC_OK;
}

enum rc login_open_secret(const uint8_t field_key[32], int64_t user_id, const uint8_t *sealed,
                          size_t sealed_len, uint8_t *ret_secret, size_t size, size_t *ret_len)
{
    assert(field_key != NULL && sealed != NULL);
    if (sealed_len <= CRYPTO_SEAL_EXTRA_BYTES || sealed_len - CRYPTO_SEAL_EXTRA_BYTES > size) {
        return RC_INTERNAL;
    }
    char place[48];
    size_t place_len = associated(user_id, place);
    /* A seed that does not open is our fault (another key), never the caller's. */
    if (crypto_open(field_key, place, place_len, sealed, sealed_len, ret_secret) != RC_OK) {
        return RC_INTERNAL;
    }
    *ret_len = sealed_len - CRYPTO_SEAL_EXTRA_BYTES;
    return RC_OK;
}

static bool is_totp(const char *code)
{
    return strlen(code) == TOTP_DIGITS && strspn(code, "0123456789") == TOTP_DIGITS;
}

/* Checks a TOTP code and moves the user's last step on (the caller stores the user). */
static enum rc use_totp(struct user *user, const uint8_t *field_key, const char *code,
                        int64_t now_ms)
{
    uint8_t secret[SECRET_BYTES_MAX];
    size_t len = 0;
    TRY(login_open_secret(field_key, user->id, user->totp_sealed, user->totp_sealed_len, secret,
                          sizeof(secret), &len));
    int64_t step = 0;
    enum rc rc = crypto_totp_verify(secret, len, code, now_ms, user->totp_last_step, &step);
    crypto_wipe(secret, sizeof(secret));
    TRY(rc);
    user->totp_last_step = step;
    return RC_OK;
}

void login_hash_recovery(const char *code, uint8_t hash[32])
{
    char plain[LOGIN_CODE_MAX + 1];
    size_t len = 0;
    for (const char *at = code; *at != '\0' && len < LOGIN_CODE_MAX; at++) {
        if (*at != '-' && *at != ' ') {
            plain[len++] = (char)toupper((unsigned char)*at);
        }
    }
    crypto_sha256(plain, len, hash);
    crypto_wipe(plain, sizeof(plain));
}

/* RC_OK, RC_UNAUTHENTICATED. */
static enum rc use_code(struct db *db, struct user *user, const uint8_t *field_key,
                        const char *code, int64_t now_ms)
{
    if (is_totp(code)) {
        return use_totp(user, field_key, code, now_ms);
    }
    uint8_t hash[32];
    login_hash_recovery(code, hash);
    enum rc rc = user_use_recovery_code(db, user->id, hash, now_ms);
    return rc == RC_NOT_FOUND ? RC_UNAUTHENTICATED : rc;
}

enum rc login_prove(struct db *db, struct arena *arena, const uint8_t field_key[32],
                    int64_t user_id, const char *code)
{
    assert(db_in_transaction(db) && code != NULL);
    struct user user;
    TRY(user_lock(db, arena, user_id, &user));
    if (user.totp_sealed == NULL || !is_totp(code)) {
        return RC_UNAUTHENTICATED;
    }
    TRY(use_totp(&user, field_key, code, clock_now_ms()));
    return user_update(db, &user);
}

/* ---- failures */

struct actor login_actor(const struct user *user, const char *ip)
{
    return (struct actor){.kind = ACTOR_USER,
                          .id = user->id,
                          .name = user->name,
                          .role = role_code(user->role),
                          .ip = ip};
}

static enum rc note(struct db *db, const struct actor *actor, enum audit_action action,
                    const char *result)
{
    struct audit_entry entry = {.actor = actor,
                                .action = audit_action_code(action),
                                .object_kind = actor->kind == ACTOR_TENANT ? "tenant_user" : "user",
                                .object_id = actor->id,
                                .object_label = actor->name,
                                .result = result};
    return audit_write(db, &entry);
}

bool login_is_locked(const struct user *user, int64_t now_ms)
{
    return user->locked_until_at_ms > now_ms;
}

enum rc login_count_failure(struct db *db, const struct login_policy *policy, struct user *user,
                            const char *ip, const char *result, int64_t now_ms)
{
    int64_t window_ms = policy->window_s * 1000;
    struct actor actor = login_actor(user, ip);
    if (user->failed_count == 0 || now_ms - user->failed_since_at_ms >= window_ms) {
        user->failed_count = 0;
        user->failed_since_at_ms = now_ms;
    }
    user->failed_count++;
    TRY(note(db, &actor, AUDIT_ACTION_SESSION_FAIL, result));
    if (user->failed_count >= policy->failures) {
        user->locked_until_at_ms = now_ms + window_ms;
        user->failed_count = 0;
        TRY(note(db, &actor, AUDIT_ACTION_SESSION_LOCK, "ok"));
    }
    return user_update(db, user);
}

/* ---- log-in */

struct attempt {
    struct arena *arena;
    const struct login_policy *policy;
    const struct login_request *request;
    bool password_right;
    const char *password_hash; /* what was verified */
    const char *fresh_hash;    /* when the costs have changed, else NULL */
    struct user user;
    enum login_outcome outcome;
};

static enum rc fail(struct db *db, struct attempt *attempt, enum login_outcome outcome,
                    const char *result, int64_t now_ms)
{
    attempt->outcome = outcome;
    return login_count_failure(db, attempt->policy, &attempt->user, attempt->request->ip, result,
                               now_ms);
}

/* Under the row lock: what was verified outside may have been overtaken by a lock or a new
 * password. */
static enum rc settle(struct db *db, void *context)
{
    struct attempt *attempt = context;
    struct user *user = &attempt->user;
    int64_t now_ms = clock_now_ms();
    const char *code = attempt->request->code;
    TRY(user_lock(db, attempt->arena, user->id, user));
    if (login_is_locked(user, now_ms)) {
        attempt->outcome = LOGIN_LOCKED;
        return RC_OK;
    }
    if (!attempt->password_right || !user->active ||
        strcmp(user->password_hash, attempt->password_hash) != 0) {
        return fail(db, attempt, LOGIN_WRONG, user->active ? "wrong_password" : "disabled", now_ms);
    }
    if (user->totp_sealed != NULL) {
        if (code[0] == '\0') {
            attempt->outcome = LOGIN_TOTP_REQUIRED;
            return RC_OK;
        }
        enum rc rc = use_code(db, user, attempt->policy->field_key, code, now_ms);
        if (rc == RC_UNAUTHENTICATED) {
            return fail(db, attempt, LOGIN_TOTP_WRONG, "wrong_code", now_ms);
        }
        TRY(rc);
    }
    user->failed_count = 0;
    user->failed_since_at_ms = 0;
    user->locked_until_at_ms = 0;
    user->last_login_at_ms = now_ms;
    if (attempt->fresh_hash != NULL) {
        user->password_hash = attempt->fresh_hash;
    }
    attempt->outcome = LOGIN_OPEN;
    struct actor actor = login_actor(user, attempt->request->ip);
    TRY(note(db, &actor, AUDIT_ACTION_SESSION_OPEN, "ok"));
    return user_update(db, user);
}

/* ---- names that nobody has */

static const char *unknown_key(struct arena *arena, const char *name)
{
    uint8_t hash[CRYPTO_HASH_BYTES];
    char hex[CRYPTO_HASH_HEX_BYTES];
    crypto_sha256(name, strlen(name), hash);
    return arena_printf(arena, "login:%s", crypto_hex(hash, sizeof(hash), hex));
}

/* A hash of the present costs that no password fits; made once a process. */
static const char *dummy_hash(const struct login_policy *policy)
{
    static char encoded[CRYPTO_PASSWORD_HASH_BYTES];
    if (encoded[0] == '\0') {
        char random[32];
        if (crypto_random(random, sizeof(random)) != RC_OK ||
            crypto_password_hash(random, sizeof(random), policy->memory_kib, policy->passes,
                                 encoded) != RC_OK) {
            encoded[0] = '\0';
        }
    }
    return encoded;
}

static enum rc note_unknown(struct db *db, void *context)
{
    const struct actor *actor = context;
    return note(db, actor, AUDIT_ACTION_SESSION_FAIL, "unknown_name");
}

/* The same steps as for a known name: locked at once without a hash, else the hash and a count. */
enum rc login_refuse_unknown(struct db *db, struct redis *redis, struct arena *arena,
                             const struct login_policy *policy, const struct actor *nobody,
                             const char *name, const char *password,
                             enum login_outcome *ret_outcome)
{
    struct session_rate rate = {.key = unknown_key(arena, name), .window_s = policy->window_s};
    if (rate.key == NULL) {
        return RC_MEMORY;
    }
    enum rc rc = session_rate_raise(redis, arena, &rate);
    if (rc == RC_OK && rate.count > policy->failures) {
        *ret_outcome = LOGIN_LOCKED;
        return RC_OK;
    }
    const char *dummy = dummy_hash(policy);
    if (dummy[0] == '\0') {
        return RC_MEMORY;
    }
    (void)!crypto_password_verify(dummy, password, strlen(password));
    /* The name as typed is not recorded: people type passwords into the wrong field. */
    struct actor copy = *nobody;
    TRY(db_transact(db, note_unknown, &copy));
    *ret_outcome = LOGIN_WRONG;
    return RC_OK;
}

static enum rc verify_outside(struct attempt *attempt)
{
    const struct login_policy *policy = attempt->policy;
    const char *password = attempt->request->password;
    size_t len = strlen(password);
    enum rc rc = crypto_password_verify(attempt->user.password_hash, password, len);
    attempt->password_right = rc == RC_OK;
    if (rc != RC_OK) {
        return rc == RC_UNAUTHENTICATED ? RC_OK : rc;
    }
    if (crypto_password_outdated(attempt->user.password_hash, policy->memory_kib, policy->passes)) {
        char encoded[CRYPTO_PASSWORD_HASH_BYTES];
        TRY(crypto_password_hash(password, len, policy->memory_kib, policy->passes, encoded));
        attempt->fresh_hash = arena_copy_string(attempt->arena, encoded);
    }
    return RC_OK;
}

enum rc login_check(struct db *db, struct redis *redis, struct arena *arena,
                    const struct login_policy *policy, const struct login_request *request,
                    enum login_outcome *ret_outcome, struct user *ret_user)
{
    assert(db != NULL && redis != NULL && arena != NULL && policy != NULL && request != NULL);
    assert(!db_in_transaction(db));
    struct attempt attempt = {.arena = arena, .policy = policy, .request = request};
    enum rc rc = user_find_name(db, arena, request->name, &attempt.user);
    if (rc == RC_NOT_FOUND) {
        struct actor nobody = {.kind = ACTOR_USER, .name = "?", .role = "", .ip = request->ip};
        return login_refuse_unknown(db, redis, arena, policy, &nobody, request->name,
                                    request->password, ret_outcome);
    }
    TRY(rc);
    if (login_is_locked(&attempt.user, clock_now_ms())) {
        *ret_outcome = LOGIN_LOCKED;
        return RC_OK;
    }
    attempt.password_hash = attempt.user.password_hash;
    TRY(verify_outside(&attempt));
    TRY(db_transact(db, settle, &attempt));
    *ret_outcome = attempt.outcome;
    if (attempt.outcome == LOGIN_OPEN) {
        *ret_user = attempt.user;
    }
    return RC_OK;
}

static enum rc note_end(struct db *db, void *context)
{
    return note(db, context, AUDIT_ACTION_SESSION_CLOSE, "ok");
}

enum rc login_note_end(struct db *db, const struct actor *actor)
{
    struct actor copy = *actor;
    return db_transact(db, note_end, &copy);
}
