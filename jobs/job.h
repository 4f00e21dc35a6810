/*
 * A job: one function that does one round and returns. It never loops, sleeps or logs; the runner
 * does.
 */
#ifndef PW_JOBS_JOB_H
#define PW_JOBS_JOB_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/config.h"
#include "core/base/rc.h"
#include "core/base/text.h"
#include "core/store/audit.h"
#include "core/store/db.h"
#include "core/store/redis.h"

struct job {
    const char *name;
    const struct config *config;
    struct db *db;
    struct redis *redis;
    struct arena arena;    /* emptied before each round */
    struct text said;      /* what a round did, one line; "" says nothing */
    struct text why;       /* beside a failure: one sentence, or "" */
    int64_t round;         /* 0, 1, 2, ... */
    int64_t started_at_ms; /* of the program */
    void *own;             /* what the job keeps between its rounds */
    void (*own_free)(void *own);
};

/* True once the program is asked to end: what takes long then gives up. */
bool job_stopping(void);

/* How often the settings were read again: keys and files may be others now. */
int64_t job_reloads(void);

/* The actor of the audit rows that jobs write. */
extern const struct actor job_actor;

#define JOB(name, period_ms, limit_s, help) enum rc job_##name(struct job *job) MUST_CHECK;
#include "jobs/jobs.def"
#undef JOB

#endif
