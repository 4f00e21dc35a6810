#include "poller/site_day.h"

#include <assert.h>
#include <stddef.h>
#include <time.h>

#include "core/base/zone.h"

enum rc site_day_set_zone(const char *zone)
{
    return zone_set(zone);
}

static int64_t midnight_ms(struct tm parts, int days_later)
{
    parts.tm_hour = 0;
    parts.tm_min = 0;
    parts.tm_sec = 0;
    parts.tm_mday += days_later;
    parts.tm_isdst = -1;
    return (int64_t)mktime(&parts) * 1000;
}

void site_day_find(struct site_day *day, int64_t at_ms)
{
    assert(day != NULL);
    if (at_ms >= day->start_ms && at_ms < day->end_ms) {
        return;
    }
    time_t seconds = (time_t)(at_ms / 1000);
    struct tm parts;
    if (localtime_r(&seconds, &parts) == NULL) {
        return;
    }
    day->start_ms = midnight_ms(parts, 0);
    day->end_ms = midnight_ms(parts, 1);
}

int64_t site_day_from_parts(const struct clock_parts *parts)
{
    assert(parts != NULL);
    struct tm civil = {.tm_year = parts->year - 1900,
                       .tm_mon = parts->month - 1,
                       .tm_mday = parts->day,
                       .tm_hour = parts->hour,
                       .tm_min = parts->minute,
                       .tm_sec = parts->second,
                       .tm_isdst = -1};
    time_t seconds = mktime(&civil);
    return seconds <= 0 ? 0 : (int64_t)seconds * 1000;
}
