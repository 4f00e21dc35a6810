/*
 * Other programs, run as children: found in the system's own folders, with words instead of a shell
 * line, no terminal and no descriptors of ours but the three they are given. A child dies with the
 * thread that started it.
 */
#ifndef PW_BASE_CHILD_H
#define PW_BASE_CHILD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/base/rc.h"

#define CHILD_WORDS_MAX 64
#define CHILD_KILL_MS 10000 /* from TERM to KILL */

struct child_spec {
    const char *const *words; /* NULL behind the last; words[0] without a slash is looked up */
    bool gentle;              /* nice 10 and idle disk time: it must not slow the field down */
    int in_fd;                /* borrowed; -1: nothing to read, likewise the next two */
    int out_fd;
    int err_fd;
};

/* Starts it. RC_NOT_FOUND: there is no such program; RC_IO. Time zone and language of the child are
   UTC and C. */
enum rc child_start(const struct child_spec *spec, pid_t *ret_pid) MUST_CHECK;
/* Waits until it ends. stop: asked now and then, true ends it (may be NULL). RC_OK: it ended with
   status 0; RC_REFUSED: with another, or by a signal; RC_TIMEOUT, RC_EXPIRED (stopped): it was
   ended by us. timeout_ms 0: no limit. */
enum rc child_wait(pid_t pid, int64_t timeout_ms, bool (*stop)(void)) MUST_CHECK;
/* TERM, then KILL; waits. */
void child_end(pid_t pid);
/* True while it runs; one that has ended is not collected. */
bool child_lives(pid_t pid);

#endif
