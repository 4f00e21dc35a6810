#include "core/store/tenant_home.h"

#include <string.h>

#include "core/rules/supply_state.h"
#include "core/store/row.h"
#include "core/store/tenant_access.h"

#define DAY_MAX_MS (INT64_C(25) * 3600 * 1000) /* a day of the site has at most 25 hours */

/* A platform supply's balance is the ledger's: what stands on the credit side of its liability. */
#define PLATFORM_BALANCE                                                                           \
    "(SELECT CAST(SUM(IF(t.credit_id = l.id, t.amount_fen, -t.amount_fen)) AS SIGNED)"             \
    " FROM ledger_account l JOIN transfer t ON t.credit_id = l.id OR t.debit_id = l.id"            \
    " WHERE l.code = 'tenant_liability' AND l.supply_id = s.id)"

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
    " AND g.read_at IS NULL)"                                                                      \
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
    COL_UNREAD
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

enum rc tenant_home(struct db *db, struct arena *arena, int64_t tenant_user_id, int64_t supply_id,
                    int64_t now_ms, int64_t stale_ms, struct tenant_home *ret_home)
{
    struct db_rows rows;
    struct db_value person = db_int(tenant_user_id);
    TRY(db_query(db, arena, HOME, DB_ARGS(db_int(supply_id), person, person), 1, &rows));
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
