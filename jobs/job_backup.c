/* The nightly backup, proved before it counts; an alarm when there is no recent one. */
#include "core/base/clock.h"
#include "core/flow/backup.h"
#include "core/store/alarm.h"
#include "jobs/job.h"

static bool stopped(void)
{
    return job_stopping();
}

/* The first hour of a new program says nothing about missing backups. */
static enum rc alarm_look(struct job *job)
{
    int64_t verified_at_ms = 0;
    int64_t started_at_ms = 0;
    const char *last = "";
    TRY(backup_runs_last(job->db, &job->arena, &verified_at_ms, &last, &started_at_ms));
    int64_t now_ms = clock_now_ms();
    int64_t since_ms = verified_at_ms > 0 ? verified_at_ms : job->started_at_ms;
    bool failed = last[0] != '\0' && started_at_ms > verified_at_ms;
    if (now_ms - since_ms <= BACKUP_LATE_MS && !failed) {
        return alarm_close(job->db, ALARM_BACKUP_OLD, "site", 0);
    }
    char at[CLOCK_TEXT_MAX];
    const char *detail =
        arena_printf(&job->arena, "%s; the last verified backup is %s", failed ? last : "late",
                     verified_at_ms > 0 ? clock_format_rfc3339(verified_at_ms, at) : "none");
    return alarm_open(job->db, ALARM_BACKUP_OLD, "site", 0, detail == NULL ? "" : detail);
}

static enum rc make(struct job *job)
{
    const struct backup_order order = {.config = job->config,
                                       .made_with = "paywatt " PW_VERSION,
                                       .made_by = job_actor.name,
                                       .gentle = true,
                                       .stop = stopped};
    struct backup_manifest manifest;
    int64_t begin_ms = clock_monotonic_ms();
    TRY(backup_make(&order, job->db, &job->arena, &job->why, &manifest));
    text_printf(&job->said, "%s %s, %lld rows, %lld bytes, %lld s%s%s",
                manifest.verified ? "verified" : "DOUBTFUL", manifest.name,
                (long long)backup_manifest_rows(&manifest), (long long)manifest.dump.bytes,
                (long long)((clock_monotonic_ms() - begin_ms) / 1000),
                manifest.detail[0] == '\0' ? "" : ": ", manifest.detail);
    return RC_OK;
}

enum rc job_backup(struct job *job)
{
    int64_t verified_at_ms = 0;
    int64_t started_at_ms = 0;
    const char *last = "";
    TRY(backup_runs_last(job->db, &job->arena, &verified_at_ms, &last, &started_at_ms));
    enum rc made = RC_OK;
    if (backup_is_due(clock_now_ms(), config_int(job->config, CONFIG_backup_hour),
                      job->started_at_ms, verified_at_ms, started_at_ms)) {
        made = make(job);
    }
    TRY(alarm_look(job));
    return made == RC_EXPIRED || made == RC_LOCKED ? RC_OK : made;
}
