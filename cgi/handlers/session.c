/* Logging in and out, the second factor, the own password and language. */
#include <qrencode.h>
#include <string.h>

#include "cgi/gate.h"
#include "cgi/guard.h"
#include "cgi/handlers/handlers.h"
#include "cgi/shape.h"
#include "core/base/clock.h"
#include "core/base/crypto.h"
#include "core/flow/login.h"
#include "core/flow/user.h"
#include "core/store/site.h"

#define QR_BORDER 4
#define QR_SVG_BYTES_MAX 200000

static const char *const locales[] = {"zh-CN", "en", NULL};
static const char *const stages[] = {"full", "change_password", "enrol_totp", NULL};
static const char *const roles[] = {"administrator", "finance", "engineer", "auditor", NULL};

struct session_user {
    int64_t id;
    const char *name;
    const char *display_name;
    const char *role;
    const char *locale;
};
SHAPE(session_user, "SessionUser", struct session_user, F_ID(struct session_user, id, NEEDED),
      F_WORDS(struct session_user, name, NEEDED),
      F_WORDS(struct session_user, display_name, NEEDED),
      F_ENUM(struct session_user, role, NEEDED, roles),
      F_ENUM(struct session_user, locale, NEEDED, locales));

struct session_site {
    const char *code;
    const char *name;
    const char *name_en;
    const char *time_zone;
};
SHAPE(session_site, "SessionSite", struct session_site, F_WORDS(struct session_site, code, NEEDED),
      F_WORDS(struct session_site, name, NEEDED), F_WORDS(struct session_site, name_en, NEEDED),
      F_WORDS(struct session_site, time_zone, NEEDED));

struct session_view {
    const struct session_user *user;
    const char *stage;
    struct shape_list permissions;
    const char *csrf_token;
    int64_t expires_at;
    const struct session_site *site;
    const char *version;
};
SHAPE(session, "Session", struct session_view,
      F_OBJECT(struct session_view, user, NEEDED, &shape_session_user),
      F_ENUM(struct session_view, stage, NEEDED, stages),
      F_TEXTS(struct session_view, permissions, NEEDED, 0),
      F_WORDS(struct session_view, csrf_token, NEEDED),
      F_TIME(struct session_view, expires_at, NEEDED),
      F_OBJECT(struct session_view, site, NEEDED, &shape_session_site),
      F_WORDS(struct session_view, version, NEEDED));

struct session_login {
    const char *name;
    const char *password;
    const char *totp;
};
SHAPE(session_login, "SessionLogin", struct session_login,
      F_TEXT(struct session_login, name, NEEDED, 1, 40),
      F_TEXT(struct session_login, password, NEEDED, 1, CRYPTO_PASSWORD_MAX),
      F_TEXT(struct session_login, totp, OPTIONAL, 0, LOGIN_CODE_MAX));

struct totp_offer {
    const char *secret_base32;
    const char *otpauth_uri;
    const char *qr_svg;
};
SHAPE(totp_offer, "TotpOffer", struct totp_offer, F_WORDS(struct totp_offer, secret_base32, NEEDED),
      F_WORDS(struct totp_offer, otpauth_uri, NEEDED), F_WORDS(struct totp_offer, qr_svg, NEEDED));

struct totp_code {
    const char *code;
};
SHAPE(totp_code, "TotpCode", struct totp_code, F_TEXT(struct totp_code, code, NEEDED, 6, 6));

struct totp_done {
    struct shape_list recovery_codes;
    const struct session_view *session;
};
SHAPE(totp_done, "TotpDone", struct totp_done,
      F_TEXTS(struct totp_done, recovery_codes, NEEDED, USER_RECOVERY_CODES),
      F_OBJECT(struct totp_done, session, NEEDED, &shape_session));

struct password_change {
    const char *old_password;
    const char *new_password;
};
SHAPE(password_change, "PasswordChange", struct password_change,
      F_TEXT(struct password_change, old_password, NEEDED, 1, CRYPTO_PASSWORD_MAX),
      F_TEXT(struct password_change, new_password, NEEDED, 1, CRYPTO_PASSWORD_MAX));

struct locale_choice {
    const char *locale;
};
SHAPE(locale_choice, "LocaleChoice", struct locale_choice,
      F_ENUM(struct locale_choice, locale, NEEDED, locales));

/* ---- the session object */

static enum rc list_permissions(struct arena *arena, enum role role, struct shape_list *ret_list)
{
    const char **names = arena_take_array(arena, PERMISSION__MAX, sizeof(*names));
    if (names == NULL) {
        return RC_MEMORY;
    }
    size_t count = 0;
    for (int i = PERMISSION_SELF + 1; i < PERMISSION__MAX; i++) {
        if (permission_granted(role, (enum permission)i)) {
            names[count++] = permission_name((enum permission)i);
        }
    }
    *ret_list = (struct shape_list){.items = names, .count = count};
    return RC_OK;
}

static enum rc make_view(struct request *request, struct session_view *ret_view)
{
    const struct session *session = &request->session;
    struct session_user *user = arena_take(request->arena, sizeof(*user));
    struct session_site *site = arena_take(request->arena, sizeof(*site));
    char *csrf = arena_take(request->arena, SESSION_CSRF_TEXT_BYTES);
    if (user == NULL || site == NULL || csrf == NULL) {
        return RC_MEMORY;
    }
    struct site found;
    TRY(site_find(request->db, request->arena, &found));
    *user = (struct session_user){.id = session->user_id,
                                  .name = session->name,
                                  .display_name = session->display_name,
                                  .role = role_code(session->role),
                                  .locale = session->locale};
    *site = (struct session_site){.code = found.code,
                                  .name = found.name,
                                  .name_en = found.name_en,
                                  .time_zone = found.time_zone};
    int64_t idle_end_ms = clock_now_ms() + guard_idle_s(request) * 1000;
    struct session_view view = {
        .user = user,
        .stage = session_stage_name(session->stage),
        .csrf_token = session_csrf(request->session_token, csrf),
        .expires_at = idle_end_ms < session->expires_at_ms ? idle_end_ms : session->expires_at_ms,
        .site = site,
        .version = PW_VERSION};
    TRY(list_permissions(request->arena, session->role, &view.permissions));
    *ret_view = view;
    return RC_OK;
}

/* A new token for the user as he is now; the old one, if any, is forgotten. */
static enum rc renew_session(struct request *request, const struct user *user,
                             int64_t expires_at_ms)
{
    char *token = arena_take(request->arena, SESSION_TOKEN_TEXT_BYTES);
    if (token == NULL) {
        return RC_MEMORY;
    }
    int64_t now_ms = clock_now_ms();
    request->session = (struct session){.user_id = user->id,
                                        .name = user->name,
                                        .display_name = user->display_name,
                                        .locale = user->locale,
                                        .role = user->role,
                                        .stage = login_stage(user),
                                        .epoch = user->epoch,
                                        .created_at_ms = now_ms,
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

/* ---- log-in */

static enum rc refuse_login(struct request *request, enum login_outcome outcome)
{
    switch (outcome) {
    case LOGIN_LOCKED:
        return request_refuse(request, RC_LOCKED, "locked", "",
                              "too many failed tries; wait a while and try again");
    case LOGIN_TOTP_REQUIRED:
        return request_refuse(request, RC_UNAUTHENTICATED, "totp_required", "totp",
                              "the code of the second factor is needed");
    case LOGIN_TOTP_WRONG:
        return request_refuse(request, RC_UNAUTHENTICATED, "totp_wrong", "totp",
                              "the code is wrong or was used already");
    default:
        return request_refuse(request, RC_UNAUTHENTICATED, "unauthenticated", "",
                              "name or password is wrong");
    }
}

enum rc handle_session_create(struct request *request)
{
    const struct session_login *input = request->input;
    struct login_policy policy = policy_of(request);
    struct login_request login = {.name = input->name,
                                  .password = input->password,
                                  .code = input->totp == NULL ? "" : input->totp,
                                  .ip = request->ip};
    enum login_outcome outcome = LOGIN_WRONG;
    struct user user = {0};
    int place = 0;
    /* Without Redis there is no session to come: say so before a one-time code is used up. */
    TRY(redis_ping(request->redis));
    TRY(gate_enter(request->worker->hash_gate, &place));
    enum rc rc =
        login_check(request->db, request->redis, request->arena, &policy, &login, &outcome, &user);
    gate_leave(request->worker->hash_gate, place);
    TRY(rc);
    if (outcome != LOGIN_OPEN) {
        return refuse_login(request, outcome);
    }
    TRY(renew_session(request, &user, clock_now_ms() + guard_absolute_ms(request)));
    struct session_view view;
    TRY(make_view(request, &view));
    return request_reply(request, 200, &view);
}

enum rc handle_session_show(struct request *request)
{
    struct session_view view;
    TRY(make_view(request, &view));
    return request_reply(request, 200, &view);
}

enum rc handle_session_end(struct request *request)
{
    TRY(session_close(request->redis, request->session_token));
    TRY(login_note_end(request->db, &request->actor));
    TRY(guard_set_cookie(request, NULL));
    return request_reply_empty(request);
}

/* ---- the second factor */

static enum rc draw_qr(struct arena *arena, const char *uri, const char **ret_svg)
{
    QRcode *code = QRcode_encodeString8bit(uri, 0, QR_ECLEVEL_M);
    if (code == NULL) {
        return RC_MEMORY;
    }
    int size = code->width + 2 * QR_BORDER;
    struct text svg;
    text_init(&svg, QR_SVG_BYTES_MAX);
    text_printf(&svg,
                "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" "
                "shape-rendering=\"crispEdges\"><path fill=\"#fff\" d=\"M0 0h%dv%dH0z\"/>"
                "<path fill=\"#000\" d=\"",
                size, size, size, size);
    for (int i = 0; i < code->width * code->width; i++) {
        if ((code->data[i] & 1) != 0) {
            text_printf(&svg, "M%d %dh1v1h-1z", i % code->width + QR_BORDER,
                        i / code->width + QR_BORDER);
        }
    }
    text_add_string(&svg, "\"/></svg>");
    QRcode_free(code);
    enum rc rc = text_result(&svg);
    if (rc == RC_OK) {
        *ret_svg = arena_copy(arena, svg.bytes, svg.len);
        rc = *ret_svg == NULL ? RC_MEMORY : RC_OK;
    }
    text_release(&svg);
    return rc;
}

enum rc handle_totp_begin(struct request *request)
{
    struct user user;
    TRY(user_find(request->db, request->arena, request->session.user_id, &user));
    if (user.totp_sealed != NULL) {
        return request_refuse(request, RC_CONFLICT, "conflict", "",
                              "a second factor is enrolled already; an administrator resets it");
    }
    uint8_t secret[CRYPTO_TOTP_SECRET_BYTES];
    uint8_t sealed[USER_SECRET_SEALED_MAX];
    size_t sealed_len = 0;
    char base32[64];
    TRY(crypto_random(secret, sizeof(secret)));
    TRY(login_seal_secret(request->worker->field_key, user.id, secret, sizeof(secret), sealed,
                          &sealed_len));
    TRY(session_keep_secret(request->redis, request->arena, request->session_token, sealed,
                            sealed_len));
    struct totp_offer offer = {.secret_base32 = arena_copy_string(
                                   request->arena, crypto_base32(secret, sizeof(secret), base32))};
    crypto_wipe(secret, sizeof(secret));
    offer.otpauth_uri = arena_printf(
        request->arena,
        "otpauth://totp/Paywatt:%s?secret=%s&issuer=Paywatt&algorithm=SHA1&digits=6&period=30",
        user.name, base32);
    crypto_wipe(base32, sizeof(base32));
    if (offer.secret_base32 == NULL || offer.otpauth_uri == NULL) {
        return RC_MEMORY;
    }
    TRY(draw_qr(request->arena, offer.otpauth_uri, &offer.qr_svg));
    return request_reply(request, 200, &offer);
}

static enum rc open_offer(struct request *request, uint8_t *secret, size_t size, size_t *ret_len)
{
    const uint8_t *sealed = NULL;
    size_t sealed_len = 0;
    enum rc rc = session_find_secret(request->redis, request->arena, request->session_token,
                                     &sealed, &sealed_len);
    if (rc == RC_NOT_FOUND) {
        return request_refuse(request, RC_EXPIRED, "expired", "",
                              "the enrolment was begun too long ago; begin again");
    }
    TRY(rc);
    return login_open_secret(request->worker->field_key, request->session.user_id, sealed,
                             sealed_len, secret, size, ret_len);
}

enum rc handle_totp_finish(struct request *request)
{
    const struct totp_code *input = request->input;
    struct login_policy policy = policy_of(request);
    uint8_t secret[64];
    size_t len = 0;
    struct user user = {0};
    char(*codes)[LOGIN_RECOVERY_TEXT_BYTES] =
        arena_take_array(request->arena, USER_RECOVERY_CODES, sizeof(*codes));
    const char **list = arena_take_array(request->arena, USER_RECOVERY_CODES, sizeof(*list));
    if (codes == NULL || list == NULL) {
        return RC_MEMORY;
    }
    TRY(open_offer(request, secret, sizeof(secret), &len));
    int64_t expires_at_ms = request->session.expires_at_ms;
    enum rc rc = login_enrol(request->db, request->arena, &policy, &request->actor, secret, len,
                             input->code, codes, &user);
    crypto_wipe(secret, sizeof(secret));
    if (rc == RC_UNAUTHENTICATED) {
        return request_refuse(request, RC_INVALID, "totp_wrong", "code",
                              "the code is wrong; check the clock of the phone");
    }
    if (rc == RC_CONFLICT) {
        return request_refuse(request, rc, "conflict", "", "a second factor is enrolled already");
    }
    TRY(rc);
    TRY(renew_session(request, &user, expires_at_ms));
    struct session_view view;
    TRY(make_view(request, &view));
    for (int i = 0; i < USER_RECOVERY_CODES; i++) {
        list[i] = codes[i];
    }
    struct totp_done done = {.recovery_codes = {list, USER_RECOVERY_CODES}, .session = &view};
    return request_reply(request, 200, &done);
}

/* ---- password and language */

enum rc handle_password_change(struct request *request)
{
    const struct password_change *input = request->input;
    struct login_policy policy = policy_of(request);
    struct user user = {0};
    const char *why = "";
    int place = 0;
    int64_t expires_at_ms = request->session.expires_at_ms;
    TRY(gate_enter(request->worker->hash_gate, &place));
    enum rc rc = login_change_password(request->db, request->arena, &policy, &request->actor,
                                       input->old_password, input->new_password, &why, &user);
    gate_leave(request->worker->hash_gate, place);
    switch (rc) {
    case RC_OK:
        break;
    case RC_UNAUTHENTICATED:
        return request_refuse(request, RC_INVALID, "invalid_field", "old_password",
                              "the old password is wrong");
    case RC_LOCKED:
        return request_refuse(request, rc, "locked", "",
                              "too many failed tries; wait a while and try again");
    case RC_INVALID:
        return request_refuse(request, rc, "invalid_field", "new_password", why);
    default:
        return rc;
    }
    TRY(renew_session(request, &user, expires_at_ms));
    struct session_view view;
    TRY(make_view(request, &view));
    return request_reply(request, 200, &view);
}

enum rc handle_locale_set(struct request *request)
{
    const struct locale_choice *input = request->input;
    struct user user = {0};
    TRY(user_set_locale(request->db, request->arena, request->session.user_id, input->locale,
                        &user));
    request->session.locale = user.locale;
    enum rc rc = session_update(request->redis, request->arena, request->session_token,
                                &request->session, guard_idle_s(request));
    if (rc != RC_OK && rc != RC_NOT_FOUND) {
        return rc;
    }
    struct session_view view;
    TRY(make_view(request, &view));
    return request_reply(request, 200, &view);
}
