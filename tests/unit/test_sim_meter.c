/* Behaviour of the simulated meter: money, relays, purchases, frames. Time is given, nothing waits.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "sim/field/answer.h"
#include "sim/field/registers.h"
#include "sim/field/wire.h"

#define NOON_MS 1795406400000 /* 2026-11-23 12:00 in Shanghai is 04:00 UTC */
#define MINUTE_MS 60000

struct bench {
    struct meter meter;
    struct meter_time time;
};

static void bench_init(struct bench *bench, enum park_model model, bool external)
{
    struct park_meter park = {.number = "T1",
                              .address = 1,
                              .model = model,
                              .serial_number = "230900001234",
                              .ct_ratio = 1,
                              .pt_ratio = 1,
                              .external_control = external,
                              .trade = PARK_DINING,
                              .state = PARK_OPEN,
                              .area_dm2 = 1500};
    bench->time = (struct meter_time){
        .now_ms = NOON_MS, .zone_offset_ms = 8 * 3600000, .speed = 1, .relay_travel_ms = 300};
    meter_init(&bench->meter, &park, 1, &bench->time);
    bench->meter.balance_fen = 10000;
    bench->meter.count = 4;
    bench->meter.load_override_w = 6000;
    bench->meter.alarm_fen[0] = 5000;
    bench->meter.alarm_fen[1] = 2000;
    meter_decide(&bench->meter, &bench->time);
}

static void pass(struct bench *bench, int64_t ms)
{
    bench->time.now_ms += ms;
    meter_advance(&bench->meter, &bench->time);
}

/* Sends a golden frame (with CRC), checks its CRC, returns the answer's length without CRC. */
static size_t ask(struct bench *bench, const uint8_t *frame, size_t len, uint8_t *answer)
{
    assert_true(wire_is_sealed(frame, len));
    return answer_request(&bench->meter, &bench->time, frame, len - 2, false, answer);
}

static unsigned reg(const struct bench *bench, uint16_t at)
{
    uint8_t bytes[2];
    assert_int_equal(registers_read(&bench->meter, &bench->time, at, 1, bytes), RC_OK);
    return (unsigned)bytes[0] << 8 | bytes[1];
}

static void money_falls_exactly(void **state)
{
    (void)state;
    struct bench b;
    bench_init(&b, PARK_DTSY1352, false);
    memset(b.meter.energy_mj, 0, sizeof b.meter.energy_mj);
    b.meter.price_e4[2] = 7120;
    for (int i = 0; i < 3600; i++) { /* 11:00 to 18:00 is flat: 6 kWh at 0.7120 */
        pass(&b, 1000);
    }
    assert_int_equal(b.meter.energy_mj[2], 6000ll * METER_MJ_PER_WH);
    assert_int_equal(b.meter.balance_fen, 10000 - 427); /* 427.2 fen, the rest is kept */
    assert_int_equal(b.meter.charge_rest, 360000000000 / 5);
    assert_int_equal(reg(&b, 0x0216), 600);
    meter_release(&b.meter);
}

static void steps_do_not_matter(void **state)
{
    (void)state;
    struct bench one;
    struct bench many;
    bench_init(&one, PARK_DTSY1352, false);
    bench_init(&many, PARK_DTSY1352, false);
    one.meter.load_override_w = many.meter.load_override_w = -1;
    pass(&one, 3 * 3600000);
    for (int64_t ms = 0; ms < 3 * 3600000; ms += 5000) {
        pass(&many, 5000);
    }
    assert_int_equal(one.meter.balance_fen, many.meter.balance_fen);
    assert_int_equal(one.meter.charge_rest, many.meter.charge_rest);
    assert_memory_equal(one.meter.energy_mj, many.meter.energy_mj, sizeof one.meter.energy_mj);
    meter_release(&one.meter);
    meter_release(&many.meter);
}

static void rates_follow_the_day_table(void **state)
{
    (void)state;
    struct bench b;
    bench_init(&b, PARK_DTSY1352, false);
    const int64_t midnight_ms = NOON_MS + 12 * 3600000ll + 8 * 3600000ll;
    assert_int_equal(meter_rate(&b.meter, midnight_ms), 3);
    assert_int_equal(meter_rate(&b.meter, midnight_ms + 6 * 3600000ll), 2);
    assert_int_equal(meter_rate(&b.meter, midnight_ms + 8 * 3600000ll - 1), 2);
    assert_int_equal(meter_rate(&b.meter, midnight_ms + 8 * 3600000ll), 1);
    assert_int_equal(meter_rate(&b.meter, midnight_ms + 19 * 3600000ll), 0);
    assert_int_equal(meter_rate(&b.meter, midnight_ms + 23 * 3600000ll), 3);
    meter_release(&b.meter);
}

static void opens_at_zero_and_closes_after_a_purchase(void **state)
{
    (void)state;
    struct bench b;
    bench_init(&b, PARK_DTSY1352, false);
    assert_int_equal(reg(&b, 0x0224), 0xE000);
    b.meter.balance_fen = 4999;
    assert_int_equal(reg(&b, 0x0224) & 0xFF, 0x40);
    b.meter.balance_fen = 2000;
    assert_int_equal(reg(&b, 0x0224) & 0xFF, 0xC0);
    b.meter.balance_fen = 1;
    for (int i = 0; i < 60 && b.meter.balance_fen > 0; i++) {
        pass(&b, 1000);
    }
    assert_int_equal(reg(&b, 0x0224), 0xE0E0); /* ordered, still travelling */
    pass(&b, 299);
    assert_int_equal(reg(&b, 0x0224), 0xE0E0);
    pass(&b, 1);
    assert_int_equal(reg(&b, 0x0224), 0x00E0);
    assert_int_equal(reg(&b, 0x0225), 0x0008);
    int64_t left_fen = b.meter.balance_fen;
    pass(&b, 10 * MINUTE_MS);
    assert_int_equal(b.meter.balance_fen, left_fen);
    assert_int_equal(meter_purchase(&b.meter, 10000, 5, false, &b.time), METER_CREDITED);
    pass(&b, 300);
    assert_int_equal(reg(&b, 0x0224), 0xE000);
    assert_int_equal(reg(&b, 0x0225), 0x000F);
    meter_release(&b.meter);
}

static void overdraft_delays_the_cut(void **state)
{
    (void)state;
    struct bench b;
    bench_init(&b, PARK_DTSY1352, false);
    b.meter.overdraft_fen = 500;
    b.meter.balance_fen = -499;
    pass(&b, 1000);
    assert_true(b.meter.relays[0].closed);
    b.meter.balance_fen = -500;
    pass(&b, 300);
    assert_false(b.meter.relays[0].closed);
    meter_release(&b.meter);
}

static void golden_trip_close_automatic(void **state)
{
    (void)state;
    static const uint8_t trip[] = {0x01, 0x10, 0x00, 0x57, 0x00, 0x02, 0x04,
                                   0x00, 0x01, 0x00, 0x01, 0x27, 0x75};
    static const uint8_t close_[] = {0x01, 0x10, 0x00, 0x57, 0x00, 0x02, 0x04,
                                     0x00, 0x01, 0x00, 0x00, 0xE6, 0xB5};
    static const uint8_t automatic[] = {0x01, 0x10, 0x00, 0x57, 0x00, 0x02, 0x04,
                                        0x00, 0x00, 0x00, 0x00, 0xB7, 0x75};
    struct bench b;
    uint8_t answer[ANSWER_MAX];
    bench_init(&b, PARK_DTSY1352, false);
    assert_int_equal(ask(&b, trip, sizeof trip, answer), 6);
    assert_memory_equal(answer, trip, 6);
    assert_int_equal(reg(&b, 0x0057), 1);
    assert_int_equal(reg(&b, 0x0058), 1);
    assert_int_equal(reg(&b, 0x0224), 0xE008);
    pass(&b, 300);
    assert_int_equal(reg(&b, 0x0224), 0x0008);
    assert_int_equal(reg(&b, 0x0204), 0);
    b.meter.balance_fen = -100; /* keep-on passes arrears */
    assert_int_equal(ask(&b, close_, sizeof close_, answer), 6);
    pass(&b, 300);
    assert_int_equal(reg(&b, 0x0224), 0xE0EF);
    assert_int_equal(ask(&b, automatic, sizeof automatic, answer), 6);
    pass(&b, 300);
    assert_int_equal(reg(&b, 0x0057), 0);
    assert_int_equal(reg(&b, 0x0224), 0x00E0);
    meter_release(&b.meter);
}

static void golden_poll(void **state)
{
    (void)state;
    static const uint8_t poll[] = {0x01, 0x03, 0x02, 0x00, 0x00, 0x30, 0x44, 0x66};
    struct bench b;
    uint8_t answer[ANSWER_MAX];
    bench_init(&b, PARK_DTSY1352, false);
    assert_int_equal(ask(&b, poll, sizeof poll, answer) + 2, 101);
    assert_int_equal(answer[2], 96);
    assert_int_equal(reg(&b, 0x0200), 5);
    assert_int_equal(reg(&b, 0x0220), 10000);
    assert_int_equal(reg(&b, 0x0221), 4);
    assert_int_equal(reg(&b, 0x0228), 26 << 8 | 11);
    assert_int_equal(reg(&b, 0x0229), 23 << 8 | 1);
    assert_int_equal(reg(&b, 0x022A), 12 << 8);
    assert_in_range(reg(&b, 0x020A), 5990, 6000);
    assert_int_equal(reg(&b, 0x0043), 0x2309);
    assert_int_equal(reg(&b, 0x0045), 0x1234);
    b.meter.balance_fen = -250;
    assert_int_equal(reg(&b, 0x021F), 0xFFFF);
    assert_int_equal(reg(&b, 0x0220), 0xFF06);
    meter_release(&b.meter);
}

static void golden_purchase(void **state)
{
    (void)state;
    static const uint8_t buy[] = {0x07, 0x20, 0x01, 0x00, 0x00, 0x04, 0x08, 0x00, 0x00,
                                  0x27, 0x10, 0x00, 0x05, 0x00, 0x00, 0xD5, 0xDC};
    struct bench b;
    uint8_t answer[ANSWER_MAX];
    bench_init(&b, PARK_DTSY1352, false);
    assert_int_equal(ask(&b, buy, sizeof buy, answer) + 2, 15);
    assert_int_equal(b.meter.count, 5);
    assert_int_equal(b.meter.balance_fen, 20000);
    assert_int_equal(ask(&b, buy, sizeof buy, answer) + 2, 15);
    assert_int_equal(answer[6], METER_REPEAT);
    assert_int_equal(b.meter.balance_fen, 20000);
    assert_int_equal(meter_credits(&b.meter), 1);
    meter_release(&b.meter);
}

static void count_rule(void **state)
{
    (void)state;
    struct bench b;
    bench_init(&b, PARK_DTSY1352, false);
    assert_int_equal(meter_purchase(&b.meter, 100, 6, false, &b.time), METER_COUNT_WRONG);
    assert_int_equal(meter_purchase(&b.meter, 100, 3, false, &b.time), METER_COUNT_WRONG);
    assert_int_equal(meter_purchase(&b.meter, 100, 4, false, &b.time), METER_REPEAT);
    b.meter.hoard_fen = 10050;
    assert_int_equal(meter_purchase(&b.meter, 100, 5, false, &b.time), METER_OVER_HOARD);
    assert_int_equal(b.meter.count, 4);
    assert_int_equal(meter_purchase(&b.meter, 0, 5, false, &b.time), METER_CREDITED);
    assert_int_equal(b.meter.count, 5);
    b.meter.capabilities &= ~METER_ZERO_PURCHASE;
    assert_int_equal(meter_purchase(&b.meter, 0, 6, false, &b.time), METER_ZERO_REFUSED);
    assert_int_equal(b.meter.count, 5);
    b.meter.count = 65535;
    assert_int_equal(meter_purchase(&b.meter, 0, 0, false, &b.time), METER_ZERO_REFUSED);
    assert_int_equal(meter_purchase(&b.meter, 1, 0, false, &b.time), METER_CREDITED);
    b.meter.capabilities &= ~(METER_GAP_REFUSED | METER_REPEAT_REFUSED);
    assert_int_equal(meter_purchase(&b.meter, 7, 900, false, &b.time), METER_CREDITED);
    assert_int_equal(meter_purchase(&b.meter, 7, 900, false, &b.time), METER_CREDITED);
    assert_int_equal(b.meter.applied[b.meter.applied_len - 1].times, 2);
    meter_release(&b.meter);
}

static void power_cut_loses_the_count(void **state)
{
    (void)state;
    static const uint8_t buy[] = {0x01, 0x20, 0x01, 0x00, 0x00, 0x04, 0x08, 0x00,
                                  0x00, 0x27, 0x10, 0x00, 0x05, 0x00, 0x00};
    static const uint8_t poll[] = {0x01, 0x03, 0x02, 0x00, 0x00, 0x30};
    struct bench b;
    uint8_t answer[ANSWER_MAX];
    bench_init(&b, PARK_DTSY1352, false);
    assert_int_equal(answer_request(&b.meter, &b.time, buy, sizeof buy, true, answer), 0);
    assert_int_equal(b.meter.balance_fen, 20000);
    assert_int_equal(b.meter.count, 4);
    assert_int_equal(answer_request(&b.meter, &b.time, poll, sizeof poll, false, answer), 0);
    b.time.now_ms += METER_RESTART_MS;
    assert_int_equal(answer_request(&b.meter, &b.time, poll, sizeof poll, false, answer), 99);
    meter_release(&b.meter);
}

static void external_breaker_needs_a_hand(void **state)
{
    (void)state;
    struct bench b;
    bench_init(&b, PARK_DTSY1352, true);
    assert_int_equal(reg(&b, 0x0022) & 8, 8);
    meter_force(&b.meter, METER_ALL_PHASES, true, true, &b.time);
    pass(&b, 300);
    assert_int_equal(reg(&b, 0x0224) & 0xE000, 0);
    assert_true(b.meter.breaker_closed); /* the bits show the order, current still flows */
    assert_int_not_equal(reg(&b, 0x0204), 0);
    pass(&b, METER_SHUNT_MS);
    assert_false(b.meter.breaker_closed);
    assert_int_equal(reg(&b, 0x0204), 0);
    assert_int_equal(meter_hand_close(&b.meter, &b.time), RC_REFUSED);
    meter_force(&b.meter, METER_ALL_PHASES, false, false, &b.time);
    pass(&b, 300);
    assert_int_equal(reg(&b, 0x0224) & 0xE000, 0xE000);
    assert_false(b.meter.breaker_closed);
    assert_int_equal(meter_hand_close(&b.meter, &b.time), RC_OK);
    assert_int_not_equal(reg(&b, 0x0204), 0);
    meter_release(&b.meter);
}

static void parameters_clock_and_phases(void **state)
{
    (void)state;
    struct bench b;
    uint8_t answer[ANSWER_MAX];
    bench_init(&b, PARK_DTSY1352, false);
    uint8_t parameters[67] = {0x01, 0x20, 0x02, 0x00, 0x00, 30, 60};
    uint8_t *data = parameters + 7;
    data[2] = 1; /* balance -1.00 */
    memset(data + 3, 0xFF, 3);
    data[6] = 0x9C;
    data[7] = 1; /* count 9 */
    data[9] = 9;
    data[46] = 1; /* overdraft 3.00 */
    data[49] = 1;
    data[50] = 0x2C;
    assert_int_equal(
        answer_request(&b.meter, &b.time, parameters, sizeof parameters, false, answer), 13);
    assert_int_equal(b.meter.balance_fen, -100);
    assert_int_equal(b.meter.count, 9);
    assert_int_equal(b.meter.overdraft_fen, 300);
    assert_int_equal(b.meter.alarm_fen[0], 5000);
    assert_int_equal(b.meter.fee_control, 1);
    uint8_t clock[] = {0x01, 0x20, 0x03, 0x54, 0x00, 5, 10, 30, 15, 14, 3, 24, 12, 25, 0, 0, 0};
    assert_int_equal(answer_request(&b.meter, &b.time, clock, sizeof clock, false, answer), 13);
    assert_int_equal(reg(&b, 0x0228), 25 << 8 | 12);
    assert_int_equal(reg(&b, 0x022A), 14 << 8 | 15);
    uint8_t phases[] = {0x01, 0x20, 0x05, 0x00, 0x00, 5, 10, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0};
    assert_int_equal(answer_request(&b.meter, &b.time, phases, sizeof phases, false, answer), 13);
    pass(&b, 300);
    assert_int_equal(reg(&b, 0x0224) & 0xE00F, 0xC008);
    meter_release(&b.meter);
}

static void exceptions(void **state)
{
    (void)state;
    static const struct {
        uint8_t bytes[16];
        size_t len;
        uint8_t exception;
    } cases[] = {
        {{1, 0x04, 0, 0, 0, 2}, 6, ANSWER_ILLEGAL_FUNCTION},
        {{1, 0xAA & 0x7F, 0, 0, 0, 2}, 6, ANSWER_ILLEGAL_FUNCTION},
        {{1, 0x03, 0x02, 0x30, 0, 2}, 6, ANSWER_ILLEGAL_ADDRESS},
        {{1, 0x03, 0x02, 0x00, 0, 49}, 6, ANSWER_ILLEGAL_ADDRESS},
        {{1, 0x03, 0x02, 0x00, 0, 0}, 6, ANSWER_ILLEGAL_VALUE},
        {{1, 0x03, 0x02, 0x00, 0, 126}, 6, ANSWER_ILLEGAL_VALUE},
        {{1, 0x03, 0x04, 0x19, 0, 2}, 6, ANSWER_ILLEGAL_ADDRESS},
        {{1, 0x10, 0, 0x57, 0, 2, 4, 0, 2, 0, 0}, 11, ANSWER_ILLEGAL_VALUE},
        {{1, 0x10, 0, 0x57, 0, 2, 3, 0, 1, 0}, 10, ANSWER_ILLEGAL_VALUE},
        {{1, 0x10, 0x02, 0x1F, 0, 2, 4, 0, 1, 0, 0}, 11, ANSWER_ILLEGAL_ADDRESS},
        {{1, 0x20, 0x01, 0x01, 0, 1, 2, 0, 0}, 9, ANSWER_ILLEGAL_ADDRESS},
        {{1, 0x20, 0x01, 0x00, 0, 1, 2, 0, 0}, 9, ANSWER_ILLEGAL_VALUE},
        {{1, 0x20, 0x01}, 3, ANSWER_ILLEGAL_VALUE},
    };
    struct bench b;
    uint8_t answer[ANSWER_MAX];
    bench_init(&b, PARK_DTSY1352, false);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_int_equal(
            answer_request(&b.meter, &b.time, cases[i].bytes, cases[i].len, false, answer), 3);
        assert_int_equal(answer[1], cases[i].bytes[1] | 0x80);
        assert_int_equal(answer[2], cases[i].exception);
    }
    assert_int_equal(b.meter.forced_enable, 0);
    b.meter.capabilities |= METER_LAST_AMOUNT;
    assert_int_equal(reg(&b, 0x0419), 0);
    meter_release(&b.meter);
}

static void single_phase_traits(void **state)
{
    (void)state;
    struct bench b;
    bench_init(&b, PARK_DDSY1352, false);
    assert_int_equal(reg(&b, 0x0200), 7);
    assert_int_equal(reg(&b, 0x0224), 0x2000);
    assert_int_equal(reg(&b, 0x0202), 0);
    assert_int_equal(reg(&b, 0x2000), 0x0101); /* zones stand where DTSY has its day table */
    assert_int_equal(reg(&b, 0x0022) & 0x40, 0x40);
    meter_release(&b.meter);
}

static void ratios_show_secondary_values(void **state)
{
    (void)state;
    struct bench b;
    bench_init(&b, PARK_DTSY1352, true);
    b.meter.park.ct_ratio = 40;
    b.meter.load_override_w = 80000;
    pass(&b, 1000);
    assert_in_range(reg(&b, 0x020A), 1990, 2000);
    assert_int_equal(reg(&b, 0x0214), 40);
    meter_release(&b.meter);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(money_falls_exactly),
        cmocka_unit_test(steps_do_not_matter),
        cmocka_unit_test(rates_follow_the_day_table),
        cmocka_unit_test(opens_at_zero_and_closes_after_a_purchase),
        cmocka_unit_test(overdraft_delays_the_cut),
        cmocka_unit_test(golden_trip_close_automatic),
        cmocka_unit_test(golden_poll),
        cmocka_unit_test(golden_purchase),
        cmocka_unit_test(count_rule),
        cmocka_unit_test(power_cut_loses_the_count),
        cmocka_unit_test(external_breaker_needs_a_hand),
        cmocka_unit_test(parameters_clock_and_phases),
        cmocka_unit_test(exceptions),
        cmocka_unit_test(single_phase_traits),
        cmocka_unit_test(ratios_show_secondary_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
