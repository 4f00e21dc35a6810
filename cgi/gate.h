/*
 * A gate that lets only a few password hashes run at once across all workers (each takes 64 MiB and
 * a core). Places are byte-range locks on an anonymous file, so a worker that dies gives its place
 * back.
 */
#ifndef PW_CGI_GATE_H
#define PW_CGI_GATE_H

#include "core/base/rc.h"

#define GATE_PLACES 2
#define GATE_WAIT_MS 5000

/* Makes the gate; its descriptor is inherited by workers. RC_IO. */
enum rc gate_new(int *ret_descriptor) MUST_CHECK;
/* Waits for a place. RC_RATE_LIMITED when none came free in time. */
enum rc gate_enter(int descriptor, int *ret_place) MUST_CHECK;
void gate_leave(int descriptor, int place);

#endif
