/*
 * Lists by cursor: newest first, one row more than the page is asked for, the id in the first
 * column. "WHERE x.id < ? ... ORDER BY x.id DESC LIMIT ?" takes page_before and page_limit.
 */
#ifndef PW_STORE_PAGE_H
#define PW_STORE_PAGE_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/rc.h"
#include "core/store/db.h"

/* before_id 0: from the newest. */
static inline struct db_value page_before(int64_t before_id)
{
    return db_int(before_id == 0 ? INT64_MAX : before_id);
}

static inline struct db_value page_limit(size_t limit)
{
    return db_int((int64_t)limit + 1);
}

struct page {
    void *items; /* in the arena */
    size_t count;
    const char *cursor; /* continues after the last item; NULL: that was all */
};

/* Fills one item of the caller's type from a row. */
typedef void (*page_fill)(const struct db_rows *rows, size_t at, void *item);

/* The first `limit` rows as items of item_bytes each. */
enum rc page_take(struct arena *arena, const struct db_rows *rows, size_t limit, size_t item_bytes,
                  page_fill fill, struct page *ret_page) MUST_CHECK;

#endif
