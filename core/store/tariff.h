/*
 * Rows of tariff, tariff_version, supply_tariff: plans, what they say from when, who is charged
 * under which. core/rules/tariff.h is what a version means.
 */
#ifndef PW_STORE_TARIFF_H
#define PW_STORE_TARIFF_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/rc.h"
#include "core/store/db.h"

#define TARIFFS_MAX 500
#define TARIFF_ROWS_MAX 64 /* versions of one tariff */

struct tariff_row {
    int64_t id;
    const char *code;
    const char *name;
    const char *name_en;
    const char *state; /* active, retired */
    int64_t created_at;
    const char *kind;      /* of the version in force, NULL: none yet */
    int64_t valid_from_at; /* likewise, 0 */
    int64_t next_from_at;  /* the next version, 0: none */
    int64_t supplies;      /* charged under it now */
};

struct tariff_version_row {
    int64_t id;
    int64_t valid_from_at;
    const char *kind;
    const char *body; /* JSON */
    const char *created_by_name;
    int64_t created_at;
};

/* RC_CONFLICT: the code is taken. */
enum rc tariffs_insert(struct db *db, int64_t site_id, const char *code, const char *name,
                       const char *name_en, int64_t *ret_id) MUST_CHECK;
/* All, by code. */
enum rc tariffs_list(struct db *db, struct arena *arena, struct tariff_row **ret_rows,
                     size_t *ret_count) MUST_CHECK;
/* RC_NOT_FOUND. */
enum rc tariffs_get(struct db *db, struct arena *arena, int64_t id,
                    struct tariff_row *ret_row) MUST_CHECK;
/* By code; RC_NOT_FOUND. */
enum rc tariffs_find(struct db *db, struct arena *arena, const char *code,
                     int64_t *ret_id) MUST_CHECK;
/* Locks the tariff until the end of the transaction. RC_NOT_FOUND. */
enum rc tariffs_lock(struct db *db, struct arena *arena, int64_t id) MUST_CHECK;
enum rc tariffs_set_state(struct db *db, int64_t id, const char *state) MUST_CHECK;

/* RC_CONFLICT: it has a version of that moment. created_by, approval_id: 0 none. */
enum rc tariff_versions_insert(struct db *db, int64_t tariff_id, int64_t valid_from_at_ms,
                               const char *kind, const char *body, int64_t created_by,
                               int64_t approval_id, int64_t *ret_id) MUST_CHECK;
/* Oldest first. */
enum rc tariff_versions_list(struct db *db, struct arena *arena, int64_t tariff_id,
                             struct tariff_version_row **ret_rows, size_t *ret_count) MUST_CHECK;

/* From a moment on. RC_CONFLICT: the supply has an assignment of that moment; RC_REFUSED: no such
   tariff or supply. */
enum rc supply_tariffs_insert(struct db *db, int64_t supply_id, int64_t tariff_id,
                              int64_t valid_from_at_ms, int64_t created_by) MUST_CHECK;
/* The tariff in force for a supply; RC_NOT_FOUND. */
enum rc supply_tariffs_at(struct db *db, struct arena *arena, int64_t supply_id, int64_t at_ms,
                          int64_t *ret_tariff_id) MUST_CHECK;

/* Energy charged to a supply in the period that began then; 0 where nothing was yet. */
enum rc supply_period_wh(struct db *db, struct arena *arena, int64_t supply_id,
                         int64_t period_start_at_ms, int64_t *ret_wh) MUST_CHECK;

#endif
