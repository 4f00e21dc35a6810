/*
 * What is wrong in the field, said once: one alarm for a gateway that is silent, not thirty for its
 * meters. Pure: takes snapshots and times, gives the alarms that should be open now.
 */
#ifndef PW_POLLER_FIELD_WATCH_H
#define PW_POLLER_FIELD_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/rc.h"
#include "core/store/field_alarm.h"
#include "core/store/line_state.h"
#include "poller/line.h"

#define WATCH_SILENT_MS 15000  /* a line silent for so long is an alarm */
#define WATCH_GATEWAY_MS 45000 /* lines of a gateway that came back get so long to connect */
#define WATCH_DOUBT_MS 3600000 /* a doubtful reading stays an alarm for so long */
#define WATCH_ERRORS_MIN 20    /* broken or foreign frames in a minute that make "bus_errors" */

struct watch_meter {
    struct line_meter_view view;
    int64_t doubt_at_ms[3]; /* when a reading was last doubtful: identity, back, jump; 0 never */
    struct meter_report written; /* what MariaDB has */
    bool was_written;
};

struct watch_line {
    struct line_view view;
    enum line_condition condition;
    int64_t since_at_ms;
    int64_t silent_since_ms;  /* monotonic, 0: not silent */
    int64_t gateway_awake_ms; /* monotonic time since when its gateway answers on some line, 0: on
                                 none */
    int64_t errors_at_minute;
    int64_t errors_at_history;
    bool noisy;
    size_t meters_first;
    size_t meters_count;
};

struct field_watch {
    struct watch_line *lines;
    size_t lines_count;
    struct watch_meter *meters;
    size_t meters_count;
    int64_t minute_ms;
};

/* Room for these lines and meters, everything new. RC_MEMORY leaves what was there. */
enum rc field_watch_resize(struct field_watch *watch, size_t lines, size_t meters) MUST_CHECK;
void field_watch_release(struct field_watch *watch);
/* A new snapshot is in lines[].view and meters[].view: works out conditions and doubts. */
void field_watch_note(struct field_watch *watch, int64_t now_ms, int64_t now_at_ms);
/* The alarms that should be open, at most size; returns how many, also beyond size. */
size_t field_watch_alarms(const struct field_watch *watch, int64_t now_ms, int64_t now_at_ms,
                          struct field_alarm *alarms, size_t size);
/* True if the alarm is about something this watch sees, and can tell whether it is over. */
bool field_watch_knows(const struct field_watch *watch, const struct field_alarm *alarm);
/* Errors of a line on the wire, all kinds that are not silence. */
int64_t field_watch_errors(const struct link_counters *counters);

#endif
