/*
 * One-time codes: those sent to a phone for log-in, and those on paper from the counter that bind a
 * phone to an account. Only keyed hashes are kept.
 */
#ifndef PW_STORE_TENANT_CODE_H
#define PW_STORE_TENANT_CODE_H

#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/rc.h"
#include "core/store/contact.h"
#include "core/store/db.h"

#define TENANT_CODE_HASH_BYTES 32

struct tenant_code {
    int64_t id;
    uint8_t code_hash[TENANT_CODE_HASH_BYTES];
    int64_t tries;
};

/* What was sent to a phone lately. */
struct tenant_code_sent {
    int64_t in_day;
    int64_t last_at_ms; /* 0: none within the day */
};

enum rc tenant_code_insert(struct db *db, const uint8_t phone_hash[CONTACT_HASH_BYTES],
                           const uint8_t code_hash[TENANT_CODE_HASH_BYTES], int64_t now_ms,
                           int64_t expires_at_ms) MUST_CHECK;
enum rc tenant_code_sent(struct db *db, struct arena *arena,
                         const uint8_t phone_hash[CONTACT_HASH_BYTES], int64_t since_ms,
                         struct tenant_code_sent *ret_sent) MUST_CHECK;
/* The newest code of a phone if it can still be used, its row locked. RC_NOT_FOUND. */
enum rc tenant_code_lock(struct db *db, struct arena *arena,
                         const uint8_t phone_hash[CONTACT_HASH_BYTES], int64_t now_ms,
                         struct tenant_code *ret_code) MUST_CHECK;
enum rc tenant_code_count_try(struct db *db, int64_t id) MUST_CHECK;
enum rc tenant_code_use(struct db *db, int64_t id, int64_t now_ms) MUST_CHECK;

enum rc binding_code_insert(struct db *db, int64_t account_id,
                            const uint8_t code_hash[TENANT_CODE_HASH_BYTES], int64_t created_by,
                            int64_t now_ms, int64_t expires_at_ms) MUST_CHECK;
/* The account of a code that can still be used; locked inside a transaction. RC_NOT_FOUND. */
enum rc binding_code_find(struct db *db, struct arena *arena,
                          const uint8_t code_hash[TENANT_CODE_HASH_BYTES], int64_t now_ms,
                          int64_t *ret_account_id) MUST_CHECK;
/* RC_NOT_FOUND: somebody was quicker. */
enum rc binding_code_use(struct db *db, const uint8_t code_hash[TENANT_CODE_HASH_BYTES],
                         int64_t tenant_user_id, int64_t now_ms) MUST_CHECK;

#endif
