#include "core/store/proof_list.h"

#include <assert.h>

#include "core/rules/ledger.h"
#include "core/store/row.h"

/* Stretches become supplies (and days) first, so that the first opening and the last closing of
   each can be told; those add up to the group. */
#define SUMS(DAY, KEY)                                                                             \
    "SELECT CAST(" KEY                                                                             \
    " AS SIGNED) AS k, COUNT(DISTINCT g.supply_id), MIN(g.supply_id), MIN(s.meter_id),"            \
    " MIN(u.number), MIN(u.shop_name), MIN(m.number), MIN(b.name), CAST(MIN(g.day) AS CHAR),"      \
    " CAST(SUM(o.opening_fen) AS SIGNED), CAST(SUM(g.paid_in_fen) AS SIGNED),"                     \
    " CAST(SUM(g.used_fen) AS SIGNED), CAST(SUM(g.refunded_fen) AS SIGNED),"                       \
    " CAST(SUM(g.corrected_fen) AS SIGNED), CAST(SUM(c.closing_fen) AS SIGNED),"                   \
    " CAST(SUM(g.used_wh) AS SIGNED), CAST(SUM(g.gap_fen) AS SIGNED), CAST(SUM(g.gaps) AS "        \
    "SIGNED),"                                                                                     \
    " CAST(SUM(g.old_fen) AS SIGNED), CAST(SUM(g.olds) AS SIGNED),"                                \
    " CAST(SUM(g.estimated) AS SIGNED),"                                                           \
    " CAST(SUM(c.closing_fen - COALESCE(c.meter_fen, c.closing_fen)) AS SIGNED) FROM ("            \
    "SELECT p.supply_id, " DAY " AS day, MIN(p.from_at) AS first_at, MAX(p.to_at) AS last_at,"     \
    " SUM(p.paid_in_fen) AS paid_in_fen, SUM(p.used_fen) AS used_fen,"                             \
    " SUM(p.refunded_fen) AS refunded_fen, SUM(p.corrected_fen) AS corrected_fen,"                 \
    " SUM(COALESCE(p.used_wh, 0)) AS used_wh, SUM(p.how = 'estimated') AS estimated,"              \
    " SUM(IF(p.difference IN ('jump','unexplained'), p.difference_fen, 0)) AS gap_fen,"            \
    " SUM(p.difference IN ('jump','unexplained')) AS gaps,"                                        \
    " SUM(IF(p.difference = 'old_price', p.difference_fen, 0)) AS old_fen,"                        \
    " SUM(p.difference = 'old_price') AS olds FROM proof p WHERE p.day BETWEEN ? AND ?"            \
    " AND (? = 0 OR p.supply_id = ?) GROUP BY p.supply_id, " DAY ") g"                             \
    " JOIN proof o ON o.supply_id = g.supply_id AND o.from_at = g.first_at"                        \
    " JOIN proof c ON c.supply_id = g.supply_id AND c.to_at = g.last_at"                           \
    " JOIN supply s ON s.id = g.supply_id JOIN meter m ON m.id = s.meter_id"                       \
    " LEFT JOIN unit u ON u.id = s.unit_id LEFT JOIN floor f ON f.id = u.floor_id"                 \
    " LEFT JOIN building b ON b.id = f.building_id"                                                \
    " WHERE (? = 0 OR s.unit_id = ?) AND (? = 0 OR f.building_id = ?)"                             \
    " AND (? = 0 OR g.gaps + g.olds > 0 OR c.closing_fen <> c.meter_fen) AND " KEY " > ?"          \
    " GROUP BY k ORDER BY k LIMIT ?"

/* A constant day lets MIN and GROUP BY stay the same text. */
#define ALL_DAYS "CAST(NULL AS DATE)"

static const char *const sums[PROOF_GROUP__MAX] = {
    [PROOF_BY_SUPPLY] = SUMS(ALL_DAYS, "g.supply_id"),
    [PROOF_BY_UNIT] = SUMS(ALL_DAYS, "COALESCE(s.unit_id, 0)"),
    [PROOF_BY_BUILDING] = SUMS(ALL_DAYS, "COALESCE(f.building_id, 0)"),
    [PROOF_BY_DAY] = SUMS("p.day", "TO_DAYS(g.day)"),
    [PROOF_BY_SITE] = SUMS(ALL_DAYS, "0"),
};

static void fill_sum(const struct db_rows *rows, size_t at, enum proof_group group,
                     struct proof_sum *sum)
{
    bool one = group == PROOF_BY_SUPPLY;
    bool unit = one || group == PROOF_BY_UNIT;
    bool building = unit || group == PROOF_BY_BUILDING;
    *sum = (struct proof_sum){
        .key = db_get_int(rows, at, 0),
        .supplies = db_get_int(rows, at, 1),
        .supply_id = one ? db_get_int(rows, at, 2) : 0,
        .meter_id = one ? db_get_int(rows, at, 3) : 0,
        .unit_number = unit ? db_get_text(rows, at, 4) : "",
        .shop_name = unit ? db_get_text(rows, at, 5) : "",
        .meter_number = one ? db_get_text(rows, at, 6) : "",
        .building_name = building ? db_get_text(rows, at, 7) : "",
        .day = db_get_text(rows, at, 8),
        .opening_fen = db_get_int(rows, at, 9),
        .paid_in_fen = db_get_int(rows, at, 10),
        .used_fen = db_get_int(rows, at, 11),
        .refunded_fen = db_get_int(rows, at, 12),
        .corrected_fen = db_get_int(rows, at, 13),
        .closing_fen = db_get_int(rows, at, 14),
        .used_wh = db_get_int(rows, at, 15),
        .gap_fen = db_get_int(rows, at, 16),
        .gaps = db_get_int(rows, at, 17),
        .old_price_fen = db_get_int(rows, at, 18),
        .old_prices = db_get_int(rows, at, 19),
        .estimated = db_get_int(rows, at, 20),
        .apart_fen = db_get_int(rows, at, 21),
    };
}

enum rc proof_sums(struct db *db, struct arena *arena, enum proof_group group,
                   const struct proof_question *question, struct proof_sum **ret_sums,
                   size_t *ret_count, const char **ret_cursor)
{
    struct db_rows rows;
    assert(group >= 0 && group < PROOF_GROUP__MAX && question->limit <= PROOF_LIST_MAX);
    TRY(db_query(db, arena, sums[group],
                 DB_ARGS(db_text(question->from_day), db_text(question->to_day),
                         db_int(question->supply_id), db_int(question->supply_id),
                         db_int(question->unit_id), db_int(question->unit_id),
                         db_int(question->building_id), db_int(question->building_id),
                         db_int(question->odd_only), db_int(question->after_key),
                         db_int((int64_t)question->limit + 1)),
                 question->limit + 1, &rows));
    size_t count = rows.count > question->limit ? question->limit : rows.count;
    struct proof_sum *list = arena_take_array(arena, count + 1, sizeof *list);
    if (list == NULL) {
        return RC_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        fill_sum(&rows, i, group, &list[i]);
    }
    *ret_cursor =
        row_cursor(arena, rows.count, question->limit, count == 0 ? 0 : list[count - 1].key);
    *ret_sums = list;
    *ret_count = count;
    return RC_OK;
}

#define SELECT_PROOFS                                                                              \
    "SELECT p.id, p.supply_id, CAST(p.day AS CHAR), p.from_at, p.to_at, p.account_id, a.name,"     \
    " p.epoch, m.number, p.mode, p.opening_fen, p.paid_in_fen, p.used_fen, p.refunded_fen,"        \
    " p.corrected_fen, p.closing_fen, p.meter_fen, p.how, p.read_at, p.purchase_count,"            \
    " p.energy_wh, p.used_wh, p.used_sharp_wh, p.used_peak_wh, p.used_flat_wh, p.used_valley_wh,"  \
    " t.name, p.expected_fen, p.difference, p.difference_fen, p.tolerance_fen, p.posted_at"        \
    " FROM proof p JOIN meter m ON m.id = p.meter_id LEFT JOIN account a ON a.id = p.account_id"   \
    " LEFT JOIN tariff t ON t.id = p.tariff_id"

static void fill_view(const struct db_rows *rows, size_t at, struct proof_view *view)
{
    *view = (struct proof_view){
        .id = db_get_int(rows, at, 0),
        .supply_id = db_get_int(rows, at, 1),
        .day = db_get_text(rows, at, 2),
        .from_at = db_get_time(rows, at, 3),
        .to_at = db_get_time(rows, at, 4),
        .account_id = row_int(rows, at, 5),
        .account_name = row_text_or_null(rows, at, 6),
        .epoch = db_get_int(rows, at, 7),
        .meter_number = db_get_text(rows, at, 8),
        .mode = db_get_text(rows, at, 9),
        .opening_fen = db_get_int(rows, at, 10),
        .paid_in_fen = db_get_int(rows, at, 11),
        .used_fen = db_get_int(rows, at, 12),
        .refunded_fen = db_get_int(rows, at, 13),
        .corrected_fen = db_get_int(rows, at, 14),
        .closing_fen = db_get_int(rows, at, 15),
        .meter_fen = row_int(rows, at, 16),
        .how = db_get_text(rows, at, 17),
        .read_at = db_get_time(rows, at, 18),
        .purchase_count = row_int(rows, at, 19),
        .energy_wh = row_int(rows, at, 20),
        .used_wh = row_int(rows, at, 21),
        .used_sharp_wh = row_int(rows, at, 22),
        .used_peak_wh = row_int(rows, at, 23),
        .used_flat_wh = row_int(rows, at, 24),
        .used_valley_wh = row_int(rows, at, 25),
        .tariff_name = row_text_or_null(rows, at, 26),
        .expected_fen = row_int(rows, at, 27),
        .difference = db_get_text(rows, at, 28),
        .difference_fen = db_get_int(rows, at, 29),
        .tolerance_fen = db_get_int(rows, at, 30),
        .posted_at = db_get_time(rows, at, 31),
    };
}

enum rc proof_list(struct db *db, struct arena *arena, int64_t supply_id, int64_t before_id,
                   size_t limit, struct proof_view **ret_views, size_t *ret_count,
                   const char **ret_cursor)
{
    struct db_rows rows;
    assert(limit >= 1 && limit <= PROOF_LIST_MAX);
    TRY(db_query(db, arena,
                 SELECT_PROOFS " WHERE p.supply_id = ? AND p.id < ? ORDER BY p.id DESC LIMIT ?",
                 DB_ARGS(db_int(supply_id), db_int(before_id == 0 ? INT64_MAX : before_id),
                         db_int((int64_t)limit + 1)),
                 limit + 1, &rows));
    size_t count = rows.count > limit ? limit : rows.count;
    struct proof_view *list = arena_take_array(arena, count + 1, sizeof *list);
    if (list == NULL) {
        return RC_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        fill_view(&rows, i, &list[i]);
    }
    *ret_cursor = row_cursor(arena, rows.count, limit, count == 0 ? 0 : list[count - 1].id);
    *ret_views = list;
    *ret_count = count;
    return RC_OK;
}

enum rc proof_list_one(struct db *db, struct arena *arena, int64_t id, struct proof_view *ret_view)
{
    struct db_rows rows;
    TRY(db_query(db, arena, SELECT_PROOFS " WHERE p.id = ?", DB_ARGS(db_int(id)), 1, &rows));
    if (rows.count == 0) {
        return RC_NOT_FOUND;
    }
    fill_view(&rows, 0, ret_view);
    return RC_OK;
}

static void fill_line(const struct db_rows *rows, size_t at, struct proof_line_view *line)
{
    enum ledger_posting posting = LEDGER_POSTING__MAX;
    const char *code = db_get_text(rows, at, 4);
    bool known = ledger_posting_find(code, &posting) == RC_OK;
    *line = (struct proof_line_view){
        .transfer_id = db_get_int(rows, at, 0),
        .kind = db_get_text(rows, at, 1),
        .change_fen = db_get_int(rows, at, 2),
        .at = db_get_time(rows, at, 3),
        .title_zh = known ? ledger_posting_title_zh(posting) : code,
        .title_en = known ? ledger_posting_title_en(posting) : code,
        .object_kind = db_get_text(rows, at, 5),
        .object_id = db_get_int(rows, at, 6),
        .purchase_id = row_int(rows, at, 7),
        .purchase_number = row_text_or_null(rows, at, 8),
    };
}

enum rc proof_lines(struct db *db, struct arena *arena, int64_t id,
                    struct proof_line_view **ret_lines, size_t *ret_count)
{
    struct db_rows rows;
    TRY(db_query(db, arena,
                 "SELECT t.id, x.kind, x.change_fen, t.at, t.posting, t.object_kind, t.object_id,"
                 " b.id, b.number FROM (SELECT transfer_id, kind, change_fen FROM proof_line"
                 " WHERE proof_id = ? UNION ALL SELECT y.id, 'posted',"
                 " IF(a.supply_id IS NULL, y.amount_fen, -y.amount_fen) FROM transfer y"
                 " JOIN ledger_account a ON a.id = y.debit_id"
                 " WHERE y.object_kind = 'proof' AND y.object_id = ?) x"
                 " JOIN transfer t ON t.id = x.transfer_id"
                 " LEFT JOIN delivery d ON t.object_kind = 'delivery' AND d.id = t.object_id"
                 " LEFT JOIN purchase b ON b.id = IF(t.object_kind = 'purchase', t.object_id,"
                 " d.purchase_id) ORDER BY t.at, t.id LIMIT ?",
                 DB_ARGS(db_int(id), db_int(id), db_int(PROOF_LIST_MAX)), PROOF_LIST_MAX, &rows));
    struct proof_line_view *list = arena_take_array(arena, rows.count + 1, sizeof *list);
    if (list == NULL) {
        return RC_MEMORY;
    }
    for (size_t i = 0; i < rows.count; i++) {
        fill_line(&rows, i, &list[i]);
    }
    *ret_lines = list;
    *ret_count = rows.count;
    return RC_OK;
}

enum rc proof_waits(struct db *db, struct arena *arena, const struct proof_question *question,
                    struct proof_waiting **ret_rows, size_t *ret_count)
{
    struct db_rows rows;
    TRY(db_query(db, arena,
                 "SELECT w.supply_id, s.meter_id, u.number, u.shop_name, m.number,"
                 " CAST(w.day AS CHAR), w.wait_code, w.since_at FROM proof_state w"
                 " JOIN supply s ON s.id = w.supply_id JOIN meter m ON m.id = s.meter_id"
                 " LEFT JOIN unit u ON u.id = s.unit_id LEFT JOIN floor f ON f.id = u.floor_id"
                 " WHERE w.wait_code <> '' AND (? = 0 OR w.supply_id = ?)"
                 " AND (? = 0 OR s.unit_id = ?) AND (? = 0 OR f.building_id = ?)"
                 " ORDER BY w.day, w.supply_id LIMIT ?",
                 DB_ARGS(db_int(question->supply_id), db_int(question->supply_id),
                         db_int(question->unit_id), db_int(question->unit_id),
                         db_int(question->building_id), db_int(question->building_id),
                         db_int((int64_t)question->limit)),
                 question->limit, &rows));
    struct proof_waiting *list = arena_take_array(arena, rows.count + 1, sizeof *list);
    if (list == NULL) {
        return RC_MEMORY;
    }
    for (size_t i = 0; i < rows.count; i++) {
        list[i] = (struct proof_waiting){
            .supply_id = db_get_int(&rows, i, 0),
            .meter_id = db_get_int(&rows, i, 1),
            .unit_number = db_get_text(&rows, i, 2),
            .shop_name = db_get_text(&rows, i, 3),
            .meter_number = db_get_text(&rows, i, 4),
            .day = db_get_text(&rows, i, 5),
            .wait_code = db_get_text(&rows, i, 6),
            .since_at = db_get_time(&rows, i, 7),
        };
    }
    *ret_rows = list;
    *ret_count = rows.count;
    return RC_OK;
}

enum rc proof_reviews_get(struct db *db, struct arena *arena, int64_t proof_id,
                          const char **ret_reason, const char **ret_reviewed_by_name)
{
    struct db_rows rows;
    TRY(db_query(db, arena,
                 "SELECT w.reason, u.display_name FROM proof_review w"
                 " JOIN user u ON u.id = w.reviewed_by WHERE w.proof_id = ?",
                 DB_ARGS(db_int(proof_id)), 1, &rows));
    *ret_reason = rows.count == 0 ? "" : db_get_text(&rows, 0, 0);
    *ret_reviewed_by_name = rows.count == 0 ? "" : db_get_text(&rows, 0, 1);
    return RC_OK;
}

enum rc proof_reviews_insert(struct db *db, int64_t proof_id, int64_t reviewed_by,
                             const char *reason)
{
    assert(db_in_transaction(db));
    return db_execute(db,
                      "INSERT INTO proof_review (proof_id, reviewed_by, reason) VALUES (?, ?, ?)",
                      DB_ARGS(db_int(proof_id), db_int(reviewed_by), db_text(reason)), NULL);
}
