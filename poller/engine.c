#include "poller/engine.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/crypto.h"
#include "core/base/log.h"
#include "poller/engine_host.h"
#include "poller/site_day.h"

#define MAP_ARENA_MAX_BYTES ((size_t)64 << 20)
#define START_RETRY_MS 1000

bool engine_is_stopping(struct engine *engine)
{
    mutex_lock(&engine->mutex);
    bool stopping = engine->stopping;
    mutex_unlock(&engine->mutex);
    return stopping;
}

void engine_sleep_until(struct engine *engine, int64_t until_ms)
{
    mutex_lock(&engine->mutex);
    while (!engine->stopping && clock_monotonic_ms() < until_ms) {
        (void)condition_wait_until(&engine->changed, &engine->mutex, until_ms);
    }
    mutex_unlock(&engine->mutex);
}

static int64_t descriptors_limit(void)
{
    struct rlimit limit = {0};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return 256;
    }
    if (limit.rlim_cur < LINK_DESCRIPTOR_MAX) {
        limit.rlim_cur =
            limit.rlim_max < LINK_DESCRIPTOR_MAX ? limit.rlim_max : LINK_DESCRIPTOR_MAX;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
        (void)getrlimit(RLIMIT_NOFILE, &limit);
    }
    return limit.rlim_cur < LINK_DESCRIPTOR_MAX ? (int64_t)limit.rlim_cur : LINK_DESCRIPTOR_MAX;
}

size_t engine_lines_limit(const struct engine *engine)
{
    int64_t setting = config_int(engine->config, CONFIG_poller_lines_max);
    int64_t fit = descriptors_limit() - ENGINE_DESCRIPTORS_OTHER;
    int64_t limit = setting < fit ? setting : fit;
    return limit < 1 ? 1 : (size_t)limit;
}

static void read_tuning(struct engine *engine)
{
    const struct config *config = engine->config;
    engine->tuning =
        (struct line_tuning){.slow_read_ms = config_int(config, CONFIG_poller_slow_read_s) * 1000,
                             .relay_travel_ms = config_int(config, CONFIG_poller_relay_travel_ms)};
    engine->command_scan_ms = config_int(config, CONFIG_poller_command_scan_ms);
}

/* ---- lines ---- */

static struct line *find_line(struct engine *engine, int64_t id)
{
    for (size_t i = 0; i < engine->lines_count; i++) {
        if (line_id(engine->lines[i]) == id) {
            return engine->lines[i];
        }
    }
    return NULL;
}

/* Ends a line that changed or went. The list no longer names it, so nobody else has it. */
static void unlist(struct engine *engine, struct line *line)
{
    mutex_lock(&engine->lines_mutex);
    for (size_t i = 0; i < engine->lines_count; i++) {
        if (engine->lines[i] == line) {
            engine->lines_count--;
            memmove(&engine->lines[i], &engine->lines[i + 1],
                    (engine->lines_count - i) * sizeof(struct line *));
            break;
        }
    }
    mutex_unlock(&engine->lines_mutex);
    line_stop(line);
    line_join(line);
}

static enum rc list(struct engine *engine, struct line *line)
{
    mutex_lock(&engine->lines_mutex);
    struct line **lines = realloc(engine->lines, (engine->lines_count + 1) * sizeof(struct line *));
    if (lines != NULL) {
        engine->lines = lines;
        engine->lines[engine->lines_count++] = line;
    }
    mutex_unlock(&engine->lines_mutex);
    return lines == NULL ? RC_MEMORY : RC_OK;
}

static bool is_in_map(const struct field_map *map, int64_t id)
{
    for (size_t i = 0; i < map->lines_count; i++) {
        if (map->lines[i].id == id) {
            return true;
        }
    }
    return false;
}

static enum rc apply_line(struct engine *engine, const struct field_map *map, size_t index,
                          struct text *problem)
{
    struct line *before = find_line(engine, map->lines[index].id);
    if (before != NULL && line_is_same(before, map, index)) {
        line_set_writable(before, map->lines[index].writable);
        return RC_OK;
    }
    if (before != NULL) {
        unlist(engine, before);
    }
    struct line *line = NULL;
    enum rc rc =
        line_create(map, index, &engine->models, &engine->host, &engine->tuning, before, &line);
    line_free(before);
    if (rc == RC_OK) {
        rc = list(engine, line);
    }
    if (rc == RC_OK && engine->listener_started) {
        rc = line_start(line);
    }
    if (rc != RC_OK) {
        text_printf(problem, "line %s cannot be started: %s", map->lines[index].code,
                    rc_sentence(rc));
        if (line != NULL && find_line(engine, line_id(line)) == line) {
            unlist(engine, line);
        }
        line_free(line);
    }
    return rc;
}

enum rc engine_apply_map(struct engine *engine, const struct field_map *map, struct text *problem)
{
    size_t limit = engine_lines_limit(engine);
    if (map->lines_count > limit) {
        text_printf(problem,
                    "%zu lines are enabled for shard %d and this process takes %zu ([poller] "
                    "lines_max, and descriptors below %d): give lines another shard and start a "
                    "poller with [poller] shard for it",
                    map->lines_count, (int)engine->shard, limit, LINK_DESCRIPTOR_MAX);
        return RC_FULL;
    }
    for (size_t i = engine->lines_count; i-- > 0;) {
        struct line *line = engine->lines[i];
        if (!is_in_map(map, line_id(line))) {
            unlist(engine, line);
            line_free(line);
        }
    }
    enum rc rc = RC_OK;
    for (size_t i = 0; i < map->lines_count; i++) {
        enum rc one = apply_line(engine, map, i, problem);
        rc = one != RC_OK ? one : rc;
    }
    engine->map_version = map->version;
    return rc;
}

/* ---- start ---- */

static void note_waiting_row(void *context, const struct reading_row *row)
{
    struct engine *engine = context;
    for (size_t i = 0; i < engine->lines_count; i++) {
        line_note_row(engine->lines[i], row);
    }
}

static enum rc open_writer(struct engine *engine, struct text *problem)
{
    static char directory[600];
    static char prefix[32];
    const struct config *config = engine->config;
    const char *state = config_text(config, CONFIG_paths_state);
    (void)snprintf(directory, sizeof(directory), "%s/spool", state);
    (void)snprintf(prefix, sizeof(prefix), "poller%d", (int)engine->shard);
    if (mkdir(directory, 0750) != 0 && errno != EEXIST) {
        text_printf(problem, "%s cannot be made: %s", directory, strerror(errno));
        return RC_IO;
    }
    struct writer_options options = {.database = &engine->database,
                                     .redis_socket = config_text(config, CONFIG_redis_socket),
                                     .spool_directory = directory,
                                     .spool_prefix = prefix,
                                     .spool_bytes = config_int(config, CONFIG_poller_spool_mib)
                                                    << 20,
                                     .batch_ms = config_int(config, CONFIG_poller_batch_ms),
                                     .batch_rows = config_int(config, CONFIG_poller_batch_rows)};
    enum rc rc = writer_create(&options, &engine->writer);
    if (rc != RC_OK) {
        text_printf(problem, "the spool in %s cannot be opened: %s", directory, rc_sentence(rc));
    }
    return rc;
}

static enum rc load_models(struct engine *engine, struct text *problem)
{
    struct text problems CLEANUP(text_release);
    text_init(&problems, 65536);
    const char *folder = config_text(engine->config, CONFIG_paths_models);
    enum rc rc = model_set_load(&engine->models, folder, &problems);
    if (rc != RC_OK) {
        text_printf(problem, "the models in %s cannot be loaded: %s", folder, rc_sentence(rc));
        return rc;
    }
    if (problems.len > 0) {
        log_write(LOG_ERROR, "models", "%s", text_string(&problems));
    }
    return RC_OK;
}

/* The server may start after us: asked again each second. A server that may lose commits is
 * refused. */
static enum rc wait_for_map(struct engine *engine, struct db *db, struct arena *arena,
                            const volatile bool *give_up, struct field_map *map,
                            struct text *problem)
{
    bool said = false;
    while (!*give_up) {
        const char *why = "";
        arena_reset(arena);
        enum rc rc = db_check_server(db, &why);
        if (rc == RC_REFUSED) {
            text_printf(problem, "MariaDB may lose commits: %s", why);
            return rc;
        }
        if (rc == RC_OK) {
            rc = field_map_load(db, arena, engine->shard, map);
        }
        if (rc == RC_OK) {
            return rc;
        }
        if (rc != RC_UNAVAILABLE && rc != RC_UNKNOWN && rc != RC_RETRY) {
            text_printf(problem, "the field cannot be loaded: %s: %s", rc_sentence(rc),
                        db_error(db));
            return rc;
        }
        if (!said) {
            log_write(LOG_WARNING, "database", "waiting: %s: %s", rc_sentence(rc), db_error(db));
            said = true;
        }
        engine_sleep_until(engine, clock_monotonic_ms() + START_RETRY_MS);
    }
    text_add_string(problem, "ended while it waited for MariaDB");
    return RC_UNAVAILABLE;
}

static enum rc load_field(struct engine *engine, const volatile bool *give_up, struct text *problem)
{
    struct db *db CLEANUP(db_close) = NULL;
    struct arena arena CLEANUP(arena_release);
    arena_init(&arena, MAP_ARENA_MAX_BYTES);
    enum rc rc = db_open(&engine->database, &db);
    if (rc != RC_OK && rc != RC_UNAVAILABLE) {
        text_printf(problem, "no connection to MariaDB: %s", rc_sentence(rc));
        return rc;
    }
    struct field_map map = {0};
    TRY(wait_for_map(engine, db, &arena, give_up, &map, problem));
    if (site_day_set_zone(map.time_zone) != RC_OK) {
        log_write(LOG_WARNING, "site", "time zone %s is not known here, days start at UTC midnight",
                  map.time_zone);
    }
    TRY(engine_apply_map(engine, &map, problem));
    log_write(LOG_INFO, "field", "%zu lines, %zu meters, shard %d", map.lines_count,
              map.meters_count, (int)engine->shard);
    return RC_OK;
}

static enum rc read_account(struct engine *engine, struct text *problem)
{
    const struct config *config = engine->config;
    TRY(role_password(config, "poller", problem, engine->database_password));
    (void)snprintf(engine->database_user, sizeof(engine->database_user), "%spoller",
                   config_text(config, CONFIG_database_user_prefix));
    engine->database = (struct db_options){.socket = config_text(config, CONFIG_database_socket),
                                           .name = config_text(config, CONFIG_database_name),
                                           .user = engine->database_user,
                                           .password = engine->database_password};
    return RC_OK;
}

enum rc engine_open(struct engine *engine, struct config *config, const volatile bool *give_up,
                    struct text *problem)
{
    assert(engine != NULL && config != NULL && give_up != NULL && problem != NULL);
    memset(engine, 0, sizeof(*engine));
    mutex_init(&engine->mutex);
    mutex_init(&engine->lines_mutex);
    condition_init(&engine->changed);
    engine->config = config;
    engine->shard = (int32_t)config_int(config, CONFIG_poller_shard);
    engine->started_at_ms = clock_now_ms();
    (void)snprintf(engine->instance, sizeof(engine->instance), "poller%d:%d:%lld",
                   (int)engine->shard, (int)getpid(), (long long)engine->started_at_ms);
    engine->host = engine_host(engine);
    read_tuning(engine);
    TRY(load_models(engine, problem));
    TRY(read_account(engine, problem));
    TRY(open_writer(engine, problem));
    TRY(db_pool_create(&engine->database, &engine->pool));
    TRY(load_field(engine, give_up, problem));
    return writer_each_waiting(engine->writer, note_waiting_row, engine);
}

enum rc engine_start(struct engine *engine)
{
    TRY(writer_start(engine->writer));
    for (size_t i = 0; i < engine->lines_count; i++) {
        TRY(line_start(engine->lines[i]));
    }
    TRY(thread_start(&engine->listener, "listener", listener_run, engine));
    engine->listener_started = true;
    TRY(thread_start(&engine->beat, "beat", beat_run, engine));
    engine->beat_started = true;
    return RC_OK;
}

void engine_stop(struct engine *engine)
{
    mutex_lock(&engine->mutex);
    engine->stopping = true;
    (void)pthread_cond_broadcast(&engine->changed);
    mutex_unlock(&engine->mutex);
    mutex_lock(&engine->lines_mutex);
    for (size_t i = 0; i < engine->lines_count; i++) {
        line_stop(engine->lines[i]);
    }
    mutex_unlock(&engine->lines_mutex);
    if (engine->beat_started) { /* first: it may be changing the list */
        (void)pthread_join(engine->beat, NULL);
        engine->beat_started = false;
    }
    for (size_t i = 0; i < engine->lines_count; i++) {
        line_stop(engine->lines[i]);
        line_join(engine->lines[i]);
    }
    if (engine->listener_started) {
        (void)pthread_join(engine->listener, NULL);
        engine->listener_started = false;
    }
    mutex_lock(&engine->mutex);
    while (engine->probes > 0) {
        (void)pthread_cond_wait(&engine->changed, &engine->mutex);
    }
    mutex_unlock(&engine->mutex);
    if (engine->writer != NULL) {
        writer_stop(engine->writer);
    }
}

void engine_close(struct engine *engine)
{
    for (size_t i = 0; i < engine->lines_count; i++) {
        line_free(engine->lines[i]);
    }
    free(engine->lines);
    writer_free(&engine->writer);
    db_pool_free(engine->pool);
    model_set_release(&engine->models);
    crypto_wipe(engine->database_password, sizeof(engine->database_password));
    (void)pthread_cond_destroy(&engine->changed);
    (void)pthread_mutex_destroy(&engine->mutex);
    (void)pthread_mutex_destroy(&engine->lines_mutex);
}

void engine_reload(struct engine *engine)
{
    mutex_lock(&engine->mutex);
    read_tuning(engine);
    struct line_tuning tuning = engine->tuning;
    mutex_unlock(&engine->mutex);
    writer_set_batch(engine->writer, config_int(engine->config, CONFIG_poller_batch_ms),
                     config_int(engine->config, CONFIG_poller_batch_rows));
    mutex_lock(&engine->lines_mutex);
    for (size_t i = 0; i < engine->lines_count; i++) {
        line_set_tuning(engine->lines[i], &tuning);
    }
    mutex_unlock(&engine->lines_mutex);
}
