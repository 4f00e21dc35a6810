/*
 * Readers of a model file's JSON values: each checks kind and range and, when it fails, writes the
 * one sentence "FIELD must ..." into the parser's error. Used by model_parse.c and model_action.c
 * only.
 */
#ifndef PW_RULES_MODEL_JSON_H
#define PW_RULES_MODEL_JSON_H

#include <json-c/json_object.h>
#include <json-c/linkhash.h>

#include "core/rules/model.h"

struct model_parser {
    struct model *model;
    char *error;     /* MODEL_ERROR_MAX */
    char where[100]; /* the object being read: "points[3]"; "" at the top */
};

/* Sets where. */
void model_enter(struct model_parser *parser, const char *format, ...) PRINTF_LIKE(2, 3);
/* Writes "where.field sentence" and answers RC_INVALID. field may be NULL. */
enum rc model_fail(struct model_parser *parser, const char *field, const char *format, ...)
    PRINTF_LIKE(3, 4);
/* Every key of object is one of known (NULL at its end). */
enum rc model_known_fields(struct model_parser *parser, struct json_object *object,
                           const char *const *known) MUST_CHECK;
/* A field of a given kind; *ret_value is NULL when it is absent and not needed. */
enum rc model_field_of(struct model_parser *parser, struct json_object *object, const char *field,
                       enum json_type type, bool needed, struct json_object **ret_value) MUST_CHECK;
/* An integer, or a string "0x..." (at most 8 hex digits), in min .. max. An absent field leaves
 * *ret_value. */
enum rc model_int_of(struct model_parser *parser, struct json_object *object, const char *field,
                     bool needed, int64_t min, int64_t max, int64_t *ret_value) MUST_CHECK;
/* One array element, the same rules. */
enum rc model_int_value(struct model_parser *parser, struct json_object *value, const char *field,
                        int64_t min, int64_t max, int64_t *ret_value) MUST_CHECK;
/* A string of 1 .. size-1 bytes, UTF-8, no control characters. */
enum rc model_string_of(struct model_parser *parser, struct json_object *object, const char *field,
                        char *out, size_t size) MUST_CHECK;
/* true or false; absent: false. */
enum rc model_bool_of(struct model_parser *parser, struct json_object *object, const char *field,
                      bool *ret_value) MUST_CHECK;
/* A condition object: {point, equals | at_most, mask?, code?}. The point must be one of the
 * model's. */
enum rc model_condition_of(struct model_parser *parser, struct json_object *object, bool with_code,
                           struct model_condition *ret_condition) MUST_CHECK;
/* model_action.c: "actions" and "recipes". */
enum rc model_parse_actions(struct model_parser *parser, struct json_object *actions) MUST_CHECK;
enum rc model_parse_recipes(struct model_parser *parser, struct json_object *recipes) MUST_CHECK;
/* Plans the reads of the points in the set `wanted` (bit n: point n). */
enum rc model_plan(const struct model *model, uint64_t wanted, bool with_windows,
                   struct plan *ret_plan) MUST_CHECK;

#endif
