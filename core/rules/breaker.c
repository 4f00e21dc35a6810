#include "core/rules/breaker.h"

#include <assert.h>
#include <stddef.h>

bool breaker_is_open(const struct breaker *breaker, int64_t now_ms)
{
    assert(breaker != NULL);
    return breaker->until_ms != 0 && now_ms < breaker->until_ms;
}

bool breaker_allows(const struct breaker *breaker, int64_t now_ms)
{
    assert(breaker != NULL);
    if (breaker->until_ms == 0) {
        return true;
    }
    return now_ms >= breaker->until_ms && breaker->under_way == 0;
}

void breaker_started(struct breaker *breaker)
{
    assert(breaker != NULL);
    breaker->under_way++;
}

void breaker_ended(struct breaker *breaker, bool answered, int64_t now_ms)
{
    assert(breaker != NULL && breaker->under_way > 0);
    breaker->under_way--;
    if (answered) {
        breaker->failures = 0;
        breaker->until_ms = 0;
        return;
    }
    breaker->failures++;
    if (breaker->failures >= BREAKER_FAILURES) {
        breaker->until_ms = now_ms + BREAKER_OPEN_MS;
    }
}
