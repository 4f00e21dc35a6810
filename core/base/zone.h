/*
 * The civil time of the site. A process serves one site, so the zone belongs to the process: it is
 * set before threads start, or in a process that has none.
 */
#ifndef PW_BASE_ZONE_H
#define PW_BASE_ZONE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/clock.h"
#include "core/base/rc.h"

/* Sets the zone ("Asia/Shanghai"). RC_NOT_FOUND: this machine's zone data lacks it; UTC is then
 * used. RC_MEMORY. */
enum rc zone_set(const char *name) MUST_CHECK;
/* The civil time of the zone at a wall time. False if it cannot be said. */
bool zone_parts(int64_t at_ms, struct clock_parts *ret_parts);

#endif
