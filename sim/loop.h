/*
 * The event loop of the simulators: one thread, epoll for descriptors, one timerfd for all timers.
 *
 * A source or timer is owned by its user and must outlive its registration. Callbacks may add and
 * remove any source or timer, also their own. After each round of events the hook runs once, then
 * sources that asked for it are flushed by their owners in it: so state is stored before answers
 * leave. Order of calls: loop_new, add..., loop_run, loop_free.
 */
#ifndef PW_SIM_LOOP_H
#define PW_SIM_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/rc.h"

#define LOOP_TIMERS_MAX 65536

struct loop;

struct loop_source {
    int fd; /* -1 while unregistered */
    void (*ready)(struct loop_source *source, uint32_t events);
};

struct loop_timer {
    int64_t due_ns; /* monotonic */
    uint32_t place; /* in the heap, 0 while not set */
    void (*due)(struct loop_timer *timer);
};

/* RC_IO, RC_MEMORY. */
enum rc loop_new(struct loop **ret_loop) MUST_CHECK;
/* Frees the loop, not the sources. Accepts NULL. */
void loop_free(struct loop *loop);
/* Monotonic nanoseconds, read freshly. */
int64_t loop_now_ns(void);
/* Watches source->fd for events (EPOLLIN ...). RC_IO. */
enum rc loop_add(struct loop *loop, struct loop_source *source, uint32_t events) MUST_CHECK;
/* Changes what is watched. */
void loop_change(struct loop *loop, struct loop_source *source, uint32_t events);
/* Stops watching; does not close the descriptor. Harmless when source->fd is -1. */
void loop_remove(struct loop *loop, struct loop_source *source);
/* Sets or moves a timer. More than LOOP_TIMERS_MAX at a time is a programming error. */
void loop_set(struct loop *loop, struct loop_timer *timer, int64_t due_ns);
/* Harmless when the timer is not set. */
void loop_unset(struct loop *loop, struct loop_timer *timer);
/* hook(context) runs after each round of events, before the loop sleeps. */
void loop_hook(struct loop *loop, void (*hook)(void *context), void *context);
/* Runs until loop_stop. RC_IO. */
enum rc loop_run(struct loop *loop) MUST_CHECK;
void loop_stop(struct loop *loop);

#endif
