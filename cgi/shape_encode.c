/* Structs into JSON, straight into the reply. */
#include <assert.h>
#include <string.h>

#include "cgi/shape.h"
#include "core/base/clock.h"

static void add_text(struct text *out, const char *s)
{
    if (s == NULL) {
        text_add(out, "null", 4);
    } else {
        text_add_json_string(out, s, strlen(s));
    }
}

static void add_fields(const struct shape *shape, const char *data, struct text *out, bool *first,
                       int depth);

static void add_object(const struct shape *shape, const void *data, struct text *out, int depth)
{
    if (data == NULL) {
        text_add(out, "null", 4);
        return;
    }
    bool first = true;
    text_add(out, "{", 1);
    add_fields(shape, data, out, &first, depth);
    text_add(out, "}", 1);
}

static void add_items(const struct shape_field *field, const struct shape_list *list,
                      struct text *out, int depth)
{
    assert(list->items != NULL || list->count == 0);
    text_add(out, "[", 1);
    for (size_t i = 0; i < list->count; i++) {
        if (i > 0) {
            text_add(out, ",", 1);
        }
        if (field->kind == SHAPE_TEXTS) {
            add_text(out, ((const char *const *)list->items)[i]);
        } else if (field->kind == SHAPE_INTS) {
            text_add_int(out, ((const int64_t *)list->items)[i]);
        } else {
            add_object(field->shape, (const char *)list->items + i * field->shape->size_bytes, out,
                       depth + 1);
        }
    }
    text_add(out, "]", 1);
}

static void add_number(const struct shape_field *field, const char *at, struct text *out)
{
    int64_t number = 0;
    memcpy(&number, at, sizeof(number));
    bool may_be_null = (field->flags & (NULLABLE | OPTIONAL)) != 0;
    if (number == SHAPE_NULL || (field->kind == SHAPE_TIME && number == 0 && may_be_null)) {
        assert(may_be_null);
        text_add(out, "null", 4);
    } else if (field->kind == SHAPE_INT) {
        text_add_int(out, number);
    } else {
        char time[CLOCK_TEXT_MAX];
        text_add(out, "\"", 1);
        text_add_string(out, clock_format_rfc3339(number, time));
        text_add(out, "\"", 1);
    }
}

static void add_value(const struct shape_field *field, const char *at, struct text *out, int depth)
{
    const void *pointer = NULL;
    switch (field->kind) {
    case SHAPE_INT:
    case SHAPE_TIME:
        add_number(field, at, out);
        return;
    case SHAPE_BOOL:
        if (*(const bool *)at) {
            text_add(out, "true", 4);
        } else {
            text_add(out, "false", 5);
        }
        return;
    case SHAPE_TEXT:
    case SHAPE_ENUM:
    case SHAPE_JSON:
    case SHAPE_OBJECT:
        memcpy(&pointer, at, sizeof(pointer));
        assert(pointer != NULL || (field->flags & (NULLABLE | OPTIONAL)) != 0);
        if (field->kind == SHAPE_OBJECT) {
            add_object(field->shape, pointer, out, depth + 1);
        } else if (field->kind == SHAPE_JSON) {
            const char *json = pointer;
            text_add_string(out, json == NULL || json[0] == '\0' ? "null" : json);
        } else {
            add_text(out, pointer);
        }
        return;
    case SHAPE_LIST:
    case SHAPE_TEXTS:
    case SHAPE_INTS:
        add_items(field, (const struct shape_list *)(const void *)at, out, depth);
        return;
    case SHAPE_EMBED:
        break;
    }
    assert(!"embedded fields have no value of their own");
}

static void add_fields(const struct shape *shape, const char *data, struct text *out, bool *first,
                       int depth)
{
    assert(depth < SHAPE_NESTING_MAX);
    for (size_t i = 0; i < shape->count; i++) {
        const struct shape_field *field = &shape->fields[i];
        if (field->kind == SHAPE_EMBED) {
            add_fields(field->shape, data + field->offset, out, first, depth + 1);
            continue;
        }
        if (!*first) {
            text_add(out, ",", 1);
        }
        *first = false;
        text_add(out, field->key, field->key_len);
        add_value(field, data + field->offset, out, depth);
    }
}

void shape_encode(const struct shape *shape, const void *data, struct text *out)
{
    assert(shape != NULL && data != NULL && out != NULL);
    add_object(shape, data, out, 0);
}
