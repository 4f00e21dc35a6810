#include "core/flow/user.h"

#include <assert.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/crypto.h"
#include "core/base/text.h"
#include "core/flow/step.h"
#include "core/rules/audit_action.h"

static enum rc refuse(enum rc rc, const char *code, const char *field, const char *sentence,
                      struct user_refusal *ret_refusal)
{
    *ret_refusal = (struct user_refusal){.code = code, .field = field, .sentence = sentence};
    return rc;
}

/* ---- create */

struct creating {
    struct arena *arena;
    const struct login_policy *policy;
    const struct actor *actor;
    const struct user_creation *creation;
    const char *hash;
    int64_t id;
};

static const char *describe(struct arena *arena, const struct user *user)
{
    return arena_printf(arena, "{\"role\":\"%s\",\"active\":%s}", role_code(user->role),
                        user->active ? "true" : "false");
}

static enum rc create(struct db *db, void *context)
{
    struct creating *creating = context;
    const struct user_creation *creation = creating->creation;
    struct user user = {.name = creation->name,
                        .display_name = creation->display_name,
                        .role = creation->role,
                        .locale = creation->locale,
                        .active = true,
                        .password_hash = creating->hash,
                        .must_change_password = creation->must_change_password,
                        .created_at_ms = clock_now_ms()};
    TRY(user_insert(db, &user, &creating->id));
    if (creation->totp_secret != NULL) {
        uint8_t sealed[USER_SECRET_SEALED_MAX];
        size_t sealed_len = 0;
        TRY(login_seal_secret(creating->policy->field_key, creating->id, creation->totp_secret,
                              creation->totp_secret_len, sealed, &sealed_len));
        TRY(user_lock(db, creating->arena, creating->id, &user));
        user.totp_sealed = sealed;
        user.totp_sealed_len = sealed_len;
        TRY(user_update(db, &user));
    }
    const char *after = describe(creating->arena, &user);
    if (after == NULL) {
        return RC_MEMORY;
    }
    return step_audit(db, creating->actor, AUDIT_ACTION_USER_CREATE, "user", creating->id,
                      creation->name, "", "", after);
}

static bool is_login_name(const char *name)
{
    size_t len = strlen(name);
    return len >= 2 && len <= 40 && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789._-") == len;
}

enum rc user_create(struct db *db, struct arena *arena, const struct login_policy *policy,
                    const struct actor *actor, const struct user_creation *creation,
                    int64_t *ret_id, struct user_refusal *ret_refusal)
{
    assert(!db_in_transaction(db) && creation != NULL && ret_refusal != NULL);
    if (!is_login_name(creation->name)) {
        return refuse(RC_INVALID, "invalid_field", "name",
                      "name must have 2 to 40 of the characters a-z 0-9 . _ -", ret_refusal);
    }
    const char *why = login_password_problem(policy, creation->name, creation->password);
    if (why != NULL) {
        return refuse(RC_INVALID, "invalid_field", "initial_password", why, ret_refusal);
    }
    char encoded[CRYPTO_PASSWORD_HASH_BYTES];
    TRY(crypto_password_hash(creation->password, strlen(creation->password), policy->memory_kib,
                             policy->passes, encoded));
    struct creating creating = {
        .arena = arena, .policy = policy, .actor = actor, .creation = creation, .hash = encoded};
    enum rc rc = db_transact(db, create, &creating);
    if (rc == RC_CONFLICT) {
        return refuse(rc, "conflict", "name", "there is a user of this name already", ret_refusal);
    }
    TRY(rc);
    *ret_id = creating.id;
    return RC_OK;
}

/* ---- change */

enum change_kind { CHANGE_ACTIVE, CHANGE_ROLE, CHANGE_PASSWORD, CHANGE_TOTP, CHANGE_LOCALE };

struct change {
    enum change_kind kind;
    struct arena *arena;
    const struct actor *actor;
    int64_t id;
    bool active;
    enum role role;
    const char *hash;
    const char *locale;
    const char *reason;
    struct user user;
    struct user_refusal *refusal;
};

static const enum audit_action actions[] = {[CHANGE_ACTIVE] = AUDIT_ACTION_USER_STATE,
                                            [CHANGE_ROLE] = AUDIT_ACTION_USER_ROLE,
                                            [CHANGE_PASSWORD] = AUDIT_ACTION_USER_RESET_PASSWORD,
                                            [CHANGE_TOTP] = AUDIT_ACTION_USER_RESET_TOTP};

/* Nobody saws off the branch all sit on. */
static enum rc check_administrators(struct db *db, const struct change *change)
{
    const struct user *user = &change->user;
    bool stays = (change->kind == CHANGE_ACTIVE ? change->active : user->active) &&
                 (change->kind == CHANGE_ROLE ? change->role : user->role) == ROLE_ADMINISTRATOR;
    bool was = user->active && user->role == ROLE_ADMINISTRATOR;
    if (change->actor->kind == ACTOR_USER && change->actor->id == user->id) {
        return refuse(RC_REFUSED, "conflict", "", "nobody changes his own role or state",
                      change->refusal);
    }
    if (!was || stays) {
        return RC_OK;
    }
    int64_t others = 0;
    TRY(user_count_administrators(db, change->arena, user->id, &others));
    return others > 0 ? RC_OK
                      : refuse(RC_REFUSED, "conflict", "", "this is the last active administrator",
                               change->refusal);
}

static enum rc apply(struct db *db, struct change *change)
{
    struct user *user = &change->user;
    switch (change->kind) {
    case CHANGE_ACTIVE:
        TRY(check_administrators(db, change));
        user->active = change->active;
        break;
    case CHANGE_ROLE:
        TRY(check_administrators(db, change));
        user->role = change->role;
        break;
    case CHANGE_PASSWORD:
        user->password_hash = change->hash;
        user->must_change_password = true;
        user->failed_count = 0;
        user->locked_until_at_ms = 0;
        break;
    case CHANGE_TOTP:
        user->totp_sealed = NULL;
        user->totp_sealed_len = 0;
        return user_set_recovery_codes(db, user->id, NULL, 0);
    case CHANGE_LOCALE:
        user->locale = change->locale;
        break;
    }
    return RC_OK;
}

static enum rc run_change(struct db *db, void *context)
{
    struct change *change = context;
    TRY(user_lock(db, change->arena, change->id, &change->user));
    const char *before = describe(change->arena, &change->user);
    TRY(apply(db, change));
    if (change->kind == CHANGE_LOCALE) {
        return user_update(db, &change->user);
    }
    change->user.epoch++;
    TRY(user_update(db, &change->user));
    const char *after = describe(change->arena, &change->user);
    if (before == NULL || after == NULL) {
        return RC_MEMORY;
    }
    return step_audit(db, change->actor, actions[change->kind], "user", change->id,
                      change->user.name, change->reason, before, after);
}

static enum rc finish(struct db *db, struct change *change, struct user *ret_user)
{
    TRY(step_run(db, run_change, change));
    *ret_user = change->user;
    return RC_OK;
}

enum rc user_set_active(struct db *db, struct arena *arena, const struct actor *actor, int64_t id,
                        bool active, const char *reason, struct user *ret_user,
                        struct user_refusal *ret_refusal)
{
    struct change change = {.kind = CHANGE_ACTIVE,
                            .arena = arena,
                            .actor = actor,
                            .id = id,
                            .active = active,
                            .reason = reason,
                            .refusal = ret_refusal};
    return finish(db, &change, ret_user);
}

enum rc user_set_role(struct db *db, struct arena *arena, const struct actor *actor, int64_t id,
                      enum role role, const char *reason, struct user *ret_user,
                      struct user_refusal *ret_refusal)
{
    struct change change = {.kind = CHANGE_ROLE,
                            .arena = arena,
                            .actor = actor,
                            .id = id,
                            .role = role,
                            .reason = reason,
                            .refusal = ret_refusal};
    return finish(db, &change, ret_user);
}

enum rc user_make_password(char password[USER_ONE_TIME_PASSWORD_BYTES])
{
    uint8_t random[10];
    char letters[20];
    TRY(crypto_random(random, sizeof(random)));
    (void)crypto_base32(random, sizeof(random), letters);
    char *out = password;
    for (int i = 0; i < 16; i++) {
        if (i > 0 && i % 4 == 0) {
            *out++ = '-';
        }
        char c = letters[i];
        *out++ = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
    }
    *out = '\0';
    crypto_wipe(random, sizeof(random));
    return RC_OK;
}

enum rc user_reset_password(struct db *db, struct arena *arena, const struct login_policy *policy,
                            const struct actor *actor, int64_t id, const char *reason,
                            char ret_password[USER_ONE_TIME_PASSWORD_BYTES], struct user *ret_user)
{
    assert(!db_in_transaction(db));
    char password[USER_ONE_TIME_PASSWORD_BYTES];
    char encoded[CRYPTO_PASSWORD_HASH_BYTES];
    TRY(user_make_password(password));
    TRY(crypto_password_hash(password, strlen(password), policy->memory_kib, policy->passes,
                             encoded));
    struct change change = {.kind = CHANGE_PASSWORD,
                            .arena = arena,
                            .actor = actor,
                            .id = id,
                            .hash = encoded,
                            .reason = reason};
    TRY(finish(db, &change, ret_user));
    ret_user->password_hash = "";
    memcpy(ret_password, password, sizeof(password));
    crypto_wipe(password, sizeof(password));
    return RC_OK;
}

enum rc user_reset_totp(struct db *db, struct arena *arena, const struct actor *actor, int64_t id,
                        const char *reason, struct user *ret_user)
{
    struct change change = {
        .kind = CHANGE_TOTP, .arena = arena, .actor = actor, .id = id, .reason = reason};
    return finish(db, &change, ret_user);
}

enum rc user_set_locale(struct db *db, struct arena *arena, int64_t id, const char *locale,
                        struct user *ret_user)
{
    struct change change = {.kind = CHANGE_LOCALE, .arena = arena, .id = id, .locale = locale};
    return finish(db, &change, ret_user);
}
