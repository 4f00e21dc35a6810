/*
 * Closing the days of a supply: proof rows, what each posts, and what a day waits for. One call,
 * one supply, one day, one transaction; a day that stands is never touched again, so that running
 * it once more, or on two machines, or after a crash, posts nothing twice.
 *
 * Meter mode posts as use what the meter took, so that the ledger's prepaid money of a supply is
 * what its meter said at the last boundary. Where the meter charged old prices (旧价运行), the
 * difference to the tariff is posted as its own line, and a correction of just that amount settles
 * it. Platform mode posts nothing: its use was posted charge by charge.
 *
 * No audit row a supply and day: a proof is itself only ever added; proof_run_end writes one a
 * round.
 */
#ifndef PW_FLOW_PROOF_H
#define PW_FLOW_PROOF_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/rc.h"
#include "core/rules/calendar.h"
#include "core/rules/tariff.h"
#include "core/store/audit.h"
#include "core/store/db.h"

#define PROOF_RETRY_MS INT64_C(300000) /* a day that waits is looked at so often */
#define PROOF_TARIFFS_MAX 64           /* kept in a round; more are read again */

/* What the supplies of one round share. */
struct proof_run {
    struct arena *arena;
    struct calendar_zone zone;
    int64_t now_ms;
    int64_t delay_ms; /* a day is closed so long after its end */
    bool spooled;     /* pollers hold readings back: nothing is estimated */
    int tariff_count;
    struct proof_tariff {
        int64_t id;
        struct tariff *tariff; /* NULL: it has no version */
    } tariffs[PROOF_TARIFFS_MAX];
    int64_t closed;
    int64_t waiting;
    int64_t differing; /* stretches of another difference than same and no_tariff */
};

enum proof_step {
    PROOF_STEP_NOTHING, /* its day is not over, or it has none */
    PROOF_STEP_CLOSED,  /* one day; there may be more */
    PROOF_STEP_WAITS
};

/* arena: lives as long as the run. delay_ms >= 0. */
enum rc proof_run_begin(struct db *db, struct arena *arena, int64_t now_ms, int64_t delay_ms,
                        struct proof_run *ret_run) MUST_CHECK;
/* Closes the first open day of a supply, if it is over. RC_NOT_FOUND: no such supply. */
enum rc proof_close_day(struct db *db, struct proof_run *run, int64_t supply_id,
                        enum proof_step *ret_step) MUST_CHECK;
/* One audit row about a round in which something was closed. */
enum rc proof_run_end(struct db *db, const struct actor *actor,
                      const struct proof_run *run) MUST_CHECK;

#endif
