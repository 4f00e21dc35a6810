#include "core/rules/capability.h"

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

const char *capability_name(enum capability capability)
{
    static const char *const names[CAPABILITY__MAX] = {
#define MODEL_CAPABILITY(id, name) name,
#include "core/rules/model_capability.def"
#undef MODEL_CAPABILITY
    };
    assert(capability >= 0 && capability < CAPABILITY__MAX);
    return names[capability];
}

enum capability_state capability_state_of(const char *text, enum capability capability)
{
    assert(text != NULL);
    const char *name = capability_name(capability);
    size_t len = strlen(name);
    for (const char *at = text; at[0] != '\0'; at += at[0] == ',' ? 1 : 0) {
        size_t word = strcspn(at, ",");
        if (word > len && at[len] == ':' && memcmp(at, name, len) == 0) {
            bool proven = word == len + 7 && memcmp(at + len, ":proven", 7) == 0;
            return proven ? CAPABILITY_STATE_PROVEN : CAPABILITY_STATE_UNVERIFIED;
        }
        at += word;
    }
    return CAPABILITY_STATE_ABSENT;
}
