/*
 * Acts that the record knows: one row each in audit_action.def.
 */
#ifndef PW_RULES_AUDIT_ACTION_H
#define PW_RULES_AUDIT_ACTION_H

#include "core/base/rc.h"

enum audit_action {
#define AUDIT_ACTION(id, code, zh, en) AUDIT_ACTION_##id,
#include "core/rules/audit_action.def"
#undef AUDIT_ACTION
    AUDIT_ACTION__MAX
};

/* "command.request", and its titles. Never NULL. */
const char *audit_action_code(enum audit_action action);
const char *audit_action_title_zh(enum audit_action action);
const char *audit_action_title_en(enum audit_action action);
/* RC_NOT_FOUND for a code that is none of ours. */
enum rc audit_action_find(const char *code, enum audit_action *ret_action) MUST_CHECK;

#endif
