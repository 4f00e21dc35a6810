/*
 * Acts that need a second person: one row each in approval.def.
 */
#ifndef PW_RULES_APPROVAL_H
#define PW_RULES_APPROVAL_H

#include "core/base/rc.h"
#include "core/rules/permission.h"

enum approval_kind {
#define APPROVAL(id, code, right, zh, en) APPROVAL_##id,
#include "core/rules/approval.def"
#undef APPROVAL
    APPROVAL__MAX
};

/* Code as in the approval table, titles in both languages. Never NULL. */
const char *approval_code(enum approval_kind kind);
const char *approval_title_zh(enum approval_kind kind);
const char *approval_title_en(enum approval_kind kind);
/* The right that a checker needs. */
enum permission approval_permission(enum approval_kind kind);
/* RC_NOT_FOUND for a code that is none of ours. */
enum rc approval_find(const char *code, enum approval_kind *ret_kind) MUST_CHECK;

#endif
