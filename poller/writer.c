#include "poller/writer.h"

#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/text.h"
#include "core/rules/backoff.h"
#include "core/store/reading_stream.h"
#include "poller/state_file.h"
#include "poller/threads.h"

#define DATABASE_RETRY_FIRST_MS 200
#define DATABASE_RETRY_LAST_MS 3000
#define SPOOL_RETRY_MS 5000
#define PATH_BYTES_MAX 640

struct writer {
    pthread_t thread;
    bool started;
    pthread_mutex_t mutex;       /* guards the next block */
    pthread_cond_t filled;       /* something to do for the thread */
    pthread_cond_t room;         /* the queue has room again */
    struct reading_entry *queue; /* ring of WRITER_QUEUE_MAX; begins anew when it is empty, so that
                                    a short queue touches little memory */
    size_t queue_first;
    size_t queue_count;
    int64_t queue_since_ms; /* monotonic time since when something waits */
    int64_t batch_ms;
    size_t batch_rows;
    bool stopping;
    struct writer_counts counts;

    /* of the thread alone */
    struct reading_entry *work;
    struct db *db;
    struct redis *redis;
    struct spool *spool;
    struct state_file *states;
    struct reading_batch batch;
    struct reading_row *rows; /* READING_BATCH_MAX */
    struct backoff backoff;
    int64_t retry_at_ms;  /* no try of MariaDB before */
    int64_t replay_at_ms; /* no look at the spool before: it could not be read */
    char why[200];
};

static enum rc make_parts(struct writer *writer, const struct writer_options *options)
{
    char path[PATH_BYTES_MAX];
    int len = snprintf(path, sizeof(path), "%s/%s-states.bin", options->spool_directory,
                       options->spool_prefix);
    if (len < 0 || (size_t)len >= sizeof(path)) {
        return RC_TOO_LARGE;
    }
    /* calloc of this size takes pages only when they are used. */
    writer->queue = calloc(WRITER_QUEUE_MAX, sizeof(*writer->queue));
    writer->work = calloc(WRITER_QUEUE_MAX, sizeof(*writer->work));
    writer->rows = calloc(READING_BATCH_MAX, sizeof(*writer->rows));
    if (writer->queue == NULL || writer->work == NULL || writer->rows == NULL) {
        return RC_MEMORY;
    }
    TRY(reading_batch_init(&writer->batch, READING_BATCH_MAX));
    TRY(spool_open(options->spool_directory, options->spool_prefix, options->spool_bytes,
                   &writer->spool));
    TRY(state_file_open(path, &writer->states));
    enum rc rc = db_open(options->database, &writer->db);
    if (rc != RC_OK && rc != RC_UNAVAILABLE) {
        return rc;
    }
    return options->redis_socket == NULL ? RC_OK
                                         : redis_open(options->redis_socket, &writer->redis);
}

enum rc writer_create(const struct writer_options *options, struct writer **ret_writer)
{
    assert(options != NULL && ret_writer != NULL);
    struct writer *writer = calloc(1, sizeof(*writer));
    if (writer == NULL) {
        return RC_MEMORY;
    }
    mutex_init(&writer->mutex);
    condition_init(&writer->filled);
    condition_init(&writer->room);
    backoff_init(&writer->backoff, DATABASE_RETRY_FIRST_MS, DATABASE_RETRY_LAST_MS);
    writer_set_batch(writer, options->batch_ms, options->batch_rows);
    enum rc rc = make_parts(writer, options);
    if (rc != RC_OK) {
        writer_free(&writer);
        return rc;
    }
    writer->counts.spool = spool_count(writer->spool);
    *ret_writer = writer;
    return RC_OK;
}

void writer_free(struct writer **writer)
{
    assert(writer != NULL);
    struct writer *gone = *writer;
    if (gone == NULL) {
        return;
    }
    writer_stop(gone);
    db_close(&gone->db);
    redis_close(&gone->redis);
    spool_close(&gone->spool);
    state_file_close(&gone->states);
    reading_batch_release(&gone->batch);
    free(gone->queue);
    free(gone->work);
    free(gone->rows);
    (void)pthread_cond_destroy(&gone->filled);
    (void)pthread_cond_destroy(&gone->room);
    (void)pthread_mutex_destroy(&gone->mutex);
    free(gone);
    *writer = NULL;
}

void writer_set_batch(struct writer *writer, int64_t batch_ms, int64_t batch_rows)
{
    assert(writer != NULL && batch_ms >= 0);
    assert(batch_rows >= 1 && batch_rows <= READING_BATCH_MAX);
    mutex_lock(&writer->mutex);
    writer->batch_ms = batch_ms;
    writer->batch_rows = (size_t)batch_rows;
    mutex_unlock(&writer->mutex);
}

enum rc writer_each_waiting(struct writer *writer, spool_visit visit, void *context)
{
    assert(writer != NULL && !writer->started && visit != NULL);
    return spool_each(writer->spool, visit, context);
}

enum rc writer_push(struct writer *writer, const struct reading_entry *entry)
{
    assert(writer != NULL && entry != NULL);
    int64_t until_ms = clock_monotonic_ms() + WRITER_PUSH_WAIT_MS;
    mutex_lock(&writer->mutex);
    while (writer->queue_count == WRITER_QUEUE_MAX && !writer->stopping) {
        if (!condition_wait_until(&writer->room, &writer->mutex, until_ms)) {
            break;
        }
    }
    enum rc rc = RC_OK;
    writer->counts.readings++;
    if (writer->queue_count == WRITER_QUEUE_MAX) {
        writer->counts.lost++;
        rc = RC_FULL;
    } else {
        if (writer->queue_count == 0) {
            writer->queue_since_ms = clock_monotonic_ms();
        }
        writer->queue[(writer->queue_first + writer->queue_count) % WRITER_QUEUE_MAX] = *entry;
        writer->queue_count++;
        if (writer->queue_count == 1 || writer->queue_count == writer->batch_rows) {
            (void)pthread_cond_signal(&writer->filled);
        }
    }
    mutex_unlock(&writer->mutex);
    return rc;
}

struct writer_counts writer_count(struct writer *writer)
{
    assert(writer != NULL);
    mutex_lock(&writer->mutex);
    struct writer_counts counts = writer->counts;
    counts.queue = (int64_t)writer->queue_count;
    mutex_unlock(&writer->mutex);
    return counts;
}

/* The spool keeps the interval and change rows; the state file each meter's latest. */
static void spool_entries(struct writer *writer, const struct reading_entry *entries, size_t count)
{
    size_t rows = 0;
    enum rc rc = RC_OK;
    for (size_t i = 0; i < count; i++) {
        if (entries[i].slow) {
            continue; /* read again soon enough */
        }
        if (entries[i].kind != READING_STATE_ONLY) {
            writer->rows[rows++] = reading_entry_row(&entries[i]);
        }
        if (state_file_put(writer->states, &entries[i]) != RC_OK) {
            rc = RC_IO;
        }
    }
    if (rows > 0 && spool_append(writer->spool, writer->rows, rows) != RC_OK) {
        rc = RC_IO;
    }
    if (state_file_sync(writer->states) != RC_OK) {
        rc = RC_IO;
    }
    if (rc != RC_OK) {
        (void)snprintf(writer->why, sizeof(writer->why), "the spool cannot be written");
        mutex_lock(&writer->mutex);
        writer->counts.lost += (int64_t)rows;
        mutex_unlock(&writer->mutex);
    }
}

static bool is_away(enum rc rc)
{
    /* The rest may be tried again as a whole; RC_UNKNOWN too, for a batch written twice is stored
     * once. */
    return rc == RC_UNAVAILABLE || rc == RC_UNKNOWN || rc == RC_RETRY || rc == RC_TIMEOUT ||
           rc == RC_INTERNAL || rc == RC_FORBIDDEN || rc == RC_MEMORY;
}

static void note_away(struct writer *writer, enum rc rc)
{
    writer->retry_at_ms =
        clock_monotonic_ms() + backoff_next_ms(&writer->backoff, (uint32_t)clock_monotonic_us());
    (void)snprintf(writer->why, sizeof(writer->why), "%s: %s", rc_sentence(rc),
                   db_error(writer->db));
}

static void note_up(struct writer *writer)
{
    backoff_reset(&writer->backoff);
    writer->retry_at_ms = 0;
    writer->why[0] = '\0';
}

/* Writes a part of a batch; halves it around rows that MariaDB refuses for good. */
static enum rc write_part(struct writer *writer, const struct reading_entry *entries, size_t count)
{
    enum rc rc = reading_store_write(writer->db, &writer->batch, entries, count);
    if (rc == RC_OK || is_away(rc)) {
        return rc;
    }
    if (count == 1) {
        (void)snprintf(writer->why, sizeof(writer->why), "meter %lld: %s",
                       (long long)entries[0].reading.meter_id, db_error(writer->db));
        mutex_lock(&writer->mutex);
        writer->counts.refused++;
        mutex_unlock(&writer->mutex);
        return RC_OK;
    }
    TRY(write_part(writer, entries, count / 2));
    return write_part(writer, entries + count / 2, count - count / 2);
}

/* States that an outage left in the state file go first: live ones then replace them. */
static enum rc restore_states(struct writer *writer)
{
    size_t count = state_file_count(writer->states);
    for (size_t n = 0; n < count; n++) {
        struct reading_entry entry;
        if (state_file_get(writer->states, n, &entry) != RC_OK) {
            continue;
        }
        entry.kind = READING_STATE_ONLY; /* its history row, if any, is in the spool */
        TRY(write_part(writer, &entry, 1));
    }
    return count == 0 ? RC_OK : state_file_clear(writer->states);
}

static enum rc replay_some(struct writer *writer)
{
    size_t count = 0;
    enum rc rc = spool_read(writer->spool, writer->rows, WRITER_REPLAY_ROWS, &count);
    if (rc == RC_NOT_FOUND) {
        return RC_OK;
    }
    if (rc != RC_OK) {
        writer->replay_at_ms = clock_monotonic_ms() + SPOOL_RETRY_MS;
        (void)snprintf(writer->why, sizeof(writer->why), "the spool cannot be read");
        return RC_OK;
    }
    rc = reading_store_replay(writer->db, &writer->batch.sql, writer->rows, count);
    if (rc != RC_OK) {
        spool_rewind(writer->spool);
        return rc;
    }
    mutex_lock(&writer->mutex);
    writer->counts.replayed += (int64_t)count;
    mutex_unlock(&writer->mutex);
    if (spool_done(writer->spool) != RC_OK) { /* the file stays: its rows come again, harmlessly */
        writer->replay_at_ms = clock_monotonic_ms() + SPOOL_RETRY_MS;
    }
    return RC_OK;
}

static void publish(struct writer *writer, const struct reading_entry *entries, size_t count)
{
    if (writer->redis == NULL || count == 0) {
        return;
    }
    if (reading_stream_publish(writer->redis, entries, count) == RC_OK) {
        mutex_lock(&writer->mutex);
        writer->counts.published += (int64_t)count;
        mutex_unlock(&writer->mutex);
    }
}

static int64_t history_rows(const struct reading_entry *entries, size_t count)
{
    int64_t rows = 0;
    for (size_t i = 0; i < count; i++) {
        rows += !entries[i].slow && entries[i].kind != READING_STATE_ONLY;
    }
    return rows;
}

static void store(struct writer *writer, const struct reading_entry *entries, size_t count)
{
    enum rc rc = RC_UNAVAILABLE;
    if (clock_monotonic_ms() >= writer->retry_at_ms) {
        rc = restore_states(writer);
        if (rc == RC_OK && count > 0) {
            rc = write_part(writer, entries, count);
        }
        if (rc == RC_OK) {
            note_up(writer);
        } else {
            note_away(writer, rc);
        }
    }
    if (rc != RC_OK && count > 0) {
        spool_entries(writer, entries, count);
    }
    if (rc == RC_OK && spool_count(writer->spool).rows > 0 &&
        clock_monotonic_ms() >= writer->replay_at_ms) {
        enum rc replayed = replay_some(writer);
        if (replayed != RC_OK) {
            note_away(writer, replayed);
        }
    }
    publish(writer, entries, count);
    mutex_lock(&writer->mutex);
    if (rc == RC_OK && count > 0) {
        writer->counts.batches++;
        writer->counts.rows += history_rows(entries, count);
    }
    writer->counts.database_up = rc == RC_OK;
    writer->counts.redis_up = writer->redis != NULL && redis_is_up(writer->redis);
    writer->counts.spool = spool_count(writer->spool);
    memcpy(writer->counts.why, writer->why, sizeof(writer->counts.why));
    mutex_unlock(&writer->mutex);
}

/* Copies the oldest of the queue, at most a batch, into work. */
static size_t take_batch(struct writer *writer)
{
    size_t count =
        writer->queue_count < writer->batch_rows ? writer->queue_count : writer->batch_rows;
    size_t to_end = WRITER_QUEUE_MAX - writer->queue_first;
    size_t first = count < to_end ? count : to_end;
    memcpy(writer->work, writer->queue + writer->queue_first, first * sizeof(*writer->work));
    memcpy(writer->work + first, writer->queue, (count - first) * sizeof(*writer->work));
    writer->queue_count -= count;
    writer->queue_first = (writer->queue_first + count) % WRITER_QUEUE_MAX;
    if (writer->queue_count == 0) {
        writer->queue_first = 0;
    }
    writer->queue_since_ms = clock_monotonic_ms();
    return count;
}

/* Waits until a batch is due, a replay has work, or the end; then takes what is there. */
static size_t next_batch(struct writer *writer, bool *ret_stopping)
{
    mutex_lock(&writer->mutex);
    for (;;) {
        int64_t now_ms = clock_monotonic_ms();
        bool waiting = writer->counts.spool.rows > 0 || state_file_count(writer->states) > 0;
        int64_t due_ms = now_ms + 60000;
        if (writer->queue_count > 0) {
            due_ms = writer->queue_since_ms + writer->batch_ms;
        }
        int64_t again_ms =
            writer->retry_at_ms > writer->replay_at_ms ? writer->retry_at_ms : writer->replay_at_ms;
        if (waiting && again_ms < due_ms) {
            due_ms = again_ms;
        }
        if (writer->stopping || writer->queue_count >= writer->batch_rows || due_ms <= now_ms) {
            break;
        }
        (void)condition_wait_until(&writer->filled, &writer->mutex, due_ms);
    }
    size_t count = take_batch(writer);
    *ret_stopping = writer->stopping;
    (void)pthread_cond_broadcast(&writer->room);
    mutex_unlock(&writer->mutex);
    return count;
}

static void *run(void *argument)
{
    struct writer *writer = argument;
    for (;;) {
        bool stopping = false;
        size_t count = next_batch(writer, &stopping);
        if (count == 0 && stopping) {
            return NULL;
        }
        store(writer, writer->work, count); /* none: only replay */
    }
}

enum rc writer_start(struct writer *writer)
{
    assert(writer != NULL && !writer->started);
    TRY(thread_start(&writer->thread, "writer", run, writer));
    writer->started = true;
    return RC_OK;
}

void writer_stop(struct writer *writer)
{
    assert(writer != NULL);
    if (!writer->started) {
        return;
    }
    mutex_lock(&writer->mutex);
    writer->stopping = true;
    (void)pthread_cond_broadcast(&writer->filled);
    (void)pthread_cond_broadcast(&writer->room);
    mutex_unlock(&writer->mutex);
    (void)pthread_join(writer->thread, NULL);
    writer->started = false;
}
