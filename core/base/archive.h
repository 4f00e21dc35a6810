/*
 * Long streams through gzip (RFC 1952) with a SHA-256 (FIPS 180-4) over the packed bytes: what a
 * backup writes and a restore reads. Bounded memory, whatever the length.
 */
#ifndef PW_BASE_ARCHIVE_H
#define PW_BASE_ARCHIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/rc.h"

#define ARCHIVE_HEX_BYTES 65 /* a SHA-256 as text, NUL included */

struct archive_sums {
    int64_t bytes; /* of the packed file */
    char sha256[ARCHIVE_HEX_BYTES];
};

/* Packs `head` (bytes read before; may be none) and then everything that comes out of from_fd until
   its end, into to_fd, and forces it to disk. RC_IO: errno says why (ENOSPC: the disk is full).
   RC_EXPIRED: stop answered true (NULL: never asked). */
enum rc archive_pack(const void *head, size_t head_len, int from_fd, int to_fd, bool (*stop)(void),
                     struct archive_sums *ret_sums) MUST_CHECK;
/* Unpacks everything of from_fd into to_fd. RC_INVALID: it is not gzip, or it is cut off; RC_IO:
   the other end is gone. The caller ignores SIGPIPE. */
enum rc archive_unpack(int from_fd, int to_fd, bool (*stop)(void)) MUST_CHECK;
/* Length and SHA-256 of a file as it lies there. RC_NOT_FOUND, RC_IO. */
enum rc archive_sums_of(const char *path, struct archive_sums *ret_sums) MUST_CHECK;

#endif
