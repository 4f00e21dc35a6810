/*
 * Back-off: how long to wait before the next try, doubling from first to last, with jitter so that
 * many callers who lost the same gateway do not come back in the same instant. A plain value, one
 * owner.
 */
#ifndef PW_RULES_BACKOFF_H
#define PW_RULES_BACKOFF_H

#include <stdint.h>

struct backoff {
    int64_t first_ms; /* 1 .. last_ms */
    int64_t last_ms;
    int64_t wait_ms; /* the unjittered wait of the next try */
};

/* Prepares a back-off that waits first_ms after the first failure and never longer than last_ms. */
void backoff_init(struct backoff *backoff, int64_t first_ms, int64_t last_ms);
/* The wait after one more failure: between half and all of the doubled wait; random: any 32 bits.
 */
int64_t backoff_next_ms(struct backoff *backoff, uint32_t random);
/* A try succeeded: begin again at first_ms. */
void backoff_reset(struct backoff *backoff);

#endif
