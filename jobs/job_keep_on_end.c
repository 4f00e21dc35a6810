/* Keep-ons whose end has come. What is due is in MariaDB, so nothing is forgotten when Redis is
 * lost. */
#include "core/flow/keep_on.h"
#include "core/store/wake.h"
#include "jobs/job.h"

#define DUE_MAX 200

enum rc job_keep_on_end(struct job *job)
{
    int64_t *ids = NULL;
    size_t count = 0;
    size_t ordered = 0;
    enum rc last = RC_OK;
    TRY(keep_on_due(job->db, &job->arena, DUE_MAX, &ids, &count));
    for (size_t i = 0; i < count; i++) {
        struct command_answer answer = {0};
        enum rc rc = keep_on_order_end(job->db, &job->arena, ids[i], &answer);
        if (rc != RC_OK && rc != RC_REFUSED) {
            last = rc; /* one that fails must not hold the others back */
            continue;
        }
        if (rc == RC_OK && answer.command_id != 0) {
            ordered++;
            rc = wake_poller(job->redis, answer.shard);
            (void)rc; /* a lost hint: the poller looks by itself */
        }
    }
    if (ordered > 0) {
        text_printf(&job->said, "%zu releases ordered", ordered);
    }
    return last;
}
