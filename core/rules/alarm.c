#include "core/rules/alarm.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

static const struct {
    const char *code;
    int level;
    const char *zh;
    const char *en;
} rows[ALARM__MAX] = {
#define ALARM(id, code, level, zh, en) [ALARM_##id] = {code, level, zh, en},
#include "core/rules/alarm.def"
#undef ALARM
};

const char *alarm_code(enum alarm_kind kind)
{
    assert(kind >= 0 && kind < ALARM__MAX);
    return rows[kind].code;
}

const char *alarm_title_zh(enum alarm_kind kind)
{
    assert(kind >= 0 && kind < ALARM__MAX);
    return rows[kind].zh;
}

const char *alarm_title_en(enum alarm_kind kind)
{
    assert(kind >= 0 && kind < ALARM__MAX);
    return rows[kind].en;
}

int alarm_level(enum alarm_kind kind)
{
    assert(kind >= 0 && kind < ALARM__MAX);
    return rows[kind].level;
}

enum rc alarm_find(const char *code, enum alarm_kind *ret_kind)
{
    assert(code != NULL && ret_kind != NULL);
    for (int i = 0; i < ALARM__MAX; i++) {
        if (strcmp(rows[i].code, code) == 0) {
            *ret_kind = (enum alarm_kind)i;
            return RC_OK;
        }
    }
    return RC_NOT_FOUND;
}
