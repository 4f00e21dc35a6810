#include "core/base/archive.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>

#include "core/base/crypto.h"

#define BLOCK_BYTES ((size_t)256 << 10)
#define LEVEL 3 /* four times faster than 6 for a few percent */
#define GZIP_WINDOW (15 + 16)

struct packing {
    z_stream stream;
    crypto_hash_sha256_state hash;
    int64_t bytes;
    int to_fd;
    unsigned char out[BLOCK_BYTES];
    unsigned char in[BLOCK_BYTES];
};

static void packing_free(struct packing **packing)
{
    free(*packing);
}

static void deflate_free(z_stream **stream)
{
    (void)deflateEnd(*stream);
}

static void inflate_free(z_stream **stream)
{
    (void)inflateEnd(*stream);
}

static void fd_close(const int *fd)
{
    if (*fd >= 0) {
        (void)close(*fd);
    }
}

static enum rc write_all(int fd, const unsigned char *bytes, size_t len)
{
    for (size_t done = 0; done < len;) {
        ssize_t some = write(fd, bytes + done, len - done);
        if (some < 0 && errno != EINTR) {
            return RC_IO;
        }
        done += some > 0 ? (size_t)some : 0;
    }
    return RC_OK;
}

/* *ret_len 0: the end. */
static enum rc read_some(int fd, unsigned char *bytes, size_t size, size_t *ret_len)
{
    for (;;) {
        ssize_t some = read(fd, bytes, size);
        if (some >= 0) {
            *ret_len = (size_t)some;
            return RC_OK;
        }
        if (errno != EINTR) {
            return RC_IO;
        }
    }
}

static enum rc pack_block(struct packing *packing, const unsigned char *bytes, size_t len,
                          bool last)
{
    z_stream *stream = &packing->stream;
    stream->next_in = (unsigned char *)(uintptr_t)bytes;
    stream->avail_in = (unsigned)len;
    do {
        stream->next_out = packing->out;
        stream->avail_out = BLOCK_BYTES;
        int status = deflate(stream, last ? Z_FINISH : Z_NO_FLUSH);
        assert(status != Z_STREAM_ERROR);
        size_t some = BLOCK_BYTES - stream->avail_out;
        (void)crypto_hash_sha256_update(&packing->hash, packing->out, some);
        packing->bytes += (int64_t)some;
        TRY(write_all(packing->to_fd, packing->out, some));
    } while (stream->avail_out == 0);
    return RC_OK;
}

static void sums_end(crypto_hash_sha256_state *hash, int64_t bytes, struct archive_sums *ret_sums)
{
    unsigned char digest[crypto_hash_sha256_BYTES];
    (void)crypto_hash_sha256_final(hash, digest);
    (void)crypto_hex(digest, sizeof(digest), ret_sums->sha256);
    ret_sums->bytes = bytes;
}

enum rc archive_pack(const void *head, size_t head_len, int from_fd, int to_fd, bool (*stop)(void),
                     struct archive_sums *ret_sums)
{
    CLEANUP(packing_free) struct packing *packing = calloc(1, sizeof(*packing));
    if (packing == NULL || deflateInit2(&packing->stream, LEVEL, Z_DEFLATED, GZIP_WINDOW, 8,
                                        Z_DEFAULT_STRATEGY) != Z_OK) {
        return RC_MEMORY;
    }
    CLEANUP(deflate_free) z_stream *stream = &packing->stream;
    (void)stream;
    packing->to_fd = to_fd;
    (void)crypto_hash_sha256_init(&packing->hash);
    TRY(pack_block(packing, head, head_len, false));
    for (size_t len = 1; len > 0;) {
        if (stop != NULL && stop()) {
            return RC_EXPIRED;
        }
        TRY(read_some(from_fd, packing->in, BLOCK_BYTES, &len));
        TRY(pack_block(packing, packing->in, len, len == 0));
    }
    if (fsync(to_fd) != 0) {
        return RC_IO;
    }
    sums_end(&packing->hash, packing->bytes, ret_sums);
    return RC_OK;
}

/* One block of packed bytes; *ret_end: the stream is complete. */
static enum rc unpack_block(struct packing *packing, size_t len, bool *ret_end)
{
    z_stream *stream = &packing->stream;
    stream->next_in = packing->in;
    stream->avail_in = (unsigned)len;
    do {
        stream->next_out = packing->out;
        stream->avail_out = BLOCK_BYTES;
        int status = inflate(stream, Z_NO_FLUSH);
        if (status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR) {
            return status == Z_MEM_ERROR ? RC_MEMORY : RC_INVALID;
        }
        TRY(write_all(packing->to_fd, packing->out, BLOCK_BYTES - stream->avail_out));
        *ret_end = status == Z_STREAM_END;
    } while (!*ret_end && (stream->avail_in > 0 || stream->avail_out == 0));
    return *ret_end && stream->avail_in > 0 ? RC_INVALID : RC_OK;
}

enum rc archive_unpack(int from_fd, int to_fd, bool (*stop)(void))
{
    CLEANUP(packing_free) struct packing *packing = calloc(1, sizeof(*packing));
    if (packing == NULL || inflateInit2(&packing->stream, GZIP_WINDOW) != Z_OK) {
        return RC_MEMORY;
    }
    CLEANUP(inflate_free) z_stream *stream = &packing->stream;
    (void)stream;
    packing->to_fd = to_fd;
    bool ended = false;
    for (;;) {
        size_t len = 0;
        if (stop != NULL && stop()) {
            return RC_EXPIRED;
        }
        TRY(read_some(from_fd, packing->in, BLOCK_BYTES, &len));
        if (len == 0) {
            return ended ? RC_OK : RC_INVALID;
        }
        if (ended) {
            return RC_INVALID;
        }
        TRY(unpack_block(packing, len, &ended));
    }
}

enum rc archive_sums_of(const char *path, struct archive_sums *ret_sums)
{
    CLEANUP(fd_close) int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return errno == ENOENT ? RC_NOT_FOUND : RC_IO;
    }
    CLEANUP(packing_free) struct packing *packing = calloc(1, sizeof(*packing));
    if (packing == NULL) {
        return RC_MEMORY;
    }
    (void)crypto_hash_sha256_init(&packing->hash);
    for (size_t len = 1; len > 0;) {
        TRY(read_some(fd, packing->in, BLOCK_BYTES, &len));
        (void)crypto_hash_sha256_update(&packing->hash, packing->in, len);
        packing->bytes += (int64_t)len;
    }
    sums_end(&packing->hash, packing->bytes, ret_sums);
    return RC_OK;
}
