/*
 * What a job takes before its round: the lock that keeps two machines from doing the same, and a
 * limit of time that the server holds against each of its statements.
 */
#ifndef PW_STORE_JOB_LOCK_H
#define PW_STORE_JOB_LOCK_H

#include <stdint.h>

#include "core/base/rc.h"
#include "core/store/db.h"

/* RC_LOCKED: another process is at this job. limit_s: 1 .. 3600. */
enum rc job_lock_take(struct db *db, const char *name, int64_t limit_s) MUST_CHECK;
/* Lets go; a lost connection has done so already. */
void job_lock_release(struct db *db, const char *name);

#endif
