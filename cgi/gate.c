#include "cgi/gate.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "core/base/clock.h"

#define PAUSE_MS 10

enum rc gate_new(int *ret_descriptor)
{
    int descriptor = memfd_create("paywatt-hash-gate", MFD_CLOEXEC);
    if (descriptor < 0) {
        return RC_IO;
    }
    *ret_descriptor = descriptor;
    return RC_OK;
}

static bool try_place(int descriptor, int place, short kind)
{
    struct flock lock = {.l_type = kind, .l_whence = SEEK_SET, .l_start = place, .l_len = 1};
    return fcntl(descriptor, F_SETLK, &lock) == 0;
}

enum rc gate_enter(int descriptor, int *ret_place)
{
    assert(descriptor >= 0 && ret_place != NULL);
    int64_t deadline_ms = clock_monotonic_ms() + GATE_WAIT_MS;
    do {
        for (int place = 0; place < GATE_PLACES; place++) {
            if (try_place(descriptor, place, F_WRLCK)) {
                *ret_place = place;
                return RC_OK;
            }
        }
        struct timespec pause = {.tv_nsec = PAUSE_MS * 1000000L};
        (void)nanosleep(&pause, NULL);
    } while (clock_monotonic_ms() < deadline_ms);
    return RC_RATE_LIMITED;
}

void gate_leave(int descriptor, int place)
{
    bool left = try_place(descriptor, place, F_UNLCK);
    assert(left);
}
