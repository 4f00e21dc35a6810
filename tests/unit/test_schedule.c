/* The schedule of a line, in simulated time: 9600 8N1, 50 ms turnaround, 167 ms a fast read, 400 ms
 * a time-out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/rules/schedule.h"

#define METERS 32
#define FAST_US 167000
#define DEAD_US 420000
#define BLOCKS 5
#define RARE 2
#define BOUND_MS (METERS * (int64_t)FAST_US / 1000)

/* prices, serial number, run word, day tables, zones */
static const int64_t slow_us[BLOCKS] = {119000, 74000, 70000, 155000, 80000};

struct line {
    struct schedule schedule;
    struct schedule_meter meters[METERS];
    bool dead[METERS];
    int64_t now_us;
    int fast[METERS];
    int slow[METERS];
    int block[METERS][BLOCKS]; /* reads of each slow block */
    int silent_block;          /* -1: none; this one is never answered */
    int probes;
    int64_t worst_ms; /* longest cycle since it was set to 0 */
    int64_t cycles;
    int64_t cycles_ms; /* all of them */
};

static void line_init(struct line *line, int64_t cycle_ms, int64_t slow_ms)
{
    memset(line, 0, sizeof(*line));
    line->now_us = 1000000000;
    line->silent_block = -1;
    for (int i = 0; i < METERS; i++) {
        line->meters[i].slow_blocks = BLOCKS;
        line->meters[i].rare_blocks = RARE;
    }
    schedule_init(&line->schedule, line->meters, METERS, cycle_ms, slow_ms, line->now_us / 1000);
}

static void line_step(struct line *line)
{
    struct schedule_step step = schedule_next(&line->schedule, line->now_us / 1000);
    if (line->schedule.last.number > line->cycles) {
        line->cycles = line->schedule.last.number;
        line->cycles_ms += line->schedule.last.wall_ms;
        if (line->schedule.last.wall_ms > line->worst_ms) {
            line->worst_ms = line->schedule.last.wall_ms;
        }
    }
    if (step.kind == SCHEDULE_WAIT) {
        assert_true(step.wait_until_ms * 1000 > line->now_us);
        line->now_us = step.wait_until_ms * 1000;
        return;
    }
    bool slow = step.kind == SCHEDULE_SLOW;
    int64_t bound_us = slow ? slow_us[step.slow_block] : FAST_US;
    bool answered = !line->dead[step.meter] && !(slow && step.slow_block == line->silent_block);
    int64_t spent_us = answered ? bound_us + 1000 : DEAD_US;
    line->now_us += spent_us;
    line->fast[step.meter] += step.kind == SCHEDULE_FAST;
    line->slow[step.meter] += slow;
    line->block[step.meter][slow ? step.slow_block : 0] += slow;
    line->probes += step.kind == SCHEDULE_PROBE;
    schedule_done(&line->schedule, &step, answered, bound_us, spent_us, line->now_us / 1000);
}

static void line_run(struct line *line, int64_t ms)
{
    int64_t until_us = line->now_us + ms * 1000;
    while (line->now_us < until_us) {
        line_step(line);
    }
}

static void all_alive_stays_near_the_bound(void **state)
{
    (void)state;
    struct line line;
    line_init(&line, 0, 600000);
    line_run(&line, 120000);
    assert_true(line.cycles_ms / line.cycles <= BOUND_MS * 125 / 100); /* with the fill */
    line.worst_ms = 0;
    int64_t begun = line.cycles;
    line.cycles_ms = 0;
    line_run(&line, 7200000);
    assert_true(line.worst_ms <= BOUND_MS * 107 / 100); /* three slow blocks in one cycle */
    assert_true(line.cycles_ms / (line.cycles - begun) <= BOUND_MS * 105 / 100);
    for (int i = 0; i < METERS; i++) {
        assert_in_range(line.block[i][0], 8, 13);
        assert_in_range(line.block[i][BLOCKS - 1], 2, 4); /* once an hour */
        assert_true(line.fast[i] >= line.fast[0] - 1);
    }
}

/* The first cycle brings everything of every meter, its most wanted block first; the second is as
   any other. */
static void the_first_fill_is_quick(void **state)
{
    (void)state;
    struct line line;
    line_init(&line, 0, 600000);
    line_run(&line, 400);
    assert_int_equal(line.block[0][0], 1); /* after one fast read */
    line_run(&line, 21500);
    for (int i = 0; i < METERS; i++) {
        assert_in_range(line.fast[i], 1, 2);
        for (int k = 0; k < BLOCKS; k++) {
            assert_int_equal(line.block[i][k], 1);
        }
    }
    line_run(&line, 6000);
    line.worst_ms = 0;
    line_run(&line, 300000);
    assert_true(line.worst_ms <= BOUND_MS * 102 / 100); /* nothing is due */
}

/* An earlier process read it all: the first cycle is as any other. */
static void what_is_known_needs_no_fill(void **state)
{
    (void)state;
    struct line line;
    line_init(&line, 0, 600000);
    for (int i = 0; i < METERS; i++) {
        line.meters[i].filled = i != 5;
    }
    line_run(&line, 6500);
    assert_int_equal(line.slow[5], BLOCKS);
    assert_true(line.worst_ms <= BOUND_MS * 115 / 100);
    line_run(&line, 14400000);
    for (int i = 0; i < METERS; i++) {
        assert_in_range(line.block[i][0], 18, 26);
        assert_in_range(line.block[i][BLOCKS - 1], 3, 5);
    }
}

/* A dead meter is filled when it answers. */
static void a_late_comer_is_filled(void **state)
{
    (void)state;
    struct line line;
    line_init(&line, 0, 600000);
    line.dead[3] = true;
    line_run(&line, 130000);
    assert_int_equal(line.slow[3], 0);
    line.dead[3] = false;
    line.worst_ms = 0;
    line_run(&line, 400000);
    assert_in_range(line.slow[3], BLOCKS, BLOCKS + 3);
    assert_true(line.worst_ms <= BOUND_MS * 118 / 100);
}

/* It is tried twice, then the blocks behind it are read. */
static void a_slow_block_that_never_comes_keeps_no_other_away(void **state)
{
    (void)state;
    struct line line;
    line_init(&line, 0, 3600000);
    line.silent_block = 1;
    line_run(&line, 2400000);
    for (int i = 0; i < METERS; i++) {
        assert_int_equal(line.block[i][0], 1);
        assert_int_equal(line.block[i][1], 2);
        assert_int_equal(line.block[i][BLOCKS - 1], 1);
        assert_false(line.meters[i].dead);
    }
}

static void three_dead_cost_little(void **state)
{
    (void)state;
    struct line line;
    line_init(&line, 0, 600000);
    line_run(&line, 130000);
    line.dead[3] = line.dead[17] = line.dead[31] = true;
    int64_t begun = line.cycles;
    while (line.cycles < begun + 3) {
        line_step(&line);
    }
    line.worst_ms = 0;
    line_run(&line, 600000);
    int64_t bound_ms = (METERS - 3) * FAST_US / 1000;
    assert_true(line.worst_ms <= bound_ms * 115 / 100);
    assert_true(line.probes > 3);
}

static void a_dead_meter_comes_back(void **state)
{
    (void)state;
    struct line line;
    line_init(&line, 0, 600000);
    line.dead[5] = true;
    line_run(&line, 60000);
    assert_true(line.meters[5].dead);
    line.dead[5] = false;
    line_run(&line, 130000);
    assert_false(line.meters[5].dead);
    int before = line.fast[5];
    line_run(&line, 20000);
    assert_true(line.fast[5] > before);
}

static void a_silent_line_is_tried_each_second_and_revives_at_once(void **state)
{
    (void)state;
    struct line line;
    line_init(&line, 0, 600000);
    line_run(&line, 20000);
    memset(line.dead, 1, sizeof(line.dead));
    line_run(&line, 60000);
    assert_true(schedule_line_is_silent(&line.schedule));
    int probes = line.probes;
    line_run(&line, 30000);
    assert_in_range(line.probes - probes, 18, 31);
    memset(line.dead, 0, sizeof(line.dead));
    memset(line.fast, 0, sizeof(line.fast));
    line_run(&line, 9000);
    for (int i = 0; i < METERS; i++) {
        assert_true(line.fast[i] >= 1);
    }
}

static void cycle_s_pauses(void **state)
{
    (void)state;
    struct line line;
    line_init(&line, 60000, 600000);
    line_run(&line, 50000);
    assert_int_equal(line.fast[0], 1);
    assert_int_equal(line.slow[METERS - 1], BLOCKS); /* in the pause */
    line_run(&line, 70000);
    line.worst_ms = 0;
    line_run(&line, 480000);
    assert_in_range(line.fast[0], 10, 11);
    assert_true(line.worst_ms < 5600);
}

static void an_empty_line_waits(void **state)
{
    (void)state;
    struct schedule schedule;
    schedule_init(&schedule, NULL, 0, 0, 1000, 5);
    assert_int_equal(schedule_next(&schedule, 5).kind, SCHEDULE_WAIT);
    assert_false(schedule_line_is_silent(&schedule));
}

static void slow_without_blocks_is_never_asked(void **state)
{
    (void)state;
    struct line line;
    line_init(&line, 0, 10000);
    for (int i = 0; i < METERS; i++) {
        line.meters[i].slow_blocks = i == 7 ? 1 : 0;
        line.meters[i].rare_blocks = 0;
    }
    line_run(&line, 60000);
    assert_int_equal(line.slow[6], 0);
    assert_in_range(line.slow[7], 3, 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_alive_stays_near_the_bound),
        cmocka_unit_test(the_first_fill_is_quick),
        cmocka_unit_test(what_is_known_needs_no_fill),
        cmocka_unit_test(a_late_comer_is_filled),
        cmocka_unit_test(a_slow_block_that_never_comes_keeps_no_other_away),
        cmocka_unit_test(three_dead_cost_little),
        cmocka_unit_test(a_dead_meter_comes_back),
        cmocka_unit_test(a_silent_line_is_tried_each_second_and_revives_at_once),
        cmocka_unit_test(cycle_s_pauses),
        cmocka_unit_test(an_empty_line_waits),
        cmocka_unit_test(slow_without_blocks_is_never_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
