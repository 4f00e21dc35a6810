#include "core/rules/audit_action.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

static const struct {
    const char *code;
    const char *zh;
    const char *en;
} rows[AUDIT_ACTION__MAX] = {
#define AUDIT_ACTION(id, code, zh, en) [AUDIT_ACTION_##id] = {code, zh, en},
#include "core/rules/audit_action.def"
#undef AUDIT_ACTION
};

const char *audit_action_code(enum audit_action action)
{
    assert(action >= 0 && action < AUDIT_ACTION__MAX);
    return rows[action].code;
}

const char *audit_action_title_zh(enum audit_action action)
{
    assert(action >= 0 && action < AUDIT_ACTION__MAX);
    return rows[action].zh;
}

const char *audit_action_title_en(enum audit_action action)
{
    assert(action >= 0 && action < AUDIT_ACTION__MAX);
    return rows[action].en;
}

enum rc audit_action_find(const char *code, enum audit_action *ret_action)
{
    assert(code != NULL && ret_action != NULL);
    for (int i = 0; i < AUDIT_ACTION__MAX; i++) {
        if (strcmp(rows[i].code, code) == 0) {
            *ret_action = (enum audit_action)i;
            return RC_OK;
        }
    }
    return RC_NOT_FOUND;
}
