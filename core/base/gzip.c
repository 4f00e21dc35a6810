#include "core/base/gzip.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>
#include <zlib.h>

#define GZIP_INPUT_MAX ((size_t)1 << 30)
#define GZIP_WINDOW (15 + 16) /* the largest window, and a gzip header */
#define GZIP_LEVEL 1
#define GZIP_MEMORY 8
#define PIECE_BYTES 16384

enum rc gzip_pack(const char *bytes, size_t len, struct text *out)
{
    assert((bytes != NULL || len == 0) && len <= GZIP_INPUT_MAX && out != NULL);
    unsigned char piece[PIECE_BYTES];
    z_stream stream = {.next_in = (z_const Bytef *)(uintptr_t)bytes, .avail_in = (uInt)len};
    if (deflateInit2(&stream, GZIP_LEVEL, Z_DEFLATED, GZIP_WINDOW, GZIP_MEMORY,
                     Z_DEFAULT_STRATEGY) != Z_OK) {
        return RC_MEMORY;
    }
    text_clear(out);
    int state = Z_OK;
    while (state == Z_OK) {
        stream.next_out = piece;
        stream.avail_out = sizeof(piece);
        state = deflate(&stream, Z_FINISH);
        assert(state == Z_OK || state == Z_STREAM_END || state == Z_BUF_ERROR);
        text_add(out, (const char *)piece, sizeof(piece) - stream.avail_out);
        state = state == Z_BUF_ERROR ? Z_OK : state;
    }
    (void)deflateEnd(&stream);
    return text_result(out);
}

bool gzip_accepted(const char *accept_encoding)
{
    const char *found = accept_encoding == NULL ? NULL : strstr(accept_encoding, "gzip");
    if (found == NULL) {
        return false;
    }
    const char *rest = found + strlen("gzip");
    rest += strspn(rest, " ;");
    return strncmp(rest, "q=0", 3) != 0 || rest[3] == '.';
}
