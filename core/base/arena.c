#include "core/base/arena.h"

#include <assert.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/failpoint.h"

#define CHUNK_BYTES_MIN ((size_t)16 * 1024)

struct arena_chunk {
    struct arena_chunk *next;
    size_t size_bytes;
    size_t used_bytes;
    alignas(max_align_t) unsigned char bytes[];
};

void arena_init(struct arena *arena, size_t limit_bytes)
{
    assert(arena != NULL);
    assert(limit_bytes > 0 && limit_bytes <= SIZE_MAX / 2);
    *arena = (struct arena){.limit_bytes = limit_bytes};
}

static void chunks_free(struct arena_chunk *chunk)
{
    while (chunk != NULL) {
        struct arena_chunk *next = chunk->next;
        free(chunk);
        chunk = next;
    }
}

void arena_reset(struct arena *arena)
{
    assert(arena != NULL);
    struct arena_chunk *keep = arena->chunks;
    if (keep == NULL) {
        return;
    }
    chunks_free(keep->next);
    keep->next = NULL;
    memset(keep->bytes, 0, keep->used_bytes);
    keep->used_bytes = 0;
    arena->used_bytes = keep->size_bytes;
}

void arena_release(struct arena *arena)
{
    assert(arena != NULL);
    chunks_free(arena->chunks);
    arena->chunks = NULL;
    arena->used_bytes = 0;
}

static struct arena_chunk *chunk_add(struct arena *arena, size_t need_bytes)
{
    size_t size_bytes = need_bytes > CHUNK_BYTES_MIN ? need_bytes : CHUNK_BYTES_MIN;
    size_t left_bytes = arena->limit_bytes - arena->used_bytes;
    if (size_bytes > left_bytes) {
        size_bytes = need_bytes;
    }
    if (size_bytes > left_bytes) {
        return NULL;
    }
    struct arena_chunk *chunk = calloc(1, sizeof(*chunk) + size_bytes);
    if (chunk == NULL) {
        return NULL;
    }
    chunk->size_bytes = size_bytes;
    chunk->next = arena->chunks;
    arena->chunks = chunk;
    arena->used_bytes += size_bytes;
    return chunk;
}

void *arena_take(struct arena *arena, size_t size_bytes)
{
    assert(arena != NULL && arena->limit_bytes > 0);
    if (size_bytes > arena->limit_bytes || FAILPOINT_CODE("memory") != 0) {
        return NULL;
    }
    size_t align = alignof(max_align_t);
    size_t need_bytes = size_bytes == 0 ? align : (size_bytes + align - 1) / align * align;
    struct arena_chunk *chunk = arena->chunks;
    if (chunk == NULL || chunk->size_bytes - chunk->used_bytes < need_bytes) {
        chunk = chunk_add(arena, need_bytes);
        if (chunk == NULL) {
            return NULL;
        }
    }
    void *memory = chunk->bytes + chunk->used_bytes;
    chunk->used_bytes += need_bytes;
    return memory;
}

void *arena_take_array(struct arena *arena, size_t count, size_t size_bytes)
{
    size_t total_bytes;
    if (__builtin_mul_overflow(count, size_bytes, &total_bytes)) {
        return NULL;
    }
    return arena_take(arena, total_bytes);
}

char *arena_copy(struct arena *arena, const char *bytes, size_t len)
{
    assert(bytes != NULL || len == 0);
    char *copy = arena_take(arena, len + 1);
    if (copy != NULL && len > 0) {
        memcpy(copy, bytes, len);
    }
    return copy;
}

char *arena_copy_string(struct arena *arena, const char *s)
{
    return s == NULL ? NULL : arena_copy(arena, s, strlen(s));
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    va_list again;
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    char *text = len < 0 ? NULL : arena_take(arena, (size_t)len + 1);
    if (text != NULL) {
        (void)vsnprintf(text, (size_t)len + 1, format, again);
    }
    va_end(again);
    return text;
}
