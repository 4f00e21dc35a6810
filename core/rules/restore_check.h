/*
 * After a restore: does what a meter says fit what the restored database knows? A meter that is
 * ahead has money of a purchase that the database lost; sending it anything would give that money a
 * second owner or a count that was used. Pure; integers only.
 *
 *   our_count   every count that was given, in flight or not: more cannot be in the meter
 *   balance     last stored reading - cost of the use since, and what was on its way then may be in
 *               it or not; the cost is known between the prices of then and of now
 */
#ifndef PW_RULES_RESTORE_CHECK_H
#define PW_RULES_RESTORE_CHECK_H

#include <stdbool.h>
#include <stdint.h>

enum restore_finding {
    RESTORE_FITS,
    RESTORE_COUNT_AHEAD,    /* a purchase is in the meter that the database does not have */
    RESTORE_COUNT_BEHIND,   /* the database has one that the meter never got: not this meter */
    RESTORE_BALANCE_AHEAD,  /* more money than can be there */
    RESTORE_BALANCE_BEHIND, /* money left it: a refund that the database lost */
    RESTORE_OTHER_METER,    /* an energy register went backwards */
    RESTORE_FINDING__MAX
};

struct restore_facts {
    int64_t our_count;   /* 0 .. 65535 */
    bool in_flight;      /* the last count may or may not be in the meter */
    int64_t extra_fen;   /* money that may or may not be in the balance of then, >= 0 */
    int64_t meter_count; /* as read after the restore */
    bool backwards;
    bool has_balance; /* the rest is known */
    int64_t our_balance_fen;
    int64_t cost_low_fen;  /* of the use since, >= 0 */
    int64_t cost_high_fen; /* >= cost_low_fen */
    int64_t tolerance_fen; /* >= 0 */
    int64_t meter_balance_fen;
};

/* What purchases that the database does not have may sum to, so that the meter's balance is
   explained; facts without a balance or with registers that went backwards explain nothing. */
void restore_missing(const struct restore_facts *facts, int64_t *ret_least_fen,
                     int64_t *ret_most_fen);
enum restore_finding restore_judge(const struct restore_facts *facts);
/* "count_ahead", "none" where it fits. Never NULL. */
const char *restore_finding_code(enum restore_finding finding);

#endif
