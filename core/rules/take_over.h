/*
 * Taking over a live meter 接管: does what the sheet says fit what the meter said, twice? Written
 * order, the first that does not fit decides:
 *
 *   silent           never read, not read again since the check, or too long ago
 *   count_differs    the count is not the sheet's, or moved between the two readings
 *   balance_differs  the balance is further from the sheet's than the tolerance, or rose between
 *                    the readings, or fell by more than the tolerance
 *   price_differs    the meter does not charge what the tariff says
 *   alarm_differs    its first threshold is another than the sheet's
 *   ok
 *
 * A person may accept all but silent: then the meter's word counts.
 */
#ifndef PW_RULES_TAKE_OVER_H
#define PW_RULES_TAKE_OVER_H

#include <stdbool.h>
#include <stdint.h>

enum take_over_verdict {
    TAKE_OVER_OK,
    TAKE_OVER_BALANCE_DIFFERS,
    TAKE_OVER_COUNT_DIFFERS,
    TAKE_OVER_PRICE_DIFFERS,
    TAKE_OVER_ALARM_DIFFERS,
    TAKE_OVER_SILENT,
    TAKE_OVER_ERROR, /* the sheet's row itself; not asked here */
    TAKE_OVER_TAKEN,
    TAKE_OVER_UNDONE,
    TAKE_OVER_VERDICT__MAX
};

struct take_over_reading {
    bool known; /* all of it */
    int64_t at_ms;
    int64_t count;
    int64_t balance_fen;
    int64_t energy_wh;
};

struct take_over_facts {
    bool has_sheet_balance;
    int64_t sheet_balance_fen;
    bool has_sheet_count;
    int64_t sheet_count;
    bool has_sheet_alarm;
    int64_t sheet_alarm_fen;
    int64_t tolerance_fen; /* >= 0 */
    struct take_over_reading first;
    struct take_over_reading second; /* known false: only the first was taken */
    bool prices_known;               /* the meter's prices and the tariff's */
    bool prices_fit;
    bool alarm_known;
    int64_t alarm_fen;
};

enum take_over_verdict take_over_judge(const struct take_over_facts *facts);
/* "balance_differs". Never NULL; sentences in both languages, "" for ok. */
const char *take_over_verdict_code(enum take_over_verdict verdict);
const char *take_over_verdict_zh(enum take_over_verdict verdict);
const char *take_over_verdict_en(enum take_over_verdict verdict);

#endif
