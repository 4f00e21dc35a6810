#include "core/store/meter_list.h"

#include <string.h>

#include "core/rules/supply_state.h"
#include "core/store/by_hand.h"
#include "core/store/meter_tables.h"
#include "core/store/row.h"

#define DAY_MAX_MS (INT64_C(25) * 3600 * 1000) /* a day of the site has at most 25 hours */

#define COLUMNS                                                                                    \
    "SELECT m.id, s.id, m.number, s.unit_id, u.number, u.shop_name, u.shop_pinyin, u.trade,"       \
    " u.state, f.building_id, u.floor_id, g.room_id, m.line_id, s.protected,"                      \
    " " BY_HAND_SQL ", lo.id IS NOT NULL, s.frozen_reason IS NOT NULL,"                            \
    " NOT l.writable, ms.relay, ms.forced, k.until_at, ms.status_bits, ms.balance_fen,"            \
    " mp.price_sharp_e4, mp.price_peak_e4, mp.price_flat_e4, mp.price_valley_e4, mp.rate_zones,"   \
    " mp.day_table_1, mp.day_table_2,"                                                             \
    " ms.power_w, ms.energy_wh, ms.day_start_at, ms.day_start_energy_wh, ms.purchase_count,"       \
    " ms.taken_at, c.kind,"                                                                        \
    " COALESCE(ms.current_a_ma, 0) = 0 AND COALESCE(ms.current_b_ma, 0) = 0"                       \
    " AND COALESCE(ms.current_c_ma, 0) = 0 AND COALESCE(ms.power_w, 0) = 0,"                       \
    " (SELECT MAX(day_start_at) FROM meter_state)"                                                 \
    " FROM meter m JOIN supply s ON s.meter_id = m.id JOIN line l ON l.id = m.line_id"             \
    " JOIN gateway g ON g.id = l.gateway_id LEFT JOIN unit u ON u.id = s.unit_id"                  \
    " LEFT JOIN floor f ON f.id = u.floor_id LEFT JOIN meter_state ms ON ms.meter_id = m.id"       \
    " LEFT JOIN meter_parameter mp ON mp.meter_id = m.id"                                          \
    " LEFT JOIN lock_out lo ON lo.active_supply = s.id"                                            \
    " LEFT JOIN keep_on k ON k.active_supply = s.id"                                               \
    " LEFT JOIN (SELECT meter_id, MAX(id) AS id FROM command"                                      \
    " WHERE state IN ('pending', 'taken', 'sent') AND kind <> 'read' GROUP BY meter_id) o"         \
    " ON o.meter_id = m.id LEFT JOIN command c ON c.id = o.id"                                     \
    " WHERE m.state = 'in_service'"

enum column {
    COL_ID,
    COL_SUPPLY_ID,
    COL_NUMBER,
    COL_UNIT_ID,
    COL_UNIT_NUMBER,
    COL_SHOP_NAME,
    COL_SHOP_PINYIN,
    COL_TRADE,
    COL_UNIT_STATE,
    COL_BUILDING_ID,
    COL_FLOOR_ID,
    COL_ROOM_ID,
    COL_LINE_ID,
    COL_PROTECTED,
    COL_CLOSE_BY_HAND,
    COL_LOCKED_OUT,
    COL_FROZEN,
    COL_READ_ONLY,
    COL_RELAY,
    COL_FORCED,
    COL_KEEP_ON_UNTIL,
    COL_STATUS_BITS,
    COL_BALANCE,
    COL_PRICE, /* sharp, peak, flat, valley */
    COL_TABLES = COL_PRICE + 4,
    COL_POWER = COL_TABLES + 3,
    COL_ENERGY,
    COL_DAY_START,
    COL_DAY_START_ENERGY,
    COL_PURCHASE_COUNT,
    COL_TAKEN_AT,
    COL_PENDING,
    COL_NO_LOAD,
    COL_TODAY
};

_Static_assert(ROW_NULL == INT64_MIN, "a null price is none in rate_table_price_e4");

/* 10^5: fen to 1/10000 yuan is 100, kWh to Wh is 1000. */
static int64_t energy_for(const struct db_rows *rows, size_t at, struct meter_rates *rates,
                          const struct clock_parts *local)
{
    int64_t price_of_rate_e4[4];
    for (size_t i = 0; i < ARRAY_LEN(price_of_rate_e4); i++) {
        price_of_rate_e4[i] = row_int(rows, at, COL_PRICE + i);
    }
    struct rate_table_bytes tables;
    meter_tables_of_row(rows, at, COL_TABLES, &tables);
    int64_t price_e4 =
        rate_table_price_e4(price_of_rate_e4, meter_rates_find(rates, &tables, local));
    int64_t balance_fen = row_int(rows, at, COL_BALANCE);
    if (price_e4 == ROW_NULL || price_e4 <= 0 || balance_fen == ROW_NULL) {
        return ROW_NULL;
    }
    return balance_fen <= 0 ? 0 : balance_fen * 100000 / price_e4;
}

/* Only while the day that the meter's start belongs to is still the site's day. */
static int64_t energy_today(const struct db_rows *rows, size_t at, int64_t now_ms)
{
    int64_t start_ms = db_get_time(rows, at, COL_DAY_START);
    if (db_is_null(rows, at, COL_DAY_START_ENERGY) || db_is_null(rows, at, COL_ENERGY) ||
        start_ms != db_get_time(rows, at, COL_TODAY) || now_ms - start_ms > DAY_MAX_MS) {
        return ROW_NULL;
    }
    return db_get_int(rows, at, COL_ENERGY) - db_get_int(rows, at, COL_DAY_START_ENERGY);
}

static void fill_state(const struct db_rows *rows, size_t at,
                       const struct meter_list_question *question, struct meter_row *row)
{
    bool ever_read = row->taken_at != 0;
    enum forced_state forced = forced_state_find(db_get_text(rows, at, COL_FORCED));
    enum relay_state relay = relay_state_find(db_get_text(rows, at, COL_RELAY));
    row->stale = ever_read && supply_is_stale(question->now_ms, row->taken_at, question->stale_ms);
    struct supply_facts facts = {
        .ever_read = ever_read,
        .locked_out = row->locked_out,
        .stale = row->stale,
        .closed_by_hand = row->close_by_hand,
        .no_load = row_bool(rows, at, COL_NO_LOAD),
        .relay = relay,
        .forced = forced,
        .status_bits = db_get_int(rows, at, COL_STATUS_BITS),
    };
    row->relay = relay_state_name(relay);
    row->forced = forced_state_name(forced == FORCED_UNKNOWN ? FORCED_NONE : forced);
    row->level = supply_warning_level(facts.status_bits);
    row->state = supply_state_name(supply_state_of(&facts));
}

static void fill(const struct db_rows *rows, size_t at, const struct meter_list_question *question,
                 struct meter_rates *rates, struct meter_row *row)
{
    *row = (struct meter_row){
        .id = db_get_int(rows, at, COL_ID),
        .supply_id = db_get_int(rows, at, COL_SUPPLY_ID),
        .number = db_get_text(rows, at, COL_NUMBER),
        .unit_id = row_int(rows, at, COL_UNIT_ID),
        .unit_number = db_get_text(rows, at, COL_UNIT_NUMBER),
        .shop_name = db_get_text(rows, at, COL_SHOP_NAME),
        .shop_pinyin = db_get_text(rows, at, COL_SHOP_PINYIN),
        .trade = db_get_text(rows, at, COL_TRADE),
        .unit_state = row_text_or_null(rows, at, COL_UNIT_STATE),
        .building_id = row_int(rows, at, COL_BUILDING_ID),
        .floor_id = row_int(rows, at, COL_FLOOR_ID),
        .room_id = row_int(rows, at, COL_ROOM_ID),
        .line_id = db_get_int(rows, at, COL_LINE_ID),
        .protected = row_bool(rows, at, COL_PROTECTED),
        .close_by_hand = row_bool(rows, at, COL_CLOSE_BY_HAND),
        .locked_out = row_bool(rows, at, COL_LOCKED_OUT),
        .frozen = row_bool(rows, at, COL_FROZEN),
        .read_only = row_bool(rows, at, COL_READ_ONLY),
        .keep_on_until_at = db_get_time(rows, at, COL_KEEP_ON_UNTIL),
        .balance_fen = row_int(rows, at, COL_BALANCE),
        .balance_energy_wh = energy_for(rows, at, rates, &question->local),
        .power_w = row_int(rows, at, COL_POWER),
        .energy_wh = row_int(rows, at, COL_ENERGY),
        .energy_today_wh = energy_today(rows, at, question->now_ms),
        .purchase_count = row_int(rows, at, COL_PURCHASE_COUNT),
        .taken_at = db_get_time(rows, at, COL_TAKEN_AT),
        .pending_command = row_text_or_null(rows, at, COL_PENDING),
    };
    fill_state(rows, at, question, row);
}

static enum rc query(struct db *db, struct arena *arena, const struct meter_list_question *question,
                     struct db_rows *ret_rows)
{
    if (question->since_ms == 0) {
        return db_query(db, arena, COLUMNS " ORDER BY m.id", DB_NO_ARGS, METER_LIST_MAX, ret_rows);
    }
    /* A meter also changes by nothing being stored: when its last reading becomes stale. */
    struct db_value since = db_time(question->since_ms);
    return db_query(db, arena,
                    COLUMNS " AND (ms.stored_at >= ? OR s.changed_at >= ? OR l.writable_at >= ?"
                            " OR ms.taken_at BETWEEN ? AND ?) ORDER BY m.id",
                    DB_ARGS(since, since, since, db_time(question->since_ms - question->stale_ms),
                            db_time(question->now_ms - question->stale_ms)),
                    METER_LIST_MAX, ret_rows);
}

enum rc meter_list(struct db *db, struct arena *arena, const struct meter_list_question *question,
                   struct meter_row **ret_rows, size_t *ret_count)
{
    struct db_rows rows;
    TRY(query(db, arena, question, &rows));
    struct meter_row *list = arena_take_array(arena, rows.count + 1, sizeof *list);
    if (list == NULL) {
        return RC_MEMORY;
    }
    struct meter_rates rates = {.filled = false};
    for (size_t i = 0; i < rows.count; i++) {
        fill(&rows, i, question, &rates, &list[i]);
    }
    *ret_rows = list;
    *ret_count = rows.count;
    return RC_OK;
}

enum rc meter_list_one(struct db *db, struct arena *arena,
                       const struct meter_list_question *question, int64_t meter_id,
                       struct meter_row *ret_row)
{
    struct db_rows rows;
    TRY(db_query(db, arena, COLUMNS " AND m.id = ? ORDER BY s.id LIMIT 1",
                 DB_ARGS(db_int(meter_id)), 1, &rows));
    if (rows.count == 0) {
        return RC_NOT_FOUND;
    }
    struct meter_rates rates = {.filled = false};
    fill(&rows, 0, question, &rates, ret_row);
    return RC_OK;
}

enum rc meter_list_mark(struct db *db, struct arena *arena, struct meter_list_mark *ret_mark)
{
    struct db_rows rows;
    TRY(db_query(db, arena,
                 "SELECT (SELECT MAX(stored_at) FROM meter_state),"
                 " (SELECT MAX(changed_at) FROM supply), (SELECT MAX(writable_at) FROM line),"
                 " (SELECT MAX(id) FROM meter),"
                 " (SELECT CAST(SUM(orders_version) AS SIGNED) FROM supply)",
                 DB_NO_ARGS, 1, &rows));
    *ret_mark = (struct meter_list_mark){
        .stored_at_ms = db_get_time(&rows, 0, 0),
        .supply_at_ms = db_get_time(&rows, 0, 1),
        .line_at_ms = db_get_time(&rows, 0, 2),
        .meters = db_get_int(&rows, 0, 3),
        .supply_versions = db_get_int(&rows, 0, 4),
    };
    return RC_OK;
}
