#include "core/rules/close_state.h"

#include <assert.h>
#include <stddef.h>

#include "core/rules/state_table.h"

#define TO(state) (1u << CLOSE_##state)

static const char *const names[CLOSE_STATE__MAX] = {
    [CLOSE_ASKED] = "asked",   [CLOSE_EMPTYING] = "emptying",   [CLOSE_SETTLED] = "settled",
    [CLOSE_CLOSED] = "closed", [CLOSE_CANCELLED] = "cancelled",
};

static const unsigned moves[CLOSE_STATE__MAX] = {
    [CLOSE_ASKED] = TO(EMPTYING) | TO(CANCELLED),
    [CLOSE_EMPTYING] = TO(SETTLED) | TO(CANCELLED),
    [CLOSE_SETTLED] = TO(CLOSED),
};

static const struct state_table table = {CLOSE_STATE__MAX, names, moves};

const char *close_state_name(enum close_state state)
{
    return state_table_name(&table, state);
}

enum rc close_state_find(const char *name, enum close_state *ret_state)
{
    assert(ret_state != NULL);
    int state = 0;
    TRY(state_table_find(&table, name, &state));
    *ret_state = (enum close_state)state;
    return RC_OK;
}

bool close_move_allowed(enum close_state from, enum close_state to)
{
    return state_table_allows(&table, from, to);
}

bool close_state_is_final(enum close_state state)
{
    return state_table_is_final(&table, state);
}
