#include "core/rules/swap.h"

#include <assert.h>

struct swap_parts swap_divide(const struct swap_money *money)
{
    assert(money->pool_fen >= 0 && money->new_fen >= 0);
    struct swap_parts parts = {0};
    parts.covered_fen = money->new_fen < money->pool_fen ? money->new_fen : money->pool_fen;
    parts.deliver_fen = money->pool_fen - parts.covered_fen;
    parts.excess_fen = money->new_fen - parts.covered_fen;
    parts.correction_fen = parts.excess_fen - money->residual_fen;
    return parts;
}

enum swap_flight swap_judge_flight(int64_t ended_count, int64_t flight_count, int64_t last_count)
{
    if (last_count == ended_count) {
        return flight_count == 0 ? SWAP_FLIGHT_NONE : SWAP_FLIGHT_NOT_APPLIED;
    }
    return flight_count != 0 && last_count == flight_count ? SWAP_FLIGHT_APPLIED
                                                           : SWAP_FLIGHT_DIFFERS;
}
