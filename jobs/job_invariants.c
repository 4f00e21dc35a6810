/* What must always hold, looked at hourly and kept for the page and /healthz; an alarm names the
 * first that does not. */
#include "core/base/clock.h"
#include "core/store/alarm.h"
#include "core/store/invariant_result.h"
#include "jobs/job.h"

#define TEXTS_BYTES ((size_t)64 << 20)
#define OFFENDERS_BYTES_MAX 16000

/* Read once: the connection keeps statements by the address of their text. */
static struct {
    struct arena arena;
    struct invariant *rows;
    size_t count;
} loaded;

struct keeping {
    const struct invariant *invariant;
    const char *state;
    const char *offenders;
    int64_t at_ms;
};

static enum rc load_once(struct job *job)
{
    if (loaded.rows != NULL) {
        return RC_OK;
    }
    arena_init(&loaded.arena, TEXTS_BYTES);
    enum rc rc = invariants_load(config_text(job->config, CONFIG_paths_schema), &loaded.arena,
                                 &job->why, &loaded.rows, &loaded.count);
    if (rc != RC_OK) {
        arena_release(&loaded.arena);
    }
    return rc;
}

static enum rc keep_work(struct db *db, void *context)
{
    const struct keeping *keeping = context;
    return invariant_results_keep(db, keeping->invariant, keeping->state, keeping->offenders,
                                  keeping->at_ms);
}

static enum rc forget_work(struct db *db, void *context)
{
    return invariant_results_forget(db, *(const int64_t *)context);
}

/* One invariant, whether it holds or not; *ret_holds false too where it cannot be checked. */
static enum rc check_one(struct job *job, const struct invariant *invariant, int64_t at_ms,
                         bool *ret_holds)
{
    const char **offenders = NULL;
    size_t count = 0;
    CLEANUP(text_release) struct text text;
    text_init(&text, OFFENDERS_BYTES_MAX);
    enum rc rc = invariant_check(job->db, &job->arena, invariant, &offenders, &count);
    if (rc == RC_UNAVAILABLE) {
        return rc;
    }
    for (size_t i = 0; rc == RC_OK && i < count; i++) {
        text_printf(&text, "%s%s", i == 0 ? "" : "\n", offenders[i]);
    }
    *ret_holds = rc == RC_OK && count == 0;
    if (!*ret_holds) {
        text_printf(&job->said, "%s%s: %s", job->said.len == 0 ? "broken " : "; ", invariant->name,
                    count == 0 ? "cannot be checked" : offenders[0]);
    }
    struct keeping keeping = {.invariant = invariant,
                              .state = rc != RC_OK  ? "unknown"
                                       : *ret_holds ? "ok"
                                                    : "broken",
                              .offenders = text_string(&text),
                              .at_ms = at_ms};
    return db_transact(job->db, keep_work, &keeping);
}

enum rc job_invariants(struct job *job)
{
    TRY(load_once(job));
    const char *first = NULL;
    size_t broken = 0;
    int64_t at_ms = clock_now_ms();
    for (size_t i = 0; i < loaded.count; i++) {
        bool holds = true;
        TRY(check_one(job, &loaded.rows[i], at_ms, &holds));
        broken += holds ? 0 : 1;
        first = first == NULL && !holds ? loaded.rows[i].name : first;
    }
    TRY(db_transact(job->db, forget_work, &at_ms));
    if (broken == 0) {
        return alarm_close(job->db, ALARM_INVARIANT_BROKEN, "site", 0);
    }
    const char *detail = arena_printf(&job->arena, "%zu broken, the first is %s", broken, first);
    return alarm_open(job->db, ALARM_INVARIANT_BROKEN, "site", 0, detail == NULL ? "" : detail);
}
