/*
 * Counters of a role's workers: shared memory made by the master before it forks, written by atomic
 * adds. The master rewrites cgi-<role>.prom in [paths] state every few seconds; /metrics joins
 * these files.
 */
#ifndef PW_CGI_COUNTERS_H
#define PW_CGI_COUNTERS_H

#include <stdatomic.h>
#include <stdint.h>

#include "cgi/route.h"
#include "core/base/rc.h"
#include "core/base/text.h"

#define COUNTERS_ROUTES_MAX 256
#define COUNTERS_BUCKETS 7 /* <= 5, 10, 20, 50, 100, 500 ms, more */

struct counters_route {
    _Atomic uint64_t answers[6]; /* by status / 100 */
    _Atomic uint64_t bucket[COUNTERS_BUCKETS];
    _Atomic uint64_t sum_us;
};

struct counters {
    struct counters_route
        routes[COUNTERS_ROUTES_MAX + 1]; /* the last: requests that matched none */
    _Atomic uint64_t worker_deaths;
    _Atomic uint64_t workers;
    _Atomic uint64_t rate_limited;
    _Atomic uint64_t idempotent_replays;
};

/* Makes the shared memory; lives as long as the process and its children. RC_MEMORY. */
enum rc counters_new(struct counters **ret_counters) MUST_CHECK;
/* Counts one answer; route NULL: none matched. */
void counters_answer(struct counters *counters, const struct route *route, int status,
                     int64_t took_us);
/* Appends them in the Prometheus text format. */
void counters_write(const struct counters *counters, enum route_role role, struct text *out);

#endif
