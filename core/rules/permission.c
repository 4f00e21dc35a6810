#include "core/rules/permission.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

#define ADM (1u << ROLE_ADMINISTRATOR)
#define FIN (1u << ROLE_FINANCE)
#define ENG (1u << ROLE_ENGINEER)
#define AUD (1u << ROLE_AUDITOR)
#define TNT (1u << ROLE_TENANT)

static const char *const role_codes[ROLE__MAX] = {"administrator", "finance", "engineer", "auditor",
                                                  "tenant"};

static const struct {
    const char *name;
    unsigned roles;
} rows[PERMISSION__MAX] = {
    [PERMISSION_PUBLIC] = {"public", ADM | FIN | ENG | AUD | TNT},
    [PERMISSION_SELF] = {"self", ADM | FIN | ENG | AUD},
#define PERMISSION(id, name, roles) [PERMISSION_##id] = {name, roles},
#include "core/rules/permission.def"
#undef PERMISSION
};

const char *role_code(enum role role)
{
    assert(role >= 0 && role < ROLE__MAX);
    return role_codes[role];
}

static enum rc find_below(const char *code, int roles_max, enum role *ret_role)
{
    assert(code != NULL && ret_role != NULL);
    for (int i = 0; i < roles_max; i++) {
        if (strcmp(role_codes[i], code) == 0) {
            *ret_role = (enum role)i;
            return RC_OK;
        }
    }
    return RC_NOT_FOUND;
}

enum rc role_find(const char *code, enum role *ret_role)
{
    return find_below(code, ROLE_STAFF__MAX, ret_role);
}

enum rc role_find_any(const char *code, enum role *ret_role)
{
    return find_below(code, ROLE__MAX, ret_role);
}

const char *permission_name(enum permission permission)
{
    assert(permission >= 0 && permission < PERMISSION__MAX);
    return rows[permission].name;
}

bool permission_granted(enum role role, enum permission permission)
{
    assert(role >= 0 && role < ROLE__MAX);
    assert(permission >= 0 && permission < PERMISSION__MAX);
    return (rows[permission].roles >> role & 1) != 0;
}
