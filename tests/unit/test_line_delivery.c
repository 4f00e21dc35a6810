/*
 * One delivery step by step against a fake meter and fake books: what each fault leaves behind, and
 * that nothing is ever credited twice. The verdicts are the real ones (rules/readback).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/text.h"
#include "core/rules/readback.h"
#include "poller/line_delivery.h"
#include "poller/models_check.h"

#define AMOUNT 5000

static struct model dtsy;

static int load(void **state)
{
    (void)state;
    char error[MODELS_ERROR_MAX];
    enum rc rc =
        models_load_file(PW_SOURCE_DIR "/poller/models/acrel-dtsy1352.json", &dtsy, NULL, error);
    return rc == RC_OK ? 0 : -1;
}

enum write_fault { WRITE_FINE, WRITE_LOST, WRITE_REPLY_LOST, WRITE_LATE, WRITE_NO_LINK };

/* Meter and books in one place. */
struct world {
    int64_t now_ms;
    bool stopping;
    /* meter */
    const char *serial_number;
    int64_t count, balance_fen;
    bool refuses; /* purchases change nothing */
    int credits;
    int64_t late_amount_fen, late_count; /* a frame that is still on its way */
    bool has_late;
    int silent_reads; /* so many reads get no answer */
    enum write_fault write_fault;
    bool encrypted;
    /* books */
    enum delivery_state state;
    int64_t our_count;
    int64_t before_fen;
    int sends;
    bool once_more;
    enum rc claim_rc, mark_rc, judge_rc, take_over_rc;
    bool claim_reply_lost, judge_reply_lost;
    char waits[33];
    /* what was asked */
    int serial_reads, block_reads, claims, judges;
};

static enum rc claim(void *context, int64_t id, const struct delivery_reading *reading,
                     struct delivery_frame *ret_frame, struct delivery_outcome *ret_outcome)
{
    struct world *world = context;
    (void)id;
    world->claims++;
    if (world->state != DELIVERY_PENDING) {
        return RC_CONFLICT;
    }
    if (world->claim_rc != RC_OK) {
        ret_outcome->state = DELIVERY_PENDING;
        return world->claim_rc;
    }
    world->our_count = reading->evidence.count + 1;
    world->before_fen = reading->evidence.balance_fen;
    world->state = DELIVERY_SENDING;
    if (world->claim_reply_lost) {
        return RC_UNKNOWN;
    }
    *ret_frame = (struct delivery_frame){world->our_count, AMOUNT};
    ret_outcome->state = DELIVERY_SENDING;
    return RC_OK;
}

static enum rc take_over(void *context, int64_t id)
{
    (void)id;
    return ((struct world *)context)->take_over_rc;
}

static enum rc resume(void *context, int64_t id)
{
    struct world *world = context;
    (void)id;
    if (world->state != DELIVERY_HOLD) {
        return RC_CONFLICT;
    }
    world->state = DELIVERY_SENDING;
    world->once_more = true;
    return RC_OK;
}

static enum rc mark_sent(void *context, int64_t id, struct delivery_frame *ret_frame,
                         struct delivery_outcome *ret_outcome)
{
    struct world *world = context;
    (void)id;
    if (world->mark_rc != RC_OK) {
        return world->mark_rc;
    }
    world->sends++;
    world->once_more = false;
    *ret_frame =
        (struct delivery_frame){world->our_count, world->state == DELIVERY_FENCING ? 0 : AMOUNT};
    ret_outcome->state = world->state;
    return RC_OK;
}

static enum rc judge(void *context, int64_t id, const struct delivery_reading *reading,
                     enum readback_verdict *ret_verdict, struct delivery_outcome *ret_outcome)
{
    struct world *world = context;
    (void)id;
    world->judges++;
    if (world->state != DELIVERY_SENDING && world->state != DELIVERY_FENCING) {
        return RC_CONFLICT;
    }
    if (world->judge_rc != RC_OK) {
        return world->judge_rc;
    }
    struct readback_facts facts = {.our_count = world->our_count,
                                   .amount_fen = AMOUNT,
                                   .before_fen = world->before_fen,
                                   .tolerance_fen = 5,
                                   .count = reading->evidence.count,
                                   .balance_fen = reading->evidence.balance_fen,
                                   .refuses_repeat = true};
    bool fence = world->state == DELIVERY_FENCING;
    *ret_verdict = fence ? readback_judge_fence(&facts) : readback_judge(&facts);
    static const enum delivery_state states[READBACK_VERDICT__MAX] = {
        [READBACK_APPLIED] = DELIVERY_CONFIRMED,
        [READBACK_FENCED] = DELIVERY_FENCED,
        [READBACK_PERSON] = DELIVERY_MANUAL,
        [READBACK_FREEZE] = DELIVERY_MANUAL,
    };
    if (*ret_verdict != READBACK_RESEND) {
        world->state = states[*ret_verdict];
    } else if (world->sends >= 5 && !world->once_more) {
        world->state = DELIVERY_HOLD;
    }
    ret_outcome->state = world->state;
    return world->judge_reply_lost && world->state == DELIVERY_CONFIRMED ? RC_UNKNOWN : RC_OK;
}

static enum rc note_wait(void *context, int64_t id, const char *wait_code)
{
    struct world *world = context;
    (void)id;
    text_copy(world->waits, sizeof(world->waits), wait_code);
    return RC_OK;
}

static bool is_silent(struct world *world)
{
    if (world->silent_reads > 0) {
        world->silent_reads--;
        return true;
    }
    return false;
}

static enum rc read_serial(void *context, char serial_number[SERIAL_NUMBER_MAX],
                           struct device_event *event)
{
    struct world *world = context;
    (void)event;
    world->serial_reads++;
    if (is_silent(world)) {
        return RC_TIMEOUT;
    }
    text_copy(serial_number, SERIAL_NUMBER_MAX, world->serial_number);
    return RC_OK;
}

static enum rc read_identity(void *context, struct device_identity *identity,
                             struct device_event *event)
{
    struct world *world = context;
    *identity = (struct device_identity){.model_matches = true, .encrypted = world->encrypted};
    return read_serial(context, identity->serial_number, event);
}

static enum rc read_fast(void *context, struct reading *reading, struct device_event *event)
{
    static const enum point zeros[] = {POINT_energy, POINT_energy_sharp, POINT_energy_peak,
                                       POINT_energy_flat, POINT_energy_valley};
    struct world *world = context;
    (void)event;
    world->block_reads++;
    if (is_silent(world)) {
        return RC_TIMEOUT;
    }
    for (size_t i = 0; i < ARRAY_LEN(zeros); i++) {
        reading_set(reading, zeros[i], 1000);
    }
    reading_set(reading, POINT_balance, world->balance_fen);
    reading_set(reading, POINT_purchase_count, world->count);
    reading_set(reading, POINT_status_bits, 0xE000);
    return RC_OK;
}

static enum rc read_prices(void *context, struct reading *reading, struct device_event *event)
{
    (void)context;
    (void)event;
    reading_set(reading, POINT_price_sharp, 10000);
    reading_set(reading, POINT_price_peak, 10000);
    reading_set(reading, POINT_price_flat, 10000);
    reading_set(reading, POINT_price_valley, 10000);
    return RC_OK;
}

static void arrive(struct world *world, int64_t count, int64_t amount_fen)
{
    if (!world->refuses && count == world->count + 1) {
        world->count = count;
        world->balance_fen += amount_fen;
        world->credits += amount_fen > 0;
    }
}

static enum rc write_frame(void *context, const struct delivery_frame *frame,
                           struct device_event *event)
{
    struct world *world = context;
    event->write_left = world->write_fault != WRITE_NO_LINK;
    switch (world->write_fault) {
    case WRITE_FINE:
        arrive(world, frame->count, frame->amount_fen);
        return RC_OK;
    case WRITE_REPLY_LOST:
        arrive(world, frame->count, frame->amount_fen);
        return RC_UNKNOWN;
    case WRITE_LATE:
        world->has_late = true;
        world->late_count = frame->count;
        world->late_amount_fen = frame->amount_fen;
        return RC_UNKNOWN;
    case WRITE_NO_LINK:
        return RC_UNAVAILABLE;
    default:
        return RC_UNKNOWN;
    }
}

static int64_t now(void *context)
{
    return ((struct world *)context)->now_ms;
}

static bool stopping(void *context)
{
    return ((struct world *)context)->stopping;
}

static struct world fresh(void)
{
    return (struct world){.serial_number = "202600000001",
                          .count = 7,
                          .balance_fen = 1200,
                          .state = DELIVERY_PENDING};
}

static struct delivery_report step(struct world *world)
{
    struct delivery_ports ports = {.context = world,
                                   .claim = claim,
                                   .take_over = take_over,
                                   .resume = resume,
                                   .mark_sent = mark_sent,
                                   .judge = judge,
                                   .note_wait = note_wait,
                                   .read_identity = read_identity,
                                   .read_serial = read_serial,
                                   .read_fast = read_fast,
                                   .read_prices = read_prices,
                                   .write = write_frame,
                                   .now_ms = now,
                                   .stopping = stopping};
    struct delivery_meter meter = {.model = &dtsy, .is_known = !world->encrypted};
    struct delivery_look look = {
        .id = 1, .state = world->state, .has_count = world->our_count != 0};
    struct delivery_report report;
    delivery_run(&ports, &meter, &look, true, &report);
    return report;
}

/* Steps until it ends or waits; at most `most`. */
static struct delivery_report settle(struct world *world, int most)
{
    struct delivery_report report = step(world);
    for (int i = 1; i < most && report.step == DELIVERY_STEP_AGAIN; i++) {
        world->now_ms += 10000;
        report = step(world);
    }
    return report;
}

static void assert_once(const struct world *world)
{
    assert_int_equal(world->state, DELIVERY_CONFIRMED);
    assert_int_equal(world->credits, 1);
    assert_int_equal(world->balance_fen, 1200 + AMOUNT);
}

static void test_plain(void **state)
{
    (void)state;
    struct world world = fresh();
    struct delivery_report report = step(&world);
    assert_int_equal(report.step, DELIVERY_STEP_ENDED);
    assert_true(report.sent && report.has_reading && report.answered);
    assert_once(&world);
    assert_int_equal(world.serial_reads, 1); /* the read-back follows at once */
    assert_int_equal(world.block_reads, 2);
}

static void test_each_write_fault_ends_applied_once(void **state)
{
    (void)state;
    for (int fault = WRITE_LOST; fault <= WRITE_NO_LINK; fault++) {
        struct world world = fresh();
        world.write_fault = (enum write_fault)fault;
        struct delivery_report report = step(&world);
        assert_int_equal(report.step, DELIVERY_STEP_AGAIN);
        assert_true(report.soon);
        world.write_fault = WRITE_FINE;
        report = settle(&world, 5);
        assert_int_equal(report.step, DELIVERY_STEP_ENDED);
        assert_once(&world);
        assert_true(world.serial_reads >= 2); /* asked again who is there */
        if (world.has_late) {                 /* the late frame arrives after all */
            arrive(&world, world.late_count, world.late_amount_fen);
        }
        assert_once(&world);
    }
}

static void test_a_late_frame_before_the_resend(void **state)
{
    (void)state;
    struct world world = fresh();
    world.write_fault = WRITE_LATE;
    assert_int_equal(step(&world).step, DELIVERY_STEP_AGAIN);
    arrive(&world, world.late_count, world.late_amount_fen);
    world.write_fault = WRITE_FINE;
    assert_int_equal(step(&world).step, DELIVERY_STEP_ENDED);
    assert_once(&world);
    assert_int_equal(world.sends, 1);
}

static void test_a_silent_meter_is_never_claimed(void **state)
{
    (void)state;
    struct world world = fresh();
    world.silent_reads = 2 * DELIVERY_READ_TRIES;
    struct delivery_report report = step(&world);
    assert_int_equal(report.step, DELIVERY_STEP_AGAIN);
    assert_false(report.answered);
    assert_int_equal(world.claims, 0);
    world.silent_reads = 1; /* one lost answer is asked again within the step */
    assert_int_equal(step(&world).step, DELIVERY_STEP_ENDED);
    assert_once(&world);
}

static void test_silence_after_the_frame_is_a_state(void **state)
{
    (void)state;
    struct world world = fresh();
    world.write_fault = WRITE_REPLY_LOST;
    assert_int_equal(step(&world).step, DELIVERY_STEP_AGAIN);
    for (int i = 0; i < 20; i++) {
        world.silent_reads = 100;
        assert_int_equal(step(&world).step, DELIVERY_STEP_AGAIN);
        assert_int_equal(world.state, DELIVERY_SENDING);
    }
    world.silent_reads = 0;
    assert_int_equal(step(&world).step, DELIVERY_STEP_ENDED);
    assert_once(&world);
    assert_int_equal(world.sends, 1);
}

static void test_a_lost_commit_answer_is_looked_up(void **state)
{
    (void)state;
    struct world world = fresh();
    world.claim_reply_lost = true;
    assert_int_equal(step(&world).step, DELIVERY_STEP_AGAIN);
    assert_int_equal(world.sends, 0); /* no frame without a known count */
    world.judge_reply_lost = true;
    assert_int_equal(step(&world).step, DELIVERY_STEP_AGAIN);
    assert_once(&world);
    assert_int_equal(step(&world).step, DELIVERY_STEP_GONE); /* it had been done */
    assert_int_equal(world.sends, 1);
}

static void test_books_that_say_no(void **state)
{
    (void)state;
    static const struct {
        enum rc rc;
        enum delivery_step step;
    } rows[] = {{RC_REFUSED, DELIVERY_STEP_WAITS},
                {RC_CONFLICT, DELIVERY_STEP_GONE},
                {RC_NOT_FOUND, DELIVERY_STEP_GONE},
                {RC_UNAVAILABLE, DELIVERY_STEP_AGAIN},
                {RC_RETRY, DELIVERY_STEP_AGAIN}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct world world = fresh();
        world.claim_rc = rows[i].rc;
        assert_int_equal(step(&world).step, rows[i].step);
        world = fresh();
        world.mark_rc = rows[i].rc;
        assert_int_equal(step(&world).step, rows[i].step);
        assert_int_equal(world.sends + world.credits, 0);
        world = fresh();
        world.judge_rc = rows[i].rc;
        assert_int_equal(step(&world).step, rows[i].step);
        assert_int_equal(world.credits, 1);
        world = fresh();
        world.our_count = 8;
        world.state = DELIVERY_SENDING;
        world.take_over_rc = rows[i].rc;
    }
}

static void test_the_end_of_the_program_sends_nothing(void **state)
{
    (void)state;
    struct world world = fresh();
    world.stopping = true;
    assert_int_equal(step(&world).step, DELIVERY_STEP_AGAIN);
    assert_int_equal(world.claims + world.serial_reads, 0);
}

static void test_a_meter_that_refuses_is_held(void **state)
{
    (void)state;
    struct world world = fresh();
    world.refuses = true;
    struct delivery_report report = settle(&world, 20);
    assert_int_equal(report.step, DELIVERY_STEP_WAITS);
    assert_int_equal(world.state, DELIVERY_HOLD);
    assert_int_equal(world.sends, 5);
    world.refuses = false;
    report = settle(&world, 3); /* room again */
    assert_int_equal(report.step, DELIVERY_STEP_ENDED);
    assert_once(&world);
}

static void test_torn_meters_go_to_a_person(void **state)
{
    (void)state;
    struct world world = fresh();
    world.write_fault = WRITE_LOST;
    (void)step(&world);
    world.count++; /* count without money */
    assert_int_equal(step(&world).step, DELIVERY_STEP_WAITS);
    assert_int_equal(world.state, DELIVERY_MANUAL);
    world = fresh();
    world.write_fault = WRITE_LOST;
    (void)step(&world);
    world.balance_fen += AMOUNT; /* money without count */
    assert_int_equal(step(&world).step, DELIVERY_STEP_WAITS);
    assert_int_equal(world.state, DELIVERY_MANUAL);
}

static void test_the_fence(void **state)
{
    (void)state;
    struct world world = fresh(); /* the zero purchase is first */
    world.write_fault = WRITE_LATE;
    (void)step(&world);
    world.state = DELIVERY_FENCING;
    world.write_fault = WRITE_FINE;
    assert_int_equal(step(&world).step, DELIVERY_STEP_ENDED);
    assert_int_equal(world.state, DELIVERY_FENCED);
    arrive(&world, world.late_count, world.late_amount_fen);
    assert_int_equal(world.credits, 0);
    world = fresh(); /* the real frame is first */
    world.write_fault = WRITE_LATE;
    (void)step(&world);
    world.state = DELIVERY_FENCING;
    world.write_fault = WRITE_LOST;
    (void)step(&world);
    arrive(&world, world.late_count, world.late_amount_fen);
    assert_int_equal(step(&world).step, DELIVERY_STEP_ENDED);
    assert_once(&world);
}

static void test_an_enciphered_meter_waits(void **state)
{
    (void)state;
    struct world world = fresh();
    world.encrypted = true;
    assert_int_equal(step(&world).step, DELIVERY_STEP_WAITS);
    assert_string_equal(world.waits, "encrypted");
    assert_int_equal(world.claims, 0);
}

static void test_power(void **state)
{
    (void)state;
    struct reading reading = {.present = 0};
    reading_set(&reading, POINT_status_bits, 0xE000);
    assert_true(delivery_has_power(&dtsy, false, &reading));
    assert_false(delivery_has_power(&dtsy, true, &reading)); /* an order, no proof */
    reading_set(&reading, POINT_current_b, DELIVERY_CURRENT_MIN_MA + 1);
    assert_true(delivery_has_power(&dtsy, true, &reading));
    reading_set(&reading, POINT_current_b, DELIVERY_CURRENT_MIN_MA);
    reading_set(&reading, POINT_status_bits, 0);
    assert_false(delivery_has_power(&dtsy, false, &reading));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain),
        cmocka_unit_test(test_each_write_fault_ends_applied_once),
        cmocka_unit_test(test_a_late_frame_before_the_resend),
        cmocka_unit_test(test_a_silent_meter_is_never_claimed),
        cmocka_unit_test(test_silence_after_the_frame_is_a_state),
        cmocka_unit_test(test_a_lost_commit_answer_is_looked_up),
        cmocka_unit_test(test_books_that_say_no),
        cmocka_unit_test(test_the_end_of_the_program_sends_nothing),
        cmocka_unit_test(test_a_meter_that_refuses_is_held),
        cmocka_unit_test(test_torn_meters_go_to_a_person),
        cmocka_unit_test(test_the_fence),
        cmocka_unit_test(test_an_enciphered_meter_waits),
        cmocka_unit_test(test_power),
    };
    return cmocka_run_group_tests(tests, load, NULL);
}
