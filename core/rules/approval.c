#include "core/rules/approval.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

static const struct {
    const char *code;
    enum permission permission;
    const char *zh;
    const char *en;
} rows[APPROVAL__MAX] = {
#define APPROVAL(id, code, right, zh, en) [APPROVAL_##id] = {code, PERMISSION_##right, zh, en},
#include "core/rules/approval.def"
#undef APPROVAL
};

const char *approval_code(enum approval_kind kind)
{
    assert(kind >= 0 && kind < APPROVAL__MAX);
    return rows[kind].code;
}

enum permission approval_permission(enum approval_kind kind)
{
    assert(kind >= 0 && kind < APPROVAL__MAX);
    return rows[kind].permission;
}

const char *approval_title_zh(enum approval_kind kind)
{
    assert(kind >= 0 && kind < APPROVAL__MAX);
    return rows[kind].zh;
}

const char *approval_title_en(enum approval_kind kind)
{
    assert(kind >= 0 && kind < APPROVAL__MAX);
    return rows[kind].en;
}

enum rc approval_find(const char *code, enum approval_kind *ret_kind)
{
    assert(code != NULL && ret_kind != NULL);
    for (int i = 0; i < APPROVAL__MAX; i++) {
        if (strcmp(rows[i].code, code) == 0) {
            *ret_kind = (enum approval_kind)i;
            return RC_OK;
        }
    }
    return RC_NOT_FOUND;
}
