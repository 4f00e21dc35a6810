#include "core/rules/readback.h"

#include <assert.h>
#include <stddef.h>

#include "core/rules/money.h"

static const char *const readback_codes[READBACK_VERDICT__MAX] = {
    [READBACK_APPLIED] = "applied", [READBACK_FENCED] = "fenced", [READBACK_RESEND] = "resend",
    [READBACK_PERSON] = "person",   [READBACK_FREEZE] = "freeze",
};

static const char *const adjustment_codes[ADJUSTMENT_VERDICT__MAX] = {
    [ADJUSTMENT_READ_APPLIED] = "applied",
    [ADJUSTMENT_READ_REWRITE] = "rewrite",
    [ADJUSTMENT_READ_FREEZE] = "freeze",
};

/* A figure from a 32-bit register or from our own table is far inside these bounds, so that sums
   and differences of a few of them cannot overflow. */
static bool near(int64_t a_fen, int64_t b_fen, int64_t tolerance_fen)
{
    int64_t distance_fen = a_fen - b_fen;
    return distance_fen <= tolerance_fen && -distance_fen <= tolerance_fen;
}

struct fits {
    bool with;
    bool without;
    bool last_is_amount; /* or no register says otherwise */
    bool last_is_zero;   /* or no register says otherwise */
};

static bool bounded(int64_t fen)
{
    return fen >= -MONEY_MAX_FEN && fen <= MONEY_MAX_FEN;
}

static struct fits compare(const struct readback_facts *facts)
{
    assert(facts != NULL && facts->our_count >= 1);
    assert(facts->amount_fen > 0 && facts->use_cost_fen >= 0 && facts->tolerance_fen >= 0);
    assert(bounded(facts->amount_fen) && bounded(facts->before_fen));
    assert(bounded(facts->use_cost_fen) && bounded(facts->balance_fen));
    int64_t without_fen = facts->before_fen - facts->use_cost_fen;
    return (struct fits){
        .with = near(facts->balance_fen, without_fen + facts->amount_fen, facts->tolerance_fen),
        .without = near(facts->balance_fen, without_fen, facts->tolerance_fen),
        .last_is_amount = !facts->has_last_amount || facts->last_amount_fen == facts->amount_fen,
        .last_is_zero = !facts->has_last_amount || facts->last_amount_fen == 0,
    };
}

/* count = ours - 1: the frame did nothing, if the balance says the same. */
static enum readback_verdict not_applied(const struct readback_facts *facts, struct fits fits)
{
    if (!fits.without) {
        return READBACK_FREEZE;
    }
    return facts->refuses_repeat ? READBACK_RESEND : READBACK_PERSON;
}

enum readback_verdict readback_judge(const struct readback_facts *facts)
{
    struct fits fits = compare(facts);
    if (facts->count == facts->our_count - 1) {
        return not_applied(facts, fits);
    }
    if (facts->count != facts->our_count || !fits.with || !fits.last_is_amount) {
        return READBACK_FREEZE;
    }
    return fits.without && !facts->has_last_amount ? READBACK_PERSON : READBACK_APPLIED;
}

enum readback_verdict readback_judge_fence(const struct readback_facts *facts)
{
    struct fits fits = compare(facts);
    if (facts->count == facts->our_count - 1) {
        return not_applied(facts, fits);
    }
    if (facts->count != facts->our_count) {
        return READBACK_FREEZE;
    }
    bool confirmed = fits.with && fits.last_is_amount;
    bool fenced = fits.without && fits.last_is_zero;
    if (confirmed && fenced) {
        return READBACK_PERSON;
    }
    if (confirmed) {
        return READBACK_APPLIED;
    }
    return fenced ? READBACK_FENCED : READBACK_FREEZE;
}

const char *readback_verdict_code(enum readback_verdict verdict)
{
    assert(verdict >= 0 && verdict < READBACK_VERDICT__MAX);
    return readback_codes[verdict];
}

enum adjustment_verdict adjustment_judge(const struct adjustment_facts *facts)
{
    assert(facts != NULL && facts->tolerance_fen >= 0);
    assert(bounded(facts->old_balance_fen) && bounded(facts->new_balance_fen));
    assert(bounded(facts->balance_fen));
    bool count_new = facts->count == facts->new_count;
    bool count_old = facts->count == facts->old_count;
    bool money_new = near(facts->balance_fen, facts->new_balance_fen, facts->tolerance_fen);
    bool money_old = near(facts->balance_fen, facts->old_balance_fen, facts->tolerance_fen);
    if (count_new && money_new) {
        return ADJUSTMENT_READ_APPLIED;
    }
    bool count_known = count_new || count_old;
    bool money_known = money_new || money_old;
    return count_known && money_known ? ADJUSTMENT_READ_REWRITE : ADJUSTMENT_READ_FREEZE;
}

const char *adjustment_verdict_code(enum adjustment_verdict verdict)
{
    assert(verdict >= 0 && verdict < ADJUSTMENT_VERDICT__MAX);
    return adjustment_codes[verdict];
}
