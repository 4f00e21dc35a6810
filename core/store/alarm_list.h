/*
 * Alarms as people see them.
 */
#ifndef PW_STORE_ALARM_LIST_H
#define PW_STORE_ALARM_LIST_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/rc.h"
#include "core/store/db.h"

#define ALARM_LIST_MAX 200 /* of one page */

struct alarm_view {
    int64_t id;
    const char *kind;
    const char *object_kind;
    int64_t object_id;
    const char
        *object_label; /* unit, meter, line or gateway as people call it; "" where it has no name */
    const char *title_zh;
    const char *title_en;
    const char *detail;
    int64_t level;
    int64_t opened_at;
    int64_t closed_at; /* 0: open */
};

struct alarm_question {
    const char *state; /* open, closed, "" */
    int64_t before_id; /* 0: from the newest */
    size_t limit;
};

/* Newest first. */
enum rc alarm_list(struct db *db, struct arena *arena, const struct alarm_question *question,
                   struct alarm_view **ret_views, size_t *ret_count,
                   const char **ret_cursor) MUST_CHECK;

#endif
