/* Decoding: one whole DTSY1352 answer whose bytes and values were worked out by hand from
 * meters.md 1.1. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/clock.h"
#include "core/rules/decode.h"
#include "poller/models_check.h"

static struct model dtsy;

static int load(void **state)
{
    (void)state;
    char error[MODELS_ERROR_MAX];
    enum rc rc =
        models_load_file(PW_SOURCE_DIR "/poller/models/acrel-dtsy1352.json", &dtsy, NULL, error);
    if (rc != RC_OK) {
        print_error("%s\n", error);
    }
    return rc == RC_OK ? 0 : -1;
}

/* Registers 0x0200 .. 0x022F. */
static const uint16_t block_0200[48] = {
    5,                              /* DTSY1352 */
    2203,   2198,   2211,           /* 220.3 V, 219.8 V, 221.1 V */
    1250,   1,      65535,          /* 12.50 A, 0.01 A, 655.35 A */
    2700,   0,      0xFFFF, 2699,   /* 2.700 kW, 0, -0.001 kW, 2.699 kW */
    0xFF38, 1,      2,      0x8000, /* -0.200, 0.001, 0.002, -32.768 kvar */
    998,    1000,   0xFC18, 950,    /* 0.998, 1, -1, 0.950 */
    1,      60,                     /* PT, CT */
    0x0001, 0xE240,                 /* 123456 -> 1234.56 kWh */
    0x0000, 0x0064,                 /* 1.00 */
    0x0000, 0x1388,                 /* 50.00 */
    0xFFFF, 0xFFFF,                 /* 42949672.95 kWh: unsigned */
    0x0000, 0x0000,                 /* 0 */
    0xFFFF, 0xFF9C,                 /* -1.00 yuan: in arrears */
    17,                             /* purchases */
    2,      5,                      /* load control */
    0xE1F7,         /* closed, fault, over-limit, arrears, alarms 1, 2; not forced */
    0x0888,         /* load, fee and time control on */
    0x0000, 0x000A, /* base 0.10 kWh */
    0x1A0B, 0x1700, 0x0A3B, 0x1E12, /* 2026-11, day 23 Sunday, 10:59, :30; demand's high byte 12 */
    0x3405, 0x0B16, 0x0B00, 0x0000, /* demand's low byte 34, at 5 min 11 h, day 22, month 11 */
};

static int64_t value_of(const struct reading *reading, enum point point)
{
    int64_t value = INT64_MIN;
    if (!reading_get(reading, point, &value)) {
        fail_msg("%s is not there", point_name(point));
    }
    return value;
}

static void the_main_block(void **state)
{
    (void)state;
    struct reading r = {.present = 0};
    const struct plan_block block = {0x0200, 48};
    assert_int_equal(decode_block(&dtsy, &block, block_0200, &r), RC_OK);
    static const struct {
        enum point point;
        int64_t value;
    } rows[] = {
        {POINT_model_code, 5},
        {POINT_voltage_a, 220300},
        {POINT_voltage_b, 219800},
        {POINT_voltage_c, 221100},
        {POINT_current_a, 12500},
        {POINT_current_b, 10},
        {POINT_current_c, 655350},
        {POINT_power_a, 2700},
        {POINT_power_b, 0},
        {POINT_power_c, -1},
        {POINT_power, 2699},
        {POINT_reactive_a, -200},
        {POINT_reactive_b, 1},
        {POINT_reactive_c, 2},
        {POINT_reactive, -32768},
        {POINT_power_factor_a, 998},
        {POINT_power_factor_b, 1000},
        {POINT_power_factor_c, -1000},
        {POINT_power_factor, 950},
        {POINT_pt_ratio, 1},
        {POINT_ct_ratio, 60},
        {POINT_energy, 1234560},
        {POINT_energy_sharp, 1000},
        {POINT_energy_peak, 50000},
        {POINT_energy_flat, INT64_C(42949672950)},
        {POINT_energy_valley, 0},
        {POINT_balance, -100},
        {POINT_purchase_count, 17},
        {POINT_load_trip_count, 2},
        {POINT_load_trip_allowed, 5},
        {POINT_status_bits, 0xE1F7},
        {POINT_control_bits, 0x0888},
        {POINT_energy_base, 100},
        {POINT_clock_second, 30},
        {POINT_max_demand, 0x1234},
        {POINT_max_demand_minute, 5},
        {POINT_max_demand_hour, 11},
        {POINT_max_demand_day, 22},
        {POINT_max_demand_month, 11},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(value_of(&r, rows[i].point), rows[i].value);
    }
    int64_t unused = 0;
    assert_false(reading_get(&r, POINT_forced_enable, &unused));
    assert_false(reading_get(&r, POINT_price_sharp, &unused));
    struct meter_status status = model_status(&dtsy, &r);
    assert_int_equal(status.relay, RELAY_CLOSED);
    assert_int_equal(status.forced, FORCED_NONE);
    assert_true(status.fault && status.over_limit && status.arrears && status.alarm1 &&
                status.alarm2 && status.load_control && status.fee_control && status.time_control);
    struct clock_parts clock;
    assert_true(decode_clock(&r, &clock));
    assert_int_equal(clock.year, 2026);
    assert_int_equal(clock.month, 11);
    assert_int_equal(clock.day, 23);
    assert_int_equal(clock.hour, 10);
    assert_int_equal(clock.minute, 59);
    assert_int_equal(clock.second, 30);
}

static void a_clock_that_is_none(void **state)
{
    (void)state;
    struct reading r = {.present = 0};
    struct clock_parts clock;
    assert_false(decode_clock(&r, &clock));
    reading_set(&r, POINT_clock_year_month, 0x1902); /* 2025-02 */
    reading_set(&r, POINT_clock_day_weekday, 0x1C00);
    reading_set(&r, POINT_clock_hour_minute, 0);
    reading_set(&r, POINT_clock_second, 0);
    assert_true(decode_clock(&r, &clock));
    reading_set(&r, POINT_clock_day_weekday, 0x1D00); /* the 29th */
    assert_false(decode_clock(&r, &clock));
    reading_set(&r, POINT_clock_year_month, 0x1802); /* 2024 */
    assert_true(decode_clock(&r, &clock));
    reading_set(&r, POINT_clock_hour_minute, 0x1800);
    assert_false(decode_clock(&r, &clock));
    reading_set(&r, POINT_clock_hour_minute, 0);
    reading_set(&r, POINT_clock_year_month, 0xFFFF);
    assert_false(decode_clock(&r, &clock));
}

static void the_prepay_block(void **state)
{
    (void)state;
    struct reading r = {.present = 0};
    const struct plan_block block = {0x0400, 25};
    const uint16_t registers[25] = {1,    17, 0, 12000, 0, 10000, 0, 7500, 0, 3000, 0, 5000, 0,
                                    2000, 0,  0, 0,     0, 1,     0, 0,    0, 0,    0, 0};
    assert_int_equal(decode_block(&dtsy, &block, registers, &r), RC_OK);
    assert_int_equal(value_of(&r, POINT_fee_control_enabled), 1);
    assert_int_equal(value_of(&r, POINT_price_sharp), 12000);
    assert_int_equal(value_of(&r, POINT_price_peak), 10000);
    assert_int_equal(value_of(&r, POINT_price_flat), 7500);
    assert_int_equal(value_of(&r, POINT_price_valley), 3000);
    assert_int_equal(value_of(&r, POINT_alarm1), 5000);
    assert_int_equal(value_of(&r, POINT_alarm2), 2000);
    assert_int_equal(value_of(&r, POINT_overdraft), 0);
}

static void serial_numbers(void **state)
{
    (void)state;
    struct reading r = {.present = 0};
    char text[SERIAL_NUMBER_MAX];
    const struct plan_block block = {0x0043, 3};
    const uint16_t digits[3] = {0x0023, 0x0415, 0x0987};
    const uint16_t broken[3] = {0x0023, 0x041A, 0x0987};
    int64_t unused = 0;
    assert_int_equal(decode_block(&dtsy, &block, digits, &r), RC_OK);
    decode_serial_number(value_of(&r, POINT_serial_number), text);
    assert_string_equal(text, "002304150987");
    r.present = 0;
    assert_int_equal(decode_block(&dtsy, &block, broken, &r), RC_PROTOCOL);
    assert_false(reading_get(&r, POINT_serial_number, &unused));
}

static void a_point_half_in_the_block_is_left_out(void **state)
{
    (void)state;
    struct reading r = {.present = 0};
    int64_t unused = 0;
    const struct plan_block block = {0x0214, 2}; /* CT, and the high word of the energy */
    const uint16_t registers[2] = {60, 1};
    assert_int_equal(decode_block(&dtsy, &block, registers, &r), RC_OK);
    assert_int_equal(value_of(&r, POINT_ct_ratio), 60);
    assert_false(reading_get(&r, POINT_energy, &unused));
}

static void relay_and_forced_states(void **state)
{
    (void)state;
    static const struct {
        int64_t bits;
        enum relay relay;
        enum forced forced;
    } rows[] = {
        {0xE000, RELAY_CLOSED, FORCED_NONE},    {0x0000, RELAY_OPEN, FORCED_NONE},
        {0x2000, RELAY_PARTIAL, FORCED_NONE},   {0x0008, RELAY_OPEN, FORCED_TRIP},
        {0xE00F, RELAY_CLOSED, FORCED_KEEP_ON}, {0xE009, RELAY_CLOSED, FORCED_UNKNOWN},
        {0xE008, RELAY_CLOSED, FORCED_TRIP},    {0x0020, RELAY_OPEN, FORCED_NONE},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct meter_status status = model_status_of_bits(&dtsy, rows[i].bits, 0);
        assert_int_equal(status.relay, rows[i].relay);
        assert_int_equal(status.forced, rows[i].forced);
    }
    struct reading nothing = {.present = 0};
    struct meter_status status = model_status(&dtsy, &nothing);
    assert_string_equal(relay_name(status.relay), "unknown");
    assert_string_equal(forced_name(status.forced), "unknown");
}

/* Scales that the shipped models do not use: rounding of negative powers. */
static void negative_scales_round_half_away(void **state)
{
    (void)state;
    static struct model model;
    model = dtsy;
    model.point_count = 1;
    model.points[0] =
        (struct model_point){.point = POINT_power, .type = POINT_TYPE_I16, .scale = -1};
    static const struct {
        uint16_t raw;
        int8_t scale;
        int64_t value;
    } rows[] = {{14, -1, 1},  {15, -1, 2},   {0xFFF2, -1, -1}, {0xFFF1, -1, -2}, {149, -2, 1},
                {150, -2, 2}, {7, 4, 70000}, {0xFFFF, 1, -10}, {0xFF6A, -2, -2}, {0, -4, 0}};
    const struct plan_block block = {0, 1};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct reading r = {.present = 0};
        model.points[0].scale = rows[i].scale;
        assert_int_equal(decode_block(&model, &block, &rows[i].raw, &r), RC_OK);
        assert_int_equal(value_of(&r, POINT_power), rows[i].value);
    }
}

static void ratios_make_real_values(void **state)
{
    (void)state;
    struct reading reading = {0};
    const struct plan_block block = {0x0200, 48};
    assert_int_equal(decode_block(&dtsy, &block, block_0200, &reading), RC_OK);
    decode_apply_ratios(&dtsy, &reading);
    assert_int_equal(reading.value[POINT_voltage_a], 220300);
    assert_int_equal(reading.value[POINT_current_a], 12500 * 60);
    assert_int_equal(reading.value[POINT_power_a], 2700 * 60);
    assert_int_equal(reading.value[POINT_power_c], -60);
    assert_int_equal(reading.value[POINT_energy], INT64_C(1234560) * 60);
    assert_int_equal(reading.value[POINT_power_factor_a], 998);
    struct model primary = dtsy;
    primary.secondary = false;
    assert_int_equal(decode_block(&primary, &block, block_0200, &reading), RC_OK);
    decode_apply_ratios(&primary, &reading);
    assert_int_equal(reading.value[POINT_power_a], 2700);
    reading_set(&reading, POINT_ct_ratio, 0); /* a meter that was never set counts as 1 */
    decode_apply_ratios(&dtsy, &reading);
    assert_int_equal(reading.value[POINT_power_a], 2700);
}

static void ratios_against_the_import(void **state)
{
    (void)state;
    struct reading r = {.present = 0};
    assert_int_equal(decode_check_ratios(&r, 1, 1), RATIO_NOT_KNOWN);
    reading_set(&r, POINT_ct_ratio, 60);
    assert_int_equal(decode_check_ratios(&r, 60, 1), RATIO_SAME);
    assert_int_equal(decode_check_ratios(&r, 40, 1), RATIO_DIFFERS);
    reading_set(&r, POINT_pt_ratio, 0); /* never set: as 1 */
    assert_int_equal(decode_check_ratios(&r, 60, 1), RATIO_SAME);
    reading_set(&r, POINT_pt_ratio, 100);
    assert_int_equal(decode_check_ratios(&r, 60, 1), RATIO_DIFFERS);
    assert_int_equal(decode_check_ratios(&r, 60, 100), RATIO_SAME);
}

/* Only what lies wholly in a block is taken. */
static void parts_of_the_rate_tables(void **state)
{
    (void)state;
    static const struct plan_block all = {0x2000, 42};
    static const struct plan_block first = {0x2000, 41};
    static const struct plan_block zones = {0x0028, 6};
    uint16_t registers[42];
    struct rate_table_bytes bytes = {.parts = 0};
    for (int i = 0; i < 42; i++) {
        registers[i] = (uint16_t)((2 * i) << 8 | (2 * i + 1)); /* byte n holds n */
    }
    decode_tables(&dtsy, &first, registers, &bytes);
    assert_int_equal(bytes.parts, RATE_TABLE_DAY_1);
    decode_tables(&dtsy, &all, registers, &bytes);
    decode_tables(&dtsy, &zones, registers, &bytes);
    assert_int_equal(bytes.parts, RATE_TABLE_ALL);
    for (int i = 0; i < RATE_TABLE_DAY_BYTES; i++) {
        assert_int_equal(bytes.days[0][i], i);
        assert_int_equal(bytes.days[1][i], RATE_TABLE_DAY_BYTES + i);
    }
    assert_int_equal(bytes.zones[11], 11);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_main_block),
        cmocka_unit_test(ratios_against_the_import),
        cmocka_unit_test(parts_of_the_rate_tables),
        cmocka_unit_test(a_clock_that_is_none),
        cmocka_unit_test(the_prepay_block),
        cmocka_unit_test(serial_numbers),
        cmocka_unit_test(a_point_half_in_the_block_is_left_out),
        cmocka_unit_test(relay_and_forced_states),
        cmocka_unit_test(negative_scales_round_half_away),
        cmocka_unit_test(ratios_make_real_values),
    };
    return cmocka_run_group_tests(tests, load, NULL);
}
