#include "core/store/backfill.h"

enum rc backfill_purchases(struct db *db, struct arena *arena, int64_t supply_id,
                           struct backfill_purchase **ret_purchases, size_t *ret_count)
{
    struct db_rows rows;
    TRY(db_query(db, arena,
                 "SELECT b.id, b.number, COALESCE((SELECT MAX(p.channel) FROM payment p"
                 " WHERE p.purchase_id = b.id AND p.state = 'settled'), ''), d.amount_fen,"
                 " b.paid_at FROM delivery d JOIN purchase b ON b.id = d.purchase_id"
                 " JOIN supply s ON s.id = d.supply_id AND s.epoch = d.epoch"
                 " WHERE d.supply_id = ? AND d.purchase_count IS NULL"
                 " AND d.state IN ('pending', 'hold', 'manual') ORDER BY b.paid_at, b.id LIMIT 200",
                 DB_ARGS(db_int(supply_id)), BACKFILL_PURCHASES_MAX, &rows));
    struct backfill_purchase *list = arena_take_array(arena, rows.count + 1, sizeof *list);
    if (list == NULL) {
        return RC_MEMORY;
    }
    for (size_t i = 0; i < rows.count; i++) {
        list[i] = (struct backfill_purchase){.purchase_id = db_get_int(&rows, i, 0),
                                             .number = db_get_text(&rows, i, 1),
                                             .channel = db_get_text(&rows, i, 2),
                                             .amount_fen = db_get_int(&rows, i, 3),
                                             .paid_at = db_get_time(&rows, i, 4)};
    }
    *ret_purchases = list;
    *ret_count = rows.count;
    return RC_OK;
}
