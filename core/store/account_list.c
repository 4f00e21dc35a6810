#include "core/store/account_list.h"

#include <assert.h>

#include "core/base/clock.h"
#include "core/store/contact.h"
#include "core/store/like.h"
#include "core/store/row.h"

/* Prepaid money of supply s as the ledger has it. */
#define LEDGER_FEN                                                                                 \
    " CAST(COALESCE((SELECT SUM(x.amount_fen) FROM ledger_account y JOIN transfer x"               \
    " ON x.credit_id = y.id WHERE y.supply_id = s.id AND y.code = 'tenant_liability'), 0)"         \
    " - COALESCE((SELECT SUM(x.amount_fen) FROM ledger_account y JOIN transfer x"                  \
    " ON x.debit_id = y.id WHERE y.supply_id = s.id AND y.code = 'tenant_liability'), 0)"          \
    " AS SIGNED)"

#define SELECT_ACCOUNTS                                                                            \
    "SELECT a.id, a.number, a.name, a.kind, a.state,"                                              \
    " COALESCE(GROUP_CONCAT(DISTINCT u.number ORDER BY u.number SEPARATOR ','), ''),"              \
    " COUNT(s.id), CAST(SUM(IF(s.billing_mode = 'platform'," LEDGER_FEN                            \
    ", ms.balance_fen)) AS SIGNED), MIN(ms.taken_at),"                                             \
    " CAST(COALESCE((SELECT SUM(b.amount_fen) FROM purchase b WHERE b.account_id = a.id"           \
    " AND b.state = 'paid'), 0) AS SIGNED), a.deposit_fen, a.ends_at, a.created_at, a.opened_at,"  \
    " a.closed_at FROM account a"                                                                  \
    " LEFT JOIN account_supply o ON o.account_id = a.id AND o.until_at IS NULL"                    \
    " LEFT JOIN supply s ON s.id = o.supply_id LEFT JOIN unit u ON u.id = s.unit_id"               \
    " LEFT JOIN meter m ON m.id = s.meter_id LEFT JOIN meter_state ms ON ms.meter_id = m.id"

static void fill_account(const struct db_rows *rows, size_t at, struct account_view *view)
{
    *view = (struct account_view){
        .id = db_get_int(rows, at, 0),
        .number = db_get_text(rows, at, 1),
        .name = db_get_text(rows, at, 2),
        .kind = db_get_text(rows, at, 3),
        .state = db_get_text(rows, at, 4),
        .units = db_get_text(rows, at, 5),
        .supply_count = db_get_int(rows, at, 6),
        .balance_fen = row_int(rows, at, 7),
        .oldest_at = db_get_time(rows, at, 8),
        .on_its_way_fen = db_get_int(rows, at, 9),
        .deposit_fen = db_get_int(rows, at, 10),
        .ends_at = db_get_time(rows, at, 11),
        .created_at = db_get_time(rows, at, 12),
        .opened_at = db_get_time(rows, at, 13),
        .closed_at = db_get_time(rows, at, 14),
    };
}

enum rc account_list(struct db *db, struct arena *arena, const struct account_question *question,
                     struct account_view **ret_views, size_t *ret_count, const char **ret_cursor)
{
    assert(question->limit >= 1 && question->limit <= ACCOUNT_LIST_MAX);
    const char *inside = like_inside(arena, question->words);
    if (inside == NULL) {
        return RC_MEMORY;
    }
    struct db_value in = db_text(inside);
    struct db_value hash = question->phone_hash == NULL
                               ? db_null()
                               : db_bytes(question->phone_hash, CONTACT_HASH_BYTES);
    struct db_rows rows;
    TRY(db_query(
        db, arena,
        SELECT_ACCOUNTS
        " WHERE a.id < ? AND (? = '' OR a.kind = ?) AND (? = '' OR a.state = ?)"
        " AND (? = '' OR a.name LIKE ? ESCAPE '|' OR a.name_pinyin LIKE ? ESCAPE '|'"
        " OR a.number LIKE ? ESCAPE '|' OR EXISTS (SELECT 1 FROM account_supply q JOIN supply y"
        " ON y.id = q.supply_id JOIN meter n ON n.id = y.meter_id LEFT JOIN unit w"
        " ON w.id = y.unit_id WHERE q.account_id = a.id AND q.until_at IS NULL"
        " AND (w.number LIKE ? ESCAPE '|' OR n.number LIKE ? ESCAPE '|'))"
        " OR EXISTS (SELECT 1 FROM contact c WHERE c.account_id = a.id AND c.ended_at IS NULL"
        " AND c.phone_hash = ?))"
        " GROUP BY a.id ORDER BY a.id DESC LIMIT ?",
        DB_ARGS(db_int(question->before_id == 0 ? INT64_MAX : question->before_id),
                db_text(question->kind), db_text(question->kind), db_text(question->state),
                db_text(question->state), db_text(question->words), in, in, in, in, in, hash,
                db_int((int64_t)question->limit + 1)),
        question->limit + 1, &rows));
    size_t count = rows.count > question->limit ? question->limit : rows.count;
    struct account_view *list = arena_take_array(arena, count + 1, sizeof *list);
    if (list == NULL) {
        return RC_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        fill_account(&rows, i, &list[i]);
    }
    *ret_cursor =
        row_cursor(arena, rows.count, question->limit, count == 0 ? 0 : list[count - 1].id);
    *ret_views = list;
    *ret_count = count;
    return RC_OK;
}

enum rc account_list_one(struct db *db, struct arena *arena, int64_t id,
                         struct account_view *ret_view)
{
    struct db_rows rows;
    TRY(db_query(db, arena, SELECT_ACCOUNTS " WHERE a.id = ? GROUP BY a.id", DB_ARGS(db_int(id)), 1,
                 &rows));
    if (rows.count == 0) {
        return RC_NOT_FOUND;
    }
    fill_account(&rows, 0, ret_view);
    return RC_OK;
}

static void fill_supply(const struct db_rows *rows, size_t at, struct account_supply_view *view)
{
    *view = (struct account_supply_view){
        .supply_id = db_get_int(rows, at, 0),
        .meter_id = db_get_int(rows, at, 1),
        .epoch = db_get_int(rows, at, 2),
        .unit_number = db_get_text(rows, at, 3),
        .shop_name = db_get_text(rows, at, 4),
        .meter_number = db_get_text(rows, at, 5),
        .mode = db_get_text(rows, at, 6),
        .account_id = row_int(rows, at, 7),
        .account_name = row_text_or_null(rows, at, 8),
        .balance_fen = row_int(rows, at, 9),
        .purchase_count = row_int(rows, at, 10),
        .energy_wh = row_int(rows, at, 11),
        .taken_at = db_get_time(rows, at, 12),
        .stale = row_bool(rows, at, 13),
        .frozen = row_bool(rows, at, 14),
        .epoch_live = row_bool(rows, at, 15),
        .on_its_way_fen = db_get_int(rows, at, 16),
        .tariff_id = row_int(rows, at, 17),
        .tariff_name = row_text_or_null(rows, at, 18),
        .from_at = db_get_time(rows, at, 19),
    };
}

enum rc supply_choice(struct db *db, struct arena *arena, const struct supply_question *question,
                      struct account_supply_view **ret_views, size_t *ret_count)
{
    assert(question->limit >= 1 && question->limit <= SUPPLY_CHOICE_MAX);
    const char *inside = like_inside(arena, question->words);
    if (inside == NULL) {
        return RC_MEMORY;
    }
    struct db_value in = db_text(inside);
    struct db_value account = db_int(question->account_id);
    struct db_rows rows;
    TRY(db_query(
        db, arena,
        "SELECT s.id, s.meter_id, s.epoch, u.number, u.shop_name, m.number, s.billing_mode, a.id,"
        " a.name, IF(s.billing_mode = 'platform'," LEDGER_FEN
        ", ms.balance_fen), ms.purchase_count,"
        " ms.energy_wh, ms.taken_at,"
        " ms.taken_at IS NULL OR ms.taken_at < ?, s.frozen_reason IS NOT NULL,"
        " e.id IS NOT NULL, CAST(COALESCE((SELECT SUM(b.amount_fen) FROM purchase b"
        " WHERE b.supply_id = s.id AND b.state = 'paid'), 0) AS SIGNED), t.id, t.name, o.from_at"
        " FROM supply s JOIN meter m ON m.id = s.meter_id AND m.state = 'in_service'"
        " LEFT JOIN unit u ON u.id = s.unit_id LEFT JOIN meter_state ms ON ms.meter_id = m.id"
        " LEFT JOIN account_supply o ON o.live_supply = s.id"
        " LEFT JOIN account a ON a.id = o.account_id"
        " LEFT JOIN supply_epoch e ON e.live_supply = s.id AND e.epoch = s.epoch"
        " LEFT JOIN supply_tariff st ON st.supply_id = s.id AND st.valid_from_at ="
        " (SELECT MAX(x.valid_from_at) FROM supply_tariff x WHERE x.supply_id = s.id"
        " AND x.valid_from_at <= ?) LEFT JOIN tariff t ON t.id = st.tariff_id"
        " WHERE (? = 0 OR o.account_id = ?) AND (NOT ? OR o.id IS NULL)"
        " AND (? = '' OR u.number LIKE ? ESCAPE '|' OR u.shop_name LIKE ? ESCAPE '|'"
        " OR u.shop_pinyin LIKE ? ESCAPE '|' OR m.number LIKE ? ESCAPE '|'"
        " OR a.name LIKE ? ESCAPE '|' OR a.name_pinyin LIKE ? ESCAPE '|')"
        " ORDER BY u.number IS NULL, u.number, m.number LIMIT ?",
        DB_ARGS(db_time(question->stale_before_ms), db_time(clock_now_ms()), account, account,
                db_int(question->free_only), db_text(question->words), in, in, in, in, in, in,
                db_int((int64_t)question->limit)),
        question->limit, &rows));
    struct account_supply_view *list = arena_take_array(arena, rows.count + 1, sizeof *list);
    if (list == NULL) {
        return RC_MEMORY;
    }
    for (size_t i = 0; i < rows.count; i++) {
        fill_supply(&rows, i, &list[i]);
    }
    *ret_views = list;
    *ret_count = rows.count;
    return RC_OK;
}
