#include "core/store/tenant_home.h"

#include <string.h>

#include "core/rules/supply_state.h"
#include "core/store/row.h"
#include "core/store/tenant_access.h"

#define WEEK_MS (INT64_C(8) * 24 * 3600 * 1000)
#define DAY_S 86400
#define DAYS_LEFT_MAX_MILLI 999000
#define DAY_MAX_MS (INT64_C(25) * 3600 * 1000) /* a day of the site has at most 25 hours */

/* A platform supply's balance is the ledger's: what stands on the credit side of its liability. */
#define PLATFORM_BALANCE                                                                           \
    "(SELECT CAST(SUM(IF(t.credit_id = l.id, t.amount_fen, -t.amount_fen)) AS SIGNED)"             \
    " FROM ledger_account l JOIN transfer t ON t.credit_id = l.id OR t.debit_id = l.id"            \
    " WHERE l.code = 'tenant_liability' AND l.supply_id = s.id)"

/* Of the days that were proved within the last eight. */
#define WEEK_FROM                                                                                  \
    " FROM proof w WHERE w.supply_id = s.id AND w.account_id = a.id AND w.from_at >= ?)"
#define WEEK_FEN "(SELECT CAST(SUM(w.used_fen) AS SIGNED)" WEEK_FROM
#define WEEK_S "(SELECT CAST(SUM(TIMESTAMPDIFF(SECOND, w.from_at, w.to_at)) AS SIGNED)" WEEK_FROM
#define LAST_DAY                                                                                   \
    " FROM proof w WHERE w.supply_id = s.id AND w.account_id = a.id AND w.from_at >= ?"            \
    " AND w.day = (SELECT MAX(x.day) FROM proof x WHERE x.supply_id = s.id AND x.from_at >= ?))"
#define LAST_WH "(SELECT CAST(SUM(w.used_wh) AS SIGNED)" LAST_DAY
#define LAST_FEN "(SELECT CAST(SUM(w.used_fen) AS SIGNED)" LAST_DAY

#define HOME                                                                                       \
    "SELECT s.id, a.id, COALESCE(u.number, ''), IF(COALESCE(u.shop_name, '') = '', a.name,"        \
    " u.shop_name), s.billing_mode, IF(s.billing_mode = 'platform', " PLATFORM_BALANCE ","         \
    " ms.balance_fen), ms.taken_at, ms.relay, ms.forced, ms.status_bits, s.close_by_hand OR"       \
    " m.external_control, lo.id IS NOT NULL, COALESCE(ms.current_a_ma, 0) = 0 AND"                 \
    " COALESCE(ms.current_b_ma, 0) = 0 AND COALESCE(ms.current_c_ma, 0) = 0 AND"                   \
    " COALESCE(ms.power_w, 0) = 0, k.until_at, ms.energy_wh, ms.day_start_energy_wh,"              \
    " ms.day_start_at, ms.power_w, a.own_switch,"                                                  \
    " (SELECT MAX(p.id) FROM purchase p WHERE p.supply_id = s.id AND p.state IN ('open', 'paid')"  \
    " AND p.account_id = a.id),"                                                                   \
    " (SELECT COUNT(*) FROM message g WHERE g.account_id = a.id AND g.channel = 'site'"            \
    " AND g.read_at IS NULL), " WEEK_FEN ", " WEEK_S ", " LAST_WH ", " LAST_FEN                    \
    " FROM account_supply o JOIN account a ON a.id = o.account_id AND a.state = 'open'"            \
    " JOIN supply s ON s.id = o.supply_id JOIN meter m ON m.id = s.meter_id"                       \
    " LEFT JOIN unit u ON u.id = s.unit_id LEFT JOIN meter_state ms ON ms.meter_id = m.id"         \
    " LEFT JOIN lock_out lo ON lo.active_supply = s.id"                                            \
    " LEFT JOIN keep_on k ON k.active_supply = s.id"                                               \
    " WHERE o.live_supply = ? AND " TENANT_ROLE " = 'tenant'"

enum column {
    COL_SUPPLY,
    COL_ACCOUNT,
    COL_UNIT,
    COL_SHOP,
    COL_MODE,
    COL_BALANCE,
    COL_TAKEN_AT,
    COL_RELAY,
    COL_FORCED,
    COL_STATUS_BITS,
    COL_BY_HAND,
    COL_LOCKED_OUT,
    COL_NO_LOAD,
    COL_KEEP_ON,
    COL_ENERGY,
    COL_DAY_ENERGY,
    COL_DAY_START,
    COL_POWER,
    COL_OWN_SWITCH,
    COL_OPEN_PURCHASE,
    COL_UNREAD,
    COL_WEEK_FEN,
    COL_WEEK_S,
    COL_LAST_WH,
    COL_LAST_FEN
};

static void fill_state(const struct db_rows *rows, int64_t now_ms, int64_t stale_ms,
                       struct tenant_home *home)
{
    home->taken_at = db_get_time(rows, 0, COL_TAKEN_AT);
    bool ever_read = home->taken_at != 0;
    home->stale = ever_read && supply_is_stale(now_ms, home->taken_at, stale_ms);
    struct supply_facts facts = {
        .ever_read = ever_read,
        .locked_out = row_bool(rows, 0, COL_LOCKED_OUT),
        .stale = home->stale,
        .closed_by_hand = row_bool(rows, 0, COL_BY_HAND),
        .no_load = row_bool(rows, 0, COL_NO_LOAD),
        .relay = relay_state_find(db_get_text(rows, 0, COL_RELAY)),
        .forced = forced_state_find(db_get_text(rows, 0, COL_FORCED)),
        .status_bits = db_get_int(rows, 0, COL_STATUS_BITS),
    };
    home->relay = relay_state_name(facts.relay);
    home->level = supply_warning_level(facts.status_bits);
    home->state = supply_state_name(supply_state_of(&facts));
    if (facts.relay == RELAY_OPEN || facts.relay == RELAY_PARTIAL) {
        bool arrears = (facts.status_bits & STATUS_BIT_ARREARS) != 0;
        home->tripped_reason = facts.forced == FORCED_TRIP ? "manual"
                               : arrears                   ? "arrears"
                                                           : "other";
    }
}

/* How long the money lasts at the pace of the week; nobody knows without a day of use. */
static int64_t days_left_milli(const struct db_rows *rows, int64_t balance_fen)
{
    int64_t used_fen = db_get_int(rows, 0, COL_WEEK_FEN);
    int64_t seconds = db_get_int(rows, 0, COL_WEEK_S);
    if (balance_fen == ROW_NULL || used_fen <= 0 || seconds < DAY_S / 2) {
        return ROW_NULL;
    }
    if (balance_fen <= 0) {
        return 0;
    }
    if (balance_fen / used_fen > DAYS_LEFT_MAX_MILLI / 1000) {
        return DAYS_LEFT_MAX_MILLI;
    }
    int64_t milli = balance_fen * seconds / used_fen * 1000 / DAY_S;
    return milli > DAYS_LEFT_MAX_MILLI ? DAYS_LEFT_MAX_MILLI : milli;
}

enum rc tenant_home(struct db *db, struct arena *arena, int64_t tenant_user_id, int64_t supply_id,
                    int64_t now_ms, int64_t stale_ms, struct tenant_home *ret_home)
{
    struct db_rows rows;
    struct db_value person = db_int(tenant_user_id);
    struct db_value week = db_time(now_ms - WEEK_MS);
    TRY(db_query(db, arena, HOME,
                 DB_ARGS(week, week, week, week, week, week, db_int(supply_id), person, person), 1,
                 &rows));
    if (rows.count == 0) {
        return RC_NOT_FOUND;
    }
    struct tenant_home home = {
        .supply_id = db_get_int(&rows, 0, COL_SUPPLY),
        .account_id = db_get_int(&rows, 0, COL_ACCOUNT),
        .unit_number = db_get_text(&rows, 0, COL_UNIT),
        .shop_name = db_get_text(&rows, 0, COL_SHOP),
        .mode = db_get_text(&rows, 0, COL_MODE),
        .balance_fen = row_int(&rows, 0, COL_BALANCE),
        .keep_on_until_at = db_get_time(&rows, 0, COL_KEEP_ON),
        .use_today_wh = ROW_NULL,
        .power_w = row_int(&rows, 0, COL_POWER),
        .own_switch = row_bool(&rows, 0, COL_OWN_SWITCH),
        .open_purchase_id = row_int(&rows, 0, COL_OPEN_PURCHASE),
        .unread = db_get_int(&rows, 0, COL_UNREAD),
    };
    home.use_yesterday_wh = row_int(&rows, 0, COL_LAST_WH);
    home.cost_yesterday_fen = row_int(&rows, 0, COL_LAST_FEN);
    home.days_left_milli = days_left_milli(&rows, home.balance_fen);
    home.debt_fen = home.balance_fen != ROW_NULL && home.balance_fen < 0 ? -home.balance_fen : 0;
    fill_state(&rows, now_ms, stale_ms, &home);
    bool day_known = !db_is_null(&rows, 0, COL_DAY_ENERGY) && !db_is_null(&rows, 0, COL_ENERGY) &&
                     now_ms - db_get_time(&rows, 0, COL_DAY_START) <= DAY_MAX_MS;
    if (day_known) {
        home.use_today_wh = db_get_int(&rows, 0, COL_ENERGY) - db_get_int(&rows, 0, COL_DAY_ENERGY);
    }
    *ret_home = home;
    return RC_OK;
}
