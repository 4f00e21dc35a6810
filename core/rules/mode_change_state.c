#include "core/rules/mode_change_state.h"

#include <assert.h>
#include <stddef.h>

#include "core/rules/state_table.h"

#define TO(state) (1u << MODE_CHANGE_##state)

static const char *const names[MODE_CHANGE_STATE__MAX] = {
    [MODE_CHANGE_ASKED] = "asked",     [MODE_CHANGE_APPROVED] = "approved",
    [MODE_CHANGE_MOVING] = "moving",   [MODE_CHANGE_SWITCHING] = "switching",
    [MODE_CHANGE_STUCK] = "stuck",     [MODE_CHANGE_DONE] = "done",
    [MODE_CHANGE_REFUSED] = "refused", [MODE_CHANGE_REJECTED] = "rejected",
    [MODE_CHANGE_EXPIRED] = "expired", [MODE_CHANGE_CANCELLED] = "cancelled",
};

static const unsigned moves[MODE_CHANGE_STATE__MAX] = {
    [MODE_CHANGE_ASKED] = TO(APPROVED) | TO(REJECTED) | TO(EXPIRED) | TO(CANCELLED),
    [MODE_CHANGE_APPROVED] = TO(MOVING) | TO(CANCELLED),
    [MODE_CHANGE_MOVING] = TO(SWITCHING) | TO(REFUSED),
    [MODE_CHANGE_SWITCHING] = TO(DONE) | TO(STUCK),
    [MODE_CHANGE_STUCK] = TO(SWITCHING),
};

static const struct state_table table = {MODE_CHANGE_STATE__MAX, names, moves};

const char *mode_change_state_name(enum mode_change_state state)
{
    return state_table_name(&table, state);
}

enum rc mode_change_state_find(const char *name, enum mode_change_state *ret_state)
{
    assert(ret_state != NULL);
    int state = 0;
    TRY(state_table_find(&table, name, &state));
    *ret_state = (enum mode_change_state)state;
    return RC_OK;
}

bool mode_change_move_allowed(enum mode_change_state from, enum mode_change_state to)
{
    return state_table_allows(&table, from, to);
}

bool mode_change_state_is_final(enum mode_change_state state)
{
    return state_table_is_final(&table, state);
}

bool mode_change_is_moving(enum mode_change_state state)
{
    assert(state >= 0 && state < MODE_CHANGE_STATE__MAX);
    return state == MODE_CHANGE_MOVING || state == MODE_CHANGE_SWITCHING ||
           state == MODE_CHANGE_STUCK;
}
