/*
 * Buildings with their floors, and rooms: what the left side of a page hangs on.
 */
#ifndef PW_STORE_TREE_H
#define PW_STORE_TREE_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/rc.h"
#include "core/store/db.h"

#define TREE_BUILDINGS_MAX 200
#define TREE_FLOORS_MAX 2000
#define TREE_ROOMS_MAX 2000

struct tree_floor {
    int64_t id;
    const char *code;
    const char *name;
    int64_t position;
    int64_t units;
};

struct tree_building {
    int64_t id;
    const char *code;
    const char *name;
    const char *name_en;
    const struct tree_floor *floors; /* by position */
    size_t floors_count;
};

struct tree_room {
    int64_t id;
    const char *code;
    const char *name;
};

struct tree {
    const struct tree_building *buildings;
    size_t buildings_count;
    const struct tree_room *rooms;
    size_t rooms_count;
};

enum rc tree_get(struct db *db, struct arena *arena, struct tree *ret_tree) MUST_CHECK;

#endif
