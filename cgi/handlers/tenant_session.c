/* The phone site: logging in by phone and password or code, the own password and language. */
#include <string.h>

#include "cgi/gate.h"
#include "cgi/guard.h"
#include "cgi/handlers/handlers.h"
#include "cgi/handlers/tenant.h"
#include "cgi/shape.h"
#include "core/base/clock.h"
#include "core/base/crypto.h"
#include "core/flow/phone.h"
#include "core/flow/tenant_login.h"
#include "core/store/site.h"
#include "core/store/tenant_shop.h"

#define PHONE_TYPED_MAX 24
#define COUNTER_CODE_TYPED_MAX 16

static const char *const locales[] = {"zh-CN", "en", NULL};
static const char *const stages[] = {"full", "change_password", NULL};
static const char *const roles[] = {"tenant", "payer", NULL};
static const char *const media[] = {"electricity", "water", NULL};

SHAPE(tenant_shop, "TenantShop", struct tenant_shop_view,
      F_ID(struct tenant_shop_view, supply_id, NEEDED),
      F_ID(struct tenant_shop_view, account_id, NEEDED),
      F_WORDS(struct tenant_shop_view, unit_number, NEEDED),
      F_WORDS(struct tenant_shop_view, shop_name, NEEDED),
      F_ENUM(struct tenant_shop_view, role, NEEDED, roles),
      F_ENUM(struct tenant_shop_view, medium, NEEDED, media));

struct tenant_person {
    int64_t id;
    const char *phone_masked;
    const char *locale;
    bool has_password;
};
SHAPE(tenant_person, "TenantPerson", struct tenant_person, F_ID(struct tenant_person, id, NEEDED),
      F_WORDS(struct tenant_person, phone_masked, NEEDED),
      F_ENUM(struct tenant_person, locale, NEEDED, locales),
      F_BOOL(struct tenant_person, has_password, NEEDED));

struct tenant_site {
    const char *code;
    const char *name;
    const char *name_en;
    const char *time_zone;
};
SHAPE(tenant_site, "TenantSite", struct tenant_site, F_WORDS(struct tenant_site, code, NEEDED),
      F_WORDS(struct tenant_site, name, NEEDED), F_WORDS(struct tenant_site, name_en, NEEDED),
      F_WORDS(struct tenant_site, time_zone, NEEDED));

struct tenant_session_view {
    const struct tenant_person *person;
    const char *stage;
    const char *csrf_token;
    int64_t expires_at;
    const struct tenant_site *site;
    struct shape_list shops;
};
SHAPE(tenant_session, "TenantSession", struct tenant_session_view,
      F_OBJECT(struct tenant_session_view, person, NEEDED, &shape_tenant_person),
      F_ENUM(struct tenant_session_view, stage, NEEDED, stages),
      F_WORDS(struct tenant_session_view, csrf_token, NEEDED),
      F_TIME(struct tenant_session_view, expires_at, NEEDED),
      F_OBJECT(struct tenant_session_view, site, NEEDED, &shape_tenant_site),
      F_LIST(struct tenant_session_view, shops, &shape_tenant_shop));

struct tenant_login_input {
    const char *phone;
    const char *password;
    const char *code;
};
SHAPE(tenant_login, "TenantLogin", struct tenant_login_input,
      F_TEXT(struct tenant_login_input, phone, NEEDED, 1, PHONE_TYPED_MAX),
      F_TEXT(struct tenant_login_input, password, OPTIONAL, 0, CRYPTO_PASSWORD_MAX),
      F_TEXT(struct tenant_login_input, code, OPTIONAL, 0, TENANT_CODE_DIGITS));

struct tenant_code_input {
    const char *phone;
    const char *counter_code;
    const char *locale;
};
SHAPE(tenant_code_input, "TenantCodeInput", struct tenant_code_input,
      F_TEXT(struct tenant_code_input, phone, NEEDED, 1, PHONE_TYPED_MAX),
      F_TEXT(struct tenant_code_input, counter_code, OPTIONAL, 0, COUNTER_CODE_TYPED_MAX),
      F_ENUM(struct tenant_code_input, locale, OPTIONAL, locales));

struct tenant_code_asked {
    int64_t wait_s;
    int64_t life_s;
};
SHAPE(tenant_code_asked, "TenantCodeAsked", struct tenant_code_asked,
      F_NUMBER(struct tenant_code_asked, wait_s, NEEDED),
      F_NUMBER(struct tenant_code_asked, life_s, NEEDED));

struct tenant_password_input {
    const char *old_password;
    const char *code;
    const char *new_password;
};
SHAPE(tenant_password_input, "TenantPasswordInput", struct tenant_password_input,
      F_TEXT(struct tenant_password_input, old_password, OPTIONAL, 0, CRYPTO_PASSWORD_MAX),
      F_TEXT(struct tenant_password_input, code, OPTIONAL, 0, TENANT_CODE_DIGITS),
      F_TEXT(struct tenant_password_input, new_password, NEEDED, 1, CRYPTO_PASSWORD_MAX));

struct tenant_locale_input {
    const char *locale;
};
SHAPE(tenant_locale_input, "TenantLocaleInput", struct tenant_locale_input,
      F_ENUM(struct tenant_locale_input, locale, NEEDED, locales));

static const char *or_empty(const char *text)
{
    return text == NULL ? "" : text;
}

/* ---- the session object */

static enum rc list_shops(struct request *request, struct shape_list *ret_list)
{
    struct tenant_shop *shops = NULL;
    size_t count = 0;
    TRY(tenant_shops(request->db, request->arena, request->session.user_id, &shops, &count));
    struct tenant_shop_view *views = arena_take_array(request->arena, count + 1, sizeof *views);
    if (views == NULL) {
        return RC_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        views[i] = (struct tenant_shop_view){.supply_id = shops[i].supply_id,
                                             .account_id = shops[i].account_id,
                                             .unit_number = shops[i].unit_number,
                                             .shop_name = shops[i].shop_name,
                                             .role = shops[i].role,
                                             .medium = media[0]};
    }
    *ret_list = (struct shape_list){.items = views, .count = count};
    return RC_OK;
}

static enum rc reply_session(struct request *request)
{
    const struct session *session = &request->session;
    struct tenant_user user;
    struct site site;
    char csrf[SESSION_CSRF_TEXT_BYTES];
    char masked[PHONE_BYTES];
    TRY(tenant_user_find(request->db, request->arena, session->user_id, &user));
    TRY(site_find(request->db, request->arena, &site));
    phone_mask(user.phone.phone_tail, masked);
    int64_t idle_end_ms = clock_now_ms() + guard_idle_s(request) * 1000;
    struct tenant_person person = {.id = user.id,
                                   .phone_masked = masked,
                                   .locale = user.locale,
                                   .has_password = user.password_hash != NULL};
    struct tenant_site where = {
        .code = site.code, .name = site.name, .name_en = site.name_en, .time_zone = site.time_zone};
    struct tenant_session_view view = {
        .person = &person,
        .stage = session_stage_name(session->stage),
        .csrf_token = session_csrf(request->session_token, csrf),
        .expires_at = idle_end_ms < session->expires_at_ms ? idle_end_ms : session->expires_at_ms,
        .site = &where};
    TRY(list_shops(request, &view.shops));
    return request_reply_shape(request, 200, &shape_tenant_session, &view);
}

/* A new token for the person as he is now; the old one, if any, is forgotten. */
static enum rc renew_session(struct request *request, const struct tenant_user *user,
                             int64_t expires_at_ms)
{
    char *token = arena_take(request->arena, SESSION_TOKEN_TEXT_BYTES);
    char *masked = arena_take(request->arena, PHONE_BYTES);
    if (token == NULL || masked == NULL) {
        return RC_MEMORY;
    }
    phone_mask(user->phone.phone_tail, masked);
    request->session = (struct session){
        .user_id = user->id,
        .name = masked,
        .display_name = "",
        .locale = user->locale,
        .role = ROLE_TENANT,
        .stage = user->must_change_password ? SESSION_STAGE_CHANGE_PASSWORD : SESSION_STAGE_FULL,
        .epoch = user->epoch,
        .created_at_ms = clock_now_ms(),
        .expires_at_ms = expires_at_ms};
    TRY(session_open(request->redis, request->arena, &request->session, guard_idle_s(request),
                     token));
    if (request->session_token[0] != '\0') {
        (void)!session_close(request->redis, request->session_token);
    }
    request->session_token = token;
    return guard_set_cookie(request, token);
}

static struct login_policy policy_of(const struct request *request)
{
    return login_policy_of(request->config, request->worker->field_key);
}

static enum rc refuse_phone(struct request *request)
{
    return request_refuse(request, RC_INVALID, "invalid_field", "phone",
                          "phone must be a mobile number of eleven digits, or + and a number");
}

/* ---- log-in */

enum rc handle_tenant_code_ask(struct request *request)
{
    const struct tenant_code_input *input = request->input;
    struct login_policy policy = policy_of(request);
    enum rc rc = tenant_code_ask(request->db, request->arena, &policy, input->phone,
                                 or_empty(input->counter_code),
                                 input->locale == NULL ? locales[0] : input->locale);
    if (rc == RC_INVALID) {
        return refuse_phone(request);
    }
    TRY(rc);
    struct tenant_code_asked asked = {.wait_s = TENANT_CODE_PAUSE_MS / 1000,
                                      .life_s = TENANT_CODE_LIFE_MS / 1000};
    return request_reply(request, 202, &asked);
}

static enum rc check_login(struct request *request, const struct tenant_login_input *input,
                           struct tenant_user *user, enum login_outcome *outcome)
{
    struct login_policy policy = policy_of(request);
    struct tenant_login_request login = {.phone = input->phone,
                                         .password = or_empty(input->password),
                                         .code = or_empty(input->code),
                                         .ip = request->ip};
    int place = 0;
    /* Without Redis there is no session to come: say so before a one-time code is used up. */
    TRY(redis_ping(request->redis));
    if (login.code[0] != '\0') {
        return tenant_login_check(request->db, request->redis, request->arena, &policy, &login,
                                  outcome, user);
    }
    TRY(gate_enter(request->worker->hash_gate, &place));
    enum rc rc = tenant_login_check(request->db, request->redis, request->arena, &policy, &login,
                                    outcome, user);
    gate_leave(request->worker->hash_gate, place);
    return rc;
}

enum rc handle_tenant_session_create(struct request *request)
{
    struct tenant_user user = {0};
    enum login_outcome outcome = LOGIN_WRONG;
    enum rc rc = check_login(request, request->input, &user, &outcome);
    if (rc == RC_INVALID) {
        return refuse_phone(request);
    }
    TRY(rc);
    if (outcome == LOGIN_LOCKED) {
        return request_refuse(request, RC_LOCKED, "locked", "",
                              "too many failed tries; wait a while and try again");
    }
    if (outcome != LOGIN_OPEN) {
        return request_refuse(request, RC_UNAUTHENTICATED, "unauthenticated", "",
                              "phone, password or code is wrong");
    }
    TRY(renew_session(request, &user, clock_now_ms() + guard_absolute_ms(request)));
    return reply_session(request);
}

enum rc handle_tenant_session_show(struct request *request)
{
    return reply_session(request);
}

enum rc handle_tenant_session_end(struct request *request)
{
    TRY(session_close(request->redis, request->session_token));
    TRY(login_note_end(request->db, &request->actor));
    TRY(guard_set_cookie(request, NULL));
    return request_reply_empty(request);
}

/* ---- password and language */

enum rc handle_tenant_password_set(struct request *request)
{
    const struct tenant_password_input *input = request->input;
    struct login_policy policy = policy_of(request);
    struct tenant_password password = {.old = or_empty(input->old_password),
                                       .code = or_empty(input->code),
                                       .fresh = input->new_password};
    struct tenant_user user = {0};
    const char *why = "";
    int place = 0;
    int64_t expires_at_ms = request->session.expires_at_ms;
    TRY(gate_enter(request->worker->hash_gate, &place));
    enum rc rc = tenant_password_set(request->db, request->arena, &policy, &request->actor,
                                     &password, &why, &user);
    gate_leave(request->worker->hash_gate, place);
    if (rc == RC_UNAUTHENTICATED) {
        bool by_code = password.code[0] != '\0';
        return request_refuse(
            request, RC_INVALID, "invalid_field", by_code ? "code" : "old_password",
            by_code ? "the code is wrong or too old" : "the old password is wrong");
    }
    if (rc == RC_INVALID) {
        return request_refuse(request, rc, "invalid_field", "new_password", why);
    }
    TRY(rc);
    TRY(renew_session(request, &user, expires_at_ms));
    return reply_session(request);
}

enum rc handle_tenant_locale_set(struct request *request)
{
    const struct tenant_locale_input *input = request->input;
    TRY(tenant_locale_set(request->db, request->arena, &request->actor, input->locale));
    request->session.locale = input->locale;
    enum rc rc = session_update(request->redis, request->arena, request->session_token,
                                &request->session, guard_idle_s(request));
    if (rc != RC_OK && rc != RC_NOT_FOUND) {
        return rc;
    }
    return reply_session(request);
}
