#include "poller/line_answer.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/clock.h"

void line_answer_error(struct text *json, const char *error, const char *detail)
{
    text_add_string(json, "{\"error\":");
    text_add_json_string(json, error, strlen(error));
    text_add_string(json, ",\"detail\":");
    text_add_json_string(json, detail, strlen(detail));
    text_add_char(json, '}');
}

static void add_error(struct text *json, enum rc rc)
{
    switch (rc) {
    case RC_UNAVAILABLE:
        line_answer_error(json, "gateway_silent", "the gateway or port does not answer");
        return;
    case RC_FULL:
        line_answer_error(json, "gateway_busy", "the gateway is busy");
        return;
    case RC_PROTOCOL:
        line_answer_error(json, "garbled", "something answered, but broken");
        return;
    case RC_REFUSED:
        line_answer_error(json, "exception", "the meter answered with an exception");
        return;
    default:
        line_answer_error(json, "meter_silent", "nobody answers at this address");
    }
}

static enum rc read_identity(const struct device *device, struct device_identity *identity)
{
    enum rc rc = RC_TIMEOUT;
    for (int i = 0; i < ANSWER_TRIES && rc != RC_OK; i++) {
        struct device_event event = {0};
        memset(identity, 0, sizeof(*identity));
        rc = device_read_identity(device, identity, &event);
        if (rc == RC_UNAVAILABLE) {
            break;
        }
    }
    return rc;
}

/* Points of all blocks; a block that is not answered is left out. */
static void read_all(const struct device *device, struct reading *reading)
{
    struct device_event event = {0};
    enum rc rc = device_read_fast(device, reading, &event);
    size_t blocks = device_slow_blocks(device) - device_table_blocks(device);
    struct rate_table_bytes tables = {.parts = 0}; /* not asked for */
    for (size_t i = 0; i < blocks && rc != RC_UNAVAILABLE; i++) {
        rc = device_read_slow(device, i, reading, &tables, &event);
    }
}

static void add_points(struct text *json, const struct reading *reading)
{
    text_add_string(json, ",\"points\":[");
    bool first = true;
    for (int i = 0; i < POINT__MAX; i++) {
        int64_t value = 0;
        if (reading_get(reading, (enum point)i, &value)) {
            text_printf(json, "%s{\"point\":\"%s\",\"unit\":\"%s\",\"value\":%lld}",
                        first ? "" : ",", point_name((enum point)i), point_unit((enum point)i),
                        (long long)value);
            first = false;
        }
    }
    text_add_char(json, ']');
}

static const char *word(bool value)
{
    return value ? "true" : "false";
}

static void add_identity(struct text *json, const struct device_identity *identity)
{
    char now[CLOCK_TEXT_MAX];
    text_printf(json, "{\"model_matches\":%s,\"model_code\":%lld,\"serial_number\":",
                word(identity->model_matches), (long long)identity->model_code);
    text_add_json_string(json, identity->serial_number, strlen(identity->serial_number));
    text_printf(json, ",\"run_word\":%lld,\"external_control\":%s,\"taken_at\":\"%s\"",
                (long long)identity->run_word, word(identity->external_control),
                clock_format_rfc3339(clock_now_ms(), now));
}

static bool ask(struct link *link, const struct line_question *question, const struct model *model,
                struct text *json)
{
    struct device device = {.link = link, .address = question->address, .model = model};
    if (question->accept) {
        return acceptance_run(&device, &question->acceptance, json);
    }
    struct device_identity identity;
    enum rc rc = read_identity(&device, &identity);
    if (rc != RC_OK) {
        add_error(json, rc);
        return false;
    }
    add_identity(json, &identity);
    if (question->whole) {
        struct reading reading;
        memset(&reading, 0, sizeof(reading));
        read_all(&device, &reading);
        add_points(json, &reading);
    }
    text_add_char(json, '}');
    return text_result(json) == RC_OK;
}

static void model_free(struct model **model)
{
    free(*model);
}

bool line_answer(struct link *link, const struct line_question *question,
                 const struct model_set *models, struct text *json)
{
    assert(link != NULL && question != NULL && models != NULL && json != NULL);
    if (question->model_json == NULL) {
        const struct model *model = model_set_find(models, question->model_code);
        if (model == NULL) {
            line_answer_error(json, "unknown_model", question->model_code);
            return false;
        }
        return ask(link, question, model, json);
    }
    char error[MODEL_ERROR_MAX] = "";
    struct model *model CLEANUP(model_free) = calloc(1, sizeof(*model));
    if (model == NULL) {
        line_answer_error(json, "internal", "memory ran out");
        return false;
    }
    if (model_parse(question->model_json, strlen(question->model_json), model, error) != RC_OK) {
        line_answer_error(json, "bad_model", error);
        return false;
    }
    return ask(link, question, model, json);
}
