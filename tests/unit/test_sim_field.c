/* Faults, conditions and the state file of the simulated field. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "sim/field/facts.h"

static void faults_hit_and_end(void **state)
{
    (void)state;
    static struct faults faults;
    struct fault_target target = {.meter = 7, .line = 1, .gateway = 0, .function = 0x03};
    struct fault once = {.kind = FAULT_SILENT, .scope = FAULT_OF_METER, .index = 7, .left = 2};
    struct fault writes = {.kind = FAULT_LATE,
                           .scope = FAULT_OF_LINE,
                           .index = 1,
                           .left = -1,
                           .function = 0x10,
                           .delay_ms = 90};
    int64_t id = 0;
    int64_t delay_ms = 0;
    assert_int_equal(faults_add(&faults, &once, &id), RC_OK);
    assert_int_equal(faults_add(&faults, &writes, &id), RC_OK);
    assert_true(faults_take(&faults, FAULT_SILENT, &target, NULL));
    assert_true(faults_take(&faults, FAULT_SILENT, &target, NULL));
    assert_false(faults_take(&faults, FAULT_SILENT, &target, NULL));
    assert_false(faults_take(&faults, FAULT_LATE, &target, &delay_ms));
    target.function = 0x10;
    for (int i = 0; i < 5; i++) {
        assert_true(faults_take(&faults, FAULT_LATE, &target, &delay_ms));
    }
    assert_int_equal(delay_ms, 90);
    assert_int_equal(faults_clear(&faults, 0, false, FAULT_OF_LINE, 0), 0);
    assert_int_equal(faults_clear(&faults, id, false, FAULT_OF_METER, 0), 1);
    assert_int_equal(faults.len, 0);
    for (int i = 0; i < FAULTS_MAX; i++) {
        assert_int_equal(faults_add(&faults, &once, &id), RC_OK);
    }
    assert_int_equal(faults_add(&faults, &once, &id), RC_FULL);
    assert_int_equal(faults_clear(&faults, 0, true, FAULT_OF_METER, 0), FAULTS_MAX);
}

static void every_fault_has_a_name(void **state)
{
    (void)state;
    for (int kind = 0; kind < FAULT__MAX; kind++) {
        enum fault_kind found = FAULT__MAX;
        assert_int_equal(fault_kind_of(fault_name((enum fault_kind)kind), &found), RC_OK);
        assert_int_equal(found, kind);
    }
    for (int kind = 0; kind < METER_EVENT__MAX; kind++) {
        assert_non_null(meter_event_name((enum meter_event_kind)kind));
    }
}

static void conditions(void **state)
{
    (void)state;
    static const struct {
        const char *sentence;
        int64_t number;
        bool holds;
    } cases[] = {{"x=5", 5, true},    {"x=5", 4, false}, {"x!=5", 4, true}, {"x>=5", 5, true},
                 {"x<=-5", -6, true}, {"x>5", 5, false}, {"x<5", 4, true}};
    struct condition condition;
    bool holds = false;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct fact fact = {.number = cases[i].number};
        assert_int_equal(condition_parse(cases[i].sentence, &condition), RC_OK);
        assert_int_equal(condition_holds(&condition, &fact, &holds), RC_OK);
        assert_int_equal(holds, cases[i].holds);
    }
    static const char *const bad[] = {"", "x", "=5", "x=", "x=<5", "x<>5", "x===5"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        assert_int_equal(condition_parse(bad[i], &condition), RC_INVALID);
    }
    struct fact word = {.is_word = true, .word = "open"};
    assert_int_equal(condition_parse("relay>open", &condition), RC_OK);
    assert_int_equal(condition_holds(&condition, &word, &holds), RC_INVALID);
}

static void build(struct field *field)
{
    char sentence[PARK_SENTENCE_MAX];
    *field = (struct field){.options = {.seed = 3, .speed = 1, .relay_travel_ms = 300}};
    assert_int_equal(
        park_read(PW_SOURCE_DIR "/schema/sample-park/park.csv", sentence, &field->park), RC_OK);
    assert_int_equal(field_build(field), RC_OK);
}

static void state_comes_back(void **state)
{
    (void)state;
    char path[] = "/tmp/sim-state-XXXXXX";
    char sentence[PARK_SENTENCE_MAX];
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    struct field one;
    struct field two;
    build(&one);
    struct meter_time time = field_time(&one);
    struct meter *meter = &one.meters[9];
    meter->count = 0;
    meter->balance_fen = -700;
    for (int i = 1; i <= 40; i++) {
        assert_int_equal(meter_purchase(meter, i, i, false, &time), METER_CREDITED);
    }
    assert_int_equal(meter_purchase(meter, 5, 41, true, &time), METER_CREDITED);
    meter_force(meter, METER_ALL_PHASES, true, true, &time);
    time.now_ms += 1000;
    meter_advance(meter, &time);
    meter_swap(&one.meters[10], "880000000007", &time);
    assert_int_equal(state_file_write(&one, path), RC_OK);
    build(&two);
    two.meters[9].energy_mj[0] = 0;
    uint32_t unknown = 9;
    assert_int_equal(state_file_read(&two, path, sentence, &unknown), RC_OK);
    assert_int_equal(unknown, 0);
    for (uint32_t i = 0; i < one.park.meters_len; i++) {
        const struct meter *a = &one.meters[i];
        const struct meter *b = &two.meters[i];
        assert_string_equal(a->park.serial_number, b->park.serial_number);
        assert_memory_equal(a->energy_mj, b->energy_mj, sizeof a->energy_mj);
        assert_memory_equal(a->day_tables, b->day_tables, sizeof a->day_tables);
        assert_int_equal(a->balance_fen, b->balance_fen);
        assert_int_equal(a->charge_rest, b->charge_rest);
        assert_int_equal(a->count, b->count);
        assert_int_equal(a->forced_trip, b->forced_trip);
        assert_int_equal(a->relays[0].closed, b->relays[0].closed);
        assert_int_equal(a->applied_len, b->applied_len);
        assert_int_equal(meter_credits(a), meter_credits(b));
    }
    assert_int_equal(two.meters[9].applied_len, 41);
    assert_false(two.meters[9].relays[2].closed);
    assert_int_equal(two.meters[10].life, 2);
    field_release(&one);
    field_release(&two);
    unlink(path);
}

static void a_stuck_relay_does_not_move(void **state)
{
    (void)state;
    struct field field;
    build(&field);
    struct meter_time time = field_time(&field);
    struct meter *meter = &field.meters[40];
    meter->relay_stuck = 1;
    meter_force(meter, METER_ALL_PHASES, true, true, &time);
    time.now_ms += 5000;
    meter_advance(meter, &time);
    assert_true(meter->relays[0].closed);
    assert_int_equal(meter->forced_trip, 7);
    meter->relay_stuck = 0;
    time.now_ms += 300;
    meter_advance(meter, &time);
    assert_false(meter->relays[0].closed);
    field_release(&field);
}

static void bounds_of_a_line(void **state)
{
    (void)state;
    struct field field;
    build(&field);
    int64_t poll_ns = line_bound_ns(&field.lines[0], 6, 99);
    assert_in_range(poll_ns / 100000, 1671, 1672); /* 167 ms, fact sheet section 3 */
    assert_in_range(line_bound_ns(&field.lines[0], 15, 13) / 1000000, 86, 88);
    field_release(&field);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(faults_hit_and_end), cmocka_unit_test(every_fault_has_a_name),
        cmocka_unit_test(conditions),         cmocka_unit_test(state_comes_back),
        cmocka_unit_test(bounds_of_a_line),   cmocka_unit_test(a_stuck_relay_does_not_move),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
