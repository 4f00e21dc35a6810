/*
 * The body of a tariff version as JSON (column tariff_version.body, and what the tariff editor
 * sends):
 *
 *   {"period": {"every": "month" | "year", "month": 1..12, "day": 1..28},     month: yearly only
 *    "steps": [{"from_wh": 0, "surcharge_e4": 0}, ...],                        kinds with steps
 *    "prices_e4": {"flat": N} | {"sharp": N, "peak": N, "flat": N, "valley": N, "deep_valley": N},
 *    "calendar": {
 *      "tables": [[[MINUTE, "valley"], [480, "peak"], ...], ...],
 *      "seasons": [{"from": "07-01", "tables": [t, t, t, t]}, ...],          by day type
 *      "weekdays": [type of Sunday, ..., type of Saturday],
 *      "dates": [{"date": "2026-05-01", "type": 2}, ...]}}                    kinds with rates
 *
 * A step may carry "prices_e4" of its own instead of "surcharge_e4". Rates that are not named cost
 * what "flat" costs. The result was checked by tariff_version_check.
 */
#ifndef PW_RULES_TARIFF_JSON_H
#define PW_RULES_TARIFF_JSON_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/rules/tariff.h"

#define TARIFF_JSON_BYTES_MAX ((size_t)64 << 10)
#define TARIFF_JSON_WHERE_MAX 64

/* Reads a body. The calendar lives in the arena. RC_INVALID: where names the field ("steps[1]",
   "calendar.seasons"), RC_TOO_LARGE, RC_MEMORY. */
enum rc tariff_json_parse(const char *bytes, size_t len, enum tariff_kind kind,
                          int64_t valid_from_at_ms, struct arena *arena,
                          struct tariff_version *ret_version,
                          char where[TARIFF_JSON_WHERE_MAX]) MUST_CHECK;

#endif
