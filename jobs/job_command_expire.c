/* Orders, approvals and questions to the field whose time is over. */
#include "core/base/clock.h"
#include "core/flow/approval.h"
#include "core/flow/command.h"
#include "core/store/field_request.h"
#include "jobs/job.h"

#define EXPIRE_MAX 500

enum rc job_command_expire(struct job *job)
{
    size_t orders = 0;
    int64_t approvals = 0;
    int64_t requests = 0;
    TRY(command_expire_due(job->db, EXPIRE_MAX, &orders));
    TRY(approval_expire_due(job->db, &approvals));
    TRY(field_request_expire(job->db, clock_now_ms(), &requests));
    if (orders > 0 || approvals > 0) {
        text_printf(&job->said, "%zu orders and %lld approvals expired", orders,
                    (long long)approvals);
    }
    return RC_OK;
}
