#include "sim/field/registers.h"

#include <assert.h>
#include <string.h>

#include "core/base/clock.h"

#define CWH_MJ 36000000 /* 0.01 kWh */
#define AREA_MAX 128    /* registers */

struct area {
    uint16_t start;
    uint16_t count;
    unsigned models; /* bit per enum park_model */
    void (*fill)(const struct meter *meter, const struct meter_time *time, uint8_t *bytes);
};

enum { DTSY = 1 << PARK_DTSY1352, DDSY = 1 << PARK_DDSY1352, BOTH = DTSY | DDSY };

/* Puts a 16 or 32 bit value at a register of an area that begins at 0. */
static void put16(uint8_t *bytes, int at, int64_t value)
{
    bytes[at * 2] = (uint8_t)((uint64_t)value >> 8);
    bytes[at * 2 + 1] = (uint8_t)value;
}

static void put32(uint8_t *bytes, int at, int64_t value)
{
    put16(bytes, at, (int64_t)((uint64_t)value >> 16));
    put16(bytes, at + 1, value);
}

static int64_t ratio(const struct meter *meter)
{
    return (int64_t)meter->park.ct_ratio * meter->park.pt_ratio;
}

static int64_t rate_cwh(const struct meter *meter, int rate)
{
    return meter->energy_mj[rate] / (CWH_MJ * ratio(meter));
}

static int64_t total_cwh(const struct meter *meter)
{
    int64_t mj = 0;
    for (int rate = 0; rate < METER_RATES; rate++) {
        mj += meter->energy_mj[rate];
    }
    return mj / (CWH_MJ * ratio(meter));
}

struct live { /* secondary values, in units of the registers */
    int64_t voltage_dv[METER_PHASES];
    int64_t current_ca[METER_PHASES];
    int64_t power_w[METER_PHASES + 1]; /* the last is the sum */
    int64_t reactive_var[METER_PHASES + 1];
    int64_t factor_milli[METER_PHASES + 1];
};

static struct live measure(const struct meter *meter, const struct meter_time *time)
{
    struct live live = {0};
    int64_t phase_w[METER_PHASES];
    (void)meter_power_w(meter, time, phase_w);
    uint64_t slot = (uint64_t)(time->now_ms / LOAD_SLOT_MS);
    int phases = meter_is_single_phase(meter) ? 1 : METER_PHASES;
    for (int p = 0; p < phases; p++) {
        uint64_t draw = load_mix(meter->load.seed ^ (uint64_t)(p + 5), slot);
        int64_t factor = 890 + (int64_t)(draw % 80);
        int64_t watts = phase_w[p] / ratio(meter);
        live.voltage_dv[p] = 2260 + (int64_t)(draw / 128 % 100) - watts / 200;
        live.power_w[p] = watts;
        live.factor_milli[p] = watts == 0 ? 1000 : factor;
        /* I = P / (U * PF): W * 1e4 / (0.1 V) / milli gives 0.01 A after 100 more */
        live.current_ca[p] = watts * 1000000 / (live.voltage_dv[p] * live.factor_milli[p]);
        live.reactive_var[p] = watts * (1000 - factor) * 4 / 1000; /* near enough to tan phi */
        live.power_w[METER_PHASES] += watts;
        live.reactive_var[METER_PHASES] += live.reactive_var[p];
    }
    live.factor_milli[METER_PHASES] = live.factor_milli[0];
    return live;
}

static int64_t status_word(const struct meter *meter)
{
    int64_t word = 0;
    for (int p = 0; p < METER_PHASES; p++) {
        if (meter->relays[p].closed && (p == 0 || !meter_is_single_phase(meter))) {
            word |= 0x2000 << p;
        }
        if ((meter->forced_enable & (1 << p)) != 0) {
            word |= 0x08;
            word |= (meter->forced_trip & (1 << p)) == 0 ? 1 << p : 0;
        }
    }
    unsigned alarms = meter_alarms(meter);
    return word | ((alarms & 1) != 0 ? 0x20 : 0) | ((alarms & 2) != 0 ? 0x40 : 0) |
           ((alarms & 4) != 0 ? 0x80 : 0);
}

/* 0225: fee control on and what it wants. */
static int64_t control_word(const struct meter *meter)
{
    if (meter->fee_control == 0) {
        return 0;
    }
    int64_t state = meter_is_single_phase(meter) ? 1 : 7;
    return 0x08 | (meter->balance_fen > -meter->overdraft_fen ? state : 0);
}

static void fill_times(const struct meter *meter, const struct meter_time *time, uint8_t *bytes)
{
    struct clock_parts now = clock_utc_parts(meter_clock_ms(meter, time));
    bytes[0x28 * 2] = (uint8_t)(now.year % 100);
    bytes[0x28 * 2 + 1] = (uint8_t)now.month;
    bytes[0x29 * 2] = (uint8_t)now.day;
    bytes[0x29 * 2 + 1] = (uint8_t)now.weekday;
    bytes[0x2A * 2] = (uint8_t)now.hour;
    bytes[0x2A * 2 + 1] = (uint8_t)now.minute;
    bytes[0x2B * 2] = (uint8_t)now.second;
    int64_t demand = meter->max_demand_w / ratio(meter);
    bytes[0x2B * 2 + 1] = (uint8_t)(demand >> 8);
    bytes[0x2C * 2] = (uint8_t)demand;
    if (meter->max_demand_civil_ms > 0) {
        struct clock_parts at = clock_utc_parts(meter->max_demand_civil_ms);
        bytes[0x2C * 2 + 1] = (uint8_t)at.minute;
        bytes[0x2D * 2] = (uint8_t)at.hour;
        bytes[0x2D * 2 + 1] = (uint8_t)at.day;
        bytes[0x2E * 2] = (uint8_t)at.month;
    }
}

/* 0x0200, 48 registers: the main block. */
static void fill_main(const struct meter *meter, const struct meter_time *time, uint8_t *bytes)
{
    struct live live = measure(meter, time);
    put16(bytes, 0x00, meter_is_single_phase(meter) ? 7 : 5);
    for (int p = 0; p < METER_PHASES; p++) {
        put16(bytes, 0x01 + p, live.voltage_dv[p]);
        put16(bytes, 0x04 + p, live.current_ca[p]);
    }
    for (int p = 0; p <= METER_PHASES; p++) {
        put16(bytes, 0x07 + p, live.power_w[p]);
        put16(bytes, 0x0B + p, live.reactive_var[p]);
        put16(bytes, 0x0F + p, live.factor_milli[p]);
    }
    put16(bytes, 0x13, meter->park.pt_ratio);
    put16(bytes, 0x14, meter->park.ct_ratio);
    put32(bytes, 0x15, total_cwh(meter));
    for (int rate = 0; rate < METER_RATES; rate++) {
        put32(bytes, 0x17 + rate * 2, rate_cwh(meter, rate));
    }
    put32(bytes, 0x1F, meter->balance_fen);
    put16(bytes, 0x21, meter->count);
    put16(bytes, 0x22, meter->load_trips);
    put16(bytes, 0x24, status_word(meter));
    put16(bytes, 0x25, control_word(meter));
    put32(bytes, 0x26, meter->base_energy_cwh);
    fill_times(meter, time, bytes);
}

static int64_t forced_switch(const struct meter *meter)
{
    return meter->forced_trip != 0 ? 1 : 0;
}

/* 0x0046 .. 0x0061 inside the base area: the legacy prepay block. */
static void fill_legacy(const struct meter *meter, uint8_t *bytes)
{
    put32(bytes, 0x46, meter->alarm_fen[0]);
    put32(bytes, 0x48, meter->alarm_fen[1]);
    put32(bytes, 0x4A, meter->overdraft_fen);
    put16(bytes, 0x4E, meter->count);
    put32(bytes, 0x4F, meter->balance_fen);
    bytes[0x55 * 2] = (uint8_t)meter->fee_control;
    put16(bytes, 0x57, meter->forced_enable != 0 ? 1 : 0);
    put16(bytes, 0x58, forced_switch(meter));
    for (int rate = 0; rate < METER_RATES; rate++) {
        put32(bytes, 0x59 + rate * 2, meter->price_e4[rate]);
    }
    put16(bytes, 0x63, meter->relay_output);
}

/* 0x0000, 100 registers: the base area. */
static void fill_base(const struct meter *meter, const struct meter_time *time, uint8_t *bytes)
{
    struct live live = measure(meter, time);
    put32(bytes, 0x00, total_cwh(meter));
    for (int rate = 0; rate < METER_RATES; rate++) {
        put32(bytes, 0x02 + rate * 2, rate_cwh(meter, rate));
    }
    put16(bytes, 0x0A, meter->code_word);
    put16(bytes, 0x0B, live.voltage_dv[0]);
    put16(bytes, 0x0C, live.current_ca[0]);
    put16(bytes, 0x0D, live.power_w[METER_PHASES]);
    put16(bytes, 0x0F, live.power_w[METER_PHASES] * 1000 / live.factor_milli[0]);
    put16(bytes, 0x10, live.factor_milli[0]);
    put16(bytes, 0x22, meter->run_word);
    if (!meter_is_single_phase(meter)) {
        memcpy(bytes + 0x28 * 2, meter->zones, METER_ZONES_BYTES);
    }
    put16(bytes, 0x37, meter->park.ct_ratio);
    put16(bytes, 0x38, meter->park.pt_ratio);
    registers_bcd(meter->park.serial_number, bytes + 0x43 * 2);
    fill_legacy(meter, bytes);
}

/* 0x0400: prices, thresholds, money; two more registers where the last amount is kept. */
static void fill_prepay(const struct meter *meter, const struct meter_time *time, uint8_t *bytes)
{
    (void)time;
    put16(bytes, 0x00, meter->fee_control);
    put16(bytes, 0x01, meter->count);
    for (int rate = 0; rate < METER_RATES; rate++) {
        put32(bytes, 0x02 + rate * 2, meter->price_e4[rate]);
    }
    put32(bytes, 0x0A, meter->alarm_fen[0]);
    put32(bytes, 0x0C, meter->alarm_fen[1]);
    put32(bytes, 0x0E, meter->overdraft_fen);
    put32(bytes, 0x12, total_cwh(meter));
    put32(bytes, 0x14, meter->balance_fen);
    put32(bytes, 0x16, meter->base_energy_cwh);
    put32(bytes, 0x19, meter->last_amount_fen);
}

static void fill_link(const struct meter *meter, const struct meter_time *time, uint8_t *bytes)
{
    (void)time;
    memcpy(bytes, meter->links[0], 10);
    memcpy(bytes + 10, meter->links[1], 10);
    if (bytes[0] == 0) { /* never written: as installed */
        bytes[0] = meter->park.address;
        registers_bcd(meter->park.serial_number, bytes + 4);
    }
}

static void fill_long_serial(const struct meter *meter, const struct meter_time *time,
                             uint8_t *bytes)
{
    (void)time;
    memcpy(bytes, meter->long_serial, sizeof meter->long_serial);
    if (bytes[0] == 0) {
        memcpy(bytes, meter->park.serial_number, 12);
    }
}

static void fill_zeros(const struct meter *meter, const struct meter_time *time, uint8_t *bytes)
{
    (void)meter;
    (void)time;
    (void)bytes;
}

static void fill_tables(const struct meter *meter, const struct meter_time *time, uint8_t *bytes)
{
    (void)time;
    if (meter_is_single_phase(meter)) {
        memcpy(bytes, meter->zones, METER_ZONES_BYTES);
        bytes += METER_ZONES_BYTES;
    }
    memcpy(bytes, meter->day_tables, sizeof meter->day_tables);
}

static const struct area areas[] = {
    {0x0000, 0x64, BOTH, fill_base}, {0x0200, 48, BOTH, fill_main},
    {0x0360, 10, BOTH, fill_link},   {0x03A0, 7, BOTH, fill_long_serial},
    {0x0400, 27, BOTH, fill_prepay}, {0x0420, 79, DTSY, fill_zeros},
    {0x0420, 27, DDSY, fill_zeros},  {0x0480, 19, DTSY, fill_zeros},
    {0x0480, 7, DDSY, fill_zeros},   {0x2000, 42, DTSY, fill_tables},
    {0x2000, 48, DDSY, fill_tables},
};

enum rc registers_read(const struct meter *meter, const struct meter_time *time, uint16_t start,
                       uint16_t count, uint8_t *bytes)
{
    for (size_t i = 0; i < ARRAY_LEN(areas); i++) {
        const struct area *area = &areas[i];
        int area_count = area->count;
        if (area->fill == fill_prepay && (meter->capabilities & METER_LAST_AMOUNT) == 0) {
            area_count = 25;
        }
        if ((area->models & (1u << meter->park.model)) == 0 || start < area->start ||
            start + count > area->start + area_count) {
            continue;
        }
        uint8_t image[AREA_MAX * 2] = {0};
        assert(area->count <= AREA_MAX);
        area->fill(meter, time, image);
        memcpy(bytes, image + (start - area->start) * 2, (size_t)count * 2);
        return RC_OK;
    }
    return RC_NOT_FOUND;
}

void registers_bcd(const char *digits, uint8_t bytes[6])
{
    for (int i = 0; i < 6; i++) {
        bytes[i] = (uint8_t)((digits[i * 2] - '0') << 4 | (digits[i * 2 + 1] - '0'));
    }
}

enum rc registers_digits(const uint8_t bytes[6], char digits[13])
{
    char out[13] = "";
    for (int i = 0; i < 6; i++) {
        if (bytes[i] >> 4 > 9 || (bytes[i] & 15) > 9) {
            return RC_INVALID;
        }
        out[i * 2] = (char)('0' + (bytes[i] >> 4));
        out[i * 2 + 1] = (char)('0' + (bytes[i] & 15));
    }
    memcpy(digits, out, sizeof out);
    return RC_OK;
}
