#include "core/flow/acceptance.h"

#include <assert.h>
#include <string.h>

#include "core/base/json.h"
#include "core/base/text.h"
#include "core/flow/step.h"
#include "core/rules/capability.h"
#include "core/store/acceptance.h"
#include "core/store/model.h"

#define CAPABILITIES_BYTES 400

struct recording {
    struct arena *arena;
    const struct actor *actor;
    const char *model_code;
    const char *meter_number;
    const char *reason;
    const char *run_json;
    struct acceptance_step *steps;
    size_t count;
    const char *capabilities;
};

static enum rc parse_steps(struct recording *recording, const struct json_object *run)
{
    const struct json_object *list = NULL;
    TRY(json_get_array(run, "steps", ACCEPTANCE_STEPS_MAX, &list));
    for (size_t i = 0; i < json_count(list); i++) {
        struct acceptance_step step;
        TRY(json_get_text(json_at(list, i), "step", 1, 40, &step.step));
        TRY(json_get_text(json_at(list, i), "capability", 1, 40, &step.capability));
        TRY(json_get_text(json_at(list, i), "verdict", 1, 20, &step.verdict));
        step.step = arena_copy_string(recording->arena, step.step);
        step.capability = arena_copy_string(recording->arena, step.capability);
        step.verdict = arena_copy_string(recording->arena, step.verdict);
        if (step.step == NULL || step.capability == NULL || step.verdict == NULL) {
            return RC_MEMORY;
        }
        recording->steps[i] = step;
    }
    recording->count = json_count(list);
    return recording->count > 0 ? RC_OK : RC_INVALID;
}

static const char *verdict_of(const struct recording *recording, const char *capability)
{
    for (size_t i = 0; i < recording->count; i++) {
        if (strcmp(recording->steps[i].capability, capability) == 0) {
            return recording->steps[i].verdict;
        }
    }
    return "";
}

/* The new text of the model's capabilities, and whether its purchase is proven. */
static enum rc merge(struct recording *recording, const char *before, bool *ret_proven)
{
    struct text text CLEANUP(text_release);
    text_init(&text, CAPABILITIES_BYTES);
    for (int i = 0; i < CAPABILITY__MAX; i++) {
        enum capability capability = (enum capability)i;
        const char *verdict = verdict_of(recording, capability_name(capability));
        enum capability_state state = capability_state_of(before, capability);
        if (strcmp(verdict, "proven") == 0) {
            state = CAPABILITY_STATE_PROVEN;
        } else if (strcmp(verdict, "disproved") == 0) {
            state = CAPABILITY_STATE_ABSENT;
        } else if (strcmp(verdict, "unclear") == 0) {
            state = CAPABILITY_STATE_UNVERIFIED;
        }
        if (capability == CAPABILITY_PURCHASE) {
            *ret_proven = state == CAPABILITY_STATE_PROVEN;
        }
        if (state != CAPABILITY_STATE_ABSENT) {
            text_printf(&text, "%s%s:%s", text.len > 0 ? "," : "", capability_name(capability),
                        state == CAPABILITY_STATE_PROVEN ? "proven" : "unverified");
        }
    }
    TRY(text_result(&text));
    recording->capabilities = arena_copy_string(recording->arena, text_string(&text));
    return recording->capabilities == NULL ? RC_MEMORY : RC_OK;
}

static enum rc record_work(struct db *db, void *context)
{
    struct recording *recording = context;
    struct model_row model;
    bool proven = false;
    TRY(models_find(db, recording->arena, recording->model_code, &model));
    TRY(merge(recording, model.capabilities, &proven));
    const char *maturity = proven ? "accepted" : "experimental";
    TRY(acceptance_store(db, recording->model_code, recording->capabilities, maturity));
    const char *meter = step_json_string(recording->arena, recording->meter_number);
    const char *before =
        arena_printf(recording->arena, "{\"maturity\":\"%s\",\"capabilities\":\"%s\"}",
                     model.maturity, model.capabilities);
    const char *after =
        meter == NULL ? NULL
                      : arena_printf(recording->arena,
                                     "{\"maturity\":\"%s\",\"capabilities\":\"%s\",\"meter\":%s,"
                                     "\"run\":%s}",
                                     maturity, recording->capabilities, meter, recording->run_json);
    if (before == NULL || after == NULL) {
        return RC_MEMORY;
    }
    return step_audit(db, recording->actor, AUDIT_ACTION_MODEL_ACCEPT, "model", model.id,
                      recording->model_code, recording->reason, before, after);
}

enum rc acceptance_record(struct db *db, struct arena *arena, const struct actor *actor,
                          const char *model_code, const char *meter_number, const char *reason,
                          const char *run_json, struct acceptance_step *ret_steps,
                          size_t *ret_count, const char **ret_capabilities)
{
    assert(ret_steps != NULL && ret_count != NULL && ret_capabilities != NULL);
    CLEANUP(json_release) struct json_object *run = NULL;
    struct recording recording = {.arena = arena,
                                  .actor = actor,
                                  .model_code = model_code,
                                  .meter_number = meter_number,
                                  .reason = reason,
                                  .run_json = run_json,
                                  .steps = ret_steps};
    TRY(json_parse(run_json, strlen(run_json), 6, &run));
    TRY(parse_steps(&recording, run));
    TRY(db_transact(db, record_work, &recording));
    *ret_count = recording.count;
    *ret_capabilities = recording.capabilities;
    return RC_OK;
}
