/*
 * A breaker before somebody who may not answer: after a few failures in a row nobody waits for him,
 * until one probe is answered. A plain value, one owner.
 *
 *   closed --5 failures in a row--> open --10 s--> half open --answered--> closed
 *                                    ^                |
 *                                    +---- failed ----+      (half open: one request at a time)
 */
#ifndef PW_RULES_BREAKER_H
#define PW_RULES_BREAKER_H

#include <stdbool.h>
#include <stdint.h>

#define BREAKER_FAILURES 5
#define BREAKER_OPEN_MS INT64_C(10000)

struct breaker {
    int64_t failures;  /* in a row */
    int64_t until_ms;  /* open until then, on a clock that only goes forward; 0: closed */
    int64_t under_way; /* requests */
};

/* True if one more request may leave. */
bool breaker_allows(const struct breaker *breaker, int64_t now_ms);
/* True while nothing may leave: others need not try. Half open is not open. */
bool breaker_is_open(const struct breaker *breaker, int64_t now_ms);
/* A request left. */
void breaker_started(struct breaker *breaker);
/* It came back. answered: whatever the answer was. */
void breaker_ended(struct breaker *breaker, bool answered, int64_t now_ms);

#endif
