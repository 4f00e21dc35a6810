/*
 * Idempotency keys: a client's promise that two requests are the same order. The row is written in
 * the act's own transaction, so order and answer are kept together or not at all; jobs removes rows
 * after 90 days.
 */
#ifndef PW_STORE_IDEMPOTENCY_H
#define PW_STORE_IDEMPOTENCY_H

#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/rc.h"
#include "core/store/audit.h"
#include "core/store/db.h"

#define IDEMPOTENCY_HASH_BYTES 32

struct idempotency {
    enum actor_kind actor_kind; /* user, tenant or machine */
    int64_t actor_id;
    const char *route; /* "POST /api/v1/staff/supplies/:id/commands", <= 96 characters */
    const char *key;   /* <= 64 characters */
    uint8_t body_hash[IDEMPOTENCY_HASH_BYTES]; /* of path, query and body */
};

struct idempotency_answer {
    int status;
    const char *body; /* in the arena */
    size_t len;
};

/* First act of a transaction: takes the key, waiting for a twin that is at work. RC_OK: it is ours,
   go on; RC_EXISTS: done before, *ret_answer is what to say again; RC_CONFLICT: the key belongs to
   another body. */
enum rc idempotency_claim(struct db *db, struct arena *arena, const struct idempotency *key,
                          struct idempotency_answer *ret_answer) MUST_CHECK;
/* Last act of the transaction: keeps the answer. */
enum rc idempotency_keep(struct db *db, const struct idempotency *key,
                         const struct idempotency_answer *answer) MUST_CHECK;

#endif
