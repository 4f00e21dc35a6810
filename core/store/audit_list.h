/*
 * The audit log as people read it: filtered, newest first.
 */
#ifndef PW_STORE_AUDIT_LIST_H
#define PW_STORE_AUDIT_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/rc.h"
#include "core/store/db.h"

#define AUDIT_LIST_MAX 200 /* of one page */

struct audit_question {
    int64_t before_id;       /* 0: from the newest */
    const char *actor;       /* "" all; else part of the name */
    const char *action;      /* "" all; else its beginning: "user." */
    const char *object_kind; /* "" all */
    int64_t from_ms;         /* 0: no bound */
    int64_t to_ms;           /* 0: no bound; exclusive */
    size_t limit;            /* 1 .. AUDIT_LIST_MAX */
};

struct audit_view {
    int64_t id;
    int64_t at;
    const char *actor_name;
    const char *role;
    const char *ip;
    const char *action;
    const char *object_kind;
    int64_t object_id;
    const char *object_label;
    const char *reason;
    const char *before; /* as stored; "" none */
    const char *after;
    const char *result;
    bool chained;
};

/* *ret_cursor continues the list, NULL at its end. */
enum rc audit_list(struct db *db, struct arena *arena, const struct audit_question *question,
                   struct audit_view **ret_views, size_t *ret_count,
                   const char **ret_cursor) MUST_CHECK;

#endif
