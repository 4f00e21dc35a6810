/*
 * Engine: what the threads of one poller process share, and its start, change and end.
 *
 *   main      signals
 *   listener  orders and questions: MariaDB (woken by Redis) -> lines
 *   beat      heartbeat, health, alarms, metrics; loads the field map again when it changed
 *   writer    readings -> MariaDB, Redis, spool
 *   L01 ...   one a line
 */
#ifndef PW_POLLER_ENGINE_H
#define PW_POLLER_ENGINE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/base/config.h"
#include "core/base/rc.h"
#include "core/store/db.h"
#include "core/store/field_map.h"
#include "core/store/redis.h"
#include "core/store/role.h"
#include "poller/db_pool.h"
#include "poller/line.h"
#include "poller/model_set.h"
#include "poller/threads.h"
#include "poller/writer.h"

#define ENGINE_PROBES_MAX 4 /* questions to links that are not ours, at a time */
#define ENGINE_INSTANCE_MAX 41
#define ENGINE_DESCRIPTORS_OTHER 40 /* beside the lines: MariaDB, Redis, files, probes */

struct engine {
    struct config *config;
    struct db_options database; /* texts are below and in config */
    char database_user[64];
    char database_password[ROLE_PASSWORD_BYTES];
    int32_t shard;
    int64_t started_at_ms;
    char instance[ENGINE_INSTANCE_MAX]; /* "poller0:pid:start" */
    struct model_set models;
    struct writer *writer;
    struct db_pool *pool;
    struct line_host host;
    pthread_t listener;
    pthread_t beat;
    bool listener_started;
    bool beat_started;

    pthread_mutex_t mutex; /* guards the next block */
    pthread_cond_t changed;
    bool stopping;
    int probes; /* running */
    int64_t ended[COMMAND_STATE__MAX];
    struct line_tuning tuning;
    int64_t command_scan_ms;

    pthread_mutex_t lines_mutex; /* guards the list; taken before a line's own lock */
    struct line **lines;
    size_t lines_count;
    int64_t map_version;
};

/* Checks the server, loads models and the field map, makes all parts; starts nothing. Waits for
   MariaDB while it is away, until *give_up. problem: one sentence when it fails. */
enum rc engine_open(struct engine *engine, struct config *config, const volatile bool *give_up,
                    struct text *problem) MUST_CHECK;
enum rc engine_start(struct engine *engine) MUST_CHECK;
/* Ends everything: no new order, transactions in flight finished, readings stored or spooled.
 * Within 5 s. */
void engine_stop(struct engine *engine);
/* After engine_stop, or after a failed engine_open. */
void engine_close(struct engine *engine);
/* Takes over reloadable settings after config_reload. */
void engine_reload(struct engine *engine);

/* For the threads. */
bool engine_is_stopping(struct engine *engine);
/* Sleeps until the monotonic time, at once when the end comes. */
void engine_sleep_until(struct engine *engine, int64_t until_ms);
/* Makes the lines agree with a new map; runs in the beat thread. */
enum rc engine_apply_map(struct engine *engine, const struct field_map *map,
                         struct text *problem) MUST_CHECK;
/* Most lines that fit the setting and the descriptors of this process. */
size_t engine_lines_limit(const struct engine *engine);

void *listener_run(void *engine); /* listener.c */
void *beat_run(void *engine);     /* beat.c */
/* Asks a question over a link of its own in a thread of its own. RC_FULL: too many run. Owns
   question->model_json on RC_OK. probe.c */
enum rc probe_start(struct engine *engine, const struct link_settings *settings,
                    const struct line_question *question) MUST_CHECK;

#endif
