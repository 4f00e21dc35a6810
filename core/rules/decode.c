#include "core/rules/decode.h"

#include <assert.h>
#include <stdio.h>

static int64_t big_endian(const uint16_t *registers, int first_byte, int bytes)
{
    int64_t value = 0;
    for (int i = first_byte; i < first_byte + bytes; i++) {
        uint16_t word = registers[i / 2];
        value = value << 8 | (i % 2 == 0 ? word >> 8 : word & 0xFF);
    }
    return value;
}

/* False if a nibble is no decimal digit. */
static bool bcd_value(int64_t packed, int64_t *ret_value)
{
    int64_t value = 0;
    for (int shift = 44; shift >= 0; shift -= 4) {
        int64_t digit = packed >> shift & 0xF;
        if (digit > 9) {
            return false;
        }
        value = value * 10 + digit;
    }
    *ret_value = value;
    return true;
}

/* How each type is read: one row a type. */
static const struct {
    int first_byte;
    int bytes;
    bool is_signed;
    bool is_bcd;
} readers[POINT_TYPE__MAX] = {
    [POINT_TYPE_U16] = {0, 2, false, false},     [POINT_TYPE_I16] = {0, 2, true, false},
    [POINT_TYPE_U32] = {0, 4, false, false},     [POINT_TYPE_I32] = {0, 4, true, false},
    [POINT_TYPE_U8_HIGH] = {0, 1, false, false}, [POINT_TYPE_U8_LOW] = {1, 1, false, false},
    [POINT_TYPE_U16_ODD] = {1, 2, false, false}, [POINT_TYPE_BCD12] = {0, 6, false, true},
};

static int64_t scaled(int64_t raw, int scale)
{
    for (; scale > 0; scale--) {
        raw *= 10; /* |raw| < 2^48 and scale <= 4 for 32 bits and more (model_parse): no overflow */
    }
    for (; scale < 0; scale++) {
        int64_t half = raw < 0 ? -5 : 5;
        raw = scale == -1 ? (raw + half) / 10 : raw / 10;
    }
    return raw;
}

static bool point_value(const struct model_point *row, const uint16_t *registers,
                        int64_t *ret_value)
{
    int bytes = readers[row->type].bytes;
    int64_t raw = big_endian(registers, readers[row->type].first_byte, bytes);
    if (readers[row->type].is_bcd) {
        return bcd_value(raw, ret_value);
    }
    int64_t span = INT64_C(1) << (8 * bytes);
    if (readers[row->type].is_signed && raw >= span / 2) {
        raw -= span;
    }
    *ret_value = scaled(raw, row->scale);
    return true;
}

enum rc decode_block(const struct model *model, const struct plan_block *block,
                     const uint16_t *registers, struct reading *reading)
{
    assert(model != NULL && block != NULL && registers != NULL && reading != NULL);
    enum rc rc = RC_OK;
    for (size_t i = 0; i < model->point_count; i++) {
        const struct model_point *row = &model->points[i];
        int words = (readers[row->type].first_byte + readers[row->type].bytes + 1) / 2;
        if (row->at < block->at || row->at + words > block->at + block->count) {
            continue;
        }
        int64_t value = 0;
        if (point_value(row, registers + (row->at - block->at), &value)) {
            reading_set(reading, row->point, value);
        } else {
            rc = RC_PROTOCOL;
        }
    }
    return rc;
}

void decode_tables(const struct model *model, const struct plan_block *block,
                   const uint16_t *registers, struct rate_table_bytes *bytes)
{
    assert(model != NULL && block != NULL && registers != NULL && bytes != NULL);
    const struct {
        uint16_t at;
        int size;
        uint8_t *into;
        enum rate_table_part part;
    } parts[] = {
        {model->tables.zones_at, RATE_TABLE_ZONES_BYTES, bytes->zones, RATE_TABLE_ZONES},
        {model->tables.days_at[0], RATE_TABLE_DAY_BYTES, bytes->days[0], RATE_TABLE_DAY_1},
        {model->tables.days_at[1], RATE_TABLE_DAY_BYTES, bytes->days[1], RATE_TABLE_DAY_2},
    };
    for (size_t i = 0; i < ARRAY_LEN(parts) && model->tables.present; i++) {
        if (parts[i].at < block->at || parts[i].at + parts[i].size / 2 > block->at + block->count) {
            continue;
        }
        for (int k = 0; k < parts[i].size; k++) {
            parts[i].into[k] = (uint8_t)big_endian(registers + (parts[i].at - block->at), k, 1);
        }
        bytes->parts |= (uint8_t)parts[i].part;
    }
}

#define RATIO_MAX 10000

enum ratio_kind { RATIO_NONE, RATIO_VOLTAGE, RATIO_CURRENT, RATIO_POWER };

static enum ratio_kind ratio_of(enum point point)
{
    switch (point) {
    case POINT_voltage_a:
    case POINT_voltage_b:
    case POINT_voltage_c:
        return RATIO_VOLTAGE;
    case POINT_current_a:
    case POINT_current_b:
    case POINT_current_c:
        return RATIO_CURRENT;
    case POINT_power_a:
    case POINT_power_b:
    case POINT_power_c:
    case POINT_power:
    case POINT_reactive_a:
    case POINT_reactive_b:
    case POINT_reactive_c:
    case POINT_reactive:
    case POINT_energy:
    case POINT_energy_sharp:
    case POINT_energy_peak:
    case POINT_energy_flat:
    case POINT_energy_valley:
    case POINT_energy_base:
    case POINT_max_demand:
        return RATIO_POWER;
    default:
        return RATIO_NONE;
    }
}

static int64_t ratio_value(const struct reading *reading, enum point point)
{
    int64_t ratio = 1;
    if (!reading_get(reading, point, &ratio) || ratio < 1 || ratio > RATIO_MAX) {
        return 1;
    }
    return ratio;
}

void decode_apply_ratios(const struct model *model, struct reading *reading)
{
    assert(model != NULL && reading != NULL);
    if (!model->secondary) {
        return;
    }
    int64_t ct = ratio_value(reading, POINT_ct_ratio);
    int64_t pt = ratio_value(reading, POINT_pt_ratio);
    const int64_t factors[] = {1, pt, ct, ct * pt};
    for (int i = 0; i < POINT__MAX; i++) {
        int64_t value = 0;
        if (reading_get(reading, (enum point)i, &value)) {
            /* |value| < 2^36 (32 bits and a scale of ten), factor <= 10^8: no overflow */
            reading_set(reading, (enum point)i, value * factors[ratio_of((enum point)i)]);
        }
    }
}

enum ratio_check decode_check_ratios(const struct reading *reading, int64_t ct_ratio,
                                     int64_t pt_ratio)
{
    assert(reading != NULL);
    int64_t value = 0;
    bool has_ct = reading_get(reading, POINT_ct_ratio, &value);
    bool has_pt = reading_get(reading, POINT_pt_ratio, &value);
    if (!has_ct && !has_pt) {
        return RATIO_NOT_KNOWN;
    }
    bool same = (!has_ct || ratio_value(reading, POINT_ct_ratio) == ct_ratio) &&
                (!has_pt || ratio_value(reading, POINT_pt_ratio) == pt_ratio);
    return same ? RATIO_SAME : RATIO_DIFFERS;
}

void decode_serial_number(int64_t value, char out[SERIAL_NUMBER_MAX])
{
    assert(value >= 0 && value <= INT64_C(999999999999) && out != NULL);
    int written = snprintf(out, SERIAL_NUMBER_MAX, "%012lld", (long long)value);
    assert(written == 12);
    (void)written;
}

static bool is_calendar_date(const struct clock_parts *parts)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (parts->month < 1 || parts->month > 12 || parts->day < 1) {
        return false;
    }
    bool leap = parts->year % 4 == 0; /* 2000 .. 2099 */
    return parts->day <= days[parts->month - 1] + (parts->month == 2 && leap ? 1 : 0);
}

bool decode_clock(const struct reading *reading, struct clock_parts *ret_parts)
{
    assert(reading != NULL && ret_parts != NULL);
    int64_t year_month = 0;
    int64_t day_weekday = 0;
    int64_t hour_minute = 0;
    int64_t second = 0;
    if (!reading_get(reading, POINT_clock_year_month, &year_month) ||
        !reading_get(reading, POINT_clock_day_weekday, &day_weekday) ||
        !reading_get(reading, POINT_clock_hour_minute, &hour_minute) ||
        !reading_get(reading, POINT_clock_second, &second)) {
        return false;
    }
    struct clock_parts parts = {
        .year = 2000 + (int)(year_month >> 8 & 0xFF),
        .month = (int)(year_month & 0xFF),
        .day = (int)(day_weekday >> 8 & 0xFF),
        .hour = (int)(hour_minute >> 8 & 0xFF),
        .minute = (int)(hour_minute & 0xFF),
        .second = (int)(second & 0xFF),
        .weekday = (int)(day_weekday & 0xFF),
    };
    if (parts.year > 2099 || !is_calendar_date(&parts) || parts.hour > 23 || parts.minute > 59 ||
        parts.second > 59) {
        return false;
    }
    *ret_parts = parts;
    return true;
}
