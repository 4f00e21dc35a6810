/*
 * Rows of the alarm table: opened once, closed once. Opening one that is open keeps its time and
 * takes the new detail; closing one that is not open does nothing.
 */
#ifndef PW_STORE_ALARM_H
#define PW_STORE_ALARM_H

#include <stdint.h>

#include "core/base/rc.h"
#include "core/rules/alarm.h"
#include "core/store/db.h"

/* object_kind: "supply", "meter", "line", "gateway", "lock_out", ...; detail: at most 300
 * characters. */
enum rc alarm_open(struct db *db, enum alarm_kind kind, const char *object_kind, int64_t object_id,
                   const char *detail) MUST_CHECK;
enum rc alarm_close(struct db *db, enum alarm_kind kind, const char *object_kind,
                    int64_t object_id) MUST_CHECK;

#endif
