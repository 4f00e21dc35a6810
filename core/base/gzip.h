/*
 * gzip (RFC 1952), by zlib: for answers that many clients get unchanged, packed once instead of by
 * the web server for each of them.
 */
#ifndef PW_BASE_GZIP_H
#define PW_BASE_GZIP_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/rc.h"
#include "core/base/text.h"

/* Replaces the content of `out` by the gzip member of `bytes`, fast rather than small (level 1).
   len: 0 .. 1 GiB. RC_OK, RC_MEMORY, or RC_TOO_LARGE when it does not fit into out's limit. */
enum rc gzip_pack(const char *bytes, size_t len, struct text *out) MUST_CHECK;
/* True if the value of an Accept-Encoding header names gzip and does not forbid it (RFC
 * 9110 12.5.3). NULL: false. */
bool gzip_accepted(const char *accept_encoding);

#endif
