#include "core/rules/schedule.h"

#include <assert.h>

#define BETWEEN_CYCLES (-1)

void schedule_init(struct schedule *schedule, struct schedule_meter *meters, int32_t count,
                   int64_t cycle_ms, int64_t slow_ms, int64_t now_ms)
{
    assert(schedule != NULL && (meters != NULL || count == 0));
    assert(count >= 0 && count <= SCHEDULE_METERS_MAX);
    assert(cycle_ms >= 0 && slow_ms > 0);
    *schedule = (struct schedule){.meters = meters, .count = count};
    schedule->cycle_ms = cycle_ms;
    schedule->slow_ms = slow_ms;
    schedule->started_ms = BETWEEN_CYCLES;
    schedule->resume_ms = now_ms;
    schedule->silent_at_ms = now_ms;
    schedule->slow_cost_us = SCHEDULE_SLOW_COST_US;
    schedule->probe_cost_us = SCHEDULE_PROBE_COST_US;
    for (int32_t i = 0; i < count; i++) {
        struct schedule_meter *meter = &meters[i];
        assert(meter->rare_blocks >= 0 && meter->rare_blocks <= meter->slow_blocks);
        *meter = (struct schedule_meter){.slow_blocks = meter->slow_blocks,
                                         .rare_blocks = meter->rare_blocks,
                                         .slow_at_ms = now_ms,
                                         .rare_at_ms = now_ms,
                                         .probe_at_ms = now_ms,
                                         .filled = meter->filled || meter->slow_blocks == 0};
    }
}

bool schedule_line_is_silent(const struct schedule *schedule)
{
    return schedule->count > 0 && schedule->dead == schedule->count;
}

static struct schedule_step wait_until(int64_t at_ms)
{
    return (struct schedule_step){.kind = SCHEDULE_WAIT, .meter = -1, .wait_until_ms = at_ms};
}

static bool is_slow_due(const struct schedule_meter *meter, int64_t now_ms)
{
    return !meter->dead && meter->slow_blocks > 0 && meter->failures == 0 &&
           meter->slow_at_ms <= now_ms;
}

/* The living meter whose slow block has been due longest: every meter's first block comes before
   any meter's second. */
static int32_t slow_due(const struct schedule *schedule, int64_t now_ms)
{
    int32_t best = -1;
    for (int32_t i = 0; i < schedule->count; i++) {
        const struct schedule_meter *meter = &schedule->meters[i];
        if (is_slow_due(meter, now_ms) &&
            (best < 0 || meter->slow_at_ms < schedule->meters[best].slow_at_ms)) {
            best = i;
        }
    }
    return best;
}

static int32_t probe_due(const struct schedule *schedule, int64_t now_ms)
{
    int32_t best = -1;
    for (int32_t i = 0; i < schedule->count; i++) {
        const struct schedule_meter *meter = &schedule->meters[i];
        if (meter->dead && meter->probe_at_ms <= now_ms &&
            (best < 0 || meter->probe_at_ms < schedule->meters[best].probe_at_ms)) {
            best = i;
        }
    }
    return best;
}

static void end_cycle(struct schedule *schedule, int64_t now_ms)
{
    schedule->last.wall_ms = now_ms - schedule->started_ms;
    schedule->last.bound_us = schedule->bound_us;
    schedule->last.number++;
    int64_t next_ms = schedule->started_ms + schedule->cycle_ms;
    schedule->resume_ms = next_ms > now_ms ? next_ms : now_ms;
    schedule->started_ms = BETWEEN_CYCLES;
    schedule->bound_us = 0;
}

static struct schedule_step next_on_silent_line(struct schedule *schedule, int64_t now_ms)
{
    if (now_ms < schedule->silent_at_ms) {
        return wait_until(schedule->silent_at_ms);
    }
    int32_t meter = schedule->silent_position % schedule->count;
    return (struct schedule_step){.kind = SCHEDULE_PROBE, .meter = meter};
}

static struct schedule_step slow_step(const struct schedule *schedule, int32_t meter)
{
    return (struct schedule_step){
        .kind = SCHEDULE_SLOW, .meter = meter, .slow_block = schedule->meters[meter].slow_next};
}

static struct schedule_step next_between(struct schedule *schedule, int64_t now_ms)
{
    int32_t meter = schedule->position - 1; /* the one that was read just now */
    if (meter >= 0 && !schedule->meters[meter].filled &&
        is_slow_due(&schedule->meters[meter], now_ms)) {
        return slow_step(schedule, meter);
    }
    meter = slow_due(schedule, now_ms);
    if (meter >= 0 && schedule->slow_credit_us >= schedule->slow_cost_us) {
        return slow_step(schedule, meter);
    }
    meter = schedule->dead > 0 ? probe_due(schedule, now_ms) : -1;
    if (meter >= 0 && schedule->probe_credit_us >= schedule->probe_cost_us) {
        return (struct schedule_step){.kind = SCHEDULE_PROBE, .meter = meter};
    }
    return wait_until(now_ms);
}

struct schedule_step schedule_next(struct schedule *schedule, int64_t now_ms)
{
    assert(schedule != NULL);
    if (schedule->count == 0) {
        return wait_until(now_ms + SCHEDULE_SILENT_PROBE_MS);
    }
    if (schedule_line_is_silent(schedule)) {
        schedule->started_ms = BETWEEN_CYCLES;
        schedule->position = 0;
        schedule->bound_us = 0;
        return next_on_silent_line(schedule, now_ms);
    }
    struct schedule_step between = next_between(schedule, now_ms);
    if (between.kind != SCHEDULE_WAIT) {
        return between;
    }
    while (schedule->position < schedule->count && schedule->meters[schedule->position].dead) {
        schedule->position++;
    }
    if (schedule->position >= schedule->count) {
        if (schedule->started_ms != BETWEEN_CYCLES) {
            end_cycle(schedule, now_ms);
        }
        schedule->position = 0;
        while (schedule->meters[schedule->position].dead) { /* some meter lives: this ends */
            schedule->position++;
        }
    }
    if (schedule->started_ms == BETWEEN_CYCLES) {
        int32_t meter = now_ms < schedule->resume_ms ? slow_due(schedule, now_ms) : -1;
        if (meter >= 0) {
            return slow_step(schedule, meter); /* nobody else needs the wire */
        }
        if (now_ms < schedule->resume_ms) {
            return wait_until(schedule->resume_ms);
        }
        schedule->started_ms = now_ms;
        schedule->bound_us = 0;
    }
    return (struct schedule_step){.kind = SCHEDULE_FAST, .meter = schedule->position};
}

/* A line that was silent as a whole and answers again: everybody gets a fresh start. */
static void revive_all(struct schedule *schedule)
{
    for (int32_t i = 0; i < schedule->count; i++) {
        schedule->meters[i].dead = false;
        schedule->meters[i].failures = 0;
        schedule->meters[i].probe_wait_ms = 0;
    }
    schedule->dead = 0;
}

static void note_answer(struct schedule *schedule, struct schedule_meter *meter)
{
    if (schedule_line_is_silent(schedule)) {
        revive_all(schedule);
    }
    if (meter->dead) {
        meter->dead = false;
        schedule->dead--;
    }
    meter->failures = 0;
    meter->probe_wait_ms = 0;
}

static void note_silence(struct schedule *schedule, struct schedule_meter *meter, int64_t now_ms)
{
    if (meter->failures < INT32_MAX) {
        meter->failures++;
    }
    if (meter->failures < SCHEDULE_DEAD_FAILURES) {
        return;
    }
    if (!meter->dead) {
        meter->dead = true;
        schedule->dead++;
        meter->probe_wait_ms = 0;
    }
    if (meter->probe_wait_ms == 0) {
        meter->probe_wait_ms = SCHEDULE_PROBE_FIRST_MS;
    } else if (meter->probe_wait_ms > SCHEDULE_PROBE_LAST_MS / 2) {
        meter->probe_wait_ms = SCHEDULE_PROBE_LAST_MS;
    } else {
        meter->probe_wait_ms *= 2;
    }
    meter->probe_at_ms = now_ms + meter->probe_wait_ms;
}

void schedule_note(struct schedule *schedule, int32_t meter, bool answered, int64_t now_ms)
{
    assert(schedule != NULL && meter >= 0 && meter < schedule->count);
    if (answered) {
        note_answer(schedule, &schedule->meters[meter]);
    } else {
        note_silence(schedule, &schedule->meters[meter], now_ms);
    }
}

/* The meter's next block, or the end of its round. */
static void advance_slow(struct schedule *schedule, struct schedule_meter *meter, int64_t now_ms)
{
    bool with_rare = now_ms >= meter->rare_at_ms;
    int32_t blocks = meter->slow_blocks - (with_rare ? 0 : meter->rare_blocks);
    meter->slow_tries = 0;
    meter->slow_next++;
    meter->slow_at_ms = now_ms;
    if (meter->slow_next < blocks) {
        return;
    }
    meter->slow_next = 0;
    meter->slow_at_ms = now_ms + schedule->slow_ms;
    meter->rare_at_ms = with_rare ? now_ms + SCHEDULE_RARE_MS : meter->rare_at_ms;
    meter->filled = true;
}

/* One disturbed answer must not leave a meter without prices until the next round, and a block that
   never comes must not keep the others away. */
static void done_slow(struct schedule *schedule, struct schedule_meter *meter, bool answered,
                      int64_t spent_us, int64_t now_ms)
{
    schedule->slow_cost_us = spent_us > 1000 ? spent_us : 1000;
    schedule->slow_credit_us = 0;
    meter->slow_tries++;
    if (answered || meter->slow_tries >= SCHEDULE_SLOW_TRIES) {
        advance_slow(schedule, meter, now_ms);
    } else {
        meter->slow_at_ms = now_ms + SCHEDULE_SLOW_AGAIN_MS;
    }
}

/* Credit grows with fast reads and never beyond one step: what was not used is not saved up. */
static void earn(int64_t *credit_us, int64_t cost_us, int64_t spent_us, int64_t share_permille)
{
    *credit_us += spent_us * share_permille / 1000;
    if (*credit_us > cost_us) {
        *credit_us = cost_us;
    }
}

void schedule_done(struct schedule *schedule, const struct schedule_step *step, bool answered,
                   int64_t bound_us, int64_t spent_us, int64_t now_ms)
{
    assert(schedule != NULL && step != NULL);
    assert(step->meter >= 0 && step->meter < schedule->count);
    struct schedule_meter *meter = &schedule->meters[step->meter];
    if (answered) {
        schedule->bound_us += bound_us;
    }
    switch (step->kind) {
    case SCHEDULE_FAST:
        schedule->position = step->meter + 1;
        if (answered) {
            earn(&schedule->slow_credit_us, schedule->slow_cost_us, bound_us,
                 SCHEDULE_SLOW_SHARE_PERMILLE);
            earn(&schedule->probe_credit_us, schedule->probe_cost_us, bound_us,
                 SCHEDULE_PROBE_SHARE_PERMILLE);
        }
        break;
    case SCHEDULE_SLOW:
        done_slow(schedule, meter, answered, spent_us, now_ms);
        break;
    case SCHEDULE_PROBE:
        schedule->probe_cost_us = spent_us > 1000 ? spent_us : 1000;
        schedule->probe_credit_us = 0;
        schedule->slow_credit_us /= 2; /* seldom both in one cycle */
        schedule->silent_position = step->meter + 1;
        schedule->silent_at_ms = now_ms + SCHEDULE_SILENT_PROBE_MS;
        break;
    case SCHEDULE_WAIT:
        assert(!"a wait is not work");
    }
    schedule_note(schedule, step->meter, answered, now_ms);
}

void schedule_add_bound(struct schedule *schedule, int64_t bound_us)
{
    assert(schedule != NULL && bound_us >= 0);
    schedule->bound_us += bound_us;
}
