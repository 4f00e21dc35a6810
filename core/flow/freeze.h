/*
 * A supply is frozen when we no longer know which meter answers there (command_end). Freezing is
 * done by programs, ending it by a person, after the record and the meter agree again.
 */
#ifndef PW_FLOW_FREEZE_H
#define PW_FLOW_FREEZE_H

#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/rc.h"
#include "core/flow/command.h"
#include "core/store/audit.h"
#include "core/store/db.h"

/* Ends the freeze of a supply, inside a transaction, with its audit row. unit_number: what the
   person typed. RC_NOT_FOUND; RC_INVALID (reason, unit_number); RC_CONFLICT, "conflict": it is not
   frozen; RC_REFUSED: "stale", the serial number was not read since the freeze; "serial_mismatch",
   the meter still answers another one than recorded (the record is corrected by an import, a
   swapped meter by a swap). */
enum rc freeze_end(struct db *db, struct arena *arena, const struct actor *actor, int64_t supply_id,
                   const char *reason, const char *unit_number,
                   struct command_refusal *ret_refusal) MUST_CHECK;

#endif
