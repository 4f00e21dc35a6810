#include "poller/engine_host.h"

#include "core/base/log.h"
#include "core/flow/delivery.h"
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

static enum rc host_delivery_claim(void *context, int64_t id,
                                   const struct delivery_reading *reading,
                                   struct delivery_frame *ret_frame,
                                   struct delivery_outcome *ret_outcome)
{
    struct engine *engine = context;
    if (engine_is_stopping(engine)) {
        return RC_UNAVAILABLE; /* never a new count after the end was asked for */
    }
    struct db *db = NULL;
    TRY(db_pool_take(engine->pool, &db));
    enum rc rc = delivery_claim(db, id, engine->instance, reading, ret_frame, ret_outcome);
    db_pool_give(engine->pool, db);
    return rc;
}

static enum rc host_delivery_mark_sent(void *context, int64_t id, struct delivery_frame *ret_frame,
                                       struct delivery_outcome *ret_outcome)
{
    struct engine *engine = context;
    struct db *db = NULL;
    TRY(db_pool_take(engine->pool, &db));
    enum rc rc = delivery_mark_sent(db, id, engine->instance, ret_frame, ret_outcome);
    db_pool_give(engine->pool, db);
    return rc;
}

static enum rc host_delivery_judge(void *context, int64_t id,
                                   const struct delivery_reading *reading,
                                   enum readback_verdict *ret_verdict,
                                   struct delivery_outcome *ret_outcome)
{
    struct engine *engine = context;
    struct db *db = NULL;
    TRY(db_pool_take(engine->pool, &db));
    enum rc rc = delivery_judge(db, id, engine->instance, reading, ret_verdict, ret_outcome);
    db_pool_give(engine->pool, db);
    return rc;
}

static enum rc host_delivery_note_wait(void *context, int64_t id, const char *wait_code)
{
    struct engine *engine = context;
    struct db *db = NULL;
    TRY(db_pool_take(engine->pool, &db));
    enum rc rc = delivery_note_wait(db, id, wait_code);
    db_pool_give(engine->pool, db);
    return rc;
}

static enum rc host_note_power(void *context, int64_t supply_id, int64_t epoch, int64_t at_ms)
{
    struct engine *engine = context;
    struct db *db = NULL;
    TRY(db_pool_take(engine->pool, &db));
    enum rc rc = power_note(db, supply_id, epoch, at_ms);
    db_pool_give(engine->pool, db);
    return rc;
}

static enum rc host_delivery_take_over(void *context, int64_t id)
{
    struct engine *engine = context;
    struct db *db = NULL;
    TRY(db_pool_take(engine->pool, &db));
    enum rc rc = delivery_take_over(db, id, engine->instance);
    db_pool_give(engine->pool, db);
    return rc;
}

static enum rc host_delivery_resume(void *context, int64_t id)
{
    struct engine *engine = context;
    struct db *db = NULL;
    TRY(db_pool_take(engine->pool, &db));
    enum rc rc = delivery_resume(db, id, engine->instance);
    db_pool_give(engine->pool, db);
    return rc;
}

static enum rc host_adjustment_trip(void *context, int64_t id)
{
    struct engine *engine = context;
    struct db *db = NULL;
    TRY(db_pool_take(engine->pool, &db));
    enum rc rc = adjustment_trip(db, id);
    db_pool_give(engine->pool, db);
    return rc;
}

static enum rc host_adjustment_begin(void *context, int64_t id,
                                     const struct delivery_reading *reading, bool tripped,
                                     struct adjustment_frame *ret_frame)
{
    struct engine *engine = context;
    struct db *db = NULL;
    TRY(db_pool_take(engine->pool, &db));
    enum rc rc = adjustment_begin(db, id, reading, tripped, ret_frame);
    db_pool_give(engine->pool, db);
    return rc;
}

static enum rc host_adjustment_mark_written(void *context, int64_t id,
                                            struct adjustment_frame *ret_frame)
{
    struct engine *engine = context;
    struct db *db = NULL;
    TRY(db_pool_take(engine->pool, &db));
    enum rc rc = adjustment_mark_written(db, id, ret_frame);
    db_pool_give(engine->pool, db);
    return rc;
}

static enum rc host_adjustment_settle(void *context, int64_t id,
                                      const struct delivery_reading *reading,
                                      enum adjustment_verdict *ret_verdict)
{
    struct engine *engine = context;
    struct db *db = NULL;
    TRY(db_pool_take(engine->pool, &db));
    enum rc rc = adjustment_settle(db, id, reading, ret_verdict);
    db_pool_give(engine->pool, db);
    return rc;
}

static enum rc host_push_mark_written(void *context, int64_t id, const char *serial_number)
{
    struct engine *engine = context;
    struct db *db = NULL;
    TRY(db_pool_take(engine->pool, &db));
    enum rc rc = push_mark_written(db, id, serial_number);
    db_pool_give(engine->pool, db);
    return rc;
}

static enum rc host_push_confirm(void *context, int64_t id)
{
    struct engine *engine = context;
    struct db *db = NULL;
    TRY(db_pool_take(engine->pool, &db));
    enum rc rc = push_confirm(db, id);
    db_pool_give(engine->pool, db);
    return rc;
}

struct line_host engine_host(struct engine *engine)
{
    return (struct line_host){.context = engine,
                              .take = host_take,
                              .mark_sent = host_mark_sent,
                              .end = host_end,
                              .push = host_push,
                              .answer = host_answer,
                              .ended = host_ended,
                              .instance = engine->instance,
                              .delivery_claim = host_delivery_claim,
                              .delivery_take_over = host_delivery_take_over,
                              .delivery_resume = host_delivery_resume,
                              .delivery_mark_sent = host_delivery_mark_sent,
                              .delivery_judge = host_delivery_judge,
                              .delivery_note_wait = host_delivery_note_wait,
                              .note_power = host_note_power,
                              .push_mark_written = host_push_mark_written,
                              .push_confirm = host_push_confirm,
                              .adjustment_trip = host_adjustment_trip,
                              .adjustment_begin = host_adjustment_begin,
                              .adjustment_mark_written = host_adjustment_mark_written,
                              .adjustment_settle = host_adjustment_settle};
}
