/*
 * Rows of the approval table: what a maker asked for, stored as it will be carried out, and who
 * agreed.
 */
#ifndef PW_STORE_APPROVAL_H
#define PW_STORE_APPROVAL_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/rc.h"
#include "core/store/db.h"

struct approval_row {
    int64_t id;
    const char *kind; /* code of approval.def */
    const char *object_kind;
    int64_t object_id;
    const char *payload; /* JSON object */
    const char *reason;
    const char *state; /* open, approved, rejected, expired */
    int64_t maker_id;
    const char *maker_name;
    const char *maker_role;
    bool maker_active;
    int64_t made_at_ms;
    int64_t expires_at_ms;
};

/* Writes an open approval from kind, object, payload, reason, maker_id, expires_at_ms. RC_CONFLICT
   when one of the same kind and object is open already. Asserts a transaction in which the object
   is locked. */
enum rc approvals_insert(struct db *db, struct arena *arena, const struct approval_row *row,
                         int64_t *ret_id) MUST_CHECK;
/* The row, locked until the end of the transaction. RC_NOT_FOUND. */
enum rc approvals_lock(struct db *db, struct arena *arena, int64_t id,
                       struct approval_row *ret_row) MUST_CHECK;
/* Open -> approved or rejected. RC_CONFLICT when it is no longer open. */
enum rc approvals_set_decided(struct db *db, int64_t id, const char *state, int64_t checker_id,
                              const char *reason) MUST_CHECK;
/* Open ones past their time become expired; *ret_count says how many. */
enum rc approvals_set_expired(struct db *db, int64_t *ret_count) MUST_CHECK;

#endif
