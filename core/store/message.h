/*
 * Messages: texts on their way to a phone. A row is written in the transaction of what it tells;
 * paywatt-jobs sends it. The text of a code is sealed and wiped once it left.
 */
#ifndef PW_STORE_MESSAGE_H
#define PW_STORE_MESSAGE_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/rc.h"
#include "core/store/contact.h"
#include "core/store/db.h"

#define MESSAGE_BODY_MAX 400 /* bytes of a text */
#define MESSAGE_SEALED_MAX 600

struct message {
    int64_t id;
    const char *kind; /* login_code */
    const struct contact *phone;
    const char *locale;
    const char *body; /* NULL: sealed */
    const uint8_t *sealed;
    size_t sealed_len;
    int64_t expires_at_ms;
};

/* An SMS to be sent. In a transaction. */
enum rc message_insert_sms(struct db *db, const struct message *message, int64_t now_ms,
                           int64_t *ret_id) MUST_CHECK;

#endif
