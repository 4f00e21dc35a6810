/* Platform mode: use is charged, what is used up is tripped, what has money again gets power. */
#include "core/flow/command.h"
#include "core/flow/platform.h"
#include "core/store/wake.h"
#include "jobs/job.h"

#define DUE_MAX 500

struct round {
    struct job *job;
    size_t charges;
    size_t trips;
    size_t restores;
    enum rc last; /* one that fails must not hold the others back */
};

static void wake(struct round *round, const struct platform_done *done)
{
    enum rc rc = wake_poller(round->job->redis, done->shard);
    (void)rc; /* a lost hint: the poller looks by itself */
}

static enum rc begin_all(struct round *round)
{
    int64_t *ids = NULL;
    size_t count = 0;
    TRY(platform_without_span(round->job->db, &round->job->arena, DUE_MAX, &ids, &count));
    for (size_t i = 0; i < count; i++) {
        enum rc rc = platform_begin(round->job->db, ids[i]);
        round->last = rc == RC_OK || rc == RC_CONFLICT ? round->last : rc;
    }
    return RC_OK;
}

static enum rc charge_all(struct round *round)
{
    int64_t *ids = NULL;
    size_t count = 0;
    TRY(platform_due(round->job->db, &round->job->arena, DUE_MAX, &ids, &count));
    for (size_t i = 0; i < count; i++) {
        struct platform_done done = {0};
        enum rc rc = platform_charge(round->job->db, ids[i], &done);
        if (rc != RC_OK) {
            round->last = rc;
            continue;
        }
        round->charges += (size_t)done.charges;
        if (done.command_id != 0) {
            round->trips++;
            wake(round, &done);
        }
    }
    return RC_OK;
}

static enum rc restore_some(struct round *round)
{
    int64_t *ids = NULL;
    size_t count = 0;
    TRY(platform_tripped(round->job->db, &round->job->arena, DUE_MAX, &ids, &count));
    for (size_t i = 0; i < count && round->restores < PLATFORM_RESTORES_MAX; i++) {
        struct platform_done done = {0};
        enum rc rc = platform_restore(round->job->db, ids[i], &done);
        if (rc != RC_OK && rc != RC_REFUSED) {
            round->last = rc;
            continue;
        }
        if (done.command_id != 0) {
            round->restores++;
            wake(round, &done);
        }
    }
    return RC_OK;
}

enum rc job_platform_charge(struct job *job)
{
    struct round round = {.job = job, .last = RC_OK};
    TRY(begin_all(&round));
    TRY(charge_all(&round));
    TRY(restore_some(&round));
    TRY(platform_note_power(job->db, command_stale_ms()));
    if (round.trips + round.restores > 0) {
        text_printf(&job->said, "%zu charges, %zu trips, %zu restores ordered", round.charges,
                    round.trips, round.restores);
    }
    return round.last;
}
