/*
 * What the last run of the invariants found, for the page and /healthz.
 */
#ifndef PW_STORE_INVARIANT_RESULT_H
#define PW_STORE_INVARIANT_RESULT_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/rc.h"
#include "core/store/db.h"
#include "core/store/invariant.h"

struct invariant_result {
    const char *name;
    const char *zh;
    const char *en;
    const char *state;     /* ok, broken, unknown */
    const char *offenders; /* one a line, "" none */
    int64_t checked_at;
    int64_t broken_since_at; /* 0: it holds */
};

/* Keeps the result of one, in a transaction. */
enum rc invariant_results_keep(struct db *db, const struct invariant *invariant, const char *state,
                               const char *offenders, int64_t at_ms) MUST_CHECK;
/* Forgets those that were not checked in the run of at_ms: their files are gone. */
enum rc invariant_results_forget(struct db *db, int64_t at_ms) MUST_CHECK;
/* By name. */
enum rc invariant_results_list(struct db *db, struct arena *arena,
                               struct invariant_result **ret_results, size_t *ret_count) MUST_CHECK;

struct invariant_summary {
    int64_t checked;       /* how many; 0: never */
    int64_t broken;        /* or could not be checked */
    int64_t checked_at_ms; /* 0: never */
};
/* The machine role's rights suffice. */
enum rc invariant_results_summary(struct db *db, struct arena *arena,
                                  struct invariant_summary *ret_summary) MUST_CHECK;

#endif
