/*
 * The inside of a line, shared by line.c (doors to other threads) and line_work.c, line_orders.c
 * (the owner thread).
 */
#ifndef PW_POLLER_LINE_INNER_H
#define PW_POLLER_LINE_INNER_H

#include <pthread.h>

#include "core/base/arena.h"
#include "poller/line.h"
#include "poller/line_answer.h"
#include "poller/line_delivery.h"
#include "poller/meter_memory.h"
#include "poller/threads.h"

#define LINE_HANDLED_MAX                                                                           \
    32 /* orders that were settled here lately: an older snapshot may still name them */

struct line_meter {
    struct field_meter info;
    const struct model *model; /* NULL: its file is missing, the meter is not read */
    struct device device;
    struct link_counters counters;
    struct meter_memory memory;
    int64_t failures;
    int32_t spared; /* gateway busy or connection lost in a row while this meter was asked */
    int64_t answered_at_ms;
    int64_t silent_since_at_ms;
    int64_t run_word_at_ms; /* when it was read, 0: not yet */
    bool external_control;  /* what the run word says */
    bool has_prices;
    struct reading prices; /* the slow block that holds them, as read last */
    int32_t slot;          /* in the schedule; -1 without a model */
};

struct line_order { /* an open order in hand */
    struct command_order order;
    int64_t not_before_ms; /* monotonic */
    int64_t first_seen_ms; /* monotonic: as sent or unknown */
    int silent_looks;      /* read-backs that nobody answered */
};

struct line_delivery { /* an open delivery in hand */
    struct delivery_look look;
    int64_t not_before_ms; /* monotonic */
    int32_t tries;         /* steps in a row without progress */
    bool mine;             /* its count was given or taken over by this process */
    bool silent;           /* the last step got no answer: a good poll makes it due */
};

struct line_adjustment { /* an open adjustment in hand */
    struct adjustment_look look;
    int64_t not_before_ms; /* monotonic */
};

struct line_push { /* an open push in hand */
    struct push_look look;
    int64_t not_before_ms; /* monotonic */
};

struct line_handled {
    int64_t id;
    int64_t at_ms; /* monotonic */
};

struct line_ending { /* an end that MariaDB has not taken */
    int64_t command_id;
    struct order_report report;
};

struct line {
    struct arena arena; /* settings and their strings */
    struct field_line info;
    const struct model_set *models;
    struct line_host host;
    struct line_meter *meters;
    size_t meters_count;
    struct schedule_meter *slots;
    int32_t *slot_meters; /* slot -> index of the meter */
    int32_t slots_count;
    pthread_t thread;
    bool started;

    pthread_mutex_t mutex; /* guards the next block */
    pthread_cond_t wake;
    bool stopping;
    bool writable;
    struct line_tuning tuning;
    struct command_order inbox[LINE_ORDERS_MAX];
    size_t inbox_count;
    bool inbox_fresh;       /* the thread has not seen it yet */
    int64_t inbox_since_us; /* when the first unseen order came */
    struct delivery_look delivery_inbox[LINE_DELIVERIES_MAX];
    size_t delivery_inbox_count;
    bool delivery_inbox_fresh;
    struct adjustment_look adjustment_inbox[LINE_ADJUSTMENTS_MAX];
    size_t adjustment_inbox_count;
    bool adjustment_inbox_fresh;
    struct push_look push_inbox[LINE_PUSHES_MAX];
    size_t push_inbox_count;
    bool push_inbox_fresh;
    struct power_watch watches[LINE_WATCHES_MAX];
    size_t watches_count;
    struct line_question questions[LINE_QUESTIONS_MAX];
    size_t questions_count;
    struct line_view view;
    struct line_meter_view *meter_views;

    /* of the owner thread alone */
    struct link *link;
    struct schedule schedule;
    struct site_day day;
    struct line_order orders[LINE_ORDERS_MAX];
    size_t orders_count;
    struct line_handled handled[LINE_HANDLED_MAX];
    size_t handled_next;
    struct line_ending *endings; /* LINE_ENDINGS_MAX, made when the first is needed */
    size_t endings_count;
    int64_t endings_at_ms;
    bool ever_answered;
    struct line_delivery deliveries[LINE_DELIVERIES_MAX];
    size_t deliveries_count;
    struct line_adjustment adjustments[LINE_ADJUSTMENTS_MAX];
    size_t adjustments_count;
    struct line_push pushes[LINE_PUSHES_MAX];
    size_t pushes_count;
    struct line_handled delivered[LINE_HANDLED_MAX];
    size_t delivered_next;
};

/* line_work.c */
void *line_run(void *line);
/* Waits on the inbox until until_ms (monotonic), at once when something came or the line ends. */
void line_wait(struct line *line, int64_t until_ms);
bool line_is_stopping(struct line *line);
/* Bookkeeping of a read of meter `index`: failures, silence, counters, view. */
void line_note_meter(struct line *line, size_t index, bool answered);
/* A whole fast block of meter `index` was read: remembers, stores. */
void line_take_reading(struct line *line, size_t index, const struct reading *reading);
void line_publish(struct line *line);

/* What orders and deliveries know of a meter without asking it. */
bool line_meter_is_known(const struct line_meter *meter);
size_t line_meter_index(const struct line *line, int64_t meter_id);
/* The books after an order or delivery was worked on. */
void line_note_work(struct line *line, size_t index, int64_t wire_us, bool answered,
                    const struct reading *reading);

/* line_deliveries.c */
void line_deliveries_refresh(struct line *line);
bool line_deliveries_work(struct line *line);
int64_t line_deliveries_due_ms(const struct line *line);
/* A good poll: deliveries that found the meter silent become due; power is noted. */
void line_deliveries_after_poll(struct line *line, size_t index, const struct reading *reading);

/* A slow block was read: points or tables, never both. */
void line_take_slow(struct line *line, size_t index, const struct reading *reading,
                    const struct rate_table_bytes *tables);

/* line_push.c */
void line_pushes_refresh(struct line *line);
bool line_pushes_work(struct line *line);
int64_t line_pushes_due_ms(const struct line *line);

/* line_adjustment.c */
void line_adjustments_refresh(struct line *line);
bool line_adjustments_work(struct line *line);
int64_t line_adjustments_due_ms(const struct line *line);

/* line_orders.c */
/* Takes the inbox over. */
void line_orders_refresh(struct line *line);
/* Does one piece of order work if there is any; true if something was done. */
bool line_orders_work(struct line *line);
/* When the next piece becomes due; INT64_MAX if none is known. Monotonic ms. */
int64_t line_orders_due_ms(const struct line *line);
/* A good poll of this meter: unknown orders of it are compared with the truth. */
void line_orders_after_poll(struct line *line, size_t index);

#endif
