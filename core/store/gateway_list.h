/*
 * Gateways with the state of what hangs on them.
 */
#ifndef PW_STORE_GATEWAY_LIST_H
#define PW_STORE_GATEWAY_LIST_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/rc.h"
#include "core/store/db.h"

#define GATEWAYS_MAX 500

struct gateway_row {
    int64_t id;
    const char *code;
    const char *name;
    const char *host;
    const char *room;  /* its name, "" where there is none */
    const char *state; /* ok, silent (none of its lines answers), never */
    int64_t since_at;  /* 0: never */
    const int64_t *lines;
    size_t lines_count;
};

enum rc gateways_list(struct db *db, struct arena *arena, struct gateway_row **ret_rows,
                      size_t *ret_count) MUST_CHECK;

#endif
