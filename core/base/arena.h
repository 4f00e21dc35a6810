/*
 * Arena: the memory of one request, job or batch.
 *
 * Everything taken from an arena lives until arena_reset or arena_release; nothing is freed by
 * hand. An arena is born with its maximum; past it arena_take answers NULL and the caller says
 * RC_MEMORY. Not thread safe: one owner. Order of calls: arena_init, arena_take..., arena_reset...,
 * arena_release.
 */
#ifndef PW_BASE_ARENA_H
#define PW_BASE_ARENA_H

#include <stddef.h>

#include "core/base/rc.h"

struct arena_chunk;

struct arena {
    struct arena_chunk *chunks; /* newest first */
    size_t used_bytes;          /* of all chunks */
    size_t limit_bytes;
};

/* Prepares an empty arena; takes no memory yet. limit_bytes: 1 .. SIZE_MAX/2, all chunks together.
 */
void arena_init(struct arena *arena, size_t limit_bytes);
/* Frees everything and leaves the arena usable; keeps one chunk to spare the next request a malloc.
 */
void arena_reset(struct arena *arena);
/* Frees everything. The arena may be initialised again. */
void arena_release(struct arena *arena);
/* Zeroed memory, aligned for any type; NULL when the limit or the system's memory is reached. */
void *arena_take(struct arena *arena, size_t size_bytes);
/* As arena_take for count objects; NULL also when the product overflows. */
void *arena_take_array(struct arena *arena, size_t count, size_t size_bytes);
/* Copies len bytes and adds a NUL; NULL as arena_take. */
char *arena_copy(struct arena *arena, const char *bytes, size_t len);
/* Copies a C string; NULL as arena_take, or when s is NULL. */
char *arena_copy_string(struct arena *arena, const char *s);
/* printf into the arena; NULL as arena_take. */
char *arena_printf(struct arena *arena, const char *format, ...) PRINTF_LIKE(2, 3);

#endif
