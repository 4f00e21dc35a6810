/*
 * People of an account. Phones are stored sealed, with a keyed hash for search and log-in and the
 * last four digits for masked display; core/flow/phone.h makes the three.
 */
#ifndef PW_STORE_CONTACT_H
#define PW_STORE_CONTACT_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/rc.h"
#include "core/store/db.h"

#define CONTACTS_MAX 50 /* of one account */
#define CONTACT_NAME_MAX 40
#define CONTACT_SEALED_MAX 96
#define CONTACT_HASH_BYTES 32

struct contact {
    int64_t id;
    int64_t account_id;
    const char *role; /* manager, finance, owner, headquarters */
    const char *name;
    const char *locale; /* zh-CN, en */
    uint8_t phone_sealed[CONTACT_SEALED_MAX];
    size_t phone_sealed_len;
    uint8_t phone_hash[CONTACT_HASH_BYTES];
    char phone_tail[5];
};

enum rc contacts_insert(struct db *db, const struct contact *contact, int64_t *ret_id) MUST_CHECK;
/* Ends a contact of this account. RC_NOT_FOUND. */
enum rc contacts_end(struct db *db, int64_t account_id, int64_t id, int64_t at_ms) MUST_CHECK;
/* Ends all of them. */
enum rc contacts_end_all(struct db *db, int64_t account_id, int64_t at_ms) MUST_CHECK;
/* Those that did not end, oldest first. */
enum rc contacts_list(struct db *db, struct arena *arena, int64_t account_id,
                      struct contact **ret_contacts, size_t *ret_count) MUST_CHECK;

#endif
