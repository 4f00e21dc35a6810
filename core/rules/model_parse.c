#include <assert.h>
#include <json-c/json_tokener.h>
#include <string.h>

#include "core/rules/model_json.h"

#define REGISTER_MAX 65535
#define SCALE_MAX 4
#define ZONES_REGISTERS (RATE_TABLE_ZONES_BYTES / 2)
#define DAY_REGISTERS (RATE_TABLE_DAY_BYTES / 2)

static void json_release(struct json_object **object)
{
    if (*object != NULL) {
        (void)json_object_put(*object);
    }
}

static void tokener_release(struct json_tokener **tokener)
{
    json_tokener_free(*tokener);
}

static enum rc parse_json(struct model_parser *parser, const char *bytes, size_t len,
                          struct json_object **ret_object)
{
    CLEANUP(tokener_release)
    struct json_tokener *tokener = json_tokener_new_ex(MODEL_DEPTH_MAX);
    if (tokener == NULL) {
        return RC_MEMORY;
    }
    json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
    struct json_object *object = json_tokener_parse_ex(tokener, bytes, (int)len);
    enum json_tokener_error error = json_tokener_get_error(tokener);
    if (error != json_tokener_success || !json_object_is_type(object, json_type_object)) {
        size_t at = json_tokener_get_parse_end(tokener);
        (void)json_object_put(object);
        return model_fail(parser, NULL, "the file is not one JSON object (byte %zu: %s)", at,
                          error == json_tokener_success ? "not an object"
                                                        : json_tokener_error_desc(error));
    }
    *ret_object = object;
    return RC_OK;
}

static enum rc type_of(struct model_parser *parser, struct json_object *object,
                       enum point_type *ret_type)
{
    char name[16];
    TRY(model_string_of(parser, object, "type", name, sizeof(name)));
    for (int i = 0; i < POINT_TYPE__MAX; i++) {
        if (strcmp(point_type_name((enum point_type)i), name) == 0) {
            *ret_type = (enum point_type)i;
            return RC_OK;
        }
    }
    return model_fail(parser, "type",
                      "\"%s\" is not a type (u16, i16, u32, i32, u8_high, u8_low, "
                      "u16_odd, bcd12)",
                      name);
}

static enum rc read_of(struct model_parser *parser, struct json_object *object,
                       struct model_point *row)
{
    static const char *const names[] = {"fast", "slow", "order"};
    char name[16];
    if (!json_object_object_get_ex(object, "read", NULL)) {
        row->read = point_is_slow(row->point) ? MODEL_READ_SLOW : MODEL_READ_FAST;
        return RC_OK;
    }
    TRY(model_string_of(parser, object, "read", name, sizeof(name)));
    for (int i = 0; i < (int)ARRAY_LEN(names); i++) {
        if (strcmp(names[i], name) == 0) {
            row->read = (enum model_read)i;
            return RC_OK;
        }
    }
    return model_fail(parser, "read", "must be fast, slow or order");
}

/* First byte of a point and the byte behind it, counted from register 0. */
static void bytes_of(const struct model_point *row, int *first, int *end)
{
    bool odd = row->type == POINT_TYPE_U8_LOW || row->type == POINT_TYPE_U16_ODD;
    *first = row->at * 2 + (odd ? 1 : 0);
    *end = *first + point_type_bytes(row->type);
}

static enum rc check_place(struct model_parser *parser, const struct model_point *row)
{
    int first = 0;
    int end = 0;
    bytes_of(row, &first, &end);
    if (end > 2 * (REGISTER_MAX + 1)) {
        return model_fail(parser, "at", "is too high for its type");
    }
    for (size_t i = 0; i < parser->model->point_count; i++) {
        const struct model_point *other = &parser->model->points[i];
        int other_first = 0;
        int other_end = 0;
        bytes_of(other, &other_first, &other_end);
        if (other->point == row->point) {
            return model_fail(parser, "point", "\"%s\" is there twice", point_name(row->point));
        }
        if (first < other_end && other_first < end) {
            return model_fail(parser, "at", "overlaps the point %s", point_name(other->point));
        }
    }
    return RC_OK;
}

static enum rc parse_point(struct model_parser *parser, struct json_object *object)
{
    static const char *const known[] = {"point", "at", "type", "scale", "read", "unverified", NULL};
    struct model *model = parser->model;
    struct model_point row = {.scale = 0};
    char name[48];
    int64_t at = 0;
    int64_t scale = 0;
    if (!json_object_is_type(object, json_type_object)) {
        return model_fail(parser, NULL, "must be an object");
    }
    TRY(model_known_fields(parser, object, known));
    TRY(model_string_of(parser, object, "point", name, sizeof(name)));
    if (point_find(name, &row.point) != RC_OK) {
        return model_fail(parser, "point", "\"%s\" is not a known point", name);
    }
    TRY(model_int_of(parser, object, "at", true, 0, REGISTER_MAX, &at));
    TRY(type_of(parser, object, &row.type));
    TRY(model_int_of(parser, object, "scale", false, -SCALE_MAX, SCALE_MAX, &scale));
    TRY(read_of(parser, object, &row));
    TRY(model_bool_of(parser, object, "unverified", &row.unverified));
    if (row.type == POINT_TYPE_BCD12 && scale != 0) {
        return model_fail(parser, "scale", "must be 0 for bcd12");
    }
    row.at = (uint16_t)at;
    row.scale = (int8_t)scale;
    TRY(check_place(parser, &row));
    model->points[model->point_count++] = row;
    return RC_OK;
}

static enum rc parse_points(struct model_parser *parser, struct json_object *top)
{
    struct json_object *list = NULL;
    TRY(model_field_of(parser, top, "points", json_type_array, true, &list));
    size_t count = json_object_array_length(list);
    if (count == 0 || count > POINT__MAX) {
        return model_fail(parser, "points", "must hold 1 to %d points", POINT__MAX);
    }
    for (size_t i = 0; i < count; i++) {
        model_enter(parser, "points[%zu]", i);
        TRY(parse_point(parser, json_object_array_get_idx(list, i)));
    }
    model_enter(parser, "%s", "");
    return RC_OK;
}

static enum rc parse_windows(struct model_parser *parser, struct json_object *top)
{
    static const char *const known[] = {"at", "count", NULL};
    struct model *model = parser->model;
    struct json_object *list = NULL;
    int64_t block_max = 0;
    int64_t block_gap = 0;
    TRY(model_int_of(parser, top, "block_max", true, 3, PLAN_REGISTERS_MAX, &block_max));
    TRY(model_int_of(parser, top, "block_gap", true, 0, PLAN_REGISTERS_MAX, &block_gap));
    model->limits = (struct plan_limits){(uint16_t)block_max, (uint16_t)block_gap};
    TRY(model_field_of(parser, top, "windows", json_type_array, false, &list));
    size_t count = list == NULL ? 0 : json_object_array_length(list);
    if (count > MODEL_WINDOWS_MAX) {
        return model_fail(parser, "windows", "must hold at most %d", MODEL_WINDOWS_MAX);
    }
    for (size_t i = 0; i < count; i++) {
        struct json_object *object = json_object_array_get_idx(list, i);
        int64_t at = 0;
        int64_t registers = 0;
        model_enter(parser, "windows[%zu]", i);
        if (!json_object_is_type(object, json_type_object)) {
            return model_fail(parser, NULL, "must be an object");
        }
        TRY(model_known_fields(parser, object, known));
        TRY(model_int_of(parser, object, "at", true, 0, REGISTER_MAX, &at));
        TRY(model_int_of(parser, object, "count", true, 1, PLAN_REGISTERS_MAX, &registers));
        if (at + registers > REGISTER_MAX + 1) {
            return model_fail(parser, "count", "runs past the last register");
        }
        model->windows[model->window_count++] =
            (struct plan_block){(uint16_t)at, (uint16_t)registers};
    }
    model_enter(parser, "%s", "");
    return RC_OK;
}

static enum rc parse_status(struct model_parser *parser, struct json_object *top)
{
    struct model_status_masks *status = &parser->model->status;
    static const char *const known[] = {"relay",        "forced",      "forced_closed", "fault",
                                        "over_limit",   "arrears",     "alarm1",        "alarm2",
                                        "load_control", "fee_control", "time_control",  NULL};
    int64_t *const masks[] = {&status->relay,       &status->forced,      &status->forced_closed,
                              &status->fault,       &status->over_limit,  &status->arrears,
                              &status->alarm1,      &status->alarm2,      &status->load_control,
                              &status->fee_control, &status->time_control};
    _Static_assert(ARRAY_LEN(known) == ARRAY_LEN(masks) + 1, "one mask a name");
    struct json_object *object = NULL;
    TRY(model_field_of(parser, top, "status", json_type_object, false, &object));
    if (object == NULL) {
        return RC_OK;
    }
    model_enter(parser, "status");
    TRY(model_known_fields(parser, object, known));
    for (size_t i = 0; i < ARRAY_LEN(masks); i++) {
        TRY(model_int_of(parser, object, known[i], false, 1, 0xFFFF, masks[i]));
    }
    if (model_find_point(parser->model, POINT_status_bits) == NULL) {
        return model_fail(parser, NULL, "needs the point status.bits");
    }
    if ((status->forced == 0) != (status->forced_closed == 0)) {
        return model_fail(parser, "forced", "needs forced_closed, and the other way round");
    }
    model_enter(parser, "%s", "");
    return RC_OK;
}

static enum rc parse_word_condition(struct model_parser *parser, struct json_object *top,
                                    const char *field, bool needed, bool *ret_has,
                                    struct model_condition *condition)
{
    struct json_object *object = NULL;
    TRY(model_field_of(parser, top, field, json_type_object, needed, &object));
    *ret_has = object != NULL;
    if (object != NULL) {
        model_enter(parser, "%s", field);
        TRY(model_condition_of(parser, object, false, condition));
        model_enter(parser, "%s", "");
    }
    return RC_OK;
}

static enum rc parse_capabilities(struct model_parser *parser, struct json_object *top)
{
    struct json_object *object = NULL;
    TRY(model_field_of(parser, top, "capabilities", json_type_object, false, &object));
    if (object == NULL) {
        return RC_OK;
    }
    model_enter(parser, "capabilities");
    json_object_object_foreach(object, key, value)
    {
        int capability = 0;
        while (capability < CAPABILITY__MAX &&
               strcmp(capability_name((enum capability)capability), key) != 0) {
            capability++;
        }
        if (capability == CAPABILITY__MAX) {
            return model_fail(parser, key, "is not a known capability");
        }
        const char *state =
            json_object_is_type(value, json_type_string) ? json_object_get_string(value) : "";
        if (strcmp(state, "proven") != 0 && strcmp(state, "unverified") != 0) {
            return model_fail(parser, key, "must be \"proven\" or \"unverified\"");
        }
        parser->model->capabilities[capability] =
            strcmp(state, "proven") == 0 ? CAPABILITY_STATE_PROVEN : CAPABILITY_STATE_UNVERIFIED;
    }
    model_enter(parser, "%s", "");
    return RC_OK;
}

/* Whether the registers hold what flows through the transformers' secondary side or the real
 * values. */
static enum rc parse_values(struct model_parser *parser, struct json_object *top)
{
    struct json_object *field = NULL;
    TRY(model_field_of(parser, top, "values", json_type_string, false, &field));
    const char *values = field == NULL ? "primary" : json_object_get_string(field);
    if (strcmp(values, "primary") != 0 && strcmp(values, "secondary") != 0) {
        return model_fail(parser, "values", "must be primary or secondary");
    }
    parser->model->secondary = strcmp(values, "secondary") == 0;
    return RC_OK;
}

static enum rc parse_head(struct model_parser *parser, struct json_object *top)
{
    static const char *const known[] = {
        "model",   "name",       "maturity",     "notes",  "block_max", "block_gap",
        "points",  "windows",    "identity",     "status", "actions",   "external_control",
        "recipes", "encryption", "capabilities", "values", "tables",    NULL};
    struct model *model = parser->model;
    struct json_object *notes = NULL;
    char maturity[16];
    TRY(model_known_fields(parser, top, known));
    TRY(model_string_of(parser, top, "model", model->code, sizeof(model->code)));
    for (const char *c = model->code; *c != '\0'; c++) {
        if (!((*c >= 'a' && *c <= 'z') || (*c >= '0' && *c <= '9') || *c == '-')) {
            return model_fail(parser, "model", "may hold a-z, 0-9 and - only");
        }
    }
    TRY(model_string_of(parser, top, "name", model->name, sizeof(model->name)));
    TRY(model_string_of(parser, top, "maturity", maturity, sizeof(maturity)));
    if (strcmp(maturity, "experimental") != 0 && strcmp(maturity, "accepted") != 0) {
        return model_fail(parser, "maturity", "must be experimental or accepted");
    }
    model->maturity = maturity[0] == 'a' ? MODEL_ACCEPTED : MODEL_EXPERIMENTAL;
    TRY(parse_values(parser, top));
    return model_field_of(parser, top, "notes", json_type_array, false, &notes);
}

enum rc model_plan(const struct model *model, uint64_t wanted, bool with_windows,
                   struct plan *ret_plan)
{
    struct plan_span spans[POINT__MAX];
    size_t count = 0;
    for (size_t i = 0; i < model->point_count; i++) {
        const struct model_point *row = &model->points[i];
        if ((wanted >> row->point & 1) != 0) {
            int first = 0;
            int end = 0;
            bytes_of(row, &first, &end);
            spans[count++] = (struct plan_span){row->at, (uint16_t)((end + 1) / 2 - row->at)};
        }
    }
    return plan_make(&model->limits, model->windows, with_windows ? model->window_count : 0, spans,
                     count, ret_plan);
}

static enum rc parse_tables(struct model_parser *parser, struct json_object *top)
{
    static const char *const known[] = {"zones", "day_1", "day_2", "unverified", NULL};
    struct model_tables *tables = &parser->model->tables;
    uint16_t *const places[] = {&tables->zones_at, &tables->days_at[0], &tables->days_at[1]};
    struct json_object *object = NULL;
    TRY(model_field_of(parser, top, "tables", json_type_object, false, &object));
    if (object == NULL) {
        return RC_OK;
    }
    model_enter(parser, "tables");
    TRY(model_known_fields(parser, object, known));
    for (size_t i = 0; i < ARRAY_LEN(places); i++) {
        int64_t at = 0;
        TRY(model_int_of(parser, object, known[i], true, 0, REGISTER_MAX + 1 - DAY_REGISTERS, &at));
        *places[i] = (uint16_t)at;
    }
    TRY(model_bool_of(parser, object, "unverified", &tables->unverified));
    const struct plan_span spans[] = {{tables->zones_at, ZONES_REGISTERS},
                                      {tables->days_at[0], DAY_REGISTERS},
                                      {tables->days_at[1], DAY_REGISTERS}};
    for (size_t i = 0; i < ARRAY_LEN(spans); i++) {
        for (size_t k = 0; k < i; k++) {
            if (spans[i].at < spans[k].at + spans[k].count &&
                spans[k].at < spans[i].at + spans[i].count) {
                return model_fail(parser, known[i], "overlaps %s", known[k]);
            }
        }
    }
    if (plan_make(&parser->model->limits, NULL, 0, spans, ARRAY_LEN(spans),
                  &parser->model->tables_reads) != RC_OK) {
        return model_fail(parser, NULL, "need a block_max of at least %d", DAY_REGISTERS);
    }
    tables->present = true;
    model_enter(parser, "%s", "");
    return RC_OK;
}

/* The order in which people miss what a slow read brings: money, then identity. */
static int slow_rank(const struct model *model, const struct plan_block *block)
{
    int rank = 3;
    for (size_t i = 0; i < model->point_count; i++) {
        const struct model_point *row = &model->points[i];
        if (row->read != MODEL_READ_SLOW || row->at < block->at ||
            row->at >= block->at + block->count) {
            continue;
        }
        int own = row->point == POINT_serial_number ? 1
                  : row->point == POINT_run_word    ? 2
                  : point_is_money(row->point)      ? 0
                                                    : 3;
        rank = own < rank ? own : rank;
    }
    return rank;
}

static void sort_slow(struct model *model)
{
    struct plan *plan = &model->slow;
    for (size_t i = 1; i < plan->count; i++) { /* few: insertion keeps equals in their order */
        struct plan_block block = plan->blocks[i];
        int rank = slow_rank(model, &block);
        size_t k = i;
        for (; k > 0 && slow_rank(model, &plan->blocks[k - 1]) > rank; k--) {
            plan->blocks[k] = plan->blocks[k - 1];
        }
        plan->blocks[k] = block;
    }
}

static enum rc make_plans(struct model_parser *parser)
{
    struct model *model = parser->model;
    uint64_t wanted[3] = {0, 0, 0};
    for (size_t i = 0; i < model->point_count; i++) {
        wanted[model->points[i].read] |= UINT64_C(1) << model->points[i].point;
    }
    uint64_t identity = UINT64_C(1) << POINT_model_code | UINT64_C(1) << POINT_serial_number |
                        UINT64_C(1) << POINT_run_word;
    if (model_plan(model, wanted[MODEL_READ_FAST], true, &model->fast) != RC_OK ||
        model_plan(model, wanted[MODEL_READ_SLOW], true, &model->slow) != RC_OK ||
        model_plan(model, identity, false, &model->identity_reads) != RC_OK) {
        return model_fail(parser, "points", "need more than %d reads", PLAN_BLOCKS_MAX);
    }
    if (model->fast.count == 0) {
        return model_fail(parser, "points", "must hold a point that is read in every cycle");
    }
    sort_slow(model);
    return RC_OK;
}

static enum rc parse_top(struct model_parser *parser, struct json_object *top)
{
    struct model *model = parser->model;
    struct json_object *object = NULL;
    bool has_identity = false;
    TRY(parse_head(parser, top));
    TRY(parse_windows(parser, top));
    TRY(parse_points(parser, top));
    TRY(parse_status(parser, top));
    TRY(parse_tables(parser, top));
    TRY(parse_word_condition(parser, top, "identity", true, &has_identity, &model->identity));
    TRY(parse_word_condition(parser, top, "external_control", false, &model->has_external_control,
                             &model->external_control));
    TRY(parse_word_condition(parser, top, "encryption", false, &model->has_encryption,
                             &model->encryption));
    TRY(model_field_of(parser, top, "actions", json_type_object, false, &object));
    if (object != NULL) {
        TRY(model_parse_actions(parser, object));
        model_enter(parser, "%s", "");
        if (model_find_point(model, POINT_serial_number) == NULL) {
            return model_fail(parser, "actions",
                              "need the point identity.serial_number: it is "
                              "compared before every write");
        }
    }
    TRY(parse_capabilities(parser, top));
    TRY(model_field_of(parser, top, "recipes", json_type_object, false, &object));
    if (object != NULL) {
        TRY(model_parse_recipes(parser, object));
        model_enter(parser, "%s", "");
    }
    return make_plans(parser);
}

enum rc model_parse(const char *bytes, size_t len, struct model *ret_model,
                    char error[MODEL_ERROR_MAX])
{
    assert(bytes != NULL && ret_model != NULL && error != NULL);
    struct model model = {.maturity = MODEL_EXPERIMENTAL};
    struct model_parser parser = {.model = &model, .error = error};
    CLEANUP(json_release) struct json_object *top = NULL;
    error[0] = '\0';
    if (len > MODEL_FILE_MAX) {
        (void)model_fail(&parser, NULL, "the file is larger than %d bytes", MODEL_FILE_MAX);
        return RC_TOO_LARGE;
    }
    TRY(parse_json(&parser, bytes, len, &top));
    TRY(parse_top(&parser, top));
    *ret_model = model;
    return RC_OK;
}
