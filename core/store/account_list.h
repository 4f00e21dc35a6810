/*
 * Accounts as people look for them: lists, the supplies of one, and supplies to choose from.
 */
#ifndef PW_STORE_ACCOUNT_LIST_H
#define PW_STORE_ACCOUNT_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/rc.h"
#include "core/store/db.h"

#define ACCOUNT_LIST_MAX 200
#define SUPPLY_CHOICE_MAX 200

struct account_view { /* ROW_NULL where a number is not known; times 0: never */
    int64_t id;
    const char *number;
    const char *name;
    const char *kind;
    const char *state;
    const char *units; /* numbers of its units, comma between; "" none */
    int64_t supply_count;
    int64_t balance_fen;    /* sum of what its meters said */
    int64_t oldest_at;      /* age of the oldest of them */
    int64_t on_its_way_fen; /* paid and not in the meter yet */
    int64_t deposit_fen;
    int64_t ends_at;
    int64_t created_at;
    int64_t opened_at;
    int64_t closed_at;
};

struct account_question {
    const char *words;         /* name, pinyin, number, unit, meter number; "" all */
    const uint8_t *phone_hash; /* of a whole phone that was typed, or NULL */
    const char *kind;          /* "" all, likewise state */
    const char *state;
    int64_t before_id; /* 0: from the newest */
    size_t limit;
};

enum rc account_list(struct db *db, struct arena *arena, const struct account_question *question,
                     struct account_view **ret_views, size_t *ret_count,
                     const char **ret_cursor) MUST_CHECK;
/* RC_NOT_FOUND. */
enum rc account_list_one(struct db *db, struct arena *arena, int64_t id,
                         struct account_view *ret_view) MUST_CHECK;

struct account_supply_view {
    int64_t supply_id;
    int64_t meter_id;
    int64_t epoch;
    const char *unit_number; /* "" without a unit */
    const char *shop_name;
    const char *meter_number;
    const char *mode;         /* meter, platform */
    int64_t account_id;       /* ROW_NULL: nobody has it */
    const char *account_name; /* NULL likewise */
    int64_t balance_fen;
    int64_t purchase_count;
    int64_t energy_wh;
    int64_t taken_at; /* 0: never */
    bool stale;
    bool frozen;
    bool epoch_live; /* something may be sold into it */
    int64_t on_its_way_fen;
    int64_t tariff_id;       /* ROW_NULL: none */
    const char *tariff_name; /* NULL: none */
    int64_t from_at;
};

struct supply_question {
    int64_t account_id; /* its live supplies; 0: any */
    const char *words;  /* unit, shop, pinyin, meter number, account name; "" all */
    bool free_only;     /* nobody has it */
    int64_t stale_before_ms;
    size_t limit;
};

enum rc supply_choice(struct db *db, struct arena *arena, const struct supply_question *question,
                      struct account_supply_view **ret_views, size_t *ret_count) MUST_CHECK;

#endif
