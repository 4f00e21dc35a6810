#include "core/rules/delivery_state.h"

#include <assert.h>
#include <stddef.h>

#include "core/rules/state_table.h"

#define TO(state) (1u << DELIVERY_##state)

static const char *const names[DELIVERY_STATE__MAX] = {
    [DELIVERY_PENDING] = "pending",     [DELIVERY_SENDING] = "sending",
    [DELIVERY_CONFIRMED] = "confirmed", [DELIVERY_FENCING] = "fencing",
    [DELIVERY_FENCED] = "fenced",       [DELIVERY_HOLD] = "hold",
    [DELIVERY_MANUAL] = "manual",       [DELIVERY_CANCELLED] = "cancelled",
};

/* The arrows of the drawing, once for deliveries that have no count yet, once for the others. */
static const unsigned moves_without[DELIVERY_STATE__MAX] = {
    [DELIVERY_PENDING] = TO(SENDING) | TO(CANCELLED) | TO(HOLD) | TO(MANUAL),
    [DELIVERY_HOLD] = TO(PENDING) | TO(CANCELLED) | TO(MANUAL),
    [DELIVERY_MANUAL] = TO(PENDING) | TO(CANCELLED),
};
static const unsigned moves_with[DELIVERY_STATE__MAX] = {
    [DELIVERY_SENDING] = TO(CONFIRMED) | TO(FENCING) | TO(HOLD) | TO(MANUAL),
    [DELIVERY_FENCING] = TO(FENCED) | TO(CONFIRMED) | TO(MANUAL),
    [DELIVERY_HOLD] = TO(SENDING) | TO(FENCING) | TO(MANUAL),
    [DELIVERY_MANUAL] = TO(SENDING) | TO(FENCING) | TO(CONFIRMED) | TO(FENCED),
};

static const struct state_table without = {DELIVERY_STATE__MAX, names, moves_without};
static const struct state_table with = {DELIVERY_STATE__MAX, names, moves_with};

const char *delivery_state_name(enum delivery_state state)
{
    return state_table_name(&with, state);
}

enum rc delivery_state_find(const char *name, enum delivery_state *ret_state)
{
    assert(ret_state != NULL);
    int state = 0;
    TRY(state_table_find(&with, name, &state));
    *ret_state = (enum delivery_state)state;
    return RC_OK;
}

bool delivery_move_allowed(enum delivery_state from, enum delivery_state to, bool has_count)
{
    return state_table_allows(has_count ? &with : &without, from, to);
}

bool delivery_state_is_final(enum delivery_state state)
{
    return state_table_is_final(&with, state) && state_table_is_final(&without, state);
}

bool delivery_count_fits(enum delivery_state state, bool has_count)
{
    assert(state >= 0 && state < DELIVERY_STATE__MAX);
    switch (state) {
    case DELIVERY_PENDING:
    case DELIVERY_CANCELLED:
        return !has_count;
    case DELIVERY_HOLD:
    case DELIVERY_MANUAL:
        return true;
    default:
        return has_count;
    }
}

bool delivery_is_in_flight(enum delivery_state state, bool has_count)
{
    return has_count && delivery_is_open(state);
}

bool delivery_is_open(enum delivery_state state)
{
    return !delivery_state_is_final(state);
}

bool delivery_frees_payment(enum delivery_state state)
{
    assert(state >= 0 && state < DELIVERY_STATE__MAX);
    return state == DELIVERY_FENCED || state == DELIVERY_CANCELLED;
}

bool delivery_waits_for_person(enum delivery_state state)
{
    assert(state >= 0 && state < DELIVERY_STATE__MAX);
    return state == DELIVERY_MANUAL;
}
