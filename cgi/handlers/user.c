/* People and roles. */
#include <string.h>

#include "cgi/gate.h"
#include "cgi/handlers/handlers.h"
#include "cgi/shape.h"
#include "core/base/crypto.h"
#include "core/flow/user.h"

static const char *const states[] = {"active", "disabled", NULL};
static const char *const roles[] = {"administrator", "finance", "engineer", "auditor", NULL};
static const char *const reset_kinds[] = {"password", "totp", NULL};

struct user_view {
    int64_t id;
    const char *name;
    const char *display_name;
    const char *role;
    const char *state;
    bool totp_enrolled;
    int64_t locked_until_at;
    int64_t last_login_at;
    int64_t created_at;
};
SHAPE(user, "User", struct user_view, F_ID(struct user_view, id, NEEDED),
      F_WORDS(struct user_view, name, NEEDED), F_WORDS(struct user_view, display_name, NEEDED),
      F_ENUM(struct user_view, role, NEEDED, roles),
      F_ENUM(struct user_view, state, NEEDED, states),
      F_BOOL(struct user_view, totp_enrolled, NEEDED),
      F_TIME(struct user_view, locked_until_at, NULLABLE),
      F_TIME(struct user_view, last_login_at, NULLABLE),
      F_TIME(struct user_view, created_at, NEEDED));

struct user_list {
    struct shape_list items;
};
SHAPE(user_list, "UserList", struct user_list, F_LIST(struct user_list, items, &shape_user));

struct user_new {
    const char *name;
    const char *display_name;
    const char *role;
    const char *initial_password;
};
SHAPE(user_new, "UserNew", struct user_new, F_TEXT(struct user_new, name, NEEDED, 2, 40),
      F_TEXT(struct user_new, display_name, NEEDED, 1, 80),
      F_ENUM(struct user_new, role, NEEDED, roles),
      F_TEXT(struct user_new, initial_password, NEEDED, 1, CRYPTO_PASSWORD_MAX));

struct user_state_change {
    const char *state;
    const char *reason;
};
SHAPE(user_state_change, "UserStateChange", struct user_state_change,
      F_ENUM(struct user_state_change, state, NEEDED, states),
      F_TEXT(struct user_state_change, reason, NEEDED, 1, 200));

struct user_role_change {
    const char *role;
    const char *reason;
};
SHAPE(user_role_change, "UserRoleChange", struct user_role_change,
      F_ENUM(struct user_role_change, role, NEEDED, roles),
      F_TEXT(struct user_role_change, reason, NEEDED, 1, 200));

struct user_reset {
    const char *what;
    const char *reason;
};
SHAPE(user_reset, "UserReset", struct user_reset,
      F_ENUM(struct user_reset, what, NEEDED, reset_kinds),
      F_TEXT(struct user_reset, reason, NEEDED, 1, 200));

struct user_reset_done {
    const struct user_view *user;
    const char *one_time_password;
};
SHAPE(user_reset_done, "UserResetDone", struct user_reset_done,
      F_OBJECT(struct user_reset_done, user, NEEDED, &shape_user),
      F_WORDS(struct user_reset_done, one_time_password, NULLABLE));

struct role_view {
    const char *code;
    const char *name_zh;
    const char *name_en;
    struct shape_list permissions;
};
SHAPE(role, "Role", struct role_view, F_ENUM(struct role_view, code, NEEDED, roles),
      F_WORDS(struct role_view, name_zh, NEEDED), F_WORDS(struct role_view, name_en, NEEDED),
      F_TEXTS(struct role_view, permissions, NEEDED, 0));

struct role_list {
    struct shape_list items;
};
SHAPE(role_list, "RoleList", struct role_list, F_LIST(struct role_list, items, &shape_role));

static struct user_view view_of(const struct user *user)
{
    return (struct user_view){.id = user->id,
                              .name = user->name,
                              .display_name = user->display_name,
                              .role = role_code(user->role),
                              .state = user->active ? "active" : "disabled",
                              .totp_enrolled = user->totp_sealed != NULL,
                              .locked_until_at = user->locked_until_at_ms,
                              .last_login_at = user->last_login_at_ms,
                              .created_at = user->created_at_ms};
}

enum rc handle_user_list(struct request *request)
{
    struct user *users = NULL;
    size_t count = 0;
    TRY(users_list(request->db, request->arena, &users, &count));
    struct user_view *views = arena_take_array(request->arena, count, sizeof(*views));
    if (views == NULL) {
        return RC_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        views[i] = view_of(&users[i]);
    }
    struct user_list list = {.items = {views, count}};
    return request_reply(request, 200, &list);
}

static enum rc reply_user(struct request *request, int status, int64_t id)
{
    struct user user;
    TRY(user_find(request->db, request->arena, id, &user));
    struct user_view view = view_of(&user);
    return request_reply(request, status, &view);
}

static enum rc refuse(struct request *request, enum rc rc, const struct user_refusal *refusal)
{
    return request_refuse(request, rc, refusal->code, refusal->field, refusal->sentence);
}

enum rc handle_user_create(struct request *request)
{
    const struct user_new *input = request->input;
    struct login_policy policy = login_policy_of(request->config, request->worker->field_key);
    struct user_creation creation = {.name = input->name,
                                     .display_name = input->display_name,
                                     .locale = "zh-CN",
                                     .password = input->initial_password,
                                     .must_change_password = true};
    struct user_refusal refusal = {"", "", ""};
    int64_t id = 0;
    int place = 0;
    TRY(role_find(input->role, &creation.role));
    TRY(gate_enter(request->worker->hash_gate, &place));
    enum rc rc = user_create(request->db, request->arena, &policy, &request->actor, &creation, &id,
                             &refusal);
    gate_leave(request->worker->hash_gate, place);
    if (rc != RC_OK) {
        return refuse(request, rc, &refusal);
    }
    return reply_user(request, 201, id);
}

enum rc handle_user_set_state(struct request *request)
{
    const struct user_state_change *input = request->input;
    struct user_refusal refusal = {"", "", ""};
    struct user user;
    enum rc rc =
        user_set_active(request->db, request->arena, &request->actor, request->ids[0],
                        strcmp(input->state, "active") == 0, input->reason, &user, &refusal);
    return rc == RC_OK ? reply_user(request, 200, user.id) : refuse(request, rc, &refusal);
}

enum rc handle_user_set_role(struct request *request)
{
    const struct user_role_change *input = request->input;
    struct user_refusal refusal = {"", "", ""};
    struct user user;
    enum role role = ROLE_AUDITOR;
    TRY(role_find(input->role, &role));
    enum rc rc = user_set_role(request->db, request->arena, &request->actor, request->ids[0], role,
                               input->reason, &user, &refusal);
    return rc == RC_OK ? reply_user(request, 200, user.id) : refuse(request, rc, &refusal);
}

enum rc handle_user_reset(struct request *request)
{
    const struct user_reset *input = request->input;
    struct user user;
    char password[USER_ONE_TIME_PASSWORD_BYTES] = "";
    bool totp = strcmp(input->what, "totp") == 0;
    if (totp) {
        TRY(user_reset_totp(request->db, request->arena, &request->actor, request->ids[0],
                            input->reason, &user));
    } else {
        struct login_policy policy = login_policy_of(request->config, request->worker->field_key);
        int place = 0;
        TRY(gate_enter(request->worker->hash_gate, &place));
        enum rc rc = user_reset_password(request->db, request->arena, &policy, &request->actor,
                                         request->ids[0], input->reason, password, &user);
        gate_leave(request->worker->hash_gate, place);
        TRY(rc);
    }
    struct user_view view = view_of(&user);
    struct user_reset_done done = {.user = &view, .one_time_password = totp ? NULL : password};
    return request_reply(request, 200, &done);
}

enum rc handle_role_list(struct request *request)
{
    static const char *const names_zh[ROLE_STAFF__MAX] = {"系统管理员", "财务", "物业工程", "审计"};
    static const char *const names_en[ROLE_STAFF__MAX] = {"Administrator", "Finance",
                                                          "Duty engineer", "Auditor"};
    struct role_view views[ROLE_STAFF__MAX];
    for (int i = 0; i < ROLE_STAFF__MAX; i++) {
        const char **names = arena_take_array(request->arena, PERMISSION__MAX, sizeof(*names));
        size_t count = 0;
        if (names == NULL) {
            return RC_MEMORY;
        }
        for (int j = PERMISSION_SELF + 1; j < PERMISSION__MAX; j++) {
            if (permission_granted((enum role)i, (enum permission)j)) {
                names[count++] = permission_name((enum permission)j);
            }
        }
        views[i] = (struct role_view){.code = role_code((enum role)i),
                                      .name_zh = names_zh[i],
                                      .name_en = names_en[i],
                                      .permissions = {names, count}};
    }
    struct role_list list = {.items = {views, ROLE_STAFF__MAX}};
    return request_reply(request, 200, &list);
}
