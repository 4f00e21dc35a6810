#include "core/store/tree.h"

#include "core/store/row.h"

static enum rc read_floors(struct db *db, struct arena *arena, struct tree_building *buildings,
                           size_t count)
{
    struct db_rows rows;
    TRY(db_query(db, arena,
                 "SELECT f.building_id, f.id, f.code, f.name, f.position, COUNT(u.id) FROM floor f"
                 " LEFT JOIN unit u ON u.floor_id = f.id GROUP BY f.id"
                 " ORDER BY f.building_id, f.position, f.id",
                 DB_NO_ARGS, TREE_FLOORS_MAX, &rows));
    struct tree_floor *floors = arena_take_array(arena, rows.count + 1, sizeof *floors);
    if (floors == NULL) {
        return RC_MEMORY;
    }
    for (size_t i = 0; i < rows.count; i++) {
        floors[i] = (struct tree_floor){
            .id = db_get_int(&rows, i, 1),
            .code = db_get_text(&rows, i, 2),
            .name = db_get_text(&rows, i, 3),
            .position = db_get_int(&rows, i, 4),
            .units = db_get_int(&rows, i, 5),
        };
        for (size_t b = 0; b < count; b++) {
            if (buildings[b].id != db_get_int(&rows, i, 0)) {
                continue;
            }
            buildings[b].floors = buildings[b].floors_count == 0 ? &floors[i] : buildings[b].floors;
            buildings[b].floors_count++;
        }
    }
    return RC_OK;
}

static enum rc read_rooms(struct db *db, struct arena *arena, struct tree *tree)
{
    struct db_rows rows;
    TRY(db_query(db, arena, "SELECT id, code, name FROM room ORDER BY code", DB_NO_ARGS,
                 TREE_ROOMS_MAX, &rows));
    struct tree_room *rooms = arena_take_array(arena, rows.count + 1, sizeof *rooms);
    if (rooms == NULL) {
        return RC_MEMORY;
    }
    for (size_t i = 0; i < rows.count; i++) {
        rooms[i] = (struct tree_room){.id = db_get_int(&rows, i, 0),
                                      .code = db_get_text(&rows, i, 1),
                                      .name = db_get_text(&rows, i, 2)};
    }
    tree->rooms = rooms;
    tree->rooms_count = rows.count;
    return RC_OK;
}

enum rc tree_get(struct db *db, struct arena *arena, struct tree *ret_tree)
{
    struct db_rows rows;
    TRY(db_query(db, arena, "SELECT id, code, name, name_en FROM building ORDER BY code",
                 DB_NO_ARGS, TREE_BUILDINGS_MAX, &rows));
    struct tree_building *buildings = arena_take_array(arena, rows.count + 1, sizeof *buildings);
    if (buildings == NULL) {
        return RC_MEMORY;
    }
    for (size_t i = 0; i < rows.count; i++) {
        buildings[i] = (struct tree_building){.id = db_get_int(&rows, i, 0),
                                              .code = db_get_text(&rows, i, 1),
                                              .name = db_get_text(&rows, i, 2),
                                              .name_en = db_get_text(&rows, i, 3)};
    }
    struct tree tree = {.buildings = buildings, .buildings_count = rows.count};
    TRY(read_floors(db, arena, buildings, rows.count));
    TRY(read_rooms(db, arena, &tree));
    *ret_tree = tree;
    return RC_OK;
}
