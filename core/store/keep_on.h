/*
 * Rows of the keep_on table: a forced close in the meter, its owner and its end. At most one is
 * active a supply. Changes assert a transaction in which the supply's row is locked.
 */
#ifndef PW_STORE_KEEP_ON_H
#define PW_STORE_KEEP_ON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/rc.h"
#include "core/store/db.h"

struct keep_on_row {
    int64_t id;
    int64_t supply_id;
    int64_t command_id;
    int64_t owner_id;
    int64_t since_at_ms;
    int64_t until_at_ms;
    bool active;
};

enum rc keep_ons_insert(struct db *db, int64_t supply_id, int64_t command_id, int64_t owner_id,
                        int64_t since_at_ms, int64_t until_at_ms) MUST_CHECK;
/* Ends the active one of the supply, if there is one; *ret_ended says whether. */
enum rc keep_ons_end(struct db *db, int64_t supply_id, bool *ret_ended) MUST_CHECK;
/* Lets the active one that this order made run out now. Nothing happens if there is none. */
enum rc keep_ons_run_out(struct db *db, int64_t command_id) MUST_CHECK;
enum rc keep_ons_get(struct db *db, struct arena *arena, int64_t id,
                     struct keep_on_row *ret_row) MUST_CHECK;
/* Active ones whose end has come, oldest end first. */
enum rc keep_ons_due(struct db *db, struct arena *arena, size_t max, int64_t **ret_ids,
                     size_t *ret_count) MUST_CHECK;

#endif
