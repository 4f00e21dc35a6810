/*
 * MariaDB's own programs, run as children: mariadb-dump for a backup, mariadb to load one,
 * mariadb-binlog to go on from it, and a private mariadbd that a backup is proved in. What they say
 * on their standard error ends up in `problem`, its last line.
 *
 * A password never stands in an argument or the environment: it goes through an option file (0600)
 * in the work folder, which the caller removes with the folder.
 */
#ifndef PW_STORE_SERVER_TOOL_H
#define PW_STORE_SERVER_TOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/base/archive.h"
#include "core/base/rc.h"
#include "core/base/text.h"
#include "core/store/db.h"

#define TOOL_PATH_BYTES 512
#define TOOL_HEAD_BYTES 8192 /* the dump names its binlog position within these */
#define TOOL_BINLOG_NAME_BYTES 200

/* Who runs a program, and where. Everything borrowed. */
struct tool_place {
    const char *work;         /* folder for option files and messages, 0700 */
    struct db_options server; /* whom to ask; the password may be "" */
    bool gentle;
    bool (*stop)(void); /* NULL: never */
};

struct tool_position {
    char file[TOOL_BINLOG_NAME_BYTES];
    int64_t position;
};

/* A dump that has taken its snapshot and waits to be read. */
struct tool_dump {
    pid_t pid;
    int fd;
    char head[TOOL_HEAD_BYTES];
    size_t head_len;
    struct tool_position position;
};

/* Starts mariadb-dump in one snapshot and reads until it says at which position of the binlog that
   is. RC_TIMEOUT, RC_REFUSED, RC_NOT_FOUND with a sentence. */
enum rc tool_dump_start(const struct tool_place *place, struct text *problem,
                        struct tool_dump *ret_dump) MUST_CHECK;
/* Packs the rest into the file (made new, 0600) and waits for the end. RC_IO: the sentence says
   why, for example that the disk is full. */
enum rc tool_dump_finish(const struct tool_place *place, struct tool_dump *dump, const char *path,
                         struct text *problem, struct archive_sums *ret_sums) MUST_CHECK;
/* Ends a dump that is not wanted any more. */
void tool_dump_abandon(struct tool_dump *dump);
/* Loads a packed dump into the (empty) database place->server.name. Nothing of it goes into
   the binlog. */
enum rc tool_load(const struct tool_place *place, const char *path,
                  struct text *problem) MUST_CHECK;

struct tool_replay {
    const char *from_database; /* as the binlog calls it */
    struct tool_position start;
    int64_t until_at_ms;      /* to the second below; 0: everything */
    const char *const *files; /* full paths, in order, the first is start.file */
    size_t files_count;
};

#define TOOL_BINLOGS_MAX 40

/* Applies what the binlogs hold after the start to place->server.name. */
enum rc tool_replay(const struct tool_place *place, const struct tool_replay *replay,
                    struct text *problem) MUST_CHECK;
/* Copies a binlog of the running server, by name, and every later one into place->work. */
enum rc tool_binlogs_fetch(const struct tool_place *place, const char *first,
                           struct text *problem) MUST_CHECK;

/* A private server: own data folder, one Unix socket, no network, no users, nothing durable. */
struct scratch {
    pid_t pid; /* 0: not started */
    char socket[108];
    char run[TOOL_PATH_BYTES]; /* folder of the socket */
};

/* data: a folder that is there and empty; run: a folder whose path is short enough for a socket
   below it. Waits until it answers. */
enum rc scratch_start(struct scratch *scratch, const char *data, const char *run,
                      int64_t memory_mib, const struct tool_place *place,
                      struct text *problem) MUST_CHECK;
/* Ends it and removes its socket; the data folder stays. Accepts one that was never started. */
void scratch_stop(struct scratch *scratch);

#endif
