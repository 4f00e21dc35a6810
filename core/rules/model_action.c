#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "core/rules/model_json.h"

#define REGISTER_MAX 65535
#define WITHIN_MIN_MS 100
#define PRIVATE_DATA_MAX 240

static enum rc parse_conditions(struct model_parser *parser, struct json_object *action,
                                const char *kind, const char *field, bool needed,
                                struct model_condition *conditions, size_t *ret_count)
{
    struct json_object *list = NULL;
    TRY(model_field_of(parser, action, field, json_type_array, needed, &list));
    size_t count = list == NULL ? 0 : json_object_array_length(list);
    if (list != NULL && (count == 0 || count > MODEL_CONDITIONS_MAX)) {
        return model_fail(parser, field, "must hold 1 to %d conditions", MODEL_CONDITIONS_MAX);
    }
    for (size_t i = 0; i < count; i++) {
        model_enter(parser, "actions.%s.%s[%zu]", kind, field, i);
        TRY(model_condition_of(parser, json_object_array_get_idx(list, i),
                               strcmp(field, "refuse_if") == 0, &conditions[i]));
    }
    model_enter(parser, "actions.%s", kind);
    *ret_count = count;
    return RC_OK;
}

static enum rc parse_write(struct model_parser *parser, struct json_object *object,
                           struct model_write *ret_write)
{
    static const char *const known[] = {"at", "values", NULL};
    struct json_object *values = NULL;
    int64_t at = 0;
    if (!json_object_is_type(object, json_type_object)) {
        return model_fail(parser, NULL, "must be an object");
    }
    TRY(model_known_fields(parser, object, known));
    TRY(model_int_of(parser, object, "at", true, 0, REGISTER_MAX, &at));
    TRY(model_field_of(parser, object, "values", json_type_array, true, &values));
    size_t count = json_object_array_length(values);
    if (count == 0 || count > MODEL_WRITE_VALUES_MAX || (size_t)at + count > REGISTER_MAX + 1) {
        return model_fail(parser, "values", "must hold 1 to %d registers", MODEL_WRITE_VALUES_MAX);
    }
    struct model_write write = {.at = (uint16_t)at, .count = (uint16_t)count};
    for (size_t i = 0; i < count; i++) {
        int64_t value = 0;
        TRY(model_int_value(parser, json_object_array_get_idx(values, i), "values", 0, REGISTER_MAX,
                            &value));
        write.values[i] = (uint16_t)value;
    }
    *ret_write = write;
    return RC_OK;
}

static enum rc parse_writes(struct model_parser *parser, struct json_object *object,
                            const char *kind, struct model_action *action)
{
    struct json_object *list = NULL;
    TRY(model_field_of(parser, object, "write", json_type_array, true, &list));
    size_t count = json_object_array_length(list);
    if (count == 0 || count > MODEL_WRITES_MAX) {
        return model_fail(parser, "write", "must hold 1 to %d frames", MODEL_WRITES_MAX);
    }
    for (size_t i = 0; i < count; i++) {
        model_enter(parser, "actions.%s.write[%zu]", kind, i);
        TRY(parse_write(parser, json_object_array_get_idx(list, i), &action->writes[i]));
    }
    model_enter(parser, "actions.%s", kind);
    action->write_count = count;
    return RC_OK;
}

static enum rc plan_read_back(struct model_parser *parser, const struct model_condition *conditions,
                              size_t count, struct plan *ret_plan)
{
    uint64_t wanted = 0;
    for (size_t i = 0; i < count; i++) {
        wanted |= UINT64_C(1) << conditions[i].point;
    }
    if (model_plan(parser->model, wanted, false, ret_plan) != RC_OK) {
        return model_fail(parser, "confirm", "needs more reads than %d", PLAN_BLOCKS_MAX);
    }
    /* The relay moves last: while its bits are not there, the other reads would be for nothing. */
    const struct model_point *status = model_find_point(parser->model, POINT_status_bits);
    for (size_t i = 1; status != NULL && i < ret_plan->count; i++) {
        struct plan_block block = ret_plan->blocks[i];
        if (status->at >= block.at && status->at < block.at + block.count) {
            memmove(ret_plan->blocks + 1, ret_plan->blocks, i * sizeof(block));
            ret_plan->blocks[0] = block;
        }
    }
    return RC_OK;
}

static enum rc parse_action(struct model_parser *parser, struct json_object *object,
                            const char *kind, struct model_action *action)
{
    static const char *const known[] = {"refuse_if", "write",      "confirm", "confirm_external",
                                        "within_ms", "unverified", NULL};
    int64_t travel_ms = 0;
    model_enter(parser, "actions.%s", kind);
    TRY(model_known_fields(parser, object, known));
    TRY(parse_conditions(parser, object, kind, "refuse_if", false, action->refuse_if,
                         &action->refuse_if_count));
    TRY(parse_writes(parser, object, kind, action));
    TRY(parse_conditions(parser, object, kind, "confirm", true, action->confirm,
                         &action->confirm_count));
    TRY(parse_conditions(parser, object, kind, "confirm_external", false, action->confirm_external,
                         &action->confirm_external_count));
    TRY(model_int_of(parser, object, "within_ms", true, WITHIN_MIN_MS, MODEL_TRAVEL_MAX_MS,
                     &travel_ms));
    TRY(model_bool_of(parser, object, "unverified", &action->unverified));
    TRY(plan_read_back(parser, action->confirm, action->confirm_count, &action->read_back));
    TRY(plan_read_back(parser, action->confirm_external, action->confirm_external_count,
                       &action->read_back_external));
    action->travel_ms = (int32_t)travel_ms;
    action->offered = true;
    action->offered_external = action->confirm_external_count > 0;
    return RC_OK;
}

enum rc model_parse_actions(struct model_parser *parser, struct json_object *actions)
{
    json_object_object_foreach(actions, key, value)
    {
        enum command_kind kind = COMMAND_READ;
        model_enter(parser, "actions");
        if (command_kind_find(key, &kind) != RC_OK || !command_kind_writes(kind)) {
            return model_fail(parser, key, "is not an order (trip, close, keep_on, release)");
        }
        if (!json_object_is_type(value, json_type_object)) {
            return model_fail(parser, key, "must be an object");
        }
        TRY(parse_action(parser, value, key, &parser->model->actions[kind]));
    }
    return RC_OK;
}

static const struct {
    const char *name;
    int bytes;
} field_types[FIELD_TYPE__MAX] = {
    [FIELD_U8] = {"u8", 1},     [FIELD_U16] = {"u16", 2},     [FIELD_U32] = {"u32", 4},
    [FIELD_BCD6] = {"bcd6", 6}, [FIELD_ZERO8] = {"zero8", 1},
};

static enum rc parse_field(struct model_parser *parser, struct json_object *object,
                           struct model_field *field, int64_t *bytes)
{
    static const char *const known[] = {"name", "type", "flag", NULL};
    char type[16];
    if (!json_object_is_type(object, json_type_object)) {
        return model_fail(parser, NULL, "must be an object");
    }
    TRY(model_known_fields(parser, object, known));
    TRY(model_string_of(parser, object, "name", field->name, sizeof(field->name)));
    TRY(model_string_of(parser, object, "type", type, sizeof(type)));
    TRY(model_bool_of(parser, object, "flag", &field->flagged));
    for (int i = 0; i < FIELD_TYPE__MAX; i++) {
        if (strcmp(field_types[i].name, type) == 0) {
            field->type = (enum field_type)i;
            *bytes += field_types[i].bytes + (field->flagged ? 1 : 0);
            return RC_OK;
        }
    }
    return model_fail(parser, "type", "\"%s\" is not one of u8, u16, u32, bcd6, zero8", type);
}

static enum rc parse_recipe(struct model_parser *parser, struct json_object *object,
                            const char *name, struct model_recipe *recipe)
{
    static const char *const known[] = {"function",   "start",  "registers", "reply_bytes",
                                        "unverified", "fields", NULL};
    struct json_object *fields = NULL;
    int64_t function = 0;
    int64_t start = 0;
    int64_t registers = 0;
    int64_t reply_bytes = 0;
    int64_t bytes = 0;
    model_enter(parser, "recipes.%.32s", name);
    TRY(model_known_fields(parser, object, known));
    TRY(model_int_of(parser, object, "function", true, 0x20, 0x20, &function));
    TRY(model_int_of(parser, object, "start", true, 0, REGISTER_MAX, &start));
    TRY(model_int_of(parser, object, "registers", true, 1, PRIVATE_DATA_MAX / 2, &registers));
    TRY(model_int_of(parser, object, "reply_bytes", true, 5, 255, &reply_bytes));
    TRY(model_bool_of(parser, object, "unverified", &recipe->unverified));
    TRY(model_field_of(parser, object, "fields", json_type_array, true, &fields));
    recipe->field_count = json_object_array_length(fields);
    if (recipe->field_count == 0 || recipe->field_count > MODEL_FIELDS_MAX) {
        return model_fail(parser, "fields", "must hold 1 to %d fields", MODEL_FIELDS_MAX);
    }
    for (size_t i = 0; i < recipe->field_count; i++) {
        model_enter(parser, "recipes.%.32s.fields[%zu]", name, i);
        TRY(parse_field(parser, json_object_array_get_idx(fields, i), &recipe->fields[i], &bytes));
    }
    model_enter(parser, "recipes.%.32s", name);
    if (bytes != 2 * registers) {
        return model_fail(parser, "fields", "are %lld bytes, but registers says %lld",
                          (long long)bytes, (long long)(2 * registers));
    }
    recipe->function = (uint8_t)function;
    recipe->start = (uint16_t)start;
    recipe->registers = (uint16_t)registers;
    recipe->reply_bytes = (uint16_t)reply_bytes;
    return RC_OK;
}

enum rc model_parse_recipes(struct model_parser *parser, struct json_object *recipes)
{
    struct model *model = parser->model;
    json_object_object_foreach(recipes, key, value)
    {
        model_enter(parser, "recipes");
        size_t len = strlen(key);
        if (len == 0 || len >= MODEL_FIELD_NAME_MAX) {
            return model_fail(parser, key, "must be a name of 1 to %d bytes",
                              MODEL_FIELD_NAME_MAX - 1);
        }
        if (model->recipe_count == MODEL_RECIPES_MAX) {
            return model_fail(parser, key, "is one too many, there may be %d", MODEL_RECIPES_MAX);
        }
        if (!json_object_is_type(value, json_type_object)) {
            return model_fail(parser, key, "must be an object");
        }
        struct model_recipe *recipe = &model->recipes[model->recipe_count];
        memcpy(recipe->name, key, len + 1);
        TRY(parse_recipe(parser, value, key, recipe));
        model->recipe_count++;
    }
    return RC_OK;
}
