/* Changes of mode that two people agreed to begin as soon as nothing else of the supply is in
 * flight. */
#include "core/flow/mode_change.h"
#include "core/store/wake.h"
#include "jobs/job.h"

#define APPROVED_MAX 200

enum rc job_mode_change(struct job *job)
{
    int64_t *ids = NULL;
    size_t count = 0;
    size_t begun = 0;
    enum rc last = RC_OK;
    TRY(mode_changes_approved(job->db, &job->arena, APPROVED_MAX, &ids, &count));
    for (size_t i = 0; i < count; i++) {
        bool now = false;
        int32_t shard = 0;
        enum rc rc = mode_change_begin(job->db, ids[i], &now, &shard);
        if (rc != RC_OK) {
            last = rc; /* one that fails must not hold the others back */
            continue;
        }
        if (now) {
            begun++;
            rc = wake_poller(job->redis, shard);
            (void)rc; /* a lost hint: the poller looks by itself */
        }
    }
    if (begun > 0) {
        text_printf(&job->said, "%zu changes of mode begun", begun);
    }
    return last;
}
