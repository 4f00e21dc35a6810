#include "core/store/power.h"

#include "core/store/by_hand.h"
#include "core/store/row.h"

#define CLOCKS_MAX 10000

/* A running clock of the supply's present epoch and tenant; what went with another meter or another
   tenant has no power to wait for. */
#define RUNNING                                                                                    \
    " FROM purchase b JOIN supply s ON s.id = b.supply_id AND s.epoch = b.epoch"                   \
    " JOIN account_supply o ON o.live_supply = b.supply_id AND o.account_id = b.account_id"        \
    " JOIN meter m ON m.id = s.meter_id"

enum rc power_watches(struct db *db, struct arena *arena, int32_t shard, size_t max,
                      struct power_watch **ret_watches, size_t *ret_count)
{
    struct db_rows rows;
    TRY(db_query(db, arena,
                 "SELECT DISTINCT b.supply_id, b.epoch, s.meter_id, m.line_id" RUNNING
                 " JOIN line l ON l.id = m.line_id WHERE b.power_at IS NULL"
                 " AND b.state IN ('delivered', 'credited') AND l.shard = ?"
                 " ORDER BY b.supply_id LIMIT ?",
                 DB_ARGS(db_int(shard), db_int((int64_t)max)), max, &rows));
    struct power_watch *list = arena_take_array(arena, rows.count + 1, sizeof *list);
    if (list == NULL) {
        return RC_MEMORY;
    }
    for (size_t i = 0; i < rows.count; i++) {
        list[i] = (struct power_watch){.supply_id = db_get_int(&rows, i, 0),
                                       .epoch = db_get_int(&rows, i, 1),
                                       .meter_id = db_get_int(&rows, i, 2),
                                       .line_id = db_get_int(&rows, i, 3)};
    }
    *ret_watches = list;
    *ret_count = rows.count;
    return RC_OK;
}

enum rc power_get(struct db *db, struct arena *arena, int64_t purchase_id,
                  struct power_row *ret_row)
{
    struct db_rows rows;
    TRY(db_query(db, arena,
                 "SELECT b.supply_id, b.epoch, b.number, b.state, b.power_at IS NOT NULL,"
                 " s.epoch = b.epoch AND " BY_HAND_SQL
                 " FROM purchase b JOIN supply s ON s.id = b.supply_id"
                 " JOIN meter m ON m.id = s.meter_id"
                 " LEFT JOIN meter_parameter mp ON mp.meter_id = m.id WHERE b.id = ?",
                 DB_ARGS(db_int(purchase_id)), 1, &rows));
    if (rows.count == 0) {
        return RC_NOT_FOUND;
    }
    struct power_row row = {
        .supply_id = db_get_int(&rows, 0, 0),
        .epoch = db_get_int(&rows, 0, 1),
        .number = db_get_text(&rows, 0, 2),
        .facts = {.known = row_bool(&rows, 0, 4), .by_hand = row_bool(&rows, 0, 5)},
    };
    TRY(purchase_state_find(db_get_text(&rows, 0, 3), &row.facts.state));
    *ret_row = row;
    return RC_OK;
}

enum rc power_set(struct db *db, int64_t supply_id, int64_t epoch, int64_t at_ms, int64_t user_id)
{
    return db_execute(db,
                      "UPDATE purchase SET power_at = ?, power_by = ? WHERE supply_id = ?"
                      " AND epoch = ? AND power_at IS NULL AND state IN ('delivered', 'credited')"
                      " AND paid_at <= ?",
                      DB_ARGS(db_time(at_ms), db_int_or_null(user_id != 0, user_id),
                              db_int(supply_id), db_int(epoch), db_time(at_ms)),
                      NULL);
}

static int64_t share_of(const struct db_rows *rows, size_t percent)
{
    return rows->count == 0 ? ROW_NULL
                            : db_get_int(rows, (rows->count * percent + 99) / 100 - 1, 0);
}

enum rc power_clock_read(struct db *db, struct arena *arena, int64_t from_ms,
                         struct power_clock *ret_clock)
{
    struct db_rows rows;
    TRY(db_query(db, arena,
                 "SELECT TIMESTAMPDIFF(MICROSECOND, paid_at, power_at) DIV 1000 AS took"
                 " FROM purchase WHERE power_at >= ? ORDER BY took LIMIT 10000",
                 DB_ARGS(db_time(from_ms)), CLOCKS_MAX, &rows));
    struct power_clock clock = {.count = (int64_t)rows.count,
                                .p50_ms = share_of(&rows, 50),
                                .p95_ms = share_of(&rows, 95),
                                .oldest_purchase_id = ROW_NULL};
    TRY(db_query(db, arena,
                 "SELECT b.id, COALESCE(u.number, m.number), b.paid_at, COUNT(*) OVER ()" RUNNING
                 " LEFT JOIN unit u ON u.id = s.unit_id WHERE b.power_at IS NULL"
                 " AND b.state IN ('paid', 'delivered', 'credited') ORDER BY b.paid_at, b.id"
                 " LIMIT 1",
                 DB_NO_ARGS, 1, &rows));
    if (rows.count == 1) {
        clock.oldest_purchase_id = db_get_int(&rows, 0, 0);
        clock.oldest_unit_number = db_get_text(&rows, 0, 1);
        clock.oldest_paid_at = db_get_time(&rows, 0, 2);
        clock.waiting = db_get_int(&rows, 0, 3);
    }
    *ret_clock = clock;
    return RC_OK;
}
