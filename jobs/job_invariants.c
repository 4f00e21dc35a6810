/* What must always hold, looked at hourly; an alarm names the first that does not. */
#include "core/store/alarm.h"
#include "core/store/invariant.h"
#include "jobs/job.h"

#define TEXTS_BYTES ((size_t)64 << 20)

/* Read once: the connection keeps statements by the address of their text. */
static struct {
    struct arena arena;
    struct invariant *rows;
    size_t count;
} loaded;

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

enum rc job_invariants(struct job *job)
{
    TRY(load_once(job));
    const char *first = NULL;
    size_t broken = 0;
    for (size_t i = 0; i < loaded.count; i++) {
        const char **offenders = NULL;
        size_t count = 0;
        TRY(invariant_check(job->db, &job->arena, &loaded.rows[i], &offenders, &count));
        if (count > 0) {
            broken++;
            text_printf(&job->said, "%s%s: %s", broken == 1 ? "broken " : "; ", loaded.rows[i].name,
                        offenders[0]);
            first = first == NULL ? loaded.rows[i].name : first;
        }
    }
    if (broken == 0) {
        return alarm_close(job->db, ALARM_INVARIANT_BROKEN, "site", 0);
    }
    const char *detail = arena_printf(&job->arena, "%zu broken, the first is %s", broken, first);
    return alarm_open(job->db, ALARM_INVARIANT_BROKEN, "site", 0, detail == NULL ? "" : detail);
}
