#include "core/rules/import_map.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

enum rc import_map_open(struct import_map *map, struct arena *arena, size_t count_max)
{
    assert(map != NULL && arena != NULL && count_max < SIZE_MAX / 8);
    size_t size = 16;
    while (size < count_max * 2) {
        size *= 2;
    }
    *map = (struct import_map){.slots = arena_take_array(arena, size, sizeof(*map->slots)),
                               .size = size,
                               .count_max = count_max};
    return map->slots == NULL ? RC_MEMORY : RC_OK;
}

/* FNV-1a. Keys come from administrators, not from strangers. */
static size_t place_of(const struct import_map *map, const char *key)
{
    uint64_t hash = UINT64_C(14695981039346656037);
    for (const char *at = key; *at != '\0'; at++) {
        hash = (hash ^ (unsigned char)*at) * UINT64_C(1099511628211);
    }
    size_t place = (size_t)(hash ^ hash >> 32) & (map->size - 1);
    while (map->slots[place].key != NULL && strcmp(map->slots[place].key, key) != 0) {
        place = (place + 1) & (map->size - 1);
    }
    return place;
}

void import_map_put(struct import_map *map, const char *key, const struct import_item *item)
{
    struct import_slot *slot = &map->slots[place_of(map, key)];
    if (slot->key == NULL) {
        assert(map->count < map->count_max);
        map->count++;
        slot->key = key;
    }
    slot->item = item;
}

const struct import_item *import_map_find(const struct import_map *map, const char *key)
{
    return map->slots[place_of(map, key)].item;
}
