/*
 * What the parts of struct db share: db.c (connection, transactions), db_statement.c (statements
 * and their rows). Internal to core/store.
 */
#ifndef PW_STORE_DB_OWN_H
#define PW_STORE_DB_OWN_H

#include <mysql.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/store/db.h"

#define DB_STATEMENTS_MAX 512 /* a power of two; when three quarters are taken all are closed */
#define DB_CELL_BYTES 256     /* longer texts are fetched a second time, straight into the arena */
#define DB_ERROR_TEXT_MAX 320

/* What a column's bytes are fetched into. */
union cell {
    int64_t number;
    MYSQL_TIME time;
    char text[DB_CELL_BYTES];
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
    struct statement statements[DB_STATEMENTS_MAX];
    char error[DB_ERROR_TEXT_MAX];
};

/* Closes one statement, all statements. */
void db_statement_release(struct statement *statement);
void db_statements_release(struct db *db);
/* RC_OK when a call may be made: connected, or connected now; inside a transaction what dooms it.
 */
enum rc db_ready(struct db *db) MUST_CHECK;
/* Turns a failed call into our result, and remembers what it did to connection and transaction. The
 * words are copied. */
enum rc db_failed(struct db *db, unsigned code, const char *words) MUST_CHECK;
/* The same for the connection's last call. */
enum rc db_connection_failed(struct db *db) MUST_CHECK;

#endif
