/* paywatt-supervise: keeps one program of the demo (or of a site without systemd) running.
 *
 *   paywatt-supervise --name NAME --state FILE --log FILE [--log-max BYTES] [--log-keep N]
 *                     [--stop-s SECONDS] -- PROGRAM [ARGUMENT...]
 *
 * It goes to the background once the state file is locked and the program was started for the first
 * time, and then
 *  - starts the program again when it ends, after 0.2 s doubling to 10 s (0.2 s again after 30 s of
 * life);
 *  - writes what the program prints to the log, whole lines, rotated at a bound;
 *  - passes HUP on; on TERM or INT passes TERM on, waits, kills, removes the state file, ends;
 *  - kills what is left of the program's process group whenever the program ends, so that no orphan
 *    keeps a socket that the next start needs.
 * The state file holds one line: supervisor pid, program pid (0: waiting to start again), start of
 * the program in seconds since the epoch, number of restarts. Its lock says that a supervisor
 * lives. It links nothing of the project: it must outlive whatever the project does wrong.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    BACKOFF_MIN_MS = 200,
    BACKOFF_MAX_MS = 10000,
    SETTLED_MS = 30000, /* a life this long forgets earlier failures */
    LOG_KEEP_MAX = 9,
    INHERITED_MAX = 256,
    READ_MAX = 16384
};

struct supervisor {
    const char *name, *state_path, *log_path;
    int64_t log_bytes_max, stop_ms;
    int log_keep;
    char **argv;
    sigset_t signals;
    int state_fd, log_fd, signal_fd, output_fd;
    int64_t log_bytes;
    bool log_at_line_start;
    pid_t child;
    int64_t started_ms, restart_ms, kill_ms; /* monotonic; 0: not set */
    int64_t started_at_s, restarts, backoff_ms;
    bool stopping;
};

static int64_t now_ms(clockid_t clock)
{
    struct timespec now;
    if (clock_gettime(clock, &now) != 0)
        abort();
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void log_open(struct supervisor *self)
{
    struct stat status;
    self->log_fd = open(self->log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
    self->log_bytes = 0;
    if (self->log_fd >= 0 && fstat(self->log_fd, &status) == 0)
        self->log_bytes = status.st_size;
    self->log_at_line_start = true;
}

static void log_rotate(struct supervisor *self)
{
    char older[PATH_MAX], newer[PATH_MAX];
    for (int i = self->log_keep; i >= 1; i--) {
        int a = snprintf(older, sizeof older, "%s.%d", self->log_path, i);
        int b = i == 1 ? snprintf(newer, sizeof newer, "%s", self->log_path)
                       : snprintf(newer, sizeof newer, "%s.%d", self->log_path, i - 1);
        if (a < 0 || b < 0 || (size_t)a >= sizeof older || (size_t)b >= sizeof newer)
            return;
        if (rename(newer, older) != 0 && errno != ENOENT)
            return; /* a full or odd disk: go on in the same file */
    }
    if (self->log_fd >= 0)
        (void)close(self->log_fd);
    log_open(self);
}

/* Output of the program as it came; a log that cannot be written never stops the program. */
static void log_write(struct supervisor *self, const char *bytes, size_t count)
{
    while (count > 0) {
        if (self->log_at_line_start && self->log_bytes >= self->log_bytes_max)
            log_rotate(self);
        const char *newline = memchr(bytes, '\n', count);
        size_t part = newline ? (size_t)(newline - bytes) + 1 : count;
        if (self->log_fd >= 0) {
            ssize_t written = write(self->log_fd, bytes, part);
            if (written > 0)
                self->log_bytes += written;
        }
        self->log_at_line_start = newline != NULL;
        bytes += part;
        count -= part;
    }
}

__attribute__((format(printf, 2, 3))) static void say(struct supervisor *self, const char *format,
                                                      ...)
{
    char line[512], when[32];
    struct tm utc;
    time_t now = time(NULL);
    va_list arguments;
    if (!gmtime_r(&now, &utc) || strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", &utc) == 0)
        when[0] = '\0';
    int head =
        snprintf(line, sizeof line, "%s%s supervise %s: ", self->log_at_line_start ? "" : "\n",
                 when, self->name);
    if (head < 0 || (size_t)head >= sizeof line - 2)
        return;
    va_start(arguments, format);
    int body = vsnprintf(line + head, sizeof line - (size_t)head - 1, format, arguments);
    va_end(arguments);
    if (body < 0)
        return;
    size_t length = strlen(line);
    line[length] = '\n';
    log_write(self, line, length + 1);
}

static void state_write(struct supervisor *self)
{
    char line[128];
    int length = snprintf(line, sizeof line, "%d %d %lld %lld\n", (int)getpid(), (int)self->child,
                          (long long)self->started_at_s, (long long)self->restarts);
    /* written over the old line, then cut: whoever reads never finds it empty */
    if (length < 0 || pwrite(self->state_fd, line, (size_t)length, 0) != length ||
        ftruncate(self->state_fd, length) != 0)
        say(self, "cannot write %s: %s", self->state_path, strerror(errno));
}

static void child_run(struct supervisor *self, int output)
{
    int nothing = open("/dev/null", O_RDONLY);
    (void)setpgid(0, 0);
    (void)signal(SIGPIPE, SIG_DFL);
    (void)sigprocmask(SIG_UNBLOCK, &self->signals, NULL);
    if (nothing < 0 || dup2(nothing, 0) < 0 || dup2(output, 1) < 0 || dup2(output, 2) < 0)
        _exit(126);
    if (nothing > 2)
        (void)close(nothing);
    execvp(self->argv[0], self->argv);
    dprintf(2, "cannot run %s: %s\n", self->argv[0], strerror(errno));
    _exit(127);
}

static bool child_start(struct supervisor *self)
{
    int output[2];
    if (pipe2(output, O_CLOEXEC) != 0) {
        say(self, "pipe: %s", strerror(errno));
        return false;
    }
    pid_t pid = fork();
    if (pid == 0)
        child_run(self, output[1]);
    (void)close(output[1]);
    if (pid < 0) {
        say(self, "fork: %s", strerror(errno));
        (void)close(output[0]);
        return false;
    }
    (void)setpgid(pid, pid);
    (void)fcntl(output[0], F_SETFL, O_NONBLOCK);
    if (self->output_fd >= 0)
        (void)close(self->output_fd);
    self->output_fd = output[0];
    self->child = pid;
    self->started_ms = now_ms(CLOCK_MONOTONIC);
    self->started_at_s = now_ms(CLOCK_REALTIME) / 1000;
    state_write(self);
    return true;
}

static void output_read(struct supervisor *self)
{
    char bytes[READ_MAX];
    while (self->output_fd >= 0) {
        ssize_t count = read(self->output_fd, bytes, sizeof bytes);
        if (count > 0) {
            log_write(self, bytes, (size_t)count);
            continue;
        }
        if (count < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        (void)close(self->output_fd);
        self->output_fd = -1;
    }
}

static void child_ended(struct supervisor *self, int status)
{
    int64_t now = now_ms(CLOCK_MONOTONIC);
    (void)kill(-self->child, SIGKILL); /* workers without their master */
    output_read(self);
    if (now - self->started_ms >= SETTLED_MS)
        self->backoff_ms = BACKOFF_MIN_MS;
    if (self->stopping)
        say(self, "stopped");
    else if (WIFSIGNALED(status))
        say(self, "%d ended by signal %d; again in %lld ms", (int)self->child, WTERMSIG(status),
            (long long)self->backoff_ms);
    else
        say(self, "%d ended with status %d; again in %lld ms", (int)self->child,
            WEXITSTATUS(status), (long long)self->backoff_ms);
    self->child = 0;
    self->restart_ms = now + self->backoff_ms;
    self->backoff_ms =
        self->backoff_ms * 2 > BACKOFF_MAX_MS ? BACKOFF_MAX_MS : self->backoff_ms * 2;
    state_write(self);
}

static void children_reap(struct supervisor *self)
{
    int status;
    pid_t pid;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
        if (pid == self->child)
            child_ended(self, status);
}

static void signals_read(struct supervisor *self)
{
    struct signalfd_siginfo info;
    while (read(self->signal_fd, &info, sizeof info) == (ssize_t)sizeof info) {
        if (info.ssi_signo == SIGCHLD)
            continue;
        if (info.ssi_signo == SIGHUP) {
            if (self->child > 0)
                (void)kill(self->child, SIGHUP);
            continue;
        }
        if (!self->stopping && self->child > 0)
            (void)kill(self->child, SIGTERM);
        if (!self->stopping)
            self->kill_ms = now_ms(CLOCK_MONOTONIC) + self->stop_ms;
        self->stopping = true;
    }
    children_reap(self);
}

/* Milliseconds until something is due, -1 for nothing. */
static int wait_ms(const struct supervisor *self)
{
    int64_t due = self->child == 0 ? self->restart_ms : self->stopping ? self->kill_ms : 0;
    if (due == 0)
        return -1;
    int64_t left = due - now_ms(CLOCK_MONOTONIC);
    return left < 0 ? 0 : (int)left;
}

static void supervise(struct supervisor *self)
{
    while (!(self->stopping && self->child == 0)) {
        struct pollfd waits[2] = {{.fd = self->signal_fd, .events = POLLIN},
                                  {.fd = self->output_fd, .events = POLLIN}};
        if (poll(waits, 2, wait_ms(self)) < 0 && errno != EINTR)
            break;
        output_read(self);
        signals_read(self);
        int64_t now = now_ms(CLOCK_MONOTONIC);
        if (self->stopping && self->child > 0 && now >= self->kill_ms) {
            say(self, "did not stop in %lld ms: killed", (long long)self->stop_ms);
            (void)kill(-self->child, SIGKILL);
            self->kill_ms = now + 1000;
        }
        if (!self->stopping && self->child == 0 && now >= self->restart_ms) {
            self->restarts++;
            if (!child_start(self))
                self->restart_ms = now + BACKOFF_MAX_MS;
        }
    }
    (void)unlink(self->state_path);
}

static int64_t number(const char *text, int64_t least, int64_t most)
{
    char *end;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (errno != 0 || *end != '\0' || end == text || value < least || value > most) {
        fprintf(stderr, "paywatt-supervise: \"%s\" is not a number from %lld to %lld\n", text,
                (long long)least, (long long)most);
        exit(2);
    }
    return value;
}

static bool arguments_read(struct supervisor *self, int argc, char **argv)
{
    int i = 1;
    for (; i + 1 < argc && strcmp(argv[i], "--") != 0; i += 2) {
        const char *value = argv[i + 1];
        if (strcmp(argv[i], "--name") == 0)
            self->name = value;
        else if (strcmp(argv[i], "--state") == 0)
            self->state_path = value;
        else if (strcmp(argv[i], "--log") == 0)
            self->log_path = value;
        else if (strcmp(argv[i], "--log-max") == 0)
            self->log_bytes_max = number(value, 4096, INT64_C(1) << 40);
        else if (strcmp(argv[i], "--log-keep") == 0)
            self->log_keep = (int)number(value, 1, LOG_KEEP_MAX);
        else if (strcmp(argv[i], "--stop-s") == 0)
            self->stop_ms = number(value, 1, 3600) * 1000;
        else
            return false;
    }
    if (i + 1 >= argc || strcmp(argv[i], "--") != 0)
        return false;
    self->argv = argv + i + 1;
    return self->name && self->state_path && self->log_path;
}

/* Locks the state file; the lock ends with this process. False when another supervisor holds it. */
static bool state_lock(struct supervisor *self)
{
    self->state_fd = open(self->state_path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (self->state_fd < 0 || flock(self->state_fd, LOCK_EX | LOCK_NB) != 0) {
        fprintf(stderr, "paywatt-supervise: %s: %s\n", self->state_path, strerror(errno));
        return false;
    }
    return true;
}

static void signals_block(struct supervisor *self)
{
    (void)sigemptyset(&self->signals);
    (void)sigaddset(&self->signals, SIGTERM);
    (void)sigaddset(&self->signals, SIGINT);
    (void)sigaddset(&self->signals, SIGHUP);
    (void)sigaddset(&self->signals, SIGCHLD);
    (void)sigprocmask(SIG_BLOCK, &self->signals, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
    self->signal_fd = signalfd(-1, &self->signals, SFD_NONBLOCK | SFD_CLOEXEC);
}

int main(int argc, char **argv)
{
    struct supervisor self = {.log_bytes_max = 8 << 20,
                              .log_keep = 3,
                              .stop_ms = 20000,
                              .backoff_ms = BACKOFF_MIN_MS,
                              .output_fd = -1};
    if (!arguments_read(&self, argc, argv)) {
        fputs("usage: paywatt-supervise --name NAME --state FILE --log FILE [--log-max BYTES] "
              "[--log-keep N] [--stop-s SECONDS] -- PROGRAM [ARGUMENT...]\n",
              stderr);
        return 2;
    }
    for (int fd = 3; fd < INHERITED_MAX; fd++)
        (void)close(fd); /* a lock of whoever started us is not ours to keep */
    if (!state_lock(&self))
        return 1;
    pid_t pid = fork();
    if (pid != 0)
        return pid < 0 ? 1 : 0; /* the lock lives on in the child */
    (void)setsid();
    int nothing = open("/dev/null", O_RDWR);
    if (nothing < 0 || dup2(nothing, 0) < 0 || dup2(nothing, 1) < 0 || dup2(nothing, 2) < 0)
        return 1;
    log_open(&self);
    signals_block(&self);
    if (!child_start(&self))
        return 1;
    supervise(&self);
    return 0;
}
