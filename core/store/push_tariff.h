/*
 * Rows of push_batch and push that a tariff makes by itself, and the moments at which the prices of
 * a supply change. Changes assert a transaction in which the supply is locked.
 */
#ifndef PW_STORE_PUSH_TARIFF_H
#define PW_STORE_PUSH_TARIFF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/rc.h"
#include "core/store/db.h"

#define PUSH_MOMENTS_MAX 500    /* of one supply */
#define PUSH_SUPPLIES_MAX 20000 /* of one tariff */

/* A version begins, or an assignment does. */
struct push_moment {
    int64_t at_ms;
    int64_t tariff_id; /* in force from then on */
};

/* One that a tariff made: open, or ended with its reason. */
struct push_tariff_row {
    int64_t id;
    int64_t due_at_ms;
    int64_t epoch;
    int64_t meter_id;
    bool open;          /* pending or writing */
    const char *wanted; /* JSON as stored */
};

/* Moments of a supply at or after from_ms, oldest first. */
enum rc push_moments(struct db *db, struct arena *arena, int64_t supply_id, int64_t from_ms,
                     struct push_moment **ret_rows, size_t *ret_count) MUST_CHECK;
/* Pushes of a supply that tariffs made and that are due at or after from_ms; superseded and
   cancelled ones are left out. */
enum rc push_tariff_rows(struct db *db, struct arena *arena, int64_t supply_id, int64_t from_ms,
                         struct push_tariff_row **ret_rows, size_t *ret_count) MUST_CHECK;
/* Supplies that are under a tariff at or after a moment, by id. */
enum rc push_tariff_supplies(struct db *db, struct arena *arena, int64_t tariff_id, int64_t from_ms,
                             int64_t **ret_ids, size_t *ret_count) MUST_CHECK;

/* maker_id, approval_id: 0 none. */
enum rc push_tariff_add_batch(struct db *db, const char *reason, int64_t maker_id,
                              int64_t approval_id, int64_t tariff_id, int64_t due_at_ms,
                              int64_t *ret_id) MUST_CHECK;
/* A row that is refused from the beginning: no frame will ever leave. */
enum rc push_add_refused(struct db *db, int64_t batch_id, int64_t supply_id, int64_t epoch,
                         int64_t meter_id, const char *wanted_json, const char *code) MUST_CHECK;
/* pending or writing -> superseded. RC_CONFLICT: it ended. */
enum rc push_supersede(struct db *db, int64_t id) MUST_CHECK;
/* All open ones that tariffs made for a supply. */
enum rc push_supersede_tariffs(struct db *db, int64_t supply_id) MUST_CHECK;

#endif
