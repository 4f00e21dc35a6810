/*
 * The open alarms that a poller opened about its field, so that after a restart it closes those
 * that are over.
 */
#ifndef PW_STORE_FIELD_ALARM_H
#define PW_STORE_FIELD_ALARM_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/rc.h"
#include "core/rules/alarm.h"
#include "core/store/db.h"

#define FIELD_ALARMS_MAX 100000

enum field_object {
    FIELD_OBJECT_GATEWAY,
    FIELD_OBJECT_LINE,
    FIELD_OBJECT_METER,
    FIELD_OBJECT_PROGRAM,
    FIELD_OBJECT__MAX
};

struct field_alarm {
    enum alarm_kind kind;
    enum field_object object;
    int64_t object_id; /* PROGRAM: the shard */
};

/* Name as in alarm.object_kind. Never NULL. */
const char *field_object_name(enum field_object object);
/* Open alarms of the kinds GATEWAY_SILENT, LINE_SILENT, METER_SILENT, MODEL_MISMATCH,
   MODEL_MISSING, ENERGY_BACK, ENERGY_JUMP, BUS_ERRORS, RATIO_MISMATCH, SPOOL_USED, SPOOL_THINNED,
   SPOOL_LOST; in no order, in the arena. */
enum rc field_alarms_open(struct db *db, struct arena *arena, struct field_alarm **ret_alarms,
                          size_t *ret_count) MUST_CHECK;

#endif
