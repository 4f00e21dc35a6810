/*
 * Rows of push_batch and push. Changes of a push assert a transaction in which the supply is
 * locked, and answer RC_CONFLICT when the row is not in the state it is moved from.
 */
#ifndef PW_STORE_PUSH_H
#define PW_STORE_PUSH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/rc.h"
#include "core/rules/push.h"
#include "core/store/db.h"

#define PUSH_BATCH_MAX 5000 /* meters of one batch */

/* An open push as the poller finds it. */
struct push_look {
    int64_t id;
    int64_t supply_id;
    int64_t epoch;
    int64_t meter_id;
    int64_t line_id;
    int64_t writes;
    bool writing;   /* a frame may have left */
    bool blocked;   /* frozen, read-only, silent, or a delivery or adjustment is in flight */
    bool by_tariff; /* a tariff made it by itself */
    struct push_wanted wanted;
};

/* Progress of a batch. */
struct push_progress {
    int64_t batch_id;
    const char *reason;
    int64_t due_at;
    int64_t created_at;
    int64_t open, confirmed, refused, other;
    const char *maker_name;
    int64_t approval_id; /* 0: none */
};

enum rc pushes_add_batch(struct db *db, const char *reason, int64_t maker_id, int64_t approval_id,
                         int64_t due_at_ms, int64_t *ret_id) MUST_CHECK;
/* A pending row; open ones of the same supply are superseded, except the one that a change of mode
   waits for, and one that switches fee control by one that does not; supersedes false: none but
   what this one decides anew about fee control. */
enum rc pushes_add(struct db *db, int64_t batch_id, int64_t supply_id, int64_t epoch,
                   int64_t meter_id, const char *wanted_json, bool supersedes,
                   int64_t *ret_id) MUST_CHECK;
/* Due ones of a shard: those that may go now first, then by their moment. */
enum rc pushes_of_shard(struct db *db, struct arena *arena, int32_t shard, size_t max,
                        struct push_look **ret_looks, size_t *ret_count) MUST_CHECK;
/* One, for the poller's steps. RC_NOT_FOUND. */
enum rc pushes_get(struct db *db, struct arena *arena, int64_t id, struct push_look *ret_look,
                   const char **ret_state) MUST_CHECK;
/* A frame leaves now: pending or writing -> writing, writes + 1. */
enum rc pushes_set_writing(struct db *db, int64_t id) MUST_CHECK;
/* -> confirmed, refused. */
enum rc pushes_set_ended(struct db *db, int64_t id, bool confirmed, const char *code) MUST_CHECK;
/* A meter of a batch, as pages show it. */
struct push_view {
    int64_t id;
    int64_t supply_id;
    int64_t meter_id;
    const char *unit_number; /* "" none */
    const char *meter_number;
    const char *state;
    const char *wait_code; /* why it was refused, or what an open one waits for; "" */
    const char *wanted;    /* JSON */
    const char *standing;  /* JSON of what stands in the meter as last read, NULL never */
    int64_t writes;
    int64_t written_at;
    int64_t ended_at;
};

/* Meters of a batch: open ones, refused ones, then the rest. */
enum rc push_list(struct db *db, struct arena *arena, int64_t batch_id, struct push_view **ret_rows,
                  size_t *ret_count) MUST_CHECK;
/* Of one batch; RC_NOT_FOUND. */
enum rc push_progress_one(struct db *db, struct arena *arena, int64_t batch_id,
                          struct push_progress *ret_row) MUST_CHECK;
/* Newest batches first. */
enum rc push_progress_list(struct db *db, struct arena *arena, size_t limit,
                           struct push_progress **ret_rows, size_t *ret_count) MUST_CHECK;

#endif
