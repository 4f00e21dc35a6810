/*
 * People of the phone site: one row a phone number. Secrets are hashes; the phone is sealed as a
 * contact's is (core/store/contact.h, core/flow/phone.h).
 */
#ifndef PW_STORE_TENANT_USER_H
#define PW_STORE_TENANT_USER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/rc.h"
#include "core/store/contact.h"
#include "core/store/db.h"

struct tenant_user {
    int64_t id;
    struct contact phone;      /* only its phone_* members are used */
    const char *password_hash; /* NULL: logs in by code only */
    bool must_change_password;
    const char *locale;
    int64_t epoch; /* raised to end all sessions */
    int64_t failed_count;
    int64_t failed_since_at_ms; /* 0: none */
    int64_t locked_until_at_ms; /* 0: not locked */
    int64_t last_login_at_ms;   /* 0: never */
};

/* RC_NOT_FOUND. */
enum rc tenant_user_epoch(struct db *db, struct arena *arena, int64_t id,
                          int64_t *ret_epoch) MUST_CHECK;
enum rc tenant_user_find(struct db *db, struct arena *arena, int64_t id,
                         struct tenant_user *ret_user) MUST_CHECK;
enum rc tenant_user_find_phone(struct db *db, struct arena *arena,
                               const uint8_t hash[CONTACT_HASH_BYTES],
                               struct tenant_user *ret_user) MUST_CHECK;
/* In a transaction, the row locked. RC_NOT_FOUND. */
enum rc tenant_user_lock(struct db *db, struct arena *arena, int64_t id,
                         struct tenant_user *ret_user) MUST_CHECK;
/* A person with this phone; one who is there already stays as he is. In a transaction. */
enum rc tenant_user_ensure(struct db *db, const struct contact *phone, const char *locale,
                           int64_t *ret_id) MUST_CHECK;
/* Writes all but id and phone. */
enum rc tenant_user_update(struct db *db, const struct tenant_user *user) MUST_CHECK;
/* Whether staff put the phone on an open account, or a binding of it lives. */
enum rc tenant_phone_is_known(struct db *db, struct arena *arena,
                              const uint8_t hash[CONTACT_HASH_BYTES], bool *ret_known) MUST_CHECK;

#endif
