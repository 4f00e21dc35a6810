#include "core/store/tenant_purchase.h"

#include <assert.h>
#include <string.h>

#include "core/rules/payment_state.h"
#include "core/store/row.h"
#include "core/store/tenant_access.h"

#define STICKERS_MAX 2000

/* The payment that counts: a settled one before others, then the newest. */
#define SELECT_PURCHASE                                                                            \
    "SELECT b.id, p.id, b.number, b.supply_id, COALESCE(u.number, ''),"                            \
    " IF(COALESCE(u.shop_name, '') = '', a.name, u.shop_name), m.number, b.amount_fen,"            \
    " COALESCE(p.channel, ''), COALESCE(p.scene, ''), b.state, p.state, p.disposition,"            \
    " d.state, p.suspense_reason, p.offer, p.expires_at, b.created_at, b.paid_at, d.claimed_at,"   \
    " b.ended_at, b.power_at, d.purchase_count,"                                                   \
    " GREATEST(b.changed_at, COALESCE(p.changed_at, b.changed_at),"                                \
    " COALESCE(d.changed_at, b.changed_at)),"                                                      \
    " EXISTS (SELECT 1 FROM refund r WHERE r.payment_id = p.id"                                    \
    " AND r.state IN ('approved', 'submitted', 'failed'))"                                         \
    " FROM purchase b JOIN account a ON a.id = b.account_id JOIN supply s ON s.id = b.supply_id"   \
    " JOIN supply_epoch e ON e.supply_id = b.supply_id AND e.epoch = b.epoch"                      \
    " JOIN meter m ON m.id = e.meter_id LEFT JOIN unit u ON u.id = s.unit_id"                      \
    " LEFT JOIN delivery d ON d.purchase_id = b.id LEFT JOIN payment p ON p.id ="                  \
    " (SELECT x.id FROM payment x WHERE x.purchase_id = b.id"                                      \
    " ORDER BY x.state = 'settled' DESC, x.id DESC LIMIT 1)"

enum column {
    COL_ID,
    COL_PAYMENT,
    COL_NUMBER,
    COL_SUPPLY,
    COL_UNIT,
    COL_SHOP,
    COL_METER,
    COL_AMOUNT,
    COL_CHANNEL,
    COL_SCENE,
    COL_STATE,
    COL_PAYMENT_STATE,
    COL_DISPOSITION,
    COL_DELIVERY_STATE,
    COL_SUSPENSE,
    COL_OFFER,
    COL_EXPIRES,
    COL_CREATED,
    COL_PAID,
    COL_CLAIMED,
    COL_ENDED,
    COL_POWER,
    COL_COUNT,
    COL_CHANGED,
    COL_REFUNDING
};

static const char *paid_state(const char *delivery)
{
    if (strcmp(delivery, "sending") == 0) {
        return "writing";
    }
    return strcmp(delivery, "") == 0 || strcmp(delivery, "pending") == 0 ? "paid" : "held";
}

/* Where the money is, in one word; the first that holds. */
static const char *state_of(const struct db_rows *rows, size_t at)
{
    const char *payment = db_get_text(rows, at, COL_PAYMENT_STATE);
    const char *disposition = db_get_text(rows, at, COL_DISPOSITION);
    const char *purchase = db_get_text(rows, at, COL_STATE);
    if (row_bool(rows, at, COL_REFUNDING)) {
        return "refunding";
    }
    if (strcmp(payment, payment_state_name(PAYMENT_SETTLED)) == 0 &&
        strcmp(disposition, disposition_name(DISPOSITION_SUSPENSE)) == 0) {
        return "held";
    }
    if (strcmp(purchase, purchase_state_name(PURCHASE_PAID)) == 0) {
        return paid_state(db_get_text(rows, at, COL_DELIVERY_STATE));
    }
    if (strcmp(disposition, disposition_name(DISPOSITION_REFUNDED)) == 0) {
        return "refunded";
    }
    if (strcmp(purchase, purchase_state_name(PURCHASE_OPEN)) == 0 ||
        strcmp(purchase, purchase_state_name(PURCHASE_CANCELLED)) == 0) {
        return payment[0] == '\0' ? "closed" : payment;
    }
    return purchase;
}

static struct tenant_purchase of_row(const struct db_rows *rows, size_t at)
{
    struct tenant_purchase purchase = {
        .id = db_get_int(rows, at, COL_ID),
        .payment_id = row_int(rows, at, COL_PAYMENT),
        .number = db_get_text(rows, at, COL_NUMBER),
        .supply_id = db_get_int(rows, at, COL_SUPPLY),
        .unit_number = db_get_text(rows, at, COL_UNIT),
        .shop_name = db_get_text(rows, at, COL_SHOP),
        .meter_number = db_get_text(rows, at, COL_METER),
        .amount_fen = db_get_int(rows, at, COL_AMOUNT),
        .channel = db_get_text(rows, at, COL_CHANNEL),
        .scene = db_get_text(rows, at, COL_SCENE),
        .state = state_of(rows, at),
        .expires_at = db_get_time(rows, at, COL_EXPIRES),
        .created_at = db_get_time(rows, at, COL_CREATED),
        .paid_at = db_get_time(rows, at, COL_PAID),
        .writing_at = db_get_time(rows, at, COL_CLAIMED),
        .delivered_at = db_get_time(rows, at, COL_ENDED),
        .power_at = db_get_time(rows, at, COL_POWER),
        .purchase_count = row_int(rows, at, COL_COUNT),
        .changed_at = db_get_time(rows, at, COL_CHANGED),
    };
    if (strcmp(purchase.state, "held") == 0) {
        purchase.held_reason = row_text_or_null(rows, at, COL_SUSPENSE);
    }
    if (strcmp(purchase.state, "open") == 0) {
        purchase.offer = row_text_or_null(rows, at, COL_OFFER);
    }
    return purchase;
}

static enum rc single(const struct db_rows *rows, struct tenant_purchase *ret_purchase)
{
    if (rows->count == 0) {
        return RC_NOT_FOUND;
    }
    *ret_purchase = of_row(rows, 0);
    return RC_OK;
}

enum rc tenant_purchase_find(struct db *db, struct arena *arena, int64_t tenant_user_id,
                             int64_t purchase_id, struct tenant_purchase *ret_purchase)
{
    struct db_rows rows;
    struct db_value person = db_int(tenant_user_id);
    TRY(db_query(db, arena,
                 SELECT_PURCHASE " WHERE b.id = ? AND a.state = 'open' AND (" TENANT_ROLE
                                 " = 'tenant' OR (b.actor_kind = 'tenant' AND b.actor_id = ?))",
                 DB_ARGS(db_int(purchase_id), person, person, person), 1, &rows));
    return single(&rows, ret_purchase);
}

enum rc tenant_purchase_of_token(struct db *db, struct arena *arena, const uint8_t token_hash[32],
                                 struct tenant_purchase *ret_purchase)
{
    struct db_rows rows;
    TRY(db_query(db, arena, SELECT_PURCHASE " WHERE p.token_hash = ?",
                 DB_ARGS(db_bytes(token_hash, 32)), 1, &rows));
    return single(&rows, ret_purchase);
}

enum rc tenant_purchase_list(struct db *db, struct arena *arena, int64_t tenant_user_id,
                             int64_t supply_id, int64_t before_id, size_t limit,
                             struct tenant_purchase **ret_purchases, size_t *ret_count,
                             bool *ret_more)
{
    assert(limit >= 1 && limit <= TENANT_PURCHASES_MAX);
    struct db_rows rows;
    struct db_value person = db_int(tenant_user_id);
    TRY(db_query(db, arena,
                 SELECT_PURCHASE
                 " WHERE b.account_id = (SELECT o.account_id FROM account_supply o"
                 " WHERE o.live_supply = ?) AND b.supply_id = ? AND a.state = 'open'"
                 " AND (" TENANT_ROLE " = 'tenant' OR (b.actor_kind = 'tenant'"
                 " AND b.actor_id = ?)) AND (? = 0 OR b.id < ?) ORDER BY b.id DESC LIMIT ?",
                 DB_ARGS(db_int(supply_id), db_int(supply_id), person, person, person,
                         db_int(before_id), db_int(before_id), db_int((int64_t)limit + 1)),
                 limit + 1, &rows));
    struct tenant_purchase *list = arena_take_array(arena, rows.count + 1, sizeof *list);
    if (list == NULL) {
        return RC_MEMORY;
    }
    size_t count = rows.count > limit ? limit : rows.count;
    for (size_t i = 0; i < count; i++) {
        list[i] = of_row(&rows, i);
    }
    *ret_purchases = list;
    *ret_count = count;
    *ret_more = rows.count > limit;
    return RC_OK;
}

/* ---- stickers */

#define SELECT_STICKER                                                                             \
    "SELECT k.supply_id, o.account_id, k.code, COALESCE(u.number, ''), COALESCE(u.shop_name, '')," \
    " m.number, k.created_at FROM pay_sticker k JOIN supply s ON s.id = k.live_supply"             \
    " JOIN meter m ON m.id = s.meter_id LEFT JOIN unit u ON u.id = s.unit_id"                      \
    " LEFT JOIN floor f ON f.id = u.floor_id"                                                      \
    " LEFT JOIN account_supply o ON o.live_supply = s.id"

static struct pay_sticker sticker_of_row(const struct db_rows *rows, size_t at)
{
    return (struct pay_sticker){.supply_id = db_get_int(rows, at, 0),
                                .account_id = db_get_int(rows, at, 1),
                                .code = db_get_text(rows, at, 2),
                                .unit_number = db_get_text(rows, at, 3),
                                .shop_name = db_get_text(rows, at, 4),
                                .meter_number = db_get_text(rows, at, 5),
                                .created_at = db_get_time(rows, at, 6)};
}

enum rc pay_stickers_find(struct db *db, struct arena *arena, const char *code,
                          struct pay_sticker *ret_sticker)
{
    struct db_rows rows;
    TRY(db_query(db, arena, SELECT_STICKER " WHERE k.code = ?", DB_ARGS(db_text(code)), 1, &rows));
    if (rows.count == 0) {
        return RC_NOT_FOUND;
    }
    *ret_sticker = sticker_of_row(&rows, 0);
    return RC_OK;
}

enum rc pay_stickers_list(struct db *db, struct arena *arena, int64_t building_id,
                          struct pay_sticker **ret_stickers, size_t *ret_count)
{
    struct db_rows rows;
    TRY(db_query(db, arena,
                 SELECT_STICKER " WHERE (? = 0 OR f.building_id = ?) ORDER BY u.number, k.id"
                                " LIMIT 2000",
                 DB_ARGS(db_int(building_id), db_int(building_id)), STICKERS_MAX, &rows));
    struct pay_sticker *list = arena_take_array(arena, rows.count + 1, sizeof *list);
    if (list == NULL) {
        return RC_MEMORY;
    }
    for (size_t i = 0; i < rows.count; i++) {
        list[i] = sticker_of_row(&rows, i);
    }
    *ret_stickers = list;
    *ret_count = rows.count;
    return RC_OK;
}

enum rc pay_stickers_replace(struct db *db, int64_t supply_id, const char *code, int64_t created_by,
                             int64_t now_ms)
{
    assert(db_in_transaction(db) && strlen(code) == STICKER_CODE_CHARACTERS);
    TRY(db_execute(db, "UPDATE pay_sticker SET ended_at = ? WHERE live_supply = ?",
                   DB_ARGS(db_time(now_ms), db_int(supply_id)), NULL));
    return db_execute(
        db,
        "INSERT INTO pay_sticker (supply_id, code, created_by, created_at)"
        " VALUES (?, ?, ?, ?)",
        DB_ARGS(db_int(supply_id), db_text(code), db_int(created_by), db_time(now_ms)), NULL);
}
