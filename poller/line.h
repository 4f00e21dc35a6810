/*
 * Line: one bus and the thread that owns it. Nobody else touches its link; others hand work in
 * (orders, questions) and take snapshots out, under one short lock.
 *
 * The thread takes its most urgent job each time: an order, then a read-back of an order whose
 * frame may have left, then a question, then the schedule. A transaction in flight is finished
 * first, so an order waits for at most one.
 */
#ifndef PW_POLLER_LINE_H
#define PW_POLLER_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/rc.h"
#include "core/flow/adjustment.h"
#include "core/flow/command.h"
#include "core/flow/delivery.h"
#include "core/flow/power.h"
#include "core/flow/push.h"
#include "core/rules/decode.h"
#include "core/rules/schedule.h"
#include "core/store/field_map.h"
#include "poller/line_answer.h"
#include "poller/line_order.h"
#include "poller/link.h"
#include "poller/model_set.h"
#include "poller/writer.h"

#define LINE_ORDERS_MAX 64       /* open orders in hand; the rest waits in MariaDB */
#define LINE_QUESTIONS_MAX 16    /* likewise */
#define LINE_ENDINGS_MAX 16      /* ends that MariaDB has not taken yet */
#define LINE_ORDER_AGAIN_MS 5000 /* pause before an order that was given back is tried again */
#define LINE_DELIVERIES_MAX 32   /* open deliveries in hand; the rest waits in MariaDB */
#define LINE_PUSHES_MAX 8        /* parameters on their way into meters, likewise */
#define LINE_ADJUSTMENTS_MAX 8   /* likewise */
#define LINE_WATCHES_MAX 64      /* supplies whose power is waited for, likewise */
#define LINE_SILENT_TRIES 3      /* unanswered tries that make a meter silent */

/* What lines need from outside; functions are thread safe. */
struct line_host {
    void *context;
    enum rc (*take)(void *context, int64_t id, struct command_order *ret_order);
    enum rc (*mark_sent)(void *context, int64_t id);
    enum rc (*end)(void *context, int64_t id, const struct command_result *result);
    enum rc (*push)(void *context, const struct reading_entry *entry);
    enum rc (*answer)(void *context, int64_t request_id, bool done, const char *result_json);
    void (*ended)(void *context, enum command_state state); /* counts for the metrics */
    const char *instance;                                   /* name of this process in MariaDB */
    enum rc (*delivery_claim)(void *context, int64_t id, const struct delivery_reading *reading,
                              struct delivery_frame *ret_frame,
                              struct delivery_outcome *ret_outcome);
    enum rc (*delivery_take_over)(void *context, int64_t id);
    enum rc (*delivery_resume)(void *context, int64_t id);
    enum rc (*delivery_mark_sent)(void *context, int64_t id, struct delivery_frame *ret_frame,
                                  struct delivery_outcome *ret_outcome);
    enum rc (*delivery_judge)(void *context, int64_t id, const struct delivery_reading *reading,
                              enum readback_verdict *ret_verdict,
                              struct delivery_outcome *ret_outcome);
    enum rc (*delivery_note_wait)(void *context, int64_t id, const char *wait_code);
    enum rc (*note_power)(void *context, int64_t supply_id, int64_t epoch, int64_t at_ms);
    enum rc (*push_mark_written)(void *context, int64_t id, const char *serial_number);
    enum rc (*push_confirm)(void *context, int64_t id);
    enum rc (*adjustment_trip)(void *context, int64_t id);
    enum rc (*adjustment_begin)(void *context, int64_t id, const struct delivery_reading *reading,
                                bool tripped, struct adjustment_frame *ret_frame);
    enum rc (*adjustment_mark_written)(void *context, int64_t id,
                                       struct adjustment_frame *ret_frame);
    enum rc (*adjustment_settle)(void *context, int64_t id, const struct delivery_reading *reading,
                                 enum adjustment_verdict *ret_verdict);
};

struct line_tuning { /* reloadable settings */
    int64_t slow_read_ms;
    int64_t relay_travel_ms;
};

/* Snapshot of a meter. Counters since the process began. */
struct line_meter_view {
    int64_t meter_id;
    int64_t failures;            /* unanswered in a row */
    int64_t answered_at_ms;      /* last answer, 0 none yet */
    int64_t silent_since_at_ms;  /* 0: not silent */
    int64_t backoff_until_at_ms; /* 0: none */
    unsigned doubts; /* enum plausibility of the last reading, or'ed since the last snapshot */
    bool model_missing;
    enum ratio_check ratios; /* of the last reading, against the field map */
    struct link_counters counters;
};

struct line_view {
    int64_t line_id;
    int64_t gateway_id;
    const char *code; /* lives as long as the line */
    bool link_open;
    bool ever_answered;
    bool silent; /* not connected, or nobody answers */
    int64_t meters;
    int64_t meters_silent;
    int64_t cycle_number;
    int64_t cycle_ms; /* -1: none yet */
    int64_t bound_ms;
    int64_t orders;         /* open in hand */
    int64_t order_waits_us; /* longest wait of an order for the transaction in flight */
    struct link_counters counters;
};

struct line;

/* Copies settings and meters of map line `index`. models live longer than the line. previous: the
   line of the same id that this one replaces (stopped), or NULL; what it remembers of its meters is
   taken over. RC_MEMORY, RC_INVALID (link). */
enum rc line_create(const struct field_map *map, size_t index, const struct model_set *models,
                    const struct line_host *host, const struct line_tuning *tuning,
                    const struct line *previous, struct line **ret_line) MUST_CHECK;
/* A history row that waits in the spool; before line_start. */
void line_note_row(struct line *line, const struct reading_row *row);
enum rc line_start(struct line *line) MUST_CHECK;
/* Asks the thread to end after its transaction; line_join waits for it. */
void line_stop(struct line *line);
void line_join(struct line *line);
/* Frees a stopped line. NULL is fine. */
void line_free(struct line *line);

/* The row's id in MariaDB. */
int64_t line_id(const struct line *line);
/* True if the line in the map says the same as this one, writable aside. */
bool line_is_same(const struct line *line, const struct field_map *map, size_t index);
void line_set_writable(struct line *line, bool writable);
void line_set_tuning(struct line *line, const struct line_tuning *tuning);
/* The open orders of this line as MariaDB has them now (at most LINE_ORDERS_MAX are taken); wakes
 * the thread. */
void line_set_orders(struct line *line, const struct command_order *orders, size_t count);
/* The open deliveries of this line as MariaDB has them now, those in flight first (at most
 * LINE_DELIVERIES_MAX are taken); wakes the thread. */
void line_set_deliveries(struct line *line, const struct delivery_look *looks, size_t count);
/* The open adjustments of this line. */
void line_set_adjustments(struct line *line, const struct adjustment_look *looks, size_t count);
/* The due pushes of this line. */
void line_set_pushes(struct line *line, const struct push_look *looks, size_t count);
/* Supplies with money whose power is still waited for. */
void line_set_watches(struct line *line, const struct power_watch *watches, size_t count);
/* Hands a question over; on RC_OK the line owns question->model_json. RC_FULL: later. */
enum rc line_ask(struct line *line, const struct line_question *question) MUST_CHECK;
/* Questions that wait. */
size_t line_questions(struct line *line);
/* True if the line goes through this door: host and port, or device. */
bool line_is_at(const struct line *line, const struct link_settings *settings);
void line_look(struct line *line, struct line_view *ret_view);
/* Fills up to size views; returns how many meters the line has. Clears the doubts it hands out. */
size_t line_look_meters(struct line *line, struct line_meter_view *views, size_t size);

#endif
