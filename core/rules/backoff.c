#include "core/rules/backoff.h"

#include <assert.h>
#include <stddef.h>

void backoff_init(struct backoff *backoff, int64_t first_ms, int64_t last_ms)
{
    assert(backoff != NULL);
    assert(first_ms >= 1 && first_ms <= last_ms);
    *backoff = (struct backoff){.first_ms = first_ms, .last_ms = last_ms, .wait_ms = first_ms};
}

int64_t backoff_next_ms(struct backoff *backoff, uint32_t random)
{
    assert(backoff != NULL && backoff->wait_ms >= 1);
    int64_t wait_ms = backoff->wait_ms;
    backoff->wait_ms = wait_ms > backoff->last_ms / 2 ? backoff->last_ms : wait_ms * 2;
    int64_t half_ms = wait_ms / 2;
    return half_ms + (int64_t)random % (wait_ms - half_ms + 1);
}

void backoff_reset(struct backoff *backoff)
{
    assert(backoff != NULL);
    backoff->wait_ms = backoff->first_ms;
}
