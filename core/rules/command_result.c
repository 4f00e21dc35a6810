#include "core/rules/command_result.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "core/base/rc.h"

struct result {
    const char *code;
    const char *zh;
    const char *en;
};

static const struct result results[] = {
#define COMMAND_RESULT(id, code, zh, en) {code, zh, en},
#include "core/rules/command_result.def"
#undef COMMAND_RESULT
};

static const struct result *find(const char *code)
{
    assert(code != NULL);
    for (size_t i = 0; i < ARRAY_LEN(results); i++) {
        if (strcmp(results[i].code, code) == 0) {
            return &results[i];
        }
    }
    return NULL;
}

const char *command_result_zh(const char *code)
{
    const struct result *result = find(code);
    return result == NULL ? code : result->zh;
}

const char *command_result_en(const char *code)
{
    const struct result *result = find(code);
    return result == NULL ? code : result->en;
}
