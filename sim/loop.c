#include "sim/loop.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define EVENTS_MAX 64

struct loop {
    int epoll_fd;
    int timer_fd;
    int64_t armed_ns; /* what timer_fd waits for, 0 = nothing */
    bool stopped;
    void (*hook)(void *context);
    void *hook_context;
    struct epoll_event events[EVENTS_MAX];
    int events_len;
    uint32_t timers_len;
    struct loop_timer *timers[LOOP_TIMERS_MAX + 1]; /* a heap by due_ns, place 1 is the earliest */
};

enum rc loop_new(struct loop **ret_loop)
{
    struct loop *loop = calloc(1, sizeof *loop);
    if (loop == NULL) {
        return RC_MEMORY;
    }
    loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    loop->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
    if (loop->epoll_fd < 0 || loop->timer_fd < 0 ||
        epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, loop->timer_fd, &event) != 0) {
        loop_free(loop);
        return RC_IO;
    }
    *ret_loop = loop;
    return RC_OK;
}

void loop_free(struct loop *loop)
{
    if (loop == NULL) {
        return;
    }
    if (loop->epoll_fd >= 0) {
        close(loop->epoll_fd);
    }
    if (loop->timer_fd >= 0) {
        close(loop->timer_fd);
    }
    free(loop);
}

int64_t loop_now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

enum rc loop_add(struct loop *loop, struct loop_source *source, uint32_t events)
{
    assert(source->fd >= 0 && source->ready != NULL);
    struct epoll_event event = {.events = events, .data.ptr = source};
    return epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, source->fd, &event) == 0 ? RC_OK : RC_IO;
}

void loop_change(struct loop *loop, struct loop_source *source, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = source};
    int failed = epoll_ctl(loop->epoll_fd, EPOLL_CTL_MOD, source->fd, &event);
    assert(failed == 0);
}

void loop_remove(struct loop *loop, struct loop_source *source)
{
    if (source->fd < 0) {
        return;
    }
    (void)epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, source->fd, NULL);
    for (int i = 0; i < loop->events_len; i++) { /* it may stand later in this round */
        if (loop->events[i].data.ptr == source) {
            loop->events[i].events = 0;
        }
    }
}

static void place(struct loop *loop, uint32_t at, struct loop_timer *timer)
{
    loop->timers[at] = timer;
    timer->place = at;
}

static void sift_up(struct loop *loop, uint32_t at, struct loop_timer *timer)
{
    while (at > 1 && loop->timers[at / 2]->due_ns > timer->due_ns) {
        place(loop, at, loop->timers[at / 2]);
        at /= 2;
    }
    place(loop, at, timer);
}

static void sift_down(struct loop *loop, uint32_t at, struct loop_timer *timer)
{
    for (;;) {
        uint32_t child = at * 2;
        if (child > loop->timers_len) {
            break;
        }
        if (child < loop->timers_len &&
            loop->timers[child + 1]->due_ns < loop->timers[child]->due_ns) {
            child++;
        }
        if (loop->timers[child]->due_ns >= timer->due_ns) {
            break;
        }
        place(loop, at, loop->timers[child]);
        at = child;
    }
    place(loop, at, timer);
}

void loop_set(struct loop *loop, struct loop_timer *timer, int64_t due_ns)
{
    assert(timer->due != NULL);
    loop_unset(loop, timer);
    assert(loop->timers_len < LOOP_TIMERS_MAX);
    timer->due_ns = due_ns;
    loop->timers_len++;
    sift_up(loop, loop->timers_len, timer);
}

void loop_unset(struct loop *loop, struct loop_timer *timer)
{
    uint32_t at = timer->place;
    if (at == 0) {
        return;
    }
    assert(loop->timers[at] == timer);
    timer->place = 0;
    struct loop_timer *last = loop->timers[loop->timers_len--];
    if (last == timer) {
        return;
    }
    if (at > 1 && loop->timers[at / 2]->due_ns > last->due_ns) {
        sift_up(loop, at, last);
    } else {
        sift_down(loop, at, last);
    }
}

void loop_hook(struct loop *loop, void (*hook)(void *context), void *context)
{
    loop->hook = hook;
    loop->hook_context = context;
}

/* Runs what is due. Timers set meanwhile to a past time run in the next round, so that descriptors
 * get a turn. */
static void run_timers(struct loop *loop)
{
    int64_t now_ns = loop_now_ns();
    uint32_t most = loop->timers_len;
    while (most-- > 0 && loop->timers_len > 0 && loop->timers[1]->due_ns <= now_ns) {
        struct loop_timer *timer = loop->timers[1];
        loop_unset(loop, timer);
        timer->due(timer);
    }
}

/* Arms timer_fd for the earliest timer; a past time fires at once. */
static void arm(struct loop *loop)
{
    int64_t due_ns = loop->timers_len == 0 ? 0 : loop->timers[1]->due_ns;
    if (due_ns == loop->armed_ns) {
        return;
    }
    loop->armed_ns = due_ns;
    struct itimerspec spec = {
        .it_value = {.tv_sec = due_ns / 1000000000, .tv_nsec = due_ns % 1000000000}};
    int failed = timerfd_settime(loop->timer_fd, TFD_TIMER_ABSTIME, &spec, NULL);
    assert(failed == 0);
}

enum rc loop_run(struct loop *loop)
{
    while (!loop->stopped) {
        if (loop->hook != NULL) {
            loop->hook(loop->hook_context);
        }
        arm(loop);
        int count = epoll_wait(loop->epoll_fd, loop->events, EVENTS_MAX, -1);
        if (count < 0 && errno != EINTR) {
            return RC_IO;
        }
        loop->events_len = count < 0 ? 0 : count;
        bool timers_due = false;
        for (int i = 0; i < loop->events_len; i++) {
            struct loop_source *source = loop->events[i].data.ptr;
            if (source == NULL) {
                uint64_t times = 0;
                ssize_t len = read(loop->timer_fd, &times, sizeof times);
                (void)len;
                loop->armed_ns = 0;
                timers_due = true;
            } else if (loop->events[i].events != 0) {
                source->ready(source, loop->events[i].events);
            }
        }
        loop->events_len = 0;
        if (timers_due) {
            run_timers(loop);
        }
    }
    if (loop->hook != NULL) {
        loop->hook(loop->hook_context);
    }
    return RC_OK;
}

void loop_stop(struct loop *loop)
{
    loop->stopped = true;
}
