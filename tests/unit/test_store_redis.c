/* One connection to Redis. Runs when PW_TEST_REDIS names a server's socket
 * (tests/stack/test_store.py), else skips. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/store/redis.h"

static struct redis *open_redis(void)
{
    const char *socket = getenv("PW_TEST_REDIS");
    if (socket == NULL) {
        skip();
    }
    struct redis *redis = NULL;
    assert_int_equal(redis_open(socket, &redis), RC_OK);
    return redis;
}

static void commands_and_replies(void **state)
{
    (void)state;
    struct redis *redis = open_redis();
    struct arena arena;
    arena_init(&arena, 1 << 20);
    struct redis_value value;
    assert_int_equal(
        redis_run(redis, &arena,
                  REDIS_ARGS(redis_text("SET"), redis_text("k"), redis_bytes("a\0b", 3)), NULL),
        RC_OK);
    assert_true(redis_is_up(redis));
    assert_int_equal(
        redis_run(redis, &arena, REDIS_ARGS(redis_text("GET"), redis_text("k")), &value), RC_OK);
    assert_int_equal(value.kind, REDIS_TEXT);
    assert_int_equal(value.len, 3);
    assert_memory_equal(value.text, "a\0b", 3);
    assert_int_equal(
        redis_run(redis, &arena, REDIS_ARGS(redis_text("GET"), redis_text("none")), &value), RC_OK);
    assert_int_equal(value.kind, REDIS_NIL);
    assert_int_equal(redis_run(redis, &arena, REDIS_ARGS(redis_text("NONSENSE")), &value),
                     RC_REFUSED);
    assert_int_equal(redis_run(redis, &arena,
                               REDIS_ARGS(redis_text("MGET"), redis_text("k"), redis_text("none")),
                               &value),
                     RC_OK);
    assert_int_equal(value.kind, REDIS_LIST);
    assert_int_equal(value.count, 2);
    assert_int_equal(value.items[1].kind, REDIS_NIL);
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(redis_append(redis, REDIS_ARGS(redis_text("INCR"), redis_text("n"))),
                         RC_OK);
    }
    assert_int_equal(redis_append(redis, REDIS_ARGS(redis_text("NONSENSE"))), RC_OK);
    size_t errors = 0;
    assert_int_equal(redis_flush(redis, &errors), RC_OK);
    assert_int_equal(errors, 1);
    assert_int_equal(
        redis_run(redis, &arena, REDIS_ARGS(redis_text("GETDEL"), redis_text("n")), &value), RC_OK);
    assert_string_equal(value.text, "1000");
    assert_int_equal(
        redis_wait(redis, &arena, 100,
                   REDIS_ARGS(redis_text("BLPOP"), redis_text("q"), redis_text("0.05")), &value),
        RC_OK);
    assert_int_equal(value.kind, REDIS_NIL);
    assert_int_equal(redis_wait(redis, &arena, 10,
                                REDIS_ARGS(redis_text("BLPOP"), redis_text("q"), redis_text("0")),
                                &value),
                     RC_TIMEOUT);
    arena_release(&arena);
    redis_close(&redis);
}

static void a_closed_connection_is_replaced(void **state)
{
    (void)state;
    struct redis *redis = open_redis();
    struct redis *other = open_redis();
    struct arena arena;
    arena_init(&arena, 1 << 20);
    struct redis_value value;
    assert_int_equal(redis_run(redis, &arena, REDIS_ARGS(redis_text("PING")), &value), RC_OK);
    assert_int_equal(
        redis_run(other, &arena,
                  REDIS_ARGS(redis_text("CLIENT"), redis_text("KILL"), redis_text("SKIPME"),
                             redis_text("yes"), redis_text("TYPE"), redis_text("normal")),
                  &value),
        RC_OK);
    assert_int_equal(redis_run(redis, &arena, REDIS_ARGS(redis_text("PING")), &value), RC_OK);
    assert_string_equal(value.text, "PONG");
    arena_release(&arena);
    redis_close(&other);
    redis_close(&redis);
}

static void no_server_is_no_end(void **state)
{
    (void)state;
    struct redis *redis = NULL;
    assert_int_equal(redis_open("/nonexistent/socket", &redis), RC_OK);
    assert_int_equal(redis_run(redis, NULL, REDIS_ARGS(redis_text("PING")), NULL), RC_UNAVAILABLE);
    assert_int_equal(redis_run(redis, NULL, REDIS_ARGS(redis_text("PING")), NULL), RC_UNAVAILABLE);
    assert_string_not_equal(redis_error(redis), "");
    redis_close(&redis);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(commands_and_replies),
        cmocka_unit_test(a_closed_connection_is_replaced),
        cmocka_unit_test(no_server_is_no_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
