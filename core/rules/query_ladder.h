/*
 * When a provider is asked again about a payment (design 4): a notice is only a hint.
 *
 *   while the pay page is open   3, 8, 15, 30 s after the order, then each 30 s
 *   else                         1, 2, 5, 15 min after the order, then hourly
 *   after 26 h                   never again: the daily bill decides
 */
#ifndef PW_RULES_QUERY_LADDER_H
#define PW_RULES_QUERY_LADDER_H

#include <stdbool.h>
#include <stdint.h>

#define QUERY_LADDER_END_MS (INT64_C(26) * 3600 * 1000)
#define QUERY_PAGE_OPEN_MS INT64_C(15000) /* a page that looked so lately is open */

/* How far a refund is that the provider took at from_ms: each minute, after five minutes 5, 10, 20,
   30 min, then each half hour without an end: money that is promised is never forgotten. */
int64_t refund_ladder_next_ms(int64_t from_ms, int64_t now_ms);
/* After a question that nobody answered, tries of them so far: 1, 2, 4, ... s, at most last_ms. */
int64_t unanswered_wait_ms(int64_t tries, int64_t last_ms);
/* The moment of the next question, or 0: none. from_ms: when the order was made; now_ms >= from_ms
   is not demanded (a clock that went back asks at once); page_at_ms: when the page last looked, 0:
   never. */
int64_t query_ladder_next_ms(int64_t from_ms, int64_t now_ms, int64_t page_at_ms);

#endif
