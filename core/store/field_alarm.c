#include "core/store/field_alarm.h"

#include <assert.h>
#include <string.h>

static const char *const objects[FIELD_OBJECT__MAX] = {
    [FIELD_OBJECT_GATEWAY] = "gateway",
    [FIELD_OBJECT_LINE] = "line",
    [FIELD_OBJECT_METER] = "meter",
    [FIELD_OBJECT_PROGRAM] = "program",
};

const char *field_object_name(enum field_object object)
{
    assert(object < FIELD_OBJECT__MAX);
    return objects[object];
}

static bool find_object(const char *name, enum field_object *ret_object)
{
    for (int i = 0; i < FIELD_OBJECT__MAX; i++) {
        if (strcmp(name, objects[i]) == 0) {
            *ret_object = (enum field_object)i;
            return true;
        }
    }
    return false;
}

enum rc field_alarms_open(struct db *db, struct arena *arena, struct field_alarm **ret_alarms,
                          size_t *ret_count)
{
    assert(db != NULL && arena != NULL && ret_alarms != NULL && ret_count != NULL);
    struct db_rows rows = {0};
    TRY(db_query(db, arena,
                 "SELECT kind, object_kind, object_id FROM alarm WHERE closed_at IS NULL AND kind "
                 "IN ('gateway_silent', 'line_silent', 'meter_silent', 'model_mismatch', "
                 "'model_missing', 'energy_back', 'energy_jump', 'bus_errors', "
                 "'ratio_mismatch', 'spool_used', 'spool_thinned', 'spool_lost')",
                 DB_NO_ARGS, FIELD_ALARMS_MAX, &rows));
    struct field_alarm *alarms = arena_take_array(arena, rows.count + 1, sizeof(*alarms));
    if (alarms == NULL) {
        return RC_MEMORY;
    }
    size_t count = 0;
    for (size_t i = 0; i < rows.count; i++) {
        struct field_alarm *alarm = &alarms[count];
        alarm->object_id = db_get_int(&rows, i, 2);
        if (alarm_find(db_get_text(&rows, i, 0), &alarm->kind) == RC_OK &&
            find_object(db_get_text(&rows, i, 1), &alarm->object)) {
            count++;
        }
    }
    *ret_alarms = alarms;
    *ret_count = count;
    return RC_OK;
}
