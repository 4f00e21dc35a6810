#include "core/store/gateway_list.h"

#include <string.h>

#include "core/store/row.h"

#define LINES_OF_ALL_MAX 2000

static enum rc read_lines(struct db *db, struct arena *arena, struct gateway_row *gateways,
                          size_t count)
{
    struct db_rows rows;
    TRY(db_query(db, arena, "SELECT gateway_id, id FROM line ORDER BY gateway_id, code", DB_NO_ARGS,
                 LINES_OF_ALL_MAX, &rows));
    int64_t *ids = arena_take_array(arena, rows.count + 1, sizeof *ids);
    if (ids == NULL) {
        return RC_MEMORY;
    }
    for (size_t i = 0; i < rows.count; i++) {
        ids[i] = db_get_int(&rows, i, 1);
        for (size_t g = 0; g < count; g++) {
            if (gateways[g].id != db_get_int(&rows, i, 0)) {
                continue;
            }
            gateways[g].lines = gateways[g].lines_count == 0 ? &ids[i] : gateways[g].lines;
            gateways[g].lines_count++;
        }
    }
    return RC_OK;
}

enum rc gateways_list(struct db *db, struct arena *arena, struct gateway_row **ret_rows,
                      size_t *ret_count)
{
    struct db_rows rows;
    TRY(db_query(
        db, arena,
        "SELECT g.id, g.code, g.name, g.host, r.name, COUNT(ls.line_id),"
        " COALESCE(SUM(ls.state = 'silent'), 0), COALESCE(SUM(ls.state = 'never'), 0),"
        " COUNT(l.id), MAX(ls.since_at) FROM gateway g LEFT JOIN room r ON r.id = g.room_id"
        " LEFT JOIN line l ON l.gateway_id = g.id AND l.enabled"
        " LEFT JOIN line_state ls ON ls.line_id = l.id GROUP BY g.id ORDER BY g.code",
        DB_NO_ARGS, GATEWAYS_MAX, &rows));
    struct gateway_row *list = arena_take_array(arena, rows.count + 1, sizeof *list);
    if (list == NULL) {
        return RC_MEMORY;
    }
    for (size_t i = 0; i < rows.count; i++) {
        int64_t known = db_get_int(&rows, i, 5);
        int64_t silent = db_get_int(&rows, i, 6);
        int64_t never = db_get_int(&rows, i, 7);
        list[i] = (struct gateway_row){
            .id = db_get_int(&rows, i, 0),
            .code = db_get_text(&rows, i, 1),
            .name = db_get_text(&rows, i, 2),
            .host = db_get_text(&rows, i, 3),
            .room = db_get_text(&rows, i, 4),
            .state = known == never            ? "never"
                     : silent + never == known ? "silent"
                                               : "ok",
            .since_at = db_get_time(&rows, i, 9),
        };
    }
    TRY(read_lines(db, arena, list, rows.count));
    *ret_rows = list;
    *ret_count = rows.count;
    return RC_OK;
}
