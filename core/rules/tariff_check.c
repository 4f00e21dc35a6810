/* Which tariffs are taken, and how a meter's own tables and prices compare with one. */
#include "core/rules/tariff.h"

#include <assert.h>
#include <stddef.h>

#include "core/rules/money.h"

static const char *const fault_codes[TARIFF_FAULT__MAX] = {
    [TARIFF_FINE] = "fine",
    [TARIFF_BAD_KIND] = "bad_kind",
    [TARIFF_BAD_MOMENT] = "bad_moment",
    [TARIFF_BAD_PERIOD] = "bad_period",
    [TARIFF_BAD_STEPS] = "bad_steps",
    [TARIFF_BAD_PRICE] = "bad_price",
    [TARIFF_BAD_CALENDAR] = "bad_calendar",
    [TARIFF_BAD_ZONE] = "bad_zone",
    [TARIFF_BAD_VERSIONS] = "bad_versions",
};

static const char *const meter_codes[TARIFF_METER__MAX] = {
    [TARIFF_METER_SAME] = "same",
    [TARIFF_METER_PRICES] = "prices",
    [TARIFF_METER_TIMES] = "times",
    [TARIFF_METER_STEPS] = "steps",
    [TARIFF_METER_STEPS_TIMES] = "steps_times",
};

const char *tariff_fault_code(enum tariff_fault fault)
{
    assert(fault >= 0 && fault < TARIFF_FAULT__MAX);
    return fault_codes[fault];
}

const char *tariff_meter_code(enum tariff_meter meter)
{
    assert(meter >= 0 && meter < TARIFF_METER__MAX);
    return meter_codes[meter];
}

static bool steps_fine(const struct tariff_version *version, int *ret_row)
{
    int most = tariff_kind_has_steps(version->kind) ? TARIFF_STEPS_MAX : 1;
    *ret_row = 0;
    if (version->step_count < 1 || version->step_count > most || version->step_from_wh[0] != 0) {
        return false;
    }
    for (int step = 1; step < version->step_count; step++) {
        *ret_row = step;
        if (version->step_from_wh[step] <= version->step_from_wh[step - 1] ||
            version->step_from_wh[step] > ENERGY_MAX_WH) {
            return false;
        }
    }
    return true;
}

static bool prices_fine(const struct tariff_version *version, int *ret_row)
{
    for (int step = 0; step < version->step_count; step++) {
        *ret_row = step;
        for (int rate = 0; rate < RATE__MAX; rate++) {
            int64_t price_e4 = version->price_e4[step][rate];
            if (price_e4 < 0 || price_e4 > PRICE_MAX_E4) {
                return false;
            }
        }
    }
    return true;
}

static bool calendar_fine(const struct tariff_version *version, int *ret_row)
{
    *ret_row = 0;
    if (!tariff_kind_has_rates(version->kind)) {
        return version->calendar == NULL;
    }
    return version->calendar != NULL && calendar_check(version->calendar, ret_row) == CALENDAR_FINE;
}

enum tariff_fault tariff_version_check(const struct tariff_version *version, int *ret_row)
{
    assert(version != NULL && ret_row != NULL);
    int row = 0;
    enum tariff_fault fault = TARIFF_FINE;
    if ((int)version->kind < 0 || version->kind >= TARIFF_KIND__MAX) {
        fault = TARIFF_BAD_KIND;
    } else if (version->valid_from_at_ms < CALENDAR_FIRST_MS ||
               version->valid_from_at_ms > CALENDAR_LAST_MS) {
        fault = TARIFF_BAD_MOMENT;
    } else if (!calendar_period_valid(&version->period)) {
        fault = TARIFF_BAD_PERIOD;
    } else if (!steps_fine(version, &row)) {
        fault = TARIFF_BAD_STEPS;
    } else if (!prices_fine(version, &row)) {
        fault = TARIFF_BAD_PRICE;
    } else if (!calendar_fine(version, &row)) {
        fault = TARIFF_BAD_CALENDAR;
    }
    if (fault != TARIFF_FINE) {
        *ret_row = row;
    }
    return fault;
}

enum tariff_fault tariff_check(const struct tariff *tariff, int *ret_row)
{
    assert(tariff != NULL && ret_row != NULL);
    if (calendar_zone_check(tariff->zone, ret_row) != CALENDAR_FINE) {
        return TARIFF_BAD_ZONE;
    }
    if (tariff->version_count < 1 || tariff->version_count > TARIFF_VERSIONS_MAX) {
        return TARIFF_BAD_VERSIONS;
    }
    for (int i = 0; i < tariff->version_count; i++) {
        const struct tariff_version *version = &tariff->versions[i];
        int row = 0;
        enum tariff_fault fault = tariff_version_check(version, &row);
        if (fault == TARIFF_FINE && i > 0 &&
            version->valid_from_at_ms <= version[-1].valid_from_at_ms) {
            fault = TARIFF_BAD_MOMENT;
        }
        if (fault != TARIFF_FINE) {
            *ret_row = i;
            return fault;
        }
    }
    return TARIFF_FINE;
}

/* All prices that the version's times can ask for. */
static bool prices_same(const struct tariff_version *version,
                        const int64_t meter_price_e4[RATE__MAX])
{
    for (int rate = 0; rate < RATE__MAX; rate++) {
        if (calendar_uses(version->calendar, (enum rate)rate) &&
            meter_price_e4[rate] != version->price_e4[0][rate]) {
            return false;
        }
    }
    return true;
}

/* One price at all times: the meter must have it for each rate that its own tables use. */
static bool price_single(const struct tariff_version *version,
                         const struct calendar *meter_calendar,
                         const int64_t meter_price_e4[RATE__MAX])
{
    for (int rate = 0; rate < RATE__MAX; rate++) {
        bool used = meter_calendar == NULL ? rate != RATE_DEEP_VALLEY
                                           : calendar_uses(meter_calendar, (enum rate)rate);
        if (used && meter_price_e4[rate] != version->price_e4[0][RATE_FLAT]) {
            return false;
        }
    }
    return true;
}

enum tariff_meter tariff_meter_compare(const struct tariff_version *version,
                                       const struct calendar *meter_calendar,
                                       const int64_t meter_price_e4[RATE__MAX])
{
    assert(version != NULL && meter_price_e4 != NULL);
    bool rates = tariff_kind_has_rates(version->kind);
    bool times =
        !rates || (meter_calendar != NULL && calendar_equal(version->calendar, meter_calendar));
    if (tariff_kind_has_steps(version->kind)) {
        return times ? TARIFF_METER_STEPS : TARIFF_METER_STEPS_TIMES;
    }
    if (!times) {
        return TARIFF_METER_TIMES;
    }
    bool prices = rates ? prices_same(version, meter_price_e4)
                        : price_single(version, meter_calendar, meter_price_e4);
    return prices ? TARIFF_METER_SAME : TARIFF_METER_PRICES;
}

bool tariff_registers_usable(const struct tariff_version *version, enum tariff_meter meter)
{
    assert(version != NULL && meter >= 0 && meter < TARIFF_METER__MAX);
    if (meter == TARIFF_METER_TIMES || meter == TARIFF_METER_STEPS_TIMES) {
        return false;
    }
    return tariff_kind_has_rates(version->kind) && tariff_is_separable(version);
}
