/* Billing periods: months or years that begin at local midnight of a given day. */
#include "core/rules/calendar.h"

#include <assert.h>
#include <stddef.h>

#include "core/base/clock.h"

bool calendar_period_valid(const struct calendar_period *period)
{
    assert(period != NULL);
    if (period->day < 1 || period->day > 28) {
        return false;
    }
    return period->every == EVERY_MONTH ||
           (period->every == EVERY_YEAR && period->month >= 1 && period->month <= 12);
}

/* Periods are counted in months since year 0; a yearly one begins every twelve. */
static int64_t begin_ms(const struct calendar_period *period, const struct calendar_zone *zone,
                        int months)
{
    struct clock_parts parts = {.year = months / 12, .month = months % 12 + 1, .day = period->day};
    return calendar_utc_ms(zone, clock_from_utc_parts(&parts));
}

/* Month in which the period that holds the moment began. Where the clock is put back over midnight
   the moment may lie behind the next beginning although its date says otherwise. */
static int begin_month(const struct calendar_period *period, const struct calendar_zone *zone,
                       int64_t at_ms)
{
    struct clock_parts parts = clock_utc_parts(calendar_local_ms(zone, at_ms));
    int months = parts.year * 12 + parts.month - 1;
    if (parts.day < period->day) {
        months--;
    }
    int step = 1;
    if (period->every == EVERY_YEAR) {
        step = 12;
        months -= (months - (period->month - 1)) % 12;
    }
    return begin_ms(period, zone, months + step) <= at_ms ? months + step : months;
}

int64_t calendar_period_start(const struct calendar_period *period,
                              const struct calendar_zone *zone, int64_t at_ms)
{
    assert(calendar_period_valid(period));
    return begin_ms(period, zone, begin_month(period, zone, at_ms));
}

int64_t calendar_period_next(const struct calendar_period *period, const struct calendar_zone *zone,
                             int64_t at_ms)
{
    assert(calendar_period_valid(period));
    int step = period->every == EVERY_YEAR ? 12 : 1;
    return begin_ms(period, zone, begin_month(period, zone, at_ms) + step);
}
