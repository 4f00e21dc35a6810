/*
 * The order in which one line reads its meters. Pure: time and outcomes come from the caller.
 *
 * A cycle reads the fast blocks of every living meter once. Between them, each out of its own
 * credit (a share of the wire time that the fast reads took), come one slow block of some meter and
 * one probe of a dead meter. A meter of which nothing is known yet has all its slow blocks read
 * right after its first fast ones, whatever the credit: that costs one long cycle, once.
 *
 *     fast fast fast SLOW fast fast ... fast PROBE fast fast | next cycle
 *
 *                 2 failures in a row                 answer
 *     living ----------------------------> dead ------------------> living
 *                                          |  ^ probe unanswered: wait twice as long, at most 5 min
 *                                          +--+
 *
 * In a pause between cycles (cycle_ms) due slow blocks are read without credit.
 *
 * While every meter of the line is dead, one of them is tried each second in turn; the first answer
 * revives all, for it was the line that was dead. Order of calls: schedule_init, then schedule_next
 * and schedule_done in turn.
 */
#ifndef PW_RULES_SCHEDULE_H
#define PW_RULES_SCHEDULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SCHEDULE_METERS_MAX 247
#define SCHEDULE_DEAD_FAILURES 2         /* unanswered reads in a row */
#define SCHEDULE_SLOW_SHARE_PERMILLE 22  /* of the wire time of the fast reads */
#define SCHEDULE_PROBE_SHARE_PERMILLE 70 /* the same, for probing dead meters */
#define SCHEDULE_SLOW_COST_US 120000     /* until one was measured */
#define SCHEDULE_PROBE_COST_US 250000    /* the same */
#define SCHEDULE_SLOW_TRIES 2            /* of one slow block, then the next one is read */
#define SCHEDULE_SLOW_AGAIN_MS 10000     /* pause before the second try */
#define SCHEDULE_RARE_MS 3600000         /* a meter's rare blocks are read once in so long */
#define SCHEDULE_PROBE_FIRST_MS 5000
#define SCHEDULE_PROBE_LAST_MS 300000
#define SCHEDULE_SILENT_PROBE_MS 1000 /* pace on a line where nobody answers */

enum schedule_kind { SCHEDULE_FAST, SCHEDULE_SLOW, SCHEDULE_PROBE, SCHEDULE_WAIT };

struct schedule_step {
    enum schedule_kind kind;
    int32_t meter;         /* index, not for WAIT */
    int32_t slow_block;    /* SLOW only: which of the meter's slow blocks */
    int64_t wait_until_ms; /* WAIT only, monotonic */
};

struct schedule_meter {
    int32_t slow_blocks; /* given by the caller before schedule_init; may be 0 */
    int32_t rare_blocks; /* given too: so many of them, the last ones, are read once in RARE_MS */
    int32_t slow_next;   /* block that comes next; 0: a new round */
    int32_t slow_tries;  /* of that block, unanswered */
    int64_t slow_at_ms;  /* when the next block or round is due */
    int64_t rare_at_ms;  /* when a round takes the rare blocks along */
    bool filled;         /* given too: what the slow blocks bring is known; set after a round */
    int32_t failures;    /* reads unanswered in a row */
    bool dead;
    int64_t probe_at_ms;
    int64_t probe_wait_ms;
};

struct schedule_cycle { /* a finished cycle */
    int64_t wall_ms;    /* from the first read to the last answer, pauses of cycle_s not counted */
    int64_t bound_us;   /* wire-time bound of all that was answered in it */
    int64_t number;     /* 1, 2, 3, ...; 0: none is finished yet */
};

struct schedule {
    struct schedule_meter *meters; /* borrowed */
    int32_t count;
    int64_t cycle_ms; /* 0: without pause */
    int64_t slow_ms;
    int32_t position; /* next meter of this cycle */
    int32_t silent_position;
    int64_t silent_at_ms;
    int64_t started_ms; /* of this cycle; -1 between cycles */
    int64_t resume_ms;  /* not before this */
    int64_t bound_us;
    int64_t slow_credit_us;
    int64_t probe_credit_us;
    int64_t slow_cost_us; /* what the last one took; learned */
    int64_t probe_cost_us;
    int32_t dead;
    struct schedule_cycle last;
};

/* Prepares the schedule of count (0 .. SCHEDULE_METERS_MAX) meters; slow_blocks, rare_blocks
   and filled of each must be set, the rest is set here. cycle_ms: least time from cycle to cycle.
   slow_ms: a meter's slow blocks are read once in so long. */
void schedule_init(struct schedule *schedule, struct schedule_meter *meters, int32_t count,
                   int64_t cycle_ms, int64_t slow_ms, int64_t now_ms);
/* What to do now. Changes nothing but the end of a cycle; may be asked again without schedule_done.
 */
struct schedule_step schedule_next(struct schedule *schedule, int64_t now_ms);
/* How it went. bound_us: wire-time bound of the step; spent_us: what it really took. */
void schedule_done(struct schedule *schedule, const struct schedule_step *step, bool answered,
                   int64_t bound_us, int64_t spent_us, int64_t now_ms);
/* Work beside the schedule (an order, a read that was asked for) used the wire during this cycle.
 */
void schedule_add_bound(struct schedule *schedule, int64_t bound_us);
/* A read outside the schedule was answered (true) or not: counts for living and dead. */
void schedule_note(struct schedule *schedule, int32_t meter, bool answered, int64_t now_ms);
/* True if there are meters and none lives. */
bool schedule_line_is_silent(const struct schedule *schedule);

#endif
