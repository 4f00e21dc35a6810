/*
 * What the first screen of the phone site shows: one supply, one statement, the person's right to
 * see it included.
 */
#ifndef PW_STORE_TENANT_HOME_H
#define PW_STORE_TENANT_HOME_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/rc.h"
#include "core/store/db.h"

struct tenant_home { /* ROW_NULL where a number is not known; times in ms, 0: never */
    int64_t supply_id;
    int64_t account_id;
    const char *unit_number;
    const char *shop_name;
    const char *mode; /* meter, platform */
    int64_t balance_fen;
    int64_t debt_fen;
    int64_t taken_at;
    bool stale;
    const char *relay;
    const char *state;          /* core/rules/supply_state.h */
    const char *tripped_reason; /* arrears, manual, other; NULL: not tripped */
    int64_t keep_on_until_at;
    int64_t level; /* 0 .. 3 */
    int64_t use_today_wh;
    int64_t use_yesterday_wh;   /* the last proved day */
    int64_t cost_yesterday_fen; /* the same */
    int64_t days_left_milli;    /* at the pace of the last week; at most 999 days */
    int64_t power_w;
    bool own_switch;
    int64_t open_purchase_id; /* paid and not ended, or waiting for its payment; ROW_NULL: none */
    int64_t unread;
};

/* RC_NOT_FOUND: there is none, or it is not the person's (a payer sees none). stale_ms: a reading
   older than this is stale; > 0. */
enum rc tenant_home(struct db *db, struct arena *arena, int64_t tenant_user_id, int64_t supply_id,
                    int64_t now_ms, int64_t stale_ms, struct tenant_home *ret_home) MUST_CHECK;

#endif
