#include "cgi/handlers/tenant.h"

#include "core/base/log.h"
#include "core/store/wake.h"

static void wake(struct request *request, int64_t number)
{
    (void)number;
    if (wake_pay(request->redis) != RC_OK) {
        log_write(LOG_DEBUG, "wake", "no hint for jobs; the next scan finds the order");
    }
}

void tenant_wake_jobs_after_commit(struct request *request)
{
    request_after_commit(request, wake, 0);
}
