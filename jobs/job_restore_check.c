/* After a restore: meters that were read are compared; those ahead of the database are frozen. */
#include "core/flow/restore.h"
#include "jobs/job.h"

enum rc job_restore_check(struct job *job)
{
    size_t passed = 0;
    size_t frozen = 0;
    TRY(restore_check_round(job->db, &job->arena, &job_actor, &passed, &frozen));
    if (passed + frozen > 0) {
        text_printf(&job->said, "%zu meters fit the restored database, %zu frozen", passed, frozen);
    }
    return RC_OK;
}
