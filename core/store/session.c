#include "core/store/session.h"

#include <assert.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/crypto.h"
#include "core/base/json.h"
#include "core/base/text.h"

#define VALUE_BYTES_MAX 2000
#define SECRET_LIFE_S 600

static const char *const stage_names[] = {"full", "change_password", "enrol_totp"};

const char *session_stage_name(enum session_stage stage)
{
    assert((size_t)stage < ARRAY_LEN(stage_names));
    return stage_names[stage];
}

bool session_token_is_plausible(const char *token)
{
    size_t len = strspn(token, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");
    return len == SESSION_TOKEN_TEXT_BYTES - 1 && token[len] == '\0';
}

char *session_key(const char *token, char key[SESSION_KEY_TEXT_BYTES])
{
    uint8_t hash[CRYPTO_HASH_BYTES];
    crypto_sha256(token, strlen(token), hash);
    return crypto_hex(hash, sizeof(hash), key);
}

char *session_csrf(const char *token, char text[SESSION_CSRF_TEXT_BYTES])
{
    static const char purpose[] = "paywatt csrf 1";
    uint8_t mac[CRYPTO_HASH_BYTES];
    crypto_hmac_sha256(token, strlen(token), purpose, sizeof(purpose) - 1, mac);
    return crypto_base64url(mac, sizeof(mac), text);
}

static const char *redis_key(struct arena *arena, const char *kind, const char *token)
{
    char key[SESSION_KEY_TEXT_BYTES];
    return arena_printf(arena, "pw:%s:%s", kind, session_key(token, key));
}

static enum rc write_value(const struct session *session, struct text *out)
{
    text_printf(out,
                "{\"user\":%lld,\"role\":\"%s\",\"stage\":%d,\"epoch\":%lld,\"from\":%lld,"
                "\"to\":%lld,\"locale\":",
                (long long)session->user_id, role_code(session->role), (int)session->stage,
                (long long)session->epoch, (long long)session->created_at_ms,
                (long long)session->expires_at_ms);
    text_add_json_string(out, session->locale, strlen(session->locale));
    text_add_string(out, ",\"name\":");
    text_add_json_string(out, session->name, strlen(session->name));
    text_add_string(out, ",\"display_name\":");
    text_add_json_string(out, session->display_name, strlen(session->display_name));
    text_add_string(out, "}");
    return text_result(out);
}

static enum rc read_value(const char *bytes, size_t len, struct arena *arena, struct session *out)
{
    CLEANUP(json_release) struct json_object *json = NULL;
    TRY(json_parse(bytes, len, 2, &json));
    int64_t stage = 0;
    const char *role = NULL;
    const char *locale = NULL;
    const char *name = NULL;
    const char *display_name = NULL;
    TRY(json_get_int(json, "user", 1, INT64_MAX, &out->user_id));
    TRY(json_get_int(json, "stage", 0, SESSION_STAGE_ENROL_TOTP, &stage));
    TRY(json_get_int(json, "epoch", 0, INT64_MAX, &out->epoch));
    TRY(json_get_int(json, "from", 0, INT64_MAX, &out->created_at_ms));
    TRY(json_get_int(json, "to", 0, INT64_MAX, &out->expires_at_ms));
    TRY(json_get_text(json, "role", 1, 32, &role));
    TRY(json_get_text(json, "locale", 1, 16, &locale));
    TRY(json_get_text(json, "name", 1, 400, &name));
    TRY(json_get_text(json, "display_name", 0, 400, &display_name));
    TRY(role_find_any(role, &out->role));
    out->stage = (enum session_stage)stage;
    out->locale = arena_copy_string(arena, locale);
    out->name = arena_copy_string(arena, name);
    out->display_name = arena_copy_string(arena, display_name);
    return out->locale == NULL || out->name == NULL || out->display_name == NULL ? RC_MEMORY
                                                                                 : RC_OK;
}

enum rc session_open(struct redis *redis, struct arena *arena, const struct session *session,
                     int64_t idle_s, char ret_token[SESSION_TOKEN_TEXT_BYTES])
{
    assert(redis != NULL && arena != NULL && session != NULL && idle_s > 0);
    uint8_t secret[SESSION_TOKEN_BYTES];
    TRY(crypto_random(secret, sizeof(secret)));
    char token[SESSION_TOKEN_TEXT_BYTES];
    (void)crypto_base64url(secret, sizeof(secret), token);
    const char *key = redis_key(arena, "session", token);
    CLEANUP(text_release) struct text value;
    text_init(&value, VALUE_BYTES_MAX);
    TRY(write_value(session, &value));
    if (key == NULL) {
        return RC_MEMORY;
    }
    TRY(redis_run(redis, arena,
                  REDIS_ARGS(redis_text("SET"), redis_text(key),
                             redis_bytes(value.bytes, value.len), redis_text("EX"),
                             redis_number(arena, idle_s)),
                  NULL));
    memcpy(ret_token, token, sizeof(token));
    return RC_OK;
}

enum rc session_update(struct redis *redis, struct arena *arena, const char *token,
                       const struct session *session, int64_t idle_s)
{
    assert(redis != NULL && arena != NULL && token != NULL && session != NULL && idle_s > 0);
    const char *key = redis_key(arena, "session", token);
    CLEANUP(text_release) struct text value;
    text_init(&value, VALUE_BYTES_MAX);
    TRY(write_value(session, &value));
    if (key == NULL) {
        return RC_MEMORY;
    }
    struct redis_value answer;
    TRY(redis_run(redis, arena,
                  REDIS_ARGS(redis_text("SET"), redis_text(key),
                             redis_bytes(value.bytes, value.len), redis_text("EX"),
                             redis_number(arena, idle_s), redis_text("XX")),
                  &answer));
    return answer.kind == REDIS_TEXT ? RC_OK : RC_NOT_FOUND;
}

enum rc session_touch(struct redis *redis, struct arena *arena, const char *token, int64_t idle_s,
                      struct session_rate *rate, struct session *ret_session)
{
    assert(redis != NULL && arena != NULL && token != NULL && rate != NULL && ret_session != NULL);
    const char *key = redis_key(arena, "session", token);
    const char *rate_key = arena_printf(arena, "pw:rate:%s", rate->key);
    if (key == NULL || rate_key == NULL) {
        return RC_MEMORY;
    }
    const struct redis_arg get[] = {redis_text("GETEX"), redis_text(key), redis_text("EX"),
                                    redis_number(arena, idle_s)};
    const struct redis_arg raise[] = {redis_text("INCR"), redis_text(rate_key)};
    const struct redis_arg limit[] = {redis_text("EXPIRE"), redis_text(rate_key),
                                      redis_number(arena, rate->window_s), redis_text("NX")};
    const struct redis_command commands[] = {
        {get, ARRAY_LEN(get)}, {raise, ARRAY_LEN(raise)}, {limit, ARRAY_LEN(limit)}};
    struct redis_value values[ARRAY_LEN(commands)];
    bool counts = rate->key[0] != '\0';
    TRY(redis_run_many(redis, arena, commands, counts ? 3 : 1, values));
    if (counts && values[1].kind == REDIS_INT) {
        rate->count = values[1].number;
    }
    if (values[0].kind == REDIS_ERROR) {
        return RC_UNAVAILABLE;
    }
    if (values[0].kind != REDIS_TEXT) {
        return RC_UNAUTHENTICATED;
    }
    struct session session = {0};
    if (read_value(values[0].text, values[0].len, arena, &session) != RC_OK ||
        clock_now_ms() >= session.expires_at_ms) {
        return RC_UNAUTHENTICATED;
    }
    *ret_session = session;
    return RC_OK;
}

enum rc session_rate_raise(struct redis *redis, struct arena *arena, struct session_rate *rate)
{
    assert(redis != NULL && arena != NULL && rate != NULL && rate->key[0] != '\0');
    const char *rate_key = arena_printf(arena, "pw:rate:%s", rate->key);
    if (rate_key == NULL) {
        return RC_MEMORY;
    }
    const struct redis_arg raise[] = {redis_text("INCR"), redis_text(rate_key)};
    const struct redis_arg limit[] = {redis_text("EXPIRE"), redis_text(rate_key),
                                      redis_number(arena, rate->window_s), redis_text("NX")};
    const struct redis_command commands[] = {{raise, ARRAY_LEN(raise)}, {limit, ARRAY_LEN(limit)}};
    struct redis_value values[ARRAY_LEN(commands)];
    TRY(redis_run_many(redis, arena, commands, ARRAY_LEN(commands), values));
    if (values[0].kind != REDIS_INT) {
        return RC_UNAVAILABLE;
    }
    rate->count = values[0].number;
    return RC_OK;
}

enum rc session_close(struct redis *redis, const char *token)
{
    assert(redis != NULL && token != NULL);
    CLEANUP(arena_release) struct arena arena;
    arena_init(&arena, 65536);
    const char *key = redis_key(&arena, "session", token);
    const char *secret = redis_key(&arena, "enrol", token);
    if (key == NULL || secret == NULL) {
        return RC_MEMORY;
    }
    return redis_run(redis, &arena,
                     REDIS_ARGS(redis_text("DEL"), redis_text(key), redis_text(secret)), NULL);
}

enum rc session_keep_secret(struct redis *redis, struct arena *arena, const char *token,
                            const void *sealed, size_t len)
{
    assert(redis != NULL && arena != NULL && token != NULL && sealed != NULL);
    const char *key = redis_key(arena, "enrol", token);
    if (key == NULL) {
        return RC_MEMORY;
    }
    return redis_run(redis, arena,
                     REDIS_ARGS(redis_text("SET"), redis_text(key), redis_bytes(sealed, len),
                                redis_text("EX"), redis_number(arena, SECRET_LIFE_S)),
                     NULL);
}

enum rc session_find_secret(struct redis *redis, struct arena *arena, const char *token,
                            const uint8_t **ret_sealed, size_t *ret_len)
{
    assert(redis != NULL && arena != NULL && token != NULL);
    const char *key = redis_key(arena, "enrol", token);
    if (key == NULL) {
        return RC_MEMORY;
    }
    struct redis_value value;
    TRY(redis_run(redis, arena, REDIS_ARGS(redis_text("GET"), redis_text(key)), &value));
    if (value.kind != REDIS_TEXT) {
        return RC_NOT_FOUND;
    }
    *ret_sealed = (const uint8_t *)value.text;
    *ret_len = value.len;
    return RC_OK;
}
