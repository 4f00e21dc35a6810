#include "core/store/purchase.h"

#include <assert.h>

#include "core/store/by_hand.h"
#include "core/store/row.h"

/* What a site says by purchase_min_fen, purchase_max_fen, purchase_hoard_fen; these until then. */
#define MIN_FEN_DEFAULT 100
#define MAX_FEN_DEFAULT 5000000
#define HOARD_FEN_DEFAULT 0

static const char *actor_kind_name(enum actor_kind kind)
{
    switch (kind) {
    case ACTOR_USER:
        return "user";
    case ACTOR_TENANT:
        return "tenant";
    case ACTOR_MACHINE:
        return "machine";
    case ACTOR_SYSTEM:
    case ACTOR_OPERATOR:
        break;
    }
    return "system";
}

enum rc purchases_insert(struct db *db, const struct purchase *purchase, int64_t *ret_id)
{
    assert(db_in_transaction(db) && purchase->state == PURCHASE_OPEN);
    struct db_outcome outcome = {0};
    TRY(db_execute(
        db,
        "INSERT INTO purchase (number, account_id, supply_id, epoch, mode, origin, amount_fen,"
        " quote, actor_kind, actor_id, approval_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        DB_ARGS(db_text(purchase->number), db_int(purchase->account_id),
                db_int(purchase->supply_id), db_int(purchase->epoch),
                db_text(purchase->platform_mode ? "platform" : "meter"), db_text(purchase->origin),
                db_int(purchase->amount_fen), db_text_or_null(purchase->quote),
                db_text(actor_kind_name(purchase->actor_kind)), db_int(purchase->actor_id),
                db_int_or_null(purchase->approval_id != 0, purchase->approval_id)),
        &outcome));
    *ret_id = outcome.insert_id;
    return RC_OK;
}

enum rc purchases_set_paid(struct db *db, int64_t id, enum purchase_state from, int64_t at_ms)
{
    assert(db_in_transaction(db) && purchase_move_allowed(from, PURCHASE_PAID));
    struct db_outcome outcome = {0};
    TRY(db_execute(db,
                   "UPDATE purchase SET state = 'paid', paid_at = ?, ended_at = NULL"
                   " WHERE id = ? AND state = ?",
                   DB_ARGS(db_time(at_ms), db_int(id), db_text(purchase_state_name(from))),
                   &outcome));
    return row_moved(&outcome);
}

enum rc purchases_set_mode(struct db *db, int64_t id, bool platform)
{
    assert(db_in_transaction(db));
    struct db_outcome outcome = {0};
    TRY(db_execute(db,
                   "UPDATE purchase SET mode = ? WHERE id = ?"
                   " AND state NOT IN ('delivered', 'credited')",
                   DB_ARGS(db_text(platform ? "platform" : "meter"), db_int(id)), &outcome));
    return row_moved(&outcome);
}

enum rc purchases_set_ended(struct db *db, int64_t id, enum purchase_state from,
                            enum purchase_state to, int64_t at_ms)
{
    assert(db_in_transaction(db) && purchase_move_allowed(from, to));
    struct db_outcome outcome = {0};
    TRY(db_execute(db, "UPDATE purchase SET state = ?, ended_at = ? WHERE id = ? AND state = ?",
                   DB_ARGS(db_text(purchase_state_name(to)), db_time(at_ms), db_int(id),
                           db_text(purchase_state_name(from))),
                   &outcome));
    return row_moved(&outcome);
}

static const char facts_sql[] =
    "SELECT s.id, s.meter_id, s.epoch, l.shard, s.billing_mode = 'platform' AND NOT EXISTS"
    " (SELECT 1 FROM mode_change x WHERE x.live_supply = s.id AND x.to_mode = 'meter'"
    " AND x.state = 'moving'), s.protected, " BY_HAND_SQL
    ", s.frozen_reason IS NOT NULL, l.writable AND l.enabled, h.silent_since_at IS NOT NULL,"
    " e.epoch = s.epoch, u.number, m.number, u.shop_name, a.id, a.number, a.name, a.kind, a.state,"
    " ms.balance_fen, ms.taken_at, mp.price_flat_e4, CAST(COALESCE((SELECT SUM(b.amount_fen)"
    " FROM purchase b WHERE b.supply_id = s.id AND b.state = 'paid'), 0) AS SIGNED),"
    " CAST(COALESCE((SELECT value FROM site_setting WHERE name = 'purchase_min_fen'), ?) AS "
    "SIGNED),"
    " CAST(COALESCE((SELECT value FROM site_setting WHERE name = 'purchase_max_fen'), ?) AS "
    "SIGNED),"
    " CAST(COALESCE((SELECT value FROM site_setting WHERE name = 'purchase_hoard_fen'), ?)"
    " AS SIGNED) FROM supply s JOIN meter m ON m.id = s.meter_id JOIN line l ON l.id = m.line_id"
    " LEFT JOIN unit u ON u.id = s.unit_id LEFT JOIN meter_health h ON h.meter_id = m.id"
    " LEFT JOIN meter_state ms ON ms.meter_id = m.id"
    " LEFT JOIN meter_parameter mp ON mp.meter_id = m.id"
    " LEFT JOIN supply_epoch e ON e.live_supply = s.id"
    " LEFT JOIN account_supply o ON o.live_supply = s.id LEFT JOIN account a ON a.id = o.account_id"
    " WHERE s.id = ?";

enum rc sale_facts_get(struct db *db, struct arena *arena, int64_t supply_id,
                       struct sale_facts *ret_facts)
{
    struct db_rows rows;
    TRY(db_query(db, arena, facts_sql,
                 DB_ARGS(db_int(MIN_FEN_DEFAULT), db_int(MAX_FEN_DEFAULT),
                         db_int(HOARD_FEN_DEFAULT), db_int(supply_id)),
                 1, &rows));
    if (rows.count == 0) {
        return RC_NOT_FOUND;
    }
    *ret_facts = (struct sale_facts){
        .supply_id = db_get_int(&rows, 0, 0),
        .meter_id = db_get_int(&rows, 0, 1),
        .epoch = db_get_int(&rows, 0, 2),
        .shard = (int32_t)db_get_int(&rows, 0, 3),
        .platform_mode = row_bool(&rows, 0, 4),
        .protected_supply = row_bool(&rows, 0, 5),
        .close_by_hand = row_bool(&rows, 0, 6),
        .frozen = row_bool(&rows, 0, 7),
        .writable_line = row_bool(&rows, 0, 8),
        .silent = row_bool(&rows, 0, 9),
        .epoch_live = row_bool(&rows, 0, 10),
        .unit_number = db_get_text(&rows, 0, 11),
        .meter_number = db_get_text(&rows, 0, 12),
        .shop_name = db_get_text(&rows, 0, 13),
        .account_id = db_get_int(&rows, 0, 14),
        .account_number = db_get_text(&rows, 0, 15),
        .account_name = db_get_text(&rows, 0, 16),
        .account_kind = db_get_text(&rows, 0, 17),
        .account_state = db_get_text(&rows, 0, 18),
        .balance_fen = row_int(&rows, 0, 19),
        .taken_at_ms = db_get_time(&rows, 0, 20),
        .meter_price_e4 = row_int(&rows, 0, 21),
        .on_its_way_fen = db_get_int(&rows, 0, 22),
        .min_fen = db_get_int(&rows, 0, 23),
        .max_fen = db_get_int(&rows, 0, 24),
        .hoard_fen = db_get_int(&rows, 0, 25),
    };
    return RC_OK;
}
