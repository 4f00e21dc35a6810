/* Rows that have served. */
#include "core/base/clock.h"
#include "core/store/cleanup.h"
#include "jobs/job.h"

#define DAY_MS (INT64_C(86400) * 1000)
#define IDEMPOTENCY_DAYS 90 /* what the API promises */
#define FIELD_REQUEST_DAYS 7
#define LINE_HISTORY_DAYS 92
#define IMPORT_DAYS 30
#define BATCHES_MAX 20

typedef enum rc (*cleanup_batch)(struct db *db, int64_t before_ms, int64_t *ret_rows);

static enum rc batches_run(struct job *job, cleanup_batch batch, int64_t days, const char *what)
{
    int64_t before_ms = clock_now_ms() - days * DAY_MS;
    int64_t all = 0;
    int64_t rows = CLEANUP_BATCH;
    for (int i = 0; i < BATCHES_MAX && rows == CLEANUP_BATCH; i++) {
        TRY(batch(job->db, before_ms, &rows));
        all += rows;
    }
    if (all > 0) {
        text_printf(&job->said, "%s%lld %s", job->said.len == 0 ? "" : ", ", (long long)all, what);
    }
    return RC_OK;
}

enum rc job_cleanup(struct job *job)
{
    TRY(batches_run(job, cleanup_idempotency, IDEMPOTENCY_DAYS, "idempotency keys removed"));
    TRY(batches_run(job, cleanup_field_requests, FIELD_REQUEST_DAYS, "field questions removed"));
    TRY(batches_run(job, cleanup_line_history, LINE_HISTORY_DAYS, "line history rows removed"));
    return batches_run(job, cleanup_imports, IMPORT_DAYS, "dry runs abandoned");
}
