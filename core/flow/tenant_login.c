#include "core/flow/tenant_login.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/crypto.h"
#include "core/base/text.h"
#include "core/flow/login_own.h"
#include "core/flow/phone.h"
#include "core/flow/step.h"
#include "core/flow/tenant_code.h"
#include "core/flow/user.h"
#include "core/store/message.h"
#include "core/store/tenant_code.h"

#define DAY_MS (INT64_C(24) * 3600 * 1000)

/* ---- asking for a code */

struct asking {
    struct arena *arena;
    const struct login_policy *policy;
    const struct contact *phone;
    const char *counter_code;
    const char *locale;
};

static enum rc may_send(struct db *db, const struct asking *asking, int64_t now_ms, bool *ret_may)
{
    struct tenant_code_sent sent;
    TRY(tenant_code_sent(db, asking->arena, asking->phone->phone_hash, now_ms - DAY_MS, &sent));
    *ret_may = false;
    if (sent.in_day >= TENANT_CODE_A_DAY ||
        (sent.in_day > 0 && now_ms - sent.last_at_ms < TENANT_CODE_PAUSE_MS)) {
        return RC_OK;
    }
    TRY(tenant_phone_is_known(db, asking->arena, asking->phone->phone_hash, ret_may));
    if (*ret_may || asking->counter_code[0] == '\0') {
        return RC_OK;
    }
    uint8_t hash[TENANT_CODE_HASH_BYTES];
    int64_t account_id = 0;
    if (tenant_counter_code_hash(asking->policy->field_key, asking->counter_code, hash) != RC_OK) {
        return RC_OK;
    }
    enum rc rc = binding_code_find(db, asking->arena, hash, now_ms, &account_id);
    *ret_may = rc == RC_OK;
    return rc == RC_NOT_FOUND ? RC_OK : rc;
}

static enum rc send_code(struct db *db, void *context)
{
    const struct asking *asking = context;
    int64_t now_ms = clock_now_ms();
    bool may = false;
    TRY(may_send(db, asking, now_ms, &may));
    if (!may) {
        return RC_OK;
    }
    char code[TENANT_CODE_DIGITS + 1];
    uint8_t hash[TENANT_CODE_HASH_BYTES];
    uint8_t sealed[MESSAGE_SEALED_MAX];
    TRY(tenant_code_make(code));
    tenant_code_hash(asking->policy->field_key, asking->phone->phone_hash, code, hash);
    TRY(crypto_seal(asking->policy->field_key, asking->phone->phone_hash,
                    sizeof asking->phone->phone_hash, code, TENANT_CODE_DIGITS, sealed));
    crypto_wipe(code, sizeof code);
    TRY(tenant_code_insert(db, asking->phone->phone_hash, hash, now_ms,
                           now_ms + TENANT_CODE_LIFE_MS));
    struct message message = {.kind = "login_code",
                              .phone = asking->phone,
                              .locale = asking->locale,
                              .sealed = sealed,
                              .sealed_len = TENANT_CODE_DIGITS + CRYPTO_SEAL_EXTRA_BYTES,
                              .expires_at_ms = now_ms + TENANT_CODE_LIFE_MS};
    int64_t message_id = 0;
    return message_insert_sms(db, &message, now_ms, &message_id);
}

enum rc tenant_code_ask(struct db *db, struct arena *arena, const struct login_policy *policy,
                        const char *phone, const char *counter_code, const char *locale)
{
    assert(policy->field_key != NULL && !db_in_transaction(db));
    char normal[PHONE_BYTES];
    struct contact sealed = {0};
    TRY(phone_normalise(phone, normal));
    TRY(phone_seal(policy->field_key, normal, &sealed));
    crypto_wipe(normal, sizeof normal);
    struct asking asking = {.arena = arena,
                            .policy = policy,
                            .phone = &sealed,
                            .counter_code = counter_code,
                            .locale = locale};
    return db_transact(db, send_code, &asking);
}

/* ---- failures */

static struct actor actor_of(struct arena *arena, const struct tenant_user *user, const char *ip)
{
    char masked[PHONE_BYTES];
    phone_mask(user->phone.phone_tail, masked);
    const char *name = arena_copy_string(arena, masked);
    return (struct actor){.kind = ACTOR_TENANT,
                          .id = user->id,
                          .name = name == NULL ? "" : name,
                          .role = "tenant",
                          .ip = ip};
}

static enum rc note(struct db *db, const struct actor *actor, enum audit_action action,
                    const char *result)
{
    struct audit_entry entry = {.actor = actor,
                                .action = audit_action_code(action),
                                .object_kind = "tenant_user",
                                .object_id = actor->id,
                                .object_label = actor->name,
                                .result = result};
    return audit_write(db, &entry);
}

static enum rc count_failure(struct db *db, const struct login_policy *policy,
                             const struct actor *actor, struct tenant_user *user,
                             const char *result, int64_t now_ms)
{
    int64_t window_ms = policy->window_s * 1000;
    if (user->failed_count == 0 || now_ms - user->failed_since_at_ms >= window_ms) {
        user->failed_count = 0;
        user->failed_since_at_ms = now_ms;
    }
    user->failed_count++;
    TRY(note(db, actor, AUDIT_ACTION_SESSION_FAIL, result));
    if (user->failed_count >= policy->failures) {
        user->locked_until_at_ms = now_ms + window_ms;
        user->failed_count = 0;
        TRY(note(db, actor, AUDIT_ACTION_SESSION_LOCK, "ok"));
    }
    return tenant_user_update(db, user);
}

/* ---- log-in */

struct attempt {
    struct arena *arena;
    const struct login_policy *policy;
    const struct tenant_login_request *request;
    const struct contact *phone;
    const char *verified_hash; /* the password fits this one; NULL: it does not */
    struct tenant_user user;
    enum login_outcome outcome;
};

static enum rc let_in(struct db *db, struct attempt *attempt, int64_t now_ms)
{
    struct tenant_user *user = &attempt->user;
    user->failed_count = 0;
    user->failed_since_at_ms = 0;
    user->locked_until_at_ms = 0;
    user->last_login_at_ms = now_ms;
    attempt->outcome = LOGIN_OPEN;
    struct actor actor = actor_of(attempt->arena, user, attempt->request->ip);
    TRY(note(db, &actor, AUDIT_ACTION_SESSION_OPEN, "ok"));
    return tenant_user_update(db, user);
}

static enum rc with_password(struct db *db, void *context)
{
    struct attempt *attempt = context;
    struct tenant_user *user = &attempt->user;
    int64_t now_ms = clock_now_ms();
    TRY(tenant_user_lock(db, attempt->arena, user->id, user));
    if (user->locked_until_at_ms > now_ms) {
        attempt->outcome = LOGIN_LOCKED;
        return RC_OK;
    }
    if (attempt->verified_hash == NULL || user->password_hash == NULL ||
        strcmp(user->password_hash, attempt->verified_hash) != 0) {
        struct actor actor = actor_of(attempt->arena, user, attempt->request->ip);
        attempt->outcome = LOGIN_WRONG;
        return count_failure(db, attempt->policy, &actor, user, "wrong_password", now_ms);
    }
    return let_in(db, attempt, now_ms);
}

/* The code row is the lock: of two at once with the same code one gets in. */
static enum rc use_code(struct db *db, const struct attempt *attempt, const char *code,
                        int64_t now_ms)
{
    struct tenant_code row;
    uint8_t hash[TENANT_CODE_HASH_BYTES];
    enum rc rc = tenant_code_lock(db, attempt->arena, attempt->phone->phone_hash, now_ms, &row);
    if (rc != RC_OK) {
        return rc == RC_NOT_FOUND ? RC_UNAUTHENTICATED : rc;
    }
    if (row.tries >= TENANT_CODE_TRIES) {
        return RC_UNAUTHENTICATED;
    }
    tenant_code_hash(attempt->policy->field_key, attempt->phone->phone_hash, code, hash);
    if (!crypto_equal(hash, row.code_hash, sizeof hash)) {
        TRY(tenant_code_count_try(db, row.id));
        return RC_UNAUTHENTICATED;
    }
    return tenant_code_use(db, row.id, now_ms);
}

static enum rc with_code(struct db *db, void *context)
{
    struct attempt *attempt = context;
    int64_t now_ms = clock_now_ms();
    enum rc rc = use_code(db, attempt, attempt->request->code, now_ms);
    if (rc == RC_UNAUTHENTICATED) {
        struct actor nobody = {
            .kind = ACTOR_TENANT, .name = "?", .role = "", .ip = attempt->request->ip};
        attempt->outcome = LOGIN_WRONG;
        return note(db, &nobody, AUDIT_ACTION_SESSION_FAIL, "wrong_code");
    }
    TRY(rc);
    int64_t id = 0;
    TRY(tenant_user_ensure(db, attempt->phone, "zh-CN", &id));
    TRY(tenant_user_lock(db, attempt->arena, id, &attempt->user));
    return let_in(db, attempt, now_ms);
}

static enum rc verify_outside(struct attempt *attempt, const char *password)
{
    const char *hash = attempt->user.password_hash;
    enum rc rc = crypto_password_verify(hash, password, strlen(password));
    attempt->verified_hash = rc == RC_OK ? hash : NULL;
    return rc == RC_UNAUTHENTICATED ? RC_OK : rc;
}

static enum rc try_password(struct db *db, struct redis *redis, struct attempt *attempt)
{
    const struct tenant_login_request *request = attempt->request;
    enum rc rc =
        tenant_user_find_phone(db, attempt->arena, attempt->phone->phone_hash, &attempt->user);
    if (rc == RC_NOT_FOUND || (rc == RC_OK && attempt->user.password_hash == NULL)) {
        char who[CRYPTO_HASH_HEX_BYTES];
        struct actor nobody = {.kind = ACTOR_TENANT, .name = "?", .role = "", .ip = request->ip};
        return login_refuse_unknown(
            db, redis, attempt->arena, attempt->policy, &nobody,
            crypto_hex(attempt->phone->phone_hash, sizeof attempt->phone->phone_hash, who),
            request->password, &attempt->outcome);
    }
    TRY(rc);
    if (attempt->user.locked_until_at_ms > clock_now_ms()) {
        attempt->outcome = LOGIN_LOCKED;
        return RC_OK;
    }
    TRY(verify_outside(attempt, request->password));
    return db_transact(db, with_password, attempt);
}

enum rc tenant_login_check(struct db *db, struct redis *redis, struct arena *arena,
                           const struct login_policy *policy,
                           const struct tenant_login_request *request,
                           enum login_outcome *ret_outcome, struct tenant_user *ret_user)
{
    assert(!db_in_transaction(db) && policy->field_key != NULL);
    char normal[PHONE_BYTES];
    struct contact phone = {0};
    TRY(phone_normalise(request->phone, normal));
    TRY(phone_seal(policy->field_key, normal, &phone));
    crypto_wipe(normal, sizeof normal);
    struct attempt attempt = {.arena = arena,
                              .policy = policy,
                              .request = request,
                              .phone = &phone,
                              .outcome = LOGIN_WRONG};
    TRY(request->code[0] != '\0' ? db_transact(db, with_code, &attempt)
                                 : try_password(db, redis, &attempt));
    *ret_outcome = attempt.outcome;
    if (attempt.outcome == LOGIN_OPEN) {
        *ret_user = attempt.user;
    }
    return RC_OK;
}

/* ---- passwords */

struct password_setting {
    struct attempt attempt;
    const struct actor *actor;
    const char *code;
    const char *fresh_hash;
    bool refused;
};

static enum rc prove(struct db *db, struct password_setting *setting, int64_t now_ms)
{
    struct attempt *attempt = &setting->attempt;
    struct tenant_user *user = &attempt->user;
    if (setting->code[0] != '\0') {
        attempt->phone = &user->phone;
        return use_code(db, attempt, setting->code, now_ms);
    }
    bool right =
        user->password_hash == NULL || (attempt->verified_hash != NULL &&
                                        strcmp(user->password_hash, attempt->verified_hash) == 0);
    return right ? RC_OK : RC_UNAUTHENTICATED;
}

static enum rc set_password(struct db *db, void *context)
{
    struct password_setting *setting = context;
    struct tenant_user *user = &setting->attempt.user;
    int64_t now_ms = clock_now_ms();
    TRY(tenant_user_lock(db, setting->attempt.arena, setting->actor->id, user));
    if (user->locked_until_at_ms > now_ms) {
        return RC_LOCKED;
    }
    enum rc rc = prove(db, setting, now_ms);
    setting->refused = rc == RC_UNAUTHENTICATED;
    if (setting->refused) {
        return count_failure(db, setting->attempt.policy, setting->actor, user, "wrong_password",
                             now_ms);
    }
    TRY(rc);
    user->password_hash = setting->fresh_hash;
    user->must_change_password = false;
    user->failed_count = 0;
    user->epoch++;
    TRY(tenant_user_update(db, user));
    return note(db, setting->actor, AUDIT_ACTION_USER_PASSWORD, "ok");
}

enum rc tenant_password_set(struct db *db, struct arena *arena, const struct login_policy *policy,
                            const struct actor *actor, const struct tenant_password *password,
                            const char **ret_why, struct tenant_user *ret_user)
{
    assert(!db_in_transaction(db) && actor->kind == ACTOR_TENANT);
    const char *why = login_password_problem(policy, "", password->fresh);
    if (why == NULL && strcmp(password->old, password->fresh) == 0) {
        why = "the new password is the old one";
    }
    if (why != NULL) {
        *ret_why = why;
        return RC_INVALID;
    }
    char encoded[CRYPTO_PASSWORD_HASH_BYTES];
    struct password_setting setting = {.attempt = {.arena = arena, .policy = policy},
                                       .actor = actor,
                                       .code = password->code,
                                       .fresh_hash = encoded};
    TRY(tenant_user_find(db, arena, actor->id, &setting.attempt.user));
    if (setting.attempt.user.password_hash != NULL) {
        TRY(verify_outside(&setting.attempt, password->old));
    }
    TRY(crypto_password_hash(password->fresh, strlen(password->fresh), policy->memory_kib,
                             policy->passes, encoded));
    TRY(db_transact(db, set_password, &setting));
    if (setting.refused) {
        return RC_UNAUTHENTICATED;
    }
    *ret_user = setting.attempt.user;
    ret_user->password_hash = "";
    return RC_OK;
}

struct giving {
    struct arena *arena;
    const struct actor *actor;
    int64_t account_id; /* and contact_id, or the contact itself */
    int64_t contact_id;
    const struct contact *contact;
    const char *encoded;
};

static enum rc find_contact(struct db *db, const struct giving *giving,
                            const struct contact **ret_contact)
{
    struct contact *contacts = NULL;
    size_t count = 0;
    TRY(contacts_list(db, giving->arena, giving->account_id, &contacts, &count));
    for (size_t i = 0; i < count; i++) {
        if (contacts[i].id == giving->contact_id) {
            *ret_contact = &contacts[i];
            return RC_OK;
        }
    }
    return RC_NOT_FOUND;
}

/* Somebody else chose this password for the owner of the phone. */
static enum rc put_password(struct db *db, const struct giving *giving,
                            const struct contact *contact, bool must_change)
{
    int64_t id = 0;
    struct tenant_user user;
    TRY(tenant_user_ensure(db, contact, contact->locale, &id));
    TRY(tenant_user_lock(db, giving->arena, id, &user));
    user.password_hash = giving->encoded;
    user.must_change_password = must_change;
    user.failed_count = 0;
    user.locked_until_at_ms = 0;
    user.epoch++;
    TRY(tenant_user_update(db, &user));
    char masked[PHONE_BYTES];
    phone_mask(contact->phone_tail, masked);
    return step_audit(db, giving->actor, AUDIT_ACTION_USER_RESET_PASSWORD, "tenant_user", id,
                      masked, "", "", "");
}

static enum rc give_password(struct db *db, void *context)
{
    const struct giving *giving = context;
    const struct contact *contact = NULL;
    TRY(find_contact(db, giving, &contact));
    return put_password(db, giving, contact, true);
}

enum rc tenant_password_give(struct db *db, struct arena *arena, const struct login_policy *policy,
                             const struct actor *actor, int64_t account_id, int64_t contact_id,
                             char *ret_password)
{
    assert(!db_in_transaction(db));
    char encoded[CRYPTO_PASSWORD_HASH_BYTES];
    TRY(user_make_password(ret_password));
    TRY(crypto_password_hash(ret_password, strlen(ret_password), policy->memory_kib, policy->passes,
                             encoded));
    struct giving giving = {.arena = arena,
                            .actor = actor,
                            .account_id = account_id,
                            .contact_id = contact_id,
                            .encoded = encoded};
    return db_transact(db, give_password, &giving);
}

static enum rc preset_password(struct db *db, void *context)
{
    const struct giving *giving = context;
    bool known = false;
    TRY(tenant_phone_is_known(db, giving->arena, giving->contact->phone_hash, &known));
    return known ? put_password(db, giving, giving->contact, false) : RC_NOT_FOUND;
}

enum rc tenant_password_preset(struct db *db, struct arena *arena,
                               const struct login_policy *policy, const struct actor *actor,
                               const char *phone, const char *password)
{
    assert(!db_in_transaction(db));
    char written[PHONE_BYTES];
    char encoded[CRYPTO_PASSWORD_HASH_BYTES];
    struct contact contact = {.locale = "zh-CN"};
    if (strlen(password) < 8 || strlen(password) > CRYPTO_PASSWORD_MAX) {
        return RC_INVALID;
    }
    TRY(phone_normalise(phone, written));
    TRY(phone_seal(policy->field_key, written, &contact));
    TRY(crypto_password_hash(password, strlen(password), policy->memory_kib, policy->passes,
                             encoded));
    struct giving giving = {
        .arena = arena, .actor = actor, .contact = &contact, .encoded = encoded};
    return db_transact(db, preset_password, &giving);
}

struct locale_setting {
    struct arena *arena;
    int64_t id;
    const char *locale;
};

static enum rc set_locale(struct db *db, void *context)
{
    const struct locale_setting *setting = context;
    struct tenant_user user;
    TRY(tenant_user_lock(db, setting->arena, setting->id, &user));
    user.locale = setting->locale;
    return tenant_user_update(db, &user);
}

enum rc tenant_locale_set(struct db *db, struct arena *arena, const struct actor *actor,
                          const char *locale)
{
    struct locale_setting setting = {.arena = arena, .id = actor->id, .locale = locale};
    return db_transact(db, set_locale, &setting);
}
