/* paywattctl partition show */
#include <stdio.h>

#include "core/base/clock.h"
#include "core/store/partition.h"
#include "ctl/ctl.h"

int ctl_partition_show(struct ctl *ctl)
{
    struct partition *partitions = NULL;
    size_t count = 0;
    int64_t ahead = 0;
    if (!ctl_database(ctl)) {
        return CTL_FAILED;
    }
    enum rc rc = partitions_list(ctl->db, &ctl->arena, &partitions, &count);
    if (rc == RC_OK) {
        rc = partitions_ahead(ctl->db, &ctl->arena, clock_now_ms(), &ahead);
    }
    if (rc != RC_OK) {
        return ctl_fail("partitions cannot be read: %s", db_error(ctl->db));
    }
    for (size_t i = 0; i < count; i++) {
        (void)printf("%-10s about %10lld rows %8lld MiB\n", partitions[i].name,
                     (long long)partitions[i].rows, (long long)(partitions[i].bytes >> 20));
    }
    (void)printf("%lld months ahead\n", (long long)ahead);
    return CTL_DONE;
}
