#include "core/rules/query_ladder.h"

#include <stddef.h>

#include "core/base/rc.h"

#define SECOND INT64_C(1000)
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)

/* The first step after `age`, then every `each`. */
static int64_t next_after(const int64_t *steps, size_t count, int64_t each, int64_t age)
{
    for (size_t i = 0; i < count; i++) {
        if (age < steps[i]) {
            return steps[i];
        }
    }
    int64_t last = steps[count - 1];
    return last + ((age - last) / each + 1) * each;
}

int64_t query_ladder_next_ms(int64_t from_ms, int64_t now_ms, int64_t page_at_ms)
{
    static const int64_t page[] = {3 * SECOND, 8 * SECOND, 15 * SECOND, 30 * SECOND};
    static const int64_t alone[] = {MINUTE, 2 * MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR};
    int64_t age = now_ms > from_ms ? now_ms - from_ms : 0;
    bool open = page_at_ms != 0 && now_ms - page_at_ms < QUERY_PAGE_OPEN_MS;
    if (age >= QUERY_LADDER_END_MS) {
        return 0;
    }
    int64_t step = next_after(alone, ARRAY_LEN(alone), HOUR, age);
    if (open) {
        int64_t sooner = next_after(page, ARRAY_LEN(page), 30 * SECOND, age);
        step = sooner < step ? sooner : step;
    }
    return from_ms + step;
}

int64_t refund_ladder_next_ms(int64_t from_ms, int64_t now_ms)
{
    static const int64_t steps[] = {MINUTE,      2 * MINUTE,  3 * MINUTE,  4 * MINUTE, 5 * MINUTE,
                                    10 * MINUTE, 20 * MINUTE, 40 * MINUTE, 70 * MINUTE};
    int64_t age = now_ms > from_ms ? now_ms - from_ms : 0;
    return from_ms + next_after(steps, ARRAY_LEN(steps), 30 * MINUTE, age);
}

int64_t unanswered_wait_ms(int64_t tries, int64_t last_ms)
{
    int64_t wait_ms = SECOND;
    for (int64_t i = 1; i < tries && wait_ms < last_ms; i++) {
        wait_ms *= 2;
    }
    return wait_ms < last_ms ? wait_ms : last_ms;
}
