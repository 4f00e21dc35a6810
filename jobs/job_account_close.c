/* Accounts that are being closed go on as far as field, refunds and counter allow. */
#include "core/flow/account_close.h"
#include "jobs/job.h"

#define CLOSES_MAX 200

enum rc job_account_close(struct job *job)
{
    int64_t *ids = NULL;
    size_t count = 0;
    size_t moves = 0;
    TRY(account_closes_due(job->db, &job->arena, CLOSES_MAX, &ids, &count));
    for (size_t i = 0; i < count; i++) {
        bool moved = true;
        while (moved) { /* at most two: settled, closed */
            TRY(account_close_step(job->db, ids[i], &moved));
            moves += moved ? 1 : 0;
        }
    }
    if (moves > 0) {
        text_printf(&job->said, "closing accounts: %zu steps", moves);
    }
    return RC_OK;
}
