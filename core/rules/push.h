/*
 * What is to stand in a meter after a push: prices, thresholds, overdraft, rate tables; each part
 * is there or left as it is. Stored as JSON:
 *
 *   {"price_e4": [sharp, peak, flat, valley], "alarm_fen": [level 1, level 2], "overdraft_fen": n,
 *    "fee_control": true, "zones": "24 hex digits", "day_1": "84 hex digits", "day_2": "84 hex
 * digits"}
 */
#ifndef PW_RULES_PUSH_H
#define PW_RULES_PUSH_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/rc.h"
#include "core/base/text.h"
#include "core/rules/point.h"
#include "core/rules/rate_table.h"

#define PUSH_JSON_MAX 500
#define PUSH_RATES 4

struct push_wanted {
    bool has_prices, has_alarms, has_overdraft, has_fee_control;
    int64_t price_e4[PUSH_RATES]; /* 0 .. PRICE_MAX_E4 */
    int64_t alarm_fen[2];
    int64_t overdraft_fen;
    bool fee_control;               /* the meter charges use and cuts at zero by itself */
    struct rate_table_bytes tables; /* parts says which */
};

/* RC_INVALID: no part at all, unknown or faulty ones, tables that no meter takes. */
enum rc push_parse_json(const char *json, struct push_wanted *ret_wanted) MUST_CHECK;
void push_add_json(struct text *json, const struct push_wanted *wanted);
/* Does a newer push bring each part of an older one? */
bool push_covers(const struct push_wanted *newer, const struct push_wanted *older);
/* True if what was read is what is wanted, part by part. */
bool push_stands(const struct push_wanted *wanted, const struct reading *reading,
                 const struct rate_table_bytes *tables);

#endif
