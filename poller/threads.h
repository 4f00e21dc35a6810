/*
 * Threads with small stacks, and locks that cannot fail: a failing lock is a fault of ours, so it
 * is asserted. Conditions wait on the monotonic clock.
 */
#ifndef PW_POLLER_THREADS_H
#define PW_POLLER_THREADS_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/base/rc.h"

#define THREAD_STACK_BYTES (256 * 1024)

/* Starts a joinable thread; name: at most 15 characters, seen in ps -L. RC_MEMORY when the system
 * has no more. */
enum rc thread_start(pthread_t *thread, const char *name, void *(*run)(void *),
                     void *argument) MUST_CHECK;
void mutex_init(pthread_mutex_t *mutex);
void mutex_lock(pthread_mutex_t *mutex);
void mutex_unlock(pthread_mutex_t *mutex);
void condition_init(pthread_cond_t *condition);
/* Waits until until_ms (clock_monotonic_ms). False when the time is over. */
bool condition_wait_until(pthread_cond_t *condition, pthread_mutex_t *mutex, int64_t until_ms);

#endif
