#include "core/base/json.h"

#include <assert.h>
#include <errno.h>
#include <json-c/json.h>
#include <string.h>

#include "core/base/text.h"

static void tokener_release(struct json_tokener **tokener)
{
    if (*tokener != NULL) {
        json_tokener_free(*tokener);
    }
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* json-c stays lax about overlong UTF-8, single quotes, the case of literals and control characters
   inside strings even in its strict mode: those are refused here, the rest is its work. */
static bool is_strict(const char *bytes, size_t len)
{
    bool inside = false;
    for (size_t i = 0; i < len; i++) {
        char c = bytes[i];
        if (c == '"') {
            inside = !inside;
        } else if (inside && c == '\\') {
            i++;
        } else if (inside ? (unsigned char)c < 0x20
                          : strchr(" \t\n\r{}[]:,0123456789+-.eEtrufalsn", c) == NULL) {
            return false;
        }
    }
    return true;
}

enum rc json_parse(const char *bytes, size_t len, int depth, struct json_object **ret_json)
{
    assert((bytes != NULL || len == 0) && depth >= 1 && depth <= JSON_DEPTH_MAX &&
           ret_json != NULL);
    if (len > JSON_BYTES_MAX) {
        return RC_TOO_LARGE;
    }
    while (len > 0 && is_blank(bytes[len - 1])) {
        len--;
    }
    if (len == 0 || !text_is_utf8(bytes, len) || !is_strict(bytes, len)) {
        return RC_INVALID;
    }
    /* json-c counts the level below the last container too. */
    CLEANUP(tokener_release) struct json_tokener *tokener = json_tokener_new_ex(depth + 1);
    if (tokener == NULL) {
        return RC_MEMORY;
    }
    json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
    struct json_object *json = json_tokener_parse_ex(tokener, bytes, (int)len);
    enum json_tokener_error error = json_tokener_get_error(tokener);
    if (error == json_tokener_continue) {
        /* A bare number ends only when something follows it. */
        json = json_tokener_parse_ex(tokener, "", 1);
        error = json_tokener_get_error(tokener);
    } else if (error == json_tokener_success && json_tokener_get_parse_end(tokener) < len) {
        error = json_tokener_error_parse_unexpected;
    }
    if (error != json_tokener_success || json == NULL) {
        json_release(&json);
        return error == json_tokener_error_depth ? RC_TOO_LARGE : RC_INVALID;
    }
    *ret_json = json;
    return RC_OK;
}

/* Members of all objects of the tree. The depth is bounded by json_parse. */
static size_t members(const struct json_object *json)
{
    size_t count = 0;
    if (json_is_object(json)) {
        struct json_object *object = (struct json_object *)(uintptr_t)json;
        struct json_object_iterator at = json_object_iter_begin(object);
        struct json_object_iterator end = json_object_iter_end(object);
        for (; !json_object_iter_equal(&at, &end); json_object_iter_next(&at)) {
            count += 1 + members(json_object_iter_peek_value(&at));
        }
    } else if (json_is_array(json)) {
        for (size_t i = 0; i < json_object_array_length(json); i++) {
            count += members(json_object_array_get_idx(json, i));
        }
    }
    return count;
}

enum rc json_parse_unique(const char *bytes, size_t len, int depth, struct json_object **ret_json)
{
    struct json_object *json = NULL;
    TRY(json_parse(bytes, len, depth, &json));
    /* A colon outside of strings stands once for each member that was written; json-c keeps the
       last of equal names, so a tree with fewer members had one twice. */
    size_t written = 0;
    bool inside = false;
    for (size_t i = 0; i < len; i++) {
        if (bytes[i] == '"') {
            inside = !inside;
        } else if (inside && bytes[i] == '\\') {
            i++;
        } else if (!inside && bytes[i] == ':') {
            written++;
        }
    }
    if (written != members(json)) {
        json_release(&json);
        return RC_CONFLICT;
    }
    *ret_json = json;
    return RC_OK;
}

void json_release(struct json_object **json)
{
    assert(json != NULL);
    if (*json != NULL) {
        json_object_put(*json);
        *json = NULL;
    }
}

bool json_is_object(const struct json_object *json)
{
    return json != NULL && json_object_is_type(json, json_type_object);
}

bool json_is_array(const struct json_object *json)
{
    return json != NULL && json_object_is_type(json, json_type_array);
}

/* NULL when missing, null, or no object. */
static const struct json_object *member(const struct json_object *json, const char *key)
{
    struct json_object *value = NULL;
    if (!json_is_object(json) || !json_object_object_get_ex(json, key, &value)) {
        return NULL;
    }
    return value;
}

bool json_has(const struct json_object *json, const char *key)
{
    return member(json, key) != NULL;
}

enum rc json_as_int(const struct json_object *json, int64_t min, int64_t max, int64_t *ret_value)
{
    assert(ret_value != NULL && min <= max);
    if (json == NULL) {
        return RC_NOT_FOUND;
    }
    if (!json_object_is_type(json, json_type_int)) {
        return RC_INVALID;
    }
    int64_t value = json_object_get_int64(json);
    /* json-c clamps what does not fit; the unsigned view shows it. */
    if (value == INT64_MAX && json_object_get_uint64(json) != (uint64_t)INT64_MAX) {
        return RC_INVALID;
    }
    if (value < min || value > max) {
        return RC_INVALID;
    }
    *ret_value = value;
    return RC_OK;
}

enum rc json_as_text(const struct json_object *json, size_t len_min, size_t len_max,
                     const char **ret_text)
{
    assert(ret_text != NULL);
    if (json == NULL) {
        return RC_NOT_FOUND;
    }
    if (!json_object_is_type(json, json_type_string)) {
        return RC_INVALID;
    }
    /* json-c's getters of strings are not const but change nothing for a string. */
    const char *text = json_object_get_string((struct json_object *)(uintptr_t)json);
    size_t len = (size_t)json_object_get_string_len(json);
    if (len < len_min || len > len_max || strlen(text) != len) {
        return RC_INVALID;
    }
    *ret_text = text;
    return RC_OK;
}

enum rc json_get_int(const struct json_object *json, const char *key, int64_t min, int64_t max,
                     int64_t *ret_value)
{
    return json_as_int(member(json, key), min, max, ret_value);
}

enum rc json_as_bool(const struct json_object *json, bool *ret_value)
{
    assert(ret_value != NULL);
    if (json == NULL) {
        return RC_NOT_FOUND;
    }
    if (!json_object_is_type(json, json_type_boolean)) {
        return RC_INVALID;
    }
    *ret_value = json_object_get_boolean(json) != 0;
    return RC_OK;
}

enum rc json_get_bool(const struct json_object *json, const char *key, bool *ret_value)
{
    return json_as_bool(member(json, key), ret_value);
}

enum rc json_get_text(const struct json_object *json, const char *key, size_t len_min,
                      size_t len_max, const char **ret_text)
{
    return json_as_text(member(json, key), len_min, len_max, ret_text);
}

enum rc json_get_object(const struct json_object *json, const char *key,
                        const struct json_object **ret_object)
{
    const struct json_object *value = member(json, key);
    if (value == NULL) {
        return RC_NOT_FOUND;
    }
    if (!json_is_object(value)) {
        return RC_INVALID;
    }
    *ret_object = value;
    return RC_OK;
}

enum rc json_get_array(const struct json_object *json, const char *key, size_t count_max,
                       const struct json_object **ret_array)
{
    const struct json_object *value = member(json, key);
    if (value == NULL) {
        return RC_NOT_FOUND;
    }
    if (!json_is_array(value) || json_object_array_length(value) > count_max) {
        return RC_INVALID;
    }
    *ret_array = value;
    return RC_OK;
}

size_t json_count(const struct json_object *array)
{
    assert(json_is_array(array));
    return json_object_array_length(array);
}

const struct json_object *json_at(const struct json_object *array, size_t index)
{
    assert(json_is_array(array) && index < json_object_array_length(array));
    return json_object_array_get_idx(array, index);
}

enum rc json_at_int(const struct json_object *array, size_t index, int64_t min, int64_t max,
                    int64_t *ret_value)
{
    return json_as_int(json_at(array, index), min, max, ret_value);
}

enum rc json_at_text(const struct json_object *array, size_t index, size_t len_min, size_t len_max,
                     const char **ret_text)
{
    return json_as_text(json_at(array, index), len_min, len_max, ret_text);
}

enum rc json_each(const struct json_object *object, json_visit visit, void *context)
{
    assert(json_is_object(object) && visit != NULL);
    struct json_object_iterator at =
        json_object_iter_begin((struct json_object *)(uintptr_t)object);
    struct json_object_iterator end = json_object_iter_end(object);
    while (!json_object_iter_equal(&at, &end)) {
        TRY(visit(context, json_object_iter_peek_name(&at), json_object_iter_peek_value(&at)));
        json_object_iter_next(&at);
    }
    return RC_OK;
}

const char *json_written(const struct json_object *json)
{
    /* json-c caches the text in the object it writes, hence the cast. */
    return json_object_to_json_string_ext((struct json_object *)(uintptr_t)json,
                                          JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
}
