/* The daily proof of each supply, once the site's day is over; days that were missed are caught up,
 * oldest first. What is due is in MariaDB. */
#include "core/base/clock.h"
#include "core/flow/proof.h"
#include "core/store/alarm_sweep.h"
#include "core/store/proof.h"
#include "jobs/job.h"

#define ROUND_MS 30000                           /* then the next round goes on */
#define GAP_DAYS_MS (INT64_C(40) * 86400 * 1000) /* then an alarm about it helps nobody */
#define DAYS_A_SUPPLY_MAX 31 /* so that a supply far behind does not hold the others back */

/* All days of a supply that are over. */
static enum rc prove(struct job *job, struct proof_run *run, int64_t supply_id)
{
    enum proof_step step = PROOF_STEP_CLOSED;
    for (int i = 0; i < DAYS_A_SUPPLY_MAX && step == PROOF_STEP_CLOSED; i++) {
        TRY(proof_close_day(job->db, run, supply_id, &step));
    }
    return RC_OK;
}

enum rc job_proof(struct job *job)
{
    struct proof_run run;
    int64_t *ids = NULL;
    size_t count = 0;
    enum rc last = RC_OK;
    int64_t begin_ms = clock_monotonic_ms();
    int64_t now_ms = clock_now_ms();
    TRY(proofs_due(job->db, &job->arena, now_ms, PROOF_DUE_MAX, &ids, &count));
    int64_t opened = 0;
    int64_t closed = 0;
    if (count == 0) {
        return alarm_sweep_proofs(job->db, now_ms - GAP_DAYS_MS, &opened, &closed);
    }
    TRY(proof_run_begin(job->db, &job->arena, now_ms,
                        config_int(job->config, CONFIG_jobs_proof_delay_s) * 1000, &run));
    for (size_t i = 0; i < count && clock_monotonic_ms() - begin_ms < ROUND_MS; i++) {
        enum rc rc = prove(job, &run, ids[i]);
        if (rc == RC_UNAVAILABLE) {
            return rc;
        }
        if (rc != RC_OK) { /* one that fails must not hold the others back */
            text_printf(&job->why, "%ssupply %lld: %s", job->why.len > 0 ? "; " : "",
                        (long long)ids[i], rc_name(rc));
            last = rc;
        }
    }
    if (run.closed > 0) {
        text_printf(&job->said, "%lld days of supplies closed, %lld differ, %lld wait",
                    (long long)run.closed, (long long)run.differing, (long long)run.waiting);
    }
    TRY(proof_run_end(job->db, &job_actor, &run));
    TRY(alarm_sweep_proofs(job->db, now_ms - GAP_DAYS_MS, &opened, &closed));
    return last;
}
