#include "core/store/table_sum.h"

#include <string.h>

#include "core/base/text.h"

#define SQL_MAX 60000
#define COLUMNS_MAX 4000
#define PARTITIONS_MAX 2000

struct column {
    const char *table;
    const char *name;
    bool binary;
};

/* Each value as text that tells NULL from "", joined; FROM table. */
static const char *query_of(struct arena *arena, const struct column *columns, size_t count,
                            const char *partition)
{
    struct text row CLEANUP(text_release);
    text_init(&row, SQL_MAX);
    for (size_t i = 0; i < count; i++) {
        text_printf(&row, "%s%s(`%s`)", i == 0 ? "" : ",", columns[i].binary ? "HEX" : "QUOTE",
                    columns[i].name);
        if (columns[i].binary) {
            text_printf(&row, ",ISNULL(`%s`)", columns[i].name);
        }
    }
    if (text_result(&row) != RC_OK) {
        return NULL;
    }
    return arena_printf(arena,
                        "SELECT COUNT(*), CAST(COALESCE(SUM(CRC32(CONCAT_WS('|',%s))), 0) AS"
                        " SIGNED), CAST(COALESCE(BIT_XOR(CRC32C(CONCAT_WS('|',%s))), 0) AS SIGNED)"
                        " FROM `%s`%s%s%s",
                        text_string(&row), text_string(&row), columns[0].table,
                        partition == NULL ? "" : " PARTITION (", partition == NULL ? "" : partition,
                        partition == NULL ? "" : ")");
}

static enum rc sum_add(struct db *db, struct arena *arena, const char *sql, struct table_sum *sum)
{
    struct db_rows rows;
    if (sql == NULL) {
        return RC_MEMORY;
    }
    TRY(db_query(db, arena, sql, DB_NO_ARGS, 1, &rows));
    sum->rows += db_get_int(&rows, 0, 0);
    sum->sum += db_get_int(&rows, 0, 1);
    sum->mix ^= db_get_int(&rows, 0, 2);
    return RC_OK;
}

static enum rc one_table(struct db *db, struct arena *arena, const struct column *columns,
                         size_t count, bool (*stop)(void), struct table_sum *sum)
{
    struct db_rows parts;
    *sum = (struct table_sum){.name = columns[0].table};
    TRY(db_query(db, arena,
                 "SELECT partition_name FROM information_schema.partitions WHERE table_schema ="
                 " DATABASE() AND table_name = ? AND partition_name IS NOT NULL"
                 " ORDER BY partition_ordinal_position",
                 DB_ARGS(db_text(columns[0].table)), PARTITIONS_MAX, &parts));
    if (parts.count == 0) {
        return sum_add(db, arena, query_of(arena, columns, count, NULL), sum);
    }
    for (size_t i = 0; i < parts.count; i++) {
        if (stop != NULL && stop()) {
            return RC_EXPIRED;
        }
        TRY(sum_add(db, arena, query_of(arena, columns, count, db_get_text(&parts, i, 0)), sum));
    }
    return RC_OK;
}

enum rc table_sums_read(struct db *db, struct arena *arena, bool (*stop)(void),
                        struct table_sum **ret_sums, size_t *ret_count)
{
    struct db_rows rows;
    TRY(db_query(db, arena,
                 "SELECT c.table_name, c.column_name, c.data_type IN ('binary','varbinary','blob',"
                 " 'tinyblob','mediumblob','longblob','bit') FROM information_schema.columns c"
                 " JOIN information_schema.tables t ON t.table_schema = c.table_schema"
                 " AND t.table_name = c.table_name WHERE c.table_schema = DATABASE()"
                 " AND t.table_type = 'BASE TABLE' ORDER BY c.table_name, c.ordinal_position",
                 DB_NO_ARGS, COLUMNS_MAX, &rows));
    struct column *columns = arena_take_array(arena, rows.count + 1, sizeof(*columns));
    struct table_sum *sums = arena_take_array(arena, TABLE_SUMS_MAX, sizeof(*sums));
    if (columns == NULL || sums == NULL) {
        return RC_MEMORY;
    }
    for (size_t i = 0; i < rows.count; i++) {
        columns[i] = (struct column){.table = db_get_text(&rows, i, 0),
                                     .name = db_get_text(&rows, i, 1),
                                     .binary = db_get_int(&rows, i, 2) != 0};
    }
    size_t count = 0;
    for (size_t first = 0, next = 0; first < rows.count; first = next) {
        while (next < rows.count && strcmp(columns[next].table, columns[first].table) == 0) {
            next++;
        }
        if (count == TABLE_SUMS_MAX) {
            return RC_TOO_LARGE;
        }
        TRY(one_table(db, arena, columns + first, next - first, stop, &sums[count]));
        count++;
    }
    *ret_sums = sums;
    *ret_count = count;
    return RC_OK;
}

static const char *differ(struct arena *arena, const char *table, const char *how)
{
    const char *sentence = arena_printf(arena, "table %s %s", table, how);
    return sentence == NULL ? "tables differ" : sentence;
}

const char *table_sums_differ(struct arena *arena, const struct table_sum *wanted,
                              size_t wanted_count, const struct table_sum *found,
                              size_t found_count)
{
    for (size_t i = 0; i < wanted_count; i++) {
        if (i >= found_count || strcmp(wanted[i].name, found[i].name) != 0) {
            return differ(arena, wanted[i].name, "is missing");
        }
        if (wanted[i].rows != found[i].rows) {
            const char *how = arena_printf(arena, "has %lld rows, not %lld",
                                           (long long)found[i].rows, (long long)wanted[i].rows);
            return differ(arena, wanted[i].name, how == NULL ? "differs" : how);
        }
        if (wanted[i].sum != found[i].sum || wanted[i].mix != found[i].mix) {
            return differ(arena, wanted[i].name, "has rows that differ");
        }
    }
    return found_count > wanted_count ? differ(arena, found[wanted_count].name, "is one too many")
                                      : NULL;
}
