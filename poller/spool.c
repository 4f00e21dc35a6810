#include "poller/spool.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "poller/spool_record.h"

#define MAGIC "PWSPOOL1"
#define SEGMENT_MAX_BYTES ((int64_t)4 << 20)
#define SEGMENTS_A_LIMIT 16 /* a full spool has about so many segments */
#define PATH_MAX_BYTES 512
#define NAME_MAX_BYTES 96
#define THIN_MS INT64_C(3600000)
#define CHUNK_RECORDS 256

struct segment {
    int64_t number;
    int64_t records; /* whole ones, broken or not */
    bool thin;
};

struct spool {
    char directory[PATH_MAX_BYTES];
    char prefix[32];
    int64_t limit_bytes;
    int64_t segment_bytes;
    struct segment *segments; /* oldest first */
    size_t count;
    int active_fd;        /* of the last segment, -1: the next append begins a new one */
    int64_t read_records; /* of the oldest segment: read and committed */
    int64_t given;        /* records that spool_read gave last */
    struct spool_counts counts;
};

static void segment_path(const struct spool *spool, int64_t number, const char *suffix,
                         char path[PATH_MAX_BYTES + NAME_MAX_BYTES])
{
    (void)snprintf(path, PATH_MAX_BYTES + NAME_MAX_BYTES, "%s/%s-rows-%012lld.%s", spool->directory,
                   spool->prefix, (long long)number, suffix);
}

static void fd_close(int *fd)
{
    if (*fd >= 0) {
        (void)close(*fd);
    }
    *fd = -1;
}

static enum rc write_all(int fd, const void *bytes, size_t len)
{
    const uint8_t *at = bytes;
    while (len > 0) {
        ssize_t written = write(fd, at, len);
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written <= 0) {
            return RC_IO;
        }
        at += written;
        len -= (size_t)written;
    }
    return RC_OK;
}

/* Names of files are durable only once their directory is. */
static enum rc sync_directory(const struct spool *spool)
{
    int fd CLEANUP(fd_close) = open(spool->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd >= 0 && fsync(fd) == 0 ? RC_OK : RC_IO;
}

static enum rc write_header(int fd, bool thin)
{
    uint8_t header[SPOOL_HEADER_BYTES] = MAGIC;
    header[8] = thin ? 1 : 0;
    return write_all(fd, header, sizeof(header));
}

static int64_t segment_bytes(const struct segment *segment)
{
    return SPOOL_HEADER_BYTES + segment->records * SPOOL_RECORD_BYTES;
}

static int by_number(const void *a, const void *b)
{
    const struct segment *left = a;
    const struct segment *right = b;
    return (left->number > right->number) - (left->number < right->number);
}

static void recount(struct spool *spool)
{
    spool->counts.rows = -spool->read_records;
    spool->counts.bytes = 0;
    for (size_t i = 0; i < spool->count; i++) {
        spool->counts.rows += spool->segments[i].records;
        spool->counts.bytes += segment_bytes(&spool->segments[i]);
    }
}

/* Looks at one file: cuts a torn tail; a file that is not a segment is set aside (.bad). */
static enum rc adopt(struct spool *spool, int64_t number)
{
    char path[PATH_MAX_BYTES + NAME_MAX_BYTES];
    segment_path(spool, number, "log", path);
    int fd CLEANUP(fd_close) = open(path, O_RDWR | O_CLOEXEC);
    struct stat status;
    if (fd < 0 || fstat(fd, &status) != 0) {
        return RC_IO;
    }
    uint8_t header[SPOOL_HEADER_BYTES] = {0};
    if (pread(fd, header, sizeof(header), 0) != (ssize_t)sizeof(header)) {
        (void)unlink(path); /* died while making it: no row was in it */
        return RC_OK;
    }
    if (memcmp(header, MAGIC, 8) != 0) {
        char aside[PATH_MAX_BYTES + NAME_MAX_BYTES];
        segment_path(spool, number, "bad", aside);
        spool->counts.broken++;
        return rename(path, aside) == 0 ? RC_OK : RC_IO;
    }
    struct segment segment = {.number = number, .thin = header[8] == 1};
    segment.records = ((int64_t)status.st_size - SPOOL_HEADER_BYTES) / SPOOL_RECORD_BYTES;
    if (ftruncate(fd, segment_bytes(&segment)) != 0) {
        return RC_IO;
    }
    if (spool->count == SPOOL_SEGMENTS_MAX) {
        return RC_FULL;
    }
    spool->segments[spool->count++] = segment;
    return RC_OK;
}

static enum rc scan(struct spool *spool)
{
    DIR *dir = opendir(spool->directory);
    if (dir == NULL) {
        return RC_IO;
    }
    enum rc rc = RC_OK;
    for (struct dirent *entry = readdir(dir); entry != NULL && rc == RC_OK; entry = readdir(dir)) {
        size_t prefix_len = strlen(spool->prefix);
        long long number = 0;
        if (strncmp(entry->d_name, spool->prefix, prefix_len) != 0 ||
            strncmp(entry->d_name + prefix_len, "-rows-", 6) != 0) {
            continue;
        }
        char *end = NULL;
        number = strtoll(entry->d_name + prefix_len + 6, &end, 10);
        if (number > 0 && strcmp(end, ".log") == 0) {
            rc = adopt(spool, number);
        } else if (number > 0 && strcmp(end, ".tmp") == 0) {
            char path[PATH_MAX_BYTES + NAME_MAX_BYTES];
            segment_path(spool, number, "tmp", path);
            (void)unlink(path); /* a thinning that did not end */
        }
    }
    (void)closedir(dir);
    if (rc == RC_OK && spool->count > 1) {
        qsort(spool->segments, spool->count, sizeof(*spool->segments), by_number);
    }
    return rc;
}

enum rc spool_open(const char *directory, const char *prefix, int64_t limit_bytes,
                   struct spool **ret_spool)
{
    assert(directory != NULL && prefix != NULL && ret_spool != NULL);
    assert(limit_bytes >= SPOOL_LIMIT_MIN_BYTES);
    if (strlen(directory) >= PATH_MAX_BYTES ||
        strlen(prefix) >= sizeof(((struct spool *)0)->prefix)) {
        return RC_TOO_LARGE;
    }
    struct spool *spool = calloc(1, sizeof(*spool));
    if (spool == NULL) {
        return RC_MEMORY;
    }
    spool->active_fd = -1;
    spool->limit_bytes = limit_bytes;
    spool->segment_bytes = limit_bytes / SEGMENTS_A_LIMIT;
    if (spool->segment_bytes > SEGMENT_MAX_BYTES) {
        spool->segment_bytes = SEGMENT_MAX_BYTES;
    }
    memcpy(spool->directory, directory, strlen(directory) + 1);
    memcpy(spool->prefix, prefix, strlen(prefix) + 1);
    spool->segments = calloc(SPOOL_SEGMENTS_MAX, sizeof(*spool->segments));
    enum rc rc = spool->segments == NULL ? RC_MEMORY : scan(spool);
    if (rc != RC_OK) {
        spool_close(&spool);
        return rc;
    }
    recount(spool);
    *ret_spool = spool;
    return RC_OK;
}

void spool_close(struct spool **spool)
{
    assert(spool != NULL);
    if (*spool != NULL) {
        fd_close(&(*spool)->active_fd);
        free((*spool)->segments);
        free(*spool);
        *spool = NULL;
    }
}

struct spool_counts spool_count(const struct spool *spool)
{
    assert(spool != NULL);
    return spool->counts;
}

static enum rc drop_oldest(struct spool *spool)
{
    char path[PATH_MAX_BYTES + NAME_MAX_BYTES];
    segment_path(spool, spool->segments[0].number, "log", path);
    if (unlink(path) != 0 && errno != ENOENT) {
        return RC_IO;
    }
    spool->count--;
    memmove(spool->segments, spool->segments + 1, spool->count * sizeof(*spool->segments));
    spool->read_records = 0;
    spool->given = 0;
    if (spool->count == 0) {
        fd_close(&spool->active_fd);
    }
    recount(spool);
    return RC_OK;
}

/* A set of (meter, hour), to keep the first row of each. */
struct hours {
    uint64_t *keys; /* 0: free */
    size_t size;
};

static bool hours_add(struct hours *hours, const struct reading_row *row)
{
    uint64_t key = (uint64_t)row->meter_id * UINT64_C(0x9E3779B97F4A7C15) +
                   (uint64_t)(row->taken_at_ms / THIN_MS) * UINT64_C(0xC2B2AE3D27D4EB4F);
    key |= 1;
    size_t slot = (size_t)(key >> 20) & (hours->size - 1);
    while (hours->keys[slot] != 0 && hours->keys[slot] != key) {
        slot = (slot + 1) & (hours->size - 1);
    }
    bool is_new = hours->keys[slot] == 0;
    hours->keys[slot] = key;
    return is_new;
}

/* Calls keep for each good record of a segment from record `first` on; stops when keep says so. */
typedef enum rc (*record_visit)(void *context, const uint8_t *record,
                                const struct reading_row *row);
static enum rc each_record(struct spool *spool, const struct segment *segment, int64_t first,
                           int64_t count, record_visit visit, void *context)
{
    char path[PATH_MAX_BYTES + NAME_MAX_BYTES];
    segment_path(spool, segment->number, "log", path);
    int fd CLEANUP(fd_close) = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return RC_IO;
    }
    uint8_t chunk[CHUNK_RECORDS * SPOOL_RECORD_BYTES];
    for (int64_t done = 0; done < count;) {
        int64_t want = count - done < CHUNK_RECORDS ? count - done : CHUNK_RECORDS;
        off_t at = (off_t)(SPOOL_HEADER_BYTES + (first + done) * SPOOL_RECORD_BYTES);
        ssize_t got = pread(fd, chunk, (size_t)(want * SPOOL_RECORD_BYTES), at);
        if (got < SPOOL_RECORD_BYTES) {
            return RC_IO;
        }
        int64_t records = got / SPOOL_RECORD_BYTES;
        for (int64_t i = 0; i < records; i++) {
            const uint8_t *record = chunk + i * SPOOL_RECORD_BYTES;
            struct reading_row row;
            if (!spool_record_read(record, &row)) {
                spool->counts.broken++;
                continue;
            }
            TRY(visit(context, record, &row));
        }
        done += records;
    }
    return RC_OK;
}

struct thinning {
    struct hours hours;
    int fd;
    int64_t kept;
};

static enum rc keep_first_of_hour(void *context, const uint8_t *record,
                                  const struct reading_row *row)
{
    struct thinning *thinning = context;
    if (!hours_add(&thinning->hours, row)) {
        return RC_OK;
    }
    thinning->kept++;
    return write_all(thinning->fd, record, SPOOL_RECORD_BYTES);
}

static void free_keys(uint64_t **keys)
{
    free(*keys);
}

/* Writes the thin copy beside the segment, then puts it in its place in one rename. */
static enum rc thin(struct spool *spool, struct segment *segment)
{
    char path[PATH_MAX_BYTES + NAME_MAX_BYTES];
    char copy[PATH_MAX_BYTES + NAME_MAX_BYTES];
    segment_path(spool, segment->number, "log", path);
    segment_path(spool, segment->number, "tmp", copy);
    struct thinning thinning = {.hours.size = 1024};
    while (thinning.hours.size < (size_t)segment->records * 2) {
        thinning.hours.size *= 2;
    }
    uint64_t *keys CLEANUP(free_keys) = calloc(thinning.hours.size, sizeof(*keys));
    int fd CLEANUP(fd_close) = open(copy, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (keys == NULL || fd < 0) {
        return keys == NULL ? RC_MEMORY : RC_IO;
    }
    thinning.hours.keys = keys;
    thinning.fd = fd;
    enum rc rc = write_header(fd, true);
    if (rc == RC_OK) {
        rc = each_record(spool, segment, 0, segment->records, keep_first_of_hour, &thinning);
    }
    if (rc != RC_OK || fsync(fd) != 0 || rename(copy, path) != 0) {
        (void)unlink(copy);
        return rc != RC_OK ? rc : RC_IO;
    }
    spool->counts.thinned += segment->records - thinning.kept;
    segment->records = thinning.kept;
    segment->thin = true;
    if (segment == &spool->segments[0]) {
        spool->read_records = 0;
        spool->given = 0;
    }
    recount(spool);
    return sync_directory(spool);
}

/* Brings the spool below its bound: thins the oldest fat segment, else drops the oldest. */
static enum rc shrink(struct spool *spool)
{
    while (spool->counts.bytes > spool->limit_bytes && spool->count > 1) {
        size_t last = spool->active_fd >= 0 ? spool->count - 1 : spool->count;
        size_t fat = 0;
        while (fat < last && spool->segments[fat].thin) {
            fat++;
        }
        if (fat < last) {
            TRY(thin(spool, &spool->segments[fat]));
        } else {
            spool->counts.dropped += spool->segments[0].records - spool->read_records;
            TRY(drop_oldest(spool));
        }
    }
    return RC_OK;
}

static enum rc begin_segment(struct spool *spool)
{
    if (spool->count == SPOOL_SEGMENTS_MAX) {
        return RC_FULL;
    }
    int64_t number = spool->count == 0 ? 1 : spool->segments[spool->count - 1].number + 1;
    char path[PATH_MAX_BYTES + NAME_MAX_BYTES];
    segment_path(spool, number, "log", path);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) {
        return RC_IO;
    }
    enum rc rc = write_header(fd, false);
    if (rc == RC_OK) {
        rc = sync_directory(spool);
    }
    if (rc != RC_OK) {
        (void)close(fd);
        (void)unlink(path);
        return rc;
    }
    fd_close(&spool->active_fd);
    spool->active_fd = fd;
    spool->segments[spool->count++] = (struct segment){.number = number};
    return RC_OK;
}

enum rc spool_append(struct spool *spool, const struct reading_row *rows, size_t count)
{
    assert(spool != NULL && (rows != NULL || count == 0));
    size_t done = 0;
    while (done < count) {
        if (spool->active_fd < 0 ||
            segment_bytes(&spool->segments[spool->count - 1]) >= spool->segment_bytes) {
            TRY(begin_segment(spool));
        }
        struct segment *active = &spool->segments[spool->count - 1];
        uint8_t chunk[CHUNK_RECORDS * SPOOL_RECORD_BYTES];
        size_t room = (size_t)(spool->segment_bytes / SPOOL_RECORD_BYTES) + 1;
        size_t part = count - done < CHUNK_RECORDS ? count - done : CHUNK_RECORDS;
        part = part < room ? part : room;
        for (size_t i = 0; i < part; i++) {
            spool_record_write(chunk + i * SPOOL_RECORD_BYTES, &rows[done + i]);
        }
        if (write_all(spool->active_fd, chunk, part * SPOOL_RECORD_BYTES) != RC_OK ||
            fdatasync(spool->active_fd) != 0) {
            (void)!ftruncate(spool->active_fd, (off_t)segment_bytes(active));
            (void)lseek(spool->active_fd, 0, SEEK_END);
            return RC_IO;
        }
        active->records += (int64_t)part;
        done += part;
        recount(spool);
        TRY(shrink(spool));
    }
    return RC_OK;
}

struct reading_out {
    struct reading_row *rows;
    size_t count;
};

static enum rc take_row(void *context, const uint8_t *record, const struct reading_row *row)
{
    (void)record;
    struct reading_out *out = context;
    out->rows[out->count++] = *row;
    return RC_OK;
}

enum rc spool_read(struct spool *spool, struct reading_row *rows, size_t max, size_t *ret_count)
{
    assert(spool != NULL && rows != NULL && max >= 1 && ret_count != NULL);
    while (spool->count > 0) {
        struct segment *oldest = &spool->segments[0];
        if (spool->count == 1) {
            fd_close(&spool->active_fd); /* what comes now goes to a new segment */
        }
        int64_t left = oldest->records - spool->read_records;
        if (left == 0) {
            TRY(drop_oldest(spool));
            continue;
        }
        int64_t want = left < (int64_t)max ? left : (int64_t)max;
        struct reading_out out = {.rows = rows};
        TRY(each_record(spool, oldest, spool->read_records, want, take_row, &out));
        spool->given = want;
        if (out.count == 0) { /* all broken: nothing to commit */
            TRY(spool_done(spool));
            continue;
        }
        *ret_count = out.count;
        return RC_OK;
    }
    return RC_NOT_FOUND;
}

enum rc spool_done(struct spool *spool)
{
    assert(spool != NULL);
    if (spool->count == 0 || spool->given == 0) {
        return RC_OK; /* thinned or dropped in between */
    }
    spool->read_records += spool->given;
    spool->given = 0;
    recount(spool);
    return spool->read_records >= spool->segments[0].records ? drop_oldest(spool) : RC_OK;
}

void spool_rewind(struct spool *spool)
{
    assert(spool != NULL);
    spool->given = 0;
}

struct each_out {
    spool_visit visit;
    void *context;
};

static enum rc give_row(void *context, const uint8_t *record, const struct reading_row *row)
{
    (void)record;
    struct each_out *out = context;
    out->visit(out->context, row);
    return RC_OK;
}

enum rc spool_each(struct spool *spool, spool_visit visit, void *context)
{
    assert(spool != NULL && visit != NULL);
    struct each_out out = {visit, context};
    for (size_t i = 0; i < spool->count; i++) {
        int64_t first = i == 0 ? spool->read_records : 0;
        TRY(each_record(spool, &spool->segments[i], first, spool->segments[i].records - first,
                        give_row, &out));
    }
    return RC_OK;
}
