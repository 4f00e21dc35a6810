/* JSON input: what is taken is UTF-8, bounded and can be walked; the rest is refused. */
#include <assert.h>
#include <string.h>

#include "core/base/json.h"
#include "core/base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum rc visit(void *context, const char *key, const struct json_object *value);

static void walk(const struct json_object *json, int depth)
{
    int64_t number = 0;
    const char *text = NULL;
    assert(depth <= JSON_DEPTH_MAX);
    if (json_as_int(json, -5, INT64_MAX, &number) == RC_OK) {
        assert(number >= -5);
    }
    if (json_as_text(json, 0, 1000, &text) == RC_OK) {
        assert(text_is_utf8(text, strlen(text)));
    }
    if (json_is_object(json)) {
        enum rc rc = json_each(json, visit, &depth);
        assert(rc == RC_OK);
    }
    for (size_t i = 0; json_is_array(json) && i < json_count(json); i++) {
        walk(json_at(json, i), depth + 1);
    }
}

static enum rc visit(void *context, const char *key, const struct json_object *value)
{
    assert(key != NULL);
    walk(value, *(const int *)context + 1);
    return RC_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(json_release) struct json_object *json = NULL;
    enum rc rc = json_parse((const char *)data, size, 16, &json);
    assert(rc == RC_OK || rc == RC_INVALID || rc == RC_TOO_LARGE);
    assert((rc == RC_OK) == (json != NULL));
    if (rc == RC_OK) {
        walk(json, 0);
    }
    return 0;
}
