/*
 * What holds a supply, and who must agree: lock-outs, keep-ons and approvals as people see them.
 */
#ifndef PW_STORE_HOLD_LIST_H
#define PW_STORE_HOLD_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/rc.h"
#include "core/store/db.h"

#define HOLD_LIST_MAX 200 /* of one page */
#define KEEP_ON_LIST_MAX 2000

struct lock_out_view {
    int64_t id;
    int64_t supply_id;
    int64_t meter_id;
    const char *unit_number;
    const char *shop_name;
    const char *meter_number;
    int64_t holder_id;
    const char *holder_name;
    const char *reason;
    const char *state; /* active, lifted */
    int64_t created_at;
    int64_t lifted_at;          /* 0: active */
    const char *lifted_by_name; /* NULL: active */
    const char *lift_reason;    /* NULL: active */
    const char *trip_state;     /* state of the newest trip since it was made; NULL: none */
};

struct keep_on_view {
    int64_t supply_id;
    int64_t meter_id;
    const char *unit_number;
    const char *shop_name;
    const char *meter_number;
    const char *owner_name;
    const char *reason;
    int64_t until_at;
    int64_t since_at;
};

struct approval_view {
    int64_t id;
    const char *kind;
    const char *act; /* of the payload: command, lock_out, lift */
    const char *object_kind;
    int64_t object_id;
    const char *unit_number; /* "" or the meter's number where there is no unit */
    const char *shop_name;
    int64_t meter_id;
    int64_t maker_id;
    const char *maker_name;
    const char *holder_name;  /* lift only, else "" */
    const char *payload_kind; /* command only: kind of order, else "" */
    int64_t made_at;
    int64_t expires_at;
    const char *state;           /* open, approved, rejected, expired */
    const char *decided_by_name; /* NULL: not decided */
    int64_t decided_at;
    const char *reason;
    const char *decision_reason; /* NULL: not decided */
    int64_t command_id;          /* ROW_NULL unless an order came of it */
    const char *summary_zh;      /* of the payload; NULL: none, likewise the next */
    const char *summary_en;
};

struct hold_question {
    const char *state; /* lock-outs: active, lifted, ""; approvals: open, decided, "" */
    int64_t before_id; /* 0: from the newest */
    size_t limit;
};

enum rc lock_out_list(struct db *db, struct arena *arena, const struct hold_question *question,
                      struct lock_out_view **ret_views, size_t *ret_count,
                      const char **ret_cursor) MUST_CHECK;
/* RC_NOT_FOUND. */
enum rc lock_out_list_one(struct db *db, struct arena *arena, int64_t id,
                          struct lock_out_view *ret_view) MUST_CHECK;
/* The active one of a supply; RC_NOT_FOUND. */
enum rc lock_out_list_active(struct db *db, struct arena *arena, int64_t supply_id,
                             struct lock_out_view *ret_view) MUST_CHECK;
/* Active keep-ons, the one that ends first first. */
enum rc keep_on_list(struct db *db, struct arena *arena, struct keep_on_view **ret_views,
                     size_t *ret_count) MUST_CHECK;
enum rc approval_list(struct db *db, struct arena *arena, const struct hold_question *question,
                      struct approval_view **ret_views, size_t *ret_count,
                      const char **ret_cursor) MUST_CHECK;
/* RC_NOT_FOUND. */
enum rc approval_list_one(struct db *db, struct arena *arena, int64_t id,
                          struct approval_view *ret_view) MUST_CHECK;

/* What exactly will happen, as it was stored: JSON. RC_NOT_FOUND. */
enum rc approval_payload(struct db *db, struct arena *arena, int64_t id,
                         const char **ret_payload) MUST_CHECK;

#endif
