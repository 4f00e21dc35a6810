/*
 * What a reading proves after a frame may have left: the only proof there is
 * (design 5.4, 5.6, 5.7). An echo, an error reply or silence prove nothing and are not asked here.
 *
 * The reading must be of the right meter (serial number read and the same) and be complete; a
 * reading that is not is no reading, and the delivery stays as it is.
 *
 *   with     balance as expected if the amount is in:      before + amount - cost of the use since
 *   without  balance as expected if it is not:             before          - cost of the use since
 *   fits     not further away than the tolerance, which covers the price of the meter's own
 *            resolution and of the use between the two registers being read
 *
 * Purchase        fits with   fits without   last amount (where the model has the register)
 *   count = ours      yes          no        equal or none -> applied; other -> freeze
 *                     yes          yes       equal -> applied; other -> freeze; none -> person
 *                     no           any       freeze (torn: count without money)
 *   count = ours - 1  any          yes       not applied: resend the same count; person where the
 *                                            model is not proven to refuse a repeat
 *                     any          no        freeze (torn: money without count)
 *   anything else                            freeze
 *
 * Fence (a zero purchase with the same count, G2): either frame may have come first.
 *   count = ours      yes          no        equal or none -> confirmed; other -> freeze
 *                     no           yes       0 or none -> fenced; other -> freeze
 *                     yes          yes       equal -> confirmed; 0 -> fenced; other -> freeze;
 *                                            none -> person
 *                     no           no        freeze
 *   count = ours - 1  any          yes       fence again with the same count
 *                     any          no        freeze
 *   anything else                            freeze
 */
#ifndef PW_RULES_READBACK_H
#define PW_RULES_READBACK_H

#include <stdbool.h>
#include <stdint.h>

enum readback_verdict {
    READBACK_APPLIED, /* the amount is in the meter, exactly once */
    READBACK_FENCED,  /* the count is burnt and the amount can never come */
    READBACK_RESEND,  /* nothing happened: the same frame with the same count again */
    READBACK_PERSON,  /* both fit: a person decides */
    READBACK_FREEZE,  /* neither: somebody else wrote, or the meter is not what we think */
    READBACK_VERDICT__MAX
};

struct readback_facts {
    int64_t our_count;       /* committed before the first frame, >= 1 */
    int64_t amount_fen;      /* > 0 */
    int64_t before_fen;      /* balance stored as evidence at the claim */
    int64_t use_cost_fen;    /* what the use since then costs at the meter's prices, >= 0 */
    int64_t tolerance_fen;   /* >= 0 */
    int64_t count;           /* as read back */
    int64_t balance_fen;     /* as read back */
    bool has_last_amount;    /* the model has the register, proven */
    int64_t last_amount_fen; /* as read back */
    bool refuses_repeat;     /* proven: the same count twice credits once */
};

enum readback_verdict readback_judge(const struct readback_facts *facts);
enum readback_verdict readback_judge_fence(const struct readback_facts *facts);
/* "resend". Never NULL. */
const char *readback_verdict_code(enum readback_verdict verdict);

/*
 * Adjustment: absolute targets were committed with the old values that were expected; supply is
 * off. both registers at their targets               applied each register at its old value or its
 * target  rewrite (writing the same absolute values again) anything else freeze The count is
 * compared exactly, the balance within the tolerance. A balance that fits old value and target
 * counts as at the target.
 */
enum adjustment_verdict {
    ADJUSTMENT_READ_APPLIED,
    ADJUSTMENT_READ_REWRITE,
    ADJUSTMENT_READ_FREEZE,
    ADJUSTMENT_VERDICT__MAX
};

struct adjustment_facts {
    int64_t old_count, old_balance_fen; /* as read before, stored */
    int64_t new_count, new_balance_fen; /* the targets */
    int64_t count, balance_fen;         /* as read back */
    int64_t tolerance_fen;              /* >= 0 */
};

enum adjustment_verdict adjustment_judge(const struct adjustment_facts *facts);
/* "rewrite". Never NULL. */
const char *adjustment_verdict_code(enum adjustment_verdict verdict);

#endif
