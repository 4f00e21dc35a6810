/*
 * Writer: one thread that stores the readings of all lines.
 *
 *   line threads --writer_push--> queue --> batch --> MariaDB (one transaction) --> Redis (hints)
 *                                             |  away
 *                                             v
 *                                     spool + state file --replay when MariaDB is back--> MariaDB
 *
 * A batch is committed when batch_rows readings wait or the oldest has waited batch_ms. Replay
 * follows live batches, in order, and deletes only after commit. Order of calls: writer_create,
 * writer_start, writer_push..., writer_stop, writer_free.
 */
#ifndef PW_POLLER_WRITER_H
#define PW_POLLER_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/rc.h"
#include "core/store/db.h"
#include "core/store/reading_store.h"
#include "poller/spool.h"

#define WRITER_QUEUE_MAX READING_BATCH_MAX
#define WRITER_PUSH_WAIT_MS 2000 /* a full queue holds a line up at most so long */
#define WRITER_REPLAY_ROWS 2000  /* of one transaction */

struct writer_options {
    const struct db_options *database; /* copied by db_open */
    const char *redis_socket;          /* NULL: no Redis */
    const char *spool_directory;
    const char *spool_prefix;
    int64_t spool_bytes;
    int64_t batch_ms;
    int64_t batch_rows; /* 1 .. READING_BATCH_MAX */
};

struct writer_counts {
    int64_t readings;  /* pushed */
    int64_t lost;      /* not even spooled: queue full too long, or the disk refused */
    int64_t refused;   /* MariaDB refuses the row for good (its meter is gone) */
    int64_t batches;   /* committed */
    int64_t rows;      /* history rows in them */
    int64_t replayed;  /* from the spool */
    int64_t published; /* to Redis */
    int64_t queue;     /* waiting now */
    bool database_up;
    bool redis_up;
    struct spool_counts spool;
    char why[200]; /* last trouble in words, "" while all is well */
};

struct writer;

/* Opens connections, spool and state file; nothing runs yet. MariaDB and Redis may be away. RC_IO:
 * spool directory. */
enum rc writer_create(const struct writer_options *options, struct writer **ret_writer) MUST_CHECK;
/* Visits what the spool and the state file hold, for the memory of the meters; before writer_start.
 */
enum rc writer_each_waiting(struct writer *writer, spool_visit visit, void *context) MUST_CHECK;
enum rc writer_start(struct writer *writer) MUST_CHECK;
/* Hands a reading over (copied). RC_FULL: the queue stayed full, the reading is lost and counted.
 * Thread safe. */
enum rc writer_push(struct writer *writer, const struct reading_entry *entry) MUST_CHECK;
/* Changes batch settings at run time. Thread safe. */
void writer_set_batch(struct writer *writer, int64_t batch_ms, int64_t batch_rows);
struct writer_counts writer_count(struct writer *writer); /* thread safe */
/* Stores or spools everything that waits, then ends the thread. */
void writer_stop(struct writer *writer);
/* Frees; accepts a pointer to NULL. */
void writer_free(struct writer **writer);

#endif
