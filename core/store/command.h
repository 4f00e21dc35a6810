/*
 * Rows of the command table. Every change of a row asserts a transaction in which the supply's row
 * is locked (supply_lock); the moves themselves are decided by flow with
 * core/rules/command_state.h.
 */
#ifndef PW_STORE_COMMAND_H
#define PW_STORE_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/rc.h"
#include "core/rules/command_state.h"
#include "core/store/db.h"

#define COMMANDS_OPEN_MAX 100 /* open orders of one supply; flow keeps them below a handful */

struct command_row {
    int64_t id;
    int64_t supply_id;
    int64_t meter_id;
    int64_t epoch;
    enum command_kind kind;
    enum command_origin origin;
    enum command_state state;
    const char *reason;
    int64_t requested_by; /* 0: the system */
    int64_t requested_at_ms;
    int64_t expires_at_ms;
    int64_t sent_at_ms;          /* 0: not sent */
    int64_t keep_on_until_at_ms; /* 0 unless keep_on */
    int64_t lock_out_id;         /* 0: none */
    int64_t approval_id;         /* 0: none */
    const char *taken_by;        /* "" nobody */
};

/* Writes a pending order. id, sent_at_ms, taken_by and state are ignored. */
enum rc commands_insert(struct db *db, const struct command_row *row, int64_t *ret_id) MUST_CHECK;
/* The row, texts in the arena. RC_NOT_FOUND. */
enum rc commands_get(struct db *db, struct arena *arena, int64_t id,
                     struct command_row *ret_row) MUST_CHECK;
/* Orders of a supply that are pending, taken or sent, oldest first. */
enum rc commands_open(struct db *db, struct arena *arena, int64_t supply_id,
                      struct command_row **ret_rows, size_t *ret_count) MUST_CHECK;
/* The newest order of a supply that writes and was not called off, refused or too late; 0 none. */
enum rc commands_newest(struct db *db, struct arena *arena, int64_t supply_id,
                        int64_t *ret_id) MUST_CHECK;
/* Open orders of a shard: pending; taken longer ago than stuck_ms; sent; unknown younger than a
 * day. Oldest first. */
enum rc commands_of_shard(struct db *db, struct arena *arena, int32_t shard, int64_t stuck_ms,
                          size_t max, struct command_row **ret_rows, size_t *ret_count) MUST_CHECK;

/* Pending orders whose time is over, oldest first. */
enum rc commands_due(struct db *db, struct arena *arena, size_t max, int64_t **ret_ids,
                     size_t *ret_count) MUST_CHECK;

/* Moves from -> to with the time the state needs. RC_CONFLICT when the row is not in `from`. */
enum rc commands_set_taken(struct db *db, int64_t id, const char *instance) MUST_CHECK;
enum rc commands_set_pending(struct db *db, int64_t id) MUST_CHECK; /* from taken */
enum rc commands_set_sent(struct db *db, int64_t id) MUST_CHECK;    /* from taken */
/* To a state without return, or unknown. result_code "" becomes NULL; evidence_json "" keeps what
 * was there. */
enum rc commands_set_ended(struct db *db, int64_t id, enum command_state from,
                           enum command_state to, const char *result_code,
                           const char *evidence_json) MUST_CHECK;
enum rc commands_set_superseded(struct db *db, int64_t id, enum command_state from,
                                int64_t by_id) MUST_CHECK;

#endif
