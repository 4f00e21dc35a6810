#include "core/rules/point.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

static const struct {
    const char *name;
    const char *unit;
    bool slow;
} rows[POINT__MAX] = {
#define POINT(id, name, unit, slow) {name, unit, slow},
#include "core/rules/point.def"
#undef POINT
};

const char *point_name(enum point point)
{
    assert(point >= 0 && point < POINT__MAX);
    return rows[point].name;
}

const char *point_unit(enum point point)
{
    assert(point >= 0 && point < POINT__MAX);
    return rows[point].unit;
}

bool point_is_slow(enum point point)
{
    assert(point >= 0 && point < POINT__MAX);
    return rows[point].slow;
}

bool point_is_money(enum point point)
{
    return point >= POINT_fee_control_enabled && point <= POINT_overdraft;
}

enum rc point_find(const char *name, enum point *ret_point)
{
    assert(name != NULL && ret_point != NULL);
    for (int i = 0; i < POINT__MAX; i++) {
        if (strcmp(rows[i].name, name) == 0) {
            *ret_point = (enum point)i;
            return RC_OK;
        }
    }
    return RC_NOT_FOUND;
}

void reading_set(struct reading *reading, enum point point, int64_t value)
{
    assert(reading != NULL && point >= 0 && point < POINT__MAX);
    reading->value[point] = value;
    reading->present |= UINT64_C(1) << point;
}

bool reading_get(const struct reading *reading, enum point point, int64_t *ret_value)
{
    assert(reading != NULL && ret_value != NULL && point >= 0 && point < POINT__MAX);
    if ((reading->present >> point & 1) == 0) {
        return false;
    }
    *ret_value = reading->value[point];
    return true;
}
