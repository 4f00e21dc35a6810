/* Prepared statements, kept by the address of their text, and the rows they bring. */
#include <assert.h>
#include <mysql.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/base/clock.h"
#include "core/base/failpoint.h"
#include "core/base/text.h"
#include "core/store/db.h"
#include "core/store/db_own.h"

#define ARGS_MAX 128
#define COLUMNS_MAX 128

void db_statement_release(struct statement *statement)
{
    if (statement->handle != NULL) {
        (void)mysql_stmt_close(statement->handle);
    }
    free(statement->binds);
    free(statement->cells);
    free(statement->lens);
    free(statement->nulls);
    free(statement->errors);
    free(statement->kinds);
    free(statement->types);
    *statement = (struct statement){0};
}

void db_statements_release(struct db *db)
{
    for (size_t i = 0; i < DB_STATEMENTS_MAX; i++) {
        if (db->statements[i].sql != NULL) {
            db_statement_release(&db->statements[i]);
        }
    }
    db->statements_count = 0;
}

static enum rc statement_failed(struct db *db, struct statement *statement)
{
    char words[DB_ERROR_TEXT_MAX];
    unsigned code = mysql_stmt_errno(statement->handle);
    text_copy(words, sizeof(words), mysql_stmt_error(statement->handle));
    return db_failed(db, code, words);
}

static MYSQL_TIME time_to_server(int64_t at_ms)
{
    struct clock_parts parts = clock_utc_parts(at_ms);
    return (MYSQL_TIME){.year = (unsigned)parts.year,
                        .month = (unsigned)parts.month,
                        .day = (unsigned)parts.day,
                        .hour = (unsigned)parts.hour,
                        .minute = (unsigned)parts.minute,
                        .second = (unsigned)parts.second,
                        .second_part = (unsigned long)parts.millisecond * 1000,
                        .time_type = MYSQL_TIMESTAMP_DATETIME};
}

static int64_t time_from_server(const MYSQL_TIME *time)
{
    struct clock_parts parts = {.year = (int)time->year,
                                .month = (int)time->month,
                                .day = (int)time->day,
                                .hour = (int)time->hour,
                                .minute = (int)time->minute,
                                .second = (int)time->second,
                                .millisecond = (int)(time->second_part / 1000)};
    return clock_from_utc_parts(&parts);
}

static size_t place_of(const char *sql)
{
    uint64_t hash = (uint64_t)(uintptr_t)sql * UINT64_C(0x9E3779B97F4A7C15);
    return (size_t)(hash >> 40) & (DB_STATEMENTS_MAX - 1);
}

static enum rc statement_find(struct db *db, const char *sql, struct statement **ret_statement)
{
    size_t at = place_of(sql);
    while (db->statements[at].sql != NULL) {
        if (db->statements[at].sql == sql) {
            *ret_statement = &db->statements[at];
            return RC_OK;
        }
        at = (at + 1) & (DB_STATEMENTS_MAX - 1);
    }
    if (db->statements_count >= DB_STATEMENTS_MAX / 4 * 3) {
        db_statements_release(db);
        at = place_of(sql);
    }
    struct statement *statement = &db->statements[at];
    statement->handle = mysql_stmt_init(db->mysql);
    if (statement->handle == NULL) {
        return RC_MEMORY;
    }
    if (mysql_stmt_prepare(statement->handle, sql, strlen(sql)) != 0) {
        char words[DB_ERROR_TEXT_MAX];
        unsigned code = mysql_stmt_errno(statement->handle);
        text_copy(words, sizeof(words), mysql_stmt_error(statement->handle));
        db_statement_release(statement);
        return db_failed(db, code, words);
    }
    statement->sql = sql;
    db->statements_count++;
    *ret_statement = statement;
    return RC_OK;
}

/* Binds args; `times` holds the time structures while the statement runs. */
static void bind_args(MYSQL_BIND *binds, MYSQL_TIME *times, const struct db_value *args,
                      size_t args_count)
{
    for (size_t i = 0; i < args_count; i++) {
        MYSQL_BIND *bind = &binds[i];
        *bind = (MYSQL_BIND){0};
        switch (args[i].kind) {
        case DB_NULL:
            bind->buffer_type = MYSQL_TYPE_NULL;
            break;
        case DB_INT:
            bind->buffer_type = MYSQL_TYPE_LONGLONG;
            bind->buffer = (void *)(uintptr_t)&args[i].number;
            break;
        case DB_TIME:
            times[i] = time_to_server(args[i].number);
            bind->buffer_type = MYSQL_TYPE_DATETIME;
            bind->buffer = &times[i];
            break;
        case DB_TEXT:
        case DB_BYTES:
            bind->buffer_type = args[i].kind == DB_TEXT ? MYSQL_TYPE_STRING : MYSQL_TYPE_BLOB;
            bind->buffer = (void *)(uintptr_t)args[i].text;
            bind->buffer_length = args[i].len;
            break;
        }
    }
}

static enum rc statement_run(struct db *db, const char *sql, const struct db_value *args,
                             size_t args_count, struct statement **ret_statement)
{
    assert(args_count <= ARGS_MAX);
    struct statement *statement = NULL;
    unsigned fault = FAILPOINT_CODE("db.statement");
    if (fault != 0) {
        return db_failed(db, fault, "failpoint");
    }
    TRY(statement_find(db, sql, &statement));
    assert(mysql_stmt_param_count(statement->handle) == args_count);
    MYSQL_BIND binds[ARGS_MAX];
    MYSQL_TIME times[ARGS_MAX];
    if (args_count > 0) {
        bind_args(binds, times, args, args_count);
        if (mysql_stmt_bind_param(statement->handle, binds) != 0) {
            return statement_failed(db, statement);
        }
    }
    if (mysql_stmt_execute(statement->handle) != 0) {
        return statement_failed(db, statement);
    }
    *ret_statement = statement;
    return RC_OK;
}

static enum db_kind kind_of_field(const MYSQL_FIELD *field)
{
    switch (field->type) {
    case MYSQL_TYPE_TINY:
    case MYSQL_TYPE_SHORT:
    case MYSQL_TYPE_INT24:
    case MYSQL_TYPE_LONG:
    case MYSQL_TYPE_LONGLONG:
    case MYSQL_TYPE_YEAR:
    case MYSQL_TYPE_NULL:
        return DB_INT;
    case MYSQL_TYPE_DECIMAL:
    case MYSQL_TYPE_NEWDECIMAL:
        return field->decimals == 0 ? DB_INT : DB_TEXT;
    case MYSQL_TYPE_DATE:
    case MYSQL_TYPE_NEWDATE:
    case MYSQL_TYPE_DATETIME:
    case MYSQL_TYPE_TIMESTAMP:
        return DB_TIME;
    case MYSQL_TYPE_FLOAT:
    case MYSQL_TYPE_DOUBLE:
    case MYSQL_TYPE_TIME:
        return DB_TEXT;
    default:
        return field->charsetnr == 63 ? DB_BYTES : DB_TEXT;
    }
}

static bool results_take(struct statement *statement, unsigned columns)
{
    if (statement->columns >= columns) {
        return true;
    }
    assert(statement->columns == 0);
    statement->binds = calloc(columns, sizeof(*statement->binds));
    statement->cells = calloc(columns, sizeof(*statement->cells));
    statement->lens = calloc(columns, sizeof(*statement->lens));
    statement->nulls = calloc(columns, sizeof(*statement->nulls));
    statement->errors = calloc(columns, sizeof(*statement->errors));
    statement->kinds = calloc(columns, sizeof(*statement->kinds));
    statement->types = calloc(columns, sizeof(*statement->types));
    statement->columns = columns;
    return statement->binds != NULL && statement->cells != NULL && statement->lens != NULL &&
           statement->nulls != NULL && statement->errors != NULL && statement->kinds != NULL &&
           statement->types != NULL;
}

/* Binds the columns once; again only if the server changed a type (a parameter's kind can do that).
 */
static enum rc bind_results(struct db *db, struct statement *statement)
{
    unsigned columns = mysql_stmt_field_count(statement->handle);
    assert(columns > 0 && columns <= COLUMNS_MAX);
    MYSQL_RES *meta = mysql_stmt_result_metadata(statement->handle);
    if (meta == NULL) {
        return statement_failed(db, statement);
    }
    const MYSQL_FIELD *fields = mysql_fetch_fields(meta);
    bool same = statement->columns == columns;
    for (unsigned i = 0; same && i < columns; i++) {
        same = statement->types[i] == fields[i].type;
    }
    if (same) {
        mysql_free_result(meta);
        return RC_OK;
    }
    if (!results_take(statement, columns)) {
        mysql_free_result(meta);
        return RC_MEMORY;
    }
    for (unsigned i = 0; i < columns; i++) {
        enum db_kind kind = kind_of_field(&fields[i]);
        statement->types[i] = fields[i].type;
        statement->kinds[i] = kind;
        statement->binds[i] = (MYSQL_BIND){
            .buffer_type = kind == DB_INT    ? MYSQL_TYPE_LONGLONG
                           : kind == DB_TIME ? MYSQL_TYPE_DATETIME
                           : kind == DB_TEXT ? MYSQL_TYPE_STRING
                                             : MYSQL_TYPE_BLOB,
            .buffer = &statement->cells[i],
            .buffer_length = sizeof(statement->cells[i]),
            .length = &statement->lens[i],
            .is_null = &statement->nulls[i],
            .error = &statement->errors[i],
        };
    }
    mysql_free_result(meta);
    return mysql_stmt_bind_result(statement->handle, statement->binds) == 0
               ? RC_OK
               : statement_failed(db, statement);
}

/* Copies the texts of the fetched row behind one another into the arena. */
static enum rc copy_row(struct db *db, struct statement *statement, struct arena *arena,
                        struct db_value *row)
{
    size_t bytes = 0;
    for (unsigned i = 0; i < statement->columns; i++) {
        if (!statement->nulls[i] && statement->kinds[i] >= DB_TEXT &&
            statement->kinds[i] != DB_TIME) {
            bytes += statement->lens[i] + 1;
        }
    }
    char *at = bytes == 0 ? NULL : arena_take(arena, bytes);
    if (bytes > 0 && at == NULL) {
        return RC_MEMORY;
    }
    for (unsigned i = 0; i < statement->columns; i++) {
        struct db_value *value = &row[i];
        if (statement->nulls[i]) {
            *value = db_null();
            continue;
        }
        value->kind = statement->kinds[i];
        if (value->kind == DB_INT) {
            value->number = statement->cells[i].number;
        } else if (value->kind == DB_TIME) {
            value->number = time_from_server(&statement->cells[i].time);
        } else {
            size_t len = statement->lens[i];
            value->text = at;
            value->len = len;
            if (len <= DB_CELL_BYTES) {
                memcpy(at, statement->cells[i].text, len);
            } else {
                MYSQL_BIND whole = {.buffer_type = statement->binds[i].buffer_type,
                                    .buffer = at,
                                    .buffer_length = len,
                                    .length = &statement->lens[i],
                                    .error = &statement->errors[i],
                                    .is_null = &statement->nulls[i]};
                if (mysql_stmt_fetch_column(statement->handle, &whole, i, 0) != 0) {
                    return statement_failed(db, statement);
                }
            }
            at[len] = '\0';
            at += len + 1;
        }
    }
    return RC_OK;
}

static enum rc fetch_rows(struct db *db, struct statement *statement, struct arena *arena,
                          size_t rows_max, struct db_rows *ret_rows)
{
    TRY(bind_results(db, statement));
    if (mysql_stmt_store_result(statement->handle) != 0) {
        return statement_failed(db, statement);
    }
    uint64_t count = mysql_stmt_num_rows(statement->handle);
    if (count > rows_max) {
        return RC_TOO_LARGE;
    }
    struct db_value *values =
        arena_take_array(arena, (size_t)count * statement->columns, sizeof(*values));
    if (values == NULL) {
        return RC_MEMORY;
    }
    for (size_t row = 0; row < count; row++) {
        int status = mysql_stmt_fetch(statement->handle);
        if (status != 0 && status != MYSQL_DATA_TRUNCATED) {
            return statement_failed(db, statement);
        }
        TRY(copy_row(db, statement, arena, values + row * statement->columns));
    }
    *ret_rows =
        (struct db_rows){.count = (size_t)count, .columns = statement->columns, .values = values};
    return RC_OK;
}

/* A call outside a transaction that never reached the server, or only reads, may simply run again.
 */
static bool may_run_again(const struct db *db, const char *sql, bool was_connected, enum rc rc)
{
    if (db->in_transaction || !was_connected || rc != RC_UNAVAILABLE || db->mysql != NULL) {
        return false;
    }
    return strncasecmp(sql, "SELECT", 6) == 0;
}

enum rc db_execute(struct db *db, const char *sql, const struct db_value *args, size_t args_count,
                   struct db_outcome *ret_outcome)
{
    assert(db != NULL && sql != NULL);
    TRY(db_ready(db));
    struct statement *statement = NULL;
    TRY(statement_run(db, sql, args, args_count, &statement));
    assert(mysql_stmt_field_count(statement->handle) == 0);
    if (ret_outcome != NULL) {
        *ret_outcome = (struct db_outcome){
            .affected_rows = (int64_t)mysql_stmt_affected_rows(statement->handle),
            .insert_id = (int64_t)mysql_stmt_insert_id(statement->handle)};
    }
    return RC_OK;
}

static enum rc query_once(struct db *db, struct arena *arena, const char *sql,
                          const struct db_value *args, size_t args_count, size_t rows_max,
                          struct db_rows *ret_rows)
{
    TRY(db_ready(db));
    struct statement *statement = NULL;
    TRY(statement_run(db, sql, args, args_count, &statement));
    enum rc rc = fetch_rows(db, statement, arena, rows_max, ret_rows);
    if (db->mysql != NULL && db->up) {
        (void)mysql_stmt_free_result(statement->handle);
    }
    return rc;
}

enum rc db_query(struct db *db, struct arena *arena, const char *sql, const struct db_value *args,
                 size_t args_count, size_t rows_max, struct db_rows *ret_rows)
{
    assert(db != NULL && arena != NULL && sql != NULL && ret_rows != NULL);
    assert(rows_max > 0 && rows_max <= DB_ROWS_MAX);
    bool was_connected = db->mysql != NULL;
    enum rc rc = query_once(db, arena, sql, args, args_count, rows_max, ret_rows);
    if (may_run_again(db, sql, was_connected, rc)) {
        rc = query_once(db, arena, sql, args, args_count, rows_max, ret_rows);
    }
    return rc;
}

enum rc db_execute_text(struct db *db, const char *sql, size_t len, struct db_outcome *ret_outcome)
{
    assert(db != NULL && sql != NULL);
    TRY(db_ready(db));
    if (mysql_real_query(db->mysql, sql, len) != 0) {
        return db_connection_failed(db);
    }
    assert(mysql_field_count(db->mysql) == 0);
    if (ret_outcome != NULL) {
        *ret_outcome = (struct db_outcome){.affected_rows = (int64_t)mysql_affected_rows(db->mysql),
                                           .insert_id = (int64_t)mysql_insert_id(db->mysql)};
    }
    return RC_OK;
}
