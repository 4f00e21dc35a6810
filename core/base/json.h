/*
 * JSON as input, thin over json-c: strict, bounded in size and depth, typed getters with ranges.
 * Output is written with text_add_json_string and text_printf, never through json-c.
 *
 * A parsed tree is owned by whoever parsed it (json_release, usable with CLEANUP); what getters
 * hand out is borrowed from it. Getters answer RC_NOT_FOUND when the key is missing or null,
 * RC_INVALID when type or range is wrong.
 */
#ifndef PW_BASE_JSON_H
#define PW_BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <json-c/json_types.h>

#include "core/base/rc.h"

#define JSON_DEPTH_MAX 32
#define JSON_BYTES_MAX ((size_t)8 << 20)

/* Parses one whole value: RFC 8259 only, UTF-8 only, nothing after it but blanks. depth: 1 ..
   JSON_DEPTH_MAX levels. RC_INVALID, RC_TOO_LARGE (len above JSON_BYTES_MAX, too deep), RC_MEMORY.
 */
enum rc json_parse(const char *bytes, size_t len, int depth,
                   struct json_object **ret_json) MUST_CHECK;
/* As json_parse, and RC_CONFLICT when an object names a member twice: what somebody else reads
   there may be the other one. For signed and sealed texts. */
enum rc json_parse_unique(const char *bytes, size_t len, int depth,
                          struct json_object **ret_json) MUST_CHECK;
/* Frees the tree; accepts a pointer to NULL. */
void json_release(struct json_object **json);

/* False for NULL as well. */
bool json_is_object(const struct json_object *json);
bool json_is_array(const struct json_object *json);
bool json_has(const struct json_object *json, const char *key); /* present and not null */

/* Members of an object. Text: bounds in bytes, no NUL inside. */
enum rc json_get_int(const struct json_object *json, const char *key, int64_t min, int64_t max,
                     int64_t *ret_value) MUST_CHECK;
enum rc json_get_bool(const struct json_object *json, const char *key, bool *ret_value) MUST_CHECK;
enum rc json_get_text(const struct json_object *json, const char *key, size_t len_min,
                      size_t len_max, const char **ret_text) MUST_CHECK;
enum rc json_get_object(const struct json_object *json, const char *key,
                        const struct json_object **ret_object) MUST_CHECK;
enum rc json_get_array(const struct json_object *json, const char *key, size_t count_max,
                       const struct json_object **ret_array) MUST_CHECK;

/* Elements of an array; the index must be below json_count. */
size_t json_count(const struct json_object *array);
const struct json_object *json_at(const struct json_object *array, size_t index); /* NULL: null */
enum rc json_at_int(const struct json_object *array, size_t index, int64_t min, int64_t max,
                    int64_t *ret_value) MUST_CHECK;
enum rc json_at_text(const struct json_object *array, size_t index, size_t len_min, size_t len_max,
                     const char **ret_text) MUST_CHECK;

/* A value written again as JSON without blanks, in memory of the tree: valid until json_release. */
const char *json_written(const struct json_object *json);

/* Visits the members of an object in their order until visit answers other than RC_OK, which is
 * returned. */
typedef enum rc (*json_visit)(void *context, const char *key, const struct json_object *value);
enum rc json_each(const struct json_object *object, json_visit visit, void *context) MUST_CHECK;
/* A value by itself, as the getters do for a member. NULL is RC_NOT_FOUND. */
enum rc json_as_int(const struct json_object *json, int64_t min, int64_t max,
                    int64_t *ret_value) MUST_CHECK;
enum rc json_as_bool(const struct json_object *json, bool *ret_value) MUST_CHECK;
enum rc json_as_text(const struct json_object *json, size_t len_min, size_t len_max,
                     const char **ret_text) MUST_CHECK;

#endif
