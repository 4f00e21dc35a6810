#include "core/store/contact.h"

#include <assert.h>
#include <string.h>

#include "core/base/text.h"

enum rc contacts_insert(struct db *db, const struct contact *contact, int64_t *ret_id)
{
    assert(db_in_transaction(db));
    struct db_outcome outcome = {0};
    TRY(db_execute(db,
                   "INSERT INTO contact (account_id, role, name, phone_sealed, phone_hash,"
                   " phone_tail, locale) VALUES (?, ?, ?, ?, ?, ?, ?)",
                   DB_ARGS(db_int(contact->account_id), db_text(contact->role),
                           db_text(contact->name),
                           db_bytes(contact->phone_sealed, contact->phone_sealed_len),
                           db_bytes(contact->phone_hash, sizeof contact->phone_hash),
                           db_text(contact->phone_tail), db_text(contact->locale)),
                   &outcome));
    *ret_id = outcome.insert_id;
    return RC_OK;
}

enum rc contacts_end(struct db *db, int64_t account_id, int64_t id, int64_t at_ms)
{
    assert(db_in_transaction(db));
    struct db_outcome outcome = {0};
    TRY(db_execute(
        db, "UPDATE contact SET ended_at = ? WHERE id = ? AND account_id = ? AND ended_at IS NULL",
        DB_ARGS(db_time(at_ms), db_int(id), db_int(account_id)), &outcome));
    return outcome.affected_rows == 1 ? RC_OK : RC_NOT_FOUND;
}

enum rc contacts_end_all(struct db *db, int64_t account_id, int64_t at_ms)
{
    assert(db_in_transaction(db));
    return db_execute(db,
                      "UPDATE contact SET ended_at = ? WHERE account_id = ? AND ended_at IS NULL",
                      DB_ARGS(db_time(at_ms), db_int(account_id)), NULL);
}

enum rc contacts_list(struct db *db, struct arena *arena, int64_t account_id,
                      struct contact **ret_contacts, size_t *ret_count)
{
    struct db_rows rows;
    TRY(db_query(db, arena,
                 "SELECT id, role, name, locale, phone_sealed, phone_hash, phone_tail FROM contact"
                 " WHERE account_id = ? AND ended_at IS NULL ORDER BY id",
                 DB_ARGS(db_int(account_id)), CONTACTS_MAX, &rows));
    struct contact *list = arena_take_array(arena, rows.count + 1, sizeof *list);
    if (list == NULL) {
        return RC_MEMORY;
    }
    for (size_t i = 0; i < rows.count; i++) {
        const struct db_value *sealed = db_at(&rows, i, 4);
        const struct db_value *hash = db_at(&rows, i, 5);
        if (sealed->len > CONTACT_SEALED_MAX || hash->len != CONTACT_HASH_BYTES) {
            return RC_INTERNAL;
        }
        list[i] = (struct contact){.id = db_get_int(&rows, i, 0),
                                   .account_id = account_id,
                                   .role = db_get_text(&rows, i, 1),
                                   .name = db_get_text(&rows, i, 2),
                                   .locale = db_get_text(&rows, i, 3),
                                   .phone_sealed_len = sealed->len};
        memcpy(list[i].phone_sealed, sealed->text, sealed->len);
        memcpy(list[i].phone_hash, hash->text, hash->len);
        text_copy(list[i].phone_tail, sizeof list[i].phone_tail, db_get_text(&rows, i, 6));
    }
    *ret_contacts = list;
    *ret_count = rows.count;
    return RC_OK;
}
