/*
 * What the steps of an import share (import.c, import_probe.c, import_undo.c); nobody else includes
 * this.
 */
#ifndef PW_FLOW_IMPORT_OWN_H
#define PW_FLOW_IMPORT_OWN_H

#include <stdio.h>

#include "core/flow/import.h"
#include "core/rules/import_check.h"

struct import_step {
    struct arena *arena;
    const struct actor *actor;
    struct import_why *why;
    int64_t id;
    const char *file_name;
    const char *bytes;
    size_t len;
    const char *reason;
    int64_t count;         /* asked by a probe */
    int64_t expires_at_ms; /* of its questions */
};

#define IMPORT_WHY(out, zh_format, en_format, ...)                                                 \
    do {                                                                                           \
        (void)snprintf((out)->zh, sizeof((out)->zh), (zh_format), __VA_ARGS__);                    \
        (void)snprintf((out)->en, sizeof((out)->en), (en_format), __VA_ARGS__);                    \
    } while (0)

/* A reason without arguments. */
void import_why_set(struct import_why *out, const char *zh, const char *en);
/* The audit row of a step. */
enum rc import_audit(struct db *db, const struct import_step *step, const char *action,
                     const struct import_record *record) MUST_CHECK;
/* The stored file, checked against the database as this transaction sees it. */
enum rc import_check_again(struct db *db, struct import_step *step, struct import_park *park,
                           struct import_check *check) MUST_CHECK;

#endif
