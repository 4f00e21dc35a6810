/* GET /checks: what the last run of the invariants found, in sentences; and how the backups stand.
 */
#include <string.h>

#include "cgi/handlers/handlers.h"
#include "cgi/shape.h"
#include "core/base/clock.h"
#include "core/store/backup.h"
#include "core/store/invariant_result.h"
#include "core/store/restore.h"

#define BACKUPS_SHOWN 7

static const char *const states[] = {"ok", "broken", "unknown", NULL};

SHAPE(check, "Check", struct invariant_result, F_WORDS(struct invariant_result, name, NEEDED),
      F_WORDS(struct invariant_result, zh, NEEDED), F_WORDS(struct invariant_result, en, NEEDED),
      F_ENUM(struct invariant_result, state, NEEDED, states),
      F_WORDS(struct invariant_result, offenders, NEEDED),
      F_TIME(struct invariant_result, checked_at, NEEDED),
      F_TIME(struct invariant_result, broken_since_at, NULLABLE));

static const char *const backup_states[] = {"running", "verified", "doubtful", "failed", NULL};

SHAPE(backup_run, "BackupRun", struct backup_run, F_WORDS(struct backup_run, name, NEEDED),
      F_ENUM(struct backup_run, state, NEEDED, backup_states),
      F_WORDS(struct backup_run, made_by, NEEDED), F_TIME(struct backup_run, started_at, NEEDED),
      F_TIME(struct backup_run, ended_at, NULLABLE), F_NUMBER(struct backup_run, bytes, NEEDED),
      F_NUMBER(struct backup_run, rows_total, NEEDED), F_WORDS(struct backup_run, detail, NEEDED));

struct checks_reply {
    struct shape_list items;
    struct shape_list backups; /* newest first */
    int64_t backup_verified_at;
    int64_t restored_at;
    int64_t restore_pending;
    int64_t broken;
    int64_t checked_at;
    const char *summary_zh;
    const char *summary_en;
};

SHAPE(checks, "Checks", struct checks_reply, F_LIST(struct checks_reply, items, &shape_check),
      F_LIST(struct checks_reply, backups, &shape_backup_run),
      F_TIME(struct checks_reply, backup_verified_at, NULLABLE),
      F_TIME(struct checks_reply, restored_at, NULLABLE),
      F_NUMBER(struct checks_reply, restore_pending, NEEDED),
      F_NUMBER(struct checks_reply, broken, NEEDED),
      F_TIME(struct checks_reply, checked_at, NULLABLE),
      F_WORDS(struct checks_reply, summary_zh, NEEDED),
      F_WORDS(struct checks_reply, summary_en, NEEDED));

static enum rc summarise(struct arena *arena, struct checks_reply *reply)
{
    if (reply->items.count == 0) {
        reply->summary_zh = "尚未核验";
        reply->summary_en = "Nothing was checked yet";
        return RC_OK;
    }
    if (reply->broken == 0) {
        reply->summary_zh = arena_printf(arena, "%zu 项核验全部成立", reply->items.count);
        reply->summary_en = arena_printf(arena, "All %zu checks hold", reply->items.count);
    } else {
        reply->summary_zh = arena_printf(arena, "%zu 项核验中有 %lld 项不成立", reply->items.count,
                                         (long long)reply->broken);
        reply->summary_en = arena_printf(arena, "%lld of %zu checks do not hold",
                                         (long long)reply->broken, reply->items.count);
    }
    return reply->summary_zh == NULL || reply->summary_en == NULL ? RC_MEMORY : RC_OK;
}

static enum rc backups_read(struct request *request, struct checks_reply *reply)
{
    struct backup_run *runs = NULL;
    const char *last = "";
    int64_t last_at = 0;
    TRY(backup_runs_list(request->db, request->arena, BACKUPS_SHOWN, &runs, &reply->backups.count));
    reply->backups.items = runs;
    TRY(backup_runs_last(request->db, request->arena, &reply->backup_verified_at, &last, &last_at));
    return restore_last(request->db, request->arena, &reply->restored_at, &reply->restore_pending);
}

enum rc handle_check_list(struct request *request)
{
    struct checks_reply reply = {0};
    struct invariant_result *results = NULL;
    TRY(invariant_results_list(request->db, request->arena, &results, &reply.items.count));
    reply.items.items = results;
    for (size_t i = 0; i < reply.items.count; i++) {
        reply.broken += strcmp(results[i].state, "ok") == 0 ? 0 : 1;
        if (results[i].checked_at > reply.checked_at) {
            reply.checked_at = results[i].checked_at;
        }
    }
    TRY(backups_read(request, &reply));
    TRY(summarise(request->arena, &reply));
    return request_reply(request, 200, &reply);
}
