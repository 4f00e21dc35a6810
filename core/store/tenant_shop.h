/*
 * What a person of the phone site may see: the supplies of accounts that his phone reaches by a
 * contact or a binding. Every question of the phone site carries the person; another's object is
 * not found.
 */
#ifndef PW_STORE_TENANT_SHOP_H
#define PW_STORE_TENANT_SHOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/rc.h"
#include "core/store/contact.h"
#include "core/store/db.h"

#define TENANT_SHOPS_MAX 200
#define TENANT_BINDINGS_MAX 100

struct tenant_shop {
    int64_t supply_id;
    int64_t account_id;
    const char *unit_number; /* "" where the supply feeds no unit */
    const char *shop_name;
    const char *role; /* tenant, payer */
};

/* All supplies of open accounts that the person reaches, by unit number; a tenant before a payer.
 */
enum rc tenant_shops(struct db *db, struct arena *arena, int64_t tenant_user_id,
                     struct tenant_shop **ret_shops, size_t *ret_count) MUST_CHECK;
/* One supply. RC_NOT_FOUND when it is another's. */
enum rc tenant_shop_find(struct db *db, struct arena *arena, int64_t tenant_user_id,
                         int64_t supply_id, struct tenant_shop *ret_shop) MUST_CHECK;

/* Who reaches an account. */
struct tenant_binding_view {
    int64_t id;         /* of the binding; of the contact where source is "contact" */
    const char *source; /* contact, code, tenant */
    const char *role;   /* tenant, payer */
    const char *name;   /* of the contact, else "" */
    const char *phone_tail;
    bool mine;
    int64_t since_at; /* ms */
};

enum rc tenant_bindings(struct db *db, struct arena *arena, int64_t tenant_user_id,
                        int64_t account_id, struct tenant_binding_view **ret_views,
                        size_t *ret_count) MUST_CHECK;
/* RC_CONFLICT: the person is bound to the account already. */
enum rc tenant_binding_insert(struct db *db, int64_t tenant_user_id, int64_t account_id,
                              const char *role, const char *source, int64_t added_by,
                              int64_t now_ms, int64_t *ret_id) MUST_CHECK;
/* Ends a binding of the account. RC_NOT_FOUND. */
enum rc tenant_binding_end(struct db *db, int64_t account_id, int64_t binding_id,
                           int64_t now_ms) MUST_CHECK;
/* Takes the phone of a contact off the phone site; warnings still reach it. RC_NOT_FOUND. */
enum rc tenant_contact_leave(struct db *db, int64_t account_id, int64_t contact_id) MUST_CHECK;

#endif
