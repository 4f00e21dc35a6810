/*
 * Tariffs 电价方案: what a kWh costs, from when.
 *
 *   single       one price
 *   rates        a price per rate 尖峰平谷(深谷), the calendar says which is in force
 *   steps        阶梯: a price per step of the use since the period began (monthly or yearly)
 *   steps_rates  a price per step and rate
 *
 * A tariff is a list of versions, each valid from a moment until the next one begins. A version
 * that counts its periods differently from the one before begins a new period at its moment;
 * otherwise the period, and the use in it, goes on.
 *
 * All of it is borrowed: versions, calendars and zone belong to the caller and were checked.
 */
#ifndef PW_RULES_TARIFF_H
#define PW_RULES_TARIFF_H

#include <stdbool.h>
#include <stdint.h>

#include "core/rules/calendar.h"

#define TARIFF_STEPS_MAX 8
#define TARIFF_VERSIONS_MAX 64

enum tariff_kind {
    TARIFF_SINGLE,
    TARIFF_RATES,
    TARIFF_STEPS,
    TARIFF_STEPS_RATES,
    TARIFF_KIND__MAX
};

struct tariff_version {
    int64_t valid_from_at_ms;
    enum tariff_kind kind;
    struct calendar_period period;
    int step_count;                                /* 1 .. TARIFF_STEPS_MAX; 1 without steps */
    int64_t step_from_wh[TARIFF_STEPS_MAX];        /* rising, the first is 0 */
    int64_t price_e4[TARIFF_STEPS_MAX][RATE__MAX]; /* without rates: column RATE_FLAT */
    const struct calendar *calendar;               /* NULL without rates */
};

struct tariff {
    int version_count; /* 1 .. TARIFF_VERSIONS_MAX, rising moments */
    const struct tariff_version *versions;
    const struct calendar_zone *zone;
};

/* Why a version or tariff is not taken; the row (step, version) stays in ret_row. */
enum tariff_fault {
    TARIFF_FINE,
    TARIFF_BAD_KIND,
    TARIFF_BAD_MOMENT,   /* before 2000, or versions that do not rise */
    TARIFF_BAD_PERIOD,   /* day beyond 28, month that is none */
    TARIFF_BAD_STEPS,    /* none, too many, first not 0, not rising, or steps in a kind without */
    TARIFF_BAD_PRICE,    /* below 0 or above PRICE_MAX_E4 */
    TARIFF_BAD_CALENDAR, /* missing or faulty with rates, or present without */
    TARIFF_BAD_ZONE,
    TARIFF_BAD_VERSIONS, /* none or too many */
    TARIFF_FAULT__MAX
};

enum tariff_fault tariff_version_check(const struct tariff_version *version,
                                       int *ret_row) MUST_CHECK;
enum tariff_fault tariff_check(const struct tariff *tariff, int *ret_row) MUST_CHECK;
/* "bad_steps"; "steps_rates". Never NULL. */
const char *tariff_fault_code(enum tariff_fault fault);
const char *tariff_kind_name(enum tariff_kind kind);
enum rc tariff_kind_find(const char *name, enum tariff_kind *ret_kind) MUST_CHECK;
bool tariff_kind_has_rates(enum tariff_kind kind);
bool tariff_kind_has_steps(enum tariff_kind kind);

/* Fills the prices of a version from a base price per rate and a surcharge per step (which may be
   below zero; the first is normally 0). RC_INVALID when a price leaves 0 .. PRICE_MAX_E4. */
enum rc tariff_set_surcharges(struct tariff_version *version, const int64_t base_e4[RATE__MAX],
                              const int64_t surcharge_e4[TARIFF_STEPS_MAX]) MUST_CHECK;
/* True if each step costs the same more than the first, whatever the rate: then the charge is a
   function of the registers alone. */
bool tariff_is_separable(const struct tariff_version *version);

/* Index of the version in force; RC_NOT_FOUND before the first. */
enum rc tariff_version_at(const struct tariff *tariff, int64_t at_ms, int *ret_index) MUST_CHECK;
/* Price of a step (0 ..) and rate. */
int64_t tariff_price_e4(const struct tariff_version *version, int step, enum rate rate);
/* Step in which the next Wh of a period falls. */
int tariff_step_of(const struct tariff_version *version, int64_t period_wh);
/* Rate in force at a moment; RATE_FLAT without rates. */
enum rate tariff_rate_at(const struct tariff *tariff, const struct tariff_version *version,
                         int64_t at_ms);
/* Start of the billing period that holds the moment. RC_NOT_FOUND before the first version. */
enum rc tariff_period_start(const struct tariff *tariff, int64_t at_ms,
                            int64_t *ret_start_ms) MUST_CHECK;
/* The first moment in (at_ms, until_ms) at which a version or a period begins or, with
   rate_changes, another rate comes into force; until_ms if none. at_ms is not before the first
   version. */
int64_t tariff_next_boundary(const struct tariff *tariff, bool rate_changes, int64_t at_ms,
                             int64_t until_ms);

/* How a meter that counts and charges by itself compares with the version in force. */
enum tariff_meter {
    TARIFF_METER_SAME,   /* it charges what we would: its money and its registers are right */
    TARIFF_METER_PRICES, /* 旧价运行: same times, other prices; its rate registers are right */
    TARIFF_METER_TIMES,  /* other times: its rate registers are of no use */
    TARIFF_METER_STEPS,  /* steps: no meter of ours can charge them; registers right */
    TARIFF_METER_STEPS_TIMES, /* steps, and other times */
    TARIFF_METER__MAX
};

/* meter_calendar: its tables as read, every day type the same; NULL when it has none.
   meter_price_e4: as read; a rate that its tables never use is not compared. */
enum tariff_meter tariff_meter_compare(const struct tariff_version *version,
                                       const struct calendar *meter_calendar,
                                       const int64_t meter_price_e4[RATE__MAX]);
/* May use be taken from the meter's rate registers? */
bool tariff_registers_usable(const struct tariff_version *version, enum tariff_meter meter);
/* "prices". Never NULL. */
const char *tariff_meter_code(enum tariff_meter meter);

#endif
