/*
 * Time. Wall time is int64 milliseconds since 1970-01-01 UTC (name ends in _at_ms); durations and
 * deadlines inside a process use the monotonic clock (clock_monotonic_ms), which never jumps. Tests
 * may freeze or shift wall time through clock_test_offset_ms.
 */
#ifndef PW_BASE_CLOCK_H
#define PW_BASE_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/rc.h"

#define CLOCK_TEXT_MAX 32 /* bytes, NUL included, of every text form below */

struct clock_parts { /* a civil time, proleptic Gregorian */
    int year;        /* 1970 .. 9999 */
    int month;       /* 1 .. 12 */
    int day;         /* 1 .. 31 */
    int hour;        /* 0 .. 23 */
    int minute;      /* 0 .. 59 */
    int second;      /* 0 .. 59 */
    int millisecond; /* 0 .. 999 */
    int weekday;     /* 0 = Sunday .. 6 */
};

/* Wall time now, milliseconds UTC. */
int64_t clock_now_ms(void);
/* Monotonic time in milliseconds / microseconds; only differences mean anything. */
int64_t clock_monotonic_ms(void);
int64_t clock_monotonic_us(void);
/* Tests only: is added to clock_now_ms from now on. */
void clock_test_offset_ms(int64_t offset_ms);
/* UTC parts of a wall time (0 .. year 9999), and back. */
struct clock_parts clock_utc_parts(int64_t at_ms);
int64_t clock_from_utc_parts(const struct clock_parts *parts);
/* RFC 3339 with milliseconds, "2026-11-22T08:32:05.120Z". Buffer: CLOCK_TEXT_MAX. Returns text. */
char *clock_format_rfc3339(int64_t at_ms, char text[CLOCK_TEXT_MAX]);
/* MariaDB DATETIME(3) in UTC, "2026-11-22 08:32:05.120". Returns text. */
char *clock_format_datetime(int64_t at_ms, char text[CLOCK_TEXT_MAX]);
/* Reads RFC 3339 (Z or +hh:mm, 0..3 fraction digits used). RC_INVALID if it is not one. */
enum rc clock_parse_rfc3339(const char *text, size_t len, int64_t *ret_at_ms) MUST_CHECK;
/* Reads DATETIME text as above, fraction optional. RC_INVALID if it is not one. */
enum rc clock_parse_datetime(const char *text, size_t len, int64_t *ret_at_ms) MUST_CHECK;

#endif
