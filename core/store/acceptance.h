/*
 * The meter of an acceptance run, and where its outcome is stored.
 */
#ifndef PW_STORE_ACCEPTANCE_H
#define PW_STORE_ACCEPTANCE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/rc.h"
#include "core/store/db.h"

struct acceptance_meter {
    int64_t meter_id;
    int64_t line_id;
    int64_t shard;
    int64_t address;
    bool writable_line;
    bool in_books; /* its supply has an open epoch: money in it is somebody's */
    const char *model_code;
    const char *serial_number; /* "" not known */
};

/* A meter in service by its number. RC_NOT_FOUND. */
enum rc acceptance_meter_get(struct db *db, struct arena *arena, const char *number,
                             struct acceptance_meter *ret_meter) MUST_CHECK;
/* What the model may promise from now on. maturity: accepted, experimental. RC_NOT_FOUND. */
enum rc acceptance_store(struct db *db, const char *model_code, const char *capabilities,
                         const char *maturity) MUST_CHECK;

#endif
