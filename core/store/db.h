/*
 * One connection to MariaDB. The only way to it: everything with SQL lives in core/store and takes
 * a struct db.
 *
 * - Statements are prepared once and kept by the address of their text, so `sql` must be a string
 * literal (or otherwise live and stay the same for as long as the connection).
 * - A struct db belongs to one thread. After RC_UNAVAILABLE or RC_UNKNOWN the connection is
 * reopened by the next db_transact or db_query outside a transaction; never inside one.
 * - Start-up refuses a server that may lose a commit: db_check_server.
 * - Errors 1213, 1205, 1020 are RC_RETRY; a duplicate key is RC_CONFLICT; a failed CHECK or foreign
 *   key is RC_REFUSED; a lost connection at COMMIT is RC_UNKNOWN (look the natural key up),
 * elsewhere RC_UNAVAILABLE.
 */
#ifndef PW_STORE_DB_H
#define PW_STORE_DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/rc.h"
#include "core/base/text.h"

#define DB_ROWS_MAX 100000 /* no single query may bring more */
#define DB_TRANSACT_TRIES_MAX 5

struct db;

struct db_options {
    const char *socket;   /* Unix socket path */
    const char *name;     /* database */
    const char *user;     /* "pw_staff" */
    const char *password; /* never logged */
};

enum db_kind { DB_NULL, DB_INT, DB_TEXT, DB_BYTES, DB_TIME };

struct db_value {
    enum db_kind kind;
    int64_t number;   /* DB_INT: the value; DB_TIME: milliseconds since 1970 UTC */
    const char *text; /* DB_TEXT, DB_BYTES; results are NUL terminated and live in the arena */
    size_t len;
};

struct db_rows {
    size_t count;
    size_t columns;
    const struct db_value *values; /* row by row */
};

struct db_outcome {
    int64_t affected_rows; /* rows matched by the WHERE, changed or not (CLIENT_FOUND_ROWS) */
    int64_t insert_id;
};

/* Argument lists: db_execute(db, SQL, DB_ARGS(db_int(id), db_text(name)), &outcome) */
#define DB_ARGS(...)                                                                               \
    (const struct db_value[]){__VA_ARGS__},                                                        \
        (sizeof((const struct db_value[]){__VA_ARGS__}) / sizeof(struct db_value))
#define DB_NO_ARGS NULL, 0

/* Values for the marks of a statement; text and bytes are borrowed until the call returns. */
struct db_value db_null(void);
struct db_value db_int(int64_t number);
struct db_value db_int_or_null(bool present, int64_t number);
struct db_value db_text(const char *text);         /* borrowed; must not be NULL */
struct db_value db_text_or_null(const char *text); /* NULL becomes NULL */
struct db_value db_bytes(const void *bytes, size_t len);
struct db_value db_time(int64_t at_ms);
struct db_value db_time_or_null(bool present, int64_t at_ms);

/* Opens a connection (utf8mb4, UTC, strict mode, innodb_snapshot_isolation, READ COMMITTED is NOT
   used: REPEATABLE READ with FOR UPDATE). Copies the options. RC_UNAVAILABLE when the server does
   not answer; the struct is made all the same so that a program can start before its database:
   *ret_db is then valid and reconnects. */
enum rc db_open(const struct db_options *options, struct db **ret_db) MUST_CHECK;
/* Closes and frees; accepts a pointer to NULL. Usable with CLEANUP. */
void db_close(struct db **db);
/* RC_REFUSED unless flush_log_at_trx_commit=1, sync_binlog=1, binlog on,
 *innodb_snapshot_isolation=ON. On refusal ret_why names the variable (static text). */
enum rc db_check_server(struct db *db, const char **ret_why) MUST_CHECK;
/* True while the last call found the server there. */
bool db_is_up(const struct db *db);
/* The server's text for the last failed call, for the log at the top; "" if none. Never holds
 * argument values. */
const char *db_error(const struct db *db);

/* Runs a statement that brings no rows. ret_outcome may be NULL. */
enum rc db_execute(struct db *db, const char *sql, const struct db_value *args, size_t args_count,
                   struct db_outcome *ret_outcome) MUST_CHECK;
/* Runs a query; all rows (at most rows_max, more is RC_TOO_LARGE) are copied into the arena. */
enum rc db_query(struct db *db, struct arena *arena, const char *sql, const struct db_value *args,
                 size_t args_count, size_t rows_max, struct db_rows *ret_rows) MUST_CHECK;
/* Runs text that was built for bulk work (many VALUES rows); it is not cached. The caller escaped
   every value: only integers, times and text from db_add_escaped go in. */
enum rc db_execute_text(struct db *db, const char *sql, size_t len,
                        struct db_outcome *ret_outcome) MUST_CHECK;

/* Appends bytes as a quoted SQL literal for db_execute_text. */
void db_add_escaped(struct text *out, const char *bytes, size_t len);

/* A step of business in one transaction. work runs 1 .. 5 times: again after RC_RETRY from it or
   from COMMIT, so it must not have effects outside the database. Any result but RC_OK rolls back
   and is returned. */
typedef enum rc (*db_work)(struct db *db, void *context);
enum rc db_transact(struct db *db, db_work work, void *context) MUST_CHECK;
/* True between BEGIN and COMMIT: store functions that need a transaction assert it. */
bool db_in_transaction(const struct db *db);

/* Readers of a result; they assert row and column. Null reads as 0, "" or false. */
const struct db_value *db_at(const struct db_rows *rows, size_t row, size_t column);
bool db_is_null(const struct db_rows *rows, size_t row, size_t column);
int64_t db_get_int(const struct db_rows *rows, size_t row, size_t column);
const char *db_get_text(const struct db_rows *rows, size_t row, size_t column);
int64_t db_get_time(const struct db_rows *rows, size_t row, size_t column);

#endif
