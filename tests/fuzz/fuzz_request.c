/*
 * Requests as structs: the first byte picks a route, the rest is its query or JSON body. Whatever
 * comes is refused with a sentence or becomes a struct; what became a struct is written as JSON,
 * read again and written the same.
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cgi/guard.h"
#include "cgi/query.h"
#include "cgi/route.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_struct(const struct shape *shape, struct arena *arena, const void *decoded)
{
    struct text first;
    struct text second;
    struct shape_problem problem = {"", ""};
    text_init(&first, (size_t)8 << 20);
    text_init(&second, (size_t)8 << 20);
    shape_encode(shape, decoded, &first);
    assert(text_result(&first) == RC_OK);
    void *again = arena_take(arena, shape->size_bytes);
    assert(again != NULL);
    enum rc rc = shape_decode_json(shape, arena, first.bytes, first.len, again, &problem);
    assert(rc == RC_OK);
    shape_encode(shape, again, &second);
    assert(second.len == first.len && memcmp(first.bytes, second.bytes, first.len) == 0);
    text_release(&first);
    text_release(&second);
}

static void check_small_readers(struct arena *arena, const char *text)
{
    const char *value = NULL;
    int64_t ids[REQUEST_IDS_MAX];
    size_t count = 0;
    enum rc rc = cookie_find(arena, text, GUARD_COOKIE, &value);
    assert(rc == RC_OK && value != NULL);
    for (size_t i = 0; i < routes_count; i++) {
        if (route_matches(routes[i].path, text, ids, &count)) {
            assert(count <= REQUEST_IDS_MAX);
        }
    }
    (void)guard_same_origin(text, text, text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1 || size > 65536) {
        return 0;
    }
    const struct route *route = &routes[data[0] % routes_count];
    struct arena arena;
    arena_init(&arena, (size_t)64 << 20);
    const char *text = arena_copy(&arena, (const char *)data + 1, size - 1);
    void *decoded = arena_take(&arena, route->input->size_bytes);
    struct shape_problem problem = {NULL, NULL};
    assert(text != NULL && decoded != NULL);
    bool query = route->method == METHOD_GET;
    enum rc rc = query ? shape_decode_query(route->input, &arena, text, size - 1, decoded, &problem)
                       : shape_decode_json(route->input, &arena, text, size - 1, decoded, &problem);
    if (rc == RC_OK) {
        check_struct(route->input, &arena, decoded);
    } else {
        assert(rc == RC_INVALID && problem.field != NULL && problem.sentence != NULL);
        assert(text_is_utf8(problem.field, strlen(problem.field)));
        assert(text_is_utf8(problem.sentence, strlen(problem.sentence)));
    }
    check_small_readers(&arena, text);
    arena_release(&arena);
    return 0;
}
