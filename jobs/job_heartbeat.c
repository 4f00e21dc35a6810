/* The sign of life of this program. */
#include <unistd.h>

#include "core/store/heartbeat.h"
#include "jobs/job.h"

enum rc job_heartbeat(struct job *job)
{
    const struct heartbeat heartbeat = {.program = "jobs",
                                        .started_at_ms = job->started_at_ms,
                                        .pid = (int32_t)getpid(),
                                        .detail = ""};
    return heartbeat_write(job->db, &heartbeat);
}
