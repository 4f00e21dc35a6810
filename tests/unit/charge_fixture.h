/*
 * What the tests of charges share: one version from 2026-01-01 in China with steps 0.50, above
 * 200 kWh a month 0.55, above 400 kWh 0.80, and ways to turn it into rates.
 */
#ifndef PW_TESTS_CHARGE_FIXTURE_H
#define PW_TESTS_CHARGE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/clock.h"
#include "core/rules/charge.h"
#include "core/rules/money.h"

static const struct calendar_zone china = {.count = 1, .rows = {{0, 480}}};

/* Valley to 08:00, peak to 20:00, valley. */
static const struct calendar day_and_night = {
    .table_count = 1,
    .tables = {{3, {{0, RATE_VALLEY}, {480, RATE_PEAK}, {1200, RATE_VALLEY}}}},
    .season_count = 1,
    .seasons = {{1, 1, {0, 0, 0, 0}}},
};

static struct tariff_version versions[2];
static struct tariff tariff;

static inline int64_t utc(const char *text)
{
    int64_t at_ms = 0;
    assert_int_equal(clock_parse_rfc3339(text, strlen(text), &at_ms), RC_OK);
    return at_ms;
}

static inline int set_up(void **context)
{
    (void)context;
    memset(versions, 0, sizeof(versions));
    versions[0] = (struct tariff_version){.valid_from_at_ms = utc("2026-01-01T00:00:00+08:00"),
                                          .kind = TARIFF_STEPS,
                                          .period = {EVERY_MONTH, 0, 1},
                                          .step_count = 3,
                                          .step_from_wh = {0, 200000, 400000}};
    versions[0].price_e4[0][RATE_FLAT] = 5000;
    versions[0].price_e4[1][RATE_FLAT] = 5500;
    versions[0].price_e4[2][RATE_FLAT] = 8000;
    tariff = (struct tariff){.version_count = 1, .versions = versions, .zone = &china};
    return 0;
}

static inline void with_rates(void)
{
    versions[0].kind = TARIFF_RATES;
    versions[0].step_count = 1;
    versions[0].calendar = &day_and_night;
    int64_t prices[RATE__MAX] = {12000, 10000, 7500, 4000, 2000};
    memcpy(versions[0].price_e4[0], prices, sizeof(prices));
}

static inline void with_steps_and_rates(void)
{
    with_rates();
    versions[0].kind = TARIFF_STEPS_RATES;
    versions[0].step_count = 2;
    versions[0].step_from_wh[1] = 100000;
    int64_t base[RATE__MAX] = {12000, 10000, 7500, 4000, 2000};
    int64_t more[TARIFF_STEPS_MAX] = {0, 500};
    assert_int_equal(tariff_set_surcharges(&versions[0], base, more), RC_OK);
}

static inline struct charge_point point(const char *at, int64_t total_wh)
{
    return (struct charge_point){.at_ms = utc(at), .total_wh = total_wh};
}

static inline int64_t charge(struct charge_state *state, const char *at, int64_t from_wh,
                             const char *until, int64_t to_wh)
{
    struct charge_point from = point(at, from_wh);
    struct charge_point to = point(until, to_wh);
    int64_t fen = -1;
    assert_int_equal(charge_interval(&tariff, CHARGE_BY_TIME, state, &from, &to, NULL, state, &fen),
                     RC_OK);
    return fen;
}

#endif
