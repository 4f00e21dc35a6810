#include "core/store/db.h"

#include <assert.h>
#include <errmsg.h>
#include <mysql.h>
#include <mysqld_error.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/base/clock.h"
#include "core/base/failpoint.h"
#include "core/base/text.h"
#include "core/store/db_own.h"

#define CONNECT_TIMEOUT_S 2
#define READ_TIMEOUT_S 60
#define RECONNECT_PAUSE_MS 100

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

static void disconnect(struct db *db)
{
    db_statements_release(db);
    if (db->mysql != NULL) {
        mysql_close(db->mysql);
        db->mysql = NULL;
    }
    db->up = false;
}

/* Turns a failed call into our result, and remembers what it did to connection and transaction. */
enum rc db_failed(struct db *db, unsigned code, const char *words)
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

enum rc db_connection_failed(struct db *db)
{
    char words[DB_ERROR_TEXT_MAX];
    unsigned code = mysql_errno(db->mysql);
    text_copy(words, sizeof(words), mysql_error(db->mysql));
    return db_failed(db, code, words);
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

enum rc db_ready(struct db *db)
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

/* ---- transactions */

static enum rc begin(struct db *db)
{
    static const char start[] = "START TRANSACTION";
    bool was_connected = db->mysql != NULL;
    TRY(db_ready(db));
    if (mysql_real_query(db->mysql, start, sizeof(start) - 1) == 0) {
        return RC_OK;
    }
    enum rc rc = db_connection_failed(db);
    if (rc != RC_UNAVAILABLE || !was_connected || db->mysql != NULL) {
        return rc;
    }
    /* The server was restarted while we were idle: nothing was begun, so begin again. */
    TRY(connect_now(db));
    return mysql_real_query(db->mysql, start, sizeof(start) - 1) == 0 ? RC_OK
                                                                      : db_connection_failed(db);
}

/* A lost answer leaves open what the server did: RC_UNKNOWN. */
static enum rc commit(struct db *db)
{
    unsigned fault = FAILPOINT_CODE("db.commit");
    enum rc rc = RC_OK;
    if (fault == 0) {
        if (mysql_real_query(db->mysql, "COMMIT", 6) != 0) {
            rc = db_connection_failed(db);
        }
        fault = FAILPOINT_CODE("db.commit_reply");
    }
    if (fault != 0) {
        rc = db_failed(db, fault, "failpoint");
    }
    return rc == RC_UNAVAILABLE ? RC_UNKNOWN : rc;
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
    bool done = true;
    if (rc == RC_OK) {
        rc = commit(db);
        done = rc == RC_OK;
    } else if (db->up) {
        done = mysql_real_query(db->mysql, "ROLLBACK", 8) == 0;
    }
    db->in_transaction = false;
    if (!db->up || !done) {
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
