#include "core/store/wake.h"

#include <assert.h>
#include <stdio.h>

#include "core/base/arena.h"

#define KEY_MAX 32
#define PAY_KEY "pw:wake:jobs:pay"
#define ARENA_MAX_BYTES 65536

static void key_of_shard(char key[KEY_MAX], int32_t shard)
{
    assert(shard >= 0 && shard <= 999);
    (void)snprintf(key, KEY_MAX, "pw:wake:poller:%d", (int)shard);
}

static struct redis_arg number(char text[24], long long value)
{
    (void)snprintf(text, 24, "%lld", value);
    return redis_text(text);
}

static enum rc push(struct redis *redis, const char *key)
{
    assert(redis != NULL);
    char last[24];
    size_t errors = 0;
    TRY(redis_append(redis, REDIS_ARGS(redis_text("RPUSH"), redis_text(key), redis_text("1"))));
    TRY(redis_append(redis, REDIS_ARGS(redis_text("LTRIM"), redis_text(key),
                                       number(last, -WAKE_LIST_MAX), redis_text("-1"))));
    TRY(redis_flush(redis, &errors));
    return errors == 0 ? RC_OK : RC_UNAVAILABLE;
}

static enum rc wait_for(struct redis *redis, const char *key, int64_t wait_ms)
{
    assert(redis != NULL);
    assert(wait_ms >= 10 && wait_ms <= WAKE_WAIT_MAX_MS);
    char seconds[24];
    /* BLPOP takes seconds with a fraction; the server ends the wait, so the connection stays good.
     */
    (void)snprintf(seconds, sizeof(seconds), "%lld.%03lld", (long long)(wait_ms / 1000),
                   (long long)(wait_ms % 1000));
    struct arena arena CLEANUP(arena_release);
    arena_init(&arena, ARENA_MAX_BYTES);
    struct redis_value value = {0};
    TRY(redis_wait(redis, &arena, wait_ms,
                   REDIS_ARGS(redis_text("BLPOP"), redis_text(key), redis_text(seconds)), &value));
    if (value.kind != REDIS_LIST) {
        return RC_TIMEOUT;
    }
    /* One look at MariaDB serves every hint that is there by now. */
    return redis_run(redis, &arena, REDIS_ARGS(redis_text("DEL"), redis_text(key)), NULL);
}

enum rc wake_poller(struct redis *redis, int32_t shard)
{
    char key[KEY_MAX];
    key_of_shard(key, shard);
    return push(redis, key);
}

enum rc wake_wait(struct redis *redis, int32_t shard, int64_t wait_ms)
{
    char key[KEY_MAX];
    key_of_shard(key, shard);
    return wait_for(redis, key, wait_ms);
}

enum rc wake_pay(struct redis *redis)
{
    return push(redis, PAY_KEY);
}

enum rc wake_wait_pay(struct redis *redis, int64_t wait_ms)
{
    return wait_for(redis, PAY_KEY, wait_ms);
}
