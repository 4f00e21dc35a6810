/*
 * A worker: one process that answers one request at a time over FastCGI until it is told to stop.
 */
#ifndef PW_CGI_WORKER_H
#define PW_CGI_WORKER_H

#include "cgi/counters.h"
#include "cgi/route.h"
#include "core/base/config.h"

#define WORKER_EXIT_REFUSED 78 /* the set-up is wrong: a restart would not help */

struct worker_start {
    const struct config *config;
    enum route_role role;
    int listen_descriptor;
    int hash_gate;
    struct counters *counters;
};

/* Runs until SIGTERM; a request in flight is finished. Returns the exit status. */
int worker_run(const struct worker_start *start);

#endif
