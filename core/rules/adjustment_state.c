#include "core/rules/adjustment_state.h"

#include <assert.h>
#include <stddef.h>

#include "core/rules/state_table.h"

#define TO(state) (1u << ADJUSTMENT_##state)

static const char *const names[ADJUSTMENT_STATE__MAX] = {
    [ADJUSTMENT_ASKED] = "asked",     [ADJUSTMENT_APPROVED] = "approved",
    [ADJUSTMENT_WRITING] = "writing", [ADJUSTMENT_MANUAL] = "manual",
    [ADJUSTMENT_APPLIED] = "applied", [ADJUSTMENT_TYPED] = "typed",
    [ADJUSTMENT_REFUSED] = "refused", [ADJUSTMENT_REJECTED] = "rejected",
    [ADJUSTMENT_EXPIRED] = "expired", [ADJUSTMENT_CANCELLED] = "cancelled",
};

static const unsigned moves[ADJUSTMENT_STATE__MAX] = {
    [ADJUSTMENT_ASKED] = TO(APPROVED) | TO(REJECTED) | TO(EXPIRED) | TO(CANCELLED),
    [ADJUSTMENT_APPROVED] = TO(WRITING) | TO(CANCELLED) | TO(REFUSED) | TO(TYPED),
    [ADJUSTMENT_WRITING] = TO(WRITING) | TO(APPLIED) | TO(MANUAL),
    [ADJUSTMENT_MANUAL] = TO(WRITING) | TO(APPLIED) | TO(REFUSED),
};

static const struct state_table table = {ADJUSTMENT_STATE__MAX, names, moves};

const char *adjustment_state_name(enum adjustment_state state)
{
    return state_table_name(&table, state);
}

enum rc adjustment_state_find(const char *name, enum adjustment_state *ret_state)
{
    assert(ret_state != NULL);
    int state = 0;
    TRY(state_table_find(&table, name, &state));
    *ret_state = (enum adjustment_state)state;
    return RC_OK;
}

bool adjustment_move_allowed(enum adjustment_state from, enum adjustment_state to)
{
    return state_table_allows(&table, from, to);
}

bool adjustment_state_is_final(enum adjustment_state state)
{
    return state_table_is_final(&table, state);
}

bool adjustment_is_in_flight(enum adjustment_state state)
{
    assert(state >= 0 && state < ADJUSTMENT_STATE__MAX);
    return state == ADJUSTMENT_WRITING || state == ADJUSTMENT_MANUAL;
}

bool adjustment_is_posted(enum adjustment_state state)
{
    assert(state >= 0 && state < ADJUSTMENT_STATE__MAX);
    return state == ADJUSTMENT_APPLIED || state == ADJUSTMENT_TYPED;
}
