/* Alarms of the field: one for a silent gateway, none of its meters; doubts; who is ours. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/rules/plausibility.h"
#include "poller/field_watch.h"

#define LINES 4 /* two gateways with two lines of three meters each */
#define METERS 3

static struct field_watch watch;
static struct field_alarm alarms[64];
static int64_t now_ms;

static int begin(void **state)
{
    (void)state;
    now_ms = 1000000;
    assert_int_equal(field_watch_resize(&watch, LINES, (size_t)LINES * METERS), RC_OK);
    for (size_t i = 0; i < LINES; i++) {
        struct watch_line *line = &watch.lines[i];
        line->view = (struct line_view){.line_id = 100 + (int64_t)i,
                                        .gateway_id = 10 + (int64_t)i / 2,
                                        .ever_answered = true,
                                        .meters = METERS};
        line->meters_first = i * METERS;
        line->meters_count = METERS;
        for (size_t k = 0; k < METERS; k++) {
            watch.meters[i * METERS + k].view.meter_id = (int64_t)(1000 + i * METERS + k);
        }
    }
    return 0;
}

static int end(void **state)
{
    (void)state;
    field_watch_release(&watch);
    return 0;
}

static size_t after(int64_t ms)
{
    for (int64_t left_ms = ms; left_ms > 0; left_ms -= 1000) {
        now_ms += 1000;
        field_watch_note(&watch, now_ms, now_ms);
    }
    return field_watch_alarms(&watch, now_ms, now_ms, alarms, ARRAY_LEN(alarms));
}

static void set_silent(size_t first, size_t count, bool silent)
{
    for (size_t i = first; i < first + count; i++) {
        watch.lines[i].view.silent = silent;
        for (size_t k = 0; k < METERS; k++) {
            watch.meters[i * METERS + k].view.silent_since_at_ms = silent ? now_ms : 0;
        }
    }
}

static void a_quiet_field_has_no_alarm(void **state)
{
    (void)state;
    assert_int_equal(after(60000), 0);
    assert_int_equal(watch.lines[0].condition, LINE_OK);
}

static void a_silent_gateway_is_one_alarm(void **state)
{
    (void)state;
    (void)after(60000);
    set_silent(0, 2, true);
    assert_int_equal(after(10000), 0);
    assert_int_equal(after(10000), 1);
    assert_int_equal(alarms[0].kind, ALARM_GATEWAY_SILENT);
    assert_int_equal(alarms[0].object_id, 10);
    assert_int_equal(watch.lines[0].condition, LINE_SILENT);
    set_silent(0, 1, false); /* one line is back sooner than the other */
    assert_int_equal(after(20000), 0);
    assert_int_equal(after(40000), 1);
    assert_int_equal(alarms[0].kind, ALARM_LINE_SILENT);
    assert_int_equal(alarms[0].object_id, 101);
    set_silent(1, 1, false);
    assert_int_equal(after(1000), 0);
}

static void a_silent_meter_is_its_own_alarm(void **state)
{
    (void)state;
    (void)after(60000);
    watch.meters[4].view.silent_since_at_ms = now_ms;
    watch.lines[1].view.meters_silent = 1;
    assert_int_equal(after(1000), 1);
    assert_int_equal(alarms[0].kind, ALARM_METER_SILENT);
    assert_int_equal(alarms[0].object_id, 1004);
    assert_int_equal(watch.lines[1].condition, LINE_DEGRADED);
}

static void a_ratio_that_differs_is_an_alarm_until_it_agrees(void **state)
{
    (void)state;
    const struct field_alarm alarm = {ALARM_RATIO_MISMATCH, FIELD_OBJECT_METER, 1004};
    const struct field_alarm silent = {ALARM_METER_SILENT, FIELD_OBJECT_METER, 1004};
    assert_false(field_watch_knows(&watch, &alarm)); /* not read yet: stays as it was */
    assert_true(field_watch_knows(&watch, &silent));
    watch.meters[4].view.ratios = RATIO_DIFFERS;
    assert_int_equal(after(1000), 1);
    assert_int_equal(alarms[0].kind, ALARM_RATIO_MISMATCH);
    assert_int_equal(alarms[0].object_id, 1004);
    watch.meters[4].view.ratios = RATIO_SAME;
    assert_int_equal(after(1000), 0);
    assert_true(field_watch_knows(&watch, &alarm));
}

static void doubts_last_an_hour(void **state)
{
    (void)state;
    watch.meters[0].view.doubts = IMPLAUSIBLE_IDENTITY | IMPLAUSIBLE_ENERGY_JUMP;
    assert_int_equal(after(1000), 2);
    assert_int_equal(alarms[0].kind, ALARM_MODEL_MISMATCH);
    assert_int_equal(alarms[1].kind, ALARM_ENERGY_JUMP);
    watch.meters[0].view.doubts = 0;
    assert_int_equal(after(3500000), 2);
    assert_int_equal(after(200000), 0);
}

static void noise_on_the_bus(void **state)
{
    (void)state;
    (void)after(120000);
    watch.lines[2].view.counters.crc = WATCH_ERRORS_MIN + 5;
    assert_int_equal(after(60000), 1);
    assert_int_equal(alarms[0].kind, ALARM_BUS_ERRORS);
    assert_int_equal(after(60000), 0);
}

static void only_ours(void **state)
{
    (void)state;
    assert_true(field_watch_knows(
        &watch, &(struct field_alarm){ALARM_METER_SILENT, FIELD_OBJECT_METER, 1011}));
    assert_false(field_watch_knows(
        &watch, &(struct field_alarm){ALARM_METER_SILENT, FIELD_OBJECT_METER, 1012}));
    assert_true(field_watch_knows(
        &watch, &(struct field_alarm){ALARM_GATEWAY_SILENT, FIELD_OBJECT_GATEWAY, 11}));
    assert_false(
        field_watch_knows(&watch, &(struct field_alarm){ALARM_LINE_SILENT, FIELD_OBJECT_LINE, 11}));
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_quiet_field_has_no_alarm),
        CASE(a_silent_gateway_is_one_alarm),
        CASE(a_silent_meter_is_its_own_alarm),
        CASE(a_ratio_that_differs_is_an_alarm_until_it_agrees),
        CASE(doubts_last_an_hour),
        CASE(noise_on_the_bus),
        CASE(only_ours),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
