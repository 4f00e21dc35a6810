/*
 * The master of one role: opens the socket, forks the workers, replaces one that dies, and ends
 * them.
 *
 *   TERM, INT  workers finish the request in flight (5 s, then they are killed), the socket is
 * removed HUP        settings are read again; workers are replaced one after another's last request
 *   a worker that dies early is replaced after a pause that grows from 0.1 s to 5 s
 */
#ifndef PW_CGI_MASTER_H
#define PW_CGI_MASTER_H

#include "cgi/route.h"
#include "core/base/config.h"

/* Runs until told to stop. Returns the exit status. */
int master_run(struct config *config, enum route_role role);

#endif
