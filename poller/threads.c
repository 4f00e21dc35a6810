#include "poller/threads.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

enum rc thread_start(pthread_t *thread, const char *name, void *(*run)(void *), void *argument)
{
    assert(thread != NULL && name != NULL && run != NULL);
    pthread_attr_t attributes;
    if (pthread_attr_init(&attributes) != 0) {
        return RC_MEMORY;
    }
    int failed = pthread_attr_setstacksize(&attributes, THREAD_STACK_BYTES);
    /* Signals go to the main thread alone. */
    sigset_t all;
    sigset_t before;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    if (failed == 0) {
        failed = pthread_create(thread, &attributes, run, argument);
    }
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    (void)pthread_attr_destroy(&attributes);
    if (failed != 0) {
        return RC_MEMORY;
    }
    (void)pthread_setname_np(*thread, name);
    return RC_OK;
}

void mutex_init(pthread_mutex_t *mutex)
{
    int failed = pthread_mutex_init(mutex, NULL);
    assert(failed == 0);
}

void mutex_lock(pthread_mutex_t *mutex)
{
    int failed = pthread_mutex_lock(mutex);
    assert(failed == 0);
}

void mutex_unlock(pthread_mutex_t *mutex)
{
    int failed = pthread_mutex_unlock(mutex);
    assert(failed == 0);
}

void condition_init(pthread_cond_t *condition)
{
    pthread_condattr_t attributes;
    int failed = pthread_condattr_init(&attributes);
    assert(failed == 0);
    failed = pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    assert(failed == 0);
    failed = pthread_cond_init(condition, &attributes);
    assert(failed == 0);
    (void)pthread_condattr_destroy(&attributes);
}

bool condition_wait_until(pthread_cond_t *condition, pthread_mutex_t *mutex, int64_t until_ms)
{
    struct timespec until = {.tv_sec = (time_t)(until_ms / 1000),
                             .tv_nsec = (long)(until_ms % 1000) * 1000000};
    int failed = pthread_cond_timedwait(condition, mutex, &until);
    assert(failed == 0 || failed == ETIMEDOUT);
    return failed == 0;
}
