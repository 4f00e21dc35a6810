/* paywattctl model list, check FILE, test FILE --line L --address A, register */
#include <stdio.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/json.h"
#include "core/flow/model.h"
#include "core/store/field_request.h"
#include "core/store/field_summary.h"
#include "core/store/model.h"
#include "ctl/ctl.h"

#define TEST_WAIT_MS 60000
#define TEST_LOOK_MS 200

int ctl_model_list(struct ctl *ctl)
{
    struct model_row *models = NULL;
    size_t count = 0;
    if (!ctl_database(ctl)) {
        return CTL_FAILED;
    }
    if (models_list(ctl->db, &ctl->arena, &models, &count) != RC_OK) {
        return ctl_fail("models cannot be read: %s", db_error(ctl->db));
    }
    for (size_t i = 0; i < count; i++) {
        (void)printf("%-24s %-12s %5lld meters  %s\n    orders: %s\n    capabilities: %s\n",
                     models[i].code, models[i].maturity, (long long)models[i].meters,
                     models[i].name, models[i].actions, models[i].capabilities);
    }
    return CTL_DONE;
}

/* The file of the first word, checked; NULL after printing why. */
static const struct model *model_of(struct ctl *ctl, const char **bytes)
{
    struct text problem __attribute__((cleanup(text_release)));
    text_init(&problem, 4096);
    struct model *model = arena_take(&ctl->arena, sizeof(*model));
    size_t len = 0;
    if (model == NULL ||
        model_file_read(ctl->words[0], &ctl->arena, &problem, model, bytes, &len) != RC_OK) {
        (void)ctl_fail("%s", text_string(&problem));
        return NULL;
    }
    return model;
}

int ctl_model_check(struct ctl *ctl)
{
    const char *bytes = NULL;
    const struct model *model = model_of(ctl, &bytes);
    if (model == NULL) {
        return CTL_FAILED;
    }
    char actions[201];
    if (model_actions_text(model, actions, sizeof(actions)) != RC_OK) {
        return ctl_fail("%s: its list of orders is too long", ctl->words[0]);
    }
    (void)printf("%s (%s, %s): %zu points, orders %s\n", model->code, model->name,
                 model->maturity == MODEL_ACCEPTED ? "accepted" : "experimental",
                 model->point_count, actions);
    return CTL_DONE;
}

int ctl_model_register(struct ctl *ctl)
{
    struct text report __attribute__((cleanup(text_release)));
    struct text problem __attribute__((cleanup(text_release)));
    text_init(&report, 65536);
    text_init(&problem, 65536);
    if (!ctl_database(ctl)) {
        return CTL_FAILED;
    }
    enum rc rc =
        model_register_folder(ctl->db, &ctl->arena, &ctl->actor,
                              config_text(ctl->config, CONFIG_paths_models), &report, &problem);
    if (rc != RC_OK) {
        return ctl_fail("%s", problem.len > 0 ? text_string(&problem) : rc_sentence(rc));
    }
    (void)fputs(report.len > 0 ? text_string(&report) : "every model is registered as it is\n",
                stdout);
    return CTL_DONE;
}

/* What the poller answered, a line a point. */
static int answer_show(const struct field_request_answer *answer)
{
    CLEANUP(json_release) struct json_object *json = NULL;
    if (json_parse(answer->result, strlen(answer->result), 6, &json) != RC_OK) {
        return ctl_fail("the poller gave no answer that can be read (%s)", answer->state);
    }
    if (strcmp(answer->state, "done") != 0) {
        const char *error = "";
        const char *detail = "";
        bool words = json_get_text(json, "error", 1, 40, &error) == RC_OK;
        words = json_get_text(json, "detail", 0, 400, &detail) == RC_OK && words;
        return ctl_fail("the meter was not read: %s%s%s", words ? error : "no reason given",
                        detail[0] == '\0' ? "" : ": ", detail);
    }
    const struct json_object *points = NULL;
    const char *serial = "";
    bool matches = false;
    if (json_get_text(json, "serial_number", 0, 20, &serial) != RC_OK ||
        json_get_bool(json, "model_matches", &matches) != RC_OK ||
        json_get_array(json, "points", POINT__MAX, &points) != RC_OK) {
        return ctl_fail("the poller's answer lacks what it must hold");
    }
    (void)printf("serial number %s, model code %s\n", serial,
                 matches ? "as in the file" : "DIFFERS from the file");
    for (size_t i = 0; i < json_count(points); i++) {
        const char *name = "";
        const char *unit = "";
        int64_t value = 0;
        if (json_get_text(json_at(points, i), "point", 1, 60, &name) == RC_OK &&
            json_get_text(json_at(points, i), "unit", 0, 20, &unit) == RC_OK &&
            json_get_int(json_at(points, i), "value", INT64_MIN, INT64_MAX, &value) == RC_OK) {
            (void)printf("%-28s %14lld %s\n", name, (long long)value, unit);
        }
    }
    return CTL_DONE;
}

static int answer_wait(struct ctl *ctl, int64_t id)
{
    int64_t deadline_ms = clock_monotonic_ms() + TEST_WAIT_MS;
    while (clock_monotonic_ms() < deadline_ms) {
        struct field_request_answer answer;
        if (field_request_read(ctl->db, &ctl->arena, id, &answer) != RC_OK) {
            return ctl_fail("the answer cannot be read: %s", db_error(ctl->db));
        }
        if (strcmp(answer.state, "expired") == 0) {
            break;
        }
        if (strcmp(answer.state, "pending") != 0 && strcmp(answer.state, "taken") != 0) {
            return answer_show(&answer);
        }
        if (!ctl_pause(TEST_LOOK_MS)) {
            return ctl_fail("stopped");
        }
    }
    return ctl_fail("the poller did not answer within %d s", TEST_WAIT_MS / 1000);
}

static const struct line_summary *line_of(struct ctl *ctl, const char *code)
{
    struct line_summary *lines = NULL;
    size_t count = 0;
    if (line_summaries_read(ctl->db, &ctl->arena, &lines, &count) != RC_OK) {
        return NULL;
    }
    for (size_t i = 0; i < count; i++) {
        if (strcmp(lines[i].code, code) == 0) {
            return &lines[i];
        }
    }
    return NULL;
}

int ctl_model_test(struct ctl *ctl)
{
    const char *bytes = NULL;
    const char *line_code = ctl_option(ctl, "--line");
    const char *address_text = ctl_option(ctl, "--address");
    int64_t address = 0;
    if (line_code == NULL || address_text == NULL ||
        text_parse_int(address_text, strlen(address_text), 1, 247, &address) != RC_OK) {
        return ctl_fail("a test needs --line CODE and --address 1..247");
    }
    const struct model *model = model_of(ctl, &bytes);
    if (model == NULL || !ctl_database(ctl)) {
        return CTL_FAILED;
    }
    const struct line_summary *line = line_of(ctl, line_code);
    if (line == NULL) {
        return ctl_fail("there is no line \"%s\"", line_code);
    }
    if (!ctl_poller_lives(ctl)) {
        return ctl_fail("paywatt-poller does not run: nobody can read the meter; start it and try"
                        " again");
    }
    const char *link = arena_printf(&ctl->arena, "{\"model\":\"%s\"}", model->code);
    const struct field_request request = {.kind = FIELD_REQUEST_MODEL_TEST,
                                          .shard = line->shard,
                                          .line_id = line->id,
                                          .link_json = link == NULL ? "{}" : link,
                                          .address = address,
                                          .model_json = bytes};
    int64_t id = 0;
    if (field_request_add(ctl->db, &request, &id) != RC_OK) {
        return ctl_fail("the question cannot be asked: %s", db_error(ctl->db));
    }
    ctl_wake_pollers(ctl);
    return answer_wait(ctl, id);
}
