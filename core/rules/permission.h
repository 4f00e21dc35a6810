/*
 * Who may do what: one row a right in permission.def, which the dispatcher enforces; handlers never
 * ask.
 */
#ifndef PW_RULES_PERMISSION_H
#define PW_RULES_PERMISSION_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/rc.h"

/* Those of staff come first; ROLE_TENANT is whoever logged in on the phone site. */
enum role {
    ROLE_ADMINISTRATOR,
    ROLE_FINANCE,
    ROLE_ENGINEER,
    ROLE_AUDITOR,
    ROLE_STAFF__MAX,
    ROLE_TENANT = ROLE_STAFF__MAX,
    ROLE__MAX
};

enum permission {
    PERMISSION_PUBLIC, /* no session needed */
    PERMISSION_SELF,   /* any session at any stage: log-in steps, own password */
#define PERMISSION(id, name, roles) PERMISSION_##id,
#include "core/rules/permission.def"
#undef PERMISSION
    PERMISSION__MAX
};

/* Code of a role as in the role table, "administrator"; "tenant". Never NULL. */
const char *role_code(enum role role);
/* A role of staff. RC_NOT_FOUND for a code that is none of ours, and for "tenant". */
enum rc role_find(const char *code, enum role *ret_role) MUST_CHECK;
/* The same, tenant included: for what a session says. */
enum rc role_find_any(const char *code, enum role *ret_role) MUST_CHECK;
/* Name of a right, "meter.switch"; "public" and "self" for the two special ones. Never NULL. */
const char *permission_name(enum permission permission);
/* True if the role holds the right. PUBLIC: always; SELF: all staff. */
bool permission_granted(enum role role, enum permission permission);

#endif
