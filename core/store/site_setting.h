/*
 * Settings of the site that people change while it runs, each change with its audit row (written by
 * flow).
 */
#ifndef PW_STORE_SITE_SETTING_H
#define PW_STORE_SITE_SETTING_H

#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/rc.h"
#include "core/store/db.h"

/* The value, in the arena; RC_NOT_FOUND where nobody ever set it. */
enum rc site_setting_get(struct db *db, struct arena *arena, const char *name,
                         const char **ret_value) MUST_CHECK;
/* Sets it; asserts a transaction. changed_by: user id, 0 for a program. name <= 64, value <= 1000
 * characters. */
enum rc site_setting_set(struct db *db, const char *name, const char *value,
                         int64_t changed_by) MUST_CHECK;

#endif
