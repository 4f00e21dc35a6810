/*
 * The site: who we are.
 */
#ifndef PW_STORE_SITE_H
#define PW_STORE_SITE_H

#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/rc.h"
#include "core/store/db.h"

struct site {
    int64_t id;
    const char *code;
    const char *name;
    const char *name_en;
    const char *time_zone; /* IANA */
};

/* The first site; one with id 0, empty names and "Asia/Shanghai" before any was imported. Texts in
 * the arena. */
enum rc site_find(struct db *db, struct arena *arena, struct site *ret_site) MUST_CHECK;

#endif
