#include "core/store/db.h"

#include <assert.h>
#include <errmsg.h>
#include <mysql.h>
#include <mysqld_error.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "core/base/clock.h"
#include "core/base/text.h"

#define STATEMENTS_MAX 512 /* a power of two; when three quarters are taken all are closed */
#define ARGS_MAX 128
#define COLUMNS_MAX 128
#define CELL_BYTES 256 /* longer texts are fetched a second time, straight into the arena */
#define CONNECT_TIMEOUT_S 2
#define READ_TIMEOUT_S 60
#define RECONNECT_PAUSE_MS 100
#define ERROR_TEXT_MAX 320

/* What a column's bytes are fetched into. */
union cell {
    int64_t number;
    MYSQL_TIME time;
    char text[CELL_BYTES];
};

struct statement {
    const char *sql; /* NULL: a free place */
    MYSQL_STMT *handle;
    unsigned columns; /* 0 until the first execution that bound results */
    MYSQL_BIND *binds;
    union cell *cells;
    unsigned long *lens;
    my_bool *nulls;
    my_bool *errors;
    enum db_kind *kinds;
    enum enum_field_types *types; /* what the binding was made for */
};

struct db {
    char *socket;
    char *name;
    char *user;
    char *password;
    MYSQL *mysql; /* NULL: not connected */
    bool up;
    bool in_transaction;
    enum rc doom; /* inside a transaction: what every further call answers */
    int64_t retry_at_ms;
    size_t statements_count;
    struct statement statements[STATEMENTS_MAX];
    char error[ERROR_TEXT_MAX];
};

static pthread_once_t library_once = PTHREAD_ONCE_INIT;

static void library_start(void)
{
    (void)mysql_server_init(0, NULL, NULL);
}

/* ---- results of the server as results of ours */

static bool is_lost(unsigned code)
{
    switch (code) {
    case CR_SERVER_GONE_ERROR:
    case CR_SERVER_LOST:
    case CR_CONN_HOST_ERROR:
    case CR_CONNECTION_ERROR:
    case CR_COMMANDS_OUT_OF_SYNC:
    case CR_MALFORMED_PACKET:
    case ER_SERVER_SHUTDOWN:
    case ER_CONNECTION_KILLED:
    case ER_NET_READ_ERROR:
    case ER_NET_READ_INTERRUPTED:
    case ER_NET_ERROR_ON_WRITE:
    case ER_NET_WRITE_INTERRUPTED:
        return true;
    default:
        return false;
    }
}

static enum rc rc_of_code(unsigned code)
{
    if (is_lost(code)) {
        return RC_UNAVAILABLE;
    }
    switch (code) {
    case ER_LOCK_DEADLOCK:
    case ER_LOCK_WAIT_TIMEOUT:
    case ER_CHECKREAD:
    case ER_NEED_REPREPARE:
        return RC_RETRY;
    case ER_DUP_ENTRY:
    case ER_DUP_ENTRY_WITH_KEY_NAME:
        return RC_CONFLICT;
    case ER_NO_REFERENCED_ROW:
    case ER_ROW_IS_REFERENCED:
    case ER_NO_REFERENCED_ROW_2:
    case ER_ROW_IS_REFERENCED_2:
    case ER_CONSTRAINT_FAILED:
        return RC_REFUSED;
    case ER_DATA_TOO_LONG:
    case ER_WARN_DATA_OUT_OF_RANGE:
    case ER_TRUNCATED_WRONG_VALUE:
    case ER_TRUNCATED_WRONG_VALUE_FOR_FIELD:
    case ER_BAD_NULL_ERROR:
    case WARN_DATA_TRUNCATED:
        return RC_INVALID;
    case ER_CON_COUNT_ERROR:
    case ER_TOO_MANY_USER_CONNECTIONS:
    case ER_OPTION_PREVENTS_STATEMENT:
        return RC_UNAVAILABLE;
    case CR_OUT_OF_MEMORY:
        return RC_MEMORY;
    default:
        return RC_INTERNAL;
    }
}

/* Keeps the server's words for the log, but none that can hold an argument's value. */
static void keep_error(struct db *db, unsigned code, const char *words)
{
    switch (code) {
    case ER_DUP_ENTRY:
    case ER_DUP_ENTRY_WITH_KEY_NAME: {
        const char *key = strstr(words, "for key ");
        (void)snprintf(db->error, sizeof(db->error), "error %u: duplicate entry %s", code,
                       key == NULL ? "" : key);
        break;
    }
    case ER_TRUNCATED_WRONG_VALUE:
    case ER_TRUNCATED_WRONG_VALUE_FOR_FIELD:
    case ER_PARSE_ERROR: {
        const char *column = strstr(words, "for column ");
        (void)snprintf(db->error, sizeof(db->error), "error %u %s", code,
                       column == NULL ? "" : column);
        break;
    }
    default:
        (void)snprintf(db->error, sizeof(db->error), "error %u: %.290s", code, words);
    }
}

static void statement_release(struct statement *statement)
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

static void statements_release(struct db *db)
{
    for (size_t i = 0; i < STATEMENTS_MAX; i++) {
        if (db->statements[i].sql != NULL) {
            statement_release(&db->statements[i]);
        }
    }
    db->statements_count = 0;
}

static void disconnect(struct db *db)
{
    statements_release(db);
    if (db->mysql != NULL) {
        mysql_close(db->mysql);
        db->mysql = NULL;
    }
    db->up = false;
}

/* Turns a failed call into our result, and remembers what it did to connection and transaction. */
static enum rc failed(struct db *db, unsigned code, const char *words)
{
    enum rc rc = rc_of_code(code);
    keep_error(db, code, words);
    if (is_lost(code)) {
        db->up = false;
        if (!db->in_transaction) {
            disconnect(db);
        }
    }
    if (db->in_transaction && (rc == RC_UNAVAILABLE || rc == RC_RETRY)) {
        db->doom = rc;
    }
    return rc;
}

static enum rc statement_failed(struct db *db, struct statement *statement)
{
    char words[ERROR_TEXT_MAX];
    unsigned code = mysql_stmt_errno(statement->handle);
    text_copy(words, sizeof(words), mysql_stmt_error(statement->handle));
    return failed(db, code, words);
}

static enum rc connection_failed(struct db *db)
{
    char words[ERROR_TEXT_MAX];
    unsigned code = mysql_errno(db->mysql);
    text_copy(words, sizeof(words), mysql_error(db->mysql));
    return failed(db, code, words);
}

/* ---- connection */

static const char session_set_up[] =
    "SET time_zone = '+00:00', tx_isolation = 'REPEATABLE-READ', autocommit = 1,"
    " sql_mode = 'STRICT_ALL_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,"
    "NO_ENGINE_SUBSTITUTION,NO_AUTO_CREATE_USER', innodb_snapshot_isolation = ON,"
    " innodb_lock_wait_timeout = 10";

static enum rc connect_now(struct db *db)
{
    assert(db->mysql == NULL && !db->in_transaction);
    if (clock_monotonic_ms() < db->retry_at_ms) {
        return RC_UNAVAILABLE;
    }
    MYSQL *mysql = mysql_init(NULL);
    if (mysql == NULL) {
        return RC_MEMORY;
    }
    unsigned connect_s = CONNECT_TIMEOUT_S;
    unsigned read_s = READ_TIMEOUT_S;
    unsigned no = 0;
    my_bool off = 0;
    (void)mysql_options(mysql, MYSQL_OPT_CONNECT_TIMEOUT, &connect_s);
    (void)mysql_options(mysql, MYSQL_OPT_READ_TIMEOUT, &read_s);
    (void)mysql_options(mysql, MYSQL_OPT_WRITE_TIMEOUT, &read_s);
    (void)mysql_options(mysql, MYSQL_OPT_RECONNECT, &off);
    (void)mysql_options(mysql, MYSQL_OPT_LOCAL_INFILE, &no);
    (void)mysql_options(mysql, MYSQL_SET_CHARSET_NAME, "utf8mb4");
    (void)mysql_options(mysql, MYSQL_INIT_COMMAND, session_set_up);
    db->mysql = mysql;
    if (mysql_real_connect(mysql, NULL, db->user, db->password, db->name, 0, db->socket,
                           CLIENT_FOUND_ROWS) == NULL) {
        keep_error(db, mysql_errno(mysql), mysql_error(mysql));
        disconnect(db);
        db->retry_at_ms = clock_monotonic_ms() + RECONNECT_PAUSE_MS;
        return RC_UNAVAILABLE;
    }
    db->up = true;
    return RC_OK;
}

static enum rc ready(struct db *db)
{
    if (db->in_transaction) {
        return db->doom;
    }
    return db->mysql != NULL ? RC_OK : connect_now(db);
}

enum rc db_open(const struct db_options *options, struct db **ret_db)
{
    assert(options != NULL && ret_db != NULL);
    (void)pthread_once(&library_once, library_start);
    struct db *db = calloc(1, sizeof(*db));
    if (db == NULL) {
        return RC_MEMORY;
    }
    db->socket = strdup(options->socket);
    db->name = strdup(options->name);
    db->user = strdup(options->user);
    db->password = strdup(options->password);
    if (db->socket == NULL || db->name == NULL || db->user == NULL || db->password == NULL) {
        db_close(&db);
        return RC_MEMORY;
    }
    *ret_db = db;
    return connect_now(db);
}

void db_close(struct db **db)
{
    assert(db != NULL);
    struct db *old = *db;
    if (old == NULL) {
        return;
    }
    disconnect(old);
    free(old->socket);
    free(old->name);
    free(old->user);
    if (old->password != NULL) {
        explicit_bzero(old->password, strlen(old->password));
    }
    free(old->password);
    free(old);
    *db = NULL;
}

bool db_is_up(const struct db *db)
{
    return db->up;
}

const char *db_error(const struct db *db)
{
    return db->error;
}

bool db_in_transaction(const struct db *db)
{
    return db->in_transaction;
}

/* ---- values */

struct db_value db_null(void)
{
    return (struct db_value){.kind = DB_NULL};
}

struct db_value db_int(int64_t number)
{
    return (struct db_value){.kind = DB_INT, .number = number};
}

struct db_value db_int_or_null(bool present, int64_t number)
{
    return present ? db_int(number) : db_null();
}

struct db_value db_text(const char *text)
{
    assert(text != NULL);
    return (struct db_value){.kind = DB_TEXT, .text = text, .len = strlen(text)};
}

struct db_value db_text_or_null(const char *text)
{
    return text != NULL ? db_text(text) : db_null();
}

struct db_value db_bytes(const void *bytes, size_t len)
{
    assert(bytes != NULL || len == 0);
    return (struct db_value){.kind = DB_BYTES, .text = bytes, .len = len};
}

struct db_value db_time(int64_t at_ms)
{
    return (struct db_value){.kind = DB_TIME, .number = at_ms};
}

struct db_value db_time_or_null(bool present, int64_t at_ms)
{
    return present ? db_time(at_ms) : db_null();
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

/* ---- statements */

static size_t place_of(const char *sql)
{
    uint64_t hash = (uint64_t)(uintptr_t)sql * UINT64_C(0x9E3779B97F4A7C15);
    return (size_t)(hash >> 40) & (STATEMENTS_MAX - 1);
}

static enum rc statement_find(struct db *db, const char *sql, struct statement **ret_statement)
{
    size_t at = place_of(sql);
    while (db->statements[at].sql != NULL) {
        if (db->statements[at].sql == sql) {
            *ret_statement = &db->statements[at];
            return RC_OK;
        }
        at = (at + 1) & (STATEMENTS_MAX - 1);
    }
    if (db->statements_count >= STATEMENTS_MAX / 4 * 3) {
        statements_release(db);
        at = place_of(sql);
    }
    struct statement *statement = &db->statements[at];
    statement->handle = mysql_stmt_init(db->mysql);
    if (statement->handle == NULL) {
        return RC_MEMORY;
    }
    if (mysql_stmt_prepare(statement->handle, sql, strlen(sql)) != 0) {
        char words[ERROR_TEXT_MAX];
        unsigned code = mysql_stmt_errno(statement->handle);
        text_copy(words, sizeof(words), mysql_stmt_error(statement->handle));
        statement_release(statement);
        return failed(db, code, words);
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
            if (len <= CELL_BYTES) {
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
    TRY(ready(db));
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
    TRY(ready(db));
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
    TRY(ready(db));
    if (mysql_real_query(db->mysql, sql, len) != 0) {
        return connection_failed(db);
    }
    assert(mysql_field_count(db->mysql) == 0);
    if (ret_outcome != NULL) {
        *ret_outcome = (struct db_outcome){.affected_rows = (int64_t)mysql_affected_rows(db->mysql),
                                           .insert_id = (int64_t)mysql_insert_id(db->mysql)};
    }
    return RC_OK;
}

void db_add_escaped(struct text *out, const char *bytes, size_t len)
{
    assert(out != NULL && (bytes != NULL || len == 0));
    text_add_char(out, '\'');
    size_t from = 0;
    for (size_t i = 0; i < len; i++) {
        char c = bytes[i];
        if (c == '\'' || c == '\\' || c == '\0') {
            text_add(out, bytes + from, i - from);
            text_add_char(out, '\\');
            text_add_char(out, c == '\0' ? '0' : c);
            from = i + 1;
        }
    }
    text_add(out, bytes + from, len - from);
    text_add_char(out, '\'');
}

/* ---- transactions */

static enum rc begin(struct db *db)
{
    static const char start[] = "START TRANSACTION";
    bool was_connected = db->mysql != NULL;
    TRY(ready(db));
    if (mysql_real_query(db->mysql, start, sizeof(start) - 1) == 0) {
        return RC_OK;
    }
    enum rc rc = connection_failed(db);
    if (rc != RC_UNAVAILABLE || !was_connected || db->mysql != NULL) {
        return rc;
    }
    /* The server was restarted while we were idle: nothing was begun, so begin again. */
    TRY(connect_now(db));
    return mysql_real_query(db->mysql, start, sizeof(start) - 1) == 0 ? RC_OK
                                                                      : connection_failed(db);
}

static enum rc transact_once(struct db *db, db_work work, void *context)
{
    TRY(begin(db));
    db->in_transaction = true;
    db->doom = RC_OK;
    enum rc rc = work(db, context);
    if (db->doom != RC_OK) {
        rc = db->doom;
    }
    bool asked_commit = rc == RC_OK;
    int status = 0;
    if (asked_commit) {
        status = mysql_real_query(db->mysql, "COMMIT", 6);
        if (status != 0) {
            rc = connection_failed(db);
            rc = rc == RC_UNAVAILABLE ? RC_UNKNOWN : rc;
        }
    } else if (db->up) {
        status = mysql_real_query(db->mysql, "ROLLBACK", 8);
    }
    db->in_transaction = false;
    if (!db->up || status != 0) {
        disconnect(db);
    }
    return rc;
}

static void pause_before_try(int tries)
{
    int64_t pause_us = 500 * ((int64_t)1 << tries) + clock_monotonic_us() % 1000;
    struct timespec pause = {.tv_nsec = (long)(pause_us * 1000)};
    (void)nanosleep(&pause, NULL);
}

enum rc db_transact(struct db *db, db_work work, void *context)
{
    assert(db != NULL && work != NULL);
    assert(!db->in_transaction);
    enum rc rc = RC_RETRY;
    for (int tries = 0; tries < DB_TRANSACT_TRIES_MAX && rc == RC_RETRY; tries++) {
        if (tries > 0) {
            pause_before_try(tries);
        }
        rc = transact_once(db, work, context);
    }
    return rc;
}

enum rc db_check_server(struct db *db, const char **ret_why)
{
    assert(db != NULL && ret_why != NULL);
    struct arena arena __attribute__((cleanup(arena_release)));
    arena_init(&arena, 65536);
    struct db_rows rows;
    TRY(db_query(db, &arena,
                 "SELECT @@global.innodb_flush_log_at_trx_commit, @@global.sync_binlog,"
                 " @@global.log_bin, @@session.innodb_snapshot_isolation",
                 DB_NO_ARGS, 1, &rows));
    static const char *const names[] = {"innodb_flush_log_at_trx_commit", "sync_binlog", "log_bin",
                                        "innodb_snapshot_isolation"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (db_get_int(&rows, 0, i) != 1) {
            *ret_why = names[i];
            return RC_REFUSED;
        }
    }
    return RC_OK;
}

/* ---- readers */

const struct db_value *db_at(const struct db_rows *rows, size_t row, size_t column)
{
    assert(rows != NULL && row < rows->count && column < rows->columns);
    return &rows->values[row * rows->columns + column];
}

bool db_is_null(const struct db_rows *rows, size_t row, size_t column)
{
    return db_at(rows, row, column)->kind == DB_NULL;
}

int64_t db_get_int(const struct db_rows *rows, size_t row, size_t column)
{
    const struct db_value *value = db_at(rows, row, column);
    assert(value->kind == DB_INT || value->kind == DB_NULL);
    return value->kind == DB_INT ? value->number : 0;
}

const char *db_get_text(const struct db_rows *rows, size_t row, size_t column)
{
    const struct db_value *value = db_at(rows, row, column);
    assert(value->kind == DB_TEXT || value->kind == DB_BYTES || value->kind == DB_NULL);
    return value->kind == DB_NULL ? "" : value->text;
}

int64_t db_get_time(const struct db_rows *rows, size_t row, size_t column)
{
    const struct db_value *value = db_at(rows, row, column);
    assert(value->kind == DB_TIME || value->kind == DB_NULL);
    return value->kind == DB_TIME ? value->number : 0;
}
