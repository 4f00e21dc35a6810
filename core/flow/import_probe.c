/* Probe of an import: questions to the field, and what its answers say about a row. */
#include "core/flow/import.h"

#include <assert.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/json.h"
#include "core/base/text.h"
#include "core/flow/import_own.h"
#include "core/flow/step.h"
#include "core/store/field_request.h"

/* ---- probe */

/* What the poller needs to ask at an address; see core/store/field_request.h. */
static const char *link_of(struct import_step *step, const struct import_item *meter,
                           const struct import_item *line, const struct import_item *gateway)
{
    struct text json __attribute__((cleanup(text_release)));
    text_init(&json, 4000);
    text_add_string(&json, "{\"model\":");
    text_add_json_string(&json, meter->values[METER_MODEL], strlen(meter->values[METER_MODEL]));
    if (line->id == 0) {
        text_printf(&json, ",\"link\":\"%s\",\"host\":", line->values[LINE_LINK]);
        text_add_json_string(&json, gateway->values[GATEWAY_HOST],
                             strlen(gateway->values[GATEWAY_HOST]));
        text_add_string(&json, ",\"device\":");
        text_add_json_string(&json, line->values[LINE_DEVICE], strlen(line->values[LINE_DEVICE]));
        text_printf(&json,
                    ",\"port\":%s,\"baud\":%s,\"parity\":\"%s\",\"stop_bits\":%s,"
                    "\"turnaround_ms\":%s,\"response_timeout_ms\":%s",
                    line->values[LINE_PORT], line->values[LINE_BAUD], line->values[LINE_PARITY],
                    line->values[LINE_STOP_BITS], line->values[LINE_TURNAROUND],
                    line->values[LINE_TIMEOUT]);
    }
    text_add_char(&json, '}');
    return text_result(&json) == RC_OK ? arena_copy_string(step->arena, text_string(&json)) : NULL;
}

/* The thing of the final state: of the file, else of the database. */
static const struct import_item *final_find(const struct import_park *park,
                                            const struct import_check *check, enum import_noun noun,
                                            const char *key)
{
    for (size_t i = 0; i < check->count; i++) {
        if (check->rows[i].noun == noun && strcmp(check->rows[i].key, key) == 0) {
            return &check->rows[i];
        }
    }
    for (size_t i = 0; i < park->count; i++) {
        if (park->items[i].noun == noun && strcmp(park->items[i].key, key) == 0) {
            return &park->items[i];
        }
    }
    return NULL;
}

static enum rc probe_ask(struct db *db, struct import_step *step, const struct import_park *park,
                         const struct import_check *check, const struct import_item *meter)
{
    const struct import_item *line =
        final_find(park, check, IMPORT_LINE, meter->values[METER_LINE]);
    const struct import_item *gateway =
        line == NULL || line->verdict == IMPORT_ERROR
            ? NULL
            : final_find(park, check, IMPORT_GATEWAY, line->values[LINE_GATEWAY]);
    if (gateway == NULL || gateway->values[GATEWAY_HOST] == NULL) {
        return RC_OK; /* its parent is in error: nobody to ask */
    }
    struct import_item moved = *line;
    if (line->verdict == IMPORT_CHANGE) {
        moved.id = 0; /* the poller knows the line as it was: ask at the new place */
    }
    int64_t address = 0;
    int64_t shard = 0;
    TRY(text_parse_int(meter->values[METER_ADDRESS], strlen(meter->values[METER_ADDRESS]), 1, 247,
                       &address));
    TRY(text_parse_int(line->values[LINE_SHARD], strlen(line->values[LINE_SHARD]), 0, 999, &shard));
    const char *link = link_of(step, meter, &moved, gateway);
    if (link == NULL) {
        return RC_MEMORY;
    }
    const struct field_request request = {.kind = FIELD_REQUEST_PROBE,
                                          .shard = shard,
                                          .line_id = moved.id,
                                          .link_json = link,
                                          .address = address,
                                          .import_id = step->id,
                                          .expires_at_ms = step->expires_at_ms,
                                          .import_line = meter->line};
    int64_t request_id = 0;
    TRY(field_request_add(db, &request, &request_id));
    TRY(import_row_probe(db, step->id, meter->line, "waiting", ""));
    step->count++;
    return RC_OK;
}

static size_t meters_count(const struct import_check *check)
{
    size_t count = 0;
    for (size_t i = 0; i < check->count; i++) {
        count += check->rows[i].noun == IMPORT_METER;
    }
    return count;
}

static enum rc probe_work(struct db *db, void *context)
{
    struct import_step *step = context;
    step->count = 0;
    struct import_record record;
    TRY(import_record_read(db, step->arena, step->id, true, &record));
    if (strcmp(record.state, "checked") != 0 && strcmp(record.state, "probing") != 0) {
        import_why_set(step->why, "该导入已结束，不能再核对",
                       "this import is over and cannot be probed");
        return RC_CONFLICT;
    }
    struct import_park park;
    struct import_check check;
    TRY(import_check_again(db, step, &park, &check));
    step->expires_at_ms = clock_now_ms() + IMPORT_PROBE_BASE_MS +
                          (int64_t)meters_count(&check) * IMPORT_PROBE_EACH_MS;
    for (size_t i = 0; i < check.count; i++) {
        if (check.rows[i].noun == IMPORT_METER && check.rows[i].verdict != IMPORT_ERROR) {
            TRY(probe_ask(db, step, &park, &check, &check.rows[i]));
        }
    }
    if (strcmp(record.state, "checked") == 0) {
        TRY(import_record_move(db, step->id, "checked", "probing", NULL));
    }
    return import_audit(db, step, "import.probe", &record);
}

enum rc import_run_probe(struct db *db, struct arena *arena, const struct actor *actor, int64_t id,
                         int64_t *ret_asked, struct import_why *ret_why)
{
    *ret_why = (struct import_why){.zh = ""};
    struct import_step step = {.arena = arena, .actor = actor, .why = ret_why, .id = id};
    TRY(step_run(db, probe_work, &step));
    *ret_asked = step.count;
    return RC_OK;
}

/* ---- answers */

/* A field request's end as the probe columns of its row. */
struct finding {
    const char *probe;
    const char *text;
};

static const char *or_empty(const char *text)
{
    return text == NULL ? "" : text;
}

static const struct import_item *meter_at(const struct import_check *check, int64_t line)
{
    for (size_t i = 0; i < check->count; i++) {
        if (check->rows[i].line == line && check->rows[i].noun == IMPORT_METER) {
            return &check->rows[i];
        }
    }
    return NULL;
}

static struct finding silent(struct arena *arena, const char *state, const struct json_object *json)
{
    const char *error = "";
    const char *detail = "";
    if (json != NULL) {
        enum rc rc = json_get_text(json, "error", 1, 40, &error);
        rc = rc == RC_OK ? json_get_text(json, "detail", 0, 200, &detail) : rc;
        (void)rc; /* a failure without words is still one */
    }
    if (strcmp(state, "expired") == 0) {
        return (struct finding){"silent", "采集程序未应答 / the poller did not answer in time"};
    }
    return (struct finding){
        "silent", or_empty(arena_printf(arena, "无应答 / no answer (%s) %s", error, detail))};
}

/* What answered, against what the file says. */
static struct finding compared(struct arena *arena, const struct import_item *meter,
                               const struct json_object *json)
{
    bool matches = false;
    bool external = false;
    int64_t model_code = 0;
    int64_t run_word = 0;
    const char *serial = "";
    if (json_get_bool(json, "model_matches", &matches) != RC_OK ||
        json_get_int(json, "model_code", 0, 65535, &model_code) != RC_OK ||
        json_get_int(json, "run_word", 0, 65535, &run_word) != RC_OK ||
        json_get_text(json, "serial_number", 0, 20, &serial) != RC_OK ||
        json_get_bool(json, "external_control", &external) != RC_OK) {
        return (struct finding){"silent", "应答无法解读 / the answer cannot be read"};
    }
    if (!matches) {
        return (struct finding){
            "mismatch", or_empty(arena_printf(
                            arena, "表型不符：寄存器型号 %lld / another model answers: code %lld",
                            (long long)model_code, (long long)model_code))};
    }
    if (strcmp(serial, meter->values[METER_SERIAL]) != 0) {
        return (struct finding){
            "mismatch",
            or_empty(arena_printf(
                arena, "表号不符：现场 %s，文件 %s / the meter says %s, the file %s", serial,
                meter->values[METER_SERIAL], serial, meter->values[METER_SERIAL]))};
    }
    bool wanted = strcmp(meter->values[METER_EXTERNAL], "1") == 0;
    if (external != wanted) {
        return (struct finding){
            "mismatch",
            or_empty(arena_printf(
                arena,
                "外控设置不符：现场 %d，文件 %d / external control: the meter says %d, the file %d",
                external, wanted, external, wanted))};
    }
    return (struct finding){
        "ok", or_empty(arena_printf(arena, "表型 %lld，运行字 %04llX，表号 %s",
                                    (long long)model_code, (long long)run_word, serial))};
}

/* With the last answer the import is checked again, and may be committed. */
static enum rc settled(struct db *db, const struct import_step *step)
{
    if (step->count > 0) {
        return RC_OK;
    }
    enum rc rc = import_record_move(db, step->id, "probing", "checked", NULL);
    return rc == RC_CONFLICT ? RC_OK : rc;
}

static enum rc answers_work(struct db *db, void *context)
{
    struct import_step *step = context;
    step->count = 0;
    struct import_park park;
    struct import_check check;
    TRY(import_check_again(db, step, &park, &check));
    struct field_request_answer *answers = NULL;
    size_t count = 0;
    TRY(field_request_of_import(db, step->arena, step->id, &answers, &count));
    for (size_t i = 0; i < count; i++) {
        bool open =
            strcmp(answers[i].state, "pending") == 0 || strcmp(answers[i].state, "taken") == 0;
        step->count += open;
        const struct import_item *meter = meter_at(&check, answers[i].import_line);
        if (open || meter == NULL || meter->verdict == IMPORT_ERROR) {
            continue;
        }
        CLEANUP(json_release) struct json_object *json = NULL;
        enum rc rc = json_parse(answers[i].result, strlen(answers[i].result), 6, &json);
        struct finding finding = rc == RC_OK && strcmp(answers[i].state, "done") == 0
                                     ? compared(step->arena, meter, json)
                                     : silent(step->arena, answers[i].state, json);
        TRY(import_row_probe(db, step->id, meter->line, finding.probe, finding.text));
    }
    return settled(db, step);
}

enum rc import_take_answers(struct db *db, struct arena *arena, int64_t id, int64_t *ret_waiting)
{
    struct import_why unused;
    struct import_step step = {.arena = arena, .why = &unused, .id = id};
    TRY(step_run(db, answers_work, &step));
    *ret_waiting = step.count;
    return RC_OK;
}
