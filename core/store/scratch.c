/* The private server of server_tool.h, and the binlog's programs. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/base/child.h"
#include "core/base/clock.h"
#include "core/store/server_tool_own.h"

#define START_WAIT_MS 60000
#define WORD_BYTES (TOOL_PATH_BYTES + 40)
#define WORDS_FIXED 12

/* ---- the private server ---- */

static enum rc answers(struct scratch *scratch, const struct tool_place *place,
                       struct text *problem)
{
    const struct db_options options = {
        .socket = scratch->socket, .name = "information_schema", .user = "root", .password = ""};
    int64_t begin_ms = clock_monotonic_ms();
    for (;;) {
        CLEANUP(db_close) struct db *db = NULL;
        struct timespec pause = {.tv_nsec = 50000000};
        if (db_open(&options, &db) == RC_OK) {
            return RC_OK;
        }
        if (!child_lives(scratch->pid) || clock_monotonic_ms() - begin_ms > START_WAIT_MS) {
            tool_say(place, "mariadbd", problem);
            return RC_UNAVAILABLE;
        }
        if (place->stop != NULL && place->stop()) {
            return RC_EXPIRED;
        }
        (void)nanosleep(&pause, NULL);
    }
}

enum rc scratch_start(struct scratch *scratch, const char *data, const char *run,
                      int64_t memory_mib, const struct tool_place *place, struct text *problem)
{
    *scratch = (struct scratch){.pid = 0};
    int len = snprintf(scratch->run, sizeof(scratch->run), "%s/verify.XXXXXX", run);
    if (len < 0 || (size_t)len + 3 > sizeof(scratch->socket) || mkdtemp(scratch->run) == NULL) {
        text_printf(problem, "%s: no place for the socket of a private server: %s", run,
                    strerror(errno));
        scratch->run[0] = '\0';
        return RC_IO;
    }
    (void)snprintf(scratch->socket, sizeof(scratch->socket), "%.104s/s", scratch->run);
    char data_word[WORD_BYTES];
    char socket_word[WORD_BYTES];
    char pid_word[WORD_BYTES];
    char memory_word[64];
    char temporary_word[WORD_BYTES];
    (void)snprintf(data_word, sizeof(data_word), "--datadir=%s", data);
    (void)snprintf(temporary_word, sizeof(temporary_word), "--tmpdir=%s", data);
    (void)snprintf(socket_word, sizeof(socket_word), "--socket=%s", scratch->socket);
    (void)snprintf(pid_word, sizeof(pid_word), "--pid-file=%s/pid", scratch->run);
    (void)snprintf(memory_word, sizeof(memory_word), "--innodb-buffer-pool-size=%lldM",
                   (long long)memory_mib);
    const char *const words[] = {"mariadbd",
                                 "--no-defaults",
                                 data_word,
                                 temporary_word,
                                 socket_word,
                                 pid_word,
                                 memory_word,
                                 "--skip-networking",
                                 "--skip-grant-tables",
                                 "--skip-name-resolve",
                                 "--skip-log-bin",
                                 "--performance-schema=OFF",
                                 "--innodb-flush-log-at-trx-commit=0",
                                 "--innodb-doublewrite=OFF",
                                 "--innodb-log-file-size=64M",
                                 "--innodb-buffer-pool-dump-at-shutdown=OFF",
                                 "--innodb-snapshot-isolation=ON",
                                 "--character-set-server=utf8mb4",
                                 "--max-allowed-packet=64M",
                                 "--key-buffer-size=1M",
                                 "--max-connections=10",
                                 "--default-time-zone=+00:00",
                                 geteuid() == 0 ? "--user=root" : NULL,
                                 NULL};
    enum rc rc = tool_start(place, words, -1, -1, problem, &scratch->pid);
    rc = rc == RC_OK ? answers(scratch, place, problem) : rc;
    if (rc != RC_OK) {
        scratch_stop(scratch);
    }
    return rc;
}

void scratch_stop(struct scratch *scratch)
{
    char path[TOOL_PATH_BYTES + 8];
    if (scratch->pid > 0) {
        child_end(scratch->pid);
        scratch->pid = 0;
    }
    if (scratch->run[0] != '\0') {
        (void)snprintf(path, sizeof(path), "%s/s", scratch->run);
        (void)unlink(path);
        (void)snprintf(path, sizeof(path), "%s/pid", scratch->run);
        (void)unlink(path);
        (void)rmdir(scratch->run);
        scratch->run[0] = '\0';
    }
}

/* ---- binlogs ---- */

enum rc tool_binlogs_fetch(const struct tool_place *place, const char *first, struct text *problem)
{
    char options[WORD_BYTES];
    char target[WORD_BYTES];
    TRY(tool_options(place, problem, options));
    (void)snprintf(target, sizeof(target), "--result-file=%s/", place->work);
    const char *const words[] = {"mariadb-binlog",
                                 options,
                                 "--read-from-remote-server",
                                 "--raw",
                                 "--to-last-log",
                                 target,
                                 first,
                                 NULL};
    pid_t pid = 0;
    TRY(tool_start(place, words, -1, -1, problem, &pid));
    enum rc rc = child_wait(pid, 0, place->stop);
    if (rc != RC_OK) {
        tool_say(place, words[0], problem);
    }
    return rc;
}

static void until_text(int64_t at_ms, char word[80])
{
    struct clock_parts parts = clock_utc_parts(at_ms);
    (void)snprintf(word, 80, "--stop-datetime=%04d-%02d-%02d %02d:%02d:%02d", parts.year,
                   parts.month, parts.day, parts.hour, parts.minute, parts.second);
}

static enum rc statements_make(const struct tool_place *place, const struct tool_replay *replay,
                               int fd, struct text *problem)
{
    char start[80];
    char until[80];
    char rename[200];
    char database[120];
    (void)snprintf(start, sizeof(start), "--start-position=%lld",
                   (long long)replay->start.position);
    (void)snprintf(rename, sizeof(rename), "--rewrite-db=%s->%s", replay->from_database,
                   place->server.name);
    (void)snprintf(database, sizeof(database), "--database=%s", replay->from_database);
    const char *words[WORDS_FIXED + TOOL_BINLOGS_MAX + 1] = {
        "mariadb-binlog", "--no-defaults", "--disable-log-bin", "--skip-annotate-row-events", start,
        rename,           database};
    size_t count = 7;
    if (replay->until_at_ms > 0) {
        until_text(replay->until_at_ms, until);
        words[count++] = until;
    }
    for (size_t i = 0; i < replay->files_count; i++) {
        words[count++] = replay->files[i];
    }
    words[count] = NULL;
    pid_t pid = 0;
    TRY(tool_start(place, words, -1, fd, problem, &pid));
    enum rc rc = child_wait(pid, 0, place->stop);
    if (rc != RC_OK) {
        tool_say(place, words[0], problem);
    }
    return rc;
}

enum rc tool_replay(const struct tool_place *place, const struct tool_replay *replay,
                    struct text *problem)
{
    if (replay->files_count == 0 || replay->files_count > TOOL_BINLOGS_MAX) {
        text_printf(problem, "%zu binlogs, 1 to %d can be replayed", replay->files_count,
                    TOOL_BINLOGS_MAX);
        return RC_INVALID;
    }
    char path[TOOL_PATH_BYTES + 20];
    char options[WORD_BYTES];
    (void)snprintf(path, sizeof(path), "%s/replay.sql", place->work);
    TRY(tool_options(place, problem, options));
    CLEANUP(tool_fd_close)
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (fd < 0) {
        text_printf(problem, "%s: %s", path, strerror(errno));
        return RC_IO;
    }
    TRY(statements_make(place, replay, fd, problem)); /* whole before the first is applied */
    if (lseek(fd, 0, SEEK_SET) != 0) {
        return RC_IO;
    }
    const char *const words[] = {"mariadb",
                                 options,
                                 "--default-character-set=utf8mb4",
                                 "--binary-mode",
                                 "--max-allowed-packet=64M",
                                 place->server.name,
                                 NULL};
    pid_t pid = 0;
    TRY(tool_start(place, words, fd, -1, problem, &pid));
    enum rc rc = child_wait(pid, 0, place->stop);
    if (rc != RC_OK) {
        tool_say(place, words[0], problem);
    }
    return rc;
}
