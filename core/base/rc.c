#include "core/base/rc.h"

#include <assert.h>

static const struct {
    const char *name;
    const char *sentence;
    int http_status;
} rows[RC__MAX] = {
#define RC(name, http, sentence) {#name, sentence, http},
#include "core/base/rc.def"
#undef RC
};

const char *rc_name(enum rc rc)
{
    assert(rc >= 0 && rc < RC__MAX);
    return rows[rc].name;
}

const char *rc_sentence(enum rc rc)
{
    assert(rc >= 0 && rc < RC__MAX);
    return rows[rc].sentence;
}

int rc_http_status(enum rc rc)
{
    assert(rc >= 0 && rc < RC__MAX);
    return rows[rc].http_status;
}
