/*
 * Meter models as the database knows them: what the web side may offer. The files themselves are
 * the poller's.
 */
#ifndef PW_STORE_MODEL_H
#define PW_STORE_MODEL_H

#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/rc.h"
#include "core/store/db.h"

#define MODELS_MAX 500

struct model_row {
    int64_t id;
    const char *code;
    const char *name;
    const char *maturity; /* experimental, accepted */
    const char *actions;
    const char *capabilities;
    uint8_t sha256[32]; /* of the file */
    int64_t meters;     /* in service */
};

/* All, by code; strings in the arena. */
enum rc models_list(struct db *db, struct arena *arena, struct model_row **ret_rows,
                    size_t *ret_count) MUST_CHECK;
/* By code; RC_NOT_FOUND. */
enum rc models_find(struct db *db, struct arena *arena, const char *code,
                    struct model_row *ret_row) MUST_CHECK;
/* Writes or replaces by code (id and meters are ignored). In a transaction. */
enum rc models_put(struct db *db, const struct model_row *row) MUST_CHECK;

#endif
