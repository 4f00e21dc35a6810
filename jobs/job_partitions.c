/* Months of the history: some ahead, old ones dropped. */
#include "core/base/clock.h"
#include "core/store/alarm.h"
#include "core/store/partition.h"
#include "jobs/job.h"

enum rc job_partitions(struct job *job)
{
    int64_t now_ms = clock_now_ms();
    size_t made = 0;
    size_t dropped = 0;
    enum rc rc =
        partitions_extend(job->db, &job->arena, now_ms,
                          config_int(job->config, CONFIG_jobs_partition_months_ahead), &made);
    int64_t ahead = 0;
    TRY(partitions_ahead(job->db, &job->arena, now_ms, &ahead));
    if (ahead < 1) {
        TRY(alarm_open(job->db, ALARM_PARTITION_MISSING, "site", 0,
                       "the history has no partition for the next month"));
    } else {
        TRY(alarm_close(job->db, ALARM_PARTITION_MISSING, "site", 0));
    }
    TRY(rc);
    TRY(partitions_retire(job->db, &job->arena, now_ms,
                          config_int(job->config, CONFIG_jobs_reading_keep_months), &dropped));
    if (made > 0 || dropped > 0) {
        text_printf(&job->said, "%zu months made, %zu dropped", made, dropped);
    }
    return RC_OK;
}
