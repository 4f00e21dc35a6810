/*
 * Spool: history rows on disk while MariaDB is away. Append files ("segments") of fixed records
 * with length and CRC, so a torn tail is seen and cut; a segment is deleted only after its rows are
 * committed, and writing rows twice is harmless (primary key), so kill -9 at any moment loses
 * nothing that was appended and doubles nothing.
 *
 *   rows-000000000007.log   oldest, being replayed
 *   rows-000000000008.log
 *   rows-000000000009.log   the active one: appended to
 *
 * Past its bound the oldest segments are thinned to one row a meter and hour; when all are thin the
 * oldest is dropped. Both are counted. One owner thread. Order of calls: spool_open, then
 * spool_append and spool_read / spool_done in any order, spool_close.
 */
#ifndef PW_POLLER_SPOOL_H
#define PW_POLLER_SPOOL_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/rc.h"
#include "core/store/reading_store.h"

#define SPOOL_RECORD_BYTES 104 /* length 4, CRC-32 4, row 96; little-endian */
#define SPOOL_HEADER_BYTES 16
#define SPOOL_SEGMENTS_MAX 4096
#define SPOOL_LIMIT_MIN_BYTES 16384

struct spool;

struct spool_counts {
    int64_t rows;    /* waiting */
    int64_t bytes;   /* of all segments */
    int64_t thinned; /* rows given up by thinning since open */
    int64_t dropped; /* rows given up altogether since open */
    int64_t broken;  /* records that failed their CRC */
};

/* Opens or makes the spool in an existing directory. prefix: part of the file names ("poller0"), so
   that shards share a directory. limit_bytes: at least SPOOL_LIMIT_MIN_BYTES. RC_IO, RC_MEMORY,
   RC_FULL (more segments than fit). */
enum rc spool_open(const char *directory, const char *prefix, int64_t limit_bytes,
                   struct spool **ret_spool) MUST_CHECK;
/* Closes the files, keeps them on disk, frees. Accepts a pointer to NULL. */
void spool_close(struct spool **spool);
/* Appends rows and forces them to disk. RC_IO: nothing of them counts (disk full); what was there
 * before stays. */
enum rc spool_append(struct spool *spool, const struct reading_row *rows, size_t count) MUST_CHECK;
/* The oldest rows not yet read, at most max (>= 1), of one segment. RC_NOT_FOUND: the spool is
 * empty. */
enum rc spool_read(struct spool *spool, struct reading_row *rows, size_t max,
                   size_t *ret_count) MUST_CHECK;
/* What spool_read gave is committed. Deletes the segment after its last row. */
enum rc spool_done(struct spool *spool) MUST_CHECK;
/* What spool_read gave is not committed: it will be read again. */
void spool_rewind(struct spool *spool);
struct spool_counts spool_count(const struct spool *spool);
/* Visits every waiting row, oldest first. */
typedef void (*spool_visit)(void *context, const struct reading_row *row);
enum rc spool_each(struct spool *spool, spool_visit visit, void *context) MUST_CHECK;

#endif
