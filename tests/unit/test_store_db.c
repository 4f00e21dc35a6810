/* One connection to MariaDB. Runs when PW_TEST_MYSQL names a server's socket
 * (tests/stack/test_store.py), else skips. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/text.h"
#include "core/store/audit.h"
#include "core/store/db.h"

static struct db *open_db(void)
{
    const char *socket = getenv("PW_TEST_MYSQL");
    if (socket == NULL) {
        skip();
    }
    struct db_options options = {socket, "paywatt", "pw_staff", getenv("PW_TEST_PASSWORD")};
    struct db *db = NULL;
    assert_int_equal(db_open(&options, &db), RC_OK);
    assert_int_equal(db_execute(db, "DROP TABLE IF EXISTS t", DB_NO_ARGS, NULL), RC_OK);
    assert_int_equal(
        db_execute(
            db,
            "CREATE TABLE t (id BIGINT AUTO_INCREMENT PRIMARY KEY, n BIGINT NULL, s MEDIUMTEXT "
            "NULL,"
            " b VARBINARY(64) NULL, at DATETIME(3) NULL, kind ENUM('a','b') NULL, k VARCHAR(20) "
            "UNIQUE,"
            " CONSTRAINT t_n CHECK (n > -100)) ENGINE=InnoDB",
            DB_NO_ARGS, NULL),
        RC_OK);
    return db;
}

static void values_go_in_and_come_out(void **state)
{
    (void)state;
    struct db *db = open_db();
    struct arena arena;
    arena_init(&arena, 1 << 22);
    static char long_text[100001];
    memset(long_text, 'x', 100000);
    static const char insert[] = "INSERT INTO t (n, s, b, at, kind) VALUES (?, ?, ?, ?, ?)";
    struct db_outcome outcome;
    assert_int_equal(
        db_execute(db, insert,
                   DB_ARGS(db_int(INT64_MAX), db_text("你好 '\"\\"), db_bytes("\0\1\2", 3),
                           db_time(1795336325120), db_text("b")),
                   &outcome),
        RC_OK);
    assert_int_equal(outcome.insert_id, 1);
    assert_int_equal(outcome.affected_rows, 1);
    assert_int_equal(db_execute(db, insert,
                                DB_ARGS(db_null(), db_text(long_text), db_null(),
                                        db_time_or_null(false, 0), db_text_or_null(NULL)),
                                NULL),
                     RC_OK);
    struct db_rows rows;
    assert_int_equal(
        db_query(db, &arena,
                 "SELECT n, s, b, at, kind, COUNT(*) OVER (), SUM(id) OVER (), CAST(at AS DATE)"
                 " FROM t WHERE id > ? ORDER BY id",
                 DB_ARGS(db_int(0)), 10, &rows),
        RC_OK);
    assert_int_equal(rows.count, 2);
    assert_int_equal(db_get_int(&rows, 0, 0), INT64_MAX);
    assert_string_equal(db_get_text(&rows, 0, 1), "你好 '\"\\");
    assert_int_equal(db_at(&rows, 0, 2)->kind, DB_BYTES);
    assert_int_equal(db_at(&rows, 0, 2)->len, 3);
    assert_memory_equal(db_at(&rows, 0, 2)->text, "\0\1\2", 3);
    assert_int_equal(db_get_time(&rows, 0, 3), 1795336325120);
    assert_string_equal(db_get_text(&rows, 0, 4), "b");
    assert_int_equal(db_get_int(&rows, 1, 5), 2);
    assert_int_equal(db_get_int(&rows, 1, 6), 3);
    assert_int_equal(db_get_time(&rows, 0, 7), 1795305600000);
    assert_true(db_is_null(&rows, 1, 0) && db_is_null(&rows, 1, 3) && db_is_null(&rows, 1, 4));
    assert_int_equal(db_at(&rows, 1, 1)->len, 100000);
    assert_string_equal(db_get_text(&rows, 1, 1), long_text);
    assert_int_equal(db_query(db, &arena, "SELECT id FROM t", DB_NO_ARGS, 1, &rows), RC_TOO_LARGE);
    assert_int_equal(db_query(db, &arena, "SELECT id FROM t WHERE id = 99", DB_NO_ARGS, 1, &rows),
                     RC_OK);
    assert_int_equal(rows.count, 0);
    arena_release(&arena);
    db_close(&db);
}

static void a_parameters_kind_may_change(void **state)
{
    (void)state;
    struct db *db = open_db();
    struct arena arena;
    arena_init(&arena, 1 << 20);
    static const char sql[] = "SELECT ?, IFNULL(?, 7)";
    struct db_rows rows;
    assert_int_equal(db_query(db, &arena, sql, DB_ARGS(db_int(5), db_null()), 1, &rows), RC_OK);
    assert_int_equal(db_get_int(&rows, 0, 0), 5);
    assert_int_equal(db_query(db, &arena, sql, DB_ARGS(db_text("five"), db_text("x")), 1, &rows),
                     RC_OK);
    assert_string_equal(db_get_text(&rows, 0, 0), "five");
    arena_release(&arena);
    db_close(&db);
}

static void errors_have_their_results(void **state)
{
    (void)state;
    struct db *db = open_db();
    static const char insert[] = "INSERT INTO t (n, k) VALUES (?, ?)";
    assert_int_equal(db_execute(db, insert, DB_ARGS(db_int(1), db_text("same")), NULL), RC_OK);
    assert_int_equal(db_execute(db, insert, DB_ARGS(db_int(1), db_text("same")), NULL),
                     RC_CONFLICT);
    assert_null(strstr(db_error(db), "same"));
    assert_non_null(strstr(db_error(db), "for key"));
    assert_int_equal(db_execute(db, insert, DB_ARGS(db_int(-500), db_null()), NULL), RC_REFUSED);
    assert_int_equal(
        db_execute(db, insert, DB_ARGS(db_int(1), db_text("123456789012345678901")), NULL),
        RC_INVALID);
    assert_int_equal(db_execute(db, "SELEC", DB_NO_ARGS, NULL), RC_INTERNAL);
    assert_true(db_is_up(db));
    struct text sql;
    text_init(&sql, 1000);
    text_add_string(&sql, "INSERT INTO t (n, s) VALUES (2, ");
    db_add_escaped(&sql, "a'b\\c\0d", 7);
    text_add_string(&sql, "), (3, 'x')");
    struct db_outcome outcome;
    assert_int_equal(db_execute_text(db, sql.bytes, sql.len, &outcome), RC_OK);
    assert_int_equal(outcome.affected_rows, 2);
    text_release(&sql);
    /* CLIENT_FOUND_ROWS: a row that already says so counts as matched. */
    assert_int_equal(db_execute(db, "UPDATE t SET n = 3 WHERE n = 3", DB_NO_ARGS, &outcome), RC_OK);
    assert_int_equal(outcome.affected_rows, 1);
    const char *why = NULL;
    assert_int_equal(db_check_server(db, &why), RC_OK);
    db_close(&db);
}

struct attempt {
    int times;
    int retries;
    enum rc answer;
};

static enum rc count_up(struct db *db, void *context)
{
    struct attempt *attempt = context;
    attempt->times++;
    assert_true(db_in_transaction(db));
    TRY(db_execute(db, "INSERT INTO t (n) VALUES (1)", DB_NO_ARGS, NULL));
    return attempt->times <= attempt->retries ? RC_RETRY : attempt->answer;
}

static int64_t rows_in_table(struct db *db)
{
    struct arena arena;
    arena_init(&arena, 1 << 20);
    struct db_rows rows;
    assert_int_equal(db_query(db, &arena, "SELECT COUNT(*) FROM t", DB_NO_ARGS, 1, &rows), RC_OK);
    int64_t count = db_get_int(&rows, 0, 0);
    arena_release(&arena);
    return count;
}

static void a_transaction_is_whole(void **state)
{
    (void)state;
    struct db *db = open_db();
    struct attempt attempt = {.retries = 3};
    assert_int_equal(db_transact(db, count_up, &attempt), RC_OK);
    assert_int_equal(attempt.times, 4);
    assert_int_equal(rows_in_table(db), 1);
    attempt = (struct attempt){.answer = RC_REFUSED};
    assert_int_equal(db_transact(db, count_up, &attempt), RC_REFUSED);
    attempt = (struct attempt){.retries = 99};
    assert_int_equal(db_transact(db, count_up, &attempt), RC_RETRY);
    assert_int_equal(attempt.times, DB_TRANSACT_TRIES_MAX);
    assert_int_equal(rows_in_table(db), 1);
    assert_false(db_in_transaction(db));
    db_close(&db);
}

struct killing {
    struct db *other;
    bool swallow;
};

static enum rc killed_within(struct db *db, void *context)
{
    struct killing *killing = context;
    struct arena arena;
    arena_init(&arena, 1 << 20);
    TRY(db_execute(db, "INSERT INTO t (n) VALUES (1)", DB_NO_ARGS, NULL));
    struct db_rows rows;
    TRY(db_query(db, &arena, "SELECT CONNECTION_ID()", DB_NO_ARGS, 1, &rows));
    char kill[64];
    (void)snprintf(kill, sizeof(kill), "KILL %lld", (long long)db_get_int(&rows, 0, 0));
    arena_release(&arena);
    TRY(db_execute_text(killing->other, kill, strlen(kill), NULL));
    if (killing->swallow) {
        return RC_OK; /* the loss shows at COMMIT */
    }
    return db_execute(db, "INSERT INTO t (n) VALUES (2)", DB_NO_ARGS, NULL);
}

static void a_lost_connection_is_reopened(void **state)
{
    (void)state;
    struct db *db = open_db();
    struct db *other = open_db();
    struct killing killing = {.other = other};
    assert_int_equal(db_transact(db, killed_within, &killing), RC_UNAVAILABLE);
    assert_false(db_is_up(db));
    assert_int_equal(rows_in_table(db), 0);
    killing.swallow = true;
    assert_int_equal(db_transact(db, killed_within, &killing), RC_UNKNOWN);
    assert_int_equal(rows_in_table(db), 0);
    /* Killed while idle: a read and a transaction just go on. */
    for (int i = 0; i < 2; i++) {
        struct arena arena;
        arena_init(&arena, 1 << 20);
        struct db_rows rows;
        assert_int_equal(db_query(db, &arena, "SELECT CONNECTION_ID()", DB_NO_ARGS, 1, &rows),
                         RC_OK);
        char kill[64];
        (void)snprintf(kill, sizeof(kill), "KILL %lld", (long long)db_get_int(&rows, 0, 0));
        assert_int_equal(db_execute_text(other, kill, strlen(kill), NULL), RC_OK);
        if (i == 0) {
            assert_int_equal(rows_in_table(db), 0);
        } else {
            struct attempt attempt = {0};
            assert_int_equal(db_transact(db, count_up, &attempt), RC_OK);
        }
        arena_release(&arena);
    }
    assert_int_equal(rows_in_table(db), 1);
    db_close(&db);
    db_close(&other);
}

static void no_server_is_no_end(void **state)
{
    (void)state;
    struct db_options options = {"/nonexistent/socket", "x", "y", "z"};
    struct db *db = NULL;
    assert_int_equal(db_open(&options, &db), RC_UNAVAILABLE);
    assert_non_null(db);
    assert_false(db_is_up(db));
    assert_int_equal(db_execute(db, "DO 1", DB_NO_ARGS, NULL), RC_UNAVAILABLE);
    struct attempt attempt = {0};
    assert_int_equal(db_transact(db, count_up, &attempt), RC_UNAVAILABLE);
    assert_int_equal(attempt.times, 0);
    db_close(&db);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_go_in_and_come_out),
        cmocka_unit_test(a_parameters_kind_may_change),
        cmocka_unit_test(errors_have_their_results),
        cmocka_unit_test(a_transaction_is_whole),
        cmocka_unit_test(a_lost_connection_is_reopened),
        cmocka_unit_test(no_server_is_no_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
