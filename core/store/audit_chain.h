/*
 * Rows of the audit log and of the chain over it, for core/flow/audit_chain. Both only grow.
 */
#ifndef PW_STORE_AUDIT_CHAIN_H
#define PW_STORE_AUDIT_CHAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/rc.h"
#include "core/store/db.h"

#define AUDIT_HASH_BYTES 32
#define AUDIT_COLUMNS 15 /* of table audit, id first */

struct audit_link {
    int64_t position;
    int64_t audit_id;
    uint8_t hash[AUDIT_HASH_BYTES];
};

/* A row as it is chained: every column as text, in the order of the table; times in milliseconds.
 */
struct audit_text {
    int64_t id;
    int64_t at_ms;
    const char *columns[AUDIT_COLUMNS];
    size_t lens[AUDIT_COLUMNS];
};

/* A link with its row; has_row is false when the log lacks it. */
struct audit_pair {
    struct audit_link link;
    bool has_row;
    struct audit_text row;
};

struct audit_seal {
    char day[16]; /* "2026-11-22" */
    int64_t position;
    uint8_t hash[AUDIT_HASH_BYTES];
};

/* The last link; position 0 and a hash of zeros when there is none. lock: FOR UPDATE, in a
 * transaction. */
enum rc audit_chain_last(struct db *db, struct arena *arena, bool lock,
                         struct audit_link *ret_link) MUST_CHECK;
/* Rows with an id above after_id that no link holds, by id. */
enum rc audit_unchained(struct db *db, struct arena *arena, int64_t after_id, size_t max,
                        struct audit_text **ret_rows, size_t *ret_count) MUST_CHECK;
/* How many rows no link holds, and the time of the oldest (0: none); with id above after_id. */
enum rc audit_unchained_count(struct db *db, struct arena *arena, int64_t after_id,
                              int64_t *ret_count, int64_t *ret_first_id,
                              int64_t *ret_oldest_at_ms) MUST_CHECK;
/* Appends links (all with positions that follow each other). In a transaction. RC_CONFLICT: another
 * appended. */
enum rc audit_chain_append(struct db *db, const struct audit_link *links, size_t count) MUST_CHECK;
/* Links above a position with their rows, by position. */
enum rc audit_pairs(struct db *db, struct arena *arena, int64_t after_position, size_t max,
                    struct audit_pair **ret_pairs, size_t *ret_count) MUST_CHECK;
/* Seals by day, the newest `max` of them. */
enum rc audit_seals(struct db *db, struct arena *arena, size_t max, struct audit_seal **ret_seals,
                    size_t *ret_count) MUST_CHECK;
/* Hash at a position; RC_NOT_FOUND. */
enum rc audit_hash_at(struct db *db, struct arena *arena, int64_t position,
                      uint8_t ret_hash[AUDIT_HASH_BYTES]) MUST_CHECK;
/* The last link made before a moment; RC_NOT_FOUND. */
enum rc audit_chain_before(struct db *db, struct arena *arena, int64_t before_ms,
                           struct audit_link *ret_link) MUST_CHECK;
/* RC_CONFLICT: the day is sealed already. */
enum rc audit_seal_add(struct db *db, const struct audit_seal *seal) MUST_CHECK;

#endif
