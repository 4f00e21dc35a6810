#include "core/base/child.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/base/clock.h"

#define PATH_BYTES 512
#define GENTLE_NICE 10
#define IOPRIO_WHO_PROCESS 1
#define IOPRIO_IDLE (3 << 13)
#define LOOK_MS 20
#define DESCRIPTORS_MAX 1024

static const char *const folders[] = {"/usr/sbin", "/usr/bin", "/sbin", "/bin", "/usr/local/bin"};
static const char *const environment[] = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/bin",
                                          "TZ=UTC", "LC_ALL=C.UTF-8", NULL};

static enum rc find(const char *name, char path[PATH_BYTES])
{
    if (strchr(name, '/') != NULL) {
        int len = snprintf(path, PATH_BYTES, "%s", name);
        return len > 0 && len < PATH_BYTES && access(path, X_OK) == 0 ? RC_OK : RC_NOT_FOUND;
    }
    for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
        int len = snprintf(path, PATH_BYTES, "%s/%s", folders[i], name);
        if (len > 0 && len < PATH_BYTES && access(path, X_OK) == 0) {
            return RC_OK;
        }
    }
    return RC_NOT_FOUND;
}

/* In the child: only calls that are safe after a fork of a program with threads. */
static void become(const char *path, const struct child_spec *spec, pid_t parent)
{
    sigset_t none;
    (void)sigemptyset(&none);
    (void)signal(SIGPIPE, SIG_DFL);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (getppid() != parent || nothing < 0) {
        _exit(127);
    }
    if (spec->gentle) { /* a sandbox may forbid it; then it is not gentle, but works */
        (void)setpriority(PRIO_PROCESS, 0, GENTLE_NICE);
        (void)syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, IOPRIO_IDLE);
    }
    const int wanted[3] = {spec->in_fd, spec->out_fd, spec->err_fd};
    int high[3];
    for (int i = 0; i < 3; i++) { /* out of the way of 0, 1, 2 first */
        high[i] = fcntl(wanted[i] >= 0 ? wanted[i] : nothing, F_DUPFD, 10);
    }
    for (int i = 0; i < 3; i++) {
        if (high[i] < 0 || dup2(high[i], i) < 0) {
            _exit(127);
        }
    }
    for (int fd = 3; fd < DESCRIPTORS_MAX; fd++) {
        (void)close(fd);
    }
    (void)execve(path, (char *const *)(uintptr_t)spec->words,
                 (char *const *)(uintptr_t)environment);
    _exit(127);
}

enum rc child_start(const struct child_spec *spec, pid_t *ret_pid)
{
    assert(spec != NULL && spec->words != NULL && spec->words[0] != NULL);
    char path[PATH_BYTES];
    TRY(find(spec->words[0], path));
    pid_t parent = getpid();
    pid_t pid = fork();
    if (pid < 0) {
        return RC_IO;
    }
    if (pid == 0) {
        become(path, spec, parent);
    }
    *ret_pid = pid;
    return RC_OK;
}

static void pause_a_little(void)
{
    struct timespec pause = {.tv_nsec = LOOK_MS * 1000000L};
    (void)nanosleep(&pause, NULL);
}

/* RC_RETRY: it still runs. */
static enum rc look(pid_t pid)
{
    int status = 0;
    pid_t found = waitpid(pid, &status, WNOHANG);
    if (found == 0 || (found < 0 && errno == EINTR)) {
        return RC_RETRY;
    }
    return found == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0 ? RC_OK : RC_REFUSED;
}

enum rc child_wait(pid_t pid, int64_t timeout_ms, bool (*stop)(void))
{
    assert(pid > 0);
    int64_t begin_ms = clock_monotonic_ms();
    for (;;) {
        enum rc rc = look(pid);
        if (rc != RC_RETRY) {
            return rc;
        }
        bool late = timeout_ms > 0 && clock_monotonic_ms() - begin_ms > timeout_ms;
        if (late || (stop != NULL && stop())) {
            child_end(pid);
            return late ? RC_TIMEOUT : RC_EXPIRED;
        }
        pause_a_little();
    }
}

void child_end(pid_t pid)
{
    assert(pid > 0);
    (void)kill(pid, SIGTERM);
    int64_t begin_ms = clock_monotonic_ms();
    while (look(pid) == RC_RETRY) {
        if (clock_monotonic_ms() - begin_ms > CHILD_KILL_MS) {
            (void)kill(pid, SIGKILL);
        }
        pause_a_little();
    }
}

bool child_lives(pid_t pid)
{
    siginfo_t info = {0};
    return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == 0;
}
