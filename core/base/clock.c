#include "core/base/clock.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define DAY_MS INT64_C(86400000)

static _Atomic int64_t test_offset_ms;

static int64_t read_us(clockid_t id)
{
    struct timespec now;
    int failed = clock_gettime(id, &now);
    assert(failed == 0);
    (void)failed;
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t clock_now_ms(void)
{
    return read_us(CLOCK_REALTIME) / 1000 + atomic_load(&test_offset_ms);
}

int64_t clock_monotonic_ms(void)
{
    return read_us(CLOCK_MONOTONIC) / 1000;
}

int64_t clock_monotonic_us(void)
{
    return read_us(CLOCK_MONOTONIC);
}

void clock_test_offset_ms(int64_t offset_ms)
{
    atomic_store(&test_offset_ms, offset_ms);
}

/* Days since 1970-01-01 to a civil date and back: the years start in March so that leap days come
 * last. */
static void civil_from_days(int64_t days, struct clock_parts *parts)
{
    int64_t shifted = days + 719468;
    int64_t era = shifted / 146097;
    int64_t day_of_era = shifted - era * 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t march_month = (5 * day_of_year + 2) / 153;
    parts->day = (int)(day_of_year - (153 * march_month + 2) / 5 + 1);
    parts->month = (int)(march_month < 10 ? march_month + 3 : march_month - 9);
    parts->year = (int)(year_of_era + era * 400 + (parts->month <= 2 ? 1 : 0));
}

static int64_t days_from_civil(int year, int month, int day)
{
    int64_t y = year - (month <= 2 ? 1 : 0);
    int64_t era = y / 400;
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

struct clock_parts clock_utc_parts(int64_t at_ms)
{
    assert(at_ms >= 0);
    struct clock_parts parts = {0};
    int64_t days = at_ms / DAY_MS;
    int64_t rest_ms = at_ms % DAY_MS;
    civil_from_days(days, &parts);
    parts.weekday = (int)((days + 4) % 7);
    parts.hour = (int)(rest_ms / 3600000);
    parts.minute = (int)(rest_ms / 60000 % 60);
    parts.second = (int)(rest_ms / 1000 % 60);
    parts.millisecond = (int)(rest_ms % 1000);
    return parts;
}

int64_t clock_from_utc_parts(const struct clock_parts *parts)
{
    assert(parts != NULL);
    return days_from_civil(parts->year, parts->month, parts->day) * DAY_MS +
           parts->hour * INT64_C(3600000) + parts->minute * INT64_C(60000) +
           parts->second * INT64_C(1000) + parts->millisecond;
}

static char *format(int64_t at_ms, char text[CLOCK_TEXT_MAX], char between, const char *suffix)
{
    struct clock_parts p = clock_utc_parts(at_ms);
    int len =
        snprintf(text, CLOCK_TEXT_MAX, "%04d-%02d-%02d%c%02d:%02d:%02d.%03d%s", p.year % 10000,
                 p.month, p.day, between, p.hour, p.minute, p.second, p.millisecond, suffix);
    assert(len > 0 && len < CLOCK_TEXT_MAX);
    (void)len;
    return text;
}

char *clock_format_rfc3339(int64_t at_ms, char text[CLOCK_TEXT_MAX])
{
    return format(at_ms, text, 'T', "Z");
}

char *clock_format_datetime(int64_t at_ms, char text[CLOCK_TEXT_MAX])
{
    return format(at_ms, text, ' ', "");
}

struct reader {
    const char *at;
    const char *end;
};

static bool read_number(struct reader *r, int digits, int *ret)
{
    int value = 0;
    for (int i = 0; i < digits; i++) {
        if (r->at == r->end || *r->at < '0' || *r->at > '9') {
            return false;
        }
        value = value * 10 + (*r->at++ - '0');
    }
    *ret = value;
    return true;
}

static bool read_char(struct reader *r, char wanted)
{
    if (r->at == r->end || *r->at != wanted) {
        return false;
    }
    r->at++;
    return true;
}

static void read_fraction(struct reader *r, int *ret_ms)
{
    int scale = 100;
    *ret_ms = 0;
    while (r->at < r->end && *r->at >= '0' && *r->at <= '9') {
        *ret_ms += (*r->at++ - '0') * scale;
        scale /= 10;
    }
}

static bool date_fits(const struct clock_parts *p)
{
    static const int days_in[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (p->year < 1970 || p->month < 1 || p->month > 12 || p->day < 1 ||
        p->day > days_in[p->month - 1] || p->hour > 23 || p->minute > 59 || p->second > 59) {
        return false;
    }
    bool leap = (p->year % 4 == 0 && p->year % 100 != 0) || p->year % 400 == 0;
    return leap || p->month != 2 || p->day < 29;
}

static bool read_civil(struct reader *r, char between, struct clock_parts *p)
{
    bool read = read_number(r, 4, &p->year) && read_char(r, '-') && read_number(r, 2, &p->month) &&
                read_char(r, '-') && read_number(r, 2, &p->day) && read_char(r, between) &&
                read_number(r, 2, &p->hour) && read_char(r, ':') && read_number(r, 2, &p->minute) &&
                read_char(r, ':') && read_number(r, 2, &p->second);
    if (read && read_char(r, '.')) {
        read_fraction(r, &p->millisecond);
    }
    return read && date_fits(p);
}

static bool read_offset(struct reader *r, int64_t *ret_ms)
{
    if (read_char(r, 'Z')) {
        *ret_ms = 0;
        return true;
    }
    int sign = read_char(r, '+') ? 1 : read_char(r, '-') ? -1 : 0;
    int hour;
    int minute;
    if (sign == 0 || !read_number(r, 2, &hour) || !read_char(r, ':') ||
        !read_number(r, 2, &minute) || hour > 14 || minute > 59) {
        return false;
    }
    *ret_ms = sign * (hour * INT64_C(3600000) + minute * INT64_C(60000));
    return true;
}

enum rc clock_parse_rfc3339(const char *text, size_t len, int64_t *ret_at_ms)
{
    assert(text != NULL && ret_at_ms != NULL);
    struct reader r = {text, text + len};
    struct clock_parts p = {0};
    int64_t offset_ms;
    if (!read_civil(&r, 'T', &p) || !read_offset(&r, &offset_ms) || r.at != r.end) {
        return RC_INVALID;
    }
    int64_t at_ms = clock_from_utc_parts(&p) - offset_ms;
    if (at_ms < 0) {
        return RC_INVALID;
    }
    *ret_at_ms = at_ms;
    return RC_OK;
}

enum rc clock_parse_datetime(const char *text, size_t len, int64_t *ret_at_ms)
{
    assert(text != NULL && ret_at_ms != NULL);
    struct reader r = {text, text + len};
    struct clock_parts p = {0};
    if (!read_civil(&r, ' ', &p) || r.at != r.end) {
        return RC_INVALID;
    }
    *ret_at_ms = clock_from_utc_parts(&p);
    return RC_OK;
}
