/* Function 10: which blocks may be written, and what each does. */
#include <string.h>

#include "sim/field/registers.h"

struct writable {
    uint16_t start;
    uint16_t count;
    unsigned models;
    enum rc (*take)(struct meter *meter, const struct meter_time *time, const uint8_t *bytes);
};

enum { DTSY = 1 << PARK_DTSY1352, DDSY = 1 << PARK_DDSY1352, BOTH = DTSY | DDSY };

static int64_t word_at(const uint8_t *bytes, int at)
{
    return (int64_t)bytes[at * 2] << 8 | bytes[at * 2 + 1];
}

static enum rc take_code(struct meter *meter, const struct meter_time *time, const uint8_t *bytes)
{
    (void)time;
    if (word_at(bytes, 0) > 9999) {
        return RC_INVALID;
    }
    meter->code_word = word_at(bytes, 0);
    return RC_OK;
}

static enum rc take_run_word(struct meter *meter, const struct meter_time *time,
                             const uint8_t *bytes)
{
    meter->run_word = word_at(bytes, 0);
    meter_decide(meter, time);
    return RC_OK;
}

/* The registers keep what they show; the primary energy behind them scales. */
static enum rc take_ratio(struct meter *meter, uint16_t *ratio, const uint8_t *bytes)
{
    if (word_at(bytes, 0) < 1 || word_at(bytes, 0) > 9999) {
        return RC_INVALID;
    }
    for (int rate = 0; rate < METER_RATES; rate++) {
        meter->energy_mj[rate] = meter->energy_mj[rate] / *ratio * word_at(bytes, 0);
    }
    *ratio = (uint16_t)word_at(bytes, 0);
    return RC_OK;
}

static enum rc take_ct(struct meter *meter, const struct meter_time *time, const uint8_t *bytes)
{
    (void)time;
    return take_ratio(meter, &meter->park.ct_ratio, bytes);
}

static enum rc take_pt(struct meter *meter, const struct meter_time *time, const uint8_t *bytes)
{
    (void)time;
    return take_ratio(meter, &meter->park.pt_ratio, bytes);
}

static enum rc take_serial(struct meter *meter, const struct meter_time *time, const uint8_t *bytes)
{
    (void)time;
    return registers_digits(bytes, meter->park.serial_number);
}

static enum rc take_forced(struct meter *meter, const struct meter_time *time, const uint8_t *bytes)
{
    if (word_at(bytes, 0) > 1 || word_at(bytes, 1) > 1) {
        return RC_INVALID;
    }
    meter_force(meter, METER_ALL_PHASES, word_at(bytes, 0) == 1, word_at(bytes, 1) == 1, time);
    return RC_OK;
}

static enum rc take_relay_output(struct meter *meter, const struct meter_time *time,
                                 const uint8_t *bytes)
{
    (void)time;
    if (word_at(bytes, 0) > 1) {
        return RC_INVALID;
    }
    meter->relay_output = word_at(bytes, 0);
    return RC_OK;
}

static enum rc take_zones(struct meter *meter, const struct meter_time *time, const uint8_t *bytes)
{
    (void)time;
    for (int i = 0; i < METER_ZONES_BYTES; i += 3) {
        if (bytes[i] > 2 || bytes[i + 1] > 31 || bytes[i + 2] > 12) {
            return RC_INVALID;
        }
    }
    memcpy(meter->zones, bytes, METER_ZONES_BYTES);
    return RC_OK;
}

static enum rc take_table(struct meter *meter, int table, const uint8_t *bytes)
{
    for (int i = 0; i < METER_DAY_TABLE_BYTES; i += 3) {
        if (bytes[i] > METER_RATES || bytes[i + 1] > 59 || bytes[i + 2] > 23) {
            return RC_INVALID;
        }
    }
    memcpy(meter->day_tables[table], bytes, METER_DAY_TABLE_BYTES);
    return RC_OK;
}

static enum rc take_table_1(struct meter *meter, const struct meter_time *time,
                            const uint8_t *bytes)
{
    (void)time;
    return take_table(meter, 0, bytes);
}

static enum rc take_table_2(struct meter *meter, const struct meter_time *time,
                            const uint8_t *bytes)
{
    (void)time;
    return take_table(meter, 1, bytes);
}

static enum rc take_link_1(struct meter *meter, const struct meter_time *time, const uint8_t *bytes)
{
    (void)time;
    memcpy(meter->links[0], bytes, sizeof meter->links[0]);
    return RC_OK;
}

static enum rc take_link_2(struct meter *meter, const struct meter_time *time, const uint8_t *bytes)
{
    (void)time;
    memcpy(meter->links[1], bytes, sizeof meter->links[1]);
    return RC_OK;
}

static enum rc take_long_serial(struct meter *meter, const struct meter_time *time,
                                const uint8_t *bytes)
{
    (void)time;
    memcpy(meter->long_serial, bytes, sizeof meter->long_serial);
    return RC_OK;
}

static const struct writable writables[] = {
    {0x000A, 1, BOTH, take_code},        {0x0022, 1, BOTH, take_run_word},
    {0x0028, 6, DTSY, take_zones},       {0x0037, 1, BOTH, take_ct},
    {0x0038, 1, BOTH, take_pt},          {0x0043, 3, BOTH, take_serial},
    {0x0057, 2, BOTH, take_forced},      {0x0063, 1, BOTH, take_relay_output},
    {0x0360, 5, BOTH, take_link_1},      {0x0365, 5, BOTH, take_link_2},
    {0x03A0, 7, BOTH, take_long_serial}, {0x2000, 21, DTSY, take_table_1},
    {0x2015, 21, DTSY, take_table_2},    {0x2000, 6, DDSY, take_zones},
    {0x2006, 21, DDSY, take_table_1},    {0x201B, 21, DDSY, take_table_2},
};

enum rc registers_write(struct meter *meter, const struct meter_time *time, uint16_t start,
                        uint16_t count, const uint8_t *bytes)
{
    for (size_t i = 0; i < ARRAY_LEN(writables); i++) {
        const struct writable *writable = &writables[i];
        if (writable->start != start || writable->count != count ||
            (writable->models & (1u << meter->park.model)) == 0) {
            continue;
        }
        TRY(writable->take(meter, time, bytes));
        if (writable->take != take_forced) {
            meter_note(meter, time, METER_EVENT_REGISTER, start, word_at(bytes, 0));
        }
        return RC_OK;
    }
    return RC_NOT_FOUND;
}
