#include "core/store/search.h"

#include <string.h>

#include "core/store/row.h"

/* The words with LIKE's own characters escaped by '|'. */
static char *escape(struct arena *arena, const char *words)
{
    char *out = arena_take(arena, 2 * strlen(words) + 1);
    if (out == NULL) {
        return NULL;
    }
    char *at = out;
    for (const char *in = words; *in != '\0'; in++) {
        if (*in == '%' || *in == '_' || *in == '|') {
            *at++ = '|';
        }
        *at++ = *in;
    }
    *at = '\0';
    return out;
}

enum rc search_find(struct db *db, struct arena *arena, const char *words,
                    struct search_row **ret_rows, size_t *ret_count)
{
    const char *escaped = escape(arena, words);
    const char *start = escaped == NULL ? NULL : arena_printf(arena, "%s%%", escaped);
    const char *inside = escaped == NULL ? NULL : arena_printf(arena, "%%%s%%", escaped);
    if (start == NULL || inside == NULL) {
        return RC_MEMORY;
    }
    struct db_value in = db_text(inside);
    struct db_value at = db_text(start);
    struct db_rows rows;
    TRY(db_query(
        db, arena,
        "SELECT m.id, s.id, u.number, u.shop_name, m.number, b.name, f.name, u.id IS NOT NULL"
        " FROM supply s JOIN meter m ON m.id = s.meter_id LEFT JOIN unit u ON u.id = s.unit_id"
        " LEFT JOIN floor f ON f.id = u.floor_id LEFT JOIN building b ON b.id = f.building_id"
        " WHERE m.state = 'in_service' AND (u.number LIKE ? ESCAPE '|' OR u.shop_name LIKE ?"
        " ESCAPE '|' OR u.shop_pinyin LIKE ? ESCAPE '|' OR m.number LIKE ? ESCAPE '|'"
        " OR m.serial_number LIKE ? ESCAPE '|')"
        " ORDER BY u.number LIKE ? ESCAPE '|' DESC, m.number LIKE ? ESCAPE '|' DESC,"
        " u.shop_pinyin LIKE ? ESCAPE '|' DESC, u.shop_name LIKE ? ESCAPE '|' DESC,"
        " LENGTH(u.number), u.number, m.number LIMIT 20",
        DB_ARGS(in, in, in, in, in, at, at, at, at), SEARCH_MAX, &rows));
    struct search_row *list = arena_take_array(arena, rows.count + 1, sizeof *list);
    if (list == NULL) {
        return RC_MEMORY;
    }
    for (size_t i = 0; i < rows.count; i++) {
        list[i] = (struct search_row){
            .kind = row_bool(&rows, i, 7) ? "unit" : "meter",
            .id = db_get_int(&rows, i, 0),
            .supply_id = db_get_int(&rows, i, 1),
            .unit_number = db_get_text(&rows, i, 2),
            .shop_name = db_get_text(&rows, i, 3),
            .meter_number = db_get_text(&rows, i, 4),
            .building = db_get_text(&rows, i, 5),
            .floor = db_get_text(&rows, i, 6),
        };
    }
    *ret_rows = list;
    *ret_count = rows.count;
    return RC_OK;
}
