#include "core/rules/restore_check.h"

#include <assert.h>

static const char *const codes[RESTORE_FINDING__MAX] = {
    [RESTORE_FITS] = "none",
    [RESTORE_COUNT_AHEAD] = "count_ahead",
    [RESTORE_COUNT_BEHIND] = "count_behind",
    [RESTORE_BALANCE_AHEAD] = "balance_ahead",
    [RESTORE_BALANCE_BEHIND] = "balance_behind",
    [RESTORE_OTHER_METER] = "other_meter",
};

void restore_missing(const struct restore_facts *facts, int64_t *ret_least_fen,
                     int64_t *ret_most_fen)
{
    assert(facts->has_balance && !facts->backwards);
    int64_t most_fen =
        facts->our_balance_fen - facts->cost_low_fen + facts->tolerance_fen + facts->extra_fen;
    int64_t least_fen = facts->our_balance_fen - facts->cost_high_fen - facts->tolerance_fen;
    *ret_least_fen = facts->meter_balance_fen - most_fen;
    *ret_most_fen = facts->meter_balance_fen - least_fen;
}

enum restore_finding restore_judge(const struct restore_facts *facts)
{
    assert(facts->extra_fen >= 0 && facts->tolerance_fen >= 0);
    assert(facts->cost_low_fen >= 0 && facts->cost_high_fen >= facts->cost_low_fen);
    if (facts->meter_count > facts->our_count) {
        return RESTORE_COUNT_AHEAD;
    }
    if (facts->meter_count < facts->our_count - (facts->in_flight ? 1 : 0)) {
        return RESTORE_COUNT_BEHIND;
    }
    if (facts->backwards) {
        return RESTORE_OTHER_METER;
    }
    if (!facts->has_balance) {
        return RESTORE_FITS;
    }
    int64_t least_fen = 0;
    int64_t most_fen = 0;
    restore_missing(facts, &least_fen, &most_fen);
    if (least_fen > 0) {
        return RESTORE_BALANCE_AHEAD;
    }
    return most_fen < 0 ? RESTORE_BALANCE_BEHIND : RESTORE_FITS;
}

const char *restore_finding_code(enum restore_finding finding)
{
    assert(finding >= 0 && finding < RESTORE_FINDING__MAX);
    return codes[finding];
}
