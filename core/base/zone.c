#include "core/base/zone.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum rc zone_set(const char *name)
{
    assert(name != NULL);
    char path[160];
    char value[96];
    bool plain = strstr(name, "..") == NULL && name[0] != '/' && strlen(name) < 80;
    (void)snprintf(path, sizeof(path), "/usr/share/zoneinfo/%.80s", name);
    bool known = plain && access(path, R_OK) == 0;
    (void)snprintf(value, sizeof(value), ":%.80s", known ? name : "UTC");
    if (setenv("TZ", value, 1) != 0) {
        return RC_MEMORY;
    }
    tzset();
    return known || strcmp(name, "UTC") == 0 ? RC_OK : RC_NOT_FOUND;
}

bool zone_parts(int64_t at_ms, struct clock_parts *ret_parts)
{
    assert(ret_parts != NULL);
    time_t seconds = (time_t)(at_ms / 1000);
    struct tm civil;
    if (at_ms < 0 || localtime_r(&seconds, &civil) == NULL) {
        return false;
    }
    *ret_parts = (struct clock_parts){.year = civil.tm_year + 1900,
                                      .month = civil.tm_mon + 1,
                                      .day = civil.tm_mday,
                                      .hour = civil.tm_hour,
                                      .minute = civil.tm_min,
                                      .second = civil.tm_sec,
                                      .millisecond = (int)(at_ms % 1000),
                                      .weekday = civil.tm_wday};
    return true;
}
