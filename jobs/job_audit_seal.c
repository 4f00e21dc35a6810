/* Seals yesterday (in the site's time zone, which main has set) once it is over and its rows are
 * chained. */
#include <stdio.h>
#include <time.h>

#include "core/base/clock.h"
#include "core/flow/audit_chain.h"
#include "jobs/job.h"

#define SETTLE_MS 120000 /* rows of the last minute are chained by then */

enum rc job_audit_seal(struct job *job)
{
    time_t now = (time_t)((clock_now_ms() - SETTLE_MS) / 1000);
    struct tm today;
    if (localtime_r(&now, &today) == NULL) {
        return RC_INTERNAL;
    }
    today.tm_hour = today.tm_min = today.tm_sec = 0;
    today.tm_isdst = -1;
    int64_t day_end_ms = (int64_t)mktime(&today) * 1000;
    time_t noon = (time_t)(day_end_ms / 1000) - 12 * 3600;
    struct tm yesterday;
    if (localtime_r(&noon, &yesterday) == NULL) {
        return RC_INTERNAL;
    }
    char day[40];
    (void)snprintf(day, sizeof(day), "%04d-%02d-%02d", yesterday.tm_year + 1900,
                   yesterday.tm_mon + 1, yesterday.tm_mday);
    enum rc rc = audit_chain_seal(job->db, &job->arena, day, day_end_ms);
    if (rc == RC_OK) {
        text_printf(&job->said, "sealed %s", day);
    }
    return rc == RC_EXISTS || rc == RC_NOT_FOUND ? RC_OK : rc;
}
