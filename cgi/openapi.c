/* The OpenAPI 3.1 document, from the route table and its shapes. */
#include <assert.h>
#include <string.h>

#include "cgi/route.h"

#define SCHEMAS_MAX 400

struct schemas {
    const struct shape *list[SCHEMAS_MAX];
    size_t count;
};

static void schemas_add(struct schemas *schemas, const struct shape *shape, int depth)
{
    assert(depth < SHAPE_NESTING_MAX);
    if (shape->count == 0) {
        return;
    }
    for (size_t i = 0; i < schemas->count; i++) {
        if (schemas->list[i] == shape) {
            return;
        }
        assert(strcmp(schemas->list[i]->name, shape->name) != 0);
    }
    assert(schemas->count < SCHEMAS_MAX);
    schemas->list[schemas->count++] = shape;
    for (size_t i = 0; i < shape->count; i++) {
        if (shape->fields[i].shape != NULL) {
            schemas_add(schemas, shape->fields[i].shape, depth + 1);
        }
    }
}

static void add_names(const char *const *names, bool nullable, struct text *out)
{
    text_add_string(out, ",\"enum\":[");
    for (size_t i = 0; names[i] != NULL; i++) {
        text_printf(out, "%s\"%s\"", i == 0 ? "" : ",", names[i]);
    }
    text_add_string(out, nullable ? ",null]" : "]");
}

static void add_type(const char *type, bool nullable, struct text *out)
{
    if (nullable) {
        text_printf(out, "\"type\":[\"%s\",\"null\"]", type);
    } else {
        text_printf(out, "\"type\":\"%s\"", type);
    }
}

static void add_list(const struct shape_field *field, struct text *out)
{
    text_add_string(out, "\"type\":\"array\",\"items\":{");
    if (field->kind == SHAPE_LIST) {
        text_printf(out, "\"$ref\":\"#/components/schemas/%s\"}", field->shape->name);
    } else if (field->kind == SHAPE_TEXTS) {
        text_add_string(out, "\"type\":\"string\"}");
    } else {
        text_add_string(out, "\"type\":\"integer\",\"format\":\"int64\"}");
    }
    if (field->max > 0) {
        text_printf(out, ",\"maxItems\":%lld", (long long)field->max);
    }
}

static void add_schema(const struct shape_field *field, struct text *out)
{
    bool nullable = (field->flags & (NULLABLE | OPTIONAL)) != 0;
    text_add_char(out, '{');
    switch (field->kind) {
    case SHAPE_INT:
        add_type("integer", nullable, out);
        text_add_string(out, ",\"format\":\"int64\"");
        if (field->min != INT64_MIN) {
            text_printf(out, ",\"minimum\":%lld,\"maximum\":%lld", (long long)field->min,
                        (long long)field->max);
        }
        break;
    case SHAPE_TIME:
        add_type("string", nullable, out);
        text_add_string(out, ",\"format\":\"date-time\"");
        break;
    case SHAPE_BOOL:
        add_type("boolean", false, out);
        break;
    case SHAPE_TEXT:
        add_type("string", nullable, out);
        if (field->max != INT32_MAX) {
            text_printf(out, ",\"minLength\":%lld,\"maxLength\":%lld", (long long)field->min,
                        (long long)field->max);
        }
        break;
    case SHAPE_ENUM:
        add_type("string", nullable, out);
        add_names(field->names, nullable, out);
        break;
    case SHAPE_OBJECT:
        if (nullable) {
            text_printf(out,
                        "\"oneOf\":[{\"$ref\":\"#/components/schemas/%s\"},{\"type\":\"null\"}]",
                        field->shape->name);
        } else {
            text_printf(out, "\"$ref\":\"#/components/schemas/%s\"", field->shape->name);
        }
        break;
    case SHAPE_LIST:
    case SHAPE_TEXTS:
    case SHAPE_INTS:
        add_list(field, out);
        break;
    case SHAPE_JSON:
    case SHAPE_EMBED:
        break;
    }
    text_add_char(out, '}');
}

static void add_properties(const struct shape *shape, bool needed_only, struct text *out,
                           bool *first)
{
    for (size_t i = 0; i < shape->count; i++) {
        const struct shape_field *field = &shape->fields[i];
        if (field->kind == SHAPE_EMBED) {
            add_properties(field->shape, needed_only, out, first);
            continue;
        }
        if (needed_only && (field->flags & OPTIONAL) != 0) {
            continue;
        }
        text_add_string(out, *first ? "" : ",");
        *first = false;
        if (needed_only) {
            text_printf(out, "\"%s\"", field->name);
        } else {
            text_add(out, field->key, field->key_len);
            add_schema(field, out);
        }
    }
}

static void add_object(const struct shape *shape, struct text *out)
{
    bool first = true;
    text_printf(out, "\"%s\":{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{",
                shape->name);
    add_properties(shape, false, out, &first);
    text_add_string(out, "},\"required\":[");
    first = true;
    add_properties(shape, true, out, &first);
    text_add_string(out, "]}");
}

/* "/a/:id/b" as "/a/{id}/b"; two ids of one path get different names. */
static void add_path(const char *path, struct text *out)
{
    int ids = 0;
    for (const char *at = path; *at != '\0'; at++) {
        if (*at == ':') {
            ids++;
            text_printf(out, ids == 1 ? "{id}" : "{id%d}", ids);
            at += strcspn(at, "/") - 1;
        } else {
            text_add_char(out, *at);
        }
    }
}

static void add_parameters(const struct route *route, struct text *out)
{
    bool first = true;
    int ids = 0;
    text_add_string(out, ",\"parameters\":[");
    for (const char *at = strchr(route->path, ':'); at != NULL; at = strchr(at + 1, ':')) {
        ids++;
        bool word = strncmp(at, ":word", 5) == 0;
        text_printf(out, "%s{\"name\":\"", first ? "" : ",");
        text_printf(out, ids == 1 ? "id" : "id%d", ids);
        text_add_string(out, "\",\"in\":\"path\",\"required\":true,\"schema\":{\"type\":");
        text_add_string(out, word ? "\"string\",\"pattern\":\"^[A-Za-z0-9_-]{1,64}$\"}}"
                                  : "\"integer\",\"format\":\"int64\",\"minimum\":1}}");
        first = false;
    }
    if (route->method == METHOD_GET) {
        for (size_t i = 0; i < route->input->count; i++) {
            const struct shape_field *field = &route->input->fields[i];
            text_printf(out, "%s{\"name\":\"%s\",\"in\":\"query\",\"required\":%s,\"schema\":",
                        first ? "" : ",", field->name,
                        (field->flags & OPTIONAL) != 0 ? "false" : "true");
            add_schema(field, out);
            text_add_char(out, '}');
            first = false;
        }
    }
    if ((route->flags & CSRF) != 0) {
        text_printf(out,
                    "%s{\"name\":\"X-CSRF-Token\",\"in\":\"header\",\"required\":true,"
                    "\"schema\":{\"type\":\"string\"}}",
                    first ? "" : ",");
        first = false;
    }
    if ((route->flags & ROUTE_IDEMPOTENT_BIT) != 0) {
        text_printf(out,
                    "%s{\"name\":\"Idempotency-Key\",\"in\":\"header\",\"required\":true,"
                    "\"schema\":{\"type\":\"string\",\"format\":\"uuid\"}}",
                    first ? "" : ",");
    }
    text_add_char(out, ']');
}

static void add_operation(const struct route *route, struct text *out)
{
    static const char *const words[METHOD__MAX] = {"get", "post", "put", "delete"};
    text_printf(out, "\"%s\":{\"operationId\":\"%s_%s\",\"tags\":[\"%s\"],\"x-permission\":\"%s\"",
                words[route->method], route_role_name(route->role), route->handler_name,
                route_role_name(route->role), permission_name(route->permission));
    add_parameters(route, out);
    if (route->method != METHOD_GET && route->input->count > 0) {
        text_printf(out,
                    ",\"requestBody\":{\"required\":true,\"content\":{\"application/json\":{"
                    "\"schema\":{\"$ref\":\"#/components/schemas/%s\"}}}}",
                    route->input->name);
    }
    text_add_string(out, ",\"responses\":{\"2XX\":{\"description\":\"done\"");
    if (route->reply->count > 0) {
        text_printf(out,
                    ",\"content\":{\"application/json\":{\"schema\":{\"$ref\":"
                    "\"#/components/schemas/%s\"}}}",
                    route->reply->name);
    }
    text_add_string(out, "},\"default\":{\"$ref\":\"#/components/responses/Problem\"}}}");
}

static bool path_seen_before(size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (strcmp(routes[i].path, routes[index].path) == 0) {
            return true;
        }
    }
    return false;
}

/* A path that two roles serve stands once; the first role's row speaks. */
static void add_paths(struct text *out)
{
    bool first_path = true;
    for (size_t i = 0; i < routes_count; i++) {
        if (path_seen_before(i)) {
            continue;
        }
        text_add_string(out, first_path ? "\"" : ",\"");
        first_path = false;
        add_path(routes[i].path, out);
        text_add_string(out, "\":{");
        bool first = true;
        for (size_t j = i; j < routes_count; j++) {
            if (routes[j].role == routes[i].role && strcmp(routes[j].path, routes[i].path) == 0) {
                text_add_string(out, first ? "" : ",");
                first = false;
                add_operation(&routes[j], out);
            }
        }
        text_add_char(out, '}');
    }
}

void openapi_write(struct text *out)
{
    struct schemas schemas = {.count = 0};
    for (size_t i = 0; i < routes_count; i++) {
        schemas_add(&schemas, routes[i].input, 0);
        schemas_add(&schemas, routes[i].reply, 0);
    }
    text_add_string(out,
                    "{\"openapi\":\"3.1.0\",\"info\":{\"title\":\"Paywatt\",\"version\":\"1\"},"
                    "\"paths\":{");
    add_paths(out);
    text_add_string(
        out,
        "},\"components\":{\"responses\":{\"Problem\":{\"description\":\"what is wrong\","
        "\"content\":{\"application/problem+json\":{\"schema\":{\"$ref\":"
        "\"#/components/schemas/Problem\"}}}}},\"schemas\":{\"Problem\":{\"type\":\"object\","
        "\"properties\":{\"type\":{\"type\":\"string\"},\"title\":{\"type\":\"string\"},"
        "\"status\":{\"type\":\"integer\"},\"code\":{\"type\":\"string\"},\"detail\":{\"type\":"
        "\"string\"},\"field\":{\"type\":\"string\"}},\"required\":[\"type\",\"title\",\"status\","
        "\"code\",\"detail\"]}");
    for (size_t i = 0; i < schemas.count; i++) {
        text_add_char(out, ',');
        add_object(schemas.list[i], out);
    }
    text_add_string(out, "}}}");
}
