#include "cgi/master.h"

#include <assert.h>
#include <errno.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cgi/counters.h"
#include "cgi/gate.h"
#include "cgi/worker.h"
#include "core/base/clock.h"
#include "core/base/log.h"

#define WORKERS_MAX 64
#define BACKLOG 511
#define STOP_MS 5000
#define STOP_AGAIN_MS 200
#define PAUSE_FIRST_MS 100
#define PAUSE_MAX_MS 5000
#define YOUNG_MS 2000
#define METRICS_MS 5000
#define METRICS_BYTES_MAX ((size_t)4 << 20)

struct place {
    pid_t pid; /* 0: empty */
    int64_t started_ms;
    int64_t start_at_ms;
    int64_t pause_ms;
};

struct master {
    struct config *config;
    enum route_role role;
    struct sockaddr_un address;
    int listen_descriptor;
    int hash_gate;
    struct counters *counters;
    int workers;
    struct place places[WORKERS_MAX];
    sigset_t signals;
    int exit_status;
    bool stopping;
};

static bool somebody_listens(const struct sockaddr_un *address)
{
    int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool there =
        probe >= 0 && connect(probe, (const struct sockaddr *)address, sizeof(*address)) == 0;
    if (probe >= 0) {
        (void)close(probe);
    }
    return there;
}

static bool give_to_group(const char *path, const char *name)
{
    if (name[0] == '\0') {
        return true;
    }
    const struct group *group = getgrnam(name);
    if (group == NULL) {
        log_write(LOG_ERROR, "[cgi] socket_group", "there is no group %s", name);
        return false;
    }
    if (chown(path, (uid_t)-1, group->gr_gid) != 0) {
        log_write(LOG_ERROR, path, "cannot be given to group %s: %s", name, strerrordesc_np(errno));
        return false;
    }
    return true;
}

/* Mode 0660 from the first moment: the umask rules while the name is made. */
static bool open_socket(struct master *master)
{
    const char *folder = config_text(master->config, CONFIG_paths_run);
    master->address.sun_family = AF_UNIX;
    int len = snprintf(master->address.sun_path, sizeof(master->address.sun_path), "%s/%s.sock",
                       folder, route_role_name(master->role));
    if (len < 0 || (size_t)len >= sizeof(master->address.sun_path)) {
        log_write(LOG_ERROR, "[paths] run", "the socket's path is longer than 107 characters");
        return false;
    }
    const char *path = master->address.sun_path;
    /* Workers of a master that was killed may still be finishing their last request. */
    int64_t deadline_ms = clock_monotonic_ms() + STOP_MS + STOP_AGAIN_MS;
    while (somebody_listens(&master->address) && clock_monotonic_ms() < deadline_ms) {
        struct timespec pause = {.tv_nsec = STOP_AGAIN_MS * 1000000L};
        (void)nanosleep(&pause, NULL);
    }
    if (somebody_listens(&master->address)) {
        log_write(LOG_ERROR, path, "another paywatt-cgi already serves this role");
        return false;
    }
    (void)unlink(path);
    int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    mode_t old = umask(0117);
    bool bound = descriptor >= 0 && bind(descriptor, (const struct sockaddr *)&master->address,
                                         sizeof(master->address)) == 0;
    int error = errno;
    (void)umask(old);
    if (!bound || listen(descriptor, BACKLOG) != 0) {
        log_write(LOG_ERROR, path, "cannot listen: %s", strerrordesc_np(bound ? errno : error));
        return false;
    }
    master->listen_descriptor = descriptor;
    return give_to_group(path, config_text(master->config, CONFIG_cgi_socket_group));
}

static int workers_wanted(const struct master *master)
{
    static const enum config_key keys[ROUTE_ROLE__MAX] = {
        [ROUTE_STAFF] = CONFIG_cgi_staff_workers,
        [ROUTE_TENANT] = CONFIG_cgi_tenant_workers,
        [ROUTE_NOTIFY] = CONFIG_cgi_notify_workers,
        [ROUTE_MACHINE] = CONFIG_cgi_machine_workers};
    int64_t wanted = config_int(master->config, keys[master->role]);
    assert(wanted >= 1 && wanted <= WORKERS_MAX);
    return (int)wanted;
}

static void start_worker(struct master *master, struct place *place)
{
    pid_t parent = getpid();
    place->started_ms = clock_monotonic_ms();
    pid_t pid = fork();
    if (pid < 0) {
        log_write(LOG_ERROR, "fork", "%s", strerrordesc_np(errno));
        place->start_at_ms = place->started_ms + PAUSE_MAX_MS;
        return;
    }
    if (pid == 0) {
        /* A worker never outlives its master. */
        (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
        if (getppid() != parent) {
            _exit(0);
        }
        struct worker_start start = {.config = master->config,
                                     .role = master->role,
                                     .listen_descriptor = master->listen_descriptor,
                                     .hash_gate = master->hash_gate,
                                     .counters = master->counters};
        exit(worker_run(&start));
    }
    place->pid = pid;
}

static void start_missing(struct master *master)
{
    int64_t now_ms = clock_monotonic_ms();
    int running = 0;
    for (int i = 0; i < master->workers; i++) {
        struct place *place = &master->places[i];
        if (place->pid == 0 && now_ms >= place->start_at_ms) {
            start_worker(master, place);
        }
        running += place->pid != 0;
    }
    atomic_store(&master->counters->workers, (uint64_t)running);
}

static void log_end(pid_t pid, int status)
{
    char context[32];
    (void)snprintf(context, sizeof(context), "worker %d", (int)pid);
    if (WIFSIGNALED(status)) {
        log_write(LOG_ERROR, context, "was ended by signal %d (%s)", WTERMSIG(status),
                  sigdescr_np(WTERMSIG(status)));
    } else {
        log_write(LOG_ERROR, context, "ended with status %d", WEXITSTATUS(status));
    }
}

static void worker_ended(struct master *master, pid_t pid, int status)
{
    bool clean = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    if (!clean && !(master->stopping && WIFSIGNALED(status))) {
        log_end(pid, status);
        atomic_fetch_add(&master->counters->worker_deaths, 1);
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == WORKER_EXIT_REFUSED) {
        master->stopping = true;
        master->exit_status = WORKER_EXIT_REFUSED;
    }
    int64_t now_ms = clock_monotonic_ms();
    for (int i = 0; i < WORKERS_MAX; i++) {
        struct place *place = &master->places[i];
        if (place->pid != pid) {
            continue;
        }
        bool young = now_ms - place->started_ms < YOUNG_MS;
        place->pid = 0;
        place->start_at_ms = now_ms;
        if (clean || !young) {
            place->pause_ms = PAUSE_FIRST_MS;
        } else {
            place->start_at_ms = now_ms + place->pause_ms;
            place->pause_ms =
                place->pause_ms * 2 > PAUSE_MAX_MS ? PAUSE_MAX_MS : place->pause_ms * 2;
        }
    }
}

static void reap(struct master *master)
{
    int status = 0;
    pid_t pid = 0;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        worker_ended(master, pid, status);
    }
}

static int signal_workers(const struct master *master, int signal_number)
{
    int running = 0;
    for (int i = 0; i < WORKERS_MAX; i++) {
        if (master->places[i].pid != 0) {
            (void)kill(master->places[i].pid, signal_number);
            running++;
        }
    }
    return running;
}

static void reload(struct master *master)
{
    CLEANUP(text_release) struct text problems;
    CLEANUP(text_release) struct text restart;
    text_init(&problems, 65536);
    text_init(&restart, 65536);
    if (config_reload(master->config, &problems, &restart) != RC_OK) {
        log_write(LOG_ERROR, "reload", "nothing was changed: %s", text_string(&problems));
        return;
    }
    if (restart.len > 0) {
        log_write(LOG_WARNING, "reload", "needs a restart: %s", text_string(&restart));
    }
    log_open("paywatt-cgi", config_log_level(master->config));
    log_write(LOG_INFO, "reload", "settings read again, workers are replaced");
    (void)signal_workers(master, SIGTERM);
}

static void write_metrics(const struct master *master)
{
    CLEANUP(text_release) struct text out;
    text_init(&out, METRICS_BYTES_MAX);
    counters_write(master->counters, master->role, &out);
    CLEANUP(arena_release) struct arena arena;
    arena_init(&arena, 65536);
    const char *path =
        arena_printf(&arena, "%s/cgi-%s.prom", config_text(master->config, CONFIG_paths_state),
                     route_role_name(master->role));
    const char *fresh = path == NULL ? NULL : arena_printf(&arena, "%s.new", path);
    FILE *file = fresh == NULL ? NULL : fopen(fresh, "we");
    if (file == NULL) {
        return; /* a hint for dashboards; tried again in a moment */
    }
    bool written = fwrite(text_string(&out), 1, out.len, file) == out.len;
    written = fclose(file) == 0 && written;
    if (!written || rename(fresh, path) != 0) {
        (void)unlink(fresh);
    }
}

static int wait_signal(const struct master *master, int64_t wait_ms)
{
    struct timespec wait = {.tv_sec = wait_ms / 1000, .tv_nsec = (wait_ms % 1000) * 1000000};
    return sigtimedwait(&master->signals, NULL, &wait);
}

static void stop_workers(struct master *master)
{
    int64_t deadline_ms = clock_monotonic_ms() + STOP_MS;
    /* Told again and again: a signal just before accept would else be slept over. */
    while (signal_workers(master, SIGTERM) > 0 && clock_monotonic_ms() < deadline_ms) {
        (void)wait_signal(master, STOP_AGAIN_MS);
        reap(master);
    }
    int left = signal_workers(master, SIGKILL);
    if (left > 0) {
        log_write(LOG_WARNING, "stop", "%d workers did not end in time and were killed", left);
        while (waitpid(-1, NULL, 0) > 0) {
        }
    }
}

static void run(struct master *master)
{
    int64_t metrics_at_ms = 0;
    while (!master->stopping) {
        start_missing(master);
        int64_t now_ms = clock_monotonic_ms();
        if (now_ms >= metrics_at_ms) {
            write_metrics(master);
            metrics_at_ms = now_ms + METRICS_MS;
        }
        int signal_number = wait_signal(master, PAUSE_FIRST_MS * 5);
        if (signal_number == SIGTERM || signal_number == SIGINT) {
            master->stopping = true;
        } else if (signal_number == SIGHUP) {
            reload(master);
        }
        reap(master);
    }
    stop_workers(master);
    write_metrics(master);
}

static void block_signals(struct master *master)
{
    sigemptyset(&master->signals);
    sigaddset(&master->signals, SIGTERM);
    sigaddset(&master->signals, SIGINT);
    sigaddset(&master->signals, SIGHUP);
    sigaddset(&master->signals, SIGCHLD);
    (void)sigprocmask(SIG_BLOCK, &master->signals, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
}

int master_run(struct config *config, enum route_role role)
{
    assert(config != NULL);
    struct master master = {.config = config, .role = role, .listen_descriptor = -1};
    block_signals(&master);
    if (counters_new(&master.counters) != RC_OK || gate_new(&master.hash_gate) != RC_OK) {
        log_write(LOG_ERROR, "start", "no shared memory: %s", strerrordesc_np(errno));
        return 1;
    }
    if (!open_socket(&master)) {
        return WORKER_EXIT_REFUSED;
    }
    master.workers = workers_wanted(&master);
    for (int i = 0; i < WORKERS_MAX; i++) {
        master.places[i].pause_ms = PAUSE_FIRST_MS;
    }
    log_write(LOG_INFO, route_role_name(role), "%d workers serve %s", master.workers,
              master.address.sun_path);
    run(&master);
    (void)unlink(master.address.sun_path);
    (void)close(master.listen_descriptor);
    return master.exit_status;
}
