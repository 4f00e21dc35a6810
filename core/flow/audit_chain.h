/*
 * The chain over the audit log: position 1, 2, 3, ... each with hash = HMAC-SHA256(key, previous
 * hash, row).
 *
 * Audit rows are written in the acts' own transactions, which commit in any order; so ids are not
 * the order of the chain. A row is chained when it is first seen, whatever its id; positions have
 * no gaps. Days are sealed, and the head is written outside the database now and then (an anchor),
 * so that cutting off the tail of both tables shows.
 */
#ifndef PW_FLOW_AUDIT_CHAIN_H
#define PW_FLOW_AUDIT_CHAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/rc.h"
#include "core/store/audit_chain.h"
#include "core/store/db.h"

#define AUDIT_CHAIN_STEP_MAX 1000
#define AUDIT_CHAIN_LATE_MS 60000 /* a row that waits longer is an alarm */
/* A row may become visible after rows with ids this much higher; past that only a look at the whole
 * log finds it. */
#define AUDIT_CHAIN_LOOK_BACK 4000

/* Appends up to AUDIT_CHAIN_STEP_MAX rows in one transaction. whole: looks at every id, else only
 * near the end. */
enum rc audit_chain_step(struct db *db, struct arena *arena, const uint8_t key[32], bool whole,
                         size_t *ret_count) MUST_CHECK;
/* Seals a day of the site that is over: the last link made before day_end_ms. RC_EXISTS: sealed
   already; RC_NOT_FOUND: nothing to seal. */
enum rc audit_chain_seal(struct db *db, struct arena *arena, const char *day,
                         int64_t day_end_ms) MUST_CHECK;

enum audit_verdict {
    AUDIT_OK,
    AUDIT_ALTERED,      /* a chained row differs from what was chained, or a link is missing */
    AUDIT_LOG_LONGER,   /* rows that no link holds, older than AUDIT_CHAIN_LATE_MS */
    AUDIT_CHAIN_LONGER, /* links whose rows are gone */
    AUDIT_SEAL_MISMATCH /* a seal or anchor that the chain does not lead to */
};

struct audit_verification {
    enum audit_verdict verdict;
    int64_t rows;         /* links that were checked */
    int64_t first_bad_id; /* audit id; 0: none */
    int64_t unchained;    /* rows not chained yet, late or not */
    char last_sealed_day[16];
    char text_zh[300];
    char text_en[300];
};

/* Recomputes everything. anchor: a link that must be there, or NULL. Reads in batches; the arena is
   reset between them, so nothing else may live in it. */
enum rc audit_chain_verify(struct db *db, struct arena *arena, const uint8_t key[32],
                           const struct audit_link *anchor,
                           struct audit_verification *ret_verification) MUST_CHECK;
/* "ok", "altered", "log_longer", "chain_longer", "seal_mismatch". Never NULL. */
const char *audit_verdict_name(enum audit_verdict verdict);

/* The hash of a link; for tests and the functions above. */
void audit_link_hash(const uint8_t key[32], const uint8_t previous[32],
                     const struct audit_text *row, struct arena *arena, uint8_t ret_hash[32]);

#endif
