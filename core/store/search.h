/*
 * Search box: units and meters by shop, unit number, meter number, serial number or the initials of
 * the shop's pinyin.
 */
#ifndef PW_STORE_SEARCH_H
#define PW_STORE_SEARCH_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/rc.h"
#include "core/store/db.h"

#define SEARCH_MAX 20

struct search_row {
    const char *kind; /* "unit", or "meter" when it feeds none */
    int64_t id;       /* of the meter */
    int64_t supply_id;
    const char *unit_number;
    const char *shop_name;
    const char *meter_number;
    const char *building; /* names; "" where there is none */
    const char *floor;
};

/* words: 1 .. 40 characters; % and _ mean themselves. Best first: starts with it before contains
 * it. */
enum rc search_find(struct db *db, struct arena *arena, const char *words,
                    struct search_row **ret_rows, size_t *ret_count) MUST_CHECK;

#endif
