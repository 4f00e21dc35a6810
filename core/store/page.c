#include "core/store/page.h"

#include "core/store/row.h"

enum rc page_take(struct arena *arena, const struct db_rows *rows, size_t limit, size_t item_bytes,
                  page_fill fill, struct page *ret_page)
{
    size_t count = rows->count > limit ? limit : rows->count;
    char *items = arena_take_array(arena, count + 1, item_bytes);
    if (items == NULL) {
        return RC_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        fill(rows, i, items + i * item_bytes);
    }
    int64_t last_id = count == 0 ? 0 : db_get_int(rows, count - 1, 0);
    *ret_page = (struct page){
        .items = items, .count = count, .cursor = row_cursor(arena, rows->count, limit, last_id)};
    return RC_OK;
}
