/* Questions over links that no line owns: a thread for each, few at a time. */
#include <assert.h>
#include <stdlib.h>

#include "core/base/log.h"
#include "poller/engine.h"

struct probe {
    struct engine *engine;
    struct link_settings settings;
    struct line_question question;
};

static void *run(void *argument)
{
    struct probe *probe = argument;
    struct engine *engine = probe->engine;
    struct text json CLEANUP(text_release);
    text_init(&json, ANSWER_BYTES_MAX);
    struct link *link = NULL;
    bool done = false;
    enum rc rc = link_create(&probe->settings, &link); /* born read-only */
    if (rc == RC_OK) {
        done = line_answer(link, &probe->question, &engine->models, &json);
    } else {
        line_answer_error(&json, "unsupported", rc_sentence(rc));
    }
    link_free(link);
    rc = engine->host.answer(engine, probe->question.id, done, text_string(&json));
    if (rc != RC_OK && rc != RC_CONFLICT) {
        log_write(LOG_WARNING, "probe", "answer not stored: %s", rc_sentence(rc));
    }
    free(probe->question.model_json);
    free(probe);
    mutex_lock(&engine->mutex);
    engine->probes--;
    (void)pthread_cond_broadcast(&engine->changed);
    mutex_unlock(&engine->mutex);
    return NULL;
}

enum rc probe_start(struct engine *engine, const struct link_settings *settings,
                    const struct line_question *question)
{
    assert(engine != NULL && settings != NULL && question != NULL);
    mutex_lock(&engine->mutex);
    bool full = engine->probes >= ENGINE_PROBES_MAX || engine->stopping;
    engine->probes += !full;
    mutex_unlock(&engine->mutex);
    if (full) {
        return RC_FULL;
    }
    struct probe *probe = calloc(1, sizeof(*probe));
    pthread_t thread;
    enum rc rc = RC_MEMORY;
    if (probe != NULL) {
        *probe = (struct probe){engine, *settings, *question};
        rc = thread_start(&thread, "probe", run, probe);
    }
    if (rc != RC_OK) {
        free(probe);
        mutex_lock(&engine->mutex);
        engine->probes--;
        mutex_unlock(&engine->mutex);
        return rc;
    }
    (void)pthread_detach(thread);
    return RC_OK;
}
