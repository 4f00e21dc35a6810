#include "core/store/tenant_usage.h"

#include "core/store/row.h"

#define STRETCHES_MAX 50

#define SELECT_USAGE(date_)                                                                        \
    "SELECT " date_ ", CAST(SUM(used_wh) AS SIGNED), CAST(SUM(used_sharp_wh) AS SIGNED),"          \
    " CAST(SUM(used_peak_wh) AS SIGNED), CAST(SUM(used_flat_wh) AS SIGNED),"                       \
    " CAST(SUM(used_valley_wh) AS SIGNED), CAST(SUM(used_fen) AS SIGNED),"                         \
    " MAX(how = 'estimated') FROM proof WHERE supply_id = ? AND account_id = ?"                    \
    " AND day BETWEEN ? AND ? GROUP BY 1 ORDER BY 1 LIMIT 400"

static enum rc query(struct db *db, struct arena *arena, enum usage_step step,
                     const struct db_value *args, size_t count, struct db_rows *ret_rows)
{
    switch (step) {
    case USAGE_MONTH:
        return db_query(db, arena, SELECT_USAGE("DATE_FORMAT(day, '%Y-%m')"), args, count,
                        TENANT_USAGE_MAX, ret_rows);
    case USAGE_YEAR:
        return db_query(db, arena, SELECT_USAGE("DATE_FORMAT(day, '%Y')"), args, count,
                        TENANT_USAGE_MAX, ret_rows);
    case USAGE_DAY:
        break;
    }
    return db_query(db, arena, SELECT_USAGE("DATE_FORMAT(day, '%Y-%m-%d')"), args, count,
                    TENANT_USAGE_MAX, ret_rows);
}

enum rc tenant_usage_list(struct db *db, struct arena *arena, int64_t supply_id, int64_t account_id,
                          enum usage_step step, const char *from, const char *to,
                          struct tenant_usage **ret_rows, size_t *ret_count)
{
    struct db_rows rows;
    TRY(query(db, arena, step,
              DB_ARGS(db_int(supply_id), db_int(account_id), db_text(from), db_text(to)), &rows));
    struct tenant_usage *list = arena_take_array(arena, rows.count + 1, sizeof *list);
    if (list == NULL) {
        return RC_MEMORY;
    }
    for (size_t i = 0; i < rows.count; i++) {
        list[i] = (struct tenant_usage){.date = db_get_text(&rows, i, 0),
                                        .energy_wh = row_int(&rows, i, 1),
                                        .energy_sharp_wh = row_int(&rows, i, 2),
                                        .energy_peak_wh = row_int(&rows, i, 3),
                                        .energy_flat_wh = row_int(&rows, i, 4),
                                        .energy_valley_wh = row_int(&rows, i, 5),
                                        .cost_fen = row_int(&rows, i, 6),
                                        .estimated = row_bool(&rows, i, 7)};
    }
    *ret_rows = list;
    *ret_count = rows.count;
    return RC_OK;
}

enum rc tenant_day_list(struct db *db, struct arena *arena, int64_t supply_id, int64_t account_id,
                        const char *day, struct tenant_day **ret_rows, size_t *ret_count)
{
    struct db_rows rows;
    TRY(db_query(db, arena,
                 "SELECT energy_wh - used_wh, energy_wh, opening_fen, paid_in_fen, used_fen,"
                 " refunded_fen, corrected_fen, closing_fen, expected_fen, difference,"
                 " difference_fen, how = 'estimated', used_wh, used_sharp_wh, used_peak_wh,"
                 " used_flat_wh, used_valley_wh FROM proof"
                 " WHERE supply_id = ? AND account_id = ? AND day = ? ORDER BY from_at",
                 DB_ARGS(db_int(supply_id), db_int(account_id), db_text(day)), STRETCHES_MAX,
                 &rows));
    struct tenant_day *list = arena_take_array(arena, rows.count + 1, sizeof *list);
    if (list == NULL) {
        return RC_MEMORY;
    }
    for (size_t i = 0; i < rows.count; i++) {
        list[i] = (struct tenant_day){
            .opening_wh = row_int(&rows, i, 0),
            .closing_wh = row_int(&rows, i, 1),
            .opening_fen = db_get_int(&rows, i, 2),
            .paid_in_fen = db_get_int(&rows, i, 3),
            .used_fen = db_get_int(&rows, i, 4),
            .refunded_fen = db_get_int(&rows, i, 5),
            .corrected_fen = db_get_int(&rows, i, 6),
            .closing_fen = db_get_int(&rows, i, 7),
            .expected_fen = row_int(&rows, i, 8),
            .difference = db_get_text(&rows, i, 9),
            .difference_fen = db_get_int(&rows, i, 10),
            .estimated = row_bool(&rows, i, 11),
            .used_wh = row_int(&rows, i, 12),
            .used_sharp_wh = row_int(&rows, i, 13),
            .used_peak_wh = row_int(&rows, i, 14),
            .used_flat_wh = row_int(&rows, i, 15),
            .used_valley_wh = row_int(&rows, i, 16),
        };
    }
    *ret_rows = list;
    *ret_count = rows.count;
    return RC_OK;
}

enum rc tenant_meter_of(struct db *db, struct arena *arena, int64_t supply_id, int64_t account_id,
                        int64_t *ret_meter_id, int64_t *from_ms)
{
    struct db_rows rows;
    TRY(db_query(db, arena,
                 "SELECT s.meter_id, o.from_at FROM supply s JOIN account_supply o"
                 " ON o.live_supply = s.id WHERE s.id = ? AND o.account_id = ?",
                 DB_ARGS(db_int(supply_id), db_int(account_id)), 1, &rows));
    if (rows.count == 0) {
        return RC_NOT_FOUND;
    }
    *ret_meter_id = db_get_int(&rows, 0, 0);
    int64_t since_ms = db_get_time(&rows, 0, 1);
    *from_ms = *from_ms < since_ms ? since_ms : *from_ms;
    return RC_OK;
}
