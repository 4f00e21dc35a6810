/*
 * Lock-out (检修锁定): somebody works on the wires. An active row that every closing order meets at
 * three doors (the desk, the poller's take, and the last check before the frame), and a forced trip
 * in the meter, ordered in the same transaction and proved like any other. Lifting it closes
 * nothing: the forced trip stays until people order otherwise.
 */
#ifndef PW_FLOW_LOCK_OUT_H
#define PW_FLOW_LOCK_OUT_H

#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/rc.h"
#include "core/flow/command.h"
#include "core/store/audit.h"
#include "core/store/db.h"

struct lock_out_request {
    int64_t supply_id;
    const char *reason;      /* 1 .. 200 characters */
    const char *unit_number; /* what the person typed */
    int64_t approval_id;     /* set when a second person agreed (protected supply), else 0 */
};

struct lock_out_answer {
    int64_t lock_out_id; /* 0 when an approval was made instead */
    int64_t command_id;  /* its trip */
    int64_t approval_id;
    int32_t shard;
};

/* Locks out and orders the trip, inside a transaction. The actor becomes the holder. RC_NOT_FOUND;
   RC_INVALID; RC_REFUSED: locked_out already, or the trip itself is refused (a lock-out that cannot
   be proved is none). */
enum rc lock_out_create(struct db *db, struct arena *arena, const struct actor *actor,
                        const struct lock_out_request *request, struct lock_out_answer *ret_answer,
                        struct command_refusal *ret_refusal) MUST_CHECK;

/* The holder lifts at once (*ret_approval_id = 0); an administrator makes an approval; others:
   RC_FORBIDDEN. Inside a transaction. RC_NOT_FOUND; RC_CONFLICT when it was lifted before. A trip
   of it that no poller took is cancelled. */
enum rc lock_out_lift(struct db *db, struct arena *arena, const struct actor *actor,
                      int64_t lock_out_id, const char *reason, int64_t *ret_approval_id,
                      struct command_refusal *ret_refusal) MUST_CHECK;
/* What approval_decide calls once a second person agreed. */
enum rc lock_out_lift_approved(struct db *db, struct arena *arena, const struct actor *maker,
                               int64_t lock_out_id, const char *reason, int64_t approval_id,
                               struct command_refusal *ret_refusal) MUST_CHECK;

#endif
