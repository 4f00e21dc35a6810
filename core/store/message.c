#include "core/store/message.h"

#include <assert.h>
#include <string.h>

#include "core/store/row.h"

enum rc message_insert_sms(struct db *db, const struct message *message, int64_t now_ms,
                           int64_t *ret_id)
{
    assert(db_in_transaction(db));
    assert((message->body == NULL) != (message->sealed == NULL));
    const struct contact *phone = message->phone;
    struct db_outcome outcome = {0};
    TRY(db_execute(
        db,
        "INSERT INTO message (channel, kind, phone_hash, phone_sealed, phone_tail, locale, body,"
        " body_sealed, created_at, expires_at) VALUES ('sms', ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        DB_ARGS(db_text(message->kind), db_bytes(phone->phone_hash, sizeof phone->phone_hash),
                db_bytes(phone->phone_sealed, phone->phone_sealed_len), db_text(phone->phone_tail),
                db_text(message->locale), db_text_or_null(message->body),
                message->sealed == NULL ? db_null()
                                        : db_bytes(message->sealed, message->sealed_len),
                db_time(now_ms), db_time(message->expires_at_ms)),
        &outcome));
    *ret_id = outcome.insert_id;
    return RC_OK;
}

static enum rc due_of_row(const struct db_rows *rows, size_t at, struct message_due *message)
{
    const struct db_value *hash = db_at(rows, at, 3);
    const struct db_value *sealed = db_at(rows, at, 4);
    *message = (struct message_due){
        .id = db_get_int(rows, at, 0),
        .kind = db_get_text(rows, at, 1),
        .locale = db_get_text(rows, at, 2),
        .body = db_get_text(rows, at, 5),
        .sealed = (const uint8_t *)db_at(rows, at, 6)->text,
        .sealed_len = db_is_null(rows, at, 6) ? 0 : db_at(rows, at, 6)->len,
    };
    if (hash->len != CONTACT_HASH_BYTES || sealed->len > CONTACT_SEALED_MAX) {
        return RC_INTERNAL;
    }
    memcpy(message->phone.phone_hash, hash->text, hash->len);
    memcpy(message->phone.phone_sealed, sealed->text, sealed->len);
    message->phone.phone_sealed_len = sealed->len;
    return RC_OK;
}

enum rc messages_due(struct db *db, struct arena *arena, int64_t now_ms, size_t limit,
                     struct message_due **ret_messages, size_t *ret_count)
{
    struct db_rows rows;
    TRY(db_query(db, arena,
                 "SELECT id, kind, locale, phone_hash, phone_sealed, COALESCE(body, ''),"
                 " body_sealed FROM message WHERE channel = 'sms' AND state = 'pending'"
                 " AND expires_at > ? ORDER BY created_at, id LIMIT ?",
                 DB_ARGS(db_time(now_ms), db_int((int64_t)limit)), limit, &rows));
    struct message_due *list = arena_take_array(arena, rows.count + 1, sizeof *list);
    if (list == NULL) {
        return RC_MEMORY;
    }
    for (size_t i = 0; i < rows.count; i++) {
        TRY(due_of_row(&rows, i, &list[i]));
    }
    *ret_messages = list;
    *ret_count = rows.count;
    return RC_OK;
}

enum rc messages_set_sending(struct db *db, int64_t id, const char *provider, int64_t now_ms)
{
    struct db_outcome outcome = {0};
    TRY(db_execute(db,
                   "UPDATE message SET state = 'sending', sent_at = ?, provider = ?"
                   " WHERE id = ? AND state = 'pending'",
                   DB_ARGS(db_time(now_ms), db_text(provider), db_int(id)), &outcome));
    return row_moved(&outcome);
}

enum rc messages_set_pending(struct db *db, int64_t id)
{
    return db_execute(db,
                      "UPDATE message SET state = 'pending', sent_at = NULL"
                      " WHERE id = ? AND state = 'sending'",
                      DB_ARGS(db_int(id)), NULL);
}

enum rc messages_set_ended(struct db *db, int64_t id, const char *state, const char *reference,
                           int64_t now_ms)
{
    return db_execute(db,
                      "UPDATE message SET state = ?, provider_reference = ?, ended_at = ?,"
                      " body_sealed = NULL WHERE id = ? AND state = 'sending'",
                      DB_ARGS(db_text(state), db_text(reference), db_time(now_ms), db_int(id)),
                      NULL);
}

enum rc messages_end_old(struct db *db, int64_t now_ms, int64_t sending_before_ms,
                         int64_t *ret_count)
{
    struct db_outcome expired = {0};
    struct db_outcome unknown = {0};
    TRY(db_execute(db,
                   "UPDATE message SET state = 'expired', ended_at = ?, body_sealed = NULL"
                   " WHERE channel = 'sms' AND state = 'pending' AND expires_at <= ?",
                   DB_ARGS(db_time(now_ms), db_time(now_ms)), &expired));
    TRY(db_execute(db,
                   "UPDATE message SET state = 'unknown', ended_at = ?, body_sealed = NULL"
                   " WHERE channel = 'sms' AND state = 'sending' AND sent_at < ?",
                   DB_ARGS(db_time(now_ms), db_time(sending_before_ms)), &unknown));
    *ret_count = expired.affected_rows + unknown.affected_rows;
    return RC_OK;
}
