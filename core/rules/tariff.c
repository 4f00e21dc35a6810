#include "core/rules/tariff.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "core/rules/money.h"

static const struct {
    const char *name;
    bool rates;
    bool steps;
} kinds[TARIFF_KIND__MAX] = {
    [TARIFF_SINGLE] = {"single", false, false},
    [TARIFF_RATES] = {"rates", true, false},
    [TARIFF_STEPS] = {"steps", false, true},
    [TARIFF_STEPS_RATES] = {"steps_rates", true, true},
};

const char *tariff_kind_name(enum tariff_kind kind)
{
    assert(kind >= 0 && kind < TARIFF_KIND__MAX);
    return kinds[kind].name;
}

enum rc tariff_kind_find(const char *name, enum tariff_kind *ret_kind)
{
    assert(name != NULL && ret_kind != NULL);
    for (int i = 0; i < TARIFF_KIND__MAX; i++) {
        if (strcmp(kinds[i].name, name) == 0) {
            *ret_kind = (enum tariff_kind)i;
            return RC_OK;
        }
    }
    return RC_NOT_FOUND;
}

bool tariff_kind_has_rates(enum tariff_kind kind)
{
    assert(kind >= 0 && kind < TARIFF_KIND__MAX);
    return kinds[kind].rates;
}

bool tariff_kind_has_steps(enum tariff_kind kind)
{
    assert(kind >= 0 && kind < TARIFF_KIND__MAX);
    return kinds[kind].steps;
}

enum rc tariff_set_surcharges(struct tariff_version *version, const int64_t base_e4[RATE__MAX],
                              const int64_t surcharge_e4[TARIFF_STEPS_MAX])
{
    assert(version != NULL && base_e4 != NULL && surcharge_e4 != NULL);
    int64_t price_e4[TARIFF_STEPS_MAX][RATE__MAX] = {0};
    for (int step = 0; step < version->step_count; step++) {
        for (int rate = 0; rate < RATE__MAX; rate++) {
            int64_t *price = &price_e4[step][rate];
            if (money_add(base_e4[rate], surcharge_e4[step], price) != RC_OK || *price < 0 ||
                *price > PRICE_MAX_E4) {
                return RC_INVALID;
            }
        }
    }
    memcpy(version->price_e4, price_e4, sizeof(price_e4));
    return RC_OK;
}

bool tariff_is_separable(const struct tariff_version *version)
{
    assert(version != NULL);
    for (int step = 1; step < version->step_count; step++) {
        int64_t more_e4 = version->price_e4[step][RATE_FLAT] - version->price_e4[0][RATE_FLAT];
        for (int rate = 0; rate < RATE__MAX; rate++) {
            if (version->price_e4[step][rate] - version->price_e4[0][rate] != more_e4) {
                return false;
            }
        }
    }
    return true;
}

enum rc tariff_version_at(const struct tariff *tariff, int64_t at_ms, int *ret_index)
{
    assert(tariff != NULL && ret_index != NULL);
    int index = tariff->version_count - 1;
    while (index >= 0 && tariff->versions[index].valid_from_at_ms > at_ms) {
        index--;
    }
    if (index < 0) {
        return RC_NOT_FOUND;
    }
    *ret_index = index;
    return RC_OK;
}

int64_t tariff_price_e4(const struct tariff_version *version, int step, enum rate rate)
{
    assert(version != NULL && step >= 0 && step < version->step_count);
    assert(rate >= 0 && rate < RATE__MAX);
    return version->price_e4[step][kinds[version->kind].rates ? rate : RATE_FLAT];
}

int tariff_step_of(const struct tariff_version *version, int64_t period_wh)
{
    assert(version != NULL && period_wh >= 0);
    int step = version->step_count - 1;
    while (version->step_from_wh[step] > period_wh) {
        step--;
    }
    return step;
}

enum rate tariff_rate_at(const struct tariff *tariff, const struct tariff_version *version,
                         int64_t at_ms)
{
    assert(tariff != NULL && version != NULL);
    if (!kinds[version->kind].rates) {
        return RATE_FLAT;
    }
    return calendar_rate_at(version->calendar, tariff->zone, at_ms);
}

static bool same_period(const struct calendar_period *a, const struct calendar_period *b)
{
    return a->every == b->every && a->day == b->day &&
           (a->every == EVERY_MONTH || a->month == b->month);
}

enum rc tariff_period_start(const struct tariff *tariff, int64_t at_ms, int64_t *ret_start_ms)
{
    assert(ret_start_ms != NULL);
    int index = 0;
    TRY(tariff_version_at(tariff, at_ms, &index));
    const struct tariff_version *versions = tariff->versions;
    int64_t start_ms = calendar_period_start(&versions[index].period, tariff->zone, at_ms);
    while (index > 0 && same_period(&versions[index - 1].period, &versions[index].period)) {
        index--;
    }
    if (index > 0 && versions[index].valid_from_at_ms > start_ms) {
        start_ms = versions[index].valid_from_at_ms;
    }
    *ret_start_ms = start_ms;
    return RC_OK;
}

static int64_t earlier(int64_t a_ms, int64_t b_ms)
{
    return a_ms < b_ms ? a_ms : b_ms;
}

int64_t tariff_next_boundary(const struct tariff *tariff, bool rate_changes, int64_t at_ms,
                             int64_t until_ms)
{
    int index = 0;
    enum rc rc = tariff_version_at(tariff, at_ms, &index);
    assert(rc == RC_OK);
    (void)rc;
    const struct tariff_version *version = &tariff->versions[index];
    if (index + 1 < tariff->version_count) {
        until_ms = earlier(until_ms, version[1].valid_from_at_ms);
    }
    until_ms = earlier(until_ms, calendar_period_next(&version->period, tariff->zone, at_ms));
    if (rate_changes && kinds[version->kind].rates) {
        until_ms = calendar_next_rate(version->calendar, tariff->zone, at_ms, until_ms);
    }
    return until_ms;
}
