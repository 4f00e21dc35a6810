/*
 * Rows of the lock_out table. At most one is active a supply (UNIQUE active_supply). Changes assert
 * a transaction in which the supply's row is locked.
 */
#ifndef PW_STORE_LOCK_OUT_H
#define PW_STORE_LOCK_OUT_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/rc.h"
#include "core/store/db.h"

struct lock_out_row {
    int64_t id;
    int64_t supply_id;
    int64_t holder_id;
    bool active;
    int64_t created_at_ms;
    const char *reason;
};

/* RC_CONFLICT when one is active already. */
enum rc lock_outs_insert(struct db *db, int64_t supply_id, int64_t holder_id, const char *reason,
                         int64_t approval_id, int64_t *ret_id) MUST_CHECK;
/* RC_NOT_FOUND. */
enum rc lock_outs_get(struct db *db, struct arena *arena, int64_t id,
                      struct lock_out_row *ret_row) MUST_CHECK;
/* Active -> lifted. approval_id 0: lifted by its holder. RC_CONFLICT when it was lifted already. */
enum rc lock_outs_set_lifted(struct db *db, int64_t id, int64_t lifted_by, const char *reason,
                             int64_t approval_id) MUST_CHECK;

#endif
