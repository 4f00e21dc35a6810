#include "cgi/route.h"

#include <assert.h>
#include <string.h>

#define SEGMENT_MAX 20 /* digits of an id */
#define WORD ":word"
#define WORD_MAX 64
#define WORD_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

/* Prototypes first: each row declares its handler and its shapes. */
#define shape_NONE shape_none /* the row's word NONE */
#define ROUTE(role, method, path, permission, flags, body, rate, input, reply, handler)            \
    enum rc handle_##handler(struct request *request);                                             \
    extern const struct shape shape_##input;                                                       \
    extern const struct shape shape_##reply;
#include "cgi/routes.def"
#undef ROUTE

const struct shape shape_none = {.name = "None", .size_bytes = 1};

const struct route routes[] = {
#define ROUTE(role_, method_, path_, permission_, flags_, body_, rate_, input_, reply_, handler_)  \
    {.role = ROUTE_##role_,                                                                        \
     .method = METHOD_##method_,                                                                   \
     .path = path_,                                                                                \
     .permission = PERMISSION_##permission_,                                                       \
     .flags = (flags_),                                                                            \
     .body_limit_bytes = (body_),                                                                  \
     .rate_per_minute = (rate_),                                                                   \
     .input = &shape_##input_,                                                                     \
     .reply = &shape_##reply_,                                                                     \
     .handler_name = #handler_,                                                                    \
     .handler = handle_##handler_},
#include "cgi/routes.def"
#undef ROUTE
};
const size_t routes_count = ARRAY_LEN(routes);

static const char *const role_names[ROUTE_ROLE__MAX] = {"staff", "tenant", "notify", "machine"};
static const char *const method_names[METHOD__MAX] = {"GET", "POST", "PUT", "DELETE"};

const char *route_role_name(enum route_role role)
{
    assert(role >= 0 && role < ROUTE_ROLE__MAX);
    return role_names[role];
}

enum rc route_role_find(const char *name, enum route_role *ret_role)
{
    for (int i = 0; i < ROUTE_ROLE__MAX; i++) {
        if (strcmp(role_names[i], name) == 0) {
            *ret_role = (enum route_role)i;
            return RC_OK;
        }
    }
    return RC_NOT_FOUND;
}

const char *method_name(enum method method)
{
    assert(method >= 0 && method < METHOD__MAX);
    return method_names[method];
}

enum rc method_find(const char *name, enum method *ret_method)
{
    for (int i = 0; i < METHOD__MAX; i++) {
        if (strcmp(method_names[i], name) == 0) {
            *ret_method = (enum method)i;
            return RC_OK;
        }
    }
    return RC_NOT_FOUND;
}

bool route_matches(const char *pattern, const char *path, int64_t *ids, size_t *ids_count)
{
    size_t count = 0;
    for (;;) {
        if (strncmp(pattern, WORD, sizeof WORD - 1) == 0) {
            size_t len = strspn(path, WORD_CHARACTERS);
            if (len == 0 || len > WORD_MAX) {
                return false;
            }
            path += len;
            pattern += sizeof WORD - 1;
        } else if (*pattern == ':') {
            size_t len = strcspn(path, "/");
            int64_t id = 0;
            if (len > SEGMENT_MAX || count == REQUEST_IDS_MAX ||
                text_parse_int(path, len, 1, SHAPE_ID_MAX, &id) != RC_OK) {
                return false;
            }
            ids[count++] = id;
            path += len;
            pattern += strcspn(pattern, "/");
        }
        if (*pattern != *path) {
            return false;
        }
        if (*pattern == '\0') {
            *ids_count = count;
            return true;
        }
        pattern++;
        path++;
    }
}

const char *route_word(const char *pattern, const char *path, struct arena *arena)
{
    const char *mark = strstr(pattern, WORD);
    assert(mark != NULL);
    for (const char *at = pattern; at < mark; at++) {
        if (*at == '/') {
            path = strchr(path, '/');
            assert(path != NULL);
            path++;
        }
    }
    return arena_copy(arena, path, strspn(path, WORD_CHARACTERS));
}

enum rc route_find(enum route_role role, enum method method, const char *path, struct arena *arena,
                   const struct route **ret_route, int64_t *ret_ids, size_t *ret_ids_count,
                   const char **ret_allow)
{
    const char *allow = NULL;
    for (size_t i = 0; i < routes_count; i++) {
        const struct route *route = &routes[i];
        int64_t ids[REQUEST_IDS_MAX];
        size_t count = 0;
        if (route->role != role || !route_matches(route->path, path, ids, &count)) {
            continue;
        }
        if (route->method == method) {
            memcpy(ret_ids, ids, count * sizeof(ids[0]));
            *ret_ids_count = count;
            *ret_route = route;
            return RC_OK;
        }
        const char *name = method_name(route->method);
        allow = allow == NULL ? name : arena_printf(arena, "%s, %s", allow, name);
        if (allow == NULL) {
            return RC_MEMORY;
        }
    }
    if (allow == NULL) {
        return RC_NOT_FOUND;
    }
    *ret_allow = allow;
    return RC_REFUSED;
}

static const char *row_problem(const struct route *route)
{
    bool person = route->role == ROUTE_STAFF || route->role == ROUTE_TENANT;
    bool unsafe = route->method != METHOD_GET;
    if (person && unsafe && (route->flags & (CSRF | ORIGIN)) == 0) {
        return "an unsafe route needs CSRF or ORIGIN";
    }
    if (!unsafe && (route->flags & (CSRF | ORIGIN | ACT)) != 0) {
        return "a GET route must not act";
    }
    bool open = route->permission == PERMISSION_PUBLIC;
    if (open && (route->flags & CSRF) != 0) {
        return "a public route has no session to bind CSRF to";
    }
    /* The pay sticker: whoever holds the key, a random number of his own, gets the same answer. */
    if (open && route->role != ROUTE_TENANT && (route->flags & IDEMPOTENT) != 0) {
        return "a public route has no session to bind an idempotency key to";
    }
    if (!unsafe && route->body_limit_bytes != 0) {
        return "a GET route takes no body";
    }
    if (unsafe && (route->input->count > 0 || (route->flags & RAW_BODY) != 0) &&
        route->body_limit_bytes == 0) {
        return "a route with an input needs a body limit";
    }
    if (strlen(route->path) > 80) {
        return "the path is longer than 80 characters";
    }
    return NULL;
}

const char *route_table_problem(void)
{
    for (size_t i = 0; i < routes_count; i++) {
        const char *problem = row_problem(&routes[i]);
        if (problem != NULL) {
            return problem;
        }
        for (size_t j = 0; j < i; j++) {
            if (routes[i].role == routes[j].role && routes[i].method == routes[j].method &&
                strcmp(routes[i].path, routes[j].path) == 0) {
                return "a route stands twice in the table";
            }
        }
    }
    return NULL;
}

static void print_flags(unsigned flags, struct text *out)
{
    static const struct {
        unsigned bit;
        const char *name;
    } names[] = {{CSRF, "CSRF"},
                 {ORIGIN, "ORIGIN"},
                 {ACT, "ACT"},
                 {ROUTE_IDEMPOTENT_BIT, "IDEMPOTENT"},
                 {STAGE_ANY, "STAGE_ANY"},
                 {RAW_BODY, "RAW_BODY"},
                 {DB_OPTIONAL, "DB_OPTIONAL"},
                 {RATE_BY_IP, "RATE_BY_IP"}};
    bool first = true;
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if ((flags & names[i].bit) != 0) {
            text_printf(out, "%s%s", first ? "" : "|", names[i].name);
            first = false;
        }
    }
    if (first) {
        text_add_string(out, "-");
    }
}

void route_table_print(struct text *out)
{
    for (size_t i = 0; i < routes_count; i++) {
        const struct route *route = &routes[i];
        text_printf(out, "%s\t%s\t%s\t%s\t", route_role_name(route->role),
                    method_name(route->method), route->path, permission_name(route->permission));
        print_flags(route->flags, out);
        text_printf(out, "\t%zu\t%d\t%s\t%s\t%s\n", route->body_limit_bytes, route->rate_per_minute,
                    route->input->count == 0 ? "-" : route->input->name,
                    route->reply->count == 0 ? "-" : route->reply->name, route->handler_name);
    }
}
