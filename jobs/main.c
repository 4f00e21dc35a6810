/*
 * paywatt-jobs --config INI: everything that waits. One thread a job; the main thread takes
 * signals.
 *
 *   SIGTERM, SIGINT  end after the round at work        SIGHUP  read the settings again
 *
 * A job that fails is tried again at its next period; a failure is logged once until it changes or
 * is over.
 */
#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/flow/command.h"
#include "core/pay/provider.h"
#include "core/store/job_lock.h"
#include "core/store/role.h"
#include "core/store/site.h"
#include "jobs/job.h"

#define JOB_ARENA_BYTES ((size_t)64 << 20)
#define CONNECT_PAUSE_MS 1000

const struct actor job_actor = {.kind = ACTOR_SYSTEM, .name = "paywatt-jobs", .role = "", .ip = ""};

static const struct job_row {
    const char *name;
    int64_t period_ms;
    int64_t limit_s;
    const char *help;
    enum rc (*run)(struct job *job);
} rows[] = {
#define JOB(name, period_ms, limit_s, help) {#name, period_ms, limit_s, help, job_##name},
#include "jobs/jobs.def"
#undef JOB
};

static struct {
    const struct config *config;
    int64_t started_at_ms;
    pthread_mutex_t mutex;
    pthread_cond_t ended;
    bool stop;
    int64_t reloads;
} program = {.mutex = PTHREAD_MUTEX_INITIALIZER};

bool job_stopping(void)
{
    (void)pthread_mutex_lock(&program.mutex);
    bool stop = program.stop;
    (void)pthread_mutex_unlock(&program.mutex);
    return stop;
}

int64_t job_reloads(void)
{
    (void)pthread_mutex_lock(&program.mutex);
    int64_t reloads = program.reloads;
    (void)pthread_mutex_unlock(&program.mutex);
    return reloads;
}

/* Waits; false when the program ends. */
static bool pause_ms(int64_t milliseconds)
{
    struct timespec until;
    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += milliseconds / 1000;
    until.tv_nsec += (long)(milliseconds % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    (void)pthread_mutex_lock(&program.mutex);
    while (!program.stop &&
           pthread_cond_timedwait(&program.ended, &program.mutex, &until) != ETIMEDOUT) {
    }
    bool go_on = !program.stop;
    (void)pthread_mutex_unlock(&program.mutex);
    return go_on;
}

/* One round under the job's lock, so that two machines never do the same at once. */
static enum rc round_run(struct job *job, const struct job_row *row)
{
    enum rc rc = job_lock_take(job->db, row->name, row->limit_s);
    if (rc == RC_LOCKED) {
        return RC_OK; /* another paywatt-jobs is at it */
    }
    TRY(rc);
    rc = row->run(job);
    job_lock_release(job->db, row->name);
    return rc;
}

static void outcome_log(struct job *job, enum rc rc, enum rc *last)
{
    if (rc == RC_OK && *last != RC_OK) {
        log_write(LOG_INFO, job->name, "works again");
    } else if (rc != RC_OK && rc != *last) {
        const char *why = job->why.len > 0 ? text_string(&job->why) : db_error(job->db);
        log_write(rc == RC_UNAVAILABLE || rc == RC_RETRY ? LOG_WARNING : LOG_ERROR, job->name,
                  "failed (%s): %s", rc_name(rc), why[0] == '\0' ? rc_sentence(rc) : why);
    }
    if (job->said.len > 0) {
        log_write(LOG_INFO, job->name, "%s", text_string(&job->said));
    }
    *last = rc;
}

/* A connection of the job's own; tries until there is one. */
static bool connection_open(struct job *job)
{
    bool told = false;
    for (;;) {
        struct text problem __attribute__((cleanup(text_release)));
        text_init(&problem, 4096);
        enum rc rc = role_open(program.config, "jobs", &problem, &job->db);
        if (rc == RC_OK) {
            return true;
        }
        if (!told) {
            log_write(LOG_WARNING, job->name, "%s", text_string(&problem));
            told = true;
        }
        db_close(&job->db);
        if (!pause_ms(CONNECT_PAUSE_MS)) {
            return false;
        }
    }
}

static void *job_thread(void *argument)
{
    const struct job_row *row = argument;
    struct job job = {
        .name = row->name, .config = program.config, .started_at_ms = program.started_at_ms};
    arena_init(&job.arena, JOB_ARENA_BYTES);
    text_init(&job.said, 2000);
    text_init(&job.why, 2000);
    enum rc last = redis_open(config_text(program.config, CONFIG_redis_socket), &job.redis);
    bool go_on = last == RC_OK && connection_open(&job);
    while (go_on) {
        arena_reset(&job.arena);
        text_clear(&job.said);
        text_clear(&job.why);
        int64_t begin_ms = clock_monotonic_ms();
        outcome_log(&job, round_run(&job, row), &last);
        job.round++;
        int64_t period_ms =
            row->period_ms > 0 ? row->period_ms : config_int(program.config, CONFIG_jobs_chain_ms);
        int64_t left_ms = period_ms - (clock_monotonic_ms() - begin_ms);
        go_on = pause_ms(left_ms > 0 ? left_ms : 1);
    }
    if (job.own_free != NULL) {
        job.own_free(job.own);
    }
    db_close(&job.db);
    redis_close(&job.redis);
    text_release(&job.said);
    text_release(&job.why);
    arena_release(&job.arena);
    return NULL;
}

/* Days of the audit seals are days of the site. Set once, before any thread. */
static void time_zone_set(void)
{
    struct text problem __attribute__((cleanup(text_release)));
    struct arena arena __attribute__((cleanup(arena_release)));
    text_init(&problem, 4096);
    arena_init(&arena, 65536);
    CLEANUP(db_close) struct db *db = NULL;
    struct site site = {.time_zone = "Asia/Shanghai"};
    enum rc rc = role_open(program.config, "jobs", &problem, &db);
    rc = rc == RC_OK ? site_find(db, &arena, &site) : rc;
    if (rc != RC_OK) {
        log_write(LOG_WARNING, "", "time zone of the site not known yet, %s is taken: %s",
                  site.time_zone, text_string(&problem));
    }
    (void)setenv("TZ", site.time_zone, 1);
    tzset();
}

/* What the rules of orders need from the settings file: a keep-on's end is an order too. */
static void tell_rules(const struct config *config)
{
    command_configure(config_bool(config, CONFIG_site_simulated),
                      config_int(config, CONFIG_poller_stale_s) * 1000);
}

static void settings_reload(struct config *config)
{
    struct text problems __attribute__((cleanup(text_release)));
    struct text restart __attribute__((cleanup(text_release)));
    text_init(&problems, 65536);
    text_init(&restart, 65536);
    if (config_reload(config, &problems, &restart) != RC_OK) {
        log_write(LOG_ERROR, "settings", "not read: %s", text_string(&problems));
        return;
    }
    log_open("paywatt-jobs", config_log_level(config));
    tell_rules(config);
    (void)pthread_mutex_lock(&program.mutex);
    program.reloads++;
    (void)pthread_mutex_unlock(&program.mutex);
    log_write(LOG_INFO, "settings", "read again%s%s", restart.len > 0 ? "; a restart takes: " : "",
              text_string(&restart));
}

static void run(struct config *config)
{
    sigset_t signals;
    (void)sigemptyset(&signals);
    (void)sigaddset(&signals, SIGTERM);
    (void)sigaddset(&signals, SIGINT);
    (void)sigaddset(&signals, SIGHUP);
    (void)pthread_sigmask(SIG_BLOCK, &signals, NULL);
    pthread_t threads[ARRAY_LEN(rows)];
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        int failed = pthread_create(&threads[i], NULL, job_thread, (void *)(uintptr_t)&rows[i]);
        assert(failed == 0);
    }
    log_write(LOG_INFO, "", "started, %zu jobs", ARRAY_LEN(rows));
    for (int number = 0; number != SIGTERM && number != SIGINT;) {
        if (sigwait(&signals, &number) == 0 && number == SIGHUP) {
            settings_reload(config);
        }
    }
    (void)pthread_mutex_lock(&program.mutex);
    program.stop = true;
    (void)pthread_cond_broadcast(&program.ended);
    (void)pthread_mutex_unlock(&program.mutex);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        (void)pthread_join(threads[i], NULL);
    }
    log_write(LOG_INFO, "", "ended");
}

/* A payment provider that is set by half is an error at start, not at the first order. */
static bool providers_are_whole(const struct config *config)
{
    struct text problems __attribute__((cleanup(text_release)));
    text_init(&problems, 65536);
    CLEANUP(pay_close) struct pay *pay = NULL;
    enum rc rc = pay_open(config, clock_now_ms(), &problems, &pay);
    if (rc != RC_OK) {
        log_write(LOG_ERROR, "payment providers", "%s: %s", rc_sentence(rc),
                  text_string(&problems));
    }
    return rc == RC_OK;
}

int main(int argc, char **argv)
{
    log_open("paywatt-jobs", LOG_INFO);
    if (argc == 2 && strcmp(argv[1], "--jobs") == 0) {
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
            (void)printf("%s\t%lld\t%lld\t%s\n", rows[i].name, (long long)rows[i].period_ms,
                         (long long)rows[i].limit_s, rows[i].help);
        }
        return 0;
    }
    if (argc != 3 || strcmp(argv[1], "--config") != 0) {
        (void)fputs("usage: paywatt-jobs --config INI | --jobs\n", stderr);
        return 2;
    }
    struct text problems __attribute__((cleanup(text_release)));
    text_init(&problems, 65536);
    CLEANUP(config_free) struct config *config = NULL;
    if (config_load(argv[2], &problems, &config) != RC_OK) {
        (void)fputs(text_string(&problems), stderr);
        return 1;
    }
    log_open("paywatt-jobs", config_log_level(config));
    if (!providers_are_whole(config)) {
        return 78;
    }
    (void)signal(SIGPIPE, SIG_IGN); /* a child that ends early is told by its status */
    tell_rules(config);
    program.config = config;
    program.started_at_ms = clock_now_ms();
    pthread_condattr_t attributes;
    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&program.ended, &attributes);
    time_zone_set();
    run(config);
    return 0;
}
