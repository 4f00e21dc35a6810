/*
 * What asking for a push by a person and by a tariff share. Internal to core/flow.
 */
#ifndef PW_FLOW_PUSH_OWN_H
#define PW_FLOW_PUSH_OWN_H

#include "core/rules/push.h"
#include "core/rules/tariff.h"
#include "core/store/supply.h"

/* The four prices and, with rates, the tables of a version. "" or why no meter takes it: "steps",
   or the code of its calendar (table_misfit_code); *wanted is then as it was. */
const char *push_want_version(const struct tariff_version *version, struct push_wanted *wanted);
/* Does the meter's model take parameters: proven, or unverified and accepted against the simulator?
 */
bool push_is_offered(const struct supply *supply);

#endif
