/* How the whole stands: the header's lights, /healthz, /metrics. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cgi/handlers/handlers.h"
#include "cgi/handlers/tasks.h"
#include "cgi/shape.h"
#include "core/base/clock.h"
#include "core/flow/backup.h"
#include "core/flow/command.h"
#include "core/store/invariant_result.h"
#include "core/store/status.h"

#define HEARTBEAT_LATE_MS 30000
#define AUDIT_LATE_MS 60000
#define METRICS_FILE_BYTES_MAX ((size_t)4 << 20)

static const char *const service_states[] = {"ok", "down", NULL};
static const char *const field_states[] = {"ok", "degraded", "down", NULL};
static const char *const outside_states[] = {"ok", "down", "unknown", NULL};

struct status_view {
    const char *database;
    const char *redis;
    const char *field;
    const char *outside;
    int64_t poller_heartbeat_at;
    int64_t server_at;
    int64_t meters_total;
    int64_t meters_read;
    int64_t meters_stale;
    int64_t oldest_reading_at;
    int64_t oldest_reading_meter_id;
    int64_t lines_total;
    int64_t lines_read_only;
    int64_t alarms_open;
    int64_t tasks_open;
    bool experimental_models_accepted;
};
SHAPE(status, "Status", struct status_view,
      F_ENUM(struct status_view, database, NEEDED, service_states),
      F_ENUM(struct status_view, redis, NEEDED, service_states),
      F_ENUM(struct status_view, field, NEEDED, field_states),
      F_ENUM(struct status_view, outside, NEEDED, outside_states),
      F_TIME(struct status_view, poller_heartbeat_at, NULLABLE),
      F_TIME(struct status_view, server_at, NEEDED),
      F_NUMBER(struct status_view, meters_total, NEEDED),
      F_NUMBER(struct status_view, meters_read, NEEDED),
      F_NUMBER(struct status_view, meters_stale, NEEDED),
      F_TIME(struct status_view, oldest_reading_at, NULLABLE),
      F_NUMBER(struct status_view, oldest_reading_meter_id, NULLABLE),
      F_NUMBER(struct status_view, lines_total, NEEDED),
      F_NUMBER(struct status_view, lines_read_only, NEEDED),
      F_NUMBER(struct status_view, alarms_open, NEEDED),
      F_NUMBER(struct status_view, tasks_open, NEEDED),
      F_BOOL(struct status_view, experimental_models_accepted, NEEDED));

static bool is_late(int64_t now_ms, int64_t heartbeat_at_ms)
{
    return heartbeat_at_ms == 0 || now_ms - heartbeat_at_ms > HEARTBEAT_LATE_MS;
}

static const char *field_state(const struct status_field *field, int64_t now_ms)
{
    if (is_late(now_ms, field->poller_heartbeat_at_ms)) {
        return "down";
    }
    return field->lines_silent > 0 || field->meters_stale > 0 ? "degraded" : "ok";
}

enum rc handle_status_show(struct request *request)
{
    int64_t now_ms = clock_now_ms();
    struct status_field field = {0};
    struct status_view view = {
        .database = "ok",
        .redis = redis_is_up(request->redis) ? "ok" : "down", /* the session was just read */
        .outside = "unknown"};
    enum rc rc = status_field(request->db, request->arena, now_ms, command_stale_ms(), &field);
    if (rc == RC_OK) {
        rc = tasks_count(request, &view.tasks_open);
    }
    if (rc != RC_OK && rc != RC_UNAVAILABLE) {
        return rc;
    }
    if (rc == RC_UNAVAILABLE) {
        view.database = "down";
        view.field = "down";
    } else {
        view.field = field_state(&field, now_ms);
    }
    view.poller_heartbeat_at = field.poller_heartbeat_at_ms;
    view.server_at = now_ms;
    view.meters_total = field.meters_total;
    view.meters_read = field.meters_read;
    view.meters_stale = field.meters_stale;
    view.oldest_reading_at = field.oldest_reading_at_ms;
    view.oldest_reading_meter_id =
        field.oldest_reading_meter_id == 0 ? SHAPE_NULL : field.oldest_reading_meter_id;
    view.lines_total = field.lines_total;
    view.lines_read_only = field.lines_read_only;
    view.alarms_open = field.alarms_open;
    view.experimental_models_accepted = field.experimental_accepted && command_site_simulated();
    return request_reply(request, 200, &view);
}

/* ---- /healthz: 200 when all is well, 503 else; the body says what is not. An old backup is told,
   but stops nobody: there is an alarm for it. */

struct health_view {
    const char *state;
    const char *database;
    const char *redis;
    const char *poller;
    int64_t poller_age_s;
    const char *jobs;
    int64_t jobs_age_s;
    const char *audit_chain;
    int64_t audit_waiting_s;
    const char *invariants;
    int64_t invariants_broken;
    int64_t invariants_age_s;
    const char *backup;
    int64_t backup_age_s;
};
static const char *const invariant_states[] = {"ok", "broken", "unknown", NULL};
static const char *const backup_states[] = {"ok", "late", "unknown", NULL};
static const char *const health_states[] = {"ok", "failing", NULL};
SHAPE(health, "Health", struct health_view,
      F_ENUM(struct health_view, state, NEEDED, health_states),
      F_ENUM(struct health_view, database, NEEDED, service_states),
      F_ENUM(struct health_view, redis, NEEDED, service_states),
      F_ENUM(struct health_view, poller, NEEDED, service_states),
      F_NUMBER(struct health_view, poller_age_s, NULLABLE),
      F_ENUM(struct health_view, jobs, NEEDED, service_states),
      F_NUMBER(struct health_view, jobs_age_s, NULLABLE),
      F_ENUM(struct health_view, audit_chain, NEEDED, service_states),
      F_NUMBER(struct health_view, audit_waiting_s, NULLABLE),
      F_ENUM(struct health_view, invariants, NEEDED, invariant_states),
      F_NUMBER(struct health_view, invariants_broken, NEEDED),
      F_NUMBER(struct health_view, invariants_age_s, NULLABLE),
      F_ENUM(struct health_view, backup, NEEDED, backup_states),
      F_NUMBER(struct health_view, backup_age_s, NULLABLE));

static int64_t age_s(int64_t now_ms, int64_t at_ms)
{
    return at_ms == 0 ? SHAPE_NULL : (now_ms - at_ms) / 1000;
}

enum rc handle_health_show(struct request *request)
{
    int64_t now_ms = clock_now_ms();
    struct status_health health = {0};
    enum rc rc = status_health(request->db, request->arena, &health);
    bool database = rc == RC_OK;
    struct invariant_summary checks = {0};
    if (database) {
        database = invariant_results_summary(request->db, request->arena, &checks) == RC_OK;
    }
    bool redis = redis_ping(request->redis) == RC_OK;
    bool poller = database && !is_late(now_ms, health.poller_heartbeat_at_ms);
    bool jobs = database && !is_late(now_ms, health.jobs_heartbeat_at_ms);
    bool chain = database && (health.audit_waiting_since_at_ms == 0 ||
                              now_ms - health.audit_waiting_since_at_ms <= AUDIT_LATE_MS);
    bool well = database && redis && poller && jobs && chain && checks.broken == 0;
    bool backup_is_late = now_ms - health.backup_verified_at_ms > BACKUP_LATE_MS;
    struct health_view view = {.state = well ? "ok" : "failing",
                               .database = database ? "ok" : "down",
                               .redis = redis ? "ok" : "down",
                               .poller = poller ? "ok" : "down",
                               .poller_age_s = age_s(now_ms, health.poller_heartbeat_at_ms),
                               .jobs = jobs ? "ok" : "down",
                               .jobs_age_s = age_s(now_ms, health.jobs_heartbeat_at_ms),
                               .audit_chain = chain ? "ok" : "down",
                               .audit_waiting_s = age_s(now_ms, health.audit_waiting_since_at_ms),
                               .invariants = checks.checked == 0  ? "unknown"
                                             : checks.broken == 0 ? "ok"
                                                                  : "broken",
                               .invariants_broken = checks.broken,
                               .invariants_age_s = age_s(now_ms, checks.checked_at_ms),
                               .backup = health.backup_verified_at_ms == 0 ? "unknown"
                                         : backup_is_late                  ? "late"
                                                                           : "ok",
                               .backup_age_s = age_s(now_ms, health.backup_verified_at_ms)};
    TRY(request_reply(request, 200, &view));
    request->status = well ? 200 : 503;
    return RC_OK;
}

/* ---- /metrics: the files that poller and masters rewrite every few seconds, one after another */

static void add_file(struct arena *arena, const char *path, struct text *out)
{
    FILE *file = path[0] == '\0' ? NULL : fopen(path, "re");
    if (file == NULL) {
        return;
    }
    char *bytes = arena_take(arena, METRICS_FILE_BYTES_MAX);
    size_t len = bytes == NULL ? 0 : fread(bytes, 1, METRICS_FILE_BYTES_MAX, file);
    (void)fclose(file);
    text_add(out, bytes == NULL ? "" : bytes, len);
    if (len > 0 && bytes[len - 1] != '\n') {
        text_add_char(out, '\n');
    }
}

static bool is_metrics_name(const char *name)
{
    size_t len = strlen(name);
    return len > 5 && strcmp(name + len - 5, ".prom") == 0;
}

enum rc handle_metrics_show(struct request *request)
{
    CLEANUP(text_release) struct text out;
    text_init(&out, REQUEST_REPLY_BYTES_MAX);
    const char *folder = config_text(request->config, CONFIG_paths_state);
    const char *poller = config_text(request->config, CONFIG_poller_metrics_file);
    DIR *files = opendir(folder);
    const struct dirent *entry = NULL;
    while (files != NULL && (entry = readdir(files)) != NULL) {
        const char *path = is_metrics_name(entry->d_name)
                               ? arena_printf(request->arena, "%s/%s", folder, entry->d_name)
                               : NULL;
        if (path != NULL && strcmp(path, poller) != 0) {
            add_file(request->arena, path, &out);
        }
    }
    if (files != NULL) {
        (void)closedir(files);
    }
    add_file(request->arena, poller, &out);
    TRY(text_result(&out));
    return request_reply_bytes(request, 200, "text/plain; version=0.0.4; charset=utf-8",
                               text_string(&out), out.len);
}
