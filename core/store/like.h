/*
 * Patterns for LIKE ... ESCAPE '|' from words that people typed.
 */
#ifndef PW_STORE_LIKE_H
#define PW_STORE_LIKE_H

#include <string.h>

#include "core/base/arena.h"

/* "%words%" with LIKE's own characters escaped; NULL when memory ran out. */
static inline const char *like_inside(struct arena *arena, const char *words)
{
    char *out = arena_take(arena, 2 * strlen(words) + 3);
    if (out == NULL) {
        return NULL;
    }
    char *at = out;
    *at++ = '%';
    for (const char *in = words; *in != '\0'; in++) {
        if (*in == '%' || *in == '_' || *in == '|') {
            *at++ = '|';
        }
        *at++ = *in;
    }
    *at++ = '%';
    *at = '\0';
    return out;
}

#endif
