#include "core/store/partition.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/text.h"

#define ALTER_BYTES_MAX ((size_t)1 << 18)
#define MADE_AT_ONCE_MAX 600
#define FIRST_MONTH (2026 * 12) /* the bound of p_before */

static int month_of(int64_t at_ms)
{
    struct clock_parts parts = clock_utc_parts(at_ms);
    return parts.year * 12 + parts.month - 1;
}

enum rc partitions_list(struct db *db, struct arena *arena, struct partition **ret_partitions,
                        size_t *ret_count)
{
    struct db_rows rows;
    TRY(db_query(db, arena,
                 "SELECT PARTITION_NAME, CAST(TABLE_ROWS AS SIGNED),"
                 " CAST(DATA_LENGTH + INDEX_LENGTH AS SIGNED) FROM information_schema.PARTITIONS"
                 " WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = 'reading'"
                 " AND PARTITION_NAME IS NOT NULL ORDER BY PARTITION_ORDINAL_POSITION",
                 DB_NO_ARGS, PARTITIONS_MAX, &rows));
    struct partition *out = arena_take_array(arena, rows.count + 1, sizeof(*out));
    if (out == NULL) {
        return RC_MEMORY;
    }
    for (size_t i = 0; i < rows.count; i++) {
        const char *name = db_get_text(&rows, i, 0);
        text_copy(out[i].name, sizeof(out[i].name), name);
        out[i].rows = db_get_int(&rows, i, 1);
        out[i].bytes = db_get_int(&rows, i, 2);
        int64_t number = 0;
        bool is_month = strncmp(name, "p_", 2) == 0 && strlen(name) == 8 &&
                        text_parse_int(name + 2, 6, 197001, 999912, &number) == RC_OK;
        out[i].month = is_month ? (int)(number / 100 * 12 + number % 100 - 1) : -1;
    }
    *ret_partitions = out;
    *ret_count = rows.count;
    return RC_OK;
}

static int last_month(const struct partition *partitions, size_t count)
{
    int last = FIRST_MONTH - 1;
    for (size_t i = 0; i < count; i++) {
        last = partitions[i].month > last ? partitions[i].month : last;
    }
    return last;
}

/* A statement that changes the table; it gives up soon when readings hold the table, and they go
 * first. */
static void alter_begin(struct text *sql)
{
    text_add_string(sql, "SET STATEMENT lock_wait_timeout = 5 FOR ALTER TABLE reading ");
}

enum rc partitions_extend(struct db *db, struct arena *arena, int64_t now_ms, int64_t months_ahead,
                          size_t *ret_made)
{
    assert(db != NULL && !db_in_transaction(db) && ret_made != NULL);
    struct partition *partitions = NULL;
    size_t count = 0;
    TRY(partitions_list(db, arena, &partitions, &count));
    if (count == 0 || strcmp(partitions[count - 1].name, "p_future") != 0) {
        return RC_NOT_FOUND;
    }
    int from = last_month(partitions, count) + 1;
    int to = month_of(now_ms) + (int)months_ahead;
    if (to - from >= MADE_AT_ONCE_MAX) {
        to = from + MADE_AT_ONCE_MAX - 1;
    }
    *ret_made = 0;
    if (to < from) {
        return RC_OK;
    }
    struct text sql __attribute__((cleanup(text_release)));
    text_init(&sql, ALTER_BYTES_MAX);
    alter_begin(&sql);
    text_add_string(&sql, "REORGANIZE PARTITION p_future INTO (");
    for (int month = from; month <= to; month++) {
        text_printf(&sql, "PARTITION p_%04d%02d VALUES LESS THAN ('%04d-%02d-01 00:00:00.000'), ",
                    month / 12, month % 12 + 1, (month + 1) / 12, (month + 1) % 12 + 1);
    }
    text_add_string(&sql, "PARTITION p_future VALUES LESS THAN (MAXVALUE))");
    TRY(text_result(&sql));
    TRY(db_execute_text(db, text_string(&sql), sql.len, NULL));
    *ret_made = (size_t)(to - from + 1);
    return RC_OK;
}

enum rc partitions_retire(struct db *db, struct arena *arena, int64_t now_ms, int64_t keep_months,
                          size_t *ret_dropped)
{
    assert(db != NULL && !db_in_transaction(db) && ret_dropped != NULL && keep_months > 0);
    struct partition *partitions = NULL;
    size_t count = 0;
    TRY(partitions_list(db, arena, &partitions, &count));
    int oldest_kept = month_of(now_ms) - (int)keep_months;
    size_t dropped = 0;
    for (size_t i = 0; i < count; i++) {
        if (partitions[i].month < 0 || partitions[i].month >= oldest_kept) {
            continue;
        }
        struct text sql __attribute__((cleanup(text_release)));
        text_init(&sql, 1000);
        alter_begin(&sql);
        text_printf(&sql, "DROP PARTITION %s", partitions[i].name);
        TRY(text_result(&sql));
        TRY(db_execute_text(db, text_string(&sql), sql.len, NULL));
        dropped++;
    }
    *ret_dropped = dropped;
    return RC_OK;
}

enum rc partitions_ahead(struct db *db, struct arena *arena, int64_t now_ms, int64_t *ret_months)
{
    struct partition *partitions = NULL;
    size_t count = 0;
    TRY(partitions_list(db, arena, &partitions, &count));
    int ahead = last_month(partitions, count) - month_of(now_ms);
    *ret_months = ahead < 0 ? 0 : ahead;
    return RC_OK;
}
