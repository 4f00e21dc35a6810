#include "core/flow/tenant_binding.h"

#include <assert.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/crypto.h"
#include "core/flow/phone.h"
#include "core/flow/step.h"
#include "core/store/account.h"
#include "core/store/tenant_shop.h"
#include "core/store/tenant_user.h"

enum rc counter_code_give(struct db *db, struct arena *arena, const uint8_t key[32],
                          const struct actor *actor, int64_t account_id,
                          char ret_code[COUNTER_CODE_TEXT_BYTES])
{
    assert(db_in_transaction(db));
    struct account account;
    char code[COUNTER_CODE_TEXT_BYTES];
    uint8_t hash[TENANT_CODE_HASH_BYTES];
    TRY(accounts_lock(db, arena, account_id, &account));
    if (strcmp(account.state, "open") != 0) {
        return RC_NOT_FOUND;
    }
    int64_t now_ms = clock_now_ms();
    TRY(tenant_counter_code_make(code));
    TRY(tenant_counter_code_hash(key, code, hash));
    TRY(binding_code_insert(db, account_id, hash, actor->id, now_ms,
                            now_ms + COUNTER_CODE_LIFE_MS));
    TRY(step_audit(db, actor, AUDIT_ACTION_TENANT_CODE, "account", account_id, account.name, "", "",
                   ""));
    memcpy(ret_code, code, sizeof code);
    return RC_OK;
}

enum rc tenant_bind(struct db *db, struct arena *arena, const uint8_t key[32],
                    const struct actor *actor, const char *counter_code,
                    struct command_refusal *ret_refusal)
{
    assert(db_in_transaction(db) && actor->kind == ACTOR_TENANT);
    uint8_t hash[TENANT_CODE_HASH_BYTES];
    int64_t account_id = 0;
    int64_t binding_id = 0;
    int64_t now_ms = clock_now_ms();
    enum rc rc = tenant_counter_code_hash(key, counter_code, hash);
    if (rc == RC_OK) {
        rc = binding_code_find(db, arena, hash, now_ms, &account_id);
    }
    if (rc == RC_OK) {
        rc = binding_code_use(db, hash, actor->id, now_ms);
    }
    if (rc == RC_NOT_FOUND || rc == RC_INVALID) {
        return step_refuse(RC_REFUSED, "code_wrong", "code", ret_refusal);
    }
    TRY(rc);
    TRY(tenant_binding_insert(db, actor->id, account_id, "tenant", "code", 0, now_ms, &binding_id));
    return step_audit(db, actor, AUDIT_ACTION_TENANT_BIND, "account", account_id, "", "", "", "");
}

enum rc tenant_add_payer(struct db *db, struct arena *arena, const uint8_t key[32],
                         const struct actor *actor, int64_t supply_id, const char *phone,
                         struct command_refusal *ret_refusal)
{
    assert(db_in_transaction(db) && actor->kind == ACTOR_TENANT);
    struct tenant_shop shop;
    struct contact sealed = {0};
    char normal[PHONE_BYTES];
    int64_t payer_id = 0;
    int64_t binding_id = 0;
    TRY(tenant_shop_find(db, arena, actor->id, supply_id, &shop));
    if (strcmp(shop.role, "tenant") != 0) {
        return RC_NOT_FOUND;
    }
    if (phone_normalise(phone, normal) != RC_OK) {
        return step_refuse(RC_INVALID, "invalid_field", "phone", ret_refusal);
    }
    TRY(phone_seal(key, normal, &sealed));
    crypto_wipe(normal, sizeof normal);
    TRY(tenant_user_ensure(db, &sealed, "zh-CN", &payer_id));
    TRY(tenant_binding_insert(db, payer_id, shop.account_id, "payer", "tenant", actor->id,
                              clock_now_ms(), &binding_id));
    return step_audit(db, actor, AUDIT_ACTION_TENANT_PAYER, "account", shop.account_id,
                      shop.unit_number, "", "", "");
}

/* A payer leaves himself; a tenant also takes others off. */
static enum rc may_unbind(struct db *db, struct arena *arena, const struct actor *actor,
                          const struct tenant_shop *shop, const char *source, int64_t id)
{
    struct tenant_binding_view *views = NULL;
    size_t count = 0;
    TRY(tenant_bindings(db, arena, actor->id, shop->account_id, &views, &count));
    bool contact = strcmp(source, "contact") == 0;
    for (size_t i = 0; i < count; i++) {
        if (views[i].id == id && (strcmp(views[i].source, "contact") == 0) == contact) {
            bool may = views[i].mine || strcmp(shop->role, "tenant") == 0;
            return may ? RC_OK : RC_NOT_FOUND;
        }
    }
    return RC_NOT_FOUND;
}

enum rc tenant_unbind(struct db *db, struct arena *arena, const struct actor *actor,
                      int64_t supply_id, const char *source, int64_t id)
{
    assert(db_in_transaction(db) && actor->kind == ACTOR_TENANT);
    struct tenant_shop shop;
    TRY(tenant_shop_find(db, arena, actor->id, supply_id, &shop));
    TRY(may_unbind(db, arena, actor, &shop, source, id));
    if (strcmp(source, "contact") == 0) {
        TRY(tenant_contact_leave(db, shop.account_id, id));
    } else {
        TRY(tenant_binding_end(db, shop.account_id, id, clock_now_ms()));
    }
    return step_audit(db, actor, AUDIT_ACTION_TENANT_UNBIND, "account", shop.account_id,
                      shop.unit_number, "", "", "");
}
