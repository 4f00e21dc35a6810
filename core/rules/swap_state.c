#include "core/rules/swap_state.h"

#include <assert.h>
#include <stddef.h>

#include "core/rules/state_table.h"

#define TO(state) (1u << SWAP_##state)

static const char *const names[SWAP_STATE__MAX] = {
    [SWAP_ASKED] = "asked",         [SWAP_EMPTYING] = "emptying", [SWAP_EMPTIED] = "emptied",
    [SWAP_EXCHANGED] = "exchanged", [SWAP_DONE] = "done",         [SWAP_UNDONE] = "undone",
    [SWAP_REFUSED] = "refused",     [SWAP_REJECTED] = "rejected", [SWAP_EXPIRED] = "expired",
    [SWAP_CANCELLED] = "cancelled",
};

static const unsigned moves[SWAP_STATE__MAX] = {
    [SWAP_ASKED] = TO(EMPTYING) | TO(EMPTIED) | TO(REJECTED) | TO(EXPIRED) | TO(CANCELLED),
    [SWAP_EMPTYING] = TO(EMPTIED) | TO(REFUSED) | TO(CANCELLED),
    [SWAP_EMPTIED] = TO(EXCHANGED) | TO(DONE) | TO(CANCELLED),
    [SWAP_EXCHANGED] = TO(DONE) | TO(UNDONE),
    [SWAP_DONE] = TO(UNDONE),
};

static const struct state_table table = {SWAP_STATE__MAX, names, moves};

const char *swap_state_name(enum swap_state state)
{
    return state_table_name(&table, state);
}

enum rc swap_state_find(const char *name, enum swap_state *ret_state)
{
    assert(ret_state != NULL);
    int state = 0;
    TRY(state_table_find(&table, name, &state));
    *ret_state = (enum swap_state)state;
    return RC_OK;
}

bool swap_move_allowed(enum swap_state from, enum swap_state to)
{
    return state_table_allows(&table, from, to);
}

bool swap_state_is_final(enum swap_state state)
{
    return state_table_is_final(&table, state);
}
