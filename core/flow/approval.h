/*
 * The second person. A maker's act is stored as it will be carried out; another user, who proves
 * who he is once more, agrees or rejects; what runs then is the stored payload, under the rules of
 * that moment.
 *
 * The caller (web) checks the checker's one-time code in the same transaction, before
 * approval_decide.
 */
#ifndef PW_FLOW_APPROVAL_H
#define PW_FLOW_APPROVAL_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/rc.h"
#include "core/flow/command.h"
#include "core/rules/approval.h"
#include "core/store/audit.h"
#include "core/store/db.h"

struct approval_request {
    enum approval_kind kind;
    const char *object_kind;
    int64_t object_id;
    const char *object_label;
    const char *payload; /* JSON object with "act": command, lock_out or lift; NULL counts as out of
                            memory */
    const char *reason;
    int64_t expires_after_ms;
};

/* Stores the request with its audit row; inside a transaction in which the object is locked. Only a
   user may ask. RC_REFUSED with code "conflict" when the same is open already. */
enum rc approval_request(struct db *db, struct arena *arena, const struct actor *actor,
                         const struct approval_request *request, int64_t *ret_id,
                         struct command_refusal *ret_refusal) MUST_CHECK;

struct approval_answer {
    int64_t command_id; /* 0 unless an order came of it */
    bool wake;          /* the poller has something to do */
    int32_t shard;      /* whom to wake */
};

/* Decides, inside a transaction. Guards in order: it exists (RC_NOT_FOUND), it is open
   (RC_CONFLICT, code "conflict"), not too old (RC_EXPIRED, "expired"), not the checker's own, of a
   kind that the checker may decide, and its maker still active (RC_FORBIDDEN, "forbidden"), and on
   approval every rule of the act itself (its own result and code; the approval then stays open). */
enum rc approval_decide(struct db *db, struct arena *arena, const struct actor *actor,
                        int64_t approval_id, bool approve, const char *reason,
                        struct approval_answer *ret_answer,
                        struct command_refusal *ret_refusal) MUST_CHECK;
/* Marks open approvals past their time; its own transaction. For paywatt-jobs. */
enum rc approval_expire_due(struct db *db, int64_t *ret_count) MUST_CHECK;

#endif
