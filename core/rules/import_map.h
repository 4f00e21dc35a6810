/*
 * A map from text to an item, for checking an import: made once with its largest size, never
 * shrinks, lives in an arena. Keys are borrowed.
 */
#ifndef PW_RULES_IMPORT_MAP_H
#define PW_RULES_IMPORT_MAP_H

#include <stddef.h>

#include "core/base/arena.h"
#include "core/base/rc.h"

struct import_item;

struct import_slot {
    const char *key; /* NULL: free */
    const struct import_item *item;
};

struct import_map {
    struct import_slot *slots;
    size_t size; /* a power of two, at least twice the count */
    size_t count;
    size_t count_max;
};

/* Room for count_max keys. RC_MEMORY. */
enum rc import_map_open(struct import_map *map, struct arena *arena, size_t count_max) MUST_CHECK;
/* Puts or replaces. Asserts that there is room. */
void import_map_put(struct import_map *map, const char *key, const struct import_item *item);
/* NULL when it is not there. */
const struct import_item *import_map_find(const struct import_map *map, const char *key);

#endif
