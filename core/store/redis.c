#include "core/store/redis.h"

#include <assert.h>
#include <errno.h>
#include <hiredis.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include "core/base/clock.h"
#include "core/base/text.h"

#define PAUSE_FIRST_MS 50
#define PAUSE_MAX_MS 2000
#define WAIT_MAX_MS 60000
#define ERROR_TEXT_MAX 160

struct redis {
    char *socket;
    redisContext *context; /* NULL: not connected */
    int64_t pause_ms;
    int64_t retry_at_ms;
    size_t pipelined;
    bool up;
    char error[ERROR_TEXT_MAX];
};

/* hiredis writes with write(2): a closed socket would end the program. */
static pthread_once_t pipe_once = PTHREAD_ONCE_INIT;

static void ignore_broken_pipes(void)
{
    (void)signal(SIGPIPE, SIG_IGN);
}

static void reply_free(redisReply **reply)
{
    if (*reply != NULL) {
        freeReplyObject(*reply);
    }
}

struct redis_arg redis_text(const char *text)
{
    assert(text != NULL);
    return (struct redis_arg){.bytes = text, .len = strlen(text)};
}

struct redis_arg redis_bytes(const void *bytes, size_t len)
{
    assert(bytes != NULL || len == 0);
    return (struct redis_arg){.bytes = bytes, .len = len};
}

struct redis_arg redis_number(struct arena *arena, int64_t number)
{
    const char *text = arena_printf(arena, "%lld", (long long)number);
    return redis_text(text == NULL ? "0" : text);
}

static struct timeval timeval_of(int64_t ms)
{
    return (struct timeval){.tv_sec = ms / 1000, .tv_usec = (ms % 1000) * 1000};
}

static void disconnect(struct redis *redis)
{
    if (redis->context != NULL) {
        redisFree(redis->context);
        redis->context = NULL;
    }
    redis->up = false;
    redis->pipelined = 0;
}

/* A dead context is never used again; the next call may open a new one after a pause. */
static enum rc lost(struct redis *redis, const char *why)
{
    text_copy(redis->error, sizeof(redis->error), why);
    disconnect(redis);
    redis->retry_at_ms = clock_monotonic_ms() + redis->pause_ms;
    redis->pause_ms = redis->pause_ms * 2 > PAUSE_MAX_MS ? PAUSE_MAX_MS : redis->pause_ms * 2;
    return RC_UNAVAILABLE;
}

static enum rc ready(struct redis *redis)
{
    if (redis->context != NULL) {
        return RC_OK;
    }
    if (clock_monotonic_ms() < redis->retry_at_ms) {
        return RC_UNAVAILABLE;
    }
    redisContext *context =
        redisConnectUnixWithTimeout(redis->socket, timeval_of(REDIS_TIMEOUT_MS));
    if (context == NULL) {
        return RC_MEMORY;
    }
    redis->context = context;
    if (context->err != 0) {
        return lost(redis, context->errstr);
    }
    if (redisSetTimeout(context, timeval_of(REDIS_TIMEOUT_MS)) != REDIS_OK) {
        return lost(redis, "no time-out could be set");
    }
    return RC_OK;
}

enum rc redis_open(const char *socket, struct redis **ret_redis)
{
    assert(socket != NULL && ret_redis != NULL);
    (void)pthread_once(&pipe_once, ignore_broken_pipes);
    struct redis *redis = calloc(1, sizeof(*redis));
    if (redis == NULL) {
        return RC_MEMORY;
    }
    redis->pause_ms = PAUSE_FIRST_MS;
    redis->socket = strdup(socket);
    if (redis->socket == NULL) {
        free(redis);
        return RC_MEMORY;
    }
    *ret_redis = redis;
    return RC_OK;
}

void redis_close(struct redis **redis)
{
    assert(redis != NULL);
    if (*redis != NULL) {
        disconnect(*redis);
        free((*redis)->socket);
        free(*redis);
        *redis = NULL;
    }
}

bool redis_is_up(const struct redis *redis)
{
    return redis->up;
}

const char *redis_error(const struct redis *redis)
{
    return redis->error;
}

struct bounds {
    size_t bytes_left;
    size_t items_left;
};

static enum rc copy_text(const redisReply *reply, struct arena *arena, struct bounds *bounds,
                         enum redis_kind kind, struct redis_value *out)
{
    size_t len = (size_t)reply->len;
    if (len > bounds->bytes_left) {
        return RC_TOO_LARGE;
    }
    bounds->bytes_left -= len;
    const char *text = arena_copy(arena, reply->str, len);
    if (text == NULL) {
        return RC_MEMORY;
    }
    *out = (struct redis_value){.kind = kind, .text = text, .len = len};
    return RC_OK;
}

/* Recursion is bounded by REDIS_REPLY_DEPTH_MAX (hiredis itself stops at 7). */
static enum rc copy_reply(const redisReply *reply, struct arena *arena, int depth,
                          struct bounds *bounds, struct redis_value *out)
{
    if (depth > REDIS_REPLY_DEPTH_MAX || bounds->items_left == 0) {
        return RC_TOO_LARGE;
    }
    bounds->items_left--;
    switch (reply->type) {
    case REDIS_REPLY_NIL:
        *out = (struct redis_value){.kind = REDIS_NIL};
        return RC_OK;
    case REDIS_REPLY_INTEGER:
        *out = (struct redis_value){.kind = REDIS_INT, .number = reply->integer};
        return RC_OK;
    case REDIS_REPLY_STRING:
    case REDIS_REPLY_STATUS:
        return copy_text(reply, arena, bounds, REDIS_TEXT, out);
    case REDIS_REPLY_ERROR:
        return copy_text(reply, arena, bounds, REDIS_ERROR, out);
    case REDIS_REPLY_ARRAY: {
        if (reply->elements > bounds->items_left) {
            return RC_TOO_LARGE;
        }
        struct redis_value *items = arena_take_array(arena, reply->elements, sizeof(*items));
        if (items == NULL) {
            return RC_MEMORY;
        }
        for (size_t i = 0; i < reply->elements; i++) {
            TRY(copy_reply(reply->element[i], arena, depth + 1, bounds, &items[i]));
        }
        *out = (struct redis_value){.kind = REDIS_LIST, .items = items, .count = reply->elements};
        return RC_OK;
    }
    default:
        return RC_PROTOCOL;
    }
}

static void split_args(const struct redis_arg *args, size_t args_count, const char **bytes,
                       size_t *lens)
{
    assert(args_count > 0 && args_count <= REDIS_ARGS_MAX);
    for (size_t i = 0; i < args_count; i++) {
        bytes[i] = args[i].bytes;
        lens[i] = args[i].len;
    }
}

static enum rc run(struct redis *redis, struct arena *arena, const struct redis_arg *args,
                   size_t args_count, struct redis_value *ret_value)
{
    assert(redis->pipelined == 0);
    const char *bytes[REDIS_ARGS_MAX];
    size_t lens[REDIS_ARGS_MAX];
    split_args(args, args_count, bytes, lens);
    CLEANUP(reply_free)
    redisReply *reply = redisCommandArgv(redis->context, (int)args_count, bytes, lens);
    if (reply == NULL) {
        return RC_UNAVAILABLE;
    }
    redis->up = true;
    redis->pause_ms = PAUSE_FIRST_MS;
    if (reply->type == REDIS_REPLY_ERROR) {
        text_copy(redis->error, sizeof(redis->error), reply->str);
        return RC_REFUSED;
    }
    if (ret_value == NULL) {
        return RC_OK;
    }
    struct bounds bounds = {REDIS_REPLY_BYTES_MAX, REDIS_REPLY_ITEMS_MAX};
    struct redis_value value;
    TRY(copy_reply(reply, arena, 0, &bounds, &value));
    *ret_value = value;
    return RC_OK;
}

/* True if the other side had closed the connection while it was idle; asked right after the failed
 * call. */
static bool was_closed(const struct redis *redis)
{
    int error = errno;
    return redis->context->err == REDIS_ERR_EOF ||
           (redis->context->err == REDIS_ERR_IO && (error == EPIPE || error == ECONNRESET));
}

enum rc redis_run(struct redis *redis, struct arena *arena, const struct redis_arg *args,
                  size_t args_count, struct redis_value *ret_value)
{
    assert(redis != NULL && args != NULL && (arena != NULL || ret_value == NULL));
    bool was_connected = redis->context != NULL;
    TRY(ready(redis));
    enum rc rc = run(redis, arena, args, args_count, ret_value);
    if (rc != RC_UNAVAILABLE) {
        return rc;
    }
    bool closed = was_closed(redis);
    (void)lost(redis, redis->context->errstr);
    if (was_connected && closed) {
        /* Redis was restarted while we were idle; commands here are repeatable hints, so try once
         * more. */
        redis->retry_at_ms = 0;
        TRY(ready(redis));
        rc = run(redis, arena, args, args_count, ret_value);
        return rc == RC_UNAVAILABLE ? lost(redis, redis->context->errstr) : rc;
    }
    return RC_UNAVAILABLE;
}

static enum rc run_many(struct redis *redis, struct arena *arena,
                        const struct redis_command *commands, size_t commands_count,
                        struct redis_value *values)
{
    const char *bytes[REDIS_ARGS_MAX];
    size_t lens[REDIS_ARGS_MAX];
    for (size_t i = 0; i < commands_count; i++) {
        split_args(commands[i].args, commands[i].args_count, bytes, lens);
        if (redisAppendCommandArgv(redis->context, (int)commands[i].args_count, bytes, lens) !=
            REDIS_OK) {
            return RC_UNAVAILABLE;
        }
    }
    struct bounds bounds = {REDIS_REPLY_BYTES_MAX, REDIS_REPLY_ITEMS_MAX};
    enum rc first = RC_OK;
    for (size_t i = 0; i < commands_count; i++) {
        void *taken = NULL;
        if (redisGetReply(redis->context, &taken) != REDIS_OK) {
            return RC_UNAVAILABLE;
        }
        CLEANUP(reply_free) redisReply *reply = taken;
        enum rc rc = copy_reply(reply, arena, 0, &bounds, &values[i]);
        first = first == RC_OK ? rc : first;
    }
    return first;
}

enum rc redis_run_many(struct redis *redis, struct arena *arena,
                       const struct redis_command *commands, size_t commands_count,
                       struct redis_value *ret_values)
{
    assert(redis != NULL && arena != NULL && commands != NULL && ret_values != NULL);
    assert(commands_count > 0 && commands_count <= REDIS_MANY_MAX && redis->pipelined == 0);
    for (int tries = 0; tries < 2; tries++) {
        bool was_connected = redis->context != NULL;
        TRY(ready(redis));
        struct redis_value values[REDIS_MANY_MAX];
        enum rc rc = run_many(redis, arena, commands, commands_count, values);
        if (rc != RC_UNAVAILABLE) {
            redis->up = true;
            redis->pause_ms = PAUSE_FIRST_MS;
            if (rc == RC_OK) {
                memcpy(ret_values, values, commands_count * sizeof(values[0]));
            }
            return rc;
        }
        bool again = was_connected && was_closed(redis);
        (void)lost(redis, redis->context->errstr);
        if (!again) {
            break;
        }
        redis->retry_at_ms = 0;
    }
    return RC_UNAVAILABLE;
}

enum rc redis_ping(struct redis *redis)
{
    return redis_run(redis, NULL, REDIS_ARGS(redis_text("PING")), NULL);
}

enum rc redis_wait(struct redis *redis, struct arena *arena, int64_t wait_ms,
                   const struct redis_arg *args, size_t args_count, struct redis_value *ret_value)
{
    assert(redis != NULL && args != NULL && arena != NULL);
    assert(wait_ms >= 0 && wait_ms <= WAIT_MAX_MS);
    TRY(ready(redis));
    if (redisSetTimeout(redis->context, timeval_of(wait_ms + REDIS_TIMEOUT_MS)) != REDIS_OK) {
        return lost(redis, "no time-out could be set");
    }
    enum rc rc = run(redis, arena, args, args_count, ret_value);
    if (rc == RC_UNAVAILABLE) {
        bool timed_out = redis->context->err == REDIS_ERR_IO;
        (void)lost(redis, redis->context->errstr);
        return timed_out ? RC_TIMEOUT : RC_UNAVAILABLE;
    }
    if (redisSetTimeout(redis->context, timeval_of(REDIS_TIMEOUT_MS)) != REDIS_OK) {
        (void)lost(redis, "no time-out could be set");
    }
    return rc;
}

enum rc redis_append(struct redis *redis, const struct redis_arg *args, size_t args_count)
{
    assert(redis != NULL && args != NULL);
    if (redis->pipelined >= REDIS_PIPELINE_MAX) {
        return RC_FULL;
    }
    TRY(ready(redis));
    const char *bytes[REDIS_ARGS_MAX];
    size_t lens[REDIS_ARGS_MAX];
    split_args(args, args_count, bytes, lens);
    if (redisAppendCommandArgv(redis->context, (int)args_count, bytes, lens) != REDIS_OK) {
        return lost(redis, redis->context->errstr);
    }
    redis->pipelined++;
    return RC_OK;
}

enum rc redis_flush(struct redis *redis, size_t *ret_errors)
{
    assert(redis != NULL && ret_errors != NULL);
    if (redis->context == NULL) {
        return RC_UNAVAILABLE;
    }
    size_t errors = 0;
    for (size_t i = 0; i < redis->pipelined; i++) {
        CLEANUP(reply_free) redisReply *reply = NULL;
        void *taken = NULL;
        if (redisGetReply(redis->context, &taken) != REDIS_OK) {
            return lost(redis, redis->context->errstr);
        }
        reply = taken;
        if (reply->type == REDIS_REPLY_ERROR) {
            text_copy(redis->error, sizeof(redis->error), reply->str);
            errors++;
        }
    }
    redis->pipelined = 0;
    redis->up = true;
    redis->pause_ms = PAUSE_FIRST_MS;
    *ret_errors = errors;
    return RC_OK;
}
