/*
 * Sessions: who holds a cookie. Kept in Redis alone (losing it logs people out, nothing else),
 * under the SHA-256 of the token, so that a copy of Redis opens no session.
 *
 * A session ends after idle_s without a request (the key's time to live, renewed by each
 * session_touch), at its absolute end, or when the user's session_epoch in MariaDB moves on
 * (checked by the dispatcher).
 */
#ifndef PW_STORE_SESSION_H
#define PW_STORE_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/rc.h"
#include "core/rules/permission.h"
#include "core/store/redis.h"

#define SESSION_TOKEN_BYTES 32
#define SESSION_TOKEN_TEXT_BYTES 44 /* base64url of the token, with NUL */
#define SESSION_CSRF_TEXT_BYTES 44
#define SESSION_KEY_TEXT_BYTES 65 /* hex SHA-256 of the token's text, with NUL */

enum session_stage {
    SESSION_STAGE_FULL,
    SESSION_STAGE_CHANGE_PASSWORD, /* first: a password somebody else chose */
    SESSION_STAGE_ENROL_TOTP       /* then: no second factor yet */
};

struct session {
    int64_t user_id;
    const char *name;         /* borrowed from the arena of session_touch */
    const char *display_name; /* the same */
    const char *locale;       /* "zh-CN" or "en" */
    enum role role;
    enum session_stage stage;
    int64_t epoch;
    int64_t created_at_ms;
    int64_t expires_at_ms; /* absolute end */
};

/* "full", "change_password", "enrol_totp". Never NULL. */
const char *session_stage_name(enum session_stage stage);
/* True for 43 characters of base64url: what session_open makes. */
bool session_token_is_plausible(const char *token);
/* The key of a token: hex SHA-256. Returns key. */
char *session_key(const char *token, char key[SESSION_KEY_TEXT_BYTES]);
/* The CSRF token of a session: HMAC-SHA-256 keyed by the session's own token. Returns text. */
char *session_csrf(const char *token, char text[SESSION_CSRF_TEXT_BYTES]);

/* Makes a new token and stores the session. RC_UNAVAILABLE without Redis. */
enum rc session_open(struct redis *redis, struct arena *arena, const struct session *session,
                     int64_t idle_s, char ret_token[SESSION_TOKEN_TEXT_BYTES]) MUST_CHECK;

/* A rate counter that is raised in the same round trip; key "" for none. */
struct session_rate {
    const char *key;  /* "r:<route>:<who>:<minute>" */
    int64_t count;    /* out: how often within the window; 0 when it could not be counted */
    int64_t window_s; /* the counter's life */
};

/* Reads a session and renews its idle time, in one round trip together with the rate counter.
   RC_UNAUTHENTICATED when there is none or its absolute end has passed; RC_UNAVAILABLE. */
enum rc session_touch(struct redis *redis, struct arena *arena, const char *token, int64_t idle_s,
                      struct session_rate *rate, struct session *ret_session) MUST_CHECK;
/* Raises a counter alone (public routes). RC_UNAVAILABLE. */
enum rc session_rate_raise(struct redis *redis, struct arena *arena,
                           struct session_rate *rate) MUST_CHECK;
/* Stores the session again under the same token (its language changed). RC_NOT_FOUND when it is
 * over. */
enum rc session_update(struct redis *redis, struct arena *arena, const char *token,
                       const struct session *session, int64_t idle_s) MUST_CHECK;
/* Ends a session. RC_OK also when there was none. */
enum rc session_close(struct redis *redis, const char *token) MUST_CHECK;

/* A short secret that belongs to a session (a seed that is being enrolled); ends by itself after 10
 * minutes. */
enum rc session_keep_secret(struct redis *redis, struct arena *arena, const char *token,
                            const void *sealed, size_t len) MUST_CHECK;
/* RC_NOT_FOUND when it is over. *ret_sealed lives in the arena. */
enum rc session_find_secret(struct redis *redis, struct arena *arena, const char *token,
                            const uint8_t **ret_sealed, size_t *ret_len) MUST_CHECK;

#endif
