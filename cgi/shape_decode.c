/* Requests into structs: JSON bodies and query strings, field by field, first problem wins. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "cgi/query.h"
#include "cgi/shape.h"
#include "core/base/clock.h"
#include "core/base/json.h"

struct decoder {
    struct arena *arena;
    struct shape_problem *problem;
    const struct shape *shape;
    char *out;
    uint64_t seen; /* bit per field */
    int depth;
};

static enum rc refuse(struct decoder *decoder, const char *field, const char *sentence)
{
    if (sentence == NULL || field == NULL) {
        return RC_MEMORY;
    }
    *decoder->problem = (struct shape_problem){.field = field, .sentence = sentence};
    return RC_INVALID;
}

static const struct shape_field *field_find(const struct shape *shape, const char *name,
                                            size_t *ret_index)
{
    assert(shape->count <= 64);
    for (size_t i = 0; i < shape->count; i++) {
        if (strcmp(shape->fields[i].name, name) == 0) {
            *ret_index = i;
            return &shape->fields[i];
        }
    }
    return NULL;
}

/* Names that people wrote go back to them: cut, and only if they are plain. */
static const char *shown_name(struct decoder *decoder, const char *name)
{
    size_t len = strlen(name);
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)name[i];
        if (c < 0x20 || c == 0x7F) {
            return "?";
        }
    }
    if (len <= 40) {
        return arena_copy(decoder->arena, name, len);
    }
    char cut[41];
    text_copy(cut, sizeof(cut), name);
    return arena_copy_string(decoder->arena, cut);
}

static enum rc refuse_unknown(struct decoder *decoder, const char *name)
{
    const char *shown = shown_name(decoder, name);
    return refuse(decoder, shown, arena_printf(decoder->arena, "there is no field %s here", shown));
}

static enum rc store_int(struct decoder *decoder, const struct shape_field *field, int64_t value)
{
    if (value < field->min || value > field->max) {
        return refuse(decoder, field->name,
                      arena_printf(decoder->arena, "%s must be a whole number from %lld to %lld",
                                   field->name, (long long)field->min, (long long)field->max));
    }
    memcpy(decoder->out + field->offset, &value, sizeof(value));
    return RC_OK;
}

static void store_text(struct decoder *decoder, const struct shape_field *field, const char *text)
{
    memcpy(decoder->out + field->offset, &text, sizeof(text));
}

/* Takes well-formed UTF-8. */
static enum rc check_text(struct decoder *decoder, const struct shape_field *field,
                          const char *text, size_t len)
{
    size_t characters = text_characters(text, len);
    if ((int64_t)characters < field->min || (int64_t)characters > field->max) {
        return refuse(decoder, field->name,
                      arena_printf(decoder->arena, "%s must have %lld to %lld characters",
                                   field->name, (long long)field->min, (long long)field->max));
    }
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        bool space = (c == '\n' || c == '\t') && (field->flags & MULTILINE) != 0;
        if ((c < 0x20 || c == 0x7F) && !space) {
            return refuse(
                decoder, field->name,
                arena_printf(decoder->arena, "%s must not hold control characters", field->name));
        }
    }
    return RC_OK;
}

static enum rc take_text(struct decoder *decoder, const struct shape_field *field, const char *text,
                         size_t len)
{
    TRY(check_text(decoder, field, text, len));
    const char *copy = arena_copy(decoder->arena, text, len);
    if (copy == NULL) {
        return RC_MEMORY;
    }
    store_text(decoder, field, copy);
    return RC_OK;
}

static enum rc take_enum(struct decoder *decoder, const struct shape_field *field, const char *text)
{
    for (size_t i = 0; field->names[i] != NULL; i++) {
        if (strcmp(field->names[i], text) == 0) {
            store_text(decoder, field, field->names[i]);
            return RC_OK;
        }
    }
    struct text list;
    text_init(&list, 2000);
    for (size_t i = 0; field->names[i] != NULL; i++) {
        text_printf(&list, "%s%s", i == 0 ? "" : ", ", field->names[i]);
    }
    const char *sentence =
        arena_printf(decoder->arena, "%s must be one of: %s", field->name, text_string(&list));
    text_release(&list);
    return refuse(decoder, field->name, sentence);
}

static enum rc take_time(struct decoder *decoder, const struct shape_field *field, const char *text,
                         size_t len)
{
    int64_t at_ms = 0;
    if (clock_parse_rfc3339(text, len, &at_ms) != RC_OK) {
        return refuse(decoder, field->name,
                      arena_printf(decoder->arena,
                                   "%s must be a time such as 2026-11-22T08:32:05.000Z",
                                   field->name));
    }
    memcpy(decoder->out + field->offset, &at_ms, sizeof(at_ms));
    return RC_OK;
}

static enum rc refuse_kind(struct decoder *decoder, const struct shape_field *field,
                           const char *what)
{
    return refuse(decoder, field->name,
                  arena_printf(decoder->arena, "%s must be %s", field->name, what));
}

static void store_nothing(struct decoder *decoder, const struct shape_field *field)
{
    if (field->kind == SHAPE_INT || field->kind == SHAPE_TIME) {
        int64_t nothing = SHAPE_NULL;
        memcpy(decoder->out + field->offset, &nothing, sizeof(nothing));
    }
}

static enum rc finish(struct decoder *decoder)
{
    for (size_t i = 0; i < decoder->shape->count; i++) {
        const struct shape_field *field = &decoder->shape->fields[i];
        if ((decoder->seen >> i & 1) != 0) {
            continue;
        }
        if ((field->flags & OPTIONAL) == 0) {
            return refuse(decoder, field->name,
                          arena_printf(decoder->arena, "%s is missing", field->name));
        }
        store_nothing(decoder, field);
    }
    return RC_OK;
}

/* ---- JSON */

static enum rc take_object(struct decoder *decoder, const struct shape *shape,
                           const struct json_object *json, void *out);

static enum rc check_list(struct decoder *decoder, const struct shape_field *field,
                          const struct json_object *json)
{
    if (!json_is_array(json)) {
        return refuse_kind(decoder, field, "a list");
    }
    if ((int64_t)json_count(json) > field->max) {
        return refuse(decoder, field->name,
                      arena_printf(decoder->arena, "%s must have at most %lld elements",
                                   field->name, (long long)field->max));
    }
    return RC_OK;
}

static enum rc take_items(struct decoder *decoder, const struct shape_field *field,
                          const struct json_object *json)
{
    TRY(check_list(decoder, field, json));
    size_t count = json_count(json);
    bool texts = field->kind == SHAPE_TEXTS;
    const char **words = arena_take_array(decoder->arena, count, sizeof(*words));
    int64_t *numbers = arena_take_array(decoder->arena, count, sizeof(*numbers));
    if (words == NULL || numbers == NULL) {
        return RC_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        enum rc rc = texts ? json_at_text(json, i, 0, 1000, &words[i])
                           : json_at_int(json, i, 0, SHAPE_ID_MAX, &numbers[i]);
        if (rc != RC_OK) {
            return refuse_kind(decoder, field, texts ? "a list of texts" : "a list of numbers");
        }
        if (texts) {
            words[i] = arena_copy_string(decoder->arena, words[i]);
            if (words[i] == NULL) {
                return RC_MEMORY;
            }
        }
    }
    struct shape_list list = {.items = texts ? (const void *)words : numbers, .count = count};
    memcpy(decoder->out + field->offset, &list, sizeof(list));
    return RC_OK;
}

static enum rc take_json_text(struct decoder *decoder, const struct shape_field *field,
                              const struct json_object *json)
{
    const char *text = NULL;
    if (json_as_text(json, 0, JSON_BYTES_MAX, &text) != RC_OK) {
        return refuse_kind(decoder, field, "a text");
    }
    if (field->kind == SHAPE_ENUM) {
        return take_enum(decoder, field, text);
    }
    if (field->kind == SHAPE_TIME) {
        return take_time(decoder, field, text, strlen(text));
    }
    return take_text(decoder, field, text, strlen(text));
}

static enum rc take_nested(struct decoder *decoder, const struct shape_field *field,
                           const struct json_object *json)
{
    if (!json_is_object(json)) {
        return refuse_kind(decoder, field, "an object");
    }
    void *inner = arena_take(decoder->arena, field->shape->size_bytes);
    if (inner == NULL) {
        return RC_MEMORY;
    }
    TRY(take_object(decoder, field->shape, json, inner));
    memcpy(decoder->out + field->offset, &inner, sizeof(inner));
    return RC_OK;
}

static enum rc take_list(struct decoder *decoder, const struct shape_field *field,
                         const struct json_object *json)
{
    TRY(check_list(decoder, field, json));
    size_t count = json_count(json);
    char *items = arena_take_array(decoder->arena, count + 1, field->shape->size_bytes);
    if (items == NULL) {
        return RC_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        const struct json_object *item = json_at(json, i);
        if (item == NULL || !json_is_object(item)) {
            return refuse_kind(decoder, field, "a list of objects");
        }
        TRY(take_object(decoder, field->shape, item, items + i * field->shape->size_bytes));
    }
    struct shape_list list = {.items = items, .count = count};
    memcpy(decoder->out + field->offset, &list, sizeof(list));
    return RC_OK;
}

/* An object that its own reader checks: kept as JSON text. */
static enum rc take_json(struct decoder *decoder, const struct shape_field *field,
                         const struct json_object *json)
{
    if (!json_is_object(json)) {
        return refuse_kind(decoder, field, "an object");
    }
    const char *copy = arena_copy_string(decoder->arena, json_written(json));
    if (copy == NULL) {
        return RC_MEMORY;
    }
    store_text(decoder, field, copy);
    return RC_OK;
}

static enum rc take_member(void *context, const char *key, const struct json_object *value)
{
    struct decoder *decoder = context;
    size_t index = 0;
    const struct shape_field *field = field_find(decoder->shape, key, &index);
    if (field == NULL) {
        return refuse_unknown(decoder, key);
    }
    if (value == NULL) {
        return RC_OK; /* null counts as missing */
    }
    decoder->seen |= UINT64_C(1) << index;
    switch (field->kind) {
    case SHAPE_INT: {
        int64_t number = 0;
        if (json_as_int(value, INT64_MIN, INT64_MAX, &number) != RC_OK) {
            return refuse_kind(decoder, field, "a whole number");
        }
        return store_int(decoder, field, number);
    }
    case SHAPE_BOOL: {
        bool flag = false;
        if (json_as_bool(value, &flag) != RC_OK) {
            return refuse_kind(decoder, field, "true or false");
        }
        memcpy(decoder->out + field->offset, &flag, sizeof(flag));
        return RC_OK;
    }
    case SHAPE_TEXT:
    case SHAPE_ENUM:
    case SHAPE_TIME:
        return take_json_text(decoder, field, value);
    case SHAPE_TEXTS:
    case SHAPE_INTS:
        return take_items(decoder, field, value);
    case SHAPE_OBJECT:
        return take_nested(decoder, field, value);
    case SHAPE_JSON:
        return take_json(decoder, field, value);
    case SHAPE_LIST:
        return take_list(decoder, field, value);
    case SHAPE_EMBED:
        break;
    }
    assert(!"this kind of field is for replies only");
    return RC_INTERNAL;
}

static enum rc take_object(struct decoder *decoder, const struct shape *shape,
                           const struct json_object *json, void *out)
{
    assert(decoder->depth < SHAPE_NESTING_MAX);
    struct decoder inner = {.arena = decoder->arena,
                            .problem = decoder->problem,
                            .shape = shape,
                            .out = out,
                            .depth = decoder->depth + 1};
    TRY(json_each(json, take_member, &inner));
    return finish(&inner);
}

enum rc shape_decode_json(const struct shape *shape, struct arena *arena, const char *bytes,
                          size_t len, void *out, struct shape_problem *ret_problem)
{
    assert(shape != NULL && arena != NULL && out != NULL && ret_problem != NULL);
    memset(out, 0, shape->size_bytes);
    struct decoder decoder = {.arena = arena, .problem = ret_problem};
    if (!text_is_utf8(bytes, len)) {
        return refuse(&decoder, "", "the body is not UTF-8");
    }
    CLEANUP(json_release) struct json_object *json = NULL;
    enum rc rc = json_parse(bytes, len, SHAPE_JSON_DEPTH_MAX, &json);
    if (rc == RC_TOO_LARGE) {
        return refuse(
            &decoder, "",
            arena_printf(arena, "the body is nested deeper than %d levels", SHAPE_JSON_DEPTH_MAX));
    }
    if (rc == RC_INVALID) {
        return refuse(&decoder, "", "the body is not valid JSON");
    }
    TRY(rc);
    if (!json_is_object(json)) {
        return refuse(&decoder, "", "the body must be a JSON object");
    }
    return take_object(&decoder, shape, json, out);
}

/* ---- query */

static enum rc take_parameter(struct decoder *decoder, const char *name, const char *value)
{
    size_t index = 0;
    const struct shape_field *field = field_find(decoder->shape, name, &index);
    if (field == NULL) {
        return refuse_unknown(decoder, name);
    }
    if ((decoder->seen >> index & 1) != 0) {
        return refuse_kind(decoder, field, "given once");
    }
    size_t len = strlen(value);
    if (len == 0 && (field->flags & OPTIONAL) != 0) {
        return RC_OK; /* "state=" counts as missing */
    }
    decoder->seen |= UINT64_C(1) << index;
    switch (field->kind) {
    case SHAPE_INT: {
        int64_t number = 0;
        if (text_parse_int(value, len, INT64_MIN + 1, INT64_MAX, &number) != RC_OK) {
            return refuse_kind(decoder, field, "a whole number");
        }
        return store_int(decoder, field, number);
    }
    case SHAPE_BOOL: {
        bool flag = strcmp(value, "true") == 0;
        if (!flag && strcmp(value, "false") != 0) {
            return refuse_kind(decoder, field, "true or false");
        }
        memcpy(decoder->out + field->offset, &flag, sizeof(flag));
        return RC_OK;
    }
    case SHAPE_TEXT:
        TRY(check_text(decoder, field, value, len));
        store_text(decoder, field, value);
        return RC_OK;
    case SHAPE_ENUM:
        return take_enum(decoder, field, value);
    case SHAPE_TIME:
        return take_time(decoder, field, value, len);
    default:
        assert(!"this kind of field cannot stand in a query");
        return RC_INTERNAL;
    }
}

enum rc shape_decode_query(const struct shape *shape, struct arena *arena, const char *query,
                           size_t len, void *out, struct shape_problem *ret_problem)
{
    assert(shape != NULL && arena != NULL && (query != NULL || len == 0) && ret_problem != NULL);
    memset(out, 0, shape->size_bytes);
    struct decoder decoder = {.arena = arena, .problem = ret_problem, .shape = shape, .out = out};
    size_t count = 0;
    size_t at = 0;
    while (at < len) {
        const char *end = memchr(query + at, '&', len - at);
        size_t pair_len = end == NULL ? len - at : (size_t)(end - (query + at));
        const char *pair = query + at;
        at += pair_len + 1;
        if (pair_len == 0) {
            continue;
        }
        if (++count > SHAPE_PARAMETERS_MAX) {
            return refuse(
                &decoder, "",
                arena_printf(arena, "there are more than %d parameters", SHAPE_PARAMETERS_MAX));
        }
        const char *equals = memchr(pair, '=', pair_len);
        size_t name_len = equals == NULL ? pair_len : (size_t)(equals - pair);
        size_t value_len = equals == NULL ? 0 : pair_len - name_len - 1;
        const char *name = NULL;
        const char *value = NULL;
        enum rc rc = query_decode(arena, pair, name_len, &name);
        if (rc == RC_OK) {
            rc = query_decode(arena, equals == NULL ? "" : equals + 1, value_len, &value);
        }
        if (rc == RC_INVALID) {
            return refuse(&decoder, "", "the query is not well-formed percent-encoded UTF-8");
        }
        TRY(rc);
        TRY(take_parameter(&decoder, name, value));
    }
    return finish(&decoder);
}
