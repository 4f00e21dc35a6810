#include "cgi/guard.h"

#include <assert.h>
#include <stdatomic.h>
#include <string.h>

#include "cgi/counters.h"
#include "cgi/query.h"
#include "cgi/route.h"
#include "core/base/clock.h"
#include "core/store/tenant_user.h"
#include "core/store/user.h"

#define RATE_WINDOW_S 60
#define LOCAL_RATES 256

/* Without Redis each worker counts for itself: coarser, never off. */
struct local_rate {
    uint64_t key;
    int64_t minute;
    int64_t count;
};

static struct local_rate local_rates[LOCAL_RATES];

static int64_t local_count(const char *key, int64_t minute)
{
    uint64_t hash = UINT64_C(1469598103934665603);
    for (const char *at = key; *at != '\0'; at++) {
        hash = (hash ^ (unsigned char)*at) * UINT64_C(1099511628211);
    }
    struct local_rate *rate = &local_rates[hash % LOCAL_RATES];
    if (rate->key != hash || rate->minute != minute) {
        *rate = (struct local_rate){.key = hash, .minute = minute};
    }
    return ++rate->count;
}

/* "" when the route has no limit. RC_MEMORY. */
static enum rc rate_key(struct request *request, const char *token, const char **ret_key)
{
    const struct route *route = request->route;
    if (route->rate_per_minute == 0) {
        *ret_key = "";
        return RC_OK;
    }
    char key[SESSION_KEY_TEXT_BYTES];
    bool by_ip = (route->flags & RATE_BY_IP) != 0 || token[0] == '\0';
    const char *who = by_ip ? request->ip : session_key(token, key);
    *ret_key = arena_printf(request->arena, "%s:%s:%.24s:%lld", method_name(route->method),
                            route->path, by_ip ? request->ip : who,
                            (long long)(clock_now_ms() / (RATE_WINDOW_S * 1000)));
    return *ret_key == NULL ? RC_MEMORY : RC_OK;
}

static enum rc check_rate(struct request *request, const struct session_rate *rate)
{
    if (rate->key[0] == '\0') {
        return RC_OK;
    }
    int64_t minute = clock_now_ms() / (RATE_WINDOW_S * 1000);
    int64_t count = rate->count > 0 ? rate->count : local_count(rate->key, minute);
    if (count <= request->route->rate_per_minute) {
        return RC_OK;
    }
    if (request->worker->counters != NULL) {
        atomic_fetch_add(&request->worker->counters->rate_limited, 1);
    }
    request_add_header(request, "Retry-After", "60");
    return request_refuse(request, RC_RATE_LIMITED, "rate_limited", "",
                          "too many requests of this kind within a minute; wait a little");
}

static enum rc public_rate(struct request *request)
{
    struct session_rate rate = {.window_s = RATE_WINDOW_S + 5};
    TRY(rate_key(request, "", &rate.key));
    if (rate.key[0] != '\0') {
        enum rc rc = session_rate_raise(request->redis, request->arena, &rate);
        if (rc != RC_OK && rc != RC_UNAVAILABLE && rc != RC_REFUSED) {
            return rc;
        }
    }
    return check_rate(request, &rate);
}

static bool is_tenant(const struct request *request)
{
    return request->route->role == ROUTE_TENANT;
}

static const char *cookie_name(const struct request *request)
{
    return is_tenant(request) ? GUARD_TENANT_COOKIE : GUARD_COOKIE;
}

int64_t guard_idle_s(const struct request *request)
{
    return config_int(request->config, is_tenant(request) ? CONFIG_security_tenant_session_idle_s
                                                          : CONFIG_security_session_idle_s);
}

int64_t guard_absolute_ms(const struct request *request)
{
    return 1000 * config_int(request->config, is_tenant(request)
                                                  ? CONFIG_security_tenant_session_absolute_s
                                                  : CONFIG_security_session_absolute_s);
}

static enum rc check_epoch(struct request *request)
{
    int64_t epoch = 0;
    int64_t id = request->session.user_id;
    enum rc rc = is_tenant(request) ? tenant_user_epoch(request->db, request->arena, id, &epoch)
                                    : user_session_epoch(request->db, request->arena, id, &epoch);
    if (rc == RC_UNAVAILABLE && (request->route->flags & DB_OPTIONAL) != 0) {
        return RC_OK;
    }
    if (rc == RC_NOT_FOUND || (rc == RC_OK && epoch != request->session.epoch)) {
        return request_refuse(request, RC_UNAUTHENTICATED, "unauthenticated", "",
                              "the session has ended; log in again");
    }
    return rc;
}

static enum rc check_stage(struct request *request)
{
    if (request->session.stage == SESSION_STAGE_FULL || (request->route->flags & STAGE_ANY) != 0) {
        return RC_OK;
    }
    if (request->session.stage == SESSION_STAGE_CHANGE_PASSWORD) {
        return request_refuse(request, RC_FORBIDDEN, "password_change_required", "",
                              "choose a password of your own first");
    }
    return request_refuse(request, RC_FORBIDDEN, "enrolment_required", "",
                          "enrol the second factor first");
}

static enum rc read_session(struct request *request)
{
    const char *token = NULL;
    TRY(cookie_find(request->arena, request->cookie, cookie_name(request), &token));
    if (!session_token_is_plausible(token)) {
        return request_refuse(request, RC_UNAUTHENTICATED, "unauthenticated", "",
                              "nobody is logged in");
    }
    struct session_rate rate = {.window_s = RATE_WINDOW_S + 5};
    TRY(rate_key(request, token, &rate.key));
    enum rc rc = session_touch(request->redis, request->arena, token, guard_idle_s(request), &rate,
                               &request->session);
    bool other = rc == RC_OK && (request->session.role == ROLE_TENANT) != is_tenant(request);
    if (rc == RC_UNAUTHENTICATED || other) {
        rc = RC_UNAUTHENTICATED;
        return request_refuse(request, rc, "unauthenticated", "",
                              "the session has ended; log in again");
    }
    TRY(rc);
    request->session_token = token;
    return check_rate(request, &rate);
}

enum rc guard_session(struct request *request)
{
    assert(request != NULL && request->route != NULL);
    if (request->route->permission == PERMISSION_PUBLIC) {
        if (is_tenant(request)) {
            request->actor =
                (struct actor){.kind = ACTOR_TENANT, .name = "", .role = "", .ip = request->ip};
        }
        return public_rate(request);
    }
    if (request->route->role != ROUTE_STAFF && request->route->role != ROUTE_TENANT) {
        return request_refuse(request, RC_UNAUTHENTICATED, "unauthenticated", "",
                              "nobody is logged in");
    }
    TRY(read_session(request));
    TRY(check_epoch(request));
    request->actor = (struct actor){.kind = is_tenant(request) ? ACTOR_TENANT : ACTOR_USER,
                                    .id = request->session.user_id,
                                    .name = request->session.name,
                                    .role = role_code(request->session.role),
                                    .ip = request->ip};
    TRY(check_stage(request));
    if (!permission_granted(request->session.role, request->route->permission)) {
        return request_refuse(request, RC_FORBIDDEN, "forbidden", "",
                              "your role does not hold this right");
    }
    return RC_OK;
}

bool guard_origin_is_ours(const char *origin, const char *host)
{
    static const char scheme[] = "https://";
    return host[0] != '\0' && strncmp(origin, scheme, sizeof(scheme) - 1) == 0 &&
           strcmp(origin + sizeof(scheme) - 1, host) == 0;
}

bool guard_same_origin(const char *fetch_site, const char *origin, const char *host)
{
    if (fetch_site[0] != '\0' && strcmp(fetch_site, "same-origin") != 0) {
        return false;
    }
    if (origin[0] != '\0') {
        return guard_origin_is_ours(origin, host);
    }
    return fetch_site[0] != '\0';
}

enum rc guard_origin(struct request *request)
{
    unsigned flags = request->route->flags;
    if ((flags & (CSRF | ORIGIN)) == 0) {
        return RC_OK;
    }
    if (!guard_same_origin(request->fetch_site, request->origin, request->host)) {
        return request_refuse(request, RC_FORBIDDEN, "csrf", "",
                              "the request does not come from our own pages");
    }
    if ((flags & CSRF) == 0) {
        return RC_OK;
    }
    char wanted[SESSION_CSRF_TEXT_BYTES];
    (void)session_csrf(request->session_token, wanted);
    size_t len = strlen(request->csrf_token);
    if (len != sizeof(wanted) - 1 || !text_equal_constant_time(request->csrf_token, wanted, len)) {
        return request_refuse(request, RC_FORBIDDEN, "csrf", "",
                              "the header X-CSRF-Token is missing or of another log-in");
    }
    return RC_OK;
}

enum rc guard_set_cookie(struct request *request, const char *token)
{
    /* A tenant comes back from a provider's pages: Lax; and stays logged in on his phone. */
    const char *life = is_tenant(request)
                           ? arena_printf(request->arena, "SameSite=Lax; Max-Age=%lld",
                                          (long long)guard_absolute_ms(request) / 1000)
                           : "SameSite=Strict";
    const char *value =
        arena_printf(request->arena, "%s=%s; Path=/; Secure; HttpOnly; %s", cookie_name(request),
                     token == NULL ? "" : token, token == NULL ? "SameSite=Lax; Max-Age=0" : life);
    if (value == NULL || life == NULL) {
        return RC_MEMORY;
    }
    request_add_header(request, "Set-Cookie", value);
    return RC_OK;
}
