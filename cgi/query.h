/*
 * Small readers of what a browser sends: percent encoding, cookies.
 */
#ifndef PW_CGI_QUERY_H
#define PW_CGI_QUERY_H

#include <stddef.h>

#include "core/base/arena.h"
#include "core/base/rc.h"

/* Decodes application/x-www-form-urlencoded text ("+" is a blank) into the arena. RC_INVALID for a
   broken escape, a NUL, or bytes that are not UTF-8; RC_MEMORY. */
enum rc query_decode(struct arena *arena, const char *bytes, size_t len,
                     const char **ret_text) MUST_CHECK;
/* Appends nothing, finds the value of a cookie in a Cookie header; the first one counts. "" when
   there is none. RC_MEMORY. */
enum rc cookie_find(struct arena *arena, const char *header, const char *name,
                    const char **ret_value) MUST_CHECK;

#endif
