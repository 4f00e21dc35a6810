/*
 * The site's time zone for the calendar of a tariff: offsets from the system's zone data (TZif,
 * RFC 8536), without touching the process's own zone.
 */
#ifndef PW_FLOW_ZONE_H
#define PW_FLOW_ZONE_H

#include "core/base/rc.h"
#include "core/rules/calendar.h"

/* Reads an IANA zone, "Asia/Shanghai": its offsets since 2000, at most CALENDAR_OFFSETS_MAX of
   them. RC_NOT_FOUND: this machine lacks it; RC_INVALID: the file is not one. */
enum rc zone_load(const char *name, struct calendar_zone *ret_zone) MUST_CHECK;

#endif
