/* The phone site: which phones reach an account; at the counter: codes and first passwords. */
#include <string.h>

#include "cgi/gate.h"
#include "cgi/handlers/handlers.h"
#include "cgi/handlers/park.h"
#include "cgi/handlers/tenant.h"
#include "cgi/shape.h"
#include "core/base/crypto.h"
#include "core/flow/phone.h"
#include "core/flow/tenant_binding.h"
#include "core/flow/tenant_login.h"
#include "core/flow/user.h"
#include "core/store/tenant_shop.h"

static const char *const roles[] = {"tenant", "payer", NULL};
static const char *const sources[] = {"contact", "code", "tenant", NULL};

struct tenant_binding_row {
    int64_t id;
    const char *source;
    const char *role;
    const char *name;
    const char *phone_masked;
    bool mine;
    int64_t since_at;
};
SHAPE(tenant_binding, "TenantBinding", struct tenant_binding_row,
      F_ID(struct tenant_binding_row, id, NEEDED),
      F_ENUM(struct tenant_binding_row, source, NEEDED, sources),
      F_ENUM(struct tenant_binding_row, role, NEEDED, roles),
      F_WORDS(struct tenant_binding_row, name, NEEDED),
      F_WORDS(struct tenant_binding_row, phone_masked, NEEDED),
      F_BOOL(struct tenant_binding_row, mine, NEEDED),
      F_TIME(struct tenant_binding_row, since_at, NEEDED));

struct tenant_bindings {
    struct shape_list items;
};
SHAPE(tenant_bindings, "TenantBindings", struct tenant_bindings,
      F_LIST(struct tenant_bindings, items, &shape_tenant_binding));

struct tenant_bind_input {
    const char *code;
};
SHAPE(tenant_bind_input, "TenantBindInput", struct tenant_bind_input,
      F_TEXT(struct tenant_bind_input, code, NEEDED, 1, 16));

struct tenant_unbind_input {
    const char *source;
    int64_t id;
};
SHAPE(tenant_unbind_input, "TenantUnbindInput", struct tenant_unbind_input,
      F_ENUM(struct tenant_unbind_input, source, NEEDED, sources),
      F_ID(struct tenant_unbind_input, id, NEEDED));

struct tenant_payer_input {
    const char *phone;
};
SHAPE(tenant_payer_input, "TenantPayerInput", struct tenant_payer_input,
      F_TEXT(struct tenant_payer_input, phone, NEEDED, 1, 24));

struct counter_code {
    const char *code;
    int64_t life_s;
};
SHAPE(counter_code, "CounterCode", struct counter_code, F_WORDS(struct counter_code, code, NEEDED),
      F_NUMBER(struct counter_code, life_s, NEEDED));

struct contact_password {
    const char *one_time_password;
};
SHAPE(contact_password, "ContactPassword", struct contact_password,
      F_WORDS(struct contact_password, one_time_password, NEEDED));

static enum rc reply_list(struct request *request, int status, int64_t account_id)
{
    struct tenant_binding_view *views = NULL;
    size_t count = 0;
    TRY(tenant_bindings(request->db, request->arena, request->session.user_id, account_id, &views,
                        &count));
    struct tenant_binding_row *rows = arena_take_array(request->arena, count + 1, sizeof *rows);
    if (rows == NULL) {
        return RC_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        char masked[PHONE_BYTES];
        phone_mask(views[i].phone_tail, masked);
        rows[i] =
            (struct tenant_binding_row){.id = views[i].id,
                                        .source = views[i].source,
                                        .role = views[i].role,
                                        .name = views[i].name,
                                        .phone_masked = arena_copy_string(request->arena, masked),
                                        .mine = views[i].mine,
                                        .since_at = views[i].since_at};
        if (rows[i].phone_masked == NULL) {
            return RC_MEMORY;
        }
    }
    struct tenant_bindings list = {.items = {rows, count}};
    return request_reply(request, status, &list);
}

/* The account of a supply of which the person is a tenant. */
static enum rc account_of(struct request *request, int64_t *ret_account_id)
{
    struct tenant_shop shop;
    TRY(tenant_shop_find(request->db, request->arena, request->session.user_id, request->ids[0],
                         &shop));
    *ret_account_id = shop.account_id;
    return strcmp(shop.role, roles[0]) == 0 ? RC_OK : RC_NOT_FOUND;
}

enum rc handle_tenant_binding_list(struct request *request)
{
    int64_t account_id = 0;
    TRY(account_of(request, &account_id));
    return reply_list(request, 200, account_id);
}

enum rc handle_tenant_bind(struct request *request)
{
    const struct tenant_bind_input *input = request->input;
    struct command_refusal refusal = {0};
    enum rc rc = tenant_bind(request->db, request->arena, request->worker->field_key,
                             &request->actor, input->code, &refusal);
    if (rc == RC_REFUSED) {
        return request_refuse(request, RC_INVALID, "code_wrong", "code",
                              "the code is wrong, was used, or is too old");
    }
    if (rc == RC_CONFLICT) {
        return request_refuse(request, rc, "conflict", "code", "this phone has the shop already");
    }
    TRY(rc);
    return handle_tenant_session_show(request);
}

enum rc handle_tenant_unbind(struct request *request)
{
    const struct tenant_unbind_input *input = request->input;
    TRY(tenant_unbind(request->db, request->arena, &request->actor, request->ids[0], input->source,
                      input->id));
    return request_reply_empty(request);
}

enum rc handle_tenant_payer_add(struct request *request)
{
    const struct tenant_payer_input *input = request->input;
    struct command_refusal refusal = {0};
    int64_t account_id = 0;
    enum rc rc = tenant_add_payer(request->db, request->arena, request->worker->field_key,
                                  &request->actor, request->ids[0], input->phone, &refusal);
    if (rc == RC_CONFLICT) {
        return request_refuse(request, rc, "conflict", "phone", "this phone has the shop already");
    }
    if (rc == RC_INVALID) {
        return request_refuse(request, rc, "invalid_field", "phone",
                              "phone must be a mobile number");
    }
    TRY(rc);
    TRY(account_of(request, &account_id));
    return reply_list(request, 201, account_id);
}

/* ---- at the counter */

enum rc handle_counter_code_create(struct request *request)
{
    char *code = arena_take(request->arena, COUNTER_CODE_TEXT_BYTES);
    if (code == NULL) {
        return RC_MEMORY;
    }
    TRY(counter_code_give(request->db, request->arena, request->worker->field_key, &request->actor,
                          request->ids[0], code));
    struct counter_code given = {.code = code, .life_s = COUNTER_CODE_LIFE_MS / 1000};
    return request_reply(request, 201, &given);
}

enum rc handle_contact_password(struct request *request)
{
    struct login_policy policy = login_policy_of(request->config, request->worker->field_key);
    char *password = arena_take(request->arena, USER_ONE_TIME_PASSWORD_BYTES);
    int place = 0;
    if (password == NULL) {
        return RC_MEMORY;
    }
    TRY(gate_enter(request->worker->hash_gate, &place));
    enum rc rc = tenant_password_give(request->db, request->arena, &policy, &request->actor,
                                      request->ids[0], request->ids[1], password);
    gate_leave(request->worker->hash_gate, place);
    TRY(rc);
    struct contact_password given = {.one_time_password = password};
    return request_reply(request, 200, &given);
}
