/*
 * Settings of the site that people change while it runs (table site_setting), each change with its
 * audit row.
 *
 *   accept_experimental_models   1: orders may go to meters whose model is experimental; only for a
 * simulated site
 */
#ifndef PW_FLOW_SETTING_H
#define PW_FLOW_SETTING_H

#include <stdbool.h>

#include "core/base/arena.h"
#include "core/base/rc.h"
#include "core/store/audit.h"
#include "core/store/db.h"

/* value: as typed ("true", "1", "false", "0"). simulated: [site] simulated. RC_NOT_FOUND: no such
   setting; RC_INVALID: not a value of it; RC_REFUSED: a rule forbids it here. *ret_why: a static
   sentence on failure, else "". */
enum rc setting_change(struct db *db, struct arena *arena, const struct actor *actor,
                       const char *name, const char *value, bool simulated, const char *reason,
                       const char **ret_why) MUST_CHECK;

#endif
