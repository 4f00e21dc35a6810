#include "poller/engine_host.h"

#include "core/base/log.h"
#include "core/store/field_request.h"

static enum rc host_take(void *context, int64_t id, struct command_order *ret_order)
{
    struct engine *engine = context;
    if (engine_is_stopping(engine)) {
        return RC_UNAVAILABLE; /* never a new order after the end was asked for */
    }
    struct db *db = NULL;
    TRY(db_pool_take(engine->pool, &db));
    enum rc rc = command_take(db, id, engine->instance, ret_order);
    db_pool_give(engine->pool, db);
    return rc;
}

static enum rc host_mark_sent(void *context, int64_t id)
{
    struct engine *engine = context;
    struct db *db = NULL;
    TRY(db_pool_take(engine->pool, &db));
    enum rc rc = command_mark_sent(db, id, engine->instance);
    db_pool_give(engine->pool, db);
    return rc;
}

static enum rc host_end(void *context, int64_t id, const struct command_result *result)
{
    struct engine *engine = context;
    struct db *db = NULL;
    TRY(db_pool_take(engine->pool, &db));
    enum rc rc = command_end(db, id, engine->instance, result);
    db_pool_give(engine->pool, db);
    return rc;
}

static enum rc host_push(void *context, const struct reading_entry *entry)
{
    struct engine *engine = context;
    return writer_push(engine->writer, entry);
}

static enum rc host_answer(void *context, int64_t request_id, bool done, const char *result_json)
{
    struct engine *engine = context;
    struct db *db = NULL;
    TRY(db_pool_take(engine->pool, &db));
    enum rc rc = field_request_end(db, request_id, done, result_json);
    db_pool_give(engine->pool, db);
    return rc;
}

static void host_ended(void *context, enum command_state state)
{
    struct engine *engine = context;
    mutex_lock(&engine->mutex);
    engine->ended[state]++;
    mutex_unlock(&engine->mutex);
}

struct line_host engine_host(struct engine *engine)
{
    return (struct line_host){.context = engine,
                              .take = host_take,
                              .mark_sent = host_mark_sent,
                              .end = host_end,
                              .push = host_push,
                              .answer = host_answer,
                              .ended = host_ended};
}
