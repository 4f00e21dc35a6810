/* The beat: sign of life, health, alarms, metrics, and the look whether the field map changed. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/store/alarm.h"
#include "core/store/heartbeat.h"
#include "poller/engine.h"
#include "poller/metrics.h"

#define TICK_MS 1000
#define HEARTBEAT_MS 2000
#define ALARMS_MS 5000
#define HEALTH_MS 10000
#define METRICS_MS 5000
#define HISTORY_MS 300000
#define MAP_ARENA_MAX_BYTES ((size_t)64 << 20)
#define ALARM_ARENA_MAX_BYTES ((size_t)32 << 20)
#define SQL_BYTES_MAX (8u << 20)

struct beat {
    struct engine *engine;
    struct db *db;
    struct field_watch watch;
    struct text sql;
    struct text page; /* metrics */
    struct field_alarm *wanted;
    size_t wanted_size;
    bool resize; /* the lines changed */
    bool in_trouble;
    int64_t heartbeat_ms, alarms_ms, health_ms, metrics_ms, history_ms; /* when next */
};

static bool is_due(int64_t *next_ms, int64_t now_ms, int64_t period_ms)
{
    if (now_ms < *next_ms) {
        return false;
    }
    *next_ms = now_ms + period_ms;
    return true;
}

static void say(struct beat *beat, const char *what, enum rc rc)
{
    if (rc == RC_OK || beat->in_trouble) {
        return;
    }
    beat->in_trouble = true;
    log_write(LOG_WARNING, "beat", "%s: %s: %s", what, rc_sentence(rc), db_error(beat->db));
}

/* ---- snapshots ---- */

static size_t count_meters(struct engine *engine)
{
    size_t count = 0;
    for (size_t i = 0; i < engine->lines_count; i++) {
        count += line_look_meters(engine->lines[i], NULL, 0);
    }
    return count;
}

static enum rc resize(struct beat *beat)
{
    struct engine *engine = beat->engine;
    size_t meters = count_meters(engine);
    TRY(field_watch_resize(&beat->watch, engine->lines_count, meters));
    size_t size = meters * 5 + engine->lines_count * 3 + 8;
    struct field_alarm *wanted = calloc(size, sizeof(*wanted));
    if (wanted == NULL) {
        return RC_MEMORY;
    }
    free(beat->wanted);
    beat->wanted = wanted;
    beat->wanted_size = size;
    beat->resize = false;
    return RC_OK;
}

/* Only this thread changes the list of lines, so it may walk it without the lock. */
static enum rc collect(struct beat *beat)
{
    struct engine *engine = beat->engine;
    if (beat->resize) {
        TRY(resize(beat));
    }
    struct line_meter_view views[SCHEDULE_METERS_MAX];
    size_t first = 0;
    for (size_t i = 0; i < engine->lines_count; i++) {
        struct watch_line *line = &beat->watch.lines[i];
        line_look(engine->lines[i], &line->view);
        size_t count = line_look_meters(engine->lines[i], views, SCHEDULE_METERS_MAX);
        count = count < SCHEDULE_METERS_MAX ? count : SCHEDULE_METERS_MAX;
        line->meters_first = first;
        line->meters_count = count;
        for (size_t k = 0; k < count; k++) {
            beat->watch.meters[first + k].view = views[k];
        }
        first += count;
    }
    beat->watch.meters_count = first;
    field_watch_note(&beat->watch, clock_monotonic_ms(), clock_now_ms());
    return RC_OK;
}

/* ---- what is written ---- */

static enum rc write_heartbeat(struct beat *beat, const struct writer_counts *counts)
{
    struct engine *engine = beat->engine;
    struct heartbeat heartbeat = {.program = "poller",
                                  .shard = engine->shard,
                                  .started_at_ms = engine->started_at_ms,
                                  .pid = (int32_t)getpid(),
                                  .spool_rows = counts->spool.rows,
                                  .spool_thinned = counts->spool.thinned + counts->spool.dropped,
                                  .detail = counts->why};
    return heartbeat_write(beat->db, &heartbeat);
}

static struct line_report report_of(const struct watch_line *line)
{
    const struct line_view *view = &line->view;
    const struct link_counters *counters = &view->counters;
    return (struct line_report){.line_id = view->line_id,
                                .condition = line->condition,
                                .since_at_ms = line->since_at_ms,
                                .cycle_ms = view->cycle_ms,
                                .bound_ms = view->bound_ms,
                                .meters_silent = view->meters_silent,
                                .transactions = counters->transactions,
                                .timeouts = counters->timeouts,
                                .crc_errors = counters->crc + counters->short_frames,
                                .foreign_frames = counters->foreign,
                                .late_frames = counters->late,
                                .exceptions = counters->exceptions,
                                .reconnects = counters->reconnects};
}

static void free_memory(void *memory)
{
    free(*(void **)memory);
}

static enum rc write_lines(struct beat *beat, bool history)
{
    size_t count = beat->watch.lines_count;
    struct line_report *reports CLEANUP(free_memory) = calloc(count + 1, sizeof(*reports));
    int64_t *errors CLEANUP(free_memory) = calloc(count + 1, sizeof(*errors));
    if (reports == NULL || errors == NULL) {
        return RC_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        struct watch_line *line = &beat->watch.lines[i];
        const struct link_counters *counters = &line->view.counters;
        int64_t sum = field_watch_errors(counters) + counters->timeouts + counters->exceptions;
        reports[i] = report_of(line);
        errors[i] = sum - line->errors_at_history;
        line->errors_at_history = history ? sum : line->errors_at_history;
    }
    return history ? line_history_write(beat->db, &beat->sql, reports, errors, count)
                   : line_state_write(beat->db, &beat->sql, reports, count);
}

static struct meter_report meter_report_of(const struct line_meter_view *view)
{
    return (struct meter_report){.meter_id = view->meter_id,
                                 .silent_since_at_ms = view->silent_since_at_ms,
                                 .backoff_until_at_ms = view->backoff_until_at_ms,
                                 .timeouts = view->counters.timeouts,
                                 .crc_errors = view->counters.crc + view->counters.short_frames,
                                 .foreign_frames = view->counters.foreign,
                                 .late_frames = view->counters.late,
                                 .exceptions = view->counters.exceptions};
}

/* Only meters whose health changed: a quiet field writes nothing. */
static enum rc write_health(struct beat *beat)
{
    size_t size = beat->watch.meters_count;
    struct meter_report *reports CLEANUP(free_memory) = calloc(size + 1, sizeof(*reports));
    if (reports == NULL) {
        return RC_MEMORY;
    }
    size_t count = 0;
    for (size_t i = 0; i < size; i++) {
        struct watch_meter *meter = &beat->watch.meters[i];
        struct meter_report report = meter_report_of(&meter->view);
        if (!meter->was_written || memcmp(&report, &meter->written, sizeof(report)) != 0) {
            reports[count++] = report;
        }
    }
    TRY(meter_health_write(beat->db, &beat->sql, reports, count));
    for (size_t i = 0; i < size; i++) {
        struct watch_meter *meter = &beat->watch.meters[i];
        meter->written = meter_report_of(&meter->view);
        meter->was_written = true;
    }
    return RC_OK;
}

/* ---- alarms ---- */

static int compare(const void *a, const void *b)
{
    const struct field_alarm *left = a;
    const struct field_alarm *right = b;
    if (left->kind != right->kind) {
        return left->kind < right->kind ? -1 : 1;
    }
    if (left->object != right->object) {
        return left->object < right->object ? -1 : 1;
    }
    return (left->object_id > right->object_id) - (left->object_id < right->object_id);
}

static size_t add_own_alarms(struct beat *beat, const struct writer_counts *counts, size_t count)
{
    const struct {
        enum alarm_kind kind;
        bool wanted;
    } rows[] = {
        {ALARM_SPOOL_USED, counts->spool.rows > 0},
        {ALARM_SPOOL_THINNED, counts->spool.thinned > 0},
        {ALARM_SPOOL_LOST, counts->spool.dropped > 0 || counts->lost > 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (rows[i].wanted && count < beat->wanted_size) {
            beat->wanted[count++] =
                (struct field_alarm){rows[i].kind, FIELD_OBJECT_PROGRAM, beat->engine->shard};
        }
    }
    return count;
}

static bool is_ours(const struct beat *beat, const struct field_alarm *alarm)
{
    return alarm->object == FIELD_OBJECT_PROGRAM ? alarm->object_id == beat->engine->shard
                                                 : field_watch_knows(&beat->watch, alarm);
}

static enum rc open_alarm(struct beat *beat, const struct field_alarm *alarm)
{
    log_write(LOG_WARNING, "alarm", "%s: %s %lld", alarm_title_en(alarm->kind),
              field_object_name(alarm->object), (long long)alarm->object_id);
    return alarm_open(beat->db, alarm->kind, field_object_name(alarm->object), alarm->object_id,
                      "");
}

static enum rc write_alarms(struct beat *beat, const struct writer_counts *counts)
{
    size_t wanted = field_watch_alarms(&beat->watch, clock_monotonic_ms(), clock_now_ms(),
                                       beat->wanted, beat->wanted_size);
    wanted = wanted < beat->wanted_size ? wanted : beat->wanted_size;
    wanted = add_own_alarms(beat, counts, wanted);
    struct arena arena CLEANUP(arena_release);
    arena_init(&arena, ALARM_ARENA_MAX_BYTES);
    struct field_alarm *open = NULL;
    size_t open_count = 0;
    TRY(field_alarms_open(beat->db, &arena, &open, &open_count));
    qsort(beat->wanted, wanted, sizeof(*beat->wanted), compare);
    qsort(open, open_count, sizeof(*open), compare);
    size_t i = 0;
    size_t k = 0;
    while (i < wanted || k < open_count) {
        int order = i == wanted ? 1 : k == open_count ? -1 : compare(&beat->wanted[i], &open[k]);
        if (order < 0) {
            TRY(open_alarm(beat, &beat->wanted[i]));
        } else if (order > 0 && is_ours(beat, &open[k])) {
            TRY(alarm_close(beat->db, open[k].kind, field_object_name(open[k].object),
                            open[k].object_id));
        }
        i += order <= 0;
        k += order >= 0;
    }
    return RC_OK;
}

/* ---- metrics, map ---- */

static void write_metrics(struct beat *beat, const struct writer_counts *counts)
{
    struct engine *engine = beat->engine;
    const char *path = config_text(engine->config, CONFIG_poller_metrics_file);
    if (path[0] == '\0') {
        return;
    }
    int64_t ended[COMMAND_STATE__MAX];
    mutex_lock(&engine->mutex);
    memcpy(ended, engine->ended, sizeof(ended));
    mutex_unlock(&engine->mutex);
    text_clear(&beat->page);
    metrics_write(&beat->page, &beat->watch, counts, ended, engine->shard);
    if (metrics_replace(path, &beat->page) != RC_OK && !beat->in_trouble) {
        log_write(LOG_WARNING, "metrics", "%s cannot be written", path);
        beat->in_trouble = true;
    }
}

static enum rc check_map(struct beat *beat)
{
    struct engine *engine = beat->engine;
    int64_t version = 0;
    TRY(field_map_version(beat->db, engine->shard, &version));
    if (version == engine->map_version) {
        return RC_OK;
    }
    struct arena arena CLEANUP(arena_release);
    struct text problem CLEANUP(text_release);
    arena_init(&arena, MAP_ARENA_MAX_BYTES);
    text_init(&problem, 4096);
    struct field_map map = {0};
    TRY(field_map_load(beat->db, &arena, engine->shard, &map));
    enum rc rc = engine_apply_map(engine, &map, &problem);
    engine->map_version = map.version; /* a map that does not fit is said once */
    beat->resize = true;
    if (rc == RC_OK) {
        log_write(LOG_INFO, "field", "changed: %zu lines, %zu meters", map.lines_count,
                  map.meters_count);
    } else {
        log_write(LOG_ERROR, "field", "%s", text_string(&problem));
    }
    return RC_OK;
}

static void tick(struct beat *beat)
{
    int64_t now_ms = clock_monotonic_ms();
    say(beat, "the field map", check_map(beat));
    enum rc rc = collect(beat);
    if (rc != RC_OK) {
        say(beat, "snapshots", rc);
        return;
    }
    struct writer_counts counts = writer_count(beat->engine->writer);
    if (is_due(&beat->heartbeat_ms, now_ms, HEARTBEAT_MS)) {
        rc = write_heartbeat(beat, &counts);
        say(beat, "heartbeat", rc);
        if (rc == RC_OK) {
            beat->in_trouble = false;
            say(beat, "lines", write_lines(beat, false));
        }
    }
    if (is_due(&beat->alarms_ms, now_ms, ALARMS_MS)) {
        say(beat, "alarms", write_alarms(beat, &counts));
    }
    if (is_due(&beat->health_ms, now_ms, HEALTH_MS)) {
        say(beat, "health", write_health(beat));
    }
    if (is_due(&beat->history_ms, now_ms, HISTORY_MS)) {
        say(beat, "line history", write_lines(beat, true));
    }
    if (is_due(&beat->metrics_ms, now_ms, METRICS_MS)) {
        write_metrics(beat, &counts);
    }
}

void *beat_run(void *argument)
{
    struct beat beat = {.engine = argument, .resize = true};
    text_init(&beat.sql, SQL_BYTES_MAX);
    text_init(&beat.page, METRICS_BYTES_MAX);
    beat.history_ms = clock_monotonic_ms() + HISTORY_MS;
    enum rc rc = db_open(&beat.engine->database, &beat.db);
    if (rc != RC_OK && rc != RC_UNAVAILABLE) {
        log_write(LOG_ERROR, "beat", "cannot begin: %s", rc_sentence(rc));
    }
    while (beat.db != NULL && !engine_is_stopping(beat.engine)) {
        int64_t next_ms = clock_monotonic_ms() + TICK_MS;
        tick(&beat);
        engine_sleep_until(beat.engine, next_ms);
    }
    field_watch_release(&beat.watch);
    free(beat.wanted);
    text_release(&beat.sql);
    text_release(&beat.page);
    db_close(&beat.db);
    return NULL;
}
