/* Alarms that show only by what is missing. */
#include "core/base/clock.h"
#include "core/store/alarm_sweep.h"
#include "jobs/job.h"

#define PROGRAM_SILENT_MS 30000

enum rc job_alarm_sweep(struct job *job)
{
    int64_t now_ms = clock_now_ms();
    int64_t stale_ms = config_int(job->config, CONFIG_poller_stale_s) * 1000;
    int64_t programs_opened = 0;
    int64_t programs_closed = 0;
    int64_t meters_opened = 0;
    int64_t meters_closed = 0;
    TRY(alarm_sweep_programs(job->db, now_ms - PROGRAM_SILENT_MS, &programs_opened,
                             &programs_closed));
    TRY(alarm_sweep_meters(job->db, now_ms - stale_ms, &meters_opened, &meters_closed));
    if (programs_opened + programs_closed + meters_opened + meters_closed > 0) {
        text_printf(&job->said,
                    "programs silent: %lld more, %lld back; meters stale: %lld more, %lld back",
                    (long long)programs_opened, (long long)programs_closed,
                    (long long)meters_opened, (long long)meters_closed);
    }
    return RC_OK;
}
