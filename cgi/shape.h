/*
 * Shapes: tables that describe C structs, used three ways.
 *
 *   shape_decode_json, shape_decode_query   a request becomes a checked struct, or one clear
 * sentence names the field shape_encode                            a struct becomes JSON, straight
 * into the reply's text openapi_write                           the OpenAPI document, from which
 * the front end's types come
 *
 * How a member is held in the struct:
 *   F_INT    int64_t       null: SHAPE_NULL (only with NULLABLE or OPTIONAL)
 *   F_TIME   int64_t       milliseconds since 1970 UTC; JSON: RFC 3339; null: 0 or SHAPE_NULL
 *   F_BOOL   bool          missing with OPTIONAL: false
 *   F_TEXT   const char *  null: NULL
 *   F_ENUM   const char *  one of a NULL-terminated list of names; null: NULL
 *   F_OBJECT const struct X *   null: NULL
 *   F_LIST   struct shape_list  of structs; F_TEXTS: of const char *; F_INTS: of int64_t
 *   F_JSON   const char *  JSON text: replies pass it through (null: NULL or ""), requests take an
 *                          object whose own reader checks it
 *   F_EMBED  struct X      its fields appear in the outer object
 *
 * Requests are flat or nested objects; F_LIST and F_EMBED are for replies, F_ITEMS (a list of
 * objects with a bound) for requests, F_TEXTS, F_INTS and F_JSON for both. Unknown fields are
 * refused. Bounds of texts and lists are characters and elements.
 */
#ifndef PW_CGI_SHAPE_H
#define PW_CGI_SHAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/rc.h"
#include "core/base/text.h"
#include "core/store/db.h"

#define SHAPE_NULL INT64_MIN
#define SHAPE_JSON_DEPTH_MAX 16
#define SHAPE_PARAMETERS_MAX 64
#define SHAPE_NESTING_MAX 8
#define SHAPE_ID_MAX INT64_C(9007199254740991) /* what a JavaScript number holds exactly */

enum shape_kind {
    SHAPE_INT,
    SHAPE_TIME,
    SHAPE_BOOL,
    SHAPE_TEXT,
    SHAPE_ENUM,
    SHAPE_OBJECT,
    SHAPE_LIST,
    SHAPE_TEXTS,
    SHAPE_INTS,
    SHAPE_JSON,
    SHAPE_EMBED
};

enum shape_flags {
    NEEDED = 0,
    OPTIONAL = 1, /* request: may be missing or null */
    NULLABLE = 2, /* reply: always there, may be null */
    MULTILINE = 4 /* text: line feeds and tabs are allowed */
};

struct shape;

struct shape_list {
    const void *items;
    size_t count;
};

struct shape_field {
    const char *name;
    const char *key; /* "name": as written */
    size_t key_len;
    enum shape_kind kind;
    unsigned flags;
    size_t offset;
    int64_t min;
    int64_t max;
    const char *const *names;
    const struct shape *shape;
};

struct shape {
    const char *name; /* in the OpenAPI document: "Session" */
    size_t size_bytes;
    const struct shape_field *fields;
    size_t count;
};

#define SHAPE_FIELD_(kind_, type, member, flags_, min_, max_, names_, shape_)                      \
    {                                                                                              \
        .name = #member, .key = "\"" #member "\":", .key_len = sizeof(#member) + 2, .kind = kind_, \
        .flags = (flags_), .offset = offsetof(type, member), .min = (min_), .max = (max_),         \
        .names = (names_), .shape = (shape_)                                                       \
    }
#define F_INT(type, member, flags, min, max)                                                       \
    SHAPE_FIELD_(SHAPE_INT, type, member, flags, min, max, NULL, NULL)
#define F_ID(type, member, flags) F_INT(type, member, flags, 1, SHAPE_ID_MAX)
/* Replies: any number. */
#define F_NUMBER(type, member, flags) F_INT(type, member, flags, INT64_MIN, INT64_MAX)
#define F_TIME(type, member, flags) SHAPE_FIELD_(SHAPE_TIME, type, member, flags, 0, 0, NULL, NULL)
#define F_BOOL(type, member, flags) SHAPE_FIELD_(SHAPE_BOOL, type, member, flags, 0, 0, NULL, NULL)
#define F_TEXT(type, member, flags, min, max)                                                      \
    SHAPE_FIELD_(SHAPE_TEXT, type, member, flags, min, max, NULL, NULL)
/* Replies: any text. */
#define F_WORDS(type, member, flags) F_TEXT(type, member, flags, 0, INT32_MAX)
#define F_ENUM(type, member, flags, names)                                                         \
    SHAPE_FIELD_(SHAPE_ENUM, type, member, flags, 0, 0, names, NULL)
#define F_OBJECT(type, member, flags, shape)                                                       \
    SHAPE_FIELD_(SHAPE_OBJECT, type, member, flags, 0, 0, NULL, shape)
#define F_LIST(type, member, shape)                                                                \
    SHAPE_FIELD_(SHAPE_LIST, type, member, NEEDED, 0, 0, NULL, shape)
/* Requests: at most `max` objects. */
#define F_ITEMS(type, member, flags, max, shape)                                                   \
    SHAPE_FIELD_(SHAPE_LIST, type, member, flags, 0, max, NULL, shape)
#define F_TEXTS(type, member, flags, max)                                                          \
    SHAPE_FIELD_(SHAPE_TEXTS, type, member, flags, 0, max, NULL, NULL)
#define F_INTS(type, member, flags, max)                                                           \
    SHAPE_FIELD_(SHAPE_INTS, type, member, flags, 0, max, NULL, NULL)
#define F_JSON(type, member, flags) SHAPE_FIELD_(SHAPE_JSON, type, member, flags, 0, 0, NULL, NULL)
#define F_EMBED(type, member, shape)                                                               \
    SHAPE_FIELD_(SHAPE_EMBED, type, member, NEEDED, 0, 0, NULL, shape)

/* SHAPE(meter_row, "MeterRow", struct meter_row, F_ID(...), F_TEXT(...)); defines shape_meter_row,
   which routes.def names meter_row. Forward use in another file: extern const struct shape
   shape_meter_row; */
#define SHAPE(id, name_, type, ...)                                                                \
    static const struct shape_field shape_fields_##id[] = {__VA_ARGS__};                           \
    extern const struct shape shape_##id;                                                          \
    const struct shape shape_##id = {.name = name_,                                                \
                                     .size_bytes = sizeof(type),                                   \
                                     .fields = shape_fields_##id,                                  \
                                     .count = ARRAY_LEN(shape_fields_##id)}

/* What was wrong with a request. Arena text. */
struct shape_problem {
    const char *field;    /* "" when it is the whole body */
    const char *sentence; /* "reason must have 1 to 200 characters" */
};

/* Decodes a JSON body (an object) into `out`, which has the shape's size and is zeroed first; texts
   live in the arena. Checks in this order: depth, UTF-8, syntax, unknown fields, each field.
   RC_INVALID with *ret_problem; RC_MEMORY. */
enum rc shape_decode_json(const struct shape *shape, struct arena *arena, const char *bytes,
                          size_t len, void *out, struct shape_problem *ret_problem) MUST_CHECK;
/* The same for a query string ("a=1&b=x%20y", no leading question mark). */
enum rc shape_decode_query(const struct shape *shape, struct arena *arena, const char *query,
                           size_t len, void *out, struct shape_problem *ret_problem) MUST_CHECK;
/* Appends the struct as a JSON object. Text bounds are not checked for replies. */
void shape_encode(const struct shape *shape, const void *data, struct text *out);

/* Helpers for filling replies from rows. */
static inline int64_t shape_int_or_null(const struct db_rows *rows, size_t row, size_t column)
{
    return db_is_null(rows, row, column) ? SHAPE_NULL : db_get_int(rows, row, column);
}

static inline const char *shape_text_or_null(const struct db_rows *rows, size_t row, size_t column)
{
    return db_is_null(rows, row, column) ? NULL : db_get_text(rows, row, column);
}

#endif
