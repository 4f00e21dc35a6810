/*
 * Kinds of alarms: one row each in alarm.def. At most one alarm of a kind is open an object.
 */
#ifndef PW_RULES_ALARM_H
#define PW_RULES_ALARM_H

#include "core/base/rc.h"

enum alarm_kind {
#define ALARM(id, code, level, zh, en) ALARM_##id,
#include "core/rules/alarm.def"
#undef ALARM
    ALARM__MAX
};

/* Code as in the alarm table, titles in both languages. Never NULL. */
const char *alarm_code(enum alarm_kind kind);
const char *alarm_title_zh(enum alarm_kind kind);
const char *alarm_title_en(enum alarm_kind kind);
/* 1 note, 2 warning, 3 critical. */
int alarm_level(enum alarm_kind kind);
/* RC_NOT_FOUND for a code that is none of ours. */
enum rc alarm_find(const char *code, enum alarm_kind *ret_kind) MUST_CHECK;

#endif
