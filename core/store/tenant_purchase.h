/*
 * Purchases as the payer looks at them on the phone: one word for where the money is.
 */
#ifndef PW_STORE_TENANT_PURCHASE_H
#define PW_STORE_TENANT_PURCHASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/rc.h"
#include "core/store/db.h"

#define TENANT_PURCHASES_MAX 50

struct tenant_purchase { /* ROW_NULL where a number is not known; times in ms, 0: never */
    int64_t id;
    int64_t payment_id; /* ROW_NULL: money of another kind */
    const char *number;
    int64_t supply_id;
    const char *unit_number;
    const char *shop_name;
    const char *meter_number;
    int64_t amount_fen;
    const char *channel; /* wechat, cash, ...; "" none */
    const char *scene;
    /* creating, open, closed, failed, paid, writing, delivered, credited, held, refunding, refunded
     */
    const char *state;
    const char *held_reason; /* wrong_amount, ...; NULL: not held */
    const char *offer;       /* JSON, only while it is open; NULL */
    int64_t expires_at;
    int64_t created_at;
    int64_t paid_at;
    int64_t writing_at;
    int64_t delivered_at;
    int64_t power_at;
    int64_t purchase_count;
    int64_t changed_at;
};

/* One of a supply that the person may pay for; a payer sees only what he ordered himself.
   RC_NOT_FOUND. */
enum rc tenant_purchase_find(struct db *db, struct arena *arena, int64_t tenant_user_id,
                             int64_t purchase_id, struct tenant_purchase *ret_purchase) MUST_CHECK;
/* The one that a pay sticker's token opens. RC_NOT_FOUND. */
enum rc tenant_purchase_of_token(struct db *db, struct arena *arena, const uint8_t token_hash[32],
                                 struct tenant_purchase *ret_purchase) MUST_CHECK;
/* Those of a supply's present account, newest first, before the id (0: from the newest). limit + 1
   are asked for: *ret_more. RC_NOT_FOUND: not the person's supply. */
enum rc tenant_purchase_list(struct db *db, struct arena *arena, int64_t tenant_user_id,
                             int64_t supply_id, int64_t before_id, size_t limit,
                             struct tenant_purchase **ret_purchases, size_t *ret_count,
                             bool *ret_more) MUST_CHECK;

/* ---- the printed code of a supply */

#define STICKER_CODE_CHARACTERS 12

struct pay_sticker {
    int64_t supply_id;
    int64_t account_id; /* 0: nobody has the supply */
    const char *code;
    const char *unit_number;
    const char *shop_name;
    const char *meter_number;
    int64_t created_at;
};

/* The live sticker of a code. RC_NOT_FOUND: unknown, or replaced by a newer one. */
enum rc pay_stickers_find(struct db *db, struct arena *arena, const char *code,
                          struct pay_sticker *ret_sticker) MUST_CHECK;
/* All live ones of a building (0: of all), by unit, at most 2000. */
enum rc pay_stickers_list(struct db *db, struct arena *arena, int64_t building_id,
                          struct pay_sticker **ret_stickers, size_t *ret_count) MUST_CHECK;
/* Ends the supply's present one and writes this. RC_CONFLICT: the code is taken. */
enum rc pay_stickers_replace(struct db *db, int64_t supply_id, const char *code, int64_t created_by,
                             int64_t now_ms) MUST_CHECK;

#endif
