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

/* One that is to be sent. Texts and bytes in the arena. */
struct message_due {
    int64_t id;
    const char *kind;
    const char *locale;
    struct contact phone; /* its three stored forms */
    const char *body;     /* "" where it is sealed */
    const uint8_t *sealed;
    size_t sealed_len; /* 0: not sealed */
};

/* Pending messages of SMS whose time is not over, oldest first; outside a transaction. */
enum rc messages_due(struct db *db, struct arena *arena, int64_t now_ms, size_t limit,
                     struct message_due **ret_messages, size_t *ret_count) MUST_CHECK;
/* pending -> sending, committed before it leaves. RC_CONFLICT. */
enum rc messages_set_sending(struct db *db, int64_t id, const char *provider,
                             int64_t now_ms) MUST_CHECK;
/* sending -> pending: certainly nothing left. */
enum rc messages_set_pending(struct db *db, int64_t id) MUST_CHECK;
/* sending -> accepted, refused or unknown; a sealed text is wiped. */
enum rc messages_set_ended(struct db *db, int64_t id, const char *state, const char *reference,
                           int64_t now_ms) MUST_CHECK;
/* Those whose time is over end unsent, sealed texts wiped; those that were being sent before
   sending_before_ms by somebody who died are unknown, and stay so. *ret_count: how many. */
enum rc messages_end_old(struct db *db, int64_t now_ms, int64_t sending_before_ms,
                         int64_t *ret_count) MUST_CHECK;

#endif
