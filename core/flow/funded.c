#include "core/flow/funded.h"

#include "core/base/clock.h"
#include "core/flow/number.h"
#include "core/store/delivery.h"

struct purchase funded_purchase(const struct sale_facts *facts, const char *origin,
                                int64_t amount_fen, int64_t approval_id)
{
    return (struct purchase){.account_id = facts->account_id,
                             .supply_id = facts->supply_id,
                             .epoch = facts->epoch,
                             .meter_id = facts->meter_id,
                             .platform_mode = facts->platform_mode,
                             .origin = origin,
                             .amount_fen = amount_fen,
                             .approval_id = approval_id};
}

enum rc funded_buy(struct db *db, struct arena *arena, const struct actor *actor,
                   struct purchase *purchase, enum ledger_posting posting, const char *channel,
                   int64_t *ret_delivery_id)
{
    char number[NUMBER_BYTES];
    int64_t now_ms = clock_now_ms();
    TRY(number_make('P', now_ms, number));
    purchase->number = number;
    purchase->state = PURCHASE_OPEN;
    purchase->actor_kind = actor->kind;
    purchase->actor_id = actor->id;
    TRY(purchases_insert(db, purchase, &purchase->id));
    TRY(purchases_set_paid(db, purchase->id, PURCHASE_OPEN, now_ms));
    struct ledger_entry entry = {.posting = posting,
                                 .object_kind = "purchase",
                                 .object_id = purchase->id,
                                 .supply_id = purchase->supply_id,
                                 .channel = channel,
                                 .amount_fen = purchase->amount_fen,
                                 .at_ms = now_ms};
    TRY(ledger_post(db, arena, &entry));
    if (!purchase->platform_mode) {
        struct delivery_row delivery = {.purchase_id = purchase->id,
                                        .supply_id = purchase->supply_id,
                                        .epoch = purchase->epoch,
                                        .meter_id = purchase->meter_id,
                                        .amount_fen = purchase->amount_fen};
        return deliveries_insert(db, &delivery, ret_delivery_id);
    }
    *ret_delivery_id = 0;
    TRY(purchases_set_ended(db, purchase->id, PURCHASE_PAID, PURCHASE_CREDITED, now_ms));
    entry.posting = POSTING_PAYMENT_CREDITED;
    return ledger_post(db, arena, &entry);
}
