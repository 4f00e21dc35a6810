#include "core/store/meter_tables.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

static void take(const struct db_rows *rows, size_t row, size_t column, uint8_t *into, size_t size,
                 enum rate_table_part part, struct rate_table_bytes *bytes)
{
    if (!db_is_null(rows, row, column)) {
        const struct db_value *value = db_at(rows, row, column);
        if (value->len == size) {
            memcpy(into, value->text, size);
            bytes->parts |= (uint8_t)part;
        }
    }
}

void meter_tables_of_row(const struct db_rows *rows, size_t row, size_t column,
                         struct rate_table_bytes *ret_bytes)
{
    assert(rows != NULL && ret_bytes != NULL);
    memset(ret_bytes, 0, sizeof(*ret_bytes));
    take(rows, row, column, ret_bytes->zones, RATE_TABLE_ZONES_BYTES, RATE_TABLE_ZONES, ret_bytes);
    take(rows, row, column + 1, ret_bytes->days[0], RATE_TABLE_DAY_BYTES, RATE_TABLE_DAY_1,
         ret_bytes);
    take(rows, row, column + 2, ret_bytes->days[1], RATE_TABLE_DAY_BYTES, RATE_TABLE_DAY_2,
         ret_bytes);
}

enum rc meter_tables_get(struct db *db, struct arena *arena, int64_t meter_id,
                         struct rate_table *ret_table)
{
    struct db_rows rows;
    TRY(db_query(db, arena,
                 "SELECT rate_zones, day_table_1, day_table_2 FROM meter_parameter"
                 " WHERE meter_id = ?",
                 DB_ARGS(db_int(meter_id)), 1, &rows));
    if (rows.count == 0) {
        return RC_NOT_FOUND;
    }
    struct rate_table_bytes bytes;
    meter_tables_of_row(&rows, 0, 0, &bytes);
    return rate_table_decode(&bytes, ret_table);
}

enum rate meter_rates_find(struct meter_rates *rates, const struct rate_table_bytes *bytes,
                           const struct clock_parts *local)
{
    assert(rates != NULL && bytes != NULL && local != NULL);
    if (bytes->parts != RATE_TABLE_ALL || local->month == 0) {
        return RATE__MAX;
    }
    if (!rates->filled || memcmp(&rates->bytes, bytes, sizeof(*bytes)) != 0) {
        struct rate_table table;
        bool good = rate_table_decode(bytes, &table) == RC_OK;
        rates->rate = good ? rate_table_rate(&table, local->month, local->day,
                                             local->hour * 60 + local->minute)
                           : RATE__MAX;
        rates->bytes = *bytes;
        rates->filled = true;
    }
    return rates->rate;
}
