/*
 * What check and commit of a take-over share. Internal to core/flow.
 */
#ifndef PW_FLOW_TAKE_OVER_OWN_H
#define PW_FLOW_TAKE_OVER_OWN_H

#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/rc.h"
#include "core/rules/take_over.h"
#include "core/store/db.h"
#include "core/store/take_over.h"

/* Takes what the meter said last (as the first reading where there is none, else as the second),
   judges the row and writes verdict and messages into it. Nothing is stored. */
enum rc take_over_look(struct db *db, struct arena *arena, struct take_over_row *row,
                       enum take_over_verdict *ret_verdict) MUST_CHECK;
/* Verdict and its sentences into the row. */
void take_over_say(struct take_over_row *row, enum take_over_verdict verdict);

#endif
