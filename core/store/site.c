#include "core/store/site.h"

enum rc site_find(struct db *db, struct arena *arena, struct site *ret_site)
{
    struct db_rows rows;
    TRY(db_query(db, arena,
                 "SELECT id, code, name, name_en, time_zone FROM site ORDER BY id LIMIT 1",
                 DB_NO_ARGS, 1, &rows));
    if (rows.count == 0) {
        *ret_site =
            (struct site){.code = "", .name = "", .name_en = "", .time_zone = "Asia/Shanghai"};
        return RC_OK;
    }
    *ret_site = (struct site){.id = db_get_int(&rows, 0, 0),
                              .code = db_get_text(&rows, 0, 1),
                              .name = db_get_text(&rows, 0, 2),
                              .name_en = db_get_text(&rows, 0, 3),
                              .time_zone = db_get_text(&rows, 0, 4)};
    return RC_OK;
}
