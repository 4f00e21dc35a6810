#include "core/rules/model_json.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/base/text.h"

void model_enter(struct model_parser *parser, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int written = vsnprintf(parser->where, sizeof(parser->where), format, args);
    va_end(args);
    assert(written >= 0);
    (void)written;
}

/* Names of unknown fields and points come from the file: they must not break the sentence. */
static void make_printable(char *s)
{
    for (; *s != '\0'; s++) {
        if ((unsigned char)*s < 0x20 || *s == 0x7F) {
            *s = '?';
        }
    }
}

enum rc model_fail(struct model_parser *parser, const char *field, const char *format, ...)
{
    char sentence[160];
    char whole[sizeof(parser->where) + 80 + sizeof(sentence)];
    va_list args;
    va_start(args, format);
    int written = vsnprintf(sentence, sizeof(sentence), format, args);
    va_end(args);
    assert(written >= 0);
    written =
        snprintf(whole, sizeof(whole), "%s%s%.64s%s%s", parser->where,
                 parser->where[0] != '\0' && field != NULL ? "." : "", field != NULL ? field : "",
                 parser->where[0] != '\0' || field != NULL ? " " : "", sentence);
    assert(written >= 0);
    (void)written;
    make_printable(whole);
    text_copy(parser->error, MODEL_ERROR_MAX, whole);
    return RC_INVALID;
}

enum rc model_known_fields(struct model_parser *parser, struct json_object *object,
                           const char *const *known)
{
    json_object_object_foreach(object, key, value)
    {
        (void)value;
        const char *const *name = known;
        while (*name != NULL && strcmp(*name, key) != 0) {
            name++;
        }
        if (*name == NULL) {
            return model_fail(parser, key, "is not a field that a model file may have here");
        }
    }
    return RC_OK;
}

static const char *kind_words(enum json_type type)
{
    switch (type) {
    case json_type_object:
        return "an object";
    case json_type_array:
        return "a list";
    case json_type_string:
        return "a string";
    case json_type_boolean:
        return "true or false";
    default:
        return "a whole number";
    }
}

enum rc model_field_of(struct model_parser *parser, struct json_object *object, const char *field,
                       enum json_type type, bool needed, struct json_object **ret_value)
{
    struct json_object *value = NULL;
    if (!json_object_object_get_ex(object, field, &value)) {
        if (needed) {
            return model_fail(parser, field, "is missing");
        }
        *ret_value = NULL;
        return RC_OK;
    }
    if (value == NULL || !json_object_is_type(value, type)) {
        return model_fail(parser, field, "must be %s", kind_words(type));
    }
    *ret_value = value;
    return RC_OK;
}

static bool hex_number(const char *s, size_t len, int64_t *ret_value)
{
    if (len < 3 || len > 10 || s[0] != '0' || s[1] != 'x') {
        return false;
    }
    int64_t value = 0;
    for (size_t i = 2; i < len; i++) {
        static const char digits[] = "0123456789abcdef";
        char lower = (char)(s[i] >= 'A' && s[i] <= 'F' ? s[i] + ('a' - 'A') : s[i]);
        const char *digit = lower != '\0' ? strchr(digits, lower) : NULL;
        if (digit == NULL) {
            return false;
        }
        value = value * 16 + (digit - digits);
    }
    *ret_value = value;
    return true;
}

enum rc model_int_value(struct model_parser *parser, struct json_object *value, const char *field,
                        int64_t min, int64_t max, int64_t *ret_value)
{
    int64_t number = 0;
    bool is_number = false;
    if (value != NULL && json_object_is_type(value, json_type_int)) {
        number = json_object_get_int64(value);
        is_number = true;
    } else if (value != NULL && json_object_is_type(value, json_type_string)) {
        is_number = hex_number(json_object_get_string(value),
                               (size_t)json_object_get_string_len(value), &number);
    }
    if (!is_number || number < min || number > max) {
        return model_fail(parser, field, "must be a whole number (or \"0x..\") from %lld to %lld",
                          (long long)min, (long long)max);
    }
    *ret_value = number;
    return RC_OK;
}

enum rc model_int_of(struct model_parser *parser, struct json_object *object, const char *field,
                     bool needed, int64_t min, int64_t max, int64_t *ret_value)
{
    struct json_object *value = NULL;
    if (!json_object_object_get_ex(object, field, &value)) {
        return needed ? model_fail(parser, field, "is missing") : RC_OK;
    }
    return model_int_value(parser, value, field, min, max, ret_value);
}

enum rc model_string_of(struct model_parser *parser, struct json_object *object, const char *field,
                        char *out, size_t size)
{
    struct json_object *value = NULL;
    TRY(model_field_of(parser, object, field, json_type_string, true, &value));
    const char *s = json_object_get_string(value);
    size_t len = (size_t)json_object_get_string_len(value);
    bool clean = len >= 1 && len < size && text_is_utf8(s, len);
    for (size_t i = 0; clean && i < len; i++) {
        clean = (unsigned char)s[i] >= 0x20 && s[i] != 0x7F;
    }
    if (!clean) {
        return model_fail(parser, field, "must be 1 to %zu bytes of plain text", size - 1);
    }
    memcpy(out, s, len);
    out[len] = '\0';
    return RC_OK;
}

enum rc model_bool_of(struct model_parser *parser, struct json_object *object, const char *field,
                      bool *ret_value)
{
    struct json_object *value = NULL;
    TRY(model_field_of(parser, object, field, json_type_boolean, false, &value));
    *ret_value = value != NULL && json_object_get_boolean(value);
    return RC_OK;
}

enum rc model_condition_of(struct model_parser *parser, struct json_object *object, bool with_code,
                           struct model_condition *ret_condition)
{
    static const char *const plain[] = {"point", "mask", "equals", "at_most", NULL};
    static const char *const coded[] = {"point", "mask", "equals", "at_most", "code", NULL};
    struct model_condition condition = {.mask = -1};
    char name[48];
    if (!json_object_is_type(object, json_type_object)) {
        return model_fail(parser, NULL, "must be an object");
    }
    TRY(model_known_fields(parser, object, with_code ? coded : plain));
    TRY(model_string_of(parser, object, "point", name, sizeof(name)));
    if (point_find(name, &condition.point) != RC_OK ||
        model_find_point(parser->model, condition.point) == NULL) {
        return model_fail(parser, "point", "\"%s\" is not a point of this model", name);
    }
    bool has_equals = json_object_object_get_ex(object, "equals", NULL);
    condition.at_most = json_object_object_get_ex(object, "at_most", NULL);
    if (has_equals == condition.at_most) {
        return model_fail(parser, NULL, "must have either equals or at_most");
    }
    TRY(model_int_of(parser, object, "mask", false, 1, UINT32_MAX, &condition.mask));
    TRY(model_int_of(parser, object, condition.at_most ? "at_most" : "equals", true, 0, UINT32_MAX,
                     &condition.wanted));
    if (condition.mask != -1 && (condition.wanted & ~condition.mask) != 0 && !condition.at_most) {
        return model_fail(parser, "equals", "has bits that its mask does not have");
    }
    if (with_code) {
        TRY(model_string_of(parser, object, "code", condition.code, sizeof(condition.code)));
    }
    *ret_condition = condition;
    return RC_OK;
}
