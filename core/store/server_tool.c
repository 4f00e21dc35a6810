#include "core/store/server_tool.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/child.h"
#include "core/base/clock.h"
#include "core/store/server_tool_own.h"

#define HEAD_WAIT_MS 20000
#define END_WAIT_MS 60000
#define MESSAGE_BYTES 4096

void tool_fd_close(int *fd)
{
    if (*fd >= 0) {
        (void)close(*fd);
        *fd = -1;
    }
}

/* What a program said last. */
void tool_say(const struct tool_place *place, const char *name, struct text *problem)
{
    char path[TOOL_PATH_BYTES + 40];
    char bytes[MESSAGE_BYTES + 1];
    (void)snprintf(path, sizeof(path), "%s/%s.err", place->work, name);
    text_add_string(problem, name);
    CLEANUP(tool_fd_close) int fd = open(path, O_RDONLY | O_CLOEXEC);
    off_t size = fd < 0 ? 0 : lseek(fd, 0, SEEK_END);
    off_t from = size > MESSAGE_BYTES ? size - MESSAGE_BYTES : 0;
    ssize_t len = size <= 0 ? 0 : pread(fd, bytes, MESSAGE_BYTES, from);
    while (len > 0 && (bytes[len - 1] == '\n' || bytes[len - 1] == '-')) {
        len--;
    }
    bytes[len > 0 ? len : 0] = '\0';
    const char *last = strrchr(bytes, '\n');
    last = last == NULL ? bytes : last + 1;
    text_printf(problem, ": %s", *last == '\0' ? "ended without a word" : last);
}

/* The option file with user, password and socket. */
enum rc tool_options(const struct tool_place *place, struct text *problem,
                     char ret_word[TOOL_PATH_BYTES + 40])
{
    char path[TOOL_PATH_BYTES + 20];
    (void)snprintf(path, sizeof(path), "%s/client.cnf", place->work);
    (void)snprintf(ret_word, TOOL_PATH_BYTES + 40, "--defaults-file=%s", path);
    CLEANUP(tool_fd_close)
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, S_IRUSR | S_IWUSR);
    struct text file CLEANUP(text_release);
    text_init(&file, 4096);
    text_printf(&file, "[client]\nsocket=%s\nuser=%s\npassword=\"%s\"\n", place->server.socket,
                place->server.user, place->server.password);
    TRY(text_result(&file));
    bool good = fd >= 0 && write(fd, file.bytes, file.len) == (ssize_t)file.len;
    explicit_bzero(file.bytes, file.len);
    if (!good) {
        text_printf(problem, "%s: %s", path, strerror(errno));
        return RC_IO;
    }
    return RC_OK;
}

int tool_messages(const struct tool_place *place, const char *name)
{
    char path[TOOL_PATH_BYTES + 40];
    (void)snprintf(path, sizeof(path), "%s/%s.err", place->work, name);
    return open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, S_IRUSR | S_IWUSR);
}

enum rc tool_start(const struct tool_place *place, const char *const *words, int in_fd, int out_fd,
                   struct text *problem, pid_t *ret_pid)
{
    CLEANUP(tool_fd_close) int messages = tool_messages(place, words[0]);
    struct child_spec spec = {.words = words,
                              .gentle = place->gentle,
                              .in_fd = in_fd,
                              .out_fd = out_fd,
                              .err_fd = messages};
    enum rc rc = child_start(&spec, ret_pid);
    if (rc != RC_OK) {
        text_printf(problem, "%s cannot be started: %s", words[0],
                    rc == RC_NOT_FOUND ? "it is not installed" : strerror(errno));
    }
    return rc;
}

/* ---- dump ---- */

/* The line that mariadb-dump writes with --master-data=2. RC_NOT_FOUND: not yet there. */
static enum rc position_parse(const char *head, struct tool_position *ret_position)
{
    static const char mark[] = "MASTER_LOG_FILE='";
    static const char place[] = "MASTER_LOG_POS=";
    const char *file = strstr(head, mark);
    const char *at = file == NULL ? NULL : strstr(file, place);
    const char *end = at == NULL ? NULL : strchr(at, ';');
    if (end == NULL) {
        return RC_NOT_FOUND;
    }
    file += sizeof(mark) - 1;
    size_t len = strcspn(file, "'");
    if (len == 0 || len >= sizeof(ret_position->file)) {
        return RC_INVALID;
    }
    memcpy(ret_position->file, file, len);
    ret_position->file[len] = '\0';
    at += sizeof(place) - 1;
    return text_parse_int(at, (size_t)(end - at), 0, INT64_MAX, &ret_position->position);
}

static enum rc head_read(struct tool_dump *dump)
{
    int64_t begin_ms = clock_monotonic_ms();
    for (;;) {
        struct pollfd look = {.fd = dump->fd, .events = POLLIN};
        if (clock_monotonic_ms() - begin_ms > HEAD_WAIT_MS) {
            return RC_TIMEOUT;
        }
        if (poll(&look, 1, 200) <= 0) {
            continue;
        }
        ssize_t len =
            read(dump->fd, dump->head + dump->head_len, sizeof(dump->head) - 1 - dump->head_len);
        if (len <= 0) {
            return RC_REFUSED;
        }
        dump->head_len += (size_t)len;
        dump->head[dump->head_len] = '\0';
        enum rc rc = position_parse(dump->head, &dump->position);
        if (rc != RC_NOT_FOUND || dump->head_len == sizeof(dump->head) - 1) {
            return rc;
        }
    }
}

enum rc tool_dump_start(const struct tool_place *place, struct text *problem,
                        struct tool_dump *ret_dump)
{
    char options[TOOL_PATH_BYTES + 40];
    TRY(tool_options(place, problem, options));
    const char *const words[] = {"mariadb-dump",
                                 options,
                                 "--single-transaction",
                                 "--master-data=2",
                                 "--quick",
                                 "--hex-blob",
                                 "--skip-triggers",
                                 "--skip-dump-date",
                                 "--skip-lock-tables",
                                 "--max-allowed-packet=64M",
                                 "--default-character-set=utf8mb4",
                                 place->server.name,
                                 NULL};
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return RC_IO;
    }
    struct tool_dump dump = {.fd = ends[0]};
    enum rc rc = tool_start(place, words, -1, ends[1], problem, &dump.pid);
    (void)close(ends[1]);
    if (rc != RC_OK) {
        (void)close(ends[0]);
        return rc;
    }
    rc = head_read(&dump);
    if (rc != RC_OK) {
        tool_dump_abandon(&dump);
        tool_say(place, words[0], problem);
        return rc == RC_NOT_FOUND ? RC_PROTOCOL : rc;
    }
    *ret_dump = dump;
    return RC_OK;
}

enum rc tool_dump_finish(const struct tool_place *place, struct tool_dump *dump, const char *path,
                         struct text *problem, struct archive_sums *ret_sums)
{
    CLEANUP(tool_fd_close)
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
    enum rc rc =
        fd < 0 ? RC_IO
               : archive_pack(dump->head, dump->head_len, dump->fd, fd, place->stop, ret_sums);
    if (rc != RC_OK) {
        text_printf(problem, "%s: %s", path, rc == RC_IO ? strerror(errno) : rc_sentence(rc));
        tool_dump_abandon(dump);
        return rc;
    }
    tool_fd_close(&dump->fd);
    pid_t pid = dump->pid;
    dump->pid = 0;
    rc = child_wait(pid, END_WAIT_MS, place->stop);
    if (rc != RC_OK) {
        tool_say(place, "mariadb-dump", problem);
    }
    return rc;
}

void tool_dump_abandon(struct tool_dump *dump)
{
    tool_fd_close(&dump->fd);
    if (dump->pid > 0) {
        child_end(dump->pid);
        dump->pid = 0;
    }
}

/* ---- load ---- */

enum rc tool_load(const struct tool_place *place, const char *path, struct text *problem)
{
    char options[TOOL_PATH_BYTES + 40];
    TRY(tool_options(place, problem, options));
    const char *const words[] = {"mariadb",
                                 options,
                                 "--max-allowed-packet=64M",
                                 "--init-command=SET sql_log_bin = 0",
                                 place->server.name,
                                 NULL};
    CLEANUP(tool_fd_close) int fd = open(path, O_RDONLY | O_CLOEXEC);
    int ends[2];
    if (fd < 0 || pipe2(ends, O_CLOEXEC) != 0) {
        text_printf(problem, "%s: %s", path, strerror(errno));
        return RC_IO;
    }
    pid_t pid = 0;
    enum rc rc = tool_start(place, words, ends[0], -1, problem, &pid);
    (void)close(ends[0]);
    if (rc != RC_OK) {
        (void)close(ends[1]);
        return rc;
    }
    enum rc unpacked = archive_unpack(fd, ends[1], place->stop);
    (void)close(ends[1]);
    if (unpacked != RC_OK && unpacked != RC_IO) {
        child_end(pid); /* what it got is not all: it must not look done */
        text_printf(problem, "%s: %s", path,
                    unpacked == RC_INVALID ? "damaged, it cannot be unpacked"
                                           : rc_sentence(unpacked));
        return unpacked;
    }
    rc = child_wait(pid, 0, place->stop);
    if (rc == RC_OK && unpacked != RC_OK) {
        rc = RC_IO;
    }
    if (rc != RC_OK) {
        tool_say(place, words[0], problem);
    }
    return rc;
}
