/*
 * The site's civil time: where its day starts, and what a meter's own clock means in UTC. A process
 * serves one site, so the zone is set once, before any thread starts.
 */
#ifndef PW_POLLER_SITE_DAY_H
#define PW_POLLER_SITE_DAY_H

#include <stdint.h>

#include "core/base/clock.h"
#include "core/base/rc.h"

struct site_day { /* [start, end) in milliseconds UTC; end 0: nothing known yet */
    int64_t start_ms;
    int64_t end_ms;
};

/* Sets the zone ("Asia/Shanghai"). RC_NOT_FOUND: this machine's zone data lacks it; UTC is then
 * used. */
enum rc site_day_set_zone(const char *zone) MUST_CHECK;
/* The day that holds at_ms; `day` is a cache of the caller. */
void site_day_find(struct site_day *day, int64_t at_ms);
/* A civil time of the site as milliseconds UTC; 0 if it cannot be said. */
int64_t site_day_from_parts(const struct clock_parts *parts);

#endif
