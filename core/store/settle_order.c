#include "core/store/settle_order.h"

#include <assert.h>

#include "core/store/row.h"

static enum rc fill_purchase(const struct db_rows *rows, struct purchase *purchase)
{
    *purchase = (struct purchase){
        .id = db_get_int(rows, 0, 9),
        .number = db_get_text(rows, 0, 10),
        .account_id = db_get_int(rows, 0, 11),
        .supply_id = db_get_int(rows, 0, 12),
        .epoch = db_get_int(rows, 0, 13),
        .platform_mode = row_bool(rows, 0, 14),
        .origin = db_get_text(rows, 0, 15),
        .amount_fen = db_get_int(rows, 0, 16),
        .account_open = row_bool(rows, 0, 18),
        .meter_id = db_get_int(rows, 0, 19),
        .shard = (int32_t)db_get_int(rows, 0, 20),
    };
    return purchase_state_find(db_get_text(rows, 0, 17), &purchase->state);
}

static enum rc fill_payment(const struct db_rows *rows, struct payment *payment)
{
    *payment = (struct payment){
        .id = db_get_int(rows, 0, 0),
        .order_number = db_get_text(rows, 0, 1),
        .purchase_id = db_get_int(rows, 0, 9),
        .supply_id = db_get_int(rows, 0, 12),
        .channel = db_get_text(rows, 0, 2),
        .merchant = db_get_text(rows, 0, 3),
        .amount_fen = db_get_int(rows, 0, 4),
        .currency = db_get_text(rows, 0, 5),
        .suspense_reason = db_get_text(rows, 0, 8),
    };
    TRY(payment_state_find(db_get_text(rows, 0, 6), &payment->state));
    return disposition_find(db_get_text(rows, 0, 7), &payment->disposition);
}

/* Of a number that is no payment's, only the transaction may be known. */
static enum rc find_event(struct db *db, struct arena *arena, const char *channel,
                          const char *merchant, const char *provider_transaction,
                          struct settle_order *order)
{
    if (provider_transaction == NULL) {
        return RC_OK;
    }
    enum rc rc =
        payment_events_find_paid(db, arena, channel, merchant, provider_transaction, &order->event);
    order->event_found = rc == RC_OK;
    return rc == RC_NOT_FOUND ? RC_OK : rc;
}

enum rc settle_orders_read(struct db *db, struct arena *arena, const char *order_number,
                           const char *channel, const char *merchant,
                           const char *provider_transaction, struct settle_order *ret_order)
{
    struct db_rows rows;
    TRY(db_query(
        db, arena,
        "SELECT p.id, p.order_number, p.channel, p.merchant, p.amount_fen, p.currency, p.state,"
        " p.disposition, COALESCE(p.suspense_reason, ''), b.id, b.number, b.account_id,"
        " b.supply_id, b.epoch, b.mode = 'platform', b.origin, b.amount_fen, b.state,"
        " a.state = 'open' AND NOT EXISTS (SELECT 1 FROM account_close q WHERE q.open_account ="
        " a.id), e.meter_id, l.shard, v.id, v.payment_id, v.amount_fen, v.currency,"
        " v.order_number, r.value = '1', s.billing_mode = 'platform' AND NOT EXISTS (SELECT 1"
        " FROM mode_change x WHERE x.live_supply = s.id AND x.to_mode = 'meter'"
        " AND x.state = 'moving')"
        " FROM payment p LEFT JOIN purchase b ON b.id = p.purchase_id LEFT JOIN account a ON a.id "
        "= b.account_id"
        " LEFT JOIN supply_epoch e ON e.supply_id = b.supply_id AND e.epoch = b.epoch"
        " LEFT JOIN meter m ON m.id = e.meter_id LEFT JOIN line l ON l.id = m.line_id"
        " LEFT JOIN supply s ON s.id = b.supply_id"
        " LEFT JOIN payment_event v ON v.channel = ? AND v.merchant = ?"
        " AND v.provider_transaction = ? AND v.paid AND v.verified"
        " LEFT JOIN site_setting r ON r.name = 'payment_reopen_late'"
        " WHERE p.order_number = ? ORDER BY v.id LIMIT 1",
        DB_ARGS(db_text(channel), db_text(merchant), db_text_or_null(provider_transaction),
                db_text(order_number)),
        1, &rows));
    struct settle_order order = {.found = rows.count == 1};
    if (!order.found) {
        TRY(find_event(db, arena, channel, merchant, provider_transaction, &order));
        *ret_order = order;
        return RC_OK;
    }
    order.reopen_late = row_bool(&rows, 0, 26);
    order.event_found = !db_is_null(&rows, 0, 21);
    TRY(fill_payment(&rows, &order.payment));
    if (order.payment.purchase_id != 0) {
        TRY(fill_purchase(&rows, &order.purchase));
        order.mode_turned = order.purchase.platform_mode != row_bool(&rows, 0, 27);
        order.purchase.platform_mode = row_bool(&rows, 0, 27);
    }
    if (order.event_found) {
        order.event = (struct payment_event_seen){.payment_id = db_get_int(&rows, 0, 22),
                                                  .amount_fen = db_get_int(&rows, 0, 23),
                                                  .currency = db_get_text(&rows, 0, 24),
                                                  .order_number = db_get_text(&rows, 0, 25)};
    }
    *ret_order = order;
    return RC_OK;
}

enum rc settle_orders_lock(struct db *db, struct arena *arena, const struct settle_order *order)
{
    assert(db_in_transaction(db) && order->found);
    const struct purchase *purchase = &order->purchase;
    const char *state = purchase->id == 0 ? "" : purchase_state_name(purchase->state);
    struct db_rows rows;
    TRY(db_query(db, arena,
                 "SELECT p.state = ? AND COALESCE(p.purchase_id, 0) = ?"
                 " AND COALESCE(b.state, '') = ? FROM payment p"
                 " LEFT JOIN purchase b ON b.id = p.purchase_id WHERE p.id = ? FOR UPDATE",
                 DB_ARGS(db_text(payment_state_name(order->payment.state)), db_int(purchase->id),
                         db_text(state), db_int(order->payment.id)),
                 1, &rows));
    return rows.count == 1 && row_bool(&rows, 0, 0) ? RC_OK : RC_RETRY;
}
