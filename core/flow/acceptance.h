/*
 * The outcome of an acceptance run (poller/acceptance.h) becomes what a model may promise.
 */
#ifndef PW_FLOW_ACCEPTANCE_H
#define PW_FLOW_ACCEPTANCE_H

#include <stddef.h>

#include "core/base/arena.h"
#include "core/base/rc.h"
#include "core/store/audit.h"
#include "core/store/db.h"

#define ACCEPTANCE_STEPS_MAX 16

/* One step of a run, as recorded. */
struct acceptance_step {
    const char *step;
    const char *capability;
    const char *verdict; /* proven, disproved, unclear */
};

/* Writes it, one transaction with its audit row that holds the whole record: proven stays proven,
   disproved is no longer promised, unclear is unverified; what had no step stays as it was. The
   model is accepted when its purchase is proven. run_json: what the poller answered. ret_steps:
   room for ACCEPTANCE_STEPS_MAX. RC_NOT_FOUND: no such model; RC_INVALID: no run. */
enum rc acceptance_record(struct db *db, struct arena *arena, const struct actor *actor,
                          const char *model_code, const char *meter_number, const char *reason,
                          const char *run_json, struct acceptance_step *ret_steps,
                          size_t *ret_count, const char **ret_capabilities) MUST_CHECK;

#endif
