#include "core/store/message.h"

#include <assert.h>

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
