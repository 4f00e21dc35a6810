/*
 * Lines start read-only; an administrator makes them writable, one at a time, with a reason.
 */
#ifndef PW_FLOW_LINE_H
#define PW_FLOW_LINE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/rc.h"
#include "core/flow/command.h"
#include "core/store/audit.h"
#include "core/store/db.h"

/* Sets whether frames that write may leave on the line; inside a transaction, with its audit row
   (none when it is so already). An order whose frame is committed as sent is not called back; one
   that is only taken is refused at the last check. RC_NOT_FOUND, RC_INVALID. */
enum rc line_set_writable(struct db *db, struct arena *arena, const struct actor *actor,
                          int64_t line_id, bool writable, const char *reason,
                          struct command_refusal *ret_refusal) MUST_CHECK;

#endif
