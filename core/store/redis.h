/*
 * One connection to Redis over its Unix socket (hiredis). Redis carries hints, the session cache
 * and the readings queue: it may vanish at any time and nothing but comfort is lost, so every
 * caller knows what to do after RC_UNAVAILABLE.
 *
 * - A struct redis belongs to one thread. After any error the connection is closed, never reused; a
 * later call opens a new one, not sooner than a pause that grows from 50 ms to 2 s.
 * - A call waits at most REDIS_TIMEOUT_MS (redis_wait: its own time).
 * - redis_open makes the process ignore SIGPIPE.
 * - Arguments are binary safe. Replies are copied into the arena and bounded.
 */
#ifndef PW_STORE_REDIS_H
#define PW_STORE_REDIS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/rc.h"

#define REDIS_TIMEOUT_MS 200
#define REDIS_MANY_MAX 16
#define REDIS_ARGS_MAX 256
#define REDIS_PIPELINE_MAX 4096       /* commands sent before their replies are taken */
#define REDIS_REPLY_BYTES_MAX 4194304 /* all texts of one reply */
#define REDIS_REPLY_ITEMS_MAX 20000   /* all elements of one reply */
#define REDIS_REPLY_DEPTH_MAX 6

struct redis;

struct redis_arg {
    const char *bytes;
    size_t len;
};

enum redis_kind { REDIS_NIL, REDIS_INT, REDIS_TEXT, REDIS_LIST, REDIS_ERROR };

struct redis_value {
    enum redis_kind kind;
    int64_t number;   /* REDIS_INT */
    const char *text; /* REDIS_TEXT, REDIS_ERROR: NUL terminated, in the arena */
    size_t len;
    const struct redis_value *items; /* REDIS_LIST */
    size_t count;
};

/* Argument lists: redis_run(redis, &arena, REDIS_ARGS(redis_text("GET"), redis_bytes(key, len)),
 * &value) */
#define REDIS_ARGS(...)                                                                            \
    (const struct redis_arg[]){__VA_ARGS__},                                                       \
        (sizeof((const struct redis_arg[]){__VA_ARGS__}) / sizeof(struct redis_arg))

/* Words of a command; the bytes are borrowed until the call returns. */
struct redis_arg redis_text(const char *text);
struct redis_arg redis_bytes(const void *bytes, size_t len);
/* The number as text, kept in the arena; "0" when the arena is full. */
struct redis_arg redis_number(struct arena *arena, int64_t number);

/* RC_OK when Redis answers now. */
enum rc redis_ping(struct redis *redis) MUST_CHECK;
/* Makes a connection object; copies the path. Redis need not be there yet: the first call connects.
 * RC_MEMORY. */
enum rc redis_open(const char *socket, struct redis **ret_redis) MUST_CHECK;
/* Closes and frees; accepts a pointer to NULL. Usable with CLEANUP. */
void redis_close(struct redis **redis);
/* True while the last call found Redis there. */
bool redis_is_up(const struct redis *redis);
/* Why the last call failed, "" if none did. */
const char *redis_error(const struct redis *redis);

/* Runs one command. An error reply is RC_REFUSED (text in redis_error); RC_UNAVAILABLE;
   RC_TOO_LARGE and RC_PROTOCOL for a reply past the bounds. ret_value may be NULL when only success
   matters. */
enum rc redis_run(struct redis *redis, struct arena *arena, const struct redis_arg *args,
                  size_t args_count, struct redis_value *ret_value) MUST_CHECK;
/* One command of redis_run_many. */
struct redis_command {
    const struct redis_arg *args;
    size_t args_count;
};
/* Runs several commands in one round trip. ret_values has one place each; an error reply stands
   there as REDIS_ERROR and is no failure of the call. */
enum rc redis_run_many(struct redis *redis, struct arena *arena,
                       const struct redis_command *commands, size_t commands_count,
                       struct redis_value *ret_values) MUST_CHECK;
/* As redis_run for a command that blocks (XREAD BLOCK, BLPOP): waits at most wait_ms (0 .. 60000)
   and a little. RC_TIMEOUT when nothing came: the connection is then closed and the next call opens
   another. */
enum rc redis_wait(struct redis *redis, struct arena *arena, int64_t wait_ms,
                   const struct redis_arg *args, size_t args_count,
                   struct redis_value *ret_value) MUST_CHECK;
/* Adds a command to the pipeline; nothing is sent until redis_flush. RC_FULL past
 * REDIS_PIPELINE_MAX. */
enum rc redis_append(struct redis *redis, const struct redis_arg *args,
                     size_t args_count) MUST_CHECK;
/* Sends the pipeline and takes all replies; *ret_errors counts error replies. RC_UNAVAILABLE: some
 * may have run. */
enum rc redis_flush(struct redis *redis, size_t *ret_errors) MUST_CHECK;

#endif
