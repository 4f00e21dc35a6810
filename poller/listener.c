/* The listener: hands open orders and questions of MariaDB to the lines; Redis only makes it look
 * sooner. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/json.h"
#include "core/base/log.h"
#include "core/flow/command.h"
#include "core/flow/delivery.h"
#include "core/rules/money.h"
#include "core/store/field_request.h"
#include "core/store/wake.h"
#include "poller/engine.h"

#define ORDERS_MAX 2000  /* of one look; the rest comes when these are done */
#define QUESTIONS_MAX 64 /* likewise */
#define DELIVERIES_MAX 2000
#define ADJUSTMENTS_MAX 500
#define PUSHES_MAX 2000
#define WATCHES_MAX 2000
#define WATCHES_AGAIN_MS 5000
#define WAIT_MAX_MS 1000 /* look for the end of the program at least so often */
#define ARENA_MAX_BYTES ((size_t)32 << 20)

struct listener {
    struct engine *engine;
    struct db *db;
    struct redis *redis;
    struct arena arena;
    int64_t watches_at_ms; /* monotonic: when supplies without power are looked for again */
    bool in_trouble;       /* said once, not each second */
};

static void say(struct listener *listener, const char *what, enum rc rc)
{
    if (rc == RC_OK) {
        if (listener->in_trouble) {
            log_write(LOG_INFO, "orders", "MariaDB is back");
        }
        listener->in_trouble = false;
        return;
    }
    if (!listener->in_trouble) {
        log_write(LOG_WARNING, "orders", "%s: %s: %s", what, rc_sentence(rc),
                  db_error(listener->db));
    }
    listener->in_trouble = true;
}

static void hand_out(struct engine *engine, const struct command_order *orders, size_t count)
{
    struct command_order mine[LINE_ORDERS_MAX];
    mutex_lock(&engine->lines_mutex);
    for (size_t i = 0; i < engine->lines_count; i++) {
        size_t found = 0;
        for (size_t k = 0; k < count && found < LINE_ORDERS_MAX; k++) {
            if (orders[k].line_id == line_id(engine->lines[i])) {
                mine[found++] = orders[k];
            }
        }
        line_set_orders(engine->lines[i], mine, found);
    }
    mutex_unlock(&engine->lines_mutex);
}

static enum rc look_for_orders(struct listener *listener)
{
    struct command_order *orders = NULL;
    size_t count = 0;
    arena_reset(&listener->arena);
    TRY(command_scan(listener->db, &listener->arena, listener->engine->shard, ORDERS_MAX, &orders,
                     &count));
    hand_out(listener->engine, orders, count);
    return RC_OK;
}

/* ---- deliveries ---- */

static void hand_out_deliveries(struct engine *engine, const struct delivery_look *looks,
                                size_t count)
{
    struct delivery_look mine[LINE_DELIVERIES_MAX];
    mutex_lock(&engine->lines_mutex);
    for (size_t i = 0; i < engine->lines_count; i++) {
        size_t found = 0;
        for (size_t k = 0; k < count && found < LINE_DELIVERIES_MAX; k++) {
            if (looks[k].line_id == line_id(engine->lines[i])) {
                mine[found++] = looks[k];
            }
        }
        line_set_deliveries(engine->lines[i], mine, found);
    }
    mutex_unlock(&engine->lines_mutex);
}

static void hand_out_adjustments(struct engine *engine, const struct adjustment_look *looks,
                                 size_t count)
{
    struct adjustment_look mine[LINE_ADJUSTMENTS_MAX];
    mutex_lock(&engine->lines_mutex);
    for (size_t i = 0; i < engine->lines_count; i++) {
        size_t found = 0;
        for (size_t k = 0; k < count && found < LINE_ADJUSTMENTS_MAX; k++) {
            if (looks[k].line_id == line_id(engine->lines[i])) {
                mine[found++] = looks[k];
            }
        }
        line_set_adjustments(engine->lines[i], mine, found);
    }
    mutex_unlock(&engine->lines_mutex);
}

static enum rc look_for_adjustments(struct listener *listener)
{
    struct adjustment_look *looks = NULL;
    size_t count = 0;
    arena_reset(&listener->arena);
    TRY(adjustment_scan(listener->db, &listener->arena, listener->engine->shard, ADJUSTMENTS_MAX,
                        &looks, &count));
    hand_out_adjustments(listener->engine, looks, count);
    return RC_OK;
}

static void hand_out_pushes(struct engine *engine, const struct push_look *looks, size_t count)
{
    struct push_look mine[LINE_PUSHES_MAX];
    mutex_lock(&engine->lines_mutex);
    for (size_t i = 0; i < engine->lines_count; i++) {
        size_t found = 0;
        for (size_t k = 0; k < count && found < LINE_PUSHES_MAX; k++) {
            if (looks[k].line_id == line_id(engine->lines[i])) {
                mine[found++] = looks[k];
            }
        }
        line_set_pushes(engine->lines[i], mine, found);
    }
    mutex_unlock(&engine->lines_mutex);
}

static enum rc look_for_pushes(struct listener *listener)
{
    struct push_look *looks = NULL;
    size_t count = 0;
    arena_reset(&listener->arena);
    TRY(push_scan(listener->db, &listener->arena, listener->engine->shard, PUSHES_MAX, &looks,
                  &count));
    hand_out_pushes(listener->engine, looks, count);
    return RC_OK;
}

static void hand_out_watches(struct engine *engine, const struct power_watch *watches, size_t count)
{
    struct power_watch mine[LINE_WATCHES_MAX];
    mutex_lock(&engine->lines_mutex);
    for (size_t i = 0; i < engine->lines_count; i++) {
        size_t found = 0;
        for (size_t k = 0; k < count && found < LINE_WATCHES_MAX; k++) {
            if (watches[k].line_id == line_id(engine->lines[i])) {
                mine[found++] = watches[k];
            }
        }
        line_set_watches(engine->lines[i], mine, found);
    }
    mutex_unlock(&engine->lines_mutex);
}

static enum rc look_for_deliveries(struct listener *listener)
{
    struct engine *engine = listener->engine;
    struct delivery_look *looks = NULL;
    size_t count = 0;
    arena_reset(&listener->arena);
    TRY(delivery_scan(listener->db, &listener->arena, engine->shard, DELIVERIES_MAX, &looks,
                      &count));
    hand_out_deliveries(engine, looks, count);
    int64_t now_ms = clock_monotonic_ms();
    if (now_ms < listener->watches_at_ms) {
        return RC_OK;
    }
    struct power_watch *watches = NULL;
    arena_reset(&listener->arena);
    TRY(power_scan(listener->db, &listener->arena, engine->shard, WATCHES_MAX, &watches, &count));
    hand_out_watches(engine, watches, count);
    listener->watches_at_ms = now_ms + WATCHES_AGAIN_MS;
    return RC_OK;
}

/* ---- questions ---- */

static enum rc parse_link(const struct json_object *json, struct link_settings *settings)
{
    const char *text = "";
    int64_t number = 0;
    memset(settings, 0, sizeof(*settings));
    TRY(json_get_text(json, "link", 1, 20, &text));
    TRY(link_kind_find(text, &settings->kind));
    if (settings->kind == LINK_SERIAL) {
        TRY(json_get_text(json, "device", 1, sizeof(settings->device) - 1, &text));
        text_copy(settings->device, sizeof(settings->device), text);
    } else {
        TRY(json_get_text(json, "host", 1, sizeof(settings->host) - 1, &text));
        text_copy(settings->host, sizeof(settings->host), text);
        TRY(json_get_int(json, "port", 1, 65535, &number));
        settings->port = (int)number;
    }
    TRY(json_get_int(json, "baud", 300, 115200, &number));
    settings->speed.baud = (int32_t)number;
    TRY(json_get_text(json, "parity", 1, 1, &text));
    settings->speed.parity = text[0];
    TRY(json_get_int(json, "stop_bits", 1, 2, &number));
    settings->speed.stop_bits = (int32_t)number;
    TRY(json_get_int(json, "turnaround_ms", 0, 5000, &number));
    settings->speed.turnaround_ms = (int32_t)number;
    TRY(json_get_int(json, "response_timeout_ms", 50, 20000, &number));
    settings->response_timeout_ms = (int32_t)number;
    return RC_OK;
}

/* The line that has to ask: by id, or because it owns the same door. */
static struct line *line_for(struct engine *engine, int64_t line_id_wanted,
                             const struct link_settings *settings)
{
    for (size_t i = 0; i < engine->lines_count; i++) {
        bool found = line_id_wanted != 0 ? line_id(engine->lines[i]) == line_id_wanted
                                         : line_is_at(engine->lines[i], settings);
        if (found) {
            return engine->lines[i];
        }
    }
    return NULL;
}

static void refuse(struct listener *listener, int64_t id, const char *error, const char *detail)
{
    struct text json CLEANUP(text_release);
    text_init(&json, ANSWER_BYTES_MAX);
    line_answer_error(&json, error, detail);
    (void)!field_request_end(listener->db, id, false, text_string(&json));
}

static enum rc fill_acceptance(const struct json_object *json, struct line_question *question)
{
    const char *serial = "";
    struct acceptance *acceptance = &question->acceptance;
    question->accept = true;
    TRY(json_get_int(json, "amount_fen", 1, MONEY_MAX_FEN, &acceptance->amount_fen));
    TRY(json_get_int(json, "hoard_fen", 0, MONEY_MAX_FEN, &acceptance->hoard_fen));
    TRY(json_get_text(json, "serial_number", 1, SERIAL_NUMBER_MAX - 1, &serial));
    text_copy(acceptance->serial_number, sizeof(acceptance->serial_number), serial);
    return RC_OK;
}

static enum rc fill_question(const struct field_request *request, const struct json_object *json,
                             struct line_question *question)
{
    const char *code = "";
    *question = (struct line_question){.id = request->id,
                                       .address = (uint8_t)request->address,
                                       .whole = request->kind == FIELD_REQUEST_MODEL_TEST};
    if (json_get_text(json, "model", 1, MODEL_CODE_MAX - 1, &code) == RC_OK) {
        text_copy(question->model_code, sizeof(question->model_code), code);
    }
    if (request->kind == FIELD_REQUEST_ACCEPTANCE) {
        return fill_acceptance(json, question);
    }
    if (question->whole && request->model_json != NULL && request->model_json[0] != '\0') {
        question->model_json = strdup(request->model_json);
        return question->model_json == NULL ? RC_MEMORY : RC_OK;
    }
    return RC_OK;
}

/* RC_FULL: it stays pending until there is room. */
static enum rc route(struct listener *listener, const struct field_request *request,
                     const struct json_object *json)
{
    struct engine *engine = listener->engine;
    struct link_settings settings;
    if (request->line_id == 0 && parse_link(json, &settings) != RC_OK) {
        TRY(field_request_take(listener->db, request->id));
        refuse(listener, request->id, "unsupported", "the link of the question is not complete");
        return RC_OK;
    }
    struct line_question question;
    TRY(fill_question(request, json, &question));
    enum rc rc = field_request_take(listener->db, request->id);
    if (rc == RC_OK) {
        mutex_lock(&engine->lines_mutex);
        struct line *line = line_for(engine, request->line_id, &settings);
        rc = line == NULL ? RC_NOT_FOUND : line_ask(line, &question);
        mutex_unlock(&engine->lines_mutex);
        if (rc == RC_NOT_FOUND && request->line_id == 0) {
            rc = probe_start(engine, &settings, &question);
        }
        if (rc == RC_NOT_FOUND) {
            refuse(listener, request->id, "unknown_line", "no poller has this line");
        } else if (rc != RC_OK) {
            refuse(listener, request->id, "internal", rc_sentence(rc));
        }
    }
    if (rc != RC_OK) {
        free(question.model_json);
    }
    return rc == RC_CONFLICT || rc == RC_NOT_FOUND ? RC_OK : rc;
}

static bool has_room(struct engine *engine, const struct field_request *request)
{
    struct link_settings none = {.kind = LINK_SERIAL};
    mutex_lock(&engine->lines_mutex);
    struct line *line = line_for(engine, request->line_id, &none);
    bool room = line == NULL || line_questions(line) < LINE_QUESTIONS_MAX;
    mutex_unlock(&engine->lines_mutex);
    mutex_lock(&engine->mutex);
    room = room && (request->line_id != 0 || engine->probes < ENGINE_PROBES_MAX);
    mutex_unlock(&engine->mutex);
    return room;
}

static enum rc look_for_questions(struct listener *listener)
{
    struct field_request *requests = NULL;
    size_t count = 0;
    arena_reset(&listener->arena);
    TRY(field_request_scan(listener->db, &listener->arena, listener->engine->shard, QUESTIONS_MAX,
                           &requests, &count));
    for (size_t i = 0; i < count; i++) {
        if (!has_room(listener->engine, &requests[i])) {
            continue;
        }
        const char *link_json = requests[i].link_json != NULL ? requests[i].link_json : "{}";
        struct json_object *json CLEANUP(json_release) = NULL;
        enum rc rc = json_parse(link_json, strlen(link_json), 4, &json);
        if (rc == RC_OK) {
            rc = route(listener, &requests[i], json);
        } else {
            TRY(field_request_take(listener->db, requests[i].id));
            refuse(listener, requests[i].id, "unsupported", "the link is not JSON");
        }
        if (rc == RC_UNAVAILABLE || rc == RC_UNKNOWN) {
            return rc;
        }
    }
    return RC_OK;
}

/* ---- the thread ---- */

/* Until a hint comes, the scan is due, or the end. */
static void wait_for_hint(struct listener *listener)
{
    struct engine *engine = listener->engine;
    mutex_lock(&engine->mutex);
    int64_t until_ms = clock_monotonic_ms() + engine->command_scan_ms;
    mutex_unlock(&engine->mutex);
    while (!engine_is_stopping(engine)) {
        int64_t left_ms = until_ms - clock_monotonic_ms();
        if (left_ms < 10) {
            engine_sleep_until(engine, until_ms);
            return;
        }
        int64_t wait_ms = left_ms > WAIT_MAX_MS ? WAIT_MAX_MS : left_ms;
        enum rc rc = wake_wait(listener->redis, engine->shard, wait_ms);
        if (rc == RC_OK) {
            return;
        }
        if (rc != RC_TIMEOUT) { /* no Redis: the clock alone */
            engine_sleep_until(engine, clock_monotonic_ms() + wait_ms);
        }
    }
}

void *listener_run(void *argument)
{
    struct listener listener = {.engine = argument};
    struct engine *engine = listener.engine;
    arena_init(&listener.arena, ARENA_MAX_BYTES);
    enum rc rc = db_open(&engine->database, &listener.db);
    if (rc == RC_OK || rc == RC_UNAVAILABLE) {
        rc = redis_open(config_text(engine->config, CONFIG_redis_socket), &listener.redis);
    }
    if (rc != RC_OK && rc != RC_UNAVAILABLE) {
        log_write(LOG_ERROR, "orders", "cannot begin: %s", rc_sentence(rc));
    }
    while (listener.db != NULL && listener.redis != NULL && !engine_is_stopping(engine)) {
        rc = look_for_orders(&listener);
        say(&listener, "orders cannot be read", rc);
        if (rc == RC_OK) {
            rc = look_for_deliveries(&listener);
            say(&listener, "deliveries cannot be read", rc);
        }
        if (rc == RC_OK) {
            rc = look_for_adjustments(&listener);
            say(&listener, "adjustments cannot be read", rc);
        }
        if (rc == RC_OK) {
            rc = look_for_pushes(&listener);
            say(&listener, "pushes cannot be read", rc);
        }
        if (rc == RC_OK) {
            rc = look_for_questions(&listener);
            say(&listener, "questions cannot be read", rc);
        }
        wait_for_hint(&listener);
    }
    redis_close(&listener.redis);
    db_close(&listener.db);
    arena_release(&listener.arena);
    return NULL;
}
