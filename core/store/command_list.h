/*
 * Orders as people see them: lists and one by id, with the names that belong to them.
 */
#ifndef PW_STORE_COMMAND_LIST_H
#define PW_STORE_COMMAND_LIST_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/rc.h"
#include "core/store/db.h"

#define COMMAND_LIST_MAX 200 /* of one page */

struct command_view { /* ROW_NULL where a number is not there; times 0 */
    int64_t id;
    int64_t supply_id;
    int64_t meter_id;
    const char *unit_number;
    const char *shop_name;
    const char *meter_number;
    const char *kind;
    const char *origin;
    const char *state;
    const char *reason;
    const char *requested_by_name; /* "" for the system */
    int64_t requested_at;
    int64_t expires_at;
    int64_t taken_at;
    int64_t sent_at;
    int64_t ended_at;
    const char *result_code; /* NULL where there is none */
    const char *result_text_zh;
    const char *result_text_en;
    int64_t keep_on_until_at;
    int64_t superseded_by;
    const char *evidence; /* JSON object, or NULL */
};

struct command_question {
    int64_t before_id; /* 0: from the newest */
    const char *state; /* "" all */
    int64_t meter_id;  /* 0 all */
    size_t limit;      /* 1 .. COMMAND_LIST_MAX */
};

/* RC_NOT_FOUND. */
enum rc command_list_one(struct db *db, struct arena *arena, int64_t id,
                         struct command_view *ret_view) MUST_CHECK;
/* Newest first; *ret_cursor continues the list, NULL at its end. */
enum rc command_list(struct db *db, struct arena *arena, const struct command_question *question,
                     struct command_view **ret_views, size_t *ret_count,
                     const char **ret_cursor) MUST_CHECK;

#endif
