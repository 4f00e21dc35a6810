/* Temporary accounts that end, and current where nobody is. */
#include "core/base/clock.h"
#include "core/flow/account_end.h"
#include "core/store/alarm_sweep.h"
#include "jobs/job.h"

enum rc job_account_end(struct job *job)
{
    int64_t now_ms = clock_now_ms();
    int64_t fresh_ms = config_int(job->config, CONFIG_poller_stale_s) * 1000;
    int64_t notice_ms = 0;
    int64_t ending = 0;
    int64_t over = 0;
    int64_t opened = 0;
    int64_t closed = 0;
    size_t trips = 0;
    TRY(account_end_notice(job->db, &job->arena, now_ms, &notice_ms));
    TRY(alarm_sweep_endings(job->db, notice_ms, &ending, &over));
    TRY(alarm_sweep_vacant(job->db, now_ms - fresh_ms, &opened, &closed));
    TRY(account_end_trips(job->db, &job->arena, &job_actor, &trips));
    if (ending + over + opened + closed > 0 || trips > 0) {
        text_printf(&job->said,
                    "temporary accounts: %lld alarms more, %lld over, %zu trips; vacant with"
                    " current: %lld more, %lld over",
                    (long long)ending, (long long)over, trips, (long long)opened,
                    (long long)closed);
    }
    return RC_OK;
}
